"""Signals that come while the thread they interrupt reads a connection."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import AnyAction, ManagerConnectionLostError
from tests.agi.peers import TIMEOUT, Background, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami._message import Message
    from tests.ami.links import Link

PING = AnyAction("Ping")
OTHER = AnyAction("Other")
SIGNAL = signal.SIGUSR1


def interrupted(
    link: Link, handler: Callable[[], object], serve: Callable[[Message], object]
) -> Any:
    """Ask, and be interrupted while it is waited for the answer.

    Args:
        link: The connection.
        handler: What the handler of the signal does.
        serve: What the server does then; it gets the request.
    """

    def run() -> None:
        request = link.peer.expect("Ping")
        eventually(lambda: link.connection._leader)
        with link.connection._lock:  # the request was sent
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, SIGNAL)
        serve(request)

    before = signal.signal(SIGNAL, lambda *_: handler())
    try:
        serving = Background(run)
        try:
            return link.connection.request(PING, timeout=TIMEOUT)
        finally:
            serving.result()
    finally:
        signal.signal(SIGNAL, before)


def check(link: Link) -> None:
    """See that the connection is as good as before."""
    assert link.connection._leader is None
    asking = link.request()
    link.peer.expect("Ping", "Response: Success")
    assert asking.result().done
    seen = len(link.heard.messages)
    link.peer.message("Event: A")
    eventually(lambda: len(link.heard.messages) > seen)
    assert link.connection.outstanding == 0


@pytest.mark.parametrize("in_order", [False, True])
def test_a_handler_that_sends(link: Link, *, in_order: bool) -> None:
    """It reads its answer itself, and what else comes: that of what it interrupted, too."""
    nested: list[bool] = []

    def send() -> None:
        nested.append(link.connection.request(OTHER, timeout=TIMEOUT).done)

    def serve(request: Message) -> None:
        requests = [request, link.peer.expect("Other")]
        link.peer.message("Event: A")
        eventually(lambda: link.heard.messages)
        for each in requests if in_order else reversed(requests):
            link.peer.respond(each, "Response: Success")

    assert interrupted(link, send, serve).done
    assert nested == [True]
    check(link)


def test_a_handler_that_raises(link: Link) -> None:
    """It ends the waiting, and nothing else."""

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(link, stop, lambda _: None)
    check(link)


def test_a_handler_that_closes(link: Link) -> None:
    """It does not wait for the thread that it interrupts."""
    waited: list[bool] = []

    def close() -> None:
        link.connection.close("heard enough")
        waited.append(link.connection.wait_closed())

    exchange = interrupted(link, close, lambda _: None)
    assert waited == [False]
    with pytest.raises(ManagerConnectionLostError, match="heard enough"):
        exchange.result()
    assert link.connection.wait_closed(TIMEOUT)


def test_the_connection_breaks_while_a_handler_runs(link: Link) -> None:
    """The thread sees it; the descriptors stay until the handler has returned."""

    def wait() -> None:
        eventually(lambda: not link.connection.is_alive())
        assert not link.connection._over.wait(0)
        assert link.connection.socket.fileno() >= 0

    exchange = interrupted(link, wait, lambda _: link.peer.reset())
    with pytest.raises(ManagerConnectionLostError, match="closed the connection before"):
        exchange.result()
    assert link.connection.wait_closed(TIMEOUT)
    assert link.connection.socket.fileno() < 0


def test_interrupted_in_the_midst_of_taking(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends, for nobody knows how much was taken in."""

    def stop(_: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(link.connection._protocol, "receive_data", stop)
    asking = link.request()
    request = link.peer.request()
    eventually(lambda: link.connection._leader)
    link.peer.respond(request, "Response: Success")
    with pytest.raises(KeyboardInterrupt):
        asking.result()
    assert link.connection.wait_closed(TIMEOUT)
    assert "failed: KeyboardInterrupt()" in str(link.connection.failure)


def test_interrupted_while_it_hands_on(link: Link) -> None:
    """The connection ends, for an event may be lost."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    link.connection._on_messages = stop
    asking = link.request()
    link.peer.request()
    eventually(lambda: link.connection._leader)
    link.peer.message("Event: A")
    with pytest.raises(KeyboardInterrupt):
        asking.result()
    assert link.connection.wait_closed(TIMEOUT)
    assert "failed: KeyboardInterrupt()" in str(link.connection.failure)


@pytest.mark.parametrize("place", ["_watch", "_lead", "_hand_over"])
def test_interrupted_while_the_reading_changes_hands(
    link: Link, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Somebody reads on."""
    inner = getattr(link.connection, place)

    def stop(*args: Any, **options: Any) -> None:
        if threading.current_thread() is not link.connection._thread:
            monkeypatch.setattr(link.connection, place, inner)
            raise KeyboardInterrupt
        inner(*args, **options)

    monkeypatch.setattr(link.connection, place, stop)
    asking = link.request()
    link.peer.expect("Ping", "Response: Success")
    with pytest.raises(KeyboardInterrupt):
        asking.result()
    eventually(lambda: link.connection.outstanding == 0)
    check(link)


def test_handing_on_fails(link: Link) -> None:
    """The connection ends, and who reads is told so."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    link.connection._on_messages = fail
    asking = link.request()
    link.peer.request()
    eventually(lambda: link.connection._leader)
    link.peer.message("Event: A")
    with pytest.raises(ManagerConnectionLostError, match="a defect"):
        asking.result().result()
    assert link.connection.wait_closed(TIMEOUT)
