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
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from pystrix.testing._pilot import Pilot
from pystrix.testing._running import EndlessCallError
from pystrix.testing.caller import Caller
from pystrix.testing.place import parse_url, setup_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from pystrix.testing.setup import SetupOptions

_STEPS_A_DOUBLING: Final = 16
_SMALLEST: Final = 1e-6  # seconds
_CONNECT_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 0.5
_ENOUGH: Final = 20  # commands that are none, after which the rest is not listened to
_NO_ROOM: Final = "no room at this rate"
_NO_AGI: Final = "the server speaks no AGI"


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
    """What came of a load: each call that began is counted once."""

    calls: int = 0
    """Calls that were served to their end."""
    cut_off: int = 0
    """Calls that were being served when the load ended."""
    waiting: int = 0
    """Calls that had not sent a command when the load ended."""
    commands: int = 0
    """Commands that were answered, those of all calls."""
    seconds: float = 0.0
    """How long the load lasted."""
    errors: Counter[str] = dataclasses.field(default_factory=Counter[str])
    """Calls that failed, by kind."""
    set_up: Latencies = dataclasses.field(default_factory=Latencies)
    """From the moment before connecting to the first command."""
    command: Latencies = dataclasses.field(default_factory=Latencies)
    """From an answer to the next command: what the server takes. Of commands that come together,
    the first is measured."""
    call: Latencies = dataclasses.field(default_factory=Latencies)
    """From the moment before connecting to the end, of calls that were served to it."""

    @property
    def served(self) -> bool:
        """Whether the server served: a call to its end, or, if none had one, until the load's."""
        return self.calls > 0 or (self.cut_off > 0 and not self.errors.keys() - {_NO_ROOM})


