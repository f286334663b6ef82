"""How long to wait before the next try to connect.

Pure.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff"]


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter: each wait is a random part of a limit that grows.

    Many clients that lose the same server so do not come back at the same moment.

    Args:
        first: The limit of the first wait, in seconds.
        factor: What the limit is multiplied with for each further one.
        maximum: What it never exceeds, in seconds.

    Raises:
        ValueError: If a limit is negative or no number, `maximum` is less than `first`, or
            `factor` is less than 1.
    """

    first: float = 0.5
    factor: float = 2.0
    maximum: float = 30.0

    def __post_init__(self) -> None:
        if not (0 <= self.first <= self.maximum < math.inf and 1 <= self.factor < math.inf):
            raise ValueError(
                "a backoff has 0 <= first <= maximum (finite seconds) and factor >= 1: "
                f"first={self.first!r}, factor={self.factor!r}, maximum={self.maximum!r}"
            )

    def limit(self, tries: int) -> float:
        """Give the longest that the next wait can be.

        Args:
            tries: How many there were before it.
        """
        try:
            return min(self.first * self.factor**tries, self.maximum)
        except OverflowError:
            return self.maximum

    def delay(self, tries: int, draw: Callable[[], float] = random.random) -> float:
        """Give a wait.

        Args:
            tries: How many there were before it.
            draw: Gives a random number from 0 to 1.
        """
        return self.limit(tries) * draw()
