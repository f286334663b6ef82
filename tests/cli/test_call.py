"""``pystrix call`` without a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import AGIHangup, core
from pystrix.testing import Transcript, replay
from tests.agi.peers import TIMEOUT
from tests.cli.servers import (
    begin_when_greeted,
    command,
    fastagi,
    nobody,
    peer,
    read_to_end,
    run,
)

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from pystrix.agi import FastAGI


def menu(agi: FastAGI) -> None:
    """Play, and say which key was pressed."""
    agi.execute(core.Answer())
    pressed = agi.execute(core.StreamFile("demo-thanks", escape_digits="123"))
    if pressed:
        agi.execute(core.SayDigits(pressed.digit))
    agi.execute(core.Hangup())


def fails(_agi: FastAGI) -> None:
    """Fail."""
    raise LookupError


def test_what_happens_is_told() -> None:
    """A scripted call: everything with its place in time, and no time passes."""
    with fastagi(menu) as url:
        result = run("call", url, "--keys", "2")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "    0.000  ANSWER",
        "    0.000      200 result=0",
        '    0.000  STREAM FILE "demo-thanks" "123" "0"',
        "    0.000      caller hears demo-thanks",
        "    0.500      caller presses 2",
        "    0.500      demo-thanks is cut short",
        "    0.500      200 result=50 endpos=4000",
        '    0.500  SAY DIGITS "2" ""',
        "    0.500      caller hears digits 2",
        "    1.260      200 result=0",
        "    1.260  HANGUP",
        "    1.260      200 result=1",
        "    1.260      application hangs up",
        "    1.260  AGISTATUS=HANGUP, the dialplan goes on at default,s,2",
    ]


def test_key_that_is_lost() -> None:
    """Keys that no command waits for, and what the simulation remarks."""

    def waits(agi: FastAGI) -> None:
        agi.execute(core.StreamFile("demo-thanks"))
        agi.execute(core.WaitForDigit(-1))

    with fastagi(waits) as url:
        result = run("call", url, "--limit", "1")
    assert result.exit_code == 0
    assert "the call lasts too long" in result.stdout
    assert "caller, who is tired of waiting hangs up" in result.stdout


def test_json(tmp_path: Path) -> None:
    """The record as JSON, of everything that a timeline has."""

    def all_kinds(agi: FastAGI) -> None:
        agi.execute(core.SetVariable("B", "ü"))
        agi.execute(core.GetData("demo-thanks", max_digits=2))
        agi.execute(core.WaitForDigit(-1))

    with fastagi(all_kinds) as url:
        result = run("call", url, "--keys", "12", "--json", "--variable", "A=1=2")
    assert result.exit_code == 0
    assert result.stderr == ""
    record = json.loads(result.stdout)
    timeline = record.pop("timeline")
    assert record == {
        "status": "HANGUP",
        "error": None,
        "duration": 0.75,
        "answered": False,
        "hung_up_by": "caller, who is tired of waiting",
        "keys": "12",
        "heard": ["demo-thanks"],
        "commands": [
            'SET VARIABLE "B" "ü"',
            'GET DATA "demo-thanks" "2000" "2"',
            'WAIT FOR DIGIT "-1"',
        ],
        "place": ["default", "s", 2],
        "variables": {"A": "1=2", "B": "ü"},
        "database": {},
        "recordings": {},
    }
    assert timeline[0] == {
        "time": 0.0,
        "command": 'SET VARIABLE "B" "ü"',
        "reply": "200 result=1\n",
        "end": 0.0,
    }
    assert timeline[2:4] == [
        {"time": 0.0, "heard": "demo-thanks", "end": 0.5, "whole": False},
        {"time": 0.5, "key": "1", "taken_by": "GET DATA"},
    ]
    assert timeline[-2:] == [
        {"time": 0.75, "note": "nothing happens"},
        {"time": 0.75, "hung_up_by": "caller, who is tired of waiting"},
    ]
    assert not list(tmp_path.iterdir())


def test_json_of_a_failure() -> None:
    """What Asterisk does not answer has no reply."""
    with fastagi(fails) as url:
        result = run("call", url, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["timeline"] == [
        {"time": 0.0, "command": "failure", "reply": None, "end": None}
    ]


def test_options_reach_the_server() -> None:
    """What the environment says."""
    told: list[dict[str, str]] = []

    def tells(agi: FastAGI) -> None:
        told.append(dict(agi.environment))

    with fastagi(tells) as url:
        result = run(
            *("call", f"{url}?lang=de", "first", "second arg"),
            *("--caller-id", "123", "--caller-name", "Zoë", "--extension", "100"),
            *("--context", "sales", "--language", "de"),
        )
    assert result.exit_code == 0
    environment = told[0]
    expected = {
        "agi_network_script": "x?lang=de",
        "agi_request": f"{url}?lang=de",
        "agi_callerid": "123",
        "agi_calleridname": "Zoë",
        "agi_extension": "100",
        "agi_context": "sales",
        "agi_language": "de",
        "agi_arg_1": "first",
        "agi_arg_2": "second arg",
    }
    assert {name: environment[name] for name in expected} == expected
    assert "at sales,100,2" in result.stdout


def test_sounds(tmp_path: Path) -> None:
    """The length of the user's own sounds; others are missing, which is a failure."""
    (tmp_path / "own.gsm").write_bytes(b"x" * 33 * 50)

    def plays(agi: FastAGI) -> None:
        agi.execute(core.StreamFile("own"))
        agi.execute(core.StreamFile("missing"))

    with fastagi(plays) as url:
        result = run("call", url, "--sounds", tmp_path)
    assert result.exit_code == 1
    assert "    1.000      200 result=0 endpos=8000" in result.stdout
    assert "AGISTATUS=FAILURE" in result.stdout


