"""How events that have no ActionID are known to belong to an action.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pystrix.ami._message import Event

__all__ = ["is_event"]


def is_event(event: Event, name: str, *headers: tuple[str, object]) -> bool:
    """Tell whether an event has a name and certain headers; the case of all does not matter."""
    return event == name and all(
        event.get(header, "").lower() == str(value).lower() for header, value in headers
    )
