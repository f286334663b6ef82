"""Calls and channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from pystrix.ami import actions, events
from pystrix.ami._wire import to_text
from pystrix.ami._words import yes_no
from pystrix.ami.core._matching import is_event
from pystrix.ami.core_events import (
    CoreShowChannels_Aggregate,
    ParkedCalls_Aggregate,
    Status_Aggregate,
)

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate
    from pystrix.ami._message import Event

__all__ = [
    "AGI",
    "AbsoluteTimeout",
    "Bridge",
    "CoreShowChannels",
    "Hangup",
    "MixMonitorMute",
    "MuteAudio",
    "Originate_Application",
    "Originate_Context",
    "Park",
    "ParkedCalls",
    "PlayDTMF",
    "Redirect",
    "Status",
]

_MARGIN_SECONDS = 2.0
_LONG_SECONDS = 600.0
_ONE: tuple[type, ...] = (str, bytes, bytearray, memoryview)

Variables = Mapping[str, object]
Arguments = str | float | Iterable[object]


class AbsoluteTimeout(actions.AbsoluteTimeout):
    """Have a channel hung up after a time.

    Args:
        channel: The name of the channel.
        seconds: After how many whole seconds. Asterisk 22 refuses 0; to take the limit away set
            ``TIMEOUT(absolute)`` to 0 with `Setvar`.
    """

    def __init__(self, channel: str, seconds: float = 0) -> None:
        super().__init__(channel, int(seconds))


class AGI(actions.AGI):
    """Have a channel that runs AsyncAGI run an AGI command.

    Synchronous, it waits for the `AsyncAGIExec` with the result.

    Args:
        channel: The name of the channel.
        command: The command.
        command_id: An id that comes back with the result.
    """

    watches: bool = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.AsyncAGIExec,)

    def __init__(self, channel: str, command: str, command_id: str | None = None) -> None:
        super().__init__(channel, command, command_id=command_id or None)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event has the result of this command."""
        command_id = self.get("CommandID", "")
        channel = self["Channel"]
        return is_event(event, "AsyncAGIExec", ("Channel", channel), ("CommandID", command_id))


class Bridge(actions.Bridge):
    """Connect two channels with each other.

    Args:
        channel_1: The name of one channel.
        channel_2: The name of the other channel.
        tone: Whether a tone is heard.
    """

    def __init__(self, channel_1: str, channel_2: str, tone: bool = False) -> None:
        super().__init__(channel_1, channel_2, tone=yes_no(tone))


class CoreShowChannels(actions.CoreShowChannels):
    """List the channels."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (CoreShowChannels_Aggregate,)


class Hangup(actions.Hangup):
    """Hang a channel up.

    Synchronous, it waits for the Hangup of the channel.

    Args:
        channel: The name of the channel.
    """

    watches: bool = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.Hangup,)

    def __init__(self, channel: str) -> None:
        super().__init__(channel)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event is the hang-up of the channel."""
        return is_event(event, "Hangup", ("Channel", self["Channel"]))


class MixMonitorMute(actions.MixMonitorMute):
    """Leave silence in a recording, or end that.

    Args:
        channel: The name of the channel.
        direction: Which part: ``read`` what it sends, ``write`` what it hears, or ``both``.
        mute: Whether there shall be silence.
    """

    def __init__(self, channel: str, direction: str, mute: bool) -> None:
        super().__init__(channel, direction, bool(mute))


class MuteAudio(actions.MuteAudio):
    """Mute a channel, or end that.

    Args:
        channel: The name of the channel.
        input: Whether what it sends is meant.
        output: Whether what it hears is meant.
        muted: Whether it is muted.

    Raises:
        ValueError: If neither is meant.
    """

    def __init__(
        self,
        channel: str,
        input: bool = False,  # noqa: A002 - the names are of pystrix 1.x
        output: bool = False,
        muted: bool = False,
    ) -> None:
        if not (input or output):
            raise ValueError("say what of the audio is meant: input=True, output=True or both")
        direction = "all" if input and output else "in" if input else "out"
        super().__init__(channel, direction, bool(muted))


