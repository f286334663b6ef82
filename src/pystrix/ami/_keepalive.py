"""When to ping a silent server, and when to take it for gone.

Pure.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Keepalive", "Step"]


class Step(NamedTuple):
    """What to do now."""

    do: Literal["nothing", "ping", "give up"]
    """Whether to send a Ping, or to end the connection."""
    wait: float
    """For how many seconds to do nothing then."""


class Keepalive:
    """Watches over one connection. Nothing is sent while something comes.

    Asterisk runs the actions of a connection one after the other, and says nothing while one takes
    its time: nothing is sent while one is on its way, for the silence behind it means nothing. A
    machine that is gone shows then by the keepalive of TCP.

    Moments are seconds of a clock that is never set.

    Args:
        interval: After how many seconds of silence to ping.
        timeout: The seconds that the answer may take.

    Raises:
        ValueError: If one of them is not positive.
    """

    def __init__(self, interval: float, timeout: float) -> None:
        if not (interval > 0 and timeout > 0):
            raise ValueError(
                f"seconds of a keepalive are positive, not {interval!r} and {timeout!r}"
            )
        self.interval = interval
        """After how many seconds of silence to ping."""
        self.timeout = timeout
        """The seconds that the answer may take."""
        self._pinged: float | None = None

    def check(self, now: float, heard: float, others: int) -> Step:
        """Tell what to do.

        Args:
            now: The moment.
            heard: When something was read last.
            others: How many actions wait for their answer beside a Ping.
        """
        pinged = self._pinged
        if pinged is not None and heard <= pinged:
            left = pinged + self.timeout - now
            return Step("nothing", min(left, self.interval)) if left > 0 else Step("give up", 0)
        self._pinged = None
        left = heard + self.interval - now
        if left > 0 or others:
            return Step("nothing", left if left > 0 else self.interval)
        self._pinged = now
        # The answer may come at once, and the interval begins with it.
        return Step("ping", min(self.timeout, self.interval))
