"""Calls per second of FastAGI servers, side by side: ``make bench``.

The standard call has eleven commands. Server and load run on different cores; the rounds of the
servers are interleaved; the figure is the median, with its smallest and largest. Only ratios within
one run mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent

# name: the Python that runs it, relative to the root, and its file with its arguments
SERVERS = {
    "limit: blocking sockets, a thread per call": (".venv/bin/python", "limit_threads.py"),
    "pystrix 1.3.0": (".venv-bench-pystrix1/bin/python", "pystrix1.py"),
    "threads": (".venv/bin/python", "threads.py"),
    "asyncio": (".venv/bin/python", "aio.py"),
    "asyncio on uvloop": (".venv/bin/python", "aio.py", "uvloop"),
}


def pinned(core: int, command: list[str]) -> list[str]:
    """Pin a command to a core, where that is possible."""
    cores = os.cpu_count() or 1
    return ["taskset", "-c", str(core % cores), *command] if sys.platform == "linux" else command


def measure(name: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Run one round of one server."""
    python, file, *arguments = SERVERS[name]
    command = pinned(0, [str(ROOT / python), str(HERE / "servers" / file), *arguments])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            port = server.stdout.readline().strip()
            load = [sys.executable, str(HERE / "load.py"), port, str(concurrency), str(seconds)]
            said = subprocess.run(pinned(1, load), capture_output=True, text=True, check=True)
            return json.loads(said.stdout)
        finally:
            server.terminate()


def main() -> None:
    """Run the rounds and print a table for each concurrency."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--concurrency", type=int, nargs="+", default=[50, 1000])
    options.add_argument("--json", type=Path, help="also write all figures to this file")
    chosen = options.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    everything = {}
    for concurrency in chosen.concurrency:
        rounds = {name: [] for name in SERVERS}
        for _ in range(chosen.rounds):
            for name in SERVERS:
                rounds[name].append(measure(name, concurrency, chosen.seconds))
        everything[concurrency] = rounds
        base = statistics.median(r["calls_per_second"] for r in rounds["pystrix 1.3.0"])
        print(
            f"\n{concurrency} calls at a time{'':22} calls/s  (min to max)   ratio   p99 ms  failed"
        )
        for name, figures in rounds.items():
            calls = [figure["calls_per_second"] for figure in figures]
            median = statistics.median(calls)
            p99 = statistics.median(figure["p99_ms"] for figure in figures)
            failed = sum(figure["failed"] for figure in figures)
            spread = f"({min(calls):.0f} to {max(calls):.0f})"
            ratio = median / base
            print(f"{name:44} {median:7.0f}  {spread:14} {ratio:6.2f} {p99:8.1f} {failed:7.0f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
