"""What a manager does, the same on threads and on asyncio."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    AnyAction,
    AnyListAction,
    Event,
    Gap,
    ManagerActionError,
    ManagerAuthError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerHostError,
    ManagerOverflowError,
    ManagerSocketError,
    ManagerTimeoutError,
    actions,
    events,
)
from pystrix.ami._async_connection import AsyncConnection
from pystrix.ami._connection import Connection
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.managers import ALL, AT_ONCE, Heard, Running, admit, boot, channels, return_to
from tests.ami.servers import ScriptedServer, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pystrix.ami import Message
    from tests.ami.servers import Peer

    Start = Callable[..., Running]

PING = AnyAction("Ping")
PONG = "Response: Success", "Ping: Pong"


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


# Connecting.


def test_md5(start: Start, server: ScriptedServer) -> None:
    """Over plain TCP the secret is not sent, by default."""
    running = start(event_mask=["call", "system"])
    connecting = Background(running.connect)
    peer = server.accept()
    challenge = peer.expect("Challenge", "Response: Success", "Challenge: 874066429")
    assert challenge["AuthType"] == "MD5"
    login = peer.expect("Login", "Response: Success")
    key = hashlib.md5(b"874066429s3cret", usedforsecurity=False).hexdigest()
    assert (login["Username"], login["AuthType"], login["Key"]) == ("admin", "MD5", key)
    assert login["Events"] == "call,system"
    boot(peer)
    assert not running.manager.is_connected()
    peer.expect("Ping", *PONG)
    connecting.result()
    assert running.manager.is_connected()
    assert running.manager.get_asterisk_info() == ("Asterisk Call Manager", "11.0.0")


def test_plain(start: Start, server: ScriptedServer) -> None:
    """As it is, if it is asked for."""
    running = start(auth="plain")
    connecting = Background(running.connect)
    peer = server.accept()
    login = peer.expect("Login", "Response: Success")
    secret, auth, mask = map(login.get, ("Secret", "AuthType", "Events"))
    assert (secret, auth, mask) == ("s3cret", None, None)
    boot(peer)
    peer.expect("Ping", *PONG)
    connecting.result()


def test_tls(start: Start) -> None:
    """Over TLS the secret is sent as it is, by default; the certificate is checked."""
    with ScriptedServer(tls=True) as server:
        running = start(server.port, ssl=trusting(), server_hostname="localhost")
        connecting = Background(running.connect)
        peer = server.accept()
        assert peer.expect("Login", "Response: Success").get("Secret") == "s3cret"
        boot(peer)
        peer.expect("Ping", *PONG)
        connecting.result()
        asking = Background(running.send, PING)
        peer.expect("Ping", *PONG)
        assert asking.result()["Ping"] == "Pong"
        untrusting = start(server.port, ssl=True)
        with pytest.raises(ManagerSocketError, match="certificate verify failed"):
            untrusting.connect()


def test_tls_that_breaks(start: Start) -> None:
    """What is no TLS in the middle of it ends the connection as any other end, and no other."""
    with ScriptedServer(tls=True) as server:
        running = start(server.port, ssl=trusting(), server_hostname="localhost", auth="MD5")
        gaps = Heard()
        running.manager.register_callback(Gap, gaps)
        connecting = Background(running.connect)
        peer = server.accept()
        admit(peer)
        connecting.result()
        asking = Background(running.send, PING)
        peer.expect("Ping")
        os.write(peer.socket.fileno(), b"Event: FullyBooted\r\n\r\n" * 100)
        with pytest.raises(ManagerConnectionLostError) as caught:
            asking.result()
        assert caught.value.sent
        peer = return_to(server)
        assert gaps.next().connection == 1
        asking = Background(running.send, PING)
        peer.expect("Ping", *PONG)
        assert asking.result()["Ping"] == "Pong"


def test_no_connection(start: Start) -> None:
    """The first connection is not tried again: whoever waits for it is told."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    running = start(port)
    with pytest.raises(ManagerSocketError, match=f"cannot connect to 127.0.0.1:{port}"):
        running.connect()
    assert not running.manager.is_connected()
    assert running.manager.get_asterisk_info() is None
    with pytest.raises(ManagerError, match="cannot send Ping"):
        running.send(PING)


