"""Calls as objects, the same on threads and on asyncio, with a simulated Asterisk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pystrix.ami import (
    CallError,
    CallFailedError,
    CallLostError,
    CallTimeoutError,
    ManagerActionError,
    ManagerPermissionError,
)
from pystrix.ami.actions import Bridge
from pystrix.ami.calls import CallState, Outcome
from pystrix.testing.ami import AMIServer, FarEnd, Refused
from tests.agi.peers import TIMEOUT, Background, eventually
from tests.ami.desk import WAIT, Desk
from tests.ami.managers import ALL

# Making calls.


def test_answered_and_ended(desk: Desk, asterisk: AMIServer) -> None:
    """A call from its beginning to its end."""
    call = desk.originate(caller_id="Ann <12>", variables={"A": "1,2"})
    assert call.dialled == "PJSIP/a"
    sent = asterisk.actions[-1]
    assert sent["Async"] == "true"
    assert sent["ChannelId"] == call.id
    desk.do(call.wait_until, lambda call: call.state is CallState.RINGING, TIMEOUT)
    asterisk.calls[0].answer()
    desk.do(call.answered, TIMEOUT)
    assert call.outcome is desk.do(call.decided) is Outcome.ANSWERED
    assert [channel.name for channel in call.channels] == ["PJSIP/a-00000000"]
    assert call.channel.caller_id == ("12", "Ann")
    assert list(desk.manager.calls) == [call]
    assert len(desk.manager.calls) == 1
    assert desk.do(desk.manager.calls.find, "PJSIP/a-00000000") is call
    asterisk.calls[0].hang_up(21)
    assert desk.do(call.ended, TIMEOUT)[:2] == (21, "Call Rejected")
    assert list(desk.manager.calls) == []


@pytest.mark.parametrize(
    ("act", "outcome", "cause"),
    [("busy", Outcome.BUSY, 17), ("congest", Outcome.CONGESTION, 34)],
)
def test_not_answered(
    desk: Desk, asterisk: AMIServer, act: str, outcome: Outcome, cause: int
) -> None:
    """What became of it is in the error."""
    call = desk.originate()
    getattr(asterisk.calls[0], act)()
    with pytest.raises(CallFailedError, match="PJSIP/a was not answered") as caught:
        desk.do(call.answered, TIMEOUT)
    assert (caught.value.outcome, caught.value.reason) == (outcome, 0)
    assert desk.do(call.ended, TIMEOUT).cause == cause


def test_no_such_channel(desk: Desk, asterisk: AMIServer) -> None:
    """It is over in a moment, of itself."""
    asterisk.far_end_of_others = "fails"
    call = desk.originate()
    assert desk.do(call.decided, TIMEOUT) is Outcome.FAILED
    assert desk.do(call.ended, TIMEOUT).cause is None


def test_refused(desk: Desk, asterisk: AMIServer) -> None:
    """What Asterisk refuses is an error at once, and nothing is followed."""
    asterisk.on("Originate", Refused("Extension does not exist."))
    with pytest.raises(ManagerActionError, match="Extension does not exist"):
        desk.originate(channel_id="mine")
    with pytest.raises(ValueError, match="goes to an application"):
        desk.do(desk.manager.originate, "PJSIP/a")
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        desk.originate("PJSIP/a\r\nAction: Logoff")
    assert list(desk.manager.calls) == []


@pytest.mark.parametrize("kind", ALL)
def test_not_allowed(kind: str, asterisk: AMIServer) -> None:
    """A user without the class is told so."""
    asterisk.add_user("some", "s3cret", write="call")
    running = ALL[kind](asterisk.port, username="some")
    running.connect()
    with pytest.raises(ManagerPermissionError):
        Desk(running).originate()
    running.stop()


def test_many(desk: Desk, asterisk: AMIServer) -> None:
    """Many at once, each to its end."""
    asterisk.far_end_of_others = FarEnd(talks=0.0)

    async def together() -> list[Any]:
        calls = await asyncio.gather(
            *(desk.manager.originate("PJSIP/a", **WAIT) for _ in range(200))
        )
        return [await call.ended(TIMEOUT) for call in calls]

    if desk.is_async:
        ends = desk.do(together)
    else:
        calls = [desk.originate() for _ in range(200)]
        ends = [call.ended(TIMEOUT) for call in calls]
    assert {end.cause for end in ends} == {16}
    assert not list(desk.manager.calls)


# Waiting.


def test_timeouts(desk: Desk, asterisk: AMIServer) -> None:
    """They say what did not happen; the call goes on."""
    call = desk.originate()
    for wait, what in (
        (call.decided, "decided"),
        (call.answered, "decided"),
        (call.ended, "ended"),
    ):
        with pytest.raises(CallTimeoutError, match=f"was not {what} within 0.01 s"):
            desk.do(wait, 0.01)
    with pytest.raises(CallTimeoutError, match="as was waited for"):
        desk.do(call.wait_until, lambda call: call.bridged_with, 0.01)
    asterisk.calls[0].answer()
    desk.do(call.answered, TIMEOUT)


def test_wait_until_it_is_over(desk: Desk, asterisk: AMIServer) -> None:
    """What will never be is not waited for."""
    call = desk.originate()
    asterisk.calls[0].busy()
    with pytest.raises(CallError, match="the call to PJSIP/a has ended"):
        desk.do(call.wait_until, lambda call: call.bridged_with, TIMEOUT)
    desk.do(call.wait_until, lambda call: call.outcome is Outcome.BUSY, TIMEOUT)


def test_bridged(desk: Desk, asterisk: AMIServer) -> None:
    """Who talks with whom is seen while it is so."""
    asterisk.far_end_of_others = "answers"
    one, two = desk.originate("PJSIP/a"), desk.originate("PJSIP/b")
    asterisk.actions.clear()
    desk.do(one.answered, TIMEOUT)
    desk.do(two.answered, TIMEOUT)
    desk.running.send(Bridge(one.id, two.id))
    desk.do(two.wait_until, lambda call: call.bridged_with, TIMEOUT)
    assert one.bridged_with == (two.channel,)


# Acting.


def test_hang_up(desk: Desk, asterisk: AMIServer) -> None:
    """With a cause; again it does nothing."""
    asterisk.far_end_of_others = "answers"
    call = desk.originate()
    desk.do(call.hang_up, 21)
    assert desk.do(call.ended, TIMEOUT).cause == 21
    desk.do(call.hang_up)
    assert [action["Cause"] for action in asterisk.actions if action == "Hangup"] == ["21"]


def test_hang_up_before_it_is_answered(desk: Desk, asterisk: AMIServer) -> None:
    """It was cancelled then."""
    call = desk.originate("Local/1@x/n")
    desk.do(call.hang_up)
    assert desk.do(call.decided, TIMEOUT) is Outcome.CANCELLED
    assert desk.do(call.ended, TIMEOUT).cause == 16
    assert not asterisk.channels


def test_hang_up_too_late(desk: Desk, asterisk: AMIServer) -> None:
    """When it has ended in this moment that is no error; another refusal is one."""
    call = desk.originate()
    asterisk.on("Hangup", Refused("No such channel"))
    desk.do(call.hang_up)
    asterisk.on("Hangup", Refused("Permission denied"))
    with pytest.raises(ManagerPermissionError):
        desk.do(call.hang_up)


def test_act_on_what_is_not_there_yet(
    desk: Desk, asterisk: AMIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action waits for the channel; a hang-up tries it in the end."""
    asterisk.on("Originate", "Originate successfully queued")
    monkeypatch.setattr("pystrix.ami._calling.REACH_SECONDS", 0.01)
    call = desk.originate()
    with pytest.raises(CallTimeoutError, match="was not begun"):
        desk.do(call.get_variable, "A")
    with pytest.raises(ManagerActionError, match="No such channel"):
        desk.do(call.hang_up)
    assert asterisk.actions[-1]["Channel"] == call.id


