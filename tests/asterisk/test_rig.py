"""The rig itself: callers that do as told, seen by a bare socket."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.asterisk.calls import place_call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from tests.asterisk.calls import Call
    from tests.asterisk.server import Asterisk


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


class Peer:
    """A FastAGI server as small as can be; a context manager."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket, _ = listening.accept()
        self._socket.settimeout(20)
        self._file = self._socket.makefile("rb")
        self.environment = list(iter(self._file.readline, b"\n"))

    def ask(self, line: bytes) -> bytes:
        """Send a line and give the next."""
        self._socket.sendall(line)
        return self.read()

    def send(self, line: bytes) -> None:
        """Send a line."""
        self._socket.sendall(line)

    def read(self) -> bytes:
        """Give the next line."""
        return self._file.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()


def url(listening: socket.socket) -> str:
    """Give the URL of a listening socket."""
    return f"agi://127.0.0.1:{listening.getsockname()[1]}"


def connect(asterisk: Asterisk, listening: socket.socket, far: str = "silent") -> tuple[Call, Peer]:
    """Make a call and take it."""
    call = place_call(asterisk, f"{url(listening)}/x,one,two", far=far)
    return call, Peer(listening)


def test_environment_and_end(asterisk: Asterisk, listener: socket.socket) -> None:
    """The environment arrives, and the test hears how the AGI ended and where it went on."""
    call, peer = connect(asterisk, listener)
    with peer:
        assert b"agi_arg_2: two\n" in peer.environment
        assert f"agi_channel: {call.channel}\n".encode() in peer.environment
    assert call.done() == ("SUCCESS", "agi,run,3")


def test_keys(asterisk: Asterisk, listener: socket.socket) -> None:
    """A key that is pressed arrives."""
    call, peer = connect(asterisk, listener)
    with peer:
        peer.send(b"WAIT FOR DIGIT 10000\n")
        call.press("5")
        assert peer.read() == b"200 result=53\n"


def test_hang_up(asterisk: Asterisk, listener: socket.socket) -> None:
    """A hang-up arrives."""
    call, peer = connect(asterisk, listener)
    with peer:
        call.hang_up()
        assert peer.read() == b"HANGUP\n"
    assert call.done() == ("HANGUP", "agi,h,2")


def test_failure(asterisk: Asterisk, listener: socket.socket) -> None:
    """A failure is seen."""
    call, peer = connect(asterisk, listener)
    with peer:
        peer.send(b"failure\n")
        assert peer.read() == b"HANGUP\n"
    assert call.done().status == "FAILURE"


def test_talk(asterisk: Asterisk, listener: socket.socket) -> None:
    """A caller who talks is heard."""
    _, peer = connect(asterisk, listener, far="talk")
    with peer:
        assert peer.ask(b"ANSWER\n") == b"200 result=0\n"
        reply = peer.ask(f'RECORD FILE {asterisk.inside}/talk wav "#" 1000\n'.encode())
        assert reply.startswith(b"200 result=0 (timeout) endpos=")
        samples = int(reply.rpartition(b"=")[2])
        assert samples > 0
        header = 44
        assert (asterisk.folder / "talk.wav").stat().st_size == header + 2 * samples


def test_all_commands_are_there(asterisk: Asterisk) -> None:
    """The server knows all AGI commands of its version, and documents them."""
    assert len([line for line in asterisk.command("agi show commands") if "  " in line]) >= 47
    assert any(
        "Example return" in x for x in asterisk.command("agi show commands topic get variable")
    )
