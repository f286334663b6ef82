"""What the servers have to reach, held against a run.

``python -m benchmarks.bars [FILE.json]``: it only says what holds; timing fails nobody.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks import figures, tables
from benchmarks.figures import BASE, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Run

LATEST = Path(__file__).parent / "results" / "latest.json"
THREADS = "pystrix on threads"
STOCK = "pystrix on asyncio"
UVLOOP = "pystrix on asyncio, uvloop"
AWAIT, AWAIT_UVLOOP = "limit: bare await", "limit: bare await, uvloop"
BURST = 5000


class Bar(NamedTuple):
    """Something to reach."""

    claim: str
    figure: Figure | None
    """None if it was not measured."""
    bound: float
    at_least: bool
    aim: bool = False
    """Whether it is hoped for, and not required."""

    @property
    def holds(self) -> bool | None:
        """Whether the median reaches it; None if it was not measured."""
        if self.figure is None:
            return None
        if self.at_least:
            return self.figure.median >= self.bound
        return self.figure.median <= self.bound

    @property
    def verdict(self) -> str:
        """How it stands, in words."""
        if self.holds is None:
            return "not measured"
        if self.aim:
            return "reached" if self.holds else "not reached"
        return "holds" if self.holds else "DOES NOT HOLD"

    def cells(self) -> list[str]:
        """Write it for a table."""
        sign = ">=" if self.at_least else "<="
        wanted = f"{'aim ' if self.aim else ''}{sign} {self.bound:g}"
        return [self.claim, wanted, tables.spread(self.figure), self.verdict]


def bars(run: Run) -> list[Bar]:
    """Hold a run against all that has to be reached."""
    return [*_speed(run), *_cost(run), *_memory(run), *_bursts(run)]


def _speed(run: Run) -> Iterator[Bar]:
    for calls in (50, 1000):
        for name, bound in ((UVLOOP, 2.0), (STOCK, 1.6), (THREADS, 1.6)):
            yield _faster(run, name, BASE, calls, bound)
        for other in ("panoramisk", "aioagi-ik"):
            yield _faster(run, UVLOOP, other, calls, 2.0)
    # The others on uvloop as well, which is not how they come.
    for calls in (50, 1000):
        for other in ("panoramisk, uvloop", "aioagi-ik, uvloop"):
            yield _faster(run, UVLOOP, other, calls, 2.0, aim=True)
        yield _faster(run, UVLOOP, BASE, calls, 3.0, aim=True)
    yield _faster(run, UVLOOP, BASE, 1000, 2.4, aim=True)


def _faster(run: Run, name: str, other: str, calls: int, bound: float, *, aim: bool = False) -> Bar:
    claim = f"calls/s at {calls:,}: {_against(name, other)}"
    return Bar(claim, figures.ratio(run, name, other, calls), bound, at_least=True, aim=aim)


def _against(name: str, other: str) -> str:
    return f"{_short(name)} / {_short(other)}"


def _short(name: str) -> str:
    return name.removeprefix("pystrix on ").removeprefix("limit: ")


def _cost(run: Run) -> Iterator[Bar]:
    for calls in (50, 1000):
        used = figures.ratio(run, UVLOOP, AWAIT_UVLOOP, calls, "cpu_us_per_call")
        claim = f"CPU per call at {calls:,}: {_against(UVLOOP, AWAIT_UVLOOP)}"
        yield Bar(claim, used, 1.5, at_least=False)
    for name, floor in ((UVLOOP, AWAIT_UVLOOP), (STOCK, AWAIT)):
        slowest = figures.ratio(run, name, floor, 50, "p99_ms")
        yield Bar(f"p99 at 50: {_against(name, floor)}", slowest, 1.7, at_least=False)


def _memory(run: Run) -> Iterator[Bar]:
    for name, bound in ((UVLOOP, 7), (STOCK, 7), (THREADS, 28)):
        taken = figures.idle(run, name)
        yield Bar(f"KiB per idle call: {_short(name)}", taken, bound, at_least=False)


def _bursts(run: Run) -> Iterator[Bar]:
    """Nothing fails; nothing waits for a retry where the kernel's queue has room for all."""
    for size in figures.burst_sizes(run) or [BURST]:
        for name in (THREADS, STOCK, UVLOOP):
            found = figures.server(run, name)
            each = found["bursts"].get(str(size), []) if found else []
            failed = figures.figure([float(one["failed"]) for one in each])
            claim = f"failed of {size:,} connects at once: {_short(name)}"
            yield Bar(claim, failed, 0, at_least=False)
            if size <= run["machine"]["somaxconn"]:
                again = figures.figure([float(one["retried"]) for one in each])
                claim = f"retried of {size:,} connects at once: {_short(name)}"
                yield Bar(claim, again, 0, at_least=False)


def report(run: Run) -> str:
    """Say of each bar whether it holds."""
    heading = ["what is to be reached", "wanted", "median (spread)", "verdict"]
    return tables.columns([heading, *(bar.cells() for bar in bars(run))]) + "\n"


def main() -> None:
    """Print how a run stands."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else LATEST
    if not path.exists():
        raise SystemExit(f"There is no {path}: `make bench BENCH=--write` writes it.")
    sys.stdout.write(report(cast("Run", json.loads(path.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
