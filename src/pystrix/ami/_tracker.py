"""From events to calls.

Pure: events in, changes of calls out, and a clock that whoever drives it reads. What is relied on:

* A channel is known by its Uniqueid; its name may change. It begins with Newchannel, or is found in
  a list of CoreShowChannels, and ends with Hangup; no other event makes one, for late ones come.
* Its call is the one that its Linkedid names when it begins. That id may change later (bridging
  makes two calls share one), which moves no channel; who is dialled belongs to the call of the
  channel that dials.
* The events of a channel come in order, those of several in any, and OriginateResponse, which takes
  another way through Asterisk, at any time.
* ``Reason`` of OriginateResponse says why a call failed only for channels that signal it in-band;
  for SIP it is 0, and the cause of the hang-up says it.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami._gap import Gap
from pystrix.ami._ledger import PATIENCE, CallT, Ledger, number_in, seconds_in
from pystrix.ami._tracked import Change, ChangeKind, Channel, Outcome, TrackedCall, Transfer
from pystrix.ami.errors import CallLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pystrix.ami._calling import Plan
    from pystrix.ami._message import Event, Response
    from pystrix.ami.errors import Error

__all__ = ["Tracker"]

GRACE: Final = 1.0
"""Seconds that events may be late: behind OriginateResponse, which overtakes them, and behind a
list that does not have a channel."""

_BY_REASON: Final = {5: Outcome.BUSY, 8: Outcome.CONGESTION, 3: Outcome.NO_ANSWER}
_UNHEARD: Final = (
    "nothing was heard of the call: to follow calls the user has to read the class call, and the "
    "event mask must not hide it"
)
_UNSEEN: Final = (
    "the call was answered, and nothing was heard of its channel: the event mask or a filter hides "
    "its events"
)
_NOT_HEARD: Final = "what became of the call was not heard: the connection was lost meanwhile"


class Tracker(Ledger[CallT]):
    """Turns events into calls.

    Whoever drives it gives it every event (`receive`), and calls `advance` when a `deadline` has
    come. Not thread-safe. Calls that have ended are forgotten.

    Args:
        call_class: What a call is made of: called as a `TrackedCall`.
        clock: Tells the time, in seconds; for `receive` without one.
    """

    def __init__(
        self,
        call_class: Callable[[str, float, Callable[[], float]], CallT],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(call_class, clock)
        self._handlers: Mapping[str, Callable[[Any], object]] = {
            "Newchannel": self._newchannel,
            "Newstate": self._newstate,
            "NewCallerid": self._find,
            "NewConnectedLine": self._find,
            "NewAccountCode": self._find,
            "Newexten": self._find,
            "Rename": self._rename,
            "Hangup": self._hangup,
            "DialBegin": self._dial,
            "DialState": self._dial,
            "LocalBridge": self._local_bridge,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "BridgeDestroy": self._bridge_destroy,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "BlindTransfer": self._blind_transfer,
            "AttendedTransfer": self._attended_transfer,
            "OriginateResponse": self._originate_response,
            Gap.NAME: self._gap,
        }

    # What drives it.

    def receive(self, message: Event | Response, now: float | None = None) -> list[Change]:
        """Take a message; give what it changed, in order. Those that say nothing are skipped.

        Args:
            message: The message.
            now: When it came; None for now.
        """
        handler: Callable[[Any], object] | None = self._handlers.get(message.NAME or message.name)
        if handler is None:
            return []
        self._set_time(now)
        handler(message)
        return self._take_changes()

    def resync(self, channels: Iterable[Event], now: float | None = None) -> list[Change]:
        """Take a list of all channels, the items of CoreShowChannels; give what it changed.

        What is not in it has ended, though nobody heard why; that is told after a moment, for its
        Hangup may be on the way.

        Args:
            channels: The list.
            now: When it came; None for now.
        """
        self._set_time(now)
        self._take_stock(channels)
        return self._take_changes()

    # Calls of this program.

    def expect(self, plan: Plan, now: float | None = None) -> CallT:
        """Begin a call that is about to be originated.

        Args:
            plan: How.
            now: The moment; None for now.

        Raises:
            ValueError: If there is a call with this id.
        """
        if plan.call_id in self.calls:
            raise ValueError(f"there is a call with the id {plan.call_id!r} already")
        self._set_time(now)
        call = self._call_class(plan.call_id, self._now, self._clock)
        call.dialled = plan.action["Channel"]
        call.action_id = plan.action_id
        call.originated = True
        self.calls[call.id] = self._by_action[plan.action_id] = call
        self._after(plan.patience, functools.partial(self._check_heard, call))
        return call

    def forget(self, call: TrackedCall) -> None:
        """Forget a call that Asterisk refused to begin, unless it has begun. Idempotent."""
        if not call.heard:
            self._drop(call)

    def cancel(self, call: TrackedCall) -> None:
        """Note that a call is about to be hung up from this side."""
        if call.outcome is None:
            call.cancelled = True

    def abandon(self, failure: Error) -> list[Change]:
        """Note that nothing more will be heard; give what that changed.

        Args:
            failure: Why.
        """
        for call in dict.fromkeys([*self.calls.values(), *self._by_action.values()]):
            error = CallLostError(f"{failure}: the call is not followed any more")
            error.__cause__ = failure
            self._lose(call, error)
        self.channels.clear()
        self.bridges.clear()
        self._timers.clear()
        return self._take_changes()

    # Channels.

    def _newchannel(self, event: Event) -> None:
        channel = self._find(event)
        uniqueid = event.get("Uniqueid")
        if channel is None and uniqueid:
            channel = self._add(uniqueid, event)
        if channel is not None:
            self._set_state(channel, event)

    def _newstate(self, event: Event) -> None:
        channel = self._find(event)
        if channel is not None:
            self._set_state(channel, event)

    def _rename(self, event: Event) -> None:
        channel = self.channels.get(event.get("Uniqueid", ""))
        if channel is not None:
            channel.name = event.get("Newname", channel.name)

    def _hangup(self, event: Event) -> None:
        channel = self._find(event)
        if channel is not None:
            self._set_state(channel, event)  # there may be no Newstate, in a filtered stream
            channel.cause = number_in(event.get("Cause", ""))
            channel.cause_text = event.get("Cause-txt", "")
            channel.tech_cause = event.get("TechCause", "")
            self._end_channel(channel, event)

    def _local_bridge(self, event: Event) -> None:
        one, two = self._find(event, "LocalOne"), self._find(event, "LocalTwo")
        if one is not None:
            self._pair(one, two)

    def _dial(self, event: Event) -> None:
        caller, dialled = self._find(event), self._find(event, "Dest")
        if dialled is None:
            return
        if caller is not None:
            dialled.dialed_by = caller
            if dialled.call is not caller.call and not dialled.call.originated:
                self._move(dialled, caller.call, event)
        if event.get("DialStatus") == "RINGING":
            self._ring(dialled.call, dialled, event)

    # Bridges.

    def _bridge_enter(self, event: Event) -> None:
        channel, uniqueid = self._find(event), event.get("BridgeUniqueid")
        if channel is not None and uniqueid:
            bridge = self._bridge(uniqueid)
            bridge.type = event.get("BridgeType", "")
            bridge.technology = event.get("BridgeTechnology", "")
            channel.on_hold = False
            self._enter(channel, bridge, event)

    def _bridge_leave(self, event: Event) -> None:
        channel = self._find(event)
        if channel is None or channel.bridge is None:
            return
        if channel.bridge.uniqueid == event.get("BridgeUniqueid"):  # and not in another one already
            self._leave(channel, event)

    def _bridge_destroy(self, event: Event) -> None:
        bridge = self.bridges.get(event.get("BridgeUniqueid", ""))
        for channel in () if bridge is None else bridge.channels:
            self._leave(channel, event)

    # Hold and transfer.

    def _hold(self, event: Event) -> None:
        self._set_hold(event, ChangeKind.HELD)

    def _unhold(self, event: Event) -> None:
        self._set_hold(event, ChangeKind.UNHELD)

    def _set_hold(self, event: Event, kind: ChangeKind) -> None:
        channel = self._find(event)
        held = kind is ChangeKind.HELD
        if channel is not None and channel.on_hold is not held:
            channel.on_hold = held
            self._change(channel.call, kind, channel, event)

    def _blind_transfer(self, event: Event) -> None:
        target = f"{event.get('Extension', '')}@{event.get('Context', '')}"
        channels = [self._find(event, "Transferer"), self._find(event, "Transferee")]
        self._transfer("blind", event, "Transferer", target, channels)

    def _attended_transfer(self, event: Event) -> None:
        prefixes = ("OrigTransferer", "SecondTransferer", "Transferee", "TransferTarget")
        channels = [self._find(event, prefix) for prefix in prefixes]
        target = event.get("TransferTargetChannel", "")
        bridge = self.bridges.get(event.get("DestBridgeUniqueid", ""))
        if not target and bridge is not None:
            others = (each.name for each in bridge.channels if each not in channels)
            target = next(others, "")
        target = target or event.get("DestApp", "")
        self._transfer("attended", event, "OrigTransferer", target, channels)

    def _transfer(
        self,
        kind: str,
        event: Event,
        transferer: str,
        target: str,
        channels: list[Channel | None],
    ) -> None:
        transfer = Transfer(
            kind,
            event.get("Result", ""),
            event.get(f"{transferer}Channel", ""),
            event.get("TransfereeChannel", ""),
            target,
        )
        for call in dict.fromkeys(each.call for each in channels if each is not None):
            call.transfers.append(transfer)
            self._change(call, ChangeKind.TRANSFERRED, channels[0], event)

    # Outcomes.

    def _originate_response(self, event: Event) -> None:
        call: TrackedCall | None = self._by_action.pop(event.action_id or "", None)
        if call is None:  # of somebody else
            call = self.calls.get(event.get("Uniqueid", ""))
        if call is None or call.action_id not in {"", event.action_id}:
            return
        self._note_heard(call, event)
        call.reason = number_in(event.get("Reason", ""))
        if event.get("Response") == "Success":
            if call.answered_at is None:
                self._answer(call, call.first, event)
            if not call.channels:  # it may overtake the events of the channel
                self._after(PATIENCE, functools.partial(self._lose_waiting, call, _UNSEEN))
            return
        if call.reason in _BY_REASON:
            self._decide(call, _BY_REASON[call.reason], event)
        waits = GRACE if call.first is None else PATIENCE
        self._after(waits, functools.partial(self._settle, call, at_last=True))
        self._settle(call)

    def _check_heard(self, call: TrackedCall) -> None:
        if not call.heard and self.calls.get(call.id) is call:  # it may be forgotten
            self._lose_waiting(call, _UNHEARD)

    # Gaps and lists.

    def _gap(self, gap: Event) -> None:
        if not isinstance(gap, Gap):  # somebody made Asterisk send it
            return
        for call in self._by_action.values():
            self._after(PATIENCE, functools.partial(self._lose_waiting, call, _NOT_HEARD))
        if gap.channels is not None:
            self._take_stock(gap.channels)

    def _lose_waiting(self, call: TrackedCall, why: str) -> None:
        if not (call.is_over or call.channels):
            self._lose(call, CallLostError(why))

    def _take_stock(self, channels: Iterable[Event]) -> None:
        found = ((event.get("Uniqueid"), event) for event in channels)
        listed = {uniqueid: event for uniqueid, event in found if uniqueid}
        known = set(self.calls)
        for uniqueid, event in listed.items():
            channel = self.channels.get(uniqueid)
            if channel is None:
                self._list_new(uniqueid, event)
            else:
                self._describe(channel, event)
                self._set_state(channel, event)
        for call_id in self.calls.keys() - known:
            call = self.calls[call_id]
            if call.answered_at is not None:  # nobody heard when
                call.answered_at = call.started_at
        for uniqueid, event in listed.items():
            self._list_bridge(self.channels[uniqueid], event)
        for uniqueid, channel in self.channels.items():
            if uniqueid not in listed:
                self._after(GRACE, functools.partial(self._end_unheard, channel))

    def _list_new(self, uniqueid: str, event: Event) -> None:
        """Take in a channel that began before anybody listened."""
        channel = self._add(uniqueid, event)
        channel.started_at -= seconds_in(event.get("Duration", ""))
        channel.call.started_at = min(channel.call.started_at, channel.started_at)
        self._set_state(channel, event)
        if channel.answered_at is not None:  # nobody heard when
            channel.answered_at = channel.started_at

    def _list_bridge(self, channel: Channel, event: Event) -> None:
        uniqueid = event.get("BridgeId", "")
        if uniqueid:
            self._enter(channel, self._bridge(uniqueid), event)
        else:
            self._leave(channel, event)

    def _end_unheard(self, channel: Channel) -> None:
        """End a channel of which no Hangup was heard."""
        if channel.ended_at is None:
            self._end_channel(channel, None)
