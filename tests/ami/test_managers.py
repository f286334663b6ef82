"""How a manager connects, the same on threads and on asyncio."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    Gap,
    ManagerAuthError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerHostError,
    ManagerSocketError,
)
from pystrix.ami._async_connection import AsyncConnection
from pystrix.ami._connection import Connection
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.looping import PING, PONG
from tests.ami.managers import AT_ONCE, Heard, Running, admit, boot, channels, return_to
from tests.ami.servers import ScriptedServer, trusting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ami.conftest import Start
    from tests.ami.servers import Peer


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


# Closing.


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


# Options.


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
