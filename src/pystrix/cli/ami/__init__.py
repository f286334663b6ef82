"""``pystrix ami``: watch and steer an Asterisk over its manager interface."""

from __future__ import annotations

import typer

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to an application: one module for each."""
    # Here, so that the names of the modules stay those of modules.
    from pystrix.cli.ami.action import action  # noqa: PLC0415
    from pystrix.cli.ami.calls import calls  # noqa: PLC0415
    from pystrix.cli.ami.doctor import doctor  # noqa: PLC0415
    from pystrix.cli.ami.events import events  # noqa: PLC0415

    group = typer.Typer(
        name="ami",
        no_args_is_help=True,
        help="Watch and steer an Asterisk over its manager interface, AMI.",
    )
    for command in (events, action, calls, doctor):
        group.command()(command)
    app.add_typer(group)
