"""panoramisk 1.4.

panoramisk1.py parse STREAM SECONDS
panoramisk1.py trips|pings PORT SECONDS asyncio|uvloop
"""

import asyncio
import time
from collections import deque

from counting import IN_FLIGHT, arguments, read_repeatedly, run_on, say_rate, time_trips_async
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol


class Sink:
    """What a protocol hands its events to."""

    count = 0

    def dispatch(self, message):
        self.count += 1


def read(chunks):
    """Read messages as they come from the socket; it always reads all headers."""
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.encoding = "utf8"  # as its manager sets it
    protocol.factory = sink = Sink()
    protocol.queue = deque()
    for chunk in chunks:
        protocol.data_received(chunk)
    return sink.count


async def connected(what, port, seconds):
    """Use its manager."""
    manager = Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=port, username="tests", secret="-"
    )
    await manager.connect()
    while not manager.authenticated:  # noqa: ASYNC110 - it has no event for it
        await asyncio.sleep(0.01)

    async def ping():
        await manager.send_action({"Action": "Ping"})

    if what == "trips":
        await time_trips_async(ping, port, seconds)
    else:
        count = 0

        async def ping_on():
            nonlocal count
            while True:
                await ping()
                count += 1

        tasks = [asyncio.create_task(ping_on()) for _ in range(IN_FLIGHT)]
        await asyncio.sleep(0.3)
        before, began, used = count, time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        say_rate(count - before, began, used)
        for task in tasks:
            task.cancel()
    manager.close()


what, where, seconds, *kind = arguments()
if what == "parse":
    read_repeatedly(read, where, seconds)
else:
    run_on(*kind, connected(what, int(where), seconds))
