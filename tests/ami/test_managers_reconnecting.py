"""A connection that is lost, closed or watched over, the same on threads and on asyncio."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    AnyAction,
    Gap,
    ManagerActionError,
    ManagerAuthError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
    ManagerTimeoutError,
)
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.looping import PING, PONG
from tests.ami.managers import Heard, Running, admit, boot, channels, return_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami import Message
    from tests.ami.servers import Peer, ScriptedServer


# Losing the connection.


def test_reconnects(online: Callable[..., tuple[Running, Peer]], server: ScriptedServer) -> None:
    """The gap stands between what was heard before and after; hooks run before events flow."""
    running, peer = online()
    heard = Heard()
    running.manager.register_callback("", heard)
    hook = running.register_resync(lambda manager, send: (manager, send(AnyAction("QueueStatus"))))
    peer.message("Event: Before")
    assert heard.names(1) == ["Before"]
    peer.close()
    peer = server.accept()
    admit(peer)
    peer.message("Event: Early")
    channels(peer, "Local/a")
    request = peer.expect("QueueStatus")
    peer.message("Event: Between")
    assert running.manager.is_connected()
    assert heard.empty
    peer.respond(request, "Response: Success", "X: 1")
    peer.message("Event: After")
    gap = heard.next()
    assert isinstance(gap, Gap)
    assert gap.connection == 1
    assert gap.peer == f"127.0.0.1:{server.port}"
    assert "closed the connection" in gap.reason
    assert isinstance(gap.failure, ManagerSocketError)
    assert 0 <= gap.seconds < TIMEOUT
    assert [channel.channel for channel in gap.channels or ()] == ["Local/a"]
    manager, response = gap.results[hook]
    assert (manager, response["X"]) == (running.manager, "1")
    assert gap.dropped == 0
    assert heard.names(4) == ["FullyBooted", "Early", "Between", "After"]


def test_nothing_is_sent_again(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """What was on its way fails, and says that it had been sent; the new connection has none."""
    running, peer = online()
    asking = Background(running.send, AnyAction("Originate", {"Channel": "Local/x"}))
    peer.expect("Originate")
    peer.close()
    with pytest.raises(ManagerConnectionLostError, match="before Originate was answered") as caught:
        asking.result()
    assert caught.value.sent
    peer = return_to(server)
    running.close()
    assert peer.rest() == b""


def test_waits_for_the_connection(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """An action asked for while there is none is sent when there is one, once."""
    running, peer = online()
    peer.close()
    peer = server.accept()
    asking = Background(running.send, PING)
    admit(peer)
    found: dict[str, Message] = {}
    while len(found) < 2:  # it may come before the list of channels, or behind it
        request = peer.request()
        found[request["Action"]] = request
        peer.respond(request, "Response: Error", "Message: Permission denied")
    assert set(found) == {"CoreShowChannels", "Ping"}
    with pytest.raises(ManagerActionError):
        asking.result()


def test_does_not_wait_for_ever(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """Neither longer than its own timeout, nor than the manager allows."""
    running, peer = online(offline_timeout=0.1)
    peer.close()
    server.accept()  # and does not answer
    eventually(lambda: not running.manager.is_connected())
    for timeout in (0.05, 10.0):
        with pytest.raises(ManagerTimeoutError, match=r"not connected to .* within 0") as caught:
            running.send(PING, timeout=timeout)
        assert not caught.value.sent


def test_does_not_wait(online: Callable[..., tuple[Running, Peer]], server: ScriptedServer) -> None:
    """If it is not to wait it fails at once."""
    running, peer = online(offline_timeout=0)
    peer.close()
    server.accept()
    eventually(lambda: not running.manager.is_connected())
    with pytest.raises(ManagerError, match="cannot send Ping: not connected to"):
        running.send(PING)


def test_refused_behind_a_loss(
    online: Callable[..., tuple[Running, Peer]],
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A secret that is wrong now ends it: whoever waits is told, and whoever asks."""
    running, peer = online()
    peer.close()
    peer = server.accept()
    asking = Background(running.send, PING)
    peer.expect("Challenge", "Response: Success", "Challenge: 1")
    peer.expect("Login", "Response: Error", "Message: Authentication failed")
    for ask in (asking.result, lambda: running.send(PING)):
        with pytest.raises(ManagerError, match="Authentication failed") as caught:
            ask()
        assert isinstance(caught.value.__cause__, ManagerAuthError)
    with pytest.raises(ManagerAuthError):
        running.wait_closed()
    assert not running.manager.is_connected()
    assert records(caplog)[-1].levelno == logging.ERROR
    assert "Authentication failed" in records(caplog)[-1].message


def test_keeps_trying(online: Callable[..., tuple[Running, Peer]], server: ScriptedServer) -> None:
    """While Asterisk ends or another session stands in the way; the gap is one."""
    running, peer = online()
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    peer.message("Event: Shutdown", "Shutdown: Cleanly", "Restart: True")
    peer.close()
    for message in ("Asterisk is shutting down", "Login Already In Use"):
        peer = server.accept()
        peer.expect("Challenge", "Response: Success", "Challenge: 1")
        peer.expect("Login", "Response: Error", f"Message: {message}")
    server.accept().close()
    return_to(server)
    gap = heard.next()
    assert gap.reason.startswith("Asterisk restarts: ")
    assert gap.connection == 1
    assert heard.empty


