"""What Asterisk sends: a response or an event, as it came.

Pure. A message keeps the bytes it came in and reads them when somebody looks: who asks only for the
name of an event pays for nothing else. What holds for every message:

* Headers keep their order and all their repeats. Names are compared without regard to case. Of a
  repeated header ``message[name]`` is the first, for what stands further down may be data that a
  caller chose; `Message.get_all` gives all of them.
* A value is what stands behind the colon and one blank, not stripped. A line without a colon
  belongs to the header above it, for Asterisk escapes no line breaks in most values; the break
  stays in the value as it came.
* The first line says what the message is, and is whole. Whichever of ``Event`` and ``Response``
  comes first decides: OriginateResponse is an event with a header ``Response``, and the value of
  a variable may hold a line ``Event: ...``.
* Bytes that are not UTF-8 are surrogate escapes: ``value.encode("utf-8", "surrogateescape")``.

The first few headers somebody asks for are looked up among the bytes; all are read when more are
wanted, or when what stands there takes more than a look.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, cast, overload

from pystrix.ami._fields import Field
from pystrix.ami._processed import CONVERSIONS
from pystrix.ami._wire import END_COMMAND, decode, encode, is_follows

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "EVENT_GENERIC",
    "RESPONSE_GENERIC",
    "Event",
    "Message",
    "Response",
    "events_by_name",
    "make_success",
    "match_success",
    "read_message",
]

EVENT_GENERIC: Final = "Generic Event"
RESPONSE_GENERIC: Final = "Generic Response"

Lines = Iterable[str] | Mapping[str, object]
"""What a message can be made of by hand: its lines, or its headers by name."""

Pairs = list[tuple[str, str]]
MessageT = TypeVar("MessageT", bound="Message")
ResponseT = TypeVar("ResponseT", bound="Response")
DefaultT = TypeVar("DefaultT")

EVENT: Final = b"Event: "
"""How every event begins that Asterisk sends."""

LOOKS: Final = 4
"""How many headers are looked up one by one; about as much work as reading all of an event."""

LONGEST: Final = 100
"""Bytes of the longest name that is remembered; the longest of Asterisk's have 34."""

match_success: Final = re.compile(
    rb"Response: Success\r\nActionID: (.*)\r\n[^:\n]++:.*\r\n(?:.+\r\n)*+\r\n"
).match
"""Finds a whole response as Asterisk writes nearly all of them; the group is its ActionID."""

# What the first line says, unless more is to be seen.
_read_event = re.compile(rb"Event: (.{1,%d})\r\n(?!ActionID)" % LONGEST).match
# What the first line says, and the second, as Asterisk writes them; if it is an ActionID that is
# whole. Where it says anything else the message is read.
_read_head = re.compile(
    rb"(?:Event: ([^\r\n]++)|Response: ([^\r\n]++))\r?\n"
    rb"(?:ActionID: ([^\r\n]*+)\r?\n(?=[^:\n]+:|\Z))?"
).match
_FOLLOWS_HEADERS = frozenset({"response", "privilege", "actionid"})
_END_COMMAND = decode(END_COMMAND)
_FAILURES = frozenset({"error", "failure"})
_NOT_LOOKED_UP = frozenset({"", "event", "response"})  # a message without both is given one
_KEPT: Final = 1024  # names that are remembered
_K = "(?:k|\N{KELVIN SIGN})".encode()  # which is a k in lower case; any other letter is itself
_new = object.__new__  # a name that is found quickly


