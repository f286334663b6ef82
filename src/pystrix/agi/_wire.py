"""The bytes of AGI: words to one command line, one reply line to values, and the limits.

Pure. Both directions follow what a live Asterisk 22 does: it splits a command line at blanks and
tabs, a double quote switches quoting on and off anywhere, a backslash takes the next byte as it
is; its replies are never escaped.
"""

from __future__ import annotations

import enum
import functools
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAX_LINE: Final = 8191
"""Bytes of a command line with its line feed. Asterisk runs what follows as another command."""

MAX_WORDS: Final = 127
"""Words of a command line. Asterisk drops unquoted ones beyond it; 129 quoted ones abort it."""

MAX_DATA_DIGITS: Final = 1024
"""Digits of a GET DATA: the size of Asterisk's buffer."""

HANGUP_LINE: Final = b"HANGUP"
"""The line, without its line feed, by which Asterisk tells a hang-up."""

FAILURE_LINE: Final = b"failure\n"
"""Ends the session with AGISTATUS=FAILURE: the only way to tell the dialplan of a failure."""

# Makes a NamedTuple in half the time of a call of its class, whose __new__ is Python.
new_tuple: Callable[..., Any] = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

_NO_TEXT = (bytes, bytearray, memoryview, type(None))
_QUOTE, _BACKSLASH = b'"\\'
_BETWEEN = '" "'
_SPECIAL = re.compile('["\\\\\n\0]')
_FORBIDDEN = re.compile("[\n\0]")
_NAME = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_TAGGED = re.compile(r"\(([a-z]+)\) (?=[a-z]+=)")
_VALUE = "result=1 ("
_VALUE_NAMES = (b"GET VARIABLE ", b"GET FULL VARIABLE ", b"DATABASE GET ", b"RECEIVE TEXT ")
_HARMFUL_NAMES = frozenset({"GET OPTION", "GET DATA", "DATABASE DELTREE"})
# How a line of these begins, quotes and backslashes in its name included.
_PERHAPS_EXEC = frozenset(b'Ee"\\ \t')
_PERHAPS_VALUE = frozenset(b'GgDdRr"\\ \t')
_NAME_BYTES = 64  # a command's name ends before, however it is quoted


class ValueData(NamedTuple):
    """One part of a reply, such as ``result=1 (text)``."""

    value: str
    """What stands after the ``=``."""
    data: str
    """The text in parentheses behind it, or ``""``."""


class Response(NamedTuple):
    """A whole reply of Asterisk."""

    items: dict[str, ValueData]
    """The parts by name: ``result``, ``endpos``, ... Not to be changed: replies are shared."""
    code: int
    """200, 510, 511, 520, ..."""
    raw: str
    """The reply behind its code, as Asterisk sent it."""


class ReplyLine(NamedTuple):
    """A line that begins with a reply code."""

    code: int
    more: bool
    """Whether ``-`` follows the code: a block of lines begins."""
    text: str


