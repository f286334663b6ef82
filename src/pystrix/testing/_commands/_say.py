"""SAY ...: what the caller hears is one entry of the record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pystrix.testing import _english as english
from pystrix.testing._parts import code, number, play
from pystrix.testing._running import Kind, Running, UsageError, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

_DIGITS = re.compile(r"\s*[+-]?\d")
_CASES: Final = ("", "a", "u", "l", "n")


def _say(channel: Channel, what: str, names: Sequence[str], keys: str) -> Running:
    event, _ = yield from play(channel, what, channel.setup.sounds.total(names), keys)
    match event.kind:
        case Kind.TIME:
            return "result=0"
        case Kind.KEY:
            return f"result={code(event)}"
        case _:
            return "result=-1"


@command("SAY ALPHA", 2, 3)
def say_alpha(channel: Channel, words: Sequence[str]) -> Running:
    """Say characters."""
    case = words[2][:1].lower() if len(words) > 2 else ""  # noqa: PLR2004 - the third word
    if case not in _CASES:
        raise UsageError
    names = english.alpha(words[0], case)
    return (yield from _say(channel, f"alpha {words[0]}", names, words[1]))


@command("SAY DIGITS", 2, 2)
def say_digits(channel: Channel, words: Sequence[str]) -> Running:
    """Say digits."""
    if not _DIGITS.match(words[0]):
        raise UsageError
    return (yield from _say(channel, f"digits {words[0]}", english.digits(words[0]), words[1]))


@command("SAY NUMBER", 2, 3)
def say_number(channel: Channel, words: Sequence[str]) -> Running:
    """Say a number, of 32 bits."""
    value = max(-(2**31), min(number(words[0]), 2**31 - 1))
    return (yield from _say(channel, f"number {words[0]}", english.number(value), words[1]))


@command("SAY PHONETIC", 2, 2)
def say_phonetic(channel: Channel, words: Sequence[str]) -> Running:
    """Say characters by the alphabet of radio."""
    names = english.phonetic(words[0])
    return (yield from _say(channel, f"phonetic {words[0]}", names, words[1]))


@command("SAY DATE", 2, 2)
def say_date(channel: Channel, words: Sequence[str]) -> Running:
    """Say the date of a moment."""
    names = english.date(number(words[0]))
    return (yield from _say(channel, f"date {words[0]}", names, words[1]))


@command("SAY TIME", 2, 2)
def say_time(channel: Channel, words: Sequence[str]) -> Running:
    """Say the time of a moment."""
    names = english.moment(number(words[0]), english.TIME)
    return (yield from _say(channel, f"time {words[0]}", names, words[1]))


@command("SAY DATETIME", 2)
def say_datetime(channel: Channel, words: Sequence[str]) -> Running:
    """Say a moment by a format."""
    form = words[2] if len(words) > 2 else english.DATETIME  # noqa: PLR2004 - the third word
    zone = words[3] if len(words) > 3 else ""  # noqa: PLR2004 - the fourth
    now = channel.setup.epoch + channel.now
    names = english.moment(number(words[0]), form, zone, now=now)
    return (yield from _say(channel, f"datetime {words[0]}", names, words[1]))
