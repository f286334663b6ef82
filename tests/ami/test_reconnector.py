"""One connection after the other on threads: what only threads can do to it."""

from __future__ import annotations

import queue
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import AnyAction, Gap, Manager, ManagerError, _connection
from pystrix.ami import _reconnector as module
from pystrix.ami import manager as manager_module
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.managers import (
    AT_ONCE,
    LOGIN,
    Heard,
    admit,
    boot,
    channels,
    list_channels,
    return_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ami.servers import Peer, ScriptedServer

PING = AnyAction("Ping")


@pytest.fixture
def online(server: ScriptedServer) -> Iterator[Callable[..., tuple[Manager, Peer]]]:
    """Give a maker of managers that are connected, and of Asterisk's end."""
    managers: list[Manager] = []

    def make(**options: Any) -> tuple[Manager, Peer]:
        manager = Manager(**{"reconnect": AT_ONCE, **options})
        managers.append(manager)
        connecting = Background(lambda: manager.connect("127.0.0.1", server.port, **LOGIN))
        peer = server.accept()
        admit(peer)
        connecting.result()
        return manager, peer

    yield make
    for manager in managers:
        manager.close()


def test_it_must_know_who_logs_in(server: ScriptedServer) -> None:
    """Without that it cannot connect again."""
    with Manager(reconnect=True) as manager, pytest.raises(ValueError, match="username"):
        manager.connect("127.0.0.1", server.port)
    with Manager() as manager, pytest.raises(ValueError, match="username"):
        manager.connect("127.0.0.1", server.port, wait_for_asterisk=True)


def test_logs_in_without_reconnecting(
    online: Callable[..., tuple[Manager, Peer]], server: ScriptedServer
) -> None:
    """Whoever only wants that gets it; a manager can be connected again then."""
    manager, peer = online(reconnect=False)
    peer.close()
    eventually(lambda: not manager.is_connected())
    connecting = Background(lambda: manager.connect("127.0.0.1", server.port, **LOGIN))
    admit(server.accept())
    connecting.result()
    assert manager.is_connected()


def test_send_action(online: Callable[..., tuple[Manager, Peer]], server: ScriptedServer) -> None:
    """The 1.x way to send waits for the connection as well."""
    manager, peer = online()
    thread = manager.monitor_connection(3600)
    peer.close()
    thread.join(TIMEOUT)
    peer = server.accept()
    asking = Background(manager.send_action, PING)
    with pytest.raises(ManagerError, match="cannot send Ping"):
        manager.monitor_connection()
    admit(peer)
    answering = peer.respond_to_all(
        lambda peer, request: peer.respond(request, "Response: Error", "Message: no")
    )
    answer = asking.result()
    assert not answer.success
    manager.close()
    answering.result()


@pytest.mark.parametrize("closes", [Manager.disconnect, Manager.close])
def test_disconnected_by_a_callback(
    online: Callable[..., tuple[Manager, Peer]], closes: Callable[[Manager], None]
) -> None:
    """It does not wait for itself."""
    manager, peer = online()
    done = threading.Event()

    def close(_: object, manager: Manager) -> None:
        closes(manager)
        done.set()

    manager.register_callback("X", close)
    peer.message("Event: X")
    assert done.wait(TIMEOUT)
    assert not manager.is_connected()


def test_disconnected_by_a_hook(
    online: Callable[..., tuple[Manager, Peer]], server: ScriptedServer
) -> None:
    """Nor does a hook, which has no connection then."""
    manager, peer = online()
    seen: list[str] = []

    @manager.register_resync
    def hook(manager: Manager) -> None:
        manager.disconnect()
        with pytest.raises(ManagerError, match="not connected") as caught:
            manager.send(PING)
        seen.append(str(caught.value))

    peer.close()
    return_to(server)
    eventually(lambda: seen)
    assert not manager.is_connected()


def test_a_hook_does_not_wait_for_itself(
    online: Callable[..., tuple[Manager, Peer]], server: ScriptedServer
) -> None:
    """What it sends while there is no connection fails at once: it is the one that connects."""
    manager, peer = online()
    heard = Heard()
    manager.register_callback(Gap, heard)
    failures: list[str] = []

    @manager.register_resync
    def hook(manager: Manager) -> None:
        if not failures:
            peers[0].close()
            eventually(lambda: not manager.is_connected())
            with pytest.raises(ManagerError, match="not connected to") as caught:
                manager.send(PING, timeout=TIMEOUT)
            failures.append(str(caught.value))

    peers: list[Peer] = []
    peer.close()
    peers.append(server.accept())
    admit(peers[0])
    peers[0].expect("CoreShowChannels", "Response: Error", "Message: no")
    return_to(server)
    assert heard.next().results == {hook: None}
    assert len(failures) == 1


def test_waits_for_the_start(
    online: Callable[..., tuple[Manager, Peer]],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever was told once that Asterisk has started waits to be told again."""
    manager, peer = online()
    heard = Heard()
    manager.register_callback(Gap, heard)
    waiting = threading.Event()
    wait = module.Reconnector._wait_for_boot

    def wait_for_boot(reconnector: module.Reconnector, connection: Any) -> None:
        waiting.set()
        wait(reconnector, connection)

    monkeypatch.setattr(module.Reconnector, "_wait_for_boot", wait_for_boot)
    peer.close()
    peer = server.accept()
    admit(peer, booted=False)
    assert waiting.wait(TIMEOUT)
    boot(peer)
    channels(peer)
    assert heard.next().connection == 1


def test_no_thread(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has none at first, whoever connects is told."""

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Manager() as manager:
        monkeypatch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            manager.connect("127.0.0.1", server.port, **LOGIN)
        monkeypatch.undo()
        assert not manager.is_connected()


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("threading.Thread.start", RuntimeError("can't start"), "there is no thread that reads"),
        ("socket.socketpair", OSError("Too many"), "cannot use the connection: Too many"),
    ],
)
def test_the_system_has_none_left(
    online: Callable[..., tuple[Manager, Peer]],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
    error: Exception,
    said: str,
) -> None:
    """Behind a loss it is tried again."""
    manager, peer = online()
    heard = Heard()
    manager.register_callback(Gap, heard)
    right = threading.Thread.start if "Thread" in what else socket.socketpair

    def fail(*arguments: Any) -> Any:
        if threading.current_thread().name != "pystrix-ami-reconnect":
            return right(*arguments)
        monkeypatch.undo()
        raise error

    monkeypatch.setattr(what, fail)
    peer.close()
    server.accept()
    return_to(server)
    assert heard.next().connection == 1
    assert said in caplog.text