def to_text(value: object) -> str:
    """Give the text of an argument.

    Raises:
        TypeError: For bytes and None, whose text is hardly ever what was meant.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, _NO_TEXT):
        raise TypeError(
            f"an AGI argument is a str or a number, not {value!r}; "
            "decode bytes with errors='surrogateescape' to send them as they are"
        )
    return str(value)


def quote(value: object) -> str:
    r"""Quote a value so that Asterisk takes it as one word, exactly as it is.

    Args:
        value: A str, or anything whose `str` is meant (a number, a path). Bytes that are not
            UTF-8 travel as surrogate escapes.

    Returns:
        The text in double quotes, with ``"`` and ``\`` escaped. Nothing else needs it: tabs,
        carriage returns, control characters, ``${X}`` arrive as data.

    Raises:
        ValueError: For a line feed or NUL, which no quoting can carry to Asterisk.
        TypeError: For bytes and None.
    """
    text = to_text(value)
    return f'"{_escape(text) if _SPECIAL.search(text) else text}"'


def _escape(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError(f"AGI cannot carry a line feed or NUL in an argument: {text!r}")
    return text.replace("\\", "\\\\").replace('"', '\\"')


def encode_command(name: str, words: Sequence[Any], *, keep: bool = True) -> bytes:
    """Make the line of a command: its name as it is, its words quoted.

    Args:
        name: The name.
        words: The words.
        keep: Whether to keep the line for the next time; not if its words hardly ever come again.

    Raises:
        ValueError: If Asterisk could not take it: a line feed or NUL, more than `MAX_LINE` bytes
            or `MAX_WORDS` words, a lone surrogate, a name that is not words of letters, or a
            command that harms it.
        TypeError: If a word is bytes or None.
    """
    line_of = _kept_line if keep else _line_of_text
    try:
        return line_of(name, *words)
    except TypeError:
        pass  # not all of them are str, and to_text says better what is wrong with which
    return _line_of_text(name, *[str.__str__(to_text(word)) for word in words])


def _line_of_text(name: str, *words: str) -> bytes:
    """Make the line of a command.

    Raises:
        TypeError: If a word is no str but of a subclass, say: one that is equal to it, and is in
            the cache, may have another text.
        ValueError: As `encode_command`.
    """
    for word in words:
        if type(word) is not str:
            raise TypeError("not plain text")
    text = _BETWEEN.join(words)
    # One look at all words, which nearly always are as `quote` would make them.
    between = 2 * len(words) - 2 if words else 0
    if text.count('"') != between or "\\" in text or "\n" in text or "\0" in text:
        text = _BETWEEN.join(map(_escape, words))
    room, harmful = _check_name(name)
    if len(words) > room:
        raise ValueError(
            f"Asterisk takes at most {MAX_WORDS} words in a command, {name} has "
            f"{len(words) + MAX_WORDS - room}"
        )
    data = (f'{name} "{text}"\n' if words else f"{name}\n").encode("utf-8", "surrogateescape")
    if harmful or len(data) > MAX_LINE:
        _check_length(data)
        refuse_harmful(split_words(data[:-1]))
    return data


# A program has the same lines again and again. One and its words take at most 40 KiB, so all of
# them 20 MiB; but they are mostly short.
_kept_line = functools.lru_cache(maxsize=512, typed=True)(_line_of_text)


@functools.lru_cache(maxsize=256)
def _check_name(name: str) -> tuple[int, bool]:
    """Tell how many words may follow a name, and whether the command can harm Asterisk."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"the name of a command is made of letters and single blanks: {name!r}")
    return MAX_WORDS - 1 - name.count(" "), name.upper() in _HARMFUL_NAMES


def encode_raw(line: str) -> bytes:
    """Make the bytes of a command line that somebody else has put together and quoted.

    Raises:
        ValueError: As `encode_command`.
    """
    if _FORBIDDEN.search(line):
        raise ValueError(f"AGI cannot carry a line feed or NUL in a command: {line!r}")
    data = (line + "\n").encode("utf-8", "surrogateescape")
    _check_length(data)
    words = split_words(data[:-1])
    if not words:
        raise ValueError("an AGI command needs at least its name")
    if len(words) > MAX_WORDS:
        raise ValueError(
            f"Asterisk takes at most {MAX_WORDS} words in a command, this has {len(words)}: "
            f"{line[:60]!r}..."
        )
    refuse_harmful(words)
    return data


def _check_length(data: bytes) -> None:
    if len(data) > MAX_LINE:
        raise ValueError(
            f"Asterisk takes command lines of at most {MAX_LINE - 1} bytes, this one has "
            f"{len(data) - 1}: {printable(data[:60])!r}..."
        )


