"""Typed fields that few messages have: times, numbers that may be missing, numbered families.

Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pystrix.ami._fields import Field, Integer, Number, T, Text
from pystrix.ami._wire import printable
from pystrix.ami.errors import MissingFieldError

if TYPE_CHECKING:
    from pystrix.ami._message import Message

__all__ = ["Numbered", "PaddedNumber", "SecondText", "SparseInteger", "Timestamp"]


class Timestamp(Field[datetime]):
    """A date and time; missing if the header is empty.

    With a zone if Asterisk sends one (``2026-11-25T19:16:31.792+0000``, security events). Without
    one (``2026-11-25 19:16:31``, CDR and CEL) it is by the clock of Asterisk's machine, unless its
    configuration says UTC.
    """

    __slots__ = ()

    def read(self, message: Message) -> datetime:
        """Read the field of a message.

        Raises:
            MissingFieldError: If the message does not have the header, or it is empty.
            FieldValueError: If its value is no date and time.
        """
        _refuse(self.header, message, "")
        return super().read(message)

    def convert(self, text: str) -> datetime:
        """Give the date and time."""
        return datetime.fromisoformat(text)


class SecondText(Text):
    """A text in the second header of a name whose first has another meaning."""

    __slots__ = ()

    def read(self, message: Message) -> str:
        """Give the text.

        Raises:
            MissingFieldError: If there is no second header of the name.
        """
        values = message.get_all(self.header)
        if len(values) < 2:  # noqa: PLR2004 - two is what the class is for
            raise MissingFieldError(
                f"{printable(message.name)} came without a second {self.header}", self.header
            )
        return values[1]


class SparseInteger(Integer):
    """A whole decimal number; missing if the header is empty or ``N/A``."""

    __slots__ = ()

    def read(self, message: Message) -> int:
        """Read the field of a message.

        Raises:
            MissingFieldError: If the message does not have the header, or no value in it.
            FieldValueError: If its value is no number.
        """
        _refuse(self.header, message, "", "N/A")
        return super().read(message)


class PaddedNumber(Number):
    """A number with decimals that Asterisk may write with blanks in front."""

    __slots__ = ()

    def convert(self, text: str) -> float:
        """Give the number."""
        return super().convert(text.lstrip(" "))


class Numbered(Field[list[T]]):
    """A family of headers that are counted: ``Report0LSR``, ``Report1LSR``, ...; in order.

    Args:
        header: Their name, with ``{}`` for the number.
        field: What each of them is.
    """

    __slots__ = ("field",)

    def __init__(self, header: str, field: type[Field[T]]) -> None:
        super().__init__(header)
        self.field: type[Field[T]] = field

    def read(self, message: Message) -> list[T]:
        """Give the values; none if there are no such headers.

        Raises:
            FieldValueError: If a value does not fit.
        """
        values: list[T] = []
        while (header := self.header.format(len(values))) in message:
            values.append(self.field(header).read(message))
        return values

    def convert(self, text: str) -> list[T]:
        """Give one value as a list."""
        return [self.field(self.header).convert(text)]


def _refuse(header: str, message: Message, *nothing: str) -> None:
    if message.get(header) in nothing:
        name = printable(message.name)
        raise MissingFieldError(f"{name} came without a value for {header}", header)
