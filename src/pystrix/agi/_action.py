"""An action: one AGI command as a value, and what its reply means.

Pure. Every session executes actions and nothing else: ``result = agi.execute(action)``; the type
of the result travels in the action.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pystrix.agi._wire import decode, encode_command, encode_raw, printable, to_text
from pystrix.agi.errors import AGIAppError

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["Action", "Command"]

T_co = TypeVar("T_co", covariant=True)


class Action(ABC, Generic[T_co]):
    """One AGI command: its line and the meaning of its reply.

    Derive from it to add a command: call ``super().__init__`` with the words, and say in
    `process_response` what the reply means. Immutable; equal when class and line are equal.

    Args:
        command: The command's name, ``"STREAM FILE"``.
        words: Its arguments, each sent as one word exactly as it is.

    Raises:
        ValueError: If Asterisk could not take the line: a line feed or NUL, more than 8,190 bytes
            or 127 words; or if it would harm Asterisk (GET OPTION without a timeout, GET DATA for
            more than 1,024 digits, DATABASE DELTREE of an empty family).
        TypeError: If an argument is bytes or None.
    """

    check_hangup: ClassVar[bool] = True
    """Whether a result of -1 may mean that the caller hung up. The session then finds out before
    `process_response` hears of it, and raises `AGIResultHangup` if so."""

    wire: bytes
    """The line as it is sent, with its line feed, in bytes."""

    def __init__(self, command: str, *words: object) -> None:
        self.wire: bytes = encode_command(command, words)

    @property
    def command(self) -> str:
        """The line as it is sent, with its line feed."""
        return decode(self.wire)

    @abstractmethod
    def process_response(self, response: Response) -> T_co:
        """Make the result of a reply with code 200.

        Args:
            response: The reply; its ``items["result"]`` exists.

        Raises:
            AGIAppError: If the reply says that the command failed.
        """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.wire == other.wire

    def __hash__(self) -> int:
        return hash((type(self), self.wire))

    def __str__(self) -> str:
        """Give the line for a message."""
        return printable(self.wire[:-1])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"


class Acknowledged(Action["Response"]):
    """Base of the commands whose result is only that they worked."""

    def process_response(self, response: Response) -> Response:
        """Give the reply as it came.

        Raises:
            AGIAppError: If the result is -1 though the channel lives.
        """
        value, _ = response.items["result"]
        if value == "-1":
            raise AGIAppError(f"Asterisk could not do {self}", response.items)
        return response


class Command(Action["Response"]):
    """Any command by its name: the door to those that have no class of their own.

    ``agi.execute(Command("SPEECH SET", "name", "value"))``

    Args:
        command: The command's name, in one or more words.
        words: Its arguments, each sent as one word exactly as it is.

    Returns:
        The reply as it came, a result of -1 on a living channel included.

    Raises:
        ValueError: As for `Action`.
        TypeError: As for `Action`.
    """

    def process_response(self, response: Response) -> Response:
        """Give the reply as it came."""
        return response


class RawAction(Action[Any]):
    """The base that pystrix 1.x offered for actions of one's own (there `_Action`).

    Args:
        command: The command's name.
        arguments: Its arguments, already quoted where they need it (`quote`); None leaves one out.

    Raises:
        ValueError: As for `Action`.
    """

    def __init__(self, command: str, *arguments: object) -> None:  # pyright: ignore[reportMissingSuperCall]
        words = [to_text(argument) for argument in arguments if argument is not None]
        self.wire: bytes = encode_raw(" ".join([command, *words]))

    def process_response(self, response: Response) -> Any:  # noqa: ANN401 - the subclass decides
        """Give the reply as it came."""
        return response