def refuse_harmful(words: Sequence[bytes]) -> None:
    """Refuse the commands that harm Asterisk.

    GET OPTION without a timeout ends the process when the channel runs no dialplan; GET DATA with
    a maximum over `MAX_DATA_DIGITS` is beyond its buffer; DATABASE DELTREE of an empty family
    deletes the whole database.

    Raises:
        ValueError: If `words` are such a command.
    """
    name = tuple(word.upper() for word in words[:2])
    if name == (b"GET", b"OPTION") and len(words) < 5:  # noqa: PLR2004 - GET OPTION file digits ms
        raise ValueError("GET OPTION needs a timeout: without one it can end the Asterisk process")
    if name == (b"GET", b"DATA") and len(words) > 4:  # noqa: PLR2004 - GET DATA file ms maximum
        check_data_digits(_leading_int(words[4]))
    if name == (b"DATABASE", b"DELTREE") and words[2:3] == [b""]:
        raise ValueError("DATABASE DELTREE of an empty family deletes the whole database")


def check_data_digits(maximum: int) -> None:
    """Refuse a GET DATA for more digits than Asterisk's buffer holds.

    Raises:
        ValueError: If `maximum` is over `MAX_DATA_DIGITS`.
    """
    if maximum > MAX_DATA_DIGITS:
        raise ValueError(f"GET DATA takes at most {MAX_DATA_DIGITS} digits, not {maximum}")


def _leading_int(word: bytes) -> int:
    digits = re.match(rb"\s*[+-]?\d+", word)
    return int(digits[0]) if digits else 0


def split_words(line: bytes) -> list[bytes]:
    """Split a command line (without its line feed) as Asterisk does."""
    words: list[bytearray] = []
    escaped = quoted = False
    between = True
    for byte in line:
        if byte == _QUOTE and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append(bytearray())
                between = False
        elif byte in b" \t" and not escaped and not quoted:
            between = True
        elif byte == _BACKSLASH and not escaped:
            escaped = True
        else:
            if between:
                words.append(bytearray())
                between = False
            words[-1].append(byte)
            escaped = False
    return [bytes(word) for word in words]


def decode(data: bytes) -> str:
    """Decode what Asterisk sent: UTF-8, any other byte as a surrogate escape."""
    return data.decode("utf-8", "surrogateescape")


def parse_reply_line(line: bytes) -> ReplyLine | None:
    """Read a line that begins with a three-digit code, or give None for any other line."""
    if line.startswith(b"200 "):
        return ReplyLine(200, False, decode(line[4:]))
    code, mark = line[:3], line[3:4]
    if len(code) == 3 and code.isdigit() and mark in (b" ", b"-", b""):  # noqa: PLR2004 - 3 digits
        return ReplyLine(int(code), mark == b"-", decode(line[4:]))
    return None


def parse_number(text: str) -> int:
    """Read a decimal number as Asterisk writes it.

    Raises:
        ValueError: If it is none.
    """
    if not (text.isdecimal() and text.isascii()) and not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {text!r}")
    return int(text)


def printable(text: str | bytes) -> str:
    """Make a text that any log can take: what is not UTF-8 is written as an escape."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace")


def is_exec(line: bytes) -> bool:
    """Tell whether a command line is an EXEC, however it is written."""
    # Asked at every reply: most lines are told by their first byte.
    return line[0] in _PERHAPS_EXEC and (
        line.startswith(b"EXEC ") or _name(line).startswith(b"EXEC ")
    )


def gives_value(line: bytes) -> bool:
    """Tell whether a command line asks for a value: a text that Asterisk does not escape."""
    return line.startswith(_VALUE_NAMES) or (
        line[0] in _PERHAPS_VALUE and _name(line).startswith(_VALUE_NAMES)
    )


class Cancelling(enum.Enum):
    """What becomes of a running command that nobody wants any more."""

    STOP = enum.auto()
    """Asterisk stops it when another line comes."""
    WAIT = enum.auto()
    """It ends by itself, soon."""
    CLOSE = enum.auto()
    """It may run for ever, and Asterisk does not listen meanwhile."""


_STOPPED = (b"STREAM FILE ", b"GET DATA ", b"GET OPTION ", b"WAIT FOR DIGIT ")
_ENDLESS = (
    b"EXEC ",
    b"GOSUB ",
    b"RECORD FILE ",
    b"CONTROL STREAM FILE ",
    b"RECEIVE TEXT ",
    b"RECEIVE CHAR ",
    b"SPEECH RECOGNIZE ",
)


def cancelling(line: bytes) -> Cancelling:
    """Tell what becomes of a command line's command when it is cancelled."""
    name = _name(line)
    if name.startswith(_STOPPED):
        return Cancelling.STOP
    return Cancelling.CLOSE if name.startswith(_ENDLESS) else Cancelling.WAIT


