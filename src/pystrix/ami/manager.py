"""The manager on threads: actions, events and callbacks over one AMI connection."""

from __future__ import annotations

import functools
import logging
import ssl as tls
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pystrix.ami._action import Action, AnyAction
from pystrix.ami._aggregate import Aggregate, Aggregates, SynchronousEvents
from pystrix.ami._callbacks import Callback, Callbacks, EventKey
from pystrix.ami._connection import Connection, connect
from pystrix.ami._dispatcher import Dispatcher
from pystrix.ami._exchange import ResponseOnly
from pystrix.ami._message import Event, Response
from pystrix.ami._taps import Tap, Taps
from pystrix.ami._wire import printable
from pystrix.ami.errors import ManagerError, ManagerTimeoutError
from pystrix.ami.events import BY_NAME

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from pystrix.ami._action import T_co
    from pystrix.ami._exchange import Exchange
    from pystrix.ami._protocol import AMIProtocol

__all__ = ["Answer", "Manager"]

QUEUE_SIZE: Final = 50_000
"""Events that may wait for callbacks: a few seconds of a large system, some 50 MB."""

PING_SECONDS: Final = 5.0
"""How long a server may be silent after a Ping before `Manager.monitor_connection` ends it."""

Heard = Event | Response | Aggregate


class Answer(NamedTuple):
    """What `Manager.send_action` gives."""

    result: Any
    """What the action's `process_response` made; nearly always the response itself."""
    response: Response
    """The response."""
    request: Action[Any]
    """The action that was sent, the same object."""
    action_id: str
    """The ActionID it was sent with."""
    success: bool
    """Whether it worked."""
    time: float
    """The seconds it took."""
    events: dict[Any, Any] | None
    """Of a synchronous request: the events by class and by name. Else None."""
    events_timeout: bool
    """Whether a synchronous request ran out of time before all events came."""


class _Link(NamedTuple):
    """What there is while a connection stands."""

    connection: Connection
    dispatcher: Dispatcher[Heard]


