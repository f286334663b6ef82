"""Keeps a connection on threads: makes it, logs in, and makes it again when it is lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final, cast

from pystrix.ami._action import AnyAction, AnyListAction
from pystrix.ami._connection import Connection, connect
from pystrix.ami._exchange import ResponseOnly
from pystrix.ami._gap import log_gap
from pystrix.ami._login import await_start, log_in
from pystrix.ami._protocol import NotConnectedError
from pystrix.ami._sockets import keep_alive
from pystrix.ami.errors import (
    Error,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
    ManagerTimeoutError,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._login import Opening
    from pystrix.ami._message import Event, Response
    from pystrix.ami._reconnecting import Reconnecting
    from pystrix.ami._target import Target
    from pystrix.ami.events import CoreShowChannel

    Stock = tuple[Sequence[CoreShowChannel] | None, Mapping[Any, Any]]
    """The channels there are, if Asterisk told, and what the resync hooks gave."""

__all__ = ["Reconnector", "ask", "monitor", "take_stock"]

CHANNELS_SECONDS: Final = 30.0
"""How long the list of channels may take behind a gap."""


def ask(
    connection: Connection, action: Action[T_co], action_id: str | None = None, *, timeout: float
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
    exchange = connection.request(action, action_id, timeout=timeout)
    if not exchange.done:
        raise ManagerTimeoutError(
            f"{action.name} was not answered within {timeout} s", sent=exchange.sent
        )
    return exchange.result()


def monitor(connection: Connection, interval: float, timeout: float) -> None:
    """Send a Ping every now and then, and end a connection when nothing comes behind it.

    Args:
        connection: The connection.
        interval: The seconds between two.
        timeout: The seconds that the answer may take.
    """
    while not connection.wait_closed(interval):
        received = connection.received
        try:
            exchange = connection.request(
                AnyAction("Ping"), timeout=timeout, collector=ResponseOnly()
            )
        except ManagerError:  # closed in this moment
            return
        silent = not exchange.done and connection.received == received
        if silent and not connection.outstanding:
            text = f"nothing came within {timeout} s of a Ping"
            connection.close(text, ManagerSocketError(text))


def take_stock(
    connection: Connection,
    hooks: Iterable[Callable[[Any], object]],
    manager: object,
    logger: logging.Logger,
) -> Stock:
    """Ask what there is behind a gap: the channels, and what the program's hooks ask."""
    channels: Sequence[CoreShowChannel] | None = None
    try:
        action: AnyListAction = AnyListAction("CoreShowChannels")
        found = ask(connection, action, timeout=CHANNELS_SECONDS)
        channels = cast("Sequence[CoreShowChannel]", found)
    except ManagerError as error:
        logger.info("the channels behind the gap are not known: %s", error)
    results: dict[Any, object] = {}
    for hook in hooks:
        try:
            results[hook] = hook(manager)
        except BaseException:  # it harms nobody else
            if not connection.is_alive():  # it will be called again
                break
            logger.exception("the resync hook %r failed", hook)
    return channels, results


