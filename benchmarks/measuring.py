"""Start a FastAGI server of ``servers/``, put load on it, and see what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parent
FAST_LOAD = HERE / "build" / "load"
"""load.c, if it could be built."""
LOAD = [str(FAST_LOAD)] if FAST_LOAD.exists() else [sys.executable, str(HERE / "load.py")]
CORES = sorted(os.sched_getaffinity(0))
IDLE_CALLS = 2000

# name: the Python that runs it, relative to the root, and its file with its arguments
SERVERS = {
    "limit: threads": (".venv/bin/python", "limit_threads.py"),
    "limit: await": (".venv/bin/python", "limit_await.py"),
    "limit: await, uvloop": (".venv/bin/python", "limit_await.py", "uvloop"),
    "pystrix 1.3.0": (".venv-bench-pystrix1/bin/python", "pystrix1.py"),
    "threads": (".venv/bin/python", "threads.py"),
    "asyncio": (".venv/bin/python", "aio.py"),
    "asyncio, uvloop": (".venv/bin/python", "aio.py", "uvloop"),
}


class Server(NamedTuple):
    """A server that runs."""

    pid: int
    port: str

    def cpu_seconds(self) -> float:
        """Say how much processor time it used until now."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self) -> int:
        """Say how much memory it has now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0])


@contextmanager
def running(name: str) -> Iterator[Server]:
    """Run a server on the first core."""
    python, file, *arguments = SERVERS[name]
    command = [str(ROOT / python), str(HERE / "servers" / file), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        os.sched_setaffinity(process.pid, CORES[:1])
        try:
            port = process.stdout.readline().strip()
            if not port:
                raise SystemExit(f"{name} did not start: see {' '.join(command)}")
            yield Server(process.pid, port)
        finally:
            process.kill()


@contextmanager
def loading(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the load on the last core."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*LOAD, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        os.sched_setaffinity(process.pid, CORES[-1:])
        try:
            yield process
        finally:
            process.kill()


def speed(name: str, concurrency: int, seconds: float) -> dict[str, float]:
    """Run one round of one server: what load.py prints, and cpu_us_per_call of the server."""
    with (
        running(name) as server,
        loading(server.port, str(concurrency), str(seconds)) as load,
    ):
        if (said := load.stderr.readline()) != "counting\n":
            raise SystemExit(f"the load on {name} ended: {said}")
        before = server.cpu_seconds()
        figures = json.loads(load.stdout.readline())
        used = server.cpu_seconds() - before
    calls = figures["calls_per_second"] * seconds
    return figures | {"cpu_us_per_call": 1e6 * used / calls if calls else 0}


def memory(name: str) -> float:
    """KiB that a call takes which waits for the reply to its first command."""
    with running(name) as server:
        before = server.resident_kib()
        with loading("hold", server.port, str(IDLE_CALLS)) as load:
            held = json.loads(load.stdout.readline())["held"]
            if held < IDLE_CALLS:
                raise SystemExit(f"{name} held {held} of {IDLE_CALLS} calls")
            return (server.resident_kib() - before) / held
