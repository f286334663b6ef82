"""The conversation of a session: hang-ups, and the end of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import Command, core, errors
from pystrix.agi._protocol import State
from tests.agi.conversation import ALIVE, DEAD, STATUS
from tests.agi.protocols import HANGUP, assert_in_step, ready, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.agi import Action
    from tests.agi.protocols import Feed


# Hang-ups.


def test_hangup_line_anywhere(feed: Feed) -> None:
    """HANGUP before a reply, between commands, twice: never a reply, always noticed."""
    protocol = ready()
    feed(protocol, HANGUP)
    assert protocol.hung_up
    assert run(protocol, core.Noop(), HANGUP + b"200 result=0\n", feed=feed).code == 200
    assert_in_step(protocol)


def test_hangup_behind_a_reply(feed: Feed) -> None:
    """HANGUP behind a reply is noticed without another command."""
    protocol = ready()
    run(protocol, core.Noop(), b"200 result=0\n" + HANGUP, feed=feed)
    assert protocol.hung_up
    assert_in_step(protocol)


AMBIGUOUS: Sequence[tuple[Action[Any], bytes]] = [
    (core.StreamFile("x"), b"200 result=-1 endpos=0\n"),
    (core.WaitForDigit(), b"200 result=-1\n"),
    (core.GetData("x"), b"200 result=-1\n"),
    (core.ReceiveChar(), b"200 result=-1 (hangup)\n"),
    (core.RecordFile("x"), b"200 result=-1 (hangup) endpos=0\n"),
    (core.SpeechRecognize("x", 1), b"200 result=1 (hangup) endpos=0\n"),
    (core.Answer(), b"200 result=-1\n"),
]


@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_failure_on_a_living_channel(action: Action[Any], reply: bytes) -> None:
    """-1 is a failure of the command if the channel lives."""
    protocol = ready()
    sent: list[bytes] = []
    with pytest.raises(errors.AGIAppError) as caught:
        run(protocol, action, reply, ALIVE, sent=sent)
    assert caught.value.items["result"].value in ("-1", "1")
    assert sent[1:] == [STATUS]
    assert not protocol.hung_up
    assert_in_step(protocol)


@pytest.mark.parametrize("probe", [DEAD, HANGUP + DEAD, HANGUP + ALIVE])
@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_hangup_in_a_command(action: Action[Any], reply: bytes, probe: bytes) -> None:
    """-1 is a hang-up if the channel is dead, or HANGUP comes meanwhile."""
    protocol = ready()
    with pytest.raises(errors.AGIResultHangup) as caught:
        run(protocol, action, reply, probe)
    assert caught.value.items
    assert protocol.hung_up
    assert_in_step(protocol)


@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_hangup_that_is_told_is_not_asked_for(action: Action[Any], reply: bytes) -> None:
    """With the HANGUP line at hand nothing more is sent."""
    for data in (HANGUP + reply, reply + HANGUP):
        protocol = ready()
        sent: list[bytes] = []
        with pytest.raises(errors.AGIResultHangup):
            run(protocol, action, data, sent=sent)
        assert len(sent) == 1
        assert_in_step(protocol)


def test_hangup_told_by_closing() -> None:
    """With AGIEXITONHANGUP Asterisk may close before it is asked what -1 was: the same hang-up."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.receive_data(b"200 result=-1 endpos=800\n")
    protocol.receive_eof()
    with pytest.raises(errors.AGIResultHangup) as caught:
        protocol.response()
    assert caught.value.items["endpos"].value == "800"
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())


def test_exec_on_a_living_channel() -> None:
    """EXEC's -1 on a living channel is its result: the callee of a Dial hung up."""
    protocol = ready()
    assert run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n", ALIVE) == "-1"
    with pytest.raises(errors.AGIResultHangup):
        run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n", DEAD)


def test_exec_on_a_dead_channel() -> None:
    """After a hang-up EXEC's -1 is its result again: nothing is asked."""
    protocol = ready()
    protocol.receive_data(HANGUP)
    assert run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n") == "-1"


def test_ambiguous_commands_by_name() -> None:
    """A command without a class gets its -1, unless it was a hang-up."""
    protocol = ready()
    command = Command("SOME THING", "x")
    assert run(protocol, command, b"200 result=-1\n", ALIVE).items["result"].value == "-1"
    with pytest.raises(errors.AGIResultHangup):
        run(protocol, command, b"200 result=-1\n", DEAD)


# The end of the connection.


def test_eof(feed: Feed) -> None:
    """The end of the connection ends the command that waits, and all that follow."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    feed(protocol, b"200 result=")
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup, match="STREAM FILE"):
        protocol.response()
    protocol.receive_eof()
    assert protocol.hung_up
    assert protocol.data_to_send() == b""
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.response()


def test_eof_between_commands() -> None:
    """The end of the connection between commands is a hang-up."""
    protocol = ready()
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.hung_up
