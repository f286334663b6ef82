r"""Transcripts: the lines of a session as text that is read, kept, compared and replayed.

Each line of the text is one of::

    # +1.234              seconds since the session began, for what follows
    # caller presses 5    what else happened, or any remark
    << b'ANSWER\n'        what the application sent
    >> b'200 result=0\n'  what Asterisk sent

The bytes are Python's, so that a transcript holds exactly what was sent; long runs may be written
``b'v'*8000``, and such parts added with ``+``.
"""

from __future__ import annotations

import ast
import dataclasses
import operator
import re
from typing import TYPE_CHECKING, Final, Literal

from pystrix.testing.record import Command, Entry, Heard, HungUp, Key, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self

FROM_ASTERISK: Final = ">>"
FROM_APPLICATION: Final = "<<"

_TIME = re.compile(r"# \+(\d+\.\d+)(?: (.*))?")
_END = re.compile(r"\r?\n")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_LONGEST: Final = 4_000_000  # bytes


class TranscriptError(ValueError):
    """A text is no transcript."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line of a session, or a remark."""

    kind: Literal[">>", "<<", "#"]
    """``>>`` from Asterisk, ``<<`` from the application, ``#`` for what else happened."""
    data: bytes = b""
    """The bytes, with their line feeds."""
    text: str = ""
    """What else happened."""
    time: float | None = None
    """When, in seconds since the session began; None if the transcript does not say."""


@dataclasses.dataclass(frozen=True)
class Transcript:
    """The lines of a session."""

    lines: tuple[Line, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of one.

        Raises:
            TranscriptError: If a line is none.
        """
        lines: list[Line] = []
        time: float | None = None
        for number, line in enumerate(_END.split(text), 1):
            match = _TIME.fullmatch(line)
            if match is not None:
                time = float(match[1])
                if match[2]:
                    lines.append(Line("#", text=match[2], time=time))
            elif line.startswith("#"):
                lines.append(Line("#", text=line[1:].strip(), time=time))
            elif line[:3] in (">> ", "<< "):
                kind: Literal[">>", "<<"] = ">>" if line[0] == ">" else "<<"
                lines.append(Line(kind, _bytes(line[3:], number), time=time))
            elif line.strip():
                raise TranscriptError(f"line {number} is no line of a transcript: {line[:80]!r}")
        return cls(tuple(lines))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            TranscriptError: If it is none.
            OSError: If it cannot be read.
        """
        return cls.parse(path.read_text("utf-8"))

    @classmethod
    def of_timeline(cls, timeline: Iterable[Entry], sent: Iterable[Sent] = ()) -> Self:
        """Make one of what happened in a simulated call, and what Asterisk sent by itself."""
        places: list[tuple[float, Line]] = []
        for order, entry in enumerate(timeline):
            started, ended = _lines_of(entry)
            places += [(order, line) for line in started]
            if isinstance(entry, Command | Heard):
                # Where it ended: behind the last entry that there was by then. The end of a sound
                # comes before the reply.
                place = entry.after - (0.6 if isinstance(entry, Heard) else 0.5)
                places += [(place, line) for line in ended]
        for each in sent:
            lines = [
                Line(">>", data, time=_milliseconds(each.start))
                for data in _LINE.findall(each.data)
            ]
            remarks = [_remark(each.remark, each.start)] if each.remark else []
            places += [(each.after - 0.5, line) for line in (*lines, *remarks)]
        places.sort(key=operator.itemgetter(0))
        return cls(tuple(line for _, line in places))

    def __str__(self) -> str:
        out: list[str] = []
        last: float | None = None
        for line in self.lines:
            if line.time is not None and line.time != last:
                last = line.time
                out.append(f"# +{line.time:.3f}" + (f" {line.text}" if line.kind == "#" else ""))
                if line.kind == "#":
                    continue
            out.append(f"# {line.text}" if line.kind == "#" else f"{line.kind} {line.data!r}")
        return "".join(f"{line}\n" for line in out)

    @property
    def exchanged(self) -> list[tuple[str, bytes]]:
        """What was sent, without times and remarks: direction and line."""
        return [(line.kind, line.data) for line in self.lines if line.kind != "#"]

    def differences(self, other: Transcript) -> list[str]:
        """Compare what was sent, line by line.

        Returns:
            A text for each line that differs, none if the two are equal.
        """
        ours, theirs = self.exchanged, other.exchanged
        found = [
            f"line {number}: {_shown(one)} here, {_shown(two)} there"
            for number, (one, two) in enumerate(zip(ours, theirs, strict=False), 1)
            if one != two
        ]
        for more, where in ((ours[len(theirs) :], "here"), (theirs[len(ours) :], "there")):
            found += [f"{_shown(line)} only {where}" for line in more]
        return found


def _shown(line: tuple[str, bytes]) -> str:
    return f"{line[0]} {line[1]!r}"


def _lines_of(entry: Entry) -> tuple[list[Line], list[Line]]:
    """Give the lines for the beginning of an entry and for its end."""
    match entry:
        case Command():
            replies = _LINE.findall(entry.reply or b"")
            return (
                [Line("<<", entry.line + b"\n", time=_milliseconds(entry.start))],
                [Line(">>", reply, time=_milliseconds(entry.end)) for reply in replies],
            )
        case Heard():
            begun = [_remark(f"caller hears {entry.what}", entry.start)]
            if entry.end is None or entry.whole:
                return begun, []
            return begun, [_remark(f"{entry.what} is cut short", entry.end)]
        case Key():
            lost = "" if entry.command else ", which is lost"
            return [_remark(f"caller presses {entry.digit}{lost}", entry.start)], []
        case HungUp():
            return [_remark(f"{entry.by} hangs up", entry.start)], []
        case _:
            return [_remark(entry.text, entry.start)], []


def _remark(text: str, time: float) -> Line:
    """Make a line of what else happened; what no text file could hold is escaped."""
    readable = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return Line("#", text=readable.strip(), time=_milliseconds(time))


def _milliseconds(time: float | None) -> float | None:
    """Round a time to what a transcript shows."""
    return None if time is None else round(time, 3)


def _bytes(text: str, number: int) -> bytes:
    """Read an expression of bytes: literals, ``*`` with a number, ``+``."""
    try:
        return _evaluate(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TranscriptError(f"line {number} holds no bytes of Python: {text[:80]!r}") from error


def _evaluate(node: ast.expr) -> bytes:
    match node:
        case ast.Constant(value=bytes() as value):
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _evaluate(left) + _evaluate(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)):
            part = _evaluate(left)
            if max(1, len(part)) * times > _LONGEST:
                raise ValueError(f"{times} times is too much")
            return part * times
        case _:
            raise ValueError("not an expression of bytes")
