"""The manager on threads: actions, events and callbacks over one AMI connection."""

from __future__ import annotations

import functools
import logging
import ssl as tls
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from pystrix.ami._action import AnyAction
from pystrix.ami._aggregate import SynchronousEvents
from pystrix.ami._answer import Answer
from pystrix.ami._backoff import Backoff
from pystrix.ami._connection import Connection, connect
from pystrix.ami._delivery import Delivery, Heard
from pystrix.ami._dispatcher import Dispatcher
from pystrix.ami._exchange import ResponseOnly, seconds_for
from pystrix.ami._forks import tell_of_forks
from pystrix.ami._gap import Gap
from pystrix.ami._listeners import Listeners
from pystrix.ami._login import Auth, Credentials
from pystrix.ami._protocol import NotConnectedError
from pystrix.ami._reconnecting import Reconnecting
from pystrix.ami._reconnector import Reconnector, ask, monitor, take_stock
from pystrix.ami._target import Target, peer_of
from pystrix.ami._wire import printable
from pystrix.ami.calls import Calls
from pystrix.ami.errors import ManagerError, ManagerOverflowError
from pystrix.ami.events import BY_NAME

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self, Unpack

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._calling import OriginateOptions
    from pystrix.ami._exchange import Exchange
    from pystrix.ami._message import Event, Response
    from pystrix.ami._protocol import AMIProtocol
    from pystrix.ami._words import Names
    from pystrix.ami.calls import Call

__all__ = ["Answer", "Manager"]

QUEUE_SIZE: Final = 50_000
"""Events that may wait for callbacks: a few seconds of a large system, some 50 MB."""

PING_SECONDS: Final = 5.0
"""How long a server may be silent after a Ping before `Manager.monitor_connection` ends it."""

ResultT = TypeVar("ResultT")


class _Link(NamedTuple):
    """What there is while a connection stands."""

    connection: Connection
    dispatcher: Dispatcher[Heard]


class _Kept(NamedTuple):
    """What there is while one connection follows the other."""

    reconnector: Reconnector
    dispatcher: Dispatcher[Heard]


