"""``pystrix ami``: watch and steer an Asterisk over its manager interface."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup

from pystrix.cli._output import paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add_commands"]

_MODULES: Final = ("events", "action", "calls", "doctor")
"""The commands, in the order of the help: a module for each."""


class _Late(TyperGroup):
    """The commands, each imported when it is wanted: the other commands need no AMI."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - typer's
        """Give their names."""
        return list(_MODULES)

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - typer's
        """Give one; None if there is none of that name."""
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        function: Callable[..., None] = getattr(module, cmd_name)
        alone = typer.Typer(add_completion=False)
        alone.command(help=paragraphs(function))(function)
        return typer.main.get_command(alone)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to an application."""
    group = typer.Typer(
        name="ami",
        cls=_Late,
        no_args_is_help=True,
        help="Watch and steer an Asterisk over its manager interface, AMI.",
    )
    app.add_typer(group)
