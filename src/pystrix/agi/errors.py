"""Every exception of AGI, in one tree.

::

    Exception
    └─ AGIException                  .items: what the reply said, by name
       ├─ AGIError                   Asterisk refused or could not do what was asked
       │  ├─ AGIAppError             the command ran and failed; the channel lives
       │  │  └─ AGIDBError           ... in Asterisk's database
       │  ├─ AGIDeadChannelError     511: not on a channel that hung up (also an AGIHangup)
       │  ├─ AGIInvalidCommandError  510: this Asterisk has no such command
       │  ├─ AGIUnknownError         a reply code that AGI does not define
       │  └─ AGIUsageError           520: the arguments do not fit; the message is Asterisk's usage
       ├─ AGINoResultError           a 200 reply without a result
       ├─ AGITruncatedReplyError     AsyncAGI lost the end of a reply; the session goes on
       ├─ AGIProtocolError           the peer does not speak AGI; the session is closed
       │  ├─ AGIEnvironmentLimitError    its environment block has no end
       │  └─ AGIReplyLimitError          its reply has no end
       └─ AGIHangup                  the call is over
          ├─ AGIDeadChannelError     told by 511
          ├─ AGIResultHangup         in the middle of a command
          ├─ AGISIGHUPHangup         told by the signal SIGHUP (AGI over stdin and stdout)
          └─ AGISIGPIPEHangup        the connection is gone

A mistake in the caller's own arguments is a `ValueError` or `TypeError`, raised before a byte is
sent. A handler need not catch an `AGIHangup`: the server logs it as one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pystrix._errors import reduce_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pystrix.agi._wire import ValueData

__all__ = [
    "AGIAppError",
    "AGIDBError",
    "AGIDeadChannelError",
    "AGIEnvironmentLimitError",
    "AGIError",
    "AGIException",
    "AGIHangup",
    "AGIInvalidCommandError",
    "AGINoResultError",
    "AGIProtocolError",
    "AGIReplyLimitError",
    "AGIResultHangup",
    "AGISIGHUPHangup",
    "AGISIGPIPEHangup",
    "AGITruncatedReplyError",
    "AGIUnknownError",
    "AGIUsageError",
]


class AGIException(Exception):  # noqa: N818 - the name is promised by the 1.x API
    """Base of everything that AGI raises. Can be copied and pickled, as any exception.

    Args:
        message: What happened.
        items: The parts of Asterisk's reply by name, when there was one.
    """

    def __init__(self, message: str = "", items: Mapping[str, ValueData] | None = None) -> None:
        super().__init__(message)
        self.items: dict[str, ValueData] = dict(items) if items else {}
        """The parts of the reply: ``items["result"].value``, ``items["endpos"].value``, ..."""

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_error(self)


class AGIError(AGIException):
    """Raised when Asterisk refused a command or could not carry it out."""


class AGIAppError(AGIError):
    """Raised when a command ran and failed while the channel lives (a missing file, say)."""


class AGIDBError(AGIAppError):
    """Raised when a database command found nothing to work on, or failed."""


class AGIInvalidCommandError(AGIError):
    """Raised when Asterisk does not know the command (510)."""


class AGIUnknownError(AGIError):
    """Raised when Asterisk answers with a code that AGI does not define."""


class AGIUsageError(AGIError):
    """Raised when the arguments do not fit the command (520); the message is Asterisk's text."""


class AGINoResultError(AGIException):
    """Raised when a 200 reply carries no result."""


class AGITruncatedReplyError(AGIException):
    """Raised when the end of a reply was lost on its way over AsyncAGI; the session goes on.

    The command was carried out. What of the reply came is not given: it would be a wrong value.

    Args:
        command: The command.
    """

    def __init__(self, command: str) -> None:
        super().__init__(
            "the end of a reply was lost, for AsyncAGI sends 2,047 bytes of each KiB of it, "
            f"percent-encoded; GetExactVariable reads any variable of up to 48 kB ({command})"
        )
        self.command = command


class AGIProtocolError(AGIException):
    """Raised when the peer does not speak AGI; the session is closed."""


class AGIEnvironmentLimitError(AGIProtocolError):
    """Raised when the environment block exceeds its limit.

    Args:
        limit: The limit in bytes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"the environment block is longer than {limit} bytes")
        self.limit = limit


class AGIReplyLimitError(AGIProtocolError):
    """Raised when a reply exceeds its limit.

    Args:
        limit: The limit in bytes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"a reply is longer than {limit} bytes")
        self.limit = limit


class AGIHangup(AGIException):
    """Raised when the call is over."""


class AGIDeadChannelError(AGIError, AGIHangup):
    """Raised when a command needs a living channel and this one hung up (511)."""


class AGIResultHangup(AGIHangup):
    """Raised when the call ended in the middle of a command."""


class AGISIGHUPHangup(AGIHangup):
    """Raised when Asterisk told the hang-up by the signal SIGHUP."""


class AGISIGPIPEHangup(AGIHangup):
    """Raised when the connection to Asterisk is closed."""


def is_hangup(error: BaseException | None) -> bool:
    """Tell whether an exception is a hang-up, or a group (of a TaskGroup) of nothing else."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(map(is_hangup, group.exceptions))
    return isinstance(error, AGIHangup)
