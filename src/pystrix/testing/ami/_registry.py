"""The actions that the simulation knows by itself.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.testing.ami._session import Builtin

__all__ = ["BUILTINS", "builtin"]

BUILTINS: Final[dict[str, Builtin]] = {}
"""What the simulation does, by the names of the actions in lower case."""


def builtin(name: str) -> Callable[[Builtin], Builtin]:
    """Decorate the function of an action."""

    def register(function: Builtin) -> Builtin:
        BUILTINS[name.lower()] = function
        return function

    return register