class Manager:
    """A connection to Asterisk's manager interface, and the callbacks for its events.

    It connects when it is told to (`connect`); logging in is the caller's first action. Any
    number of threads may use it; callbacks run one after the other in a thread of their own, in
    the order of the events, and may use it as well. A context manager: closed at the end.

    Args:
        debug: Whether to log every message at level DEBUG; secrets are not shown.
        logger: Where to log; None for the logger ``pystrix.ami``.
        aggregate_timeout: The seconds after which an aggregate that is not complete is dropped.
        orphaned_response_timeout: Not used: responses that nobody waits for are handed to the
            callbacks for None at once.
        queue_size: How many events may wait for callbacks.
        overflow: What becomes of events that find no room: ``"drop"`` loses them, counts them in
            `events_dropped` and logs a line for each burst; ``"disconnect"`` ends the connection.
        event_classes: The classes of events by their names in lower case; None for the catalogue.
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
    ) -> None:
        if overflow not in ("drop", "disconnect"):
            raise ValueError(f"overflow is 'drop' or 'disconnect', not {overflow!r}")
        self._debug = debug
        self._logger = logger or logging.getLogger("pystrix.ami")
        self._aggregate_timeout = aggregate_timeout
        self._queue_size = queue_size
        self._overflow = overflow
        self._event_classes = BY_NAME if event_classes is None else event_classes
        self._connecting = threading.Lock()  # held by whoever connects
        self._lock = threading.Lock()  # guards the seven below
        self._closed = False
        self._link: _Link | None = None
        self._callbacks = Callbacks()
        self._aggregates = Aggregates()
        self._taps = Taps(self._logger)
        self._dropped = 0

    # The connection.

    def connect(
        self,
        host: str,
        port: int = 5038,
        timeout: float = 5,
        *,
        ssl: tls.SSLContext | bool | None = None,
        server_hostname: str | None = None,
    ) -> None:
        """Connect, and drop an existing connection. Log in then.

        Args:
            host: The name or address of the server, IPv4 or IPv6.
            port: Its port: ``port`` in manager.conf, or ``tlsbindaddr`` with TLS.
            timeout: The seconds it may take. A connection that stands may be silent for ever.
            ssl: How to speak TLS; True for Python's defaults, None or False for plain TCP.
            server_hostname: The name that the certificate must have; None for `host`.

        Raises:
            ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
            ManagerError: If this manager was closed.
        """
        context = tls.create_default_context() if ssl is True else ssl or None
        with self._connecting:
            self.disconnect()
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
            self._aggregates.clear()
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
            link = self._link
        self.disconnect()
        if link is not None:
            link.dispatcher.join()

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
        link = self._link
        return link.connection if link is not None and link.connection.alive else None

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
        thread = threading.Thread(
            target=self._monitor,
            args=(self._connected().connection, interval, timeout),
            name="pystrix-ami-monitor",
            daemon=True,
        )
        thread.start()
        return thread

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Callbacks.

    @property
    def events_dropped(self) -> int:
        """How many events found no room in the queue to the callbacks."""
        return self._dropped

    def register_callback(self, event: EventKey, function: Callback) -> None:
        """Have a function called for events: ``function(event, manager)``.

        Functions are called in the order of registration. One that raises is logged and disturbs
        nobody; one that takes its time delays the others, not the answers of actions.

        Args:
            event: The class of an event or aggregate, or its name; ``""`` for every event and
                aggregate; None for responses that nobody waits for.
            function: The function. Registered again for the same it moves to the end.

        Raises:
            ValueError: If `event` is none of these.
        """
        with self._lock:
            self._callbacks.register(event, function)

    def unregister_callback(self, event: EventKey, function: Callback) -> bool:
        """Have a function called no more; tell whether it was registered.

        Raises:
            ValueError: If `event` is nothing that functions are registered for.
        """
        with self._lock:
            return self._callbacks.unregister(event, function)

    def tap(self, tap: Tap) -> None:
        """Tell an object all that comes, in the thread that reads, and when the connection ends.

        It is for what must hear of everything at once, whatever callbacks do. Idempotent.

        Args:
            tap: Has ``heard(messages)`` and ``lost(why)``, which must not wait, for the answer of
                an action neither.
        """
        with self._lock:
            self._taps.add(tap)

    def untap(self, tap: Tap) -> None:
        """Tell an object nothing more. Idempotent."""
        with self._lock:
            self._taps.remove(tap)

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
            TypeError: If the value of a header is bytes or None.
        """
        seconds = action.timeout if timeout is None else timeout
        connection = self._connected().connection
        exchange = connection.request(action, action_id, timeout=seconds)
        if not exchange.done:
            raise ManagerTimeoutError(
                f"{action.name} was not answered within {seconds} s", sent=exchange.sent
            )
        return exchange.result()

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
        connection, dispatcher = self._connected()
        waiting = SynchronousEvents(request) if request.synchronous else None
        aggregate = request.aggregate and not request.synchronous
        started = time.monotonic()
        exchange = connection.request(
            request,
            None if action_id is None else str(action_id),
            timeout=request.timeout,
            headers=kwargs,
            collector=waiting or ResponseOnly(),
            on_begin=(functools.partial(self._begin_aggregates, dispatcher) if aggregate else None),
        )
        seconds = time.monotonic() - started
        response = exchange.response
        if aggregate and (response is None or not response.success):
            with self._lock:
                self._aggregates.forget(exchange.action_id)
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

    # Private: the connection.

    def _connected(self) -> _Link:
        link = self._link
        if link is None or not link.connection.alive:
            raise ManagerError("not connected to an Asterisk manager")
        return link

    def _adopt(self, stream: socket.socket, protocol: AMIProtocol) -> None:
        """Make a connection of a socket that was greeted."""
        dispatcher = Dispatcher(self._deliver, self._queue_size, self._expire_aggregates)
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
        dropped, first = dispatcher.put(messages)
        if not dropped:
            return
        self._dropped += dropped  # only this thread writes it
        if self._overflow == "disconnect":
            self._logger.error(
                "the callbacks are slower than the events, %d wait: disconnecting", self._queue_size
            )
            connection.close("too many events waited for callbacks")
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
        self._taps.lost(str(connection.failure or "the manager disconnected"))
        dispatcher.finish()

    def _monitor(self, connection: Connection, interval: float, timeout: float) -> None:
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
                self._logger.warning("%s: disconnecting", text)
                connection.close(text)

    # Private: events; in the thread of the callbacks.

    def _deliver(self, heard: Heard) -> None:
        complete: list[Aggregate] = []
        if isinstance(heard, Event):
            with self._lock:
                complete = self._aggregates.take(heard)
        name = None if isinstance(heard, Response) else heard.name
        for function in self._callbacks.find(name):
            try:
                function(heard, self)
            except BaseException:  # it harms nobody else
                self._logger.exception(
                    "the callback %r failed for %s", function, printable(heard.name)
                )
        for aggregate in complete:
            self._deliver(aggregate)

    def _begin_aggregates(self, dispatcher: Dispatcher[Heard], exchange: Exchange[Any]) -> None:
        kinds = exchange.action.get_aggregate_classes()
        with self._lock:
            deadline = time.monotonic() + self._aggregate_timeout
            self._aggregates.begin(exchange.action_id, kinds, deadline)
        dispatcher.wake()

    def _expire_aggregates(self) -> float | None:
        """Drop the aggregates that are late; give the seconds until the next one is."""
        now = time.monotonic()
        with self._lock:
            late = self._aggregates.expire(now)
            deadline = self._aggregates.next_deadline()
        for aggregate in late:
            self._logger.warning(
                "%s is dropped: not all of its events came within %s s (ActionID %s)",
                aggregate.name,
                self._aggregate_timeout,
                printable(aggregate.action_id),
            )
        return None if deadline is None else deadline - now