class Message(MutableMapping[str, str]):
    """A response or an event: a mapping of its headers, in order.

    Mutable, as in pystrix 1.x: setting a header replaces all its repeats. Threads may read it at
    the same time, not change it.

    Args:
        lines: For a message made by hand (tests, simulations): lines as Asterisk sends them, with
            or without their ends, or a mapping of headers.
    """

    NAME: ClassVar[str] = ""
    """The name on the wire of what this class stands for; ``""`` for any."""

    _KINDS: ClassVar[tuple[str, str]] = ("event", "response")
    _said: str = ""  # the name on the first line, if that has been read and no header was set
    _said_id: str | None = None  # the ActionID on the second
    _parsed: bool = False
    _looks: int = 0  # how many headers were looked up one by one; `LOOKS` when it has been read

    def __init__(self, lines: Lines = ()) -> None:
        if isinstance(lines, Mapping):
            pairs = cast("Mapping[str, object]", lines).items()
            lines = [f"{name}: {value}" for name, value in pairs]
        text = "".join(line if line.endswith("\n") else f"{line}\r\n" for line in lines)
        self._block = encode(text)
        self._pairs: Pairs = []
        self._first: dict[str, str] = {}  # by name in lower case
        self._data: list[str] = []

    @classmethod
    def from_wire(cls, block: bytes) -> Self:
        """Make a message of its lines, without the empty line that ends it."""
        message = cls.__new__(cls)
        message._block = block  # noqa: SLF001 - an instance of our own
        return message

    def as_kind(self, kind: type[MessageT]) -> MessageT:
        """Give the same message as another class, with the typed fields of that one."""
        if type(self) is kind:
            return self
        message = kind.__new__(kind)
        message._take_over(self)  # noqa: SLF001 - an instance of our own
        return message

    @classmethod
    def fields(cls) -> dict[str, Field[Any]]:
        """Give the typed fields of this class, by the name of the attribute."""
        return {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Field)
        }

    # What it is.

    @property
    def name(self) -> str:
        """The name of the event, or the kind of the response: ``"Hangup"``, ``"Success"``."""
        kind, other = self._KINDS
        return self.get(kind) or self.get(other) or ""

    @property
    def action_id(self) -> str | None:
        """The ActionID of the request this belongs to, if it has one."""
        said = self._said_id
        return self.get("ActionID") if said is None else said

    @property
    def headers(self) -> Self:
        """The message itself: it is the mapping of its headers."""
        return self

    @property
    def data(self) -> list[str]:
        """The lines of a command's output (the values of ``Output``), and lines without a colon."""
        self._headers()
        return self._data

    @data.setter
    def data(self, lines: list[str]) -> None:
        self._headers()
        self._data = lines

    @property
    def raw(self) -> list[str]:
        """The lines as they came, without their ends."""
        lines = decode(self._block).split("\n")
        if not lines[-1]:
            lines.pop()
        return [line.removesuffix("\r") for line in lines]

    def __bytes__(self) -> bytes:
        """Give the message as it came, with the empty line that ends it."""
        return self._block + (b"\r\n" if self._block.endswith(b"\n") else b"\r\n\r\n")

    # The headers.

    def get_all(self, name: str) -> list[str]:
        """Give every value of a header, in order; none if it was not sent."""
        wanted = name.lower()
        self._headers()
        return [value for header, value in self._pairs if header.lower() == wanted]

    def all_items(self) -> Pairs:
        """Give every header with its value, repeats too, in order."""
        self._headers()
        return self._pairs.copy()

    def __copy__(self) -> Self:
        twin = type(self).from_wire(self._block)
        twin._take_over(self)  # noqa: SLF001 - an instance of our own
        return twin

    def _take_over(self, other: Message) -> None:
        """Become what another message is; what is set in one does not show in the other."""
        self.__dict__.update(other.__dict__)
        if other._parsed:
            self._pairs = other._pairs.copy()
            self._first = other._first.copy()
            self._data = other._data.copy()

    def copy(self) -> dict[str, str]:
        """Give the headers as a dict: of each name the first."""
        if len(self._headers()) == len(self._pairs):  # nothing repeats
            return dict(self._pairs)
        left = set(self._first)
        copied: dict[str, str] = {}
        for name, value in self._pairs:
            lower = name.lower()
            if lower in left:
                left.remove(lower)
                copied[name] = value
        return copied

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: DefaultT, /) -> str | DefaultT: ...

    def get(self, name: str, default: DefaultT | None = None, /) -> str | DefaultT | None:
        """Give the first value of a header; `default` if it was not sent."""
        looks = self._looks
        if looks < LOOKS:
            self._looks = looks + 1
            find = _finders[name]
            if find is not None and (self._said or _is_beyond_first_line(self._block, name)):
                found = find(self._block)
                if found is None:
                    return default
                value = found[1]
                if value is not None:
                    return value.decode("utf-8", "surrogateescape")
        return self._headers().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:  # noqa: ANN401 - 1.x puts numbers there
        wanted = name.lower()
        first, pairs = self._headers(), self._pairs
        self._forget_head()
        if wanted in first:
            place = next(i for i, pair in enumerate(pairs) if pair[0].lower() == wanted)
            pairs[place] = (pairs[place][0], value)
            pairs[place + 1 :] = _without(wanted, pairs[place + 1 :])
        else:
            pairs.append((name, value))
        first[wanted] = value

    def __delitem__(self, name: str) -> None:
        wanted = name.lower()
        if wanted not in self._headers():
            raise KeyError(name)
        self._forget_head()
        del self._first[wanted]
        self._pairs = _without(wanted, self._pairs)

    def __iter__(self) -> Iterator[str]:
        spelled: dict[str, str] = {}
        for name, _ in self.all_items():
            spelled.setdefault(name.lower(), name)
        return iter(spelled.values())

    def __len__(self) -> int:
        return len(self._headers())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __eq__(self, other: object) -> bool:
        """Compare with a name, or with another message or mapping of headers."""
        if isinstance(other, str):
            return self.name.lower() == other.lower()
        if isinstance(other, Message):
            return self.all_items() == other.all_items() and self.data == other.data
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment] # mutable, as a dict

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.all_items()!r}>"

    def _forget_head(self) -> None:
        """Go by the headers from now on, for they change."""
        self._said, self._said_id = "", None
        self._looks = LOOKS  # a thread that looked one up while they were read may have lowered it

    def _headers(self) -> dict[str, str]:
        """Read the message, if that has not been done; give the first of each header."""
        if not self._parsed:
            # Another thread may do so at the same time: each makes all of it before it shows any.
            pairs, data = _read(self._block)
            first = {name.lower(): value for name, value in pairs[::-1]}
            if "output" in first:
                data = [value for name, value in pairs if name.lower() == "output"]
            if "event" not in first and "response" not in first:
                header, name = _generic_name("actionid" in first)
                pairs.append((header, name))
                first[header.lower()] = name
            self._pairs, self._data, self._first = pairs, data, first
            self._parsed = True
            self._looks = LOOKS
        return self._first


