"""Notices, for idle sessions with hang-up callbacks, that Asterisk has said something."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pystrix.agi._session import Session


class HangupWatcher:
    """One thread that waits on all idle sessions that have callbacks; it starts with the first.

    A session is watched until bytes come once, then it is polled. If a command runs in it by
    then, the bytes are that command's, and the session asks to be watched again after it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the four below
        self._thread: threading.Thread | None = None
        self._wishes: deque[tuple[int, Session | None]] = deque()
        self._wake: socket.socket | None = None
        self._closed = False

    def watch(self, session: Session) -> None:
        """Call ``session.poll()`` once when bytes come. Idempotent."""
        self._wish(session.fileno(), session)

    def forget(self, fileno: int) -> None:
        """Stop watching what had this descriptor; call it before the descriptor is closed."""
        if self._thread is not None:
            self._wish(fileno, None)

    def close(self) -> None:
        """End the thread, and wait for its end unless it is the one that calls. Idempotent."""
        with self._lock:
            self._closed = True
            thread = self._thread
            if self._wake is not None:
                self._wake.send(b"\0")
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _wish(self, fileno: int, session: Session | None) -> None:
        with self._lock:
            if self._closed or fileno < 0:
                return
            self._wishes.append((fileno, session))
            if self._thread is None:
                self._wake, sleeper = socket.socketpair()
                self._thread = threading.Thread(
                    target=self._run, args=(sleeper,), name="pystrix-hangup-watcher", daemon=True
                )
                self._thread.start()
            elif self._wake is not None and len(self._wishes) == 1:
                self._wake.send(b"\0")

    def _run(self, sleeper: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, sleeper:
            selector.register(sleeper, selectors.EVENT_READ)
            while not self._closed:
                self._fulfil(selector)
                for key, _ in selector.select():
                    if key.fileobj is sleeper:
                        sleeper.recv(4096)
                    else:
                        selector.unregister(key.fileobj)
                        key.data.poll()
        with self._lock:
            if self._wake is not None:
                self._wake.close()
                self._wake = None

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
