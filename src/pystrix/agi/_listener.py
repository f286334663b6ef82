"""A listening socket and the loop that accepts on it; it can be stopped from any thread."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Accepted = Callable[[socket.socket, str], None]

BACKLOG: Final = 65535
"""Connections the kernel keeps for us, or as many as it allows (Linux: ``net.core.somaxconn``).

A caller who finds the queue full waits 1, 3, 7 s.
"""

ACCEPTED_AT_ONCE: Final = 1024
"""Connections that are taken off the kernel's queue before the first of them is handed on."""

EXHAUSTED_SECONDS: Final = 1.0
"""The pause after accept failed: without a free descriptor, calls must end before others begin."""

_LOGGER = logging.getLogger("pystrix.agi")


class Listener:
    """A listening TCP socket.

    Args:
        interface: The address or name; ``""`` for all of IPv4, ``"::"`` for all of both.
        port: The port; 0 for any free one.
        reuse_port: Whether others may listen there as well.

    Raises:
        OSError: If it cannot listen there.
    """

    def __init__(self, interface: str, port: int, *, reuse_port: bool = False) -> None:
        self._waker, self._sleeper = socket.socketpair()
        try:
            self.socket = listen(interface, port, reuse_port=reuse_port)
        except BaseException:
            self._waker.close()
            self._sleeper.close()
            raise
        self.address: Any = self.socket.getsockname()
        """What `socket.getsockname` gave."""
        self._lock = threading.RLock()  # guards the two below; a signal handler may call stop
        self._stopping = False
        self._runner: threading.Thread | None = None
        self._stoppers: set[int] = set()  # threads within the locked part of stop
        self._idle = threading.Event()  # nobody runs
        self._idle.set()

    def run(self, accepted: Accepted) -> None:
        """Accept until `stop`, and hand each connection and the text of its peer to `accepted`.

        Raises:
            RuntimeError: If another thread runs already.
        """
        with self._running() as selector:
            while not self._stopping:
                self._wait(selector, None, accepted, ACCEPTED_AT_ONCE)

    def accept_one(self, accepted: Accepted, timeout: float | None) -> bool:
        """Accept one connection; tell whether one came within `timeout` seconds, before `stop`.

        Raises:
            RuntimeError: If another thread runs already.
        """
        with self._running() as selector:
            return not self._stopping and self._wait(selector, timeout, accepted, 1)

    def stop(self) -> None:
        """Close the socket, end whoever runs, and wait for that. From any thread; idempotent."""
        thread = threading.get_ident()
        if thread in self._stoppers:
            return  # a signal handler has interrupted the part below, which goes on after it
        self._stoppers.add(thread)
        with self._lock:
            if not self._stopping:
                self._stopping = True
                self._waker.send(b"\0")
                if self._runner is None:
                    self._close_if_stopping()
            runner = self._runner
        self._stoppers.discard(thread)
        if runner is not threading.current_thread():
            self._idle.wait()

    @contextlib.contextmanager
    def _running(self) -> Generator[selectors.BaseSelector]:
        with self._lock:
            if self._runner is not None:
                raise RuntimeError(f"{self._runner.name} serves already")
            self._runner = threading.current_thread()
            self._idle.clear()
        try:
            with selectors.DefaultSelector() as selector:
                if not self._stopping:
                    selector.register(self.socket, selectors.EVENT_READ)
                    selector.register(self._sleeper, selectors.EVENT_READ)
                yield selector
        finally:
            with self._lock:
                self._close_if_stopping()
                # In this order: whoever waits finds the socket closed, and a signal handler that
                # stops in between does not wait for us.
                self._idle.set()
                self._runner = None
                self._close_if_stopping()  # it may have come just now

    def _wait(
        self, selector: selectors.BaseSelector, timeout: float | None, accepted: Accepted, most: int
    ) -> bool:
        """Wait for connections, and hand on those that are there; tell whether any was."""
        ready = [key.fileobj for key, _ in selector.select(timeout)]
        if self.socket not in ready or self._stopping:
            return False
        # All first: to start a thread takes longer than to accept, and the queue goes on filling.
        taken: deque[tuple[socket.socket, Any]] = deque()
        try:
            failed = self._take(taken, most)
            found = bool(taken)
            while taken and not self._stopping:
                connection, address = taken.popleft()
                if not os.get_blocking(connection.fileno()):  # some systems hand on the listener's
                    connection.setblocking(True)
                accepted(connection, peer_text(address))
        finally:
            for connection, _ in taken:  # it was stopped, or interrupted
                connection.close()
        if failed:
            selector.unregister(self.socket)
            selector.select(EXHAUSTED_SECONDS)
            selector.register(self.socket, selectors.EVENT_READ)
        return found

    def _take(self, taken: deque[tuple[socket.socket, Any]], most: int) -> bool:
        """Accept the connections that are there; tell whether that failed for all."""
        try:
            while len(taken) < most:
                taken.append(self.socket.accept())
        except (BlockingIOError, ConnectionAbortedError):
            pass  # no more are there, or the peer has left again
        except OSError as error:
            _LOGGER.error("cannot accept a call: %s", error)  # noqa: TRY400 - no use in its trace
            return True
        return False

    def _close_if_stopping(self) -> None:
        if self._stopping:
            for each in (self.socket, self._waker, self._sleeper):
                each.close()


class _ListeningSocket(socket.socket):
    """A socket whose `accept` does not go through two Enums for each connection."""

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self._family, self._kind = super().family, super().type

    @property
    def family(self) -> socket.AddressFamily:
        return self._family

    @property
    def type(self) -> socket.SocketKind:
        return self._kind


def peer_text(address: tuple[Any, ...]) -> str:
    """Write an address as ``host:port``."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(interface: str, port: int, *, reuse_port: bool) -> socket.socket:
    """Make a listening socket that does not block.

    Raises:
        OSError: If it cannot listen there.
    """
    found = socket.getaddrinfo(
        interface or "0.0.0.0",  # noqa: S104 - asked for by the empty name
        port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )
    # A name with both kinds of address is IPv4, as it was in 1.x.
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    family, kind, protocol, _, address = found[0]
    listener = _ListeningSocket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The connections inherit these.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6 and interface == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener
