"""Events as fast as a large system sends them, read by each manager: README.md says more.

``python benchmarks/ami_events.py`` lets a scripted server send them at a steady rate;
``--live`` lets a live Asterisk do so, about as fast.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from pystrix.ami import Event, Manager, actions, aio

ROOT = Path(__file__).parents[1]
KINDS = ("threads", "asyncio", "uvloop")
CHANNEL = (
    "Channel: PJSIP/alice-00000001\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
    "CallerIDNum: 4930120\r\nCallerIDName: Alice\r\nConnectedLineNum: <unknown>\r\n"
    "ConnectedLineName: <unknown>\r\nLanguage: en\r\nAccountCode: \r\nContext: default\r\n"
    "Exten: 100\r\nPriority: 1\r\nUniqueid: 1795378944.2\r\nLinkedid: 1795378944.2\r\n"
)
MIX = (
    ("Newchannel", "call", ""),
    ("Newexten", "dialplan", "Extension: 100\r\nApplication: Set\r\nAppData: A=1\r\n"),
    ("VarSet", "dialplan", "Variable: A\r\nValue: 1\r\n"),
    ("Newstate", "call", ""),
    ("Hangup", "call", "Cause: 16\r\nCause-txt: Normal Clearing\r\n"),
)
STORMS = 20
PER_COUNT = 6
"""Events of a storm for each number it counts."""


def serve(listener: socket.socket, rate: int, seconds: float) -> None:
    """Log a manager in, and send it events that are numbered, at a steady rate."""
    connection, _ = listener.accept()
    connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
    requests = connection.makefile("rb")
    action = b""
    while action != b"Ping":
        request = dict(line.split(b": ", 1) for line in iter(requests.readline, b"\r\n"))
        action = request[b"Action"].strip()
        answer = b"Response: Success\r\nChallenge: 1\r\nActionID: " + request[b"ActionID"]
        connection.sendall(answer + b"\r\n")
        if action == b"Login":
            connection.sendall(b"Event: FullyBooted\r\n\r\n")
    events = itertools.cycle(
        f"Event: {name}\r\nPrivilege: {kind},all\r\n{CHANNEL}{more}Number: %d\r\n\r\n".encode()
        for name, kind, more in MIX
    )
    total, sent, start = int(rate * seconds), 0, time.monotonic()
    while sent < total:
        due = min(int((time.monotonic() - start) * rate), total)
        if due == sent:
            time.sleep(0.001)
            continue
        connection.sendall(b"".join(next(events) % number for number in range(sent, due)))
        sent = due
    connection.sendall(b"Event: Done\r\n\r\n")
    requests.read()


class Reader:
    """Counts what comes, and how much memory that takes."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong = 0
        self.memory: list[float] = []
        self._next: dict[str, int] = {}
        self._ends = 0
        self.first = self.cpu = 0.0

    def take(self, event: Event) -> bool:
        """Take an event; tell whether it was the last one."""
        if not self.count:
            self.first, self.cpu = time.monotonic(), time.process_time()
        self.count += 1
        if self.count % 10_000 == 0:
            self.memory.append(resident())
        if "Number" in event:  # of the scripted server
            self._check("", int(event["Number"]), 0)
        elif event.name == "UserEvent" and event.get("UserEvent") == "Storm":
            self._check(event["Storm"], int(event["Count"]), 1)
            self._ends += event["Count"] == event["Last"]
        return event.name == "Done" or self._ends == STORMS

    def _check(self, of: str, number: int, first: int) -> None:
        self.wrong += number != self._next.get(of, first)
        self._next[of] = number + 1

    def figures(self, dropped: int) -> dict[str, float]:
        """Give what was found."""
        seconds = time.monotonic() - self.first
        warm = self.memory[len(self.memory) // 5 :]
        return {
            "events": self.count,
            "rate": self.count / seconds,
            "core": (time.process_time() - self.cpu) / seconds,
            "cpu_us": (time.process_time() - self.cpu) / self.count * 1e6,
            "wrong": self.wrong,
            "dropped": dropped,
            "memory": warm[-1],
            "growth": warm[-1] - warm[0],
        }


def resident() -> float:
    """Give the memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def storms(times: int, pause: float) -> list[actions.Originate]:
    """Make the calls that have a live Asterisk send events."""
    return [
        actions.Originate(
            "Local/go@storm/n",
            application="Wait",
            data="3600",
            async_=True,
            variable={"STORM": number, "TIMES": times, "PAUSE": f"{pause:.4f}"},
        )
        for number in range(STORMS)
    ]


def read_on_threads(port: int, secret: str, times: int, pause: float) -> dict[str, float]:
    """Read with a callback of the threaded manager."""
    reader, done = Reader(), threading.Event()

    def take(event: Event, _: Manager) -> None:
        if reader.take(event):
            done.set()

    with Manager() as manager:
        manager.register_callback("", take)
        manager.connect("127.0.0.1", port, username="tests", secret=secret)
        for action in storms(times, pause) if times else ():
            manager.send(action)
        done.wait()
        return reader.figures(manager.events_dropped)


async def read_on_asyncio(port: int, secret: str, times: int, pause: float) -> dict[str, float]:
    """Read with a stream of the asyncio manager."""
    reader = Reader()
    manager = aio.Manager("127.0.0.1", port, username="tests", secret=secret)
    with manager.events() as stream:
        async with manager:
            for action in storms(times, pause) if times else ():
                await manager.send(action)
            async for event in stream:
                if reader.take(event):
                    break
            return reader.figures(stream.dropped)


def read(kind: str, port: int, secret: str, times: int, pause: float) -> dict[str, float]:
    """Read all events with one kind of manager."""
    if kind == "threads":
        return read_on_threads(port, secret, times, pause)
    factory = None
    if kind == "uvloop":
        import uvloop  # noqa: PLC0415 - an extra

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(read_on_asyncio(port, secret, times, pause))


@contextlib.contextmanager
def scripted(rate: int, seconds: float):
    """Give a scripted server, as the end of the command that reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(
            target=serve, args=(listener, rate, seconds)
        )
        process.start()
        yield [str(listener.getsockname()[1]), "-", "0", "0"]
        process.join()


@contextlib.contextmanager
def live(rate: int, seconds: float):
    """Give a live Asterisk that will send about so many events."""
    sys.path.insert(0, str(ROOT))
    from tests.asterisk.provision import find_or_provision  # noqa: PLC0415 - for --live alone
    from tests.asterisk.restarting import RestartingAsterisk  # noqa: PLC0415

    with RestartingAsterisk(find_or_provision()) as asterisk:
        counts = rate / STORMS / PER_COUNT  # in a second
        times, pause = int(counts * seconds), 0.9 / counts
        yield [str(asterisk.ami_port), asterisk.ami_secret, str(times), str(pause)]


def main() -> None:
    """Measure each manager, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000, help="events in a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--live", action="store_true", help="of a live Asterisk")
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--read", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        kind, port, secret, times, pause = asked.read
        print(json.dumps(read(kind, int(port), secret, int(times), float(pause))))
        return
    print("manager    events  events/s  cores  CPU us  wrong  dropped  MiB  growth")
    for kind in asked.only:
        make = live if asked.live else scripted
        with make(asked.rate, asked.seconds) as server:
            command = [sys.executable, __file__, "--read", kind, *server]
            output = subprocess.run(command, check=True, capture_output=True).stdout
        found = json.loads(output)
        print(
            f"{kind:8} {found['events']:8} {found['rate']:9.0f} {found['core']:6.2f} "
            f"{found['cpu_us']:7.1f} {found['wrong']:6} {found['dropped']:8} "
            f"{found['memory']:4.0f} {found['growth']:7.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
