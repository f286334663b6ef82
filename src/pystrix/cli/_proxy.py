"""Stands between Asterisk and a FastAGI server, and writes down what they say."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import struct
import time
from typing import TYPE_CHECKING, Final, cast

from pystrix.agi._wire import FAILURE_LINE
from pystrix.cli._output import reason
from pystrix.cli._session_log import SessionLog, create

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pystrix.cli._session_log import Direction

_CONNECT_SECONDS: Final = 5.0
_LEAVE_SECONDS: Final = 2.0
_EVERYWHERE: Final = {"0.0.0.0", "::"}  # noqa: S104 - to compare with
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class _Side(asyncio.Protocol):
    """The connection to one of the two.

    Args:
        session: The session.
        direction: What it sends, in a transcript.
        name: Who it is, in a transcript.
    """

    def __init__(self, session: Session, direction: Direction, name: str) -> None:
        self.name = name
        self.direction: Direction = direction
        self.other: _Side = self
        self.transport: asyncio.Transport | None = None
        self.ended = False
        """Whether it sends no more."""
        self._session = session

    # What comes from there.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; it is not read before the other side is there."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.pause_reading()
        self._session.connected(self)

    def data_received(self, data: bytes) -> None:
        """Forward it."""
        self._session.sent(self.direction, data)
        if self.other.transport is not None:  # otherwise Asterisk is told that there is no server
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Forward the end of what is sent; what the other side sends still goes on."""
        self.ended = True
        self._session.remark(f"{self.name} closes", self.direction)
        if self.other.ended or self.other.transport is None:
            self._session.close()
        else:
            _end(self.other.transport)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other side the same way."""
        self.transport = None
        if exc is not None:
            self._session.remark(f"{self.name} breaks the connection", self.direction)
        self.other.leave(reset=exc is not None)
        self._session.lost()

    def pause_writing(self) -> None:
        """Hold the other side: this one reads slowly."""
        self.other.listen(wanted=False)

    def resume_writing(self) -> None:
        """Have the other side go on."""
        self.other.listen()

    # What goes there.

    def listen(self, *, wanted: bool = True) -> None:
        """Read from now on, or no more."""
        if self.transport is None:
            return
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def leave(self, *, reset: bool = False) -> None:
        """Close the connection, as soon as what is on its way was sent, or break it."""
        if self.transport is None:
            return
        if reset:
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()
        else:
            self.transport.close()


def _is_own(host: str) -> bool:
    """Tell whether an address is one of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def _end(transport: asyncio.Transport) -> None:
    """Send no more."""
    with contextlib.suppress(OSError):  # the other has left, which is seen when it is read
        transport.write_eof()


