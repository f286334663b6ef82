"""The documented program, unchanged, against the live server: all its branches."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGIServer
from tests.asterisk.calls import place_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.asterisk.calls import Call
    from tests.asterisk.server import Asterisk

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastagi_server.py"


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the program; only its port is a free one."""
    spec = importlib.util.spec_from_file_location("fastagi_server", EXAMPLE)
    assert spec
    assert spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    made: list[FastAGIServer] = []

    def server() -> FastAGIServer:
        made.append(FastAGIServer(port=0))
        return made[0]

    monkeypatch.setattr(program.pystrix.agi, "FastAGIServer", server)
    thread = program.FastAGIServer()
    thread.start()
    try:
        yield f"127.0.0.1:{made[0].server_address[1]}"
    finally:
        thread.shutdown()
        thread.join()
        made[0].server_close()


def call(asterisk: Asterisk, address: str, path: str = "demo", **options: Any) -> Call:
    """Call the program."""
    return place_call(asterisk, f"agi://{address}/{path}", **options)


def test_played_out(asterisk: Asterisk, address: str) -> None:
    """The prompt plays to its end; then the program hangs up."""
    assert call(asterisk, address).done() == ("HANGUP", "agi,h,2")


@pytest.mark.parametrize("key", ["1", "2"])
def test_cut_short(asterisk: Asterisk, address: str, key: str) -> None:
    """A key cuts the prompt short; the program gets the key and the offset."""
    placed = call(asterisk, address)
    placed.runs("STREAM FILE")
    placed.press(key)
    words = placed.runs("VERBOSE").split('"')[1].split()
    assert words[:3] == [key, "at", "sample"]
    assert int(words[3]) > 0
    assert placed.done().status == "HANGUP"


def test_fallback(asterisk: Asterisk, address: str) -> None:
    """Any other script goes to the fallback, which hands the call back to the dialplan."""
    assert call(asterisk, address, "other").done() == ("SUCCESS", "agi,run,3")


@pytest.mark.parametrize("command", ["STREAM FILE", "ANSWER"])
def test_caller_hangs_up(
    asterisk: Asterisk,
    address: str,
    command: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A hang-up that the program does not catch is one warning; the server serves on."""
    placed = call(asterisk, address)
    placed.runs(command)
    placed.hang_up()
    assert placed.done() == ("HANGUP", "agi,h,2")
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    (warning,) = warnings
    assert warning.levelno == logging.WARNING
    assert warning.exc_info is None
    assert placed.channel in warning.getMessage()
    assert capfd.readouterr() == ("", "")
    assert call(asterisk, address, "other").done().status == "SUCCESS"
