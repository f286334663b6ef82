"""What a scenario is made of: a session that is played on both, as data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pystrix.testing import CallerLeftError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from pystrix.testing import Channel


class Send(NamedTuple):
    """The application sends something."""

    data: bytes


class Hear(NamedTuple):
    """It waits until all replies that it expects came, these among them, or a certain line."""

    replies: int = 0
    line: bytes = b""


class Pause(NamedTuple):
    """Time passes."""

    seconds: float


class Press(NamedTuple):
    """The caller presses keys, one after the other."""

    keys: str


class Text(NamedTuple):
    """The caller sends a text."""

    text: str


class HangUp(NamedTuple):
    """The caller hangs up."""


class HalfClose(NamedTuple):
    """The application says that it sends no more."""


class Close(NamedTuple):
    """The application closes the connection."""


Step = Send | Hear | Pause | Press | Text | HangUp | HalfClose | Close
STEPS: Final = (Send, Hear, Pause, Press, Text, HangUp, HalfClose, Close)
Steps = str | Step | tuple["Steps", ...]
"""A str is a command line whose reply is waited for."""

HANGUP_LINE: Final = Hear(line=b"HANGUP\n")
END: Final = Hear(line=b"(end)\n")


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A call whose application does as told. Its connection is closed at the end."""

    name: str
    """Its name."""
    steps: tuple[Step, ...]
    """What is done."""
    far: str = "silent"
    """What the caller does, an extension of the context ``far``."""
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Variables of the channel."""
    path: str = ""
    """What follows the host in the URL."""
    arguments: tuple[str, ...] = ()
    """The arguments of the dialplan."""
    caller_id: tuple[str, str] | None = None
    """Name and number of the caller."""
    answered: bool = True
    """Whether it is answered; if not, it rings until the application answers."""
    local_time: bool = False
    """Whether it depends on the time zone of the machine."""
    reports: int = 0
    """How many reports of the dialplan come before the one of the end."""
    alone: bool = False
    """Whether nothing else may run at the time."""


def _flat(steps: Iterable[Steps]) -> Generator[Step]:
    for step in steps:
        if isinstance(step, str):
            yield Send(f"{step}\n".encode(errors="surrogateescape"))
            yield Hear(1)
        elif isinstance(step, STEPS):
            yield step
        else:
            yield from _flat(step)


def scenario(name: str, *steps: Steps, **options: Any) -> Scenario:
    """Make a scenario of steps; those in tuples are steps as well."""
    return Scenario(name, tuple(_flat(steps)), **options)


def during(line: str, *steps: Steps, replies: int = 1) -> tuple[Steps, ...]:
    """Send a command, do something, and wait for its reply."""
    return Send(f"{line}\n".encode()), *steps, Hear(replies)


def press(line: str, keys: str, after: float = 0.2) -> tuple[Steps, ...]:
    """Send a command, and press keys while it runs."""
    return during(line, Pause(after), Press(keys))


# What the subroutines of the tests' dialplan do.


def _returns(_channel: Channel, data: str) -> str:
    first, _, second = data.partition(",")
    return f"ret-{first}/{second}"


def _goes_out(_channel: Channel, _data: str) -> None:
    raise CallerLeftError


def _hangs_up(channel: Channel, _data: str) -> None:
    channel.hang_up_soon()
    raise CallerLeftError


def _waits(_channel: Channel, _data: str) -> Generator[float]:
    yield 3600.0


SUBROUTINES: Final = {
    "subs,s,1": _returns,
    "subs,lab,1": lambda _channel, _data: "fromlabel",
    "subs,lab,lbl": lambda _channel, _data: "fromlabel",
    "subs,goto,1": _goes_out,
    "subs,hang,1": _hangs_up,
    "subs,wait,1": _waits,
}