def test_actions(desk: Desk, asterisk: AMIServer) -> None:
    """Variables, keys, and a way elsewhere."""
    asterisk.far_end_of_others = "answers"
    call = desk.originate(variables={"A": 'x,"y"'})
    assert desk.do(call.get_variable, "A") == 'x,"y"'
    desk.do(call.set_variable, "B", "1")
    assert desk.do(call.get_variable, "B") == "1"
    asterisk.channels[call.id].variables["LONG"] = "x" * 2000
    with pytest.raises(CallError, match="LONG has 1023 bytes or more"):
        desk.do(call.get_variable, "LONG")
    desk.do(call.send_dtmf, "12", duration=0.08)
    keys = [action for action in asterisk.actions if action == "PlayDTMF"]
    assert [(key["Digit"], key["Duration"]) for key in keys] == [("1", "80"), ("2", "80")]
    desk.do(call.redirect, "in", "5")
    assert asterisk.channels[call.id].place == ("in", "5", "1")
    asterisk.calls[0].hang_up()
    desk.do(call.ended, TIMEOUT)
    for act in (
        lambda: call.get_variable("A"),
        lambda: call.redirect("in", "5"),
        lambda: call.send_dtmf("1"),
        lambda: call.set_variable("A", "1"),
    ):
        with pytest.raises(CallError, match="has ended"):
            desk.do(act)


