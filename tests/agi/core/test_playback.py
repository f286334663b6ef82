"""Playing: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import ControlStreamFile, Interruption, SetMusic, StreamFile
from tests.agi.conversation import (
    CHUNKS,
    WAYS_TO_HANG_UP,
    Case,
    Row,
    assert_outcome,
    cases,
    plain,
    run,
)

MUSIC: dict[bytes, object] = {b"200 result=0": plain(0)}

GOLDEN = [
    Row(
        StreamFile("demo-congrats"),
        b'STREAM FILE "demo-congrats" "" "0"\n',
        {
            b"200 result=0 endpos=3520": None,
            b"200 result=0": None,
            b"200 result=53 endpos=8800": Interruption("5", 8800),
            b"200 result=35 endpos=16800": Interruption("#", 16800),
            b"200 result=42 endpos=0": Interruption("*", 0),
            b"200 result=65 endpos=8800": Interruption("A", 8800),
            b"200 result=-1 endpos=0": AGIAppError,
            b"200 result=-1 endpos=800": AGIAppError,
            b"200 result=53": AGIAppError,
            b"200 result=53 endpos=": AGIAppError,
            b"200 result=53 endpos=x": AGIAppError,
            b"200 result=x endpos=1": AGIAppError,
            b"200 result= endpos=1": AGIAppError,
            b"200 result=1114112 endpos=1": AGIAppError,
        },
    ),
    Row(StreamFile("f", "1 2#"), b'STREAM FILE "f" "1 2#" "0"\n', {}),
    Row(StreamFile("f", ("1", 2, "*")), b'STREAM FILE "f" "12*" "0"\n', {}),
    Row(StreamFile("f", [1, 2]), b'STREAM FILE "f" "12" "0"\n', {}),
    Row(StreamFile("f", frozenset({7})), b'STREAM FILE "f" "7" "0"\n', {}),
    Row(StreamFile("a b", "", 8000), b'STREAM FILE "a b" "" "8000"\n', {}),
    Row(
        ControlStreamFile("beep"),
        b'CONTROL STREAM FILE "beep" "" "3000" "" "" "" "0"\n',
        {
            b"200 result=0 endpos=-1": None,
            b"200 result=49 endpos=1120": "1",
            b"200 result=-1 endpos=-1": AGIAppError,
        },
    ),
    Row(
        ControlStreamFile("beep", (1, "9"), 16000, "#", "*", 0, skip=1000),
        b'CONTROL STREAM FILE "beep" "19" "1000" "#" "*" "0" "2000"\n',
        {},
    ),
    Row(SetMusic(on=True), b'SET MUSIC "on"\n', MUSIC),
    Row(SetMusic(on=False), b'SET MUSIC "off"\n', MUSIC),
    Row(SetMusic(True, "default"), b'SET MUSIC "on" "default"\n', MUSIC),
]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: repr(row.action))
def test_line(row: Row) -> None:
    """Each action sends exactly its line."""
    assert row.action.wire == row.line


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("case", cases(GOLDEN))
def test_outcome(case: Case, chunk: int | None) -> None:
    """Each reply gives its result, however it arrives."""
    assert_outcome(case, chunk)


@pytest.mark.parametrize(("tail", "more", "chunk"), WAYS_TO_HANG_UP)
def test_hangup_while_playing(tail: bytes, more: tuple[bytes, ...], chunk: int | None) -> None:
    """A hang-up is told by its line or found by asking, not taken for a missing file."""
    with pytest.raises(AGIResultHangup, match="STREAM FILE") as caught:
        run(StreamFile("f"), b"200 result=-1 endpos=4800\n" + tail, *more, chunk=chunk)
    assert caught.value.items["endpos"].value == "4800"
