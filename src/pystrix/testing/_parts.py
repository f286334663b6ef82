"""What the commands of the simulation are made of: listening, playing, reading numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pystrix.testing._running import HUNG_UP, TIME_CAME, Counted, Event, Kind, Part, UsageError
from pystrix.testing.sounds import FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

ALL_KEYS: Final = "0123456789*#ABCD"
_ANSWERING: Final = 0.5
_TINY: Final = 1e-6  # of a frame, for what floating point leaves
_NUMBER = re.compile(r"\s*([+-]?\d+)")


def listen(
    channel: Channel,
    until: float | None,
    keys: str = "",
    *,
    stoppable: bool = False,
    texts: bool = False,
) -> Part:
    """Wait for a moment, one of the keys, the hang-up, or what else is asked for.

    All other keys are lost, as they are on a live channel. On a dead one nothing ever comes but
    the moment.
    """
    if until is None and channel.hung_up:
        return HUNG_UP
    channel.listening = keys
    channel.waits_for_text = texts
    while True:
        event = yield until
        if (
            event.kind in (Kind.TIME, Kind.HANGUP)
            or (event.kind is Kind.KEY and event.text in keys)
            or (event.kind is Kind.LINE and stoppable)
            or (event.kind is Kind.TEXT and texts)
        ):
            channel.listening = ""
            channel.waits_for_text = False
            return event


def answer(channel: Channel, keys: str = "") -> Part:
    """Answer, and wait for the caller's audio, half a second at most; a key ends that as well."""
    if channel.up:
        return TIME_CAME
    channel.up = True
    if channel.setup.talks:
        return TIME_CAME
    return (yield from listen(channel, channel.now + _ANSWERING, keys))


def play(
    channel: Channel, what: str, frames: int, keys: str = "", *, stoppable: bool = False
) -> Counted:
    """Play a sound of so many frames; a key may cut it short."""
    if channel.hung_up:
        return HUNG_UP, 0
    heard = channel.begin_sound(what)
    event = yield from listen(channel, channel.now + frames * FRAME, keys, stoppable=stoppable)
    channel.end_sound(heard, whole=event.kind is Kind.TIME)
    played = int((channel.now - heard.start) / FRAME + _TINY)
    return event, frames if heard.whole else min(frames, played)


def play_files(channel: Channel, names: Sequence[str], keys: str = "") -> Counted:
    """Play files one after the other; those that do not exist are left out."""
    total = 0
    event = Event(Kind.TIME)
    for name in names:
        frames = channel.setup.sounds.frames(name)
        if frames is None:
            continue
        event, played = yield from play(channel, name, frames, keys)
        total += played
        if event.kind is not Kind.TIME:
            break
    return event, total


def number(text: str) -> int:
    """Read a number as C does: what follows it is ignored.

    Raises:
        UsageError: If there is none.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise UsageError
    return int(match[1])


def number_or(text: str, otherwise: int) -> int:
    """Read a number as C does; the alternative if there is none."""
    match = _NUMBER.match(text)
    return otherwise if match is None else int(match[1])


def is_number(text: str) -> bool:
    """Tell whether C would find a number at the beginning."""
    return _NUMBER.match(text) is not None


def code(event: Event) -> int:
    """Give the ASCII code of a key."""
    return ord(event.text)


def fail(channel: Channel, reply: str) -> str:
    """Give the reply of a command that makes the session end as FAILURE."""
    if not channel.hung_up:
        channel.failed = True
    return reply
