"""The hang-up of a call on threads, as commands see it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import core, errors
from tests.agi.peers import ALIVE, DEAD, Background, eventually
from tests.agi.rigs import Rig, execute

if TYPE_CHECKING:
    from tests.agi.conftest import MakeRig


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


def test_broken_connection(make_rig: MakeRig, caplog: pytest.LogCaptureFixture) -> None:
    """A connection that breaks is a hang-up, idle or not."""
    caplog.set_level(logging.DEBUG, "pystrix")
    idle, busy = make_rig(), make_rig()
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
