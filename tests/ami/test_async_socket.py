"""A socket on an event loop: what is sent when the peer does not read, and the ends."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from pystrix.ami._async_socket import OwnSocket, connect
from tests.ami.looping import run, until

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Receiver:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.paused = False
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        """Note what was read."""
        self.data += data

    def pause_writing(self) -> None:
        """Note it."""
        self.paused = True

    def resume_writing(self) -> None:
        """Note it."""
        assert self.paused
        self.paused = False

    def connection_lost(self, exc: Exception | None, /) -> None:
        """Note the end."""
        self.lost.append(exc)


def pair() -> tuple[OwnSocket, Receiver, socket.socket]:
    """Make a connection; give its end, who receives there, and the other end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    receiver = Receiver()
    return OwnSocket(asyncio.get_running_loop(), ours, receiver), receiver, theirs


def test_a_peer_that_does_not_read() -> None:
    """The receiver is paused until all was sent, in order."""

    async def main() -> None:
        own, receiver, peer = pair()
        with peer:
            data = b"".join(b"%07d\n" % number for number in range(500_000))
            own.write(data)
            assert receiver.paused
            found = b""
            while len(found) < len(data):
                found += await asyncio.get_running_loop().sock_recv(peer, 65536)
            assert found == data
            await until(lambda: not receiver.paused)
            own.write(b"more")
            assert await asyncio.get_running_loop().sock_recv(peer, 65536) == b"more"
            own.abort()
            own.abort()
            await asyncio.sleep(0)
        assert receiver.lost == [None]

    run(main())


def test_a_loop_that_cannot_wait_for_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the one that Windows has by default: it is said which one can."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with theirs, monkeypatch.context() as patch:
            patch.setattr(loop, "add_reader", refuse)
            with pytest.raises(RuntimeError, match=r"on Windows take asyncio\.SelectorEventLoop"):
                OwnSocket(loop, ours, Receiver())
        assert ours.fileno() < 0

    run(main())


def test_nothing_to_read() -> None:
    """A loop may be wrong about that."""

    async def main() -> None:
        own, receiver, peer = pair()
        with peer:
            assert not own._read()
            peer.send(b"x")
            await until(lambda: receiver.data == b"x")
            own.abort()
            await asyncio.sleep(0)

    run(main())


def test_no_room_at_all() -> None:
    """What cannot be sent waits; when the peer has left it is dropped, and the reason told."""

    async def main() -> None:
        own, receiver, peer = pair()
        with peer:
            own.write(bytes(10_000_000))
            own._write_on()
            assert receiver.paused
        await until(lambda: receiver.lost)
        assert isinstance(receiver.lost[0], OSError)

    run(main())


def test_last_words() -> None:
    """What came before a write failed is read; nothing more is written."""

    async def main() -> None:
        own, receiver, peer = pair()
        peer.send(b"bye")
        peer.close()
        own.write(b"x")
        assert receiver.paused
        await until(lambda: receiver.lost)
        assert receiver.data == b"bye"
        assert isinstance(receiver.lost[0], BrokenPipeError)

    run(main())


def test_closed_before_the_last_words() -> None:
    """Who closes meanwhile hears nothing more."""

    async def main() -> None:
        own, receiver, peer = pair()
        peer.close()
        own.write(b"x")
        own.abort()
        await until(lambda: receiver.lost)
        assert receiver.data == b""

    run(main())


def connecting(addresses: list[int], monkeypatch: pytest.MonkeyPatch) -> Coroutine[None, None, str]:
    """Connect to a name that stands for those ports of this machine."""

    async def main() -> str:
        loop = asyncio.get_running_loop()

        async def look_up(*_: object, **__: object) -> list[object]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
                for port in addresses
            ]

        monkeypatch.setattr(loop, "getaddrinfo", look_up)
        with await connect(loop, "name", 1) as connected:
            return str(connected.getpeername()[1])

    return main()


def test_the_first_address_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are tried in order; why the last does not answer is told, if none does."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert run(connecting([closed, port], monkeypatch)) == str(port)
    with pytest.raises(ConnectionRefusedError):
        run(connecting([closed, closed], monkeypatch))
    with pytest.raises(OSError, match="name has no address"):
        run(connecting([], monkeypatch))
