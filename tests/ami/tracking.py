"""Gives events to a tracker: made ones, and those of recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pystrix.ami import Event
from pystrix.ami._calling import plan_originate
from pystrix.ami._recording import _messages
from pystrix.ami._tracked import Change, ChangeKind, TrackedCall
from pystrix.ami._tracker import Tracker
from pystrix.testing import Transcript
from tests.testing.recordings import FOLDER

if TYPE_CHECKING:
    from pystrix.ami._calling import OriginateOptions
    from pystrix.ami._message import Response

Timed = tuple[float, "Event | Response"]


def recorded(name: str) -> list[Timed]:
    """Read the messages of a recording, each with its moment."""
    return list(_messages(Transcript.load(FOLDER / f"{name}.txt")))


class Following:
    """A tracker with a clock of its own, and all that it told."""

    def __init__(self) -> None:
        self.now = 0.0
        """The time."""
        self.tracker: Tracker[TrackedCall] = Tracker(TrackedCall, lambda: self.now)
        self.changes: list[Change] = []
        """What it told."""

    def hear(self, *messages: Event | Response) -> list[ChangeKind]:
        """Give it messages; give what kinds of things happened."""
        changes = [change for message in messages for change in self.tracker.receive(message)]
        self.changes += changes
        return [change.kind for change in changes]

    def hear_all(self, messages: list[Timed]) -> None:
        """Give it a recording, and let some time pass behind it."""
        for moment, message in messages:
            self.pass_time(moment - self.now)
            self.hear(message)
        self.pass_time(60.0)

    def pass_time(self, seconds: float) -> list[ChangeKind]:
        """Let time pass; give what kinds of things happened."""
        self.now += seconds
        changes = self.tracker.advance()
        self.changes += changes
        return [change.kind for change in changes]

    def originate(
        self,
        channel: str = "PJSIP/a",
        call_id: str = "mine",
        action_id: str = "act",
        **options: Any,
    ) -> TrackedCall:
        """Begin a call."""
        options |= {"application": "Wait", "channel_id": call_id}
        plan = plan_originate(channel, cast("OriginateOptions", options))
        return self.tracker.expect(plan._replace(action_id=action_id))

    @property
    def calls(self) -> dict[str, TrackedCall]:
        """Every call that was told of, by its id."""
        return {change.call.id: change.call for change in self.changes}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered."""
        tracker = self.tracker
        kept = tracker.calls, tracker.channels, tracker.bridges, tracker._by_action, tracker._timers
        return not any(kept)


def summary(call: TrackedCall) -> tuple[Any, ...]:
    """Give what is left of a call, but for times."""
    cause = None if call.end is None else call.end.cause
    own = [(channel.name, channel.cause) for channel in call.own_channels]
    answered = call.answered_at is not None
    return (
        call.id,
        call.state,
        call.outcome,
        call.reason,
        cause,
        answered,
        own,
        list(call.transfers),
    )


def channel(name: str, uniqueid: str, prefix: str = "", **headers: str) -> dict[str, str]:
    """Give the headers that describe a channel."""
    headers = {"Channel": name, "ChannelState": "0", "Uniqueid": uniqueid, **headers}
    headers.setdefault("Linkedid", uniqueid)
    return {f"{prefix}{header}": value for header, value in headers.items()}


def event(name: str, *parts: dict[str, str], **headers: str) -> Event:
    """Make an event."""
    merged: dict[str, str] = {}
    for part in parts:
        merged |= part
    return Event({"Event": name} | merged | headers)


def new(name: str, uniqueid: str, **headers: str) -> Event:
    """Make the event of a new channel."""
    return event("Newchannel", channel(name, uniqueid, **headers))


def hung_up(uniqueid: str, cause: str = "16", **headers: str) -> Event:
    """Make the event of a hang-up."""
    return event("Hangup", channel("x", uniqueid, **headers), {"Cause": cause, "Cause-txt": "Why"})