class Response(Message):
    """What Asterisk answered to an action."""

    _KINDS: ClassVar[tuple[str, str]] = ("response", "event")
    _success: bool | None = None  # if it was set

    @property
    def name(self) -> str:
        """The kind of the response: ``"Success"``, ``"Error"``."""
        return self._said or super().name

    @property
    def success(self) -> bool:
        """Whether the action worked: every kind of response does but an error.

        Can be set, which pystrix 1.x's actions do in `process_response`.
        """
        given = self._success
        if given is not None:
            return given
        return (self._said or self.name).lower() not in _FAILURES  # the property takes its time

    @success.setter
    def success(self, success: bool) -> None:
        self._success = success

    @property
    def message(self) -> str:
        """What Asterisk says of it (``Message``), ``""`` if nothing."""
        return self.get("Message", "").rstrip("\r\n")

    @property
    def opens_list(self) -> bool:
        """Whether events with the same ActionID follow, up to one with EventList: Complete."""
        return self.get("EventList", "").lower() == "start"


class Event(Message):
    """Something that happened, or an item of the list that answers an action.

    An event of an unknown name, or with unknown headers, is an event like any other.
    """

    CLASSES: ClassVar[tuple[str, ...]] = ()
    """The classes (``call``, ``system``, ...) of which one must be in the user's ``read``."""

    def __init__(self, lines: Lines = ()) -> None:
        super().__init__(lines)
        if self.NAME and not self._block.lower().startswith(b"event:"):
            self._block = encode(f"Event: {self.NAME}\r\n") + self._block

    @property
    def name(self) -> str:
        """The name of the event: ``"Hangup"``."""
        if self._said:
            return self._said
        block = self._block
        if block.startswith(EVENT) and not self._parsed:  # else a header may have been set
            return _first_value(block, EVENT) or super().name
        return super().name

    @property
    def closes_list(self) -> bool:
        """Whether this is the last event of a list."""
        return self.get("EventList", "").lower() == "complete"

    def process(self) -> tuple[dict[str, Any], list[str]]:
        """Give copies of the headers and of the data, as pystrix 1.x does.

        Returns:
            The headers, where 1.x documents so as numbers and truth values; the lines of data.
        """
        headers: dict[str, Any] = self.copy()
        convert = CONVERSIONS.get(self.name.lower())
        if convert:
            convert(headers)
        return headers, self.data.copy()


def events_by_name(*classes: type[Event]) -> dict[str, type[Event]]:
    """Put classes of events under their names in lower case, as `read_message` wants them."""
    return {event.NAME.lower(): event for event in classes}


def read_message(block: bytes, events: Mapping[str, type[Event]]) -> Event | Response:
    """Make the message of its lines.

    Args:
        block: The lines, without the empty line that ends them.
        events: The classes of events by name in lower case; any other event is an `Event`.
    """
    event = _read_event(block)
    if event is not None:
        name, lower = _name_of(event[1])
        message = _new(events.get(lower, Event))
        message._block = block  # noqa: SLF001 - an instance of our own, and the next
        message._said = name  # noqa: SLF001
        return message
    head = _read_head(block)
    if head is not None and not is_follows(block):
        event_name, response_name, action_id = head.groups()
        name = decode(event_name or response_name)
        kind: type[Event | Response] = events.get(name.lower(), Event) if event_name else Response
        return _make(kind, block, name, None if action_id is None else decode(action_id))
    headers = Message.from_wire(block).all_items()
    header, name = next(pair for pair in headers if _says_kind(pair[0]))
    if header.lower() == "response":
        return Response.from_wire(block)
    return events.get(name.lower(), Event).from_wire(block)


@functools.lru_cache(maxsize=_KEPT)
def _name_of(data: bytes) -> tuple[str, str]:
    """Decode a name; give it as it is and in lower case."""
    name = decode(data)
    return name, name.lower()


