"""The FastAGI server on threads, called over real sockets."""

from __future__ import annotations

import functools
import importlib.util
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pystrix
from pystrix.agi import Command, FastAGI, FastAGIServer, core, errors
from tests.agi.peers import (
    TIMEOUT,
    Background,
    Peer,
    environment,
    eventually,
    library_threads,
)
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.agi.conftest import Call, Serve

ALIVE = b"200 result=6"
OK = b"200 result=0"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Give the log of the library, from level DEBUG."""
    caplog.set_level(logging.DEBUG, "pystrix")
    return caplog


def records(log: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[logging.LogRecord]:
    """Give the library's records from a level on."""
    return [each for each in log.records if each.levelno >= level]


def logged(log: pytest.LogCaptureFixture, text: str) -> bool:
    """Tell whether a text has been logged."""
    return text in log.text


def nothing(*_: object) -> None:
    """Do nothing, as a handler."""


def noop(agi: FastAGI, *_: object) -> None:
    """Execute one command, as a handler."""
    agi.execute(core.Noop())


def assert_serves(server: FastAGIServer, call: Call, script: str | None = "demo") -> None:
    """Check that a call to a handler that executes Noop is served."""
    peer = call(server, script)
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


# The documented program.


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the class of the example, its server on a free port."""
    path = Path(__file__).parents[2] / "examples" / "fastagi_server.py"
    spec = importlib.util.spec_from_file_location("fastagi_server_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    free_port = functools.partial(FastAGIServer, port=0)
    monkeypatch.setattr(pystrix.agi, "FastAGIServer", free_port)
    return module.FastAGIServer


@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("digit", [True, False], ids=["key", "no key"])
def test_documented_program(program: Any, call: Call, chunk: int | None, digit: bool) -> None:
    """The example plays a prompt, reports the key that cut it short, and hangs up."""
    server = program()
    server.start()
    try:
        peer = call(server._server, "demo", chunk=chunk)
        peer.expect(b"ANSWER", OK)
        result = b"200 result=49 endpos=800" if digit else b"200 result=0 endpos=9000"
        peer.expect(b'STREAM FILE "demo-thanks" "12" "0"', result)
        if digit:
            peer.expect(b'VERBOSE "1 at sample 800" "1"', b"200 result=1")
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""
        other = call(server._server, "other", chunk=chunk)
        assert other.rest() == b""
    finally:
        server.shutdown()
        server.join(TIMEOUT)
        server._server.server_close()
    assert not server.is_alive()


def test_handler_arguments(serve: Serve, call: Call) -> None:
    """A handler gets the session, a tuple, a dict of lists, the match, and the path."""
    server = serve()
    seen: list[tuple[Any, ...]] = []

    def handler(
        agi: FastAGI,
        args: tuple[str, ...],
        kwargs: Mapping[str, list[str]],
        match: re.Match[str] | None,
        path: str,
    ) -> None:
        seen.append((agi, args, kwargs, match, path, agi.get_environment()))

    server.register_script_handler(re.compile(r"pay/(?P<id>\d+)"), handler)
    server.register_script_handler(None, handler)
    assert call(server, "pay/42/x?a=1&a=2&b=%C3%A9&c=", ["one", "", "three"]).rest() == b""
    assert call(server, None).rest() == b""
    serve.end()
    (agi, args, kwargs, match, path, variables), fallback = seen
    assert isinstance(agi, FastAGI)
    assert args == ("one", "", "three")
    assert type(args) is tuple
    assert kwargs == {"a": ["1", "2"], "b": ["é"]}
    assert isinstance(match, re.Match)
    assert match["id"] == "42"
    assert path == "pay/42/x"
    assert type(variables) is dict
    assert variables["agi_channel"] == "PJSIP/alice-00000001"
    assert fallback[1:5] == ((), {}, None, "/")


def test_stream_file(serve: Serve, call: Call) -> None:
    """StreamFile gives a digit and an offset, or something falsy."""
    server = serve()
    results: list[Any] = []

    def handler(agi: FastAGI, *_: object) -> None:
        results.extend(agi.execute(core.StreamFile("f", ("1", 2))) for _ in range(2))

    server.register_script_handler(None, handler)
    peer = call(server)
    peer.expect(b'STREAM FILE "f" "12" "0"', b"200 result=50 endpos=1234")
    peer.expect(b'STREAM FILE "f" "12" "0"', b"200 result=0 endpos=8000")
    assert peer.rest() == b""
    assert results[0] == ("2", 1234)
    assert not results[1]


# The table of handlers.


def test_routing_rules(serve: Serve, call: Call) -> None:
    """A pattern matches the beginning of the path; the first that matches wins."""
    server = serve()

    def named(name: str) -> Any:
        return lambda agi, *_: agi.execute(core.Verbose(name))

    server.register_script_handler("demo", named("first"))
    server.register_script_handler(re.compile("demolition"), named("second"))
    server.register_script_handler("x", named("third"))
    server.register_script_handler(None, named("fallback"))
    for script, name in [
        ("demo", b"first"),
        ("demolition", b"first"),
        ("x?demo", b"third"),
        ("a/demo", b"fallback"),
        (None, b"fallback"),
    ]:
        peer = call(server, script)
        peer.expect(b'VERBOSE "' + name + b'" "1"', b"200 result=1")
        assert peer.rest() == b""


def test_duplicate_pattern(serve: Serve, log: pytest.LogCaptureFixture) -> None:
    """Of two equal patterns the first handler stays, and the second is warned of."""
    server = serve()
    server.register_script_handler("demo", noop)
    server.register_script_handler(re.compile("demo"), nothing)
    assert server.get_script_handler("demo")[0] is noop
    (record,) = records(log)
    assert record.levelno == logging.WARNING
    assert "demo" in record.getMessage()
    assert "nothing" in record.getMessage()
    server.register_script_handler(re.compile("demo", re.IGNORECASE), nothing)
    assert server.get_script_handler("DEMO")[0] is nothing
    assert len(records(log)) == 1


def test_table_of_handlers(serve: Serve) -> None:
    """Handlers can be looked up and removed, the fallback only by None."""
    server = serve()
    assert server.get_script_handler("demo") == (None, None)
    server.register_script_handler("a", noop)
    server.register_script_handler("b", noop)
    server.register_script_handler(None, nothing)
    handler, match = server.get_script_handler("axe")
    assert handler is noop
    assert match is not None
    assert match[0] == "a"
    server.unregister_script_handler(re.compile("a"))
    server.unregister_script_handler("a")
    server.unregister_script_handler("unknown")
    assert server.get_script_handler("axe") == (nothing, None)
    assert server.get_script_handler("b")[0] is noop
    server.clear_script_handlers()
    assert server.get_script_handler("b") == (nothing, None)
    server.register_script_handler(None, None)
    assert server.get_script_handler("b") == (None, None)


def test_registration_while_serving(serve: Serve, call: Call) -> None:
    """Handlers come and go while calls are served, from handlers too."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        server.register_script_handler("late", noop)
        agi.execute(core.Noop())

    server.register_script_handler("demo", handler)
    assert_serves(server, call)
    assert_serves(server, call, "late")
    server.clear_script_handlers()
    assert call(server, "late").rest() == b""


