"""What a live Asterisk manages, and what part of the work is ours: ``make bench-live``.

README.md says what the columns are.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from pystrix.ami import Event, actions, aio  # noqa: E402
from tests.asterisk.provision import find_or_provision  # noqa: E402
from tests.asterisk.server import Asterisk  # noqa: E402

CORES = sorted(os.sched_getaffinity(0))
KINDS = ("threads", "asyncio", "uvloop")
COMMANDS = 10
"""Of a short call."""
SETTLING = 60.0
"""Seconds within which Asterisk listens again behind many calls."""
WARM_UP = 1.0
"""Seconds before counting."""
DIALPLAN = """

; A channel that is not answered: AGI and nothing else.
[bench]
exten => _X.,1,AGI(agi://127.0.0.1:${PORT}/loop/${EXTEN:1})
 same => n,Hangup()
"""


class BenchAsterisk(Asterisk):
    """A running Asterisk whose calls run an AGI, and which writes no log of them."""

    def _configure(self) -> None:
        super()._configure()
        path = self.folder / "etc" / "extensions.conf"
        path.write_text(path.read_text(encoding="utf-8") + DIALPLAN, encoding="utf-8")

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid


class Moment(NamedTuple):
    """What had been done at a moment, and the seconds of processor time it took."""

    time: float
    calls: int
    commands: int
    ours: float
    asterisk: float


def cpu_seconds(pid: int) -> float:
    """Say how much processor time a process used until now."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(kind: str):
    """Run a server of ours, as the only worker, on the first core."""
    pipe = subprocess.PIPE
    command = [sys.executable, str(HERE / "live_server.py"), kind]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        os.sched_setaffinity(process.pid, CORES[:1])
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def look(server: subprocess.Popen[str], asterisk: BenchAsterisk) -> Moment:
    """Ask what has been done until now."""
    server.stdin.write("\n")
    server.stdin.flush()
    calls, commands, ours = json.loads(server.stdout.readline())
    return Moment(time.monotonic(), calls, commands, ours, cpu_seconds(asterisk.pid))


def call(port: str, commands: int) -> actions.Originate:
    """Make a call on a Local channel whose other side runs the AGI."""
    return actions.Originate(
        f"Local/1{commands}@bench/n",
        application="Wait",
        data="1",
        timeout=3_600_000,
        async_=True,
        variable={"__PORT": port},
    )


async def keep_calling(manager: aio.Manager, port: str, commands: int, concurrency: int) -> None:
    """Hold so many calls; one that ends makes room for the next."""
    with manager.events("OriginateResponse") as ended:
        for _ in range(concurrency):
            await manager.send(call(port, commands))
        async for _ in ended:
            await manager.send(call(port, commands))


async def count(
    asterisk: BenchAsterisk, kind: str, commands: int, concurrency: int, seconds: float
) -> dict[str, float]:
    """Have one round of calls; give what was found."""
    with serving(kind) as (server, port):
        async with aio.Manager(
            "127.0.0.1",
            asterisk.ami_port,
            username="tests",
            secret=asterisk.ami_secret,
            connect_timeout=SETTLING,  # the last round's calls may still end
            event_classes={"originateresponse": Event},
        ) as manager:
            # Nothing but the ends of calls, so that telling of them costs Asterisk little.
            only_ends = actions.Filter("Event: OriginateResponse", operation="Add")
            await manager.send(only_ends, timeout=SETTLING)
            calling = asyncio.create_task(keep_calling(manager, port, commands, concurrency))
            await asyncio.sleep(WARM_UP)
            before = await asyncio.to_thread(look, server, asterisk)
            await asyncio.sleep(seconds)
            after = await asyncio.to_thread(look, server, asterisk)
            if calling.done():
                calling.result()
            calling.cancel()
            await asyncio.wait([calling])
            server.stdin.close()  # endless calls end
            await manager.send(actions.Command("channel request hangup all"))
            while await manager.send(actions.CoreShowChannels()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # nothing tells when the last one is gone
    took = after.time - before.time
    done = after.commands - before.commands
    ours, theirs = after.ours - before.ours, after.asterisk - before.asterisk
    return {
        "calls_per_second": (after.calls - before.calls) / took,
        "commands_per_second": done / took,
        "our_cpu_us": 1e6 * ours / done,
        "asterisk_cpu_us": 1e6 * theirs / done,
        "share": ours / (ours + theirs),
        "our_core": ours / took,
        "asterisk_cores": theirs / took,
        "feeds": theirs / ours,
    }


def table(rows: dict[str, list[dict[str, float]]]) -> str:
    """Write the medians as a table in Markdown."""
    columns = (
        "server, calls at a time | calls/s | commands/s | min to max | our CPU us | "
        "Asterisk CPU us | our share | our core | Asterisk's cores | feeds"
    )
    lines = [f"| {columns} |", "|---" * (columns.count("|") + 1) + "|"]
    for name, rounds in rows.items():
        found = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        speeds = [one["commands_per_second"] for one in rounds]
        lines.append(
            f"| {name} | {found['calls_per_second']:,.0f} | {found['commands_per_second']:,.0f} | "
            f"{min(speeds):,.0f} to {max(speeds):,.0f} | {found['our_cpu_us']:.0f} | "
            f"{found['asterisk_cpu_us']:.0f} | {found['share']:.0%} | {found['our_core']:.2f} | "
            f"{found['asterisk_cores']:.2f} | {found['feeds']:.1f} |"
        )
    return "\n".join(lines)


async def measure(asterisk: BenchAsterisk, asked: argparse.Namespace, commands: int):
    """Run each server at each concurrency once, then again."""
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(asked.rounds):
        for kind in asked.only:
            for concurrency in asked.concurrency:
                found = await count(asterisk, kind, commands, concurrency, asked.seconds)
                rows.setdefault(f"{kind}, {concurrency}", []).append(found)
    return rows


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="counted in each round")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--write", type=Path, help="all figures as JSON, and tables beside it")
    return parser.parse_args()


def main() -> None:
    """Measure, and print two tables."""
    asked = options()
    with BenchAsterisk(find_or_provision()) as asterisk:
        for thread in Path(f"/proc/{asterisk.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), CORES[1:] or CORES)
        about = {
            "date": time.strftime("%Y-%m-%d"),
            "python": platform.python_version(),
            "asterisk": asterisk.version,
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}",
            "rounds": asked.rounds,
            "seconds": asked.seconds,
        }
        summary = ", ".join(f"{key}: {value}" for key, value in about.items())
        report = ["# A live Asterisk and our server", summary]
        print(summary)
        everything: dict[str, object] = {"about": about}
        for what, commands in (("NOOP without an end", 0), (f"Calls of {COMMANDS} NOOP", COMMANDS)):
            rows = asyncio.run(measure(asterisk, asked, commands))
            everything[what] = rows
            report.append(f"{what}:\n\n{table(rows)}")
            print(f"\n{report[-1]}", flush=True)
    if asked.write:
        asked.write.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        text = "\n\n".join(report)
        asked.write.with_suffix(".md").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
