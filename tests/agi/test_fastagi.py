"""The FastAGI server on threads, called over real sockets: what handlers and peers see."""

from __future__ import annotations

import functools
import importlib.util
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pystrix
from pystrix.agi import Command, FastAGI, FastAGIServer, core, errors
from tests.agi.handlers import noop
from tests.agi.peers import ALIVE, OK, TIMEOUT, eventually, library_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.agi.conftest import Call, Serve

pytestmark = pytest.mark.usefixtures("log")


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


# Bytes and threads.


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
