"""The limits: what a round trip costs when nothing is parsed and nothing is paired.

raw.py trips PORT SECONDS socket|reader|asyncio|uvloop SECRET

``socket`` blocks in recv. ``reader`` has a thread that reads and wakes the one that waits, as every
library with a reader thread must. The others are an asyncio.Protocol and a future for each ping.
"""

import asyncio
import threading

from counting import PING, arguments, connect, run_on, time_trips, time_trips_async


def with_socket(port, secret, seconds):
    """Send, and block until the answer is there."""
    connection = connect(port, secret)

    def ping():
        connection.sendall(PING)
        while not connection.recv(65536).endswith(b"\r\n\r\n"):
            pass

    time_trips(ping, port, seconds, secret)


def with_reader(port, secret, seconds):
    """Send, and wait until the thread that reads has the answer."""
    connection = connect(port, secret)
    answered = threading.Lock()
    answered.acquire()

    def read():
        while data := connection.recv(65536):
            if data.endswith(b"\r\n\r\n"):
                answered.release()

    threading.Thread(target=read, daemon=True).start()

    def ping():
        connection.sendall(PING)
        answered.acquire()

    time_trips(ping, port, seconds, secret)


class Reader(asyncio.Protocol):
    """Sets the result of a future when an answer is there."""

    def __init__(self):
        self.answered = None

    def data_received(self, data):
        if self.answered is not None and data.endswith(b"\r\n\r\n"):
            self.answered.set_result(None)


async def with_protocol(port, secret, seconds):
    """Send, and await a future."""
    loop = asyncio.get_running_loop()
    transport, reader = await loop.create_connection(Reader, sock=connect(port, secret))

    async def ping():
        reader.answered = loop.create_future()
        transport.write(PING)
        await reader.answered

    await time_trips_async(ping, port, seconds, secret)


_, where, seconds, kind, secret = arguments()
if kind == "socket":
    with_socket(int(where), secret, seconds)
elif kind == "reader":
    with_reader(int(where), secret, seconds)
else:
    run_on(kind, with_protocol(int(where), secret, seconds))
