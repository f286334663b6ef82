"""The listening socket and its loop."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from pystrix.agi import _listener
from pystrix.agi._listener import Listener, peer_text
from tests.agi.peers import TIMEOUT, Background, Peer, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Give a listener, which is stopped after the test."""
    listener = Listener("127.0.0.1", 0)
    yield listener
    listener.stop()
    assert listener.socket.fileno() == -1
    assert listener._waker.fileno() == -1
    assert listener._sleeper.fileno() == -1


class Taken:
    """Takes connections, notes who they are, and closes them."""

    def __init__(self) -> None:
        self.peers: list[str] = []
        self.came = threading.Semaphore(0)

    def __call__(self, connection: socket.socket, peer: str) -> None:
        """Take one."""
        with connection:
            assert connection.gettimeout() is None
            self.peers.append(peer)
        self.came.release()


def visit(listener: Listener) -> str:
    """Connect and wait for the end; give one's own address."""
    with Peer.connect(listener.address) as peer:
        host, port = peer.socket.getsockname()
        assert peer.rest() == b""
    return f"{host}:{port}"


def test_run(listener: Listener) -> None:
    """Each connection is handed over with the text of its peer."""
    taken = Taken()
    running = Background(listener.run, taken)
    assert [visit(listener) for _ in range(3)] == taken.peers
    listener.stop()
    running.result()
    assert listener.socket.fileno() == -1


def test_accept_one(listener: Listener) -> None:
    """One connection is accepted, or none in the time."""
    taken = Taken()
    assert not listener.accept_one(taken, 0.01)
    assert not listener.accept_one(taken, 0)
    visiting = Background(visit, listener)
    assert listener.accept_one(taken, None)
    assert [visiting.result()] == taken.peers
    listener.stop()
    assert not listener.accept_one(taken, None)


def test_connection_that_does_not_block(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a connection has the mode of its listener, it is made to wait."""
    taken: list[float | None] = []

    def accepted(connection: socket.socket, _: str) -> None:
        taken.append(connection.gettimeout())
        connection.close()

    real = socket.socket.accept

    def accept(this: socket.socket) -> tuple[socket.socket, Any]:
        connection, address = real(this)
        connection.setblocking(False)
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", accept)
    with Peer.connect(listener.address):
        assert listener.accept_one(accepted, None)
    assert taken == [None]


def test_stop_before_run(listener: Listener) -> None:
    """A stopped listener is closed, and runs no more."""
    listener.stop()
    listener.stop()
    assert listener.socket.fileno() == -1
    listener.run(Taken())
    assert not listener.accept_one(Taken(), None)


def test_stop_ends_accept_one(listener: Listener) -> None:
    """Who waits for one connection is woken."""
    waiting = Background(listener.accept_one, Taken(), None)
    eventually(lambda: listener._runner)
    listener.stop()
    assert waiting.result() is False


def test_stop_in_the_loop(listener: Listener) -> None:
    """The running thread itself may stop, and takes no further connection."""
    taken = Taken()

    def accepted(connection: socket.socket, peer: str) -> None:
        listener.stop()
        taken(connection, peer)

    with Peer.connect(listener.address), Peer.connect(listener.address):
        listener.run(accepted)
    assert len(taken.peers) == 1
    assert listener.socket.fileno() == -1


def test_burst(listener: Listener) -> None:
    """All that are there are taken off the kernel's queue before the first is handed on."""
    left: list[bool] = []

    def accepted(connection: socket.socket, _: str) -> None:
        connection.close()
        try:
            listener.socket.accept()
        except BlockingIOError:
            left.append(False)
        if len(left) == len(peers):
            listener.stop()

    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Peer.connect(listener.address)) for _ in range(20)]
        listener.run(accepted)
    assert left == [False] * 20


def test_stop_in_a_burst(listener: Listener) -> None:
    """Those that were taken and are not handed on any more are closed."""

    def accepted(connection: socket.socket, _: str) -> None:
        listener.stop()
        connection.close()

    with Peer.connect(listener.address) as first, Peer.connect(listener.address) as second:
        listener.run(accepted)
        assert first.rest() == second.rest() == b""


def test_stop_waits(listener: Listener) -> None:
    """When stop has returned, nothing more is handed over, in every thread that called it."""
    began, may_end, events = threading.Event(), threading.Event(), list[str]()

    def accepted(connection: socket.socket, _: str) -> None:
        connection.close()
        began.set()
        assert may_end.wait(TIMEOUT)
        events.append("accepted")

    def stop() -> None:
        listener.stop()
        events.append("stopped")

    running = Background(listener.run, accepted)
    with Peer.connect(listener.address):
        assert began.wait(TIMEOUT)
        stopping = [Background(stop) for _ in range(3)]
        eventually(lambda: listener._stopping)
        assert events == []
        may_end.set()
        for each in stopping:
            each.result()
        running.result()
    assert events == ["accepted", "stopped", "stopped", "stopped"]


def test_stop_in_any_order() -> None:
    """Beginning and end may meet in any order."""
    for _ in range(200):
        listener = Listener("127.0.0.1", 0)
        running = Background(listener.run, Taken())
        stopping = Background(listener.stop)
        listener.stop()
        stopping.result()
        running.result()
        assert listener.socket.fileno() == -1


