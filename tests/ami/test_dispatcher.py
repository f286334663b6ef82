"""The queue to the callbacks, and its thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pystrix.ami._dispatcher import Dispatcher
from tests.agi.peers import TIMEOUT, library_threads

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """A function that holds whoever calls it until it is opened."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.entered = threading.Semaphore(0)
        self.opened = threading.Semaphore(0)

    def __call__(self, thing: int) -> None:
        """Note a thing, and wait."""
        self.entered.release()
        assert self.opened.acquire(timeout=TIMEOUT)
        self.seen.append(thing)

    def let(self, count: int) -> None:
        """Let some pass."""
        self.opened.release(count)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Give a gate, which opens when the test ends."""
    gate = Gate()
    yield gate
    gate.let(1000)


def test_order() -> None:
    """Things are delivered one after the other, in order; the thread ends when all are."""
    seen: list[int] = []
    dispatcher = Dispatcher(seen.append, 1000)
    dispatcher.put([1, 2])
    dispatcher.start()
    dispatcher.put([3])
    dispatcher.put([])
    dispatcher.finish()
    dispatcher.finish()
    dispatcher.join()
    assert seen == [1, 2, 3]
    assert not library_threads()


def test_capacity(gate: Gate) -> None:
    """What finds no room is counted; a burst is told once."""
    dispatcher = Dispatcher(gate, 4)
    dispatcher.start()
    dispatcher.put([0])
    assert gate.entered.acquire(timeout=TIMEOUT)  # it is delivered, and no more in the queue
    assert dispatcher.put([1, 2, 3, 4]) == (0, False)
    assert dispatcher.put([5, 6]) == (2, True)
    assert dispatcher.put([7]) == (1, False)
    gate.let(1)
    assert gate.entered.acquire(timeout=TIMEOUT)
    assert dispatcher.put([8, 9]) == (1, False)  # the same burst
    gate.let(4)
    for _ in range(4):
        assert gate.entered.acquire(timeout=TIMEOUT)
    assert dispatcher.put([10]) == (0, False)  # the burst is over
    assert dispatcher.put([11, 12, 13, 14]) == (1, True)
    gate.let(1000)
    dispatcher.finish()
    dispatcher.join()
    assert gate.seen == [0, 1, 2, 3, 4, 8, 10, 11, 12, 13]


def test_stop(gate: Gate) -> None:
    """What is queued is dropped; what is delivered at the moment is finished."""
    dispatcher = Dispatcher(gate, 100)
    dispatcher.start()
    dispatcher.put([1, 2, 3])
    assert gate.entered.acquire(timeout=TIMEOUT)
    dispatcher.stop()
    gate.let(3)
    dispatcher.join()
    assert gate.seen == [1]


def test_join_in_its_own_thread() -> None:
    """It does not wait for itself."""
    done = threading.Event()

    def deliver(_: int) -> None:
        dispatcher.stop()
        dispatcher.join()
        done.set()

    dispatcher = Dispatcher(deliver, 10)
    dispatcher.start()
    dispatcher.put([1])
    assert done.wait(TIMEOUT)
    dispatcher.join()


def test_timer() -> None:
    """It is asked before the thread waits, when the time is up, and when it is woken."""
    asked = threading.Semaphore(0)
    answers: list[float | None] = [None, 0.001, None, None]

    def timer() -> float | None:
        asked.release()
        return answers.pop(0) if answers else None

    dispatcher: Dispatcher[int] = Dispatcher(lambda _: None, 10, timer)
    dispatcher.start()
    assert asked.acquire(timeout=TIMEOUT)
    dispatcher.wake()  # 0.001, and None when that is over
    for _ in range(2):
        assert asked.acquire(timeout=TIMEOUT)
    dispatcher.finish()
    dispatcher.join()
