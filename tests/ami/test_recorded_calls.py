"""Recorded calls of a live Asterisk, followed from what it told."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.ami._tracked import Change, ChangeKind, Outcome, Transfer
from pystrix.ami.calls import replay
from pystrix.ami.events import OriginateResponse
from pystrix.testing import Transcript
from tests.ami.tracking import Following, Timed, recorded, summary
from tests.testing.recordings import FOLDER

EXPECTED: dict[str, dict[str, tuple[Outcome, int | None]]] = {
    "ami-calls-sip-outcomes": {
        "busy": (Outcome.BUSY, 17),
        "unknown": (Outcome.FAILED, 1),
        "noans": (Outcome.NO_ANSWER, 19),
        "cancel": (Outcome.CANCELLED, 16),
        "cause": (Outcome.ANSWERED, 21),
        "brief": (Outcome.ANSWERED, 16),
    },
    "ami-calls-transfers": {
        "blind": (Outcome.ANSWERED, 16),
        "att": (Outcome.ANSWERED, 16),
    },
    "ami-calls-bridges": dict.fromkeys(
        ("b1", "b2", "c1", "c2", "c3", "o1", "r1"), (Outcome.ANSWERED, 16)
    ),
    "ami-originate-outcomes": {  # some without an id of our own
        "1795379055.8": (Outcome.ANSWERED, 16),
        "1795379056.10": (Outcome.BUSY, 17),
        "1795379057.12": (Outcome.NO_ANSWER, 19),
        "1795379059.14": (Outcome.BUSY, 17),
        "1795379060.16": (Outcome.NO_ANSWER, 19),
        "my-id-1": (Outcome.ANSWERED, 16),
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_ends(name: str) -> None:
    """Each call has its outcome and its cause, and nothing is remembered of it."""
    following = Following()
    following.hear_all(recorded(name))
    found = {
        call.id: (call.outcome, call.end.cause if call.end else None)
        for call in following.calls.values()
        if call.id in EXPECTED[name]
    }
    assert found == EXPECTED[name]
    assert following.is_empty


def test_durations() -> None:
    """They are those of the recording."""
    following = Following()
    following.hear_all(recorded("ami-calls-sip-outcomes"))
    brief = following.calls["brief"].end
    assert brief is not None
    assert brief.duration == pytest.approx(0.7, abs=0.1)
    assert brief.talked == pytest.approx(0.7, abs=0.1)
    ringing = following.calls["noans"].end
    assert ringing is not None
    assert ringing.duration == pytest.approx(0.3, abs=0.1)
    assert ringing.talked == 0.0


def test_replay() -> None:
    """A transcript, or messages, become calls in one step."""
    transcript = Transcript.load(FOLDER / "ami-calls-sip-outcomes.txt")
    changes: list[Change] = []
    calls = replay(transcript, changes.append)
    found = {call.id: call.outcome for call in calls}
    expected = EXPECTED["ami-calls-sip-outcomes"]
    assert {name: found[name] for name in expected} == {
        name: outcome for name, (outcome, _) in expected.items()
    }
    assert changes[0].kind is ChangeKind.STARTED
    messages = [message for _, message in recorded("ami-calls-sip-outcomes")]
    assert [call.id for call in replay(messages)] == [call.id for call in calls]
    assert {call.duration for call in replay(messages)} == {0.0}
    assert replay([]) == []


def test_replay_takes_its_time() -> None:
    """What is due between two messages happens there."""
    text = r"""
