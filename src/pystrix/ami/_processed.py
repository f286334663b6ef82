"""What `Event.process` of pystrix 1.x makes of the headers of each event.

Pure. Programs written for 1.x rely on it; new ones read the typed fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONVERSIONS"]

CONVERSIONS: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {}
"""By the name of the event in lower case: changes a copy of its headers in place."""
