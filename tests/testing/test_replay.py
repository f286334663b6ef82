"""Transcripts of simulated calls replay as themselves, however the application is told."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import pytest

from pystrix.agi import FastAGIServer, core
from pystrix.agi.errors import AGIException
from pystrix.testing import Transcript, place_call, replay
from tests.agi.peers import TIMEOUT
from tests.cli.servers import fastagi


def tidy(agi: Any) -> None:
    """Play for ever, and tell what ended it, and who called; go on as if nothing were."""
    with contextlib.suppress(AGIException):
        while True:
            agi.execute(core.StreamFile("demo-thanks"))
    told = f"gone: {agi.hung_up}"
    for text in (told, told, agi.environment.get("agi_callerid", ""), "end"):
        with contextlib.suppress(AGIException):
            agi.execute(core.Verbose(text))


PROGRAM = """
import sys
from pystrix.agi import AGI
sys.path.insert(0, {folder!r})
from tests.testing.test_replay import tidy
with AGI() as agi:
    tidy(agi)
"""

HANG_UPS: list[dict[str, str]] = [
    {},
    {"AGISIGHUP": "no"},
    {"AGIEXITONHANGUP": "yes"},
    {"AGISIGHUP": "no", "AGIEXITONHANGUP": "yes"},
]


@pytest.mark.parametrize("variables", HANG_UPS, ids=str)
def test_handler(variables: dict[str, str]) -> None:
    """A handler is told of the hang-up as it was then."""
    transcript = place_call(tidy, caller="w1,h", variables=variables, caller_id="42").transcript
    assert Transcript.parse(str(transcript)).exchanged == transcript.exchanged
    assert replay(transcript, tidy) == []
    assert replay(Transcript.parse(str(transcript)), tidy) == []


@pytest.mark.parametrize("variables", HANG_UPS, ids=str)
def test_server(variables: dict[str, str]) -> None:
    """So is a server."""
    with fastagi(tidy) as url:
        transcript = place_call(url, caller="w1,h", variables=variables).transcript
        assert replay(transcript, url, patience=TIMEOUT) == []


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    """Give a program that does the same."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(folder=str(Path(__file__).parents[2])))
    return [sys.executable, str(path)]


@pytest.mark.parametrize("variables", HANG_UPS, ids=str)
def test_program(variables: dict[str, str], program: list[str]) -> None:
    """So is a program, by its signal."""
    transcript = place_call(program, caller="w1,h", variables=variables).transcript
    assert replay(transcript, program, patience=TIMEOUT) == []


@pytest.mark.parametrize("variables", HANG_UPS[:2], ids=str)
def test_other_kind(variables: dict[str, str], program: list[str]) -> None:
    """What was recorded of a program can be held against a handler, and the other way round."""
    of_program = place_call(program, caller="w1,h", variables=variables).transcript
    assert replay(of_program, tidy) == []
    of_handler = place_call(tidy, caller="w1,h", variables=variables).transcript
    assert replay(of_handler, program, patience=TIMEOUT) == []


@pytest.mark.parametrize("asks", [True, False])
def test_question_of_a_program(*, asks: bool) -> None:
    """Whether a program had to ask about its signal makes no difference to a handler."""
    question = "<< b'CHANNEL STATUS\\n'\n>> b'511 dead\\n'\n" if asks else ""
    transcript = Transcript.parse(
        ">> b'agi_request: x\\n'\n>> b'\\n'\n<< b'WAIT FOR DIGIT \"-1\"\\n'\n"
        "# caller hangs up\n>> b'200 result=-1\\n'\n# Asterisk sends SIGHUP\n"
        f"{question}<< b'VERBOSE \"bye\" \"1\"\\n'\n>> b'200 result=1\\n'\n"
    )

    def waits(agi: Any) -> None:
        with contextlib.suppress(AGIException):
            agi.execute(core.WaitForDigit(-1))
        agi.execute(core.Verbose("bye"))

    assert replay(transcript, waits) == []


def test_own_environment() -> None:
    """What is given takes the place of what was recorded."""
    transcript = place_call(tidy, "pay/1", "w1,h", caller_id="42").transcript
    (found,) = replay(transcript, tidy, caller_id="43")
    assert '"43"' in found
    server = FastAGIServer(port=0)
    with server:
        server.script("pay/2")(tidy)
        assert replay(transcript, server) != []
        assert replay(transcript, server, script="pay/2", caller_id="42") == []


def test_without_an_environment() -> None:
    """Older transcripts have neither that nor a HANGUP line: both are made."""
    transcript = place_call(tidy, caller="w1,h").transcript
    old = Transcript(
        tuple(
            line
            for line in transcript.lines
            if not line.data.startswith((b"agi_", b"HANGUP")) and line.data != b"\n"
        )
    )
    assert replay(old, tidy) == []


def test_environment_without_end() -> None:
    """A transcript that stops in its environment."""
    assert replay(Transcript.parse(">> b'agi_network: yes\\n'\n"), tidy, caller_id="1") != []
