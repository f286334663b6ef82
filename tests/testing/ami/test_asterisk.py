"""The life of a simulated Asterisk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

import pytest

from pystrix.testing.ami import SimulatedAsterisk
from tests.testing.ami.driving import Peer, names

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    """Give an Asterisk."""
    return SimulatedAsterisk()


def test_time(asterisk: SimulatedAsterisk) -> None:
    """What is due happens in order, when time passes."""
    order: list[int] = []
    assert asterisk.deadline is None
    asterisk.after(2.0, lambda: order.append(2))
    asterisk.after(1.0, lambda: asterisk.after(0.5, lambda: order.append(1)))
    asterisk.after(-1.0, lambda: order.append(0))
    assert asterisk.deadline == 0.0
    asterisk.advance(1.9)
    assert order == [0, 1]
    assert asterisk.now == 1.9
    asterisk.advance(1.0)
    assert asterisk.now == 1.9
    asterisk.advance(2.0)
    assert order == [0, 1, 2]


@pytest.mark.parametrize(
    ("says", "heard"), [("nothing", []), ("Shutdown", ["False"]), ("Restart", ["True"])]
)
def test_end(asterisk: SimulatedAsterisk, says: str, heard: list[str]) -> None:
    """Connections are closed and calls are gone; it may say so before."""
    peer = Peer(asterisk)
    asterisk.receive_call("PJSIP/a")
    peer.hear()
    asterisk.after(1.0, lambda: None)
    asterisk.begin_shutdown()
    asterisk.end(says=says)  # type: ignore[arg-type] # of the parametrisation
    assert [each["Restart"] for each in peer.hear()] == heard
    assert peer.session.closed
    assert not asterisk.channels
    assert asterisk.deadline is None
    assert not asterisk.listening
    asterisk.boot()
    assert asterisk.listening
    assert not asterisk.shutting_down


def test_boot(asterisk: SimulatedAsterisk) -> None:
    """Who logs in before it is fully booted is told when it is."""
    asterisk.advance(10.0)
    asterisk.boot(fully=False)
    peer = Peer(asterisk, "")
    answers = peer.act("Login", Username="admin", Secret="secret")  # noqa: S106
    assert names(answers) == ["Success"]
    asterisk.advance(15.0)
    asterisk.boot_fully()
    (booted,) = peer.hear()
    assert booted.all_items() == [
        ("Event", "FullyBooted"),
        ("Privilege", "system,all"),
        ("Status", "Fully Booted"),
        ("Uptime", "5"),
        ("LastReload", "5"),
    ]
    later = Peer(asterisk, "")
    booted = later.act("Login", Username="admin", Secret="secret")[1]  # noqa: S106
    assert next(iter(booted.all_items()[2:])) == ("Uptime", "5")


def test_drop(asterisk: SimulatedAsterisk) -> None:
    """The connections end, in the middle of a message if need be."""
    peer = Peer(asterisk)
    asterisk.drop(b"Event: Half")
    assert peer.session.data_to_send() == b"Event: Half"
    assert peer.session.closed
    asterisk.forget_session(peer.session)
    assert asterisk.sessions == []


def test_raw(asterisk: SimulatedAsterisk) -> None:
    """Any bytes can be sent."""
    peer = Peer(asterisk)
    asterisk.send_raw(b"\r\n\xff")
    assert peer.session.data_to_send() == b"\r\n\xff"


def test_connections(asterisk: SimulatedAsterisk) -> None:
    """They are refused, closed without a word, or accepted."""
    asterisk.refuse_connections()
    assert not asterisk.listening
    asterisk.refuse_connections(silently=True)
    assert asterisk.listening
    peer = Peer(asterisk, "")
    assert peer.banner == b""
    assert peer.session.closed
    asterisk.accept_connections()
    assert Peer(asterisk).session.user is not None


def test_users(asterisk: SimulatedAsterisk) -> None:
    """The classes of a user are checked."""
    with pytest.raises(ValueError, match="there is no class everything"):
        asterisk.add_user("x", "y", read="everything")


def test_transcript(asterisk: SimulatedAsterisk) -> None:
    """It has all that was exchanged, and says on which of several connections."""
    peer = Peer(asterisk)
    peer.act("Ping")
    text = str(asterisk.transcript)
    assert "<< b'Action: Ping\\r\\n'\n" in text
    assert ">> b'Ping: Pong\\r\\n'\n" in text
    assert "connection" not in text
    other = Peer(asterisk)
    other.act("Challenge")
    assert "connection 2\n<< b'Action: Challenge" in str(asterisk.transcript)


def test_guard() -> None:
    """What a test calls enters the guard, once more inside of another such call."""
    depths: list[int] = []

    class Guard(contextlib.AbstractContextManager["Guard"]):
        depth = 0

        def __enter__(self) -> Self:
            self.depth += 1
            depths.append(self.depth)
            return self

        def __exit__(self, *_: object) -> None:
            self.depth -= 1

    guard = Guard()
    asterisk = SimulatedAsterisk(guard=guard)
    depths.clear()
    caller = asterisk.receive_call("PJSIP/a")
    assert depths == [1]
    depths.clear()
    asterisk.dial(caller, "PJSIP/b")
    assert depths == [1, 2]
    assert guard.depth == 0


def guarded_names() -> Iterator[str]:
    """Give the names of the guarded methods."""
    for kind in SimulatedAsterisk.__mro__:
        yield from (name for name, item in vars(kind).items() if hasattr(item, "__wrapped__"))


def test_what_a_test_arranges_is_guarded() -> None:
    """Every method that changes something for a test."""
    assert set(guarded_names()) >= {"send_event", "send_raw", "dial", "receive_call", "drop", "end"}
