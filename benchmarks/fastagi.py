"""FastAGI servers side by side: ``make bench``. README.md says what the columns are."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
from pathlib import Path

if sys.platform != "linux":
    raise SystemExit("The benchmark needs Linux: epoll, /proc and processes pinned to cores.")

import measuring

BASE = "pystrix 1.3.0"
"""What the ratios refer to."""
HEADINGS = "calls/s  (min to max)   ratio  CPU us   p99 ms  idle KiB  load CPU  failed"


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="counted in each round")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="a server, or part of names")
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    return parser.parse_args()


def chosen(only: list[str] | None) -> list[str]:
    """Name the servers to measure; a whole name means that one alone."""
    names = list(measuring.SERVERS)
    if only is None:
        return names
    wanted = {
        name
        for text in only
        for name in names
        if text == name or (text not in names and text in name)
    }
    if not wanted:
        raise SystemExit(f"No such server; there are: {'; '.join(names)}")
    return [name for name in names if name in wanted]


def allow_many_connections() -> None:
    """Raise the limit of open files, which servers and load inherit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def idle_memory(names: list[str]) -> dict[str, float | None]:
    """Measure the memory of idle calls, which needs the load in C."""
    able = measuring.FAST_LOAD.exists()
    return {name: measuring.memory(name) if able else None for name in names}


def interleaved(
    names: list[str], concurrency: int, rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    """Measure all servers once, then again, so that what disturbs the machine hits them all."""
    figures = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            if sys.stderr.isatty():
                print(f"\r\033[Kround {number + 1}: {name}", end="\r\033[K", file=sys.stderr)
            figures[name].append(measuring.speed(name, concurrency, seconds))
    return figures


def row(
    name: str, figures: list[dict[str, float]], base: float | None, idle_kib: float | None
) -> str:
    """Write one server's line of the table."""

    def median(key: str) -> float:
        return statistics.median(figure[key] for figure in figures)

    speeds = [figure["calls_per_second"] for figure in figures]
    spread = f"({min(speeds):.0f} to {max(speeds):.0f})"
    ratio = f"{median('calls_per_second') / base:.2f}" if base else "-"
    idle = "-" if idle_kib is None else f"{idle_kib:.1f}"
    failed = sum(figure["failed"] for figure in figures)
    return (
        f"{name:20} {median('calls_per_second'):7.0f}  {spread:14} {ratio:>5} "
        f"{median('cpu_us_per_call'):7.0f} {median('p99_ms'):8.1f} "
        f"{idle:>9} {median('cpu_share'):9.2f} {failed:7.0f}"
    )


def print_table(
    concurrency: int, rounds: dict[str, list[dict[str, float]]], idle: dict[str, float | None]
) -> None:
    """Print the medians of all rounds."""
    base = None
    if BASE in rounds:
        base = statistics.median(figure["calls_per_second"] for figure in rounds[BASE])
    print(f"\n{f'{concurrency:,} at a time':20} {HEADINGS}")
    for name, figures in rounds.items():
        print(row(name, figures, base, idle[name]), flush=True)


def main() -> None:
    """Measure, and print a table for each concurrency."""
    asked = options()
    names = chosen(asked.only)
    allow_many_connections()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    if not measuring.FAST_LOAD.exists():
        print("No load in C (no compiler?): load.py limits the faster servers; no idle memory.")
    idle = idle_memory(names)
    everything = {"idle_kib_per_call": idle}
    for concurrency in asked.concurrency:
        rounds = interleaved(names, concurrency, asked.rounds, asked.seconds)
        everything[str(concurrency)] = rounds
        print_table(concurrency, rounds, idle)
    if asked.json:
        asked.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