class _Originate(actions.Originate):
    """Make a call; base of those below."""

    def __init__(
        self,
        channel: str,
        timeout: int | None,
        callerid: str | None,
        variables: Variables | None,
        account: str | None,
        async_: bool,
        *,
        application: str | None = None,
        data: str | None = None,
        context: str | None = None,
        exten: str | None = None,
        priority: int | str | None = None,
    ) -> None:
        super().__init__(
            channel,
            application=application,
            data=data or None,
            context=context,
            exten=exten,
            priority=priority,
            timeout=timeout or None,
            caller_id=callerid or None,
            variable=variables or None,
            account=account or None,
            async_=bool(async_),
        )
        # As in 1.x, but in seconds, as every `timeout` of an action.
        self.timeout: float = timeout / 1000 + _MARGIN_SECONDS if timeout else _LONG_SECONDS


class Originate_Application(_Originate):  # noqa: N801 - the name is of pystrix 1.x
    """Make a call; who answers gets an application.

    Args:
        channel: What to call: ``PJSIP/alice``.
        application: The application.
        data: Its arguments: one text, or several.
        timeout: For how many milliseconds it may ring; Asterisk: 30,000 if None.
        callerid: The caller ID of the call: ``Name <number>``.
        variables: Variables for the channel.
        account: The account code of the channel.
        async_: Whether the answer comes at once, before the call is answered.

    Raises:
        TypeError: If `data` or a variable is bytes.
    """

    def __init__(
        self,
        channel: str,
        application: str,
        data: Arguments = (),
        timeout: int | None = None,
        callerid: str | None = None,
        variables: Variables | None = None,
        account: str | None = None,
        async_: bool = True,
    ) -> None:
        super().__init__(
            channel,
            timeout,
            callerid,
            variables,
            account,
            async_,
            application=application,
            data=_arguments(data),
        )


class Originate_Context(_Originate):  # noqa: N801 - the name is of pystrix 1.x
    """Make a call; who answers goes to a place in the dialplan.

    Args:
        channel: What to call: ``PJSIP/alice``.
        context: The context.
        extension: The extension.
        priority: The step of the extension, a number or a label.
        timeout: For how many milliseconds it may ring; Asterisk: 30,000 if None.
        callerid: The caller ID of the call: ``Name <number>``.
        variables: Variables for the channel.
        account: The account code of the channel.
        async_: Whether the answer comes at once, before the call is answered.

    Raises:
        TypeError: If a variable is bytes.
    """

    def __init__(
        self,
        channel: str,
        context: str,
        extension: str,
        priority: int | str,
        timeout: int | None = None,
        callerid: str | None = None,
        variables: Variables | None = None,
        account: str | None = None,
        async_: bool = True,
    ) -> None:
        super().__init__(
            channel,
            timeout,
            callerid,
            variables,
            account,
            async_,
            context=context,
            exten=extension,
            priority=priority,
        )


def _arguments(data: Arguments) -> str:
    """Give the arguments of an application in one text."""
    if isinstance(data, Iterable) and not isinstance(data, _ONE):
        return ",".join(map(to_text, data))
    return to_text(data)


class Park(actions.Park):
    """Park a channel.

    Args:
        channel: The name of the channel.
        channel_callback: The channel that hears where, and is called when it is parked for too
            long.
        timeout: For how many milliseconds it may be parked.
    """

    def __init__(self, channel: str, channel_callback: str, timeout: int | None = None) -> None:
        super().__init__(channel, timeout_channel=channel_callback, timeout=timeout or None)
        self["Channel2"] = channel_callback  # what Asterisk before 12 reads


class ParkedCalls(actions.ParkedCalls):
    """List the parked calls."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (ParkedCalls_Aggregate,)

    def __init__(self) -> None:
        super().__init__()


class PlayDTMF(actions.PlayDTMF):
    """Send a DTMF digit to a channel.

    Args:
        channel: The name of the channel.
        digit: The digit.
    """

    def __init__(self, channel: str, digit: int | str) -> None:
        super().__init__(channel, str(digit))


class Redirect(actions.Redirect):
    """Send a channel to another place in the dialplan.

    Args:
        channel: The name of the channel.
        context: The context.
        extension: The extension.
        priority: The step of the extension, a number or a label.
    """

    def __init__(self, channel: str, context: str, extension: str, priority: int | str) -> None:
        super().__init__(channel, extension, context, priority)


class Status(actions.Status):
    """List channels with all that Asterisk knows of them.

    Args:
        channel: The name of the channel; None for all.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (Status_Aggregate,)

    def __init__(self, channel: str | None = None) -> None:
        super().__init__(channel=channel or None)
