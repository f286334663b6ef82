"""Moves a simulated channel and its caller through time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from pystrix.testing._running import EndlessCallError
from pystrix.testing.call_record import CallRecord
from pystrix.testing.caller import Caller, Plan
from pystrix.testing.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Generator

    from pystrix.testing.setup import Setup

LIMIT: Final = 3600.0
"""Seconds after which a caller hangs up, whatever happens."""

MOST_COMMANDS: Final = 100_000
MOST_MOMENTS: Final = 1_000_000


class Pilot:
    """A channel with its caller, on a clock that others move.

    Args:
        setup: The call.
        caller: What the caller does.
        limit: When the caller hangs up at the latest, in seconds.
        recording: Whether to keep what happens in the channel's timeline.

    Raises:
        ValueError: If `limit` is no time.
    """

    def __init__(
        self,
        setup: Setup,
        caller: Caller | str,
        limit: float = LIMIT,
        *,
        recording: bool = True,
    ) -> None:
        if not limit > 0:
            raise ValueError(f"a call lasts longer than 0 seconds: limit={limit!r}")
        self.channel = Channel(setup, recording=recording)
        self.limit = limit
        self.error: BaseException | None = None
        """What the application raised, or the simulation."""
        self.broken: Exception | None = None
        """What the simulation raised: an application of the setup, most often. It is reported,
        whatever the handler makes of it."""
        caller = Caller(caller) if isinstance(caller, str) else caller
        self._plan = Plan(caller, self.channel)
        self._moments = 0
        self._commands = 0
        self._noted = False  # why the call ended

    def receive_data(self, data: bytes) -> None:
        """Give what the application sent to the channel.

        Raises:
            EndlessCallError: If it sends and sends.
        """
        self._commands += data.count(b"\n")
        with self._guard():
            if self._commands > MOST_COMMANDS:
                raise EndlessCallError(
                    f"the application sent {MOST_COMMANDS} commands, and does not end"
                )
            self.channel.receive_data(data)
            self._settle()

    @contextlib.contextmanager
    def _guard(self) -> Generator[None]:
        """Keep what the simulation raises, and end the session."""
        try:
            yield
        except Exception as error:
            if self.broken is None:
                self.broken = error
            self.channel.closed = True
            raise

    def settle(self) -> None:
        """Have the caller do what is due now."""
        with self._guard():
            self._settle()

    def _settle(self) -> None:
        channel = self.channel
        while not channel.closed and not channel.hung_up:
            due = self._plan.due()
            if due is None or due > channel.now:
                return
            self._plan.act()

    def next_moment(self) -> float | None:
        """Give the moment when something happens by itself, None if nothing ever does."""
        channel = self.channel
        if channel.closed:
            return None
        moments = [channel.deadline, None if channel.hung_up else self._plan.due()]
        known = [moment for moment in moments if moment is not None]
        if channel.running and not channel.hung_up:
            # Who waits for nothing need not wait.
            known.append(self.limit if known else channel.now)
        return min(known) if known else None

    def advance(self, to: float) -> None:
        """Let time pass up to a moment that is not behind `next_moment`.

        Raises:
            EndlessCallError: If there is no end of moments.
        """
        with self._guard():
            self._advance(to)

    def rest(self, to: float) -> None:
        """Let time pass up to a moment before `next_moment`."""
        with self._guard():
            self.channel.advance(max(to, self.channel.now))
            self._settle()

    def _advance(self, to: float) -> None:
        channel = self.channel
        self._moments += 1
        if self._moments > MOST_MOMENTS:
            raise EndlessCallError(f"{channel.command} does not end, although the caller has left")
        stuck = channel.running and channel.deadline is None and self._plan.due() is None
        channel.advance(to)
        self._settle()
        if channel.closed or channel.hung_up:
            return
        if stuck or channel.now >= self.limit:
            why = "the call lasts too long" if channel.now >= self.limit else "nothing happens"
            self._note_end(why)
            channel.hang_up("caller, who is tired of waiting")

    def _undone(self) -> tuple[str, ...]:
        """Give what the caller still wants to do, but to leave."""
        left = self._plan.left
        return () if left == ("hang up",) else left

    def _note_end(self, why: str) -> None:
        undone = self._undone()
        wish = f"; still to do: {', '.join(undone)}" if undone else ""
        if not self._noted:
            self.channel.note(f"{why}{wish}")
        self._noted = True

    def run(self, until: float | None = None) -> bool:
        """Let time pass until there is something for the application; tell whether there is.

        Args:
            until: The moment at which to give up.
        """
        channel = self.channel
        self.settle()
        while not channel.has_data and not channel.closed:
            moment = self.next_moment()
            if until is not None and (moment is None or moment > until):
                self.rest(until)
                return False
            if moment is None:
                return False
            self.advance(moment)
        return True

    def finish(self) -> CallRecord:
        """Let the application go, and give the record of the call."""
        channel = self.channel
        with contextlib.suppress(Exception), self._guard():  # it is kept
            channel.receive_eof()
            while not channel.closed and (moment := self.next_moment()) is not None:
                self._advance(moment)
        channel.hang_up("caller")
        if self._undone():
            self._note_end("the call is over")
        return CallRecord(
            timeline=tuple(channel.timeline),
            sent=tuple(channel.sent),
            status=channel.status or "SUCCESS",
            place=channel.place,
            variables=channel.values.variables,
            database=channel.values.database,
            recordings=channel.recordings,
            duration=channel.now,
            answered=channel.up,
            undone=self._undone(),
            error=self.broken or self.error,
        )


__all__ = ["LIMIT", "EndlessCallError", "Pilot"]
