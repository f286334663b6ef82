"""``pystrix replay``: does an application still do what it did?"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pystrix.agi._scripts import Scripts
from pystrix.cli._output import FAILED, USAGE, fail, plain, reason
from pystrix.testing.replay import replay as replay_transcript
from pystrix.testing.transcript import Transcript, TranscriptError


def replay(
    transcript: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The transcript.")
    ],
    url: Annotated[str | None, typer.Argument(help="The server: agi://host[:port]/script")] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:OBJECT", help="Instead of a URL: a server, or a handler, of a module."
        ),
    ] = None,
    script: Annotated[
        str, typer.Option(help="With --server: path and query, if the transcript has none.")
    ] = "",
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Take the time that Asterisk took.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds that the server has for its next command.")
    ] = 10.0,
) -> None:
    """Be the Asterisk of a transcript, and show what the application does differently.

    The exit status is 0 if nothing differs, 1 if something does, 2 if the command line is wrong,
    3 if the server cannot be reached.
    """
    if (url is None) == (server is None):
        raise typer.BadParameter("either a URL or --server MODULE:OBJECT")
    application: Any = url if server is None else _load(server)
    try:
        recorded = Transcript.load(transcript)
    except (TranscriptError, UnicodeDecodeError) as error:
        raise typer.BadParameter(plain(f"{transcript}: {error}")) from None
    except OSError as error:
        raise typer.BadParameter(plain(f"{transcript}: {reason(error)}")) from None
    options: dict[str, Any] = {} if url is not None else {"script": script}
    try:
        differences = replay_transcript(
            recorded, application, patience=patience, real_time=real_time, **options
        )
    except ValueError as error:
        raise typer.BadParameter(plain(str(error))) from None
    except OSError as error:
        fail(f"cannot reach {url}: {reason(error)}")
    _report(differences)
    raise typer.Exit(FAILED if differences else 0)


def _load(text: str) -> Any:  # noqa: ANN401 - whatever the user names
    """Import what is named, from the current folder, too."""
    name, _, path = text.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(name)
        for attribute in path.split(".") if path else ():
            found = getattr(found, attribute)
    except Exception as error:  # noqa: BLE001 - a module may raise anything
        fail(f"cannot load {text}: {type(error).__name__}: {error}", USAGE)
    if not (isinstance(found, Scripts) or callable(found)):
        fail(f"{text} is no server and no handler, but of type {type(found).__name__}", USAGE)
    return found


def _report(differences: list[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not differences:
        console.print("no difference", style="green")
        return
    first, *others = differences
    console.print(f"the first difference: {plain(first)}", style="bold red", markup=False)
    for other in others:
        console.print(f"    {plain(other)}", markup=False)
