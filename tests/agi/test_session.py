"""One call on threads: commands of several threads, and the end of the session."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import pytest

from pystrix.agi import Response, core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._session import READS_AT_ONCE, Session
from pystrix.agi._streams import CHUNK
from tests.agi.peers import ALIVE, OK, Background, environment
from tests.agi.rigs import Hangups, Rig, execute

if TYPE_CHECKING:
    from tests.agi.conftest import MakeRig


# Commands.


def test_environment_and_request(rig: Rig) -> None:
    """The session knows what Asterisk said of the call."""
    session = rig.session
    assert session.environment.channel == "PJSIP/alice-00000001"
    copy = session.get_environment()
    copy["agi_channel"] = "x"
    assert session.get_environment()["agi_channel"] == "PJSIP/alice-00000001"
    assert session.request is session.request
    assert session.request == (("one",), {"a": ["b"]}, None, "demo")
    assert session.fileno() >= 0


def test_threads_take_turns(rig: Rig) -> None:
    """Each thread gets the reply of its own command, and no command is sent before a reply."""
    count, names = 100, ("one", "two", "three")

    def work(name: str) -> list[str | None]:
        return [rig.session.execute(core.GetVariable(f"{name}-{n}")) for n in range(count)]

    workers = [Background(work, name) for name in names]
    for _ in range(count * len(names)):
        line = rig.peer.line()
        assert rig.peer.unread() == b""
        rig.peer.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")
    for name, worker in zip(names, workers, strict=True):
        assert worker.result() == [f"{name}-{n}" for n in range(count)]


def test_mistake_sends_nothing(rig: Rig) -> None:
    """A reply that an action cannot take leaves the session in step."""
    with pytest.raises(errors.AGIAppError):
        execute(rig, core.ChannelStatus(), b"CHANNEL STATUS", b"200 result=x")
    assert execute(rig, core.ChannelStatus(), b"CHANNEL STATUS", ALIVE) == 6


def test_reply_without_end(make_rig: MakeRig) -> None:
    """A reply beyond the limit is an error, and the end of the session."""
    rig = make_rig(reply_limit=100)
    with pytest.raises(errors.AGIReplyLimitError):
        execute(rig, core.GetVariable("X"), b'GET VARIABLE "X"', b"200 result=1 (" + b"x" * 200)
    with pytest.raises(errors.AGIReplyLimitError):
        rig.session.execute(core.Noop())
    assert rig.session.hung_up


def test_debug(make_rig: MakeRig, caplog: pytest.LogCaptureFixture) -> None:
    """The lines are logged, if asked for."""
    caplog.set_level(logging.DEBUG, "pystrix")
    execute(make_rig(), core.Noop(), b"NOOP", OK)
    assert caplog.messages == []
    execute(make_rig(debug=True), core.Noop(), b"NOOP", OK)
    assert caplog.messages[0] == "the peer << b'NOOP\\n'"
    assert caplog.messages[1].startswith("the peer >> b'200")


def test_action_that_executes_another(rig: Rig) -> None:
    """What makes the result may execute a command itself."""

    class Twice(RawAction):
        def process_response(self, response: Response) -> object:
            return rig.session.execute(core.Noop()).code + response.code

    running = Background(rig.session.execute, Twice("NOOP"))
    rig.peer.expect(b"NOOP", OK)
    rig.peer.expect(b"NOOP", OK)
    assert running.result() == 400


# What arrives unasked.


def test_value_that_ends_with_a_whole_read(make_rig: MakeRig) -> None:
    """What stands behind as much as is read at once belongs to the value."""
    rig = make_rig(reply_limit=100_000)
    value = b"x" * (CHUNK - 16) + b")\n200 result=1 (evil"
    running = Background(rig.session.execute, core.GetVariable("X"))
    assert rig.peer.line() == b'GET VARIABLE "X"'
    rig.peer.reply(b"200 result=1 (" + value + b")")
    echo = rig.peer.line()
    rig.peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
    assert running.result() == value.decode()


def test_flood_does_not_hold_whoever_asks() -> None:
    """However much arrives, a look at the hang-up reads a bounded part of it."""

    class Endless:
        peer = "endless"
        reads = 0

        def receive_now(self) -> bytes:
            self.reads += 1
            return b"x\n"

    stream = Endless()
    protocol = AGIProtocol("endless")
    protocol.receive_data(environment())
    session = Session(cast("Any", stream), protocol)
    assert session.hung_up is False
    assert stream.reads == READS_AT_ONCE


def test_exception_of_a_signal_handler(rig: Rig) -> None:
    """An exception in the middle of a command leaves no session that is out of step."""

    def interrupt() -> bytes:
        raise KeyboardInterrupt

    rig.session._stream.receive = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        rig.session.execute(core.Noop())
    with pytest.raises(errors.AGISIGPIPEHangup):
        rig.session.execute(core.Noop())


# The end of the session.


def test_close_wakes_a_command(rig: Rig) -> None:
    """A command that waits in another thread raises when the session is closed."""
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    running = Background(rig.session.execute, core.WaitForDigit())
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    rig.session.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()
    assert rig.peer.rest() == b""
    assert hangups.threads == []
    rig.session.close()
    assert rig.session.fileno() == -1


def test_commands_after_close(rig: Rig) -> None:
    """A closed session takes no command."""
    rig.session.close()
    for _ in range(2):
        with pytest.raises(errors.AGISIGPIPEHangup):
            rig.session.execute(core.Noop())
    assert rig.session.environment.extension == "5551234"


def test_closed_in_a_command(make_rig: MakeRig) -> None:
    """The descriptor is given back by the command that uses it, when it ends."""
    rig = make_rig()
    running = Background(rig.session.execute, core.WaitForDigit())
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    rig.session.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()
    assert rig.session.fileno() == -1
