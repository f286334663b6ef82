"""Taps on a connection: what a library hears of it before every queue.

Pure.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.ami._message import Event, Response

__all__ = ["Tap", "Taps"]

_LOGGER = logging.getLogger("pystrix.ami")


class Tap(Protocol):
    """Hears what comes, where it is read: it must not wait."""

    def heard(self, messages: Sequence[Event | Response]) -> object:
        """Take events and responses that nobody waits for, in order."""
        ...

    def lost(self, why: str) -> object:
        """Take note that the connection has ended, whoever ended it."""
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
