"""The conversation of one AMI connection: bytes in, messages and the answers of actions out.

Pure. A manager moves bytes and waits, this module knows what they mean:

    BANNER --(the greeting)--> READY --receive_eof, close, or a limit--> CLOSED

A message is lines up to an empty line; a line ends at LF, a CR before it belongs to the end. Empty
lines between messages are skipped: Asterisk writes some. Answers are paired by ActionID and
nothing else, and a response with ``EventList: start`` opens a list that the event with the same
ActionID and ``EventList: Complete`` closes. Events of other sessions may carry any ActionID, so
each request has one that cannot be guessed. What belongs to no request here, an error without
ActionID or the late answer of a request that was given up, is handed out as it came.
"""

from __future__ import annotations

import enum
import logging
import re
import secrets
from typing import TYPE_CHECKING, Any, Final, cast

from pystrix.ami._action import Action
from pystrix.ami._exchange import Exchange
from pystrix.ami._limits import BANNER_LIMIT, LIST_LIMIT, MESSAGE_LIMIT
from pystrix.ami._message import Event, Response, make_success, match_success, read_message
from pystrix.ami._wire import END_COMMAND, decode, encode_request, is_follows, printable
from pystrix.ami.errors import (
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerListLimitError,
    ManagerMessageLimitError,
    ManagerSocketError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pystrix.ami._action import T_co
    from pystrix.ami._exchange import Collector

_LOGGER = logging.getLogger("pystrix.ami")

_GREETING: Final = b"Asterisk Call Manager/"
_STRAY_LINES = re.compile(rb"(?:\r?\n)++")  # keeps nothing to go back to
# What ends a message; the group is the end of its last line.
_EMPTY_LINE = re.compile(rb"(\n)(?:\r\n|\n)")
_END_OF_OUTPUT = re.compile(rb"(" + re.escape(END_COMMAND) + rb"\r?\n)(?:\r\n|\n)")
_OUTPUT_AS_HEADERS: Final = 3
"""The version of AMI from which on the output of a command is headers. From an Asterisk that speaks
it ``Response: Follows`` is part of a value that somebody chose, and the end of it never comes."""
_OVERLAP: Final = len(END_COMMAND) + 4  # bytes that may be the beginning of an end
_ID_BYTES: Final = 8  # of chance, twice as many digits


class NotConnectedError(ManagerError):
    """Raised when there is no connection, so that nothing was sent."""


class State(enum.Enum):
    """Where a connection stands."""

    BANNER = enum.auto()
    """The greeting is not complete."""
    READY = enum.auto()
    """Actions can be sent."""
    CLOSED = enum.auto()
    """Nothing more is sent or received."""


_BUILD_REQUEST: Final = Action[Any].build_request
_R, _BLANK = b"R "
_BANNER, _READY, _CLOSED = State  # an attribute of an Enum takes ten times as long to find


class AMIProtocol:
    """One AMI connection without its socket.

    Whoever owns it sends `data_to_send` whenever that is not empty, gives every byte that is read
    to `receive_data`, takes `messages_received` after it, and calls `receive_eof` when there are no
    more bytes. An `Exchange` is told by its ``on_done``, from within those calls.

    Not thread-safe: threads that share it hold one lock around every call. The socket may be read
    and written outside that lock, as long as what `data_to_send` gave is written in that order.

    Args:
        peer: Who is at the other end, for messages.
        events: The classes of events by name in lower case; any other event is an `Event`.
        message_limit: Bytes allowed for one message.
        list_limit: Events allowed for one answer.
    """

    def __init__(
        self,
        peer: object = "Asterisk",
        *,
        events: Mapping[str, type[Event]] | None = None,
        message_limit: int = MESSAGE_LIMIT,
        list_limit: int = LIST_LIMIT,
    ) -> None:
        self.peer: object = peer
        """Who is at the other end."""
        self.state: State = _BANNER
        self.banner: str = ""
        """The greeting: ``"Asterisk Call Manager/11.0.0"``."""
        self.failure: ManagerSocketError | None = None
        """Why the connection is closed, if this side did not want it so."""
        self.goodbye: bool = False
        """Whether Asterisk said Goodbye to an action of ours, so that the end is no surprise."""
        self._events: Mapping[str, type[Event]] = events or {}
        self._message_limit = message_limit
        self._list_limit = list_limit

        self._buffer = bytearray()  # the beginning of a message
        self._scanned = 0  # bytes of it known to hold no end
        self._end = _EMPTY_LINE  # what ends it
        self._is_old = False  # whether the output of commands ends otherwise
        self._received: list[Event | Response] = []
        self._out: dict[Exchange[Any], bytes] = {}  # what is to be sent, in order

        self._waiting: dict[str, Exchange[Any]] = {}  # for their response, by ActionID
        self._collecting: dict[str, Exchange[Any]] = {}  # their events
        self._watching: list[Exchange[Any]] = []  # those that collect without an ActionID
        self._ids: list[str] = []  # not yet used

    # Public: what a manager asks for and hands in.

    @property
    def asterisk_info(self) -> tuple[str, str] | None:
        """What the greeting says: ``("Asterisk Call Manager", "11.0.0")``; None before it."""
        name, slash, version = self.banner.partition("/")
        return (name, version) if slash else None

    @property
    def outstanding(self) -> int:
        """How many actions wait for their answer."""
        return len(self._waiting) + len(self._collecting)

    def send_action(
        self,
        action: Action[T_co],
        action_id: str | None = None,
        *,
        headers: Mapping[str, object] | None = None,
        collector: Collector | None = None,
        on_done: Callable[[Exchange[Any]], object] | None = None,
    ) -> Exchange[T_co]:
        """Begin an action; its bytes are in `data_to_send`.

        Args:
            action: The action.
            action_id: The ActionID to use; None for the action's own, else for a new one.
            headers: Headers to send beside those of the action.
            collector: What says which events belong to the answer; None for the action itself.
            on_done: Called when the answer is complete, or will never be; see `Exchange`.

        Returns:
            What fills with the answer.

        Raises:
            NotConnectedError: If there is no connection (yet, or any more).
            ValueError: If Asterisk could not take the action, or its ActionID is outstanding.
            TypeError: If the value of a header is bytes or None.
        """
        if self.state is not _READY:
            raise NotConnectedError(f"cannot send {action.name}: not connected to {self.peer}")
        if headers:
            text, used = action.build_request(action_id, self._new_id, **headers)
        else:
            text, used = action.build_request(action_id, self._new_id)
        if not used or used in self._waiting or used in self._collecting:
            raise ValueError(f"the ActionID {used!r} is empty, or another action waits with it")
        data = encode_request(text, composed=type(action).build_request is _BUILD_REQUEST)
        exchange = Exchange(action, used, action if collector is None else collector, on_done)
        self._waiting[used] = exchange
        self._out[exchange] = data
        return exchange

    def give_up(self, exchange: Exchange[Any]) -> None:
        """Forget an action. Idempotent.

        If it has not been sent it is not sent. Otherwise its answer, should it still come, is
        handed out by `messages_received`.
        """
        if self._waiting.get(exchange.action_id) is exchange:
            del self._waiting[exchange.action_id]
        self._out.pop(exchange, None)
        self._stop_collecting(exchange)

    def data_to_send(self) -> bytes:
        """Take the bytes that are to be sent now; empty if there are none."""
        out = self._out
        if not out:
            return b""
        self._out = {}
        for exchange in out:
            exchange.sent = True
        return b"".join(out.values())

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Hand in what was read. Then take `messages_received`, and look at the state."""
        if type(data) is not bytes:
            data = bytes(data)
        if self.state is _READY and not self._buffer:
            position = 0 if self._is_old else self._read_successes(data)
            if position < len(data):
                position = self._read_messages(data, position)
                if self.state is _READY:
                    self._buffer += data[position:]
            return
        if self.state is _CLOSED:
            return
        self._buffer += data
        if self.state is _BANNER:
            self._read_banner()
        if self.state is _READY:
            del self._buffer[: self._read_messages(self._buffer)]

    def messages_received(self) -> list[Event | Response]:
        """Take the events, and the responses that belong to no action, in order."""
        received = self._received
        if received:
            self._received = []
        return received

    # Methods, as these two are asked around every action and a property takes five times as long.

    def is_idle(self) -> bool:
        """Tell whether no action waits for its answer."""
        return not (self._waiting or self._collecting)

    def has_messages(self) -> bool:
        """Tell whether `messages_received` has any."""
        return bool(self._received)

    def receive_eof(self) -> None:
        """Tell that the peer has closed the connection, or that it broke. Idempotent."""
        if self.state is _CLOSED:
            return
        if self.state is _BANNER:
            reason = (
                f"{self.peer} closed the connection without a greeting: too many connections that "
                "are not logged in (authlimit), or a port that speaks TLS or something else"
            )
        else:
            reason = f"{self.peer} closed the connection"
            if self._buffer:
                reason += " in the middle of a message"
        self._close(reason, ManagerSocketError(reason))

    def close(self, reason: str = "the connection was closed here") -> None:
        """End the connection from this side. Idempotent.

        Args:
            reason: What those that wait for an answer are told.
        """
        if self.state is not _CLOSED:
            self._close(reason, None)

    # Private: sending.

    def _new_id(self) -> str:
        """Make an ActionID that nobody can guess.

        Not a counter behind a secret: other sessions see the ActionIDs of some events.
        """
        if not self._ids:
            self._ids = secrets.token_bytes(64 * _ID_BYTES).hex(" ", _ID_BYTES).split(" ")
        return self._ids.pop()

    # Private: reading.

    def _close(self, reason: str, failure: ManagerSocketError | None) -> None:
        self.state = _CLOSED
        self.failure = failure
        self._buffer.clear()
        self._out = {}
        exchanges = [*self._waiting.values(), *self._collecting.values()]
        self._waiting.clear()
        self._collecting.clear()
        self._watching.clear()
        for exchange in exchanges:
            what = "was answered" if exchange.sent else "was sent"
            error = ManagerConnectionLostError(
                f"{reason} before {exchange.action.name} {what}", sent=exchange.sent
            )
            error.__cause__ = failure
            exchange.finish(error)

    def _fail(self, failure: ManagerSocketError) -> None:
        self._close(str(failure), failure)

    def _read_banner(self) -> None:
        """Read the greeting, and leave in the buffer what stands behind it."""
        buffer = self._buffer
        end = buffer.find(b"\n", 0, BANNER_LIMIT)
        line = bytes(buffer[:end] if end >= 0 else buffer[:BANNER_LIMIT])
        known = line[: len(_GREETING)]
        if not _GREETING.startswith(known) or (end >= 0 and known != _GREETING):
            self._fail(ManagerBannerError(printable(line.removesuffix(b"\r"))))
        elif end >= 0:
            self.banner = printable(line.removesuffix(b"\r"))
            major = line[len(_GREETING) :].partition(b".")[0]
            self._is_old = not major.isdigit() or int(major) < _OUTPUT_AS_HEADERS
            del buffer[: end + 1]
            self.state = _READY
        elif len(buffer) >= BANNER_LIMIT:
            self._fail(ManagerBannerError(printable(line)))

    def _read_messages(self, buffer: bytes | bytearray, start: int = 0) -> int:
        """Read every whole message; give the place where the beginning of the next one stands."""
        size, limit = len(buffer), self._message_limit
        place = max(start, self._scanned)  # from where to search for the end
        events, is_old = self._events, self._is_old
        while start < size:
            if buffer[start] < _BLANK:
                start = _skip_stray_lines(buffer, start)
                place = max(start, place)
            match = self._end.search(buffer, place)
            if match is None:
                break
            end = match.end(1)
            block = buffer[start:end]
            if isinstance(block, bytearray):
                block = bytes(block)
            if is_old and not self._is_whole(block):
                place = start
                continue
            if end - start > limit:
                break
            start = place = match.end()
            message = read_message(block, events)
            if type(message) is Response:  # isinstance takes ten times as long with an event
                self._read_response(message)
            elif not self._collecting or not self._collect(cast("Event", message)):
                self._received.append(message)
        rest = size - start
        if rest - 1 > limit:
            self._fail(ManagerMessageLimitError(limit))
        self._scanned = rest - _OVERLAP if rest > _OVERLAP else 0
        return start

    def _is_whole(self, block: bytes) -> bool:
        """Tell whether an empty line ended the message, or stands in the output of a command."""
        if self._end is _EMPTY_LINE and is_follows(block):
            self._end = _END_OF_OUTPUT
            return False
        self._end = _EMPTY_LINE
        return True

    def _read_successes(self, data: bytes) -> int:
        """Read the answers that what was read begins with; give the place behind them.

        Nearly all answers are alike, and come in one piece: there is no quicker way to read them.
        """
        start, size, waiting = 0, len(data), self._waiting
        while start < size and data[start] == _R:
            found = match_success(data, start)
            if found is None or found.end() - start > self._message_limit:
                break
            end = found.end()
            action_id = decode(found[1])
            exchange = waiting.pop(action_id, None)
            if exchange is None:
                break
            block = data[start : end - 2]
            try:
                response = make_success(exchange.action.RESPONSE, block, action_id)
            except Exception:  # noqa: BLE001 - no class of responses: `_answer` will say so
                response = make_success(Response, block, action_id)
            self._answer(exchange, response)
            start = end
        return start

    def _read_response(self, response: Response) -> None:
        action_id = response.action_id
        exchange = self._waiting.pop(action_id, None) if action_id else None
        if exchange is None:
            if not action_id:
                _LOGGER.warning(
                    "%s: a response to no action: %r", self.peer, printable(bytes(response))
                )
            self._received.append(response)
            return
        if response.name.lower() == "goodbye":
            self.goodbye = True
        self._answer(exchange, response)

    def _answer(self, exchange: Exchange[Any], response: Response) -> None:
        """Give an action its response, as the class that it wants."""
        try:
            response = response.as_kind(exchange.action.RESPONSE)
            more = exchange.take(response) and exchange.collector.expects_events(response)
        except Exception as error:  # noqa: BLE001 - what a program added harms itself only
            exchange.finish(error)
            return
        if more:
            self._collecting[exchange.action_id] = exchange
            if exchange.collector.watches:
                self._watching.append(exchange)
        else:
            exchange.finish()

    def _collect(self, event: Event) -> bool:
        """Give an event to the answers it belongs to; tell whether it is for nobody else."""
        action_id = event.action_id
        if action_id:
            exchange = self._collecting.get(action_id)
            return exchange is not None and self._offer(exchange, event, labelled=True)
        for exchange in self._watching.copy():
            self._offer(exchange, event, labelled=False)
        return False

    def _offer(self, exchange: Exchange[Any], event: Event, *, labelled: bool) -> bool:
        collector = exchange.collector
        try:
            if not (collector.accepts_event(event) if labelled else collector.owns_event(event)):
                return False
            exchange.events.append(event)
            if collector.is_last_event(event):
                self._stop_collecting(exchange)
                exchange.finish()
            elif len(exchange.events) > self._list_limit:
                self._stop_collecting(exchange)
                exchange.finish(ManagerListLimitError(exchange.action.name, self._list_limit))
        except Exception as error:  # noqa: BLE001 - what a program added harms itself only
            self._stop_collecting(exchange)
            exchange.finish(error)
        return True

    def _stop_collecting(self, exchange: Exchange[Any]) -> None:
        if self._collecting.get(exchange.action_id) is exchange:
            del self._collecting[exchange.action_id]
            if exchange in self._watching:
                self._watching.remove(exchange)


def _skip_stray_lines(buffer: bytes | bytearray, start: int) -> int:
    """Give the place behind empty lines; half a line end is none yet."""
    stray = _STRAY_LINES.match(buffer, start)
    return stray.end() if stray else start
