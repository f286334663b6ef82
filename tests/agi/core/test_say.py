"""Saying: lines and outcomes."""

from __future__ import annotations

import re
import time

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup, AGIUsageError
from pystrix.agi.core import (
    SayAlpha,
    SayDate,
    SayDatetime,
    SayDigits,
    SayNumber,
    SayPhonetic,
    SayTime,
)
from tests.agi.conversation import (
    CHUNKS,
    USAGE,
    WAYS_TO_HANG_UP,
    Case,
    Row,
    assert_outcome,
    cases,
    run,
)

DIGIT: dict[bytes, object] = {
    b"200 result=0": None,
    b"200 result=53": "5",
    b"200 result=35": "#",
    b"200 result=-1": AGIAppError,
    b"200 result=x": AGIAppError,
}

GOLDEN = [
    Row(SayAlpha("ab1"), b'SAY ALPHA "ab1" ""\n', DIGIT),
    Row(SayAlpha("", "5"), b'SAY ALPHA "" "5"\n', {}),
    Row(SayAlpha("aB", (1, "#"), case="u"), b'SAY ALPHA "aB" "1#" "u"\n', {}),
    Row(SayDate(0), b'SAY DATE "0" ""\n', DIGIT),
    Row(SayDate(1700000000.9, "5"), b'SAY DATE "1700000000" "5"\n', {}),
    Row(SayDate(-1), b'SAY DATE "-1" ""\n', {}),
    Row(SayDatetime(0), b'SAY DATETIME "0" ""\n', DIGIT),
    Row(SayDatetime(0, "5", "HM"), b'SAY DATETIME "0" "5" "HM"\n', {}),
    Row(
        SayDatetime(0, format="HM", timezone="Europe/Berlin"),
        b'SAY DATETIME "0" "" "HM" "Europe/Berlin"\n',
        {},
    ),
    Row(
        SayDatetime(0, timezone="UTC"),
        b'SAY DATETIME "0" "" "ABdY \'digits/at\' IMp" "UTC"\n',
        {},
    ),
    Row(SayDatetime(0, format=""), b'SAY DATETIME "0" "" ""\n', {}),
    Row(SayDigits("007"), b'SAY DIGITS "007" ""\n', DIGIT),
    Row(SayDigits(123, "5"), b'SAY DIGITS "123" "5"\n', {}),
    Row(SayDigits(["1", 2, "*"], [3]), b'SAY DIGITS "12*" "3"\n', {}),
    Row(SayNumber(12), b'SAY NUMBER "12" ""\n', DIGIT),
    Row(SayNumber("-7", ("1", "2")), b'SAY NUMBER "-7" "12"\n', {}),
    Row(SayNumber(1, gender="f"), b'SAY NUMBER "1" "" "f"\n', {}),
    Row(SayPhonetic("a b"), b'SAY PHONETIC "a b" ""\n', DIGIT),
    Row(SayPhonetic("a", "5"), b'SAY PHONETIC "a" "5"\n', {}),
    Row(SayTime(0), b'SAY TIME "0" ""\n', DIGIT),
    Row(SayTime(86399.99, "#"), b'SAY TIME "86399" "#"\n', {}),
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


@pytest.mark.parametrize("action", [SayDate, SayTime, SayDatetime])
def test_now(action: type[SayDate | SayTime | SayDatetime]) -> None:
    """Without a moment it is the present one."""
    before = int(time.time())
    command = action().command
    found = re.fullmatch(r'(SAY \w+) "(\d+)" ""\n', command)
    assert found, command
    assert before <= int(found[2]) <= int(time.time())
    assert found[1].replace(" ", "").lower() == action.__name__.lower()


def test_what_asterisk_cannot_say() -> None:
    """A text that is no number is a usage error."""
    with pytest.raises(AGIUsageError):
        run(SayNumber("abc"), USAGE)


@pytest.mark.parametrize(("tail", "more", "chunk"), WAYS_TO_HANG_UP)
def test_hangup_while_saying(tail: bytes, more: tuple[bytes, ...], chunk: int | None) -> None:
    """A hang-up is told by its line or found by asking."""
    with pytest.raises(AGIResultHangup, match="SAY DIGITS"):
        run(SayDigits(1), b"200 result=-1\n" + tail, *more, chunk=chunk)
