"""The dialplan: run applications and subroutines, log, say where the call goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.agi._action import Acknowledged
from pystrix.agi._wire import encode_command, to_text
from pystrix.agi.core._results import PlainAction, optional
from pystrix.agi.core.constants import LOG_INFO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pystrix.agi._wire import Response

__all__ = ["Exec", "Gosub", "Noop", "SetContext", "SetExtension", "SetPriority", "Verbose"]


def join_arguments(arguments: str | float | Iterable[object]) -> str:
    """Join the arguments of an application by commas; None is an empty one."""
    if isinstance(arguments, str | int | float | bytes | None):
        return to_text(arguments)  # which refuses bytes and None
    return ",".join("" if item is None else to_text(item) for item in arguments)


class Exec(PlainAction[str]):
    """Run a dialplan application.

    Asterisk: EXEC. Works on a dead channel. Nothing a session sends can stop it. Applications
    tell how they fared by variables (PLAYBACKSTATUS, DIALSTATUS, ...); ``${X}`` in the options is
    expanded only if the channel variable AGIEXECFULL is true.

    Args:
        application: The application: ``"Dial"``.
        options: Its data: a str or number as it is, or arguments that are joined by commas, None
            for an empty one. The application reads commas and quotes in them by its own rules.

    Returns:
        The application's own result as text: mostly ``"0"``, ``"-1"`` for a failure on a living
        channel (the callee of a Dial hung up first), the code of a digit (``"49"``) from some.

    Raises:
        AGIAppError: If Asterisk has no such application.
        AGIResultHangup: If the call was hung up during it.
    """

    def __init__(self, application: str, options: str | float | Iterable[object] = ()) -> None:
        data = join_arguments(options)
        self.wire: bytes = encode_command("EXEC", (application, *optional(data or None)))

    def process_response(self, response: Response) -> str:
        """Give the application's result."""
        result = response.items["result"].value
        if result == "-2":
            raise self.failed(response, "Asterisk has no such application")
        return result


class Gosub(PlainAction[bool]):
    """Run a subroutine of the dialplan and wait for its Return.

    Asterisk: GOSUB. Its value is in the variable GOSUB_RETVAL afterwards.

    Args:
        context: The context.
        extension: The extension.
        priority: The priority: a number or a label.
        arguments: What it finds in ARG1, ARG2, ...: a str with commas or a number as it is, or
            arguments that are joined by commas.

    Returns:
        True if it returned, False if it left in another way (Goto, or the caller hung up).

    Raises:
        AGIAppError: If there is no such place.
    """

    def __init__(
        self,
        context: str,
        extension: str,
        priority: str | int = 1,
        arguments: str | float | Iterable[object] = (),
    ) -> None:
        data = join_arguments(arguments)
        self.wire: bytes = encode_command(
            "GOSUB", (context, extension, priority, *optional(data or None))
        )

    def process_response(self, response: Response) -> bool:
        """Tell whether the subroutine returned."""
        if response.items["result"].value != "0":
            raise self.failed(response, response.raw.partition(" ")[2])
        return "abnormal" not in response.raw


class Noop(Acknowledged):
    """Do nothing.

    Asterisk: NOOP. Works on a dead channel.

    Returns:
        The reply.
    """

    def __init__(self) -> None:
        self.wire: bytes = encode_command("NOOP", ())


class Verbose(Acknowledged):
    """Write a line to Asterisk's verbose log.

    Asterisk: VERBOSE. Works on a dead channel.

    Args:
        message: The text.
        level: The verbosity from which on it shows.

    Returns:
        The reply.
    """

    def __init__(self, message: object, level: int = LOG_INFO) -> None:
        self.wire: bytes = encode_command("VERBOSE", (message, level))


class SetContext(Acknowledged):
    """Set the context in which the dialplan goes on when the session ends.

    Asterisk: SET CONTEXT. Not checked: a place that does not exist ends the call. The priority
    keeps counting; add `SetPriority` to begin at 1.

    Args:
        context: The context.

    Returns:
        The reply.
    """

    def __init__(self, context: str) -> None:
        self.wire: bytes = encode_command("SET CONTEXT", (context,))


class SetExtension(Acknowledged):
    """Set the extension at which the dialplan goes on when the session ends.

    Asterisk: SET EXTENSION. Not checked; see `SetContext`.

    Args:
        extension: The extension.

    Returns:
        The reply.
    """

    def __init__(self, extension: str | int) -> None:
        self.wire: bytes = encode_command("SET EXTENSION", (extension,))


class SetPriority(Acknowledged):
    """Set the priority at which the dialplan goes on when the session ends.

    Asterisk: SET PRIORITY.

    Args:
        priority: A number, not checked, or a label.

    Returns:
        The reply.

    Raises:
        AGIUsageError: If there is no such label.
    """

    def __init__(self, priority: str | int) -> None:
        self.wire: bytes = encode_command("SET PRIORITY", (priority,))
