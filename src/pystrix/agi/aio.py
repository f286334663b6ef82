"""AGI on asyncio: a FastAGI server with one task for each call; `AGI` and `EAGI` programs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from pystrix.agi._async_session import AsyncSession
from pystrix.agi._async_stdio import AGI, EAGI, AudioStream
from pystrix.agi._listener import BACKLOG, listen, peer_text
from pystrix.agi._protocol import State
from pystrix.agi._scripts import Scripts, log_end, log_refused, log_stranger
from pystrix.agi._streams import CHUNK
from pystrix.agi._wire import FAILURE_LINE
from pystrix.agi.errors import AGIException

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["AGI", "EAGI", "AudioStream", "FastAGI", "FastAGIServer"]

_LOGGER = logging.getLogger("pystrix.agi")

FAILURE_SECONDS: Final = 2.0
"""How long Asterisk gets to read that a handler failed."""

_WAITING, _ENVIRONMENT = State.WAITING, State.ENVIRONMENT

# See _streams.py: Linux forgets the wish for quick acknowledgements.
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


class FastAGI(AsyncSession):
    """A call that Asterisk handed to a FastAGI server; handlers get it from the server."""

    def __init__(self, transport: asyncio.Transport, peer: str, *, debug: bool) -> None:
        super().__init__(transport, peer, debug=debug)
        self._socket_transport = transport
        self._gone: asyncio.Future[None] | None = None
        self.begun: bool = False
        """Whether its environment has come, or cannot come any more."""

    def lost(self) -> None:
        """Note that the connection is gone altogether."""
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    async def fail(self, line: bytes, timeout: float) -> None:
        """Send a last line, and wait for the peer to close, so that it is sure to be read."""
        self._closed = True
        self._callbacks.clear()
        if self._socket_transport.is_closing():
            return
        self._gone = asyncio.get_running_loop().create_future()
        self._socket_transport.write(line)
        with contextlib.suppress(OSError, TimeoutError):
            self._socket_transport.write_eof()
            async with asyncio.timeout(timeout):
                await self._gone


class _Link(asyncio.BufferedProtocol):
    """The connection of a call: moves bytes between the transport and the session."""

    __slots__ = ("_buffer", "_call", "_server", "_transport")

    def __init__(self, server: FastAGIServer, buffer: memoryview) -> None:
        self._server = server
        self._buffer = buffer  # of the server: it is emptied before anybody else fills it
        self._call: FastAGI | None = None  # stays None if there is no room

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._call = self._server._connected(cast("asyncio.Transport", transport))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - ours is large enough
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        call = cast("FastAGI", self._call)  # a connection that was refused reads no more
        call.feed(bytes(self._buffer[:nbytes]))
        state = call._protocol.state
        if state is _WAITING:
            self._acknowledge()  # more is to come, and we have nothing to send
        elif not call.begun and state is not _ENVIRONMENT:
            self._server._begin(call)

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self._call is not None:
            _LOGGER.debug("%s: the connection broke: %s", self._call.peer, exc)
        self._end()
        if self._call is not None:
            self._call.lost()

    def _end(self) -> None:
        call = self._call
        if call is not None:
            call.feed_eof()
            if not call.begun:
                self._server._begin(call)

    def _acknowledge(self) -> None:
        """Have Asterisk know that its bytes came, for it may wait to send more."""
        if _QUICKACK is not None:
            with contextlib.suppress(OSError):  # broken meanwhile
                shown = self._transport.get_extra_info("socket")
                shown.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


class FastAGIServer(Scripts):
    """A FastAGI server: Asterisk connects to it for every ``AGI(agi://host/script)``.

    Handlers are coroutine functions, each run in a task of its call on the loop that serves. It
    listens from the moment it is made. Handlers can be registered and removed while it serves.
    Not thread-safe but for the registration.

    Args:
        interface: The address to listen on: IPv4, IPv6 or a name; ``""`` for all of IPv4,
            ``"::"`` for all of both.
        port: The TCP port; 0 for any free one, see `server_address`.
        daemon_threads: Whether `server_close` ends the calls that run by cancelling their tasks.
            If not, it waits for them.
        debug: Whether to log every line of every call at level DEBUG.
        handshake_timeout: The seconds a peer has to send its environment.
        max_calls: The calls served at the same time; a connection beyond them is closed at once
            (the dialplan sees AGISTATUS=FAILURE) and logged. None for no limit.
        reuse_port: Whether several processes may listen on the port; the kernel shares the calls
            out.

    Raises:
        OSError: If it cannot listen there.
    """

    _coroutines: ClassVar[bool] = True

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
        self.daemon_threads: bool = daemon_threads
        """Whether `server_close` cancels the calls that run, rather than waiting for them."""
        self._debug = debug
        self._handshake_timeout = handshake_timeout
        self._max_calls = max_calls
        self._calls: set[FastAGI] = set()  # connected and not over
        self._tasks: dict[FastAGI, asyncio.Task[None]] = {}
        # Those whose environment has not come, with the time they have, which is the same for
        # all: the first in it is the first to be late, and one timer is enough.
        self._strangers: dict[FastAGI, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._stop: asyncio.Future[None] | None = None  # while it serves
        self._serving: asyncio.Task[Any] | None = None
        self._one_only = False
        self.socket: socket.socket = listen(interface, port, reuse_port=reuse_port)
        """The listening socket."""
        self.server_address: Any = self.socket.getsockname()
        """Where it listens: ``(host, port)``, with IPv6 ``(host, port, flow, scope)``."""

    def fileno(self) -> int:
        """Give the descriptor of the listening socket, -1 once closed."""
        return self.socket.fileno()

    async def serve_forever(self, poll_interval: float = 0.5) -> None:  # noqa: ARG002 - see below
        """Serve calls until `shutdown`.

        Args:
            poll_interval: Not used: nothing polls. `socketserver` has it.

        Raises:
            RuntimeError: If another task serves already.
        """
        await self._serve(None)

    async def handle_request(self) -> None:
        """Serve one call: wait for it, up to `timeout` seconds, and begin its task.

        Raises:
            RuntimeError: If another task serves already.
        """
        self._one_only = True
        try:
            await self._serve(self.timeout)
        finally:
            self._one_only = False

    async def shutdown(self) -> None:
        """Stop taking calls and close the port; calls that run go on.

        Any number of times. Waits until `serve_forever` has returned, except in its own task. The
        port is closed because Asterisk gives a connection that nobody accepts no time limit: its
        caller would wait for ever.
        """
        self._stopping = True
        self.socket.close()
        serving = self._serving
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(None)
        if serving is not None and serving is not asyncio.current_task():
            await asyncio.wait([serving])

    async def server_close(self) -> None:
        """Stop taking calls and end those that run: see `daemon_threads`.

        A handler that calls it does not wait for itself.
        """
        await self.shutdown()
        current = asyncio.current_task()
        running = {call: task for call, task in self._tasks.items() if task is not current}
        if self.daemon_threads:
            for call, task in running.items():
                task.cancel()
                call.abort()
        if running:
            await asyncio.wait(running.values())
        for call in [*running, *self._strangers]:  # some tasks may not even have begun
            self._forget(call)
            call.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.server_close()

    async def _serve(self, timeout: float | None) -> None:
        if self._serving is not None:
            raise RuntimeError("another task serves already")
        if self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        self._stop = loop.create_future()
        buffer = memoryview(bytearray(CHUNK))
        # A descriptor of its own: the loop closes what it is given, and we may serve again.
        accepting = self.socket.dup()
        try:
            server = await loop.create_server(
                lambda: _Link(self, buffer), sock=accepting, backlog=BACKLOG
            )
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await asyncio.shield(self._stop)
            finally:
                server.close()
        finally:
            self._serving = self._stop = None

    # One call.

    def _connected(self, transport: asyncio.Transport) -> FastAGI | None:
        """Take a connection, if there is room for it."""
        peer = peer_text(transport.get_extra_info("peername") or ("?", 0))
        if self._max_calls is not None and len(self._calls) >= self._max_calls:
            log_refused(peer, self._max_calls)
            transport.write(FAILURE_LINE)
            transport.close()
            return None
        call = FastAGI(transport, peer, debug=self._debug)
        self._calls.add(call)
        if self._one_only and self._stop is not None and not self._stop.done():
            self._stop.set_result(None)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._handshake_timeout
        self._strangers[call] = deadline
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._drop_late)
        return call

    def _drop_late(self) -> None:
        """Drop the calls whose environment has not come in time."""
        self._timer = None
        loop = asyncio.get_running_loop()
        for call, deadline in list(self._strangers.items()):
            if deadline > loop.time():
                self._timer = loop.call_at(deadline, self._drop_late)
                return
            self._forget(call)
            log_stranger(call.peer, call._protocol, TimeoutError(), self._handshake_timeout)
            call.begun = True
            call.abort()

    def _begin(self, call: FastAGI) -> None:
        """Begin the task of a call whose environment has come, or cannot come any more."""
        call.begun = True
        self._strangers.pop(call, None)
        try:
            environment = call.environment
        except AGIException as error:
            log_stranger(call.peer, call._protocol, error, self._handshake_timeout)
            found = None
        else:
            found = self._find(environment, call.peer)
        if found is None:
            self._done(call)
            return
        call.set_request(found[1])
        self._tasks[call] = asyncio.get_running_loop().create_task(self._handle(call, *found))

    def _forget(self, call: FastAGI) -> None:
        self._calls.discard(call)
        self._strangers.pop(call, None)
        self._tasks.pop(call, None)

    def _done(self, call: FastAGI) -> None:
        # In this order: who sees the end of a call may call again at once.
        self._forget(call)
        call.close()

    async def _handle(self, call: FastAGI, route: Any, request: Any) -> None:  # noqa: ANN401
        try:
            await route.call(call, request)
        except asyncio.CancelledError:
            raise  # by the server: nobody's failure
        except BaseException as error:  # noqa: BLE001 - it ends this call and nothing else
            if log_end(call.peer, call.environment, error):
                await call.fail(FAILURE_LINE, FAILURE_SECONDS)
        finally:
            self._done(call)