def test_only_one_runs(listener: Listener) -> None:
    """A second thread is told, and the first runs on."""
    taken = Taken()
    running = Background(listener.run, taken)
    visit(listener)
    with pytest.raises(RuntimeError, match="test-background serves already"):
        listener.run(taken)
    with pytest.raises(RuntimeError, match="test-background serves already"):
        listener.accept_one(taken, 0)
    visit(listener)
    listener.stop()
    running.result()


def test_failing_callback(listener: Listener) -> None:
    """An exception ends the loop, and it can be run again."""

    def fail(connection: socket.socket, _: str) -> None:
        connection.close()
        raise ZeroDivisionError

    with Peer.connect(listener.address), pytest.raises(ZeroDivisionError):
        listener.run(fail)
    visiting = Background(visit, listener)
    assert listener.accept_one(Taken(), None)
    visiting.result()


class Failing:
    """A listening socket whose accept fails first.

    Args:
        real: The socket.
        errors: What accept raises, one after the other.
    """

    def __init__(self, real: socket.socket, *errors: OSError) -> None:
        self._real = real
        self._errors = list(errors)
        self.called = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def accept(self) -> Any:
        """Fail, or accept."""
        self.called.set()
        if self._errors:
            raise self._errors.pop(0)
        return self._real.accept()


@pytest.fixture
def fail(listener: Listener) -> Callable[..., Failing]:
    """Give a function that has accept fail."""

    def fail(*errors: OSError) -> Failing:
        failing: Any = Failing(listener.socket, *errors)
        listener.socket = failing
        return failing  # type: ignore[no-any-return]

    return fail


@pytest.mark.parametrize("error", [BlockingIOError(), ConnectionAbortedError()])
def test_peer_that_has_left(
    listener: Listener,
    fail: Callable[..., Failing],
    caplog: pytest.LogCaptureFixture,
    error: OSError,
) -> None:
    """A peer that leaves before it is accepted is no matter."""
    fail(error)
    taken = Taken()
    with Peer.connect(listener.address):
        assert not listener.accept_one(taken, None)
        assert listener.accept_one(taken, None)
    assert caplog.records == []


def test_accept_fails(
    listener: Listener,
    fail: Callable[..., Failing],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If accept fails, the loop logs it, pauses, and goes on."""
    monkeypatch.setattr(_listener, "EXHAUSTED_SECONDS", 0.01)
    fail(*(OSError(errno.EMFILE, "Too many open files") for _ in range(2)))
    taken = Taken()
    running = Background(listener.run, taken)
    assert [visit(listener)] == taken.peers
    listener.stop()
    running.result()
    first, second = caplog.records
    assert first.levelno == second.levelno == logging.ERROR
    assert first.exc_info is None
    assert first.getMessage() == "cannot accept a call: [Errno 24] Too many open files"


def test_stop_ends_the_pause(
    listener: Listener, fail: Callable[..., Failing], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause does not keep the end waiting."""
    monkeypatch.setattr(_listener, "EXHAUSTED_SECONDS", 10 * TIMEOUT)
    failing = fail(OSError(errno.EMFILE, "Too many open files"))
    running = Background(listener.run, Taken())
    with Peer.connect(listener.address):
        assert failing.called.wait(TIMEOUT)
        listener.stop()
        running.result()


def test_out_of_descriptors() -> None:
    """A server without a free descriptor serves again when calls have ended."""
    program = """
import logging, resource, sys, threading
from pystrix.agi import FastAGIServer, _listener, core
logging.basicConfig(format="%(levelname)s %(message)s")
_listener.EXHAUSTED_SECONDS = 0.01
server = FastAGIServer(port=0)
server.register_script_handler(None, lambda agi, *_: agi.execute(core.Noop()))
serving = threading.Thread(target=server.serve_forever)
serving.start()
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (24, hard))
print(server.server_address[1], flush=True)
sys.stdin.readline()
server.shutdown()
serving.join()
server.server_close()
"""
    with subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        peers = [Peer.connect(address) for _ in range(30)]
        for peer in peers:
            peer.send(b"agi_network: yes\n\n")
        assert "Too many open files" in process.stderr.readline()
        for peer in peers:
            peer.expect(b"NOOP", b"200 result=0")
            assert peer.rest() == b""
            peer.close()
        _, stderr = process.communicate("\n", timeout=TIMEOUT)
    assert process.returncode == 0
    assert "Traceback" not in stderr


def test_no_socket_is_left() -> None:
    """A listener that cannot listen leaves no socket behind."""
    with pytest.raises(OSError, match="assign"):
        Listener("192.0.2.1", 0)


def test_peer_text() -> None:
    """IPv6 addresses stand in brackets."""
    assert peer_text(("127.0.0.1", 4573)) == "127.0.0.1:4573"
    assert peer_text(("::1", 4573, 0, 0)) == "[::1]:4573"


def test_stop_within_stop() -> None:
    """A signal handler that stops while the same thread is stopping does not wait for itself."""
    listener = Listener("127.0.0.1", 0)
    lock = listener._lock

    class Interrupted:
        """Does what a signal handler would do inside the lock."""

        def __enter__(self) -> None:
            lock.acquire()
            listener._lock = lock
            listener._idle.clear()
            listener.stop()  # would wait for ever
            listener._idle.set()

        def __exit__(self, *_: object) -> None:
            lock.release()

    listener._lock = cast("Any", Interrupted())
    listener.stop()
    assert listener.socket.fileno() == -1
