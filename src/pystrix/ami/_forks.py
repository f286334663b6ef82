"""What becomes of managers in the child of a fork: it has none of the threads that serve them."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["tell_of_forks"]


class Forked(Protocol):
    """What wants to know of forks."""

    def _forked(self) -> None:
        """Let go of what is the parent's; in the child, which may not take a lock of before."""
        ...


_living: weakref.WeakSet[Forked] = weakref.WeakSet()


def tell_of_forks(thing: Forked) -> None:
    """Call ``thing._forked()`` in the child of every fork; the thing is not kept alive by that."""
    _living.add(thing)


def _tell() -> None:
    for thing in list(_living):
        thing._forked()  # noqa: SLF001 - that is what it is for


os.register_at_fork(after_in_child=_tell)
