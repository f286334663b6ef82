"""Places a call, and tells what happens."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from pystrix.cli._follower import Follower
from pystrix.cli._output import FAILED, INTERRUPTED, UNREACHABLE, complain, plain
from pystrix.cli._session_log import SessionLog
from pystrix.cli._terminal import Interruption, Keyboard
from pystrix.testing._remote import PATIENCE, RemoteCall, SilentApplicationError, TCPWire
from pystrix.testing._running import EndlessCallError
from pystrix.testing.record import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from pystrix.cli._follower import News
    from pystrix.testing._pilot import Pilot
    from pystrix.testing.call_record import CallRecord
    from pystrix.testing.record import Entry

_LEAVE_SECONDS: Final = 2.0  # for the server, after Ctrl-C
_ENOUGH: Final = 20  # commands that are none, after which the rest is not listened to


class NoAGIError(Exception):
    """What an application sends is no AGI."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a call."""

    record: CallRecord
    error: str = ""
    """What is wrong with the server, ``""`` if nothing is."""
    interrupted: bool = False
    """Whether Ctrl-C ended it."""
    written: bool = True
    """Whether the transcript was written, if there is to be one."""

    @property
    def exit_status(self) -> int:
        """The exit status for it."""
        if self.interrupted:
            return INTERRUPTED
        if self.error:
            return UNREACHABLE
        served = self.record.status in ("SUCCESS", "HANGUP")
        return 0 if served and self.written else FAILED


class Placing:
    """A call that is about to be placed.

    Args:
        pilot: The channel and its caller.
        address: Host and port of the server.
        tell: Called with everything that happens.
        transcript: A file for the transcript.

    Raises:
        OSError: If the server cannot be reached.
    """

    def __init__(
        self,
        pilot: Pilot,
        address: tuple[str, int],
        tell: Callable[[News], object],
        transcript: TextIO | None = None,
    ) -> None:
        self._pilot = pilot
        self._tell = tell
        self._log = _log_of(pilot, transcript) if transcript else None
        self._follower = Follower(pilot.channel.timeline)
        self._wire = _TappedWire(address, self._log)

    def run(
        self,
        *,
        patience: float = PATIENCE,
        real_time: bool = False,
        keyboard: Keyboard | None = None,
    ) -> Outcome:
        """Run the call to its end.

        Args:
            patience: Seconds of real time for the next command.
            real_time: Whether a second is a second.
            keyboard: Where the caller types, if it is a person.
        """
        channel = self._pilot.channel
        remote = RemoteCall(
            self._pilot, self._wire, real_time=real_time, patience=patience, notice=self._notice
        )
        error = ""
        with Interruption() as interruption:

            def interrupted() -> None:
                interruption.clear()
                if interruption.came:  # it may be another signal
                    channel.hang_up()
                    remote.hurry(_LEAVE_SECONDS)

            def typed() -> None:
                if keyboard is not None and not keyboard.press(channel):
                    remote.unwatch(keyboard.fileno())
                    channel.hang_up()

            remote.watch(interruption.fileno(), interrupted)
            if keyboard is not None:
                remote.watch(keyboard.fileno(), typed)
            try:
                remote.run()
            except (SilentApplicationError, EndlessCallError, NoAGIError) as wrong:
                error = str(wrong)
            finally:
                self._wire.close()
            return Outcome(
                self._finish(),
                self._verdict() or error,
                interrupted=interruption.came,
                written=self._log is None or not self._log.failure,
            )

    def _finish(self) -> CallRecord:
        record = self._pilot.finish()
        if len(rubbish(record.timeline)) < _ENOUGH:
            self._notice_news()
        if self._log is not None:
            if not self._wire.left:
                self._log.end("<<")
                self._log.remark("Asterisk closes")
            self._log.remark(f"the dialplan goes on: AGISTATUS={record.status}")
            self._log.close()
        return record

    def _notice(self) -> None:
        if len(rubbish(self._pilot.channel.timeline)) >= _ENOUGH:
            raise NoAGIError(self._verdict())
        self._notice_news()

    def _notice_news(self) -> None:
        for news in self._follower.news():
            self._tell(news)
            if self._log is not None and news.what not in ("command", "reply"):
                self._log.remark(news.text)

    def _verdict(self) -> str:
        commands = rubbish(self._pilot.channel.timeline)
        if not commands:
            return ""
        return f"this is no FastAGI server: it sends {plain(commands[0].line[:80])}"


def _log_of(pilot: Pilot, file: TextIO) -> SessionLog:
    def tell(why: str) -> None:
        complain(f"{file.name}: not written any further: {why}")

    return SessionLog(file, lambda: pilot.channel.now, tell=tell)


def rubbish(timeline: Sequence[Entry]) -> list[Command]:
    """Give all commands if none of them is one that Asterisk knows, otherwise none."""
    found: list[Command] = []
    for entry in timeline:
        if isinstance(entry, Command):
            if not (entry.reply or b"").startswith(b"510 "):
                return []
            found.append(entry)
    return found


class _TappedWire(TCPWire):
    """A connection whose bytes are written down."""

    def __init__(self, address: tuple[str, int], log: SessionLog | None) -> None:
        super().__init__(address)
        self._log = log
        self.left = False
        """Whether the application has closed it."""

    def receive(self) -> bytes | None:
        """Read what is there."""
        data = super().receive()
        self.left = data == b""
        if self._log is not None and data:
            self._log.sent("<<", data)
        elif self._log is not None and self.left:
            self._log.end("<<")
            self._log.remark("the application closes")
        return data

    def send(self, data: bytes) -> int:
        """Send what goes at once."""
        count = super().send(data)
        if self._log is not None:
            self._log.sent(">>", data[:count])
        return count
