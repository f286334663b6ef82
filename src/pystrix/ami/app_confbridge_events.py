"""Events of ConfBridge under the names of pystrix 1.x: the classes of `pystrix.ami.events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami._aggregate import Aggregate
from pystrix.ami.events import (
    ConfbridgeEnd,
    ConfbridgeJoin,
    ConfbridgeLeave,
    ConfbridgeList,
    ConfbridgeListComplete,
    ConfbridgeListRooms,
    ConfbridgeListRoomsComplete,
    ConfbridgeStart,
    ConfbridgeTalking,
)

if TYPE_CHECKING:
    from pystrix.ami._message import Event

__all__ = [
    "ConfbridgeEnd",
    "ConfbridgeJoin",
    "ConfbridgeLeave",
    "ConfbridgeList",
    "ConfbridgeListComplete",
    "ConfbridgeListRooms",
    "ConfbridgeListRoomsComplete",
    "ConfbridgeListRooms_Aggregate",
    "ConfbridgeList_Aggregate",
    "ConfbridgeStart",
    "ConfbridgeTalking",
]


class ConfbridgeList_Aggregate(Aggregate):  # noqa: N801 - the names are of pystrix 1.x
    """What answers ConfbridgeList."""

    _name: ClassVar[str] = "ConfbridgeList_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (ConfbridgeList,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (ConfbridgeListComplete,)
    _count_header: ClassVar[str] = "ListItems"


class ConfbridgeListRooms_Aggregate(Aggregate):  # noqa: N801
    """What answers ConfbridgeListRooms."""

    _name: ClassVar[str] = "ConfbridgeListRooms_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (ConfbridgeListRooms,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (ConfbridgeListRoomsComplete,)
    _count_header: ClassVar[str] = "ListItems"
