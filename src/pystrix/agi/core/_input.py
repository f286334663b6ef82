"""Ask: keys the caller presses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pystrix.agi._wire import check_data_digits, encode_command
from pystrix.agi.core._results import (
    DigitAction,
    Digits,
    Interruption,
    PlainAction,
    join_digits,
)

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["Data", "GetData", "GetOption", "WaitForDigit"]


class Data(NamedTuple):
    """What the caller typed."""

    digits: str
    """The keys, without the ``#`` that ended them; may be empty."""
    timed_out: bool
    """Whether the time ran out, rather than ``#`` or the last key ending it."""


class GetData(PlainAction[Data]):
    """Play a file and collect keys, ended by ``#``, by their number or by time.

    Asterisk: GET DATA. The first key stops the file.

    Args:
        filename: The file, without its format; ``""`` for none.
        timeout: The time for each key, in ms. 0: Asterisk's default, 6 s for the first and 2 s
            between them. Negative: no limit.
        max_digits: The keys after which it ends at once, 1 to 1,024.

    Returns:
        ``(digits, timed_out)``.

    Raises:
        ValueError: If `max_digits` is not from 1 to 1,024: Asterisk's buffer ends there.
        AGIAppError: If there is no such file.
    """

    def __init__(self, filename: object, timeout: int = 2000, max_digits: int = 255) -> None:
        check_data_digits(max_digits)
        if max_digits < 1:
            raise ValueError(f"GET DATA needs at least 1 digit, not {max_digits}")
        self.wire: bytes = encode_command("GET DATA", (filename, timeout, max_digits))

    def process_response(self, response: Response) -> Data:
        """Give the keys."""
        result = response.items["result"]
        if result.value == "-1":
            raise self.failed(response)
        return Data(result.value, result.data == "timeout")


class GetOption(PlainAction["Interruption | None"]):
    """Play a file and wait for one of some keys, during it and after.

    Asterisk: GET OPTION, always with its timeout: without one it can end the Asterisk process.

    Args:
        filename: The file, without its format.
        escape_digits: The keys that are waited for.
        timeout: How long to wait after the file, in ms; 0 for Asterisk's default.

    Returns:
        ``(digit, offset)``: the key, and where the file stood in samples at 8 kHz; None if none
        of the keys was pressed (another key ends the waiting, too).

    Raises:
        AGIAppError: If there is no such file.
    """

    def __init__(self, filename: object, escape_digits: Digits = "", timeout: int = 2000) -> None:
        self.wire: bytes = encode_command(
            "GET OPTION", (filename, join_digits(escape_digits), timeout)
        )

    def process_response(self, response: Response) -> Interruption | None:
        """Give the key and where the file stood, None if there was none."""
        return self.interruption(response)


class WaitForDigit(DigitAction):
    """Wait for a key.

    Asterisk: WAIT FOR DIGIT. Keys pressed while no command ran are gone.

    Args:
        timeout: How long, in ms; -1 for ever.

    Returns:
        The key, or None if the time ran out.
    """

    def __init__(self, timeout: int = -1) -> None:
        self.wire: bytes = encode_command("WAIT FOR DIGIT", (timeout,))
