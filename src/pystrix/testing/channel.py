"""The other side of AGI: a channel of a simulated Asterisk.

Pure: bytes in, bytes out, and a clock that whoever drives it moves. What it does is what a live
Asterisk 22 did in experiments; the differential suite of the project compares the two.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from pystrix.agi._wire import FAILURE_LINE, HANGUP_LINE, decode
from pystrix.testing._commands import COMMANDS
from pystrix.testing._line_buffer import FATAL_WORDS, LineBuffer, split_as_asterisk
from pystrix.testing._running import (
    HUNG_UP,
    LINE_CAME,
    TIME_CAME,
    EndlessCallError,
    Event,
    Kind,
    Running,
    Spec,
    UsageError,
)
from pystrix.testing._values import Values, is_false, is_true
from pystrix.testing.record import Command, Entry, Heard, HungUp, Key, Note, Sent

if TYPE_CHECKING:
    from pystrix.testing.setup import Setup

_INVALID: Final = b"510 Invalid or unknown command\n"
DEAD: Final = b"511 Command Not Permitted on a dead channel or intercept routine\n"
MOST_STEPS: Final = 100_000
"""What can be due in one stretch of time, at most."""
_NORMAL_CLEARING: Final = 16
_LONGEST_NAME: Final = max(map(len, COMMANDS))


@functools.lru_cache(maxsize=1024)
def _parse(line: bytes) -> tuple[Spec | None, tuple[str, ...], tuple[str, ...]]:
    """Give a line's command, None if there is none, the words behind its name, and all."""
    words = tuple(map(decode, split_as_asterisk(line)))
    names = tuple(word.upper() for word in words[:_LONGEST_NAME])
    for length in range(len(names), 0, -1):
        spec = COMMANDS.get(names[:length])
        if spec is not None:
            return spec, words[length:], words
    return None, words, words


def usage(spec: Spec) -> bytes:
    """Give the block that refuses the arguments of a command. Its text is our own."""
    words = f"at least {spec.least}" if spec.most != spec.least else f"exactly {spec.least}"
    return (
        "520-Invalid command syntax.  Proper usage follows:\n"
        f"{spec.name} takes {words} arguments.\n"
        "520 End of proper usage.\n"
    ).encode()


