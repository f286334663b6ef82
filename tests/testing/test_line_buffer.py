"""Lines as Asterisk reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.agi._wire import MAX_LINE
from pystrix.testing._line_buffer import PIECE, LineBuffer


def buffer(*pieces: bytes) -> LineBuffer:
    """Make a buffer with these pieces in it, not read."""
    made = LineBuffer()
    for piece in pieces:
        made.receive_data(piece)
    return made


def drain(made: LineBuffer) -> list[bytes]:
    """Take lines as long as there is something to read."""
    lines: list[bytes] = []
    while made.readable and (line := made.read_line()) is not None:
        lines.append(line)
    return lines


def test_lines_of_one_piece_wait() -> None:
    """One line for each time that there is something to read."""
    made = buffer(b"one\ntwo\nthree\n")
    assert made.readable
    assert drain(made) == [b"one"]
    assert not made.readable
    made.receive_data(b"four\nfive\n")
    assert drain(made) == [b"two", b"three", b"four"]
    made.receive_eof()
    assert made.readable
    assert drain(made) == [b"five"]
    assert made.read_line() is None


def test_half_a_line() -> None:
    """It waits for its end, or for that of all."""
    made = buffer(b"on", b"e")
    assert drain(made) == []
    made.receive_data(b"\ntw")
    assert drain(made) == [b"one"]
    assert made.read_line() is None
    made.receive_eof()
    assert drain(made) == [b"tw"]
    assert made.readable
    assert made.read_line() is None


@pytest.mark.parametrize(
    ("length", "sizes"),
    [
        (MAX_LINE - 1, [MAX_LINE - 1]),
        (MAX_LINE, [MAX_LINE, 0]),
        (MAX_LINE + 5, [MAX_LINE, 5]),
        (2 * MAX_LINE + 5, [MAX_LINE, MAX_LINE, 5]),
    ],
)
def test_long_lines(length: int, sizes: list[int]) -> None:
    """What fills the buffer is a line, and the rest another."""
    made = buffer(b"v" * length + b"\n")
    lines = drain(made)
    made.receive_eof()
    assert [len(line) for line in [*lines, *drain(made)]] == sizes


@given(st.lists(st.binary(max_size=3 * PIECE), max_size=6))
def test_nothing_is_lost(pieces: list[bytes]) -> None:
    """All bytes come back, in lines of the size that they may have."""
    made = buffer()
    lines: list[bytes] = []
    for piece in pieces:
        made.receive_data(piece)
        lines += drain(made)
    made.receive_eof()
    lines += drain(made)
    assert all(len(line) <= MAX_LINE for line in lines)
    assert b"".join(lines) == b"".join(pieces).replace(b"\n", b"")