def make_success(kind: type[ResponseT], block: bytes, action_id: str) -> ResponseT:
    """Make the response of lines that `match_success` has found.

    Args:
        kind: The class it is to have.
        block: The lines, without the empty line that ends them.
        action_id: The ActionID among them.
    """
    return _make(kind, block, "Success", action_id)


def _make(kind: type[MessageT], block: bytes, name: str, action_id: str | None = None) -> MessageT:
    """Make a message of which this much is known."""
    message = _new(kind)
    message._block = block  # noqa: SLF001 - an instance of our own, and the next two
    message._said = name  # noqa: SLF001
    message._said_id = action_id  # noqa: SLF001
    return message


def _says_kind(header: str) -> bool:
    return header.lower() in ("event", "response")


def _first_value(block: bytes, start: bytes) -> str:
    """Give what the first line says behind its start."""
    end = block.find(b"\n")
    line = block[len(start) :] if end < 0 else block[len(start) : end]
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")


Finder = Callable[[bytes], re.Match[bytes] | None] | None


class _Finders(dict[str, Finder]):
    """What finds a header, by its name; bounded, also if a peer makes the names up."""

    def __missing__(self, name: str) -> Finder:
        if len(name) > LONGEST:
            return None
        if len(self) >= _KEPT:
            self.clear()
        find = self[name] = _make_finder(name)
        return find


_finders = _Finders()


def _make_finder(name: str) -> Finder:
    """Make what finds a header as `_read` does, without reading the others, behind the first line.

    The group is the value; there is none if more than a look tells where that ends.

    Returns:
        A function; None if the header of that name is not looked up.
    """
    if name.lower() in _NOT_LOOKED_UP or not name.isascii() or not name.isprintable():
        return None
    start = re.sub(b"[kK]", _K, re.escape(name.encode("ascii")))
    pattern = rb"\n" + start + rb": ?(?:(.*)\r\n(?:\Z|[^:\n]+:))?"
    return None if ":" in name else re.compile(pattern, re.IGNORECASE).search


def _is_beyond_first_line(block: bytes, name: str) -> bool:
    """Tell whether a header can only be found behind the first line, and in the usual way."""
    first = decode(block.partition(b":")[0])
    return first.lower() != name.lower() and not is_follows(block)


def _generic_name(is_response: bool) -> tuple[str, str]:
    """Name a message that does not say what it is, as 1.x does."""
    return ("Response", RESPONSE_GENERIC) if is_response else ("Event", EVENT_GENERIC)


def _without(wanted: str, pairs: Pairs) -> Pairs:
    return [pair for pair in pairs if pair[0].lower() != wanted]


def _read(block: bytes) -> tuple[Pairs, list[str]]:
    """Read lines: the headers, and the lines that are none."""
    text = decode(block.removesuffix(b"\n"))
    if not block.startswith(EVENT) and is_follows(block):
        return _read_follows(text)
    pairs: Pairs = []
    lines = text.removesuffix("\r").split("\r\n")
    for line in lines:
        name, colon, value = line.partition(": ")
        if not (name and colon) or ":" in name:
            return _read_odd(text)
        pairs.append((name, value))
    if text.count("\n") >= len(lines):
        return _read_odd(text)
    return pairs, []


def _read_odd(text: str) -> tuple[Pairs, list[str]]:
    """Read lines of which not every one is a header as Asterisk writes it."""
    pairs: Pairs = []
    data: list[str] = []
    name = ""
    start = at = 0  # where the value of `name` and the line begin
    for line in text.split("\n"):
        head, colon, _ = line.partition(":")
        is_header = bool(head and colon)
        if name and (is_header or not pairs):  # the first header is whole in its line
            pairs.append((name, _value(text[start : at - 1])))
            name = ""
        if is_header:
            name, start = head, at + len(head) + 1
        else:
            data.append(line.removesuffix("\r"))
        at += len(line) + 1
    if name:
        pairs.append((name, _value(text[start:])))
    return pairs, data


def _value(text: str) -> str:
    return text.removesuffix("\r").removeprefix(" ")


def _read_follows(text: str) -> tuple[Pairs, list[str]]:
    """Read a command's output as Asterisk before 14 sends it: headers, then lines as they are."""
    pairs: Pairs = []
    expected = set(_FOLLOWS_HEADERS)
    lines = text.split("\n")
    while lines:
        name, _, value = lines[0].partition(":")
        if name.lower() not in expected:
            break
        expected.remove(name.lower())
        pairs.append((name, _value(value)))
        del lines[0]
    data = [line.removesuffix("\r") for line in lines]
    if data:
        last = data.pop().removesuffix(_END_COMMAND)
        if last:
            data.append(last)
    return pairs, data
