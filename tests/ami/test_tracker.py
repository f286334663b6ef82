"""From events to calls, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami import CallLostError, Event, Gap, ManagerSocketError, Response
from pystrix.ami._ledger import PATIENCE
from pystrix.ami._tracked import CallState, ChangeKind, Outcome, Party, TrackedCall
from pystrix.ami._tracker import GRACE
from pystrix.testing.ami import SimulatedAsterisk
from tests.ami.tracking import Following, channel, event, hung_up, new
from tests.testing.ami.driving import Peer

ADDED, GONE = ChangeKind.CHANNEL_ADDED, ChangeKind.CHANNEL_GONE


def response(reason: int, *, action_id: str = "act", uniqueid: str = "<unknown>") -> Event:
    """Make an OriginateResponse."""
    says = "Success" if reason == 4 else "Failure"
    return event(
        "OriginateResponse",
        {"ActionID": action_id, "Response": says, "Reason": str(reason), "Uniqueid": uniqueid},
    )


@pytest.fixture
def following() -> Following:
    """Give a tracker."""
    return Following()


def only(following: Following) -> TrackedCall:
    """Give the only call."""
    (call,) = following.calls.values()
    return call


# Channels.


def test_a_channel_is_described(following: Following) -> None:
    """By every event that has its headers."""
    following.hear(
        new(
            "PJSIP/a-1",
            "1",
            ChannelState="4",
            CallerIDNum="12",
            CallerIDName='A\\"nn',
            ConnectedLineNum="<unknown>",
            ConnectedLineName="(null)",
            AccountCode="acc",
            Language="en",
            Context="in",
            Exten="s",
            Priority="3",
        )
    )
    call = only(following)
    (one,) = call.channels
    assert one is call.channel is call.first
    assert one.caller_id == Party("12", 'A"nn')
    assert one.connected_line == ("", "")
    assert (one.account_code, one.language) == ("acc", "en")
    assert (one.context, one.exten, one.priority) == ("in", "s", 3)
    assert (one.state.name, call.state) == ("RING", CallState.DIALING)
    following.hear(event("NewCallerid", channel("PJSIP/a-1", "1", CallerIDNum="13")))
    assert one.caller_id.number == "13"
    assert repr(one) == "<Channel PJSIP/a-1 RING>"
    assert repr(call) == "<TrackedCall 1: dialing>"


def test_what_is_no_number(following: Following) -> None:
    """It is left out."""
    following.hear(new("a", "1", ChannelState="odd", Priority="label"), hung_up("1", "odd"))
    call = only(following)
    assert call.first is not None
    assert (call.first.state, call.first.priority, call.first.cause) == (0, 0, None)
    assert call.outcome is Outcome.UNKNOWN


def test_rename(following: Following) -> None:
    """A channel is the same under another name."""
    following.hear(new("a", "1"))
    following.hear(event("Rename", {"Channel": "a", "Newname": "b", "Uniqueid": "1"}))
    following.hear(event("Rename", {"Channel": "x", "Newname": "y", "Uniqueid": "2"}))
    assert following.tracker.find("b") is only(following)
    assert following.tracker.find("1") is only(following)
    assert following.tracker.find("a") is None


def test_nobody_is_made_by_late_events(following: Following) -> None:
    """Only Newchannel makes a channel, and what says nothing of calls is skipped."""
    gone = channel("a", "1", ChannelState="6", BridgeUniqueid="b")
    names = ("Newstate", "Hangup", "BridgeEnter", "BridgeLeave", "BridgeDestroy", "Hold", "Unhold")
    assert following.hear(*(event(name, gone) for name in names)) == []
    dest = channel("a", "1", "Dest")
    assert following.hear(event("DialBegin", dest), event("DialState", dest)) == []
    assert following.hear(event("LocalBridge", channel("a", "1", "LocalOne"))) == []
    assert following.hear(event("BlindTransfer"), event("AttendedTransfer")) == []
    assert following.hear(response(4), Response(["Response: Success"]), event("Cdr")) == []
    assert following.is_empty


def test_newchannel_twice(following: Following) -> None:
    """It is the same channel."""
    assert following.hear(new("a", "1")) == [ChangeKind.STARTED, ADDED]
    assert following.hear(new("a", "1", ChannelState="5")) == [ChangeKind.RINGING]


def test_the_other_half_first(following: Following) -> None:
    """The first channel is the one whose id is the call's."""
    following.hear(new("Local/a@b-1;2", "2", Linkedid="1"))
    call = only(following)
    assert call.first is not None
    assert call.first.uniqueid == "2"
    following.hear(new("Local/a@b-1;1", "1"))
    assert [each.uniqueid for each in call.own_channels] == ["1", "2"]


