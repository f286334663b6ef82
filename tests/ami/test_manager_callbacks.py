"""Callbacks of the manager on threads, also of those that are too slow."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Event, Manager, ManagerConnectionLostError
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads, records
from tests.ami.listing import CLASSES, LIST, Ear, Hangup, Status, StatusRequest, finish_list
from tests.ami.looping import PING

if TYPE_CHECKING:
    from tests.ami.conftest import Connect
    from tests.ami.servers import ScriptedServer


# Callbacks.


def test_callbacks(connect: Connect) -> None:
    """By class, by name, for all; in the order of registration, in a thread of their own."""
    manager, peer = connect(event_classes=CLASSES)
    order: list[str] = []
    last = Ear()
    manager.register_callback(Hangup, lambda *_: order.append("class"))
    manager.register_callback("", lambda *_: order.append("every"))
    manager.register_callback("Hangup", lambda *_: order.append("name"))
    manager.register_callback("Newchannel", lambda *_: order.append("other"))
    manager.register_callback("Hangup", last)
    peer.message("Event: Hangup", "Cause: 16")
    event = last.next()
    assert type(event) is Hangup
    assert event["Cause"] == "16"
    assert order == ["class", "every", "name"]
    assert last.threads == {"pystrix-ami-events"}
    assert manager.unregister_callback("Hangup", last)
    assert not manager.unregister_callback("Hangup", last)


def test_orphans(connect: Connect) -> None:
    """Responses that nobody waits for go to the callbacks for None, and to no other."""
    manager, peer = connect()
    orphans, every = Ear(), Ear()
    manager.register_callback(None, orphans)
    manager.register_callback("", every)
    peer.message("Response: Success", "ActionID: nobody")
    peer.message("Event: X")
    assert orphans.next().action_id == "nobody"
    assert every.names(1) == ["X"]


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_failing_callback(
    connect: Connect, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """It is logged, and disturbs nobody."""

    def fail(*_: object) -> None:
        raise error("a mistake in a program")

    manager, peer = connect()
    ear = Ear()
    manager.register_callback("", fail)
    manager.register_callback("", ear)
    peer.message("Event: X")
    peer.message("Event: Y")
    assert ear.names(2) == ["X", "Y"]
    manager.close()
    assert len(records(caplog)) == 2
    assert "failed for X" in caplog.text
    assert "a mistake in a program" in caplog.text


def test_actions_in_a_callback(connect: Connect) -> None:
    """Plain and synchronous ones work there as anywhere."""
    manager, peer = connect(event_classes=CLASSES)
    results: queue.Queue[Any] = queue.Queue()

    def hear(event: Event, manager: Manager) -> None:
        assert event
        results.put(manager.send(PING))
        results.put(manager.send_action(StatusRequest(synchronous=True)))

    manager.register_callback("Go", hear)
    peer.message("Event: Go")
    peer.expect("Ping", "Response: Success")
    finish_list(peer, peer.expect("Status", *LIST), 3)
    assert results.get(timeout=TIMEOUT).success
    assert len(results.get(timeout=TIMEOUT).events[Status]) == 3


@pytest.mark.parametrize("how", ["close", "disconnect"])
def test_close_in_a_callback(connect: Connect, how: str) -> None:
    """It does not wait for itself; nothing more is delivered."""
    manager, peer = connect()
    done = threading.Event()
    heard: list[str] = []

    def hear(event: Event, manager: Manager) -> None:
        heard.append(event.name)
        getattr(manager, how)()
        done.set()

    manager.register_callback("", hear)
    peer.send(b"Event: A\r\n\r\nEvent: B\r\n\r\n")
    assert done.wait(TIMEOUT)
    eventually(lambda: not library_threads())
    assert heard == ["A"]
    assert peer.rest() == b""


def test_connect_in_a_callback(connect: Connect, server: ScriptedServer) -> None:
    """A program may connect again when it hears of the end."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("Shutdown", lambda *_: manager.connect("127.0.0.1", server.port))
    manager.register_callback("Back", ear)
    peer.message("Event: Shutdown")
    server.accept().message("Event: Back")
    assert ear.names(1) == ["Back"]
    assert manager.is_connected()


def test_close_waits_for_the_callback(connect: Connect) -> None:
    """When `close` returns no callback runs."""
    manager, peer = connect()
    entered, leave, left = threading.Event(), threading.Event(), threading.Event()

    def hear(*_: object) -> None:
        entered.set()
        assert leave.wait(TIMEOUT)
        left.set()

    manager.register_callback("", hear)
    peer.message("Event: X")
    assert entered.wait(TIMEOUT)
    closing = Background(manager.close)
    eventually(lambda: not manager.is_connected())
    leave.set()
    closing.result()
    assert left.is_set()


# Events that find no room.


class Slow:
    """A callback that waits until it may go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.heard: list[str] = []

    def __call__(self, event: Event, manager: Manager) -> None:
        """Wait, and keep the event."""
        assert isinstance(manager, Manager)
        self.entered.set()
        assert self.go_on.wait(TIMEOUT)
        self.heard.append(event["N"])


def test_overflow_drops(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Events beyond the queue are counted and logged once; answers come as ever."""
    manager, peer = connect(queue_size=10)
    slow = Slow()
    manager.register_callback("", slow)
    peer.message("Event: X", "N: first")
    assert slow.entered.wait(TIMEOUT)
    for number in range(30):
        peer.message("Event: X", f"N: {number}")
    asking = Background(manager.send, PING)
    peer.expect("Ping", "Response: Success")
    assert asking.result().success
    eventually(lambda: manager.events_dropped == 20)
    peer.message("Event: X", "N: late")
    eventually(lambda: manager.events_dropped == 21)
    slow.go_on.set()
    eventually(lambda: len(slow.heard) == 11)
    assert slow.heard == ["first", *map(str, range(10))]
    assert manager.is_connected()
    [record] = records(caplog)
    assert "the callbacks are slower than the events: 10 wait, others are dropped" in (
        record.getMessage()
    )


def test_overflow_disconnects(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """If the user wants so the connection ends; what was queued is delivered."""
    manager, peer = connect(queue_size=10, overflow="disconnect")
    slow = Slow()
    manager.register_callback("", slow)
    asking = Background(manager.send, PING)
    peer.request()
    peer.send(b"".join(b"Event: X\r\nN: %d\r\n\r\n" % number for number in range(30)))
    with pytest.raises(ManagerConnectionLostError, match="faster than they are taken: 10 wait"):
        asking.result()
    assert not manager.is_connected()
    assert manager.events_dropped > 0
    slow.go_on.set()
    eventually(lambda: not library_threads())
    assert slow.heard == [str(number) for number in range(len(slow.heard))]
    assert len(slow.heard) >= 10
    assert [record.levelno for record in records(caplog)] == [logging.WARNING]