def test_lost_during_the_resync(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """The hook is called again for the next connection; there is one gap."""
    running, peer = online()
    heard = Heard()
    running.manager.register_callback("", heard)
    calls: list[str] = []

    def resync(_: object, send: Callable[..., Any]) -> int:
        calls.append("called")
        send(AnyAction("QueueStatus"))
        return len(calls)

    hook = running.register_resync(resync)
    peer.close()
    peer = return_to(server)
    peer.expect("QueueStatus")
    peer.message("Event: Lost")
    peer.close()
    peer = return_to(server)
    peer.expect("QueueStatus", "Response: Success")
    gap = heard.next()
    assert (gap.results[hook], gap.connection) == (2, 1)
    assert heard.names(1) == ["FullyBooted"]
    assert heard.empty


@pytest.mark.parametrize("failure", [ZeroDivisionError, SystemExit])
def test_a_hook_that_fails(
    online: Callable[..., tuple[Running, Peer]],
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    failure: type[BaseException],
) -> None:
    """It is logged and harms nobody; nor does a user who may not see the channels."""

    def fail(*_: object) -> None:
        raise failure

    running, peer = online()
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    gone = running.register_resync(lambda *_: 1)
    broken = running.register_resync(fail)
    other = running.register_resync(lambda *_: 2)
    assert running.manager.unregister_resync(gone)
    assert not running.manager.unregister_resync(gone)
    peer.close()
    peer = server.accept()
    admit(peer)
    peer.expect("CoreShowChannels", "Response: Error", "Message: Permission denied")
    gap = heard.next()
    assert gap.channels is None
    assert gap.results == {other: 2}
    assert broken not in gap.results
    logged = [record.exc_info[0] for record in records(caplog) if record.exc_info]
    assert logged == [failure]
    assert running.manager.is_connected()


def test_not_asked_to_reconnect(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """Then it is over."""
    running, peer = online(reconnect=False)
    peer.close()
    with pytest.raises(ManagerSocketError, match="closed the connection"):
        running.wait_closed()
    assert not running.manager.is_connected()
    with pytest.raises(ManagerError, match="closed the connection"):
        running.send(PING)
    running.close()
    assert not server._peers.qsize(), "somebody came"


def test_logs_off(online: Callable[..., tuple[Running, Peer]]) -> None:
    """Whoever logs off does not want to come back."""
    running, peer = online()
    asking = Background(running.send, AnyAction("Logoff"))
    peer.expect("Logoff", "Response: Goodbye", "Message: Thanks for all the fish.")
    peer.close()
    assert asking.result().name == "Goodbye"
    running.wait_closed()
    assert not running.manager.is_connected()
    with pytest.raises(ManagerError, match="cannot send Ping"):
        running.send(PING)


# Closing.


def test_who_waits_for_the_end(online: Callable[..., tuple[Running, Peer]]) -> None:
    """Is told when the manager is closed, and at once when it is."""
    running, _ = online()
    waiting = Background(running.wait_closed)
    running.close()
    waiting.result()
    running.wait_closed()


def test_closed_while_it_waits_to_try_again(
    online: Callable[..., tuple[Running, Peer]], caplog: pytest.LogCaptureFixture
) -> None:
    """The wait ends, and whoever waits for the connection is told."""
    from pystrix.ami import Backoff  # noqa: PLC0415

    running, peer = online(reconnect=Backoff(3600, 1, 3600))
    peer.close()
    eventually(lambda: "trying again" in caplog.text)
    asking = Background(lambda: running.send(PING, timeout=TIMEOUT))
    running.close()
    with pytest.raises(ManagerError):
        asking.result()
    with pytest.raises(ManagerError):
        running.send(PING)


@pytest.mark.parametrize("asked", ["Challenge", "Ping", "CoreShowChannels", "QueueStatus"])
def test_closed_while_it_comes_back(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer, asked: str
) -> None:
    """At any point on the way."""
    running, peer = online()
    running.register_resync(lambda _, send: send(AnyAction("QueueStatus")))
    peer.close()
    peer = server.accept()
    answers = {
        "Challenge": ("Response: Success", "Challenge: 1"),
        "CoreShowChannels": ("Response: Error", "Message: Permission denied"),
    }
    while (request := peer.request())["Action"] != asked:
        peer.respond(request, *answers.get(request["Action"], ("Response: Success",)))
        if request["Action"] == "Login":
            boot(peer)
    running.close()
    assert peer.rest() == b""


# Watching over the connection.


def test_keepalive(online: Callable[..., tuple[Running, Peer]]) -> None:
    """A silent server is pinged, and stays while it answers."""
    running, peer = online(keepalive=0.02, keepalive_timeout=TIMEOUT)
    for _ in range(3):
        peer.expect("Ping", *PONG)
    peer.expect("Ping")
    assert running.manager.is_connected()


def test_keepalive_without_an_answer(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """A server that does not answer is left."""
    running, peer = online(keepalive=0.02, keepalive_timeout=0.05)
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    peer.expect("Ping")
    assert peer.rest() == b""
    answering = return_to(server).respond_to_all(lambda peer, request: peer.respond(request, *PONG))
    assert "is gone: nothing came within 0.05 s of a Ping" in heard.next().reason
    running.close()
    answering.result()


def test_no_keepalive(online: Callable[..., tuple[Running, Peer]], server: ScriptedServer) -> None:
    """If it is not wanted there is none; the end is noticed all the same."""
    running, peer = online(keepalive=None)
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    peer.close()
    return_to(server)
    assert heard.next().connection == 1


def test_keepalive_and_a_long_action(online: Callable[..., tuple[Running, Peer]]) -> None:
    """While an action takes its time no Ping is sent, and the silence is none."""
    running, peer = online(keepalive=0.02, keepalive_timeout=TIMEOUT)
    asking = Background(lambda: running.send(AnyAction("Originate"), timeout=TIMEOUT))
    request = peer.request()
    while request["Action"] == "Ping":
        peer.respond(request, *PONG)
        request = peer.request()
    peer.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        peer.request()
    peer.respond(request, "Response: Success")
    asking.result()
    assert running.manager.is_connected()
