"""Text and images: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import (
    TDD_MATE,
    TDD_OFF,
    TDD_ON,
    Character,
    ReceiveChar,
    ReceiveText,
    SendImage,
    SendText,
    TDDMode,
)
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

DONE: dict[bytes, object] = {b"200 result=0": plain(0), b"200 result=-1": AGIAppError}

GOLDEN = [
    Row(
        ReceiveChar(),
        b'RECEIVE CHAR "0"\n',
        {
            b"200 result=104": Character("h", timed_out=False),
            b"200 result=104 (timeout)": Character("h", timed_out=True),
            b"200 result=0": None,
            b"200 result=-1 (hangup)": AGIAppError,
            b"200 result=-1": AGIAppError,
            b"200 result=h": AGIAppError,
        },
    ),
    Row(ReceiveChar(300), b'RECEIVE CHAR "300"\n', {}),
    Row(
        ReceiveText(),
        b'RECEIVE TEXT "0"\n',
        {
            b"200 result=1 (hello (there))": "hello (there)",
            b"200 result=1 (line1\\nl2)": "line1\\nl2",
            b"200 result=1 ()": "",
            b"200 result=1 (zo\xc3\xab \xff)": "zo\u00eb \udcff",
            b"200 result=1 (hangup)": "hangup",
            b"200 result=0": AGIAppError,
            b"200 result=-1": AGIAppError,
        },
    ),
    Row(ReceiveText(500), b'RECEIVE TEXT "500"\n', {}),
    Row(SendImage("foo"), b'SEND IMAGE "foo"\n', DONE),
    Row(SendText("hello world"), b'SEND TEXT "hello world"\n', DONE),
    Row(SendText(""), b'SEND TEXT ""\n', {}),
    Row(SendText(42), b'SEND TEXT "42"\n', {}),
    Row(
        TDDMode(TDD_ON),
        b'TDD MODE "on"\n',
        {
            b"200 result=1": True,
            b"200 result=0": False,
            b"200 result=-1": AGIAppError,
            b"200 result=on": AGIAppError,
        },
    ),
    Row(TDDMode(TDD_OFF), b'TDD MODE "off"\n', {}),
    Row(TDDMode(TDD_MATE), b'TDD MODE "mate"\n', {}),
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


@pytest.mark.parametrize("chunk", CHUNKS)
def test_text_of_several_lines(chunk: int | None) -> None:
    """A text that does not close in its line goes on in the next."""
    assert run(ReceiveText(), b"200 result=1 (a\nb\n)\n", chunk=chunk) == "a\nb\n"


@pytest.mark.parametrize(("tail", "more", "chunk"), WAYS_TO_HANG_UP)
@pytest.mark.parametrize(
    ("action", "reply"),
    [(ReceiveChar(), b"200 result=-1 (hangup)\n"), (ReceiveText(), b"200 result=-1\n")],
    ids=["RECEIVE CHAR", "RECEIVE TEXT"],
)
def test_hangup_while_receiving(
    action: ReceiveChar | ReceiveText,
    reply: bytes,
    tail: bytes,
    more: tuple[bytes, ...],
    chunk: int | None,
) -> None:
    """A hang-up is a hang-up, though a timeout looks the same."""
    with pytest.raises(AGIResultHangup, match="RECEIVE"):
        run(action, reply + tail, *more, chunk=chunk)
