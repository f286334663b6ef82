"""Threads that are kept for the next call: starting one per call halves the calls per second."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_SECONDS: Final = 10.0
"""After this time without a call a thread ends."""


class ThreadPool:
    """Runs every job at once: in an idle thread if there is one, else in a new one.

    Args:
        name: The beginning of the threads' names.
        daemon: Whether the threads let the program end while they run.
        idle_seconds: How long a thread waits for its next job, in seconds.
    """

    def __init__(self, name: str, *, daemon: bool, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self.daemon: bool = daemon
        """Whether threads that are started from now on let the program end while they run."""
        self._idle_seconds = idle_seconds
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.RLock()  # guards the four below; a signal handler may call close
        self._idle = 0  # threads that wait for a job no one has promised them
        self._running: set[threading.Thread] = set()
        self._started = 0
        self._closed = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job, which must not raise.

        Raises:
            RuntimeError: If the system has no more threads, or the pool is closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the thread pool is closed")
            if self._idle:
                self._idle -= 1
                self._jobs.put(job)
                return
            self._started += 1
            thread = threading.Thread(
                target=self._work,
                # In a list, to be taken out of it: a thread keeps its arguments until it ends.
                args=([job],),
                name=f"{self._name}-{self._started}",
                daemon=self.daemon,
            )
            self._running.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._running.discard(thread)
            raise

    def close(self) -> None:
        """Take no more jobs, and let the threads end with the ones they have. Idempotent."""
        with self._lock:
            self._closed = True
            for _ in range(self._idle):
                self._jobs.put(None)
            self._idle = 0

    def join(self) -> None:
        """Wait until all threads have ended; close it first. A thread of its own does not wait."""
        with self._lock:
            threads = set(self._running)
        if threading.current_thread() in threads:
            return
        for thread in threads:
            thread.join()

    def _work(self, first: list[Callable[[], None]]) -> None:
        job: Callable[[], None] | None = first.pop()
        try:
            while job is not None:
                job()
                # The job holds the call it served: let go of it before waiting for the next.
                job = None
                job = self._next()
        finally:
            with self._lock:
                self._running.discard(threading.current_thread())

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._closed:
                return None
            self._idle += 1
        try:
            return self._jobs.get(timeout=self._idle_seconds)
        except queue.Empty:
            with self._lock:
                if self._idle:
                    self._idle -= 1
                    return None
            return self._jobs.get()  # promised in the last moment
