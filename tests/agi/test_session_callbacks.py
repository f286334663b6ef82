"""The hang-up of a call on threads, as callbacks see it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, SupportsIndex

import pytest

from pystrix.agi import core, errors
from tests.agi.peers import OK, TIMEOUT, Background, eventually
from tests.agi.rigs import Hangups, Rig, execute

if TYPE_CHECKING:
    from tests.agi.conftest import MakeRig


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


def test_callbacks_of_two_threads(make_rig: MakeRig) -> None:
    """A callback that another thread takes in the last moment is not called twice."""
    rig = make_rig(watcher=None)
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


def test_callback_without_watcher(make_rig: MakeRig) -> None:
    """Without a watcher the next command notices, or the next look at `hung_up`."""
    asked, executed = make_rig(watcher=None), make_rig(watcher=None)
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


def test_many_hangups(make_rig: MakeRig) -> None:
    """Every session's callback is called once, whatever runs at that moment."""
    rigs = [make_rig() for _ in range(50)]
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


def test_callback_that_exits(rig: Rig) -> None:
    """Whatever a callback raises, the others are called, and the next session is watched."""
    hangups = Hangups()

    @rig.session.on_hangup
    def leave() -> None:
        raise SystemExit

    rig.session.on_hangup(hangups)
    rig.peer.hangup()
    assert hangups.called.wait(TIMEOUT)


def test_callback_that_waits_holds_no_other_session(make_rig: MakeRig) -> None:
    """A callback may take its time: other sessions are told meanwhile."""
    slow, other = make_rig(), make_rig()
    may_end, hangups = threading.Event(), Hangups()
    slow.session.on_hangup(lambda: may_end.wait(TIMEOUT))
    other.session.on_hangup(hangups)
    slow.peer.hangup()
    other.peer.hangup()
    assert hangups.called.wait(TIMEOUT)
    assert not may_end.is_set()
    may_end.set()
