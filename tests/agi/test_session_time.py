"""One call on threads: time limits, and dialogues."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, cast

import pytest

from pystrix.agi import Dialogue, core, errors
from pystrix.agi._streams import SocketStream
from tests.agi.peers import ALIVE, OK, TIMEOUT, Background

if TYPE_CHECKING:
    from tests.agi.rigs import Rig

# Time limits.


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


# Dialogues.


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
