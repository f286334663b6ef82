"""The simulated AMI server against a live one: the same requests to both, message by message."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from pystrix.testing.ami import AMIServer
from tests.asterisk.ami_dialogue import Dialogue, Message
from tests.asterisk.ami_scenarios import FAR_ENDS, SCENARIOS
from tests.asterisk.calls import hang_up_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.asterisk.telephony import TelephonyAsterisk

LOGIN_DELAY: Final = 1.0


class Difference(NamedTuple):
    """What need not be the same."""

    event: str
    """In which messages: a pattern of their names."""
    header: str
    """Which header, a pattern; ``""`` for the whole message."""
    value: str
    """Which part of its value, a pattern; ``""`` if it may be absent."""
    why: str
    """Why."""


DIFFERENCES: Final = (
    Difference("DeviceStateChange|Newexten|TestEvent", "", "", "there are no devices, no dialplan"),
    Difference(".*", "Timestamp|Uptime|LastReload", r".*", "the time of day"),
    Difference(".*", "Challenge", r".*", "random"),
    Difference(".*", ".*Channel", r"(?<=-)[0-9a-f]{8}", "channels are counted since the start"),
    Difference(".*", "Bridge(Uniqueid|Id|ID)", r".+", "random"),
    Difference(".*", ".*Priority", r".*", "there is no dialplan"),
    Difference("Hangup|HangupRequest|SoftHangupRequest", "TechCause", "", "there is no SIP"),
    Difference("CoreShowChannel", "Application(Data)?", ".*", "there is no dialplan"),
    Difference("Status", "Application|Data", ".*", "there is no dialplan"),
    Difference("Status", "Write(format|trans)|Read(format|trans)", ".*", "there is no media"),
    Difference("Dial.*", "DestChannelState(Desc)?", ".*", "it may have moved on in this moment"),
    Difference("CoreShowChannel", "Duration", r"\d+$", "seconds"),
    Difference("Status", "Seconds", ".*", "seconds"),
)
"""All that may differ."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, telephony: TelephonyAsterisk) -> None:
    """The simulated server says what the live one says."""
    live = Dialogue(("127.0.0.1", telephony.ami_port))
    with hang_up_leftovers(telephony), live:
        SCENARIOS[name](live, telephony.ami_secret)
    with AMIServer("tests", login_delay=LOGIN_DELAY) as server:
        server.far_ends.update(FAR_ENDS)
        server.context = "far"
        with Dialogue(server.address) as simulated:
            SCENARIOS[name](simulated, server.secret)
    assert simulated.banner == live.banner
    assert _responses(simulated.messages) == _responses(live.messages)
    found = differences(_items(simulated.messages), _items(live.messages))
    assert not found, "\n".join(found)
    found = differences(_events(simulated.messages), _events(live.messages))
    assert not found, "\n".join(found)
    assert _order(simulated.messages) == _order(live.messages)


# What is compared.

OURS: Final = re.compile(r"call-\d-[ab]")
IDS: Final = ("Uniqueid", "DestUniqueid", "LocalOneUniqueid", "TransfererUniqueid")
IN_ORDER: Final = ("Newchannel", "Newstate", "Hangup")


def _responses(messages: list[Message]) -> list[Message]:
    """Give the answers, in order."""
    return _all_normalised(message for message in messages if message[0][0] == "Response")


def _items(messages: list[Message]) -> list[Message]:
    """Give the items of lists, which come in any order."""
    events = (message for message in messages if message[0][0] == "Event")
    return _all_normalised(message for message in events if not _is_event(message))


def _events(messages: list[Message]) -> list[Message]:
    """Give the events, which come in any order."""
    return _all_normalised(each for each in messages if _is_event(each) and _is_ours(each))


def _order(messages: list[Message]) -> dict[str, list[str]]:
    """Give what of each channel has an order."""
    order: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        if message[0][1] in IN_ORDER and _is_ours(message):
            order[dict(message)["Uniqueid"]].append(message[0][1])
    return order


def _is_event(message: Message) -> bool:
    """Tell whether a message is an event, and no item of a list."""
    return message[0][0] == "Event" and dict(message).get("Privilege", "Call") != "Call"


def differences(simulated: list[Message], live: list[Message]) -> list[str]:
    """Tell which messages only one of them has, and how those of the same kind differ."""
    ours, theirs = Counter(simulated), Counter(live)
    only_ours, only_theirs = [*(ours - theirs).elements()], [*(theirs - ours).elements()]
    found: list[str] = []
    for message in only_ours:
        twin = next((each for each in only_theirs if _kind(each) == _kind(message)), None)
        if twin is None:
            found.append(f"only simulated: {_kind(message)} {message}")
        else:
            only_theirs.remove(twin)
            more, less = set(message) - set(twin), set(twin) - set(message)
            found.append(f"{_kind(message)}: simulated {sorted(more)}, live {sorted(less)}")
    return found + [f"only live: {_kind(message)} {message}" for message in only_theirs]


def _kind(message: Message) -> list[str]:
    headers = dict(message)
    return [message[0][1], *(headers[name] for name in IDS if name in headers)]


def _is_ours(message: Message) -> bool:
    """Tell whether an event is of one of the calls of the scenario, or of none."""
    headers = dict(message)
    ids = [headers[name] for name in IDS if name in headers]
    return not ids or any(OURS.fullmatch(each) for each in ids)


def _all_normalised(messages: Iterable[Message]) -> list[Message]:
    """Take out what need not be the same."""
    return [each for message in messages if (each := _normalised(message))]


def _normalised(message: Message) -> Message:
    kind = message[0][1]
    pairs = list(message)
    for difference in DIFFERENCES:
        if re.fullmatch(difference.event, kind):
            if not difference.header:
                return ()
            pairs = [_masked(pair, difference) for pair in pairs]
    return tuple(pair for pair in pairs if pair[1] != ABSENT)


ABSENT: Final = "(may be absent)"


def _masked(pair: tuple[str, str], difference: Difference) -> tuple[str, str]:
    name, value = pair
    if not re.fullmatch(difference.header, name):
        return pair
    if not difference.value:
        return name, ABSENT
    return name, re.sub(difference.value, "*", value, count=1)
