"""``pystrix call``: a telephone in the terminal."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pystrix.cli._follower import show
from pystrix.cli._output import complain, fail, plain, reason
from pystrix.cli._placing import Placing
from pystrix.cli._session_log import create
from pystrix.cli._terminal import Keyboard
from pystrix.testing._pilot import Pilot
from pystrix.testing._remote import LivePilot
from pystrix.testing.caller import Caller
from pystrix.testing.place import parse_url, setup_for
from pystrix.testing.record import Command, Heard, HungUp, Key
from pystrix.testing.sounds import Sounds

if TYPE_CHECKING:
    from typing import TextIO

    from pystrix.cli._follower import News
    from pystrix.cli._placing import Outcome
    from pystrix.testing.record import Entry
    from pystrix.testing.setup import Setup


def call(
    url: Annotated[str, typer.Argument(help="The server: agi://host[:port]/script?x=1")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="The arguments of the dialplan behind the URL.")
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            help='What the caller does, instead of a keyboard: "1,w2,42#,h"; in no time at all.'
        ),
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="With --keys: a second is a second.")
    ] = False,
    caller_id: Annotated[str, typer.Option(help="The caller's number.")] = "unknown",
    caller_name: Annotated[str, typer.Option(help="The caller's name.")] = "unknown",
    extension: Annotated[str, typer.Option(help="The extension of the dialplan.")] = "s",
    context: Annotated[str, typer.Option(help="Its context.")] = "default",
    language: Annotated[str, typer.Option(help="The language of the channel.")] = "en",
    variable: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A channel variable; may be repeated."),
    ] = None,
    sounds: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="The sound files that there are, and their length."
        ),
    ] = None,
    limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the caller hangs up in any case.")
    ] = 3600.0,
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds that the server has for its next command.")
    ] = 10.0,
    transcript: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="A file for the transcript: see `pystrix replay`."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the record of the call as JSON.")
    ] = False,
) -> None:
    """Call a FastAGI server: a telephone in the terminal.

    What the server plays, says and asks appears as it happens. Keys that are typed are pressed:
    0-9 * # A-D; h or Ctrl-C hangs up. Without a terminal, and with --keys, nobody types, and the
    call takes no time.

    The exit status is 0 after a call that was served, 1 if the dialplan sees AGISTATUS=FAILURE or
    what is to be written cannot be, 2 if the command line is wrong, 3 if the server cannot be
    reached, falls silent, or speaks no AGI, 130 after Ctrl-C.
    """
    options: dict[str, Any] = {
        "arguments": tuple(arguments or ()),
        "caller_id": caller_id,
        "caller_name": caller_name,
        "extension": extension,
        "context": context,
        "language": language,
        "variables": _variables(variable or []),
    }
    if sounds is not None:
        options["sounds"] = Sounds.folder(sounds)
    setup, address = _aim(url, options)
    live = keys is None and sys.stdin.isatty()
    pilot = (LivePilot if live else Pilot)(setup, _caller(keys or ""), limit)
    console = Console(stderr=as_json, highlight=False)
    with contextlib.ExitStack() as exits:
        file = None if transcript is None else exits.enter_context(_open(transcript))

        def tell(news: News) -> None:
            if live or not as_json:
                show(console, news)

        try:
            placing = Placing(pilot, address, tell, file)
        except OSError as error:
            fail(f"cannot reach {url}: {reason(error)}")
        keyboard = None
        if live:
            keyboard = exits.enter_context(Keyboard(sys.stdin.fileno()))
            console.print(f"calling {plain(url)}; 0-9 * # A-D are keys, h hangs up", markup=False)
        outcome = placing.run(patience=patience, real_time=real_time or live, keyboard=keyboard)
    _report(outcome, console, as_json=as_json)
    raise typer.Exit(outcome.exit_status)


def _report(outcome: Outcome, console: Console, *, as_json: bool) -> None:
    if outcome.error:
        complain(outcome.error)
    record = outcome.record
    if as_json:
        typer.echo(json.dumps(figures(outcome)))
        return
    place = ",".join(map(str, record.place))
    end = f"AGISTATUS={record.status}, the dialplan goes on at {plain(place)}"
    console.print(f"{record.duration:9.3f}  {end}", markup=False, soft_wrap=True)


def figures(outcome: Outcome) -> dict[str, Any]:
    """Give the record of a call as JSON takes it."""
    record = outcome.record
    return {
        "status": record.status,
        "error": outcome.error or None,
        "duration": round(record.duration, 3),
        "answered": record.answered,
        "hung_up_by": record.hung_up_by,
        "keys": record.keys,
        "heard": record.heard,
        "commands": record.commands,
        "place": record.place,
        "variables": record.variables,
        "database": record.database,
        "recordings": record.recordings,
        "timeline": [_entry(entry) for entry in record.timeline],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    time = round(entry.start, 3)
    match entry:
        case Command():
            reply = None if entry.reply is None else entry.reply.decode("utf-8", "backslashreplace")
            return {"time": time, "command": entry.text, "reply": reply, "end": _moment(entry.end)}
        case Heard():
            end = _moment(entry.end)
            return {"time": time, "heard": entry.what, "end": end, "whole": entry.whole}
        case Key():
            return {"time": time, "key": entry.digit, "taken_by": entry.command or None}
        case HungUp():
            return {"time": time, "hung_up_by": entry.by}
        case _:
            return {"time": time, "note": entry.text}


def _moment(time: float | None) -> float | None:
    return None if time is None else round(time, 3)


def _aim(url: str, options: dict[str, Any]) -> tuple[Setup, tuple[str, int]]:
    """Give the call, and where it goes."""
    try:
        host, port, _ = parse_url(url)
        setup = setup_for(url, options)
    except ValueError as error:
        raise typer.BadParameter(plain(str(error))) from None
    texts = (url, *setup.arguments, setup.caller_id, setup.caller_name)
    if any("\n" in text for text in (*texts, setup.extension, setup.context, setup.language)):
        raise typer.BadParameter("a line of the environment holds no line feed")
    return setup, (host, port)


def _caller(keys: str) -> Caller:
    try:
        return Caller(keys)
    except ValueError as error:
        raise typer.BadParameter(plain(str(error)), param_hint="--keys") from None


def _variables(assignments: list[str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"not NAME=VALUE: {assignment!r}", param_hint="--variable")
        variables[name] = value
    return variables


def _open(path: Path) -> TextIO:
    try:
        return create(path, "w")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {reason(error)}", param_hint="--transcript") from None
