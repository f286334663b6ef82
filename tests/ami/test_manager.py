"""The manager on threads, against a server that says what a test tells it to."""

from __future__ import annotations

import gc
import logging
import queue
import socket
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    AnyAction,
    Backoff,
    Event,
    Manager,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
)
from pystrix.ami import manager as module
from pystrix.ami._reconnector import monitor
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads, records
from tests.ami.listing import Ear
from tests.ami.looping import PING
from tests.ami.managers import AT_ONCE, LOGIN, admit, return_to
from tests.ami.servers import ScriptedServer, trusting
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from tests.ami.conftest import Connect


# Connecting.


def test_no_thread_before_connect() -> None:
    """Managers that are never connected cost nothing, and need not be closed."""
    manager = Manager()
    assert library_threads() == []
    gone = weakref.ref(manager)
    del manager
    gc.collect()
    assert gone() is None


def test_not_connected() -> None:
    """What can be asked without a connection, and what cannot."""
    manager = Manager()
    assert not manager.is_connected()
    assert manager.get_asterisk_info() is None
    assert manager.get_connection() is None
    manager.disconnect()
    for use in (
        lambda: manager.send(PING),
        lambda: manager.send_action(PING),
        manager.monitor_connection,
    ):
        with pytest.raises(ManagerError, match="not connected to an Asterisk manager"):
            use()


def test_connected(connect: Connect) -> None:
    """What the greeting says, until the connection ends."""
    manager, peer = connect()
    assert manager.is_connected()
    assert manager.get_asterisk_info() == ("Asterisk Call Manager", "11.0.0")
    connection = manager.get_connection()
    assert connection is not None
    assert connection.socket.fileno() >= 0
    peer.close()
    eventually(lambda: not manager.is_connected())
    assert manager.get_asterisk_info() is None
    assert manager.get_connection() is None


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=NEEDS_IPV6), "localhost"])
def test_addresses(host: str) -> None:
    """IPv4, IPv6 and names."""
    with ScriptedServer("::1" if ":" in host else "127.0.0.1") as server, Manager() as manager:
        manager.connect(host, server.port)
        assert manager.is_connected()


def test_tls() -> None:
    """Inside TLS all is the same."""
    with ScriptedServer(tls=True) as server, Manager() as manager:
        manager.connect("localhost", server.port, ssl=trusting())
        asking = Background(manager.send, PING)
        server.accept().expect("Ping", "Response: Success")
        assert asking.result() == "Success"
        with pytest.raises(ManagerSocketError, match="certificate verify failed"):
            manager.connect("localhost", server.port, ssl=True)
        assert not manager.is_connected()


@pytest.mark.parametrize("ssl", [None, False])
def test_no_tls(server: ScriptedServer, ssl: bool | None) -> None:
    """Neither None nor False is TLS."""
    with Manager() as manager:
        manager.connect("127.0.0.1", server.port, ssl=ssl)
        assert manager.is_connected()


def test_connect_again(connect: Connect, server: ScriptedServer) -> None:
    """An existing connection is dropped; callbacks stay."""
    manager, old = connect()
    ear = Ear()
    manager.register_callback("", ear)
    manager.connect("127.0.0.1", server.port)
    assert old.rest() == b""
    server.accept().message("Event: New")
    assert ear.names(1) == ["New"]


def test_connect_fails(connect: Connect) -> None:
    """The manager can be used again afterwards."""
    manager, _ = connect()
    with ScriptedServer(banner=b"220 smtp ready\r\n") as other:
        with pytest.raises(ManagerSocketError, match="220 smtp ready"):
            manager.connect("127.0.0.1", other.port)
        assert not manager.is_connected()


def test_closed_manager(server: ScriptedServer) -> None:
    """A manager that was closed is finished."""
    manager = Manager()
    manager.close()
    manager.close()
    with pytest.raises(ManagerError, match="the manager was closed"):
        manager.connect("127.0.0.1", server.port)
    assert server.accept().rest() == b""