# All calls.


def test_start(desk: Desk, asterisk: AMIServer) -> None:
    """Calls that there were before are known, and what happens while the list is on its way."""
    caller = asterisk.receive_call("PJSIP/ann", "100")
    asterisk.dial(caller, "PJSIP/bob").answer()
    calls = desk.make()

    @asterisk.on("CoreShowChannels")
    def slow(_: object) -> Any:
        other = asterisk.receive_call("PJSIP/zoe")
        asterisk.after(0.0, other.hang_up)
        return NotImplemented

    assert slow is not None
    desk.do(calls.start)
    ann = desk.do(calls.find, caller.uniqueid)
    assert [channel.name for channel in ann.channels] == [
        "PJSIP/ann-00000000",
        "PJSIP/bob-00000001",
    ]
    desk.do(ann.wait_until, lambda call: call.bridged_with, TIMEOUT)
    assert desk.do(calls.find, "PJSIP/nobody") is None
    eventually(lambda: len(calls) == 1)
    desk.do(ann.hang_up)
    assert desk.do(ann.ended, TIMEOUT).cause == 16
    desk.do(calls.close)
    desk.do(calls.close)


def test_start_twice_at_once(desk: Desk, asterisk: AMIServer) -> None:
    """One list comes after the other, and nothing of what happens meanwhile is lost."""
    calls = desk.make()
    second: list[Background] = []

    @asterisk.on("CoreShowChannels")
    def slow(_: object) -> Any:
        if not second:
            second.append(Background(lambda: desk.do(calls.start)))
        asterisk.receive_call("PJSIP/zoe")
        return NotImplemented

    assert slow is not None
    desk.do(calls.start)
    second[0].result()
    eventually(lambda: len(calls) == 2)
    desk.do(calls.close)


def test_start_that_is_refused(desk: Desk, asterisk: AMIServer) -> None:
    """It is followed all the same what begins from now on."""
    asterisk.on("CoreShowChannels", Refused("Permission denied"))
    calls = desk.make()
    with pytest.raises(ManagerPermissionError):
        desk.do(calls.start)
    asterisk.receive_call("PJSIP/ann")
    eventually(lambda: len(calls) == 1)
    desk.do(calls.close)


def test_context_manager(desk: Desk, asterisk: AMIServer) -> None:
    """It starts at the beginning, and ends at the end."""
    caller = asterisk.receive_call("PJSIP/ann")
    calls = desk.make()

    async def use() -> Any:
        async with calls as entered:
            return next(iter(entered))

    if desk.is_async:
        call = desk.do(use)
    else:
        with calls as entered:
            call = next(iter(entered))
    assert call.id == caller.uniqueid
    with pytest.raises(CallLostError, match="the calls are not followed any more"):
        desk.do(call.ended, TIMEOUT)
    with pytest.raises(CallLostError):
        desk.do(call.decided, TIMEOUT)
    with pytest.raises(CallLostError):
        desk.do(call.wait_until, lambda call: call.bridged_with, TIMEOUT)
