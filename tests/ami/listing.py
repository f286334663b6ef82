"""A list as pystrix 1.x asks for it, and a callback that keeps what it hears."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from pystrix.ami import Action, Event, Manager, Message
from pystrix.ami._aggregate import Aggregate
from pystrix.ami._message import events_by_name
from tests.agi.peers import TIMEOUT

if TYPE_CHECKING:
    from tests.ami.servers import Peer

LIST = ("Response: Success", "EventList: start")
EventClasses = tuple[type[Event], ...]


class Hangup(Event):
    """An event without an ActionID."""

    NAME: ClassVar[str] = "Hangup"


class Status(Event):
    """An item."""

    NAME: ClassVar[str] = "Status"


class StatusComplete(Event):
    """What ends the list."""

    NAME: ClassVar[str] = "StatusComplete"


class Status_Aggregate(Aggregate):  # noqa: N801 - as 1.x names them
    """The list as one event."""

    _name: ClassVar[str] = "Status_Aggregate"
    _aggregation_members: ClassVar[EventClasses] = (Status,)
    _aggregation_finalisers: ClassVar[EventClasses] = (StatusComplete,)
    _count_header: ClassVar[str] = "ListItems"


class StatusRequest(Action[Any]):
    """A list as 1.x asks for it."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (Status_Aggregate,)
    _synchronous_events_list: ClassVar[EventClasses] = (Status,)
    _synchronous_events_finalising: ClassVar[EventClasses] = (StatusComplete,)

    def __init__(self, **settings: Any) -> None:
        super().__init__("Status")
        vars(self).update(settings)


CLASSES = events_by_name(Hangup, Status, StatusComplete)


class Ear:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Any] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, event: Any, manager: Manager) -> None:
        """Keep an event."""
        assert isinstance(manager, Manager)
        self.threads.add(threading.current_thread().name)
        self.heard.put(event)

    def next(self) -> Any:
        """Wait for the next event."""
        return self.heard.get(timeout=TIMEOUT)

    def names(self, count: int) -> list[str]:
        """Wait for some, and give their names."""
        return [self.next().name for _ in range(count)]


def finish_list(peer: Peer, request: Message, items: int = 1, announced: int | None = None) -> None:
    """Send the items of a list and its end."""
    for number in range(items):
        peer.respond(request, "Event: Status", f"N: {number}")
    count = items if announced is None else announced
    peer.respond(request, "Event: StatusComplete", "EventList: Complete", f"ListItems: {count}")
