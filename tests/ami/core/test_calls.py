"""Calls and channels under their names of pystrix 1.x: the lines they send, and what they await."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Event, actions, core, core_events, events
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (core.AbsoluteTimeout("ch", 5), {"Channel: ch", "Timeout: 5"}),
    (core.AbsoluteTimeout("ch"), {"Channel: ch", "Timeout: 0"}),
    (core.AGI("ch", "NOOP"), {"Channel: ch", "Command: NOOP"}),
    (core.AGI("ch", "NOOP", "7"), {"Channel: ch", "Command: NOOP", "CommandID: 7"}),
    (core.Bridge("a", "b"), {"Channel1: a", "Channel2: b", "Tone: no"}),
    (core.Bridge("a", "b", tone=True), {"Channel1: a", "Channel2: b", "Tone: yes"}),
    (core.CoreShowChannels(), set()),
    (core.Hangup("ch"), {"Channel: ch"}),
    (core.MixMonitorMute("ch", "read", True), {"Channel: ch", "Direction: read", "State: 1"}),
    (core.MixMonitorMute("ch", "both", False), {"Channel: ch", "Direction: both", "State: 0"}),
    (core.MuteAudio("ch", True, muted=True), {"Channel: ch", "Direction: in", "State: on"}),
    (core.MuteAudio("ch", output=True), {"Channel: ch", "Direction: out", "State: off"}),
    (core.MuteAudio("ch", True, True), {"Channel: ch", "Direction: all", "State: off"}),
    (
        core.Originate_Application("Local/x", "NoOp"),
        {"Channel: Local/x", "Application: NoOp", "Async: true"},
    ),
    (
        core.Originate_Application(
            "Local/x", "NoOp", ("a", 2), 1000, "A <1>", {"V": "1", "W": 2}, "acc", False
        ),
        {
            "Channel: Local/x",
            "Application: NoOp",
            "Data: a,2",
            "Timeout: 1000",
            "CallerID: A <1>",
            "Variable: V=1",
            "Variable: W=2",
            "Account: acc",
            "Async: false",
        },
    ),
    (
        core.Originate_Application("Local/x", "NoOp", "abc"),
        {"Channel: Local/x", "Application: NoOp", "Data: abc", "Async: true"},
    ),
    (
        core.Originate_Context("Local/x", "ctx", "e", 1, 1000, "c", {"V": 'a,b="c"\\'}, "acc"),
        {
            "Channel: Local/x",
            "Context: ctx",
            "Exten: e",
            "Priority: 1",
            "Timeout: 1000",
            "CallerID: c",
            'Variable: V=a\\,b=\\"c\\"\\\\',
            "Account: acc",
            "Async: true",
        },
    ),
    (core.Park("a", "b"), {"Channel: a", "TimeoutChannel: b", "Channel2: b"}),
    (core.Park("a", "b", 9), {"Channel: a", "TimeoutChannel: b", "Channel2: b", "Timeout: 9"}),
    (core.ParkedCalls(), set()),
    (core.PlayDTMF("ch", 5), {"Channel: ch", "Digit: 5"}),
    (
        core.Redirect("ch", "ctx", "e", 1),
        {"Channel: ch", "Context: ctx", "Exten: e", "Priority: 1"},
    ),
    (core.SendText("ch", "text"), {"Channel: ch", "Message: text"}),
    (core.LocalOptimizeAway("ch"), {"Channel: ch"}),
    (core.Status("ch"), {"Channel: ch"}),
    (core.Status(None), set()),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


def test_mute_audio_needs_a_direction() -> None:
    """Muting nothing is an error."""
    with pytest.raises(ValueError, match="say what of the audio is meant"):
        core.MuteAudio("ch")


@pytest.mark.parametrize("data", [b"abc", bytearray(b"abc"), memoryview(b"abc"), (b"abc",)])
def test_data_is_no_bytes(data: Any) -> None:
    """Bytes are no arguments, whole or in parts."""
    with pytest.raises(TypeError, match="not"):
        core.Originate_Application("Local/x", "NoOp", data)


def test_the_time_an_originate_may_take_is_in_seconds() -> None:
    """The timeout of the call is in milliseconds, that of the request is not."""
    assert core.Originate_Application("Local/x", "NoOp").timeout == 600.0
    assert core.Originate_Application("Local/x", "NoOp", timeout=1500).timeout == 3.5
    assert core.Originate_Context("Local/x", "c", "e", "1", timeout=10_000).timeout == 12.0


def test_variables_are_not_shared() -> None:
    """Two requests without variables have none of each other's."""
    first = core.Originate_Context("Local/x", "c", "e", "1")
    first["Variable"] = "A=1"
    assert "Variable" not in core.Originate_Context("Local/x", "c", "e", "1")


AWAITED: list[tuple[Action[Any], Event]] = [
    (core.Hangup("Local/x;1"), events.Hangup({"Channel": "local/X;1"})),
    (core.AGI("ch", "NOOP", "7"), events.AsyncAGIExec({"Channel": "ch", "CommandId": "7"})),
    (core.AGI("ch", "NOOP"), events.AsyncAGIExec({"Channel": "ch"})),
]
FOREIGN: list[tuple[Action[Any], Event]] = [
    (core.Hangup("Local/x;1"), events.Hangup({"Channel": "Local/x;2"})),
    (core.Hangup("Local/x;1"), events.HangupRequest({"Channel": "Local/x;1"})),
    (core.AGI("ch", "NOOP", "7"), events.AsyncAGIExec({"Channel": "ch", "CommandId": "8"})),
    (core.AGI("ch", "NOOP"), events.AsyncAGIExec({"Channel": "ch", "CommandId": "8"})),
]


@pytest.mark.parametrize(("action", "event"), AWAITED)
def test_events_of_an_action(action: Action[Any], event: Event) -> None:
    """A synchronous request knows its events though they have no ActionID."""
    assert action.watches
    assert action.owns_event(event)
    assert type(event) in action.get_synchronous_classes()[2]


@pytest.mark.parametrize(("action", "event"), FOREIGN)
def test_events_of_others(action: Action[Any], event: Event) -> None:
    """A synchronous request leaves the events of others alone."""
    assert not action.owns_event(event)


@pytest.mark.parametrize(
    ("action", "aggregate"),
    [
        (core.CoreShowChannels(), core_events.CoreShowChannels_Aggregate),
        (core.ParkedCalls(), core_events.ParkedCalls_Aggregate),
        (core.Status(), core_events.Status_Aggregate),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_aggregates(action: Action[Any], aggregate: type[core_events.Status_Aggregate]) -> None:
    """A list has its aggregate."""
    assert action.get_aggregate_classes() == (aggregate,)


def test_lists_wait_for_their_end() -> None:
    """A synchronous list waits for its items and for the event behind them."""
    classes = core.Status().get_synchronous_classes()
    assert classes == ((), (events.Status,), (events.StatusComplete,))


def test_thin() -> None:
    """Each is an action of the catalogue."""
    for name in core.__all__:
        kind = getattr(core, name)
        if isinstance(kind, type) and hasattr(actions, name):
            assert issubclass(kind, getattr(actions, name))
