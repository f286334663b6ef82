"""Consumers that are too slow for a manager, the same on threads and on asyncio."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from pystrix.ami import Event, Gap, ManagerOverflowError
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.looping import PING, PONG
from tests.ami.managers import Heard, Running, admit, channels, return_to

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.ami.servers import Peer, ScriptedServer


class Slow(Heard):
    """A callback that takes its time."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._loop = getattr(running, "loop", None)
        self.go_on = threading.Event()

    def __call__(self, event: Event, manager: object) -> object:
        """Keep an event; then wait."""
        super().__call__(event, manager)
        if self._loop is None:
            self.go_on.wait(TIMEOUT)
            return None
        return self._loop.run_in_executor(None, self.go_on.wait, TIMEOUT)


def test_drops(
    online: Callable[..., tuple[Running, Peer]], caplog: pytest.LogCaptureFixture
) -> None:
    """The queue is bounded; what is lost is counted and said once; actions are answered."""
    running, peer = online(queue_size=10)
    slow = Slow(running)
    running.manager.register_callback("X", slow)
    peer.message("Event: X")
    slow.next()
    for number in range(30):
        peer.message("Event: X", f"N: {number}")
    asking = Background(running.send, PING)
    peer.expect("Ping", *PONG)
    asking.result()
    eventually(lambda: running.manager.events_dropped == 20)
    eventually(lambda: records(caplog))
    slow.go_on.set()
    assert [slow.next()["N"] for _ in range(10)] == [str(number) for number in range(10)]
    assert [record.levelno for record in records(caplog)] == [logging.WARNING]
    assert "10 wait, others are dropped" in caplog.text


def test_overflow_disconnects(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """If asked for it the connection ends, and there is a new one: a gap instead of a loss."""
    running, peer = online(queue_size=10, overflow="disconnect")
    slow, heard = Slow(running), Heard()
    running.manager.register_callback("X", slow)
    running.manager.register_callback(Gap, heard)
    peer.send(b"Event: X\r\n\r\n" * 30)
    slow.next()
    assert peer.rest() == b""
    slow.go_on.set()
    return_to(server)
    gap = heard.next()
    assert isinstance(gap.failure, ManagerOverflowError)
    assert gap.failure.size == 10


def test_a_gap_finds_room(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """It takes the place of the last event in a queue that is full."""
    running, peer = online(queue_size=3)
    slow = Slow(running)
    running.manager.register_callback("", slow)
    peer.message("Event: X")
    assert slow.next().name == "X"
    for number in range(3):
        peer.message("Event: X", f"N: {number}")
    peer.close()
    return_to(server)
    eventually(lambda: running.manager.events_dropped >= 1)
    slow.go_on.set()
    assert [slow.next().get("N"), slow.next().get("N")] == ["0", "1"]
    assert slow.next().name == "Gap"


def test_bounded_during_the_resync(
    online: Callable[..., tuple[Running, Peer]], server: ScriptedServer
) -> None:
    """What is held back is bounded; the gap says how many are missing."""
    running, peer = online(queue_size=3)
    heard = Heard()
    running.manager.register_callback("", heard)
    peer.close()
    peer = server.accept()
    admit(peer)
    for number in range(5):
        peer.message("Event: X", f"N: {number}")
    channels(peer)
    gap = heard.next()
    assert gap.dropped == 3
    assert heard.names(2) == ["FullyBooted", "X"]  # the third may find no room behind the gap
