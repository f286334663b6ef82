"""A manager without a library: says exactly what it is told, and keeps all that it hears."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Self

SECONDS: Final = 10.0
_STRAY = re.compile(rb"\A(?:\r?\n)+")

Message = tuple[tuple[str, str], ...]
"""The headers of a message, in order."""


class Dialogue:
    """A connection; a context manager.

    Args:
        address: Host and port.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.banner = b""
        """The greeting."""
        self.messages: list[Message] = []
        """What was heard, in order."""
        self.ended = False
        """Whether the other side has closed the connection."""
        self._buffer = b""
        self._numbers = 0
        self._socket = socket.create_connection(address, SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def act(self, name: str, **headers: str | list[str]) -> Message:
        """Send an action and give its response."""
        self._numbers += 1
        number = f"n{self._numbers}"
        pairs = [("Action", name), ("ActionID", number)]
        for header, value in headers.items():
            pairs += [(header, each) for each in (value if isinstance(value, list) else [value])]
        text = "".join(f"{header}: {value}\r\n" for header, value in pairs)
        self.say(f"{text}\r\n".encode(errors="surrogateescape"))
        return self.hear(Response=None, ActionID=number)

    def log_in(self, name: str, secret: str, events: str = "off") -> None:
        """Log in."""
        self.act("Login", Username=name, Secret=secret, Events=events)

    def hear(self, *, since: int = 0, **wanted: str | None) -> Message:
        """Wait for the first message with these headers; None stands for any value.

        Raises:
            TimeoutError: If it does not come.
            ConnectionError: If the connection ends before.
        """
        deadline = time.monotonic() + SECONDS
        while True:
            for message in self.messages[since:]:
                if _fits(message, wanted):
                    return message
            if self.ended:
                raise ConnectionError(f"no {wanted} before the end: {self.messages[-5:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {wanted} in {SECONDS} s: {self.messages[-5:]}")
            self._read(deadline)

    def hear_end(self) -> None:
        """Wait until the other side closes the connection."""
        while not self.ended:
            self._read(time.monotonic() + SECONDS)

    def _read(self, deadline: float) -> None:
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self._buffer += data
        if not self.banner and b"\n" in self._buffer:
            self.banner, _, self._buffer = self._buffer.partition(b"\n")
        while True:
            self._buffer = _STRAY.sub(b"", self._buffer)
            block, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            self.messages.append(_parse(block))


def _fits(message: Message, wanted: dict[str, str | None]) -> bool:
    headers = dict(message[::-1])
    return all(name in headers and value in (None, headers[name]) for name, value in wanted.items())


def _parse(block: bytes) -> Message:
    lines = block.decode(errors="surrogateescape").split("\r\n")
    parts = (line.partition(": ") for line in lines)
    return tuple((name, value) for name, _, value in parts)
