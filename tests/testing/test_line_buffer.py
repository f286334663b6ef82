"""Lines as Asterisk reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.agi._wire import MAX_LINE, MAX_WORDS, split_words
from pystrix.testing._line_buffer import PIECE, LineBuffer, split_as_asterisk


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
    if b"\0" not in b"".join(pieces):
        assert b"".join(lines) == b"".join(pieces).replace(b"\n", b"")


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"ab\0cd\n"], []),
        ([b"ab\0cd\n", b"ef\n"], [b"abef"]),
        ([b"ab\0cd\nef\n"], [b"abef"]),
        ([b"one\nab\0cd\n", b"ef\n"], [b"one", b"abef"]),
        ([b"ab\0", b"cd\n"], [b"abcd"]),
        ([b"ab\0x", b"cd\n"], [b"abcd"]),
        ([b"\0one\n", b"two\n"], [b"two"]),
        ([b"\0" * 9000, b"\n"], [b""]),
    ],
)
def test_nul(pieces: list[bytes], lines: list[bytes]) -> None:
    """It hides the rest of what was read with it, the line feed too."""
    made = buffer()
    found: list[bytes] = []
    for piece in pieces:
        made.receive_data(piece)
        found += drain(made)
    assert found == lines
    assert made.within == (not lines)
    made.receive_eof()
    assert drain(made) == ([] if lines else [b"ab"])
    assert not made.within


@pytest.mark.parametrize(
    ("line", "count"),
    [
        (b"NOOP" + b" x" * 126, 127),
        (b"NOOP" + b" x" * 127, 127),
        (b"NOOP" + b" x" * 500, 127),
        (b"NOOP" + b' "x y"' * 126, 127),
        (b"NOOP" + b' "x y"' * 127, 128),
        (b"NOOP" + b' "x y"' * 128, 129),
        (b"NOOP" + b" x" * 500 + b' "y" z "open', 129),
        (b"NOOP" + b" \\ x" * 127, 127),
    ],
)
def test_words(line: bytes, count: int) -> None:
    """Too many words are dropped, unless they begin with a quote."""
    words = split_as_asterisk(line)
    assert len(words) == count
    assert words[0] == b"NOOP"


@given(st.lists(st.sampled_from([b" ", b"\t", b'"', b"\\", b"a", b"bc", b'"d e"']), max_size=900))
def test_words_are_those_of_the_library(parts: list[bytes]) -> None:
    """As far as there is room for them."""
    line = b"".join(parts)
    every, kept = split_words(line), split_as_asterisk(line)
    assert kept[:MAX_WORDS] == every[:MAX_WORDS]
