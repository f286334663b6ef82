"""A simulated call to a server or a program: moves bytes between it and the channel."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from pystrix.testing._pilot import Pilot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE: Final = 10.0
"""Seconds of real time that an application may take for its next command."""

_CHUNK: Final = 64 * 1024
_SHOWN: Final = 80  # bytes of a line that is not whole
_CONNECT_SECONDS: Final = 5.0


class Wire(Protocol):
    """What carries the bytes. Nothing waits but `close`."""

    def fileno(self) -> int:
        """Give the descriptor to read from."""
        ...

    def output(self) -> int:
        """Give the descriptor to write to."""
        ...

    def receive(self) -> bytes | None:
        """Read what is there; ``b""`` at the end, and if the wire is broken; None if nothing is."""
        ...

    def send(self, data: bytes) -> int:
        """Send what goes at once; give how many bytes that were.

        Raises:
            OSError: If the application has left.
        """
        ...

    def signal_hangup(self) -> None:
        """Tell a program of the hang-up."""
        ...

    def close(self) -> bool:
        """End it; tell whether the application ended as it should."""
        ...


class TCPWire:
    """A connection to a FastAGI server.

    Args:
        address: Host and port.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        try:
            self._socket = socket.create_connection(address, _CONNECT_SECONDS)
        except UnicodeError as error:  # what can be no name
            raise OSError(f"there is no such address: {error}") from error
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        """Give the descriptor to read from."""
        return self._socket.fileno()

    def output(self) -> int:
        """Give the descriptor to write to."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """Read what is there; ``b""`` at the end, and if it is broken; None if nothing is."""
        try:
            return self._socket.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> int:
        """Send what goes at once; give how many bytes that were.

        Raises:
            OSError: If the server has left.
        """
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    def signal_hangup(self) -> None:
        """Do nothing: a server is told by a line."""

    def close(self) -> bool:
        """Close it."""
        self._socket.close()
        return True


class ProgramWire:
    """A program, started as Asterisk starts one.

    Args:
        command: The program and its arguments.
        patience: Seconds that it may take to end.

    Raises:
        OSError: If it cannot be started.
    """

    def __init__(self, command: Sequence[str], patience: float = PATIENCE) -> None:
        self._patience = patience
        self._process = subprocess.Popen(  # noqa: S603 - what the user asks for
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self.output(), False)

    def fileno(self) -> int:
        """Give the descriptor to read from."""
        return self._stdout.fileno()

    def output(self) -> int:
        """Give the descriptor to write to."""
        return self._stdin.fileno()

    def receive(self) -> bytes | None:
        """Read what is there; ``b""`` at the end."""
        return os.read(self.fileno(), _CHUNK)

    def send(self, data: bytes) -> int:
        """Send what goes at once; give how many bytes that were.

        Raises:
            OSError: If the program has closed its standard input.
        """
        try:
            return os.write(self.output(), data)
        except BlockingIOError:
            return 0

    def signal_hangup(self) -> None:
        """Send SIGHUP."""
        self._process.send_signal(signal.SIGHUP)

    def close(self) -> bool:
        """Wait for its end; tell whether its exit status is 0."""
        self._stdin.close()
        self._stdout.close()
        try:
            return self._process.wait(self._patience) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False


class SilentApplicationError(TimeoutError):
    """An application sends no command and does not end."""


class LivePilot(Pilot):
    """A pilot whose caller is a person: nobody knows what it will do, and when."""

    def next_moment(self) -> float | None:
        """Give the moment when something happens by itself, None if nothing ever does."""
        channel = self.channel
        if channel.running and not channel.hung_up:
            deadline = channel.deadline
            return self.limit if deadline is None else min(deadline, self.limit)
        return channel.deadline

    def advance(self, to: float) -> None:
        """Let time pass."""
        channel = self.channel
        channel.advance(to)
        if channel.now >= self.limit and not channel.hung_up:
            channel.note("the call lasts too long")
            channel.hang_up("caller, who is tired of waiting")


class RemoteCall:
    """A call to an application behind a wire.

    Args:
        pilot: The channel.
        wire: The application.
        real_time: Whether a second is a second; otherwise no time passes but while a command
            runs, and then at once.
        patience: Seconds of real time for the next command, which counts when it is whole.
        notice: Called whenever something may have happened.
    """

    def __init__(
        self,
        pilot: Pilot,
        wire: Wire,
        *,
        real_time: bool = False,
        patience: float = PATIENCE,
        notice: Callable[[], object] = lambda: None,
    ) -> None:
        self._pilot = pilot
        self._wire = wire
        self._real_time = real_time
        self._patience = patience
        self._notice = notice
        self._signals = 0
        self._pending = b""  # what the application is still to read
        self._part = b""  # the beginning of a line that is not whole
        self._left = False  # whether the application has
        self._reads = False  # whether it is listened to
        self._began = self._heard = 0.0
        self._watched: dict[int, Callable[[], object]] = {}
        self._reading: selectors.BaseSelector
        self._writing: selectors.BaseSelector

    def watch(self, fileno: int, read: Callable[[], object]) -> None:
        """Call something, in `run`, when a descriptor can be read: the keyboard."""
        self._watched[fileno] = read

    def unwatch(self, fileno: int) -> None:
        """Watch a descriptor no more; for what `watch` calls."""
        self._reading.unregister(fileno)
        self._writing.unregister(fileno)

    def hurry(self, seconds: float) -> None:
        """Have patience for no longer than so many seconds, from now."""
        self._patience = min(self._patience, seconds)
        self._heard = time.monotonic()

    def run(self) -> None:
        """Run the call to its end; to be called once.

        Raises:
            SilentApplicationError: If the application says nothing any more, or does not read.
            EndlessCallError: If it says too much.
        """
        with selectors.DefaultSelector() as reading, selectors.DefaultSelector() as writing:
            self._reading, self._writing = reading, writing
            writing.register(self._wire.output(), selectors.EVENT_WRITE)
            for fileno, read in self._watched.items():
                reading.register(fileno, selectors.EVENT_READ, read)
                writing.register(fileno, selectors.EVENT_READ, read)
            self._began = self._heard = time.monotonic()
            self._pilot.channel.start()
            self._pilot.settle()
            self._loop()

    def _loop(self) -> None:
        channel = self._pilot.channel
        while True:
            self._flush()
            if channel.closed:
                return
            if self._real_time:
                self._wait_really()
            elif not (channel.running and self._pilot.run()):
                self._wait()
            self._notice()

    # Sending.

    def _flush(self) -> None:
        channel = self._pilot.channel
        if data := channel.data_to_send():
            self._pending += data
            self._heard = time.monotonic()  # its turn
        while self._pending:
            try:
                count = self._wire.send(self._pending)
            except OSError:
                self._pending = b""
                channel.receive_eof()
                break
            self._pending = self._pending[count:]
            if self._pending:
                self._wait_to_send()
        while self._signals < channel.signals:
            self._signals += 1
            self._wire.signal_hangup()

    def _wait_to_send(self) -> None:
        """Wait until the application reads; as Asterisk, listen to it no more meanwhile."""
        deadline = time.monotonic() + self._patience
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in self._writing.select(left):
                if key.data is None:
                    return
                key.data()
        raise SilentApplicationError("the application does not read what it is sent")

    # Receiving.

    def _listen(self) -> None:
        """Listen to the application, but not ahead of Asterisk: what waits must not pile up."""
        channel = self._pilot.channel
        wanted = not self._left and not (channel.running and channel._input.readable)
        if wanted and not self._reads:
            self._reading.register(self._wire.fileno(), selectors.EVENT_READ)
        elif self._reads and not wanted:
            self._reading.unregister(self._wire.fileno())
        self._reads = wanted

    def _read(self, seconds: float) -> bool:
        """Wait for bytes and keys, and take them; tell whether any came."""
        self._listen()
        events = self._reading.select(seconds)
        if self._real_time:
            self._catch_up()
        for key, _ in events:
            if key.data is not None:
                key.data()
                continue
            data = self._wire.receive()
            if data:
                self._note_line(data)
                self._pilot.receive_data(data)
            elif data is not None:
                self._left = True
                self._pilot.channel.receive_eof()
        return bool(events)

    def _note_line(self, data: bytes) -> None:
        """Note whether a line is whole: one that is not is no sign of life."""
        _, line_feed, part = data.rpartition(b"\n")
        if line_feed:
            self._heard = time.monotonic()
            self._part = b""
        self._part = (self._part + part)[:_SHOWN]

    # Time.

    def _clock(self) -> float:
        return time.monotonic() - self._began

    def _catch_up(self) -> None:
        """Bring the channel to the present."""
        pilot = self._pilot
        now = max(self._clock(), pilot.channel.now)
        while (moment := pilot.next_moment()) is not None and moment <= now:
            pilot.advance(max(moment, pilot.channel.now))
        pilot.channel.advance(now)

    def _wait_really(self) -> None:
        moment = self._pilot.next_moment()
        if moment is None:
            moment = self._heard - self._began + self._patience
            if moment <= self._clock():
                raise SilentApplicationError(self._silence)
        self._read(max(0.0, moment - self._clock()))

    def _wait(self) -> None:
        """Wait for the next command; if none comes, let the caller do what is next."""
        left = self._heard + self._patience - time.monotonic()
        if left > 0:
            self._read(left)
            return
        moment = self._pilot.next_moment()
        if moment is None:
            raise SilentApplicationError(self._silence)
        self._pilot.advance(moment)
        self._heard = time.monotonic()

    @property
    def _silence(self) -> str:
        if self._part:
            what = f"no command for {self._patience:g} seconds, but {self._part!r}"
            return f"the application has sent {what} without a line feed"
        return f"the application has said nothing for {self._patience:g} seconds"


__all__ = [
    "PATIENCE",
    "LivePilot",
    "ProgramWire",
    "RemoteCall",
    "SilentApplicationError",
    "TCPWire",
    "Wire",
]
