"""The connections a session can have on an event loop.

They are descriptors of our own, read when the loop says so. Transports take a quarter more time for
each call on the stock loop and a tenth on uvloop, which also closes the descriptor of a pipe twice.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import socket
from typing import TYPE_CHECKING, Final, Protocol

from pystrix.agi._streams import CHUNK, acknowledge

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pystrix.agi._async_readers import Readers

_LOGGER = logging.getLogger("pystrix.agi")


class Receiver(Protocol):
    """Who gets what a connection reads."""

    peer: str
    """Who is at the other end, for the log."""

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        ...

    def feed_eof(self) -> None:
        """Take the end, or that nothing can be sent any more. Idempotent."""
        ...


class Connection(Protocol):
    """The connection of a session. Nothing of it waits or raises."""

    is_over: bool
    """Whether either side has closed it."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Send bytes, those that cannot be sent now as soon as they can.

        A session has one command on its way, so that they cannot heap up.
        """
        ...

    def acknowledge(self) -> None:
        """Have the peer know that its bytes came, for it may wait to send more."""
        ...

    def close(self) -> None:
        """Close it; what could not be sent yet is dropped. Idempotent."""
        ...


class SocketConnection(Connection, Protocol):
    """One to Asterisk, or to what stands for it in a test."""

    def deliver_to(self, receiver: Receiver) -> None:
        """Let somebody get from now on what is read."""
        ...

    def send_last(self, line: bytes) -> None:
        """Send a last line; the peer then closes, unless it does not even read."""
        ...


class DescriptorConnection:
    """A descriptor to read from and one to write to, which may be the same and do not block.

    Args:
        reader: What is read from.
        writer: What is written to.
        receive: Reads up to so many bytes.
        send: Writes some of what it gets, and tells how much.
        release: Closes both.
    """

    __slots__ = (
        "_is_open",
        "_loop",
        "_reader",
        "_readers",
        "_receive",
        "_receiver",
        "_release",
        "_send",
        "_unsent",
        "_writer",
        "is_over",
    )

    def __init__(
        self,
        reader: int,
        writer: int,
        receive: Callable[[int], bytes],
        send: Callable[[bytes], int],
        release: Callable[[], object],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._receive = receive
        self._send = send
        self._release = release
        self._loop: asyncio.AbstractEventLoop
        self._readers: Readers
        self._is_open = False
        self._unsent = b""
        self._receiver: Receiver
        self.is_over: bool = False

    def open(
        self,
        receiver: Receiver,
        loop: asyncio.AbstractEventLoop,
        readers: Readers | None = None,
    ) -> None:
        """Begin to read.

        Args:
            receiver: Who gets what is read.
            loop: The running loop.
            readers: What tells that something can be read; None for the loop.

        Raises:
            ValueError: If what is read is a file.
        """
        readers = readers or loop
        try:
            readers.add_reader(self._reader, self._read)
        except PermissionError:
            raise ValueError(
                "asyncio cannot wait for a file: read from a pipe, or take pystrix.agi.AGI"
            ) from None
        self._receiver = receiver
        self._loop = loop
        self._readers = readers
        self._is_open = True

    def deliver_to(self, receiver: Receiver) -> None:
        """Let somebody get from now on what is read."""
        self._receiver = receiver

    def write(self, data: bytes) -> None:
        """Send bytes, those that cannot be sent now as soon as they can."""
        if self._unsent:
            self._unsent += data
            return
        send = self._send  # a name of its own: to call an attribute takes longer
        try:
            sent = send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._broken(error)
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._writer, self._write_on)

    def close(self) -> None:
        """Close it; what could not be sent yet is dropped. Idempotent."""
        self.is_over = True
        if self._is_open:
            self._is_open = False
            self._readers.remove_reader(self._reader)
            if self._unsent:
                self._loop.remove_writer(self._writer)
        release, self._release = self._release, _nothing
        release()
        self._receiver = NOBODY

    def acknowledge(self) -> None:
        """Have the peer know that its bytes came, for it may wait to send more."""

    def _read(self) -> None:
        receive = self._receive
        try:
            data = receive(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end()
            self._broken(error)
            return
        if data:
            self._receiver.feed(data)
        else:
            self._end()
            self._receiver.feed_eof()

    def _end(self) -> None:
        """Read no more: it would be told again and again."""
        self.is_over = True
        self._readers.remove_reader(self._reader)

    def _broken(self, error: OSError) -> None:
        _LOGGER.debug("%s: the connection broke: %s", self._receiver.peer, error)
        self._receiver.feed_eof()

    def _write_on(self) -> None:
        self._loop.remove_writer(self._writer)
        data, self._unsent = self._unsent, b""
        self.write(data)


class PipeConnection(DescriptorConnection):
    """Two pipes, of a process for instance.

    Args:
        reader: The descriptor that is read from; it is closed with the connection.
        writer: The descriptor that is written to; it is closed with the connection.
    """

    __slots__ = ()

    def __init__(self, reader: int, writer: int) -> None:
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)

        def release() -> None:
            os.close(reader)
            os.close(writer)

        read, write = functools.partial(os.read, reader), functools.partial(os.write, writer)
        super().__init__(reader, writer, read, write, release)


class OwnSocket(DescriptorConnection):
    """A socket.

    Args:
        connected: The socket, which does not block; it is closed with the connection.
    """

    __slots__ = ("_socket",)

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        fileno = connected.fileno()
        super().__init__(fileno, fileno, connected.recv, connected.send, connected.close)

    def acknowledge(self) -> None:
        """Have the peer know that its bytes came, for it may wait to send more."""
        with contextlib.suppress(OSError):  # broken meanwhile
            acknowledge(self._socket)

    def send_last(self, line: bytes) -> None:
        """Send a last line; the peer then closes, unless it does not even read."""
        with contextlib.suppress(OSError):  # it has left
            self._socket.send(line)  # there is room: nothing else is on its way
            self._socket.shutdown(socket.SHUT_WR)


class _Nobody:
    """The receiver of a closed connection.

    The one it had knows the connection: without the way back both are freed at once, where a
    cycle would wait for the garbage collector.
    """

    peer = "a closed connection"

    def feed(self, data: bytes) -> None:
        """Drop what still comes."""

    def feed_eof(self) -> None:
        """Do nothing: who closes knows."""


NOBODY: Final = _Nobody()


def _nothing() -> None:
    """Close what is closed already."""
