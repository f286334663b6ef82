"""The manager on asyncio: actions, streams of events, callbacks; a connection that comes back."""

from __future__ import annotations

import asyncio
import inspect
import logging
import ssl as tls
import time
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast, overload

from pystrix.ami._action import AnyListAction
from pystrix.ami._aggregate import Aggregate
from pystrix.ami._async_calls import Call, Calls
from pystrix.ami._async_events import EventStream, Mailbox, Overflow, Streams, deliver
from pystrix.ami._async_link import AsyncLink
from pystrix.ami._backoff import Backoff
from pystrix.ami._exchange import seconds_for
from pystrix.ami._listeners import Listeners
from pystrix.ami._login import Auth, Credentials
from pystrix.ami._message import Event, Response
from pystrix.ami._reconnecting import Reconnecting
from pystrix.ami._target import Target, peer_of
from pystrix.ami.errors import ManagerError, ManagerOverflowError
from pystrix.ami.events import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._async_connection import AsyncConnection
    from pystrix.ami._callbacks import Callback, EventKey
    from pystrix.ami._calling import OriginateOptions
    from pystrix.ami._words import Names
    from pystrix.ami.events import CoreShowChannel

__all__ = ["Call", "Calls", "EventStream", "Manager"]

QUEUE_SIZE: Final = 50_000
"""Events that may wait: a few seconds of a large system, some 50 MB."""

CHANNELS_SECONDS: Final = 30.0
"""How long the list of channels may take after a reconnect."""

EventT = TypeVar("EventT", bound=Event)
Event2T = TypeVar("Event2T", bound=Event)
Event3T = TypeVar("Event3T", bound=Event)


