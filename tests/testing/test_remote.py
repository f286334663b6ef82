"""The wires to servers and programs: those that do not read, do not end, and send too much."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pystrix.testing import Command, Heard, Key, Setup, SilentApplicationError, place_call
from pystrix.testing import _remote as remote
from pystrix.testing._pilot import EndlessCallError, Pilot
from pystrix.testing._remote import ProgramWire, RemoteCall, TCPWire
from pystrix.testing.place import parse_url
from tests.agi.peers import TIMEOUT
from tests.cli.servers import peer, read_to_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONG = b"GET FULL VARIABLE " + b"x" * 8000 + b"\n"


def connect(url: str) -> TCPWire:
    """Connect to a URL; what is not read stops the sender soon."""
    wire = TCPWire(parse_url(url)[:2])
    wire._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return wire


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], list[str]]:
    """Give a function that makes a program which runs in our interpreter."""

    def make(body: str) -> list[str]:
        path = tmp_path / "program.py"
        path.write_text(body)
        return [sys.executable, "-S", str(path)]

    return make


def flood(connection: socket.socket, most: int = 100_000, patience: float = 0.5) -> None:
    """Send long commands and read no answer, as long as it goes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(patience)
    with contextlib.suppress(OSError):
        for _ in range(most):
            connection.sendall(LONG)


@pytest.mark.parametrize("real_time", [False, True])
def test_server_that_does_not_read(real_time: bool) -> None:
    """Who sends and sends, and never reads, is left."""
    left = threading.Event()

    def stays(connection: socket.socket) -> None:
        flood(connection, patience=TIMEOUT)
        left.wait(TIMEOUT)

    with peer(stays) as url:
        wire = connect(url)
        call = RemoteCall(Pilot(Setup(), ""), wire, real_time=real_time, patience=0.5)
        with pytest.raises(SilentApplicationError, match="does not read what it is sent"):
            call.run()
        wire.close()
        left.set()


def test_keyboard_while_the_server_does_not_read() -> None:
    """Keys and Ctrl-C are seen while nothing can be sent."""
    reader, writer = os.pipe()

    def stays(connection: socket.socket) -> None:
        flood(connection)  # ends when nobody listens any more
        os.write(writer, b"x")
        connection.settimeout(TIMEOUT)
        read_to_end(connection)

    class Pressed(Exception):  # noqa: N818
        pass

    def pressed() -> None:
        raise Pressed

    with peer(stays) as url:
        wire = connect(url)
        call = RemoteCall(Pilot(Setup(), ""), wire, patience=TIMEOUT)
        call.watch(reader, pressed)
        with pytest.raises(Pressed):
            call.run()
        wire.close()
    os.close(reader)
    os.close(writer)


def test_program_that_does_not_read(program: Callable[[str], list[str]]) -> None:
    """The same with a program."""
    body = f"import os\nwhile True: os.write(1, {LONG!r})"
    wire = ProgramWire(program(body))
    assert select.select([wire], [], [], TIMEOUT)[0]  # it has started
    with pytest.raises(SilentApplicationError, match="does not read"):
        RemoteCall(Pilot(Setup(), ""), wire, patience=0.3).run()
    assert not wire.close()


def test_program_that_does_not_end(program: Callable[[str], list[str]]) -> None:
    """A program that closes its pipes and stays is killed."""
    body = "import os, signal; os.close(0); os.close(1); signal.pause()"
    wire = ProgramWire(program(body), patience=0.1)
    assert not wire.close()


def test_silent_program(program: Callable[[str], list[str]]) -> None:
    """It has its patience once to say something and once to end."""
    began = time.monotonic()
    with pytest.raises(SilentApplicationError, match=r"nothing for 0\.1 seconds"):
        place_call(program("import signal; signal.pause()"), patience=0.1)
    assert time.monotonic() - began < remote.PATIENCE


def test_program(program: Callable[[str], list[str]], tmp_path: Path) -> None:
    """A program gets its input, and SIGHUP when the caller hangs up."""
    path = tmp_path / "signals"
    body = f"""
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: open({str(path)!r}, "a").write("x"))
while sys.stdin.readline() != "\\n": pass
print("WAIT FOR DIGIT -1", flush=True)
answer = sys.stdin.readline()
print("VERBOSE", answer.split()[1], flush=True)
sys.stdin.readline()
"""
    record = place_call(program(body), caller="w1,h")
    assert record.commands == ["WAIT FOR DIGIT -1", "VERBOSE result=-1"]
    assert record.status == "HANGUP"
    assert path.read_text() == "x"


def test_full_pipe(program: Callable[[str], list[str]]) -> None:
    """What does not fit is not sent, and is no error."""
    wire = ProgramWire(program("import sys; sys.stdin.read()"))
    os.kill(wire._process.pid, signal.SIGSTOP)
    while wire.send(b"x" * 65536):
        pass
    assert wire.send(b"x") == 0
    os.kill(wire._process.pid, signal.SIGCONT)
    assert wire.close()


