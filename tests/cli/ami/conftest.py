"""A simulated Asterisk, and the commands that are run on it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pystrix.cli.ami._connecting import SECRET
from pystrix.testing.ami import AMIServer
from tests.agi.conftest import assert_no_threads
from tests.agi.peers import TIMEOUT, Background
from tests.cli.servers import command, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Check that a command leaves no thread of the library behind."""
    yield
    assert_no_threads()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AMIServer]:
    """Give a simulated Asterisk, whose password is in the environment."""
    with AMIServer() as server:
        monkeypatch.setenv(SECRET, server.secret)
        yield server


class Desk:
    """Where the commands are run.

    Args:
        server: The Asterisk.
    """

    def __init__(self, server: AMIServer) -> None:
        self.server = server
        self._processes: list[subprocess.Popen[str]] = []

    def close(self) -> None:
        """End what was spawned and has not ended."""
        for process in self._processes:
            process.kill()
            with process:
                pass

    def run(self, name: str, *arguments: object, user: str = "admin") -> Result:
        """Run a command in this process."""
        return run("ami", name, *arguments, "--port", self.server.port, "--user", user)

    def start(self, name: str, *arguments: object) -> Background:
        """Run a command in a thread, and wait until it has logged in."""
        running = Background(lambda: self.run(name, *arguments))
        self.server.wait_for_action("Login", timeout=TIMEOUT)
        return running

    def spawn(self, name: str, *arguments: object) -> subprocess.Popen[str]:
        """Run a command in a process of its own, and wait until it has logged in."""
        words = ["ami", name, *arguments, "--port", self.server.port, "--user", "admin"]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        self.server.wait_for_action("Login", timeout=30)
        return process


@pytest.fixture
def desk(server: AMIServer) -> Iterator[Desk]:
    """Give where the commands are run."""
    desk = Desk(server)
    yield desk
    desk.close()