def test_script_decorator(serve: Serve, call: Call) -> None:
    """A decorated handler takes the session alone; its pattern is for the whole path."""
    server = serve()
    seen: list[tuple[Any, ...]] = []

    @server.script(r"pay/(?P<order>\d+)")
    def pay(agi: FastAGI) -> None:
        seen.append((*agi.request, agi.request.match))
        agi.execute(core.Noop())

    assert callable(pay)
    assert server.get_script_handler("pay/1")[0] is pay
    assert_serves(server, call, "pay/17?a=b")
    assert call(server, "pay/17x").rest() == b""
    ((args, kwargs, match, path, _),) = seen
    assert (args, kwargs, path) == ((), {"a": ["b"]}, "pay/17")
    assert match["order"] == "17"


async def _coroutine(*_: object) -> None: ...


class _AsyncCallable:
    async def __call__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [_coroutine, _AsyncCallable(), functools.partial(_coroutine), "demo", 7],
    ids=["coroutine function", "async object", "partial", "text", "number"],
)
def test_handlers_that_are_none(serve: Serve, handler: Any) -> None:
    """What is no function, or a coroutine function, is refused at registration."""
    server = serve()
    with pytest.raises(TypeError):
        server.register_script_handler("demo", handler)
    with pytest.raises(TypeError):
        server.register_script_handler(None, handler)
    with pytest.raises(TypeError):
        server.script("demo")(handler)
    assert server.get_script_handler("demo") == (None, None)