def test_left_before_the_login(
    start: Start, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that greets and is gone is none, however soon that is noticed."""
    begin, open_ = Connection.start, AsyncConnection.open

    def begin_and_end(connection: Connection) -> None:
        begin(connection)
        assert connection.wait_closed(TIMEOUT)

    async def open_and_end(connection: AsyncConnection, *place: Any) -> None:
        await open_(connection, *place)
        await connection.closed

    monkeypatch.setattr(Connection, "start", begin_and_end)
    monkeypatch.setattr(AsyncConnection, "open", open_and_end)
    running = start()
    connecting = Background(running.connect)
    server.accept().close()
    with pytest.raises(ManagerSocketError, match="closed the connection"):
        connecting.result()


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("host", ["a..b", ".b", 64 * "a", "", "localhost\0.b", "\udc80"])
def test_no_host_name(start: Start, host: str, patient: bool) -> None:
    """What can be nobody's name is not looked up, and not tried again."""
    running = start(5038, host=host, wait_for_asterisk=patient)
    message = f"cannot connect to {f'{host}:5038'!r}: no host name"
    with pytest.raises(ManagerHostError, match=re.escape(message)):
        running.connect()
    assert not running.manager.is_connected()


@pytest.mark.parametrize(
    ("place", "kind", "match"),
    [
        ({"host": None}, TypeError, "the host is a name or an address, a str, not None"),
        ({"host": b"localhost"}, TypeError, "a str, not b'localhost'"),
        ({"port": "5038"}, TypeError, "the port is a number, an int, not '5038'"),
        ({"port": 70000}, ValueError, "there are the ports 1 to 65535, not 70000"),
        ({"port": 0}, ValueError, "not 0"),
    ],
)
def test_no_place(start: Start, place: dict[str, Any], kind: type[Exception], match: str) -> None:
    """What is no host or port is refused, whatever the kernel would make of it."""
    with pytest.raises(kind, match=match):
        start(**({"port": 5038} | place)).connect()


def test_no_greeting(start: Start) -> None:
    """A server that accepts and says nothing."""
    with ScriptedServer(banner=b"") as server:
        running = start(server.port, connect_timeout=0.05)
        with pytest.raises(ManagerSocketError, match=r"did not greet within 0\.05 s"):
            running.connect()


@pytest.mark.parametrize(
    ("banner", "kind"), [(b"220 smtp ready\r\n", ManagerBannerError), (None, ManagerSocketError)]
)
def test_no_asterisk(start: Start, banner: bytes | None, kind: type[Exception]) -> None:
    """A server that is another, or that closes at once."""
    with ScriptedServer(banner=banner or b"") as server:
        running = start(server.port)
        connecting = Background(running.connect)
        if banner is None:
            server.accept().close()
        with pytest.raises(kind):
            connecting.result()


def test_refused(start: Start, server: ScriptedServer) -> None:
    """A wrong secret."""
    running = start()
    connecting = Background(running.connect)
    peer = server.accept()
    peer.expect("Challenge", "Response: Success", "Challenge: 1")
    peer.expect("Login", "Response: Error", "Message: Authentication failed")
    peer.close()
    with pytest.raises(ManagerAuthError, match="Authentication failed"):
        connecting.result()
    assert not running.manager.is_connected()


def test_lost_while_logging_in(start: Start, server: ScriptedServer) -> None:
    """The end of the connection before the answer."""
    running = start()
    connecting = Background(running.connect)
    peer = server.accept()
    peer.expect("Challenge")
    peer.close()
    with pytest.raises(ManagerConnectionLostError):
        connecting.result()


def test_waits_for_asterisk(
    start: Start, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """If asked to, it tries again until there is a connection: no gap before the first."""
    running = start(wait_for_asterisk=True)
    heard = Heard()
    running.manager.register_callback("", heard)
    connecting = Background(running.connect)
    server.accept().close()
    peer = server.accept()
    peer.expect("Challenge", "Response: Success", "Challenge: 1")
    peer.expect("Login", "Response: Error", "Message: Asterisk is shutting down")
    admit(server.accept())
    connecting.result()
    assert heard.names(1) == ["FullyBooted"]
    assert len([record for record in records(caplog) if "trying again" in record.message]) == 2


def test_waits_in_vain(start: Start, server: ScriptedServer) -> None:
    """A wrong secret ends that, too."""
    running = start(wait_for_asterisk=True)
    connecting = Background(running.connect)
    server.accept().close()
    peer = server.accept()
    peer.expect("Challenge", "Response: Success", "Challenge: 1")
    peer.expect("Login", "Response: Error", "Message: Authentication failed")
    with pytest.raises(ManagerAuthError):
        connecting.result()


# Asterisk's start.


def test_starting_and_never_told(start: Start, server: ScriptedServer) -> None:
    """The console says when it has started; what comes before that is held back."""
    running = start()
    heard = Heard()
    running.manager.register_callback("", heard)
    connecting = Background(running.connect)
    peer = server.accept()
    admit(peer, booted=False)
    request = peer.expect("Command")
    assert request["Command"] == "core waitfullybooted"
    peer.message("Event: Early")
    assert not running.manager.is_connected()
    peer.respond(request, "Response: Success", "Output: Asterisk has fully booted.")
    connecting.result()
    peer.message("Event: Late")
    assert heard.names(2) == ["Early", "Late"]


def test_nobody_says_whether_it_has_started(start: Start, server: ScriptedServer) -> None:
    """A user who may neither read that nor use the console goes on."""
    running = start()
    connecting = Background(running.connect)
    peer = server.accept()
    admit(peer, booted=False)
    peer.expect("Command", "Response: Error", "Message: Permission denied")
    connecting.result()


def test_starting_again(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """Whoever was told once waits to be told."""
    running, peer = online()
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    peer.close()
    peer = server.accept()
    admit(peer, booted=False)
    assert not running.manager.is_connected()
    boot(peer)
    channels(peer)
    assert isinstance(heard.next(), Gap)


def test_a_start_that_takes_too_long(
    online: Callable[..., tuple[Running, Peer]],
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It goes on, and says so."""
    running, peer = online(boot_timeout=0.05)
    peer.close()
    peer = server.accept()
    admit(peer, booted=False)
    channels(peer)
    eventually(running.manager.is_connected)
    assert "Asterisk has not started within 0.05 s" in caplog.text


def test_lost_while_starting(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """The next connection is made."""
    running, peer = online()
    heard = Heard()
    running.manager.register_callback(Gap, heard)
    peer.close()
    peer = server.accept()
    admit(peer, booted=False)
    peer.close()
    return_to(server)
    assert heard.next().connection == 1


# Actions.


def test_results(online: Callable[..., tuple[Running, Peer]]) -> None:
    """A response, a list, an error."""
    running, peer = online()
    asking = Background(running.send, actions.Ping())
    peer.expect("Ping", *PONG, "Timestamp: 1795377038.240886")
    assert asking.result().timestamp == 1795377038.240886
    asking = Background(running.send, actions.CoreShowChannels())
    channels(peer, "Local/a", "Local/b")
    found = asking.result()
    assert [channel.channel for channel in found] == ["Local/a", "Local/b"]
    assert isinstance(found[0], events.CoreShowChannel)
    asking = Background(running.send, AnyAction("Hangup", {"Channel": "x"}))
    peer.expect("Hangup", "Response: Error", "Message: No such channel")
    with pytest.raises(ManagerActionError, match="No such channel"):
        asking.result()
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        running.send(AnyAction("Ping", {"X": "a\r\nAction: Logoff"}))


def test_many_at_once(online: Callable[..., tuple[Running, Peer]]) -> None:
    """Answers find their actions, whatever the order."""
    running, peer = online()
    asking = [Background(running.send, AnyAction("Ping", {"N": n})) for n in range(20)]
    requests = [peer.expect("Ping") for _ in asking]
    for request in reversed(requests):
        peer.respond(request, "Response: Success", f"N: {request['N']}")
    assert [each.result()["N"] for each in asking] == [str(n) for n in range(20)]


def test_late(online: Callable[..., tuple[Running, Peer]]) -> None:
    """No answer in time: it says that it was sent; the late answer is for those that want it."""
    running, peer = online()
    late = Heard()
    running.manager.register_callback(None, late)
    asking = Background(lambda: running.send(PING, timeout=0.05, action_id="mine"))
    request = peer.expect("Ping")
    with pytest.raises(ManagerTimeoutError, match=r"within 0\.05 s") as caught:
        asking.result()
    assert caught.value.sent
    peer.respond(request, *PONG)
    assert late.next().action_id == "mine"
    action = AnyAction("Ping")
    action.timeout = 0.0
    with pytest.raises(ManagerTimeoutError):
        running.send(action)


def test_no_time_at_all(online: Callable[..., tuple[Running, Peer]]) -> None:
    """A timeout that is no number is refused: neither a lock nor a loop could wait for it."""
    running, peer = online()
    with pytest.raises(ValueError, match="the timeout of Ping is seconds, not nan"):
        running.send(PING, timeout=float("nan"))
    asking = Background(running.send, PING)
    peer.expect("Ping", *PONG)
    asking.result()


@pytest.mark.parametrize("pattern", ["*", "Dial*"])
def test_no_patterns(start: Start, pattern: str) -> None:
    """A pattern would be a name that no event has."""
    manager = start(5038).manager
    with pytest.raises(ValueError, match=re.escape(f"exact, and {pattern!r} is none")):
        manager.register_callback(pattern, lambda *_: None)
    if hasattr(manager, "events"):
        with pytest.raises(ValueError, match="names of events are exact"):
            manager.events(pattern)


@pytest.mark.parametrize("given", ["Ping", {"Action": "Ping"}, actions.Ping])
def test_no_action(online: Callable[..., tuple[Running, Peer]], given: Any) -> None:
    """Its name, its headers or its class are none, and the error says what is."""
    running, _ = online()
    with pytest.raises(TypeError, match=r"what is sent is an Action, actions.Ping\(\) or"):
        running.send(given)


def test_a_list_that_is_cut(online: Callable[..., tuple[Running, Peer]]) -> None:
    """It fails at once when the connection ends."""
    running, peer = online(reconnect=False)
    asking = Background(running.send, AnyListAction("Status"))
    request = peer.expect("Status", "Response: Success", "EventList: start")
    peer.respond(request, "Event: Status")
    peer.close()
    with pytest.raises(ManagerConnectionLostError) as caught:
        asking.result()
    assert caught.value.sent


def test_no_list(online: Callable[..., tuple[Running, Peer]]) -> None:
    """An answer without a list is an error for whoever asked for one, and no more."""
    running, peer = online()
    for action in (AnyListAction("Ping"), PING):
        asking = Background(running.send, action)
        peer.expect("Ping", *PONG)
        if action is PING:
            assert asking.result()["Ping"] == "Pong"
        else:
            with pytest.raises(ManagerActionError, match="answered Ping without a list"):
                asking.result()


# Callbacks.


def test_callbacks(
    online: Callable[..., tuple[Running, Peer]], caplog: pytest.LogCaptureFixture
) -> None:
    """By class, name, all, and for responses to nobody; in order; one that fails harms nobody."""
    running, peer = online()
    everything, hangups, named, responses = Heard(), Heard(), Heard(), Heard()
    manager = running.manager

    def broken(event: Event, _: object) -> None:
        raise LookupError(event.name)

    manager.register_callback("", everything)
    manager.register_callback(events.Hangup, broken)
    manager.register_callback(events.Hangup, hangups)
    manager.register_callback("userevent", named)
    manager.register_callback(None, responses)
    peer.message("Event: Hangup", "Cause: 16")
    peer.message("Event: UserEvent", "UserEvent: Mine")
    peer.message("Response: Success", "ActionID: theirs")
    peer.message("Event: Nobody")
    assert everything.names(3) == ["Hangup", "UserEvent", "Nobody"]
    assert hangups.next().cause == 16
    assert named.next()["UserEvent"] == "Mine"
    assert responses.next().action_id == "theirs"
    assert [bool(record.exc_info) for record in records(caplog)] == [True]
    assert manager.unregister_callback("", everything)
    assert not manager.unregister_callback("", everything)
    peer.message("Event: Hangup", "Cause: 17")
    assert hangups.next().cause == 17
    assert everything.empty
    for wrong in (1, b"x", int):
        with pytest.raises(ValueError, match="callbacks are registered for"):
            manager.register_callback(wrong, everything)


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
    with pytest.raises(AssertionError, match="nobody"):
        refuse_connections(server)


def refuse_connections(server: ScriptedServer) -> None:
    """Fail: check that nobody connects to a server any more, once all is closed."""
    assert server._peers.qsize(), "nobody came"


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


def test_closed_while_it_connects(start: Start, server: ScriptedServer) -> None:
    """Whoever waits for the connection is told."""
    running = start()
    connecting = Background(running.connect)
    peer = server.accept()
    peer.expect("Challenge")
    running.close()
    with pytest.raises(ManagerError):
        connecting.result()
    assert peer.rest() == b""
    again = start()
    again.close()
    with pytest.raises(ManagerError):
        again.connect()


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


# Consumers that are too slow.


class Slow(Heard):
    """A callback that takes its time."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._loop = getattr(running, "loop", None)
        self.go_on = threading.Event()

    def __call__(self, event: Event, manager: object) -> object:
        """Keep an event; then wait."""
        super().__call__(event, manager)
        if self._loop is None:
            self.go_on.wait(TIMEOUT)
            return None
        return self._loop.run_in_executor(None, self.go_on.wait, TIMEOUT)


def test_drops(
    online: Callable[..., tuple[Running, Peer]], caplog: pytest.LogCaptureFixture
) -> None:
    """The queue is bounded; what is lost is counted and said once; actions are answered."""
    running, peer = online(queue_size=10)
    slow = Slow(running)
    running.manager.register_callback("X", slow)
    peer.message("Event: X")
    slow.next()
    for number in range(30):
        peer.message("Event: X", f"N: {number}")
    asking = Background(running.send, PING)
    peer.expect("Ping", *PONG)
    asking.result()
    eventually(lambda: running.manager.events_dropped == 20)
    eventually(lambda: records(caplog))
    slow.go_on.set()
    assert [slow.next()["N"] for _ in range(10)] == [str(number) for number in range(10)]
    assert [record.levelno for record in records(caplog)] == [logging.WARNING]
    assert "10 wait, others are dropped" in caplog.text


def test_overflow_disconnects(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """If asked for it the connection ends, and there is a new one: a gap instead of a loss."""
    running, peer = online(queue_size=10, overflow="disconnect")
    slow, heard = Slow(running), Heard()
    running.manager.register_callback("X", slow)
    running.manager.register_callback(Gap, heard)
    peer.send(b"Event: X\r\n\r\n" * 30)
    slow.next()
    assert peer.rest() == b""
    slow.go_on.set()
    return_to(server)
    gap = heard.next()
    assert isinstance(gap.failure, ManagerOverflowError)
    assert gap.failure.size == 10


def test_a_gap_finds_room(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """It takes the place of the last event in a queue that is full."""
    running, peer = online(queue_size=3)
    slow = Slow(running)
    running.manager.register_callback("", slow)
    peer.message("Event: X")
    assert slow.next().name == "X"
    for number in range(3):
        peer.message("Event: X", f"N: {number}")
    peer.close()
    return_to(server)
    eventually(lambda: running.manager.events_dropped >= 1)
    slow.go_on.set()
    assert [slow.next().get("N"), slow.next().get("N")] == ["0", "1"]
    assert slow.next().name == "Gap"


def test_bounded_during_the_resync(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """What is held back is bounded; the gap says how many are missing."""
    running, peer = online(queue_size=3)
    heard = Heard()
    running.manager.register_callback("", heard)
    peer.close()
    peer = server.accept()
    admit(peer)
    for number in range(5):
        peer.message("Event: X", f"N: {number}")
    channels(peer)
    gap = heard.next()
    assert gap.dropped == 3
    assert heard.names(2) == ["FullyBooted", "X"]  # the third may find no room behind the gap


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"overflow": "wait"}, "overflow is 'drop' or 'disconnect'"),
        ({"keepalive": -1}, "positive"),
        ({"auth": "MD4"}, "auth is 'MD5' or 'plain'"),
    ],
)
def test_refused_options(start: Start, options: dict[str, Any], match: str) -> None:
    """What cannot be is refused before anything is sent."""

    def begin() -> None:
        start(**options).connect()

    with pytest.raises(ValueError, match=match):
        begin()


def test_own_logger(start: Start, server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """A program may give its own; in debugging every message is there, secrets are not."""
    caplog.set_level(logging.DEBUG, "program")
    running = start(auth="plain", debug=True, logger=logging.getLogger("program"))
    connecting = Background(running.connect)
    peer = server.accept()
    peer.expect("Login", "Response: Success")
    boot(peer)
    peer.expect("Ping", *PONG)
    connecting.result()
    running.close()
    assert {record.name for record in caplog.records} >= {"program"}
    assert "Secret: ***" in caplog.text
    assert "s3cret" not in caplog.text
    assert "Ping: Pong" in caplog.text


def test_constants() -> None:
    """The waits of the tests are none."""
    assert AT_ONCE.delay(10) == 0
