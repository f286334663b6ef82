"""Replays a transcript: a session that went wrong becomes a test."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pystrix.agi._scripts import Scripts
from pystrix.agi.errors import AGIHangup
from pystrix.testing._pilot import Pilot
from pystrix.testing._remote import (
    PATIENCE,
    ProgramWire,
    RemoteCall,
    SilentApplicationError,
    TCPWire,
    Wire,
)
from pystrix.testing.channel import DEAD, Channel
from pystrix.testing.place import _run, parse_url, setup_for
from pystrix.testing.setup import Setup
from pystrix.testing.transcript import Line, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["replay"]

_LOGGER = logging.getLogger("pystrix.testing")

# What a session of pystrix asks to get in step, with a number that is another each time.
_ECHO = re.compile(rb'GET FULL VARIABLE "?([0-9a-f]{16}-\d+)"?\n')
# What it asks behind a result of -1, unless SIGHUP was faster: which it is, nobody knows.
_SETTLING: Final = b"CHANNEL STATUS\n"
_HANGUP: Final = b"HANGUP\n"
_HANGS_UP: Final = " hangs up"
_SIGNALS: Final = "Asterisk sends SIGHUP"
_CLOSES: Final = ("Asterisk closes", "EOF from Asterisk")
_LEAVES: Final = (
    "the application closes",
    "the application breaks the connection",
    "server closes the socket",
)
_LOOK_AHEAD: Final = 3  # commands; one that comes much later is another that looks the same
_WHILE: Final = 3600.0  # seconds after which a handler that waits for nothing is told to end

_What = Literal["send", "expect", "signal", "close"]


def replay(
    transcript: Transcript | Path,
    application: Callable[..., Any] | Scripts | str | Sequence[str],
    *,
    patience: float = PATIENCE,
    real_time: bool = False,
    **setup: Any,  # noqa: ANN401 - see Setup
) -> list[str]:
    """Act as the Asterisk of a transcript, and tell what the application does differently.

    Asterisk's lines are sent as they stand there, each at its place between the commands. A
    command that differs gets the answer of the one that was expected, unless it is one of the
    next in the transcript. The random texts by which a session of pystrix gets in step are equal
    to each other, and whether it asks behind a SIGHUP what happened makes no difference.

    The environment is that of the transcript, or made of `setup`: if the transcript has none, if
    something is given there, or if one was recorded of a server and the other is a program. If a
    transcript without an environment tells that somebody hangs up, and has no HANGUP line, one is
    sent, or SIGHUP to a program.

    Args:
        transcript: What was recorded, or the file of it.
        application: What to hold against it, as for `place_call`.
        patience: The seconds of real time that a server or program may take for its next command.
        real_time: Whether Asterisk takes its time, with a server or program. A handler runs on a
            clock of its own, on which it always does.
        setup: The attributes of `Setup` for an environment other than that of the transcript.

    Returns:
        A text for each difference, in their order; none if there are none. What a handler raised
        is one, unless it is an `AGIHangup`.

    Raises:
        ValueError: If `application` is a URL, and none of FastAGI.
        TranscriptError: If the file is no transcript.
        OSError: If it cannot be read, the server not be reached, or the program not be started.
    """
    if isinstance(transcript, Path):
        transcript = Transcript.load(transcript)
    own = any(setup.values())
    if isinstance(application, str):
        wire = TCPWire(parse_url(application)[:2])
        pilot = _Pilot(transcript, setup_for(application, setup), own=own)
        return _replay_remote(pilot, wire, patience=patience, real_time=real_time)
    if isinstance(application, Scripts) or callable(application):
        pilot = _Pilot(transcript, Setup(**setup), own=own)
        pilot.patient = False
        _run(pilot, application, patience)
        return pilot.script.differences(_failure(pilot.error))
    name, *arguments = application
    setup = {"arguments": tuple(arguments), **setup, "script": name, "stdio": True}
    made = Setup(**setup)
    program = ProgramWire([name, *arguments], patience)
    pilot = _Pilot(transcript, made, own=own)
    return _replay_remote(pilot, program, patience=patience, real_time=real_time)


def _replay_remote(pilot: _Pilot, wire: Wire, *, patience: float, real_time: bool) -> list[str]:
    silence = ""
    try:
        RemoteCall(pilot, wire, patience=patience, real_time=real_time).run()
    except SilentApplicationError as error:
        # It need not end by itself, unless it did.
        silence = "" if pilot.script.over and not pilot.leaves else str(error)
    finally:
        wire.close()
    return pilot.script.differences(silence)


def _failure(error: BaseException | None) -> str:
    if error is None or isinstance(error, AGIHangup):
        return ""
    _LOGGER.error("the handler failed", exc_info=error)
    return f"the handler raised {error!r}"


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    """One thing that happened."""

    what: _What
    data: bytes = b""
    delay: float = 0.0
    """Seconds after the step before."""


def _environment(lines: Sequence[Line]) -> list[Line]:
    """Give the lines of the environment with which a transcript begins, none if it does not."""
    sent = [line for line in lines if line.kind == ">>"]
    if not sent or not sent[0].data.startswith(b"agi_"):
        return []
    end = next((at for at, line in enumerate(sent, 1) if line.data == b"\n"), len(sent))
    return sent[:end]


def _is_network(line: Line) -> bool:
    return line.data.startswith(b"agi_network:")


def _tells(line: Line) -> bool:
    """Tell whether Asterisk tells of a hang-up in a line."""
    return line.text == _SIGNALS or (line.kind == ">>" and line.data.startswith(_HANGUP))


class _Reader:
    """Makes the steps of a transcript.

    Args:
        transcript: The transcript.
        setup: What it does not say.
        own: Whether the environment is that of the setup in any case.
    """

    def __init__(self, transcript: Transcript, setup: Setup, *, own: bool = False) -> None:
        self.steps: list[_Step] = []
        self._setup = setup
        self._time = 0.0
        self._part = b""  # of a line of the application
        self._hung_up: float | None = None  # when, until the application is told
        lines = transcript.lines
        told = any(map(_tells, lines))
        block = _environment(lines)
        # Who wrote down the environment wrote down how the application was told of a hang-up, if
        # it was. A program is told otherwise than a server.
        foreign = bool(block) and setup.stdio == any(_is_network(line) for line in block)
        self.of_program: bool = foreign and not setup.stdio
        """Whether it was recorded of a program, and is held against something else."""
        self._tells = not told if foreign else bool(block) or (told and not setup.stdio)
        if foreign:
            lines = tuple(line for line in lines if not _tells(line))
        if foreign or own or not block:
            lines = tuple(line for line in lines if not any(line is each for each in block))
            self._add("send", setup.environment())
        self.leaves: bool = any(line.text in _LEAVES for line in lines)
        """Whether the application ended the session."""
        for line in lines:
            if line.text in _LEAVES:
                break  # what Asterisk said then was never read, or said because of it
            self._take(line)
        self._tell()
        if self._part:
            self._add("expect", self._part)

    def _take(self, line: Line) -> None:
        if line.kind == "<<":
            self._tell()
            *whole, self._part = (self._part + line.data).split(b"\n")
            for each in whole:
                self._add("expect", each + b"\n")
            self._delay(line.time)
        elif line.kind == ">>":
            self._add("send", line.data, self._delay(line.time))
        elif line.text == _SIGNALS:
            self._add("signal", delay=self._delay(line.time))
        elif line.text in _CLOSES:
            self._tell()
            self._add("close", delay=self._delay(line.time))
        elif line.text.endswith(_HANGS_UP) and not self._tells:
            self._hung_up = self._time if line.time is None else line.time

    def _add(self, what: _What, data: bytes = b"", delay: float = 0.0) -> None:
        self.steps.append(_Step(what, data, delay))

    def _delay(self, time: float | None) -> float:
        """Go on to a moment; give how far that is."""
        before = self._time
        self._time = before if time is None else max(before, time)
        return self._time - before

    def _tell(self) -> None:
        """Tell of a hang-up, as Asterisk does: behind the reply of the command that runs."""
        if self._hung_up is not None:
            what: _What = "signal" if self._setup.stdio else "send"
            self._add(what, _HANGUP, self._delay(self._hung_up))
            self._hung_up = None


class _Script:
    """The steps of a transcript, as far as they have been taken.

    Args:
        steps: The steps.
        of_program: Whether a HANGUP line stands for the signal to a program.
    """

    def __init__(self, steps: Sequence[_Step], *, of_program: bool = False) -> None:
        self._of_program = of_program
        self._steps = steps
        self._at = 0
        self._replaced = -1  # the step that was taken for the last line, which differed
        self._tokens: dict[bytes, bytes] = {}
        self._expected = [
            step.data
            for i, step in enumerate(steps)
            if step.what == "expect" and not self._settles(i, step.data)
        ]
        self._got: list[bytes] = []

    @property
    def over(self) -> bool:
        """Whether nothing more is to come from either side."""
        return self._at >= len(self._steps)

    @property
    def next_step(self) -> _Step | None:
        """What Asterisk does next; None if the application is to."""
        step = None if self.over else self._steps[self._at]
        return None if step is None or step.what == "expect" else step

    def take(self) -> tuple[_What, bytes]:
        """Go on behind a step of Asterisk; give what it did."""
        step = self._steps[self._at]
        data = step.data
        self._at += 1
        for recorded, own in self._tokens.items():
            data = data.replace(recorded, own)
        return step.what, data

    def _settles(self, place: int, line: bytes) -> bool:
        """Tell whether a line, at a place of the transcript, only asks about a SIGHUP."""
        if line != _SETTLING or not place:
            return False
        before = self._steps[place - 1]
        return before.what == "signal" or (self._of_program and before.data == _HANGUP)

    def is_beside(self, line: bytes) -> bool:
        """Tell whether a line only asks about a SIGHUP, where the transcript does not."""
        recorded = not self.over and self._steps[self._at].data == line
        return not recorded and self._settles(self._at, line)

    def receive(self, line: bytes) -> None:
        """Take a line of the application, when it is to say something."""
        if self._settles(self._at, line):
            self._at += 1
            return
        if match := _ECHO.fullmatch(line):
            line = self._recorded_echo(line, match[1])
        self._got.append(line)
        found = next((i for i in self._ahead() if self._steps[i].data == line), None)
        if found is not None:
            self._at, self._replaced = found + 1, -1
        elif self._replaced >= 0 and self._steps[self._replaced].data == line:
            # The line before was one too many, and has used the answer of this one.
            self._at, self._replaced = self._replaced + 1, -1
        else:
            self._replaced = self._at
            self._at += 1

    def receive_extra(self, line: bytes) -> None:
        """Take a line that comes when the transcript is over."""
        self._got.append(line)

    def differences(self, also: str = "") -> list[str]:
        """Tell what differs, what else was wrong first: it may be the cause.

        Args:
            also: What else was wrong, ``""`` if nothing.
        """
        found: list[str] = []
        pairs = zip(self._expected, self._got, strict=False)
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        expected, got = self._expected[same:], self._got[same:]
        matcher = difflib.SequenceMatcher(None, expected, got, autojunk=False)
        for what, i, i_end, j, j_end in matcher.get_opcodes():
            if what != "equal":
                both = itertools.zip_longest(expected[i:i_end], got[j:j_end])
                found += [_difference(same + i + n, *pair) for n, pair in enumerate(both, 1)]
        return [also, *found] if also else found

    def _ahead(self) -> list[int]:
        """Give where the next commands are expected."""
        rest = range(self._at, len(self._steps))
        expected = (i for i in rest if self._steps[i].what == "expect")
        return list(itertools.islice(expected, _LOOK_AHEAD))

    def _recorded_echo(self, line: bytes, token: bytes) -> bytes:
        """Give the recorded request for an echo that this one stands for."""
        for i in self._ahead():
            if match := _ECHO.fullmatch(self._steps[i].data):
                self._tokens[match[1]] = token
                return self._steps[i].data
        return line


def _difference(number: int, expected: bytes | None, got: bytes | None) -> str:
    if expected is None:
        return f"command {number}: {got!r} came, which is not in the transcript"
    if got is None:
        return f"command {number}: {expected!r} did not come"
    return f"command {number}: {got!r} came, not {expected!r}"


class _Channel(Channel):
    """A channel that does what the transcript says.

    Args:
        setup: What it does not say.
        script: The transcript.
    """

    def __init__(self, setup: Setup, script: _Script) -> None:
        super().__init__(setup, recording=False)
        self._script = script
        self._due: float | None = None
        self._part = b""  # of a line of the application

    def start(self) -> None:
        """Begin the session."""
        self._go()

    @property
    def running(self) -> bool:
        """Whether Asterisk takes its time."""
        return self._due is not None

    @property
    def deadline(self) -> float | None:
        """When Asterisk does something, None if it waits."""
        return None if self.closed else self._due

    def advance(self, to: float) -> None:
        """Let time pass, and what is due happen."""
        while (due := self.deadline) is not None and due <= to:
            self.now = max(self.now, due)
            self._act()
            self._go()
        self.now = max(self.now, to)

    def receive_data(self, data: bytes) -> None:
        """Take what the application sent."""
        *lines, self._part = (self._part + data).split(b"\n")
        for line in lines:
            self._came(line + b"\n")

    def receive_eof(self) -> None:
        """Take the end of what the application sends. Idempotent."""
        if self._part:
            self._came(self._part)
            self._part = b""
        self.closed = True

    def _came(self, line: bytes) -> None:
        while self._script.next_step is not None:
            self._act()  # at once, for an application that does not wait for it
        if self._script.is_beside(line):
            self._out += DEAD
        elif self._script.over:
            self._script.receive_extra(line)
            self.closed = True
        else:
            self._script.receive(line)
            self._go()

    def _go(self) -> None:
        """Do what is next, up to what takes time."""
        while (step := self._script.next_step) is not None and not self.closed:
            if step.delay:
                self._due = self.now + step.delay
                return
            self._act()

    def _act(self) -> None:
        """Do the next step of Asterisk."""
        self._due = None
        what, data = self._script.take()
        if what == "send":
            self._out += data
        elif what == "signal":
            self.signals += 1
        else:
            self.closed = True


class _Pilot(Pilot):
    """Moves a channel that does what the transcript says.

    Args:
        transcript: The transcript.
        setup: What it does not say.
        own: Whether the environment is that of the setup in any case.
    """

    def __init__(self, transcript: Transcript, setup: Setup, *, own: bool = False) -> None:
        super().__init__(setup, "", recording=False)
        reader = _Reader(transcript, setup, own=own)
        self.leaves = reader.leaves
        """Whether the application ended the session."""
        self.script = _Script(reader.steps, of_program=reader.of_program)
        self.channel = _Channel(setup, self.script)
        self.patient = True
        """Whether Asterisk waits for ever for an application that says nothing."""

    def receive_data(self, data: bytes) -> None:
        """Give what the application sent to the channel."""
        self.channel.receive_data(data)

    def next_moment(self) -> float | None:
        """Give the moment when something happens by itself, None if nothing ever does."""
        channel = self.channel
        if self.patient or channel.closed or channel.deadline is not None:
            return channel.deadline
        return channel.now + _WHILE

    def advance(self, to: float) -> None:
        """Let time pass up to a moment that is not behind `next_moment`."""
        ends = self.channel.deadline is None
        self.channel.advance(to)
        if ends:
            self.channel.closed = True