def test_failure() -> None:
    """A handler that fails."""
    with fastagi(fails) as url:
        result = run("call", url)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "    0.000  failure",
        "    0.000  AGISTATUS=FAILURE, the dialplan goes on at default,s,2",
    ]


def test_real_time() -> None:
    """A second is a second."""

    def waits(agi: FastAGI) -> None:
        agi.execute(core.WaitForDigit(200))

    with fastagi(waits) as url:
        began = time.monotonic()
        result = run("call", url, "--keys", "", "--real-time")
        assert time.monotonic() - began >= 0.2
    assert "200 result=0" in result.stdout


def test_transcript(tmp_path: Path) -> None:
    """The transcript has every byte, and can be replayed."""
    path = tmp_path / "call.txt"
    with fastagi(menu) as url:
        assert run("call", url, "--keys", "2", "--transcript", path).exit_code == 0
        transcript = Transcript.load(path)
        assert replay(transcript, url) == []
    assert transcript.exchanged[0] == (">>", b"agi_network: yes\n")
    assert [data for kind, data in transcript.exchanged if kind == "<<"] == [
        b"ANSWER\n",
        b'STREAM FILE "demo-thanks" "123" "0"\n',
        b'SAY DIGITS "2" ""\n',
        b"HANGUP\n",
    ]
    text = path.read_text()
    assert "# +0.500 caller presses 2\n# demo-thanks is cut short\n>> b'200 result=50" in text
    assert text.endswith(
        "# the application closes\n>> b'HANGUP\\n'\n# the dialplan goes on: AGISTATUS=HANGUP\n"
    )


def test_transcript_of_a_session_that_asterisk_ends(tmp_path: Path) -> None:
    """Who closed is told, and what came of an unfinished line."""
    path = tmp_path / "call.txt"

    def stays(connection: socket.socket) -> None:
        connection.sendall(b"failure\nrest")
        read_to_end(connection)

    with peer(stays) as url:
        assert run("call", url, "--transcript", path).exit_code == 1
    assert path.read_text().endswith(
        "<< b'failure\\n'\n>> b'HANGUP\\n'\n<< b'rest'\n# Asterisk closes\n"
        "# the dialplan goes on: AGISTATUS=FAILURE\n"
    )


def test_transcript_that_cannot_be_written() -> None:
    """The call goes on, and the exit status says it."""
    with fastagi(menu) as url:
        result = run("call", url, "--keys", "2", "--transcript", "/dev/full")
    assert result.exit_code == 1
    assert "AGISTATUS=HANGUP" in result.stdout
    assert result.stderr == (
        "pystrix: /dev/full: not written any further: No space left on device\n"
    )


@pytest.mark.parametrize("option", ["--json", "--real-time"])
def test_output_that_cannot_be_written(option: str) -> None:
    """One line, exit status 1, and no traceback."""
    with fastagi(menu) as url, open("/dev/full", "w") as full:  # noqa: PTH123 - no file
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command("call", url, "--keys", "2", option),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.stderr == b"pystrix: No space left on device\n"
    assert done.returncode == 1


def test_note_that_looks_like_a_reply() -> None:
    """A note says that it is one."""

    def harms(connection: socket.socket) -> None:
        connection.sendall(b"NOOP" + b' "x"' * 200 + b"\n")
        read_to_end(connection)

    with peer(harms) as url:
        result = run("call", url)
    assert result.exit_code == 1
    assert "note: 201 words in a command" in result.stdout


def test_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server of another protocol sent is told, although it falls silent then."""
    begin_when_greeted(monkeypatch)

    def greets(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        read_to_end(connection)

    with peer(greets) as url:
        result = run("call", url, "--patience", "0.2")
    assert result.exit_code == 3
    assert result.stderr == (
        "pystrix: this is no FastAGI server: it sends SSH-2.0-OpenSSH_9.2\\r\n"
    )


def test_ctrl_c_on_a_server_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and left soon, whatever patience it had."""
    monkeypatch.setattr("pystrix.cli._placing._LEAVE_SECONDS", 0.1)
    told: list[bytes] = []

    def stays(connection: socket.socket) -> None:
        connection.recv(1)  # the call has begun
        os.kill(os.getpid(), signal.SIGINT)
        told.append(read_to_end(connection))

    with peer(stays) as url:
        result = run("call", url, "--keys", "", "--patience", "1000")
    assert result.exit_code == 130
    assert told[0].endswith(b"\nHANGUP\n")


