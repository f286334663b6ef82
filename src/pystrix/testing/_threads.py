"""A handler for threads, run on a simulated channel in this very thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pystrix.agi import FastAGI
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi.routing import Request
    from pystrix.testing._pilot import Pilot


class SimulatedStream:
    """The connection to a simulated channel; to wait is to let its time pass.

    Args:
        pilot: The channel.
    """

    def __init__(self, pilot: Pilot) -> None:
        self.peer = "the simulated Asterisk"
        self._pilot = pilot
        self._channel = pilot.channel

    def fileno(self) -> int:
        """There is none."""
        return -1

    def receive(self) -> bytes:
        """Wait for bytes; ``b""`` at the end."""
        self._pilot.run()
        return self._channel.data_to_send()

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for bytes up to a moment of `time.monotonic`, counted from now."""
        until = self._channel.now + max(0.0, deadline - time.monotonic())
        if self._pilot.run(until) or self._channel.closed:
            return self._channel.data_to_send()
        return None

    def receive_now(self) -> bytes | None:
        """Give the bytes that are there, ``b""`` at the end, None if nothing is."""
        return self._channel.data_to_send() or (b"" if self._channel.closed else None)

    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            BrokenPipeError: If Asterisk has closed the session.
        """
        if self._channel.closed:
            raise BrokenPipeError("the simulated Asterisk has closed the session")
        self._pilot.receive_data(data)

    def send_last(self, line: bytes) -> None:
        """Send a last line, unless Asterisk has closed the session."""
        self._channel.receive_data(line)

    def acknowledge(self) -> None:
        """Do nothing."""

    def interrupt(self) -> None:
        """End the connection."""
        self._channel.receive_eof()

    def close(self) -> None:
        """End the connection. Idempotent."""
        self._channel.receive_eof()


class SimulatedFastAGI(FastAGI):
    """A call on a simulated channel.

    Args:
        pilot: The channel.
    """

    def __init__(self, pilot: Pilot) -> None:  # pyright: ignore[reportMissingSuperCall]
        self._simulated = SimulatedStream(pilot)
        Session.__init__(self, self._simulated, AGIProtocol())
        self._read_environment()

    def set_request(self, request: Request) -> None:
        """Say what the call asks for."""
        self._request = request

    def fail(self, line: bytes) -> None:
        """Tell Asterisk, if it still listens, that the handler failed."""
        if not self.closed:
            self._simulated.send_last(line)


def run_handler(pilot: Pilot, serve: Callable[[SimulatedFastAGI], None]) -> None:
    """Run a handler to its end.

    Args:
        pilot: The channel.
        serve: Calls the handler with the session.
    """
    session = SimulatedFastAGI(pilot)
    try:
        serve(session)
    finally:
        session.close()
