"""Reads lines from what an application sent, in the pieces in which Asterisk reads them."""

from __future__ import annotations

from typing import Final

from pystrix.agi._wire import MAX_LINE

PIECE: Final = 4096
"""Bytes that Asterisk reads at a time at most."""


class LineBuffer:
    """What an application sent and Asterisk has not yet run.

    Asterisk looks for lines only when there is something to read. It then takes one line, but all
    bytes of a piece: lines that came with it wait until there is something to read again.
    """

    def __init__(self) -> None:
        self._unread = bytearray()
        self._read = bytearray()
        self.eof = False
        """Whether the application sends no more."""

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
        """Take a line, or what fills Asterisk's buffer; None if there is no whole one."""
        end = self._read.find(b"\n", 0, MAX_LINE)
        while end < 0 and len(self._read) < MAX_LINE and self._unread:
            start = len(self._read)
            self._read += self._unread[:PIECE]
            del self._unread[:PIECE]
            end = self._read.find(b"\n", start, MAX_LINE)
        if end < 0 and len(self._read) < MAX_LINE and not (self.eof and self._read):
            return None
        size = end + 1 if end >= 0 else min(len(self._read), MAX_LINE)
        line = bytes(self._read[:size])
        del self._read[:size]
        return line.removesuffix(b"\n")
