"""Both managers of ours.

ours.py parse STREAM SECONDS framing|look|headers
ours.py trips|pings PORT SECONDS threads|asyncio|uvloop SECRET
"""

import asyncio
import threading
import time

from counting import (
    IN_FLIGHT,
    arguments,
    read_repeatedly,
    run_on,
    say_rate,
    time_trips,
    time_trips_async,
)

from pystrix.ami import Manager, Message, actions, aio
from pystrix.ami._protocol import AMIProtocol
from pystrix.ami.events import BY_NAME


def read(chunks, look):
    """Read messages as a connection does, and do something with each."""
    protocol = AMIProtocol(events=BY_NAME)
    protocol.receive_data(b"Asterisk Call Manager/11.0.0\r\n")
    count = 0
    for chunk in chunks:
        protocol.receive_data(chunk)
        for message in protocol.messages_received():
            look(message)
            count += 1
    return count


def look_at_name(message):
    """Ask for the name alone: what finds the callbacks."""
    return message.name


def look_at_two(message):
    """Ask for what many programs ask for."""
    return message.get("Uniqueid"), message.get("Channel")


READ = {"framing": look_at_name, "look": look_at_two, "headers": Message.copy}


def pings_of_threads(manager, seconds):
    """Send pings from many threads."""
    counts = [0] * IN_FLIGHT
    ending = threading.Event()

    def ping(number):
        while not ending.is_set():
            manager.send(actions.Ping())
            counts[number] += 1

    threads = [threading.Thread(target=ping, args=(number,)) for number in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    ending.wait(0.3)
    before, began, used = sum(counts), time.perf_counter(), time.process_time()
    ending.wait(seconds)
    say_rate(sum(counts) - before, began, used)
    ending.set()
    for thread in threads:
        thread.join()


def on_threads(what, port, secret, seconds):
    """Use the manager on threads."""
    with Manager() as manager:
        manager.connect("127.0.0.1", port, username="tests", secret=secret, event_mask="off")
        if what == "trips":
            time_trips(lambda: manager.send(actions.Ping()), port, seconds, secret)
        else:
            pings_of_threads(manager, seconds)


async def on_asyncio(what, port, secret, seconds):
    """Use the manager on asyncio."""
    count = 0

    async def ping():
        nonlocal count
        while True:
            await manager.send(actions.Ping())
            count += 1

    async with aio.Manager(
        "127.0.0.1", port, username="tests", secret=secret, event_mask="off"
    ) as manager:
        if what == "trips":
            await time_trips_async(lambda: manager.send(actions.Ping()), port, seconds, secret)
            return
        tasks = [asyncio.create_task(ping()) for _ in range(IN_FLIGHT)]
        await asyncio.sleep(0.3)
        before, began, used = count, time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        say_rate(count - before, began, used)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


what, where, seconds, kind, *secret = arguments()
if what == "parse":
    read_repeatedly(lambda chunks: read(chunks, READ[kind]), where, seconds)
elif kind == "threads":
    on_threads(what, int(where), *secret, seconds)
else:
    run_on(kind, on_asyncio(what, int(where), *secret, seconds))
