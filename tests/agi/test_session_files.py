"""One call on threads over files: those of a socket, pipes, and anything that has lines."""

from __future__ import annotations

import io
import logging
import os
import socket
import threading
from collections import deque
from typing import Any

import pytest

from pystrix.agi import FastAGI, core, errors
from tests.agi.peers import Background, Peer, environment
from tests.agi.rigs import Hangups


def test_session_over_the_files_of_a_socket() -> None:
    """`FastAGI` works over the files that `socketserver` makes of a socket."""
    ours, theirs = socket.socketpair()
    with ours, Peer(theirs) as peer:
        peer.send(environment())
        agi = FastAGI(ours.makefile("rb"), ours.makefile("wb"))
        assert agi.environment.channel == "PJSIP/alice-00000001"
        assert agi.request.path == "demo"
        running = Background(agi.execute, core.GetVariable("X"))
        peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        assert running.result() == "x"
        hangups = Hangups()
        agi.on_hangup(hangups)
        assert not agi.hung_up
        peer.hangup()
        assert agi.hung_up
        assert hangups.threads == [threading.current_thread()]
        agi.close()
        agi.close()
        assert agi.fileno() == -1
        with pytest.raises(errors.AGISIGPIPEHangup):
            agi.execute(core.Noop())


@pytest.mark.parametrize("buffering", [-1, 0], ids=["buffered", "raw"])
def test_session_over_pipes(buffering: int, caplog: pytest.LogCaptureFixture) -> None:
    """`FastAGI` works over pipes, as with inetd."""
    caplog.set_level(logging.DEBUG, "pystrix")
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    with os.fdopen(in_write, "wb", 0) as to_us, os.fdopen(out_read, "rb") as from_us:
        to_us.write(environment(arguments=["x"]))
        agi = FastAGI(
            os.fdopen(in_read, "rb", buffering),
            os.fdopen(out_write, "wb", buffering),
            True,
        )
        assert agi.request.args == ("x",)
        running = Background(agi.execute, core.ChannelStatus())
        assert from_us.readline() == b"CHANNEL STATUS\n"
        to_us.write(b"200 result=6\n")
        assert running.result() == 6
        assert "Asterisk << b'CHANNEL STATUS\\n'" in caplog.messages
        to_us.close()
        assert agi.hung_up
        agi.close()
        assert from_us.read() == b""


def test_files_that_end_early() -> None:
    """Half an environment is no call."""
    for data in (b"", b"agi_network: yes\n"):
        with pytest.raises(errors.AGISIGPIPEHangup):
            FastAGI(io.BytesIO(data), io.BytesIO())
    with pytest.raises(errors.AGIProtocolError):
        FastAGI(io.BytesIO(b"x" * 70_000), io.BytesIO())


def test_files_without_descriptor() -> None:
    """Anything that has lines serves as well, though a hang-up is noticed by commands only."""

    class Lines:
        def __init__(self, *lines: bytes) -> None:
            self.lines = deque(lines)

        def fileno(self) -> int:
            raise io.UnsupportedOperation

        def readline(self) -> bytes:
            return self.lines.popleft() if self.lines else b""

    reader: Any = Lines(*environment().splitlines(keepends=True))
    written = io.BytesIO()
    agi = FastAGI(reader, written)
    assert agi.fileno() == -1
    reader.lines += (b"HANGUP\n", b"200 result=1 (x)\n")
    assert not agi.hung_up
    assert agi.execute(core.GetVariable("X")) == "x"
    assert agi.hung_up
    assert written.getvalue() == b'GET VARIABLE "X"\n'
    with pytest.raises(errors.AGISIGPIPEHangup):
        agi.execute(core.Noop())


def test_files_that_fail() -> None:
    """Files that break while the environment is read are a lost connection."""

    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError(size)

    with pytest.raises(errors.AGISIGPIPEHangup):
        FastAGI(Broken(), io.BytesIO())


def test_closed_reader() -> None:
    """A reader that somebody has closed is a lost connection, too."""
    reader = io.BytesIO(environment())
    session = FastAGI(reader, io.BytesIO())
    reader.close()
    with pytest.raises(errors.AGISIGPIPEHangup):
        session.execute(core.Noop())


def test_time_limit_over_files() -> None:
    """Files with descriptors know time limits; of others the bytes are waited for."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as reader, ours.makefile("wb") as writer:
        theirs.sendall(environment())
        session = FastAGI(reader, writer)
        peer = Peer(theirs)
        running = Background(lambda: session.execute(core.Exec("Wait", 9), timeout=0.02))
        assert peer.line() == b'EXEC "Wait" "9"'
        with pytest.raises(TimeoutError):
            running.result()

    class Lines(io.BytesIO):
        """Gives a line at a time."""

        def read1(self, size: int | None = -1, /) -> bytes:
            return self.readline(size)

    memory = FastAGI(Lines(environment() + b"200 result=0\n"), io.BytesIO())
    assert memory.execute(core.Noop(), timeout=1).code == 200
