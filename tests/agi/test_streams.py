"""The connections of sessions: sockets, and pairs of files."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import _streams
from pystrix.agi._streams import FileStream, SocketStream
from tests.agi.peers import TIMEOUT, Background, Peer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[SocketStream, Peer]]:
    """Give a stream and its peer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Peer.connect(listener.getsockname())
        connection, _ = listener.accept()
    stream = SocketStream(connection, "the peer")
    yield stream, peer
    stream.close()
    peer.close()


def pipe(buffering: int = -1) -> tuple[Any, Any]:
    """Make a pipe as a file to read and a raw one to write."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering), os.fdopen(writing, "wb", 0)


# Sockets.


def test_socket(ends: tuple[SocketStream, Peer]) -> None:
    """Bytes go both ways, up to the end."""
    stream, peer = ends
    assert stream.peer == "the peer"
    stream.send(b"command\n")
    assert peer.line() == b"command"
    peer.send(b"reply")
    assert stream.receive() == b"reply"
    peer.half_close()
    assert stream.receive() == b""
    stream.send(b"last\n")
    assert peer.line() == b"last"


def test_socket_without_quickack(
    ends: tuple[SocketStream, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systems that do not know the option do without."""
    stream, peer = ends
    stream.acknowledge()
    monkeypatch.setattr(_streams, "_QUICKACK", None)
    stream.acknowledge()
    peer.send(b"reply")
    assert stream.receive() == b"reply"


def test_socket_now(ends: tuple[SocketStream, Peer]) -> None:
    """What has not come yet is told from the end."""
    stream, peer = ends
    assert stream.receive_now() is None
    peer.send(b"x")
    eventually(lambda: stream.receive_now() == b"x")
    assert stream.receive_now() is None
    peer.close()
    eventually(lambda: stream.receive_now() == b"")


def test_socket_before(ends: tuple[SocketStream, Peer]) -> None:
    """A wait ends at its moment, and leaves the socket waiting for ever."""
    stream, peer = ends
    peer.send(b"x")
    assert stream.receive_before(time.monotonic() + TIMEOUT) == b"x"
    assert stream.receive_before(time.monotonic() + 0.01) is None
    assert stream.receive_before(time.monotonic()) is None
    assert stream._socket.gettimeout() is None


def test_socket_close(ends: tuple[SocketStream, Peer]) -> None:
    """Closing wakes who waits, ends the connection, and can be repeated."""
    stream, peer = ends
    waiting = Background(stream.receive)
    stream.send(b"x\n")
    assert peer.line() == b"x"
    stream.close()
    with contextlib.suppress(OSError):  # it had not begun to wait
        assert waiting.result() == b""
    assert peer.rest() == b""
    assert stream.fileno() == -1
    stream.close()
    with pytest.raises(OSError, match="descriptor"):
        stream.receive()
    with pytest.raises(OSError, match="descriptor"):
        stream.receive_now()
    with pytest.raises(OSError, match="descriptor"):
        stream.send(b"x")
    stream.send_last(b"x", TIMEOUT)


def test_socket_last_line(ends: tuple[SocketStream, Peer]) -> None:
    """The last line arrives though the peer still sends; its bytes are read up to its end."""
    stream, peer = ends
    peer.send(b"unread" * 10_000)
    sending = Background(stream.send_last, b"failure\n", TIMEOUT)
    assert peer.line() == b"failure"
    peer.hangup()
    assert sending.thread.is_alive()
    peer.half_close()
    sending.result()
    stream.close()
    assert peer.rest() == b""


def test_socket_last_line_to_a_deaf_peer(ends: tuple[SocketStream, Peer]) -> None:
    """A peer that does not close is waited for only so long."""
    stream, peer = ends
    stream.send_last(b"failure\n", 0.05)
    assert peer.line() == b"failure"


def test_socket_last_line_to_nobody(ends: tuple[SocketStream, Peer]) -> None:
    """A peer that has gone is not told, and that is no error."""
    stream, peer = ends
    peer.reset()
    stream.send_last(b"failure\n", TIMEOUT)


# Files.


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_pipes(buffering: int) -> None:
    """Bytes go both ways, up to the end."""
    reader, to_reader = pipe(buffering)
    from_writer, writer = pipe()
    with to_reader, from_writer:
        stream = FileStream(reader, writer, "Asterisk")
        assert stream.peer == "Asterisk"
        assert stream.fileno() == reader.fileno()
        assert stream.receive_now() is None
        to_reader.write(b"one\n")
        assert stream.receive_now() == b"one\n"
        to_reader.write(b"two\n")
        assert stream.receive() == b"two\n"
        stream.send(b"command\n")
        assert from_writer.readline() == b"command\n"
        to_reader.close()
        assert stream.receive_now() == b""
        assert stream.receive() == b""
        stream.close()
        stream.close()
        assert stream.fileno() == -1
        assert stream.receive_now() is None
        with pytest.raises(BrokenPipeError):
            stream.send(b"x")
        assert from_writer.read() == b""


def test_pipe_without_reader() -> None:
    """Writing to a pipe that nobody reads is an OSError."""
    reader, to_reader = pipe()
    from_writer, writer = pipe()
    with reader, to_reader, writer:
        stream = FileStream(reader, writer, "Asterisk")
        from_writer.close()
        with pytest.raises(BrokenPipeError):
            stream.send(b"x")


def test_files_in_memory() -> None:
    """They have no descriptor, so nothing is ever there at once."""
    written = io.BytesIO()
    stream = FileStream(io.BytesIO(b"one\ntwo\n"), written, "Asterisk")
    assert stream.fileno() == -1
    assert stream.receive_now() is None
    assert stream.receive() == b"one\ntwo\n"
    assert stream.receive() == b""
    stream.send(b"x")
    assert written.getvalue() == b"x"
    stream.close()
    assert stream.fileno() == -1


def test_files_of_a_socket() -> None:
    """What the buffer of a file holds is not overlooked."""
    ours, theirs = socket.socketpair()
    with ours, Peer(theirs) as peer:
        stream = FileStream(ours.makefile("rb"), ours.makefile("wb"), "Asterisk")
        peer.send(b"one\ntwo\n")
        assert stream.receive_now() == b"one\ntwo\n"
        assert stream.receive_now() is None
        stream.send(b"command\n")
        assert peer.line() == b"command"
        stream.close()
