"""Servers and managers for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pystrix.ami import Manager
from pystrix.testing.ami import AMIServer
from tests.agi.conftest import assert_no_threads
from tests.agi.peers import TIMEOUT, Background
from tests.ami.desk import Desk
from tests.ami.links import Link
from tests.ami.managers import ALL, Heard, Running, admit
from tests.ami.protocols import feed_bytes, feed_whole
from tests.ami.servers import Peer, ScriptedServer, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ami.protocols import Feed


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


@pytest.fixture
def asterisk() -> Iterator[AMIServer]:
    """Give a simulated Asterisk where calls ring."""
    with AMIServer(secret="s3cret") as server:  # noqa: S106
        server.far_end_of_others = "rings"
        yield server


@pytest.fixture(params=ALL)
def desk(request: pytest.FixtureRequest, asterisk: AMIServer) -> Iterator[Desk]:
    """Give calls of each kind, with a manager that does not reconnect."""
    running = ALL[request.param](asterisk.port, reconnect=False)
    running.connect()
    yield Desk(running)
    running.stop()


@pytest.fixture(params=ALL)
def reconnecting_desk(request: pytest.FixtureRequest, asterisk: AMIServer) -> Iterator[Desk]:
    """Give calls of each kind, with a manager that connects again."""
    running = ALL[request.param](asterisk.port)
    running.connect()
    yield Desk(running)
    running.stop()


@pytest.fixture(params=[feed_whole, feed_bytes], ids=["whole", "byte by byte"])
def feed(request: pytest.FixtureRequest) -> Feed:
    """Give both ways in which bytes arrive."""
    way: Feed = request.param
    return way


class Start(Protocol):
    """Makes managers of each kind, which end with the test."""

    def __call__(self, port: int | None = None, **options: Any) -> Running:
        """Make one, for the server or another port."""
        ...


@pytest.fixture(params=ALL)
def start(request: pytest.FixtureRequest, server: ScriptedServer) -> Iterator[Start]:
    """Give a maker of managers of each kind."""
    running: list[Running] = []

    def make(port: int | None = None, **options: Any) -> Running:
        running.append(ALL[request.param](server.port if port is None else port, **options))
        return running[-1]

    yield make
    for each in running:
        each.stop()


@pytest.fixture
def online(start: Start, server: ScriptedServer) -> Callable[..., tuple[Running, Peer]]:
    """Give a maker of managers that are connected, and of Asterisk's end."""

    def make(**options: Any) -> tuple[Running, Peer]:
        running = start(**options)
        heard = Heard()
        running.manager.register_callback("FullyBooted", heard)
        connecting = Background(running.connect)
        peer = server.accept()
        admit(peer)
        connecting.result()
        heard.next()  # what came with the login is not the test's
        running.manager.unregister_callback("FullyBooted", heard)
        return running, peer

    return make


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def link(request: pytest.FixtureRequest) -> Iterator[Link]:
    """Give a connection, with TLS and without."""
    with ScriptedServer(tls=request.param) as server:
        link = Link(server, context=trusting() if request.param else None)
        link.connection.start()
        yield link
        link.connection.close("the test is over")
        assert link.connection.wait_closed(TIMEOUT)