def test_no_handler_for_a_pattern(serve: Serve) -> None:
    """None stands for no fallback, and for nothing else."""
    server = serve()
    with pytest.raises(TypeError):
        server.register_script_handler("demo", None)


def test_bad_pattern(serve: Serve) -> None:
    """What is no regular expression is refused at registration."""
    server = serve()
    with pytest.raises(ValueError, match="regular expression"):
        server.register_script_handler("(", noop)
    with pytest.raises(ValueError, match="regular expression"):
        server.script("(")(nothing)
    assert server.get_script_handler("(") == (None, None)


# How a call ends.


def test_handler_that_does_nothing(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """When the handler returns, the connection closes without a byte and without a word."""
    server = serve()
    server.register_script_handler(None, nothing)
    assert call(server).rest() == b""
    serve.end()
    assert records(log) == []


def test_no_handler(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A script that nobody serves is closed and logged once."""
    server = serve()
    assert call(server, "a/b?c=d").rest() == b""
    serve.end()
    (record,) = records(log)
    assert record.levelno == logging.WARNING
    assert "no handler for the script 'a/b'" in record.getMessage()


def test_uncaught_hangup(
    serve: Serve,
    call: Call,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A hang-up that the handler lets pass is one warning, and no traceback."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    assert peer.line() == b"NOOP"
    peer.close()
    assert_serves(server, call)
    serve.end()
    (record,) = records(log)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "PJSIP/alice-00000001" in record.getMessage()
    assert capfd.readouterr().err == ""


def test_uncaught_dead_channel(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A 511 is a hang-up too: no failure for the dialplan."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    peer.hangup()
    peer.expect(b"NOOP", b"511 Command Not Permitted on a dead channel or intercept routine")
    assert peer.rest() == b""
    serve.end()
    (record,) = records(log)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("oh"), SystemExit(3), KeyboardInterrupt(), errors.AGIAppError("oh")],
    ids=lambda error: type(error).__name__,
)
def test_failing_handler(
    serve: Serve,
    call: Call,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
) -> None:
    """Any other exception is logged with its traceback, and the dialplan sees a failure."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        agi.execute(core.Noop())
        raise error

    server.register_script_handler("bad", handler)
    server.register_script_handler(None, noop)
    peer = call(server, "bad")
    peer.expect(b"NOOP", OK)
    assert peer.line() == b"failure"
    peer.hangup()  # as Asterisk does at the end
    peer.half_close()
    assert peer.rest() == b""
    assert_serves(server, call)
    serve.end()
    (record,) = records(log)
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert "PJSIP/alice-00000001" in record.getMessage()
    assert "'bad'" in record.getMessage()
    assert capfd.readouterr().err == ""


def test_failing_handler_of_a_closed_session(
    serve: Serve, call: Call, log: pytest.LogCaptureFixture
) -> None:
    """A handler that fails after it closed its session is logged like any other."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        agi.close()
        raise ZeroDivisionError

    server.register_script_handler(None, handler)
    assert call(server).rest() == b""
    serve.end()
    (record,) = records(log)
    assert record.levelno == logging.ERROR


def test_caught_hangup(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A hang-up that the handler catches is its own business."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        with pytest.raises(errors.AGIHangup):
            agi.execute(core.Noop())

    server.register_script_handler(None, handler)
    peer = call(server)
    assert peer.line() == b"NOOP"
    peer.close()
    serve.end()
    assert records(log) == []


# Strangers.


def test_probe(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """Who connects and leaves is worth a line for debugging only."""
    server = serve()
    server.register_script_handler(None, noop)
    call.connect(server).close()
    call.connect(server).reset()
    assert_serves(server, call)
    serve.end()
    assert records(log) == []
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
    eventually(lambda: logged(log, "last words"))  # a reset takes along what was not read
    peer.reset()
    assert_serves(server, call)
    serve.end()
    first, second = records(log)
    assert first.levelno == second.levelno == logging.WARNING
    assert "left in the middle of its environment" in first.getMessage()
    assert "left in the middle of its environment" in second.getMessage()


def test_silent_peer(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """Who sends no environment is dropped after the time for it."""
    server = serve(handshake_timeout=0.05)
    server.register_script_handler(None, noop)
    assert call.connect(server).rest() == b""
    serve.end()
    (record,) = records(log)
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
    (record,) = records(log)
    assert "no whole environment within 0.3 s" in record.getMessage()


def test_time_has_passed_already(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A time of zero drops everybody, without a look at what was sent."""
    server = serve(handshake_timeout=0)
    server.register_script_handler(None, noop)
    assert call.connect(server).rest() == b""
    serve.end()
    (record,) = records(log)
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
    (record,) = records(log)
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
    (record,) = records(log)
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
    (record,) = records(log)
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
    first, second = records(log)
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
    assert records(log) == []
    assert "the peer: connected and left" in log.text


def test_burst(serve: Serve, call: Call) -> None:
    """Two hundred calls at once are all served, at the same time."""
    server = serve()
    server.register_script_handler(None, noop)
    peers = [call(server) for _ in range(200)]
    for peer in peers:
        assert peer.line() == b"NOOP"
    assert len(library_threads()) == 200
    for peer in peers:
        peer.reply(OK)
    for peer in peers:
        assert peer.rest() == b""


def test_threads_are_reused(serve: Serve, call: Call) -> None:
    """One call after the other is served by the same thread."""
    server = serve()
    threads: list[threading.Thread] = []

    def handler(*_: object) -> None:
        threads.append(threading.current_thread())

    server.register_script_handler(None, handler)
    for _ in range(3):
        assert call(server).rest() == b""
        eventually(lambda: server._pool._idle == 1)
    assert threads == [threads[0]] * 3
    assert threads[0].daemon
    assert threads[0].name.startswith("pystrix-fastagi-")


# Beginning and end of a server.


def refuses(address: tuple[Any, ...]) -> bool:
    """Tell whether nobody listens at an address."""
    with socket.socket() as one, socket.socket() as other:
        # Not from the same port: TCP lets a socket connect to itself.
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        client = other if one.getsockname()[1] == address[1] else one
        client.settimeout(TIMEOUT)
        try:
            client.connect(address[:2])
        except ConnectionRefusedError:
            return True
    return False


def test_shutdown(serve: Serve, call: Call) -> None:
    """It closes the port, ends `serve_forever`, and leaves the running calls alone."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    assert peer.line() == b"NOOP"
    address = server.server_address
    assert not refuses(address)
    server.shutdown()
    assert refuses(address)
    assert server.server_address == address
    assert server.fileno() == -1
    server.shutdown()
    peer.reply(OK)
    assert peer.rest() == b""


def test_shutdown_before_serving() -> None:
    """A server that was shut down does not serve."""
    with FastAGIServer(port=0) as server:
        server.shutdown()
        server.serve_forever(poll_interval=0.1)
        server.handle_request()
        assert refuses(server.server_address)


def test_shutdown_by_a_handler(serve: Serve, call: Call) -> None:
    """A handler may shut the server down, and goes on."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        server.shutdown()
        agi.execute(core.Noop())

    server.register_script_handler(None, handler)
    assert_serves(server, call)
    assert refuses(server.server_address)


def test_shutdown_by_a_signal() -> None:
    """A signal handler may shut down the server that its thread serves."""
    with FastAGIServer(port=0) as server:
        server.register_script_handler(None, noop)

        def client() -> None:
            with Peer.connect(server.server_address) as peer:
                peer.send(environment())
                peer.expect(b"NOOP", OK)
                peer.rest()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, lambda *_: server.shutdown())
        try:
            calling = Background(client)
            server.serve_forever()
            calling.result()
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert refuses(server.server_address)


def test_serving_twice(serve: Serve, call: Call) -> None:
    """Only one thread serves."""
    server = serve()
    server.register_script_handler(None, noop)
    assert_serves(server, call)
    with pytest.raises(RuntimeError, match="serves already"):
        server.serve_forever()
    with pytest.raises(RuntimeError, match="serves already"):
        server.handle_request()
    assert_serves(server, call)


def test_handle_request() -> None:
    """It serves one call."""
    with FastAGIServer(port=0) as server:
        assert server.timeout is None
        server.register_script_handler(None, noop)
        with Peer.connect(server.server_address) as one, Peer.connect(server.server_address) as two:
            for peer in one, two:
                peer.send(environment())
            for peer in one, two:
                server.handle_request()
                peer.expect(b"NOOP", OK)
                assert peer.rest() == b""


def test_handle_request_in_vain() -> None:
    """It gives up after `timeout`, and at once when the server is shut down."""
    with FastAGIServer(port=0) as server:
        server.timeout = 0.05
        server.handle_request()
        server.timeout = None
        waiting = Background(server.handle_request)
        server.shutdown()
        waiting.result()


def test_server_close_waits() -> None:
    """Without daemon threads it waits for the calls that run."""
    events: list[str] = []
    server = FastAGIServer(port=0, daemon_threads=False)

    def handler(agi: FastAGI, *_: object) -> None:
        assert not threading.current_thread().daemon
        agi.on_hangup(nothing)
        agi.execute(core.Noop())
        events.append("end of the call")

    def close() -> None:
        server.server_close()
        events.append("closed")

    server.register_script_handler(None, handler)
    with Peer.connect(server.server_address) as peer:
        peer.send(environment())
        server.handle_request()
        assert peer.line() == b"NOOP"
        closing = Background(close)
        eventually(lambda: server._pool._closed)
        assert events == []
        peer.reply(OK)
        assert peer.rest() == b""
        closing.result()
    assert events == ["end of the call", "closed"]
    server.server_close()


def test_server_close_does_not_wait(serve: Serve, call: Call) -> None:
    """With daemon threads it leaves the calls that run alone."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    assert peer.line() == b"NOOP"
    server.server_close()
    server.server_close()
    peer.reply(OK)
    assert peer.rest() == b""


def test_context_manager() -> None:
    """The end of the block closes the server, with an exception too."""
    server = FastAGIServer(port=0)
    with server as entered:
        assert entered is server
        assert not refuses(server.server_address)
    assert refuses(server.server_address)
    server = FastAGIServer(port=0)
    with pytest.raises(ZeroDivisionError), server:
        raise ZeroDivisionError
    assert refuses(server.server_address)


def test_program_ends_while_a_call_runs() -> None:
    """A program may end while calls are served by daemon threads."""
    program = """
import sys, threading
from pystrix.agi import FastAGIServer, core
server = FastAGIServer(port=0)
server.register_script_handler(None, lambda agi, *_: agi.execute(core.Noop()))
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        with Peer.connect(("127.0.0.1", int(process.stdout.readline()))) as peer:
            peer.send(environment())
            assert peer.line() == b"NOOP"
            _, stderr = process.communicate("\n", timeout=TIMEOUT)
            assert peer.rest() == b""
    assert process.returncode == 0
    assert stderr == ""


# Addresses and sockets.


def test_addresses(serve: Serve, call: Call) -> None:
    """IPv4, a name and all of IPv4; port 0 is any free one."""
    for interface in ("127.0.0.1", "localhost", ""):
        server = serve(interface=interface)
        server.register_script_handler(None, noop)
        host, port = server.server_address[:2]
        assert port > 0
        assert host == {"": "0.0.0.0", "127.0.0.1": "127.0.0.1"}.get(interface, host)
        assert server.fileno() == server.socket.fileno()
        assert server.socket.getsockname() == server.server_address
        assert_serves(server, call)


@NEEDS_IPV6
@pytest.mark.parametrize("interface", ["::1", "::"])
def test_ipv6(serve: Serve, log: pytest.LogCaptureFixture, interface: str) -> None:
    """IPv6 alone, and all of both."""
    server = serve(interface=interface)
    server.register_script_handler(None, noop)
    host, port, flow, scope = server.server_address
    assert (host, flow, scope) == (interface, 0, 0)
    for client in ("::1", "127.0.0.1") if interface == "::" else ("::1",):
        with Peer.connect((client, port)) as peer:
            peer.send(environment())
            peer.expect(b"NOOP", OK)
            assert peer.rest() == b""
        name = "[::1]" if client == "::1" else f"[::ffff:{client}]"
        with Peer.connect((client, port)) as peer:
            source = f"{name}:{peer.socket.getsockname()[1]}"
            peer.send(b"x")
        eventually(functools.partial(logged, log, source))


def test_port_in_use(serve: Serve) -> None:
    """A port that is taken, or an address of another machine, is an OSError."""
    server = serve()
    with pytest.raises(OSError, match="in use"):
        FastAGIServer(port=server.server_address[1])
    with pytest.raises(OSError, match="assign"):
        FastAGIServer("192.0.2.1", 0)


def test_socket_options(serve: Serve, call: Call) -> None:
    """Lines are sent at once, and a dead connection is noticed."""
    server = serve()
    options: list[bool] = []

    def handler(agi: FastAGI, *_: object) -> None:
        with socket.socket(fileno=socket.dup(agi.fileno())) as connection:
            options.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            options.append(bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)))
        agi.execute(core.Noop())

    server.register_script_handler(None, handler)
    assert_serves(server, call)
    assert options == [True, True]