# +1.000
>> b'Event: Newchannel\r\nUniqueid: 1\r\n\r\n'
>> b'Event: OriginateResponse\r\nUniqueid: 1\r\nResponse: Failure\r\nReason: 0\r\n\r\n'
# +20.000
>> b'Event: Hangup\r\nUniqueid: 1\r\nCause: 17\r\n\r\n'
"""
    (call,) = replay(Transcript.parse(text))
    assert call.outcome is Outcome.FAILED
    assert call.end == (17, "", 19.0, 0.0)


def kinds(following: Following, call_id: str) -> list[ChangeKind]:
    """Give what happened to a call, without its channels."""
    channels = ChangeKind.CHANNEL_ADDED, ChangeKind.CHANNEL_GONE
    happened = (change for change in following.changes if change.call.id == call_id)
    return [change.kind for change in happened if change.kind not in channels]


def test_transfers() -> None:
    """Who transferred whom where to, and the hold in between."""
    following = Following()
    following.hear_all(recorded("ami-calls-transfers"))
    blind, attended = following.calls["blind"], following.calls["att"]
    assert list(blind.transfers) == [
        Transfer("blind", "Success", "PJSIP/far-0000000f", "Local/talk@far-00000003;1", "1@people")
    ]
    assert list(attended.transfers) == [
        Transfer(
            "attended",
            "Success",
            "PJSIP/far-00000011",
            "Local/talk@far-00000004;1",
            "Local/1@people-00000005;1",
        )
    ]
    assert kinds(following, "att") == [
        ChangeKind.STARTED,
        ChangeKind.ANSWERED,
        ChangeKind.DECIDED,
        ChangeKind.BRIDGED,
        ChangeKind.HELD,
        ChangeKind.UNBRIDGED,
        ChangeKind.BRIDGED,
        ChangeKind.UNBRIDGED,
        ChangeKind.BRIDGED,
        ChangeKind.TRANSFERRED,
        ChangeKind.UNBRIDGED,
        ChangeKind.ENDED,
    ]


def test_bridges() -> None:
    """Who talks with whom: in a bridge of two calls, a conference, when Local channels go away."""
    following = Following()
    talked: dict[str, set[tuple[str, ...]]] = {}
    for moment, message in recorded("ami-calls-bridges"):
        following.now = moment
        following.hear(message)
        for call in following.tracker.calls.values():
            names = tuple(sorted(channel.name for channel in call.bridged_with))
            talked.setdefault(call.id, set()).add(names)
    assert talked["b1"] == {(), ("PJSIP/far-00000013",)}
    assert talked["b2"] == {(), ("PJSIP/far-00000014",)}
    assert ("PJSIP/far-00000017", "PJSIP/far-00000018") in talked["c3"]
    # Behind the optimization the two that were called talk with each other.
    assert ("Local/talk@far-00000009;1",) in talked["o1"]
    assert talked["r1"] == {(), ("Local/talk@far-0000000b;1",)}


# In any order that Asterisk may take.


def of_call(name: str, *ids: str) -> list[Timed]:
    """Give the messages of a recording that have to do with channels, by their ids."""
    wanted = set(ids)
    found = []
    for moment, message in recorded(name):
        named = {
            value.partition(";")[0]
            for header, value in message.all_items()
            if header.endswith(("Uniqueid", "Linkedid"))
        }
        if named & wanted:
            found.append((moment, message))
    return found


SIP = "ami-calls-sip-outcomes"
STREAMS: dict[str, list[Timed]] = {
    "busy": of_call(SIP, "busy"),
    "noans": of_call(SIP, "noans"),
    "brief": of_call(SIP, "brief"),
    "blind": of_call("ami-calls-transfers", "blind"),
    "att": of_call("ami-calls-transfers", "att"),
    "o1": of_call("ami-calls-bridges", "o1"),
    "1795379059.14": of_call("ami-originate-outcomes", "1795379059.14"),
    "my-id-1": of_call("ami-originate-outcomes", "my-id-1"),
}


def alone(name: str) -> tuple[Any, ...]:
    """Follow one call alone."""
    following = Following()
    following.hear_all([(0.0, message) for _, message in STREAMS[name]])
    return summary(following.calls[name])


@settings(deadline=None)
@given(st.data(), st.permutations(sorted(STREAMS)))
def test_two_calls_in_any_order(data: st.DataObject, names: list[str]) -> None:
    """However the events of two calls are mixed, the calls are the same."""
    first, second = names[:2]
    queues = [list(STREAMS[first]), list(STREAMS[second])]
    mixed: list[Timed] = []
    while queues[0] and queues[1]:
        mixed.append((0.0, queues[data.draw(st.integers(0, 1))].pop(0)[1]))
    mixed += [(0.0, message) for _, message in itertools.chain(*queues)]
    following = Following()
    following.hear_all(mixed)
    assert summary(following.calls[first]) == alone(first)
    assert summary(following.calls[second]) == alone(second)
    assert following.is_empty


CHANNELS = ("Uniqueid", "DestUniqueid", "LocalOneUniqueid")


@settings(deadline=None)
@given(st.data(), st.sampled_from(["busy", "noans", "brief", "1795379059.14", "my-id-1"]))
def test_channels_in_any_order(data: st.DataObject, name: str) -> None:
    """However the events of the channels of a call are mixed, and OriginateResponse: the same.

    Both halves of a Local channel are made before anything else happens to one of them.
    """
    queues: dict[str, list[Any]] = {}
    for _, message in STREAMS[name]:
        if isinstance(message, OriginateResponse):
            queues["response"] = [message]
        else:
            channel = next(message[header] for header in CHANNELS if header in message)
            queues.setdefault(channel, []).append(message)
    made = [queue.pop(0) for key, queue in queues.items() if key != "response"]
    following = Following()
    response: list[Any] = queues.get("response", [])
    action_id = response[0].action_id if response else "none"
    following.originate("PJSIP/a", name, action_id)
    early: bool = data.draw(st.booleans())
    if response and early:
        following.hear(*queues.pop("response"))
    shuffled: list[Any] = data.draw(st.permutations(made))
    following.hear(*shuffled)
    while queues := {key: queue for key, queue in queues.items() if queue}:
        following.hear(queues[data.draw(st.sampled_from(sorted(queues)))].pop(0))
    following.pass_time(60.0)
    expected, found = alone(name), summary(following.calls[name])
    assert (found[1:3], found[4:6]) == (expected[1:3], expected[4:6])
    assert following.is_empty
