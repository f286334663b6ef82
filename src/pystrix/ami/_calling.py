"""What the actions of a call are, and what is said when they cannot be.

Pure. Both kinds of calls, on threads and on asyncio, send what this module makes.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

from pystrix.ami.actions import Getvar, Hangup, Originate, PlayDTMF, Redirect, Setvar
from pystrix.ami.errors import CallError, CallFailedError, CallTimeoutError, ManagerActionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.ami._tracked import TrackedCall
    from pystrix.ami._words import Names, VariableValues

__all__ = [
    "OriginateOptions",
    "Plan",
    "check_value",
    "dtmf",
    "failed",
    "getvar",
    "hangup",
    "is_gone",
    "late",
    "over",
    "plan_originate",
    "redirect",
    "setvar",
    "target",
]

RING_SECONDS: Final = 30.0
"""For how long a call rings, as Asterisk does by itself."""
MARGIN_SECONDS: Final = 15.0
"""How much longer Asterisk may take to say what became of it."""
REACH_SECONDS: Final = 5.0
"""Within how many seconds of an Originate there is a channel to act on."""
VALUE_LIMIT: Final = 1023
"""The bytes that Getvar gives of a value."""

_DIGITS = re.compile(r"[0-9*#A-Da-d]+")


class OriginateOptions(TypedDict, total=False):
    """What a call can be made with, beside the channel that is called.

    Who answers gets either an `application` or an extension (`exten` and `context`).
    """

    application: str
    """The application of the dialplan that who answers gets: ``"Playback"``."""
    data: str
    """The arguments of the application, separated by commas."""
    context: str
    """The context of the extension that who answers goes to."""
    exten: str
    """The extension."""
    priority: int | str
    """The step of the extension, a number or a label; 1 if it is not said."""
    ring_timeout: float
    """For how many seconds it may ring: 30 if it is not said."""
    caller_id: str
    """The caller ID of the call: ``Name <number>``."""
    variables: VariableValues
    """Variables for the channel; any value arrives as it is."""
    account: str
    """The account code of the channel."""
    early_media: bool
    """Whether what is heard before the answer counts as one."""
    codecs: Names
    """The codecs, or their names separated by commas."""
    pre_dial_gosub: str
    """A subroutine that the channel runs before it is called: ``context,extension,priority``."""
    channel_id: str
    """The id of the call, up to 149 bytes; one that nobody can guess if it is not said."""
    other_channel_id: str
    """The id of the second half of a Local channel. An id that begins with the other one confuses
    Asterisk, which takes the beginning of an id for the id in some actions."""


class Plan(NamedTuple):
    """A call that is about to be originated."""

    action: Originate
    """The action."""
    call_id: str
    """The Uniqueid of its first channel."""
    action_id: str
    """The ActionID to send it with."""
    patience: float
    """Within how many seconds something must be heard of it."""


def plan_originate(channel: str, options: OriginateOptions) -> Plan:
    """Make the Originate of a call.

    Raises:
        ValueError: If it is to go to an application and an extension, or to neither; if the time
            to ring is not positive.
        TypeError: If the value of a variable is bytes or None.
    """
    application, exten = options.get("application"), options.get("exten")
    if (application is None) == (exten is None):
        raise ValueError(
            "a call goes to an application, or to exten and context: say one of them, not "
            f"application={application!r} and exten={exten!r}"
        )
    if exten is not None and "context" not in options:
        raise ValueError(f"the extension {exten!r} is of some context: say which")
    seconds = options.get("ring_timeout", RING_SECONDS)
    if not seconds > 0:
        raise ValueError(f"a call rings for more than 0 seconds, not {seconds!r}")
    token = secrets.token_hex(8)
    # Neither begins with the other: Asterisk takes the beginning of an id for the id at times.
    call_id = options.get("channel_id") or f"{token}-1"
    action = Originate(
        channel,
        application=application,
        data=options.get("data"),
        context=options.get("context"),
        exten=exten,
        priority=None if exten is None else options.get("priority", 1),
        timeout=max(round(seconds * 1000), 1),
        caller_id=options.get("caller_id"),
        variable=options.get("variables"),
        account=options.get("account"),
        early_media=options.get("early_media"),
        codecs=options.get("codecs"),
        pre_dial_gosub=options.get("pre_dial_gosub"),
        async_=True,
        channel_id=call_id,
        other_channel_id=options.get("other_channel_id") or f"{token}-2",
    )
    return Plan(action, call_id, token, seconds + MARGIN_SECONDS)


# What is done with a call.


def target(call: TrackedCall) -> str:
    """Give the id of the channel to act on."""
    channel = None if _awaits_first(call) else call.channel
    return call.id if channel is None else channel.uniqueid


def _awaits_first(call: TrackedCall) -> bool:
    """Tell whether only other channels were heard of: the second half of a Local one."""
    return call.originated and call.first is None


def hangup(call: TrackedCall, cause: int) -> list[Hangup]:
    """Make what hangs a call up: its first channel, or all of them when that is gone."""
    first, channels = call.first, call.channels
    if first is not None and first.ended_at is None:
        channels = (first,)
    ids = [channel.uniqueid for channel in channels]
    if ids and _awaits_first(call):
        ids.insert(0, call.id)
    if not ids and not call.is_over:  # nobody has heard of a channel, which may be there
        ids = [call.id]
    return [Hangup(each, cause=cause) for each in ids]


def is_gone(call: TrackedCall, error: ManagerActionError) -> bool:
    """Tell whether a hang-up was refused because it comes too late."""
    response = error.response
    return call.heard and response is not None and response.message == "No such channel"


def redirect(call: TrackedCall, context: str, exten: str, priority: int | str) -> Redirect:
    """Make what sends its channel elsewhere in the dialplan."""
    return Redirect(target(call), exten, context, priority)


def dtmf(
    call: TrackedCall, digits: str, duration: float | None, *, received: bool
) -> Sequence[PlayDTMF]:
    """Make what plays keys, one action for each.

    Raises:
        ValueError: If one is no key.
    """
    if not _DIGITS.fullmatch(digits):
        raise ValueError(f"keys are of 0 to 9, *, #, A to D: {digits!r}")
    milliseconds = None if duration is None else round(duration * 1000)
    receive = received or None
    channel = target(call)
    return [PlayDTMF(channel, digit, duration=milliseconds, receive=receive) for digit in digits]


def getvar(call: TrackedCall, name: str) -> Getvar:
    """Make what asks for a variable."""
    return Getvar(name, channel=target(call))


def check_value(name: str, value: str) -> str:
    """Give the value that Getvar gave, if it is whole.

    Raises:
        CallError: If it may be the beginning of a longer one.
    """
    if len(value.encode("utf-8", "surrogateescape")) >= VALUE_LIMIT:
        raise CallError(
            f"the value of {name} has {VALUE_LIMIT} bytes or more, and Getvar gives no more of it"
        )
    return value


def setvar(call: TrackedCall, name: str, value: str) -> Setvar:
    """Make what sets a variable."""
    return Setvar(name, value, channel=target(call))


# What is said when it cannot be.


def named(call: TrackedCall) -> str:
    """Name a call for messages."""
    return f"the call to {call.dialled}" if call.dialled else f"the call {call.id}"


def failed(call: TrackedCall) -> CallFailedError:
    """Make the error of a call that nobody answered."""
    if call.outcome is None:
        raise RuntimeError(f"{call!r} has not failed")
    text = f"{named(call)} was not answered: {call.outcome.value}"
    if call.end is not None and call.end.cause:
        text += f" (cause {call.end.cause}, {call.end.cause_text})"
    return CallFailedError(text, call.outcome, call.reason, call.end)


def late(call: TrackedCall, what: str, timeout: float | None) -> CallTimeoutError:
    """Make the error of a call to which something did not happen in time."""
    return CallTimeoutError(f"{named(call)} was not {what} within {timeout} s")


def over(call: TrackedCall) -> CallError:
    """Make the error of a call that nothing can be done with any more."""
    return CallError(f"{named(call)} has ended")
