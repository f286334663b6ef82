"""The call itself: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import (
    Answer,
    AsyncAGIBreak,
    ChannelStatus,
    Hangup,
    SetAutohangup,
    SetCallerid,
)
from tests.agi.conversation import CHUNKS, DEAD, Case, Row, assert_outcome, cases, plain, run

DONE: dict[bytes, object] = {b"200 result=0": plain(0), b"200 result=-1": AGIAppError}
SET: dict[bytes, object] = {b"200 result=1": plain(1)}

GOLDEN = [
    Row(Answer(), b"ANSWER\n", DONE),
    Row(AsyncAGIBreak(), b"ASYNCAGI BREAK\n", {b"200 result=0": plain(0)}),
    Row(
        ChannelStatus(),
        b"CHANNEL STATUS\n",
        {
            b"200 result=%d" % state: state  # what the CHANNEL_... constants say
            for state in range(8)
        },
    ),
    Row(
        ChannelStatus("Local/x@y;2"),
        b'CHANNEL STATUS "Local/x@y;2"\n',
        {b"200 result=6": 6, b"200 result=-1": -1, b"200 result=up": AGIAppError},
    ),
    Row(Hangup(), b"HANGUP\n", {b"200 result=1": plain(1)}),
    Row(
        Hangup("PJSIP/a b"),
        b'HANGUP "PJSIP/a b"\n',
        {b"200 result=1": plain(1), b"200 result=-1": AGIAppError},
    ),
    Row(SetAutohangup(), b'SET AUTOHANGUP "0"\n', DONE),
    Row(SetAutohangup(100), b'SET AUTOHANGUP "100"\n', DONE),
    Row(SetAutohangup(1.5), b'SET AUTOHANGUP "1.5"\n', DONE),
    Row(SetCallerid("5551234"), b'SET CALLERID "<5551234>"\n', SET),
    Row(SetCallerid(555, "Jo Bob"), b'SET CALLERID "\\"Jo Bob\\" <555>"\n', SET),
    Row(SetCallerid("+4930", ""), b'SET CALLERID "\\"\\" <+4930>"\n', SET),
    Row(SetCallerid("", "Zo\u00eb"), b'SET CALLERID "\\"Zo\xc3\xab\\" <>"\n', SET),
    Row(
        SetCallerid("1", 'a"b\\c<d>'),
        b'SET CALLERID "\\"a\\\\\\"b\\\\\\\\c<d>\\" <1>"\n',
        SET,
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


@pytest.mark.parametrize("chunk", CHUNKS)
def test_hangup_of_the_own_channel(chunk: int | None) -> None:
    """The HANGUP line behind the reply of HANGUP does not hide its result."""
    assert run(Hangup(), b"200 result=1\nHANGUP\n", chunk=chunk) == plain(1)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_answer_meets_a_hangup(chunk: int | None) -> None:
    """A result of -1 on a channel that turns out dead is a hang-up."""
    with pytest.raises(AGIResultHangup, match="ANSWER"):
        run(Answer(), b"200 result=-1\n", DEAD, chunk=chunk)


def test_status_of_no_channel_needs_no_question() -> None:
    """CHANNEL STATUS of another channel gives -1 without asking for the own one."""
    sent: list[bytes] = []
    assert run(ChannelStatus("nochan"), b"200 result=-1\n", sent=sent) == -1
    assert sent == [b'CHANNEL STATUS "nochan"\n']


@pytest.mark.parametrize("number", ["1>2", "<1", "a<b>"])
def test_callerid_number_that_would_be_another(number: str) -> None:
    """A number in which Asterisk would read another one is refused by its value."""
    with pytest.raises(ValueError, match=number):
        SetCallerid(number)
    with pytest.raises(ValueError, match=number):
        SetCallerid(number, "name")


@pytest.mark.parametrize("text", ["a\nb", "a\0b"])
def test_callerid_that_cannot_be_sent(text: str) -> None:
    """A line feed or NUL is refused in number and name."""
    with pytest.raises(ValueError):
        SetCallerid(text)
    with pytest.raises(ValueError):
        SetCallerid("1", text)
