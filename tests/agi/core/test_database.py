"""The database: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIDBError
from pystrix.agi.core import DatabaseDel, DatabaseDeltree, DatabaseGet, DatabasePut
from tests.agi.conversation import CHUNKS, Case, Row, assert_outcome, cases, run

DONE: dict[bytes, object] = {
    b"200 result=1": None,
    b"200 result=0": AGIDBError,
    b"200 result=-1": AGIDBError,
}

GOLDEN = [
    Row(
        DatabaseGet("fam", "k"),
        b'DATABASE GET "fam" "k"\n',
        {
            b"200 result=1 (v)": "v",
            b"200 result=1 ()": "",
            b"200 result=1 (a (b) c)": "a (b) c",
            b"200 result=1 (hangup)": "hangup",
            b"200 result=1 (zo\xc3\xab\xff)": "zo\u00eb\udcff",
            b"200 result=1 (" + b"B" * 5000 + b")": "B" * 5000,
            b"200 result=0": AGIDBError,
            b"200 result=-1": AGIDBError,
            b"200 result=x": AGIDBError,
        },
    ),
    Row(DatabaseGet("", ""), b'DATABASE GET "" ""\n', {}),
    Row(DatabasePut("fam", "k", "a b"), b'DATABASE PUT "fam" "k" "a b"\n', DONE),
    Row(DatabasePut("fam/sub", 1, 2), b'DATABASE PUT "fam/sub" "1" "2"\n', {}),
    Row(DatabaseDel("fam", "k"), b'DATABASE DEL "fam" "k"\n', DONE),
    Row(
        DatabaseDeltree("fam"),
        b'DATABASE DELTREE "fam"\n',
        {
            b"200 result=0": None,  # the inverse of all others
            b"200 result=1": AGIDBError,
            b"200 result=-1": AGIDBError,
        },
    ),
    Row(DatabaseDeltree("fam", "sub"), b'DATABASE DELTREE "fam" "sub"\n', {}),
    Row(DatabaseDeltree("fam", ""), b'DATABASE DELTREE "fam" ""\n', {}),
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


def test_deltree_of_everything() -> None:
    """An empty family would delete the whole database; it is refused."""
    for keytree in (None, "sub"):
        with pytest.raises(ValueError, match="empty family"):
            DatabaseDeltree("", keytree)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_value_of_several_lines(chunk: int | None) -> None:
    """A value with line feeds arrives as it is."""
    assert run(DatabaseGet("f", "k"), b"200 result=1 (a\nb\n)\n", chunk=chunk) == "a\nb\n"


def test_no_failure_is_a_hangup() -> None:
    """A database command works on a dead channel: -1 is not worth a question."""
    sent: list[bytes] = []
    with pytest.raises(AGIDBError, match="-1"):
        run(DatabaseDel("f", "k"), b"200 result=-1\n", sent=sent)
    assert sent == [b'DATABASE DEL "f" "k"\n']
