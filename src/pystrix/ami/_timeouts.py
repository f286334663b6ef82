"""The time limits of whoever waits on an event loop, with one timer for all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

__all__ = ["FOREVER", "Timeouts", "wake"]

FOREVER: Final = 1e8
"""Seconds from which on a timeout is none: three years, which no loop's timer overflows."""


def wake(future: asyncio.Future[None], _: object = None) -> None:
    """Have whoever waits for a future go on, if somebody still does."""
    if not future.done():
        future.set_result(None)


class Timeouts:
    """Wakes those whose time is over. Not thread-safe.

    Nearly all that wait are answered long before, and for them a timer of their own, which is made
    and cancelled, would be much of the work. The one timer here rings at the first moment that
    somebody asked for, even if that one has been answered, and looks who is left.

    Args:
        loop: The event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._deadlines: dict[asyncio.Future[None], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings = math.inf  # when

    def add(self, future: asyncio.Future[None], seconds: float) -> None:
        """Wake a future when so many seconds have passed, unless it is discarded before."""
        if seconds >= FOREVER:
            return
        deadline = self._loop.time() + seconds
        self._deadlines[future] = deadline
        if deadline < self._rings:
            self._set(deadline)

    def discard(self, future: asyncio.Future[None]) -> None:
        """Forget a future. Idempotent."""
        self._deadlines.pop(future, None)

    def close(self) -> None:
        """Ring no more. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, moment: float) -> None:
        self.close()
        self._rings = moment
        self._timer = self._loop.call_at(moment, self._ring)

    def _ring(self) -> None:
        # A timer may ring a moment early: that is its moment all the same.
        now = max(self._loop.time(), self._rings)
        self._timer, self._rings = None, math.inf
        for future, deadline in list(self._deadlines.items()):
            if deadline <= now:
                wake(future)
        left = [deadline for deadline in self._deadlines.values() if deadline > now]
        if left:
            self._set(min(left))
