"""One call on threads: commands of several threads, and the end of the call."""

from __future__ import annotations

import io
import logging
import os
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import pytest

from pystrix.agi import Dialogue, FastAGI, Response, core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._session import READS_AT_ONCE, Session
from pystrix.agi._streams import CHUNK, SocketStream
from pystrix.agi._watcher import HangupWatcher
from tests.agi.peers import DEAD, TIMEOUT, Background, Peer, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = b"200 result=0"
ALIVE = b"200 result=6"


class Rig:
    """A session with its peer.

    Args:
        options: For the session.
        limits: For its protocol.
    """

    def __init__(self, options: dict[str, Any], limits: dict[str, int]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.peer = Peer.connect(listener.getsockname())
            connection, _ = listener.accept()
        protocol = AGIProtocol("the peer", **limits)
        protocol.receive_data(environment("demo?a=b", ["one"]))
        self.session = Session(SocketStream(connection, "the peer"), protocol, **options)

    def dead(self) -> None:
        """Check that a living channel is needed no more, and the others still work."""
        reading = Background(self.session.execute, core.GetVariable("X"))
        self.peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        assert reading.result() == "x"

    def close(self) -> None:
        """End it."""
        self.session.close()
        self.peer.close()


@pytest.fixture
def watcher() -> Iterator[HangupWatcher]:
    """Give a watcher, which has ended after the test."""
    watcher = HangupWatcher()
    yield watcher
    watcher.close()
    watcher.join()


@pytest.fixture
def make(watcher: HangupWatcher) -> Iterator[Callable[..., Rig]]:
    """Give a maker of sessions, watched unless told otherwise."""
    rigs: list[Rig] = []

    def make(*, reply_limit: int = 10_000, **options: Any) -> Rig:
        rig = Rig({"watcher": watcher, **options}, {"reply_limit": reply_limit})
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    """Give one session."""
    return make()


def execute(rig: Rig, action: Any, line: bytes, *replies: bytes) -> Any:
    """Execute an action, to which the peer replies."""
    running = Background(rig.session.execute, action)
    rig.peer.expect(line, *replies)
    return running.result()


class Hangups:
    """A callback that notes the threads it is called in."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.called = threading.Event()

    def __call__(self) -> None:
        """Note the thread."""
        self.threads.append(threading.current_thread())
        self.called.set()


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


def test_reply_without_end(make: Callable[..., Rig]) -> None:
    """A reply beyond the limit is an error, and the end of the session."""
    rig = make(reply_limit=100)
    with pytest.raises(errors.AGIReplyLimitError):
        execute(rig, core.GetVariable("X"), b'GET VARIABLE "X"', b"200 result=1 (" + b"x" * 200)
    with pytest.raises(errors.AGIReplyLimitError):
        rig.session.execute(core.Noop())
    assert rig.session.hung_up


def test_debug(make: Callable[..., Rig], caplog: pytest.LogCaptureFixture) -> None:
    """The lines are logged, if asked for."""
    caplog.set_level(logging.DEBUG, "pystrix")
    execute(make(), core.Noop(), b"NOOP", OK)
    assert caplog.messages == []
    execute(make(debug=True), core.Noop(), b"NOOP", OK)
    assert caplog.messages[0] == "the peer << b'NOOP\\n'"
    assert caplog.messages[1].startswith("the peer >> b'200")


# The hang-up, as commands see it.


def test_hangup_before_the_reply(rig: Rig) -> None:
    """HANGUP is no reply; the command has its result all the same."""
    assert not rig.session.hung_up
    assert execute(rig, core.GetVariable("X"), b'GET VARIABLE "X"', b"HANGUP", b"200 result=1 (x)")
    assert rig.session.hung_up
    rig.dead()


def test_hangup_between_commands(rig: Rig) -> None:
    """`hung_up` tells it without a command."""
    assert not rig.session.hung_up
    rig.peer.hangup()
    eventually(lambda: rig.session.hung_up)
    rig.dead()
    rig.peer.hangup()  # as with AGIEXITONHANGUP
    rig.dead()
    rig.peer.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        rig.session.execute(core.Noop())


def test_hangup_cut_in_two(rig: Rig) -> None:
    """Half a HANGUP line is none yet."""
    rig.peer.send(b"HANG")
    assert not rig.session.hung_up
    rig.peer.send(b"UP\n")
    eventually(lambda: rig.session.hung_up)


def test_hangup_without_sighup(rig: Rig) -> None:
    """With AGISIGHUP=no only a 511 tells; it is an error and a hang-up."""
    with pytest.raises(errors.AGIDeadChannelError) as caught:
        execute(rig, core.Answer(), b"ANSWER", DEAD)
    assert isinstance(caught.value, errors.AGIHangup)
    assert isinstance(caught.value, errors.AGIError)
    assert rig.session.hung_up
    rig.dead()


def test_end_of_the_connection(rig: Rig) -> None:
    """The end of the connection is a hang-up, for the command and for all after it."""
    running = Background(rig.session.execute, core.Noop())
    assert rig.peer.line() == b"NOOP"
    rig.peer.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()
    assert rig.session.hung_up
    for _ in range(2):
        with pytest.raises(errors.AGISIGPIPEHangup):
            rig.session.execute(core.GetVariable("X"))


def test_end_of_the_connection_when_idle(rig: Rig) -> None:
    """`hung_up` tells that the connection has ended, or broken."""
    rig.peer.close()
    eventually(lambda: rig.session.hung_up)
    with pytest.raises(errors.AGISIGPIPEHangup):
        rig.session.execute(core.Noop())


def test_broken_connection(make: Callable[..., Rig], caplog: pytest.LogCaptureFixture) -> None:
    """A connection that breaks is a hang-up, idle or not."""
    caplog.set_level(logging.DEBUG, "pystrix")
    idle, busy = make(), make()
    idle.peer.reset()
    eventually(lambda: idle.session.hung_up)
    running = Background(busy.session.execute, core.Noop())
    assert busy.peer.line() == b"NOOP"
    busy.peer.reset()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()
    assert sum("the connection broke" in message for message in caplog.messages) == 2
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


minus_one = pytest.mark.parametrize(
    ("action", "reply"),
    [
        (core.StreamFile("f"), b"200 result=-1 endpos=4800"),
        (core.WaitForDigit(), b"200 result=-1"),
        (core.Exec("Dial", "x"), b"200 result=-1"),
        (core.RecordFile("f"), b"200 result=-1 (hangup) endpos=8000"),
    ],
    ids=["STREAM FILE", "WAIT FOR DIGIT", "EXEC", "RECORD FILE"],
)


@minus_one
def test_minus_one_on_a_dead_channel(
    rig: Rig,
    action: Any,
    reply: bytes,
) -> None:
    """If CHANNEL STATUS is refused, the caller hung up during the command."""
    running = Background(rig.session.execute, action)
    rig.peer.expect(action.wire[:-1], reply)
    rig.peer.expect(b"CHANNEL STATUS", DEAD)
    with pytest.raises(errors.AGIResultHangup) as caught:
        running.result()
    assert caught.value.items["result"].value == "-1"
    assert rig.session.hung_up
    rig.dead()


@minus_one
def test_minus_one_on_a_living_channel(
    rig: Rig,
    action: Any,
    reply: bytes,
) -> None:
    """If CHANNEL STATUS is answered, the command failed; of EXEC it is the result."""
    running = Background(rig.session.execute, action)
    rig.peer.expect(action.wire[:-1], reply)
    rig.peer.expect(b"CHANNEL STATUS", ALIVE)
    if isinstance(action, core.Exec):
        assert running.result() == "-1"
    else:
        with pytest.raises(errors.AGIAppError):
            running.result()
    assert not rig.session.hung_up
    assert execute(rig, core.ChannelStatus(), b"CHANNEL STATUS", ALIVE) == 6


@minus_one
@pytest.mark.parametrize("order", ["before", "behind"])
def test_minus_one_with_hangup(
    rig: Rig,
    action: Any,
    reply: bytes,
    order: str,
) -> None:
    """If HANGUP is there already, nothing is asked."""
    running = Background(rig.session.execute, action)
    assert rig.peer.line() == action.wire[:-1]
    rig.peer.send(b"HANGUP\n" + reply + b"\n" if order == "before" else reply + b"\nHANGUP\n")
    with pytest.raises(errors.AGIResultHangup):
        running.result()
    assert rig.session.hung_up
    rig.dead()  # its GET VARIABLE is the next line


def test_minus_one_and_the_end(rig: Rig) -> None:
    """If the connection ends instead of an answer to CHANNEL STATUS, it was a hang-up."""
    running = Background(rig.session.execute, core.WaitForDigit())
    rig.peer.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1")
    assert rig.peer.line() == b"CHANNEL STATUS"
    rig.peer.close()
    with pytest.raises(errors.AGIResultHangup):
        running.result()


# The hang-up, as callbacks see it.


def test_callback_during_a_command(rig: Rig) -> None:
    """It is called in the thread of the command, before `execute` raises."""
    hangups = Hangups()
    assert rig.session.on_hangup(hangups) is hangups

    def run() -> threading.Thread:
        with pytest.raises(errors.AGIResultHangup):
            rig.session.execute(core.WaitForDigit())
        assert hangups.called.is_set()
        return threading.current_thread()

    running = Background(run)
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    rig.peer.send(b"200 result=-1\nHANGUP\n")
    assert hangups.threads == [running.result()]
    rig.dead()
    rig.peer.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        rig.session.execute(core.Noop())
    rig.session.close()
    assert len(hangups.threads) == 1


@pytest.mark.parametrize("way", ["HANGUP", "end", "reset", "in pieces"])
def test_callback_when_idle(rig: Rig, way: str) -> None:
    """It is called by the watcher while no command runs."""
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    if way == "HANGUP":
        rig.peer.hangup()
    elif way == "end":
        rig.peer.close()
    elif way == "reset":
        rig.peer.reset()
    else:
        rig.peer.send(b"HAN")
        eventually(lambda: rig.session._protocol._buffer == b"HAN")
        rig.peer.send(b"GUP\n")
    assert hangups.called.wait(TIMEOUT)
    assert [thread.name for thread in hangups.threads] == ["pystrix-hangup"]
    assert rig.session.hung_up
    rig.session.close()
    assert len(hangups.threads) == 1


def test_callback_after_commands(rig: Rig) -> None:
    """The watcher goes on watching after commands that had their replies."""
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    for _ in range(20):
        execute(rig, core.Noop(), b"NOOP", OK)
    assert not hangups.called.is_set()
    rig.peer.hangup()
    assert hangups.called.wait(TIMEOUT)


def test_callback_registered_late(rig: Rig) -> None:
    """It is called at once if the call is over."""
    rig.peer.hangup()
    eventually(lambda: rig.session.hung_up)
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    assert hangups.threads == [threading.current_thread()]


def test_callback_registered_during_a_command(rig: Rig) -> None:
    """It does not wait for the command, and is called when that ends in a hang-up."""
    running = Background(rig.session.execute, core.WaitForDigit())
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    assert not rig.session.hung_up  # nor does this wait
    rig.peer.send(b"200 result=-1\nHANGUP\n")
    with pytest.raises(errors.AGIResultHangup):
        running.result()
    assert hangups.called.wait(TIMEOUT)
    assert len(hangups.threads) == 1


def test_callback_after_close(rig: Rig) -> None:
    """A session that is closed here was not hung up: the call goes on in the dialplan."""
    hangups = Hangups()
    rig.session.on_hangup(hangups)
    rig.session.close()
    rig.session.on_hangup(hangups)
    assert not rig.session.hung_up
    assert hangups.threads == []


def test_several_callbacks(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """All are called in their order; one that fails is logged."""
    called: list[int] = []
    done = threading.Event()

    @rig.session.on_hangup
    def first() -> None:
        called.append(1)

    @rig.session.on_hangup
    def second() -> None:
        called.append(2)
        raise ZeroDivisionError

    @rig.session.on_hangup
    def third() -> None:
        called.append(3)
        done.set()

    assert callable(first)
    assert callable(second)
    assert callable(third)
    rig.peer.hangup()
    assert done.wait(TIMEOUT)
    assert called == [1, 2, 3]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the peer: a hang-up callback failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_callbacks_of_two_threads(make: Callable[..., Rig]) -> None:
    """A callback that another thread takes in the last moment is not called twice."""
    rig = make(watcher=None)
    hangups = Hangups()

    class Raced(list[Any]):
        def pop(self, index: SupportsIndex = -1) -> Any:
            super().pop(index)()  # the other thread is faster
            return super().pop(index)

    rig.session._callbacks = Raced()
    rig.session.on_hangup(hangups)
    rig.peer.hangup()
    eventually(lambda: rig.session.hung_up)
    assert len(hangups.threads) == 1
    assert hangups.called.is_set()


def test_callback_executes(rig: Rig) -> None:
    """A callback may execute what works on a dead channel."""
    values: list[str | None] = []
    done = threading.Event()

    @rig.session.on_hangup
    def callback() -> None:
        values.append(rig.session.execute(core.GetVariable("DIALSTATUS")))
        done.set()

    assert callable(callback)
    rig.peer.hangup()
    rig.peer.expect(b'GET VARIABLE "DIALSTATUS"', b"200 result=1 (ANSWER)")
    assert done.wait(TIMEOUT)
    assert values == ["ANSWER"]


def test_callback_registers_another(rig: Rig) -> None:
    """A callback that is registered by a callback is called too, once."""
    hangups = Hangups()

    @rig.session.on_hangup
    def callback() -> None:
        rig.session.on_hangup(hangups)

    assert callable(callback)
    rig.peer.hangup()
    assert hangups.called.wait(TIMEOUT)
    assert len(hangups.threads) == 1


def test_callback_without_watcher(make: Callable[..., Rig]) -> None:
    """Without a watcher the next command notices, or the next look at `hung_up`."""
    asked, executed = make(watcher=None), make(watcher=None)
    hangups = Hangups()
    for each in asked, executed:
        each.session.on_hangup(hangups)
    assert not asked.session.hung_up
    asked.peer.hangup()
    eventually(lambda: asked.session.hung_up)
    assert len(hangups.threads) == 1
    executed.peer.hangup()
    execute(executed, core.GetVariable("X"), b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert len(hangups.threads) == 2


def test_many_hangups(make: Callable[..., Rig]) -> None:
    """Every session's callback is called once, whatever runs at that moment."""
    rigs = [make() for _ in range(50)]
    hangups = [Hangups() for _ in rigs]
    for rig, hangup in zip(rigs, hangups, strict=True):
        rig.session.on_hangup(hangup)

    def work(rig: Rig) -> None:
        for _ in range(20):
            rig.session.execute(core.GetVariable("X"))

    workers = [Background(work, rig) for rig in rigs]
    for number in range(20):
        for index, rig in enumerate(rigs):
            assert rig.peer.line() == b'GET VARIABLE "X"'
            if index % 20 == number:
                rig.peer.hangup()
            rig.peer.reply(b"200 result=0")
    for worker in workers:
        worker.result()
    for hangup in hangups:
        assert hangup.called.wait(TIMEOUT)
        assert len(hangup.threads) == 1


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


# Sessions over files.


def test_session_over_the_files_of_a_socket() -> None:
    """`FastAGI` works over the files that `socketserver` makes of a socket."""
    ours, theirs = socket.socketpair()
    with ours, Peer(theirs) as peer:
        peer.send(environment())
        agi = FastAGI(ours.makefile("rb"), ours.makefile("wb"))
        assert agi.environment.channel == "PJSIP/alice-00000001"
        assert agi.request.path == "demo"
        running = Background(agi.execute, core.GetVariable("X"))
        peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        assert running.result() == "x"
        hangups = Hangups()
        agi.on_hangup(hangups)
        assert not agi.hung_up
        peer.hangup()
        assert agi.hung_up
        assert hangups.threads == [threading.current_thread()]
        agi.close()
        agi.close()
        assert agi.fileno() == -1
        with pytest.raises(errors.AGISIGPIPEHangup):
            agi.execute(core.Noop())


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_session_over_pipes(buffering: int, caplog: pytest.LogCaptureFixture) -> None:
    """`FastAGI` works over pipes, as with inetd."""
    caplog.set_level(logging.DEBUG, "pystrix")
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    with os.fdopen(in_write, "wb", 0) as to_us, os.fdopen(out_read, "rb") as from_us:
        to_us.write(environment(arguments=["x"]))
        agi = FastAGI(
            os.fdopen(in_read, "rb", buffering),
            os.fdopen(out_write, "wb", buffering),
            True,
        )
        assert agi.request.args == ("x",)
        running = Background(agi.execute, core.ChannelStatus())
        assert from_us.readline() == b"CHANNEL STATUS\n"
        to_us.write(b"200 result=6\n")
        assert running.result() == 6
        assert "Asterisk << b'CHANNEL STATUS\\n'" in caplog.messages
        to_us.close()
        assert agi.hung_up
        agi.close()
        assert from_us.read() == b""


def test_files_that_end_early() -> None:
    """Half an environment is no call."""
    for data in (b"", b"agi_network: yes\n"):
        with pytest.raises(errors.AGISIGPIPEHangup):
            FastAGI(io.BytesIO(data), io.BytesIO())
    with pytest.raises(errors.AGIProtocolError):
        FastAGI(io.BytesIO(b"x" * 70_000), io.BytesIO())


def test_files_without_descriptor() -> None:
    """Anything that has lines serves as well, though a hang-up is noticed by commands only."""

    class Lines:
        def __init__(self, *lines: bytes) -> None:
            self.lines = deque(lines)

        def fileno(self) -> int:
            raise io.UnsupportedOperation

        def readline(self) -> bytes:
            return self.lines.popleft() if self.lines else b""

    reader: Any = Lines(*environment().splitlines(keepends=True))
    written = io.BytesIO()
    agi = FastAGI(reader, written)
    assert agi.fileno() == -1
    reader.lines += (b"HANGUP\n", b"200 result=1 (x)\n")
    assert not agi.hung_up
    assert agi.execute(core.GetVariable("X")) == "x"
    assert agi.hung_up
    assert written.getvalue() == b'GET VARIABLE "X"\n'
    with pytest.raises(errors.AGISIGPIPEHangup):
        agi.execute(core.Noop())


# What arrives unasked.


def test_value_that_ends_with_a_whole_read(make: Callable[..., Rig]) -> None:
    """What stands behind as much as is read at once belongs to the value."""
    rig = make(reply_limit=100_000)
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


def test_action_that_executes_another(rig: Rig) -> None:
    """What makes the result may execute a command itself."""

    class Twice(RawAction):
        def process_response(self, response: Response) -> object:
            return rig.session.execute(core.Noop()).code + response.code

    running = Background(rig.session.execute, Twice("NOOP"))
    rig.peer.expect(b"NOOP", OK)
    rig.peer.expect(b"NOOP", OK)
    assert running.result() == 400


def test_callback_that_exits(rig: Rig) -> None:
    """Whatever a callback raises, the others are called, and the next session is watched."""
    hangups = Hangups()

    @rig.session.on_hangup
    def leave() -> None:
        raise SystemExit

    rig.session.on_hangup(hangups)
    rig.peer.hangup()
    assert hangups.called.wait(TIMEOUT)


def test_callback_that_waits_holds_no_other_session(make: Callable[..., Rig]) -> None:
    """A callback may take its time: other sessions are told meanwhile."""
    slow, other = make(), make()
    may_end, hangups = threading.Event(), Hangups()
    slow.session.on_hangup(lambda: may_end.wait(TIMEOUT))
    other.session.on_hangup(hangups)
    slow.peer.hangup()
    other.peer.hangup()
    assert hangups.called.wait(TIMEOUT)
    assert not may_end.is_set()
    may_end.set()


def test_files_that_fail() -> None:
    """Files that break while the environment is read are a lost connection."""

    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError(size)

    with pytest.raises(errors.AGISIGPIPEHangup):
        FastAGI(Broken(), io.BytesIO())


def test_closed_reader() -> None:
    """A reader that somebody has closed is a lost connection, too."""
    reader = io.BytesIO(environment())
    session = FastAGI(reader, io.BytesIO())
    reader.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        session.execute(core.Noop())


def test_closed_in_a_command(make: Callable[..., Rig]) -> None:
    """The descriptor is given back by the command that uses it, when it ends."""
    rig = make()
    running = Background(rig.session.execute, core.WaitForDigit())
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    rig.session.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()
    assert rig.session.fileno() == -1


# Time limits, and dialogues.


def test_time_is_up(rig: Rig) -> None:
    """A prompt is stopped when its time is up; the session can be used on."""
    running = Background(lambda: rig.session.execute(core.StreamFile("x"), timeout=0.02))
    assert rig.peer.line() == b'STREAM FILE "x" "" "0"'
    echo = rig.peer.line()
    rig.peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
    with pytest.raises(TimeoutError, match="STREAM FILE"):
        running.result()
    rig.dead()


def test_in_time(rig: Rig) -> None:
    """What ends in time is as ever."""
    running = Background(lambda: rig.session.execute(core.WaitForDigit(), timeout=TIMEOUT))
    rig.peer.expect(b'WAIT FOR DIGIT "-1"', b"200 result=53")
    assert running.result() == "5"


def test_time_is_up_for_what_cannot_be_stopped(rig: Rig) -> None:
    """An application that Asterisk does not stop costs the session."""
    running = Background(lambda: rig.session.execute(core.Exec("Wait", 9), timeout=0.02))
    assert rig.peer.line() == b'EXEC "Wait" "9"'
    with pytest.raises(TimeoutError, match="EXEC"):
        running.result()
    assert rig.peer.rest() == b""
    with pytest.raises(errors.AGISIGPIPEHangup):
        rig.session.execute(core.Noop())


def test_connection_ends_before_the_time(rig: Rig) -> None:
    """A lost connection is no matter of time."""
    running = Background(lambda: rig.session.execute(core.WaitForDigit(), timeout=TIMEOUT))
    assert rig.peer.line() == b'WAIT FOR DIGIT "-1"'
    rig.peer.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        running.result()


def confirm() -> Dialogue[str | None]:
    """Ask for a key, and give it."""
    yield core.Answer()
    try:
        digit = yield core.WaitForDigit(500)
    except errors.AGIAppError:
        return None
    return cast("str", digit)


def test_dialogue(rig: Rig) -> None:
    """A dialogue is executed like an action."""
    running = Background(rig.session.execute, confirm())
    rig.peer.expect(b"ANSWER", OK)
    rig.peer.expect(b'WAIT FOR DIGIT "500"', b"200 result=53")
    assert running.result() == "5"
    running = Background(rig.session.execute, confirm())
    rig.peer.expect(b"ANSWER", OK)
    rig.peer.expect(b'WAIT FOR DIGIT "500"', b"200 result=-1")
    rig.peer.expect(b"CHANNEL STATUS", ALIVE)
    assert running.result() is None


def test_dialogue_with_a_time_limit(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is that of the whole dialogue."""
    receive_before = SocketStream.receive_before
    deadlines: set[float] = set()
    over = threading.Event()

    def receive(stream: SocketStream, deadline: float) -> bytes | None:
        deadlines.add(deadline)
        data = None
        while data is None and not over.is_set():
            data = receive_before(stream, time.monotonic() + 0.01)
        return data

    monkeypatch.setattr(SocketStream, "receive_before", receive)
    running = Background(lambda: rig.session.execute(confirm(), timeout=TIMEOUT))
    rig.peer.expect(b"ANSWER", OK)
    assert rig.peer.line() == b'WAIT FOR DIGIT "500"'
    over.set()
    echo = rig.peer.line()
    rig.peer.reply(b"200 result=1")
    rig.peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
    with pytest.raises(TimeoutError):
        running.result()
    assert len(deadlines) == 1


def test_time_limit_over_files() -> None:
    """Files with descriptors know time limits; of others the bytes are waited for."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as reader, ours.makefile("wb") as writer:
        theirs.sendall(environment())
        session = FastAGI(reader, writer)
        peer = Peer(theirs)
        running = Background(lambda: session.execute(core.Exec("Wait", 9), timeout=0.02))
        assert peer.line() == b'EXEC "Wait" "9"'
        with pytest.raises(TimeoutError):
            running.result()

    class Lines(io.BytesIO):
        """Gives a line at a time."""

        def read1(self, size: int | None = -1, /) -> bytes:
            return self.readline(size)

    memory = FastAGI(Lines(environment() + b"200 result=0\n"), io.BytesIO())
    assert memory.execute(core.Noop(), timeout=1).code == 200
