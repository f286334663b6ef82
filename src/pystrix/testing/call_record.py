"""The record of a simulated call that is over."""

from __future__ import annotations

import dataclasses

from pystrix.testing.record import Command, Entry, Heard, HungUp, Key, Sent
from pystrix.testing.transcript import Transcript


@dataclasses.dataclass(frozen=True, kw_only=True)
class CallRecord:
    """A call that is over: what was done and heard, and what is left of it."""

    timeline: tuple[Entry, ...]
    """All that happened, in the order in which it began."""
    status: str
    """AGISTATUS: ``SUCCESS``, ``FAILURE`` or ``HANGUP``."""
    place: tuple[str, str, int]
    """Context, extension and priority where the dialplan goes on."""
    variables: dict[str, str]
    """The channel variables at the end."""
    database: dict[str, str]
    """Asterisk's database, ``{"family/key": value}``."""
    recordings: dict[str, float]
    """What was recorded, in seconds, by file name with its format."""
    duration: float
    """How long the call took, in seconds on its clock."""
    answered: bool
    """Whether it was answered."""
    undone: tuple[str, ...] = ()
    """What the caller still wanted to do, step by step."""
    sent: tuple[Sent, ...] = ()
    """What Asterisk sent by itself: the environment, HANGUP lines."""
    error: BaseException | None = None
    """What the handler raised, if it ran in this process, an application of the setup, or the
    simulation: that somebody is silent, or does not end."""

    @property
    def commands(self) -> list[str]:
        """The lines that the application sent, readable."""
        return [entry.text for entry in self.timeline if isinstance(entry, Command)]

    @property
    def heard(self) -> list[str]:
        """What the caller heard, one name after the other."""
        return [entry.what for entry in self.timeline if isinstance(entry, Heard)]

    @property
    def keys(self) -> str:
        """The keys that a command took."""
        taken = (e for e in self.timeline if isinstance(e, Key) and e.command)
        return "".join(entry.digit for entry in taken)

    @property
    def hung_up_by(self) -> str | None:
        """Who ended the call: ``"caller"``, ``"application"``, ...; None if nobody did."""
        ends = [entry.by for entry in self.timeline if isinstance(entry, HungUp)]
        return ends[0] if ends else None

    @property
    def transcript(self) -> Transcript:
        """The lines that were exchanged, with what the caller did."""
        return Transcript.of_timeline(self.timeline, self.sent)

    def __str__(self) -> str:
        return f"{self.transcript}# the dialplan goes on: AGISTATUS={self.status}\n"
