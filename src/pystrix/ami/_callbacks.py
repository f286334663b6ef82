"""Which callbacks hear of what.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pystrix.ami._aggregate import Aggregate
from pystrix.ami._gap import Gap
from pystrix.ami._message import Event

__all__ = ["Callback", "Callbacks", "EventKey", "exact"]

Callback = Callable[[Any, Any], object]
"""Called with the event (aggregate, response) and the manager."""

EventKey = str | type[Event] | type[Aggregate] | None
"""What a callback is registered for: the class or name of an event or aggregate; ``""`` for every
event and aggregate; None for responses that nobody waits for."""


class Callbacks:
    """Callbacks in the order in which they were registered.

    Whoever changes it holds a lock; `find` needs none.
    """

    def __init__(self) -> None:
        # For what, what is to be called for that, and what does it.
        self._registered: list[tuple[str | None, Callback, Callback]] = []
        self._by_name: dict[str | None, tuple[Callback, ...]] = {}
        self._universal: tuple[Callback, ...] = ()

    def register(self, event: EventKey, function: Callback) -> None:
        """Register a callback; a pair that is registered moves to the end.

        Raises:
            ValueError: If `event` is nothing that callbacks hear of.
        """
        pair = _key(event), function
        is_gap = isinstance(event, type) and issubclass(event, Gap)
        called = _GapsOnly(function) if is_gap else function
        others = (each for each in self._registered if each[:2] != pair)
        self._registered = [*others, (*pair, called)]
        self._sort()

    def unregister(self, event: EventKey, function: Callback) -> bool:
        """Remove a callback; tell whether it was registered.

        Raises:
            ValueError: If `event` is nothing that callbacks hear of.
        """
        pair = _key(event), function
        left = [each for each in self._registered if each[:2] != pair]
        found = len(left) < len(self._registered)
        self._registered = left
        self._sort()
        return found

    def find(self, name: str | None) -> tuple[Callback, ...]:
        """Give the callbacks for the name of an event; for None those for responses."""
        if name is None:
            return self._by_name.get(None, ())
        return self._by_name.get(name.lower(), self._universal)

    def _sort(self) -> None:
        names = {name for name, *_ in self._registered}
        self._universal = self._for("")
        self._by_name = {name: self._for("", name) if name else self._for(name) for name in names}

    def _for(self, *names: str | None) -> tuple[Callback, ...]:
        return tuple(called for name, _, called in self._registered if name in names)


class _GapsOnly:
    """Calls a callback for gaps, and not for what Asterisk was made to send under that name."""

    def __init__(self, function: Callback) -> None:
        self._function = function

    def __call__(self, event: object, manager: object) -> object:
        return self._function(event, manager) if isinstance(event, Gap) else None

    def __repr__(self) -> str:
        return repr(self._function)


def exact(name: str) -> str:
    """Give a name by which events are chosen in lower case.

    Raises:
        ValueError: If it is a pattern, which would fit nothing.
    """
    if "*" in name:
        raise ValueError(
            f"names of events are exact, and {name!r} is none: give each of those that are wanted"
        )
    return name.lower()


def _key(event: object) -> str | None:
    """Give the name under which callbacks are found, in lower case."""
    if event is None:
        return None
    if isinstance(event, type):
        if issubclass(event, Aggregate):
            return event.get_name().lower()
        if issubclass(event, Event):
            return event.NAME.lower()
    if isinstance(event, str):
        return exact(event)
    raise ValueError(
        "callbacks are registered for the class or the name of an event or aggregate, for '' "
        f"(every one) or None (responses that nobody waits for), not for {event!r}"
    )
