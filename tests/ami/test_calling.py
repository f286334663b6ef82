"""What the actions of a call are."""

from __future__ import annotations

import pytest

from pystrix.ami import CallError, ManagerActionError, Response
from pystrix.ami._calling import (
    MARGIN_SECONDS,
    VALUE_LIMIT,
    check_value,
    dtmf,
    failed,
    hangup,
    is_gone,
    late,
    over,
    plan_originate,
    target,
)
from pystrix.ami._tracked import CallEnd, Outcome, TrackedCall
from tests.ami.tracking import Following, hung_up, new


@pytest.fixture
def call() -> TrackedCall:
    """Give a call that has not been heard of."""
    return Following().originate("PJSIP/alice")


def test_plan() -> None:
    """All that is said is sent, asynchronously, with ids of our own."""
    plan = plan_originate(
        "PJSIP/alice",
        {
            "exten": "5",
            "context": "in",
            "ring_timeout": 2.5,
            "caller_id": "Ann <12>",
            "variables": {"A": 'x,"y"'},
            "account": "acc",
            "early_media": True,
            "codecs": ["ulaw", "alaw"],
            "pre_dial_gosub": "subs,s,1",
        },
    )
    other_id = plan.action["OtherChannelId"]
    assert dict(plan.action) == {
        "Action": "Originate",
        "Channel": "PJSIP/alice",
        "Exten": "5",
        "Context": "in",
        "Priority": 1,
        "Timeout": 2500,
        "CallerID": "Ann <12>",
        "Variable": ['A=x\\,\\"y\\"'],
        "Account": "acc",
        "EarlyMedia": True,
        "Async": True,
        "Codecs": "ulaw,alaw",
        "PreDialGoSub": "subs,s,1",
        "ChannelId": plan.call_id,
        "OtherChannelId": other_id,
    }
    assert plan.patience == 2.5 + MARGIN_SECONDS
    assert not plan.call_id.startswith(other_id)
    assert not other_id.startswith(plan.call_id)
    assert plan.action_id not in plan_originate("a/b", {"application": "Wait"}).call_id


def test_plan_with_an_application() -> None:
    """The ids can be chosen."""
    ids = {"channel_id": "one", "other_channel_id": "two"}
    plan = plan_originate("a/b", {"application": "Wait", "data": "1", **ids})  # type: ignore[typeddict-item]
    assert plan.call_id == plan.action["ChannelId"] == "one"
    assert plan.action["OtherChannelId"] == "two"
    assert "Priority" not in plan.action
    assert plan.action["Timeout"] == 30_000


def test_wrong_plans() -> None:
    """What Asterisk would take for something else is refused."""
    with pytest.raises(ValueError, match="goes to an application, or to exten and context"):
        plan_originate("a/b", {})
    with pytest.raises(ValueError, match="not application='Wait' and exten='5'"):
        plan_originate("a/b", {"application": "Wait", "exten": "5"})
    with pytest.raises(ValueError, match="the extension '5' is of some context"):
        plan_originate("a/b", {"exten": "5"})
    with pytest.raises(ValueError, match="more than 0 seconds, not 0"):
        plan_originate("a/b", {"application": "Wait", "ring_timeout": 0})


def test_target() -> None:
    """Before its channel is seen a call is known by its id."""
    following = Following()
    call = following.originate()
    assert target(call) == "mine"
    following.hear(new("a", "mine"), new("b", "2", Linkedid="mine"), hung_up("mine"))
    assert target(call) == "2"


def test_only_the_second_half_is_heard_of() -> None:
    """Of a call of this program the first channel is acted on, whichever was heard of first."""
    following = Following()
    call = following.originate("Local/1@a")
    following.hear(new("Local/1@a-1;2", "other", Linkedid="mine"))
    assert target(call) == "mine"
    assert [action["Channel"] for action in hangup(call, 16)] == ["mine", "other"]
    following.hear(new("Local/1@a-1;1", "mine"))
    assert target(call) == "mine"
    assert [action["Channel"] for action in hangup(call, 16)] == ["mine"]


def test_hangup() -> None:
    """Its first channel; when that is gone all; when it has ended none."""
    following = Following()
    call = following.originate()
    assert [action["Channel"] for action in hangup(call, 16)] == ["mine"]
    following.hear(new("a", "mine"), new("b", "2", Linkedid="mine"), new("c", "3", Linkedid="mine"))
    (action,) = hangup(call, 21)
    assert (action["Channel"], action["Cause"]) == ("mine", 21)
    following.hear(hung_up("mine"))
    assert [action["Channel"] for action in hangup(call, 16)] == ["2", "3"]
    following.hear(hung_up("2"), hung_up("3"))
    assert hangup(call, 16) == []


def test_is_gone(call: TrackedCall) -> None:
    """A hang-up that comes too late is none, if there was a channel."""
    error = ManagerActionError("no", Response(["Response: Error", "Message: No such channel"]))
    assert not is_gone(call, error)
    call.heard = True
    assert is_gone(call, error)
    assert not is_gone(call, ManagerActionError("no"))
    denied = Response(["Response: Error", "Message: Permission denied"])
    assert not is_gone(call, ManagerActionError("no", denied))


def test_dtmf(call: TrackedCall) -> None:
    """One action for each key."""
    one, two = dtmf(call, "1#", 0.08, received=True)
    assert (one["Digit"], one["Duration"], one["Receive"]) == ("1", 80, True)
    assert two["Digit"] == "#"
    (plain,) = dtmf(call, "a", None, received=False)
    assert set(plain) == {"Action", "Channel", "Digit"}
    for wrong in ("", "x", "1 2"):
        with pytest.raises(ValueError, match="keys are of 0 to 9"):
            dtmf(call, wrong, None, received=False)


def test_values() -> None:
    """A value that may be cut is none."""
    assert check_value("A", "é" * 511) == "é" * 511
    with pytest.raises(CallError, match="the value of A has 1023 bytes or more"):
        check_value("A", "x" * VALUE_LIMIT)


def test_errors(call: TrackedCall) -> None:
    """They name the call, and say why."""
    with pytest.raises(RuntimeError, match="has not failed"):
        failed(call)
    call.outcome, call.reason = Outcome.BUSY, 5
    assert str(failed(call)) == "the call to PJSIP/alice was not answered: busy"
    call.end = CallEnd(17, "User busy", 1.0, 0.0)
    error = failed(call)
    assert str(error).endswith(": busy (cause 17, User busy)")
    assert (error.outcome, error.reason, error.end) == (Outcome.BUSY, 5, call.end)
    assert str(late(call, "ended", 2.0)) == "the call to PJSIP/alice was not ended within 2.0 s"
    call.dialled = ""
    assert str(over(call)) == "the call mine has ended"
