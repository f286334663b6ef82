"""Notices, for idle sessions with hang-up callbacks, that Asterisk has said something."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pystrix.agi._session import Session

_LOGGER = logging.getLogger("pystrix.agi")

IDLE_SECONDS: Final = 10.0
"""After this time with nothing to watch the thread ends."""


class HangupWatcher:
    """One thread that waits on all idle sessions that have callbacks.

    It runs while there are such sessions. A session is watched until bytes come once, then it is
    told. If a command runs in it by then, the bytes are that command's, and the session asks to
    be watched again after it.
    """

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()  # guards the four below
        self._thread: threading.Thread | None = None
        self._wishes: deque[tuple[int, Session | None]] = deque()
        self._closed = False
        self._released = False
        self._nudged = False
        self._acquire()  # now: when the system runs out of descriptors the watcher still works

    def watch(self, session: Session) -> None:
        """Call ``session.notice()`` once when bytes come, unless it is closed. Idempotent."""
        with self._lock:
            if not session.closed:
                self._wish(session.fileno(), session)

    def forget(self, fileno: int) -> None:
        """Stop watching what had this descriptor; call it before the descriptor is closed."""
        with self._lock:
            if self._thread is not None:
                self._wish(fileno, None)

    def nudge(self) -> None:
        """Call ``notice()`` of every watched session, once.

        It takes no lock, so that a signal handler may call it.
        """
        self._nudged = True
        with contextlib.suppress(OSError):  # nobody listens, or has yet to
            self._waker.send(b"\0", socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Let the thread end as soon as there is nothing to watch. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._thread is None:
                self._release()
            else:
                self._waker.send(b"\0")

    def join(self) -> None:
        """Wait until the thread has ended; close it first."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _wish(self, fileno: int, session: Session | None) -> None:
        if fileno < 0:
            return
        if self._released:  # a call that outlives its server
            self._acquire()
        self._wishes.append((fileno, session))
        if self._thread is not None:
            if len(self._wishes) == 1:  # else it is awake already
                self._waker.send(b"\0")
            return
        thread = threading.Thread(target=self._run, name="pystrix-hangup-watcher", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._wishes.clear()
            _LOGGER.error("hang-ups are noticed late, no thread to watch: %s", error)  # noqa: TRY400
        else:
            self._thread = thread

    def _run(self) -> None:
        while True:
            self._fulfil(self._selector)
            if self._nudged:
                self._nudged = False
                for key in list(self._selector.get_map().values()):
                    if key.fileobj is not self._sleeper:
                        self._tell(key)
            watching = len(self._selector.get_map()) > 1
            ready = self._selector.select(
                None if watching else 0 if self._closed else self._idle_seconds
            )
            if not ready and self._end():
                return
            for key, _ in ready:
                if key.fileobj is self._sleeper:
                    self._sleeper.recv(4096)
                else:
                    self._tell(key)

    def _tell(self, key: selectors.SelectorKey) -> None:
        """Watch a session no more, and tell it."""
        self._selector.unregister(key.fileobj)
        session: Session = key.data
        try:
            session.notice()
        except RuntimeError as error:  # no thread for its callbacks; the next command calls them
            _LOGGER.error("a hang-up is told late, no thread: %s", error)  # noqa: TRY400

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
            if self._wishes:
                return False
            self._thread = None
            if self._closed:
                self._release()
            return True

    def _acquire(self) -> None:
        self._waker, self._sleeper = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._sleeper, selectors.EVENT_READ)
        self._released = False

    def _release(self) -> None:
        self._released = True
        self._selector.close()
        self._waker.close()
        self._sleeper.close()
