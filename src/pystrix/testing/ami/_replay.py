"""A session that says what a live Asterisk said in a transcript.

Pure. What was sent is sent as it was, each part behind the action it followed; ActionIDs, and the
ids that Originate chose, are those of the program that is connected now.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from pystrix.ami._wire import encode
from pystrix.testing.ami._answers import Silence
from pystrix.testing.ami._requests import ReceivedAction, RequestReader
from pystrix.testing.ami._session import Pending, Session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from pystrix.testing.ami._answers import Answer
    from pystrix.testing.ami.asterisk import SimulatedAsterisk
    from pystrix.testing.transcript import Line, Transcript

__all__ = ["Recording", "ReplayedSession"]

_GREETING: Final = b"Asterisk Call Manager/"
_RESPONSE: Final = b"Response: "
_CLOSES: Final = "server closed the connection"
_CHOSEN: Final = ("ActionID", "ChannelId", "OtherChannelId", "Secret", "Key")
"""Headers that need not be as they were."""
_HEADERS: Final = {
    "ActionID": rb"^(ActionID: )%s(?=\r?$)",
    "ChannelId": rb"^([A-Za-z]*(?:Uniqueid|Linkedid): )%s(?=;|\r?$)",
    "OtherChannelId": rb"^([A-Za-z]*(?:Uniqueid|Linkedid): )%s(?=;|\r?$)",
}
"""Where what was chosen comes again."""
_USUAL: Final = frozenset({"login", "challenge", "logoff", "ping", "events"})
"""Actions of which no word is lost when they are not in the transcript."""


@dataclasses.dataclass
class _Send:
    data: bytes


@dataclasses.dataclass
class _Expect:
    action: ReceivedAction


class _Close:
    """Asterisk ends the session."""


_Step: TypeAlias = _Send | _Expect | _Close


class Recording:
    """The steps of one connection.

    Args:
        lines: What was exchanged with a live Asterisk; a remark is its end.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.steps: list[_Step] = []
        reader = RequestReader()
        for line in lines:
            if line.kind == "<<":
                self.steps += [_Expect(each.action) for each in reader.receive_data(line.data)]
            elif line.kind == ">>":
                self._send(line.data)
            else:
                self.steps.append(_Close())
        first = self.steps[0] if self.steps else None
        self.is_whole = isinstance(first, _Send) and first.data.startswith(_GREETING)
        """Whether it begins with the greeting; otherwise somebody was logged in already."""

    @classmethod
    def all_of(cls, transcript: Transcript) -> list[Self]:
        """Read the connections of a transcript; each but the first begins with a greeting."""
        connections: list[list[Line]] = [[]]
        for line in transcript.lines:
            if line.data.startswith(_GREETING) and connections[-1]:
                connections.append([])
            if line.kind != "#" or _CLOSES in line.text:
                connections[-1].append(line)
        return [cls(lines) for lines in connections]

    def _send(self, data: bytes) -> None:
        last = self.steps[-1] if self.steps else None
        if isinstance(last, _Send):
            last.data += data
        else:
            self.steps.append(_Send(data))


class ReplayedSession(Session):
    """A session of a transcript.

    Args:
        host: The Asterisk.
        number: Its number, from 1.
        banner: What it greets with, if the transcript does not say.
        recording: The transcript.
    """

    def __init__(
        self, host: SimulatedAsterisk, number: int, banner: bytes, recording: Recording
    ) -> None:
        super().__init__(host, number, b"" if recording.is_whole else banner)
        self.notes: list[str] = []
        """What the program did differently."""
        self._steps = recording.steps
        self._at = 0
        self._begun = recording.is_whole
        self._names: list[tuple[re.Pattern[bytes], bytes]] = []  # what was chosen then, and is now
        self._unlabelled: bytes | None = None  # the ActionID for an answer that had none
        self._play()

    @property
    def differences(self) -> list[str]:
        """What the program did differently, or has not done yet."""
        rest = self._steps[self._at :]
        expected = [each.action for each in rest if isinstance(each, _Expect)]
        missing = [f"{_shown(each)} did not come" for each in expected]
        return [*self.notes, *missing]

    def _answer(self, action: ReceivedAction, error: str) -> Answer | Pending:
        step = self._steps[self._at] if self._at < len(self._steps) else None
        if not self._begun or not isinstance(step, _Expect) or step.action.name != action.name:
            if self._begun and action.name.lower() not in _USUAL:
                self.notes.append(f"{_shown(action)} came, which is not in the transcript")
            return super()._answer(action, error)
        self._at += 1
        self._compare(step.action, action)
        return Silence()

    def finish(self, action: ReceivedAction, answer: Answer) -> None:
        """Answer the action that runs, and say what followed it."""
        super().finish(action, answer)
        if not self._begun and self.user is not None:
            self._begun = True
        self._play()

    def _compare(self, recorded: ReceivedAction, action: ReceivedAction) -> None:
        """Note what differs, and what has another name now."""
        was, now = _significant(recorded), _significant(action)
        if was != now:
            self.notes.append(f"{action.name} came with {now}, not {was}")
        for header in _HEADERS:
            before, after = recorded.get(header, ""), action.get(header, "")
            if before and after:
                pattern = _HEADERS[header] % re.escape(encode(before))
                self._names.append((re.compile(pattern, re.MULTILINE), encode(after)))
        self._unlabelled = None if recorded.action_id else encode(action.action_id) or None
        if action == "Login":
            self.user = next(iter(self.host.users.values()))

    def _play(self) -> None:
        """Say what comes up to the next action."""
        while self._begun and self._at < len(self._steps) and not self.closed:
            step = self._steps[self._at]
            if isinstance(step, _Expect):
                break
            self._at += 1
            if isinstance(step, _Send):
                self.send(self._renamed(step.data))
            else:
                self.close()

    def _renamed(self, data: bytes) -> bytes:
        if self._unlabelled is not None and (place := _response_in(data)) is not None:
            end = data.index(b"\n", place) + 1
            data = data[:end] + b"ActionID: " + self._unlabelled + b"\r\n" + data[end:]
            self._unlabelled = None
        for pattern, name in self._names:
            data = pattern.sub(rb"\g<1>" + name.replace(b"\\", rb"\\"), data)
        return data


def _response_in(data: bytes) -> int | None:
    """Find the first response among messages."""
    if data.startswith(_RESPONSE):
        return 0
    place = data.find(b"\r\n\r\n" + _RESPONSE)
    return None if place < 0 else place + 4


def _significant(action: ReceivedAction) -> list[tuple[str, str]]:
    chosen = {name.lower() for name in _CHOSEN}
    return sorted(pair for pair in action.all_items() if pair[0].lower() not in chosen)


def _shown(action: ReceivedAction) -> str:
    return f"{action.name} with {_significant(action)}"
