"""Channels and bridges of a simulated Asterisk, and the events they make.

Pure. The headers and their order are those of a live Asterisk 22.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from pystrix.testing.ami._guard import guarded
from pystrix.testing.ami._messages import Pairs, escape

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pystrix.testing.ami._calls import SimulatedCall
    from pystrix.testing.ami._world import World

__all__ = ["CAUSES", "Bridge", "ChannelState", "SimulatedChannel"]

UNKNOWN: Final = "<unknown>"
CAUSES: Final = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    27: "Destination out of order",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    127: "Interworking, unspecified",
}
"""Why a call ended, in Asterisk's words; a selection."""


class ChannelState(enum.IntEnum):
    """The state of a channel, as Asterisk numbers it."""

    DOWN = 0
    RING = 4
    RINGING = 5
    UP = 6
    BUSY = 7


class Bridge:
    """A bridge: the channels in it hear each other."""

    def __init__(self, world: World) -> None:
        self.uniqueid: str = world.new_id()
        self.channels: list[SimulatedChannel] = []
        self._world = world
        world.emit("BridgeCreate", self.snapshot())

    def snapshot(self) -> Pairs:
        """Give the headers that describe it."""
        technology = "simple_bridge" if len(self.channels) <= 2 else "softmix"  # noqa: PLR2004
        return [
            ("BridgeUniqueid", self.uniqueid),
            ("BridgeType", "basic"),
            ("BridgeTechnology", technology),
            ("BridgeCreator", UNKNOWN),
            ("BridgeName", UNKNOWN),
            ("BridgeNumChannels", str(len(self.channels))),
            ("BridgeVideoSourceMode", "none"),
        ]

    def enter(self, channel: SimulatedChannel) -> None:
        """Let a channel in; all in it belong to the oldest call then."""
        if self.channels:
            channel.linkedid = self.channels[0].linkedid
        self.channels.append(channel)
        channel.bridge = self
        self._world.emit("BridgeEnter", self.snapshot() + channel.snapshot())

    def leave(self, channel: SimulatedChannel) -> None:
        """Let a channel out; the last two leave together."""
        self._remove(channel)
        if len(self.channels) == 1:
            self._remove(self.channels[0])
        if not self.channels:
            self._world.emit("BridgeDestroy", self.snapshot())

    def _remove(self, channel: SimulatedChannel) -> None:
        self.channels.remove(channel)
        channel.bridge = None
        self._world.emit("BridgeLeave", self.snapshot() + channel.snapshot())


