"""What is known of calls: channels, bridges, and what they were and are.

Pure. A `Tracker` fills it from events; programs read it.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami._message import Event
    from pystrix.ami.errors import Error

__all__ = [
    "Bridge",
    "CallEnd",
    "CallState",
    "Change",
    "ChangeKind",
    "Channel",
    "ChannelState",
    "Outcome",
    "Party",
    "TrackedCall",
    "Transfer",
    "outcome_of_cause",
]

KEPT_TRANSFERS: Final = 20
"""How many transfers of one call are remembered."""


class ChannelState(enum.IntEnum):
    """The state of a channel, as Asterisk numbers it."""

    DOWN = 0
    RESERVED = 1
    OFF_HOOK = 2
    DIALING = 3
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7
    DIALING_OFF_HOOK = 8
    PRE_RING = 9
    UNKNOWN = 10


class CallState(enum.Enum):
    """How far a call is."""

    DIALING = "dialing"
    """It was begun, and nothing rings."""
    RINGING = "ringing"
    """Somebody's telephone rings."""
    ANSWERED = "answered"
    """Its first channel was answered."""
    ENDED = "ended"
    """All of its channels were hung up."""


class Outcome(enum.Enum):
    """What became of the attempt to call somebody."""

    ANSWERED = "answered"
    BUSY = "busy"
    CONGESTION = "congestion"
    """There was no line, or the network was full."""
    NO_ANSWER = "no answer"
    CANCELLED = "cancelled"
    """It was hung up before anybody answered, by who called or from this side."""
    FAILED = "failed"
    """Anything else: no such number, peer or extension, refused, unreachable."""
    UNKNOWN = "unknown"
    """Nobody heard: the connection to Asterisk was lost in that moment."""


_BY_CAUSE: Final = {
    16: Outcome.CANCELLED,
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,
    19: Outcome.NO_ANSWER,
    34: Outcome.CONGESTION,
    42: Outcome.CONGESTION,
    44: Outcome.CONGESTION,
}


def outcome_of_cause(cause: int) -> Outcome:
    """Tell by the cause of its hang-up why a call was not answered."""
    return _BY_CAUSE.get(cause, Outcome.FAILED)


class Party(NamedTuple):
    """Number and name of somebody; ``""`` where they are not known."""

    number: str = ""
    name: str = ""


class CallEnd(NamedTuple):
    """How a call ended."""

    cause: int | None
    """The cause, as ISDN numbers it: 16 normal clearing, 17 busy, ...; 0 if Asterisk did not say,
    None if nobody heard."""
    cause_text: str
    """The cause in Asterisk's words."""
    duration: float
    """How many seconds it lasted."""
    talked: float
    """How many seconds of that since it was answered; 0 if it was not."""


class Transfer(NamedTuple):
    """A transfer: somebody had a call connected with somebody else."""

    kind: str
    """``"blind"`` or ``"attended"``."""
    result: str
    """``"Success"``, or why there is none: ``"Fail"``, ``"Invalid"``, ``"Not Permitted"``."""
    transferer: str
    """The name of the channel that transferred."""
    transferee: str
    """The name of the channel that was transferred; ``""`` if there was none."""
    target: str
    """Where to: the name of a channel, an application, or ``extension@context``; ``""`` if that
    is not known."""


class Bridge:
    """A bridge: the channels in it hear each other."""

    __slots__ = ("channels", "technology", "type", "uniqueid")

    def __init__(self, uniqueid: str) -> None:
        self.uniqueid: str = uniqueid
        """Its id."""
        self.type: str = ""
        """What it is for: ``basic``, ``holding``, ..."""
        self.technology: str = ""
        """How it mixes: ``simple_bridge``, ``softmix``, ..."""
        self.channels: tuple[Channel, ...] = ()
        """The channels in it, in the order in which they came."""

    def __repr__(self) -> str:
        return f"<Bridge {self.uniqueid} of {[channel.name for channel in self.channels]}>"


