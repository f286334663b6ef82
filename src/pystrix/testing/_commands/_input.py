"""Collecting digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pystrix.testing._parts import ALL_KEYS, code, fail, listen, number, number_or, play
from pystrix.testing._running import Event, Kind, Part, Running, command
from pystrix.testing.sounds import SAMPLES_A_FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

_FIRST: Final = 6.0  # seconds for the first digit of GET DATA, and
_NEXT: Final = 2.0  # for those that follow, unless it says
_OPTION: Final = 5.0
_MOST: Final = 1024


@command("WAIT FOR DIGIT", 1, 1, stoppable=True)
def wait_for_digit(channel: Channel, words: Sequence[str]) -> Running:
    """Wait for a key; -1 for ever."""
    milliseconds = number(words[0])
    until = None if milliseconds < 0 else channel.now + milliseconds / 1000
    event = yield from listen(channel, until, ALL_KEYS, stoppable=True)
    match event.kind:
        case Kind.KEY:
            return f"result={code(event)}"
        case Kind.LINE:
            return "result=1"
        case Kind.TIME:
            return "result=0"
        case _:
            return "result=-1"


@command("GET DATA", 1, stoppable=True)
def get_data(channel: Channel, words: Sequence[str]) -> Running:
    """Play a file and collect digits, up to a ``#``, a number of them, or a pause."""
    name = words[0]
    limit = number_or(words[1], 0) if len(words) > 1 else 0
    most = number_or(words[2], 0) if len(words) > 2 else _MOST  # noqa: PLR2004 - the third word
    first, following = (limit / 1000, limit / 1000) if limit else (_FIRST, _NEXT)
    length = channel.setup.sounds.frames(name) if name else 0
    if length is None or most == 0:
        return "result=-1"
    typed = ""
    event = Event(Kind.TIME)
    if name:
        event, _ = yield from play(channel, name, length, ALL_KEYS, stoppable=True)
    if event.kind is Kind.TIME:
        event = yield from _digit(channel, first)
    while event.kind is Kind.KEY and event.text != "#":
        typed += event.text
        if len(typed) == most:
            return f"result={typed}"
        event = yield from _digit(channel, following)
    match event.kind:
        case Kind.KEY:
            return f"result={typed}"
        case Kind.TIME:
            return f"result={typed} (timeout)"
        case Kind.LINE:
            return None
        case _:
            return "result=-1"


def _digit(channel: Channel, seconds: float) -> Part:
    until = None if seconds < 0 else channel.now + seconds
    return (yield from listen(channel, until, ALL_KEYS, stoppable=True))


@command("GET OPTION", 2, 3, stoppable=True)
def get_option(channel: Channel, words: Sequence[str]) -> Running:
    """Play a file and wait for one of some keys."""
    name, keys, *more = words
    seconds = number_or(more[0], 0) / 1000 if more else _OPTION
    length = channel.setup.sounds.frames(name)
    if length is None:
        return fail(channel, "result=-1 endpos=0")
    event, played = yield from play(channel, name, length, keys, stoppable=True)
    endpos = f"endpos={played * SAMPLES_A_FRAME}"
    if event.kind is Kind.HANGUP:
        return f"result=-1 {endpos}"
    if event.kind is Kind.TIME:
        event = yield from _digit(channel, seconds)
    elif event.kind is Kind.LINE:
        return None
    pressed = event.kind is Kind.KEY and event.text in keys
    return f"result={code(event) if pressed else 0} {endpos}"
