"""The FastAGI server on threads as a whole: its sockets, its beginning and its end."""

from __future__ import annotations

import functools
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGI, FastAGIServer, core
from tests.agi.handlers import assert_serves, noop, nothing
from tests.agi.peers import OK, TIMEOUT, Background, Peer, environment, eventually
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from tests.agi.conftest import Call, Serve

pytestmark = pytest.mark.usefixtures("log")


def logged(log: pytest.LogCaptureFixture, text: str) -> bool:
    """Tell whether a text has been logged."""
    return text in log.text


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


# Beginning and end.


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
