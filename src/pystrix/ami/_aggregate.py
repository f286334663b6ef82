"""What pystrix 1.x makes of the events that answer an action: dicts by class, and aggregates.

Pure. New programs send a `ListAction` with `send`, and get an `EventList`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pystrix.ami._action import Action
    from pystrix.ami._message import Event, Response

__all__ = ["Aggregate", "Aggregates", "EventsByClass", "SynchronousEvents"]

EventClasses = tuple["type[Event]", ...]


class EventsByClass(dict[Any, Any]):
    """Events under their class and under their name.

    A class finds what stands under any class of the same event.
    """

    def __missing__(self, key: object) -> Any:  # noqa: ANN401 - an event, a list of them or None
        name = getattr(key, "NAME", None)
        if name in self:
            return self[name]
        raise KeyError(key)

    def begin(self, once: Iterable[type[Event]], often: Iterable[type[Event]]) -> None:
        """Make the places of events: of those that come once None, of the others a list."""
        for kind in once:
            self[kind] = self[kind.NAME] = None
        for kind in often:
            self[kind] = self[kind.NAME] = []

    def put(self, kind: type[Event], event: Event) -> None:
        """Put an event where its class stands; in a list behind the others."""
        place = self.get(kind.NAME)
        if isinstance(place, list):
            cast("list[Event]", place).append(event)
        elif kind.NAME:
            self[kind] = self[kind.NAME] = event
        else:
            self[event.name] = event


class SynchronousEvents:
    """The events that a synchronous request waits for; what `send_action` calls ``events``.

    Args:
        request: The request, with `Action.get_synchronous_classes`.
    """

    def __init__(self, request: Action[Any]) -> None:
        once, often, last = request.get_synchronous_classes()
        self._request = request
        self._classes = {kind.NAME.lower(): kind for kind in (*once, *often, *last)}
        self._awaited = {kind.NAME.lower() for kind in last}
        self.events: EventsByClass = EventsByClass()
        """The events by class and by name."""
        self.events.begin((*once, *last), often)

    @property
    def watches(self) -> bool:
        """Whether events without an ActionID may belong to the answer."""
        return self._request.watches

    def expects_events(self, response: Response) -> bool:
        """Tell whether events belong to the answer."""
        return response.success and bool(self._awaited)

    def accepts_event(self, event: Event) -> bool:
        """Tell whether an event with the same ActionID belongs to the answer."""
        return event.name.lower() in self._classes or self._request.accepts_event(event)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event without an ActionID belongs to the answer."""
        return event.name.lower() in self._classes and self._request.owns_event(event)

    def is_last_event(self, event: Event) -> bool:
        """Take an event; tell whether the answer is complete with it."""
        name = event.name.lower()
        self.events.put(self._classes.get(name, type(event)), event)
        self._awaited.discard(name)
        return not self._awaited or event.closes_list


class Aggregate(EventsByClass):
    """All events that answer an action, under their classes and under their names.

    Base of the classes of pystrix 1.x whose names end in ``_Aggregate``. An event that comes any
    number of times is a list, one that comes once the event itself.

    Args:
        action_id: The ActionID of the request.
    """

    _name: ClassVar[str] = ""
    _aggregation_members: ClassVar[EventClasses] = ()
    _aggregation_finalisers: ClassVar[EventClasses] = ()
    _count_header: ClassVar[str] = ""  # of a finaliser: how many members there should be

    def __init__(self, action_id: str) -> None:
        super().__init__()
        self.action_id: str = action_id
        """The ActionID of the request."""
        self.valid: bool = True
        """Whether as many events came as Asterisk says that there are."""
        self.error_message: str | None = None
        """If not `valid`: what is wrong."""
        members, last = self._aggregation_members, self._aggregation_finalisers
        self.begin(last, members)
        self._members = {kind.NAME.lower(): kind for kind in members}
        self._last = {kind.NAME.lower(): kind for kind in last}
        self._awaited = set(self._last)
        self._count = 0

    @classmethod
    def get_name(cls) -> str:
        """Give the name by which callbacks are registered: ``"Status_Aggregate"``."""
        return cls._name

    @property
    def name(self) -> str:
        """The name by which callbacks are registered."""
        return self._name

    def __eq__(self, other: object) -> bool:
        """Compare with a name, or with another dict."""
        return self._name == other if isinstance(other, str) else super().__eq__(other)

    __hash__ = None  # type: ignore[assignment] # mutable, as a dict

    def evaluate_event(self, event: Event) -> bool | None:
        """Take an event, if it belongs to this aggregate.

        Returns:
            Whether the aggregate is complete with it; None if it does not belong to it.
        """
        name = event.name.lower()
        if event.action_id != self.action_id:
            return None
        if name in self._members:
            self.put(self._members[name], event)
            self._count += 1
            return False
        if name in self._last:
            self.put(self._last[name], event)
            self._check_count(event)
            self._awaited.discard(name)
            return not self._awaited
        return None

    def _check_count(self, event: Event) -> None:
        announced = event.get(self._count_header, "") if self._count_header else ""
        if announced and announced != str(self._count):
            self.valid = False
            self.error_message = f"Asterisk announced {announced} items, {self._count} came"


class Aggregates:
    """The aggregates that are not complete. Not thread-safe."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[float, list[Aggregate]]] = {}

    def begin(self, action_id: str, kinds: Iterable[type[Aggregate]], deadline: float) -> None:
        """Begin the aggregates of a request, to be complete at a moment of the caller's clock."""
        aggregates = [kind(action_id) for kind in kinds]
        if aggregates:
            self._open[action_id] = (deadline, aggregates)

    def forget(self, action_id: str) -> None:
        """Forget the aggregates of a request: it failed."""
        self._open.pop(action_id, None)

    def clear(self) -> None:
        """Forget all: the connection ended."""
        self._open.clear()

    def take(self, event: Event) -> list[Aggregate]:
        """Take an event; give the aggregates that are complete with it."""
        if not self._open or event.action_id not in self._open:
            return []
        action_id = event.action_id
        deadline, aggregates = self._open.pop(action_id)
        outcomes = [(aggregate, aggregate.evaluate_event(event)) for aggregate in aggregates]
        rest = [aggregate for aggregate, complete in outcomes if not complete]
        if rest:
            self._open[action_id] = (deadline, rest)
        return [aggregate for aggregate, complete in outcomes if complete]

    def next_deadline(self) -> float | None:
        """Give the moment at which the next aggregate is to be given up; None if there is none."""
        return min((deadline for deadline, _ in self._open.values()), default=None)

    def expire(self, now: float) -> list[Aggregate]:
        """Forget and give the aggregates whose moment has come."""
        late = [key for key, (deadline, _) in self._open.items() if deadline <= now]
        return [aggregate for key in late for aggregate in self._open.pop(key)[1]]
