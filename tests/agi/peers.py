"""What the tests of sessions and servers talk to: a peer that behaves as Asterisk does."""

from __future__ import annotations

import logging
import os
import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    import pytest

TIMEOUT = 30.0
"""How long anything is waited for, in seconds, before a test fails."""

OK = b"200 result=0"
ALIVE = b"200 result=6"
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine"


def environment(
    script: str | None = "demo", arguments: Sequence[str] = (), *, extra: Sequence[str] = ()
) -> bytes:
    """Make an environment block as Asterisk 22 sends it.

    Args:
        script: What follows the host in the URL; None for nothing.
        arguments: The arguments behind the URL.
        extra: Lines at the end of the block.
    """
    lines = ["agi_network: yes"]
    if script is not None:
        lines.append(f"agi_network_script: {script}")
    lines += [
        f"agi_request: agi://127.0.0.1/{script or ''}",
        "agi_channel: PJSIP/alice-00000001",
        "agi_language: en",
        "agi_type: PJSIP",
        "agi_uniqueid: 1795378777.0",
        "agi_version: 22.10.1",
        "agi_callerid: +493012",
        "agi_calleridname: Zoë O'Brien",
        "agi_callingpres: 0",
        "agi_callingani2: 0",
        "agi_callington: 0",
        "agi_callingtns: 0",
        "agi_dnid: 5551234",
        "agi_rdnis: unknown",
        "agi_context: sip",
        "agi_extension: 5551234",
        "agi_priority: 1",
        "agi_enhanced: 0.0",
        "agi_accountcode: ",
        "agi_threadid: 139857114666688",
    ]
    lines += [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)]
    lines += extra
    return "".join(f"{line}\n" for line in lines).encode() + b"\n"


class _Lines:
    """Lines of one call, over whatever moves the bytes.

    Args:
        chunk: Into pieces of how many bytes what is sent is cut, each a write of its own.
    """

    def __init__(self, chunk: int | None) -> None:
        self._chunk = chunk
        self._buffer = b""

    def _write(self, data: bytes) -> None:
        raise NotImplementedError

    def _read(self) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        """Leave."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes, cut into chunks."""
        size = self._chunk or len(data) or 1
        for at in range(0, len(data), size):
            self._write(data[at : at + size])

    def reply(self, line: bytes) -> None:
        """Send a line."""
        self.send(line + b"\n")

    def hangup(self) -> None:
        """Tell that the caller hung up."""
        self.reply(b"HANGUP")

    def line(self) -> bytes:
        """Read the next line, without its line feed."""
        while b"\n" not in self._buffer:
            data = self._read()
            assert data, f"the connection ended after {self._buffer!r}"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def expect(self, line: bytes, *replies: bytes) -> None:
        """Read a line, which must be this one, and send replies to it."""
        got = self.line()
        assert got == line, f"got {got!r}, not {line!r}"
        for reply in replies:
            self.reply(reply)

    def answer_echo(self) -> None:
        """Answer a request for an echo, by which a session gets in step."""
        line = self.line()
        assert line.startswith(b"GET FULL VARIABLE"), line
        self.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")

    def stopped(self) -> None:
        """Stop the command that runs, as was asked."""
        self.answer_echo()

    def rest(self) -> bytes:
        """Read to the end of the connection; bytes of ours left unread reset it."""
        data, self._buffer = self._buffer, b""
        try:
            while more := self._read():
                data += more
        except ConnectionResetError:
            pass
        return data


class Peer(_Lines):
    """Asterisk's end of one call over a socket.

    Args:
        connection: The connected socket.
        chunk: Into pieces of how many bytes what is sent is cut, each a write of its own.
    """

    def __init__(self, connection: socket.socket, *, chunk: int | None = None) -> None:
        super().__init__(chunk)
        self.socket = connection
        connection.settimeout(TIMEOUT)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def connect(cls, address: tuple[Any, ...], *, chunk: int | None = None) -> Self:
        """Connect to a server and say nothing."""
        return cls(socket.create_connection(address[:2], TIMEOUT), chunk=chunk)

    def _write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _read(self) -> bytes:
        return self.socket.recv(65536)

    def unread(self) -> bytes:
        """Give what has arrived and was not read yet; never waits."""
        self.socket.setblocking(False)
        try:
            self._buffer += self.socket.recv(65536)
        except BlockingIOError:
            pass
        finally:
            self.socket.settimeout(TIMEOUT)
        return self._buffer

    def half_close(self) -> None:
        """Send no more, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Break the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Leave."""
        self.socket.close()


class PipePeer(_Lines):
    """Asterisk's end of one call over the two pipes of a program.

    Args:
        chunk: Into pieces of how many bytes what is sent is cut, each a write of its own.
    """

    def __init__(self, *, chunk: int | None = None) -> None:
        super().__init__(chunk)
        self.stdin, self._writer = os.pipe()
        self._reader, self.stdout = os.pipe()
        self.signal: Callable[[], object] | None = None
        """What tells the program of a hang-up."""

    @property
    def program_ends(self) -> tuple[int, int]:
        """The descriptors for the program, which closes them."""
        return self.stdin, self.stdout

    def _write(self, data: bytes) -> None:
        os.write(self._writer, data)

    def _read(self) -> bytes:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        assert poll.poll(TIMEOUT * 1000), f"nothing came after {self._buffer!r}"
        return os.read(self._reader, 65536)

    def hangup(self) -> None:
        """Tell that the caller hung up."""
        assert self.signal is not None
        self.signal()

    def half_close(self) -> None:
        """Send no more, and go on reading."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def stop_reading(self) -> None:
        """Read no more, and go on sending."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1

    def reset(self) -> None:
        """Break the connection."""
        self.close()

    def close(self) -> None:
        """Leave."""
        self.half_close()
        self.stop_reading()


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait until a condition holds that nothing announces."""
    deadline = time.monotonic() + TIMEOUT
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came true"
        pause.wait(0.002)


def records(
    caplog: pytest.LogCaptureFixture, level: int = logging.WARNING
) -> list[logging.LogRecord]:
    """Give what the library logged at a level and above."""
    return [
        record
        for record in caplog.records
        if record.name.startswith("pystrix") and record.levelno >= level
    ]


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what the AGI part of the library logged at level WARNING and above."""
    found = [record for record in records(caplog) if record.name == "pystrix.agi"]
    return [record.getMessage() for record in found]


def library_threads() -> list[threading.Thread]:
    """Give the living threads of the library."""
    return [each for each in threading.enumerate() if each.name.startswith("pystrix-")]


class Background:
    """A function in a thread of its own, whose result or exception is asked for later.

    Args:
        function: The function.
        arguments: Its arguments.
    """

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self._function = function
        self._arguments = arguments
        self._result: Any = None
        self._error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="test-background", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._result = self._function(*self._arguments)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._error = error

    def result(self) -> Any:
        """Wait for the end; give the result or raise the exception."""
        self.thread.join(TIMEOUT)
        assert not self.thread.is_alive(), f"{self._function!r} did not end"
        if self._error is not None:
            raise self._error
        return self._result
