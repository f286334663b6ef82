"""The hang-up that Asterisk tells by a signal: SIGHUP, to the program that it started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import core, errors
from pystrix.agi._protocol import AGIProtocol, State
from tests.agi.conversation import ALIVE, DEAD
from tests.agi.protocols import HANGUP, assert_in_step, echo_of, feed_bytes, ready, run

if TYPE_CHECKING:
    from pystrix.agi import Action


def signalled() -> AGIProtocol:
    """Make a protocol that was told of the hang-up between two commands."""
    protocol = ready()
    protocol.receive_signal()
    return protocol


def test_next_action_raises() -> None:
    """It is raised once, before a byte goes out; then commands go on."""
    protocol = ready()
    assert not protocol.hung_up
    protocol.receive_signal()
    assert protocol.hung_up
    with pytest.raises(errors.AGISIGHUPHangup, match="hung up"):
        assert protocol.send_action(core.Noop()) == b""
    assert protocol.state is State.READY
    assert_in_step(protocol)
    assert protocol.hung_up


def test_idempotent() -> None:
    """Further signals change nothing, before it was raised and after."""
    protocol = signalled()
    protocol.receive_signal()
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())
    protocol.receive_signal()
    assert_in_step(protocol)


def test_action_that_was_told() -> None:
    """An action of a callback is sent at once, and does not take the exception from the others."""
    protocol = signalled()
    assert protocol.send_action(core.Noop(), told=True) == b"NOOP\n"
    protocol.receive_data(b"200 result=0\n")
    assert protocol.response().code == 200
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())
    assert_in_step(protocol)


@pytest.mark.parametrize("first", [False, True])
def test_told_otherwise(first: bool) -> None:
    """Who has been told by other means gets no exception."""
    protocol = ready()
    if first:
        protocol.note_told()
    protocol.receive_signal()
    if not first:
        protocol.note_told()
    assert_in_step(protocol)


HANGUPS: list[tuple[Action[Any], tuple[bytes, ...], type[errors.AGIHangup]]] = [
    (core.WaitForDigit(), (b"200 result=-1\n", DEAD), errors.AGIResultHangup),
    (core.WaitForDigit(), (HANGUP + b"200 result=-1\n",), errors.AGIResultHangup),
    (core.Answer(), (DEAD,), errors.AGIDeadChannelError),
]


@pytest.mark.parametrize(("action", "replies", "error"), HANGUPS)
def test_after_another_hangup(
    action: Action[Any], replies: tuple[bytes, ...], error: type[errors.AGIHangup]
) -> None:
    """A signal that comes after a hang-up was raised adds nothing."""
    protocol = ready()
    with pytest.raises(error):
        run(protocol, action, *replies)
    protocol.receive_signal()
    assert_in_step(protocol)


def test_after_the_end() -> None:
    """Once the end of the connection was raised, it is what every command raises."""
    protocol = ready()
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())
    protocol.receive_signal()
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())


def test_before_the_end() -> None:
    """A signal that came first is raised first."""
    protocol = signalled()
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())


def test_other_errors_are_no_hangup() -> None:
    """An error that is none does not take its place."""
    protocol = ready()
    with pytest.raises(errors.AGIInvalidCommandError):
        run(protocol, core.Noop(), b"510 Invalid or unknown command\n")
    with pytest.raises(errors.AGIAppError):
        run(protocol, core.WaitForDigit(), b"200 result=-1\n", ALIVE)
    protocol.receive_signal()
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())


def test_reply_still_counts() -> None:
    """A command that waits gets its reply; the next one raises."""
    protocol = ready()
    assert protocol.send_action(core.GetVariable("X"))
    protocol.receive_signal()
    assert protocol.hung_up
    assert protocol.state is State.WAITING
    protocol.receive_data(b"200 result=1 (x)\n")
    assert protocol.response().items["result"].data == "x"
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())


def test_result_during_which_it_came() -> None:
    """-1 after the signal is the hang-up: the channel's state is not asked for."""
    protocol = ready()
    assert protocol.send_action(core.StreamFile("x"))
    protocol.receive_signal()
    feed_bytes(protocol, b"200 result=-1 endpos=800\n")
    assert protocol.data_to_send() == b""
    with pytest.raises(errors.AGIResultHangup) as caught:
        protocol.response()
    assert caught.value.items["endpos"].value == "800"
    assert_in_step(protocol)


def test_while_the_channel_is_asked() -> None:
    """A signal that comes while CHANNEL STATUS is under way settles it, whatever the answer is."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.data_to_send()
    protocol.receive_data(b"200 result=-1 endpos=0\n")
    assert protocol.data_to_send() == b"CHANNEL STATUS\n"
    protocol.receive_signal()
    protocol.receive_data(ALIVE)
    with pytest.raises(errors.AGIResultHangup):
        protocol.response()
    assert_in_step(protocol)


def test_before_the_environment() -> None:
    """A caller who leaves at once: the environment is read, the first command raises."""
    protocol = AGIProtocol("peer")
    protocol.receive_signal()
    protocol.receive_data(b"agi_channel: x\n\n")
    assert protocol.environment["agi_channel"] == "x"
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())
    assert_in_step(protocol)


def test_cancelled_command() -> None:
    """A command that is being given up does not swallow it."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.data_to_send()
    protocol.receive_signal()
    assert protocol.cancel()
    protocol.receive_data(b"200 result=-1 endpos=0\n" + echo_of(protocol.data_to_send()))
    assert protocol.state is State.READY
    with pytest.raises(errors.AGISIGHUPHangup):
        protocol.send_action(core.Noop())
    assert_in_step(protocol)
