"""What a manager knows of its connections, one after the other: what to do when one is lost.

Pure: whoever has a clock, a socket and a way to wait asks it. One connection after the other goes
through::

    begin --> logged_in --(Asterisk has started)--> established --(resync)--> release
      ^                                                                         |
      +---- the delay is over ---- lost <------------- at any point ------------+

From `begin` to `release` events are held back, so that nobody hears of what he cannot place yet.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from pystrix.ami._gap import Gap
from pystrix.ami._login import BOOTED, is_final
from pystrix.ami.errors import Error, ManagerSocketError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pystrix.ami._backoff import Backoff
    from pystrix.ami._message import Event, Response
    from pystrix.ami.events import CoreShowChannel

__all__ = ["Reconnecting"]

_SIGNS: Final = frozenset({BOOTED, "Shutdown"})
"""The events that tell of Asterisk's own start and end."""


class Reconnecting:
    """The connections of one manager. Not thread-safe.

    Moments are seconds since 1970.

    Args:
        peer: Where the manager connects to, for messages.
        backoff: How long to wait between tries; None for one connection and no other.
        patience: How long to wait between tries before the first one; None to try once.
        capacity: How many events can be held back.
        draw: Gives a random number from 0 to 1.
    """

    def __init__(
        self,
        peer: str,
        backoff: Backoff | None,
        patience: Backoff | None,
        capacity: int,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.peer = peer
        """Where the manager connects to."""
        self.number = 0
        """How many connections there were, with this one; 0 before the first."""
        self.holding = True
        """Whether events are held back."""
        self.booted = False
        """Whether this connection was told that Asterisk has started."""
        self.tells_boot = False
        """Whether any connection was told."""
        self._backoff = backoff
        self._patience = patience
        self._capacity = capacity
        self._draw = draw
        self._tries = 0  # since a connection lasted
        self._held: list[Event | Response] = []
        self._dropped = 0
        self._since = 0.0  # when this connection was logged in
        self._established = False
        self._lost: tuple[float, Error, int] | None = None  # heard until, why, which
        self._end = ""  # what Asterisk said of its own end

    @property
    def in_gap(self) -> bool:
        """Whether a connection was lost and the gap has not been told yet."""
        return self._lost is not None

    def begin(self) -> None:
        """Note that a connection is being made."""
        self.holding = True
        self.booted = False
        self._held = []
        self._dropped = 0
        self._established = False
        self._end = ""

    def hear(self, messages: list[Event | Response]) -> list[Event | Response]:
        """Take what came; give what is to be handed on now."""
        for message in messages:
            if (message.NAME or message.name) in _SIGNS:
                self._note(message)
        if not self.holding:
            return messages
        room = max(self._capacity - len(self._held), 0)
        self._held += messages[:room]
        self._dropped += max(len(messages) - room, 0)
        return []

    def logged_in(self, now: float) -> None:
        """Note that the login was accepted: from now on nothing is missed."""
        self._since = now

    def established(self) -> None:
        """Note that the connection can be used: Asterisk has started."""
        self.number += 1
        self._established = True

    def release(
        self,
        channels: Sequence[CoreShowChannel] | None = None,
        results: Mapping[object, object] | None = None,
    ) -> list[Event | Response]:
        """Let events flow; give what is to be handed on first: the gap, and what was held back.

        Args:
            channels: The channels there are, if Asterisk told.
            results: What the resync hooks gave.
        """
        messages, self._held = self._held, []
        self.holding = False
        if self._lost is not None:
            start, failure, number = self._lost
            self._lost = None
            gap = Gap.between(
                start,
                self._since,
                failure,
                connection=number,
                peer=self.peer,
                dropped=self._dropped,
            )
            gap.channels = channels
            gap.results = results or {}
            messages.insert(0, gap)
        return messages

    def lost(self, now: float, heard: float, failure: Error) -> float | None:
        """Note that the connection is over, or that none could be made.

        Args:
            now: The moment.
            heard: When something was read last.
            failure: Why.

        Returns:
            For how many seconds to wait before the next try; None if there is to be none.
        """
        backoff = self._backoff if self.number else self._patience
        if self._established:
            if backoff is not None and now - self._since > backoff.limit(self._tries):
                self._tries = 0
            if self._lost is None:
                self._lost = heard, self._explained(failure), self.number
        if backoff is None or is_final(failure):
            return None
        self._tries += 1
        return backoff.delay(self._tries - 1, self._draw)

    def _note(self, message: Event | Response) -> None:
        if message.name == BOOTED:
            self.booted = self.tells_boot = True
        else:
            self._end = "restarts" if message.get("Restart") == "True" else "has ended"

    def _explained(self, failure: Error) -> Error:
        """Say what Asterisk said of its end."""
        if not self._end:
            return failure
        explained = ManagerSocketError(f"Asterisk {self._end}: {failure}")
        explained.__cause__ = failure
        return explained