def test_halves_by_their_event(following: Following) -> None:
    """LocalBridge tells which channels are halves of one."""
    following.hear(new("odd", "1"), new("names", "2", Linkedid="1"))
    halves = channel("odd", "1", "LocalOne") | channel("names", "2", "LocalTwo")
    following.hear(event("LocalBridge", halves))
    assert [each.uniqueid for each in only(following).own_channels] == ["1", "2"]
    following.hear(event("LocalBridge", channel("odd", "1", "LocalOne")))
    assert len(only(following).own_channels) == 2


# How far a call is.


def test_an_incoming_call() -> None:
    """It rings at somebody, is answered, they talk, one holds, it ends."""
    following, asterisk = Following(), SimulatedAsterisk()
    peer = Peer(asterisk)
    caller = asterisk.receive_call("PJSIP/ann", "100")
    asterisk.far_end_of_others = "rings"
    call = asterisk.dial(caller, "PJSIP/bob")
    assert following.hear(*peer.hear()) == [ChangeKind.STARTED, ADDED, ADDED, ChangeKind.RINGING]
    call.answer()
    assert following.hear(*peer.hear()) == [
        ChangeKind.ANSWERED,
        ChangeKind.DECIDED,
        ChangeKind.BRIDGED,
    ]
    tracked = only(following)
    ann, bob = tracked.channels
    assert bob.dialed_by is ann
    assert (ann.bridged_with, tracked.bridged_with) == ((bob,), (bob,))
    assert ann.bridge is not None
    assert (ann.bridge.type, ann.bridge.technology) == ("basic", "simple_bridge")
    assert "PJSIP/bob" in repr(ann.bridge)
    call.channel.hold()
    call.channel.hold()
    assert following.hear(*peer.hear()) == [ChangeKind.HELD]
    assert tracked.on_hold
    call.channel.unhold()
    assert following.hear(*peer.hear()) == [ChangeKind.UNHELD]
    following.now = 7.0
    assert (tracked.duration, tracked.talked) == (7.0, 7.0)
    call.hang_up()
    assert following.hear(*peer.hear()) == [ChangeKind.UNBRIDGED, GONE, GONE, ChangeKind.ENDED]
    assert tracked.end == (16, "Normal Clearing", 7.0, 7.0)
    assert (tracked.duration, tracked.talked) == (7.0, 7.0)
    assert tracked.channel is ann
    assert repr(tracked).endswith(": ended, answered>")
    assert repr(ann).endswith(" ENDED>")
    assert following.is_empty


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        ("16", Outcome.CANCELLED),
        ("17", Outcome.BUSY),
        ("18", Outcome.NO_ANSWER),
        ("42", Outcome.CONGESTION),
        ("0", Outcome.FAILED),
        ("127", Outcome.FAILED),
    ],
)
def test_outcomes_of_others(following: Following, cause: str, outcome: Outcome) -> None:
    """What became of a call of somebody else is what its cause says."""
    following.hear(new("a", "1"), hung_up("1", cause))
    call = only(following)
    assert call.outcome is outcome
    assert call.talked == 0.0


