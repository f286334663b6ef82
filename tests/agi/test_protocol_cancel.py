"""The conversation of a session: commands that are cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import Command, core
from pystrix.agi._action import RawAction
from pystrix.agi._protocol import State
from tests.agi.conversation import ALIVE, STATUS
from tests.agi.protocols import assert_in_step, echo_of, ready

if TYPE_CHECKING:
    from pystrix.agi import Action
    from tests.agi.protocols import Feed

STOPPED = [core.StreamFile("x"), core.GetData("x"), core.GetOption("x", "1"), core.WaitForDigit()]
AWAITED = [core.SayDigits(123), core.Answer(), core.GetVariable("X"), Command("SOME THING")]
ENDLESS = [
    core.Exec("Dial", "x"),
    core.Gosub("c", "e"),
    core.RecordFile("x"),
    core.ControlStreamFile("x"),
    core.ReceiveText(),
    core.ReceiveChar(),
    core.SpeechRecognize("x", 1),
    RawAction("exec Wait 9"),
]


@pytest.mark.parametrize(
    "before", [b"", b"200 result=1\n", b"200 result=0 endpos=5\n", b"200 result=-1\nHANGUP\n"]
)
@pytest.mark.parametrize("action", STOPPED, ids=str)
def test_cancel_what_can_be_stopped(feed: Feed, action: Action[Any], before: bytes) -> None:
    """Whatever it still answers is dropped, and the session is in step."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert protocol.cancel()
    echo = echo_of(protocol.data_to_send())
    feed(protocol, before)
    assert protocol.state is State.WAITING
    feed(protocol, echo)
    assert protocol.state.name == "READY"
    assert protocol.hung_up == (b"HANGUP" in before)
    assert_in_step(protocol)


@pytest.mark.parametrize("action", AWAITED, ids=str)
def test_cancel_what_ends_soon(action: Action[Any]) -> None:
    """It is waited for."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert protocol.cancel()
    assert protocol.data_to_send() == b""
    protocol.receive_data(b"200 result=0\n")
    assert protocol.state is State.READY
    assert_in_step(protocol)


@pytest.mark.parametrize("action", ENDLESS, ids=str)
def test_cancel_what_may_run_for_ever(action: Action[Any]) -> None:
    """It cannot be cancelled."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert not protocol.cancel()
    assert protocol.state is State.WAITING


def test_cancel_while_a_hangup_is_settled() -> None:
    """What is asked already is waited for."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.data_to_send()
    protocol.receive_data(b"200 result=-1 endpos=0\n")
    assert protocol.data_to_send() == STATUS
    assert protocol.cancel()
    assert protocol.data_to_send() == b""
    protocol.receive_data(ALIVE)
    assert_in_step(protocol)


def test_cancel_before_it_is_sent() -> None:
    """A command that waits for the session to get in step is not sent any more."""
    protocol = ready()
    protocol.receive_data(b"stray\n")
    echo = echo_of(protocol.send_action(core.StreamFile("x")))
    assert protocol.cancel()
    protocol.receive_data(echo)
    assert protocol.state is State.READY
    assert protocol.data_to_send() == b""
    assert_in_step(protocol)