def test_another_signal() -> None:
    """It is no Ctrl-C."""

    def waits(agi: FastAGI) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        agi.execute(core.WaitForDigit(200))

    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with fastagi(waits) as url:
            result = run("call", url, "--keys", "", "--real-time")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert result.exit_code == 0
    assert "hangs up" not in result.stdout


def test_unreachable() -> None:
    """Nobody listens there."""
    with nobody() as url:
        result = run("call", url, "--keys", "")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr == f"pystrix: cannot reach {url}: Connection refused\n"


def test_no_address() -> None:
    """What can be no name of a host."""
    result = run("call", "agi://a..b/x")
    assert result.exit_code == 3
    assert result.stderr.startswith("pystrix: cannot reach agi://a..b/x: there is no such address:")
    assert result.stderr.count("\n") == 1


def test_silence() -> None:
    """A server that accepts, and says nothing."""
    with peer(read_to_end) as url:
        result = run("call", url, "--patience", "0.2")
    assert result.exit_code == 3
    assert result.stderr == "pystrix: the application has said nothing for 0.2 seconds\n"


def test_silence_as_json() -> None:
    """What is wrong is in the record, too."""
    with peer(read_to_end) as url:
        result = run("call", url, "--patience", "0.2", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["error"] == (
        "the application has said nothing for 0.2 seconds"
    )


def test_no_agi() -> None:
    """A server of another protocol."""

    def web(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad\x1b Request\r\n\r\n")

    with peer(web) as url:
        result = run("call", url)
    assert result.exit_code == 3
    assert result.stderr == (
        "pystrix: this is no FastAGI server: it sends HTTP/1.1 400 Bad\\x1b Request\\r\n"
    )
    assert "\x1b" not in result.stdout


def test_flood_of_rubbish() -> None:
    """A server that sends no AGI, for ever."""
    sent: list[int] = []

    def babbles(connection: socket.socket) -> None:
        try:
            while True:
                sent.append(connection.send(b"\xff\xfe\n" * 100))
        except OSError:
            pass

    with peer(babbles) as url:
        result = run("call", url)
    assert result.exit_code == 3
    assert result.stderr == "pystrix: this is no FastAGI server: it sends \\xff\\xfe\n"


def test_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends commands for ever."""
    monkeypatch.setattr("pystrix.testing._pilot.MOST_COMMANDS", 5000)

    def floods(connection: socket.socket) -> None:
        connection.setblocking(True)
        try:
            while True:
                connection.sendall(b"NOOP\n" * 1000)
                connection.recv(1 << 20)
        except OSError:
            pass

    with peer(floods) as url:
        result = run("call", url, "--json")
    assert result.exit_code == 3
    assert result.stderr == ("pystrix: the application sent 5000 commands, and does not end\n")


def test_long_lines_are_cut() -> None:
    """A command of thousands of characters does not flood the terminal."""

    def long(agi: FastAGI) -> None:
        agi.execute(core.Verbose("x" * 5000))

    with fastagi(long) as url:
        result = run("call", url)
    line = result.stdout.splitlines()[0]
    assert line.endswith("x... (5014 characters)")
    assert len(line) < 450


def test_ctrl_c() -> None:
    """Ctrl-C hangs up; the application is told, and the exit status says it."""
    told: list[bool] = []

    def waits(agi: FastAGI) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            agi.execute(core.WaitForDigit(60_000))
        except AGIHangup:  # before the command, or during it
            told.append(agi.hung_up)
            raise

    before = signal.getsignal(signal.SIGINT)
    with fastagi(waits) as url:
        result = run("call", url, "--keys", "", "--real-time")
    assert result.exit_code == 130
    assert told == [True]
    assert "caller hangs up" in result.stdout
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["http://x/"], "not the URL of a FastAGI server"),
        (["agi://x/a\nagi_b: c"], "not the URL of a FastAGI server"),
        (["agi://x/", "--caller-name", "a\nb"], "holds no line feed"),
        (["agi://x/", "a\nb"], "holds no line feed"),
        (["agi://x/", "--keys", "1,,2"], "is nothing a caller does"),
        (["agi://x/", "--variable", "A"], "not NAME=VALUE: 'A'"),
        (["agi://x/", "--variable", "=1"], "not NAME=VALUE: '=1'"),
        (["agi://x/", "--sounds", "/nonexistent"], "does not exist"),
        (["agi://x/", "--transcript", "/nonexistent/file"], "No such file or directory"),
        (["agi://x/", "--limit", "0"], "0"),
        ([], "Missing argument"),
    ],
)
def test_usage(arguments: list[str], why: str) -> None:
    """A command line that is wrong."""
    result = run("call", *arguments)
    assert result.exit_code == 2
    assert why in result.stderr
