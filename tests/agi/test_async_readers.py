"""One epoll for all connections of a server."""

from __future__ import annotations

import asyncio
import functools
import os
import select
import socket

import pytest

from pystrix.agi import _async_readers
from pystrix.agi._async_readers import EpollReaders, readers_on
from tests.agi.peers import TIMEOUT

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux only")


class Connection:
    """A connection whose reader notes what it reads."""

    def __init__(self, readers: EpollReaders) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.fd = self.ours.fileno()
        self.read = bytearray()
        self.heard = asyncio.Event()
        readers.add_reader(self.fd, self.hear)

    def hear(self) -> None:
        """Read one byte."""
        self.read += self.ours.recv(1)
        self.heard.set()

    def close(self) -> None:
        """Close both ends."""
        self.ours.close()
        self.theirs.close()


def test_each_reader_is_called() -> None:
    """As long as something can be read, in turns with the loop's other work."""

    async def main() -> None:
        readers = EpollReaders(asyncio.get_running_loop())
        connections = [Connection(readers) for _ in range(_async_readers.AT_ONCE + 3)]
        for connection in connections:
            connection.theirs.send(b"ab")
        async with asyncio.timeout(TIMEOUT):
            while any(connection.read != b"ab" for connection in connections):
                for connection in connections:
                    await connection.heard.wait()
                    if connection.read != b"ab":
                        connection.heard.clear()
        for connection in connections:
            readers.remove_reader(connection.fd)
            connection.close()
        readers.close()

    asyncio.run(main())


def test_who_accepts_takes_what_others_leave() -> None:
    """All there is room for while nobody sends anything; one while everybody does."""

    async def main() -> None:
        readers = EpollReaders(asyncio.get_running_loop())
        assert readers.spare == _async_readers.AT_ONCE
        spare: list[int] = []

        class Noting(Connection):
            def hear(self) -> None:
                super().hear()
                spare.append(readers.spare)

        connections = [Noting(readers) for _ in range(_async_readers.AT_ONCE + 3)]
        for connection in connections:
            connection.theirs.send(b"a")
        async with asyncio.timeout(TIMEOUT):
            for connection in connections:
                await connection.heard.wait()
            connections[0].heard.clear()
            connections[0].theirs.send(b"b")
            await connections[0].heard.wait()
        at_once = _async_readers.AT_ONCE
        assert spare == [1] * at_once + [at_once - 2] * 3 + [at_once]
        for connection in connections:
            readers.remove_reader(connection.fd)
            connection.close()
        readers.close()

    asyncio.run(main())


def test_removed_by_another() -> None:
    """One that another callback of the same turn has removed is not called any more."""

    async def main() -> None:
        readers = EpollReaders(asyncio.get_running_loop())
        heard = asyncio.Event()
        called: list[int] = []
        pairs = [socket.socketpair() for _ in range(2)]
        fds = [ours.fileno() for ours, _ in pairs]

        def hear(number: int) -> None:
            called.append(number)
            for fd in fds:
                readers.remove_reader(fd)
                readers.remove_reader(fd)
            heard.set()

        for number, (ours, theirs) in enumerate(pairs):
            readers.add_reader(ours.fileno(), functools.partial(hear, number))
            theirs.send(b"x")
        async with asyncio.timeout(TIMEOUT):
            await heard.wait()
        assert len(called) == 1
        readers.close()
        for pair in pairs:
            for each in pair:
                each.close()

    asyncio.run(main())


def test_closed_with_the_last() -> None:
    """It is closed when nothing is left to read from, and the loop knows nothing of it then."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        readers = EpollReaders(loop)
        fd = readers._epoll.fileno()
        first, second = Connection(readers), Connection(readers)
        readers.remove_reader(first.fd)
        readers.close()
        second.theirs.send(b"x")
        async with asyncio.timeout(TIMEOUT):
            await second.heard.wait()
        readers.remove_reader(second.fd)
        readers.close()
        assert not loop.remove_reader(fd)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
        first.close()
        second.close()

    asyncio.run(main())


def test_systems_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the loop itself reads."""
    monkeypatch.delattr(select, "epoll")
    loop = asyncio.new_event_loop()
    assert readers_on(loop) is None
    loop.close()
