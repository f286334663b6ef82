"""Servers for the tests, and peers that call them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pystrix.agi import FastAGIServer
from pystrix.agi._watcher import HangupWatcher
from tests.agi.peers import TIMEOUT, Background, Peer, environment, library_threads
from tests.agi.protocols import feed_bytes, feed_whole
from tests.agi.rigs import Rig
from tests.agi.transports import SWITCHED, making

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.agi.protocols import Feed


def assert_no_threads() -> None:
    """Wait for the library's threads to end, as they must once all is closed."""
    for thread in library_threads():
        thread.join(TIMEOUT)
    assert not library_threads(), "threads are left over"


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Check that a test leaves no thread of the library behind."""
    yield
    assert_no_threads()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Give the log of the library, from level DEBUG."""
    caplog.set_level(logging.DEBUG, "pystrix")
    return caplog


class Serve(Protocol):
    """Makes servers on a free port, each served in a thread until the test ends."""

    def __call__(self, **options: Any) -> FastAGIServer:
        """Start one."""
        ...

    def end(self) -> None:
        """Close all servers and wait until all is over, their log included."""
        ...


class Call(Protocol):
    """Makes calls, which hang up when the test ends."""

    def __call__(
        self,
        server: FastAGIServer,
        script: str | None = "demo",
        arguments: Sequence[str] = (),
        *,
        extra: Sequence[str] = (),
        chunk: int | None = None,
    ) -> Peer:
        """Connect and send the environment."""
        ...

    def connect(self, server: FastAGIServer, *, chunk: int | None = None) -> Peer:
        """Connect only."""
        ...


class _Servers:
    def __init__(self) -> None:
        self._running: list[tuple[FastAGIServer, Background]] = []

    def __call__(self, **options: Any) -> FastAGIServer:
        server = FastAGIServer(**{"port": 0, **options})
        self._running.append((server, Background(server.serve_forever)))
        return server

    def end(self) -> None:
        running, self._running = self._running, []
        for server, serving in running:
            server.shutdown()
            serving.result()
            server.server_close()
        assert_no_threads()


class _Calls:
    def __init__(self) -> None:
        self.peers: list[Peer] = []

    def __call__(
        self,
        server: FastAGIServer,
        script: str | None = "demo",
        arguments: Sequence[str] = (),
        *,
        extra: Sequence[str] = (),
        chunk: int | None = None,
    ) -> Peer:
        peer = self.connect(server, chunk=chunk)
        peer.send(environment(script, arguments, extra=extra))
        return peer

    def connect(self, server: FastAGIServer, *, chunk: int | None = None) -> Peer:
        peer = Peer.connect(server.server_address, chunk=chunk)
        self.peers.append(peer)
        return peer


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give a maker of servers; afterwards all are closed and no thread is left."""
    servers = _Servers()
    yield servers
    servers.end()


@pytest.fixture
def call(serve: Serve) -> Iterator[Call]:
    """Give a maker of calls, which end before the servers do."""
    del serve  # only its end matters, which comes after ours
    calls = _Calls()
    yield calls
    for peer in calls.peers:
        peer.close()


class StartAsyncAGI(Protocol):
    """Makes servers of AsyncAGI, each with an Asterisk of its own; they end with the test."""

    def __call__(self, **options: Any) -> Any:
        """Start one."""
        ...


@pytest.fixture(params=SWITCHED)
def start_asyncagi(request: pytest.FixtureRequest) -> Iterator[StartAsyncAGI]:
    """Give a maker of servers of each kind."""
    with making(SWITCHED[request.param]) as make:
        yield make


class MakeRig(Protocol):
    """Makes sessions with their peers, watched unless told otherwise; they end with the test."""

    def __call__(self, *, reply_limit: int = 10_000, **options: Any) -> Rig:
        """Make one."""
        ...


@pytest.fixture
def watcher() -> Iterator[HangupWatcher]:
    """Give a watcher, which has ended after the test."""
    watcher = HangupWatcher()
    yield watcher
    watcher.close()
    watcher.join()


@pytest.fixture
def make_rig(watcher: HangupWatcher) -> Iterator[MakeRig]:
    """Give a maker of sessions."""
    rigs: list[Rig] = []

    def make(*, reply_limit: int = 10_000, **options: Any) -> Rig:
        rig = Rig({"watcher": watcher, **options}, {"reply_limit": reply_limit})
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """Give one session."""
    return make_rig()


@pytest.fixture(params=[feed_whole, feed_bytes], ids=["whole", "byte by byte"])
def feed(request: pytest.FixtureRequest) -> Feed:
    """Give both ways in which bytes arrive."""
    way: Feed = request.param
    return way
