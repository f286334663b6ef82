"""Events of DAHDI under the names of pystrix 1.x: the classes of `pystrix.ami.events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami._aggregate import Aggregate
from pystrix.ami.events import DAHDIShowChannels, DAHDIShowChannelsComplete

if TYPE_CHECKING:
    from pystrix.ami._message import Event

__all__ = ["DAHDIShowChannels", "DAHDIShowChannelsComplete", "DAHDIShowChannels_Aggregate"]


class DAHDIShowChannels_Aggregate(Aggregate):  # noqa: N801 - the name is of pystrix 1.x
    """What answers DAHDIShowChannels."""

    _name: ClassVar[str] = "DAHDIShowChannels_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (DAHDIShowChannels,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (DAHDIShowChannelsComplete,)
    _count_header: ClassVar[str] = "Items"
