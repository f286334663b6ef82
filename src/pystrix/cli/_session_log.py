"""Writes a transcript while the session goes on."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, Literal, TextIO

from pystrix.cli._output import plain, reason
from pystrix.testing.transcript import Line, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    Direction = Literal[">>", "<<"]

LONGEST_LINE: Final = 64 * 1024
"""Bytes. What has no line feed up to there is written as it is."""


class SessionLog:
    """The transcript of a session, written line by line.

    Args:
        file: Where to.
        clock: Gives the seconds since the session began.
        most: How many characters are written at most.
        tell: Called with the reason when the file takes no more; nothing is written from then on.
    """

    def __init__(
        self,
        file: TextIO,
        clock: Callable[[], float],
        most: float = float("inf"),
        *,
        tell: Callable[[str], object],
    ) -> None:
        self.failure: str = ""
        """Why nothing more is written, ``""`` if that is not so."""
        self._file = file
        self._tell = tell
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

    def close(self) -> None:
        """Close the file."""
        with self._telling():
            self._file.close()

    @contextlib.contextmanager
    def _telling(self) -> Generator[None]:
        """Tell, once, that the file takes no more."""
        try:
            yield
        except OSError as error:
            if not self.failure:
                self.failure = reason(error)
                self._tell(self.failure)

    def _write(self, line: Line) -> None:
        if self._left <= 0 or self.failure:
            return
        time = self._clock()
        shown = f"{time:.3f}"
        kept = Line(line.kind, line.data, line.text, None if shown == self._time else time)
        self._time = shown
        text = str(Transcript((kept,)))
        self._left -= len(text)
        with self._telling():
            self._file.write(text if self._left > 0 else f"{text}# the rest is not recorded\n")


def create(path: Path, mode: Literal["w", "x"]) -> TextIO:
    """Open a file for a transcript, that only its owner reads: callers type their secrets.

    Raises:
        OSError: If that cannot be.
    """
    return open(  # a path's open has no opener
        path,
        mode,
        buffering=1,
        encoding="utf-8",
        opener=lambda name, flags: os.open(name, flags, 0o600),
    )
