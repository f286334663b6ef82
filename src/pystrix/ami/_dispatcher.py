"""The thread that calls callbacks, behind a bounded queue: whoever fills it never waits for it."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Dispatcher"]

T = TypeVar("T")


class Dispatcher(Generic[T]):
    """A queue and the thread that empties it.

    Args:
        deliver: Called with each thing, in the thread; must not raise.
        capacity: How many things the queue holds.
        timer: Called in the thread before it waits, and when the time is up: does what is due, and
            gives the seconds until something is due again; None for nothing.
    """

    def __init__(
        self,
        deliver: Callable[[T], None],
        capacity: int,
        timer: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._deliver = deliver
        self._capacity = capacity
        self._timer = timer
        self._queue: deque[T] = deque()
        self._news = threading.Condition(threading.Lock())  # guards the four below
        self._finishing = False
        self._stopped = False
        self._overflowing = False
        self._woken = False
        self._thread = threading.Thread(target=self._run, name="pystrix-ami-events", daemon=True)

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: If the system has no thread left.
        """
        self._thread.start()

    def put(self, things: Sequence[T]) -> tuple[int, bool]:
        """Queue things, as many as there is room for. Never waits.

        Returns:
            How many there was no room for, and whether these are the first since the queue was
            half empty.
        """
        with self._news:
            room = max(self._capacity - len(self._queue), 0)
            if len(things) <= room:
                self._queue.extend(things)
                self._overflowing &= len(self._queue) > self._capacity // 2
                dropped, first = 0, False
            else:
                self._queue.extend(things[:room])
                dropped, first = len(things) - room, not self._overflowing
                self._overflowing = True
            self._news.notify()
        return dropped, first

    def put_last(self, thing: T) -> int:
        """Queue a thing that must not be lost: in the place of the last one, if there is no room.

        Returns:
            How many things it took the place of.
        """
        with self._news:
            full = len(self._queue) >= self._capacity
            if full:
                with contextlib.suppress(IndexError):  # all were delivered in this moment
                    self._queue.pop()
            self._queue.append(thing)
            self._news.notify()
        return int(full)

    def wake(self) -> None:
        """Have the timer called again: what is due has changed."""
        with self._news:
            self._woken = True
            self._news.notify()

    def finish(self) -> None:
        """End the thread when all that is queued has been delivered. Idempotent."""
        with self._news:
            self._finishing = True
            self._news.notify()

    def stop(self) -> None:
        """End the thread and deliver nothing more. Idempotent."""
        with self._news:
            self._finishing = self._stopped = True
            self._news.notify()

    def join(self) -> None:
        """Wait until the thread has ended, unless this is that thread."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        queue = self._queue
        while True:
            while queue and not self._stopped:
                self._deliver(queue.popleft())
            seconds = self._timer()
            with self._news:
                if self._stopped:
                    queue.clear()
                    return
                if queue or self._woken:
                    self._woken = False
                elif self._finishing:
                    return
                else:
                    self._news.wait(seconds)