class Channel:
    """A channel as it is now, or was when it ended. Only the tracker changes it."""

    __slots__ = (
        "account_code",
        "answered_at",
        "bridge",
        "call",
        "caller_id",
        "cause",
        "cause_text",
        "connected_line",
        "context",
        "dialed_by",
        "ended_at",
        "exten",
        "language",
        "linkedid",
        "name",
        "on_hold",
        "other_half",
        "priority",
        "started_at",
        "state",
        "tech_cause",
        "uniqueid",
    )

    def __init__(self, uniqueid: str, call: TrackedCall, now: float) -> None:
        self.uniqueid: str = uniqueid
        """Its Uniqueid, which never changes."""
        self.call: TrackedCall = call
        """The call it belongs to."""
        self.name: str = ""
        """Its name now: ``PJSIP/alice-00000001``."""
        self.linkedid: str = ""
        """The id that Asterisk gives to all channels that have to do with each other, now."""
        self.state: ChannelState = ChannelState.DOWN
        """Its state."""
        self.caller_id: Party = Party()
        """Who is at its end."""
        self.connected_line: Party = Party()
        """With whom that is connected."""
        self.account_code: str = ""
        """Its account code."""
        self.language: str = ""
        """The language of its prompts."""
        self.context: str = ""
        """The context of the dialplan that it is in."""
        self.exten: str = ""
        """The extension there."""
        self.priority: int = 0
        """The step of that extension."""
        self.bridge: Bridge | None = None
        """The bridge it is in."""
        self.dialed_by: Channel | None = None
        """The channel that called it; None if none did."""
        self.other_half: Channel | None = None
        """The other half of a Local channel."""
        self.on_hold: bool = False
        """Whether the one at its end has put the others on hold."""
        self.started_at: float = now
        """When it was made, on the clock of the tracker, in seconds."""
        self.answered_at: float | None = None
        """When it was answered; None if it was not."""
        self.ended_at: float | None = None
        """When it was hung up; None if it was not."""
        self.cause: int | None = None
        """Why it was hung up, as ISDN numbers it; None while it was not, or if nobody heard."""
        self.cause_text: str = ""
        """The same in Asterisk's words."""
        self.tech_cause: str = ""
        """The same as its technology says it: ``486`` for SIP; ``""`` if it does not."""

    @property
    def bridged_with(self) -> tuple[Channel, ...]:
        """The channels that it shares a bridge with."""
        bridge = self.bridge
        return () if bridge is None else tuple(each for each in bridge.channels if each is not self)

    def __repr__(self) -> str:
        state = self.state.name if self.ended_at is None else "ENDED"
        return f"<Channel {self.name} {state}>"


