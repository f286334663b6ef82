"""The channels, bridges and calls that there are, and what changes of them.

Pure. A `Tracker` knows what events mean, this module what follows from it.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

from pystrix.ami._tracked import (
    Bridge,
    CallEnd,
    CallState,
    Change,
    ChangeKind,
    Channel,
    ChannelState,
    Outcome,
    Party,
    TrackedCall,
    outcome_of_cause,
)
from pystrix.ami._wire import unescape

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami._message import Event
    from pystrix.ami.errors import Error

__all__ = ["CallT", "Ledger", "number_in", "seconds_in"]

CallT = TypeVar("CallT", bound=TrackedCall)

PATIENCE: Final = 5.0
"""Seconds within which what belongs to the end of a call is heard."""

DIGITS: Final = 20
"""How many digits a number of Asterisk has at most."""

_STATES: Final[dict[int | None, ChannelState]] = {int(state): state for state in ChannelState}
_ABSENT: Final = frozenset({"<unknown>", "(null)", "<none>"})
_TWINS: Final = {";1": ";2", ";2": ";1"}


class Ledger(Generic[CallT]):
    """The channels, bridges and calls that there are. Not thread-safe.

    Args:
        call_class: What a call is made of: called as a `TrackedCall`.
        clock: Tells the time, in seconds.
    """

    def __init__(
        self,
        call_class: Callable[[str, float, Callable[[], float]], CallT],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.calls: dict[str, CallT] = {}
        """The calls that there are, by their ids."""
        self.channels: dict[str, Channel] = {}
        """The channels that there are, by their Uniqueids."""
        self.bridges: dict[str, Bridge] = {}
        """The bridges that have channels, by their ids."""
        self._call_class = call_class
        self._clock = clock
        self._now = 0.0
        self._changes: list[Change] = []
        self._by_action: dict[str, CallT] = {}  # those whose OriginateResponse is to come
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def find(self, channel: str) -> CallT | None:
        """Find the call of a channel by the Uniqueid of that, or by its name."""
        found = self.channels.get(channel)
        if found is None:
            found = next((each for each in self.channels.values() if each.name == channel), None)
        return None if found is None else cast("CallT", found.call)

    @property
    def deadline(self) -> float | None:
        """When `advance` is to be called, on the clock; None if it need not be."""
        return self._timers[0][0] if self._timers else None

    def advance(self, now: float | None = None) -> list[Change]:
        """Do what is due; give what that changed.

        Args:
            now: The moment; None for now.
        """
        self._set_time(now)
        while self._timers and self._timers[0][0] <= self._now:
            heapq.heappop(self._timers)[2]()
        return self._take_changes()

    # Time and changes.

    def _set_time(self, now: float | None) -> None:
        self._now = self._clock() if now is None else now

    def _after(self, seconds: float, function: Callable[[], object]) -> None:
        heapq.heappush(self._timers, (self._now + seconds, next(self._numbers), function))

    def _change(
        self, call: TrackedCall, kind: ChangeKind, channel: Channel | None, event: Event | None
    ) -> None:
        self._changes.append(Change(call, kind, channel, event))

    def _take_changes(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    # Channels.

    def _find(self, event: Event, prefix: str = "") -> Channel | None:
        """Find the channel of an event, and take in how that describes it."""
        channel = self.channels.get(event.get(f"{prefix}Uniqueid", ""))
        if channel is not None:
            self._describe(channel, event, prefix)
        return channel

    def _describe(self, channel: Channel, event: Event, prefix: str = "") -> None:
        get = event.get
        channel.name = get(f"{prefix}Channel", channel.name)
        channel.linkedid = get(f"{prefix}Linkedid", channel.linkedid)
        channel.caller_id = _party(event, f"{prefix}CallerID")
        channel.connected_line = _party(event, f"{prefix}ConnectedLine")
        channel.account_code = get(f"{prefix}AccountCode", channel.account_code)
        channel.language = get(f"{prefix}Language", channel.language)
        channel.context = get(f"{prefix}Context", channel.context)
        channel.exten = get(f"{prefix}Exten", channel.exten)
        channel.priority = number_in(get(f"{prefix}Priority", "")) or channel.priority

    def _add(self, uniqueid: str, event: Event) -> Channel:
        """Make a channel, in the call that it belongs to."""
        call_id = event.get("Linkedid") or uniqueid
        call = self.calls.get(call_id)
        if call is None:
            call = self.calls[call_id] = self._call_class(call_id, self._now, self._clock)
        channel = self.channels[uniqueid] = Channel(uniqueid, call, self._now)
        self._describe(channel, event)
        twin = f"{channel.name[:-2]}{_TWINS.get(channel.name[-2:])}"
        self._pair(channel, next((each for each in call.channels if each.name == twin), None))
        if uniqueid == call.id:  # it was made before all others, whichever was heard of first
            call.channels = (channel, *call.channels)
        else:
            call.channels += (channel,)
        if uniqueid == call.id or (call.first is None and not call.originated):
            call.first = channel
        self._note_heard(call, event)
        self._change(call, ChangeKind.CHANNEL_ADDED, channel, event)
        return channel

    def _pair(self, one: Channel, two: Channel | None) -> None:
        """Note that two channels are the halves of a Local one."""
        if two is not None:
            one.other_half, two.other_half = two, one

    def _note_heard(self, call: TrackedCall, event: Event) -> None:
        if not call.heard:
            call.heard = True
            self._change(call, ChangeKind.STARTED, call.first, event)

    def _set_state(self, channel: Channel, event: Event) -> None:
        channel.state = _STATES.get(number_in(event.get("ChannelState", "")), channel.state)
        if channel.state is ChannelState.UP and channel.answered_at is None:
            channel.answered_at = self._now
        call = channel.call
        if call.state is CallState.ANSWERED:
            return
        if call.first is not None and call.first.answered_at is not None:
            self._answer(call, channel, event)
        elif channel.state is ChannelState.RINGING:
            self._ring(call, channel, event)

    def _ring(self, call: TrackedCall, channel: Channel, event: Event) -> None:
        if call.state is CallState.DIALING:
            call.state = CallState.RINGING
            self._change(call, ChangeKind.RINGING, channel, event)

    def _answer(self, call: TrackedCall, channel: Channel | None, event: Event) -> None:
        call.state = CallState.ANSWERED
        call.answered_at = self._now
        self._change(call, ChangeKind.ANSWERED, channel, event)
        self._decide(call, Outcome.ANSWERED, event)

    def _move(self, channel: Channel, call: TrackedCall, event: Event) -> None:
        """Put a channel, with its other half, into another call."""
        old = channel.call
        moved = [each for each in old.channels if each in (channel, channel.other_half)]
        old.channels = tuple(each for each in old.channels if each not in moved)
        for each in moved:
            each.call = call
            call.channels += (each,)
            self._change(call, ChangeKind.CHANNEL_ADDED, each, event)
        if not old.channels:
            self._end_call(old, event)

    # Ends.

    def _end_channel(self, channel: Channel, event: Event | None) -> None:
        """Note that a channel is gone; without an event nobody heard why."""
        call = channel.call
        channel.ended_at = self._now
        channel.on_hold = False
        self._leave(channel, event)
        del self.channels[channel.uniqueid]
        call.channels = tuple(each for each in call.channels if each is not channel)
        self._change(call, ChangeKind.CHANNEL_GONE, channel, event)
        if not call.channels:
            self._end_call(call, event)
        self._settle(call)

    def _end_call(self, call: TrackedCall, event: Event | None) -> None:
        cause, text = _cause_of(call)
        talked = 0.0 if call.answered_at is None else self._now - call.answered_at
        call.end = CallEnd(cause, text, self._now - call.started_at, talked)
        call.state = CallState.ENDED
        self.calls.pop(call.id, None)
        if event is not None and call.originated and call.reason is None:
            # OriginateResponse is on its way.
            self._after(PATIENCE, functools.partial(self._settle, call, at_last=True))
        else:
            self._settle(call, at_last=True)
        self._change(call, ChangeKind.ENDED, call.first, event)

    def _settle(self, call: TrackedCall, *, at_last: bool = False) -> None:
        """Decide what became of a call that has failed, when enough is known.

        Args:
            call: The call.
            at_last: Whether nothing more is to be expected.
        """
        own = call.own_channels
        known = bool(own) and all(each.ended_at is not None for each in own)
        if call.outcome is None and (at_last or (call.reason is not None and known)):
            cause = _cause_of(call)[0]
            if call.cancelled:
                self._decide(call, Outcome.CANCELLED, None)
            elif cause is None and call.reason is None:
                self._decide(call, Outcome.UNKNOWN, None)
            else:
                self._decide(call, outcome_of_cause(cause or 0), None)
        if at_last:
            self._by_action.pop(call.action_id, None)
            if not (call.is_over or call.channels):  # there was no channel
                self._end_call(call, None)

    def _decide(self, call: TrackedCall, outcome: Outcome, event: Event | None) -> None:
        if call.outcome is None:
            call.outcome = outcome
            self._change(call, ChangeKind.DECIDED, call.first, event)

    def _lose(self, call: TrackedCall, failure: Error) -> None:
        """Note that nothing more will be heard of a call."""
        call.failure = failure
        self._drop(call)
        self._change(call, ChangeKind.LOST, call.first, None)

    def _drop(self, call: TrackedCall) -> None:
        if self.calls.get(call.id) is call:
            del self.calls[call.id]
        self._by_action.pop(call.action_id, None)

    # Bridges.

    def _bridge(self, uniqueid: str) -> Bridge:
        return self.bridges.get(uniqueid) or self.bridges.setdefault(uniqueid, Bridge(uniqueid))

    def _enter(self, channel: Channel, bridge: Bridge, event: Event) -> None:
        if channel.bridge is bridge:
            return
        self._leave(channel, event)
        channel.bridge = bridge
        bridge.channels += (channel,)
        if len(bridge.channels) > 1:
            for call in dict.fromkeys(each.call for each in bridge.channels):
                self._change(call, ChangeKind.BRIDGED, channel, event)

    def _leave(self, channel: Channel, event: Event | None) -> None:
        bridge, channel.bridge = channel.bridge, None
        if bridge is None:
            return
        bridge.channels = tuple(each for each in bridge.channels if each is not channel)
        if not bridge.channels:
            self.bridges.pop(bridge.uniqueid, None)
            return
        for call in dict.fromkeys([channel.call, *(each.call for each in bridge.channels)]):
            self._change(call, ChangeKind.UNBRIDGED, channel, event)


def _party(event: Event, prefix: str) -> Party:
    number, name = event.get(f"{prefix}Num", ""), event.get(f"{prefix}Name", "")
    number = "" if number in _ABSENT else unescape(number)
    return Party(number, "" if name in _ABSENT else unescape(name))


def _cause_of(call: TrackedCall) -> tuple[int | None, str]:
    """Give why a call ended: what its first channel says, or else the other half of that."""
    cause, text = None, ""
    for channel in call.own_channels:
        if channel.cause is not None and not cause:
            cause, text = channel.cause, channel.cause_text
    return cause, text


def number_in(text: str) -> int | None:
    """Read a number; None if it is none."""
    is_number = text.isdecimal() and text.isascii() and len(text) <= DIGITS
    return int(text) if is_number else None


def seconds_in(duration: str) -> float:
    """Read ``00:01:02``; 0 if it is none."""
    parts = [number_in(part) for part in duration.split(":")]
    numbers = [part for part in parts if part is not None]
    if len(parts) != len(numbers):
        return 0.0
    return float(sum(part * 60**place for place, part in enumerate(reversed(numbers))))
