"""Every exception of AMI, in one tree.

::

    Exception
    └─ Error
       ├─ ManagerError                     what was asked cannot be done: not connected, closed
       │  ├─ ManagerActionError            Asterisk answered an action with an error  .response
       │  │  ├─ ManagerAuthError           ... a login
       │  │  ├─ ManagerPermissionError     ... the user may not do it
       │  │  └─ ManagerUnknownActionError  ... this Asterisk has no such action
       │  ├─ ManagerListLimitError         the list of an answer has no end
       │  ├─ ManagerOverflowError          events came faster than they were taken  .size
       │  └─ ManagerTimeoutError           no answer in time  .sent  (also a TimeoutError)
       ├─ ManagerSocketError               no connection could be made, or it broke
       │  ├─ ManagerHostError              the host can be nobody's name; it is not tried again
       │  ├─ ManagerConnectionLostError    it ended while an answer was awaited  .sent
       │  └─ ManagerProtocolError          the peer does not speak AMI; the connection is closed
       │     ├─ ManagerBannerError         it greeted as something else  .banner
       │     └─ ManagerMessageLimitError   a message has no end
       ├─ CallError                        a call did not come about, or cannot be followed
       │  ├─ CallFailedError               nobody answered  .outcome .reason .end
       │  ├─ CallLostError                 nothing more will be heard of it
       │  └─ CallTimeoutError              not in time  (also a TimeoutError)
       └─ FieldError                       one field of a message; the others are not touched
          ├─ MissingFieldError             the header was not sent  (also an AttributeError)
          └─ FieldValueError               its value is not of the field's type  (also a ValueError)

A mistake in the caller's own arguments is a `ValueError` or `TypeError`, raised before a byte is
sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix._errors import reduce_error

if TYPE_CHECKING:
    from pystrix.ami._message import Response
    from pystrix.ami._tracked import CallEnd, Outcome

__all__ = [
    "CallError",
    "CallFailedError",
    "CallLostError",
    "CallTimeoutError",
    "Error",
    "FieldError",
    "FieldValueError",
    "ManagerActionError",
    "ManagerAuthError",
    "ManagerBannerError",
    "ManagerConnectionLostError",
    "ManagerError",
    "ManagerHostError",
    "ManagerListLimitError",
    "ManagerMessageLimitError",
    "ManagerOverflowError",
    "ManagerPermissionError",
    "ManagerProtocolError",
    "ManagerSocketError",
    "ManagerTimeoutError",
    "ManagerUnknownActionError",
    "MissingFieldError",
]


class Error(Exception):
    """Base of everything that AMI raises. Can be copied and pickled, as any exception."""

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_error(self)


class ManagerError(Error):
    """Raised when what was asked cannot be done: there is no connection, or it was refused."""


class ManagerActionError(ManagerError):
    """Raised when Asterisk answered an action with an error, or a list action without a list.

    Args:
        message: What happened.
        response: Asterisk's answer; its ``Message`` says why.
    """

    def __init__(self, message: str = "", response: Response | None = None) -> None:
        super().__init__(message)
        self.response = response
        """The answer; None only if there was none to judge by."""


class ManagerAuthError(ManagerActionError):
    """Raised when Asterisk refused a login."""


class ManagerPermissionError(ManagerActionError):
    """Raised when the user's ``write`` classes do not allow an action, or nobody logged in."""


class ManagerUnknownActionError(ManagerActionError):
    """Raised when Asterisk does not know an action: another version, or a module not loaded."""


class ManagerListLimitError(ManagerError):
    """Raised when the list of an answer exceeds its limit; the connection is not touched.

    Args:
        action: The name of the action.
        limit: The limit in events.
    """

    def __init__(self, action: str, limit: int) -> None:
        super().__init__(f"the list that answers {action} has more than {limit} items")
        self.limit = limit


class ManagerOverflowError(ManagerError):
    """Raised when events came faster than they were taken, and that was to be an error.

    Args:
        size: How many were waiting.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"events come faster than they are taken: {size} wait")
        self.size = size


class ManagerTimeoutError(ManagerError, TimeoutError):
    """Raised when an action was not answered in time.

    Args:
        message: What happened.
        sent: Whether it had been sent: Asterisk may have carried it out, or may do so later.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ManagerSocketError(Error):
    """Raised when no connection could be made, or when it broke."""


class ManagerHostError(ManagerSocketError):
    """Raised when the host can be nobody's name; whoever waits for Asterisk does not try again."""


class ManagerConnectionLostError(ManagerSocketError):
    """Raised when the connection ended while an answer was awaited.

    Args:
        message: What happened.
        sent: Whether the action had been sent: Asterisk may have carried it out. If not, it
            surely has not.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class ManagerProtocolError(ManagerSocketError):
    """Raised when the peer does not speak AMI; the connection is closed."""


class ManagerBannerError(ManagerProtocolError):
    """Raised when the peer does not greet as an Asterisk manager.

    Args:
        banner: The beginning of what it sent.
    """

    def __init__(self, banner: str) -> None:
        super().__init__(f"the peer is no Asterisk manager, it greets with {banner!r}")
        self.banner = banner


class ManagerMessageLimitError(ManagerProtocolError):
    """Raised when a message exceeds its limit.

    Args:
        limit: The limit in bytes.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"a message is longer than {limit} bytes")
        self.limit = limit


class CallError(Error):
    """Base of what is raised for a call."""


class CallFailedError(CallError):
    """Raised when nobody answered a call.

    Args:
        message: What happened.
        outcome: What became of it.
        reason: The ``Reason`` of OriginateResponse; None if there was none.
        end: How it ended; None if it has not yet.
    """

    def __init__(
        self, message: str, outcome: Outcome, reason: int | None = None, end: CallEnd | None = None
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        """What became of it: busy, no answer, ..."""
        self.reason = reason
        """The ``Reason`` of OriginateResponse; None if there was none."""
        self.end = end
        """How it ended, with the cause; None if it has not yet."""


class CallLostError(CallError):
    """Raised when nothing more will be heard of a call; what has become of it is not known."""


class CallTimeoutError(CallError, TimeoutError):
    """Raised when what a program waits for did not happen to a call in time; the call goes on."""


class FieldError(Error):
    """Raised when a field of a message cannot be read; the message and its other fields can.

    Args:
        message: What is wrong.
        header: The name of the header on the wire.
    """

    def __init__(self, message: str, header: str) -> None:
        super().__init__(message)
        self.header = header


class MissingFieldError(FieldError, AttributeError):
    """Raised when the header of a field was not sent; ``getattr(event, "field", None)`` is None."""


class FieldValueError(FieldError, ValueError):
    """Raised when the value of a header is not of the field's type."""
