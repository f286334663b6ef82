"""Many simulated callers at once, to see what a FastAGI server bears.

Prompts and pauses take no time, so that the figures are the server's. A call that ends makes room
for the next, or calls come at a given rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from pystrix.testing._pilot import Pilot
from pystrix.testing.caller import Caller
from pystrix.testing.place import parse_url, setup_for

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS_A_DOUBLING: Final = 16
_SMALLEST: Final = 1e-6  # seconds
_CONNECT_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 0.5


class Latencies:
    """How long something took, many times: a histogram whose error is below 5 %.

    It takes the same little memory however many are added.
    """

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count: int = 0
        """How many were added."""
        self.largest: float = 0.0
        """The longest, in seconds."""

    def add(self, seconds: float) -> None:
        """Add one."""
        self.count += 1
        self.largest = max(self.largest, seconds)
        self._counts[_bucket(seconds)] += 1

    def percentile(self, share: float) -> float:
        """Give what so many of a hundred did not exceed, in seconds; 0.0 if there are none."""
        wanted = self.count * share / 100
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_upper(bucket), self.largest)
        return self.largest

    def bars(self, count: int) -> list[tuple[float, int]]:
        """Give the distribution in so many steps of equal ratio.

        Returns:
            The upper end of each step in seconds, and how many fell into it.
        """
        if not self._counts:
            return []
        first, last = min(self._counts), max(self._counts)
        width = max(1, math.ceil((last - first + 1) / count))
        return [
            (_upper(start + width - 1), sum(self._counts[b] for b in range(start, start + width)))
            for start in range(first, last + 1, width)
        ]


def _bucket(seconds: float) -> int:
    return math.floor(math.log2(max(seconds, _SMALLEST) / _SMALLEST) * _STEPS_A_DOUBLING)


def _upper(bucket: int) -> float:
    upper: float = _SMALLEST * 2 ** ((bucket + 1) / _STEPS_A_DOUBLING)
    return upper


@dataclasses.dataclass
class LoadResult:
    """What came of a load."""

    calls: int = 0
    """Calls that were served to their end."""
    commands: int = 0
    """Commands that were answered."""
    seconds: float = 0.0
    """How long the load lasted."""
    errors: Counter[str] = dataclasses.field(default_factory=Counter[str])
    """Calls that failed, by kind; those of the last moment are not counted anywhere."""
    set_up: Latencies = dataclasses.field(default_factory=Latencies)
    """From connecting to the first command."""
    command: Latencies = dataclasses.field(default_factory=Latencies)
    """From an answer to the next command: what the server takes."""
    call: Latencies = dataclasses.field(default_factory=Latencies)
    """From connecting to the end."""


class _Call(asyncio.Protocol):
    """One call."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._pilot = Pilot(load.setup, load.caller, recording=load.records)
        self._began = time.perf_counter()
        self._answered = self._began
        self._commands = 0
        self._given_up = False
        self.heard = self._began
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._load.calls.add(self)
        self._pilot.channel.start()
        self.transport.write(self._pilot.channel.data_to_send())

    def data_received(self, data: bytes) -> None:
        now = self.heard = time.perf_counter()
        result = self._load.result
        (result.command if self._commands else result.set_up).add(now - self._answered)
        self._commands += 1
        pilot = self._pilot
        pilot.receive_data(data)
        while pilot.channel.running and not pilot.channel.has_data:
            pilot.run()
        self.transport.write(pilot.channel.data_to_send())
        if pilot.channel.closed:
            self.transport.close()
        self._answered = time.perf_counter()

    def connection_lost(self, exc: Exception | None) -> None:
        load = self._load
        load.calls.discard(self)
        channel = self._pilot.channel
        channel.receive_eof()
        if load.over or self._given_up:
            pass  # cut off by us
        elif exc is not None:
            load.fail("the connection broke")
        elif not self._commands:
            load.fail("no command came")
        elif channel.status == "FAILURE":
            load.fail("AGISTATUS=FAILURE")
        else:
            load.result.calls += 1
            load.result.commands += self._commands
            load.result.call.add(time.perf_counter() - self._began)
        load.ended()

    def give_up(self) -> None:
        """Wait no longer."""
        self._given_up = True
        self.transport.abort()


