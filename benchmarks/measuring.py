"""Start a server of ``servers/``, put load on it, and see what it takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.contenders import Contender
    from benchmarks.figures import Burst, Round

LOAD = Path(__file__).parent / "build" / "load"
"""load.c, which ``make bench`` compiles."""
CORES = sorted(os.sched_getaffinity(0))
FIRST_CALLS = 5
"""Calls before memory is measured, so that what is made once is not counted."""


class Server(NamedTuple):
    """A server that runs."""

    processes: list[int]
    port: str

    def cpu_seconds(self) -> float:
        """Tell how much processor time it used until now."""
        return sum(_cpu_seconds(process) for process in self.processes)

    def resident_kib(self) -> int:
        """Tell how much memory it has now."""
        return sum(_resident_kib(process) for process in self.processes)


def _cpu_seconds(process: int) -> float:
    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident_kib(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


@contextmanager
def _pinned(command: list[str], core: int) -> Iterator[subprocess.Popen[str]]:
    """Run a program on one core, and end it with all that it has started."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe if command[0] == str(LOAD) else subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, [core]),  # noqa: PLW1509 - no thread is here
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def running(contender: Contender) -> Iterator[Server]:
    """Run a server on the first core; what it has beyond one process on the next."""
    with _pinned(contender.command, CORES[0]) as process:
        port = _line(process.stdout)
        if not port:
            raise SystemExit(f"{contender.name} did not start: {' '.join(contender.command)}")
        others = _children(process.pid) if contender.processes > 1 else []
        for number, other in enumerate(others, 1):
            os.sched_setaffinity(other, [CORES[number % len(CORES)]])
        yield Server([process.pid, *others], port)


@contextmanager
def _loading(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the load on the last core."""
    with _pinned([str(LOAD), *arguments], CORES[-1]) as process:
        yield process


def _line(stream: IO[str] | None) -> str:
    return cast("IO[str]", stream).readline().strip()


def speed(contender: Contender, concurrency: int, seconds: float) -> Round:
    """Run one round: so many calls at a time, as fast as they are served."""
    with (
        running(contender) as server,
        _loading(server.port, str(concurrency), str(seconds)) as load,
    ):
        _expect(contender, load, "counting")
        before = server.cpu_seconds()
        _expect(contender, load, "counted")
        used = server.cpu_seconds() - before
        figures = json.loads(_line(load.stdout))
    calls = figures["calls"]
    return cast("Round", figures | {"cpu_us_per_call": 1e6 * used / calls if calls else 0.0})


def _expect(contender: Contender, load: subprocess.Popen[str], word: str) -> None:
    if (said := _line(load.stderr)) != word:
        raise SystemExit(f"the load on {contender.name} ended: {said}")


def memory(contender: Contender, held: int) -> float:
    """Measure the KiB that a call takes which waits for the reply to its first command."""
    with running(contender) as server:
        with _loading("burst", server.port, str(FIRST_CALLS)) as load:
            _line(load.stdout)
        before = server.resident_kib()
        with _loading("hold", server.port, str(held)) as load:
            if (count := json.loads(_line(load.stdout))["held"]) < held:
                raise SystemExit(f"{contender.name} held {count} of {held} calls")
            return (server.resident_kib() - before) / held


def burst(contender: Contender, size: int) -> Burst:
    """Let so many calls connect at once, and serve each to its end."""
    with running(contender) as server, _loading("burst", server.port, str(size)) as load:
        return cast("Burst", json.loads(_line(load.stdout)))