def _name(line: bytes) -> bytes:
    """Give a line's command name with a blank behind it; perhaps some arguments as well."""
    return b" ".join(split_words(line[:_NAME_BYTES])).upper() + b" "


def has_parenthesis(text: str) -> bool:
    """Tell whether a parenthesis follows the result in a reply."""
    return text[:10] == _VALUE or text.find(" (") == text.find(" ") >= 0


def parse_value(text: str) -> dict[str, ValueData]:
    """Read a reply with a value, given the text behind its code.

    The value reaches to the last parenthesis, for Asterisk does not escape it.
    """
    if text[:10] == _VALUE and text[-1] == ")":  # nearly always
        return {"result": new_tuple(ValueData, ("1", text[10:-1]))}
    result, _, rest = text.partition(" ")
    value = "1" if result == "result=1" else result.removeprefix("result=")
    return {"result": new_tuple(ValueData, (value, rest[1:-1] if rest[-1:] == ")" else rest[1:]))}


def parse_items(text: str) -> dict[str, ValueData]:
    """Read the parts of a reply without a value, given the text behind its code.

    Of a name that comes twice the first counts: a text that was recognized may hold others.
    """
    if text[:7] != "result=":
        return {}
    value, _, rest = text[7:].partition(" ")
    if not rest:
        return {"result": new_tuple(ValueData, (value, ""))}
    data = ""
    if rest[0] == "(":
        tag = _TAGGED.match(rest) if ") " in rest else None
        if tag is None:
            return {"result": new_tuple(ValueData, (value, rest[1:].removesuffix(")")))}
        data = tag[1]
        rest = rest[tag.end() :]
    items = {"result": new_tuple(ValueData, (value, data))}
    for word in rest.split(" "):
        name, equals, part = word.partition("=")
        if equals and name not in items:
            items[name] = new_tuple(ValueData, (part, ""))
    return items


class _SharedItems(dict[str, ValueData]):
    """The items of a reply that many commands get. A copy is a dict, and can be changed."""

    def _refuse(*_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - whatever a dict takes
        raise TypeError("many commands share this reply: change a copy of its items")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type, tuple[dict[str, ValueData]]]:
        return dict, (dict(self),)


def _shared(number: int) -> tuple[bytes, Response]:
    text = f"result={number}"
    return f"200 {text}\n".encode(), Response(_SharedItems(parse_items(text)), 200, text)


_SHARED = dict(map(_shared, range(128)))
LONGEST_SHARED: Final = max(map(len, _SHARED))
shared_reply: Final = _SHARED.get
"""Give the reply of a line that most commands have, read already: a number or the code of a DTMF
digit, and nothing else. None for any other line."""


def lines_of_value(lines: Iterable[bytes]) -> tuple[bytes, list[bytes]]:
    """Put a value of several lines together again.

    Args:
        lines: All lines from the reply's first up to a point where it must have ended.

    Returns:
        The whole reply, up to the last line that closes a parenthesis (all, if none does), and
        the lines behind it.
    """
    held = list(lines)
    last = max((i for i, line in enumerate(held) if line.endswith(b")")), default=len(held) - 1)
    return b"\n".join(held[: last + 1]), held[last + 1 :]
