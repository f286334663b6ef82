"""Notices, for idle sessions with hang-up callbacks, that Asterisk has said something."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pystrix.agi._session import Session

IDLE_SECONDS: Final = 10.0
"""After this time with nothing to watch the thread ends."""


class HangupWatcher:
    """One thread that waits on all idle sessions that have callbacks.

    It runs while there are such sessions. A session is watched until bytes come once, then it is
    polled. If a command runs in it by then, the bytes are that command's, and the session asks to
    be watched again after it.
    """

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()  # guards the four below
        self._thread: threading.Thread | None = None
        self._wishes: deque[tuple[int, Session | None]] = deque()
        self._waker: socket.socket | None = None
        self._closed = False

    def watch(self, session: Session) -> None:
        """Call ``session.poll()`` once when bytes come. Idempotent."""
        self._wish(session.fileno(), session)

    def forget(self, fileno: int) -> None:
        """Stop watching what has this descriptor; call it before the descriptor is closed."""
        self._wish(fileno, None)

    def close(self) -> None:
        """Let the thread end as soon as there is nothing to watch. Idempotent."""
        with self._lock:
            self._closed = True
            self._wake()

    def join(self) -> None:
        """Wait until the thread has ended; close it first."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _wish(self, fileno: int, session: Session | None) -> None:
        if fileno < 0:
            return
        with self._lock:
            if self._thread is None and session is None:
                return
            self._wishes.append((fileno, session))
            if self._thread is not None:
                self._wake()
                return
            self._waker, sleeper = socket.socketpair()
            self._thread = threading.Thread(
                target=self._run, args=(sleeper,), name="pystrix-hangup-watcher", daemon=True
            )
            self._thread.start()

    def _wake(self) -> None:
        # One byte is enough until the thread has taken the wishes; a full pipe wakes it as well.
        if self._waker is not None and len(self._wishes) <= 1:
            self._waker.send(b"\0")

    def _run(self, sleeper: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, sleeper:
            selector.register(sleeper, selectors.EVENT_READ)
            while True:
                self._fulfil(selector)
                watching = len(selector.get_map()) > 1
                ready = selector.select(
                    None if watching else 0 if self._closed else self._idle_seconds
                )
                if not ready and self._end():
                    return
                for key, _ in ready:
                    if key.fileobj is sleeper:
                        sleeper.recv(4096)
                    else:
                        selector.unregister(key.fileobj)
                        key.data.poll()

    def _fulfil(self, selector: selectors.BaseSelector) -> None:
        with self._lock:
            wishes = list(self._wishes)
            self._wishes.clear()
        for fileno, session in wishes:
            if fileno in selector.get_map():
                selector.unregister(fileno)
            if session is not None and session.fileno() == fileno:
                # The session may be closed at this very moment; then there is nothing to watch.
                with contextlib.suppress(OSError, ValueError):
                    selector.register(fileno, selectors.EVENT_READ, session)

    def _end(self) -> bool:
        """End the thread, unless a wish has come in this moment."""
        with self._lock:
            if self._wishes or self._waker is None:
                return False
            self._waker.close()
            self._waker = self._thread = None
            return True
