"""Plays a scenario, on a live Asterisk and on the simulated one, and writes down what it said."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from pystrix.testing import Channel, Setup, Sounds
from tests.asterisk.ami import AMI
from tests.asterisk.calls import SECONDS, Call, dialplan_data, place_call
from tests.asterisk.scenario import (
    SUBROUTINES,
    Close,
    HalfClose,
    HangUp,
    Hear,
    Pause,
    Press,
    Scenario,
    Send,
    Step,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from tests.asterisk.server import Asterisk

KEY_SECONDS: Final = 0.1
"""How long PlayDTMF keeps a key down; it counts when it is let go."""
KEY_GAP: Final = 0.1
"""Seconds between keys: Asterisk takes no key that follows at once."""
ENDED: Final = b"(end)\n"
SILENCE: Final = b"(nothing more)\n"
PLACES: Final = r"agi,run,3|(agi,target|elsewhere,run|elsewhere,target),[1-4]"
"""Where the dialplan tells of its place; at any other it ends in ``h``, which does."""


class Line(NamedTuple):
    """An entry of a transcript."""

    said: str
    """``"<<"`` the application, ``">>"`` Asterisk, ``"**"`` what was done, ``"=="`` the end."""
    text: bytes
    """What."""
    at: float
    """When, in seconds since the application's last line."""


class Played(NamedTuple):
    """What came of a scenario."""

    environment: tuple[bytes, ...]
    """The lines of the environment."""
    lines: tuple[Line, ...]
    """The transcript."""

    def __str__(self) -> str:
        return "\n".join(f"{line.at:7.3f} {line.said} {_short(line.text)}" for line in self.lines)


def _short(text: bytes) -> str:
    return repr(text if len(text) <= 200 else text[:90] + b" ... " + text[-90:])[1:]


class Script:
    """Does the steps of a scenario with a side of the two; writes the transcript."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._lines: list[Line] = []
        self._began = side.now()
        self._heard = 0
        self._wanted = 0
        self._closed = False

    def play(self, steps: Sequence[Step]) -> tuple[Line, ...]:
        """Do all steps, and close; the last line is AGISTATUS and where the dialplan goes on."""
        for step in steps:
            self._do(step)
        self._take()
        end = self._side.finish()
        return *self._lines, Line("==", end.encode(), self._side.now() - self._began)

    def _do(self, step: Step) -> None:
        side = self._side
        match step:
            case Send(data):
                self._take()
                self._began = side.now()
                self._lines.append(Line("<<", data, 0.0))
                side.send(data)
            case Hear(replies, what):
                self._wanted += replies
                self._hear(what)
            case Pause(seconds):
                side.wait(seconds)
            case Press(keys):
                for number, key in enumerate(keys):
                    side.wait(KEY_GAP if number else 0)
                    self._note(f"presses {key}")
                    side.press(key)
            case HangUp():
                self._note("hangs up")
                side.hang_up()
            case Text(text):
                self._note(f"sends {text}")
                side.send_text(text)
            case HalfClose():
                self._note("half-closes")
                side.half_close()
            case Close():
                self._note("closes")
                self._closed = True
                side.close()

    def _note(self, text: str) -> None:
        self._take()
        self._lines.append(Line("**", text.encode(), self._side.now() - self._began))

    def _take(self) -> None:
        """Write down what came. What comes after the connection was closed is nobody's."""
        for at, text in () if self._closed else self._side.take():
            self._lines.append(Line(">>", text, at - self._began))
            self._heard += bool(re.match(rb"(?!100)\d\d\d[ -]", text))

    def _hear(self, what: bytes) -> None:
        """Wait until all replies that are wanted came, or a certain line."""
        while True:
            self._take()
            came = [line.text for line in self._lines if line.said == ">>"]
            if what in came if what else self._heard >= self._wanted:
                return
            if not self._side.wait_for_more():
                self._lines.append(Line(">>", SILENCE, 0.0))
                return


