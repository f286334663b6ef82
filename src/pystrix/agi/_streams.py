"""The connections a session can have: a socket, or a pair of binary files."""

from __future__ import annotations

import contextlib
import io
import os
import select
import socket
import time
from typing import BinaryIO, Final

CHUNK: Final = 2048
"""Bytes that are read at a time. Every thread that waits has a buffer of this size."""

# Asterisk sends replies of several lines, and its environment, in several writes with Nagle on: the
# later ones wait for our acknowledgement, which the kernel delays by 40 ms unless asked not to.
# Linux forgets the wish, so it is told whenever more is to come.
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


def acknowledge(connected: socket.socket) -> None:
    """Acknowledge what came, if nothing is to be sent that would do it."""
    if _QUICKACK is not None:
        connected.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def readable(deadline: float | None, *filenos: int) -> bool:
    """Wait until one has bytes or its end, or a moment of `time.monotonic` passes."""
    poll = select.poll()
    for fileno in filenos:
        poll.register(fileno, select.POLLIN)
    if deadline is None:
        return bool(poll.poll())
    return bool(poll.poll(max(0.0, 1000 * (deadline - time.monotonic()))))


class SocketStream:
    """A connected TCP socket.

    Args:
        connection: The socket, which is closed with the stream.
        peer: Who is at the other end, for the log.
    """

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self.peer = peer
        self._socket = connection

    def fileno(self) -> int:
        """Give the file descriptor."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """Wait for bytes; ``b""`` at the end."""
        return self._socket.recv(CHUNK)

    def acknowledge(self) -> None:
        """Acknowledge what came, if nothing is to be sent that would do it."""
        acknowledge(self._socket)

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for bytes until a moment of `time.monotonic`; None if it passes."""
        # The socket itself stays blocking: with a timeout of its own, receive_now would wait.
        return self.receive() if readable(deadline, self._socket.fileno()) else None

    def receive_now(self) -> bytes | None:
        """Give the bytes that are there, ``b""`` at the end, None if nothing is."""
        try:
            return self._socket.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def interrupt(self) -> None:
        """End the connection, and so whoever waits in `receive`."""
        with contextlib.suppress(OSError):  # not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the descriptor back; `interrupt` it first, for a fork may hold it. Idempotent."""
        self._socket.close()

    def send_last(self, data: bytes, timeout: float) -> None:
        """Send a last line, and wait for the peer to close, so that it is sure to be read.

        A socket that is closed with bytes unread resets the connection, and the peer may then
        never see what was sent before.

        Args:
            data: The line.
            timeout: How long to wait, in seconds.
        """
        deadline = time.monotonic() + timeout
        # It may have closed already, or never will: there is nothing left to be done then.
        with contextlib.suppress(OSError):
            self._socket.send(data, socket.MSG_DONTWAIT)
            self._socket.shutdown(socket.SHUT_WR)
            while self.receive_before(deadline):
                pass


class FileStream:
    """A binary file to read from and one to write to.

    Args:
        reader: The file with Asterisk's lines.
        writer: The file for our lines.
        peer: Who is at the other end, for the log.
    """

    def __init__(self, reader: BinaryIO, writer: BinaryIO, peer: str) -> None:
        self.peer = peer
        self._reader = reader
        self._writer = writer

    def fileno(self) -> int:
        """Give the descriptor that is read from, -1 if there is none."""
        try:
            return self._reader.fileno()
        except (io.UnsupportedOperation, ValueError):  # no descriptor, or closed
            return -1

    def receive(self) -> bytes:
        """Wait for bytes; ``b""`` at the end."""
        try:
            if isinstance(self._reader, io.BufferedIOBase):
                return self._reader.read1(CHUNK)
            return self._reader.readline()
        except ValueError as error:  # a closed file
            raise BrokenPipeError(str(error)) from error

    def receive_now(self) -> bytes | None:
        """Give the bytes that are there, ``b""`` at the end, None if nothing is."""
        fileno = self.fileno()
        return self.receive() if fileno >= 0 and readable(0, fileno) else None

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for bytes until a moment of `time.monotonic`; None if it passes.

        Of a file without a descriptor, whose bytes are all there, they are waited for.
        """
        fileno = self.fileno()
        return self.receive() if fileno < 0 or readable(deadline, fileno) else None

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._writer.write(data)
            self._writer.flush()
        except ValueError as error:  # a closed file
            raise BrokenPipeError(str(error)) from error

    def acknowledge(self) -> None:
        """Do nothing: files need no acknowledgement."""

    def interrupt(self) -> None:
        """Do nothing: whoever waits in `receive` waits until the file ends."""

    def close(self) -> None:
        """Close both files. Idempotent."""
        with contextlib.suppress(OSError):  # what could not be written any more
            self._writer.close()
        self._reader.close()


class PipeStream:
    """A descriptor to read from and one to write to, both blocking: a process's own, say.

    Args:
        reader: The descriptor with Asterisk's lines, which is closed with the stream.
        writer: The descriptor for our lines, which is closed with the stream.
        peer: Who is at the other end, for the log.
    """

    def __init__(self, reader: int, writer: int, peer: str) -> None:
        self.peer = peer
        self._reader = reader
        self._writer = writer
        # Closing our end does not end a read: Asterisk waits for the process, not for the pipe.
        self._woken, self._waker = os.pipe()
        self._interrupted = False

    def fileno(self) -> int:
        """Give the descriptor that is read from, -1 if closed."""
        return self._reader

    def receive(self) -> bytes:
        """Wait for bytes; ``b""`` at the end."""
        self._wait(None)
        return os.read(self._reader, CHUNK)

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for bytes until a moment of `time.monotonic`; None if it passes."""
        return os.read(self._reader, CHUNK) if self._wait(deadline) else None

    def receive_now(self) -> bytes | None:
        """Give the bytes that are there, ``b""`` at the end, None if nothing is."""
        return self.receive_before(0)

    def _wait(self, deadline: float | None) -> bool:
        ready = self._interrupted or readable(deadline, self._reader, self._woken)
        if self._interrupted:
            raise BrokenPipeError("closed by this program")
        return ready

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        if self._interrupted:
            raise BrokenPipeError("closed by this program")
        left = memoryview(data)
        while left:
            left = left[os.write(self._writer, left) :]

    def acknowledge(self) -> None:
        """Do nothing: pipes need no acknowledgement."""

    def interrupt(self) -> None:
        """End whoever waits in `receive`. Idempotent."""
        if not self._interrupted:
            self._interrupted = True
            os.write(self._waker, b"\0")

    def close(self) -> None:
        """Give the descriptors back. Idempotent."""
        for name in ("_reader", "_writer", "_woken", "_waker"):
            fileno = getattr(self, name)
            setattr(self, name, -1)
            if fileno >= 0:
                os.close(fileno)
