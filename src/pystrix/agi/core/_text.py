"""Text and images, on channels that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pystrix.agi._action import Acknowledged
from pystrix.agi._wire import encode_command
from pystrix.agi.core._results import PlainAction

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["Character", "ReceiveChar", "ReceiveText", "SendImage", "SendText", "TDDMode"]


class Character(NamedTuple):
    """A character that was received."""

    character: str
    """The character."""
    timed_out: bool
    """Whether the time ran out meanwhile."""


class ReceiveChar(PlainAction["Character | None"]):
    """Receive one character of text.

    Asterisk: RECEIVE CHAR. It gives the first byte of the text that comes.

    Args:
        timeout: How long to wait, in ms; 0 for ever.

    Returns:
        ``(character, timed_out)``; None if the channel cannot receive text.

    Raises:
        AGIAppError: If nothing came: Asterisk does not tell a timeout from a failure.
    """

    def __init__(self, timeout: int = 0) -> None:
        self.wire: bytes = encode_command("RECEIVE CHAR", (timeout,))

    def process_response(self, response: Response) -> Character | None:
        """Give the character."""
        character = self.digit(response)
        if character is None:
            return None
        return Character(character, response.items["result"].data == "timeout")


class ReceiveText(PlainAction[str]):
    """Receive a text.

    Asterisk: RECEIVE TEXT. It cannot be stopped from the session.

    Args:
        timeout: How long to wait, in ms; 0 for ever.

    Returns:
        The text.

    Raises:
        AGIAppError: If nothing came: Asterisk does not tell a timeout from a failure.
    """

    def __init__(self, timeout: int = 0) -> None:
        self.wire: bytes = encode_command("RECEIVE TEXT", (timeout,))

    def process_response(self, response: Response) -> str:
        """Give the text."""
        result = response.items["result"]
        if result.value != "1":
            raise self.failed(response)
        return result.data


class SendText(Acknowledged):
    """Send a text to the caller.

    Asterisk: SEND TEXT. A channel that cannot show text is not reported.

    Args:
        text: The text.

    Returns:
        The reply.
    """

    def __init__(self, text: object) -> None:
        self.wire: bytes = encode_command("SEND TEXT", (text,))


class SendImage(Acknowledged):
    """Send an image to the caller.

    Asterisk: SEND IMAGE. A channel that cannot show images is not reported.

    Args:
        filename: The image, without its format.

    Returns:
        The reply.
    """

    def __init__(self, filename: object) -> None:
        self.wire: bytes = encode_command("SEND IMAGE", (filename,))


class TDDMode(PlainAction[bool]):
    """Turn the reception of text telephone signals (TDD) on or off.

    Asterisk: TDD MODE.

    Args:
        mode: ``TDD_ON``, ``TDD_OFF`` or ``TDD_MATE``.

    Returns:
        Whether the channel can.
    """

    def __init__(self, mode: str) -> None:
        self.wire: bytes = encode_command("TDD MODE", (mode,))

    def process_response(self, response: Response) -> bool:
        """Tell whether the channel can."""
        result = self.number(response)
        if result < 0:
            raise self.failed(response)
        return result == 1
