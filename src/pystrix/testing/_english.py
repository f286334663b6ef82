"""Which sound files Asterisk plays to say something in English."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL: Final = 20
_HUNDRED: Final = 100
_DAY: Final = 86_400  # seconds
_BY_DISTANCE: Final = ((6 * _DAY, "A"), (2_628_000, "AdB"), (15_768_000, "dB"))
_GROUPS: Final = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"))
_SIGNS: Final = {"*": "star", "#": "pound"}
_LETTERS: Final = {
    "!": "exclaimation-point",
    "@": "at",
    "$": "dollar",
    "*": "asterisk",
    "-": "dash",
    ".": "dot",
    "=": "equals",
    "+": "plus",
    "/": "slash",
    " ": "space",
}
DATE: Final = "ABdY"
TIME: Final = "IMp"
DATETIME: Final = "ABdY 'digits/at' IMp"


def digits(text: str) -> list[str]:
    """Say digits; what is none is left out, but for a minus in front."""
    names = [
        f"digits/{_SIGNS.get(character, character)}"
        for character in text
        if character.isdecimal() or character in _SIGNS
    ]
    return ["digits/minus", *names] if text.startswith("-") else names


def number(value: int) -> list[str]:
    """Say a whole number."""
    if value < 0:
        return ["digits/minus", *number(-value)]
    names: list[str] = []
    for size, name in _GROUPS:
        if value >= size:
            names += [*number(value // size), f"digits/{name}"]
            value %= size
    if value >= _HUNDRED:
        names += [f"digits/{value // _HUNDRED}", "digits/hundred"]
        value %= _HUNDRED
    if value > _SMALL:
        names.append(f"digits/{value // 10 * 10}")
        value %= 10
    return [*names, f"digits/{value}"] if value or not names else names


def ordinal(value: int) -> list[str]:
    """Say the number of a day."""
    if value > _SMALL and value % 10:
        return [f"digits/{value // 10 * 10}", f"digits/h-{value % 10}"]
    return [f"digits/h-{value}"]


def alpha(text: str, case: str = "") -> list[str]:
    """Say letters, digits and signs one by one.

    Args:
        text: What.
        case: Of which letters to say their case: ``u`` upper, ``l`` lower, ``a`` all.
    """
    return [name for character in text for name in (*_case(character, case), _character(character))]


def _case(character: str, case: str) -> list[str]:
    if not character.isascii():
        return []
    if character.isupper() and case in ("u", "a"):
        return ["uppercase"]
    return ["lowercase"] if character.islower() and case in ("l", "a") else []


def _character(character: str) -> str:
    if character.isdecimal():
        return f"digits/{character}"
    if character in _LETTERS:
        return f"letters/{_LETTERS[character]}"
    if character.isascii() and character.isalpha():
        return f"letters/{character.lower()}"
    return f"letters/ascii{ord(character)}"


def phonetic(text: str) -> list[str]:
    """Say letters by the alphabet of radio: alpha, bravo."""
    return [
        f"phonetic/{character.lower()}_p"
        if character.isascii() and character.isalpha()
        else _character(character)
        for character in text
    ]


def date(seconds: int) -> list[str]:
    """Say the date of a time as SAY DATE does, with plain numbers."""
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return [*_part(when, "A"), *_part(when, "B"), *number(when.day), *number(when.year)]


def moment(seconds: int, form: str, zone: str = "", *, now: float = 0.0) -> list[str]:
    """Say a time by the letters of a format, as in Asterisk's voicemail.conf.

    Args:
        seconds: The time, in seconds since 1970.
        form: The format.
        zone: The time zone.
        now: The present, for the letters that say how long ago it was.
    """
    when = dt.datetime.fromtimestamp(seconds, _zone(zone))
    names: list[str] = []
    position = 0
    while position < len(form):
        letter = form[position]
        if letter == "'":
            end = form.find("'", position + 1)
            end = len(form) if end < 0 else end
            names.append(form[position + 1 : end])
            position = end
        elif letter in "Qq":
            names += _day(when, now)
        else:
            names += _part(when, letter)
        position += 1
    return names


def _day(when: dt.datetime, now: float) -> list[str]:
    """Say a day by how far away it is."""
    start = dt.datetime.fromtimestamp(now, when.tzinfo)
    ahead = (when - start.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    for first, name in ((0, "today"), (_DAY, "tomorrow"), (-_DAY, "yesterday")):
        if first <= ahead < first + _DAY:
            return [f"digits/{name}"]
    form = next((form for within, form in _BY_DISTANCE if abs(ahead) < within), "dBY")
    return [part for letter in form for part in _part(when, letter)]


def _zone(name: str) -> dt.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name) if name else dt.UTC
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def _part(when: dt.datetime, letter: str) -> list[str]:
    say = _PARTS.get(letter)
    return say(when) if say else []


def _hour(when: dt.datetime) -> list[str]:
    return _two_digits(when.hour) if when.hour else ["digits/oh"]


def _year(year: int) -> list[str]:
    century, rest = divmod(year, _HUNDRED)
    if century != 19 or not rest:  # noqa: PLR2004
        return number(year)
    return ["digits/19", *_two_digits(rest)]


def _minutes(minute: int) -> list[str]:
    return _two_digits(minute) if minute else ["digits/oclock"]


def _two_digits(value: int) -> list[str]:
    lead = ["digits/oh"] if 0 < value < 10 else []  # noqa: PLR2004 - one digit
    return lead + number(value)


_PARTS: Final[dict[str, Callable[[dt.datetime], list[str]]]] = {
    **dict.fromkeys("Aa", lambda when: [f"digits/day-{when.isoweekday() % 7}"]),
    **dict.fromkeys("Bbh", lambda when: [f"digits/mon-{when.month - 1}"]),
    **dict.fromkeys("de", lambda when: ordinal(when.day)),
    "m": lambda when: ordinal(when.month),
    "Y": lambda when: _year(when.year),
    **dict.fromkeys("Il", lambda when: number(when.hour % 12 or 12)),
    "H": _hour,
    "k": lambda when: number(when.hour) if when.hour else ["digits/oh"],
    **dict.fromkeys("MN", lambda when: _minutes(when.minute)),
    **dict.fromkeys("Pp", lambda when: ["digits/p-m" if when.hour > 11 else "digits/a-m"]),  # noqa: PLR2004
    "R": lambda when: _hour(when) + _minutes(when.minute),
    "S": lambda when: _two_digits(when.second),
    "T": lambda when: _hour(when) + _minutes(when.minute) + _two_digits(when.second),
}
