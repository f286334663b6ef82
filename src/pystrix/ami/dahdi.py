"""Actions of DAHDI under the names, and with the parameters, of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami import actions
from pystrix.ami.actions import (
    DAHDIDialOffhook,
    DAHDIDNDoff,
    DAHDIDNDon,
    DAHDIHangup,
    DAHDIRestart,
)
from pystrix.ami.dahdi_events import DAHDIShowChannels_Aggregate

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate

__all__ = [
    "DAHDIDNDoff",
    "DAHDIDNDon",
    "DAHDIDialOffhook",
    "DAHDIHangup",
    "DAHDIRestart",
    "DAHDIShowChannels",
]


class DAHDIShowChannels(actions.DAHDIShowChannels):
    """List the DAHDI channels.

    Args:
        dahdi_channel: The number of the DAHDI channel; None for all.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (DAHDIShowChannels_Aggregate,)

    def __init__(self, dahdi_channel: int | str | None = None) -> None:
        super().__init__(dahdi_channel=dahdi_channel or None)
