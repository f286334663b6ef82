"""From the threads of a manager to the one that prints: a bounded queue, and its end."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pystrix.ami import AnyAction, Event, Gap, Manager, ManagerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pystrix.ami import Response

__all__ = ["EventFeed", "Feed", "News", "OverError", "reason_of_end"]

T = TypeVar("T")


class OverError(Exception):
    """Nothing more will come."""


class News(NamedTuple, Generic[T]):
    """What has come since the last time."""

    things: list[T]
    dropped: int
    """How many found no room behind them."""


class Feed(Generic[T]):
    """A queue that is filled without waiting. Thread-safe.

    Args:
        size: How many things may wait.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._news = threading.Condition()  # guards all below
        self._things: deque[T] = deque()
        self._dropped = 0
        self._over = False

    def put(self, *things: T, urgent: bool = False) -> None:
        """Queue things, as far as there is room.

        Args:
            things: The things.
            urgent: Whether they find room in any case.
        """
        with self._news:
            for thing in things:
                if urgent or len(self._things) < self._size:
                    self._things.append(thing)
                else:
                    self._dropped += 1
            self._news.notify()

    def over(self, why: str = "") -> None:  # noqa: ARG002 - as a tap is told
        """Tell whoever waits that nothing more will come."""
        with self._news:
            self._over = True
            self._news.notify()

    def take(self, timeout: float | None = None) -> News[T]:
        """Wait for something, and give all there is.

        Args:
            timeout: The seconds to wait at most; None for any.

        Raises:
            OverError: If nothing more will come, and all has been taken.
        """
        with self._news:
            self._news.wait_for(lambda: self._things or self._dropped or self._over, timeout)
            news = News(list(self._things), self._dropped)
            self._things.clear()
            self._dropped = 0
            if self._over and not (news.things or news.dropped):
                raise OverError
            return news


class EventFeed(Feed[Event]):
    """A feed of a manager's events: a tap (`Manager.tap`).

    Args:
        wanted: Tells which events to keep; a `Gap` always is.
        size: How many of them may wait.
    """

    def __init__(self, wanted: Callable[[Event], bool], size: int) -> None:
        super().__init__(size)
        self._wanted = wanted

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Take what came."""
        for each in messages:
            if isinstance(each, Gap):
                self.put(each, urgent=True)
            elif isinstance(each, Event) and self._wanted(each):
                self.put(each)

    def lost(self, why: str) -> None:
        """Take note that the connection has ended: the gap will say it."""


def reason_of_end(manager: Manager) -> Exception:
    """Tell why a manager has no connection, and will have none."""
    try:
        manager.send(AnyAction("Ping"))
    except ManagerError as error:
        return error.__cause__ if isinstance(error.__cause__, Exception) else error
    return ManagerError("the manager has ended")
