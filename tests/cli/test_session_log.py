"""The transcript of a session, written while it goes on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from pystrix.cli._session_log import LONGEST_LINE, SessionLog, create
from pystrix.testing import Transcript

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def test_transcripts_are_private(tmp_path: Path) -> None:
    """Callers type secrets."""
    path = tmp_path / "t.txt"
    with create(path, "x") as file:
        file.write("x")
    assert path.stat().st_mode & 0o777 == 0o600


def written(*data: bytes, most: float = float("inf")) -> str:
    """Give the transcript of what an application sent."""
    file = io.StringIO()
    log = SessionLog(file, lambda: 0.0, most, tell=pytest.fail)
    for each in data:
        log.sent("<<", each)
    log.end("<<")
    log.end(">>")
    return file.getvalue()


def test_log_of_pieces() -> None:
    """Lines are whole, however they came."""
    assert written(b"AN", b"SWER\nNO", b"OP\n", b"x") == (
        "# +0.000\n<< b'ANSWER\\n'\n<< b'NOOP\\n'\n<< b'x'\n"
    )


def test_log_of_a_line_without_end() -> None:
    """It is not kept for ever."""
    text = written(b"x" * (LONGEST_LINE - 1), b"xy")
    assert Transcript.parse(text).exchanged == [("<<", b"x" * LONGEST_LINE + b"y")]
    assert len(written(*[b"x" * 1000] * 200, most=1000)) < 2 * LONGEST_LINE


def test_remarks_are_one_line() -> None:
    """A remark is no way to write other lines."""
    file = io.StringIO()
    SessionLog(file, lambda: 1.5, tell=pytest.fail).remark("a\n<< b'x'")
    assert file.getvalue() == "# +1.500 a\\n<< b'x'\n"
