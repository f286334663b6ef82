"""The dialplan: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup, AGIUsageError
from pystrix.agi.core import Exec, Gosub, Noop, SetContext, SetExtension, SetPriority, Verbose
from tests.agi.conversation import (
    ALIVE,
    CHUNKS,
    DEAD,
    USAGE,
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
        Exec("NoOp"),
        b'EXEC "NoOp"\n',
        {
            b"200 result=0": "0",
            b"200 result=-1": "-1",  # the callee of a Dial hung up
            b"200 result=49": "49",
            b"200 result=12": "12",
            b"200 result=": "",
            b"200 result=-2": AGIAppError,
        },
    ),
    Row(Exec("Dial", "PJSIP/a,10,g"), b'EXEC "Dial" "PJSIP/a,10,g"\n', {b"200 result=0": "0"}),
    Row(Exec("Dial", ("PJSIP/a", 10, None, "g")), b'EXEC "Dial" "PJSIP/a,10,,g"\n', {}),
    Row(Exec("Read", iter(["RR", None])), b'EXEC "Read" "RR,"\n', {}),
    Row(Exec("Answer", ""), b'EXEC "Answer"\n', {}),
    Row(Exec("Progress", iter(())), b'EXEC "Progress"\n', {}),
    Row(Exec("Wait", 0), b'EXEC "Wait" "0"\n', {}),
    Row(Exec("Wait", 1.5), b'EXEC "Wait" "1.5"\n', {}),
    Row(Exec("Set", 'A2="quoted, x" \\ y'), b'EXEC "Set" "A2=\\"quoted, x\\" \\\\ y"\n', {}),
    Row(Exec("Set", "A4=${EXTEN}"), b'EXEC "Set" "A4=${EXTEN}"\n', {}),
    Row(
        Gosub("subs", "s"),
        b'GOSUB "subs" "s" "1"\n',
        {
            b"200 result=0 Gosub complete": True,
            b"100 result=0 Trying...\n200 result=0 Gosub complete": True,
            b"100 result=0 Trying...\n200 result=0 Gosub complete (abnormal exit)": False,
            b"200 result=-1 Gosub label not found": AGIAppError,
        },
    ),
    Row(Gosub("subs", "s", "lbl", "a b,c d"), b'GOSUB "subs" "s" "lbl" "a b,c d"\n', {}),
    Row(Gosub("subs", "s", 2, ["a", None, 3]), b'GOSUB "subs" "s" "2" "a,,3"\n', {}),
    Row(Gosub("subs", "s", "a", 7), b'GOSUB "subs" "s" "a" "7"\n', {}),
    Row(Noop(), b"NOOP\n", DONE),
    Row(SetContext("a b"), b'SET CONTEXT "a b"\n', DONE),
    Row(SetExtension(100), b'SET EXTENSION "100"\n', DONE),
    Row(SetExtension("_X."), b'SET EXTENSION "_X."\n', DONE),
    Row(SetPriority(99), b'SET PRIORITY "99"\n', DONE),
    Row(SetPriority("lab"), b'SET PRIORITY "lab"\n', DONE),
    Row(Verbose("hello world"), b'VERBOSE "hello world" "1"\n', {b"200 result=1": plain(1)}),
    Row(Verbose(12.5, 3), b'VERBOSE "12.5" "3"\n', {b"200 result=1": plain(1)}),
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
def test_exec_with_code_1(chunk: int | None) -> None:
    """The usage block that follows an application's code of 1 belongs to it."""
    assert run(Exec("SMS", "q"), b"200 result=1\n" + USAGE, chunk=chunk) == "1"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_exec_meets_a_hangup(chunk: int | None) -> None:
    """A result of -1 is a hang-up if the channel turns out dead."""
    with pytest.raises(AGIResultHangup, match="Milliwatt"):
        run(Exec("Milliwatt"), b"200 result=-1\n", DEAD, chunk=chunk)
    assert run(Exec("Dial"), b"200 result=-1\n", ALIVE, chunk=chunk) == "-1"


@pytest.mark.parametrize("chunk", CHUNKS)
def test_gosub_left_by_a_hangup(chunk: int | None) -> None:
    """A hang-up in a subroutine ends it in another way than Return."""
    reply = b"100 result=0 Trying...\n200 result=0 Gosub complete (abnormal exit)\nHANGUP\n"
    assert run(Gosub("s", "s"), reply, chunk=chunk) is False


def test_gosub_error_names_asterisks_reason() -> None:
    """The error of a missing place carries what Asterisk said."""
    with pytest.raises(AGIAppError, match="label not found") as caught:
        run(Gosub("subs", "nosuch"), b"200 result=-1 Gosub label not found\n", ALIVE)
    assert "nosuch" in str(caught.value)


def test_unknown_priority_label() -> None:
    """A label that does not exist is a usage error."""
    with pytest.raises(AGIUsageError):
        run(SetPriority("nolabel"), USAGE)


def test_arguments_that_cannot_be_sent() -> None:
    """Bytes and line feeds among the arguments are refused."""
    with pytest.raises(TypeError):
        Exec("NoOp", ["a", b"b"])
    with pytest.raises(ValueError):
        Exec("NoOp", ["a", "b\nc"])
    with pytest.raises(ValueError):
        Gosub("c", "e", 1, "a\0")