def test_no_program() -> None:
    """What cannot be started."""
    with pytest.raises(FileNotFoundError):
        ProgramWire(["/nonexistent"])


def test_nothing_is_there() -> None:
    """To read where nothing came is no end, and to send where nothing fits is no error."""
    over: list[bytes] = []
    with peer(lambda connection: over.append(connection.recv(3))) as url:
        wire = connect(url)
        assert wire.receive() is None
        assert wire.send(b"abc") == 3
        wire.close()
    assert over == [b"abc"]
    left = threading.Event()
    with peer(lambda _: left.wait(TIMEOUT)) as url:
        wire = connect(url)
        while wire.send(b"x" * 65536):
            pass
        wire.close()
        left.set()


def test_server_that_reads_late() -> None:
    """Who reads after all gets the rest."""
    got: list[bytes] = []

    def late(connection: socket.socket) -> None:
        flood(connection, 30)
        connection.settimeout(TIMEOUT)
        connection.shutdown(socket.SHUT_WR)
        got.append(read_to_end(connection))

    with peer(late) as url:
        pilot = Pilot(Setup(), "")
        wire = connect(url)
        RemoteCall(pilot, wire).run()
        wire.close()
    record = pilot.finish()
    count = len(record.commands)
    assert count > 10
    assert got[0].count(b"200 result=1 (x") in (count - 1, count)  # the last is cut off somewhere
    assert record.status == "SUCCESS"


class _Hesitant(TCPWire):
    """A wire on which the first look finds nothing."""

    looked = False

    def receive(self) -> bytes | None:
        looked, self.looked = self.looked, True
        return super().receive() if looked else None


def test_a_look_in_vain() -> None:
    """It is no end."""

    def asks(connection: socket.socket) -> None:
        connection.sendall(b"NOOP\n")
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)

    with peer(asks) as url:
        wire = _Hesitant(parse_url(url)[:2])
        pilot = Pilot(Setup(), "")
        RemoteCall(pilot, wire).run()
        wire.close()
    assert pilot.finish().commands == ["NOOP"]


def test_server_that_resets() -> None:
    """A connection that is broken is the end of the session."""

    def resets(connection: socket.socket) -> None:
        connection.sendall(b"NOOP\n")
        data = b""
        while not data.endswith(b"\n200 result=0\n"):
            data += connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with peer(resets) as url:
        assert place_call(url).commands == ["NOOP"]


def test_server_that_resets_before_it_is_sent() -> None:
    """The same, found when something is sent."""

    def leaves(connection: socket.socket) -> None:
        connection.close()

    with peer(leaves) as url:
        wire = connect(url)
        pilot = Pilot(Setup(), "")
        assert wire.receive() in (b"", None)
        RemoteCall(pilot, wire).run()
        wire.close()
    assert pilot.finish().status == "SUCCESS"


class _Broken(TCPWire):
    """A wire that breaks at the first byte."""

    def send(self, data: bytes) -> int:  # noqa: ARG002
        raise BrokenPipeError


def test_broken_wire() -> None:
    """Who has left when something is sent ends the session, and is no error."""
    with peer(read_to_end) as url:
        wire = _Broken(parse_url(url)[:2])
        pilot = Pilot(Setup(), "")
        RemoteCall(pilot, wire).run()
        wire.close()
    assert pilot.finish().status == "SUCCESS"


