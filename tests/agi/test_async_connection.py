"""Connections on an event loop, where the sessions do not tell: see also `test_async_stdio.py`."""

from __future__ import annotations

import asyncio
import os

from pystrix.agi._async_connection import PipeConnection


class Receiver:
    """Keeps what it gets."""

    peer = "the peer"

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        self.got.append(data)

    def feed_eof(self) -> None:
        """Take the end."""
        self.got.append(b"")


def test_woken_for_nothing() -> None:
    """A loop may say that there is something to read when there is nothing."""

    async def main() -> None:
        reader, far_writer = os.pipe()
        far_reader, writer = os.pipe()
        connection = PipeConnection(reader, writer)
        receiver = Receiver()
        connection.open(receiver, asyncio.get_running_loop())
        connection._read()
        assert receiver.got == []
        os.write(far_writer, b"x")
        connection._read()
        os.close(far_writer)
        connection._read()
        assert receiver.got == [b"x", b""]
        assert connection.is_over
        connection.close()
        connection.close()
        os.close(far_reader)

    asyncio.run(main())


def test_closed_before_it_is_open() -> None:
    """What it was given is closed, once."""
    reader, far_writer = os.pipe()
    far_reader, writer = os.pipe()
    connection = PipeConnection(reader, writer)
    connection.close()
    connection.close()
    assert os.read(far_reader, 1) == b""
    os.close(far_writer)
    os.close(far_reader)
