"""Calls of a simulated Asterisk: how a channel is dialled, and what becomes of it.

Pure. The order of the events is that of a live Asterisk 22; where a live one has several, one of
them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pystrix.testing.ami._channels import (
    CLEARING,
    Bridge,
    ChannelState,
    SimulatedChannel,
)
from pystrix.testing.ami._guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pystrix.testing.ami._messages import Pairs
    from pystrix.testing.ami._world import World

__all__ = ["ANSWERED", "FarEnd", "Outcome", "SimulatedCall"]

ANSWERED: Final = 4  # the Reasons of OriginateResponse
BUSY: Final = 5
CONGESTED: Final = 8
TIMED_OUT: Final = 3
FAILED: Final = 0

Outcome: TypeAlias = Literal["answers", "rings", "busy", "congestion", "no answer", "fails"]


@dataclasses.dataclass(frozen=True)
class FarEnd:
    """What becomes of a call that is made to a channel.

    ``FarEnd("rings")`` leaves it to the test: `SimulatedCall.answer` and the like.
    """

    outcome: Outcome = "answers"
    """What it does."""
    after: float = 0.0
    """After how many seconds; it rings in the meantime."""
    talks: float | None = None
    """How many seconds after the answer it hangs up; None for never."""
    cause: int | None = None
    """With ``"fails"``, the cause of the hang-up; None for a channel that does not exist."""
    reason: int | None = None
    """The Reason of OriginateResponse; None for the usual one, which for all but Local channels is
    0 whenever the far end refuses: the cause of the hang-up says why."""


class SimulatedCall:
    """A call from Asterisk to a channel. The methods are what the far end does.

    Args:
        world: The Asterisk it is in.
        channel: The channel that is called.
        dialled: What was dialled, without the technology.
        caller: The channel that dials; None if an action does.
        on_outcome: Called with the Reason of an OriginateResponse, once.
    """

    def __init__(
        self,
        world: World,
        channel: SimulatedChannel,
        dialled: str,
        *,
        caller: SimulatedChannel | None = None,
        on_outcome: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.channel = channel
        """The channel that is called; of a Local channel the first half."""
        self.caller = caller
        """The channel that called it; None if an action did."""
        self.dialing: bool = True
        """Whether the far end has not decided yet."""
        self.talks: float | None = None
        """How many seconds after the answer the far end hangs up; None for never."""
        self._world = world
        self._dialled = dialled
        self._on_outcome = on_outcome
        self._reason: int | None = None
        for each in self.channels:
            each.call = self

    @property
    def guard(self) -> AbstractContextManager[Any]:
        """See `guarded`."""
        return self._world.guard

    @property
    def channels(self) -> tuple[SimulatedChannel, ...]:
        """The channel that is called, and the other half of a Local channel."""
        other = self.channel.other_half
        return (self.channel,) if other is None else (self.channel, other)

    @property
    def answered(self) -> bool:
        """Whether it was answered and lasts."""
        return not self.dialing and not self.channel.gone

    @property
    def far(self) -> SimulatedChannel:
        """The channel at the far end: the second half of a Local channel, else the only one."""
        return self.channels[-1]

    def __repr__(self) -> str:
        state = "dialing" if self.dialing else "up" if self.answered else "over"
        return f"<SimulatedCall {self.channel.name} {state}>"

    # What the far end does.

    @guarded
    def ring(self) -> None:
        """Ring. Idempotent."""
        if self.dialing and self.channel.state is ChannelState.DOWN:
            self.channel.set_state(ChannelState.RINGING)
            self._dial_event("DialState", "RINGING")

    @guarded
    def answer(self) -> None:
        """Answer.

        Raises:
            RuntimeError: If it cannot be answered any more.
        """
        self._decide()
        for channel in self.channels[::-1]:
            channel.set_state(ChannelState.UP)
        self._dial_event("DialEnd", "ANSWER")
        if self.caller is not None:
            self._connect(self.caller)
        self._tell(ANSWERED)
        if self.talks is not None:
            self._world.after(self.talks, self.far.hang_up)

    @guarded
    def busy(self) -> None:
        """Be busy.

        Raises:
            RuntimeError: If it is decided already.
        """
        self._refuse("BUSY", BUSY, 17)

    @guarded
    def congest(self) -> None:
        """Fail for congestion.

        Raises:
            RuntimeError: If it is decided already.
        """
        self._refuse("CONGESTION", CONGESTED, 34)

    @guarded
    def time_out(self) -> None:
        """Ring for as long as the caller waits.

        Raises:
            RuntimeError: If it is decided already.
        """
        self.ring()
        self._decide()
        cause: Pairs = [("Cause", "19")]
        if self.caller is not None:
            self._dial_event("DialEnd", "NOANSWER")
        for other in self.channels[1:]:
            other.emit("HangupRequest", cause)
        self.channel.hangup(19)
        self._tell(TIMED_OUT)
        self._end_far(19)

    @guarded
    def fail(self, cause: int = 0) -> None:
        """Refuse the call, or be no extension (cause 0).

        Raises:
            RuntimeError: If it is decided already.
        """
        self._decide()
        for far in self.channels[1:]:
            far.stop_dialplan()
        self.channel.emit("HangupRequest", [("Cause", str(cause))])
        self._dial_event("DialEnd", "NOANSWER")
        self._tell(FAILED)
        for channel in self.channels[::-1]:
            channel.hangup(cause)

    @guarded
    def hang_up(self, cause: int = CLEARING) -> None:
        """Hang up. Idempotent."""
        self.far.hang_up(cause)

    # What Asterisk does.

    def announce(self, *, optimizes: bool) -> None:
        """Tell that the halves of a Local channel belong together."""
        channel = self.channel
        if channel.other_half is None:
            return
        halves = channel.snapshot("LocalOne") + channel.other_half.snapshot("LocalTwo")
        context, exten, _ = channel.place
        place = [("Context", context), ("Exten", exten)]
        optimization = ("LocalOptimization", "Yes" if optimizes else "No")
        self._world.emit("LocalBridge", [*halves, *place, optimization])

    def vanish(self) -> None:
        """Fail because the extension of a Local channel is not there."""
        self._decide()
        self.far.hangup(0)
        self._tell(FAILED)
        self.channel.hangup(0)

    def begin(self, far_end: FarEnd, timeout: float) -> None:
        """Dial.

        Args:
            far_end: What becomes of it.
            timeout: For how many seconds it may ring.
        """
        self._dial_event("DialBegin", "")
        self.talks, self._reason = far_end.talks, far_end.reason
        act = self._action(far_end)
        if act is None or far_end.after > 0:
            self.ring()
        if act is None:
            self._world.after(timeout, self._if_dialing(self.time_out))
        elif far_end.after > 0:
            self._world.after(min(far_end.after, timeout), self._if_dialing(act))
        else:
            act()

    def abandon(self, channel: SimulatedChannel, cause: int) -> None:
        """Be hung up from this side, before it is answered."""
        self._decide()
        self._dial_event("DialEnd", "NOANSWER")
        for each in self.channels:
            if each is not channel:
                each.emit("HangupRequest", [("Cause", str(cause))])
        self._tell(FAILED)
        self.channel.hangup(cause)
        self._end_far(cause)

    def _action(self, far_end: FarEnd) -> Callable[[], object] | None:
        """Give what the far end does in the end; None for nothing."""
        return {
            "answers": self.answer,
            "busy": self.busy,
            "congestion": self.congest,
            "no answer": self.time_out,
            "fails": lambda: self.fail(far_end.cause or 0),
        }.get(far_end.outcome)

    def _if_dialing(self, act: Callable[[], object]) -> Callable[[], object]:
        return lambda: act() if self.dialing else None

    def _decide(self) -> None:
        if not self.dialing:
            raise RuntimeError(f"{self!r} has been decided already")
        self.dialing = False

    def _tell(self, reason: int) -> None:
        self._on_outcome(reason if self._reason is None else self._reason)

    def _dial_event(self, name: str, status: str) -> None:
        pairs = self.channel.snapshot("Dest")
        if self.caller is not None:
            pairs = self.caller.snapshot() + pairs
        said = ("DialStatus", status) if status else ("DialString", self._dialled)
        self._world.emit(name, [*pairs, said])

    def _connect(self, caller: SimulatedChannel) -> None:
        """Bridge the one who dialled and the one who answered."""
        if caller.state is not ChannelState.UP:
            caller.set_state(ChannelState.UP)
        bridge = Bridge(self._world)
        caller.call = self
        self.channel.linkedid = caller.linkedid
        bridge.enter(self.channel)
        bridge.enter(caller)

    def _refuse(self, status: str, reason: int, cause: int) -> None:
        self._decide()
        if len(self.channels) == 1:  # Asterisk tells why by the cause alone
            self.channel.emit("HangupRequest", [("Cause", str(cause))])
            self._dial_event("DialEnd", status)
            self._tell(FAILED)
            self.channel.hangup(cause)
            return
        self._dial_event("DialEnd", status)
        self.far.set_state(ChannelState.BUSY)
        self.far.emit("HangupRequest", [("Cause", "0")])
        self._tell(reason)
        self.far.stop_dialplan()
        self.channel.hangup(0)
        self.far.hangup(cause)

    def _end_far(self, cause: int) -> None:
        for far in self.channels[1:]:
            far.stop_dialplan()
            far.hangup(cause)
