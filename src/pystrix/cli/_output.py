"""What the commands have in common: how they end, and how they show what others sent."""

from __future__ import annotations

import inspect
import os
import socket
from typing import TYPE_CHECKING, Final

import typer

from pystrix.agi._wire import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130


def fail(message: str, status: int = UNREACHABLE) -> NoReturn:
    """End the command with a line on standard error.

    Raises:
        typer.Exit: Always.
    """
    complain(message)
    raise typer.Exit(status)


def complain(message: str) -> None:
    """Write a line to standard error."""
    typer.echo(f"pystrix: {plain(message)}", err=True)


def plain(text: str | bytes) -> str:
    """Make a text harmless for a terminal: one line, control characters as escapes."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in printable(text)
    )


def reason(error: OSError) -> str:
    """Say in few words why something does not work."""
    if error.errno and not isinstance(error, socket.gaierror):  # whose numbers are others
        return os.strerror(error.errno)
    return error.strerror or str(error)


def paragraphs(command: Callable[..., object]) -> str:
    """Give the help of a command with one line for each paragraph: the terminal breaks them."""
    text = inspect.getdoc(command) or ""
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))
