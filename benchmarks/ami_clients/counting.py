"""What every client of the benchmark does: it counts for some seconds, and says what it found."""

import json
import socket
import statistics
import sys
import time
from pathlib import Path

CHUNK = 65536
IN_FLIGHT = 100
"""Pings on their way at a time."""
PING = b"Action: Ping\r\nActionID: 0123456789abcdef\r\n\r\n"
TURN = 0.02
"""Seconds of one turn of round trips."""
WARMING = 200
"""Round trips that do not count."""


def chunks(path):
    """Cut the recorded stream as reads of a socket would."""
    data = Path(path).read_bytes()
    return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]


def say(**figures):
    """Print what was found."""
    print(json.dumps(figures), flush=True)


def say_rate(count, began, used):
    """Print how many a second, and the processor time of one."""
    seconds = time.perf_counter() - began
    cpu = time.process_time() - used
    say(per_second=count / seconds, cpu_us=1e6 * cpu / max(count, 1))


def connect(port, secret):
    """Make a socket that is logged in, and gets no events."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(
        "Action: Login\r\nActionID: 1\r\nUsername: tests\r\n"
        f"Secret: {secret}\r\nEvents: off\r\n\r\n".encode()
    )
    data = b""
    while not data.endswith(b"\r\n\r\n"):  # without events it is the last that comes
        data += connection.recv(65536)
    if b"Response: Success" not in data:
        raise SystemExit(f"the login failed: {data!r}")
    return connection


class Trips:
    """Round trips of the client, in turns with those of a raw socket.

    How long one takes hangs on what the machine does in that second, and on nothing more; so both
    are measured in the same one, and their medians can be compared.
    """

    def __init__(self, port, secret, seconds):
        self._raw = connect(port, secret)
        self._end = time.perf_counter() + 2 * seconds
        self._raw_trips = []
        self.trips = []

    def turns(self):
        """Measure the raw socket for a moment, and give when the turn of the client ends."""
        while time.perf_counter() < self._end:
            self._time_raw()
            yield time.perf_counter() + TURN

    def _time_raw(self):
        raw, trips, now = self._raw, self._raw_trips, time.perf_counter()
        end = now + TURN
        while now < end:
            before = now
            raw.sendall(PING)
            while not raw.recv(65536).endswith(b"\r\n\r\n"):
                pass
            now = time.perf_counter()
            trips.append(now - before)

    def say(self):
        """Print the medians, and what 99 of 100 do not exceed."""
        trips = sorted(self.trips)
        say(
            median_us=1e6 * statistics.median(trips),
            p99_us=1e6 * trips[len(trips) * 99 // 100],
            raw_us=1e6 * statistics.median(self._raw_trips),
            count=len(trips),
        )


def read_repeatedly(read, path, seconds):
    """Read the stream again and again, and count messages by second of processor time.

    Args:
        read: Takes the chunks, and gives how many messages it found.
        path: The stream.
        seconds: For how long.
    """
    parts = chunks(path)
    found = read(parts)
    began, used, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        count += read(parts)
    cpu = time.process_time() - used  # whoever else uses the core does not matter then
    say(per_second=count / cpu, cpu_us=1e6 * cpu / count, messages=found)


def time_trips(ping, port, seconds, secret="-"):
    """Send one ping after the other, each when the last was answered."""
    for _ in range(WARMING):
        ping()
    found = Trips(port, secret, seconds)
    trips = found.trips
    for end in found.turns():
        now = time.perf_counter()
        while now < end:
            before = now
            ping()
            now = time.perf_counter()
            trips.append(now - before)
    found.say()


async def time_trips_async(ping, port, seconds, secret="-"):
    """Do as `time_trips` does, on an event loop."""
    for _ in range(WARMING):
        await ping()
    found = Trips(port, secret, seconds)
    trips = found.trips
    for end in found.turns():
        now = time.perf_counter()
        while now < end:
            before = now
            await ping()
            now = time.perf_counter()
            trips.append(now - before)
    found.say()


def run_on(kind, main):
    """Run a coroutine on the event loop that is meant."""
    import asyncio  # noqa: PLC0415 - threads do without

    factory = None
    if kind == "uvloop":
        import uvloop  # noqa: PLC0415 - an extra

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def arguments():
    """Give the words of the command line: what to do, where, for how many seconds, how."""
    what, where, seconds, *more = sys.argv[1:]
    return what, where, float(seconds), *more