class TrackedCall:
    """A call: channels that were made for each other. Only the tracker changes it.

    A call begins with its first channel and ends when the last is hung up. Who is called later for
    it (Dial, a queue, a transfer) belongs to it as well; two calls that are bridged stay two calls.

    Args:
        call_id: Its id: the Uniqueid of its first channel.
        now: When it began.
        clock: Tells the time.
    """

    def __init__(self, call_id: str, now: float, clock: Callable[[], float]) -> None:
        self.id = call_id
        """Its id: the Uniqueid of its first channel, and the Linkedid that it began with."""
        self.dialled = ""
        """What was dialled, if this program began it: ``"PJSIP/alice"``."""
        self.action_id = ""
        """The ActionID that it was originated with, if this program began it."""
        self.state = CallState.DIALING
        """How far it is."""
        self.channels: tuple[Channel, ...] = ()
        """Its channels that there are, in the order in which they were made."""
        self.first: Channel | None = None
        """Its first channel, also when that has ended; None until it was seen."""
        self.started_at = now
        """When it began, on the clock of the tracker, in seconds."""
        self.answered_at: float | None = None
        """When it was answered; None if it was not."""
        self.end: CallEnd | None = None
        """How it ended; None until it has."""
        self.outcome: Outcome | None = None
        """What became of the attempt to call; None until that is decided."""
        self.reason: int | None = None
        """The ``Reason`` of OriginateResponse, if there was one."""
        self.transfers: deque[Transfer] = deque(maxlen=KEPT_TRANSFERS)
        """The transfers it took part in, the last ones if there were many."""
        self.failure: Error | None = None
        """Why nothing more will be heard of it, though it has not ended."""
        self.cancelled = False
        """Whether it was hung up from this side."""
        self.originated = False
        """Whether this program began it."""
        self.heard = False
        """Whether Asterisk said anything of it."""
        self._clock = clock

    @property
    def channel(self) -> Channel | None:
        """Its first channel; when that is gone, the oldest that there is."""
        first = self.first
        if first is not None and (first.ended_at is None or not self.channels):
            return first
        return self.channels[0] if self.channels else None

    @property
    def own_channels(self) -> tuple[Channel, ...]:
        """Its first channel with its other half, whether they have ended or not."""
        first = self.first
        if first is None:
            return ()
        return (first,) if first.other_half is None else (first, first.other_half)

    @property
    def bridged_with(self) -> tuple[Channel, ...]:
        """The channels that its first channel talks with: that share a bridge with it.

        Of a Local channel that runs through the dialplan the second half is the one in the bridge.
        When the first channel is gone, whom the oldest one talks with.
        """
        own = self.own_channels
        if self.channels and not any(each.ended_at is None for each in own):
            own = (self.channels[0],)
        return tuple(each for one in own for each in one.bridged_with if each not in own)

    @property
    def on_hold(self) -> bool:
        """Whether somebody in it has put the others on hold."""
        return any(channel.on_hold for channel in self.channels)

    @property
    def duration(self) -> float:
        """How many seconds it has lasted."""
        return self._clock() - self.started_at if self.end is None else self.end.duration

    @property
    def talked(self) -> float:
        """How many seconds ago it was answered; for how many it was, when it has ended."""
        if self.end is not None:
            return self.end.talked
        return 0.0 if self.answered_at is None else self._clock() - self.answered_at

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or nothing more will be heard of it."""
        return self.end is not None or self.failure is not None

    @property
    def is_decided(self) -> bool:
        """Whether it is known what became of the attempt to call."""
        return self.outcome is not None or self.failure is not None

    def __repr__(self) -> str:
        outcome = "" if self.outcome is None else f", {self.outcome.value}"
        return f"<{type(self).__name__} {self.id}: {self.state.value}{outcome}>"


class ChangeKind(enum.Enum):
    """What can happen to a call."""

    STARTED = "started"
    """It began, or was found."""
    RINGING = "ringing"
    """Somebody's telephone rings."""
    ANSWERED = "answered"
    """Its first channel was answered."""
    DECIDED = "decided"
    """It is known what became of the attempt to call: `TrackedCall.outcome`."""
    CHANNEL_ADDED = "channel added"
    """It has one more channel."""
    CHANNEL_GONE = "channel gone"
    """One of its channels was hung up."""
    BRIDGED = "bridged"
    """One of its channels shares a bridge with another channel, or with one more."""
    UNBRIDGED = "unbridged"
    """A channel has left such a bridge."""
    HELD = "held"
    """Somebody put the others on hold."""
    UNHELD = "unheld"
    """Somebody took the call up again."""
    TRANSFERRED = "transferred"
    """Somebody transferred it, or tried to: the last of `TrackedCall.transfers`."""
    ENDED = "ended"
    """All of its channels were hung up."""
    LOST = "lost"
    """Nothing more will be heard of it: `TrackedCall.failure`."""


class Change(NamedTuple):
    """Something that happened to a call."""

    call: TrackedCall
    """The call."""
    kind: ChangeKind
    """What happened."""
    channel: Channel | None = None
    """To which of its channels, if it was one."""
    event: Event | None = None
    """The event that told it, if one did."""
