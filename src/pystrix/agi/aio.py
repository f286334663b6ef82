"""AGI on asyncio: servers with one task for each call; `AGI` and `EAGI` programs."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from pystrix.agi._async_connection import OwnSocket
from pystrix.agi._async_readers import EpollReaders, readers_on
from pystrix.agi._async_session import AsyncSession
from pystrix.agi._async_stdio import AGI, EAGI, AudioStream
from pystrix.agi._listener import EXHAUSTED_SECONDS, listen, peer_text
from pystrix.agi._protocol import State
from pystrix.agi._scripts import Scripts, log_end, log_refused, log_stranger
from pystrix.agi._wire import FAILURE_LINE
from pystrix.agi.errors import AGIException

if TYPE_CHECKING:
    import socket
    from types import TracebackType
    from typing import Self

    from pystrix.agi._async_asyncagi import AsyncAGI, AsyncAGIServer
    from pystrix.agi._async_connection import SocketConnection

__all__ = [
    "AGI",
    "EAGI",
    "AsyncAGI",
    "AsyncAGIServer",
    "AudioStream",
    "FastAGI",
    "FastAGIServer",
]

_LOGGER = logging.getLogger("pystrix.agi")

FAILURE_SECONDS: Final = 2.0
"""How long Asterisk gets to read that a handler failed."""


class FastAGI(AsyncSession):
    """A call that Asterisk handed to a FastAGI server; handlers get it from the server."""

    def __init__(self, connection: SocketConnection, peer: str, *, debug: bool) -> None:
        super().__init__(connection, peer, debug=debug)
        self._socket = connection
        self._gone: asyncio.Future[None] | None = None

    def feed_eof(self) -> None:
        """Take the end of the connection. Idempotent."""
        super().feed_eof()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def take_over(self) -> None:
        """Get from now on what the connection reads."""
        self._socket.deliver_to(self)

    async def fail(self, line: bytes, timeout: float) -> None:
        """Send a last line, and wait for the peer to close, so that it is sure to be read."""
        self._closed = True
        self._callbacks = ()
        if self._socket.is_over:
            return
        self._gone = self._future()
        self._socket.send_last(line)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._gone


class _Stranger:
    """Gets what a connection reads until the environment is there, and hands over to the call."""

    __slots__ = ("_call", "_server", "peer")

    def __init__(self, server: FastAGIServer, call: FastAGI) -> None:
        self._server = server
        self._call = call
        self.peer = call.peer

    def feed(self, data: bytes) -> None:
        self._call.feed(data)
        # It is not acknowledged: as long as nothing was sent, the kernel does that at once.
        if self._call._protocol.state is not State.ENVIRONMENT:
            self._server._begin(self._call)

    def feed_eof(self) -> None:
        self._call.feed_eof()
        self._server._begin(self._call)


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
    _twin: ClassVar[str] = "pystrix.agi.FastAGIServer"

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
        self._tasks: dict[FastAGI, asyncio.Task[None]] = {}
        # Those whose environment has not come, with the time they have, which is the same for
        # all: the first in it is the first to be late, and one timer is enough.
        self._strangers: dict[FastAGI, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = self._closing = False
        self._loop: asyncio.AbstractEventLoop  # on which it serves
        self._readers: EpollReaders | None = None  # while it serves
        self._stop: asyncio.Future[None] | None = None  # while it serves
        self._idle = asyncio.Event()  # nobody serves
        self._idle.set()
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
        self._check_idle()
        self._one_only = True
        try:
            await self._serve(self.timeout)
        finally:
            self._one_only = False

    async def shutdown(self) -> None:
        """Stop taking calls and close the port; calls that run go on.

        Any number of times. Waits until `serve_forever` has returned. The port is closed because
        Asterisk gives a connection that nobody accepts no time limit: its caller would wait for
        ever.
        """
        self._stopping = True
        self._stop_accepting()
        self.socket.close()
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(None)
        await self._idle.wait()

    async def server_close(self) -> None:
        """Stop taking calls and end those that run: see `daemon_threads`.

        A handler that calls it waits for those that are cancelled, never for one that goes on,
        which may do the same.
        """
        await self.shutdown()
        self._closing = True
        for call in list(self._strangers):  # who has asked for nothing yet
            self._done(call)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        current = asyncio.current_task()
        running = {call: task for call, task in self._tasks.items() if task is not current}
        if self.daemon_threads:
            for call, task in running.items():
                task.cancel()
                call.close()
        elif current in self._tasks.values():
            running.clear()
        for call, task in running.items():  # some may never begin
            task.add_done_callback(functools.partial(self._done, call))
        if running:
            await asyncio.wait(running.values())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.server_close()

    def _check_idle(self) -> None:
        if not self._idle.is_set():
            raise RuntimeError("another task serves already")

    async def _serve(self, timeout: float | None) -> None:
        self._check_idle()
        if self._stopping:
            return
        self._loop = asyncio.get_running_loop()
        self._idle.clear()
        self._stop = self._loop.create_future()
        try:
            try:
                if not self._one_only:
                    self._readers = readers_on(self._loop)
                self._start_accepting()
            except NotImplementedError:
                raise RuntimeError(
                    f"{self._loop!r} cannot wait for sockets (add_reader): "
                    "on Windows take asyncio.SelectorEventLoop"
                ) from None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await asyncio.shield(self._stop)
        finally:
            self._stop_accepting()
            if self._readers is not None:
                self._readers.close()
                self._readers = None
            self._stop = None
            self._idle.set()

    def _start_accepting(self) -> None:
        if not self._stopping and self._stop is not None:  # else it is over meanwhile
            self._stop_accepting()  # it may be another time that it serves
            (self._readers or self._loop).add_reader(self.socket.fileno(), self._accept)

    def _stop_accepting(self) -> None:
        if self._stop is not None and self.socket.fileno() >= 0:
            (self._readers or self._loop).remove_reader(self.socket.fileno())

    # One call.

    def _accept(self) -> None:
        """Accept connections that are there: few while calls are busy, which come first."""
        for _ in range(self._readers.spare if self._readers is not None else 1):
            try:
                connection, address = self.socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return  # the peer has left again
            except OSError as error:
                _LOGGER.error("cannot accept a call: %s", error)  # noqa: TRY400 - no use in its trace
                self._stop_accepting()
                self._loop.call_later(EXHAUSTED_SECONDS, self._start_accepting)
                return
            connection.setblocking(False)
            own = OwnSocket(connection)
            stranger = self._connected(own, peer_text(address))
            if not own.is_over:  # there was room
                own.open(stranger, self._loop, self._readers)

    def _connected(self, connection: SocketConnection, peer: str) -> _Stranger:
        """Take a connection, if there is room for it."""
        call = FastAGI(connection, peer, debug=self._debug)
        call._loop = self._loop
        stranger = _Stranger(self, call)
        if self._closing:
            connection.close()
            return stranger
        if self._max_calls is not None and self._number_of_calls() >= self._max_calls:
            log_refused(peer, self._max_calls)
            connection.send_last(FAILURE_LINE)
            connection.close()
            return stranger
        if self._one_only and self._stop is not None and not self._stop.done():
            self._stop_accepting()
            self._stop.set_result(None)
        deadline = self._loop.time() + self._handshake_timeout
        self._strangers[call] = deadline
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._drop_late)
        return stranger

    def _number_of_calls(self) -> int:
        return len(self._strangers) + len(self._tasks)

    def _drop_late(self) -> None:
        """Drop the calls whose environment has not come in time."""
        self._timer = None
        for call, deadline in list(self._strangers.items()):
            if deadline > self._loop.time():
                self._timer = self._loop.call_at(deadline, self._drop_late)
                return
            log_stranger(call.peer, call._protocol, TimeoutError(), self._handshake_timeout)
            self._done(call)

    def _begin(self, call: FastAGI) -> None:
        """Begin the task of a call whose environment has come, or cannot come any more."""
        del self._strangers[call]
        call.take_over()
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
        self._tasks[call] = task = self._loop.create_task(self._handle(call, *found))
        if task.done():  # a loop may begin a task at once
            del self._tasks[call]

    def _forget(self, call: FastAGI) -> None:
        self._strangers.pop(call, None)
        self._tasks.pop(call, None)

    def _done(self, call: FastAGI, _: object = None) -> None:
        # In this order: who sees the end of a call may call again at once.
        self._forget(call)
        call.close()

    async def _handle(self, call: FastAGI, route: Any, request: Any) -> None:  # noqa: ANN401
        try:
            await route.call(call, request)
        except BaseException as error:
            cancelled = cast("asyncio.Task[None]", asyncio.current_task()).cancelling()
            if cancelled and isinstance(error, asyncio.CancelledError):
                raise  # by the server: nobody's failure
            # Any other ends this call and nothing else.
            if log_end(call.peer, call.environment, error):
                await call.fail(FAILURE_LINE, FAILURE_SECONDS)
        finally:
            self._done(call)


def __getattr__(name: str) -> object:
    # It needs the manager, for which no program waits that does not use it.
    if name in ("AsyncAGI", "AsyncAGIServer"):
        return getattr(importlib.import_module("pystrix.agi._async_asyncagi"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
