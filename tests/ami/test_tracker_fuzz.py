"""Whatever events come, nothing fails, and nothing is kept that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.ami._message import read_message
from pystrix.ami._tracker import Tracker
from pystrix.ami._wire import encode
from pystrix.ami.events import BY_NAME
from tests.ami.tracking import Following, channel, event, hung_up, new

if TYPE_CHECKING:
    from pystrix.ami import Event
    from pystrix.ami._tracked import TrackedCall

FIELDS = [
    "Uniqueid",
    "Linkedid",
    "Channel",
    "ChannelState",
    "Cause",
    "DestUniqueid",
    "LocalOneUniqueid",
    "LocalTwoUniqueid",
    "BridgeUniqueid",
    "TransfererUniqueid",
    "TransfereeUniqueid",
    "OrigTransfererUniqueid",
    "SecondTransfererUniqueid",
    "ActionID",
    "Response",
    "Reason",
    "Newname",
    "Priority",
    "DialStatus",
    "CallerIDNum",
    "From",
]
IDS = ["1", "2", "3", "mine", "b"]
VALUES = [*IDS, "", "<unknown>", "6", "5", "RINGING", "Success", "Failure", "x;1", "x;2", "act"]
ODD = ["9" * 5000, "-1", "\udcff", "\u0663", "\\"]
NAMES = [*Tracker(lambda *_: pytest.fail("no call"))._handlers, "UserEvent"]

steps = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 10)),
    st.tuples(st.just("originate"), st.none()),
    st.tuples(st.just("list"), st.lists(st.sampled_from(IDS), max_size=3)),
    st.tuples(
        st.sampled_from(NAMES),
        st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES * 3 + ODD)),
    ),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(steps, max_size=40))
def test_any_events(actions: list[tuple[str, object]]) -> None:
    """Channels are in their calls and bridges, and at the end nothing is left."""
    following = Following()
    for name, value in actions:
        if name == "wait":
            assert isinstance(value, int)
            following.pass_time(value)
        elif name == "originate":
            if "mine" not in following.tracker.calls:
                following.originate()
        elif name == "list":
            assert isinstance(value, list)
            items = [event("CoreShowChannel", channel("x", each)) for each in value]
            following.changes += following.tracker.resync(items)
        else:
            assert isinstance(value, dict)
            lines = "".join(f"{header}: {text}\r\n" for header, text in value.items())
            following.hear(read_message(encode(f"Event: {name}\r\n{lines}"), BY_NAME))
        check(following.tracker)
    for uniqueid in list(following.tracker.channels):
        following.hear(hung_up(uniqueid))
    following.pass_time(100)
    following.pass_time(100)
    assert following.is_empty


def check(tracker: Tracker[TrackedCall]) -> None:
    """Check that all that is kept fits together."""
    for uniqueid, each in tracker.channels.items():
        assert (each.uniqueid, each.ended_at) == (uniqueid, None)
        assert each in each.call.channels
        if each.bridge is not None:
            assert each in each.bridge.channels
            assert tracker.bridges[each.bridge.uniqueid] is each.bridge
    for call_id, call in tracker.calls.items():
        assert (call.id, call.is_over) == (call_id, False)
        assert all(tracker.channels[each.uniqueid] is each for each in call.channels)
    assert all(bridge.channels for bridge in tracker.bridges.values())


@pytest.mark.parametrize(
    "odd",
    [
        event("Newchannel", Channel="PJSIP/x-1"),
        new("PJSIP/x-1", ""),
        event("BridgeEnter", channel("PJSIP/a-1", "1")),
        event("BridgeEnter", channel("PJSIP/a-1", "1"), BridgeUniqueid=""),
        event("Gap"),
        event("Gap", From="x", Connection="1"),
        event("NewCallerid", channel("PJSIP/a-1", "1", Priority="9" * 5000)),
    ],
)
def test_events_that_asterisk_does_not_make(odd: Event) -> None:
    """A value of a caller's can look like an event: nothing is made of it, and nothing fails."""
    following = Following()
    following.hear(new("PJSIP/a-1", "1"))
    assert following.hear(odd) == []
    assert list(following.tracker.channels) == ["1"]
    assert not following.tracker.bridges


def test_a_list_with_odd_items() -> None:
    """What names no channel is not in it."""
    following = Following()
    items = [event("CoreShowChannel", Channel="x"), event("CoreShowChannel", channel("a", "1"))]
    following.changes += following.tracker.resync(items)
    assert list(following.tracker.channels) == ["1"]