class SimulatedChannel:
    """A channel. The public methods are what the person at its end does.

    Args:
        world: The Asterisk it is in.
        name: Its name: ``PJSIP/alice-00000000``.
        uniqueid: Its Uniqueid.
        linkedid: The Uniqueid of the first channel of its call; ``""`` for its own.
    """

    def __init__(
        self,
        world: World,
        name: str,
        uniqueid: str,
        linkedid: str = "",
    ) -> None:
        self.name = name
        """Its name."""
        self.uniqueid = uniqueid
        """Its Uniqueid."""
        self.linkedid: str = linkedid or uniqueid
        """The Uniqueid of the first channel of its call."""
        self.state: ChannelState = ChannelState.DOWN
        """Its state."""
        self.caller_id: tuple[str, str] = ("", "")
        """Number and name of its caller ID."""
        self.connected_line: tuple[str, str] = ("", "")
        """Number and name of whom it is connected with."""
        self.language = "en"
        """The language of its prompts."""
        self.account: str = ""
        """Its account code."""
        self.place: tuple[str, str, str] = (world.context, "s", "1")
        """Context, extension and priority where it is in the dialplan."""
        self.application: tuple[str, str] = ("", "")
        """The application it runs, and the arguments of that."""
        self.variables: dict[str, str] = {}
        """Its variables."""
        self.bridge: Bridge | None = None
        """The bridge it is in."""
        self.call: SimulatedCall | None = None
        """The call it belongs to."""
        self.other_half: SimulatedChannel | None = None
        """The other half of a Local channel."""
        self.runs_dialplan: bool = False
        """Whether it is in the dialplan, not in an application that Originate gave it."""
        self.created: float = world.now
        """When it was made."""
        self.gone: bool = False
        """Whether it was hung up."""
        self._world = world

    @property
    def guard(self) -> AbstractContextManager[Any]:
        """See `guarded`."""
        return self._world.guard

    def __repr__(self) -> str:
        return f"<SimulatedChannel {self.name} {self.state.name}>"

    # What a person does.

    @guarded
    def hold(self) -> None:
        """Put the call on hold."""
        self.emit("Hold")

    @guarded
    def unhold(self) -> None:
        """Take the call up again."""
        self.emit("Unhold")

    @guarded
    def press(self, digits: str, milliseconds: int = 100) -> None:
        """Press keys, one after the other."""
        for digit in digits:
            self.emit("DTMFBegin", [("Digit", digit), ("Direction", "Received")])
            duration = ("DurationMs", str(milliseconds))
            self.emit("DTMFEnd", [("Digit", digit), duration, ("Direction", "Received")])

    @guarded
    def hang_up(self, cause: int = 16) -> None:
        """Hang up. Idempotent."""
        self.end(cause, [("Cause", str(cause))])

    # What Asterisk does.

    def snapshot(self, prefix: str = "") -> Pairs:
        """Give the headers that describe it."""
        context, exten, priority = self.place
        pairs = [
            ("Channel", self.name),
            ("ChannelState", str(int(self.state))),
            ("ChannelStateDesc", self.state.name.capitalize()),
            ("CallerIDNum", escape(self.caller_id[0]) or UNKNOWN),
            ("CallerIDName", escape(self.caller_id[1]) or UNKNOWN),
            ("ConnectedLineNum", escape(self.connected_line[0]) or UNKNOWN),
            ("ConnectedLineName", escape(self.connected_line[1]) or UNKNOWN),
            ("Language", self.language),
            ("AccountCode", self.account),
            ("Context", context),
            ("Exten", exten),
            ("Priority", priority),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        ]
        return [(prefix + name, value) for name, value in pairs]

    def emit(self, name: str, more: Pairs | None = None) -> None:
        """Send an event that describes it."""
        self._world.emit(name, self.snapshot() + (more or []))

    def set_state(self, state: ChannelState) -> None:
        """Go into another state."""
        self.state = state
        self.emit("Newstate")

    def set_variable(self, name: str, value: str) -> None:
        """Set a variable."""
        self.variables[name] = value
        self.emit("VarSet", [("Variable", name), ("Value", escape(value))])

    def set_caller(self, caller_id: tuple[str, str], account: str) -> None:
        """Get caller ID and account code of an Originate."""
        if account:
            self.account = account
            self.emit("NewAccountCode", [("OldAccountCode", "")])
        if any(caller_id):
            self.caller_id = caller_id
            self._emit_caller()
            self.connected_line = caller_id
            self.emit("NewConnectedLine")

    def copy_caller(self, channel: SimulatedChannel) -> None:
        """Get caller ID and account code of the first half of a Local channel."""
        self.account, self.caller_id = channel.account, channel.caller_id
        self.connected_line = channel.connected_line
        if any(self.caller_id):
            self._emit_caller()
        if self.account:
            self.emit("NewAccountCode", [("OldAccountCode", "")])
        if any(self.caller_id):
            self.emit("NewConnectedLine")

    def _emit_caller(self) -> None:
        self.emit("NewCallerid", [("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")])

    def request_hangup(self, cause: int) -> None:
        """Do what the action Hangup asks for. Idempotent."""
        if self.call is None or not self.call.dialing:
            self.stop_dialplan()
        self.end(cause, None)

    def stop_dialplan(self) -> None:
        """Leave the dialplan, if it is in there."""
        if self.runs_dialplan and not self.gone:
            self.runs_dialplan = False
            self.emit("SoftHangupRequest", [("Cause", "16")])

    def end(self, cause: int, requested: Pairs | None) -> None:
        """End, with the other half of a Local channel.

        Args:
            cause: Why.
            requested: Headers of a HangupRequest; None if the channel makes none.
        """
        if self.gone:
            return
        call, other = self.call, self.other_half
        if call is not None and call.dialing:
            call.abandon(self, cause)
            return
        if requested is not None and other is None:
            self.emit("HangupRequest", requested)
        self.stop_dialplan()
        self.leave()
        if other is not None:
            other.emit("HangupRequest", [("Cause", str(cause))])
            other.leave()
            other.stop_dialplan()
        self.hangup(cause)
        if other is not None:
            other.hangup(cause)

    def leave(self) -> None:
        """Leave the bridge, if it is in one; whoever was dialled leaves with it."""
        bridge = self.bridge
        if bridge is None:
            return
        others = [each for each in bridge.channels if each is not self]
        bridge.leave(self)
        for other in others:
            if other.bridge is not None:
                continue
            if self.call is not None and other.call is self.call:
                other.stop_dialplan()
                other.end(CLEARING, None)
            else:
                other.runs_dialplan = True

    def hangup(self, cause: int) -> None:
        """Be gone."""
        self.gone = True
        text = CAUSES.get(cause, "Unknown")
        self.emit("Hangup", [("Cause", str(cause)), ("Cause-txt", text)])
        self._world.forget_channel(self)


CLEARING: Final = 16
