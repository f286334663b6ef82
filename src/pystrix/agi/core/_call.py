"""The call itself: answer, hang up, its state, its caller id."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.agi._action import Acknowledged
from pystrix.agi._wire import encode_command, quote, to_text
from pystrix.agi.core._results import PlainAction, optional

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["Answer", "AsyncAGIBreak", "ChannelStatus", "Hangup", "SetAutohangup", "SetCallerid"]


class Answer(Acknowledged):
    """Answer the call; nothing changes if it is up already.

    Asterisk: ANSWER. Prompts also play before, as early media.

    Returns:
        The reply.

    Raises:
        AGIAppError: If the channel cannot be answered.
    """

    def __init__(self) -> None:
        self.wire: bytes = encode_command("ANSWER", ())


class Hangup(Acknowledged):
    """Hang up the call, or another channel.

    Asterisk: HANGUP. After the own channel, the commands that work on a dead channel still do.

    Args:
        channel: The name of another channel; None for the own one.

    Returns:
        The reply.

    Raises:
        AGIAppError: If there is no such channel.
    """

    def __init__(self, channel: str | None = None) -> None:
        self.wire: bytes = encode_command("HANGUP", (*optional(channel),))


class ChannelStatus(PlainAction[int]):
    """Tell the state of the channel, or of another one.

    Asterisk: CHANNEL STATUS.

    Args:
        channel: The name of another channel; None for the own one.

    Returns:
        One of the ``CHANNEL_...`` constants, 0 to 7; -1 if there is no such channel.

    Raises:
        AGIAppError: If the result is not a number.
    """

    # -1 is "no such channel"; on a dead channel of one's own the answer is 511.
    check_hangup: ClassVar[bool] = False

    def __init__(self, channel: str | None = None) -> None:
        self.wire: bytes = encode_command("CHANNEL STATUS", (*optional(channel),))

    def process_response(self, response: Response) -> int:
        """Give the state."""
        return self.number(response)


class SetAutohangup(Acknowledged):
    """Hang up the call by itself after some time.

    Asterisk: SET AUTOHANGUP. The running command ends as with any hang-up.

    Args:
        seconds: The time from now, in seconds; fractions count, 0 calls it off.

    Returns:
        The reply.
    """

    def __init__(self, seconds: float = 0) -> None:
        self.wire: bytes = encode_command("SET AUTOHANGUP", (seconds,))


class SetCallerid(Acknowledged):
    """Set number and name of the caller.

    Asterisk: SET CALLERID with ``"name" <number>``. It takes blanks, parentheses and hyphens out
    of a number; `SetVariable` of ``CALLERID(num)`` does not.

    Args:
        number: The number.
        name: The name, whatever characters it has; None for none.

    Returns:
        The reply.

    Raises:
        ValueError: For ``<`` or ``>`` in the number: Asterisk would read another number.
    """

    def __init__(self, number: str | int, name: str | None = None) -> None:
        text = to_text(number)
        if set("<>") & set(text):
            raise ValueError(f"SET CALLERID cannot carry < or > in a number: {number!r}")
        number = f"<{text}>"
        # A name is quoted for the caller id, and then, as every word, for the command line.
        caller = number if name is None else f"{quote(name)} {number}"
        self.wire: bytes = encode_command("SET CALLERID", (caller,))


class AsyncAGIBreak(Acknowledged):
    """End an AsyncAGI session; on FastAGI and stdin/stdout it has no effect.

    Asterisk: ASYNCAGI BREAK. Works on a dead channel.

    Returns:
        The reply.
    """

    def __init__(self) -> None:
        self.wire: bytes = encode_command("ASYNCAGI BREAK", ())
