"""Recording: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import FORMAT_GSM, RecordFile, Recording
from tests.agi.conversation import (
    ALIVE,
    CHUNKS,
    WAYS_TO_HANG_UP,
    Case,
    Row,
    assert_outcome,
    cases,
    run,
)

GOLDEN = [
    Row(
        RecordFile("/tmp/r1"),  # noqa: S108 - on Asterisk's machine
        b'RECORD FILE "/tmp/r1" "wav" "" "-1" "0" "beep"\n',
        {
            b"200 result=35 (dtmf) endpos=3200": Recording("#", 3200, timed_out=False),
            b"200 result=53 (dtmf) endpos=0": Recording("5", 0, timed_out=False),
            b"200 result=0 (dtmf) endpos=8": Recording("", 8, timed_out=False),
            b"200 result=0 (timeout) endpos=12000": Recording("", 12000, timed_out=True),
            # What is left of the time, in ms; 35 and 49 are no digits here.
            b"200 result=35 (timeout) endpos=1": Recording("", 1, timed_out=True),
            b"200 result=49 (timeout) endpos=1": Recording("", 1, timed_out=True),
            b"200 result=5079 (timeout) endpos=11520": Recording("", 11520, timed_out=True),
            b"200 result=53 (randomerror) endpos=0": AGIAppError,
            b"200 result=-1 (writefile)": AGIAppError,
            b"200 result=-1 (waitfor) endpos=0": AGIAppError,
            b"200 result=-1": AGIAppError,
            b"200 result=0": AGIAppError,
            b"200 result=35 (dtmf)": AGIAppError,
        },
    ),
    Row(
        RecordFile("r", FORMAT_GSM, "#", 700, beep=False),
        b'RECORD FILE "r" "gsm" "#" "700" "0"\n',
        {},
    ),
    Row(
        RecordFile("r", "gsm", (0, "#"), 8000, 4000, silence=2),
        b'RECORD FILE "r" "gsm" "0#" "8000" "4000" "beep" "s=2"\n',
        {},
    ),
    Row(
        RecordFile("a b", beep=False, silence=0),
        b'RECORD FILE "a b" "wav" "" "-1" "0" "s=0"\n',
        {},
    ),
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
def test_hangup_while_recording(tail: bytes, more: tuple[bytes, ...], chunk: int | None) -> None:
    """A hang-up is a hang-up, and tells how much was recorded."""
    reply = b"200 result=-1 (hangup) endpos=4800\n"
    with pytest.raises(AGIResultHangup) as caught:
        run(RecordFile("r"), reply + tail, *more, chunk=chunk)
    assert caught.value.items["endpos"].value == "4800"


def test_hangup_tag_on_a_living_channel() -> None:
    """A tag of a hang-up that the channel's state refutes is a failure that names the tag."""
    with pytest.raises(AGIAppError, match="hangup"):
        run(RecordFile("r"), b"200 result=-1 (hangup) endpos=0\n", ALIVE)


@pytest.mark.parametrize("tag", ["writefile", "randomerror"])
def test_error_names_the_tag(tag: str) -> None:
    """The error tells why nothing was recorded."""
    with pytest.raises(AGIAppError, match=tag):
        run(RecordFile("r"), f"200 result=1 ({tag}) endpos=0\n".encode())
