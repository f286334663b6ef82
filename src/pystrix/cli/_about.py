"""What the command itself takes."""

from __future__ import annotations

from typing import Annotated

import typer

import pystrix


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pystrix {pystrix.VERSION}")
        raise typer.Exit


def about(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Call, record, replay and load FastAGI servers; watch and steer Asterisk over AMI.

    Only record and ami need an Asterisk.
    """
