"""Managers side by side: ``make bench-ami``. README.md says what the columns are."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

if sys.platform != "linux":
    raise SystemExit("The benchmark needs Linux: /proc and processes pinned to cores.")

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "results" / "ami.json"
CORES = sorted(os.sched_getaffinity(0))
OURS = ".venv/bin/python"
PYSTRIX1 = ".venv-bench-pystrix/bin/python"
PANORAMISK = ".venv-bench-panoramisk/bin/python"
# What a live Asterisk sent during calls, as the tests have it. (Not its lists: panoramisk raises an
# AttributeError at an item of theirs.)
RECORDINGS = ("originate-outcomes", "originate-async", "bridge", "queue", "asyncagi")
START_SECONDS = 60.0
"""How much longer than it counts a client may take."""
WHOLE = 1000
"""From where on a figure needs no decimals."""
TIMES = 20
"""How often the recordings are in the stream."""


class Job(NamedTuple):
    """What one client is to do."""

    python: str
    client: str
    how: str = ""


class Section(NamedTuple):
    """Clients that do the same."""

    title: str
    figure: str
    unit: str
    base: str  # the client that the ratios refer to
    jobs: dict[str, Job]


SECTIONS = {
    "parse": Section(
        "The recorded stream, from memory",
        "per_second",
        "messages/s",
        "pystrix 1.3.0",
        {
            "ours, the names": Job(OURS, "ours.py", "framing"),
            "ours, two headers": Job(OURS, "ours.py", "look"),
            "ours, all headers": Job(OURS, "ours.py", "headers"),
            "pystrix 1.3.0": Job(PYSTRIX1, "pystrix1.py"),
            "panoramisk 1.4": Job(PANORAMISK, "panoramisk1.py"),
        },
    ),
    "pings": Section(
        "Pings, 100 on their way at a time",
        "per_second",
        "pings/s",
        "pystrix 1.3.0",
        {
            "ours, asyncio on uvloop": Job(OURS, "ours.py", "uvloop"),
            "ours, asyncio": Job(OURS, "ours.py", "asyncio"),
            "ours, threads": Job(OURS, "ours.py", "threads"),
            "pystrix 1.3.0": Job(PYSTRIX1, "pystrix1.py"),
            "panoramisk 1.4": Job(PANORAMISK, "panoramisk1.py", "asyncio"),
            "panoramisk 1.4 on uvloop": Job(PANORAMISK, "panoramisk1.py", "uvloop"),
        },
    ),
    "trips": Section(
        "Round trip of a Ping, one at a time",
        "median_us",
        "median us",
        "raw, socket",
        {
            "raw, socket": Job(OURS, "raw.py", "socket"),
            "raw, reader thread": Job(OURS, "raw.py", "reader"),
            "raw, protocol": Job(OURS, "raw.py", "asyncio"),
            "raw, protocol on uvloop": Job(OURS, "raw.py", "uvloop"),
            "ours, threads": Job(OURS, "ours.py", "threads"),
            "ours, asyncio": Job(OURS, "ours.py", "asyncio"),
            "ours, asyncio on uvloop": Job(OURS, "ours.py", "uvloop"),
            "pystrix 1.3.0": Job(PYSTRIX1, "pystrix1.py"),
            "panoramisk 1.4": Job(PANORAMISK, "panoramisk1.py", "asyncio"),
            "panoramisk 1.4 on uvloop": Job(PANORAMISK, "panoramisk1.py", "uvloop"),
        },
    ),
}
BARE = {
    "ours, threads": "raw, reader thread",
    "ours, asyncio": "raw, protocol",
    "ours, asyncio on uvloop": "raw, protocol on uvloop",
}
"""For each manager what does nothing but wait in the same way."""


class Server(NamedTuple):
    """What the clients ask."""

    port: int
    secret: str
    pid: int

    def cpu_seconds(self) -> float:
        """Say how much processor time it used until now."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def scripted():
    """Run the scripted server on the last core."""
    command = [sys.executable, str(HERE / "ami_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, CORES[-1:])
        try:
            yield Server(int(process.stdout.readline()), "-", process.pid)
        finally:
            process.kill()


@contextlib.contextmanager
def live():
    """Run a live Asterisk on the last core."""
    sys.path.insert(0, str(ROOT))
    from tests.asterisk.provision import find_or_provision  # noqa: PLC0415 - for --live alone
    from tests.asterisk.server import Asterisk  # noqa: PLC0415

    with Asterisk(find_or_provision()) as asterisk:
        pid = asterisk._process.pid  # noqa: SLF001
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), CORES[-1:])
        yield Server(asterisk.ami_port, asterisk.ami_secret, pid)


