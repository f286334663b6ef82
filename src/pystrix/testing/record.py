"""What happened in a simulated call, as values."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(slots=True)
class Command:
    """A command that the application sent."""

    start: float
    """When it came, in seconds since the call began."""
    line: bytes
    """Its line, without the line feed."""
    words: tuple[str, ...]
    """Its words as Asterisk splits them."""
    reply: bytes | None = None
    """All lines of its reply; None if it had none, as one that was stopped by the next."""
    end: float | None = None
    """When it was answered or stopped."""
    after: int = 0
    """How many entries the timeline had by then."""

    @property
    def text(self) -> str:
        """The line, readable."""
        return self.line.decode("utf-8", "backslashreplace")


@dataclasses.dataclass(slots=True)
class Heard:
    """What the caller heard: a sound file, or something said."""

    start: float
    """When it began, in seconds since the call began."""
    what: str
    """The name of the file; ``"digits 42"``, ``"number 7"``, ... for what SAY says."""
    end: float | None = None
    """When it ended."""
    whole: bool = False
    """Whether it was played to its end."""
    after: int = 0
    """How many entries the timeline had when it ended."""


@dataclasses.dataclass(slots=True)
class Key:
    """A key that the caller pressed."""

    start: float
    """When, in seconds since the call began."""
    digit: str
    """The DTMF digit."""
    command: str = ""
    """The name of the command that took it, ``""`` if none did."""


@dataclasses.dataclass(slots=True)
class HungUp:
    """The end of the caller's call."""

    start: float
    """When, in seconds since the call began."""
    by: str
    """Who ended it: ``"caller"``, ``"application"``, ``"autohangup"``, or ``"caller, who is tired
    of waiting"``, when nothing else could happen any more or the call reached its limit."""


@dataclasses.dataclass(slots=True)
class Note:
    """Something else that matters: where the application would have harmed a real Asterisk."""

    start: float
    """When, in seconds since the call began."""
    text: str
    """What it was."""


@dataclasses.dataclass(slots=True)
class Sent:
    """What Asterisk sent by itself, rather than as a reply, or did: part of a transcript."""

    start: float
    """When, in seconds since the call began."""
    after: int
    """How many entries the timeline had by then."""
    data: bytes = b""
    """The environment, or a HANGUP line."""
    remark: str = ""
    """What it did: ``"Asterisk sends SIGHUP"``, ``"Asterisk closes"``."""


Entry = Command | Heard | Key | HungUp | Note
