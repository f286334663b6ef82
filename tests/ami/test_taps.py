"""Who hears of everything before every queue."""

from __future__ import annotations

import asyncio
import logging
import queue
import socket
import threading
from typing import TYPE_CHECKING, Any

from pystrix.ami import AnyAction, Event, aio
from pystrix.ami._taps import Taps
from tests.agi.peers import TIMEOUT, Background, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pystrix.ami import Message
    from tests.ami.conftest import Connect
    from tests.ami.servers import Peer, ScriptedServer


class Ear:
    """A tap that keeps what it hears."""

    def __init__(self) -> None:
        self.heard_all: queue.Queue[tuple[str, str]] = queue.Queue()

    def heard(self, messages: Sequence[Any]) -> None:
        """Keep messages."""
        for message in messages:
            self.heard_all.put((threading.current_thread().name, message.name))

    def lost(self, why: str) -> None:
        """Keep the reason."""
        self.heard_all.put((threading.current_thread().name, why))

    def next(self) -> tuple[str, str]:
        """Wait for the next."""
        return self.heard_all.get(timeout=TIMEOUT)


class Broken:
    """A tap that fails."""

    def heard(self, messages: Sequence[Any]) -> None:
        """Fail."""
        raise ZeroDivisionError(messages)

    def lost(self, why: str) -> None:
        """Fail."""
        raise ZeroDivisionError(why)


def test_one_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the others hear all the same."""
    taps = Taps(logging.getLogger("pystrix.ami"))
    ear = Ear()
    taps.add(Broken())
    for _ in range(2):  # the second time nothing happens
        taps.add(ear)
    taps.heard([Event({"Event": "X"})])
    taps.lost("gone")
    assert [ear.next()[1], ear.next()[1]] == ["X", "gone"]
    assert ear.heard_all.empty()
    assert [bool(record.exc_info) for record in records(caplog)] == [True, True]


def test_of_a_manager_on_threads(connect: Connect) -> None:
    """It hears in the thread that reads, while a callback waits, up to the end."""
    manager, peer = connect()
    ear, waiting = Ear(), threading.Event()
    manager.register_callback("", lambda *_: waiting.wait(TIMEOUT))
    manager.tap(ear)
    peer.message("Event: One")
    peer.message("Event: Two")
    peer.message("Response: Success")
    thread = "pystrix-ami-reader"
    assert [ear.next() for _ in range(3)] == [(thread, "One"), (thread, "Two"), (thread, "Success")]
    peer.close()
    assert ear.next()[0] == thread
    waiting.set()


def test_the_manager_disconnects(connect: Connect) -> None:
    """That is told as well; one that was removed hears nothing more."""
    manager, peer = connect()
    ear, removed = Ear(), Ear()
    manager.tap(ear)
    manager.tap(removed)
    for _ in range(2):
        manager.untap(removed)
    answering = peer.respond_to_all(lambda peer, request: peer.respond(request, "Response: Pong"))
    manager.send(AnyAction("Ping"))
    manager.disconnect()
    assert ear.next() == ("pystrix-ami-reader", "the manager disconnected")
    assert removed.heard_all.empty()
    answering.result()


def answer(peer: Peer, request: Message) -> None:
    """Answer the actions of a login, and all others."""
    refused = request["Action"] == "CoreShowChannels"
    peer.respond(request, f"Response: {'Error' if refused else 'Success'}")
    if request["Action"] == "Login":
        peer.message("Event: FullyBooted")


def test_of_a_manager_on_asyncio(server: ScriptedServer) -> None:
    """It hears of each connection and of its end, at once."""
    ear, removed, over = Ear(), Ear(), threading.Event()

    async def main() -> None:
        manager = aio.Manager("127.0.0.1", server.port, username="u", secret="", auth="plain")
        manager.tap(ear)
        manager.tap(removed)
        manager.untap(removed)
        async with manager:
            await asyncio.to_thread(over.wait, TIMEOUT)

    running = Background(asyncio.run, main())
    names: list[str] = []
    peers = [server.accept()]
    answering = [peers[0].respond_to_all(answer)]
    while ear.next()[1] != "FullyBooted":
        pass
    peers[0].message("Event: One")
    names.append(ear.next()[1])
    peers[0].socket.shutdown(socket.SHUT_RDWR)
    names.append(ear.next()[1])
    peers.append(server.accept())
    answering.append(peers[1].respond_to_all(answer))
    names += [ear.next()[1], ear.next()[1]]
    over.set()
    running.result()
    for each in answering:
        each.result()
    assert names == ["One", names[1], "Gap", "FullyBooted"]
    assert "closed the connection" in names[1]
    assert ear.next()[1] == "the manager was closed"
    assert removed.heard_all.empty()


class FinalEar(Ear):
    """A tap that wants to know of the last end, too."""

    def over(self, why: str) -> None:
        """Keep the reason."""
        self.heard_all.put((threading.current_thread().name, f"over: {why}"))


class BrokenFinalEar(Broken):
    """A tap that fails in the end, too."""

    def over(self, why: str) -> None:
        """Fail."""
        raise ZeroDivisionError(why)


def test_the_last_end(caplog: pytest.LogCaptureFixture) -> None:
    """It is told to those that want to know."""
    taps = Taps(logging.getLogger("pystrix.ami"))
    ear = FinalEar()
    for tap in (Ear(), BrokenFinalEar(), ear):
        taps.add(tap)
    taps.over("closed")
    assert ear.next()[1] == "over: closed"
    assert [bool(record.exc_info) for record in records(caplog)] == [True]


def test_the_last_end_on_threads(connect: Connect) -> None:
    """With a connection that is not made again it comes behind the end of that."""
    manager, peer = connect()
    ear = FinalEar()
    manager.tap(ear)
    peer.close()
    assert "closed the connection" in ear.next()[1]
    assert ear.next()[1].startswith("over: ")
