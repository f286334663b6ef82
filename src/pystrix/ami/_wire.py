r"""The bytes of AMI: headers to one message, the limits, and the encodings inside values.

Pure. What may be sent follows what a live Asterisk 22 does: a line feed ends a line wherever it
stands, NUL cuts a value, blanks and control characters behind the colon are dropped, lines have at
most 1,024 bytes and messages 128 lines. What Asterisk could not take, or would take as something
else, is refused.
"""

from __future__ import annotations

import functools
import re
import urllib.parse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_LINE: Final = 1024
"""Bytes of a line with its CR and LF. Asterisk refuses a message with a longer one."""

MAX_LINES: Final = 128
"""Lines of a message. Asterisk refuses a message with more."""

END_COMMAND: Final = b"--END COMMAND--"
"""What ends the output of a command with Asterisk before 14."""

_BYTES: tuple[type, ...] = (bytes, bytearray, memoryview)
_LINE_END: Final = "\r\n"
_DROPPED = frozenset(map(chr, range(33)))  # at the start of a value
_SECRETS = frozenset({"secret", "key"})
_NAME = re.compile(r"[^\s:\0](?:[^:\r\n\0]*[^\s:\0])?")
_SPECIAL = re.compile(r'[\\",]')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FOLLOWS = re.compile(rb"response: follows\r?(?:\n|\Z)", re.IGNORECASE)
_SECRET = re.compile(rb"^(secret|key)[ \t]*:[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_SHORT = 3 * MAX_LINES  # bytes of a message without a line too long or one too many
_is_request = re.compile(
    rb"(?:[^\r\n\0]{1,%d}+\r\n){1,%d}+\r\n" % (MAX_LINE - len(_LINE_END), MAX_LINES)
).fullmatch
# The letters behind a backslash in Asterisk's ast_escape_c; any other character stands for itself.
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def encode(text: str) -> bytes:
    """Make bytes of text: UTF-8, and of a surrogate escape the byte it stands for.

    Raises:
        ValueError: For any other lone surrogate.
    """
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """Decode what Asterisk sent: UTF-8, any other byte as a surrogate escape."""
    return data.decode("utf-8", "surrogateescape")


def printable(text: str | bytes) -> str:
    """Make a text that any log can take: what is not UTF-8 is written as an escape."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "backslashreplace")


def to_text(value: object, name: str = "") -> str:
    """Give the text of a header's value.

    Args:
        value: The value.
        name: The name of the header, for errors.

    Raises:
        TypeError: For bytes and None, whose text is hardly ever what was meant.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, _BYTES):
        raise TypeError(
            f"the value of a header is a str, a number or a bool, not {_shown(name, value)}; "
            "decode bytes with errors='surrogateescape' to send them as they are"
        )
    return str(value)


def compose(headers: Iterable[tuple[str, object]]) -> str:
    """Make the text of a message, with the empty line that ends it.

    Args:
        headers: Names and values, in order; a name may repeat.

    Raises:
        ValueError: As `header_line`.
        TypeError: As `header_line`.
    """
    lines = "".join([header_line(name, value) for name, value in headers])
    return f"{lines}\r\n"


def header_line(name: str, value: object) -> str:
    """Make the line of a header, with its end.

    Raises:
        ValueError: If Asterisk could not take it as it is: CR, LF or NUL, a blank or control
            character at the start of the value, a name that is none.
        TypeError: If the value is bytes or None.
    """
    _check_name(name)
    text = value if type(value) is str else f"{to_text(value, name)}"
    if not text.isprintable() or text[:1] == " ":  # hardly ever
        _check_value(name, text)
    return f"{name}: {text}\r\n"


def _check_value(name: str, value: str) -> None:
    if "\n" in value or "\r" in value or "\0" in value:
        raise ValueError(
            f"AMI cannot carry CR, LF or NUL in a value, and {name} is {_shown(name, value)}"
        )
    if value[:1] in _DROPPED:
        raise ValueError(
            "Asterisk drops blanks and control characters at the start of a value, and "
            f"{name} is {_shown(name, value)}"
        )


