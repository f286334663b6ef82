"""``pystrix demo``: the documented program, and three simulated callers."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import typer
from rich.console import Console

from pystrix.cli._follower import show
from pystrix.cli._output import complain
from pystrix.cli._placing import Outcome, Placing
from pystrix.cli.demo_program import DemoServer
from pystrix.testing._pilot import Pilot
from pystrix.testing.place import setup_for


class _Scene(NamedTuple):
    title: str
    script: str
    keys: str


_SCENES: Final = (
    _Scene("A caller who listens to the end", "demo", ""),
    _Scene("A caller who presses 1 during the prompt", "demo", "w1,1"),
    _Scene("A script that no pattern matches goes to the fallback", "other", ""),
)


def demo() -> None:
    """Serve three simulated calls, and tell what happens.

    The program is the documented one; it serves over TCP, in this process. The exit status is 0
    if all calls were served.
    """
    console = Console(highlight=False)
    server = DemoServer()
    server.start()
    try:
        statuses = [_play(console, server, scene) for scene in _SCENES]
    finally:
        server.shutdown()
        server.join()
    raise typer.Exit(max(statuses))


def _play(console: Console, server: DemoServer, scene: _Scene) -> int:
    url = f"agi://127.0.0.1:{server.address[1]}/{scene.script}"
    console.print(f"\n{scene.title}: AGI({url})", style="bold", soft_wrap=True)
    pilot = Pilot(setup_for(url, {}), scene.keys)
    outcome = Placing(pilot, server.address, partial(show, console)).run()
    _end(console, outcome)
    return outcome.exit_status


def _end(console: Console, outcome: Outcome) -> None:
    if outcome.error:
        complain(outcome.error)
    record = outcome.record
    console.print(f"{record.duration:9.3f}  back in the dialplan: AGISTATUS={record.status}")
