"""What the callbacks of calls hear, the same on threads and on asyncio."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING

import pytest

from pystrix.ami.calls import Change, ChangeKind
from tests.agi.peers import TIMEOUT, eventually, records

if TYPE_CHECKING:
    from pystrix.testing.ami import AMIServer
    from tests.ami.desk import Desk


class Ear:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self.changes: queue.Queue[Change] = queue.Queue()

    def __call__(self, change: Change) -> None:
        """Keep a change."""
        self.changes.put(change)

    def kinds(self, last: ChangeKind) -> list[ChangeKind]:
        """Give the kinds of changes, up to one."""
        found: list[ChangeKind] = []
        while last not in found:
            found.append(self.changes.get(timeout=TIMEOUT).kind)
        return found


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, asyncio.CancelledError])
def test_callbacks(
    desk: Desk,
    asterisk: AMIServer,
    caplog: pytest.LogCaptureFixture,
    kind: type[BaseException],
) -> None:
    """They hear of everything, in order; one that fails harms nobody."""
    ear = Ear()

    def fail(change: Change) -> None:
        raise kind(change)

    calls = desk.manager.calls
    for function in (fail, ear, ear):
        desk.do(calls.register_callback, function)
    desk.originate()
    asterisk.calls[0].answer()
    asterisk.calls[0].hang_up()
    assert ear.kinds(ChangeKind.ENDED) == [
        ChangeKind.STARTED,
        ChangeKind.CHANNEL_ADDED,
        ChangeKind.RINGING,
        ChangeKind.ANSWERED,
        ChangeKind.DECIDED,
        ChangeKind.CHANNEL_GONE,
        ChangeKind.ENDED,
    ]
    assert ear.changes.empty()
    assert "failed for" in records(caplog)[0].getMessage()
    assert desk.do(calls.unregister_callback, ear)
    assert not desk.do(calls.unregister_callback, ear)


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_coroutine_callbacks(desk: Desk, asterisk: AMIServer) -> None:
    """On asyncio they are awaited."""
    ear = Ear()

    async def hear(change: Change) -> None:
        await asyncio.sleep(0)
        ear(change)

    desk.do(desk.manager.calls.register_callback, hear)
    desk.originate()
    assert ear.kinds(ChangeKind.RINGING)[0] is ChangeKind.STARTED
    assert asterisk.calls


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_a_cancelled_callback(desk: Desk, asterisk: AMIServer) -> None:
    """When the loop ends it ends as well."""
    begun = threading.Event()

    async def hear(_: Change) -> None:
        begun.set()
        await asyncio.Event().wait()

    calls = desk.manager.calls
    desk.do(calls.register_callback, hear)
    asterisk.receive_call("PJSIP/a")
    assert begun.wait(TIMEOUT)

    async def cancel() -> bool:
        calls._delivering.cancel()
        await asyncio.wait([calls._delivering])
        return bool(calls._delivering.cancelled())

    assert desk.do(cancel)


@pytest.mark.parametrize("failure", [SystemExit, asyncio.CancelledError])
def test_callback_that_wants_to_end_it(
    desk: Desk,
    asterisk: AMIServer,
    caplog: pytest.LogCaptureFixture,
    failure: type[BaseException],
) -> None:
    """It ends nothing: all others hear of all, and what is due happens."""
    ear = Ear()

    def fail(_: Change) -> None:
        raise failure

    for function in (fail, ear):
        desk.do(desk.manager.calls.register_callback, function)
    desk.originate()
    asterisk.calls[0].answer()
    asterisk.calls[0].hang_up()
    assert len(ear.kinds(ChangeKind.ENDED)) == 7
    logged = [record.exc_info[0] for record in records(caplog) if record.exc_info]
    assert logged == [failure] * 7


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_callback_that_is_cancelled(desk: Desk, asterisk: AMIServer) -> None:
    """A loop that ends takes it along."""
    begun = threading.Event()

    async def wait(_: Change) -> None:
        begun.set()
        await asyncio.sleep(TIMEOUT)

    calls = desk.manager.calls
    desk.do(calls.register_callback, wait)
    desk.originate()
    assert begun.wait(TIMEOUT)
    delivering = calls._delivering
    desk.do(delivering.cancel)
    eventually(delivering.done)
    assert delivering.cancelled()
    assert asterisk.calls


def test_slow_callbacks(desk: Desk, asterisk: AMIServer, caplog: pytest.LogCaptureFixture) -> None:
    """What finds no room is dropped, counted, and said once; calls are followed all the same."""
    asterisk.far_end_of_others = "answers"
    ear, go_on = Ear(), threading.Semaphore(0)

    def block(change: Change) -> None:
        ear(change)
        assert go_on.acquire(timeout=TIMEOUT)

    async def wait(change: Change) -> None:
        ear(change)
        assert await asyncio.to_thread(go_on.acquire, timeout=TIMEOUT)

    desk.options = {"queue_size": 2}
    calls = desk.make()
    desk.do(calls.register_callback, wait if desk.is_async else block)
    try:
        asterisk.receive_call("PJSIP/a")
        ear.changes.get(timeout=TIMEOUT)
        for _ in range(5):
            asterisk.receive_call("PJSIP/b")
        eventually(lambda: len(calls) == 6)
        eventually(lambda: calls.changes_dropped)
        eventually(lambda: records(caplog))
        for number in (7, 8):  # there is room in between, but never half of it
            go_on.release(2)
            for _ in range(2):
                ear.changes.get(timeout=TIMEOUT)
            asterisk.receive_call("PJSIP/c")
            eventually(lambda: len(calls) == number)  # noqa: B023
        dropped = calls.changes_dropped
        asterisk.receive_call("PJSIP/d")
        eventually(lambda: calls.changes_dropped > dropped)
        assert len(records(caplog)) == 1
    finally:
        go_on.release(1000)
        desk.do(calls.close)
