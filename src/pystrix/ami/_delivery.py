"""What the threaded manager hands to the callbacks: what was heard, and aggregates of it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from pystrix.ami._aggregate import Aggregate, Aggregates
from pystrix.ami._message import Event, Response
from pystrix.ami._wire import printable

if TYPE_CHECKING:
    import logging

    from pystrix.ami._callbacks import Callbacks
    from pystrix.ami._exchange import Exchange

__all__ = ["Delivery", "Heard"]

Heard = Event | Response | Aggregate


class Delivery:
    """Calls the callbacks, one after the other. Thread-safe.

    Args:
        manager: The manager, which callbacks get beside what was heard.
        callbacks: The callbacks.
        logger: Where to log.
        aggregate_timeout: The seconds after which an aggregate that is not complete is dropped.
    """

    def __init__(
        self,
        manager: object,
        callbacks: Callbacks,
        logger: logging.Logger,
        aggregate_timeout: float,
    ) -> None:
        self._manager = manager
        self._callbacks = callbacks
        self._logger = logger
        self._aggregate_timeout = aggregate_timeout
        self._aggregates = Aggregates()
        self._lock = threading.Lock()  # guards the aggregates

    def deliver(self, heard: Heard) -> None:
        """Call the callbacks for something, and for the aggregates that it completes."""
        complete: list[Aggregate] = []
        if isinstance(heard, Event):
            with self._lock:
                complete = self._aggregates.take(heard)
        name = None if isinstance(heard, Response) else heard.name
        for function in self._callbacks.find(name):
            try:
                function(heard, self._manager)
            except BaseException:  # it harms nobody else
                self._logger.exception(
                    "the callback %r failed for %s", function, printable(heard.name)
                )
        for aggregate in complete:
            self.deliver(aggregate)

    def begin(self, exchange: Exchange[Any]) -> None:
        """Collect the aggregates of an action from now on."""
        kinds = exchange.action.get_aggregate_classes()
        with self._lock:
            deadline = time.monotonic() + self._aggregate_timeout
            self._aggregates.begin(exchange.action_id, kinds, deadline)

    def forget(self, exchange: Exchange[Any]) -> None:
        """Collect the aggregates of an action no more. Idempotent."""
        with self._lock:
            self._aggregates.forget(exchange.action_id)

    def clear(self) -> None:
        """Collect nothing more of what was begun: the connection has ended."""
        with self._lock:
            self._aggregates.clear()

    @property
    def deadline(self) -> float | None:
        """When the next aggregate is late, on the monotonic clock; None if nothing is collected."""
        with self._lock:
            return self._aggregates.next_deadline()

    def expire(self) -> float | None:
        """Drop the aggregates that are late; give the seconds until the next one is."""
        now = time.monotonic()
        with self._lock:
            late = self._aggregates.expire(now)
        for aggregate in late:
            self._logger.warning(
                "%s is dropped: not all of its events came within %s s (ActionID %s)",
                aggregate.name,
                self._aggregate_timeout,
                printable(aggregate.action_id),
            )
        deadline = self.deadline
        return None if deadline is None else deadline - now
