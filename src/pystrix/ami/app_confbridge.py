"""Actions of ConfBridge under the names, and with the parameters, of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami import actions, events
from pystrix.ami._action import Action
from pystrix.ami._message import Event, Response
from pystrix.ami.actions import (
    ConfbridgeKick,
    ConfbridgeLock,
    ConfbridgeMute,
    ConfbridgeSetSingleVideoSrc,
    ConfbridgeUnlock,
    ConfbridgeUnmute,
)
from pystrix.ami.app_confbridge_events import (
    ConfbridgeList_Aggregate,
    ConfbridgeListRooms_Aggregate,
)
from pystrix.ami.core._matching import is_event

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate

__all__ = [
    "ConfbridgeKick",
    "ConfbridgeList",
    "ConfbridgeListRooms",
    "ConfbridgeLock",
    "ConfbridgeMoHOff",
    "ConfbridgeMoHOn",
    "ConfbridgeMute",
    "ConfbridgePlayFile",
    "ConfbridgeSetSingleVideoSrc",
    "ConfbridgeStartRecord",
    "ConfbridgeStopRecord",
    "ConfbridgeUnlock",
    "ConfbridgeUnmute",
]


class ConfbridgeList(actions.ConfbridgeList):
    """List who is in a conference.

    Args:
        conference: The name of the conference.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (ConfbridgeList_Aggregate,)


class ConfbridgeListRooms(actions.ConfbridgeListRooms):
    """List the conferences."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (ConfbridgeListRooms_Aggregate,)


class ConfbridgeStartRecord(actions.ConfbridgeStartRecord):
    """Begin to record a conference.

    Synchronous, it waits for the ConfbridgeRecord of the conference. (Once there was a VarSet that
    told the file; Asterisk 22 does not show it.)

    Args:
        conference: The name of the conference.
        filename: The file; the bridge profile's or a new one if None.
    """

    watches: bool = True
    _synchronous_events_unique: ClassVar[tuple[type[Event], ...]] = (events.VarSet,)
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.ConfbridgeRecord,)

    def __init__(self, conference: str, filename: str | None = None) -> None:
        super().__init__(conference, record_file=filename or None)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event is that the conference is recorded."""
        return is_event(event, "ConfbridgeRecord", ("Conference", self["Conference"]))


class ConfbridgeStopRecord(actions.ConfbridgeStopRecord):
    """End the recording of a conference.

    Synchronous, it waits for the ConfbridgeStopRecord of the conference. (Once there was a Hangup
    of the recording channel; Asterisk 22 does not show it.)

    Args:
        conference: The name of the conference.
    """

    watches: bool = True
    _synchronous_events_unique: ClassVar[tuple[type[Event], ...]] = (events.Hangup,)
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (
        events.ConfbridgeStopRecord,
    )

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event is that the conference is recorded no more."""
        return is_event(event, "ConfbridgeStopRecord", ("Conference", self["Conference"]))


class ConfbridgeMoHOff(Action[Response]):
    """End the music that a channel hears in a conference. Not in Asterisk 22.

    Args:
        conference: The name of the conference.
        channel: The name of the channel.
    """

    NAME: ClassVar[str] = "ConfbridgeMoHOff"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, conference: str, channel: str) -> None:
        super().__init__(self.NAME, {"Conference": conference, "Channel": channel})


class ConfbridgeMoHOn(Action[Response]):
    """Let a channel hear music in a conference. Not in Asterisk 22.

    Args:
        conference: The name of the conference.
        channel: The name of the channel.
    """

    NAME: ClassVar[str] = "ConfbridgeMoHOn"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, conference: str, channel: str) -> None:
        super().__init__(self.NAME, {"Conference": conference, "Channel": channel})


class ConfbridgePlayFile(Action[Response]):
    """Play a file to a conference. Not in Asterisk 22.

    Args:
        file: The file.
        conference: The name of the conference.
        channel: The name of the channel that hears it; None for all.
    """

    NAME: ClassVar[str] = "ConfbridgePlayFile"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, file: str, conference: str, channel: str | None = None) -> None:
        headers = {"Conference": conference, "Channel": channel or None, "File": file}
        super().__init__(self.NAME, headers)
