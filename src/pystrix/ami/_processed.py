"""What `Event.process` of pystrix 1.x makes of the headers of each event.

Pure. Programs written for 1.x rely on it; new ones read the typed fields. A header that did not
come is not made up, and the case of its name does not matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami.generic_transforms import add_result, to_bool, to_float, to_int

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONVERSIONS", "ORIGINATE_RESULTS"]

Headers = dict[str, Any]

ORIGINATE_RESULTS: Final = {
    0: "BAD_NUMBER",
    1: "REJECTED",
    2: "RINGING",
    3: "RINGING",
    4: "ANSWERED",
    5: "BUSY",
    8: "CONGESTION",
    30: "INCOMPLETE",
}
"""What the reasons of OriginateResponse mean."""

_DURATION = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([0-9]{1,18})")
_MILLISECONDS = re.compile(r"OK \(([0-9]{1,18}) ms\)")
_ADDRESS = re.compile(r"(.+):([0-9]{1,18})", re.DOTALL)
_NUMBER = re.compile(r"\s*[-+]?[\d.]+")


def _steps(*steps: Callable[[Headers], None]) -> Callable[[Headers], None]:
    def process(headers: Headers) -> None:
        for step in steps:
            step(headers)

    return process


def _present(headers: Headers, names: str) -> list[str]:
    """Give the keys of those headers that came."""
    wanted = set(names.lower().split())
    return [key for key in headers if key.lower() in wanted]


def _integers(names: str, failure: int | None = -1) -> Callable[[Headers], None]:
    return lambda headers: to_int(headers, _present(headers, names), failure)


def _numbers(names: str, failure: int | None = -1) -> Callable[[Headers], None]:
    return lambda headers: to_float(headers, _present(headers, names), failure, _first_number)


def _flags(names: str, true: str) -> Callable[[Headers], None]:
    return lambda headers: to_bool(headers, _present(headers, names), truth_value=true)


def _values(names: str, convert: Callable[[str], object]) -> Callable[[Headers], None]:
    def step(headers: Headers) -> None:
        for key in _present(headers, names):
            headers[key] = convert(headers[key])

    return step


def _first_number(text: str) -> str:
    """Give the number that a text begins with: of ``1.5(sec)`` 1.5."""
    match = _NUMBER.match(text)
    return match[0] if match else text


def _seconds(text: str) -> int:
    """Give a duration in seconds, -1 if it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return -1
    hours, minutes, seconds = map(int, match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _peer_status(text: str) -> int:
    """Give the milliseconds that a peer needs to answer, -2 if nobody asks, -1 if it does not."""
    match = _MILLISECONDS.fullmatch(text)
    if match:
        return int(match[1])
    return -2 if text == "Unmonitored" else -1


def _address(text: str) -> tuple[str, int] | None:
    """Give an address as host and port, None if it is none."""
    match = _ADDRESS.fullmatch(text)
    return (match[1], int(match[2])) if match else None


def _talking(text: str) -> bool | None:
    """Tell whether somebody talks, None if nobody listens for that."""
    return {"Yes": True, "No": False}.get(text)


def _received(headers: Headers) -> None:
    for key in _present(headers, "Direction"):
        headers["Received"] = headers[key] == "Received"


def _result(headers: Headers) -> None:
    add_result(headers, "Reason", ORIGINATE_RESULTS)


_MEMBER = _steps(_flags("Paused", "1"), _integers("CallsTaken LastCall Penalty Status"))
_LIST_ITEMS = _integers("ListItems")

CONVERSIONS: Final[Mapping[str, Callable[[Headers], None]]] = {
    "agiexec": _steps(_flags("Result", "Success"), _integers("ResultCode")),
    "confbridgelist": _flags("Admin MarkedUser", "Yes"),
    "confbridgelistcomplete": _LIST_ITEMS,
    "confbridgelistrooms": _steps(_flags("Locked", "Yes"), _integers("Marked Parties")),
    "confbridgelistroomscomplete": _LIST_ITEMS,
    "confbridgetalking": _flags("TalkingStatus", "on"),
    "coreshowchannel": _steps(_values("Duration", _seconds), _integers("ChannelState", None)),
    "coreshowchannelscomplete": _LIST_ITEMS,
    "dahdishowchannels": _steps(_flags("DND", "Enabled"), _integers("DAHDIChannel SignallingCode")),
    "dahdishowchannelscomplete": _integers("Items"),
    "dtmf": _steps(_flags("Begin End", "Yes"), _received),
    "hangup": _integers("Cause", None),
    "meetmelist": _steps(
        _values("Talking", _talking),
        _flags("Admin MarkedUser", "Yes"),
        _integers("UserNumber"),
    ),
    "meetmelistcomplete": _LIST_ITEMS,
    "meetmelistrooms": _steps(_flags("Locked", "Yes"), _integers("Parties")),
    "meetmelistroomscomplete": _LIST_ITEMS,
    "meetmemute": _flags("Status", "on"),
    "newchannel": _integers("ChannelState", None),
    "newstate": _integers("ChannelState", None),
    "originateresponse": _steps(_integers("Reason"), _result),
    "parkedcall": _integers("Timeout", None),
    "parkedcallscomplete": _integers("Total"),
    "peerentry": _steps(
        _values("Status", _peer_status),
        _flags("Dynamic Natsupport VideoSupport ACL RealtimeDevice", "yes"),
        _integers("IPport", None),
    ),
    "peerlistcomplete": _LIST_ITEMS,
    "queueentry": _integers("Position Wait"),
    "queuemember": _MEMBER,
    "queuememberadded": _MEMBER,
    "queuememberpaused": _flags("Paused", "1"),
    "queueparams": _steps(
        _integers("Abandoned Calls Completed Holdtime Max"),
        _numbers("ServiceLevel ServicelevelPerf ServicelevelPerf2 Weight"),
    ),
    "queuesummary": _integers("LoggedIn Available Callers HoldTime TalkTime LongestHoldTime"),
    "registrationscomplete": _LIST_ITEMS,
    "registryentry": _integers("DomainPort Port Refresh RegistrationTime"),
    "rtcpreceived": _steps(
        _values("From", _address),
        _integers("HighestSequence LastSR PacketsLost ReceptionReports SequenceNumberCycles"),
        _numbers("DLSR FractionLost IAJitter"),
    ),
    "rtcpsent": _steps(
        _values("To", _address),
        _flags("Result", "Success"),
        _integers("CumulativeLoss SentOctets SentPackets SentRTP TheirLastSR"),
        _numbers("DLSR FractionLost IAJitter SentNTP"),
    ),
    "shutdown": _flags("Restart", "True"),
    "status": _integers("Seconds"),
    "statuscomplete": _integers("Items"),
    "voicemailuserentry": _steps(
        _flags("AttachMessage CallOperator CanReview DeleteMessage SayCID SayEnvelope", "Yes"),
        _integers(
            "MaxMessageCount MaxMessageLength NewMessageCount OldMessageCount SayDurationMinimum"
        ),
        _numbers("VolumeGain", None),
    ),
}
"""By the name of the event in lower case: changes a copy of its headers in place."""
