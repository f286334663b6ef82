"""As much of the manager interface as the tests need to make calls and to hear of them."""

from __future__ import annotations

import itertools
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

SECONDS: Final = 15.0
KEPT: Final = 5000


class Message(list[tuple[str, str]]):
    """The headers of a response or event, in order."""

    def get(self, name: str) -> str | None:
        """Give the first value of a header."""
        return next((value for key, value in self if key == name), None)

    def getall(self, name: str) -> list[str]:
        """Give all values of a header."""
        return [value for key, value in self if key == name]


class AMI:
    """A connection to the manager interface, logged in; a context manager. Thread-safe.

    Events are kept from the beginning on, so that one that came already is found.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._socket.settimeout(None)
        self._numbers = itertools.count(1)
        self._news = threading.Condition()  # guards the two below
        self._messages: deque[Message] = deque(maxlen=KEPT)
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="tests-ami", daemon=True)
        self._thread.start()
        self.action("Login", Username="tests", Secret="tests")  # noqa: S106 - of a test's server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        with self._socket.makefile("r", encoding="utf-8", errors="replace", newline="\n") as lines:
            message = Message()
            try:
                for line in lines:
                    name, colon, value = line.rstrip("\r\n").partition(":")
                    if colon:
                        message.append((name, value.removeprefix(" ")))
                    elif message:
                        self._publish(message)
                        message = Message()
            except OSError:
                pass  # the same as the end
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _publish(self, message: Message) -> None:
        with self._news:
            self._messages.append(message)
            self._news.notify_all()

    def wait_event(
        self, wanted: Callable[[Message], bool], seconds: float = SECONDS, *, since: int = 0
    ) -> Message:
        """Give the first message that is wanted, waiting for it if need be.

        Args:
            wanted: Tells whether a message is.
            seconds: How long to wait.
            since: How many of those that are wanted to pass over.

        Raises:
            TimeoutError: If none comes.
            ConnectionError: If Asterisk has closed the connection.
        """
        with self._news:

            def found() -> Message | None:
                matching = (message for message in self._messages if wanted(message))
                return next(itertools.islice(matching, since, None), None)

            self._news.wait_for(lambda: found() is not None or self._ended, seconds)
            message = found()
            if message is None:
                if self._ended:
                    raise ConnectionError("Asterisk has closed the manager connection")
                last = [dict(message) for message in itertools.islice(self._messages, 0, None)][-5:]
                raise TimeoutError(f"no such event in {seconds} s; the last were {last}")
            return message

    def count(self, wanted: Callable[[Message], bool]) -> int:
        """Tell how many messages that are wanted have come."""
        with self._news:
            return sum(map(wanted, self._messages))

    def action(self, name: str, **headers: str | Iterable[str]) -> Message:
        """Send an action and give its response.

        Raises:
            RuntimeError: If Asterisk refuses it.
        """
        number = f"tests-{next(self._numbers)}"
        lines = [f"Action: {name}", f"ActionID: {number}"]
        for header, values in headers.items():
            each = [values] if isinstance(values, str) else values
            lines += [f"{header}: {value}" for value in each]
        self._socket.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        response = self.wait_event(
            lambda message: (
                message.get("ActionID") == number and message.get("Response") is not None
            )
        )
        if response.get("Response") == "Error":
            raise RuntimeError(f"{name}: {response.get('Message')}")
        return response