def recorded() -> bytes:
    """Put the recordings together, without their greetings."""
    texts = [(ROOT / "tests/ami/corpus" / f"{name}.bin").read_bytes() for name in RECORDINGS]
    return b"".join(re.sub(rb"\AAsterisk Call Manager/[^\n]*\n", b"", text) for text in texts)


def run(what: str, job: Job, where: str, secret: str, seconds: float) -> dict[str, float]:
    """Run one client on the first core; give what it found."""
    words = [what, where, str(seconds), *filter(None, [job.how])]
    if what != "parse" and job.python == OURS:
        words.append(secret)
    command = [str(ROOT / job.python), str(HERE / "ami_clients" / job.client), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, CORES[:1])
        try:
            output, _ = process.communicate(timeout=seconds + START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f"no end: {' '.join(command)}") from None
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return json.loads(output.splitlines()[-1])


def measure(
    what: str, jobs: dict[str, Job], server: Server, stream: Path, rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    """Run each client once, then again, so that what disturbs the machine hits them all."""
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            where = str(stream if what == "parse" else server.port)
            used, began = server.cpu_seconds(), time.monotonic()
            found = run(what, job, where, server.secret, seconds)
            # The client's start is in it as well, so this is the least that it can have been.
            share = (server.cpu_seconds() - used) / seconds
            found["server_cpu"] = min(share, time.monotonic() - began)
            figures[name].append(found)
    return figures


def median(figures: list[dict[str, float]], key: str) -> float:
    """Give the median of the rounds."""
    return statistics.median(figure[key] for figure in figures)


def ratio(figures: dict[str, list[dict[str, float]]], name: str, other: str, key: str) -> str:
    """Compare two clients round by round; give the median with the smallest and the largest."""
    bases = figures.get(other, [])
    both = zip(figures[name], bases, strict=False)
    return spread([one[key] / base[key] for one, base in both if base[key]])


def by_raw(rounds: list[dict[str, float]]) -> str:
    """Compare round trips with those of the raw socket in the turns between them."""
    return spread([figure["median_us"] / figure["raw_us"] for figure in rounds])


def spread(ratios: list[float]) -> str:
    """Write the median of ratios with the smallest and the largest."""
    if not ratios:
        return "-"
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def table(what: str, section: Section, figures: dict[str, list[dict[str, float]]]) -> str:
    """Write the medians as a table in Markdown."""
    trips = what == "trips"
    more = "by its bare loop | p99 us" if trips else "CPU us | by panoramisk"
    if what != "parse":
        more += " | server CPU"
    columns = f"client | {section.unit} | min to max | by {section.base} | {more}"
    lines = [f"{section.title}:", "", f"| {columns} |", "|---" * (columns.count("|") + 1) + "|"]
    key = section.figure
    for name, rounds in figures.items():
        values = [figure[key] for figure in rounds]
        cells = [
            name,
            f"{median(rounds, key):,.1f}" if trips else f"{median(rounds, key):,.0f}",
            f"{min(values):,.0f} to {max(values):,.0f}",
            by_raw(rounds) if trips else ratio(figures, name, section.base, key),
        ]
        if trips:
            bare = ratio(figures, name, BARE[name], key) if name in BARE else "-"
            cells += [bare, f"{median(rounds, 'p99_us'):,.0f}"]
        else:
            panoramisk = ratio(figures, name, "panoramisk 1.4", key)
            cells += [f"{median(rounds, 'cpu_us'):.1f}", panoramisk]
        if what != "parse":
            cells.append(f"{median(rounds, 'server_cpu'):.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


class Bar(NamedTuple):
    """Something to reach."""

    claim: str
    what: str
    client: str
    other: str  # "": it is no ratio
    key: str
    bound: float
    at_least: bool

    def figures(self, found: dict[str, dict[str, list[dict[str, float]]]]) -> list[float]:
        """Give the figure of each round; none if it was not measured."""
        rounds = found.get(self.what, {})
        own, others = rounds.get(self.client, []), rounds.get(self.other, [])
        if self.key == "median_us":
            return [figure[self.key] / figure["raw_us"] for figure in own]
        if not self.other:
            return [figure[self.key] for figure in own]
        return [one[self.key] / other[self.key] for one, other in zip(own, others, strict=False)]


BARS = (
    *(
        Bar(f"messages/s, {name}: by {other}", "parse", name, other, "per_second", bound, True)
        for name in ("ours, the names", "ours, two headers")
        for other, bound in (("pystrix 1.3.0", 5.0), ("panoramisk 1.4", 3.0))
    ),
    Bar("pings/s on uvloop", "pings", "ours, asyncio on uvloop", "", "per_second", 30_000, True),
    *(
        Bar(f"round trip, {name}: by a raw socket", "trips", name, "", "median_us", 1.5, False)
        for name in BARE
    ),
)
"""What the managers have to reach: medians of the rounds."""


def verdicts(found: dict[str, dict[str, list[dict[str, float]]]]) -> str:
    """Say of each bar that was measured whether it holds, as a table in Markdown."""
    lines = ["| what is to be reached | wanted | median (spread) | verdict |", "|---|---|---|---|"]
    for bar in BARS:
        if figures := bar.figures(found):
            middle, digits = statistics.median(figures), 2 if bar.bound < WHOLE else 0
            shown = [f"{each:,.{digits}f}" for each in (middle, min(figures), max(figures))]
            spread = f"{shown[0]} ({shown[1]} to {shown[2]})"
            holds = middle >= bar.bound if bar.at_least else middle < bar.bound
            wanted = f"{'>=' if bar.at_least else '<'} {bar.bound:,g}"
            verdict = "holds" if holds else "DOES NOT HOLD"
            lines.append(f"| {bar.claim} | {wanted} | {spread} | {verdict} |")
    return "\n".join(lines)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="counted in each round")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--clients", nargs="+", metavar="TEXT", help="those with it in their name")
    parser.add_argument("--live", action="store_true", help="ask a live Asterisk, ours and raw")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=RESULTS,
        metavar="FILE",
        help="figures as JSON, and tables beside them; without a name in benchmarks/results",
    )
    return parser.parse_args()