@pytest.mark.parametrize("which", ["pystrix-ami-reader", "pystrix-ami-events"])
def test_no_thread_left(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """When the system has no thread the connection is closed again."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == which:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    manager = Manager()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        manager.connect("127.0.0.1", server.port)
    assert not manager.is_connected()
    assert server.accept().rest() == b""


def test_overflow_is_one_of_two() -> None:
    """A mistake is told at once."""
    with pytest.raises(ValueError, match="overflow is 'drop' or 'disconnect', not 'block'"):
        Manager(overflow="block")  # type: ignore[arg-type]


# The end.


def test_end_is_noticed_at_once(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever waits is told, callbacks hear what came before, the log says it once."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("", ear)
    asking = Background(manager.send_action, PING)
    peer.request()
    peer.message("Event: Shutdown")
    peer.close()
    with pytest.raises(ManagerConnectionLostError, match="before Ping was answered") as caught:
        asking.result()
    assert caught.value.sent
    assert ear.names(1) == ["Shutdown"]
    eventually(lambda: not library_threads())
    assert [record.getMessage() for record in records(caplog)] == [str(caught.value.__cause__)]


def test_goodbye(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The end after a Logoff is no warning."""
    manager, peer = connect()
    asking = Background(manager.send_action, AnyAction("Logoff"))
    peer.expect("Logoff", "Response: Goodbye", "Message: Thanks for all the fish.")
    peer.close()
    answer = asking.result()
    assert answer.success
    eventually(lambda: not manager.is_connected())
    eventually(lambda: not library_threads())
    assert records(caplog) == []


def test_disconnect(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """At once, also on a quiet connection; whoever waits is told."""
    manager, peer = connect()
    asking = Background(manager.send, PING)
    peer.request()
    manager.disconnect()
    manager.disconnect()
    with pytest.raises(ManagerConnectionLostError, match="the manager disconnected before Ping"):
        asking.result()
    assert not manager.is_connected()
    assert peer.rest() == b""
    assert records(caplog) == []


@pytest.mark.parametrize("reconnect", [False, AT_ONCE])
def test_wait_closed(server: ScriptedServer, reconnect: Backoff | bool) -> None:
    """It can have a time limit, and is at once where nothing is to wait for."""
    told: list[bool] = []
    with Manager(reconnect=reconnect) as manager:
        assert manager.wait_closed()
        manager.register_resync(lambda manager: told.append(manager.wait_closed()))
        connecting = Background(lambda: manager.connect("127.0.0.1", server.port, **LOGIN))
        peer = server.accept()
        admit(peer)
        connecting.result()
        assert not manager.wait_closed(0)
        assert not manager.wait_closed(0.001)
        if reconnect:
            peer.close()
            gaps: queue.Queue[Event] = queue.Queue()
            manager.register_callback("Gap", lambda gap, _: gaps.put(gap))
            return_to(server)
            gaps.get(timeout=TIMEOUT)
            assert told == [False]
        waiting = Background(manager.wait_closed)
        manager.disconnect()
        assert waiting.result()
    assert manager.wait_closed()


def test_wait_closed_without_a_login(connect: Connect) -> None:
    """It gives what a Logoff or `disconnect` ends, and raises what the peer does."""
    manager, peer = connect()
    assert not manager.wait_closed(0)
    waiting = Background(manager.wait_closed)
    peer.close()
    with pytest.raises(ManagerSocketError, match="closed the connection"):
        waiting.result()
    with pytest.raises(ManagerError, match=r"cannot send Ping: .* closed the connection"):
        manager.send(PING)
    manager.disconnect()
    assert manager.wait_closed()


def test_idle_connections_live(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit of connecting is none for the silence afterwards."""
    manager = Manager()
    made = socket.create_connection(("127.0.0.1", server.port))
    peer = server.accept()  # it has greeted: nothing takes time any more
    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", lambda *_: made)
        manager.connect("127.0.0.1", server.port, timeout=0.05)
    connection = manager.get_connection()
    assert connection is not None
    assert not connection.wait_closed(0.1)
    asking = Background(manager.send, PING)
    peer.expect("Ping", "Response: Success")
    assert asking.result().success
    manager.close()


# Watching over the connection.


def test_monitor(connect: Connect) -> None:
    """It pings, and ends with the connection."""
    manager, peer = connect()
    thread = manager.monitor_connection(0.001)
    for _ in range(3):
        peer.expect("Ping", "Response: Success")
    assert thread.is_alive()
    assert thread.daemon
    manager.disconnect()
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_monitor_of_a_silent_server(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A server that does not answer is left."""
    manager, peer = connect()
    thread = manager.monitor_connection(0.001, timeout=0.05)
    thread.join(TIMEOUT)
    assert not manager.is_connected()
    assert peer.expect("Ping")
    assert "nothing came within 0.05 s of a Ping" in caplog.text


def test_monitor_hears_events(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends anything lives, even if it does not answer yet."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("X", ear)
    connection = manager.get_connection()
    assert connection is not None
    request = connection.request
    pings: list[Any] = []

    def ask(*arguments: Any, timeout: float, **options: Any) -> Any:
        assert timeout == module.PING_SECONDS
        if len(pings) == 3:
            return request(*arguments, timeout=timeout, **options)
        exchange = request(*arguments, timeout=0, **options)
        peer.expect("Ping")
        peer.message("Event: X")
        pings.append(ear.next())
        return exchange

    monkeypatch.setattr(connection, "request", ask)
    manager.monitor_connection(0.001)
    eventually(lambda: len(pings) >= 3)
    assert manager.is_connected()


def test_monitor_of_a_busy_server(connect: Connect) -> None:
    """While another action waits for its answer the silence means nothing."""
    manager, peer = connect()
    originate = Background(lambda: manager.send(AnyAction("Originate"), timeout=TIMEOUT))
    request = peer.expect("Originate")
    manager.monitor_connection(0.001, timeout=0.02)
    for _ in range(3):
        peer.expect("Ping")
    assert manager.is_connected()
    peer.respond(request, "Response: Success")
    assert originate.result().success


def test_monitor_loses_a_race(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that ends right before a Ping is no error."""
    manager, _ = connect()
    connection = manager.get_connection()
    assert connection is not None
    manager.disconnect()
    monkeypatch.setattr(connection, "wait_closed", lambda _: False)
    monitor(connection, 0, 0)


# The log.


def test_own_logger(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """A program may give its own; in debugging every message is there, secrets are not."""
    with Manager(debug=True, logger=logging.getLogger("program")) as manager:
        manager.connect("127.0.0.1", server.port)
        peer = server.accept()
        with caplog.at_level(logging.DEBUG, "program"):
            asking = Background(manager.send, AnyAction("Login", {"Secret": "hush"}))
            peer.expect("Login", "Response: Success")
            asking.result()
    assert {record.name for record in caplog.records} == {"program"}
    assert "Secret: ***" in caplog.text
    assert "hush" not in caplog.text


def test_defaults() -> None:
    """They are what the documentation says."""
    assert module.QUEUE_SIZE == 50_000
    assert module.PING_SECONDS == 5.0
    started = time.monotonic()
    Manager(True, None, 5, 5).close()
    assert time.monotonic() - started < TIMEOUT
