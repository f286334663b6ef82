"""The call itself, and its variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pystrix.agi._wire import decode
from pystrix.testing._parts import answer, number
from pystrix.testing._running import Kind, Running, UsageError, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel

_MOST_OF_A_VALUE: Final = 1023  # bytes
_FLOAT = re.compile(r"\s*[+-]?\d*\.?\d+")


@command("ANSWER")
def answer_call(channel: Channel, _words: Sequence[str]) -> Running:
    """Answer; nothing if it is answered."""
    event = yield from answer(channel)
    return "result=-1" if event.kind is Kind.HANGUP else "result=0"


@command("CHANNEL STATUS", 0, 1)
def channel_status(channel: Channel, words: Sequence[str]) -> str:
    """Give the state: 6 when up, 4 when ringing in; the only other channel is nobody's."""
    if words and words[0] != channel.setup.channel:
        return "result=-1"
    return "result=6" if channel.up else "result=4"


@command("HANGUP", 0, 1)
def hangup(channel: Channel, words: Sequence[str]) -> str:
    """Hang up."""
    if words and words[0] != channel.setup.channel:
        return "result=-1"
    channel.hang_up_soon()
    return "result=1"


@command("SET AUTOHANGUP", 1, 1)
def set_autohangup(channel: Channel, words: Sequence[str]) -> str:
    """Hang up after so many seconds; 0 for never."""
    match = _FLOAT.match(words[0])
    if match is None:
        raise UsageError
    seconds = max(0.0, float(match[0]))
    channel.autohangup = channel.now + seconds if seconds else None
    return "result=0"


@command("SET CALLERID")
def set_callerid(channel: Channel, words: Sequence[str]) -> str:
    """Set name and number."""
    if words:
        channel.values.set_caller_id(words[0])
    return "result=1"


@command("GET VARIABLE", 1, 1, dead=True)
def get_variable(channel: Channel, words: Sequence[str]) -> str:
    """Give a variable or function."""
    value = channel.values.get(words[0])
    if value is None:
        return "result=0"
    data = value.encode("utf-8", "surrogateescape")[:_MOST_OF_A_VALUE]
    return f"result=1 ({decode(data)})"


@command("GET FULL VARIABLE", 1, 2, dead=True)
def get_full_variable(channel: Channel, words: Sequence[str]) -> str:
    """Give an expression with its variables replaced."""
    if len(words) > 1 and words[1] != channel.setup.channel:
        return "result=0"
    return f"result=1 ({channel.values.expand(words[0])})"


@command("SET VARIABLE", 2, 2, dead=True)
def set_variable(channel: Channel, words: Sequence[str]) -> str:
    """Set a variable or function."""
    channel.values.set(words[0], words[1])
    return "result=1"


@command("SET CONTEXT", 1, 1)
def set_context(channel: Channel, words: Sequence[str]) -> str:
    """Say in which context the dialplan goes on."""
    channel.place = (words[0], *channel.place[1:])
    return "result=0"


@command("SET EXTENSION", 1, 1)
def set_extension(channel: Channel, words: Sequence[str]) -> str:
    """Say with which extension the dialplan goes on."""
    channel.place = (channel.place[0], words[0], channel.place[2])
    return "result=0"


@command("SET PRIORITY", 1, 1)
def set_priority(channel: Channel, words: Sequence[str]) -> str:
    """Say with which priority the dialplan goes on; a label is one of the setup."""
    label = channel.setup.labels.get(words[0])
    priority = number(words[0]) if label is None else label
    if priority >= 0:
        channel.place = (*channel.place[:2], priority)
    return "result=0"


@command("ASYNCAGI BREAK", dead=True)
def asyncagi_break(_channel: Channel, _words: Sequence[str]) -> str:
    """Do nothing: it is for AsyncAGI."""
    return "result=0"


@command("NOOP", dead=True)
def noop(_channel: Channel, _words: Sequence[str]) -> str:
    """Do nothing."""
    return "result=0"


@command("VERBOSE", 1, dead=True)
def verbose(_channel: Channel, _words: Sequence[str]) -> str:
    """Write to Asterisk's log."""
    return "result=1"
