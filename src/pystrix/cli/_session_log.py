"""Writes a transcript while the session goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from pystrix.cli._output import plain
from pystrix.testing.transcript import Line, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    Direction = Literal[">>", "<<"]

LONGEST_LINE: Final = 64 * 1024
"""Bytes. What has no line feed up to there is written as it is."""


class SessionLog:
    """The transcript of a session, written line by line.

    Args:
        file: Where to.
        clock: Gives the seconds since the session began.
        most: How many characters are written at most.

    Each method raises OSError if the file takes no more.
    """

    def __init__(
        self, file: TextIO, clock: Callable[[], float], most: float = float("inf")
    ) -> None:
        self._file = file
        self._clock = clock
        self._left = most
        self._time = ""
        self._parts: dict[Direction, bytes] = {">>": b"", "<<": b""}

    def sent(self, direction: Direction, data: bytes) -> None:
        """Take what one side has sent: ``>>`` is Asterisk, ``<<`` the application."""
        *lines, part = (self._parts[direction] + data).split(b"\n")
        for line in lines:
            self._write(Line(direction, line + b"\n"))
        if len(part) >= LONGEST_LINE:
            self._write(Line(direction, part))
            part = b""
        self._parts[direction] = part

    def remark(self, text: str) -> None:
        """Write what else has happened."""
        self._write(Line("#", text=plain(text)))

    def end(self, direction: Direction) -> None:
        """Write what has come of an unfinished line."""
        if part := self._parts[direction]:
            self._parts[direction] = b""
            self._write(Line(direction, part))

    def _write(self, line: Line) -> None:
        if self._left <= 0:
            return
        time = self._clock()
        shown = f"{time:.3f}"
        kept = Line(line.kind, line.data, line.text, None if shown == self._time else time)
        self._time = shown
        text = str(Transcript((kept,)))
        self._left -= len(text)
        self._file.write(text if self._left > 0 else f"{text}# the rest is not recorded\n")
