"""The event that says from when to when nothing was heard.

Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from pystrix.ami._fields import Field, Integer, Text
from pystrix.ami._message import Event

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from pystrix.ami.errors import Error
    from pystrix.ami.events import CoreShowChannel

__all__ = ["Gap", "Moment", "log_gap"]


class Moment(Field[datetime]):
    """A moment as ISO 8601 writes it, with its offset from UTC."""

    __slots__ = ()

    def convert(self, text: str) -> datetime:
        """Give the moment."""
        return datetime.fromisoformat(text)


class Gap(Event):
    """Nothing was heard for a while: the connection was lost, and there is a new one.

    Asterisk does not send it; a manager that reconnects puts it between the last event of the old
    connection and the first of the new one. What happened in between is not known, but what there
    is now: `channels`, and the `results` of the manager's resync hooks.
    """

    NAME: ClassVar[str] = "Gap"

    from_: Moment = Moment("From")
    """When something was heard last."""
    until: Moment = Moment("Until")
    """When the next login was accepted: since then nothing is missing."""
    reason: Text = Text("Reason")
    """Why the old connection was lost, in words."""
    connection: Integer = Integer("Connection")
    """Which connection was lost; a manager counts them from 1."""
    peer: Text = Text("Peer")
    """Where the manager connects to: ``"192.0.2.1:5038"``."""
    dropped: Integer = Integer("Dropped")
    """How many events found no room during the resync; else they follow behind the gap."""

    failure: Error | None = None
    """Why the old connection was lost."""
    channels: Sequence[CoreShowChannel] | None = None
    """The channels that there were after `until`; None if Asterisk did not say (the user's
    ``write`` has neither class system nor reporting)."""
    results: Mapping[Any, Any] = MappingProxyType({})
    """What each resync hook gave, by the hook; one that failed is missing."""

    @property
    def seconds(self) -> float:
        """For how many seconds nothing was heard."""
        return (self.until - self.from_).total_seconds()

    @classmethod
    def between(
        cls,
        start: float,
        end: float,
        failure: Error,
        *,
        connection: int,
        peer: str,
        dropped: int,
    ) -> Gap:
        """Make a gap from what a manager knows.

        Args:
            start: When something was heard last, in seconds since 1970.
            end: When the next login was accepted.
            failure: Why the old one was lost.
            connection: Which one that was.
            peer: Where the manager connects to.
            dropped: How many events found no room.
        """
        gap = cls(
            {
                "From": datetime.fromtimestamp(start, UTC).isoformat(),
                "Until": datetime.fromtimestamp(end, UTC).isoformat(),
                "Reason": " ".join(str(failure).split()),
                "Connection": connection,
                "Peer": peer,
                "Dropped": dropped,
            }
        )
        gap.failure = failure
        return gap


def log_gap(messages: Sequence[object], logger: logging.Logger) -> None:
    """Log the gap that stands before messages, if one does."""
    if messages and isinstance(messages[0], Gap):
        gap = messages[0]
        logger.warning("connected to %s again: nothing was heard for %.1f s", gap.peer, gap.seconds)
