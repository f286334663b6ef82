"""Taps on a connection: what a library hears of it before every queue.

Pure.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.ami._message import Event, Response

__all__ = ["FinalTap", "Tap", "Taps"]

_LOGGER = logging.getLogger("pystrix.ami")


class Tap(Protocol):
    """Hears what comes, where it is read: it must not wait.

    One that has a method ``over(why)`` is also told when there will be no connection any more.
    """

    def heard(self, messages: Sequence[Event | Response]) -> object:
        """Take events and responses that nobody waits for, in order."""
        ...

    def lost(self, why: str) -> object:
        """Take note that the connection has ended, whoever ended it."""
        ...


@runtime_checkable
class FinalTap(Protocol):
    """A tap that is told of the last end, too."""

    def over(self, why: str) -> object:
        """Take note that there is no connection any more, and will be none."""
        ...


class Taps:
    """The taps of one manager. Whoever changes them from several threads holds a lock.

    Args:
        logger: Where to log.
    """

    def __init__(self, logger: logging.Logger = _LOGGER) -> None:
        self._logger = logger
        self._taps: tuple[Tap, ...] = ()

    def add(self, tap: Tap) -> None:
        """Add a tap. Idempotent."""
        if tap not in self._taps:
            self._taps = (*self._taps, tap)

    def remove(self, tap: Tap) -> None:
        """Remove a tap. Idempotent."""
        self._taps = tuple(each for each in self._taps if each is not tap)

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Tell all taps what came. One that fails is logged and harms nobody."""
        for tap in self._taps:
            try:
                tap.heard(messages)
            except Exception:
                self._logger.exception("the tap %r failed", tap)

    def lost(self, why: str) -> None:
        """Tell all taps that the connection has ended."""
        for tap in self._taps:
            try:
                tap.lost(why)
            except Exception:
                self._logger.exception("the tap %r failed", tap)

    def over(self, why: str) -> None:
        """Tell the taps that want it that there is no connection any more, and will be none."""
        for tap in self._taps:
            try:
                if isinstance(tap, FinalTap):
                    tap.over(why)
            except Exception:
                self._logger.exception("the tap %r failed", tap)