class Reconnector:
    """The connections of one manager, one after the other. Thread-safe.

    Args:
        target: Where to connect to.
        state: What is known of the connections.
        hand_on: Called with a connection and what is to be handed on, in order.
        take_stock: Called when there is a new connection behind a gap.
        on_lost: Called when a connection that could be used has ended.
        on_over: Called when there is no connection any more, and will be none.
        debug: Whether to log every message at level DEBUG.
        logger: Where to log.
    """

    def __init__(
        self,
        target: Target,
        state: Reconnecting,
        *,
        hand_on: Callable[[Connection, Sequence[Event | Response]], None],
        take_stock: Callable[[Connection], Stock],
        on_lost: Callable[[Connection], None],
        on_over: Callable[[], None],
        debug: bool,
        logger: logging.Logger,
    ) -> None:
        self._target = target
        self._hand_on = hand_on
        self._take_stock = take_stock
        self._on_lost = on_lost
        self._on_over = on_over
        self._debug = debug
        self._logger = logger
        # Guards all below. What is handed on is so with it held: nothing overtakes.
        self._news = threading.Condition()
        self._state = state
        self._connection: Connection | None = None  # the one there is, or that logs in
        self._connecting = False  # whether the kernel does, which nothing can end
        self._usable = False  # whether the program may send over the connection
        self._first = False  # whether there has been a connection
        self._stopping = False
        self._over = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="pystrix-ami-reconnect", daemon=True)

    def get_usable(self) -> Connection | None:
        """Give the connection that actions can be sent over; None while there is none."""
        connection = self._connection
        return connection if self._usable and connection and connection.is_alive() else None

    @property
    def connection(self) -> Connection | None:
        """The connection there is, or was last."""
        return self._connection

    def start(self) -> None:
        """Connect; once.

        Raises:
            ManagerError: If the login is refused, or this is stopped meanwhile.
            ManagerSocketError: If there is no connection.
            RuntimeError: If the system has no thread left.
        """
        self._thread.start()
        try:
            with self._news:
                self._news.wait_for(lambda: self._first or self._over)
        except BaseException:
            self.stop()
            raise
        if not self._first:
            raise self._failure or ManagerError("the manager was disconnected")

    def stop(self) -> None:
        """Close the connection for good. Idempotent."""
        with self._news:
            self._stopping = True
            connection = self._connection
            self._news.notify_all()
        if connection is not None:
            connection.close("the manager disconnected")
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            with self._news:
                self._news.wait_for(lambda: self._over or self._connecting)

    def wait_over(self, timeout: float | None = None) -> bool:
        """Wait until there is no connection, and will be none; tell whether it is so.

        Args:
            timeout: The seconds to wait at most; None for any. The thread that connects does not
                wait.

        Raises:
            Error: Why there will be none, if this side did not want it so.
        """
        limit = threading.TIMEOUT_MAX if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        if self._thread is threading.current_thread():
            limit = 0
        with self._news:
            over = self._news.wait_for(lambda: self._over, limit)
        if self._failure is not None:
            raise self._failure
        return over

    def come_online(self, name: str, timeout: float) -> Connection:
        """Wait for a connection that is usable.

        Args:
            name: The name of the action that is to be sent.
            timeout: The seconds that it may take.

        Raises:
            ManagerError: If there is none and will be none, or nobody is to wait for it.
            ManagerTimeoutError: If there is none in time.
        """
        peer = self._state.peer
        limit = min(timeout, self._target.offline_timeout, threading.TIMEOUT_MAX)
        if self._thread is threading.current_thread():
            limit = 0  # it is this one that connects
        with self._news:
            if limit > 0:
                self._news.wait_for(lambda: self._over or self.get_usable(), limit)
            if connection := self.get_usable():
                return connection
            if self._over:
                why = self._failure or "the manager was disconnected"
                raise ManagerError(f"cannot send {name}: {why}") from self._failure
        if limit <= 0:
            raise ManagerError(f"cannot send {name}: not connected to {peer}")
        raise ManagerTimeoutError(
            f"{name} was not sent: not connected to {peer} within {limit} s", sent=False
        )

    # In the thread that reads a connection.

    def _hear(self, connection: Connection, messages: list[Event | Response]) -> None:
        """Take what came."""
        with self._news:
            messages = self._state.hear(messages)
            if messages:
                self._hand_on(connection, messages)
            elif self._state.booted:
                self._news.notify_all()

    def _ended(self, connection: Connection) -> None:
        """Take note that a connection has ended."""
        if self._usable:
            self._on_lost(connection)
        with self._news:
            self._news.notify_all()

    # In the thread that connects.

    def _run(self) -> None:
        failure: Exception | None = None
        try:
            failure = self._live()
        except Exception as error:
            self._logger.exception("%s: the manager failed", self._state.peer)
            failure = error
        finally:
            with self._news:
                self._over, self._failure = True, failure
                self._news.notify_all()
            self._on_over()

    def _live(self) -> Error | None:
        """Keep a connection; give why there is none any more."""
        while True:
            heard, failure = self._live_once()
            if failure is None:
                return None
            now = time.time()
            delay = self._state.lost(now, now - (time.monotonic() - heard), failure)
            if delay is None:
                if self._first:
                    self._logger.error("%s: there will be no other connection", failure)
                return failure
            self._logger.warning("%s; trying again in %.1f s", failure, delay)
            with self._news:
                if self._news.wait_for(lambda: self._stopping, delay):
                    return None

    def _live_once(self) -> tuple[float, Error | None]:
        """Make a connection and wait for its end.

        Returns:
            When something was read last; why it ended, None if as the user wished.
        """
        target = self._target
        connection: Connection | None = None
        failure: Error | None = None
        self._state.begin()
        try:
            connection = self._open()
            self._converse(connection, log_in(target.credentials))
            self._state.logged_in(time.time())
            self._converse(connection, await_start(self._state, target.boot_timeout))
            self._flow(connection)
            failure = self._watch(connection)
        except Error as error:
            failure = error
            if connection is not None and isinstance(error, NotConnectedError):
                failure = _over(connection)
        finally:
            if connection is not None:
                connection.close("the manager disconnected")
                connection.wait_closed()
                self._usable = False  # not before: the thread that reads looks at the end
        if self._stopping or (connection is not None and connection.goodbye):
            failure = None
        return time.monotonic() if connection is None else connection.heard, failure

    def _open(self) -> Connection:
        """Make a connection, which has been greeted."""
        target = self._target
        keepalive = target.new_keepalive()
        with self._news:
            self._connecting = True
            self._news.notify_all()
        try:
            stream, protocol = connect(
                target.host,
                target.port,
                target.connect_timeout,
                context=target.context,
                server_hostname=target.server_hostname,
                events=target.event_classes,
            )
        finally:
            with self._news:
                self._connecting = False
        try:
            if keepalive is not None:
                keep_alive(stream, keepalive.interval, keepalive.timeout)
            connection = Connection(
                stream, protocol, self._hear, self._ended, debug=self._debug, logger=self._logger
            )
        except OSError as error:  # no descriptors are left, for instance
            stream.close()
            raise ManagerSocketError(f"cannot use the connection: {error}") from error
        with self._news:
            stopping = self._stopping
            if not stopping:
                self._connection = connection
        if stopping:
            connection.abandon()
            raise ManagerError("the manager was disconnected")
        try:
            connection.start()
        except RuntimeError as error:
            raise ManagerSocketError(f"there is no thread that reads: {error}") from error
        return connection

    def _converse(self, connection: Connection, opening: Opening) -> None:
        """Run a part of the beginning of a session."""
        try:
            action = next(opening)
            while True:
                result: Any = None
                try:
                    if action is None:
                        self._wait_for_boot(connection)
                    else:
                        result = ask(connection, action, timeout=action.timeout)
                except Error as error:
                    action = opening.throw(error)
                else:
                    action = opening.send(result)
        except StopIteration:
            return

    def _wait_for_boot(self, connection: Connection) -> None:
        seconds = self._target.boot_timeout
        with self._news:
            self._news.wait_for(
                lambda: self._state.booted or not connection.is_alive(),
                min(seconds, threading.TIMEOUT_MAX),
            )
        if not connection.is_alive():
            raise _over(connection)
        if not self._state.booted:
            raise ManagerTimeoutError(f"Asterisk has not started within {seconds} s", sent=False)

    def _flow(self, connection: Connection) -> None:
        """Let the program use a connection."""
        with self._news:
            self._state.established()
            self._usable = True
            self._news.notify_all()
        stock: Stock = None, {}
        if self._state.in_gap:
            stock = self._take_stock(connection)
        with self._news:
            if not connection.is_alive():
                raise _over(connection)
            messages = self._state.release(*stock)
            log_gap(messages, self._logger)
            self._hand_on(connection, messages)
            self._first = True
            self._news.notify_all()

    def _watch(self, connection: Connection) -> Error | None:
        """Wait for the end of a connection, and end it if the peer is gone; give the reason."""
        keepalive = self._target.new_keepalive()
        if keepalive is None:
            connection.wait_closed()
            return _over(connection)
        wait: float | None = 0.0
        while not connection.wait_closed(wait):
            step = keepalive.check(time.monotonic(), connection.heard, connection.outstanding)
            wait = step.wait
            if step.do == "give up":
                seconds = keepalive.timeout
                reason = f"{self._state.peer} is gone: nothing came within {seconds} s of a Ping"
                connection.close(reason, ManagerSocketError(reason))
                wait = None
            if step.do == "ping":
                try:
                    connection.request(
                        AnyAction("Ping"), timeout=keepalive.timeout, collector=ResponseOnly()
                    )
                except ManagerError:  # closed in this moment
                    continue
                wait = 0.0
        return _over(connection)


def _over(connection: Connection) -> Error:
    """Make the error of a connection that has ended."""
    return connection.failure or ManagerConnectionLostError("the connection was closed", sent=False)
