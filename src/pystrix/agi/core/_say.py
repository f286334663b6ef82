"""Say: letters, digits, numbers, dates and times, in the language of the channel."""

from __future__ import annotations

import time

from pystrix.agi._wire import encode_command
from pystrix.agi.core._results import DigitAction, Digits, join_digits, optional

__all__ = [
    "SayAlpha",
    "SayDate",
    "SayDatetime",
    "SayDigits",
    "SayNumber",
    "SayPhonetic",
    "SayTime",
]

# What Asterisk itself says when no format is given (English channels).
_DATETIME_FORMAT = "ABdY 'digits/at' IMp"


def _moment(seconds: float | None) -> int:
    try:
        return int(time.time() if seconds is None else seconds)
    except OverflowError:
        raise ValueError(f"no moment in time: {seconds!r}") from None


class SayAlpha(DigitAction):
    """Spell a text, letter by letter.

    Asterisk: SAY ALPHA. It cannot be stopped from the session, like all of SAY.

    Args:
        characters: The text.
        escape_digits: The keys that stop it.
        case: Which letters are announced as upper or lower case: ``"a"`` all, ``"u"`` upper,
            ``"l"`` lower, ``"n"`` none; None for Asterisk's default.

    Returns:
        The key that stopped it, or None.
    """

    def __init__(
        self, characters: object, escape_digits: Digits = "", *, case: str | None = None
    ) -> None:
        self.wire: bytes = encode_command(
            "SAY ALPHA", (characters, join_digits(escape_digits), *optional(case))
        )


class SayDigits(DigitAction):
    """Say digits, one by one.

    Asterisk: SAY DIGITS.

    Args:
        digits: The digits; ``*`` and ``#`` may follow the first.
        escape_digits: The keys that stop it.

    Returns:
        The key that stopped it, or None.

    Raises:
        AGIUsageError: If they do not begin like a number.
    """

    def __init__(self, digits: Digits | int, escape_digits: Digits = "") -> None:
        text = str(digits) if isinstance(digits, int) else join_digits(digits)
        self.wire: bytes = encode_command("SAY DIGITS", (text, join_digits(escape_digits)))


class SayNumber(DigitAction):
    """Say a whole number.

    Asterisk: SAY NUMBER.

    Args:
        number: The number.
        escape_digits: The keys that stop it.
        gender: ``"f"``, ``"m"``, ``"n"`` or what the language knows; None for its default.

    Returns:
        The key that stopped it, or None.

    Raises:
        AGIUsageError: If it is not a number.
    """

    def __init__(
        self, number: object, escape_digits: Digits = "", *, gender: str | None = None
    ) -> None:
        self.wire: bytes = encode_command(
            "SAY NUMBER", (number, join_digits(escape_digits), *optional(gender))
        )


class SayPhonetic(DigitAction):
    """Spell a text by the phonetic alphabet.

    Asterisk: SAY PHONETIC.

    Args:
        characters: The text.
        escape_digits: The keys that stop it.

    Returns:
        The key that stopped it, or None.
    """

    def __init__(self, characters: object, escape_digits: Digits = "") -> None:
        self.wire: bytes = encode_command("SAY PHONETIC", (characters, join_digits(escape_digits)))


class SayDate(DigitAction):
    """Say a date.

    Asterisk: SAY DATE.

    Args:
        seconds: The moment in seconds since 1970, UTC; None for now.
        escape_digits: The keys that stop it.

    Returns:
        The key that stopped it, or None.
    """

    def __init__(self, seconds: float | None = None, escape_digits: Digits = "") -> None:
        self.wire: bytes = encode_command(
            "SAY DATE", (_moment(seconds), join_digits(escape_digits))
        )


class SayTime(DigitAction):
    """Say a time of the day.

    Asterisk: SAY TIME.

    Args:
        seconds: The moment in seconds since 1970, UTC; None for now.
        escape_digits: The keys that stop it.

    Returns:
        The key that stopped it, or None.
    """

    def __init__(self, seconds: float | None = None, escape_digits: Digits = "") -> None:
        self.wire: bytes = encode_command(
            "SAY TIME", (_moment(seconds), join_digits(escape_digits))
        )


class SayDatetime(DigitAction):
    """Say a date and time in a format.

    Asterisk: SAY DATETIME.

    Args:
        seconds: The moment in seconds since 1970, UTC; None for now.
        escape_digits: The keys that stop it.
        format: The format, as in Asterisk's voicemail.conf; None for Asterisk's default.
        timezone: The time zone, ``"Europe/Berlin"``; None for Asterisk's own. It needs a format,
            so without one that of English channels is sent.

    Returns:
        The key that stopped it, or None.
    """

    def __init__(
        self,
        seconds: float | None = None,
        escape_digits: Digits = "",
        format: str | None = None,  # noqa: A002 - the name is promised by the 1.x API
        timezone: str | None = None,
    ) -> None:
        if timezone is not None and format is None:
            format = _DATETIME_FORMAT  # noqa: A001 - see above
        self.wire: bytes = encode_command(
            "SAY DATETIME",
            (_moment(seconds), join_digits(escape_digits), *optional(format, timezone)),
        )
