"""A run as tables, in Markdown and in reStructuredText."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks import figures
from benchmarks.figures import BASE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.figures import Burst, Figure, Run, ServerFigures

NOTHING = "-"


class Table(NamedTuple):
    """A table whose first column names a server."""

    title: str
    heading: list[str]
    rows: list[list[str]]


def number(value: float) -> str:
    """Write a figure with what digits it deserves."""
    if value >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(figure: Figure | None) -> str:
    """Write a median with its smallest and largest round."""
    if figure is None:
        return NOTHING
    median, low, high = (number(value) for value in figure)
    return median if low == high else f"{median} ({low} to {high})"


def _median(figure: Figure | None) -> str:
    return NOTHING if figure is None else number(figure.median)


def _rows(
    run: Run, write: Callable[[ServerFigures], list[str]], *, all_of_them: bool = False
) -> list[list[str]]:
    """Write a row for each server of which there is something to write."""
    rows = [(found, write(found)) for found in run["servers"]]
    return [
        [found["name"], *cells]
        for found, cells in rows
        if all_of_them or any(cell != NOTHING for cell in cells)
    ]


def summary(run: Run) -> Table:
    """Compare all servers with the base, and their memory."""
    measured = figures.concurrencies(run)

    def cells(found: ServerFigures) -> list[str]:
        if found["not_measured"]:
            return [f"not measured: {found['not_measured']}", *[NOTHING] * len(measured)]
        name = found["name"]
        ratios = [spread(figures.ratio(run, name, BASE, count)) for count in measured]
        return [*ratios, _median(figures.idle(run, name))]

    heading = ["server", *(f"at {count:,}" for count in measured), "KiB per idle call"]
    return Table(f"Calls per second, by those of {BASE}", heading, _rows(run, cells))


def closed_loop(run: Run, concurrency: int) -> Table:
    """Write everything of one number of calls at a time."""

    def cells(found: ServerFigures) -> list[str]:
        name = found["name"]
        rounds = found["rounds"].get(str(concurrency), [])
        if not rounds:
            return [NOTHING] * 8
        return [
            spread(figures.speed(run, name, concurrency)),
            _median(figures.ratio(run, name, BASE, concurrency)),
            *(
                _median(figures.speed(run, name, concurrency, key))
                for key in ("cpu_us_per_call", "p50_ms", "p99_ms", "load_cpu")
            ),
            str(figures.total(run, name, concurrency, "failed")),
            str(figures.total(run, name, concurrency, "starved")),
        ]

    times = ["CPU µs", "p50 ms", "p99 ms"]
    heading = ["server", "calls/s", "ratio", *times, "load CPU", "failed", "starved"]
    at_once = "1 call at a time" if concurrency == 1 else f"{concurrency:,} calls at a time"
    return Table(at_once, heading, _rows(run, cells))


def burst(run: Run, size: int) -> Table:
    """Write what became of so many connects at once."""

    def row(each: list[Burst]) -> list[str]:
        if not each:
            return [NOTHING] * 5
        return [
            str(sum(one["failed"] for one in each)),
            str(sum(one["retried"] for one in each)),
            str(sum(one["retransmitted"] for one in each)),
            number(max(one["slowest_connect_ms"] for one in each)),
            number(max(one["seconds"] for one in each)),
        ]

    heading = ["server", "failed", "retried", "sent twice", "slowest connect ms", "all served s"]
    cells = _rows(run, lambda found: row(found["bursts"].get(str(size), [])))
    return Table(f"{size:,} connects at once", heading, cells)


def tables(run: Run) -> list[Table]:
    """Write the run: what matters first."""
    return [
        summary(run),
        *(closed_loop(run, count) for count in figures.concurrencies(run)),
        *(burst(run, size) for size in figures.burst_sizes(run)),
    ]


def facts(run: Run) -> list[str]:
    """Say when, where and how it was measured."""
    machine, settings = run["machine"], run["settings"]
    rounds = ", ".join(
        f"{count} at {int(calls):,}" for calls, count in settings["rounds"].items() if count
    )
    kind = "virtual machine, " if machine["virtual"] else ""
    where = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']:g} GiB; "
        f"{kind}{machine['system']}, Linux {machine['kernel']}, "
        f"somaxconn {machine['somaxconn']:,}; other programs used {run['others']:.0%} of the "
        "cores meanwhile"
    )
    cores = " ".join(str(core) for core in settings["server_cores"])
    said = [
        f"{run['date']}, in {run['took_seconds'] / 60:.0f} minutes, pystrix at {run['commit']}",
        where,
        f"rounds: {rounds}; {settings['seconds']:g} s counted in each",
        f"server on core {cores}, load on core {settings['load_core']}" + _second_process(run),
    ]
    versions = _versions(run["servers"])
    return [*said, f"versions: {versions}"] if versions else said


def _second_process(run: Run) -> str:
    settings = run["settings"]
    second = settings.get("second_process_core")
    if second is None:
        return ""
    shared = ", which it shares with the load" if second == settings["load_core"] else ""
    return f"; the second of 2 processes on core {second}{shared}"


def _versions(servers: Iterable[ServerFigures]) -> str:
    """Name each version once."""
    named = {
        f"{package} {version}": None
        for found in servers
        for package, version in found["versions"].items()
    }
    return ", ".join(named)


def as_markdown(run: Run) -> str:
    """Write the run in Markdown."""
    blocks = ["# FastAGI servers side by side", _list(facts(run))]
    blocks.append("![Calls per second](latest.svg)")
    blocks += (f"## {table.title}\n\n{_markdown(table)}" for table in tables(run))
    return "\n\n".join(blocks) + "\n"


def _markdown(table: Table) -> str:
    ruler = ["---", *["---:"] * (len(table.heading) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.heading, ruler, *table.rows))


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)


def as_rst(run: Run) -> str:
    """Write the run in reStructuredText, to be included in a page."""
    blocks = [".. Written by make bench BENCH=--write: do not edit.", _list(facts(run))]
    blocks += (_rst(table) for table in tables(run))
    return "\n\n".join(blocks) + "\n"


def _rst(table: Table) -> str:
    rows = [", ".join(f'"{cell}"' for cell in row) for row in table.rows]
    indented = "\n".join(f"   {row}" for row in rows)
    header = ", ".join(f'"{cell}"' for cell in table.heading)
    return f".. csv-table:: {table.title}\n   :header: {header}\n\n{indented}"


def as_text(run: Run) -> str:
    """Write the run for a terminal."""
    blocks = [_list(facts(run))]
    blocks += (f"{table.title}\n{_text(table)}" for table in tables(run))
    return "\n\n".join(blocks) + "\n"


def _text(table: Table) -> str:
    return columns([table.heading, *table.rows])


def columns(lines: list[list[str]]) -> str:
    """Set rows in columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in lines
    )
