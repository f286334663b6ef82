"""Typed fields of messages: descriptors that read a header when they are asked.

Pure. A message keeps every header as it came; a field reads one of them on demand::

    class Hangup(Event):
        NAME: ClassVar[str] = "Hangup"
        channel = Text("Channel")
        cause = Integer("Cause")

    event.cause        # -> 16, an int
    Hangup.cause       # -> the field itself
    Hangup.fields()    # -> {"channel": <Text Channel>, "cause": <Integer Cause>}

A header that was not sent raises `MissingFieldError`, which is an `AttributeError`:
``getattr(event, "cause", None)`` and ``hasattr`` work. A value that does not fit raises
`FieldValueError`. Neither touches any other field, and ``event["Cause"]`` always is the text as it
came. `Texts` and `Variables`, for headers that come any number of times, never raise.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from pystrix.ami._wire import percent_decode, printable, unescape
from pystrix.ami.errors import FieldValueError, MissingFieldError

if TYPE_CHECKING:
    from typing import Self

    from pystrix.ami._message import Message

__all__ = [
    "Choice",
    "Duration",
    "EncodedText",
    "EscapedText",
    "Field",
    "Flag",
    "Integer",
    "Number",
    "Text",
    "Texts",
    "Variables",
]

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"([0-9]+):([0-5]?[0-9]):([0-5]?[0-9])")
# What Asterisk's own ast_true and ast_false take, and what its events say beside it.
_TRUE = frozenset({"yes", "true", "y", "t", "1", "on", "enabled"})
_FALSE = frozenset({"no", "false", "n", "f", "0", "off", "disabled"})


class Field(Generic[T]):
    """A header of a message, read as a value of one type.

    Args:
        header: The name of the header on the wire; its case does not matter.
    """

    __slots__ = ("attribute", "header")

    def __init__(self, header: str) -> None:
        self.header: str = header
        self.attribute: str = ""

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, message: None, owner: type[Message]) -> Self: ...
    @overload
    def __get__(self, message: Message, owner: type[Message] | None = None) -> T: ...

    def __get__(self, message: Message | None, owner: type[Message] | None = None) -> Self | T:
        if message is None:
            return self
        return self.read(message)

    def read(self, message: Message) -> T:
        """Read the field of a message.

        Raises:
            MissingFieldError: If the message does not have the header.
            FieldValueError: If its value does not fit.
        """
        text = message.get(self.header)
        if text is None:
            name = printable(message.name)
            raise MissingFieldError(f"{name} came without {self.header}", self.header)
        try:
            return self.convert(text)
        except ValueError as error:
            raise FieldValueError(
                f"{self.header} of {printable(message.name)} is {printable(text)!r}: {error}",
                self.header,
            ) from None

    @abstractmethod
    def convert(self, text: str) -> T:
        """Make the value of a header's text.

        Raises:
            ValueError: If it is none.
        """

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.header}>"


class Text(Field[str]):
    """A text, exactly as it came: ``<unknown>`` stays ``<unknown>``."""

    __slots__ = ()

    def convert(self, text: str) -> str:
        """Give the text."""
        return text


class Choice(Text):
    """A text for which Asterisk documents certain values; any other is given as well.

    Args:
        header: The name of the header.
        choices: The documented values.
    """

    __slots__ = ("choices",)

    def __init__(self, header: str, *choices: str) -> None:
        super().__init__(header)
        self.choices: tuple[str, ...] = choices


class EscapedText(Text):
    r"""A text that Asterisk escapes as C does (``\n``, ``\"``, ``\\``): given as it was meant."""

    __slots__ = ()

    def convert(self, text: str) -> str:
        """Give the text without its escapes."""
        return unescape(text)


class EncodedText(Text):
    """A text that Asterisk encodes with percent signs: given as it was meant."""

    __slots__ = ()

    def convert(self, text: str) -> str:
        """Give the text, decoded."""
        return percent_decode(text)


class Integer(Field[int]):
    """A whole decimal number."""

    __slots__ = ()

    def convert(self, text: str) -> int:
        """Give the number."""
        if not _INTEGER.fullmatch(text):
            raise ValueError("not a whole number")
        return int(text)


class Number(Field[float]):
    """A number with decimals."""

    __slots__ = ()

    def convert(self, text: str) -> float:
        """Give the number."""
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        return float(text)


class Flag(Field[bool]):
    """Yes or no, in any of the ways Asterisk writes it: Yes, true, 1, on, Enabled, ..."""

    __slots__ = ()

    def convert(self, text: str) -> bool:
        """Tell which."""
        word = text.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError("neither yes nor no")


class Duration(Field[int]):
    """A time as ``hours:minutes:seconds``, read in seconds."""

    __slots__ = ()

    def convert(self, text: str) -> int:
        """Give the seconds."""
        match = _DURATION.fullmatch(text)
        if match is None:
            raise ValueError("not hours:minutes:seconds")
        hours, minutes, seconds = map(int, match.groups())
        return hours * 3600 + minutes * 60 + seconds


class Texts(Field["list[str]"]):
    """Every value of a header that comes any number of times, in order."""

    __slots__ = ()

    def read(self, message: Message) -> list[str]:
        """Give the values; none if the header was not sent."""
        return message.get_all(self.header)

    def convert(self, text: str) -> list[str]:
        """Give one value as a list."""
        return [text]


class Variables(Field["dict[str, str]"]):
    """The variables of a header that comes as ``NAME=value`` any number of times."""

    __slots__ = ()

    def read(self, message: Message) -> dict[str, str]:
        """Give the variables by name; none if the header was not sent."""
        return {
            name: value
            for text in message.get_all(self.header)
            for name, value in self.convert(text).items()
        }

    def convert(self, text: str) -> dict[str, str]:
        """Give one variable; the name ends at the first ``=``."""
        name, _, value = text.partition("=")
        return {name: value}