def test_ringing_by_the_dialling(following: Following) -> None:
    """DialState says that somebody rings, before the channel does."""
    following.hear(new("a", "1"))
    rings = event("DialState", channel("a", "1", "Dest"), DialStatus="RINGING")
    assert following.hear(rings, rings) == [ChangeKind.RINGING]
    progress = event("DialState", channel("a", "1", "Dest"), DialStatus="PROGRESS")
    assert following.hear(progress) == []


def test_answered_without_a_word(following: Following) -> None:
    """A hang-up shows that the channel had been answered, when nothing else was heard."""
    following.hear(new("a", "1"), hung_up("1", ChannelState="6"))
    assert only(following).outcome is Outcome.ANSWERED


def test_who_is_dialled_belongs_to_the_caller(following: Following) -> None:
    """Also when Asterisk has given the channel the id of another call."""
    following.hear(new("a", "1"), new("b", "2"))
    following.hear(new("Local/c-1;1", "3", Linkedid="9"), new("Local/c-1;2", "4", Linkedid="9"))
    strayed = following.calls["9"]
    dial = event("DialBegin", channel("b", "2") | channel("Local/c-1;1", "3", "Dest"))
    assert following.hear(dial) == [ADDED, ADDED, ChangeKind.DECIDED, ChangeKind.ENDED]
    assert [each.uniqueid for each in following.calls["2"].channels] == ["2", "3", "4"]
    assert strayed.outcome is Outcome.UNKNOWN
    following.hear(new("d", "5", Linkedid="1"), new("e", "6", Linkedid="1"))
    following.hear(event("DialBegin", channel("b", "2") | channel("d", "5", "Dest")))
    assert [each.uniqueid for each in following.calls["1"].channels] == ["1", "6"]
    assert following.hear(event("DialEnd", channel("d", "5", "Dest"))) == []


def test_an_originated_call_is_never_moved(following: Following) -> None:
    """It stays the call that the program has in its hands."""
    following.originate()
    following.hear(new("a", "1"), new("PJSIP/a", "mine"))
    following.hear(event("DialBegin", channel("a", "1") | channel("PJSIP/a", "mine", "Dest")))
    assert [each.uniqueid for each in following.calls["mine"].channels] == ["mine"]


# Bridges.


def test_a_bridge_that_is_left_late(following: Following) -> None:
    """Whoever is in another bridge already does not leave that."""
    following.hear(new("a", "1"), new("b", "2"), new("c", "3"))
    for uniqueid, bridge in (("1", "x"), ("2", "x"), ("3", "y"), ("1", "y"), ("1", "y")):
        following.hear(event("BridgeEnter", channel("n", uniqueid), BridgeUniqueid=bridge))
    assert following.hear(event("BridgeLeave", channel("n", "1"), BridgeUniqueid="x")) == []
    assert [each.uniqueid for each in following.calls["1"].bridged_with] == ["3"]
    assert following.hear(event("BridgeLeave", channel("n", "1"), BridgeUniqueid="y")) == [
        ChangeKind.UNBRIDGED,
        ChangeKind.UNBRIDGED,
    ]
    assert following.hear(event("BridgeLeave", channel("n", "1"), BridgeUniqueid="y")) == []
    following.hear(event("BridgeDestroy", {"BridgeUniqueid": "x"}))
    assert "x" not in following.tracker.bridges


def test_hold_ends_with_another_bridge(following: Following) -> None:
    """Who goes to another bridge does not hold there."""
    following.hear(new("a", "1"), event("Hold", channel("a", "1")))
    assert only(following).on_hold
    following.hear(event("BridgeEnter", channel("a", "1"), BridgeUniqueid="x"))
    assert not only(following).on_hold


# Transfers.


def test_attended_transfers(following: Following) -> None:
    """The target is the channel that is named, the other one in the bridge, or an application."""
    following.hear(new("a", "1"), new("b", "2"))
    base = channel("a", "1", "OrigTransferer") | {"Result": "Fail"}
    following.hear(event("AttendedTransfer", base | channel("b", "2", "TransferTarget")))
    following.hear(event("AttendedTransfer", base, DestApp="Playback"))
    following.hear(event("AttendedTransfer", base))
    assert [each.target for each in following.calls["1"].transfers] == ["b", "Playback", ""]
    assert [each.kind for each in following.calls["2"].transfers] == ["attended"]


