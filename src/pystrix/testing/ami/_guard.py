"""How a test and a server share a simulated Asterisk: one at a time.

Pure: the simulation enters a guard that whoever moves its bytes gives it. A server on a thread
gives one that holds a lock, and sends when the outermost is left.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = ["Guarded", "guarded"]

P = ParamSpec("P")
R = TypeVar("R")


class Guarded(Protocol):
    """What has a guard."""

    @property
    def guard(self) -> AbstractContextManager[Any]:
        """The guard; it can be entered again inside."""
        ...


GuardedT = TypeVar("GuardedT", bound=Guarded)


def guarded(method: Callable[Concatenate[GuardedT, P], R]) -> Callable[Concatenate[GuardedT, P], R]:
    """Decorate a method that a test may call at any time, from any thread."""

    @functools.wraps(method)
    def enter(self: GuardedT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.guard:
            return method(self, *args, **kwargs)

    return enter
