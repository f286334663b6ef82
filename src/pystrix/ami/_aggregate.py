"""Aggregates of pystrix 1.x: all events that answer an action, as one event for callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pystrix.ami._message import Event

__all__ = ["Aggregate", "EventsByClass"]


class EventsByClass(dict[Any, Any]):
    """Events under their class and under their name.

    A class finds what stands under any class of the same event.
    """

    def __missing__(self, key: object) -> Any:  # noqa: ANN401 - an event, a list of them or None
        name = getattr(key, "NAME", None)
        if name in self:
            return self[name]
        raise KeyError(key)

    def put(self, kind: type[Event], value: Event | list[Event] | None) -> None:
        """Put a value under a class and under its name."""
        self[kind] = self[kind.NAME] = value


class Aggregate(EventsByClass):
    """All events that answer an action, under their classes and under their names.

    Base of the classes of pystrix 1.x whose names end in ``_Aggregate``. An event that comes any
    number of times is a list, one that comes once the event itself.

    Args:
        action_id: The ActionID of the request.
    """

    _name: ClassVar[str] = ""
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = ()
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = ()
    _count_header: ClassVar[str] = ""  # of the finaliser: how many members there should be

    def __init__(self, action_id: str) -> None:
        super().__init__()
        self.action_id = action_id
        """The ActionID of the request."""
        self.valid = True
        """Whether as many events came as Asterisk says that there are."""
        self.error_message: str | None = None
        """If not `valid`: what is wrong."""
