"""What every client of the benchmark does: it counts for some seconds, and says what it found."""

import json
import statistics
import sys
import time
from pathlib import Path

CHUNK = 65536
IN_FLIGHT = 100
"""Pings on their way at a time."""


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


def say_trips(trips):
    """Print the median of round trips, which are in seconds."""
    trips.sort()
    say(
        median_us=1e6 * statistics.median(trips),
        p99_us=1e6 * trips[len(trips) * 99 // 100],
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


def time_trips(ping, seconds):
    """Send one ping after the other, each when the last was answered."""
    for _ in range(200):
        ping()
    trips, now = [], time.perf_counter()
    end = now + seconds
    while now < end:
        before = now
        ping()
        now = time.perf_counter()
        trips.append(now - before)
    say_trips(trips)


async def time_trips_async(ping, seconds):
    """Do as `time_trips` does, on an event loop."""
    for _ in range(200):
        await ping()
    trips, now = [], time.perf_counter()
    end = now + seconds
    while now < end:
        before = now
        await ping()
        now = time.perf_counter()
        trips.append(now - before)
    say_trips(trips)


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