def test_interrupted(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it connects leaves nothing behind."""
    manager = Manager()

    class Interrupted(threading.Condition):
        def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> Any:
            if threading.current_thread() is threading.main_thread() and not interrupted:
                interrupted.append(1)
                raise KeyboardInterrupt
            return super().wait_for(predicate, timeout)

    interrupted: list[int] = []
    monkeypatch.setattr(threading, "Condition", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        manager.connect("127.0.0.1", server.port, **LOGIN)
    monkeypatch.undo()
    manager.close()
    assert not manager.is_connected()


def test_stopped_while_the_kernel_connects(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for that; what comes of it is closed."""
    connecting, go_on = threading.Event(), threading.Event()
    connect = _connection.connect

    def slow(*arguments: Any, **options: Any) -> Any:
        connecting.set()
        assert go_on.wait(TIMEOUT)
        return connect(*arguments, **options)

    monkeypatch.setattr(module, "connect", slow)
    manager = Manager()
    asking = Background(lambda: manager.connect("127.0.0.1", server.port, **LOGIN))
    assert connecting.wait(TIMEOUT)
    manager.close()
    go_on.set()
    with pytest.raises(ManagerError, match="the manager was disconnected"):
        asking.result()
    assert server.accept().rest() == b""


def test_closed_before_it_connects(server: ScriptedServer) -> None:
    """A manager that is closed does not begin."""
    manager = Manager()
    manager.close()
    with pytest.raises(ManagerError, match="closed"):
        manager.connect("127.0.0.1", server.port, **LOGIN)


def test_a_bug_of_ours(
    online: Callable[..., tuple[Manager, Peer]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error that nobody foresaw ends it, and is not lost."""
    manager, peer = online()
    monkeypatch.setattr("pystrix.ami._reconnecting.Reconnecting.lost", lambda *_: 1 // 0)
    peer.close()
    eventually(lambda: not manager.is_connected())
    with pytest.raises(ManagerError, match="cannot send Ping") as caught:
        manager.send(PING, timeout=TIMEOUT)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "ZeroDivisionError" in (records(caplog)[-1].exc_text or "")


@pytest.mark.parametrize("way", ["send", "send_action"])
def test_connection_that_ends_before_a_byte_is_sent(
    online: Callable[..., tuple[Manager, Peer]],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """The action is sent over the next one, as if it came a moment later."""
    manager, peer = online()
    ended = manager.get_connection()
    assert ended is not None
    request = ended.request

    def lose(*arguments: Any, **options: Any) -> Any:
        peer.close()
        eventually(lambda: not ended.is_alive())
        return request(*arguments, **options)

    monkeypatch.setattr(ended, "request", lose)
    asking = Background(getattr(manager, way), PING)
    peer = server.accept()
    admit(peer)
    for _ in range(2):  # whichever comes first: both go out when the connection can be used
        asked = peer.request()
        if asked["Action"] == "Ping":
            peer.respond(asked, "Response: Success", "Ping: Pong")
        else:
            list_channels(peer, asked)
    assert asking.result().success


def test_connection_that_ends_and_no_other_follows(
    online: Callable[..., tuple[Manager, Peer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is none to send it over."""
    manager, peer = online(reconnect=False)
    assert manager._kept is not None
    ended = manager.get_connection()
    assert ended is not None
    link = manager_module._Link(ended, manager._kept.dispatcher)
    monkeypatch.setattr(manager, "_current", lambda: link)
    manager.disconnect()
    with pytest.raises(ManagerError, match="cannot send Ping: not connected"):
        manager.send(PING)
    peer.close()


def test_taps_hear_of_a_loss_during_a_hook(
    online: Callable[..., tuple[Manager, Peer]],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They do though the thread that connects is faster than the one that reads."""
    manager, peer = online()
    lost: queue.Queue[str] = queue.Queue()
    left = threading.Event()
    close, release = _connection.Connection.close, _connection.Connection._release

    def note(connection: Any, *arguments: Any) -> None:
        close(connection, *arguments)
        left.set()

    def wait(connection: Any) -> None:
        connection._protocol.receive_eof()
        assert left.wait(TIMEOUT)
        release(connection)

    class Ear:
        def heard(self, messages: object) -> None:
            """Hear nothing."""

        def lost(self, why: str) -> None:
            """Note it."""
            lost.put(why)

    manager.tap(Ear())
    peer.close()
    assert lost.get(timeout=TIMEOUT)

    @manager.register_resync
    def hook(_: object) -> None:
        manager.unregister_resync(hook)
        left.clear()
        monkeypatch.setattr(_connection.Connection, "close", note)
        monkeypatch.setattr(_connection.Connection, "_release", wait)
        peers[0].close()
        eventually(lambda: not manager.is_connected())

    peers = [server.accept()]
    admit(peers[0])
    channels(peers[0])
    assert lost.get(timeout=TIMEOUT)
    return_to(server)


def test_pings_and_the_end(
    online: Callable[..., tuple[Manager, Peer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that ends right before a Ping is no error."""
    manager, peer = online(keepalive=3600)
    connection = manager.get_connection()
    assert connection is not None
    ended, mine, wait = iter([False, True]), threading.get_ident(), connection.wait_closed

    def wait_closed(timeout: float | None = None) -> bool:
        # The reconnector's own thread waits for the same connection.
        return next(ended) if threading.get_ident() == mine else wait(timeout)

    monkeypatch.setattr(connection, "wait_closed", wait_closed)
    connection.heard = -7200.0
    connection.close("ended")
    kept = manager._kept
    assert kept is not None
    assert isinstance(kept.reconnector._watch(connection), Exception)
    peer.close()
