"""The actions of a simulated Asterisk that have to do with channels and calls.

Pure. The answers are those of a live Asterisk 22.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pystrix.ami._message import Event
from pystrix.ami._wire import encode
from pystrix.testing.ami._answers import Answer, ListAnswer, Refused
from pystrix.testing.ami._calls import ANSWERED, SimulatedCall
from pystrix.testing.ami._channels import UNKNOWN, Bridge
from pystrix.testing.ami._messages import Pairs, escape
from pystrix.testing.ami._registry import builtin
from pystrix.testing.ami._session import Pending, Session

if TYPE_CHECKING:
    from pystrix.testing.ami._channels import SimulatedChannel
    from pystrix.testing.ami._requests import ReceivedAction
    from pystrix.testing.ami._world import World

__all__ = ["read_caller_id", "read_variables"]

_NUMBER = re.compile(r"\s*([+-]?\d+)")
_CALLER_ID = re.compile(r'\s*"?(?P<name>.*?)"?\s*<(?P<number>[^<>]*)>\s*', re.DOTALL)
_BACKSLASHED = re.compile(r"\\(.)", re.DOTALL)
_QUEUED: Final = "Originate successfully queued"
_TRUE: Final = ("true", "yes", "y", "t", "1", "on")
_ID_LIMIT: Final = 149
_DEFAULT_RING: Final = 30_000


@builtin("Originate")
def _originate(session: Session, action: ReceivedAction) -> Answer | Pending:
    timeout = _check_originate(action)
    waits = action.get("Async", "").lower() not in _TRUE
    originate = _Originate(session, action, waits=waits)
    originate.dial(timeout)
    return originate.answer()


def _check_originate(action: ReceivedAction) -> float:
    """Give how many seconds it may ring."""
    channel, timeout = action.get("Channel", ""), action.get("Timeout", "")
    number = _NUMBER.match(timeout)
    if not channel:
        raise Refused("Channel not specified")
    if timeout and number is None:
        raise Refused("Invalid timeout")
    if "/" not in channel:
        raise Refused("Invalid channel")
    if any(
        len(encode(action.get(name, ""))) > _ID_LIMIT for name in ("ChannelId", "OtherChannelId")
    ):
        raise Refused(f"Uniqueid length exceeds maximum of {_ID_LIMIT}\n")
    return (_DEFAULT_RING if number is None else int(number[1])) / 1000


class _Originate:
    """One Originate that was taken.

    Args:
        session: The session that asked for it.
        action: The action.
        waits: Whether the outcome is its answer, instead of an event.
    """

    def __init__(self, session: Session, action: ReceivedAction, *, waits: bool) -> None:
        self._session = session
        self._host = session.host
        self._action = action
        self._waits = waits
        self._pending = False
        self._outcome: Answer = None
        self._call: SimulatedCall | None = None

    def answer(self) -> Answer | Pending:
        """Give the answer, which may have to wait."""
        if not self._waits:
            return _QUEUED
        if self._outcome is None:
            self._pending = True
            return Pending()
        return self._outcome

    def dial(self, timeout: float) -> None:
        """Make the channel and dial it, if there can be one."""
        action, host = self._action, self._host
        dialled = action["Channel"]
        far_end = host.far_end(dialled)
        ids = action.get("ChannelId", ""), action.get("OtherChannelId", "")
        is_local = dialled.lower().startswith("local/")
        exists = far_end.outcome != "fails" or far_end.cause is not None or is_local
        if not exists or any(each in host.channels for each in ids):
            self._tell(0)
            return
        channel = host.new_channel(dialled, *ids)
        call = SimulatedCall(host, channel, dialled.partition("/")[2], on_outcome=self._tell)
        self._call = call
        host.calls.append(call)
        if far_end.outcome == "fails" and far_end.cause is None:
            call.vanish()
            return
        self._dress(call)
        call.begin(far_end, timeout)

    def _dress(self, call: SimulatedCall) -> None:
        """Give the channels what the action says."""
        action = self._action
        channel = call.channel
        application = ("AppDial2", "(Outgoing Line)")
        more = [("Extension", channel.place[1]), ("Application", application[0])]
        channel.application = application
        channel.emit("Newexten", [*more, ("AppData", application[1])])
        variables = read_variables(action)
        caller_id = read_caller_id(action.get("CallerID", ""))
        for each in call.channels:
            for name, value in variables if each is not channel else variables[::-1]:
                each.set_variable(name, value)
            if each is channel:
                each.set_caller(caller_id, action.get("Account", ""))
            else:
                each.copy_caller(channel)
        call.announce(optimizes=not action["Channel"].endswith("/n"))

    def _tell(self, reason: int) -> None:
        """Tell the outcome, and go where who answers goes."""
        action, call = self._action, self._call
        answered = reason == ANSWERED
        if answered and call is not None:
            _start(call.channel, action)
        if self._waits:
            self._outcome = _QUEUED if answered else Refused("Originate failed")
            if self._pending:
                self._session.finisher(action, self._outcome)()
            return
        self._host.emit("OriginateResponse", self._response(reason))

    def _response(self, reason: int) -> Pairs:
        action, call = self._action, self._call
        answered = reason == ANSWERED and call is not None
        pairs: Pairs = [("ActionID", action.action_id)] if action.action_id else []
        pairs += [
            ("Response", "Success" if answered else "Failure"),
            ("Channel", call.channel.name if answered and call is not None else action["Channel"]),
        ]
        if action.get("Application"):
            pairs += [(name, action.get(name, "")) for name in ("Application", "Data")]
        else:
            pairs += [(name, action.get(name, "")) for name in ("Context", "Exten")]
        number, name = read_caller_id(action.get("CallerID", ""))
        known = call.channel.uniqueid if answered and call is not None else ""
        return [
            *pairs,
            ("Reason", str(reason)),
            ("Uniqueid", known or action.get("ChannelId") or UNKNOWN),
            ("CallerIDNum", number or UNKNOWN),
            ("CallerIDName", name or UNKNOWN),
        ]


def _start(channel: SimulatedChannel, action: ReceivedAction) -> None:
    """Go where who answers goes. There is no dialplan: it stays there."""
    if action.get("Application"):
        channel.application = action["Application"], action.get("Data", "")
    else:
        channel.application = "Wait", "3600"
        channel.runs_dialplan = True
        place = [action.get(name, "") for name in ("Context", "Exten", "Priority")]
        channel.place = place[0] or channel.place[0], place[1] or "s", place[2] or "1"


def read_variables(action: ReceivedAction) -> list[tuple[str, str]]:
    """Read Originate's variables as Asterisk does: each header is split at its commas.

    A comma in quotes, parentheses or brackets, also where these have no end, or behind a backslash
    is part of the value. Quotes and backslashes are taken out.
    """
    found: list[tuple[str, str]] = []
    for text in action.get_all("Variable"):
        for part in filter(None, _separate(text)):
            name, _, value = part.partition("=")
            found.append((name, value))
    return found


def _separate(text: str) -> list[str]:
    parts = [""]
    depths = {")": 0, "]": 0}
    quoted = False
    characters = iter(text)
    for character in characters:
        if character == "\\":
            parts[-1] += next(characters, "")
        elif character == '"':
            quoted = not quoted
        elif character == "," and not (quoted or any(depths.values())):
            parts.append("")
        else:
            parts[-1] += character
            if character in "([":
                depths[")" if character == "(" else "]"] += 1
            elif character in depths:
                depths[character] = max(depths[character] - 1, 0)
    return parts


def read_caller_id(text: str) -> tuple[str, str]:
    """Read ``"Name" <number>``: number and name; a number may stand alone."""
    match = _CALLER_ID.fullmatch(text)
    if match is not None:
        return match["number"], _BACKSLASHED.sub(r"\1", match["name"])
    return (text.strip(), "") if re.fullmatch(r"\s*\+?[\d*#]+\s*", text) else ("", text.strip('"'))


@builtin("Hangup")
def _hangup(session: Session, action: ReceivedAction) -> Answer:
    name, cause = action.get("Channel", ""), _cause(action)
    host = session.host
    if not name:
        return Refused("No channel specified")
    if not (name.startswith("/") and name.endswith("/")):
        channel = host.channel_or_refuse(name, "No such channel")
        channel.request_hangup(cause)
        return "Channel Hungup"
    try:
        pattern = re.compile(name.strip("/"))
    except re.error:
        return Refused(f"Regex compile failed on: {name}")
    found = [each for each in host.channels.values() if pattern.search(each.name)]
    for each in found:
        each.request_hangup(cause)
    items = [
        Event(["Event: ChannelHungup", f"Channel: {each.name}", "ActionID: "]) for each in found
    ]
    return ListAnswer(items, "ChannelsHungupListComplete", "Channels hung up will follow")


def _cause(action: ReceivedAction) -> int:
    number = _NUMBER.match(action.get("Cause", ""))
    return 0 if number is None else int(number[1])


@builtin("Redirect")
def _redirect(session: Session, action: ReceivedAction) -> Answer:
    wanted = {"Channel": "Channel", "Context": "Context", "Exten": "Exten", "Priority": "Priority"}
    for header, shown in wanted.items():
        if not action.get(header):
            return Refused(f"{shown} not specified")
    channel = session.host.channel_or_refuse(
        action["Channel"], f"Channel does not exist: {action['Channel']}"
    )
    channel.place = action["Context"], action["Exten"], action["Priority"]
    channel.runs_dialplan = True
    channel.leave()
    return "Redirect successful"


@builtin("Bridge")
def _bridge(session: Session, action: ReceivedAction) -> Answer:
    if not (action.get("Channel1") and action.get("Channel2")):
        return Refused("Missing channel parameter in request")
    channels = [
        session.host.channel_or_refuse(action[name], f"{name} does not exist: {action[name]}")
        for name in ("Channel1", "Channel2")
    ]
    for channel in channels:
        channel.leave()
    bridge = Bridge(session.host)
    for channel in channels:
        bridge.enter(channel)
    return "Channels have been bridged"


@builtin("BlindTransfer")
def _blind_transfer(session: Session, action: ReceivedAction) -> Answer:
    if not action.get("Channel"):
        return Refused("No channel specified")
    if not action.get("Exten"):
        return Refused("No extension specified")
    channel = session.host.channel_or_refuse(action["Channel"], "Channel specified does not exist")
    bridge, host = channel.bridge, session.host
    context = action.get("Context") or channel.place[0]
    where = [("IsExternal", "Yes"), ("Context", context), ("Extension", action["Exten"])]
    transferer = channel.snapshot("Transferer")
    if bridge is None:
        host.emit("BlindTransfer", [("Result", "Invalid"), *transferer, *where])
        return Refused("Transfer invalid")
    other = next(each for each in bridge.channels if each is not channel)
    pairs = [*transferer, *other.snapshot("Transferee"), *bridge.snapshot(), *where]
    host.emit("BlindTransfer", [("Result", "Success"), *pairs])
    other.call = None
    other.place = context, action["Exten"], "1"
    channel.leave()
    channel.request_hangup(16)
    return "Transfer succeeded"


@builtin("PlayDTMF")
def _play_dtmf(session: Session, action: ReceivedAction) -> Answer:
    channel = session.host.channel_or_refuse(action.get("Channel", ""), "Channel not found")
    digit = action.get("Digit", "")
    if not digit:
        return Refused("No digit specified")
    number = _NUMBER.match(action.get("Duration", ""))
    milliseconds = 100 if number is None else int(number[1])
    if action.get("Receive", "").lower() in _TRUE:
        duration = ("DurationMs", str(milliseconds))
        channel.emit("DTMFEnd", [("Digit", digit[:1]), duration, ("Direction", "Received")])
    else:
        (channel.other_half or channel).press(digit[:1], milliseconds)
    return "DTMF successfully queued"


@builtin("CoreShowChannels")
def _core_show_channels(session: Session, _: ReceivedAction) -> Answer:
    items = [_shown(session.host, each) for each in session.host.channels.values()]
    return ListAnswer(items, message="Channels will follow")


def _shown(host: World, channel: SimulatedChannel) -> Event:
    seconds = int(host.now - channel.created)
    duration = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    pairs = [
        ("Event", "CoreShowChannel"),
        ("ActionID", ""),
        *channel.snapshot(),
        ("Application", channel.application[0]),
        ("ApplicationData", channel.application[1]),
        ("Duration", duration),
        ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
    ]
    return Event([f"{name}: {value}" for name, value in pairs])


@builtin("Status")
def _status(session: Session, action: ReceivedAction) -> Answer:
    host = session.host
    channels = list(host.channels.values())
    if action.get("Channel"):
        channels = [host.channel_or_refuse(action["Channel"], "No such channel")]
    names = [name for name in action.get("Variables", "").split(",") if name]
    items = [_status_of(host, each, names) for each in channels]
    totals = {"Items": len(items)}
    return ListAnswer(items, message="Channel status will follow", totals=totals)


def _status_of(host: World, channel: SimulatedChannel, names: list[str]) -> Event:
    number, name = channel.connected_line
    variables = [f"{each}={channel.variables.get(each, '(null)')}" for each in names]
    pairs = [
        ("Event", "Status"),
        ("Privilege", "Call"),
        *channel.snapshot(),
        ("Type", channel.name.partition("/")[0]),
        ("DNID", ""),
        ("EffectiveConnectedLineNum", number or UNKNOWN),
        ("EffectiveConnectedLineName", escape(name) or UNKNOWN),
        ("TimeToHangup", "0"),
        ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""),
        ("Application", channel.application[0]),
        ("Data", channel.application[1]),
        ("Nativeformats", "(slin)"),
        ("Readformat", "slin"),
        ("Readtrans", ""),
        ("Writeformat", "slin"),
        ("Writetrans", ""),
        ("Callgroup", "0"),
        ("Pickupgroup", "0"),
        ("Seconds", str(int(host.now - channel.created))),
        *(("Variable", each) for each in variables),
        ("ActionID", ""),
    ]
    return Event([f"{name}: {value}" for name, value in pairs])
