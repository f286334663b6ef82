"""Playing files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pystrix.testing._parts import code, fail, listen, number, play
from pystrix.testing._running import Event, Kind, Running, command
from pystrix.testing.sounds import FRAME, SAMPLES_A_FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

_SAMPLES_A_SECOND: Final = 8000
_SKIP: Final = 3000  # ms
_DEFAULTS: Final = ("", "", str(_SKIP), "#", "*", "", "0")


@command("STREAM FILE", 2, 3, stoppable=True)
def stream_file(channel: Channel, words: Sequence[str]) -> Running:
    """Play a file; keys of the second word stop it."""
    name, keys, *more = words
    offset = max(0, number(more[0])) if more else 0
    variables = channel.values.variables
    length = channel.setup.sounds.frames(name)
    if length is None:
        return fail(channel, f"result=-1 endpos={offset}")
    skipped = min(offset // SAMPLES_A_FRAME, length)
    event, played = yield from play(channel, name, length - skipped, keys, stoppable=True)
    endpos = (skipped + played) * SAMPLES_A_FRAME
    variables["PLAYBACKSTATUS"] = "SUCCESS" if event.kind is Kind.TIME else "FAILED"
    return _ended(event, f"endpos={endpos}")


def _ended(event: Event, rest: str) -> str | None:
    match event.kind:
        case Kind.TIME:
            return f"result=0 {rest}"
        case Kind.KEY:
            return f"result={code(event)} {rest}"
        case Kind.LINE:
            return None
        case _:
            return f"result=-1 {rest}"


@command("CONTROL STREAM FILE", 2, 7)
def control_stream_file(channel: Channel, words: Sequence[str]) -> Running:
    """Play a file in which the caller moves about; positions are in ms."""
    settings = [*words, *_DEFAULTS[len(words) :]]
    name, stops, skip_text, forward, rewind, pause, offset = settings
    skip = number(skip_text)
    forward, rewind = forward or "#", rewind or "*"
    position = number(offset) / 1000
    variables = channel.values.variables
    variables.pop("CPLAYBACKSTOPKEY", None)
    frames = channel.setup.sounds.frames(name)
    if frames is None:
        variables["CPLAYBACKSTATUS"], variables["CPLAYBACKOFFSET"] = "ERROR", "-1"
        return fail(channel, "result=-1 endpos=-1")
    heard = channel.begin_sound(name)
    length = frames * FRAME
    if position < -length or position > length:
        position = length
    elif position < 0:
        position += length
    while True:
        begin = channel.now
        keys = forward + rewind + pause + stops
        event = yield from listen(channel, begin + length - position, keys)
        position += channel.now - begin
        if event.kind is Kind.KEY and event.text in forward + rewind:
            position += (skip if event.text in forward else -skip) / 1000
            if position > length:  # Asterisk then goes back from the end
                position = length - skip / 1000
            position = max(position, 0.0)
            continue
        if event.kind is Kind.KEY and event.text in pause:
            event = yield from listen(channel, None, pause + stops)
            if event.kind is Kind.KEY and event.text in pause:
                continue
        break
    channel.end_sound(heard, whole=event.kind is Kind.TIME)
    return _controlled(channel, event, round(position * 1000 / 20) * 20)


def _controlled(channel: Channel, event: Event, position: int) -> str:
    variables = channel.values.variables
    if event.kind is Kind.TIME:
        status, reply, position = "SUCCESS", "result=0", -1
    elif event.kind is Kind.KEY:
        status, reply = "USERSTOPPED", f"result={code(event)}"
        variables["CPLAYBACKSTOPKEY"] = event.text
    else:
        status, reply = "ERROR", "result=-1"
    variables["CPLAYBACKSTATUS"] = status
    variables["CPLAYBACKOFFSET"] = str(position)
    return f"{reply} endpos={position}"


@command("SET MUSIC", 1)
def set_music(_channel: Channel, _words: Sequence[str]) -> str:
    """Turn music on hold on or off; any word is taken."""
    return "result=0"