class Side:
    """One of the two: what a script does with it."""

    def now(self) -> float:
        """Give the time."""
        raise NotImplementedError

    def take(self) -> list[tuple[float, bytes]]:
        """Take what came from Asterisk, and when; a block of lines is one."""
        raise NotImplementedError

    def wait_for_more(self) -> bool:
        """Wait until there is more to take; False if nothing more comes."""
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Send something to Asterisk."""
        raise NotImplementedError

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Have the caller hang up."""
        raise NotImplementedError

    def send_text(self, text: str) -> None:
        """Have the caller send a text."""
        raise NotImplementedError

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection."""
        raise NotImplementedError

    def finish(self) -> str:
        """Close, wait until the session is over, and tell how it ended."""
        raise NotImplementedError


class Blocks:
    """Puts lines that belong together into one."""

    def __init__(self) -> None:
        self._block = b""

    def feed(self, line: bytes) -> bytes | None:
        """Take a line; give a whole reply or another line, None within a block."""
        if line.startswith(b"520-") or (self._block and not line.startswith(b"520 ")):
            self._block += line
            return None
        line, self._block = self._block + line, b""
        return line


class LiveSide(Side):
    """A call on a live Asterisk; a context manager.

    Args:
        listening: Where Asterisk connects to.
        call: The call, by a connection to the manager interface that may be blocked.
        reports: How many reports of the dialplan come before the one of the end.
    """

    def __init__(self, listening: socket.socket, call: Call, reports: int) -> None:
        self._socket, _ = listening.accept()
        self._file = self._socket.makefile("rb")
        self.environment = tuple(iter(self._file.readline, b"\n"))
        """The lines of the environment."""
        self._call = call
        self._reports = reports
        self._news = threading.Condition()  # guards the two below
        self._came: list[tuple[float, bytes]] = []
        self._ended = False
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._thread.join()
        self._file.close()
        self._socket.close()

    def now(self) -> float:
        return time.monotonic()

    def take(self) -> list[tuple[float, bytes]]:
        with self._news:
            came, self._came = self._came, []
        return came

    def wait_for_more(self) -> bool:
        with self._news:
            return self._news.wait_for(lambda: self._came or self._ended, SECONDS) and bool(
                self._came
            )

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # Asterisk may have closed it
            self._socket.sendall(data)

    def press(self, key: str) -> None:
        self._call.press(key)

    def hang_up(self) -> None:
        self._call.hang_up()

    def send_text(self, text: str) -> None:
        self._call.send_text(text)

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # Asterisk may have closed it
            self._socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> str:
        self.close()
        return " ".join(self._call.done(self._reports))

    def _read(self) -> None:
        blocks = Blocks()
        with contextlib.suppress(OSError):  # a reset is an end as well
            for line in self._file:
                if (whole := blocks.feed(line)) is not None:
                    self._publish(whole)
        self._publish(ENDED, ended=True)

    def _publish(self, line: bytes, *, ended: bool = False) -> None:
        with self._news:
            self._came.append((time.monotonic(), line))
            self._ended = ended
            self._news.notify_all()


class SimulatedSide(Side):
    """A simulated channel."""

    def __init__(self, setup: Setup) -> None:
        self.channel = Channel(setup)
        self.channel.start()
        self._closed = False
        self._told = False
        self._blocks = Blocks()
        self.environment = tuple(_lines(self.channel.data_to_send())[:-1])
        """The lines of the environment."""
        self._came: list[tuple[float, bytes]] = []

    def now(self) -> float:
        return self.channel.now

    def take(self) -> list[tuple[float, bytes]]:
        self._collect()
        came, self._came = self._came, []
        return came

    def wait_for_more(self) -> bool:
        while True:
            self._collect()
            deadline = self.channel.deadline
            if self._came or deadline is None:
                return bool(self._came)
            self.channel.advance(deadline)

    def wait(self, seconds: float) -> None:
        until = self.channel.now + seconds
        while (deadline := self.channel.deadline) is not None and deadline <= until:
            self.channel.advance(deadline)
            self._collect()
        self.channel.advance(until)

    def send(self, data: bytes) -> None:
        self.channel.receive_data(data)
        self._collect()

    def press(self, key: str) -> None:
        self.wait(KEY_SECONDS)
        self.channel.press(key)
        self._collect()

    def hang_up(self) -> None:
        self.channel.hang_up()
        self._collect()

    def send_text(self, text: str) -> None:
        self.channel.send_text(text)
        self._collect()

    def half_close(self) -> None:
        self.channel.receive_eof()
        self._collect()

    def close(self) -> None:
        self._closed = True
        self.channel.receive_eof()
        self._collect()

    def finish(self) -> str:
        self.close()
        channel = self.channel
        while not channel.closed and (deadline := channel.deadline) is not None:
            channel.advance(deadline)
        place = ",".join(map(str, channel.place))
        # The dialplan of the tests says where it goes on, at the places that it has.
        if channel.hung_up or not re.fullmatch(PLACES, place):
            place = "agi,h,2"
        return f"{channel.status} {place}"

    def _collect(self) -> None:
        for line in _lines(self.channel.data_to_send()):
            whole = self._blocks.feed(line)
            if whole is not None and not self._closed:
                self._came.append((self.channel.now, whole))
        if (self.channel.closed or self._closed) and not self._told:
            self._told = True
            self._came.append((self.channel.now, ENDED))


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n", data)


def value(environment: Sequence[bytes], name: str) -> str:
    """Give a value of an environment."""
    start = f"agi_{name}: ".encode()
    return next(line for line in environment if line.startswith(start))[len(start) : -1].decode()


def name_of(line: bytes) -> str:
    """Give the name in a line of an environment, without ``agi_``."""
    return line.partition(b": ")[0].decode().removeprefix("agi_")


class Stage:
    """Plays scenarios on a live Asterisk, on a manager connection of its own; a context manager."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._ami = AMI(asterisk.ami_port, asterisk.ami_secret)
        self._ami.action("Events", EventMask="user")  # all that is waited for

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ami.close()

    def play(self, scenario: Scenario) -> Played:
        """Play a scenario."""
        caller_id = scenario.caller_id
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(SECONDS)
            url = f"agi://127.0.0.1:{listening.getsockname()[1]}{scenario.path}"
            placed = place_call(
                self._asterisk,
                dialplan_data(url, *scenario.arguments),
                far=scenario.far,
                variables=scenario.variables,
                caller_id=caller_id and f'"{caller_id[0]}" <{caller_id[1]}>',
                answered=scenario.answered,
            )
            call = Call(self._ami, placed.uniqueid)
            with LiveSide(listening, call, scenario.reports) as side:
                call.channel = value(side.environment, "channel")
                lines = Script(side).play(scenario.steps)
        return Played(side.environment, lines)


def simulate(scenario: Scenario, live: Sequence[bytes]) -> Played:
    """Play a scenario on the simulated Asterisk, on a channel named as the live one.

    Args:
        scenario: The scenario.
        live: The live environment.
    """
    name, number = scenario.caller_id or ("", "")
    host, _, script = value(live, "request").removeprefix("agi://").partition("/")
    setup = Setup(
        script=script,
        host=host,
        arguments=scenario.arguments,
        caller_id=number or "unknown",
        caller_name=name or "unknown",
        channel=value(live, "channel"),
        unique_id=value(live, "uniqueid"),
        context="agi",
        extension="run",
        priority=2,
        variables=scenario.variables,
        talks=scenario.far != "silent",
        answered=scenario.answered,
        dialled=value(live, "dnid"),
        subroutines=SUBROUTINES,
        labels={"after": 3, "label": 4},
        sounds=Sounds(others=None),
        folders=("/", "/usr", "en"),
        epoch=time.time(),
    )
    side = SimulatedSide(setup)
    return Played(side.environment, Script(side).play(scenario.steps))
