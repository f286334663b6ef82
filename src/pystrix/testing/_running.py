"""What a running command of the simulation is made of: a generator that waits for events.

A command that takes time is a generator. It yields the moment up to which it waits, None for
ever, and gets the event that came; what it returns is the reply. So a command reads as what it
does, and the channel needs not know any of them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from typing import NamedTuple


class Kind(enum.Enum):
    """What a command can be told."""

    TIME = enum.auto()
    """The moment it waits for has come."""
    KEY = enum.auto()
    """The caller pressed a key."""
    TEXT = enum.auto()
    """The caller sent a text."""
    HANGUP = enum.auto()
    """The caller is gone."""
    LINE = enum.auto()
    """The application sent something, or left."""


class Event(NamedTuple):
    """An event, with its key or text."""

    kind: Kind
    text: str = ""


TIME_CAME = Event(Kind.TIME)
HUNG_UP = Event(Kind.HANGUP)
LINE_CAME = Event(Kind.LINE)

Running = Generator[float | None, Event, str | None]
"""A command that runs; it returns its reply behind the 200, None if it has none.

It looks at its arguments before it waits: `UsageError` comes at once or never. One that Asterisk
stops ends when `Kind.LINE` comes."""

Part = Generator[float | None, Event, Event]
"""A part of one; it returns the event that ended it."""

Counted = Generator[float | None, Event, tuple[Event, int]]
"""A part that plays; it returns the event that ended it and the frames that were played."""


class EndlessCallError(RuntimeError):
    """An application sends commands for ever, or one of the dialplan's runs for ever."""


class UsageError(Exception):
    """The arguments of a command are wrong: 520."""


class Spec(NamedTuple):
    """A command."""

    name: str
    run: Callable[..., Running | str]
    """Gets the channel and the words behind the name; a str is a reply at once."""
    least: int
    """How many words must follow the name."""
    most: int | None
    """How many may; None for any number."""
    dead: bool
    """Whether it works on a dead channel."""
    stoppable: bool
    """Whether Asterisk stops it when another line comes."""


COMMANDS: dict[tuple[str, ...], Spec] = {}
"""The commands by the words of their names."""


def command(
    name: str,
    least: int = 0,
    most: int | None = None,
    *,
    dead: bool = False,
    stoppable: bool = False,
) -> Callable[[Callable[..., Running | str]], Callable[..., Running | str]]:
    """Decorate the function of a command."""

    def register(function: Callable[..., Running | str]) -> Callable[..., Running | str]:
        COMMANDS[tuple(name.split())] = Spec(name, function, least, most, dead, stoppable)
        return function

    return register
