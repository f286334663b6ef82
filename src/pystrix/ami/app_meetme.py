"""Actions of MeetMe under the names, and with the parameters, of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami import actions
from pystrix.ami.app_meetme_events import MeetmeList_Aggregate, MeetmeListRooms_Aggregate

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate

__all__ = ["MeetmeList", "MeetmeListRooms", "MeetmeMute", "MeetmeUnmute"]


class MeetmeList(actions.MeetmeList):
    """List who is in a MeetMe conference.

    Args:
        conference: The number of the conference; None for all.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (MeetmeList_Aggregate,)

    def __init__(self, conference: str | None = None) -> None:
        super().__init__(conference=conference or None)


class MeetmeListRooms(actions.MeetmeListRooms):
    """List the MeetMe conferences."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (MeetmeListRooms_Aggregate,)


class MeetmeMute(actions.MeetmeMute):
    """Mute somebody in a MeetMe conference.

    Args:
        meetme: The number of the conference.
        usernum: The number of the participant.
    """

    def __init__(self, meetme: int | str, usernum: int | str) -> None:
        super().__init__(meetme, usernum)


class MeetmeUnmute(actions.MeetmeUnmute):
    """Let somebody be heard in a MeetMe conference again.

    Args:
        meetme: The number of the conference.
        usernum: The number of the participant.
    """

    def __init__(self, meetme: int | str, usernum: int | str) -> None:
        super().__init__(meetme, usernum)