# Calls of this program.


def test_answered_before_it_is_seen(following: Following) -> None:
    """OriginateResponse may come first."""
    call = following.originate()
    assert (call.dialled, call.channel, call.own_channels) == ("PJSIP/a", None, ())
    assert following.hear(response(4)) == [
        ChangeKind.STARTED,
        ChangeKind.ANSWERED,
        ChangeKind.DECIDED,
    ]
    assert following.hear(new("PJSIP/a-1", "mine", ChannelState="6")) == [ADDED]
    assert following.hear(hung_up("mine")) == [GONE, ChangeKind.ENDED]
    following.pass_time(60.0)
    assert following.is_empty


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [(5, Outcome.BUSY), (8, Outcome.CONGESTION), (3, Outcome.NO_ANSWER)],
)
def test_reasons(following: Following, reason: int, outcome: Outcome) -> None:
    """A Reason that says why decides at once."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"), response(reason))
    assert (call.outcome, call.reason) == (outcome, reason)
    following.hear(hung_up("mine", "0"))
    assert call.outcome is outcome


def test_a_reason_that_does_not_say_why(following: Following) -> None:
    """The cause does, whenever it comes."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"), response(0))
    assert call.outcome is None
    assert following.hear(hung_up("mine", "17")) == [GONE, ChangeKind.DECIDED, ChangeKind.ENDED]
    assert call.outcome is Outcome.BUSY


def test_a_response_to_somebody_else(following: Following) -> None:
    """A call of ours is not decided by what somebody else tried with its id."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"))
    assert following.hear(response(0, action_id="other", uniqueid="mine")) == []
    assert call.reason is None


def test_a_hangup_before_the_reason(following: Following) -> None:
    """The call has ended, and what became of it is known a moment later."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"))
    assert following.hear(hung_up("mine", "17")) == [GONE, ChangeKind.ENDED]
    assert call.outcome is None
    assert following.hear(response(0)) == [ChangeKind.DECIDED]
    assert call.outcome is Outcome.BUSY


def test_a_hangup_without_a_reason(following: Following) -> None:
    """When OriginateResponse does not come the cause has to do."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"), hung_up("mine", "17"))
    assert following.pass_time(60.0) == [ChangeKind.DECIDED]
    assert call.outcome is Outcome.BUSY


def test_no_channel(following: Following) -> None:
    """Where there was none, the call is over as soon as none can come any more."""
    call = following.originate()
    following.hear(response(0))
    assert call.outcome is None
    assert following.pass_time(GRACE) == [ChangeKind.DECIDED, ChangeKind.ENDED]
    assert call.outcome is Outcome.FAILED
    assert call.end == (None, "", GRACE, 0.0)
    following.pass_time(60.0)
    assert following.is_empty


def test_a_channel_that_is_late(following: Following) -> None:
    """It says more, if it comes in time."""
    call = following.originate()
    following.hear(response(0))
    following.hear(new("PJSIP/a-1", "mine"))
    following.hear(hung_up("mine", "34"))
    assert call.outcome is Outcome.CONGESTION


def test_a_channel_that_stays(following: Following) -> None:
    """A call that failed, and whose channel does not go, is decided all the same."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"), response(0))
    following.pass_time(60.0)
    assert (call.outcome, call.state) == (Outcome.FAILED, CallState.DIALING)


def test_cancelled(following: Following) -> None:
    """What was hung up from this side is no failure; what was answered before is answered."""
    call = following.originate()
    following.tracker.cancel(call)
    following.hear(new("PJSIP/a-1", "mine"), response(0), hung_up("mine", "17"))
    assert call.outcome is Outcome.CANCELLED
    other = following.originate("PJSIP/b", "other")
    following.hear(response(4))
    following.tracker.cancel(other)
    assert not other.cancelled