def _shown(name: str, value: object) -> str:
    """Show a value in an error, unless it is a secret."""
    if name.lower() in _SECRETS:
        return "***"
    return repr(printable(value)) if isinstance(value, str) else repr(value)


@functools.lru_cache(maxsize=1024)
def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"the name of a header has no colon, CR, LF or NUL and no blank around it: {name!r}"
        )
    _check_length(name)  # before it is remembered


@functools.lru_cache(maxsize=256)
def action_line(name: str) -> str:
    """Make the first line of a request, with its end.

    Raises:
        ValueError: As `header_line`.
        TypeError: As `header_line`.
    """
    line = header_line("Action", name)
    _check_length(line.removesuffix(_LINE_END))  # before it is remembered
    return line


def encode_request(text: str, *, composed: bool = False) -> bytes:
    """Make the bytes of a request.

    Args:
        text: The request.
        composed: Whether it is known to be made of header lines, so that only the limits matter.

    Raises:
        ValueError: If Asterisk could not take it: a line of more than `MAX_LINE` bytes, more than
            `MAX_LINES` lines, NUL, a CR or LF that does not end a line, an empty line before the
            end or none there, a lone surrogate.
    """
    data = text.encode("utf-8", "surrogateescape")
    if not (composed and len(data) <= _SHORT) and _is_request(data) is None:
        raise _refusal(data)
    return data


def _refusal(data: bytes) -> ValueError:
    """Say why a message is no request that Asterisk takes."""
    lines = data.split(b"\r\n")
    if lines[-2:] != [b"", b""] or b"" in lines[:-2] or not lines[0]:
        return ValueError(
            "a request is lines that end in CR and LF, and one empty line at the end: "
            f"{redact(data)!r}"
        )
    if len(lines) - 2 > MAX_LINES:
        return ValueError(
            f"Asterisk takes at most {MAX_LINES} lines in a message, this one has {len(lines) - 2}"
        )
    for line in lines:
        if len(line) + 2 > MAX_LINE:
            return _too_long(line)
    return ValueError(f"AMI cannot carry CR, LF or NUL in a header: {redact(data)!r}")


def _check_length(line: str) -> None:
    data = line.encode("utf-8", "surrogatepass")  # any other fault is found later
    if len(data) + 2 > MAX_LINE:
        raise _too_long(data)


def _too_long(line: bytes) -> ValueError:
    return ValueError(
        f"Asterisk takes lines of at most {MAX_LINE - 2} bytes, this one has {len(line)}: "
        f"{redact(line[:60])!r}..."
    )


def is_follows(block: bytes) -> bool:
    """Tell whether a message is the output of a command as Asterisk before 14 sends it."""
    return _FOLLOWS.match(block) is not None


def redact(data: bytes) -> str:
    """Make a text for a log of what is sent: without the values of Secret and Key."""
    return printable(_SECRET.sub(rb"\1: ***", data))


def quote_variable(name: str, value: object) -> str:
    r"""Make one value of Originate's ``Variable`` header.

    Asterisk splits it at commas and takes quotes and backslashes out, so each of them gets a
    backslash in front. (Setvar takes its value as it is and needs none of this.)

    Raises:
        ValueError: If the name is empty or holds a ``=``.
        TypeError: If the value is bytes or None.
    """
    if not name or "=" in name:
        raise ValueError(f"the name of a variable is not empty and has no '=': {name!r}")
    return _SPECIAL.sub(r"\\\g<0>", f"{name}={to_text(value)}")


def quote_variables(variables: Mapping[str, object]) -> list[str]:
    """Make the values of Originate's ``Variable`` headers, one for each variable.

    Raises:
        ValueError: As `quote_variable`.
        TypeError: As `quote_variable`.
    """
    return [quote_variable(name, value) for name, value in variables.items()]


def unescape(text: str) -> str:
    r"""Undo the escapes of C that Asterisk puts into some values (``\n``, ``\"``, ``\\``)."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def percent_decode(text: str) -> str:
    """Undo the percent signs of AsyncAGI's ``Env`` and ``Result``; a plus sign stays one."""
    if "%" not in text:
        return text
    return urllib.parse.unquote(text, errors="surrogateescape")
