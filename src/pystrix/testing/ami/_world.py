"""The calls of a simulated Asterisk: channels, what becomes of them, and time.

Pure: whoever drives it moves the clock.
"""

from __future__ import annotations

import heapq
import itertools
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from pystrix.testing.ami._answers import Refused
from pystrix.testing.ami._calls import FarEnd, Outcome, SimulatedCall
from pystrix.testing.ami._channels import ChannelState, SimulatedChannel
from pystrix.testing.ami._guard import guarded
from pystrix.testing.ami._messages import Pairs, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["World"]


class World:
    """Channels and calls, and a clock.

    Args:
        guard: Entered by every method that a test calls.
    """

    def __init__(self, guard: AbstractContextManager[Any]) -> None:
        self.guard = guard
        """See `guarded`."""
        self.context = "default"
        """The context of channels that do not say theirs."""
        self.now: float = 0.0
        """Seconds since it was made."""
        self.epoch: float = time.time()
        """The time of day when it was made, in seconds since 1970."""
        self.frozen: bool = False
        """Whether it does nothing at all, like a process that was stopped."""
        self.variables: dict[str, str] = {}
        """Global variables."""
        self.far_ends: dict[str, FarEnd | Outcome] = {}
        """What becomes of calls, by the channel as Originate names it."""
        self.far_end_of_others: FarEnd | Outcome = FarEnd()
        """What becomes of calls to all other channels: they are answered at once."""
        self.channels: dict[str, SimulatedChannel] = {}
        """The channels that are there, by Uniqueid."""
        self.calls: list[SimulatedCall] = []
        """Every call that was made, in order."""
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._ids = itertools.count()
        self._names: dict[str, Iterator[int]] = {}

    @abstractmethod
    def emit(self, name: str, pairs: Pairs) -> None:
        """Send an event."""

    # What a test arranges.

    @guarded
    def hang_up_all(self, cause: int = 16) -> None:
        """Hang up every channel."""
        for channel in list(self.channels.values()):
            channel.request_hangup(cause)

    @guarded
    def receive_call(
        self,
        channel: str,
        exten: str = "s",
        *,
        context: str = "",
        caller_id: tuple[str, str] = ("", ""),
    ) -> SimulatedChannel:
        """Have a call come in: a channel that has not been answered.

        Args:
            channel: Technology and peer: ``"PJSIP/alice"``.
            exten: The extension it calls.
            context: The context of that; ``""`` for `context`.
            caller_id: Number and name of its caller ID.
        """
        made = self._make(channel)
        place = context or self.context, exten, "1"
        made.state, made.place, made.caller_id = ChannelState.RING, place, caller_id
        made.runs_dialplan = True
        made.emit("Newchannel")
        return made

    @guarded
    def dial(self, caller: SimulatedChannel, channel: str, timeout: float = 30.0) -> SimulatedCall:
        """Have a channel dial another, as the dialplan's Dial does; who answers is bridged with it.

        Args:
            caller: Who dials.
            channel: Whom: ``"PJSIP/bob"``.
            timeout: For how many seconds that may ring.
        """
        dialled = self.new_channel(channel, linkedid=caller.linkedid)
        call = SimulatedCall(self, dialled, channel.partition("/")[2], caller=caller)
        self.calls.append(call)
        call.begin(self.far_end(channel), timeout)
        return call

    # Time.

    @property
    def time(self) -> float:
        """The time of day, in seconds since 1970."""
        return self.epoch + self.now

    @property
    def deadline(self) -> float | None:
        """When something happens by itself; None if nothing ever does."""
        return None if self.frozen or not self._timers else self._timers[0][0]

    def advance(self, to: float) -> None:
        """Let time pass, up to a moment in seconds since it was made, and what is due happen."""
        while (due := self.deadline) is not None and due <= to:
            _, _, function = heapq.heappop(self._timers)
            self.now = max(self.now, due)
            function()
        self.now = max(self.now, to)

    def after(self, seconds: float, function: Callable[[], object]) -> None:
        """Have a function called."""
        heapq.heappush(self._timers, (self.now + max(seconds, 0.0), next(self._ids), function))

    # What its parts ask for.

    def new_id(self) -> str:
        """Make a Uniqueid."""
        return f"{int(self.time)}.{next(self._ids)}"

    def far_end(self, channel: str) -> FarEnd:
        """Give what becomes of a call to a channel."""
        given = self.far_ends.get(channel, self.far_end_of_others)
        return given if isinstance(given, FarEnd) else FarEnd(given)

    def set_variable(self, name: str, value: str) -> None:
        """Set a global variable."""
        self.variables[name] = value
        nobody = [("Channel", "none"), ("Uniqueid", "none")]
        self.emit("VarSet", [*nobody, ("Variable", name), ("Value", escape(value))])

    def channel_or_refuse(self, name: str, message: str) -> SimulatedChannel:
        """Find a channel by its name or Uniqueid.

        Raises:
            Refused: If it is not there.
        """
        if name in self.channels:
            return self.channels[name]
        for channel in self.channels.values():
            if name and channel.name.lower() == name.lower():
                return channel
        raise Refused(message)

    def forget_channel(self, channel: SimulatedChannel) -> None:
        """Note that a channel is gone."""
        self.channels.pop(channel.uniqueid, None)

    def new_channel(
        self, dialled: str, uniqueid: str = "", other_id: str = "", *, linkedid: str = ""
    ) -> SimulatedChannel:
        """Make the channel for a call, both halves of a Local one."""
        technology, _, rest = dialled.partition("/")
        if technology.lower() != "local":
            made = self._make(dialled, uniqueid, linkedid)
            made.emit("Newchannel")
            return made
        exten, _, context = rest.partition("/")[0].partition("@")
        context = context or self.context
        name = f"Local/{exten}@{context}-{next(self._counter('local')):08x}"
        one = SimulatedChannel(self, f"{name};1", uniqueid or self.new_id(), linkedid)
        two = SimulatedChannel(self, f"{name};2", other_id or f"{one.uniqueid};2", one.linkedid)
        two.state, two.runs_dialplan = ChannelState.RING, True
        one.other_half, two.other_half = two, one
        for half in (one, two):
            half.place = context, exten, "1"
            self.channels[half.uniqueid] = half
            half.emit("Newchannel")
        return one

    def _make(self, dialled: str, uniqueid: str = "", linkedid: str = "") -> SimulatedChannel:
        technology, _, rest = dialled.partition("/")
        peer = rest.rpartition("@")[2].partition("/")[0]
        name = f"{technology}/{peer}-{next(self._counter(technology)):08x}"
        channel = SimulatedChannel(self, name, uniqueid or self.new_id(), linkedid)
        self.channels[channel.uniqueid] = channel
        return channel

    def _counter(self, technology: str) -> Iterator[int]:
        return self._names.setdefault(technology.lower(), itertools.count())
