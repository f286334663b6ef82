"""Threads that are kept for the next call."""

from __future__ import annotations

import queue
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi._pool import ThreadPool
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make() -> Iterator[Callable[..., ThreadPool]]:
    """Give a maker of pools, which are closed after the test."""
    pools: list[ThreadPool] = []

    def make(*, daemon: bool = True, **options: float) -> ThreadPool:
        pools.append(ThreadPool("pystrix-test", daemon=daemon, **options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()
        pool.join()
        assert pool._running == set()


class Job:
    """A job that runs until it may end."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.began = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> None:
        """Run."""
        self.thread = threading.current_thread()
        self.began.set()
        assert self.may_end.wait(TIMEOUT)


def run(pool: ThreadPool) -> threading.Thread:
    """Run a job and wait until its thread waits for the next; give the thread."""
    job = Job()
    job.may_end.set()
    idle = pool._idle
    pool.submit(job)
    assert job.began.wait(TIMEOUT)
    assert job.thread is not None
    eventually(lambda: pool._idle == max(idle, 1))
    return job.thread


@pytest.mark.parametrize("daemon", [True, False])
def test_reuse(make: Callable[..., ThreadPool], daemon: bool) -> None:
    """A thread that waits gets the next job."""
    pool = make(daemon=daemon)
    first = run(pool)
    assert run(pool) is first
    assert run(pool) is first
    assert first.name == "pystrix-test-1"
    assert first.daemon is daemon


def test_growth(make: Callable[..., ThreadPool]) -> None:
    """No job waits for another: if no thread is idle, there is a new one."""
    pool = make()
    run(pool)
    jobs = [Job() for _ in range(10)]
    for job in jobs:
        pool.submit(job)
    for job in jobs:
        assert job.began.wait(TIMEOUT)
    assert {job.thread for job in jobs} == set(library_threads())
    assert len(library_threads()) == 10
    assert pool._idle == 0
    for job in jobs:
        job.may_end.set()
    eventually(lambda: pool._idle == 10)


def test_idle_threads_end(make: Callable[..., ThreadPool]) -> None:
    """A thread that waits too long ends; the next job gets a new one."""
    pool = make(idle_seconds=0.01)
    for _ in range(3):
        job = Job()
        job.may_end.set()
        pool.submit(job)
        assert job.began.wait(TIMEOUT)
        assert job.thread is not None
        job.thread.join(TIMEOUT)
        assert not job.thread.is_alive()
        assert pool._idle == 0
        assert pool._running == set()


def test_no_job_is_lost(make: Callable[..., ThreadPool]) -> None:
    """Jobs that come at the very moment when threads give up waiting are run; then all end."""
    pool = make(idle_seconds=0)
    count, done = 500, threading.Semaphore(0)

    def job() -> None:
        done.release()

    def submit() -> None:
        for _ in range(count):
            pool.submit(job)

    submitters = [Background(submit) for _ in range(4)]
    for submitter in submitters:
        submitter.result()
    for _ in range(4 * count):
        assert done.acquire(timeout=TIMEOUT)
    assert not done.acquire(blocking=False)
    eventually(lambda: pool._running == set(), "the end of the idle threads")


class LastMoment(queue.SimpleQueue[Any]):
    """A queue whose reader gives up just as something is done.

    Args:
        moment: What is done.
    """

    def __init__(self, moment: Callable[[], None]) -> None:
        super().__init__()
        self._moment: Callable[[], None] | None = moment

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Give up once, then wait as usual."""
        if timeout is not None and self._moment is not None:
            moment, self._moment = self._moment, None
            moment()
            raise queue.Empty
        return super().get(block, timeout)


def test_job_in_the_last_moment(make: Callable[..., ThreadPool]) -> None:
    """A job that was promised to a thread as it gave up is run by that thread."""
    pool = make()
    first, second = Job(), Job()
    first.may_end.set()
    second.may_end.set()
    pool._jobs = LastMoment(lambda: pool.submit(second))
    pool.submit(first)
    assert second.began.wait(TIMEOUT)
    assert second.thread is first.thread


def test_close_in_the_last_moment(make: Callable[..., ThreadPool]) -> None:
    """A thread that is told to end as it gives up ends."""
    pool = make()
    job = Job()
    job.may_end.set()
    pool._jobs = LastMoment(pool.close)
    pool.submit(job)
    assert job.began.wait(TIMEOUT)
    assert job.thread is not None
    job.thread.join(TIMEOUT)
    assert not job.thread.is_alive()


def test_close(make: Callable[..., ThreadPool]) -> None:
    """Idle threads end, the others with their jobs; no more jobs are taken."""
    pool = make()
    idle, busy = Job(), Job()
    for job in idle, busy:
        pool.submit(job)
        assert job.began.wait(TIMEOUT)
    idle.may_end.set()
    eventually(lambda: pool._idle == 1)
    pool.close()
    pool.close()
    assert idle.thread is not None
    assert busy.thread is not None
    idle.thread.join(TIMEOUT)
    assert not idle.thread.is_alive()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(idle)
    joining = Background(pool.join)
    assert busy.thread.is_alive()
    busy.may_end.set()
    joining.result()
    busy.thread.join(TIMEOUT)
    assert not busy.thread.is_alive()


def test_join_in_a_job(make: Callable[..., ThreadPool]) -> None:
    """A job that joins the pool does not wait for itself."""
    pool = make()
    done = threading.Event()

    def job() -> None:
        pool.close()
        pool.join()
        done.set()

    pool.submit(job)
    assert done.wait(TIMEOUT)


def test_no_more_threads(make: Callable[..., ThreadPool], monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system has no more threads, the caller is told, and the pool works on."""
    pool = make()

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="start new thread"):
            pool.submit(Job())
    assert pool._running == set()
    assert run(pool).name == "pystrix-test-2"


def test_jobs_are_let_go(make: Callable[..., ThreadPool]) -> None:
    """An idle thread does not keep its last job alive."""
    pool = make()
    job = Job()
    job.may_end.set()
    gone = threading.Event()
    weakref.finalize(job, gone.set)
    pool.submit(job)
    del job
    eventually(lambda: pool._idle == 1)
    assert gone.is_set()
