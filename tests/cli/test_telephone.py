"""``pystrix call`` on a terminal: the keyboard, Ctrl-C, and the terminal afterwards."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import AGIResultHangup, core
from pystrix.cli._placing import Placing
from pystrix.cli._terminal import Interruption, Keyboard
from pystrix.testing import Channel, HungUp, Key, Setup
from pystrix.testing._pilot import Pilot
from pystrix.testing._remote import LivePilot
from pystrix.testing.place import parse_url
from tests.cli.servers import Terminal, fastagi, peer, read_to_end

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from pystrix.agi import FastAGI


def ask(agi: FastAGI) -> None:
    """Ask for keys until the caller hangs up."""
    agi.execute(core.Answer())
    while True:
        agi.execute(core.WaitForDigit(-1))


def test_keys_are_pressed() -> None:
    """What is typed is pressed at once; h hangs up."""
    with fastagi(ask) as url, Terminal("call", url) as terminal:
        terminal.expect(f"calling {url}; 0-9 * # A-D are keys, h hangs up")
        for typed, key in (("4", "4"), ("#", "#"), ("a", "A"), ("D", "D")):
            terminal.expect("WAIT FOR DIGIT")
            terminal.type(typed)
            terminal.expect(f"caller presses {key}\r\n")
            terminal.expect(f"200 result={ord(key)}\r\n")
        terminal.expect("WAIT FOR DIGIT")
        terminal.type("h")
        terminal.expect("caller hangs up")
        terminal.expect("200 result=-1")
        terminal.expect("AGISTATUS=HANGUP")
        assert terminal.end() == (0, "")
        assert terminal.restored


def test_ctrl_c() -> None:
    """Ctrl-C hangs up, the session ends in order, and the terminal is as it was."""
    told: list[bool] = []

    def tells(agi: FastAGI) -> None:
        try:
            ask(agi)
        except AGIResultHangup:
            told.append(agi.hung_up)
            raise

    with fastagi(tells) as url, Terminal("call", url) as terminal:
        terminal.expect("WAIT FOR DIGIT")
        assert not terminal.restored
        terminal.type("\x03")
        terminal.expect("caller hangs up")
        terminal.expect("AGISTATUS=HANGUP")
        assert terminal.end() == (130, "")
        assert terminal.restored
    assert told == [True]


def test_ctrl_c_twice() -> None:
    """A server that does not end is left by the second Ctrl-C."""

    def stays(connection: socket.socket) -> None:
        connection.sendall(b"WAIT FOR DIGIT -1\n")
        read_to_end(connection)

    with peer(stays) as url, Terminal("call", url, "--patience", "1000") as terminal:
        terminal.expect("WAIT FOR DIGIT")
        terminal.type("\x03")
        terminal.expect("caller hangs up")
        terminal.type("\x03")
        assert terminal.end()[0] == 130
        assert terminal.restored


def test_stopped_and_continued() -> None:
    """Behind Ctrl-Z and fg, keys are keys again, whatever the shell made of the terminal."""
    with fastagi(ask) as url, Terminal("call", url) as terminal:
        terminal.expect("WAIT FOR DIGIT")
        terminal.process.send_signal(signal.SIGSTOP)
        os.waitpid(terminal.process.pid, os.WUNTRACED)
        terminal.restore()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.expect_keys()
        terminal.type("4")
        terminal.expect("caller presses 4\r\n")
        terminal.expect("WAIT FOR DIGIT")
        terminal.type("h")
        terminal.expect("AGISTATUS=HANGUP")
        assert terminal.end() == (0, "")
        assert terminal.restored


def test_terminated() -> None:
    """SIGTERM leaves the terminal as it was, too."""
    with fastagi(ask) as url, Terminal("call", url) as terminal:
        terminal.expect("WAIT FOR DIGIT")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == (128 + signal.SIGTERM, "")
        assert terminal.restored


def test_silence() -> None:
    """A server that says nothing is left, with one line."""
    with peer(read_to_end) as url, Terminal("call", url, "--patience", "0.2") as terminal:
        status, errors = terminal.end()
        assert status == 3
        assert errors == "pystrix: the application has said nothing for 0.2 seconds\n"
        assert terminal.restored


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """Give both ends of a terminal that is nobody's."""
    master, slave = os.openpty()
    yield master, slave
    os.close(slave)


def keys_of(channel: Channel) -> str:
    """Give the keys that were pressed."""
    return "".join(entry.digit for entry in channel.timeline if isinstance(entry, Key))


def test_keys_that_are_none(pair: tuple[int, int]) -> None:
    """Arrow keys and letters are no keys of a telephone."""
    master, slave = pair
    channel = Channel(Setup())
    with Keyboard(slave) as keyboard:
        os.write(master, b"1\x1b[A2\x1bOB3\x1bx\xc3\xa4z b\x1b")
        assert keyboard.press(channel)
        assert keys_of(channel) == "123B"
        os.write(master, b"7h8")
        assert keyboard.press(channel)
    assert keys_of(channel) == "123B7"  # nobody presses after hanging up
    assert channel.hung_up
    os.close(master)


def test_terminal_that_cannot_be_read() -> None:
    """It is as gone as one that ends."""
    master, slave = os.openpty()
    keyboard = Keyboard(slave)
    with keyboard:
        os.close(slave)
        os.close(master)
        assert not keyboard.press(Channel(Setup()))


def test_terminal_that_is_gone(pair: tuple[int, int]) -> None:
    """Who closes the terminal hangs up."""
    master, slave = pair
    answered = threading.Event()

    def wait(agi: FastAGI) -> None:
        agi.execute(core.Answer())
        answered.set()
        os.close(master)
        agi.execute(core.WaitForDigit(-1))

    with fastagi(wait) as url, Keyboard(slave) as keyboard:
        pilot = LivePilot(Setup(script="x"), "")
        placing = Placing(pilot, parse_url(url)[:2], lambda _: None)
        outcome = placing.run(real_time=True, keyboard=keyboard)
    assert answered.is_set()
    assert outcome.record.hung_up_by == "caller"
    assert outcome.exit_status == 0


def test_second_interruption() -> None:
    """The first Ctrl-C can be read, the next ends the program."""
    with Interruption() as interruption:
        assert not interruption.came
        signal.raise_signal(signal.SIGINT)
        assert interruption.came
        interruption.clear()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_person_is_waited_for() -> None:
    """Nobody presses for a person, but the limit holds."""
    pilot = LivePilot(Setup(), "", limit=10)
    channel = pilot.channel
    assert pilot.next_moment() is None
    pilot.receive_data(b"WAIT FOR DIGIT 5000\n")
    assert pilot.next_moment() == 5
    pilot.advance(5)
    assert channel.data_to_send() == b"200 result=0\n"
    pilot.receive_data(b"WAIT FOR DIGIT -1\n")
    assert pilot.next_moment() == 10
    pilot.advance(10)
    ends = [entry.by for entry in channel.timeline if isinstance(entry, HungUp)]
    assert ends == ["caller, who is tired of waiting"]
    assert pilot.next_moment() is None
    channel.data_to_send()
    pilot.receive_data(b"EXEC Wait 3\n")
    assert pilot.next_moment() == 13
    pilot.advance(13)
    assert channel.data_to_send().startswith(b"200 result=0\n")


def test_others_press_for_a_plan() -> None:
    """A plan that waits for nothing hangs up where a person is waited for."""
    pilot = Pilot(Setup(), "")
    pilot.receive_data(b"WAIT FOR DIGIT -1\n")
    assert pilot.next_moment() == 0