@pytest.mark.parametrize("debug", [True, False])
def test_debug(serve: Serve, call: Call, log: pytest.LogCaptureFixture, debug: bool) -> None:
    """The lines of all calls are logged, if asked for."""
    server = serve(debug=debug)
    server.register_script_handler(None, noop)
    peer = call(server)
    host, port = peer.socket.getsockname()
    peer.expect(b"NOOP", OK)
    peer.rest()
    serve.end()
    lines = [each.getMessage() for each in log.records if each.levelno == logging.DEBUG]
    assert (f"{host}:{port} << b'NOOP\\n'" in lines) is debug
    received = "".join(line for line in lines if line.startswith(f"{host}:{port} >> "))
    assert ("200 result=0" in received) is debug


@pytest.mark.parametrize("chunk", [None, 1, 2, 7])
def test_cuts_do_not_matter(serve: Serve, call: Call, chunk: int | None) -> None:
    """A session is the same into whatever pieces the network cuts its bytes."""
    server = serve()
    results: list[Any] = []

    def handler(agi: FastAGI, args: tuple[str, ...], *_: object) -> None:
        results.append(args)
        for action in (
            core.Answer(),
            core.GetVariable("LINES"),
            core.Exec("Read", "X"),
            core.StreamFile("f"),
            Command("NO SUCH"),
            Command("SAY DIGITS"),
            core.ChannelStatus(),
            core.WaitForDigit(5000),
        ):
            try:
                results.append(agi.execute(action))
            except errors.AGIException as error:
                results.append(type(error))
        results.append(agi.hung_up)

    server.register_script_handler(None, handler)
    peer = call(server, "demo", ["a", " b "], chunk=chunk)
    peer.expect(b"ANSWER", OK)
    peer.expect(b'GET VARIABLE "LINES"', b"200 result=1 (one\n200 result=0\ntwo)")
    echo = peer.line()
    peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
    peer.expect(b'EXEC "Read" "X"', b"200 result=1\n520-Invalid\nUsage\n520 End of proper usage.")
    peer.expect(b'STREAM FILE "f" "" "0"', b"200 result=42 endpos=17")
    peer.expect(b"NO SUCH", b"510 Invalid or unknown command")
    peer.expect(b"SAY DIGITS", b"520-Invalid\n Usage: x\n520 End of proper usage.")
    peer.expect(b"CHANNEL STATUS", ALIVE)
    peer.expect(b'WAIT FOR DIGIT "5000"', b"HANGUP", b"200 result=-1")
    assert peer.rest() == b""
    answer, *others = results[1:]
    assert results[0] == ("a", " b ")
    assert answer.code == 200
    assert others == [
        "one\n200 result=0\ntwo",
        "1",
        ("*", 17),
        errors.AGIInvalidCommandError,
        errors.AGIUsageError,
        6,
        errors.AGIResultHangup,
        True,
    ]


def test_daemon_threads_can_be_changed(serve: Serve, call: Call) -> None:
    """As with `socketserver`, the attribute holds for the threads that start afterwards."""
    server = serve()
    assert server.daemon_threads
    server.daemon_threads = False
    daemon: list[bool] = []
    server.register_script_handler(
        None, lambda *_: daemon.append(threading.current_thread().daemon)
    )
    assert call(server).rest() == b""
    assert daemon == [False]
