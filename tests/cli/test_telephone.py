"""``pystrix call`` on a terminal: the keyboard, Ctrl-C, and the terminal afterwards."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from pystrix.agi import AGIResultHangup, core
from tests.cli.servers import Terminal, fastagi, peer, read_to_end

if TYPE_CHECKING:
    import socket

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
