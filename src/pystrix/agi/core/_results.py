"""What several commands have in common: lists of digits, and how their results are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, cast

from pystrix.agi._action import Action, T_co
from pystrix.agi._wire import parse_number, to_text
from pystrix.agi.errors import AGIAppError

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

Digits = str | Iterable[str | int]
"""DTMF digits (``0``-``9``, ``*``, ``#``, ``A``-``D``): a str, or an iterable of str and int."""


_NO_LISTS = (bytes, type(None))


class Interruption(NamedTuple):
    """A key that cut a command short."""

    digit: str
    """The DTMF digit: ``"5"``, ``"#"``."""
    offset: int
    """Where the file stood (endpos), in samples at 8 kHz."""


class PlainAction(Action[T_co]):
    """Base of the commands that put their outcome into the result's number."""

    def failed(self, response: Response, why: str = "") -> AGIAppError:
        """Make the error of a command that failed on a living channel."""
        text = f"Asterisk could not do {self}"
        return AGIAppError(f"{text}: {why}" if why else text, response.items)

    def number(self, response: Response) -> int:
        """Read the result as a number.

        Raises:
            AGIAppError: If it is none.
        """
        value = response.items["result"].value
        try:
            return parse_number(value)
        except ValueError:
            raise self.failed(response, f"the result {value!r} is not a number") from None

    def digit(self, response: Response) -> str | None:
        """Read the result as the ASCII code of a digit, 0 being none.

        Raises:
            AGIAppError: If it is negative or no character.
        """
        if response.items["result"].value == "0":  # nearly always
            return None
        code = self.number(response)
        if not 0 <= code <= 0x10FFFF:  # noqa: PLR2004 - the last code point
            raise self.failed(response, f"result {code}")
        return chr(code) if code else None  # it may be written 00

    def endpos(self, response: Response) -> int:
        """Read where a file stood when the command ended.

        Raises:
            AGIAppError: If the reply does not say it.
        """
        part = response.items.get("endpos")
        try:
            return parse_number(part.value if part else "")
        except ValueError:
            raise self.failed(response, "the reply has no endpos") from None

    def interruption(self, response: Response) -> Interruption | None:
        """Read a digit and its endpos; None when no digit was pressed."""
        digit = self.digit(response)
        return None if digit is None else Interruption(digit, self.endpos(response))


class DigitAction(PlainAction["str | None"]):
    """Base of the commands whose result is a digit or None."""

    def process_response(self, response: Response) -> str | None:
        """Give the DTMF digit that was pressed, None if there was none.

        Raises:
            AGIAppError: If the command failed.
        """
        return self.digit(response)


def join_digits(digits: Digits) -> str:
    """Make one text of a list of digits."""
    if isinstance(digits, str):
        return digits
    if isinstance(digits, _NO_LISTS):
        return to_text(digits)  # which refuses them
    listed = tuple(digits)
    try:
        return "".join(cast("tuple[str, ...]", listed))
    except TypeError:
        return "".join(map(to_text, listed))


def optional(*words: object) -> list[object]:
    """Leave out the words at the end that are None."""
    given = list(words)
    while given and given[-1] is None:
        given.pop()
    return given