class Session:
    """One call that is recorded.

    Args:
        proxy: The proxy.
        name: The name of the transcript.
    """

    def __init__(self, proxy: Proxy, name: str) -> None:
        self.asterisk: _Side = _Side(self, ">>", "Asterisk")
        self.over: asyncio.Event = asyncio.Event()
        """Set when both connections are closed."""
        self._name = name
        self._proxy = proxy
        self._application = _Side(self, "<<", "the application")
        self.asterisk.other, self._application.other = self._application, self.asterisk
        self._closing = False
        self._began = time.monotonic()
        self._connecting: asyncio.Task[None] | None = None
        self._log: SessionLog | None = None

    # What happens.

    def connected(self, side: _Side) -> None:
        """Begin, when Asterisk is there."""
        if self._closing:
            side.leave()
        elif side is self.asterisk and side.transport is not None:
            peer = side.transport.get_extra_info("peername")
            self._open(f"{peer[0]}:{peer[1]} calls {self._proxy.target}")
            self._connecting = asyncio.get_running_loop().create_task(self._connect(side.transport))

    def sent(self, direction: Direction, data: bytes) -> None:
        """Record what was sent."""
        self._write(lambda log: log.sent(direction, data))

    def remark(self, text: str, direction: Direction | None = None) -> None:
        """Record what has happened.

        Args:
            text: What.
            direction: Who sends no more.
        """
        if direction is not None:
            self._write(lambda log: log.end(direction))
        self._write(lambda log: log.remark(text))

    def lost(self) -> None:
        """Take the loss of a connection."""
        gone = self.asterisk.transport is None and self._application.transport is None
        if gone and not self.over.is_set():
            self._finish()

    def close(self) -> None:
        """End both connections; what is on its way has a moment. Idempotent."""
        self._closing = True
        if self._connecting is not None:
            self._connecting.cancel()
        self.asterisk.leave()
        self._application.leave()
        asyncio.get_running_loop().call_later(_LEAVE_SECONDS, self._break)

    # Private.

    def _break(self) -> None:
        self.asterisk.leave(reset=True)
        self._application.leave(reset=True)

    async def _connect(self, asterisk: asyncio.Transport) -> None:
        """Connect to the server, and have the two talk."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await loop.create_connection(lambda: self._application, *self._proxy.address)
        except TimeoutError:
            self._refuse(asterisk, "no answer")
        except OSError as error:
            self._refuse(asterisk, reason(error))
        self.asterisk.listen()
        self._application.listen()

    def _refuse(self, asterisk: asyncio.Transport, why: str) -> None:
        """Tell Asterisk what it would see without us: AGISTATUS=FAILURE."""
        text = f"cannot reach {self._proxy.target}: {why}"
        self.remark(text)
        self._proxy.tell(text)
        asterisk.write(FAILURE_LINE)
        _end(asterisk)
        asyncio.get_running_loop().call_later(_LEAVE_SECONDS, self._break)

    def _open(self, text: str) -> None:
        path = self._proxy.folder / self._name
        try:
            file = create(path, "x")
        except OSError as error:
            self._proxy.tell(f"{path}: not recorded: {reason(error)}")
            return
        self._log = SessionLog(file, self._clock, self._proxy.most, tell=self._tell_unwritten)
        self.remark(f"{text} at {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC")

    def _clock(self) -> float:
        return time.monotonic() - self._began

    def _write(self, what: Callable[[SessionLog], None]) -> None:
        """Record something, if there is a transcript."""
        if self._log is not None:
            what(self._log)

    def _tell_unwritten(self, why: str) -> None:
        """Tell that a transcript ends before its call."""
        self._proxy.tell(f"{self._name}: not recorded any further: {why}")

    def _finish(self) -> None:
        self.over.set()
        self._write(lambda log: log.end(">>"))
        self._write(lambda log: log.end("<<"))
        self._write(lambda log: log.close())
        self._proxy.ended(self, f"{self._name}: {self._clock():.1f} s")


class Proxy:
    """Records the calls of an Asterisk to a server.

    Args:
        address: The server.
        folder: Where the transcripts go.
        tell: Called with what an operator should know.
        most: How many characters a transcript has at most.
    """

    def __init__(
        self,
        address: tuple[str, int],
        folder: Path,
        tell: Callable[[str], object],
        most: float = float("inf"),
    ) -> None:
        self.address = address
        self.target: str = f"{address[0]}:{address[1]}"
        self.folder = folder
        self.tell = tell
        self.most = most
        self.sessions: set[Session] = set()
        self._count = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; give where.

        Raises:
            OSError: If that cannot be.
        """
        self._server = await asyncio.get_running_loop().create_server(self._accept, host, port)
        name = self._server.sockets[0].getsockname()
        return f"{name[0]}:{name[1]}"

    async def calls_itself(self) -> bool:
        """Tell whether the server is this very proxy: a call would go round for ever."""
        host, port = self.address
        if self._server is None or port != self._server.sockets[0].getsockname()[1]:
            return False
        own = {each.getsockname()[0] for each in self._server.sockets}
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port)
        except (OSError, UnicodeError):  # no such host, which is told when a call comes
            return False
        hosts = {str(address[0]) for *_, address in found}
        return bool(hosts & own) or bool(own & _EVERYWHERE and any(map(_is_own, hosts)))

    async def stop(self) -> None:
        """Stop listening, and end all calls."""
        if self._server is not None:
            self._server.close()
        sessions = list(self.sessions)
        for session in sessions:
            session.remark("the recording ends")
            session.close()
        for session in sessions:
            await session.over.wait()

    def ended(self, session: Session, text: str) -> None:
        """Forget a session that is over."""
        self.sessions.discard(session)
        self.tell(text)

    def _accept(self) -> _Side:
        self._count += 1
        now = dt.datetime.now(dt.UTC)
        session = Session(self, f"{now:%Y%m%d-%H%M%S-%f}-{self._count:06}.txt")
        self.sessions.add(session)
        return session.asterisk
