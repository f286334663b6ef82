"""The rig itself: callers that do as told, seen by a bare socket."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from tests.asterisk.calls import dialplan_data, hang_up_leftovers, place_call

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
    """A caller who talks is heard from the beginning; the recording is the server's own."""
    _, peer = connect(asterisk, listener, far="talk")
    with peer:
        reply = peer.ask(b'RECORD FILE talk wav "#" 300\n')
        assert re.fullmatch(rb"200 result=\d+ \(timeout\) endpos=\d+\n", reply)
        samples = int(reply.rpartition(b"=")[2])
        assert samples > 0  # Answer alone would give half a second of nothing
        header = 44
        assert (asterisk.sounds_directory / "talk.wav").stat().st_size == header + 2 * samples


def test_quiet(asterisk: Asterisk, listener: socket.socket) -> None:
    """A caller who is quiet sends silence from the beginning, so that its limit is reached."""
    _, peer = connect(asterisk, listener, far="quiet")
    with peer:
        reply = peer.ask(b'RECORD FILE quiet wav "#" 9000 s=1\n')
        assert reply.startswith(b"200 result=")
        assert 0 < int(reply.rpartition(b"=")[2]) < 9 * 8000


def test_several_keys(asterisk: Asterisk, listener: socket.socket) -> None:
    """Keys that are pressed one after the other all arrive."""
    call, peer = connect(asterisk, listener)
    with peer:
        peer.send(b'GET DATA "" 10000\n')
        call.runs("GET DATA")
        call.press("12*0#")
        assert peer.read() == b"200 result=12*0\n"


ARGUMENTS = [
    "",
    " both ends ",
    'a,b"c"\\',
    "unbalanced ([",
    "balanced (x,y) [z]",
    "'; | & $ % ${EXTEN}",
    "zoë \udcff",
    "x" * 3000 + "," * 1000,
]


def test_arguments(asterisk: Asterisk, listener: socket.socket) -> None:
    """Arguments arrive as they are, even long ones and bytes that are no UTF-8."""
    place_call(asterisk, dialplan_data(url(listener), *ARGUMENTS))
    with Peer(listener) as peer:
        got = [line for line in peer.environment if line.startswith(b"agi_arg_")]
    assert [line.partition(b": ")[2][:-1] for line in got] == [
        argument.encode(errors="surrogateescape") for argument in ARGUMENTS
    ]


def test_line_feed_in_an_argument(asterisk: Asterisk, listener: socket.socket) -> None:
    """A line feed in the data arrives as one."""
    call = place_call(asterisk, dialplan_data(url(listener), "one\nagi_forged: yes"))
    with Peer(listener) as peer:
        assert b"agi_forged: yes\n" in peer.environment
    assert call.done() == ("SUCCESS", "agi,run,3")


def test_variables(asterisk: Asterisk, listener: socket.socket) -> None:
    """Variables arrive as they are."""
    value = ' a,b="c"\\ (;1) ${EXTEN} ë'
    place_call(asterisk, url(listener), variables={"V": value, "W": "w"})
    with Peer(listener) as peer:
        assert peer.ask(b"GET VARIABLE V\n") == f"200 result=1 ({value})\n".encode()
        assert peer.ask(b"GET VARIABLE W\n") == b"200 result=1 (w)\n"


def test_no_dialplan(asterisk: Asterisk, listener: socket.socket) -> None:
    """An AGI on a channel without dialplan; the channel goes when it ends."""
    call = place_call(asterisk, f"{url(listener)}/x,one", dialplan=False)
    with Peer(listener) as peer:
        assert f"agi_uniqueid: {call.uniqueid}\n".encode() in peer.environment
        assert b"agi_arg_1: one\n" in peer.environment
    assert call.gone().get("Cause")


def test_leftovers(asterisk: Asterisk, listener: socket.socket) -> None:
    """What a test leaves is gone before the next."""
    with hang_up_leftovers(asterisk):
        connect(asterisk, listener)[1].close()
        assert place_call(asterisk, url(listener), far="ring").far_channel
    assert not any("!" in line for line in asterisk.command("core show channels concise"))


def test_all_commands_are_there(asterisk: Asterisk) -> None:
    """The server knows all AGI commands of its version, and documents them."""
    assert len([line for line in asterisk.command("agi show commands") if "  " in line]) >= 47
    assert any(
        "Example return" in x for x in asterisk.command("agi show commands topic get variable")
    )
