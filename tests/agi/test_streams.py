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
from pystrix.agi._streams import CHUNK, FileStream, PipeStream, SocketStream
from tests.agi.peers import TIMEOUT, Background, Peer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
    """Who waits is woken, the connection ends, and closing can be repeated."""
    stream, peer = ends
    waiting = Background(stream.receive)
    stream.send(b"x\n")
    assert peer.line() == b"x"
    stream.interrupt()
    assert waiting.result() == b""
    stream.close()
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


# Pipes.


@pytest.fixture
def pipes() -> Iterator[tuple[PipeStream, int, int]]:
    """Give a stream, and the descriptors to send to it and to read what it sends."""
    reader, to_reader = os.pipe()
    from_writer, writer = os.pipe()
    stream = PipeStream(reader, writer, "Asterisk")
    yield stream, to_reader, from_writer
    stream.close()
    for each in (to_reader, from_writer):
        with contextlib.suppress(OSError):  # the test closed it
            os.close(each)


def descriptors(stream: PipeStream) -> list[int]:
    """Give the four descriptors of a stream."""
    return [stream._reader, stream._writer, stream._woken, stream._waker]


def assert_given_back(filenos: list[int]) -> None:
    """Check that descriptors are closed."""
    for fileno in filenos:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fileno)


def test_descriptors(pipes: tuple[PipeStream, int, int]) -> None:
    """Bytes go both ways, whole and in pieces, up to the end."""
    stream, to_reader, from_writer = pipes
    assert stream.peer == "Asterisk"
    assert stream.fileno() == stream._reader
    os.write(to_reader, b"one\n")
    assert stream.receive() == b"one\n"
    for byte in b"two\n":
        os.write(to_reader, bytes([byte]))
        assert stream.receive() == bytes([byte])
    stream.acknowledge()
    stream.send(b"command\n")
    assert os.read(from_writer, 100) == b"command\n"
    os.write(to_reader, b"last")
    os.close(to_reader)
    assert stream.receive() == b"last"
    assert stream.receive() == b""
    assert stream.receive_now() == b""
    stream.send(b"x\n")
    assert os.read(from_writer, 100) == b"x\n"


def test_descriptors_in_time(pipes: tuple[PipeStream, int, int]) -> None:
    """A wait ends at its moment, and what is there is told from the end."""
    stream, to_reader, _ = pipes
    assert stream.receive_now() is None
    assert stream.receive_before(time.monotonic()) is None
    assert stream.receive_before(time.monotonic() + 0.01) is None
    os.write(to_reader, b"x" * (CHUNK + 1))
    assert stream.receive_before(time.monotonic() + TIMEOUT) == b"x" * CHUNK
    assert stream.receive_now() == b"x"
    assert stream.receive_now() is None
    os.close(to_reader)
    assert stream.receive_before(time.monotonic() + TIMEOUT) == b""


def test_more_than_a_pipe_holds(pipes: tuple[PipeStream, int, int]) -> None:
    """All of it is sent, as fast as it is read."""
    stream, _, from_writer = pipes
    data = bytes(range(256)) * 4000
    sending = Background(stream.send, data)
    got = b""
    while len(got) < len(data):
        got += os.read(from_writer, len(data))
    sending.result()
    assert got == data
    stream.send(b"")


def test_reader_left(pipes: tuple[PipeStream, int, int]) -> None:
    """Writing to a pipe that nobody reads is an OSError, not the end of the process."""
    stream, _, from_writer = pipes
    os.close(from_writer)
    with pytest.raises(BrokenPipeError):
        stream.send(b"x")


def test_interrupt(pipes: tuple[PipeStream, int, int]) -> None:
    """Who waits in another thread is woken, and all that follows fails the same way."""
    stream, to_reader, from_writer = pipes
    forever = Background(stream.receive)
    in_time = Background(stream.receive_before, time.monotonic() + TIMEOUT)
    stream.interrupt()
    stream.interrupt()
    for waiting in (forever, in_time):
        with pytest.raises(BrokenPipeError):
            waiting.result()
    os.write(to_reader, b"x")
    for call in (stream.receive, stream.receive_now):
        with pytest.raises(BrokenPipeError):
            call()
    with pytest.raises(BrokenPipeError):
        stream.receive_before(time.monotonic() + TIMEOUT)
    with pytest.raises(BrokenPipeError):
        stream.send(b"x")
    os.set_blocking(from_writer, False)
    with pytest.raises(BlockingIOError):
        os.read(from_writer, 1)


@pytest.mark.parametrize("interrupted", [False, True])
def test_descriptors_given_back(pipes: tuple[PipeStream, int, int], interrupted: bool) -> None:
    """All four are closed, once."""
    stream, _, from_writer = pipes
    filenos = descriptors(stream)
    assert all(os.fstat(each) for each in filenos)
    if interrupted:
        stream.interrupt()
    stream.close()
    stream.close()
    assert stream.fileno() == -1
    assert_given_back(filenos)
    assert os.read(from_writer, 1) == b""


def test_regular_files(tmp_path: Path) -> None:
    """Recorded lines can be read from a file, and ours kept in one."""
    recorded, kept = tmp_path / "recorded", tmp_path / "kept"
    recorded.write_bytes(b"one\ntwo\n")
    writer = os.open(kept, os.O_WRONLY | os.O_CREAT)
    stream = PipeStream(os.open(recorded, os.O_RDONLY), writer, "a file")
    assert stream.receive_now() == b"one\ntwo\n"
    assert stream.receive_before(0) == b""
    assert stream.receive() == b""
    stream.send(b"command\n")
    stream.close()
    assert kept.read_bytes() == b"command\n"
