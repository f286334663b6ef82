"""The command ``pystrix``. It needs the extra ``cli``, which the library does not."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

    import typer

__all__ = ["build", "main"]


def build() -> typer.Typer:
    """Make the application: one module for each command.

    Raises:
        ModuleNotFoundError: If what the extra ``cli`` installs is missing.
    """
    # Here, because the message of `main` must work without typer.
    import typer  # noqa: PLC0415

    from pystrix.cli._about import about  # noqa: PLC0415
    from pystrix.cli._output import paragraphs  # noqa: PLC0415
    from pystrix.cli.ami import add_commands  # noqa: PLC0415
    from pystrix.cli.call import call  # noqa: PLC0415
    from pystrix.cli.demo import demo  # noqa: PLC0415
    from pystrix.cli.load import load  # noqa: PLC0415
    from pystrix.cli.record import record  # noqa: PLC0415
    from pystrix.cli.replay import replay  # noqa: PLC0415

    app = typer.Typer(
        name="pystrix",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(about)
    for command in (call, demo, record, replay, load):
        app.command(help=paragraphs(command))(command)
    add_commands(app)
    return app


def _replace_closed_streams() -> None:
    """Put something in the place of standard streams that whoever started this has closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it also keeps sockets from their descriptors
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def main() -> None:
    """Run the command."""
    _replace_closed_streams()
    try:
        app = build()
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "pystrix":
            raise
        sys.stderr.write("pystrix: typer and rich are missing: pip install 'pystrix[cli]'\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a locale cannot write is no reason to end
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        _give_up(error)


def _give_up(error: OSError) -> NoReturn:
    """End with a line: most often what is to be written cannot be.

    Raises:
        SystemExit: Always.
    """
    from pystrix.cli._output import FAILED, reason  # noqa: PLC0415

    with contextlib.suppress(OSError):
        sys.stdout.close()  # now, so that the interpreter need not complain at its end
    where = "" if error.filename is None else f"{error.filename}: "
    sys.stderr.write(f"pystrix: {where}{reason(error)}\n")
    sys.exit(FAILED)