class _Call(asyncio.Protocol):
    """One call.

    Args:
        load: The load that it is part of.
        began: The moment before connecting.
    """

    def __init__(self, load: _Load, began: float) -> None:
        self._load = load
        self._pilot = Pilot(load.setup, load.caller, recording=load.records)
        self._began = self._answered = began
        self._counted = False
        self._reads = True  # whether the server does
        self._heard = time.perf_counter()  # of a whole command
        self._transport: asyncio.Transport

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._load.connected(self)
        self._pilot.channel.start()
        self._transport.write(self._pilot.channel.data_to_send())

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def eof_received(self) -> None:
        """Run what is left, and close."""
        self._take(None)

    def pause_writing(self) -> None:
        """Take no more commands from a server that does not read the answers."""
        self._reads = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Take commands again."""
        self._reads = True
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.calls.discard(self)
        self._pilot.channel.receive_eof()
        self._count("" if exc is None else "the connection broke")
        self._load.ended()

    # What the load calls.

    def sweep(self, late: float) -> None:
        """Give up if the last command came before a moment."""
        if self._heard < late:
            self._give_up("no command in time" if self._reads else "the server does not read")

    def cut_off(self) -> None:
        """End it, as the load is over."""
        if self._speaks_no_agi or self._counted:
            self._count()
        elif self._pilot.channel.answered:
            self._load.result.cut_off += 1
        else:
            self._load.result.waiting += 1
        self._counted = True
        self._transport.abort()

    # Private.

    @property
    def _speaks_no_agi(self) -> bool:
        channel = self._pilot.channel
        return 0 < channel.answered == channel.unknown

    def _take(self, data: bytes | None) -> None:
        """Take what the server sent, None for the end of it, and answer."""
        now = time.perf_counter()
        channel = self._pilot.channel
        before = channel.answered
        try:
            self._run(data)
        except EndlessCallError:
            self._give_up("the call does not end")
            return
        except Exception as error:  # noqa: BLE001 - what an application of the setup raises
            self._load.stop(error)
            return
        if count := channel.answered - before:
            result = self._load.result
            (result.command if before else result.set_up).add(now - self._answered)
            result.commands += count
            self._answered = self._heard = time.perf_counter()
        if channel.closed:
            self._count()
            self._transport.close()
        elif channel.answered >= _ENOUGH and self._speaks_no_agi:
            self._give_up(_NO_AGI)

    def _run(self, data: bytes | None) -> None:
        pilot, channel, write = self._pilot, self._pilot.channel, self._transport.write
        if data is None:
            channel.receive_eof()
        else:
            pilot.receive_data(data)
        write(channel.data_to_send())
        while channel.running:
            pilot.run()
            write(channel.data_to_send())

    def _give_up(self, kind: str) -> None:
        self._count(kind)
        self._transport.abort()

    def _count(self, failed: str = "") -> None:
        """Count a call that is over, once.

        Args:
            failed: What is wrong with it, if the session does not say.
        """
        load, channel = self._load, self._pilot.channel
        if self._counted:
            return
        self._counted = True
        if self._speaks_no_agi:
            load.fail(_NO_AGI)
        elif failed:
            load.fail(failed)
        elif channel.status == "ABORTED":
            load.fail("a command at which Asterisk aborts")
        elif channel.status == "FAILURE":
            load.fail("AGISTATUS=FAILURE")
        elif channel.answered:
            load.result.calls += 1
            load.result.call.add(time.perf_counter() - self._began)
        else:
            load.fail("no command came")


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
        setup: SetupOptions,
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
        self._dialing = 0  # not yet connected
        self._addresses: list[str] = []  # of the host; only the one that answers, once one has
        self._crash: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connecting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def fail(self, kind: str) -> None:
        """Count a call that failed."""
        self.result.errors[kind] += 1

    def stop(self, error: Exception) -> None:
        """End the load with what its setup raised."""
        if not self._crash.done():
            self._crash.set_exception(error)

    def connected(self, call: _Call) -> None:
        """Take a call to whose server there is a connection."""
        self._dialing -= 1
        self.calls.add(call)
        if self.over:
            call.cut_off()

    def ended(self) -> None:
        """Make a call where one has ended."""
        self._active -= 1
        if self._rate is None and not self.over:
            self._start()

    def _start(self) -> None:
        if self._active >= self._concurrency:
            self.fail(_NO_ROOM)
            return
        self._active += 1
        task = self._loop.create_task(self._connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self) -> None:
        self._dialing += 1
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._connect_somewhere()
        except TimeoutError:
            self.fail("cannot connect: no answer")
        except OSError as error:
            # The loops word it in ways of their own.
            self.fail(f"cannot connect: {os.strerror(error.errno) if error.errno else error}")
        else:
            return
        self._dialing -= 1
        await asyncio.sleep(_SWEEP_SECONDS)  # not as fast as it is refused
        self.ended()

    async def _connect_somewhere(self) -> None:
        """Connect to the first address that takes the call.

        Raises:
            OSError: What the last one said.
        """
        began = time.perf_counter()
        *others, last = self._addresses
        for address in others:
            with contextlib.suppress(OSError):
                await self._connect_to(address, began)
                return
        await self._connect_to(last, began)

    async def _connect_to(self, address: str, began: float) -> None:
        await self._loop.create_connection(lambda: _Call(self, began), address, self.port)
        self._addresses = [address]

    async def _look_up(self) -> None:
        """Look the host up, once: it is the server that is measured.

        Raises:
            OSError: If there is none of that name.
        """
        try:
            found = await self._loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # what can be no name
            raise OSError(f"there is no such address: {error}") from error
        self._addresses = [str(address[0]) for *_, address in found]

    async def run(self, duration: float, notice: Callable[[LoadResult], object]) -> LoadResult:
        """Make calls for so many seconds."""
        await self._look_up()
        began = time.perf_counter()
        makers = asyncio.create_task(self._make_calls())
        try:
            while (left := duration - (time.perf_counter() - began)) > 0:
                await asyncio.wait([self._crash], timeout=min(_SWEEP_SECONDS, left))
                if self._crash.done():
                    self._crash.result()
                late = time.perf_counter() - self._patience
                for call in list(self.calls):
                    call.sweep(late)
                self.result.seconds = time.perf_counter() - began
                notice(self.result)
        finally:
            self.result.seconds = time.perf_counter() - began
            await self._end(makers)
            notice(self.result)
        return self.result

    async def _end(self, makers: asyncio.Task[None]) -> None:
        """End all calls, and count them."""
        self.over = True
        for call in list(self.calls):
            call.cut_off()
        connecting = list(self._connecting)
        for task in (makers, *connecting):
            task.cancel()
        await asyncio.gather(makers, *connecting, return_exceptions=True)
        self.result.waiting += self._dialing

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
    **setup: Unpack[SetupOptions],
) -> LoadResult:
    """Place calls to a server for a while, and give what came of it.

    Args:
        url: The server: ``"agi://host:4573/script"``.
        caller: What each caller does: see `Caller`.
        concurrency: How many calls there are at once; with `rate`, at most.
        duration: How long, in seconds.
        rate: How many calls begin in a second; None for one as soon as another ends.
        patience: The seconds that the server has for its next command.
        notice: Called twice a second with the result so far, and at the end, also if that comes
            early because the task was cancelled.
        setup: What the calls are like: the attributes of `Setup`.

    Raises:
        ValueError: If the URL is none of FastAGI, or `caller` is no plan.
        OSError: If there is no host of that name.
        Exception: What an application of the setup raises.
    """
    caller = Caller(caller) if isinstance(caller, str) else caller
    load = _Load(url, caller, concurrency, rate, patience, setup)
    return await load.run(duration, notice)
