"""Variables, the database, states and configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix.ami import actions

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DBDelTree", "DBPut", "ExtensionState", "Getvar", "Setvar", "UpdateConfig"]


class DBDelTree(actions.DBDelTree):
    """Delete a family of keys of Asterisk's database, or a part of it.

    Args:
        family: The family.
        key: The beginning of the keys, up to a ``/``; None for the whole family.
    """

    def __init__(self, family: str, key: str | None = None) -> None:
        super().__init__(family, key=key or None)


class DBPut(actions.DBPut):
    """Write a key of Asterisk's database.

    Args:
        family: The family.
        key: The key.
        value: The value, a text or a number.
    """

    def __init__(self, family: str, key: str, value: object) -> None:
        super().__init__(family, key)
        self["Val"] = value


class ExtensionState(actions.ExtensionState):
    """Ask for the state of an extension that has a hint.

    Args:
        extension: The extension.
        context: Its context.
    """

    def __init__(self, extension: str, context: str) -> None:
        super().__init__(extension, context)


class Getvar(actions.Getvar):
    """Read a variable, or what a dialplan function gives: ``result["Value"]``.

    Args:
        variable: The variable, or the function with its arguments.
        channel: The name of the channel; None for global variables.
    """

    def __init__(self, variable: str, channel: str | None = None) -> None:
        super().__init__(variable, channel=channel or None)


class Setvar(actions.Setvar):
    """Set a variable, or write to a dialplan function.

    Args:
        variable: The variable, or the function with its arguments.
        value: The value, a text or a number.
        channel: The name of the channel; None for global variables.
    """

    def __init__(self, variable: str, value: object, channel: str | None = None) -> None:
        super().__init__(variable, "", channel=channel or None)
        self["Value"] = value


class UpdateConfig(actions.UpdateConfig):
    """Change a configuration file.

    Args:
        src_filename: The file to read.
        dst_filename: The file to write; may be the same.
        changes: The changes, in order, each with the parts of a `ConfigChange`: what to do, the
            category, the variable, its value, the value that it must have now; None for what is
            not needed.
        reload: Whether all modules are reloaded, or the name of the one that is.
    """

    def __init__(
        self,
        src_filename: str,
        dst_filename: str,
        changes: Iterable[Iterable[Any]],
        reload: bool | str = True,
    ) -> None:
        wanted = [actions.ConfigChange(*change) for change in changes]
        super().__init__(src_filename, dst_filename, reload=reload, changes=wanted)