def test_the_response_to_somebody_else(following: Following) -> None:
    """It is known by the id of the channel."""
    following.hear(new("PJSIP/a-1", "1"), response(3, action_id="theirs", uniqueid="1"))
    assert only(following).outcome is Outcome.NO_ANSWER
    assert following.hear(response(3, action_id="theirs", uniqueid="2")) == []


def test_a_second_response(following: Following) -> None:
    """What is decided stays so."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"), response(3))
    assert following.hear(response(5, uniqueid="mine")) == []
    assert call.outcome is Outcome.NO_ANSWER


def test_an_id_twice(following: Following) -> None:
    """There is one call of an id."""
    following.originate()
    with pytest.raises(ValueError, match="there is a call with the id 'mine' already"):
        following.originate()


def test_forgotten(following: Following) -> None:
    """A call that Asterisk refused is not followed; its id is free again."""
    call = following.originate()
    following.tracker.forget(call)
    following.tracker.forget(call)
    again = following.originate()
    following.hear(new("PJSIP/a-1", "mine"))
    following.tracker.forget(again)
    following.hear(response(4), hung_up("mine"))
    assert again.state is CallState.ENDED
    following.pass_time(100.0)
    assert following.is_empty


def test_a_refused_call_is_not_lost(following: Following) -> None:
    """Nothing is told of it when the time to hear of it is over."""
    following.tracker.forget(following.originate())
    assert following.pass_time(100.0) == []


def test_not_forgotten_when_it_has_begun(following: Following) -> None:
    """Who gave up making a call does not keep it from being followed."""
    call = following.originate()
    following.hear(new("PJSIP/a-1", "mine"))
    following.tracker.forget(call)
    assert following.tracker.calls == {"mine": call}


def test_nothing_is_heard(following: Following) -> None:
    """After a while that is said, for the user may not read the class."""
    call = following.originate(ring_timeout=10.0)
    assert following.tracker.deadline == 25.0
    assert following.pass_time(24.0) == []
    assert following.pass_time(1.0) == [ChangeKind.LOST]
    assert isinstance(call.failure, CallLostError)
    assert "has to read the class call" in str(call.failure)
    assert call.is_over
    assert call.is_decided
    assert following.is_empty


def test_abandoned(following: Following) -> None:
    """When nothing more will be heard every call is told."""
    call = following.originate()
    following.hear(new("a", "1"))
    why = ManagerSocketError("gone")
    changes = following.tracker.abandon(why)
    assert {change.kind for change in changes} == {ChangeKind.LOST}
    assert len(changes) == 2
    assert call.failure is not None
    assert call.failure.__cause__ is why
    assert following.is_empty
    assert following.tracker.abandon(why) == []


# Lists and gaps.


def item(name: str, uniqueid: str, **headers: str) -> Event:
    """Make an item of a list of channels."""
    return event("CoreShowChannel", channel(name, uniqueid, **headers))


def test_no_channel_of_an_answered_call(following: Following) -> None:
    """A call whose channels are hidden is not kept for ever."""
    call = following.originate()
    following.hear(response(4))
    assert call.outcome is Outcome.ANSWERED
    assert following.pass_time(PATIENCE - 0.1) == []
    assert following.pass_time(0.1) == [ChangeKind.LOST]
    assert "nothing was heard of its channel" in str(call.failure)
    following.pass_time(60)
    assert following.is_empty


def test_a_channel_behind_the_answer(following: Following) -> None:
    """A response may come before the events of the channel it is about."""
    call = following.originate()
    following.hear(response(4), new("PJSIP/a-1", "mine"))
    following.pass_time(60)
    following.hear(hung_up("mine"))
    assert (call.state, call.failure) == (CallState.ENDED, None)
    assert following.is_empty


def test_a_list(following: Following) -> None:
    """Calls that began before are found, with their bridges and for how long they last."""
    following.now = 1000.0
    changes = following.tracker.resync(
        [
            item("b", "2", Linkedid="1", ChannelState="6", BridgeId="x", Duration="00:01:00"),
            item("a", "1", ChannelState="6", BridgeId="x", Duration="00:02:00"),
            item("c", "3", ChannelState="5", Duration="odd"),
        ]
    )
    following.changes += changes
    one, other = following.calls["1"], following.calls["3"]
    assert one.channel is not None
    assert one.channel.uniqueid == "1"
    assert [each.uniqueid for each in one.channels] == ["1", "2"]
    assert (one.duration, one.talked) == (120.0, 120.0)
    assert [each.uniqueid for each in one.bridged_with] == ["2"]
    assert (other.state, other.duration) == (CallState.RINGING, 0.0)


def test_a_list_of_what_is_known(following: Following) -> None:
    """It is described anew; who is not in it has ended, though nobody heard why."""
    following.hear(new("a", "1"), new("b", "2"), new("c", "3"))
    for uniqueid in "123":
        following.hear(event("BridgeEnter", channel("n", uniqueid), BridgeUniqueid="x"))
    following.tracker.resync([item("a", "1", ChannelState="6"), item("b", "2", BridgeId="x")])
    assert following.calls["1"].state is CallState.ANSWERED
    assert following.calls["1"].bridged_with == ()
    assert [each.uniqueid for each in following.calls["2"].bridged_with] == ["3"]
    assert GONE in following.pass_time(GRACE)
    assert following.calls["3"].end == (None, "", GRACE, 0.0)
    assert following.calls["3"].outcome is Outcome.UNKNOWN


def test_a_hangup_behind_the_list(following: Following) -> None:
    """It may be on its way, and says why."""
    following.hear(new("a", "1"))
    following.tracker.resync([])
    following.hear(hung_up("1", "17"))
    assert following.pass_time(GRACE) == []
    assert only(following).outcome is Outcome.BUSY


def gap(*channels: Any, known: bool = True) -> Gap:
    """Make a gap."""
    failure = ManagerSocketError("lost")
    made = Gap.between(1.0, 2.0, failure, connection=1, peer="here", dropped=0)
    made.channels = channels if known else None
    return made


def test_a_gap(following: Following) -> None:
    """What goes on goes on; an originated call of which nothing is left is lost."""
    names = ("kept", "lost", "over")
    kept, lost, over = (following.originate("PJSIP/a", name, name) for name in names)
    following.hear(new("PJSIP/a-1", "kept"), new("PJSIP/a-2", "over"), hung_up("over", "17"))
    following.hear(gap(item("PJSIP/a-1", "kept", ChannelState="6")))
    assert kept.outcome is Outcome.ANSWERED
    following.pass_time(10.0)
    assert "the connection was lost meanwhile" in str(lost.failure)
    assert over.outcome is Outcome.BUSY
    following.hear(response(4, action_id="kept"), hung_up("kept"))
    following.pass_time(60.0)
    assert following.is_empty


def test_a_gap_without_a_list(following: Following) -> None:
    """Nothing is concluded of it."""
    following.hear(new("a", "1"))
    assert following.hear(gap(known=False)) == []
    following.pass_time(60.0)
    assert len(following.tracker.calls) == 1


def test_a_first_channel_that_is_gone(following: Following) -> None:
    """The oldest that there is stands for the call then, and hears whom it talks with."""
    following.hear(new("a", "1"), new("b", "2", Linkedid="1"), new("c", "3", Linkedid="1"))
    for uniqueid in "23":
        following.hear(event("BridgeEnter", channel("n", uniqueid), BridgeUniqueid="x"))
    following.hear(hung_up("1"))
    call = only(following)
    assert call.channel is not None
    assert call.channel.uniqueid == "2"
    assert [each.uniqueid for each in call.bridged_with] == ["3"]


def test_an_empty_call() -> None:
    """Before its first channel there is nothing to show."""
    call = TrackedCall("1", 0.0, lambda: 5.0)
    assert (call.channel, call.bridged_with, call.on_hold, call.talked) == (None, (), False, 0.0)
    assert call.duration == 5.0
