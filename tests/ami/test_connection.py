"""One connection: connecting, and moving bytes whatever the other side does."""

from __future__ import annotations

import logging
import select
import socket
import threading
from typing import Any

import pytest

from pystrix.ami import (
    AnyAction,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
)
from pystrix.ami._connection import Connection, connect
from tests.agi.peers import TIMEOUT, Background, eventually
from tests.ami.links import PING, Link
from tests.ami.servers import BANNER, Peer, ScriptedServer, trusting
from tests.machine import NEEDS_IPV6

# Connecting.


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "127.0.0.1"), pytest.param("::1", "[::1]", marks=NEEDS_IPV6)]
)
def test_connect(host: str, name: str) -> None:
    """IPv4 and IPv6."""
    with ScriptedServer(host) as server:
        stream, protocol = connect(host, server.port, TIMEOUT)
        assert protocol.asterisk_info == ("Asterisk Call Manager", "11.0.0")
        assert protocol.peer == f"{name}:{server.port}"
        stream.close()


def test_nobody_listens() -> None:
    """The error names the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ManagerSocketError, match=f"cannot connect to 127.0.0.1:{port}: .*refused"):
        connect("127.0.0.1", port, TIMEOUT)


def test_foreign_server() -> None:
    """A server that greets as something else is named."""
    with (
        ScriptedServer(banner=b"220 smtp ready\r\n") as server,
        pytest.raises(ManagerBannerError, match="220 smtp ready"),
    ):
        connect("127.0.0.1", server.port, TIMEOUT)


@pytest.mark.parametrize("banner", [b"", BANNER[:5]])
def test_silent_server(banner: bytes) -> None:
    """A server that does not greet is not waited for."""
    with (
        ScriptedServer(banner=banner) as server,
        pytest.raises(ManagerSocketError, match=r"did not greet within 0\.05 s"),
    ):
        connect("127.0.0.1", server.port, 0.05)


def test_server_that_leaves() -> None:
    """As Asterisk does beyond its authlimit."""
    with ScriptedServer(banner=b"") as server:
        connecting = Background(connect, "127.0.0.1", server.port, TIMEOUT)
        server.accept().close()
        with pytest.raises(ManagerSocketError, match="closed the connection without a greeting"):
            connecting.result()


def test_certificate() -> None:
    """TLS checks whom it speaks with."""
    with ScriptedServer(tls=True) as server:
        with pytest.raises(ManagerSocketError, match="certificate verify failed"):
            connect("127.0.0.1", server.port, TIMEOUT, context=trusting(), server_hostname="x.org")
        stream, _ = connect("127.0.0.1", server.port, TIMEOUT, context=trusting())
        stream.close()


def test_tls_to_a_plain_port(server: ScriptedServer) -> None:
    """It fails at once."""
    with pytest.raises(ManagerSocketError, match="cannot connect"):
        connect("127.0.0.1", server.port, TIMEOUT, context=trusting())


# Moving bytes.


def test_request(link: Link) -> None:
    """An action, its answer, and an event in between."""
    asking = link.request(headers={"X": 1})
    request = link.peer.request()
    assert request.all_items()[:2] == [("Action", "Ping"), ("X", "1")]
    link.peer.message("Event: Hangup")
    link.peer.respond(request, "Response: Success")
    assert asking.result().result() == "Success"
    eventually(lambda: link.heard.messages == ["Hangup"])
    assert link.connection.received >= 1


def test_messages_with_the_greeting() -> None:
    """What comes right behind the greeting is not lost."""
    with ScriptedServer(banner=BANNER + b"Event: FullyBooted\r\n\r\nEvent: X") as server:
        link = Link(server)
        link.connection.start()
        link.peer.send(b"\r\n\r\n")
        eventually(lambda: link.heard.messages == ["FullyBooted", "X"])
        link.connection.close("over")
        assert link.connection.wait_closed(TIMEOUT)


def test_many_messages(link: Link) -> None:
    """More than a read holds, and more than TLS has in one record."""
    data = b"Event: X\r\nN: " + b"x" * 1000 + b"\r\n\r\n"
    sending = Background(link.peer.send, data * 1000)
    eventually(lambda: len(link.heard.messages) == 1000)
    sending.result()


def test_timeout(link: Link) -> None:
    """An action that is not answered is given up."""
    exchange = link.connection.request(PING, timeout=0)
    assert not exchange.done
    assert exchange.sent
    assert link.connection.outstanding == 0
    link.peer.respond(link.peer.request(), "Response: Success")
    eventually(lambda: link.heard.messages == ["Success"])
    assert not exchange.done


def test_for_ever(link: Link) -> None:
    """A time without an end is one."""
    asking = Background(lambda: link.connection.request(PING, timeout=float("inf")))
    link.peer.expect("Ping", "Response: Success")
    assert asking.result().done


def test_on_begin(link: Link) -> None:
    """It is called with the exchange, before a byte is sent."""
    begun: list[bool] = []
    asking = link.request(on_begin=lambda exchange: begun.append(exchange.sent))
    link.peer.expect("Ping", "Response: Success")
    asking.result()
    assert begun == [False]


def test_eof(link: Link) -> None:
    """The end is noticed at once, by whoever waits too."""
    asking = link.request()
    link.peer.request()
    link.peer.message("Event: Shutdown")
    link.peer.close()
    with pytest.raises(ManagerConnectionLostError, match="closed the connection before Ping was"):
        asking.result().result()
    assert link.connection.wait_closed(TIMEOUT)
    assert not link.connection.is_alive()
    assert link.heard.messages == ["Shutdown"]
    assert link.heard.closed == [link.connection]
    assert "closed the connection" in str(link.connection.failure)
    with pytest.raises(ManagerError, match="not connected"):
        link.connection.request(PING, timeout=1)


def test_reset(link: Link) -> None:
    """A connection that breaks ends like any other."""
    asking = link.request()
    link.peer.request()
    link.peer.reset()
    with pytest.raises(ManagerConnectionLostError):
        asking.result().result()
    assert link.connection.wait_closed(TIMEOUT)


def test_close(link: Link) -> None:
    """Whoever waits is told why; closing again does nothing."""
    asking = link.request()
    link.peer.request()
    link.connection.close("enough")
    with pytest.raises(ManagerConnectionLostError, match="enough before Ping was answered"):
        asking.result().result()
    link.connection.close("again")
    assert link.connection.wait_closed(TIMEOUT)
    assert link.connection.failure is None
    assert link.peer.rest() == b""


def test_close_in_the_reading_thread() -> None:
    """A callback of the connection may close it, and does not wait for itself."""
    with ScriptedServer() as server:
        waited: list[bool] = []

        def hear(connection: Connection, _: object) -> None:
            connection.close("heard enough")
            waited.append(connection.wait_closed())

        stream, protocol = connect("127.0.0.1", server.port, TIMEOUT)
        connection = Connection(stream, protocol, hear, lambda _: None)
        connection.start()
        server.accept().message("Event: X")
        assert connection.wait_closed(TIMEOUT)
        assert waited == [False]


def test_peer_that_does_not_read(link: Link) -> None:
    """What the sockets do not take waits, and nobody waits for it; what is given up is not sent."""
    big = AnyAction("Big", {"X": ["x" * 1000] * 100})
    sent = 0
    while True:
        exchange = link.connection.request(big, timeout=0)
        if not exchange.sent:
            break
        sent += 1
    assert sent > 1
    last = link.request(AnyAction("Last"))
    eventually(lambda: link.connection.outstanding == 1)
    for _ in range(sent):
        assert link.peer.request()["Action"] == "Big"
    link.peer.expect("Last", "Response: Success")
    assert last.result().result() == "Success"


def test_sending_into_a_broken_connection(link: Link, caplog: pytest.LogCaptureFixture) -> None:
    """Who sends at the moment of the end is told like those who wait."""
    with caplog.at_level(logging.DEBUG), link.connection._lock:  # the thread cannot read yet
        link.connection._protocol.send_action(PING)
        link.connection.socket.shutdown(socket.SHUT_WR)
        link.connection._flush()
        assert not link.connection.is_alive()
    assert link.connection.wait_closed(TIMEOUT)
    assert "cannot send" in caplog.text


def test_last_words(link: Link) -> None:
    """Who sends at the moment of the end does not hide what came before it."""
    with link.connection._lock:  # the thread cannot read yet
        link.peer.message("Event: Hangup")
        link.peer.message("Event: Shutdown")
        select.select([link.connection.socket], [], [], TIMEOUT)
        link.peer.reset()
        while link.connection.is_alive():
            link.connection._protocol.send_action(PING)
            link.connection._flush()
    assert link.connection.wait_closed(TIMEOUT)
    assert link.heard.messages == ["Hangup", "Shutdown"]


def test_tls_that_must_read_first(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that waits for a read does not make the thread spin."""

    class Once:
        """A socket whose first write needs a read."""

        def __init__(self, real: socket.socket) -> None:
            self._real = real
            self.wanted = True

        def send(self, data: bytes) -> int:
            if self.wanted:
                self.wanted = False
                raise ssl_want_read()
            return self._real.send(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    monkeypatch.setattr(link.connection, "socket", Once(link.connection.socket))
    asking = link.request()
    eventually(lambda: link.connection._unsent)
    assert link.connection._writing == 0
    link.peer.message("Event: X")
    link.peer.expect("Ping", "Response: Success")
    assert asking.result().done


def ssl_want_read() -> Exception:
    """Make what TLS raises when it must read before it can write."""
    import ssl  # noqa: PLC0415 - for this one

    return ssl.SSLWantReadError()


def test_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Every message is in the log, secrets are not."""
    with ScriptedServer() as server:
        link = Link(server, debug=True)
        link.connection.start()
        with caplog.at_level(logging.DEBUG):
            asking = link.request(AnyAction("Login", {"Username": "u", "Secret": "hush"}))
            link.peer.expect("Login", "Response: Success")
            asking.result()
        link.connection.close("over")
        assert link.connection.wait_closed(TIMEOUT)
    assert "Username: u" in caplog.text
    assert "Response: Success" in caplog.text
    assert "hush" not in caplog.text


def test_failing_reader(caplog: pytest.LogCaptureFixture) -> None:
    """An error that should not be ends the connection, in the open."""
    with ScriptedServer() as server:
        stream, protocol = connect("127.0.0.1", server.port, TIMEOUT)
        closed = threading.Event()

        def hear(*_: object) -> None:
            raise ZeroDivisionError("a defect")

        connection = Connection(stream, protocol, hear, lambda _: closed.set())
        connection.start()
        peer: Peer = server.accept()
        asking = Background(lambda: connection.request(PING, timeout=TIMEOUT))
        peer.request()
        peer.message("Event: X")
        with pytest.raises(ManagerConnectionLostError):
            asking.result().result()
        assert closed.wait(TIMEOUT)
        assert connection.wait_closed(TIMEOUT)
        assert "failed: ZeroDivisionError('a defect')" in str(connection.failure)
    assert "the reader failed" in caplog.text
    assert "a defect" in caplog.text


def test_no_thread_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has no thread the connection is closed."""

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with ScriptedServer() as server:
        link = Link(server)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            link.connection.start()
        assert not link.connection.is_alive()
        assert link.connection.wait_closed(TIMEOUT)
        assert link.peer.rest() == b""


# Who reads.


def note_readers(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that fills with the threads that read."""
    readers: list[int] = []
    receive = connection._protocol.receive_data

    def note(data: bytes) -> None:
        readers.append(threading.get_ident())
        receive(data)

    monkeypatch.setattr(connection._protocol, "receive_data", note)
    return readers


def test_who_waits_alone_reads(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread sleeps on, and takes over what comes behind the answer."""
    readers = note_readers(link.connection, monkeypatch)
    handed_on_by: list[int] = []
    link.connection._on_messages = lambda *_: handed_on_by.append(threading.get_ident())
    thread = link.connection._thread.ident
    asking = link.request()
    request = link.peer.request()
    eventually(lambda: link.connection._leader)
    link.peer.message("Event: A")
    eventually(lambda: handed_on_by == [asking.thread.ident])
    link.peer.respond(request, "Response: Success")
    asking.result()
    assert set(readers) == {asking.thread.ident}
    link.peer.message("Event: B")
    eventually(lambda: handed_on_by == [asking.thread.ident, thread])
    assert readers[-1] == thread


def test_others_wait_for_who_reads(link: Link) -> None:
    """Their answers are given to them; and what the one did not wait for comes to them, too."""
    first = link.request()
    one = link.peer.request()
    second = link.request()
    two = link.peer.request()
    link.peer.respond(two, "Response: Success")
    assert second.result().done
    third = link.request()
    three = link.peer.request()
    link.peer.respond(one, "Response: Success")
    assert first.result().done
    link.peer.respond(three, "Response: Success")
    assert third.result().done


def test_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread reads then."""
    monkeypatch.delattr(select, "epoll")
    with ScriptedServer() as server:
        link = Link(server)
        link.connection.start()
        asking = link.request()
        link.peer.expect("Ping", "Response: Success")
        assert asking.result().done
        link.connection.close("over")
        assert link.connection.wait_closed(TIMEOUT)


def test_answered_before_it_is_waited_for(link: Link) -> None:
    """Who reads may be faster than who waits."""
    asking = link.request()
    link.peer.expect("Ping", "Response: Success")
    link.connection._follow(asking.result(), TIMEOUT)