class Manager(Listeners):
    """A connection to Asterisk's manager interface, which is made again when it is lost.

    ``async with Manager("192.0.2.1", username="u", secret="s") as manager:`` connects, logs in, and
    waits until Asterisk has started. Not thread-safe: use it on the loop that it was entered on.

    When the connection is lost, actions on their way fail with a `ManagerConnectionLostError` that
    says whether they had been sent; none is ever sent again. The manager connects and logs in
    again, asks for the channels there are, calls the resync hooks, and then goes on with all
    streams and callbacks: first comes a `Gap`, which says from when to when nothing was heard.
    What actions had set for the old connection (``Events``, ``Filter``) is gone with it: a hook can
    send them again.

    It gives up, and says so, when Asterisk refuses the login for good: `send` then raises a
    `ManagerError`, and streams and `wait_closed` the `ManagerAuthError`.

    Args:
        host: The name or address of the server, IPv4 or IPv6.
        port: Its port: ``port`` in manager.conf, or ``tlsbindaddr`` with TLS.
        username: The user of manager.conf.
        secret: The password.
        ssl: How to speak TLS; True for Python's defaults, None or False for plain TCP.
        server_hostname: The name that the certificate must have; None for `host`.
        auth: ``"MD5"`` sends the password hashed with a challenge, ``"plain"`` as it is. None for
            MD5 over plain TCP, where others may listen, and plain over TLS.
        event_mask: The classes of events to get; None for all that the user may read.
        connect_timeout: The seconds that a connection may take, up to Asterisk's greeting.
        boot_timeout: The seconds that the start of Asterisk may take, once it takes logins.
        reconnect: Whether to connect again, and after which waits.
        wait_for_asterisk: Whether the first connection is tried again as well, until there is one.
        offline_timeout: The seconds that an action waits for the connection while there is none,
            though never longer than its own timeout; 0 to fail at once.
        keepalive: After how many seconds of silence to send a Ping; None for never.
        keepalive_timeout: The seconds that the answer may take.
        queue_size: How many events may wait for callbacks, and for the end of a resync.
        overflow: What becomes of events that find no room in the queue to the callbacks:
            ``"drop"`` loses them, counts them in `events_dropped` and logs a line for each burst;
            ``"disconnect"`` ends the connection.
        debug: Whether to log every message at level DEBUG; the secret of a login is not shown, but
            what Asterisk sends is, as it is: the passwords in a configuration file, too.
        logger: Where to log; None for the logger ``pystrix.ami``.
        event_classes: The classes of events by their names in lower case; None for the catalogue.

    Raises:
        ValueError: If a value is none of those, or there is no such port.
        TypeError: If the host is no text, or the port no number.
    """

    def __init__(
        self,
        host: str,
        port: int = 5038,
        *,
        username: str,
        secret: str,
        ssl: tls.SSLContext | bool | None = None,
        server_hostname: str | None = None,
        auth: Auth | None = None,
        event_mask: Names | None = None,
        connect_timeout: float = 5.0,
        boot_timeout: float = 60.0,
        reconnect: bool | Backoff = True,
        wait_for_asterisk: bool = False,
        offline_timeout: float = 5.0,
        keepalive: float | None = 30.0,
        keepalive_timeout: float = 10.0,
        queue_size: int = QUEUE_SIZE,
        overflow: Literal["drop", "disconnect"] = "drop",
        debug: bool = False,
        logger: logging.Logger | None = None,
        event_classes: Mapping[str, type[Event]] | None = None,
    ) -> None:
        if overflow not in ("drop", "disconnect"):
            raise ValueError(f"overflow is 'drop' or 'disconnect', not {overflow!r}")
        context = tls.create_default_context() if ssl is True else ssl or None
        method: Auth = auth or ("plain" if context else "MD5")
        backoff = Backoff() if reconnect is True else reconnect or None
        super().__init__(logger or logging.getLogger("pystrix.ami"))
        self._overflow = overflow
        self._streams = Streams(self._logger)
        self._mailbox = Mailbox(queue_size, self._log_full)
        self._dispatcher: asyncio.Task[None] | None = None
        self._cancelled = False  # whether the dispatcher was
        self._calls: Calls | None = None
        self._link = AsyncLink(
            Target(
                host=host,
                port=port,
                context=context,
                server_hostname=server_hostname,
                connect_timeout=connect_timeout,
                boot_timeout=boot_timeout,
                offline_timeout=offline_timeout,
                keepalive=keepalive,
                keepalive_timeout=keepalive_timeout,
                credentials=Credentials(username, secret, method, event_mask),
                event_classes=BY_NAME if event_classes is None else event_classes,
            ),
            Reconnecting(
                peer_of(host, port),
                backoff,
                (backoff or Backoff()) if wait_for_asterisk else None,
                queue_size,
            ),
            on_messages=self._route,
            take_stock=self._take_stock,
            on_lost=lambda failure: self._taps.lost(str(failure or "the manager was closed")),
            on_over=self._end,
            debug=debug,
            logger=self._logger,
        )

    # The connection.

    async def connect(self) -> None:
        """Connect, log in, and wait until Asterisk has started; ``async with`` does it.

        Raises:
            ManagerAuthError: If Asterisk refuses the login.
            ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
            ManagerError: If this manager was connected before.
        """
        try:
            await self._link.start()
        except asyncio.CancelledError:
            await self.close()  # a callback may run already
            raise

    async def close(self) -> None:
        """Close the connection for good, and end all streams. Idempotent.

        Whoever waits for an answer is told; a callback that runs is cancelled, unless it is the one
        that closes.
        """
        self._mailbox.abandon()
        try:
            await self._link.stop()
        finally:  # it may be cancelled there as well
            dispatcher = self._dispatcher
            if dispatcher is asyncio.current_task():
                dispatcher = None
            if dispatcher is not None and not self._cancelled:  # once: callbacks clean up
                self._cancelled = True
                dispatcher.cancel()
        if dispatcher is not None and not dispatcher.done():  # its loop may be closed otherwise
            await asyncio.wait([dispatcher])

    async def wait_closed(self) -> None:
        """Wait until there is no connection, and will be none: it was closed, or lost for good.

        Raises:
            ManagerAuthError: If Asterisk refused the login of a reconnect.
            ManagerSocketError: If the connection was lost, and `reconnect` is off.
            ManagerError: For any other reason for which there will be none.
        """
        await self._link.closed.wait()
        if self._link.failure is not None:
            raise self._link.failure

    def is_connected(self) -> bool:
        """Tell whether there is a connection over which actions can be sent now."""
        return self._link.get_usable() is not None

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Give what Asterisk greeted with: ``("Asterisk Call Manager", "11.0.0")``.

        Returns:
            The name and the version of the protocol; None if there is no connection.
        """
        connection = self._link.get_usable()
        return connection.asterisk_info if connection is not None else None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # Events.

    @overload
    def events(
        self,
        kind: type[EventT],
        /,
        *,
        queue_size: int = ...,
        overflow: Overflow = ...,
    ) -> EventStream[EventT]: ...
    @overload
    def events(
        self,
        kind: type[EventT],
        second: type[Event2T],
        /,
        *,
        queue_size: int = ...,
        overflow: Overflow = ...,
    ) -> EventStream[EventT | Event2T]: ...
    @overload
    def events(
        self,
        kind: type[EventT],
        second: type[Event2T],
        third: type[Event3T],
        /,
        *,
        queue_size: int = ...,
        overflow: Overflow = ...,
    ) -> EventStream[EventT | Event2T | Event3T]: ...
    @overload
    def events(
        self,
        *kinds: str | type[Event],
        queue_size: int = ...,
        overflow: Overflow = ...,
    ) -> EventStream[Event]: ...

    def events(
        self,
        *kinds: str | type[Event],
        queue_size: int = QUEUE_SIZE,
        overflow: Overflow = "drop",
    ) -> EventStream[Any]:
        """Make a stream of events: ``with manager.events(Hangup) as hangups: async for ...``.

        It begins now, not with the iteration, and stays when the connection is made again: ask for
        `Gap`, too, to know of it. Streams do not disturb each other.

        Args:
            kinds: The classes or names of the events to get; none for all.
            queue_size: How many events may wait for it.
            overflow: What becomes of those that find no room: ``"drop"`` loses them, counts them
                in `EventStream.dropped` and logs a line for each burst; ``"raise"`` ends the stream
                with a `ManagerOverflowError`. A `Gap` always finds room, in the place of another.

        Raises:
            ManagerError: If this manager was closed.
            ValueError: If a kind is neither the name nor the class of an event.
        """
        if self._link.closed.is_set():
            raise ManagerError("the manager was closed")
        return self._streams.open(kinds, queue_size, overflow)

    @property
    def events_dropped(self) -> int:
        """How many events found no room in the queue to the callbacks."""
        return self._mailbox.dropped

    def register_callback(self, event: EventKey, function: Callback) -> None:
        """Have a function called for events, as `Listeners.register_callback` says.

        Raises:
            ValueError: If `event` is nothing that functions are registered for; for an aggregate,
                too: instead of those a `ListAction` gives its events.
        """
        if isinstance(event, type) and issubclass(event, Aggregate):
            # As for any other key that nothing is registered for.
            raise ValueError(  # noqa: TRY004
                f"callbacks are registered for events, not for {event!r}: there are no aggregates "
                "on asyncio, a ListAction gives its events"
            )
        super().register_callback(event, function)

    # Actions.

    async def send(
        self, action: Action[T_co], *, timeout: float | None = None, action_id: str | None = None
    ) -> T_co:
        """Send an action and give its result: the response, for a list action the list.

        It can be cancelled. What Asterisk makes of an action that was sent is not undone by that.

        Args:
            action: The action.
            timeout: The seconds that the answer may take; None for ``action.timeout``, which is
                longer for those that take their time; ``math.inf`` for any.
            action_id: The ActionID to use; None for the action's own, else a fresh one.

        Raises:
            ManagerActionError: If Asterisk refuses it.
            ManagerTimeoutError: If the answer does not come in time, or the connection.
            ManagerConnectionLostError: If the connection ends before.
            ManagerError: If there is no connection.
            ValueError: If Asterisk could not take it, or the ActionID is in use.
            TypeError: If it is no action, or the value of a header is bytes or None.
        """
        seconds = seconds_for(action, timeout)
        connection = self._link.get_usable()
        if connection is None:
            started = time.monotonic()
            connection = await self._link.come_online(action.name, seconds)
            seconds -= time.monotonic() - started
        return await connection.request(action, action_id, timeout=seconds)

    # Calls.

    @property
    def calls(self) -> Calls:
        """The calls that Asterisk has: followed from the moment this is asked for.

        Those that there were before are known when ``await manager.calls.start()`` has returned.
        """
        if self._calls is None:
            self._calls = Calls(self)
        return self._calls

    async def originate(self, channel: str, **options: Unpack[OriginateOptions]) -> Call:
        """Make a call, as `Calls.originate` says: ``await call.answered()``, ``call.ended()``.

        Args:
            channel: What to call: ``"PJSIP/alice"``.
            options: What with: see `OriginateOptions`.

        Raises:
            ManagerActionError: If Asterisk refuses it.
            ManagerError: If it cannot be sent.
            ValueError: If Asterisk could not take it, or an option is wrong.
        """
        return await self.calls.originate(channel, **options)

    # Private.

    def _route(self, messages: Sequence[Event | Response]) -> None:
        """Give messages to those who want them; in the moment they are read."""
        self._taps.heard(messages)
        streams, find, mailbox = self._streams, self._callbacks.find, self._mailbox
        for message in messages:
            if isinstance(message, Response):
                name = None
            else:
                name = message.name
                if streams:
                    streams.put(message, name)
            if find(name):
                mailbox.put(message)
        if self._dispatcher is None and len(mailbox):
            self._dispatcher = asyncio.get_running_loop().create_task(
                deliver(mailbox, find, self, self._logger)
            )

    async def _take_stock(
        self, connection: AsyncConnection
    ) -> tuple[Sequence[CoreShowChannel] | None, Mapping[Any, object]]:
        """Ask what there is behind a gap: the channels, and what the program's hooks ask."""
        channels: Sequence[CoreShowChannel] | None = None
        action: AnyListAction = AnyListAction("CoreShowChannels")
        try:
            channels = cast(
                "Sequence[CoreShowChannel]",
                await connection.request(action, timeout=CHANNELS_SECONDS),
            )
        except ManagerError as error:
            self._logger.info("the channels behind the gap are not known: %s", error)
        results: dict[Any, object] = {}
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        for hook in self._hooks:
            try:
                result = hook(self)
                results[hook] = await result if inspect.isawaitable(result) else result
            except (Exception, SystemExit, asyncio.CancelledError) as error:
                if task.cancelling() and isinstance(error, asyncio.CancelledError):
                    raise  # by the manager; any other is the hook's own failure
                if not connection.is_alive():  # it will be called again
                    break
                self._logger.exception("the resync hook %r failed", hook)
        return channels, results

    def _log_full(self, mailbox: Mailbox, first: bool) -> None:
        """Do what is to be done when events find no room in the queue to the callbacks."""
        connection = self._link.get_usable()
        if self._overflow == "disconnect":
            if connection is not None:  # else it is done already
                error = ManagerOverflowError(len(mailbox))
                connection.close(str(error), error)
        elif first:
            self._logger.warning(
                "the callbacks are slower than the events: %d wait, others are dropped (%d by now)",
                len(mailbox),
                mailbox.dropped,
            )

    def _end(self, failure: Exception | None) -> None:
        """Let consumers take what is queued, and no more."""
        self._taps.over(str(failure or "the manager was closed"))
        self._streams.end(failure)
        self._mailbox.end()
