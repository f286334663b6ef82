"""What only a server does, the same on every transport."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import Dialogue, core
from tests.agi.peers import TIMEOUT, Peer, eventually, records
from tests.agi.transports import SERVERS, demo, making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agi.transports import Server

    Start = Callable[..., Server]


@pytest.fixture(params=SERVERS)
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Give a maker of servers of each transport."""
    with making(SERVERS[request.param]) as make:
        yield make


def test_handler_arguments(start: Start) -> None:
    """The five arguments, and the request of the session."""
    seen: list[Any] = []

    def look(agi: Any, args: Any, kwargs: Any, match: Any, path: str) -> Dialogue[None]:
        seen.append((args, kwargs, match.group(1), path, agi.request.path, agi.environment.channel))
        seen.append(agi.get_environment()["agi_extension"])
        yield core.Noop()

    running = start()
    running.register(r"pay/(\d+)", look)
    peer = running.connect("pay/42?x=1&x=2&y=%20", "one", "")
    peer.expect(b"NOOP", b"200 result=0")
    assert peer.rest() == b""
    query = {"x": ["1", "2"], "y": [" "]}
    channel = "PJSIP/alice-00000001"
    assert seen == [(("one", ""), query, "42", "pay/42", "pay/42", channel), "5551234"]


def test_fallback_and_no_handler(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The fallback does nothing; without one it is a warning."""
    running = start()
    assert running.connect("x").rest() == b""
    eventually(lambda: records(caplog))
    assert "no handler" in records(caplog)[0].getMessage()

    def nothing(*_: Any) -> Dialogue[None]:
        return
        yield core.Noop()

    running.register(None, nothing)
    assert running.connect("x").rest() == b""


def test_failing_handler(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The failure line is the last, the traceback is in the log, and the server serves on."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Answer()
        raise ZeroDivisionError

    running = start()
    running.register("fail", fail)
    running.register("demo", demo)
    other = running.connect()
    peer = running.connect("fail")
    peer.expect(b"ANSWER", b"200 result=0\nHANGUP")
    assert peer.line() == b"failure"
    peer.close()
    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert "PJSIP/alice-00000001" in record.getMessage()
    other.expect(b"ANSWER", b"200 result=0")
    assert other.line().startswith(b"STREAM FILE")


def test_hangup_that_ends_a_handler(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is one warning, which names the call; the connection just ends."""
    running = start()
    running.register(None, demo)
    peer = running.connect()
    peer.expect(b"ANSWER", b"200 result=-1\nHANGUP")
    assert peer.rest() == b""
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "PJSIP/alice-00000001" in record.getMessage()


STRANGERS = [
    (b"agi_network: yes\n", "left in the middle"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n", "dropped"),
    (b"x" * 100_000, "65536"),
    (b"\0\xff\n\n", "dropped"),
]


@pytest.mark.parametrize(("data", "text"), STRANGERS, ids=["half", "http", "large", "binary"])
def test_strangers(start: Start, caplog: pytest.LogCaptureFixture, data: bytes, text: str) -> None:
    """Whoever does not send an environment is dropped, with one line that names the peer."""
    running = start()
    running.register(None, demo)
    with Peer.connect(running.address) as peer:
        name = "{}:{}".format(*peer.socket.getsockname()[:2])
        with contextlib.suppress(OSError):  # it may have hung up on us already
            peer.send(data)
            peer.half_close()
            peer.rest()
    eventually(lambda: records(caplog))
    (record,) = records(caplog)
    assert text in record.getMessage()
    assert name in record.getMessage()


def test_probe(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A peer that connects and leaves is worth a line for debugging only."""
    caplog.set_level(logging.DEBUG, "pystrix")
    running = start()
    running.register(None, demo)
    Peer.connect(running.address).close()
    eventually(lambda: "connected and left" in caplog.text)
    assert records(caplog) == []
    assert running.connect().line() == b"ANSWER"


def test_silent_peer(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A peer that never sends its whole environment is dropped when its time is up."""
    running = start(handshake_timeout=0.05)
    for data in (b"agi_network: yes\n", b"agi_network: yes\nagi_channel: x\n"):
        with Peer.connect(running.address) as peer:
            peer.send(data)
            assert peer.rest() == b""
    eventually(lambda: len(records(caplog)) == 2)
    assert all("0.05 s" in record.getMessage() for record in records(caplog))


def test_silent_peers(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Each of several has its own time."""
    running = start(handshake_timeout=0.2)
    with Peer.connect(running.address) as early:
        early.send(b"agi_network: yes\n")
        threading.Event().wait(0.05)  # the time itself is tested
        with Peer.connect(running.address) as late:
            assert early.rest() == b""
            assert late.rest() == b""
    eventually(lambda: len(records(caplog)) == 2)


def test_silent_peers_and_others(start: Start) -> None:
    """Those who speak are served while others have not spoken yet."""
    running = start(handshake_timeout=TIMEOUT)
    running.register(None, demo)
    with Peer.connect(running.address) as silent:
        silent.send(b"agi_network: yes\n")
        with Peer.connect(running.address):
            assert running.connect().line() == b"ANSWER"


def test_max_calls(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A call beyond the limit is told at once; after the end of another there is room."""
    running = start(max_calls=1)
    running.register(None, demo)
    first = running.connect()
    assert first.line() == b"ANSWER"
    with Peer.connect(running.address) as refused:
        assert refused.rest() == b"failure\n"
    first.reply(b"200 result=-1\nHANGUP")
    assert first.rest() == b""
    assert running.connect().line() == b"ANSWER"
    assert "refused, 1 calls" in caplog.text


def test_many_calls_at_once(start: Start) -> None:
    """Two hundred calls at a time."""
    running = start()
    running.register(None, demo)
    peers = [running.connect() for _ in range(200)]
    for peer in peers:
        peer.expect(b"ANSWER", b"200 result=0")
    for peer in peers:
        assert peer.line().startswith(b"STREAM FILE")
        peer.reply(b"200 result=0 endpos=1")
    for peer in peers:
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""


def test_scripts_while_serving(start: Start) -> None:
    """Handlers come and go while calls are served."""
    running = start()
    running.register("demo", demo)
    assert running.connect().line() == b"ANSWER"
    running.server.unregister_script_handler("demo")
    assert running.connect().rest() == b""
    running.register("demo", demo)
    assert running.server.get_script_handler("demo")[0] is not None
    running.server.clear_script_handlers()
    assert running.server.get_script_handler("demo") == (None, None)


def test_shutdown(start: Start) -> None:
    """After it the port is closed."""
    running = start()
    running.register(None, demo)
    peer = running.connect()
    assert peer.line() == b"ANSWER"
    peer.close()
    assert running.server.fileno() >= 0
    running.stop()
    assert running.server.fileno() == -1
    with pytest.raises(OSError):
        Peer.connect(running.address)
