"""One AMI connection on an event loop: the end of a socket, which does nothing but read and write.

Nothing here waits for a consumer: what comes for no action in particular is handed on in the moment
it is read.
"""

from __future__ import annotations

import asyncio
import functools
import time
from typing import TYPE_CHECKING, Any, cast

from pystrix.ami._action import AnyAction
from pystrix.ami._async_socket import CHUNK, OwnSocket, connect
from pystrix.ami._exchange import ResponseOnly
from pystrix.ami._protocol import AMIProtocol, State
from pystrix.ami._sockets import keep_alive
from pystrix.ami._target import check_name
from pystrix.ami._timeouts import Timeouts, wake
from pystrix.ami._wire import printable, redact
from pystrix.ami.errors import ManagerSocketError, ManagerTimeoutError

if TYPE_CHECKING:
    import logging
    import socket
    import ssl
    from collections.abc import Callable

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._exchange import Exchange
    from pystrix.ami._keepalive import Keepalive
    from pystrix.ami._message import Event, Response
    from pystrix.ami.errors import Error

__all__ = ["AsyncConnection"]

_READY, _CLOSED = State.READY, State.CLOSED  # an attribute of an Enum takes long to find


class AsyncConnection(asyncio.BufferedProtocol):
    """A connection, from the moment it is to be made.

    Args:
        protocol: The conversation.
        on_messages: Called with what comes for no action in particular, in order.
        debug: Whether to log every message at level DEBUG.
        logger: Where to log.
    """

    def __init__(
        self,
        protocol: AMIProtocol,
        on_messages: Callable[[list[Event | Response]], None],
        *,
        debug: bool,
        logger: logging.Logger,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._on_messages = on_messages
        self._logger = logger if debug else None
        self._buffer = memoryview(bytearray(CHUNK))
        self._transport: asyncio.Transport | OwnSocket | None = None
        self._paused = False
        self._flush_due = False
        self._state = protocol.state  # when something was read last
        self._timeouts = Timeouts(self._loop)
        self._keepalive: Keepalive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ping: Exchange[Any] | None = None
        self._greeted: asyncio.Future[None] = self._loop.create_future()
        self.heard = time.monotonic()
        """When something was read last, by the clock that is never set."""
        self.failure: Error | None = None
        """Why it is over, if this side did not want it so."""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when it is over."""

    # What a manager asks.

    def is_alive(self) -> bool:
        """Tell whether actions can be sent."""
        return self._protocol.state is _READY

    @property
    def asterisk_info(self) -> tuple[str, str] | None:
        """What the greeting says."""
        return self._protocol.asterisk_info

    @property
    def goodbye(self) -> bool:
        """Whether Asterisk said Goodbye."""
        return self._protocol.goodbye

    async def open(
        self,
        host: str,
        port: int,
        timeout: float,
        context: ssl.SSLContext | None,
        server_hostname: str | None,
        keepalive: Keepalive | None,
    ) -> None:
        """Connect, and read the greeting; a keepalive is for the kernel here.

        Raises:
            ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
        """
        peer = self._protocol.peer
        check_name(host, peer)
        try:
            async with asyncio.timeout(timeout):
                connected = await self._connect(host, port, context, server_hostname)
                if keepalive is not None:
                    keep_alive(connected, keepalive.interval, keepalive.timeout)
                await self._greeted
        except TimeoutError as error:
            raise ManagerSocketError(f"{peer} did not greet within {timeout} s") from error
        except OSError as error:
            raise ManagerSocketError(f"cannot connect to {peer}: {error}") from error
        if self.failure is not None:
            raise self.failure

    def watch(self, keepalive: Keepalive) -> None:
        """Begin to ping the peer when it is silent."""
        self._keepalive = keepalive
        self._check()

    async def request(
        self, action: Action[T_co], action_id: str | None = None, *, timeout: float
    ) -> T_co:
        """Send an action, wait for its answer, and give its result.

        Raises:
            ManagerActionError: If Asterisk refuses it.
            ManagerTimeoutError: If the answer does not come in time.
            ManagerConnectionLostError: If the connection ends before.
            ManagerError: If it has ended.
            ValueError: If Asterisk could not take it, or the ActionID is in use.
            TypeError: If the value of a header is bytes or None.
        """
        protocol = self._protocol
        alone = protocol.is_idle()
        exchange = protocol.send_action(action, action_id)
        if alone:
            self._flush()
        elif not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)
        # What Asterisk need not wait for comes behind the writing.
        future: asyncio.Future[None] = self._loop.create_future()
        exchange.on_done = functools.partial(wake, future)
        self._timeouts.add(future, timeout)
        try:
            await future
        finally:
            self._timeouts.discard(future)
            if not exchange.done:
                protocol.give_up(exchange)
        if not exchange.done:
            raise ManagerTimeoutError(
                f"{action.name} was not answered within {timeout} s", sent=exchange.sent
            )
        return exchange.result()

    def close(self, reason: str, failure: Error | None = None) -> None:
        """End the connection. Idempotent.

        Args:
            reason: What those that wait for an answer are told.
            failure: If this is no wish of the user's, what it is.
        """
        if self.failure is None:
            self.failure = failure
        self._protocol.close(reason)
        if self._transport is None:
            self._over()
        else:
            self._transport.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport | OwnSocket) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport | OwnSocket", transport)
        if self._protocol.state is State.CLOSED:  # closed while it was being made
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Give the place for what is read."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take what was read, of a socket of ours."""
        protocol = self._protocol
        self.heard = time.monotonic()
        if self._logger is not None:
            self._logger.debug("%s > %s", protocol.peer, printable(data).rstrip())
        protocol.receive_data(data)
        messages = protocol.messages_received()
        if messages:
            self._on_messages(messages)
        if protocol.state is not self._state:
            self._state = protocol.state
            wake(self._greeted)
            if self._state is _CLOSED:
                self.close("", protocol.failure)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        peer = self._protocol.peer
        if isinstance(exc, OSError):
            self._log("%s: the connection broke: %s", peer, exc)
        elif exc is not None:  # the loop has logged it
            self.failure = ManagerSocketError(f"the reader of {peer} failed: {exc!r}")
            self.failure.__cause__ = exc
        self._protocol.receive_eof()
        if self.failure is None:
            self.failure = self._protocol.failure
        self._over()

    def pause_writing(self) -> None:
        """Send nothing more for now: it can still be given up."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send what has waited."""
        self._paused = False
        self._flush()

    # Private.

    async def _connect(
        self, host: str, port: int, context: ssl.SSLContext | None, server_hostname: str | None
    ) -> socket.socket:
        """Make the connection; give its socket."""
        if context is None:
            connected = await connect(self._loop, host, port)
            self.connection_made(OwnSocket(self._loop, connected, self))
            return connected
        transport, _ = await self._loop.create_connection(
            lambda: self, host, port, ssl=context, server_hostname=server_hostname or host
        )
        connected = transport.get_extra_info("socket")
        return cast("socket.socket", connected)

    def _log(self, text: str, *values: object) -> None:
        if self._logger is not None:
            self._logger.debug(text, *values)

    def _flush(self) -> None:
        self._flush_due = False
        if self._paused or self._transport is None:
            return
        if data := self._protocol.data_to_send():
            if self._logger is not None:
                self._logger.debug("%s < %s", self._protocol.peer, redact(data).rstrip())
            self._transport.write(data)

    def _check(self) -> None:
        """Do what the keepalive says, and ask it again when it says."""
        if not self.is_alive():  # it has ended in this moment
            return
        keepalive, ping = cast("Keepalive", self._keepalive), self._ping
        waiting = ping is not None and not ping.done
        step = keepalive.check(
            time.monotonic(), self.heard, self._protocol.outstanding - int(waiting)
        )
        if step.do == "give up":
            seconds = keepalive.timeout
            reason = f"{self._protocol.peer} is gone: nothing came within {seconds} s of a Ping"
            self.close(reason, ManagerSocketError(reason))
            return
        if step.do == "ping" and not waiting:
            self._ping = self._protocol.send_action(AnyAction("Ping"), collector=ResponseOnly())
            self._flush()
        self._timer = self._loop.call_later(step.wait, self._check)

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timeouts.close()
        for future in (self._greeted, self.closed):
            if not future.done():
                future.set_result(None)