class _Load:
    """The calls of one load.

    Args:
        url: The server.
        caller: What each caller does.
        concurrency: How many at once, at most.
        rate: Calls a second; None for as many as there is room for.
        patience: Seconds for the next command.
        setup: What the calls are like.
    """

    def __init__(
        self,
        url: str,
        caller: Caller,
        concurrency: int,
        rate: float | None,
        patience: float,
        setup: dict[str, Any],
    ) -> None:
        self.host, self.port, _ = parse_url(url)
        self.setup = setup_for(url, setup)
        self.caller = caller
        self.records = bool(caller.steps)  # what the caller waits for is found there
        self.calls: set[_Call] = set()
        self.result = LoadResult()
        self.over = False
        self._concurrency = concurrency
        self._rate = rate
        self._patience = patience
        self._active = 0  # connected or about to be
        self._connecting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def fail(self, kind: str) -> None:
        """Count a call that failed."""
        self.result.errors[kind] += 1

    def ended(self) -> None:
        """Make a call where one has ended."""
        self._active -= 1
        if self._rate is None and not self.over:
            self._start()

    def _start(self) -> None:
        if self._active >= self._concurrency:
            self.fail("no room at this rate")
            return
        self._active += 1
        task = self._loop.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        failed = True
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._loop.create_connection(lambda: _Call(self), self.host, self.port)
            failed = False
        except TimeoutError:
            self.fail("cannot connect: no answer")
        except OSError as error:
            # The loops word it in ways of their own.
            self.fail(f"cannot connect: {os.strerror(error.errno) if error.errno else error}")
        if failed:
            await asyncio.sleep(_SWEEP_SECONDS)  # not as fast as it is refused
            self.ended()

    def _sweep(self) -> None:
        """End the calls to which the server says nothing any more."""
        late = time.perf_counter() - self._patience
        for call in list(self.calls):
            if call.heard < late:
                self.fail("no command in time")
                call.give_up()

    async def run(self, duration: float, notice: Callable[[LoadResult], object]) -> LoadResult:
        """Make calls for so many seconds."""
        began = time.perf_counter()
        makers = asyncio.create_task(self._make_calls())
        try:
            while (left := duration - (time.perf_counter() - began)) > 0:
                await asyncio.sleep(min(_SWEEP_SECONDS, left))
                self._sweep()
                self.result.seconds = time.perf_counter() - began
                notice(self.result)
        finally:
            self.over = True
            makers.cancel()
            for task in [*self._connecting, makers]:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(makers, *self._connecting, return_exceptions=True)
            for call in list(self.calls):
                call.give_up()
        return self.result

    async def _make_calls(self) -> None:
        if self._rate is None:
            for _ in range(self._concurrency):
                self._start()
            return
        moment = time.perf_counter()
        while True:
            self._start()
            moment += 1 / self._rate
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))


async def run_load(
    url: str,
    caller: Caller | str = "",
    *,
    concurrency: int = 50,
    duration: float = 10.0,
    rate: float | None = None,
    patience: float = 10.0,
    notice: Callable[[LoadResult], object] = lambda _: None,
    **setup: Any,  # noqa: ANN401 - see pystrix.testing.Setup
) -> LoadResult:
    """Place calls to a server for a while, and give what came of it.

    Args:
        url: The server: ``"agi://host:4573/script"``.
        caller: What each caller does: see `Caller`.
        concurrency: How many calls there are at once; with `rate`, at most.
        duration: How long, in seconds.
        rate: How many calls begin in a second; None for one as soon as another ends.
        patience: The seconds that the server has for its next command.
        notice: Called twice a second with the result so far.
        setup: What the calls are like: the attributes of `Setup`.

    Raises:
        ValueError: If the URL is none of FastAGI, or `caller` is no plan.
    """
    caller = Caller(caller) if isinstance(caller, str) else caller
    load = _Load(url, caller, concurrency, rate, patience, setup)
    return await load.run(duration, notice)
