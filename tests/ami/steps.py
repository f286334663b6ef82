"""A loop that can be disturbed before each of its steps, and an Asterisk that runs on it."""

from __future__ import annotations

import asyncio
import collections
import socket
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami import Message
from pystrix.testing._aio import SimulatedTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: Final = 5000
"""More steps than any scenario has: what goes on for ever fails."""


class StuckError(BaseException):
    """Raised when something happens for ever. Nobody catches it."""


class _Ready(collections.deque[Any]):
    """What a loop is about to call."""

    loop: Loop

    def popleft(self) -> Any:
        self.loop.step()
        return super().popleft()


class Loop(SimulatedTimeLoop):
    """A loop that calls functions before its steps, by their numbers.

    A step is one call of a callback, so that what comes before it may come in any order with all
    that happens in the same turn.
    """

    def __init__(self) -> None:
        self.disturbances: dict[int, Callable[[], None]] = {}
        """What to call before which step; it is removed then."""
        self.counts = False
        """Whether steps are counted."""
        self.steps = 0
        """How many there were."""
        self.complaints: list[Any] = []
        """What the loop would have logged."""
        super().__init__(patience=0)
        self.set_exception_handler(lambda _, context: self.complaints.append(context))
        self._ready = _Ready()
        self._ready.loop = self

    def step(self) -> None:
        """Take note of a step."""
        if self.counts:
            self.steps += 1
            if self.steps > LIMIT:
                raise StuckError("this goes on for ever")
            disturb = self.disturbances.pop(self.steps, None)
            if disturb is not None:
                disturb()

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """Resolve without a thread."""
        await asyncio.sleep(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]

    @property
    def timers(self) -> list[asyncio.TimerHandle]:
        """The timers that are to ring."""
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return [timer for timer in timers if not timer.cancelled()]


class Asterisk:
    """Serves the managers that connect to it, on the loop that they run on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._peers: dict[socket.socket, bytes] = {}  # and what was read of a request
        self.port: int = self._listener.getsockname()[1]
        """Where it listens."""
        self.tells_boot = True
        """Whether it tells that it has started."""
        self.events = 0
        """How many events there were."""

    def event(self) -> None:
        """Send an event, which is numbered."""
        if self._peers:
            self._send(f"Event: X\r\nN: {self.events}\r\n\r\n")
            self.events += 1

    def call(self, uniqueid: str, action_id: str = "") -> None:
        """Tell of a call from its beginning to its end."""
        about = f"Uniqueid: {uniqueid}\r\nLinkedid: {uniqueid}\r\nChannel: SIP/{uniqueid}\r\n"
        self._send(f"Event: Newchannel\r\n{about}ChannelState: 5\r\n\r\n")
        self._send(f"Event: Newstate\r\n{about}ChannelState: 6\r\n\r\n")
        if action_id:
            answer = f"ActionID: {action_id}\r\nResponse: Success\r\nReason: 4\r\n"
            self._send(f"Event: OriginateResponse\r\n{answer}Uniqueid: {uniqueid}\r\n\r\n")
        self._send(f"Event: Hangup\r\n{about}Cause: 16\r\n\r\n")

    def drop(self) -> None:
        """End all connections."""
        for peer in list(self._peers):
            self._drop(peer)

    def close(self) -> None:
        """End."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peers[peer] = b""
        self._loop.add_reader(peer, self._read, peer)
        self._write(peer, "Asterisk Call Manager/11.0.0\r\n")

    def _read(self, peer: socket.socket) -> None:
        try:
            data = peer.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._drop(peer)
            return
        *blocks, self._peers[peer] = (self._peers[peer] + data).split(b"\r\n\r\n")
        for block in blocks:
            self._answer(peer, Message.from_wire(block + b"\r\n"))

    def _answer(self, peer: socket.socket, request: Message) -> None:
        name, tag = request["Action"], f"ActionID: {request['ActionID']}\r\n"
        head = f"Response: Success\r\n{tag}"
        if name == "CoreShowChannels":
            self._write(peer, f"{head}EventList: start\r\n\r\n")
            item = f"Event: CoreShowChannel\r\n{tag}Channel: SIP/old\r\n"
            self._write(peer, f"{item}Uniqueid: old\r\nLinkedid: old\r\n\r\n")
            self._write(
                peer, f"Event: CoreShowChannelsComplete\r\n{tag}EventList: Complete\r\n\r\n"
            )
        else:
            self._write(peer, f"{head}Challenge: 1\r\n\r\n")
        if name == "Login" and self.tells_boot:
            self._write(peer, "Event: FullyBooted\r\n\r\n")
        if name == "Originate":
            self.call(request["ChannelId"], request["ActionID"])

    def _send(self, text: str) -> None:
        for peer in list(self._peers):
            self._write(peer, text)

    def _write(self, peer: socket.socket, text: str) -> None:
        if peer in self._peers:
            try:
                peer.send(text.encode())
            except ConnectionError:  # the manager has left
                self._drop(peer)

    def _drop(self, peer: socket.socket) -> None:
        del self._peers[peer]
        self._loop.remove_reader(peer)
        peer.close()
