"""One epoll for all connections of a server.

The stock loop takes a hundred steps of Python for each descriptor that can be read from, and uvloop
makes a transport of it. Here the loop sees one descriptor, that of the epoll, and each of those
behind it takes a few steps.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

AT_ONCE: Final = 64
"""What is read from and accepted before the loop's other work gets its turn."""


class Readers(Protocol):
    """What tells that something can be read: an event loop, or `EpollReaders`."""

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call a function whenever something can be read."""
        ...

    def remove_reader(self, fd: int, /) -> object:
        """Do it no more. Idempotent; call it before the descriptor is closed."""
        ...


class EpollReaders:
    """Descriptors that are read from on a loop.

    Args:
        loop: The loop, which has `add_reader`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._closing = False
        self.spare: int = AT_ONCE
        """How many connections may be accepted in this turn: as many as others leave room for."""
        loop.add_reader(self._epoll.fileno(), self._read)

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> None:
        """Call a function whenever something can be read."""
        self._epoll.register(fd, select.EPOLLIN)
        self._callbacks[fd] = callback

    def remove_reader(self, fd: int, /) -> None:
        """Do it no more. Idempotent; call it before the descriptor is closed."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)
            if self._closing:
                self.close()

    def close(self) -> None:
        """Close it as soon as there is nothing to be read from. Idempotent."""
        self._closing = True
        if not self._callbacks and not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _read(self) -> None:
        callbacks = self._callbacks
        ready = self._epoll.poll(0, AT_ONCE)
        self.spare = AT_ONCE + 1 - len(ready)
        for fd, _ in ready:
            callback = callbacks.get(fd)
            if callback is not None:  # else another callback has removed it
                callback()


def readers_on(loop: asyncio.AbstractEventLoop) -> EpollReaders | None:
    """Make readers for a server, where the system has epoll."""
    return EpollReaders(loop) if hasattr(select, "epoll") else None
