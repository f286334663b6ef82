"""Plays recorded sessions against the simulated channel, and keeps what it answers."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pystrix.testing import Channel, Setup, Transcript

if TYPE_CHECKING:
    from collections.abc import Container

    from pystrix.testing.transcript import Line

FOLDER: Final = Path(__file__).parent / "transcripts"

TONE: Final = 0.1
"""Seconds: a recorded key is there when its tone begins, and counts when the tone is over."""

_NEXT = re.compile(r"={4} .*|-{4} .*")
_KEY = re.compile(r"caller (?:presses|sends RFC 4733 digit) (.)")
_TEXT = re.compile(r"caller sends text '(.*)'")
_HANGUP = re.compile(
    r"SIGNAL HUP|caller hangs up|caller sends (?:BYE|CANCEL)|the channel is redirected .*"
)
_CLOSES = "server closes the socket"
_LEAVES = re.compile(rf"{_CLOSES}|server half-closes .*")
_STATUS = re.compile(r"dialplan then (?:runs h and )?sees AGISTATUS=(\w+)")
_PLACE = re.compile(r"dialplan ran: .* at context-extension-priority (\w+)-(\w+)-(\d+)")
_CLOSED = "EOF from Asterisk"
_USAGE, _USAGE_END = b"520-", b"520 "


@dataclasses.dataclass(frozen=True)
class Reply:
    """A line from Asterisk, and when it came."""

    data: bytes
    time: float


@dataclasses.dataclass
class Outcome:
    """What came of one session: the recorded replies, and those of the simulation."""

    recorded: list[Reply] = dataclasses.field(default_factory=list[Reply])
    replies: list[Reply] = dataclasses.field(default_factory=list[Reply])
    """On the clock of the recording."""
    recorded_status: str | None = None
    status: str | None = None
    recorded_place: tuple[str, str, int] | None = None
    """Where the dialplan was seen first; its priority may be behind the one it went on at."""
    place: tuple[str, str, int] = ("", "", 0)
    remarks: list[str] = dataclasses.field(default_factory=list[str])
    """What does not fit, but for the replies."""


def sessions(name: str) -> list[list[Line]]:
    """Give the lines of each session of a file, with the seconds since its beginning."""
    found: list[list[Line]] = [[]]
    before: float | None = None  # the last time of the session before
    for line in Transcript.load(FOLDER / f"agi-{name}.txt").lines:
        if line.kind == "#" and _NEXT.fullmatch(line.text):
            before = line.time
            found.append([])
        else:
            # What stands before the first time of a session has that of the session before.
            time = 0.0 if line.time in (None, before) else line.time
            before = before if line.time == before else None
            found[-1].append(dataclasses.replace(line, time=time))
    return [lines for lines in found if any(line.kind != "#" or line.time for line in lines)]


class Player:
    """Does what server and caller did in a recording, when they did it.

    Args:
        setup: The call.
        left_out: The lines that are not sent, and whose replies are not expected.
    """

    def __init__(self, setup: Setup, left_out: Container[bytes] = ()) -> None:
        self._channel = Channel(setup)
        self._left_out = left_out
        self._late = 0.0  # how far the simulation is behind the recording
        self._in_usage = False
        self._outcome = Outcome()

    def play(self, lines: list[Line]) -> Outcome:
        """Play a recording to its end; its environment is left out."""
        skipping = True
        for number, line in enumerate(lines):
            if line.kind == "<<":
                skipping = line.data in self._left_out
                if not skipping:
                    self._send(lines, number)
            elif line.kind == "#":
                skipping &= not self._remark(line)
            elif not skipping:
                self._expect(line)
        outcome, channel = self._outcome, self._channel
        outcome.status, outcome.place = channel.status, channel.place
        return outcome

    def _send(self, lines: list[Line], number: int) -> None:
        """Send a line; those that were sent at one moment go in one piece."""
        line, before = lines[number], lines[number - 1]
        if number and (before.kind, before.time) == (line.kind, line.time):
            return
        self._pass(line)
        data = b""
        for each in lines[number:]:
            if (each.kind, each.time) != (line.kind, line.time):
                break
            data += each.data
        self._channel.receive_data(data)
        self._collect()

    def _expect(self, line: Line) -> None:
        """Let time pass until there is a reply."""
        outcome, channel = self._outcome, self._channel
        outcome.recorded.append(Reply(line.data, line.time or 0.0))
        while len(outcome.replies) < len(outcome.recorded) and channel.deadline is not None:
            self._advance(channel.deadline)

    def _remark(self, line: Line) -> bool:
        """Do what a remark says; tell whether it may have a reply."""
        text, channel, outcome = line.text, self._channel, self._outcome
        if match := _KEY.fullmatch(text):
            self._pass(line, TONE)
            channel.press(match[1])
        elif match := _TEXT.fullmatch(text):
            self._pass(line)
            channel.send_text(match[1].replace("\\\\", "\\"))
        elif _HANGUP.fullmatch(text):
            self._pass(line)
            channel.hang_up()
        elif _LEAVES.fullmatch(text):
            self._pass(line)
            channel.receive_eof()
            if text == _CLOSES:
                channel.data_to_send()  # nobody reads it
        elif match := _STATUS.fullmatch(text):
            outcome.recorded_status = match[1]
        elif (match := _PLACE.fullmatch(text)) and outcome.recorded_place is None:
            outcome.recorded_place = (match[1], match[2], int(match[3]))
        elif text == _CLOSED and not channel.closed:
            outcome.remarks.append(f"+{line.time}: Asterisk closes here, the simulation does not")
        self._collect()
        return bool(_HANGUP.fullmatch(text) or _LEAVES.fullmatch(text))

    def _pass(self, line: Line, more: float = 0.0) -> None:
        """Let time pass up to a moment of the recording."""
        moment = (line.time or 0.0) + more
        channel = self._channel
        while channel.deadline is not None and channel.deadline <= moment:
            self._advance(channel.deadline)
        self._advance(max(moment, channel.now))
        self._late = channel.now - moment

    def _advance(self, to: float) -> None:
        self._channel.advance(to)
        self._collect()

    def _collect(self) -> None:
        """Take the replies; the text of a usage is Asterisk's own."""
        for data in re.findall(rb"[^\n]*\n", self._channel.data_to_send()):
            if not self._in_usage or data.startswith(_USAGE_END):
                self._outcome.replies.append(Reply(data, self._channel.now - self._late))
                self._in_usage = data.startswith(_USAGE)
