"""The limits: what a round trip costs when nothing is parsed and nothing is paired.

raw.py trips PORT SECONDS socket|reader|asyncio|uvloop SECRET

``socket`` blocks in recv. ``reader`` has a thread that reads and wakes the one that waits, as every
library with a reader thread must. The others are an asyncio.Protocol and a future for each ping.
"""

import asyncio
import socket
import threading

from counting import arguments, run_on, time_trips, time_trips_async

PING = b"Action: Ping\r\nActionID: 0123456789abcdef\r\n\r\n"


def login(secret):
    """Make the bytes of a login that asks for no events."""
    return (
        "Action: Login\r\nActionID: 1\r\nUsername: tests\r\n"
        f"Secret: {secret}\r\nEvents: off\r\n\r\n"
    ).encode()


def connect(port, secret):
    """Connect, and log in."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(login(secret))
    data = b""
    while not data.endswith(b"\r\n\r\n"):  # without events it is the last that comes
        data += connection.recv(65536)
    if b"Response: Success" not in data:
        raise SystemExit(f"the login failed: {data!r}")
    return connection


def with_socket(port, secret, seconds):
    """Send, and block until the answer is there."""
    connection = connect(port, secret)

    def ping():
        connection.sendall(PING)
        while not connection.recv(65536).endswith(b"\r\n\r\n"):
            pass

    time_trips(ping, seconds)


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

    time_trips(ping, seconds)


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

    await time_trips_async(ping, seconds)


_, where, seconds, kind, secret = arguments()
if kind == "socket":
    with_socket(int(where), secret, seconds)
elif kind == "reader":
    with_reader(int(where), secret, seconds)
else:
    run_on(kind, with_protocol(int(where), secret, seconds))