class Channel:
    """A channel that runs one AGI session.

    Whoever drives it sends `data_to_send` to the application, gives what the application says to
    `receive_data`, calls `advance` when a `deadline` has come, and does what the caller does. A
    deadline in the past never comes. Not thread-safe.

    Args:
        setup: The call.
        recording: Whether to keep what happens in `timeline`.
    """

    def __init__(self, setup: Setup, *, recording: bool = True) -> None:
        self.setup: Setup = setup
        """The call as it began."""
        self.now: float = 0.0
        """Seconds since the call began."""
        self.timeline: list[Entry] = []
        """What happened, in the order in which it began."""
        self.sent: list[Sent] = []
        """What Asterisk sent by itself, or did, for the transcript."""
        self.values: Values = Values(self)
        """Variables, functions and the database."""
        self.up: bool = setup.answered
        """Whether it was answered."""
        self.hung_up: bool = setup.dead
        """Whether the caller is gone."""
        self.closed: bool = False
        """Whether Asterisk has closed the session."""
        self.status: str | None = None
        """AGISTATUS, once the session is over; ``ABORTED`` if a line made Asterisk itself abort."""
        self.cause: int = _NORMAL_CLEARING if setup.dead else 0
        """The cause of the hang-up (Q.850), which HANGUPCAUSE gives."""
        self.place: tuple[str, str, int] = (setup.context, setup.extension, setup.priority + 1)
        """Context, extension and priority where the dialplan goes on."""
        self.listening: str = ""
        """The keys that have an effect now."""
        self.waits_for_text: bool = False
        """Whether a command waits for a text of the caller."""
        self.signals: int = 0
        """How often a program on stdio was sent SIGHUP."""
        self.recordings: dict[str, float] = {}
        """What was recorded, in seconds, by file name with its format."""
        self.autohangup: float | None = None
        """When Asterisk hangs up by itself."""
        self.failed: bool = False
        """Whether a command failed that makes the session end as FAILURE."""
        self.speech: str | None = None
        """The name of the speech engine that the session uses."""
        self.answered: int = 0
        """How many commands have their reply."""
        self.unknown: int = 0
        """How many of them Asterisk does not know."""
        self.record: bool = recording
        self._out, self._input = bytearray(), LineBuffer()
        self._running: Running | None = None
        self._deadline: float | None = None
        self._spec: Spec = COMMANDS["NOOP",]  # of the last command that was one
        self._entry: Command | None = None
        self._words = 0  # of the last line
        # Of the hang-up: whether Asterisk noticed, and whether it comes behind the next reply.
        self._told, self._hanging = setup.dead, False
        self._tells = not is_false(self.values.get("AGISIGHUP") or "")
        self._exits = is_true(self.values.get("AGIEXITONHANGUP") or "")

    # What drives it.

    def start(self) -> None:
        """Begin the session: the environment is in `data_to_send`."""
        self._send(self.setup.environment())

    def data_to_send(self) -> bytes:
        """Take the bytes for the application."""
        data = bytes(self._out)
        self._out.clear()
        return data

    @property
    def has_data(self) -> bool:
        """Whether there are bytes for the application."""
        return bool(self._out)

    @property
    def running(self) -> bool:
        """Whether a command runs."""
        return self._running is not None

    @property
    def command(self) -> str:
        """The name of the command that runs, ``""`` if none does."""
        return self._spec.name if self._running is not None else ""

    @property
    def deadline(self) -> float | None:
        """When something happens by itself; None if nothing ever does."""
        moments = [m for m in (self._deadline, self.autohangup) if m is not None]
        return None if self.closed or not moments else min(moments)

    def advance(self, to: float) -> None:
        """Let time pass, and what is due happen.

        Raises:
            EndlessCallError: If there is no end of what is due.
        """
        steps = 0
        while (due := self.deadline) is not None and due <= to:
            steps += 1
            if steps > MOST_STEPS:
                raise EndlessCallError(f"{self.command} does not end, and takes no time")
            self.now = max(self.now, due)
            if self._running is None or self.autohangup == due:
                self.hang_up("autohangup")
            else:
                self._tell(self._running, TIME_CAME)
                self._go_on()
        self.now = max(self.now, to)

    def receive_data(self, data: bytes) -> None:
        """Take what the application sent."""
        if not self.closed:
            self._input.receive_data(data)
            self._go_on()

    def receive_eof(self) -> None:
        """Take the end of what the application sends. Idempotent."""
        if not self._input.eof:
            self._input.receive_eof()
            self._go_on()

    # What the caller does.

    def press(self, digit: str) -> bool:
        """Press a key; tell whether a command took it."""
        taken = self._running is not None and digit in self.listening
        if self.record:
            self.timeline.append(Key(self.now, digit, self.command if taken else ""))
        if self._running is not None and not self.closed:
            self._tell(self._running, Event(Kind.KEY, digit))
            self._go_on()
        return taken

    def send_text(self, text: str) -> None:
        """Send a text message."""
        if self._running is not None:
            self._tell(self._running, Event(Kind.TEXT, text))
            self._go_on()

    def hang_up(self, by: str = "caller") -> None:
        """End the caller's call. Idempotent."""
        if self.hung_up or self.closed:
            return
        self.hung_up = True
        self.autohangup = None
        self.listening = ""
        if self.record:
            self.timeline.append(HungUp(self.now, by))
        if not self._input.within:
            runs = self._running is not None
            self._notice()
            if runs:
                self._go_on()

    # What commands use.

    def note(self, text: str) -> None:
        """Keep a remark for the record."""
        if self.record:
            self.timeline.append(Note(self.now, text))

    def begin_sound(self, what: str) -> Heard:
        """Note that the caller hears something from now on; `end_sound` tells the rest."""
        heard = Heard(self.now, what)
        if self.record:
            self.timeline.append(heard)
        return heard

    def end_sound(self, heard: Heard, *, whole: bool) -> None:
        """Note that it has ended."""
        heard.end = self.now
        heard.whole = whole
        heard.after = len(self.timeline)

    def provisional(self, line: bytes) -> None:
        """Send a line before the reply."""
        self._out += line
        self._note_end(line)

    def hang_up_soon(self) -> None:
        """Hang up as soon as the command that runs has its reply."""
        self._hanging = True

    # Private.

    def _go_on(self) -> None:
        """Read and run lines, as long as no command takes time."""
        while not self.closed and self._input.readable:
            if self._running is not None:
                if not self._spec.stoppable:
                    return
                self._tell(self._running, LINE_CAME)
            line = self._input.read_line()
            if line is not None:
                self._run(line)
            if self.hung_up and not self._input.within:
                self._notice()  # what came in the middle of the line
            if line is None and self._input.eof and not self.closed:
                self._finish(None)

    def _run(self, line: bytes) -> None:
        spec, arguments, words = _parse(line)
        self._words = len(words)
        entry = None
        if self.record:
            entry = Command(self.now, line, words)
            self.timeline.append(entry)
        self._entry = entry
        if line[: len(FAILURE_LINE) - 1].lower() == FAILURE_LINE[:-1]:
            self._finish("FAILURE")
        elif spec is None:
            self.unknown += 1
            self._reply(_INVALID)
        elif self._told and not spec.dead:
            self._reply(DEAD)
        else:
            self._start(spec, arguments)

    def _start(self, spec: Spec, words: tuple[str, ...]) -> None:
        self._spec = spec
        if len(words) < spec.least or (spec.most is not None and len(words) > spec.most):
            self._reply(usage(spec))
            return
        try:
            result = spec.run(self, words)
            if not isinstance(result, str):
                self._running = result
                self._step(next(result))
                return
        except UsageError:
            self._running = None
            self._reply(usage(spec))
        except StopIteration as stop:
            self._end_command(stop.value)
        else:
            self._answer(result)

    def _tell(self, running: Running, event: Event) -> None:
        """Tell the command that runs of an event."""
        try:
            self._step(running.send(event))
        except StopIteration as stop:
            self._end_command(stop.value)

    def _step(self, deadline: float | None) -> None:
        self._deadline = deadline

    def _end_command(self, reply: str | None) -> None:
        self._running = self._deadline = None
        self.listening = ""
        self.waits_for_text = False
        if reply is None:
            self._note_end(None)
        else:
            self._answer(reply)
        if self.hung_up:
            self._tell_hangup()

    def _answer(self, text: str) -> None:
        reply = f"200 {text}\n".encode("utf-8", "surrogateescape")
        if text == "result=1" and self._spec.name == "EXEC":
            reply += usage(self._spec)  # Asterisk takes the application's 1 for its own
        self._reply(reply)
        if self._hanging:
            self._hanging = False
            self.hang_up("application")

    def _reply(self, reply: bytes) -> None:
        self.answered += 1
        self._out += reply
        self._note_end(reply)
        if self._words >= FATAL_WORDS:
            self.note(f"{self._words} words in a command, the last in quotes: Asterisk aborted")
            self._finish("ABORTED", tells=False)

    def _note_end(self, reply: bytes | None) -> None:
        """Note that the command has its reply, or none."""
        entry = self._entry
        if entry is not None:
            entry.reply = (entry.reply or b"") + reply if reply is not None else entry.reply
            entry.end = self.now
            entry.after = len(self.timeline)

    def _notice(self) -> None:
        """Have Asterisk notice that the caller is gone."""
        if not self._told and self._running is not None:
            self._tell(self._running, HUNG_UP)
        if self._running is None:
            self._tell_hangup()

    def _tell_hangup(self) -> None:
        """Tell the application that the caller is gone, once."""
        if self._told or self.closed:
            return
        self._told = True
        times = 2 if self._exits else 1
        if self._tells:
            for _ in range(times):
                self._send_hangup()
        if self._exits:
            self._finish(None, tells=False)

    def _finish(self, status: str | None, *, tells: bool = True) -> None:
        self.closed = True
        self._running = None
        if status is None:
            hung_up = self.hung_up and not self.setup.dead
            status = "FAILURE" if self.failed else "HANGUP" if hung_up else "SUCCESS"
        self.status = status
        if tells and self._tells and not self.setup.stdio:
            self._send_hangup()
        if not self._input.eof and self.record:
            self.sent.append(Sent(self.now, len(self.timeline), remark="Asterisk closes"))

    def _send_hangup(self) -> None:
        if not self.setup.stdio:
            self._send(HANGUP_LINE + b"\n")
            return
        self.signals += 1
        if self.record:
            self.sent.append(Sent(self.now, len(self.timeline), remark="Asterisk sends SIGHUP"))

    def _send(self, data: bytes) -> None:
        """Send something that is no reply."""
        self._out += data
        if self.record and not self._input.eof:
            self.sent.append(Sent(self.now, len(self.timeline), data))
