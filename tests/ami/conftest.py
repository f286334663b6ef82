"""Servers and managers for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pystrix.ami import Manager
from tests.agi.conftest import assert_no_threads
from tests.ami.servers import Peer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Check that a test leaves no thread of the library behind."""
    yield
    assert_no_threads()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Give a server that says what the test tells it to."""
    with ScriptedServer() as server:
        yield server


class Connect(Protocol):
    """Makes managers that are connected to the server, closed when the test ends."""

    def __call__(self, **options: Any) -> tuple[Manager, Peer]:
        """Connect one; give it and Asterisk's end."""
        ...


@pytest.fixture
def connect(server: ScriptedServer) -> Iterator[Connect]:
    """Give what connects managers."""
    managers: list[Manager] = []

    def connect(**options: Any) -> tuple[Manager, Peer]:
        manager = Manager(**options)
        managers.append(manager)
        manager.connect("127.0.0.1", server.port)
        return manager, server.accept()

    yield connect
    for manager in managers:
        manager.close()
