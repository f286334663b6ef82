"""Who is not served by the FastAGI server on threads: strangers, and calls too many."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import FastAGI, core
from tests.agi.handlers import assert_serves, noop
from tests.agi.peers import OK, TIMEOUT, Peer, environment, eventually, records

if TYPE_CHECKING:
    from tests.agi.conftest import Call, Serve

pytestmark = pytest.mark.usefixtures("log")


# Strangers.


def test_probe(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """Who connects and leaves is worth a line for debugging only."""
    server = serve()
    server.register_script_handler(None, noop)
    call.connect(server).close()
    call.connect(server).reset()
    assert_serves(server, call)
    serve.end()
    assert records(log, logging.INFO) == []
    assert sum("connected and left" in each.getMessage() for each in log.records) == 2


def test_half_an_environment(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """Who leaves in the middle of the environment is warned of, and no handler runs."""
    server = serve(debug=True)
    server.register_script_handler(None, noop)
    peer = call.connect(server)
    peer.send(environment()[:-1])
    peer.half_close()
    assert peer.rest() == b""
    peer = call.connect(server)
    peer.send(b"agi_network: yes\nlast words")
    eventually(lambda: "last words" in log.text)  # a reset takes along what was not read
    peer.reset()
    assert_serves(server, call)
    serve.end()
    first, second = records(log, logging.INFO)
    assert first.levelno == second.levelno == logging.WARNING
    assert "left in the middle of its environment" in first.getMessage()
    assert "left in the middle of its environment" in second.getMessage()


def test_silent_peer(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """Who sends no environment is dropped after the time for it."""
    server = serve(handshake_timeout=0.05)
    server.register_script_handler(None, noop)
    assert call.connect(server).rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert "no whole environment within 0.05 s" in record.getMessage()


def test_dribbling_peer(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """The time for the environment is for all of it, however often bytes come."""
    server = serve(handshake_timeout=0.3)
    server.register_script_handler(None, noop)
    peer = call.connect(server)
    peer.socket.settimeout(0.01)
    for _ in range(int(TIMEOUT / 0.01)):
        try:
            peer.send(b"a")
            data = peer.socket.recv(1)
        except TimeoutError:
            continue
        except OSError:  # reset
            data = b""
        assert data == b""
        break
    else:
        pytest.fail("the peer was not dropped")
    serve.end()
    (record,) = records(log, logging.INFO)
    assert "no whole environment within 0.3 s" in record.getMessage()


def test_time_has_passed_already(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A time of zero drops everybody, without a look at what was sent."""
    server = serve(handshake_timeout=0)
    server.register_script_handler(None, noop)
    assert call.connect(server).rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert "no whole environment within 0 s" in record.getMessage()


def test_no_time_limit_after_the_environment(serve: Serve, call: Call) -> None:
    """The time for the environment does not end a call that takes longer."""
    server = serve(handshake_timeout=TIMEOUT)
    waited: list[float | None] = []

    def handler(agi: FastAGI, *_: object) -> None:
        with socket.socket(fileno=socket.dup(agi.fileno())) as connection:
            waited.append(connection.gettimeout())
        assert agi._stream.receive_now() is None
        agi.execute(core.Noop())

    server.register_script_handler(None, handler)
    assert_serves(server, call)
    assert waited == [None]


@pytest.mark.parametrize(
    "data",
    [b"agi_arg_1: " + b"x" * 70_000 + b"\n", b"x" * 1_000_000, b"\0\xff\r\r" * 20_000],
    ids=["a long line", "no line feed", "binary"],
)
def test_endless_environment(
    serve: Serve, call: Call, log: pytest.LogCaptureFixture, data: bytes
) -> None:
    """An environment beyond its limit ends the connection."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call.connect(server)
    try:
        peer.send(data)
    except OSError:  # the server had enough already
        pass
    else:
        assert peer.rest() == b""
    assert_serves(server, call)
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert "longer than 65536 bytes" in record.getMessage()


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\0\xc8\n\x01", b"agi_network: yes\n"],
    ids=["HTTP", "TLS", "cut short"],
)
def test_rubbish(serve: Serve, call: Call, log: pytest.LogCaptureFixture, data: bytes) -> None:
    """Who speaks another protocol is not answered, and no handler runs."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call.connect(server)
    peer.send(data)
    peer.half_close()
    assert peer.rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING


# Limits.


def test_max_calls(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A connection too many is closed at once and logged; after a call there is room again."""
    server = serve(max_calls=2)
    server.register_script_handler(None, noop)
    peers = [call(server), call(server)]
    for peer in peers:
        assert peer.line() == b"NOOP"
    assert call.connect(server).rest() == b"failure\n"
    for peer in peers:
        peer.reply(OK)
        assert peer.rest() == b""
    eventually(lambda: server._calls == 0)
    assert_serves(server, call)
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert "refused, 2 calls are served already" in record.getMessage()


def test_room_after_strangers(serve: Serve, call: Call) -> None:
    """Strangers, failing handlers and hang-ups give their room back."""
    server = serve(max_calls=1, handshake_timeout=TIMEOUT)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    server.register_script_handler("fail", fail)
    server.register_script_handler("noop", noop)
    probe = call.connect(server)
    probe.half_close()
    assert probe.rest() == b""
    with Peer.connect(server.server_address) as peer:
        peer.send(environment("fail"))
        assert peer.line() == b"failure"
    eventually(lambda: server._calls == 0)
    peer = call(server, "noop")
    assert peer.line() == b"NOOP"
    peer.reset()
    eventually(lambda: server._calls == 0)
    server._handshake_timeout = 0.05
    assert call.connect(server).rest() == b""  # silent, until its time is up
    server._handshake_timeout = TIMEOUT
    assert call(server, "unknown").rest() == b""


def test_no_thread(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A call that gets no thread is closed and logged, and the server serves on."""
    server = serve(max_calls=1)
    server._pool.close()
    assert call.connect(server).rest() == b"failure\n"
    assert call.connect(server).rest() == b"failure\n"
    serve.end()
    first, second = records(log, logging.INFO)
    assert first.levelno == second.levelno == logging.ERROR
    assert "no thread for the call" in second.getMessage()


def test_broken_connection(serve: Serve, log: pytest.LogCaptureFixture) -> None:
    """A connection that breaks before it can be looked at is worth a line for debugging only."""
    server = serve()
    server._calls += 1
    connection = socket.socket()
    connection.close()
    server._serve(connection, "the peer")
    assert server._calls == 0
    assert records(log, logging.INFO) == []
    assert "the peer: connected and left" in log.text
