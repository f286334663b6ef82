"""A plain TCP connection on an event loop: a socket of our own, read when the loop says so.

The transports of asyncio take longer for each message: those of the stock loop run many steps of
Python, and those of uvloop write only when the task that sends has come to its next wait.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["CHUNK", "OwnSocket", "connect"]

CHUNK: Final = 65536
"""Bytes of one read."""


class Receiver(Protocol):
    """Who gets what a socket reads, and is told what becomes of it."""

    def data_received(self, data: bytes) -> None:
        """Take what was read."""
        ...

    def pause_writing(self) -> None:
        """Write no more: the peer does not read, or has left. Idempotent."""
        ...

    def resume_writing(self) -> None:
        """Write again."""
        ...

    def connection_lost(self, exc: Exception | None, /) -> None:
        """Take the end, and what broke it."""
        ...


async def connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """Connect to the first address of a host that answers.

    Raises:
        OSError: If none does: why the last did not.
    """
    failure: OSError | None = None
    for family, kind, number, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        with contextlib.ExitStack() as undo:
            try:
                connected = undo.enter_context(socket.socket(family, kind, number))
                connected.setblocking(False)
                await loop.sock_connect(connected, address)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                failure = error
                continue
            undo.pop_all()
            return connected
    raise failure or OSError(f"{host} has no address")


class OwnSocket:
    """A connected socket; of an `asyncio.Transport` it has what a manager needs.

    Args:
        loop: The running loop.
        connected: The socket, which does not block; it is closed with this.
        receiver: Who gets what is read.

    Raises:
        RuntimeError: If the loop cannot wait for sockets; this one is closed then.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connected: socket.socket, receiver: Receiver
    ) -> None:
        self._loop = loop
        self._socket = connected
        self._receiver = receiver
        self._unsent = memoryview(b"")
        self._failure: OSError | None = None  # of a write
        self._closed = False
        try:
            loop.add_reader(connected.fileno(), self._read)
        except NotImplementedError as error:
            connected.close()
            raise RuntimeError(
                f"{type(loop).__name__} cannot wait for sockets (add_reader): "
                "on Windows take asyncio.SelectorEventLoop"
            ) from error

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes, those that cannot be sent now as soon as they can.

        Not while the receiver is paused, which it is until there is room again.
        """
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._failure = error
            self._receiver.pause_writing()
            self._loop.call_soon(self._read_rest)
            return
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]
            self._loop.add_writer(self._socket.fileno(), self._write_on)
            self._receiver.pause_writing()

    def abort(self) -> None:
        """Close it; what could not be sent yet is dropped. Idempotent."""
        self._end(None)

    def _read(self) -> bool:
        """Read once; tell whether anything came."""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            self._end(error)
            return False
        if not data:
            self._end(None)
            return False
        try:
            self._receiver.data_received(data)
        except Exception as error:  # noqa: BLE001 - as the loops do with protocols
            context = {"message": "what was read could not be taken", "exception": error}
            self._loop.call_exception_handler(context)
            self._end(error)
        return True

    def _read_rest(self) -> None:
        """Read what came before a write failed, and end."""
        while not self._closed and self._read():
            pass
        self._end(None)

    def _write_on(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        data, self._unsent = self._unsent, memoryview(b"")
        self.write(data)
        if not (self._unsent or self._failure):
            self._receiver.resume_writing()

    def _end(self, failure: Exception | None) -> None:
        """Close, and have the receiver know soon. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        self._receiver.pause_writing()  # what comes until it knows is not sent
        self._loop.call_soon(self._receiver.connection_lost, failure or self._failure)
