"""As much of the manager interface as the tests need to make calls and to hear of them."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

SECONDS: Final = 15.0
KEPT: Final = 20_000
"""How many events are remembered."""


class AMIError(RuntimeError):
    """Raised when Asterisk refuses an action."""


class Message(list[tuple[str, str]]):
    """The headers of a response or event, in order. Bytes that are no UTF-8 are surrogates."""

    def get(self, name: str) -> str | None:
        """Give the first value of a header."""
        return next((value for key, value in self if key == name), None)

    def getall(self, name: str) -> list[str]:
        """Give all values of a header."""
        return [value for key, value in self if key == name]


class AMI:
    """A connection to the manager interface, logged in; a context manager. Thread-safe.

    Events are kept, so that one that came already is found.

    Args:
        port: Where it listens, on loopback.
        secret: The password of the user ``tests``.
        explain: Says why Asterisk may have gone, when it has.

    Raises:
        OSError: If nothing listens.
        AMIError: If the login is refused.
    """

    def __init__(self, port: int, secret: str, explain: Callable[[], str] = str) -> None:
        self._explain = explain
        self._numbers = itertools.count(1)
        self._sending = threading.Lock()  # guards the order of what is sent
        self._news = threading.Condition()  # guards the four below
        self._events: deque[Message] = deque(maxlen=KEPT)
        self._count = 0
        self._responses: dict[str, Message] = {}
        self._ended = False
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, name="tests-ami", daemon=True)
        self._thread.start()
        try:
            self.action("Login", Username="tests", Secret=secret)
        except (AMIError, ConnectionError, TimeoutError):
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; waits for its thread."""
        with contextlib.suppress(OSError):  # Asterisk may have closed it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def action(self, name: str, **headers: str | Iterable[str]) -> Message:
        """Send an action and give its response. A header with several values is repeated.

        Raises:
            AMIError: If Asterisk refuses it.
            ValueError: If a value has a line break.
            TimeoutError: If no response comes.
            ConnectionError: If Asterisk has closed the connection.
        """
        number = f"tests-{next(self._numbers)}"
        lines = [f"Action: {name}", f"ActionID: {number}"]
        for header, values in headers.items():
            every = [values] if isinstance(values, str) else values
            lines.extend(f"{header}: {value}" for value in every)
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("the manager interface cannot carry a line break")
        packet = "".join(f"{line}\r\n" for line in [*lines, ""])
        with self._sending, contextlib.suppress(ConnectionError):  # the reader tells of the end
            self._socket.sendall(packet.encode(errors="surrogateescape"))
        with self._news:
            self._news.wait_for(lambda: number in self._responses or self._ended, SECONDS)
            response = self._responses.pop(number, None)
            if response is None:
                raise self._absence(f"no response to {name} in {SECONDS} s")
        if response.get("Response") == "Error":
            said = response.get("Message"), *response.getall("Output")
            raise AMIError(f"{name}: {' '.join(filter(None, said))}")
        return response

    def wait_event(
        self, wanted: Callable[[Message], bool], seconds: float = SECONDS, *, since: int = 0
    ) -> Message:
        """Give the first event that is wanted, waiting for it unless it came already.

        Args:
            wanted: Tells whether an event is. Must not use this connection.
            seconds: How long to wait.
            since: How many of those that are wanted to pass over.

        Raises:
            TimeoutError: If none comes.
            ConnectionError: If Asterisk has closed the connection.
        """
        deadline = time.monotonic() + seconds
        seen = 0  # events before this number have been looked at
        with self._news:
            while True:
                first = self._count - len(self._events)
                for event in itertools.islice(self._events, max(seen - first, 0), None):
                    if wanted(event):
                        if since == 0:
                            return event
                        since -= 1
                seen = self._count
                remaining = deadline - time.monotonic()
                if self._ended or remaining <= 0:
                    last = [dict(event) for event in self._events][-5:]
                    raise self._absence(f"no such event in {seconds} s; the last were {last}")
                self._news.wait_for(lambda: self._count > seen or self._ended, remaining)  # noqa: B023

    def count(self, wanted: Callable[[Message], bool]) -> int:
        """Tell how many events that are wanted have come."""
        with self._news:
            return sum(map(wanted, self._events))

    def _absence(self, missing: str) -> Exception:
        if self._ended:
            return ConnectionError(f"Asterisk has closed the connection: {self._explain()}")
        return TimeoutError(missing)

    def _read(self) -> None:
        lines = self._socket.makefile(encoding="utf-8", errors="surrogateescape", newline="\n")
        message = Message()
        with lines, contextlib.suppress(OSError):  # a reset is an end as well
            for line in lines:
                name, colon, value = line.rstrip("\r\n").partition(":")
                if colon:
                    message.append((name, value.removeprefix(" ")))
                elif message:
                    self._publish(message)
                    message = Message()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _publish(self, message: Message) -> None:
        with self._news:
            if message[0][0] == "Response":
                self._responses[message.get("ActionID") or ""] = message
            else:
                self._events.append(message)
                self._count += 1
            self._news.notify_all()
