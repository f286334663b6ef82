"""The applications of the dialplan that EXEC finds in the simulation."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, Final

from pystrix.testing import _english as english
from pystrix.testing._parts import ALL_KEYS, answer, code, listen, play, play_files
from pystrix.testing._running import TIME_CAME, Event, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pystrix.testing.channel import Channel

    App = Generator[float | None, Event, int]

_FOREVER: Final = None
_NUMBER = re.compile(r"\s*(-?\d*\.?\d+)")
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*(?:"|$)|\\.?|[^,"\\])+', re.DOTALL)
_ESCAPES = re.compile(r'\\(.?)|"', re.DOTALL)
_PRIORITY = re.compile(r"\s*([+-]?)(\d+)")
_CAUSES: Final = {
    "UNALLOCATED": 1,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "CALL_REJECTED": 21,
    "NORMAL_CIRCUIT_CONGESTION": 34,
}
"""Causes of a hang-up that can be named; the others by their number."""


class CallerLeftError(Exception):
    """The caller hung up while an application of the user's own let time pass."""


def _seconds(text: str, otherwise: float = 0.0) -> float:
    match = _NUMBER.match(text)
    return float(match[1]) if match else otherwise


def _arguments(data: str, count: int) -> list[str]:
    """Split at commas outside quotes; always so many."""
    parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"|\\.|[^,])*)(?:,|$)', data)[:count]
    return [*parts, *[""] * count][:count]


def _wait(channel: Channel, seconds: float | None) -> App:
    event = yield from listen(channel, None if seconds is None else channel.now + seconds)
    return -1 if event.kind is Kind.HANGUP else 0


def _wait_app(channel: Channel, data: str) -> App:
    return (yield from _wait(channel, _seconds(data)))


def _for_ever(channel: Channel, _data: str) -> App:
    return (yield from _wait(channel, _FOREVER))


def _nothing(_channel: Channel, _data: str) -> int:
    return 0


def _fails(_channel: Channel, _data: str) -> int:
    return -1


def _answer(channel: Channel, _data: str) -> App:
    if channel.hung_up:
        return -1
    event = yield from answer(channel)
    return -1 if event.kind is Kind.HANGUP else 0


def _playback(channel: Channel, data: str) -> App:
    if not data:
        return -1
    files, options = _arguments(data, 2)
    variables = channel.values.variables
    variables["PLAYBACKSTATUS"] = "SUCCESS"
    if "skip" in options.lower() and not channel.up:
        return 0
    names = files.split("&")
    known = [name for name in names if channel.setup.sounds.frames(name) is not None]
    variables["PLAYBACKSTATUS"] = "SUCCESS" if known == names else "FAILED"
    if channel.hung_up:
        return 0
    event = TIME_CAME if "noanswer" in options.lower() else (yield from answer(channel))
    if event.kind is Kind.TIME:
        event, _ = yield from play_files(channel, known)
    return -1 if event.kind is Kind.HANGUP else 0


def _background(channel: Channel, data: str) -> App:
    if channel.hung_up or not data:
        return 0 if data else -1
    files, options = _arguments(data, 2)
    variables = channel.values.variables
    variables["BACKGROUNDSTATUS"] = "SUCCESS"
    if "s" in options and not channel.up:
        return 0
    names, exists = files.split("&"), channel.setup.sounds.frames
    known = list(itertools.takewhile(lambda name: exists(name) is not None, names))
    # With m only keys that are extensions count, and the simulation has none.
    keys = "" if "m" in options else ALL_KEYS
    event = TIME_CAME if "n" in options else (yield from answer(channel, keys))
    if event.kind is Kind.TIME:
        event, _ = yield from play_files(channel, known, keys)
    if event.kind is Kind.TIME and known != names:
        variables["BACKGROUNDSTATUS"] = "FAILED"
    if event.kind is Kind.HANGUP:
        return -1
    return code(event) if event.kind is Kind.KEY else 0


def _wait_exten(channel: Channel, data: str) -> App:
    if channel.hung_up:
        return -1
    seconds = _seconds(_arguments(data, 2)[0]) or 10.0
    event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
    if event.kind is Kind.HANGUP:
        return -1
    return code(event) if event.kind is Kind.KEY else 0


def _read(channel: Channel, data: str) -> App:
    if channel.hung_up or not data:
        return 0
    name, files, most, options, attempts, timeout = _arguments(data, 6)
    variables = channel.values.variables
    variables[name], variables["READSTATUS"] = "", "SKIPPED"
    # The options may stand in the place of the number of digits, too.
    if "s" in options + most and not channel.up:
        return 0
    event = TIME_CAME if "n" in options else (yield from answer(channel, ALL_KEYS))
    limit, seconds = int(_seconds(most)) or 255, _seconds(timeout) or 10.0
    names = files.split("&") if files else []
    typed, status = "", "TIMEOUT"
    for left in reversed(range(max(1, int(_seconds(attempts, 1))))):
        typed, status = yield from _read_once(channel, event, names, limit, seconds)
        if typed or status == "HANGUP" or (status == "OK" and not left):
            break
        event = TIME_CAME
    variables[name], variables["READSTATUS"] = typed, status
    return 0


