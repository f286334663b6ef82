"""FastAGI servers side by side: ``make bench``. README.md says what is measured.

``python -m benchmarks.fastagi --help``
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if sys.platform != "linux":
    raise SystemExit("The benchmark needs Linux: epoll, /proc and processes pinned to cores.")

import resource

from benchmarks import bars, contenders, machine, measuring, tables

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from benchmarks.figures import Run, ServerFigures, Settings

RESULTS = Path(__file__).parent / "results"
ROUNDS = {1: 3, 50: 7, 1000: 7, 5000: 2}
"""Rounds at each number of calls at a time: most where the bars are; with 5000 each takes long."""
SECONDS = 1.0
HELD = 2000
QUICK_SECONDS = 0.4
QUICK_HELD = 200
LOOK_SECONDS = 2.0
BUSY = 0.1
"""The share of all cores that other programs use from which it is told that they do."""
SPARE_FILES = 100
"""Open files that are no connections."""


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fastagi", description=__doc__)
    parser.add_argument("--rounds", type=int, help="how often each is measured (7 at 50 and 1000)")
    parser.add_argument("--seconds", type=float, help=f"counted in each round ({SECONDS:g})")
    parser.add_argument("--concurrency", type=int, nargs="*", help="calls at a time")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="servers, by name or part of it")
    parser.add_argument("--held", type=int, help="idle calls to measure memory with; 0: do not")
    parser.add_argument("--burst", type=int, default=bars.BURST, help="connects at once; 0: none")
    parser.add_argument("--quick", action="store_true", help="one short round: whether all runs")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument(
        "--write", action="store_true", help="write latest.{json,md,rst,svg} of benchmarks/results"
    )
    return parser.parse_args()


def settings_of(asked: argparse.Namespace) -> Settings:
    """Decide how to measure."""
    counts = ROUNDS if asked.concurrency is None else dict.fromkeys(asked.concurrency, 5)
    number = asked.rounds or (1 if asked.quick else None)
    settings: Settings = {
        "rounds": {str(calls): number or rounds for calls, rounds in counts.items()},
        "seconds": asked.seconds or (QUICK_SECONDS if asked.quick else SECONDS),
        "held": (QUICK_HELD if asked.quick else HELD) if asked.held is None else asked.held,
        "server_cores": measuring.CORES[:1],
        "load_core": measuring.CORES[-1],
    }
    if any(each.processes > 1 for each in contenders.chosen(asked.only)):
        settings["second_process_core"] = measuring.CORES[1 % len(measuring.CORES)]
    return settings


def refuse(most_calls: int) -> str | None:
    """Say why nothing can be measured here; None if it can."""
    if len(measuring.CORES) < 2:
        return "The benchmark needs two cores: one for the server, one for the load."
    if not measuring.LOAD.exists():
        return f"There is no {measuring.LOAD}: `make bench` compiles it."
    files = allow_files(most_calls + SPARE_FILES)
    if files < most_calls + SPARE_FILES:
        return (
            f"{most_calls} calls at a time need {most_calls + SPARE_FILES} open files, and the "
            f"limit is {files}: raise it (ulimit -Hn), or ask for fewer calls (--help)."
        )
    return None


def allow_files(wanted: int) -> int:
    """Raise the limit of open files, which servers and load inherit, and give it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < wanted and os.geteuid() == 0:
        most = wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def say(step: str, name: str = "") -> None:
    """Tell how far it is; where lines stay, of each step once."""
    if sys.stderr.isatty():
        print(f"\r\033[K{step} {name}", end="", file=sys.stderr, flush=True)
    elif step and not name:
        print(step, file=sys.stderr, flush=True)


def empty(contender: Contender) -> ServerFigures:
    """Make the figures of a server that was not measured yet."""
    reason = contender.why_not()
    return {
        "name": contender.name,
        "kind": contender.kind,
        "versions": {} if reason else contender.versions(),
        "not_measured": reason,
        "rounds": {},
        "idle_kib": [],
        "bursts": {},
    }


def measure_all(
    able: list[tuple[Contender, ServerFigures]], settings: Settings, sizes: list[int]
) -> None:
    """Measure all servers once, then again: what disturbs the machine disturbs them all."""
    for number in range(max(settings["rounds"].values(), default=0)):
        for calls, rounds in settings["rounds"].items():
            if number >= rounds:
                continue
            say(step := f"round {number + 1}, {calls} at a time")
            for contender, found in able:
                say(step, contender.name)
                figures = measuring.speed(contender, int(calls), settings["seconds"])
                found["rounds"].setdefault(calls, []).append(figures)
    if settings["held"]:
        say(step := f"{settings['held']} idle calls")
        for contender, found in able:
            say(step, contender.name)
            found["idle_kib"].append(measuring.memory(contender, settings["held"]))
    for size in sizes:
        say(step := f"{size} connects at once")
        for contender, found in able:
            say(step, contender.name)
            found["bursts"].setdefault(str(size), []).append(measuring.burst(contender, size))
    say("")


def warn_if_busy() -> None:
    """Look for a moment what else this machine does."""
    others = machine.Others()
    time.sleep(LOOK_SECONDS)
    if (share := others.share()) > BUSY:
        print(f"Other programs use {share:.0%} of the cores: expect no figures.", file=sys.stderr)


def measure(chosen: list[Contender], settings: Settings, burst: int) -> Run:
    """Measure what was chosen."""
    about = machine.describe()
    warn_if_busy()
    servers = [(contender, empty(contender)) for contender in chosen]
    # Where the kernel's queue has no room for all, also as many as it has room for.
    sizes = sorted({burst, min(burst, about["somaxconn"])} - {0})
    began, others = time.monotonic(), machine.Others()
    able = [(contender, found) for contender, found in servers if not found["not_measured"]]
    measure_all(able, settings, sizes)
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "took_seconds": round(time.monotonic() - began, 1),
        "others": round(others.share(), 2),
        "commit": machine.commit(),
        "machine": about,
        "settings": settings,
        "servers": [found for _, found in servers],
    }


def write(run: Run) -> None:
    """Write the results that are kept."""
    from benchmarks import picture  # noqa: PLC0415 - who writes nothing needs no matplotlib

    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "latest.md").write_text(tables.as_markdown(run), encoding="utf-8")
    (RESULTS / "latest.rst").write_text(tables.as_rst(run), encoding="utf-8")
    picture.draw(run, RESULTS / "latest.svg")


def main() -> None:
    """Measure, print tables, and say which bars hold."""
    asked = options()
    try:
        chosen = contenders.chosen(asked.only)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    settings = settings_of(asked)
    most = max([*map(int, settings["rounds"]), settings["held"], asked.burst])
    if why := refuse(most):
        raise SystemExit(why)
    run = measure(chosen, settings, asked.burst)
    print(f"{tables.as_text(run)}\n{bars.report(run)}", end="")
    if asked.json:
        asked.json.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    if asked.write:
        write(run)


if __name__ == "__main__":
    main()
