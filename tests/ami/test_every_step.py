"""The manager on asyncio, disturbed before each step that the loop takes: nothing breaks."""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import AnyListAction, Backoff, Gap, ManagerTimeoutError, aio
from pystrix.ami.errors import CallTimeoutError, Error
from tests.ami.looping import PING
from tests.ami.managers import LOGIN
from tests.ami.steps import Asterisk, Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pystrix.ami import Event

CHANNELS = AnyListAction("CoreShowChannels")
ALWAYS = 1e9


class Run:
    """One run of a scenario: a manager, and the Asterisk that it talks to."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.asterisk = Asterisk()
        self.manager = aio.Manager(
            "127.0.0.1",
            self.asterisk.port,
            **LOGIN,
            reconnect=Backoff(0.1, 1, 0.1),
            offline_timeout=ALWAYS,
        )
        self.manager.calls._tracker._clock = loop.time
        self.task: asyncio.Task[Any] | None = None
        self.closing: list[asyncio.Task[None]] = []
        self.seen: list[str] = []
        self.cleaning = 0

    async def do(self, doing: Coroutine[Any, Any, Any]) -> Any:
        """Do what is disturbed; give its result, or the error."""
        self.task = self.loop.create_task(doing)
        self.loop.counts = True
        await asyncio.wait([self.task])
        self.loop.counts = False
        if self.task.cancelled():
            return None
        error = self.task.exception()
        assert error is None or isinstance(error, Error | StopAsyncIteration), error
        return error or self.task.result()

    # What disturbs.

    def cancel(self) -> None:
        """Cancel what is done."""
        if self.task is not None:
            self.task.cancel()

    def close(self) -> None:
        """Close the manager, from another task."""
        self.closing.append(self.loop.create_task(self.manager.close()))

    def feed(self) -> None:
        """Let an event come."""
        self.asterisk.event()

    def end(self) -> None:
        """End the connection."""
        self.asterisk.drop()

    def ring(self) -> None:
        """Let all timers ring."""
        self.loop.jump(1000.0)

    def cancel_and_feed(self) -> None:
        """Do both."""
        self.cancel()
        self.feed()


# What is disturbed.


async def connect(run: Run) -> None:
    """Log in, with a callback that begins at once; what failed is closed, with all that hangs."""
    run.manager.register_callback("FullyBooted", lambda *_: asyncio.sleep(1.0))
    stream = run.manager.events("Never")
    result = await run.do(run.manager.connect())
    assert run.task is not None
    if isinstance(result, Error) or (run.task.cancelled() and run.manager._link._task):
        assert run.manager._dispatcher is None or run.manager._dispatcher.done()
        assert not run.manager._streams
    stream.close()


async def connect_to_one_that_starts(run: Run) -> None:
    """Wait for the start."""
    run.asterisk.tells_boot = False
    await connect(run)


async def send(run: Run) -> None:
    """Send a list action between others."""
    await run.manager.connect()
    others = [run.loop.create_task(run.manager.send(PING)) for _ in range(2)]
    found = await run.do(run.manager.send(CHANNELS))
    assert found is None or isinstance(found, Error) or len(found) == 1
    await asyncio.wait(others)
    assert all(isinstance(other.exception(), Error | None) for other in others)


async def send_while_there_is_no_connection(run: Run) -> None:
    """Wait for it: one that is lost at once is none."""
    await run.manager.connect()
    run.asterisk.drop()
    while run.manager.is_connected():  # noqa: ASYNC110 - each step counts
        await asyncio.sleep(0)
    result = await run.do(run.manager.send(PING, timeout=ALWAYS))
    assert not isinstance(result, ManagerTimeoutError)


async def share_a_stream(run: Run) -> None:
    """Take events in two tasks: each event goes to one of them, and none is lost."""
    await run.manager.connect()

    async def consume() -> None:
        async for event in stream:
            run.seen.append(event["N"])

    with run.manager.events("X") as stream:
        other = run.loop.create_task(consume())
        consuming = run.loop.create_task(run.do(consume()))
        for number in range(4):
            for _ in range(number % 3):
                run.asterisk.event()
            await asyncio.sleep(0)
        run.loop.counts = False
        await asyncio.sleep(20.0)
        if not run.closing:
            assert run.seen == [str(number) for number in range(run.asterisk.events)]
    await asyncio.wait([other, consuming])


async def call_back(run: Run) -> None:
    """Have a callback run that cleans up behind itself."""

    async def wait(event: Event, _: aio.Manager) -> None:
        run.seen.append(event["N"])
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            run.cleaning += 1
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            run.cleaning -= 1
            raise

    run.manager.register_callback("X", wait)
    await run.manager.connect()
    run.asterisk.event()
    await run.do(run.manager.send(PING))


async def close(run: Run) -> None:
    """Close it, and again, while a callback runs."""
    await call_back(run)
    run.loop.steps = 0
    await run.do(run.manager.close())
    await run.manager.close()
    assert run.manager._dispatcher is None or run.manager._dispatcher.done()
    await run.manager.wait_closed()


async def come_back(run: Run) -> None:
    """Be told of a gap, with what a hook gave."""

    async def hook(manager: aio.Manager) -> bool:
        await manager.send(PING)
        return True

    run.manager.register_resync(hook)
    await run.manager.connect()
    with run.manager.events(Gap) as gaps:
        run.asterisk.drop()
        gap = await run.do(anext(gaps))
    assert not isinstance(gap, Gap) or gap.results == {hook: True}


async def make_a_call(run: Run) -> None:
    """Make a call, and wait for what becomes of it."""
    await run.manager.connect()
    calls: list[aio.Call] = []

    async def go() -> None:
        calls.append(await run.manager.originate("SIP/a", application="Wait"))
        await calls[0].answered(900.0)
        await calls[0].ended(900.0)

    result = await run.do(go())
    assert not isinstance(result, CallTimeoutError)
    await asyncio.sleep(100.0)
    assert all(call.is_over and not call._waiters for call in calls)


async def follow_calls(run: Run) -> None:
    """Ask for the calls there are, while others begin and end."""
    await run.manager.connect()
    run.asterisk.call("new")
    await run.do(run.manager.calls.start())
    if run.manager._link.closed.is_set():
        assert len(run.manager.calls) == 0


SCENARIOS = [
    connect,
    connect_to_one_that_starts,
    send,
    send_while_there_is_no_connection,
    share_a_stream,
    call_back,
    close,
    come_back,
    make_a_call,
    follow_calls,
]
# What is done, and how many steps later something else.
DISTURBANCES: dict[str, dict[int, Callable[[Run], None]]] = {
    "cancel": {0: Run.cancel},
    "cancel and feed": {0: Run.cancel_and_feed},
    "close": {0: Run.close},
    "close twice": {0: Run.close, 5: Run.close},
    "feed": {0: Run.feed},
    "end": {0: Run.end},
    "end twice": {0: Run.end, 25: Run.end},
    "ring": {0: Run.ring},
    "ring, then close": {0: Run.ring, 1: Run.close},
    "ring, then close later": {0: Run.ring, 2: Run.close},
}


async def check(run: Run) -> None:
    """Look whether all is well behind a disturbance."""
    await asyncio.sleep(30.0)
    assert all(task.done() and task.exception() is None for task in run.closing)
    manager = run.manager
    if not manager._link.closed.is_set() and manager._link._task is not None:
        with manager.events("X") as stream:
            run.asterisk.event()
            await manager.send(CHANNELS)
            assert stream.waiting == 1
    await manager.close()
    assert not run.cleaning
    connection = manager._link.connection
    if connection is not None:
        assert connection._protocol.is_idle()
        assert not connection._timeouts._deadlines
    assert not manager._link._waiting
    assert not manager._streams
    assert not manager._mailbox._waiters
    run.asterisk.close()


@pytest.mark.parametrize("disturbance", DISTURBANCES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_every_step(
    scenario: Callable[[Run], Coroutine[Any, Any, None]],
    disturbance: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whenever it comes: it ends in order, leaves nothing, and what goes on goes on."""

    async def main(loop: Loop, first: int) -> bool:
        run = Run(loop)
        for later, disturb in DISTURBANCES[disturbance].items():
            loop.disturbances[first + later] = functools.partial(disturb, run)
        await scenario(run)
        untouched = len(loop.disturbances) == len(DISTURBANCES[disturbance])
        await check(run)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return untouched

    for first in itertools.count(1):
        loop = Loop()
        monkeypatch.setattr(time, "monotonic", loop.time)
        with asyncio.Runner(loop_factory=itertools.repeat(loop).__next__) as runner:
            untouched = runner.run(main(loop, first))
            assert not loop.complaints
            assert not loop.timers
        assert not [record for record in caplog.records if record.levelname == "ERROR"], first
        if untouched:
            break
