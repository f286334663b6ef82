"""One connection to a simulated Asterisk: bytes in, bytes out.

Pure. A session runs its actions one after the other, and events that an action makes come behind
its answer, as in Asterisk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from pystrix.ami import actions as catalogue
from pystrix.testing.ami._answers import Answer, Later, Refused, answer_bytes
from pystrix.testing.ami._messages import ACTIONS, CLASSES, compose
from pystrix.testing.ami._requests import ReceivedAction, RequestReader

if TYPE_CHECKING:
    from pystrix.testing.ami._messages import Pairs
    from pystrix.testing.ami.asterisk import SimulatedAsterisk

__all__ = ["Builtin", "Pending", "Session", "User"]

_WITHOUT_LOGIN: Final = frozenset({"login", "logoff", "challenge"})
_EVERYTHING: Final = frozenset(CLASSES)


class User:
    """A user of manager.conf."""

    def __init__(self, name: str, secret: str, read: frozenset[str], write: frozenset[str]) -> None:
        self.name = name
        self.secret = secret
        self.read = read
        self.write = write


class Pending:
    """An action answers by itself, later: by `Session.finish`."""


class Session:
    """One connection.

    Whoever moves its bytes gives it what was read (`receive_data`, `receive_eof`), sends
    `data_to_send` whenever there is some, and closes the connection when it is `closed` and all is
    sent.

    Args:
        host: The Asterisk.
        number: Its number, from 1.
        banner: What it greets with.
    """

    def __init__(self, host: SimulatedAsterisk, number: int, banner: bytes) -> None:
        self.number = number
        """Which connection it is, from 1."""
        self.user: User | None = None
        """Who has logged in."""
        self.mask: frozenset[str] = _EVERYTHING
        """The classes of events that it asked for."""
        self.closed: bool = False
        """Whether Asterisk has closed it."""
        self.challenge = ""
        """The challenge it was given."""
        self.host = host
        """The Asterisk."""
        self._reader = RequestReader()
        self._waiting: deque[tuple[ReceivedAction, str]] = deque()
        self._busy = False
        self._held: list[bytes] = []  # what happened while an action ran
        self._out = bytearray()
        self._ended = False  # by the peer
        self.send(banner)

    # What moves its bytes.

    def receive_data(self, data: bytes) -> None:
        """Take what was read."""
        if self.closed:
            return
        self.host.note_bytes(self, "<<", data)
        for action, error in self._reader.receive_data(data):
            if action.name and not error:
                self.host.note_action(action)
            self._waiting.append((action, error))
        self.go_on()

    def receive_eof(self) -> None:
        """Take the end of what the peer sends: what is whole is answered, then it is over."""
        self._ended = True
        self.go_on()

    def data_to_send(self) -> bytes:
        """Take what is to be sent."""
        if self.host.frozen:
            return b""
        data = bytes(self._out)
        self._out.clear()
        return data

    # What the Asterisk does.

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        if data and not self.closed:
            self.host.note_bytes(self, ">>", data)
            self._out += data

    def deliver(self, classes: tuple[str, ...], data: bytes) -> None:
        """Send an event, if the user reads one of its classes and asked for it.

        One without classes goes to everybody who reads anything.
        """
        if self.user is None:
            return
        readable = self.user.read & self.mask
        if not (readable.intersection(classes) if classes else readable):
            return
        if self._busy:
            self._held.append(data)
        else:
            self.send(data)

    def close(self) -> None:
        """End it, when what was sent has gone out. Idempotent."""
        self.closed = True
        self._waiting.clear()

    def go_on(self) -> None:
        """Run what waits."""
        while self._waiting and not (self._busy or self.closed or self.host.frozen):
            self._busy = True
            action, error = self._waiting.popleft()
            answer = self._answer(action, error)
            if isinstance(answer, Later):
                self.host.after(answer.seconds, self.finisher(action, answer.answer))
            elif not isinstance(answer, Pending):
                self.finish(action, answer)
        if self._ended and not (self._waiting or self._busy):
            self.close()

    def finish(self, action: ReceivedAction, answer: Answer) -> None:
        """Answer the action that runs."""
        self._busy = False
        try:
            data = answer_bytes(action, answer)
        except TypeError as error:  # a script gave it
            data = answer_bytes(action, self._fail(action, error))
        self.send(data)
        held, self._held = self._held, []
        for data in held:
            self.send(data)

    def finisher(self, action: ReceivedAction, answer: Answer) -> Callable[[], None]:
        """Give a function that answers the action that runs, and goes on."""

        def finish() -> None:
            if not self.closed:
                self.finish(action, answer)
                self.go_on()

        return finish

    def end_login(self, action: ReceivedAction, message: str) -> None:
        """Refuse a login, and close."""
        self.finish(action, Refused(message))
        self.close()

    def say_goodbye(self, action: ReceivedAction) -> None:
        """Answer Logoff, and close."""
        pairs: Pairs = [("Response", "Goodbye")]
        if action.action_id:
            pairs.append(("ActionID", action.action_id))
        self.send(compose([*pairs, ("Message", "Thanks for all the fish.")]))
        self.close()

    def _answer(self, action: ReceivedAction, error: str) -> Answer | Pending:
        """Find out what an action is answered."""
        name = action.name.lower()
        if error or not name:
            return Refused(error or "Missing action in request")
        if self.host.shutting_down:
            return Refused("Asterisk is shutting down")
        if self.user is None and name not in _WITHOUT_LOGIN:
            return Refused("Permission denied")
        return self._run(action, name)

    def _run(self, action: ReceivedAction, name: str) -> Answer | Pending:
        script, builtin = self.host.find_action(name)
        if script is None and builtin is None:
            return Refused(
                f"Invalid/unknown command: {action.name}. "
                "Use Action: ListCommands to show available commands."
            )
        if not self.may(name):
            return Refused("Permission denied")
        answer: Answer | Pending = NotImplemented
        try:
            if script is not None:
                answer = script(action)
            if answer is NotImplemented and builtin is not None:
                answer = builtin(self, action)
        except Refused as refused:
            return refused
        except Exception as error:  # noqa: BLE001 - of a script; the test is told
            return self._fail(action, error)
        return answer

    def _fail(self, action: ReceivedAction, error: Exception) -> Refused:
        """Note what was wrong with a script."""
        self.host.failures.append(error)
        return Refused(f"the script for {action.name} failed: {error!r}")

    def may(self, name: str) -> bool:
        """Tell whether the user may use an action, by its name in lower case."""
        needed = ACTIONS.get(name, catalogue.Ping).CLASSES
        return not needed or (self.user is not None and bool(self.user.write.intersection(needed)))


Builtin: TypeAlias = Callable[[Session, ReceivedAction], Answer | Pending]
"""What the simulation does for an action."""
