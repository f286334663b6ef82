"""``pystrix load``: many simulated callers, and how fast the server answers them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console, Group
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from pystrix.cli._output import FAILED, INTERRUPTED, UNREACHABLE, fail, plain, reason
from pystrix.testing.load import run_load

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pystrix.testing.load import Latencies, LoadResult

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)
_BARS: Final = 16
_WIDTH: Final = 40


def load(
    url: Annotated[str, typer.Argument(help="The server: agi://host[:port]/script?x=1")],
    concurrency: Annotated[
        int, typer.Option("-c", "--concurrency", min=1, help="Calls at once.")
    ] = 50,
    duration: Annotated[
        float, typer.Option("-d", "--duration", min=0.1, help="How long, in seconds.")
    ] = 10.0,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, help="Calls that begin in a second, instead of a closed loop."),
    ] = None,
    keys: Annotated[str, typer.Option(help='What each caller does: "1,w2,42#".')] = "",
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds that the server has for a command.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Place many calls at once, and measure how fast the server answers.

    Prompts take no time. When the time is over, or Ctrl-C comes, calls that go on are cut off;
    the commands that they sent count. The exit status is 0 if no call failed, 1 if some did, 2 if
    the command line is wrong, 3 if none was served (to its end or, if no call ended, until it was
    cut off), 130 after Ctrl-C.
    """
    console = Console(stderr=True)
    options: dict[str, Any] = {"concurrency": concurrency, "rate": rate, "patience": patience}
    results: list[LoadResult] = []
    interrupted = False
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("calling", total=duration)

        def notice(result: LoadResult) -> None:
            results[:] = [result]
            text = f"{result.calls} calls, {result.errors.total()} failed"
            progress.update(task, completed=result.seconds, description=text)

        try:
            _run(run_load(url, keys, duration=duration, notice=notice, **options))
        except ValueError as error:
            raise typer.BadParameter(plain(str(error))) from None
        except OSError as error:
            fail(f"cannot reach {url}: {reason(error)}")
        except KeyboardInterrupt:
            interrupted = True
    for result in results:
        _report(result, as_json=as_json)
        if not interrupted:
            raise typer.Exit(_exit_status(result))
    raise typer.Exit(INTERRUPTED)


def _report(result: LoadResult, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(figures(result)))
    else:
        Console().print(picture(result))


def _exit_status(result: LoadResult) -> int:
    if not result.served:
        return UNREACHABLE
    return FAILED if result.errors else 0


def _run(main: Coroutine[Any, Any, LoadResult]) -> LoadResult:
    """Run on uvloop if it is there: more load."""
    run: Callable[[Coroutine[Any, Any, LoadResult]], LoadResult]
    try:
        from uvloop import run  # noqa: PLC0415 - an extra
    except ImportError:
        run = asyncio.run
    return run(main)


def figures(result: LoadResult) -> dict[str, Any]:
    """Give the figures of a result as JSON takes them; times in ms."""
    return {
        "seconds": round(result.seconds, 3),
        "calls": result.calls,
        "cut_off": result.cut_off,
        "waiting": result.waiting,
        "commands": result.commands,
        "calls_per_second": round(result.calls / result.seconds, 1),
        "commands_per_second": round(result.commands / result.seconds, 1),
        "errors": dict(result.errors),
        **{name: _times(times) for name, times in _named(result)},
    }


def _named(result: LoadResult) -> tuple[tuple[str, Latencies], ...]:
    return (
        ("set_up_ms", result.set_up),
        ("command_ms", result.command),
        ("call_ms", result.call),
    )


def _times(latencies: Latencies) -> dict[str, float]:
    times = {f"p{share:g}": latencies.percentile(share) for share in PERCENTILES}
    times["max"] = latencies.largest
    return {name: round(seconds * 1000, 3) for name, seconds in times.items()}


def picture(result: LoadResult) -> Group:
    """Make a table of the figures, and a picture of how long the server took for a command."""
    table = Table(box=None, pad_edge=False)
    for heading in ("ms", *(f"p{share:g}" for share in PERCENTILES), "max"):
        table.add_column(heading, justify="left" if heading == "ms" else "right")
    for name, latencies in _named(result):
        times = _times(latencies).values()
        table.add_row(name.removesuffix("_ms").replace("_", "-"), *(f"{t:.3f}" for t in times))
    seconds = result.seconds
    summary = Text(
        f"{result.calls} calls in {seconds:.1f} s: {result.calls / seconds:,.0f} calls/s, "
        f"{result.commands / seconds:,.0f} commands/s"
    )
    ends = [Text(f"{count} {what}") for count, what in _ends(result) if count]
    errors = [Text(f"{count} failed: {kind}", "red") for kind, count in result.errors.items()]
    return Group(summary, *ends, *errors, Text(), table, Text(), *_bars(result.command))


def _ends(result: LoadResult) -> tuple[tuple[int, str], ...]:
    return (
        (result.cut_off, "more were being served at the end, and were cut off"),
        (result.waiting, "more were waiting for their first command at the end"),
    )


def _bars(latencies: Latencies) -> list[Text]:
    bars = latencies.bars(_BARS)
    most = max((count for _, count in bars), default=1)
    return [
        Text(f"{upper * 1000:10.3f} ms ").append("█" * round(_WIDTH * count / most), "green")
        for upper, count in bars
    ]
