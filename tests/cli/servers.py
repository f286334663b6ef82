"""What the tests of the command call: good servers and bad ones, and a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from pystrix.agi import FastAGIServer
from pystrix.cli import build
from pystrix.testing._remote import TCPWire
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from typer.testing import Result

_ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "pystrix", *sys.argv[1:]])
"""


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(
        build(), [str(each) for each in arguments], catch_exceptions=False
    )


def command(*arguments: object) -> list[str]:
    """Give the words that start the command in a process of its own."""
    return [sys.executable, "-m", "pystrix", *map(str, arguments)]


@contextlib.contextmanager
def fastagi(handler: Callable[..., object]) -> Iterator[str]:
    """Serve a handler that takes the session alone, and give the URL."""
    with FastAGIServer(port=0) as server:
        server.script("x")(handler)
        background = Background(server.serve_forever)
        yield f"agi://127.0.0.1:{server.server_address[1]}/x"
        server.shutdown()
        background.result()


@contextlib.contextmanager
def peer(function: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give one connection to a function, and give the URL; raise what it raised."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIMEOUT)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(TIMEOUT)
                function(connection)

        background = Background(serve)
        yield f"agi://127.0.0.1:{listener.getsockname()[1]}/x"
        background.result()


def begin_when_greeted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have calls begin when the server has spoken: only the silence behind that takes time."""
    connect = TCPWire.__init__

    def connect_and_wait(wire: TCPWire, address: tuple[str, int]) -> None:
        connect(wire, address)
        assert select.select([wire], [], [], TIMEOUT)[0], "the server did not greet"

    monkeypatch.setattr(TCPWire, "__init__", connect_and_wait)


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the other side leaves."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            data += more
    return data


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """Give a URL at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"agi://127.0.0.1:{bound.getsockname()[1]}/x"


class Terminal:
    """The command on a terminal of its own.

    Args:
        arguments: The arguments of the command.
    """

    def __init__(self, *arguments: object) -> None:
        self._master, self._slave = pty.openpty()
        self._before: list[Any] = termios.tcgetattr(self._slave)
        self.seen = ""
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-S", "-c", _ON_TERMINAL, *map(str, arguments)],
            stdin=self._slave,
            stdout=self._slave,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200", "PYTHONFAULTHANDLER": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys: str) -> None:
        """Type on the keyboard."""
        os.write(self._master, keys.encode())

    def expect(self, text: str) -> None:
        """Wait until a text is shown, behind what was waited for before."""
        while text not in self.seen:
            assert select.select([self._master], [], [], TIMEOUT)[0], f"no {text!r}: {self.seen}"
            self.seen += os.read(self._master, 65536).decode()
        self.seen = self.seen.partition(text)[2]

    def end(self) -> tuple[int, str]:
        """Wait for the end; give exit status and standard error."""
        try:
            _, errors = self.process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # faulthandler tells where it hangs
            _, errors = self.process.communicate(timeout=TIMEOUT)
            pytest.fail(f"the command did not end:\n{errors.decode()}")
        return self.process.returncode, errors.decode()

    def expect_keys(self) -> None:
        """Wait until the program has set the terminal to give each key; nothing tells of it."""
        deadline = time.monotonic() + TIMEOUT
        while self.restored:
            assert time.monotonic() < deadline, "the terminal gives lines"
            time.sleep(0.01)

    def restore(self) -> None:
        """Set the terminal as it was, as a shell does when the program is stopped."""
        termios.tcsetattr(self._slave, termios.TCSANOW, self._before)

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was."""
        now: list[Any] = termios.tcgetattr(self._slave)
        return now == self._before
