"""Many time limits on one timer: who is woken, when, and that nothing is left."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, cast

from pystrix.ami._timeouts import FOREVER, Timeouts, wake

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """A timer that can be cancelled."""

    def __init__(self, moment: float, ring: Callable[[], None]) -> None:
        self.moment = moment
        self.ring = ring
        self.cancelled = False

    def cancel(self) -> None:
        """Ring no more."""
        self.cancelled = True


class Future:
    """A future that counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    def done(self) -> bool:
        """Tell whether it was woken."""
        return self.woken > 0

    def set_result(self, _: None) -> None:
        """Wake it."""
        self.woken += 1


class Clock:
    """An event loop whose time is set by the test."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []
        self.made = 0

    def time(self) -> float:
        """Give the time."""
        return self.now

    def call_at(self, moment: float, ring: Callable[[], None]) -> Timer:
        """Make a timer."""
        self.made += 1
        self.timers.append(Timer(moment, ring))
        return self.timers[-1]

    def left(self) -> list[float]:
        """Give when the timers ring that are left."""
        return [timer.moment for timer in self.timers if not timer.cancelled]

    def pass_to(self, now: float, early: float = 0.0) -> None:
        """Let time pass, and the timers ring whose moment has come."""
        self.now = now - early
        for timer in [each for each in self.timers if each.moment <= now]:
            self.timers.remove(timer)
            if not timer.cancelled:
                timer.ring()


def made() -> tuple[Clock, Timeouts]:
    """Make time limits and their clock."""
    clock = Clock()
    return clock, Timeouts(cast("asyncio.AbstractEventLoop", clock))


def added(timeouts: Timeouts, seconds: float) -> Any:
    """Add a future."""
    future = Future()
    timeouts.add(cast("asyncio.Future[None]", future), seconds)
    return future


def test_one_timer() -> None:
    """Those that are answered cost no timer of their own."""
    clock, timeouts = made()
    for _ in range(100):
        timeouts.discard(added(timeouts, 5.0))
        clock.now += 0.01
    assert clock.made == 1
    clock.pass_to(105.0)
    assert clock.left() == []


def test_each_at_its_time() -> None:
    """A shorter limit that is added later is kept as well; a timer may ring a moment early."""
    clock, timeouts = made()
    long, short, gone = (added(timeouts, seconds) for seconds in (5.0, 1.0, 3.0))
    timeouts.discard(gone)
    timeouts.discard(gone)
    clock.pass_to(101.0, early=0.001)
    assert (long.woken, short.woken, gone.woken) == (0, 1, 0)
    timeouts.discard(short)
    clock.pass_to(105.0)
    assert (long.woken, short.woken, gone.woken) == (1, 1, 0)
    assert clock.left() == []


def test_without_an_end() -> None:
    """Who waits for ever has no timer, alone and beside others."""
    clock, timeouts = made()
    ever, years = added(timeouts, math.inf), added(timeouts, FOREVER)
    assert clock.left() == []
    short = added(timeouts, 1.0)
    clock.pass_to(102.0)
    assert (ever.woken, years.woken, short.woken) == (0, 0, 1)
    assert clock.left() == []


def test_closed() -> None:
    """Nothing rings any more; closing again does nothing."""
    clock, timeouts = made()
    future = added(timeouts, 1.0)
    timeouts.close()
    timeouts.close()
    clock.pass_to(102.0)
    assert future.woken == 0


def test_on_a_loop() -> None:
    """It does so with the loops there are."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        timeouts = Timeouts(loop)
        future: asyncio.Future[None] = loop.create_future()
        timeouts.add(future, 0.001)
        await future
        wake(future)  # who was woken already is not woken again
        timeouts.close()

    asyncio.run(main())