def test_silent_application_lets_the_caller_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller does what it wants to, although the server is silent."""

    def tells(connection: socket.socket) -> None:
        data = b""
        while b"HANGUP" not in data:
            data += connection.recv(65536)
        connection.sendall(b"NOOP\n")

    with peer(tells) as url:
        pilot, wire = Pilot(Setup(), "w5,h"), connect(url)
        call = RemoteCall(pilot, wire, patience=0.1)
        send = wire.send

        def send_and_wait(data: bytes) -> int:
            if b"HANGUP" in data:  # now it is not silent any more
                call._patience = TIMEOUT
            return send(data)

        monkeypatch.setattr(wire, "send", send_and_wait)
        call.run()
        wire.close()
    record = pilot.finish()
    assert record.status == "HANGUP"
    assert record.commands == ["NOOP"]
    assert record.duration == 5


def real(url: str, caller: str = "", *, patience: float = 10.0) -> Pilot:
    """Place a call for which a second is a second."""
    wire = connect(url)
    pilot = Pilot(Setup(), caller)
    try:
        RemoteCall(pilot, wire, real_time=True, patience=patience).run()
    finally:
        wire.close()
    return pilot


@pytest.mark.parametrize("real_time", [False, True])
def test_server_that_trickles(real_time: bool) -> None:
    """Bytes that become no line are no sign of life."""

    def trickles(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return

    with peer(trickles) as url:
        wire = connect(url)
        call = RemoteCall(Pilot(Setup(), ""), wire, real_time=real_time, patience=0.5)
        with pytest.raises(
            SilentApplicationError, match=r"no command for 0\.5 seconds, but b'x+' without a line"
        ):
            call.run()
        wire.close()


def test_hurry() -> None:
    """Patience can be cut short while the application is waited for."""
    reader, writer = os.pipe()
    made: list[RemoteCall] = []

    def hurry() -> None:
        made[0].unwatch(reader)
        made[0].hurry(0.1)

    with peer(read_to_end) as url:
        wire = connect(url)
        made.append(RemoteCall(Pilot(Setup(), ""), wire, patience=1000))
        made[0].watch(reader, hurry)
        os.write(writer, b"x")
        with pytest.raises(SilentApplicationError, match=r"nothing for 0\.1 seconds"):
            made[0].run()
        wire.close()
    os.close(reader)
    os.close(writer)


def test_silence_in_real_time() -> None:
    """A second is a second for patience, too, also when the caller is gone."""
    with peer(read_to_end) as url:
        began = time.monotonic()
        with pytest.raises(SilentApplicationError, match=r"nothing for 0\.3 seconds"):
            real(url, "w0.1,h", patience=0.3)
        assert 0.3 <= time.monotonic() - began < 20


def test_moments_in_real_time() -> None:
    """Commands and keys stand where they came, not where something else happened before."""
    pressed = 0.3

    def asks(connection: socket.socket) -> None:
        connection.sendall(b"WAIT FOR DIGIT 200\n")
        data = b""
        while b"200 " not in data:
            data += connection.recv(65536)
        connection.sendall(b"WAIT FOR DIGIT -1\n")
        connection.recv(65536)

    with peer(asks) as url:
        pilot = real(url, f"w{pressed},1")
    first, second, key = pilot.channel.timeline
    assert isinstance(first, Command)
    assert isinstance(second, Command)
    assert isinstance(key, Key)
    assert first.end is not None
    assert first.end - first.start == pytest.approx(0.2)
    assert second.start >= first.end
    # Half a second to react, from when a key has an effect.
    assert key.start == pytest.approx(max(pressed, second.start) + 0.5)
    assert key.command == "WAIT FOR DIGIT"


def test_command_after_a_pause() -> None:
    """What the server takes before a command is part of its place in time."""

    def thinks(connection: socket.socket) -> None:
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                connection.recv(65536)  # to the end of the environment, and 0.2 seconds more
        connection.sendall(b"STREAM FILE beep 1\n")
        connection.settimeout(TIMEOUT)
        connection.recv(65536)

    with peer(thinks) as url:
        pilot = real(url)
    command, sound = pilot.channel.timeline
    assert command.start >= 0.2
    assert isinstance(sound, Heard)
    assert sound.end is not None
    assert sound.end - sound.start == pytest.approx(0.44)


def test_nothing_piles_up() -> None:
    """While a command runs that is not stopped by others, others are not read, as by Asterisk."""
    stuck: list[bool] = []

    def pushes(connection: socket.socket) -> None:
        connection.sendall(b"EXEC Wait 1\nNOOP\n")
        connection.settimeout(0.2)
        try:
            connection.sendall((b"NOOP " + b"x" * 8000 + b"\n") * 10_000)
        except TimeoutError:
            stuck.append(True)

    with peer(pushes) as url:
        real(url)
    assert stuck == [True]


def test_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends commands for ever."""
    monkeypatch.setattr("pystrix.testing._pilot.MOST_COMMANDS", 5000)

    def floods(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"NOOP\n" * 1000)
                connection.recv(1 << 20)

    with peer(floods) as url:
        wire = connect(url)
        with pytest.raises(EndlessCallError, match="5000 commands"):
            RemoteCall(Pilot(Setup(), ""), wire).run()
        wire.close()


def test_keyboard_is_watched() -> None:
    """What watches is called in the loop, and can end that."""
    reader, writer = os.pipe()
    seen: list[bytes] = []
    made: list[RemoteCall] = []

    def read() -> None:
        seen.append(os.read(reader, 10))
        made[0].unwatch(reader)

    def asks(connection: socket.socket) -> None:
        os.write(writer, b"ab")
        while not seen:
            connection.sendall(b"NOOP\n")
            connection.recv(65536)
        os.write(writer, b"cd")
        connection.sendall(b"NOOP\n")
        connection.recv(65536)

    with peer(asks) as url:
        wire = connect(url)
        made.append(RemoteCall(Pilot(Setup(), ""), wire))
        made[0].watch(reader, read)
        made[0].run()
        wire.close()
    assert seen == [b"ab"]
    os.close(reader)
    os.close(writer)


def test_notice() -> None:
    """Whatever may have happened is announced."""
    counts: list[int] = []

    def asks(connection: socket.socket) -> None:
        connection.sendall(b"STREAM FILE beep 1\n")
        connection.recv(65536)

    with peer(asks) as url:
        wire = connect(url)
        pilot = Pilot(Setup(), "")
        RemoteCall(pilot, wire, notice=lambda: counts.append(len(pilot.channel.timeline))).run()
        wire.close()
    assert counts[-1] == 2
