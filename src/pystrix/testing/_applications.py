"""The applications of the dialplan that EXEC finds in the simulation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pystrix.testing import _english as english
from pystrix.testing._parts import ALL_KEYS, code, listen, play, play_files
from pystrix.testing._running import Event, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pystrix.testing.channel import Channel

    App = Generator[float | None, Event, int]

_FOREVER: Final = None
_NUMBER = re.compile(r"\s*(-?\d*\.?\d+)")


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


def _answer(channel: Channel, _data: str) -> int:
    channel.up = True
    return 0


def _playback(channel: Channel, data: str) -> App:
    if not data:
        return -1
    names = _arguments(data, 2)[0].split("&")
    known = [name for name in names if channel.setup.sounds.frames(name) is not None]
    channel.values.variables["PLAYBACKSTATUS"] = "SUCCESS" if known == names else "FAILED"
    channel.up = True
    if channel.hung_up:
        return 0
    event, _ = yield from play_files(channel, known)
    return -1 if event.kind is Kind.HANGUP else 0


def _background(channel: Channel, data: str) -> App:
    if channel.hung_up or not data:
        return 0 if data else -1
    files, options = _arguments(data, 2)
    # With m only keys that are extensions count, and the simulation has none.
    keys = "" if "m" in options else ALL_KEYS
    event, _ = yield from play_files(channel, files.split("&"), keys)
    if event.kind is Kind.HANGUP:
        return -1
    return code(event) if event.kind is Kind.KEY else 0


def _wait_exten(channel: Channel, data: str) -> App:
    if channel.hung_up:
        return -1
    seconds = _seconds(_arguments(data, 2)[0], 10.0)
    event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
    if event.kind is Kind.HANGUP:
        return -1
    return code(event) if event.kind is Kind.KEY else 0


def _read(channel: Channel, data: str) -> App:
    if channel.hung_up or not data:
        return 0
    name, files, most, _, attempts, timeout = _arguments(data, 6)
    limit = int(_seconds(most)) or 255
    seconds = _seconds(timeout) or 10.0
    variables = channel.values.variables
    typed, status = "", "TIMEOUT"
    for _attempt in range(max(1, int(_seconds(attempts, 1)))):
        event, _ = yield from play_files(channel, files.split("&") if files else [], ALL_KEYS)
        if event.kind is Kind.TIME:
            event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
        while event.kind is Kind.KEY and event.text != "#":
            typed += event.text
            if len(typed) >= limit:
                break
            event = yield from listen(channel, channel.now + seconds, ALL_KEYS)
        status = {Kind.KEY: "OK", Kind.HANGUP: "HANGUP"}.get(event.kind, "TIMEOUT")
        if typed or status != "TIMEOUT":
            break
    variables[name] = typed
    variables["READSTATUS"] = status
    return 0


def _set(channel: Channel, data: str) -> int:
    name, _, value = data.partition("=")
    channel.values.set(name, value)
    return 0


def _mset(channel: Channel, data: str) -> int:
    for pair in data.split(","):
        name, _, value = pair.partition("=")
        channel.values.set(name, value)
    return 0


def _goto(channel: Channel, data: str) -> int:
    context, extension, _ = channel.place
    parts = data.split(",")
    label = parts[-1]
    priority = channel.setup.labels.get(label, int(label) if label.isdecimal() else 0)
    if not priority:
        return -1
    whole = [context, extension][: 3 - len(parts)] + parts[:-1]
    channel.place = (whole[0], whole[1], priority)
    return 0


def _goto_if(channel: Channel, data: str) -> int:
    condition, _, places = data.partition("?")
    yes, _, no = places.partition(":")
    place = yes if condition.strip() not in ("", "0") else no
    return _goto(channel, place) if place else 0


def _music(channel: Channel, data: str) -> App:
    return (yield from _wait(channel, _seconds(_arguments(data, 2)[1]) or None))


def _hangup(channel: Channel, _data: str) -> int:
    channel.hang_up_soon()
    return -1


def _send_dtmf(channel: Channel, data: str) -> App:
    return (yield from _wait(channel, 0.35 * len(_arguments(data, 2)[0]) + 0.1))


def _dial(channel: Channel, data: str) -> App:
    """Ring until the time is over: nobody answers, unless the setup says otherwise."""
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


def _busy(channel: Channel, data: str) -> App:
    yield from _wait(channel, _seconds(data) or None)
    return -1


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
    "busy": _busy,
    "conference": _conference,
    "confbridge": _conference,
    "congestion": _busy,
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
