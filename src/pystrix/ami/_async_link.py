"""Keeps a connection on an event loop: makes it, logs in, and makes it again when it is lost."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from pystrix.ami._async_connection import AsyncConnection
from pystrix.ami._gap import log_gap
from pystrix.ami._login import await_start, log_in
from pystrix.ami._protocol import AMIProtocol, NotConnectedError
from pystrix.ami._timeouts import FOREVER
from pystrix.ami.errors import (
    Error,
    ManagerConnectionLostError,
    ManagerError,
    ManagerTimeoutError,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pystrix.ami._login import Opening
    from pystrix.ami._message import Event, Response
    from pystrix.ami._reconnecting import Reconnecting
    from pystrix.ami._target import Target
    from pystrix.ami.events import CoreShowChannel

    Stock = tuple[Sequence[CoreShowChannel] | None, Mapping[Any, Any]]
    """The channels there are, if Asterisk told, and what the resync hooks gave."""

__all__ = ["AsyncLink"]


class AsyncLink:
    """The connections of one manager, one after the other. Not thread-safe.

    Args:
        target: Where to connect to.
        state: What is known of the connections.
        on_messages: Called with what is to be handed on, in order.
        take_stock: Awaited when there is a new connection behind a gap.
        on_lost: Called when a connection that could be used has ended, with the reason, or None if
            that was as the user wished.
        on_over: Called when there is no connection any more, and will be none.
        debug: Whether to log every message at level DEBUG.
        logger: Where to log.
    """

    def __init__(
        self,
        target: Target,
        state: Reconnecting,
        *,
        on_messages: Callable[[list[Event | Response]], None],
        take_stock: Callable[[AsyncConnection], Awaitable[Stock]],
        on_lost: Callable[[Error | None], None],
        on_over: Callable[[Exception | None], None],
        debug: bool,
        logger: logging.Logger,
    ) -> None:
        self._target = target
        self._state = state
        self._on_messages = on_messages
        self._take_stock = take_stock
        self._on_lost = on_lost
        self._on_over = on_over
        self._debug = debug
        self._logger = logger
        self._loop: asyncio.AbstractEventLoop
        self._connection: AsyncConnection | None = None  # the one there is, or is being made
        self._usable = False  # whether the program may send over it
        self._waiting: set[asyncio.Future[None]] = set()  # for one that is usable, or the end
        self._booted: asyncio.Future[None] | None = None  # that Asterisk has started
        self._first: asyncio.Future[None]  # that there has been a connection
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.closed = asyncio.Event()
        """Set when there is no connection any more, and will be none."""
        self.failure: Exception | None = None
        """Why, if this side did not want it so."""

    def get_usable(self) -> AsyncConnection | None:
        """Give the connection that actions can be sent over; None while there is none."""
        connection = self._connection
        if connection is not None and self._usable and connection.is_alive():
            return connection
        return None

    @property
    def connection(self) -> AsyncConnection | None:
        """The connection there is, or is being made."""
        return self._connection

    async def start(self) -> None:
        """Connect; once.

        Raises:
            ManagerError: If that was done before, or whatever keeps it from connecting.
            ManagerSocketError: If there is no connection.
        """
        if self._task is not None or self.closed.is_set():
            raise ManagerError("a manager is connected once: make a new one")
        self._loop = asyncio.get_running_loop()
        self._first = self._loop.create_future()
        self._task = self._loop.create_task(self._run())
        # One that is cancelled before its first step does not run at all.
        self._task.add_done_callback(lambda _: self._finish(None))
        try:
            await asyncio.shield(self._first)
        except BaseException:
            self._first.cancel()  # nobody waits for it any more
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the connection for good. Idempotent."""
        if self._task is None:
            self._finish(None)
        elif not self._task.done():  # its loop may be closed otherwise
            if not self._stopping:  # once: it ends in order; time limits cancel it, too
                self._stopping = True
                self._task.cancel()
            await asyncio.wait([self._task])

    async def come_online(self, name: str, timeout: float) -> AsyncConnection:
        """Wait for a connection that is usable.

        Args:
            name: The name of the action that is to be sent.
            timeout: The seconds that it may take.

        Raises:
            ManagerError: If there is none and will be none, or nobody is to wait for it.
            ManagerTimeoutError: If there is none in time.
        """
        peer = self._state.peer
        if self._task is None and not self.closed.is_set():
            raise ManagerError(f"cannot send {name}: the manager has not been connected yet")
        limit = min(timeout, self._target.offline_timeout)
        until = time.monotonic() + limit
        while not self.closed.is_set():
            if connection := self.get_usable():
                return connection
            left = until - time.monotonic()
            if left <= 0:
                break
            await self._news(left)  # the one that is told of may be lost by now
        if self.closed.is_set():
            why = self.failure or "the manager was closed"
            raise ManagerError(f"cannot send {name}: {why}") from self.failure
        if limit <= 0:
            raise ManagerError(f"cannot send {name}: not connected to {peer}")
        raise ManagerTimeoutError(
            f"{name} was not sent: not connected to {peer} within {limit} s", sent=False
        )

    async def _news(self, timeout: float) -> None:
        """Wait until there is a usable connection, or will be none, or the time is up."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=timeout if timeout < FOREVER else None)
        finally:
            self._waiting.discard(future)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.set_result(None)

    # Private: in the task.

    async def _run(self) -> None:
        failure: Exception | None = None
        try:
            failure = await self._live()
        except Exception as error:
            self._logger.exception("%s: the manager failed", self._state.peer)
            failure = error
        finally:
            self._finish(failure)

    async def _live(self) -> Error | None:
        """Keep a connection; give why there is none any more."""
        while True:
            failure = await self._live_once()
            connection = cast("AsyncConnection", self._connection)
            if failure is None:
                return None
            now = time.time()
            heard = now - (time.monotonic() - connection.heard)
            delay = self._state.lost(now, heard, failure)
            if delay is None:
                if self._first.done():
                    self._logger.error("%s: there will be no other connection", failure)
                return failure
            self._logger.warning("%s; trying again in %.1f s", failure, delay)
            await asyncio.sleep(delay)

    async def _live_once(self) -> Error | None:
        """Make a connection and wait for its end; give why it ended, None if as the user wished."""
        target = self._target
        protocol = AMIProtocol(self._state.peer, events=target.event_classes)
        self._connection = connection = AsyncConnection(
            protocol, self._heard, debug=self._debug, logger=self._logger
        )
        self._state.begin()
        keepalive = target.new_keepalive()
        failure: Error | None = None
        try:
            await connection.open(
                target.host,
                target.port,
                target.connect_timeout,
                target.context,
                target.server_hostname,
                keepalive,
            )
            await self._converse(connection, log_in(target.credentials))
            self._state.logged_in(time.time())
            await self._converse(connection, await_start(self._state, target.boot_timeout))
            if keepalive is not None:
                connection.watch(keepalive)
            await self._flow(connection)
        except Error as error:
            failure = error
            if isinstance(error, NotConnectedError):
                failure = _over(connection)
        finally:
            was_usable, self._usable = self._usable, False
            connection.close("the manager was closed")
            try:
                await asyncio.wait([connection.closed])
            finally:  # it may be cancelled there as well
                if was_usable:
                    self._on_lost(failure or connection.failure)
        return None if connection.goodbye else failure or connection.failure

    async def _converse(self, connection: AsyncConnection, opening: Opening) -> None:
        """Run a part of the beginning of a session."""
        try:
            action = next(opening)
            while True:
                result: Any = None
                try:
                    if action is None:
                        await self._wait_for_boot(connection)
                    else:
                        result = await connection.request(action, timeout=action.timeout)
                except Error as error:
                    action = opening.throw(error)
                else:
                    action = opening.send(result)
        except StopIteration:
            return

    async def _wait_for_boot(self, connection: AsyncConnection) -> None:
        self._booted = self._loop.create_future()
        seconds = self._target.boot_timeout
        await asyncio.wait(
            [self._booted, connection.closed],
            timeout=seconds if seconds < FOREVER else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if connection.closed.done():
            raise _over(connection)
        if not self._booted.done():
            raise ManagerTimeoutError(f"Asterisk has not started within {seconds} s", sent=False)

    async def _flow(self, connection: AsyncConnection) -> None:
        """Let the program use a connection until it ends."""
        self._state.established()
        self._usable = True
        self._tell()
        stock: Stock = None, {}
        if self._state.in_gap:
            stock = await self._stock(connection)
        if not connection.is_alive():
            raise _over(connection)
        messages = self._state.release(*stock)
        log_gap(messages, self._logger)
        self._on_messages(messages)
        if not self._first.done():
            self._first.set_result(None)
        await asyncio.wait([connection.closed])

    async def _stock(self, connection: AsyncConnection) -> Stock:
        """Take stock, unless the connection ends before."""
        task = asyncio.ensure_future(self._take_stock(connection))
        try:
            either: list[asyncio.Future[Any]] = [task, connection.closed]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise _over(connection)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def _heard(self, messages: list[Event | Response]) -> None:
        """Take what came; in the moment it is read."""
        messages = self._state.hear(messages)
        if self._booted is not None and self._state.booted and not self._booted.done():
            self._booted.set_result(None)
        if messages:
            self._on_messages(messages)

    def _finish(self, failure: Exception | None) -> None:
        """Tell all who wait that there will be no connection."""
        if self.closed.is_set():
            return
        self.failure = failure
        self.closed.set()
        self._tell()
        if self._task is not None and not self._first.done():
            self._first.set_exception(failure or ManagerError("the manager was closed"))
        self._on_over(failure)


def _over(connection: AsyncConnection) -> Error:
    """Make the error of a connection that has ended."""
    return connection.failure or ManagerConnectionLostError("the connection was closed", sent=False)
