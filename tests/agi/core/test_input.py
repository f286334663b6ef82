"""Asking for keys: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import Data, GetData, GetOption, Interruption, WaitForDigit
from tests.agi.conversation import CHUNKS, DEAD, Case, Row, assert_outcome, cases, run

GOLDEN = [
    Row(
        GetData("beep"),
        b'GET DATA "beep" "2000" "255"\n',
        {
            b"200 result=12": Data("12", timed_out=False),
            b"200 result=0012": Data("0012", timed_out=False),
            b"200 result=1": Data("1", timed_out=False),
            b"200 result=": Data("", timed_out=False),
            b"200 result=*": Data("*", timed_out=False),
            b"200 result=12 (timeout)": Data("12", timed_out=True),
            b"200 result=*1* (timeout)": Data("*1*", timed_out=True),
            b"200 result= (timeout)": Data("", timed_out=True),
            b"200 result=-1": AGIAppError,
        },
    ),
    Row(GetData("", 800, 1), b'GET DATA "" "800" "1"\n', {}),
    Row(GetData("f", -1, 1024), b'GET DATA "f" "-1" "1024"\n', {}),
    Row(
        GetOption("beep", "12"),
        b'GET OPTION "beep" "12" "2000"\n',
        {
            b"200 result=50 endpos=3520": Interruption("2", 3520),
            b"200 result=0 endpos=3520": None,
            b"200 result=-1 endpos=0": AGIAppError,
            b"200 result=50": AGIAppError,
        },
    ),
    Row(GetOption("f"), b'GET OPTION "f" "" "2000"\n', {}),
    Row(GetOption("f", {5}, 0), b'GET OPTION "f" "5" "0"\n', {}),
    Row(
        WaitForDigit(),
        b'WAIT FOR DIGIT "-1"\n',
        {
            b"200 result=0": None,
            b"200 result=49": "1",
            b"200 result=42": "*",
            b"200 result=35": "#",
            b"200 result=68": "D",
            b"200 result=-1": AGIAppError,
        },
    ),
    Row(WaitForDigit(500), b'WAIT FOR DIGIT "500"\n', {}),
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


@pytest.mark.parametrize("maximum", [0, -1, 1025, 10**9])
def test_get_data_beyond_the_buffer(maximum: int) -> None:
    """A number of digits that Asterisk cannot collect is refused by its value."""
    with pytest.raises(ValueError, match=str(maximum)):
        GetData("beep", 2000, maximum)


def test_data_is_a_pair() -> None:
    """The result unpacks as in 1.x."""
    digits, timed_out = run(GetData("beep"), b"200 result=12 (timeout)\n")
    assert (digits, timed_out) == ("12", True)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("action", [GetData("f"), GetOption("f"), WaitForDigit()], ids=repr)
def test_hangup_while_asking(action: GetData | GetOption | WaitForDigit, chunk: int | None) -> None:
    """A result of -1 on a channel that turns out dead is a hang-up."""
    with pytest.raises(AGIResultHangup):
        run(action, b"200 result=-1\n", DEAD, chunk=chunk)