def chosen(section: Section, asked: argparse.Namespace) -> dict[str, Job]:
    """Give the clients of a section that are to run."""
    jobs = section.jobs
    if asked.live:  # the others do not log in there
        jobs = {name: job for name, job in jobs.items() if job.python == OURS}
    if asked.clients:
        jobs = {name: job for name, job in jobs.items() if any(t in name for t in asked.clients)}
    return jobs


def main() -> None:
    """Measure, and print a table for each section."""
    asked = options()
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}",
        "server": "live Asterisk" if asked.live else "scripted",
        "rounds": asked.rounds,
        "seconds": asked.seconds,
    }
    summary = ", ".join(f"{key}: {value}" for key, value in about.items())
    report = ["# Managers side by side", summary]
    print(summary)
    everything: dict[str, dict[str, list[dict[str, float]]]] = {}
    with (
        tempfile.NamedTemporaryFile() as stream,
        live() if asked.live else scripted() as server,
    ):
        stream.write(recorded() * TIMES)
        stream.flush()
        for what in asked.only:
            section = SECTIONS[what]
            jobs = chosen(section, asked)
            figures = measure(what, jobs, server, Path(stream.name), asked.rounds, asked.seconds)
            everything[what] = figures
            report.append(table(what, section, figures))
            print(f"\n{report[-1]}", flush=True)
    if not asked.live:
        report.append(verdicts(everything))
        print(f"\n{report[-1]}")
    if asked.write:
        figures_too = json.dumps({"about": about, **everything}, indent=1)
        asked.write.write_text(f"{figures_too}\n", encoding="utf-8")
        text = "\n\n".join(report)
        asked.write.with_suffix(".md").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
