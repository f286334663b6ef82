"""Reads lines from what an application sent, in the pieces in which Asterisk reads them."""

from __future__ import annotations

import re
from typing import Final

from pystrix.agi._wire import MAX_LINE, MAX_WORDS, split_words

PIECE: Final = 4096
"""Bytes that Asterisk reads at a time at most."""

FATAL_WORDS: Final = MAX_WORDS + 2
"""With so many words Asterisk aborts."""

# A word with its quotes and backslashes.
_WORD = re.compile(rb'(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^" \t\\]|\\(?:.|\Z))+', re.DOTALL)


def split_as_asterisk(line: bytes) -> list[bytes]:
    """Split a command line (without its line feed), as far as Asterisk has room for words.

    Those that are too many are dropped, but for those that begin with a quote: they are written
    behind the end of its table.
    """
    words = split_words(line)
    if len(words) <= MAX_WORDS:
        return words
    kept: list[bytes] = []
    for word in _WORD.findall(line):
        if len(kept) < MAX_WORDS or word.startswith(b'"'):
            kept += split_words(word)
    return kept


class LineBuffer:
    """What an application sent and Asterisk has not yet run.

    Asterisk looks for lines only when there is something to read. It then takes one line, but all
    bytes of a piece: lines that came with it wait until there is something to read again. Until
    it has a whole line it notices nothing else.
    """

    def __init__(self) -> None:
        self._unread = bytearray()
        self._read = bytearray()
        self._line = b""  # as far as it has come
        self.eof = False
        """Whether the application sends no more."""
        self.within: bool = False
        """Whether Asterisk waits for the rest of a line."""

    @property
    def readable(self) -> bool:
        """Whether there is something to read, be it the end."""
        return bool(self._unread) or self.eof

    def receive_data(self, data: bytes) -> None:
        """Take what the application sent."""
        self._unread += data

    def receive_eof(self) -> None:
        """Take the end of it."""
        self.eof = True

    def read_line(self) -> bytes | None:
        """Take a line, or what fills Asterisk's buffer; None if there is no whole one.

        A NUL hides the rest of what was read with it, the line feed too, so that what comes next
        belongs to the same line.
        """
        while part := self._part(MAX_LINE - len(self._line)):
            self._line += part.partition(b"\0")[0]
            if self._line.endswith(b"\n") or len(self._line) == MAX_LINE:
                return self._take()
        if self.eof and self._line:
            return self._take()
        self.within = not self.eof
        return None

    def _take(self) -> bytes:
        line, self._line, self.within = self._line, b"", False
        return line.removesuffix(b"\n")

    def _part(self, most: int) -> bytes:
        """Take up to a line feed, so many bytes, or what there is."""
        end = self._read.find(b"\n", 0, most)
        while end < 0 and len(self._read) < most and self._unread:
            start = len(self._read)
            self._read += self._unread[:PIECE]
            del self._unread[:PIECE]
            end = self._read.find(b"\n", start, most)
        size = end + 1 if end >= 0 else most
        part = bytes(self._read[:size])
        del self._read[:size]
        return part
