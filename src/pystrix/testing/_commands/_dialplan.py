"""EXEC and GOSUB."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, cast

from pystrix.testing._applications import APPLICATIONS, CallerLeftError
from pystrix.testing._parts import fail, listen
from pystrix.testing._running import Event, Kind, Running, command
from pystrix.testing._values import is_true

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pystrix.testing.channel import Channel


@command("EXEC", 1, dead=True)
def execute(channel: Channel, words: Sequence[str]) -> Running:
    """Run an application of the dialplan; the reply is its own code."""
    name = words[0].lower()
    data = words[1] if len(words) > 1 else ""
    if is_true(channel.values.variables.get("AGIEXECFULL", "")):
        data = channel.values.expand(data)
    own = {each.lower(): function for each, function in channel.setup.applications.items()}
    try:
        if name in own:
            result = yield from _run(own[name], channel, data)
        elif name in APPLICATIONS:
            result = yield from _run_ours(APPLICATIONS[name], channel, data)
        else:
            return "result=-2"
    except CallerLeftError:
        result = -1
    return f"result={0 if result is None else result}"


def _run_ours(
    function: Callable[..., Any], channel: Channel, data: str
) -> Generator[Any, Event, Any]:
    result = function(channel, data)
    if isinstance(result, Generator):
        return (yield from cast("Generator[Any, Event, Any]", result))
    return result


def _run(function: Callable[..., Any], channel: Channel, data: str) -> Generator[Any, Event, Any]:
    """Run a function of the user: one that is a generator yields the seconds that pass."""
    result = function(channel, data)
    if not isinstance(result, Generator):
        return result
    steps = cast("Generator[float, None, Any]", result)
    try:
        seconds = next(steps)
        while True:
            event = yield from listen(channel, channel.now + seconds)
            if event.kind is Kind.HANGUP:
                seconds = steps.throw(CallerLeftError("the caller hung up"))
            else:
                seconds = next(steps)
    except StopIteration as stop:
        return stop.value


@command("GOSUB", 3, 4)
def gosub(channel: Channel, words: Sequence[str]) -> Running:
    """Run a subroutine of the dialplan."""
    context, extension, priority, *arguments = words
    found = channel.setup.subroutines.get(f"{context},{extension},{priority}")
    if found is None:
        return fail(channel, "result=-1 Gosub label not found")
    channel.provisional(b"100 result=0 Trying...\n")
    channel.values.variables["GOSUB_RETVAL"] = ""
    try:
        value = yield from _run(found, channel, arguments[0] if arguments else "")
    except CallerLeftError:
        return "result=0 Gosub complete (abnormal exit)"
    channel.values.variables["GOSUB_RETVAL"] = "" if value is None else str(value)
    return "result=0 Gosub complete"
