"""FastAGI on threads: a server that Asterisk connects to, one thread for each call."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final

from pystrix.agi._listener import Listener
from pystrix.agi._pool import ThreadPool
from pystrix.agi._protocol import AGIProtocol, State
from pystrix.agi._scripts import Scripts, log_end, log_refused, log_stranger
from pystrix.agi._session import Session
from pystrix.agi._streams import FileStream, SocketStream
from pystrix.agi._watcher import HangupWatcher
from pystrix.agi._wire import FAILURE_LINE
from pystrix.agi.errors import AGIException

if TYPE_CHECKING:
    import socket as sockets
    from types import TracebackType
    from typing import Self

    from pystrix.agi.routing import Request

__all__ = ["FastAGI", "FastAGIServer"]

_LOGGER = logging.getLogger("pystrix.agi")

FAILURE_SECONDS: Final = 2.0
"""How long Asterisk gets to read that a handler failed."""


class FastAGI(Session):
    """A call that Asterisk handed to a FastAGI server; handlers get it from the server.

    Args:
        rfile: A binary file with Asterisk's lines; the environment is read at once.
        wfile: A binary file for our lines.
        debug: Whether to log every line at level DEBUG.

    Raises:
        AGIProtocolError: If what comes is no environment.
        AGISIGPIPEHangup: If the files end before it is complete.
    """

    def __init__(self, rfile: BinaryIO, wfile: BinaryIO, debug: bool = False) -> None:
        super().__init__(FileStream(rfile, wfile, "Asterisk"), AGIProtocol(), debug=debug)
        self._read_environment()


class _Call(FastAGI):
    """A call on a socket of the server."""

    def __init__(  # pyright: ignore[reportMissingSuperCall]
        self, stream: SocketStream, *, debug: bool, watcher: HangupWatcher
    ) -> None:
        protocol = AGIProtocol(stream.peer)
        Session.__init__(self, stream, protocol, debug=debug, watcher=watcher)
        self._socket_stream = stream

    def handshake(self, deadline: float) -> None:
        """Read the environment.

        Raises:
            TimeoutError: If it is not complete by `deadline`, a moment of `time.monotonic`.
            AGIException: If what comes is none, or it ends before.
            OSError: If the connection breaks.
        """
        while self._protocol.state is State.ENVIRONMENT:
            data = self._socket_stream.receive_now()
            if data is None:
                data = self._socket_stream.receive_before(deadline)
                if data is None:
                    raise TimeoutError
            # It is not acknowledged: as long as nothing was sent, the kernel does that at once.
            self._received(data)
        _ = self._protocol.environment

    @property
    def protocol(self) -> AGIProtocol:
        """The conversation."""
        return self._protocol

    def set_request(self, request: Request) -> None:
        """Say what the call asks for."""
        self._request = request

    def fail(self) -> None:
        """End the session so that the dialplan sees AGISTATUS=FAILURE; close it then."""
        self._leave()
        self._socket_stream.send_last(FAILURE_LINE, FAILURE_SECONDS)


class FastAGIServer(Scripts):
    """A FastAGI server: Asterisk connects to it for every ``AGI(agi://host/script)``.

    Handlers are plain functions, each run in a thread of its call; threads are reused. It listens
    from the moment it is made. Handlers can be registered and removed while it serves.

    Args:
        interface: The address to listen on: IPv4, IPv6 or a name; ``""`` for all of IPv4,
            ``"::"`` for all of both.
        port: The TCP port; 0 for any free one, see `server_address`.
        daemon_threads: Whether the program may end while calls are served. If not,
            `server_close` waits for them.
        debug: Whether to log every line of every call at level DEBUG.
        handshake_timeout: The seconds a peer has to send its environment.
        max_calls: The calls served at the same time; a connection beyond them is closed at once
            (the dialplan sees AGISTATUS=FAILURE) and logged. None for no limit.
        reuse_port: Whether several processes may listen on the port; the kernel shares the calls
            out.

    Raises:
        OSError: If it cannot listen there.
    """

    def __init__(
        self,
        interface: str = "127.0.0.1",
        port: int = 4573,
        daemon_threads: bool = True,
        debug: bool = False,
        *,
        handshake_timeout: float = 10.0,
        max_calls: int | None = None,
        reuse_port: bool = False,
    ) -> None:
        super().__init__()
        self.timeout: float | None = None
        """How long `handle_request` waits for a call, in seconds; None for ever."""
        self._debug = debug
        self._handshake_timeout = handshake_timeout
        self._max_calls = max_calls
        self._lock = threading.Lock()  # guards _calls
        self._calls = 0
        self._pool = ThreadPool("pystrix-fastagi", daemon=daemon_threads)
        self._watcher = HangupWatcher()
        try:
            self._listener = Listener(interface, port, reuse_port=reuse_port)
        except BaseException:
            self._watcher.close()
            raise

    _coroutines: ClassVar[bool] = False
    _twin: ClassVar[str] = "pystrix.agi.aio.FastAGIServer"

    # Serving.

    @property
    def daemon_threads(self) -> bool:
        """Whether the program may end while calls are served; holds for threads yet to start."""
        return self._pool.daemon

    @daemon_threads.setter
    def daemon_threads(self, daemon: bool) -> None:
        self._pool.daemon = daemon

    @property
    def server_address(self) -> Any:  # noqa: ANN401 - the shape depends on the address family
        """Where the server listens: ``(host, port)``, with IPv6 ``(host, port, flow, scope)``."""
        return self._listener.address

    @property
    def socket(self) -> sockets.socket:
        """The listening socket."""
        return self._listener.socket

    def fileno(self) -> int:
        """Give the descriptor of the listening socket, -1 once closed."""
        return self._listener.socket.fileno()

    def serve_forever(self, poll_interval: float = 0.5) -> None:  # noqa: ARG002 - see below
        """Serve calls until `shutdown`.

        Args:
            poll_interval: Not used: nothing polls. `socketserver` has it.

        Raises:
            RuntimeError: If another thread serves already.
        """
        self._listener.run(self._accepted)

    def handle_request(self) -> None:
        """Serve one call: wait for it, up to `timeout` seconds, and hand it to a thread.

        Raises:
            RuntimeError: If another thread serves already.
        """
        self._listener.accept_one(self._accepted, self.timeout)

    def shutdown(self) -> None:
        """Stop taking calls and close the port; calls that run go on.

        From any thread, any number of times. Waits until `serve_forever` has returned, except in
        its own thread. The port is closed because Asterisk gives a connection that nobody accepts
        no time limit: its caller would wait for ever.
        """
        self._listener.stop()

    def server_close(self) -> None:
        """Stop taking calls; without daemon threads, wait for those that run.

        A handler that calls it does not wait.
        """
        self._listener.stop()
        self._pool.close()
        self._watcher.close()
        if not self.daemon_threads:
            self._pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server_close()

    # One call.

    def _accepted(self, connection: sockets.socket, peer: str) -> None:
        """Hand a connection to a thread, if there is room for it."""
        with self._lock:
            room = self._max_calls is None or self._calls < self._max_calls
            if room:
                self._calls += 1
        if not room:
            log_refused(peer, self._max_calls)
            _refuse(connection)
            return
        try:
            self._pool.submit(functools.partial(self._serve, connection, peer))
        except RuntimeError as error:
            _LOGGER.error("%s: refused, no thread for the call: %s", peer, error)  # noqa: TRY400
            _refuse(connection)
            self._done()

    def _done(self) -> None:
        with self._lock:
            self._calls -= 1

    def _serve(self, connection: sockets.socket, peer: str) -> None:
        call = _Call(SocketStream(connection, peer), debug=self._debug, watcher=self._watcher)
        try:
            if self._handshake(call, peer):
                self._handle(call, peer)
        finally:
            # In this order: who sees the end of a call may call again at once.
            self._done()
            call.close()

    def _handshake(self, call: _Call, peer: str) -> bool:
        try:
            call.handshake(time.monotonic() + self._handshake_timeout)
        except (AGIException, OSError) as error:
            log_stranger(peer, call.protocol, error, self._handshake_timeout)
            return False
        return True

    def _handle(self, call: _Call, peer: str) -> None:
        found = self._find(call.environment, peer)
        if found is None:
            return
        route, request = found
        call.set_request(request)
        try:
            route.call(call, request)
        except BaseException as error:  # noqa: BLE001 - it ends this call and nothing else
            if log_end(peer, call.environment, error):
                call.fail()


def _refuse(connection: sockets.socket) -> None:
    """Close a connection at once, so that the dialplan sees AGISTATUS=FAILURE."""
    with contextlib.suppress(OSError):  # it has left already
        connection.setblocking(False)
        connection.send(FAILURE_LINE)
    connection.close()