def _read_once(
    channel: Channel, event: Event, names: Sequence[str], limit: int, seconds: float
) -> Generator[float | None, Event, tuple[str, str]]:
    """Play and collect digits, the first of which may have come; give them and the status."""
    typed = ""
    if event.kind is Kind.TIME:
        event, _ = yield from play_files(channel, names, ALL_KEYS)
        if event.kind is Kind.TIME and names and channel.setup.sounds.frames(names[-1]) is None:
            return "", "ERROR"
        if event.kind is Kind.TIME:
            event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
    while event.kind is Kind.KEY and event.text != "#":
        typed += event.text
        if len(typed) >= limit:
            break
        event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
    status = {Kind.KEY: "OK", Kind.HANGUP: "HANGUP"}.get(event.kind, "TIMEOUT")
    return typed, status


def _set(channel: Channel, data: str) -> int:
    name, _, value = data.partition("=")
    channel.values.set(name, value)
    return 0


def _mset(channel: Channel, data: str) -> int:
    for part in _PART.findall(data):
        name, is_pair, value = _ESCAPES.sub(r"\1", part).partition("=")
        if is_pair:
            channel.values.set(name, value)
    return 0


def _goto(channel: Channel, data: str) -> int:
    *before, label = data.split(",")
    context, extension, following = channel.place
    context, extension = [*[context, extension][: 2 - len(before)], *before][-2:]
    match = _PRIORITY.fullmatch(label)
    if label in channel.setup.labels:
        priority = channel.setup.labels[label]
    elif match is None:
        return -1
    else:
        priority = int(match[1] + match[2])
        priority += following - 1 if match[1] else 0
    channel.place = (context or channel.place[0], extension or channel.place[1], priority)
    return 0


def _goto_if(channel: Channel, data: str) -> int:
    condition, _, places = data.partition("?")
    yes, _, no = places.partition(":")
    place = yes if condition.strip() not in ("", "0") else no
    return _goto(channel, place) if place else 0


def _music(channel: Channel, data: str) -> App:
    return (yield from _wait(channel, int(_seconds(_arguments(data, 2)[1])) or None))


def _hangup(channel: Channel, data: str) -> int:
    name = data.strip()
    channel.cause = _CAUSES.get(name, int(_seconds(name)) or _CAUSES["NORMAL_CLEARING"])
    channel.hang_up_soon()
    return -1


def _send_dtmf(channel: Channel, data: str) -> App:
    return (yield from _wait(channel, 0.35 * len(_arguments(data, 2)[0]) + 0.1))


def _dial(channel: Channel, data: str) -> App:
    """Ring until the time is over: nobody answers.

    Whom there is to dial the simulation does not know: give it an application of your own for
    that, in the setup.
    """
    _, timeout, _ = _arguments(data, 3)
    variables = channel.values.variables
    variables["DIALSTATUS"] = "NOANSWER"
    if channel.hung_up:
        return -1
    if not data:
        variables["DIALSTATUS"] = "CHANUNAVAIL"
        return 0
    result = yield from _wait(channel, _seconds(timeout) or None)
    if result:
        variables["DIALSTATUS"] = "CANCEL"
    return result


def _refuses(cause: str) -> Callable[[Channel, str], App]:
    """Make an application that ends a call that was not answered, and else plays a tone."""

    def refuse(channel: Channel, data: str) -> App:
        if channel.up:
            yield from _wait(channel, _seconds(data) or None)
        else:
            channel.cause = _CAUSES[cause]
            channel.hang_up_soon()
        return -1

    return refuse


def _incomplete(_channel: Channel, _data: str) -> int:
    return 12


def _system(channel: Channel, _data: str) -> int:
    channel.values.variables["SYSTEMSTATUS"] = "SUCCESS"  # nothing was run
    return 0


def _says(what: str, names: Callable[[str], list[str]]) -> Callable[[Channel, str], App]:
    def say(channel: Channel, data: str) -> App:
        text = _arguments(data, 2)[0]
        frames = channel.setup.sounds.total(names(text))
        event, _ = yield from play(channel, f"{what} {text}", frames)
        return -1 if event.kind is Kind.HANGUP else 0

    return say


def _echo_until(channel: Channel, _data: str) -> App:
    event = yield from listen(channel, None, "#")
    return -1 if event.kind is Kind.HANGUP else 0


def _conference(channel: Channel, _data: str) -> App:
    yield from _wait(channel, _FOREVER)
    return 0


APPLICATIONS: Final[dict[str, Callable[..., Any]]] = {
    "answer": _answer,
    "background": _background,
    "busy": _refuses("USER_BUSY"),
    "conference": _conference,
    "confbridge": _conference,
    "congestion": _refuses("NORMAL_CIRCUIT_CONGESTION"),
    "dial": _dial,
    "echo": _echo_until,
    "goto": _goto,
    "gotoif": _goto_if,
    "hangup": _hangup,
    "incomplete": _incomplete,
    "log": _nothing,
    "milliwatt": _for_ever,
    "mset": _mset,
    "musiconhold": _music,
    "noop": _nothing,
    "playback": _playback,
    "playtones": _nothing,
    "progress": _nothing,
    "read": _read,
    "return": _fails,
    "ringing": _nothing,
    "sayalpha": _says("alpha", english.alpha),
    "saydigits": _says("digits", english.digits),
    "saynumber": _says("number", lambda text: english.number(int(_seconds(text)))),
    "sayphonetic": _says("phonetic", english.phonetic),
    "senddtmf": _send_dtmf,
    "sendtext": _nothing,
    "set": _set,
    "startmusiconhold": _nothing,
    "stopmixmonitor": _nothing,
    "stopmusiconhold": _nothing,
    "stopplaytones": _nothing,
    "system": _system,
    "trysystem": _system,
    "userevent": _nothing,
    "verbose": _nothing,
    "wait": _wait_app,
    "waitexten": _wait_exten,
}
"""By name in lower case."""