class Manager(Listeners):
    """A connection to Asterisk's manager interface, and the callbacks for its events.

    It connects when it is told to (`connect`); logging in is the caller's first action, unless
    `connect` is to do it. Any number of threads may use it; callbacks run one after the other in a
    thread of their own, in the order of the events, and may use it as well. A context manager:
    closed at the end. After a fork the connection is the parent's: the child has none, and can make
    its own.

    With `reconnect` it makes a connection that was lost again. Actions on their way fail with a
    `ManagerConnectionLostError` that says whether they had been sent; none is ever sent again. The
    manager logs in again, asks for the channels there are, and calls the resync hooks; then
    callbacks get a `Gap`, which says from when to when nothing was heard, and what came since.
    What actions had set for the old connection (``Events``, ``Filter``) is gone with it: a hook can
    send them again. If Asterisk refuses the login for good it gives up, and says so.

    Args:
        debug: Whether to log every message at level DEBUG; the secret of a login is not shown, but
            what Asterisk sends is, as it is: the passwords in a configuration file, too.
        logger: Where to log; None for the logger ``pystrix.ami``.
        aggregate_timeout: The seconds after which an aggregate that is not complete is dropped.
        orphaned_response_timeout: Not used: responses that nobody waits for are handed to the
            callbacks for None at once.
        queue_size: How many events may wait for callbacks.
        overflow: What becomes of events that find no room: ``"drop"`` loses them, counts them in
            `events_dropped` and logs a line for each burst; ``"disconnect"`` ends the connection.
        event_classes: The classes of events by their names in lower case; None for the catalogue.
        reconnect: Whether to connect again, and after which waits.
        offline_timeout: The seconds that an action waits for the connection while there is none,
            though never longer than its own timeout; 0 to fail at once.
        keepalive: After how many seconds of silence to send a Ping; None for never. It is for
            connections that `connect` logs in; for others there is `monitor_connection`.
        keepalive_timeout: The seconds that the answer may take.
    """

    def __init__(
        self,
        debug: bool = False,
        logger: logging.Logger | None = None,
        aggregate_timeout: float = 5,
        orphaned_response_timeout: float = 5,  # noqa: ARG002 - see above
        *,
        queue_size: int = QUEUE_SIZE,
        overflow: Literal["drop", "disconnect"] = "drop",
        event_classes: Mapping[str, type[Event]] | None = None,
        reconnect: bool | Backoff = False,
        offline_timeout: float = 5.0,
        keepalive: float | None = 30.0,
        keepalive_timeout: float = 10.0,
    ) -> None:
        if overflow not in ("drop", "disconnect"):
            raise ValueError(f"overflow is 'drop' or 'disconnect', not {overflow!r}")
        super().__init__(logger or logging.getLogger("pystrix.ami"))
        self._debug = debug
        self._aggregate_timeout = aggregate_timeout
        self._queue_size = queue_size
        self._overflow = overflow
        self._event_classes = BY_NAME if event_classes is None else event_classes
        self._backoff = Backoff() if reconnect is True else reconnect or None
        self._offline_timeout = offline_timeout
        self._keepalive = keepalive, keepalive_timeout
        self._connecting = threading.Lock()  # held by whoever connects
        self._lock = threading.Lock()  # guards the five below
        self._closed = False
        self._link: _Link | None = None
        self._kept: _Kept | None = None
        self._calls: Calls | None = None
        self._why_ended = "the manager disconnected"  # the last connection
        self._dropped = 0
        self._delivery = self._make_delivery()
        tell_of_forks(self)

    # The connection.

    def connect(
        self,
        host: str,
        port: int = 5038,
        timeout: float = 5,
        *,
        ssl: tls.SSLContext | bool | None = None,
        server_hostname: str | None = None,
        username: str | None = None,
        secret: str = "",
        auth: Auth | None = None,
        event_mask: Names | None = None,
        boot_timeout: float = 60.0,
        wait_for_asterisk: bool = False,
    ) -> None:
        """Connect, and drop an existing connection. Log in then, or have it done here.

        Args:
            host: The name or address of the server, IPv4 or IPv6.
            port: Its port: ``port`` in manager.conf, or ``tlsbindaddr`` with TLS.
            timeout: The seconds it may take. A connection that stands may be silent for ever.
            ssl: How to speak TLS; True for Python's defaults, None or False for plain TCP.
            server_hostname: The name that the certificate must have; None for `host`.
            username: The user of manager.conf to log in; None not to do it.
            secret: The password.
            auth: ``"MD5"`` sends the password hashed with a challenge, ``"plain"`` as it is. None
                for MD5 over plain TCP, where others may listen, and plain over TLS.
            event_mask: The classes of events to get; None for all that the user may read.
            boot_timeout: The seconds that the start of Asterisk may take, once it takes logins.
            wait_for_asterisk: Whether to try again, as behind a loss, until there is a connection.

        Raises:
            ManagerAuthError: If Asterisk refuses the login.
            ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
            ManagerError: If this manager was closed.
            ValueError: If it is to try again and does not know who logs in, or if there is no such
                port.
            TypeError: If the host is no text, or the port no number.
        """
        context = tls.create_default_context() if ssl is True else ssl or None
        if username is None and (self._backoff or wait_for_asterisk):
            raise ValueError("to connect again connect() needs username and secret: it logs in")
        with self._connecting:
            self.disconnect()
            if username is not None:
                method: Auth = auth or ("plain" if context else "MD5")
                keepalive, keepalive_timeout = self._keepalive
                self._keep(
                    Target(
                        host=host,
                        port=port,
                        context=context,
                        server_hostname=server_hostname,
                        credentials=Credentials(username, secret, method, event_mask),
                        event_classes=self._event_classes,
                        connect_timeout=timeout,
                        boot_timeout=boot_timeout,
                        offline_timeout=self._offline_timeout,
                        keepalive=keepalive,
                        keepalive_timeout=keepalive_timeout,
                    ),
                    patient=wait_for_asterisk,
                )
                return
            stream, protocol = connect(
                host,
                port,
                timeout,
                context=context,
                server_hostname=server_hostname,
                events=self._event_classes,
            )
            self._adopt(stream, protocol)

    def disconnect(self) -> None:
        """Close the connection; nothing happens if there is none.

        Whoever waits for an answer is told at once, events that wait for callbacks are dropped.
        Callbacks stay registered.
        """
        with self._lock:
            link, self._link = self._link, None
            kept, self._kept = self._kept, None
        self._delivery.clear()
        if kept is not None:
            kept.dispatcher.stop()
            kept.reconnector.stop()
        if link is not None:
            link.connection.close("the manager disconnected")
            link.dispatcher.stop()
            link.connection.wait_closed()

    def close(self) -> None:
        """Disconnect, and wait for the callback that runs, if any; then this manager is finished.

        Idempotent. A callback may call it, which does not wait for itself.
        """
        with self._lock:
            self._closed = True
            link = self._kept or self._link
        self.disconnect()
        if link is not None:
            link.dispatcher.join()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until there is no connection, and will be none: it was closed, or lost for good.

        Args:
            timeout: The seconds to wait at most; None for any.

        Returns:
            Whether it is so; False when the time is over, and at once in a resync hook, whose
            connection waits for it. True as well if there never was one.

        Raises:
            ManagerAuthError: If Asterisk refused the login of a reconnect.
            ManagerSocketError: If the connection was lost, and `reconnect` is off.
            ManagerError: For any other reason for which there will be none.
        """
        link, kept = self._link, self._kept
        if kept is not None:
            return kept.reconnector.wait_over(timeout)
        return link is None or link.connection.wait_over(timeout)

    def is_connected(self) -> bool:
        """Tell whether there is a connection; the end of one is noticed at once."""
        return self.get_connection() is not None

    def get_asterisk_info(self) -> tuple[str, str] | None:
        """Give what Asterisk greeted with: ``("Asterisk Call Manager", "11.0.0")``.

        Returns:
            The name and the version of the protocol; None if there is no connection.
        """
        connection = self.get_connection()
        return None if connection is None else connection.asterisk_info

    def get_connection(self) -> Connection | None:
        """Give the connection, for debugging; None if there is none."""
        link = self._current()
        return None if link is None else link.connection

    def monitor_connection(
        self, interval: float = 2.5, *, timeout: float = PING_SECONDS
    ) -> threading.Thread:
        """Send a Ping every now and then, to notice a server that is gone without a word.

        A connection is ended if nothing at all comes within `timeout` seconds of a Ping. While
        another action waits for its answer that is no sign: Asterisk runs them one after the other.

        Args:
            interval: The seconds between two.
            timeout: The seconds that the answer may take.

        Returns:
            The thread that does it; it ends with the connection.

        Raises:
            ManagerError: If there is no connection.
        """
        connection = self._over(AnyAction("Ping"), 0, lambda link, _: link.connection)
        thread = threading.Thread(
            target=monitor,
            args=(connection, interval, timeout),
            name="pystrix-ami-monitor",
            daemon=True,
        )
        thread.start()
        return thread

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def events_dropped(self) -> int:
        """How many events found no room in the queue to the callbacks."""
        return self._dropped

    # Actions.

    def send(
        self, action: Action[T_co], *, timeout: float | None = None, action_id: str | None = None
    ) -> T_co:
        """Send an action and give its result: the response, for a list action the list.

        Args:
            action: The action.
            timeout: The seconds that the answer may take; None for ``action.timeout``.
            action_id: The ActionID to use; None for the action's own, else a fresh one.

        Raises:
            ManagerActionError: If Asterisk refuses it.
            ManagerTimeoutError: If the answer does not come in time.
            ManagerConnectionLostError: If the connection ends before.
            ManagerError: If there is no connection.
            ValueError: If Asterisk could not take it, or the ActionID is in use.
            TypeError: If it is no action, or the value of a header is bytes or None.
        """
        seconds = seconds_for(action, timeout)
        return self._over(
            action,
            seconds,
            lambda link, left: ask(link.connection, action, action_id, timeout=left),
        )

    def send_action(
        self, request: Action[Any], action_id: str | None = None, **kwargs: object
    ) -> Answer | None:
        """Send an action as pystrix 1.x does; `send` gives its result alone.

        Args:
            request: The action. Its attribute `timeout` says how many seconds the answer may take,
                `synchronous` whether to wait for the events that belong to it, `aggregate` whether
                callbacks get one aggregate of them.
            action_id: The ActionID to use; None for the action's own, else a fresh one.
            kwargs: Headers to send beside those of the action.

        Returns:
            The answer, also if it is an error; None, with a warning in the log, if there was none
            in time.

        Raises:
            ManagerError: If there is no connection.
            ManagerSocketError: If the connection ends before.
            ValueError: If Asterisk could not take it, or the ActionID is in use.
            TypeError: If the value of a header is bytes or None.
        """
        limit = seconds_for(request, None)
        waiting = SynchronousEvents(request) if request.synchronous else None
        aggregate = request.aggregate and not request.synchronous

        def ask_over(link: _Link, left: float) -> tuple[float, Exchange[Any]]:
            def begin(exchange: Exchange[Any]) -> None:
                self._delivery.begin(exchange)
                link.dispatcher.wake()

            return time.monotonic(), link.connection.request(
                request,
                None if action_id is None else str(action_id),
                timeout=left,
                headers=kwargs,
                collector=waiting or ResponseOnly(),
                on_begin=begin if aggregate else None,
            )

        started, exchange = self._over(request, limit, ask_over)
        seconds = time.monotonic() - started
        response = exchange.response
        if aggregate and (response is None or not response.success):
            self._delivery.forget(exchange)
        if exchange.error is not None:
            raise exchange.error
        if not exchange.done:
            self._logger.warning(
                "%s was not %s within %s s (ActionID %s)",
                request.name,
                "answered" if response is None else "followed by all its events",
                request.timeout,
                printable(exchange.action_id),
            )
        if response is None:
            return None
        result: Any = request.process_response(response)
        return Answer(
            result,
            response,
            request,
            exchange.action_id,
            bool(getattr(result, "success", response.success)),
            seconds,
            waiting.events if waiting else None,
            not exchange.done,
        )

    # Calls.

    @property
    def calls(self) -> Calls:
        """The calls that Asterisk has: followed from the moment this is asked for.

        Those that there were before are known when ``manager.calls.start()`` has returned.
        """
        with self._lock:
            if self._calls is None:
                self._calls = Calls(self)
            return self._calls

    def originate(self, channel: str, **options: Unpack[OriginateOptions]) -> Call:
        """Make a call, as `Calls.originate` says: ``call.answered()``, ``call.ended()``.

        Args:
            channel: What to call: ``"PJSIP/alice"``.
            options: What with: see `OriginateOptions`.

        Raises:
            ManagerActionError: If Asterisk refuses it.
            ManagerError: If it cannot be sent.
            ValueError: If Asterisk could not take it, or an option is wrong.
        """
        return self.calls.originate(channel, **options)

    # Private: the connection.

    def _make_delivery(self) -> Delivery:
        return Delivery(self, self._callbacks, self._logger, self._aggregate_timeout)

    def _current(self) -> _Link | None:
        link, kept = self._link, self._kept
        if kept is not None:
            connection = kept.reconnector.get_usable()
            return None if connection is None else _Link(connection, kept.dispatcher)
        return link if link is not None and link.connection.is_alive() else None

    def _come_online(self, name: str, timeout: float) -> tuple[_Link, float]:
        """Wait for the connection; give it, and the seconds that are left then."""
        link, kept = self._link, self._kept
        if kept is None:
            failure = None if link is None else link.connection.failure
            why = failure or "not connected to an Asterisk manager"
            raise ManagerError(f"cannot send {name}: {why}") from failure
        started = time.monotonic()
        connection = kept.reconnector.come_online(name, timeout)
        return _Link(connection, kept.dispatcher), timeout - (time.monotonic() - started)

    def _over(
        self, action: Action[Any], timeout: float, ask_over: Callable[[_Link, float], ResultT]
    ) -> ResultT:
        """Ask something over the connection, or the next one if it ends before a byte is sent."""
        while True:
            link = self._current()
            if link is None:
                link, timeout = self._come_online(action.name, timeout)
            try:
                return ask_over(link, timeout)
            except NotConnectedError:
                if self._kept is None:
                    raise

    def _keep(self, target: Target, *, patient: bool) -> None:
        """Make a connection, log in, and make it again when it is lost."""
        dispatcher = Dispatcher(self._delivery.deliver, self._queue_size, self._delivery.expire)
        reconnector = Reconnector(
            target,
            Reconnecting(
                peer_of(target.host, target.port),
                self._backoff,
                (self._backoff or Backoff()) if patient else None,
                self._queue_size,
            ),
            hand_on=functools.partial(self._heard, dispatcher),
            take_stock=lambda connection: take_stock(connection, self._hooks, self, self._logger),
            on_lost=self._note_end,
            on_over=functools.partial(self._give_up, dispatcher),
            debug=self._debug,
            logger=self._logger,
        )
        with self._lock:
            if self._closed:
                raise ManagerError("the manager was closed")
            self._kept = _Kept(reconnector, dispatcher)
        try:
            dispatcher.start()
            reconnector.start()
        except BaseException:
            self.disconnect()
            raise

    def _adopt(self, stream: socket.socket, protocol: AMIProtocol) -> None:
        """Make a connection of a socket that was greeted."""
        dispatcher = Dispatcher(self._delivery.deliver, self._queue_size, self._delivery.expire)
        connection = Connection(
            stream,
            protocol,
            on_messages=functools.partial(self._heard, dispatcher),
            on_closed=functools.partial(self._ended, dispatcher),
            debug=self._debug,
            logger=self._logger,
        )
        with self._lock:
            closed = self._closed
            if not closed:
                self._link = _Link(connection, dispatcher)
        if closed:
            connection.abandon()
            raise ManagerError("the manager was closed")
        connection.start()
        try:
            dispatcher.start()
        except RuntimeError:
            connection.close("there is no thread for the events")
            raise

    def _heard(
        self,
        dispatcher: Dispatcher[Heard],
        connection: Connection,
        messages: Sequence[Event | Response],
    ) -> None:
        """Queue what came; in the thread that reads."""
        self._taps.heard(messages)
        if messages and isinstance(messages[0], Gap):
            self._dropped += dispatcher.put_last(messages[0])
            messages = messages[1:]
        dropped, first = dispatcher.put(messages)
        if not dropped:
            return
        self._dropped += dropped  # only this thread writes it
        if self._overflow == "disconnect":
            error = ManagerOverflowError(self._queue_size)
            connection.close(str(error), error)
        elif first:
            self._logger.warning(
                "the callbacks are slower than the events: %d wait, others are dropped (%d by now)",
                self._queue_size,
                self._dropped,
            )

    def _ended(self, dispatcher: Dispatcher[Heard], connection: Connection) -> None:
        """Note the end of a connection; in the thread that read."""
        if connection.failure is not None:
            level = logging.INFO if connection.goodbye else logging.WARNING
            self._logger.log(level, "%s", connection.failure)
        self._note_end(connection)
        self._give_up(dispatcher)

    def _forked(self) -> None:
        """Leave the connection to the parent; in the child of a fork, which has no thread of it."""
        self._connecting, self._lock = threading.Lock(), threading.Lock()
        self._delivery = self._make_delivery()
        link, self._link = self._link, None
        kept, self._kept = self._kept, None
        for connection in (link and link.connection, kept and kept.reconnector.connection):
            if connection is not None:
                connection.forsake()

    def _note_end(self, connection: Connection) -> None:
        self._why_ended = str(connection.failure or "the manager disconnected")
        self._delivery.clear()
        self._taps.lost(self._why_ended)

    def _give_up(self, dispatcher: Dispatcher[Heard]) -> None:
        """Note that there will be no connection any more."""
        self._taps.over(self._why_ended)
        dispatcher.finish()
