"""RECORD FILE."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from pystrix.testing._parts import code, fail, is_number, listen, number, number_or, play
from pystrix.testing._running import Kind, Running, command
from pystrix.testing.sounds import FRAME, SAMPLES_A_FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

_CUT: Final = 10
"""Frames that a key takes from the end, so that it is not heard."""

_FORMATS: Final = {
    **dict.fromkeys(("gsm", "wav", "WAV", "wav49", "ulaw", "ul", "mu", "ulw", "pcm", "alaw"), 1),
    **dict.fromkeys(("al", "alw", "au", "raw", "sln", "ogg", "g719", "g722", "g729", "ilbc"), 1),
    **dict.fromkeys(("g726-40", "g726-32", "g726-24", "g726-16", "g723", "vox"), 1),
    **dict.fromkeys(("sln16", "wav16", "siren7"), 2),
    "sln12": 1.5,
    "sln24": 3,
    "sln32": 4,
    "siren14": 4,
    "sln44": 5.5125,
    "sln48": 6,
    "sln96": 12,
    "sln192": 24,
}
"""How many times 8,000 samples a second each has."""


@command("RECORD FILE", 4)
def record_file(channel: Channel, words: Sequence[str]) -> Running:
    """Record, until a key, a time, or the hang-up."""
    name, form, keys, limit_text, *more = words
    limit = number(limit_text)
    offset = max(0, number_or(more[0], 0)) if more and not more[0].startswith("s=") else 0
    beeps = any(_is_beep(word, first=index == 0) for index, word in enumerate(more[:2]))
    if beeps:
        frames = channel.setup.sounds.frames("beep") or 0
        event, _ = yield from play(channel, "beep", frames, keys)
        if event.kind is Kind.KEY:
            return f"result={code(event)} (randomerror) endpos=0"
        if event.kind is Kind.HANGUP:
            return "result=-1 (randomerror) endpos=0"
    rate = _FORMATS.get(form)
    if rate is None or not _has_folder(channel, name):
        return fail(channel, "result=-1 (writefile)")
    begin = channel.now
    until = None if limit < 0 else begin + limit / 1000
    event = yield from listen(channel, until, keys)
    frames = int((channel.now - begin) / FRAME + 1e-6) if channel.setup.talks else 0
    if event.kind is Kind.KEY:
        frames = max(0, frames - _CUT)
    samples, a_second = int(frames * SAMPLES_A_FRAME * rate), SAMPLES_A_FRAME * rate / FRAME
    if samples:  # what is recorded goes to the end, if that comes first
        offset = min(offset, round(channel.recordings.get(f"{name}.{form}", 0.0) * a_second))
        channel.recordings[f"{name}.{form}"] = (offset + samples) / a_second
    else:
        channel.recordings.setdefault(f"{name}.{form}", 0.0)
    endpos = f"endpos={offset + samples}"
    match event.kind:
        case Kind.KEY:
            return f"result={code(event)} (dtmf) {endpos}"
        case Kind.TIME:
            return f"result=0 (timeout) {endpos}"
        case _:
            return f"result=-1 (hangup) {endpos}"


def _has_folder(channel: Channel, name: str) -> bool:
    """Tell whether a file can be written, as far as the setup says."""
    folders = channel.setup.folders
    folder = posixpath.dirname(posixpath.normpath(name))
    return folders is None or not folder or folder in folders


def _is_beep(word: str, *, first: bool) -> bool:
    """Any word that is no limit of silence, and no offset in its place."""
    return not word.startswith("s=") and not (first and is_number(word))
