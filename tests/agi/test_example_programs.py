"""The example programs, each in a process as Asterisk starts it."""

from __future__ import annotations

import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agi.peers import DEAD, environment
from tests.agi.programs import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Program]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def start() -> Iterator[Start]:
    """Give a function that starts an example, which is ended after the test."""
    programs: list[Program] = []

    def make(name: str, prologue: bytes = environment("x"), audio: int | None = None) -> Program:
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        programs.append(Program(text, prologue=prologue, audio=audio))
        return programs[-1]

    yield make
    for each in programs:
        each.close()


@pytest.mark.parametrize("pressed", [False, True])
def test_agi_program(start: Start, pressed: bool) -> None:
    """The documented program: a key cuts the prompt short, or it plays to its end."""
    program = start("agi_program")
    program.expect(b"ANSWER", b"200 result=0")
    reply = b"200 result=50 endpos=800" if pressed else b"200 result=0 endpos=9"
    program.expect(b'STREAM FILE "demo-thanks" "12" "0"', reply)
    if pressed:
        program.expect(b'VERBOSE "2 at sample 800" "1"', b"200 result=1")
    program.expect(b"HANGUP", b"200 result=1")
    assert program.end() == ""


def test_agi_program_left(start: Start) -> None:
    """The caller hangs up: one line, though nothing is said of the log."""
    program = start("agi_program")
    program.expect(b"ANSWER", DEAD)
    assert program.end(1) == f"{DEAD[4:].decode()} (ANSWER)\n"


@pytest.mark.parametrize("leaves", [False, True])
def test_asyncio_program(start: Start, leaves: bool) -> None:
    """Music plays until the answer is there, or the caller hangs up."""
    program = start("asyncio_program")
    program.expect(b"ANSWER", b"200 result=0")
    assert program.line() == b'SET MUSIC "on"'
    if leaves:
        program.hangup()
    program.reply(b"200 result=0")
    found = b"nobody waits for it"
    if not leaves:
        program.expect(b'SET MUSIC "off"', b"200 result=0")
        found = b"account of +493012"
    program.expect(b'SET VARIABLE "ACCOUNT" "' + found + b'"', b"200 result=1")
    assert program.end() == ""


@pytest.mark.parametrize("leaves", [False, True])
def test_eagi_program(start: Start, tmp_path: Path, leaves: bool) -> None:
    """It keeps what the caller says, up to a key or the hang-up."""
    path = tmp_path / "note.wav"
    reader, writer = os.pipe()
    enhanced = environment("x", [str(path)]).replace(b"enhanced: 0.0", b"enhanced: 1.0")
    program = start("eagi_program", prologue=enhanced, audio=reader)
    os.close(reader)
    program.expect(b'GET VARIABLE "EAGI_AUDIO_FORMAT"', b"200 result=0")
    program.expect(b"ANSWER", b"200 result=0")
    program.expect(b'STREAM FILE "beep" "" "0"', b"200 result=0 endpos=9")
    assert program.line() == b'WAIT FOR DIGIT "10000"'
    os.write(writer, b"\1\2" * 160 * 3)
    if leaves:
        program.reply(b"200 result=-1")
        program.expect(b"CHANNEL STATUS", DEAD)
        assert program.end(1).startswith("the call was hung up")
    else:
        program.reply(b"200 result=50")
        program.expect(b'SET VARIABLE "NOTE" "' + str(path).encode() + b'"', b"200 result=1")
        assert program.end() == ""
    os.close(writer)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 480)
        assert file.readframes(480) == b"\1\2" * 480
