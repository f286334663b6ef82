"""A handler for asyncio, run on a simulated channel, with a loop whose time is simulated, too."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from pystrix.agi._protocol import State
from pystrix.agi.aio import FastAGI
from pystrix.testing._remote import PATIENCE, SilentApplicationError
from pystrix.testing._running import EndlessCallError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from pystrix.agi._async_connection import Receiver
    from pystrix.testing._pilot import Pilot

MOST_TURNS: Final = 200_000
"""How often a loop may go round while nothing happens in its call."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Selector(selectors.DefaultSelector):
    """Waits for no timer: lets the time of the loop jump to it."""

    loop: SimulatedTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        self.loop.count_turn()
        if ready or timeout == 0:
            return ready
        if timeout is not None and not self.loop.threads:
            self.loop.jump(timeout)
            return ready
        # Somebody else goes on: a thread, or a connection of the handler's own.
        ready = super().select(self.loop.patience)
        if not ready:
            raise SilentApplicationError("the handler waits for something that does not come")
        return ready


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """A loop on which ``asyncio.sleep(60)`` takes no time, in the order in which it would.

    While a thread works for a handler (``asyncio.to_thread``) no time passes.

    Args:
        patience: The seconds of real time for what else a handler waits for.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.threads: int = 0
        """How many threads work for a handler."""
        self.turns: int = 0
        """How often the loop went round since something happened in the call."""
        self._simulated_time = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Give the simulated time, in seconds."""
        return self._simulated_time

    def count_turn(self) -> None:
        """Note that the loop goes round.

        Raises:
            EndlessCallError: If it does so for ever, and nothing happens in the call.
        """
        self.turns += 1
        if self.turns > MOST_TURNS:
            self.turns = 0  # for what is left to be cancelled
            raise EndlessCallError("the handler goes on and on, and asks nothing of Asterisk")

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._simulated_time += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:  # noqa: ANN401 - of 3.11 and later
        """Wait for the threads."""
        self.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self.threads -= 1

    def _thread_done(self, _future: asyncio.Future[Any]) -> None:
        self.threads -= 1


class SimulatedConnection:
    """The connection of a session to a simulated channel, whose clock is that of the loop.

    Args:
        pilot: The channel.
        loop: The loop.
    """

    def __init__(self, pilot: Pilot, loop: SimulatedTimeLoop) -> None:
        self.is_over = False
        self._pilot = pilot
        self._loop = loop
        self._began = loop.time()
        self._due = 0.0
        self._timer: asyncio.Handle | None = None

    def open(self, receiver: Receiver) -> None:
        """Begin: the environment is on its way."""
        self.deliver_to(receiver)
        self._go_on()

    def deliver_to(self, receiver: Receiver) -> None:
        """Let somebody get from now on what is read."""
        self._receiver = receiver

    def acknowledge(self) -> None:
        """Do nothing."""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._loop.turns = 0
        if not self.is_over:
            self._catch_up()
            self._pilot.receive_data(data)
            self._go_on()

    def send_last(self, line: bytes) -> None:
        """Send a last line."""
        self.write(line)

    def close(self) -> None:
        """Close it. Idempotent."""
        self._stop_timer()
        if not self.is_over:
            self.is_over = True
            self._catch_up()
            self._pilot.channel.receive_eof()

    def _catch_up(self) -> None:
        """Bring the channel to the time of the loop."""
        pilot = self._pilot
        now = max(self._loop.time() - self._began, self._due)
        while (moment := self._next_moment()) is not None and moment <= now:
            pilot.advance(max(moment, pilot.channel.now))
        pilot.rest(now)

    def _next_moment(self) -> float | None:
        """Give the next moment; the caller's patience ends while the handler is busy, too."""
        pilot = self._pilot
        moment = pilot.next_moment()
        if pilot.channel.closed or pilot.channel.hung_up:
            return moment
        return pilot.limit if moment is None else min(moment, pilot.limit)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        """Deliver what there is, or wait for the next moment."""
        self._stop_timer()
        channel = self._pilot.channel
        if channel.has_data or channel.closed:
            self._timer = self._loop.call_soon(self._deliver)
        elif (moment := self._next_moment()) is not None:
            self._timer = self._loop.call_at(self._began + moment, self._wake, moment)

    def _wake(self, moment: float) -> None:
        self._timer = None
        self._due = moment  # the sum on the loop's clock may have been rounded down
        with contextlib.suppress(Exception):  # the pilot keeps it
            self._catch_up()
        self._go_on()

    def _deliver(self) -> None:
        self._timer = None
        self._loop.turns = 0
        channel = self._pilot.channel
        if data := channel.data_to_send():
            self._receiver.feed(data)
        if channel.closed:
            self.is_over = True
            self._receiver.feed_eof()
        elif not self.is_over and self._timer is None:
            self._go_on()


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # there is none
        return
    raise RuntimeError(
        "a simulated call runs a loop of its own, and one runs here already: call place_call "
        "from a plain function, or `await asyncio.to_thread(place_call, ...)`"
    )


def run_handler(
    pilot: Pilot, serve: Callable[[FastAGI], Awaitable[Any]], patience: float = PATIENCE
) -> None:
    """Run a handler to its end, on a loop of its own.

    Args:
        pilot: The channel.
        serve: Calls the handler with the session.
        patience: The seconds of real time for what the handler waits for, but time and Asterisk.

    Raises:
        SilentApplicationError: If that does not come.
        EndlessCallError: If the handler goes on for ever.
        RuntimeError: If a loop runs in this thread.
    """
    _refuse_running_loop()
    loop = SimulatedTimeLoop(patience)

    async def main() -> None:
        connection = SimulatedConnection(pilot, loop)
        session = FastAGI(connection, "the simulated Asterisk", debug=False)
        connection.open(session)
        await session._wait(State.ENVIRONMENT)
        try:
            await serve(session)
        finally:
            session.close()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())
