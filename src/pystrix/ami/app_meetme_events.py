"""Events of MeetMe under the names of pystrix 1.x: the classes of `pystrix.ami.events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami._aggregate import Aggregate
from pystrix.ami.events import (
    MeetmeJoin,
    MeetmeList,
    MeetmeListComplete,
    MeetmeListRooms,
    MeetmeListRoomsComplete,
    MeetmeMute,
)

if TYPE_CHECKING:
    from pystrix.ami._message import Event

__all__ = [
    "MeetmeJoin",
    "MeetmeList",
    "MeetmeListComplete",
    "MeetmeListRooms",
    "MeetmeListRoomsComplete",
    "MeetmeListRooms_Aggregate",
    "MeetmeList_Aggregate",
    "MeetmeMute",
]


class MeetmeList_Aggregate(Aggregate):  # noqa: N801 - the names are of pystrix 1.x
    """What answers MeetmeList."""

    _name: ClassVar[str] = "MeetmeList_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (MeetmeList,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (MeetmeListComplete,)
    _count_header: ClassVar[str] = "ListItems"


class MeetmeListRooms_Aggregate(Aggregate):  # noqa: N801
    """What answers MeetmeListRooms."""

    _name: ClassVar[str] = "MeetmeListRooms_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (MeetmeListRooms,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (MeetmeListRoomsComplete,)
    _count_header: ClassVar[str] = "ListItems"
