"""What is asked of a live Asterisk and of the simulated one, which have to answer alike."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from pystrix.testing.ami import FarEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.asterisk.ami_dialogue import Dialogue

FAR_ENDS: Final = {
    "Local/talk@far/n": FarEnd(),
    "Local/silent@far/n": FarEnd(),
    "Local/brief@far/n": FarEnd(talks=0.5),
    "Local/ring@far/n": FarEnd("rings"),
    "Local/busy@far/n": FarEnd("busy"),
    "Local/congestion@people/n": FarEnd("congestion"),
    "Local/rejecting@people/n": FarEnd("fails", cause=21),
    "Local/slow@people/n": FarEnd(after=0.3),
    "Local/nobody@far/n": FarEnd("fails"),
    "Bogus/x": FarEnd("fails"),
    "PJSIP/talk@far": FarEnd(),
    "PJSIP/brief@far": FarEnd(talks=0.5),
    "PJSIP/ring@far": FarEnd("rings"),
    "PJSIP/busy@far": FarEnd("busy"),
    "PJSIP/nobody@far": FarEnd("fails", cause=1),
    "PJSIP/nobody": FarEnd("fails"),
}
"""What the extensions of the live server do."""

WRONG: Final = "wrong"

SCENARIOS: Final[dict[str, Callable[[Dialogue, str], None]]] = {}
"""Functions of a connection that has not logged in and the secret of the user ``tests``."""


def _scenario(function: Callable[[Dialogue, str], None]) -> Callable[[Dialogue, str], None]:
    SCENARIOS[function.__name__] = function
    return function


# Sessions.


@_scenario
def login(say: Dialogue, secret: str) -> None:
    """Log in with everything on."""
    say.log_in("TESTS", secret, events="system")
    say.hear(Event="FullyBooted")
    say.act("Login", Username="tests", Secret=WRONG)
    say.act("Logoff")
    say.hear_end()


@_scenario
def login_with_md5(say: Dialogue, secret: str) -> None:
    """Log in with a challenge."""
    say.act("Challenge")
    say.act("Challenge", AuthType="SHA1")
    challenge = dict(say.act("Challenge", AuthType="md5"))["Challenge"]
    assert dict(say.act("Challenge", AuthType="MD5"))["Challenge"] == challenge
    key = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
    say.act("Login", AuthType="MD5", Username="tests", Key=key, Events="off")
    say.act("Ping")


@_scenario
def refused_logins(say: Dialogue, _: str) -> None:
    """Nothing is done for who has not logged in."""
    say.act("Ping")
    say.act("Bogus")
    say.say(b"ActionID: x\r\n\r\n")
    say.hear(ActionID="x")
    say.act("Login", Username="tests", Secret=WRONG)
    say.hear_end()


@_scenario
def refused_md5(say: Dialogue, secret: str) -> None:
    """A key without a challenge is wrong."""
    key = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    say.act("Login", AuthType="MD5", Username="tests", Key=key)
    say.hear_end()


@_scenario
def logoff_first(say: Dialogue, _: str) -> None:
    """Logoff needs no login, and what is behind it is dropped."""
    say.say(b"Action: Logoff\r\n\r\nAction: Ping\r\n\r\n")
    say.hear_end()


@_scenario
def masks(say: Dialogue, secret: str) -> None:
    """EventMask, with all it takes."""
    say.log_in("tests", secret)
    for mask in ("on", "off", "all", "call", "call, user", "bogus", "CALL", "2", "none", "true"):
        say.act("Events", EventMask=mask)
    say.act("Events")
    say.act("Events", EventMask="")


@_scenario
def masked_events(say: Dialogue, secret: str) -> None:
    """Events that nobody asked for do not come."""
    say.log_in("tests", secret, events="call")
    say.act("UserEvent", UserEvent="Unheard")
    say.act("Events", EventMask="call,user")
    say.act("UserEvent", UserEvent="Heard", A=["1", "x: y", ""], Channel="fake")
    say.hear(Event="UserEvent")
    say.say(b"Action: UserEvent\r\nUserEvent: Late\r\nActionID: z\r\n\r\nAction: Ping\r\n\r\n")
    say.hear(Ping=None)


@_scenario
def framing(say: Dialogue, secret: str) -> None:
    """What a message is, and what is none."""
    say.log_in("tests", secret)
    pieces = [
        b"action:ping\r\nactionid:\t lower\r\n\r\n",
        b"Action: Ping \r\nActionID: blank\r\n\r\n",
        b"Action: Ping\r\nActionID: one\r\nActionID: two\r\n\r\n",
        b"Action: Ping\r\nAction: Challenge\r\nActionID: first\r\n\r\n",
        b"Action : Ping\r\nActionID: nameless\r\n\r\n",
        b"Action:\r\nAction: Ping\r\nActionID: second\r\n\r\n",
        b"no colon\r\nAction: Ping\r\nActionID: g\r\n\r\n",
        b"Action: Ping\r\nActionID: lf\n\nAction: Ping\r\nActionID: behind\r\n\r\n",
        b"Action: Ping\r\nActionID: cr\r\r\nFoo: b\r\n\r\n",
        b"Action: Ping\r\nActionID: nul\0cut\r\n\r\n",
        b"Action: Ping\r\nActionID: caf\xe9 \xe2\x9c\x93\r\n\r\n",
        b"Action: Ping\r\nActionID: \r\n\r\n",
        b"\r\n\r\n",
    ]
    for piece in pieces:
        say.say(piece)
    say.act("Ping")


@_scenario
def limits(say: Dialogue, secret: str) -> None:
    """Lines and messages of every size."""
    say.log_in("tests", secret)
    for size in (1023, 1024, 1025, 1026, 1027, 2046, 2047, 2048, 2049, 3071, 4000):
        line = b"Value: " + b"x" * (size - 9) + b"\r\n"
        say.say(b"Action: Ping\r\nActionID: %d\r\n%s\r\n" % (size, line))
    for lines in (128, 129, 200):
        headers = b"".join(b"H%d: x\r\n" % number for number in range(lines - 2))
        say.say(b"Action: Ping\r\nActionID: first-%d\r\n%s\r\n" % (lines, headers))
        say.say(b"Action: Ping\r\n%sActionID: last-%d\r\n\r\n" % (headers, lines))
    say.act("Ping")


# Actions without calls.


@_scenario
def odd_requests(say: Dialogue, secret: str) -> None:
    """What is wrong with a request is said."""
    say.log_in("tests", secret)
    say.act("Bogus")
    say.act("Originate")
    say.act("Originate", Channel="x")
    say.act("Originate", Channel="Local/talk@far", Timeout="x")
    say.act("Originate", Channel="x", Timeout="y")
    too_long = "x" * 200
    say.act("Originate", Channel="Local/a@far", Application="Wait", ChannelId=too_long)
    say.act("Hangup")
    say.act("Hangup", Channel="nobody")
    say.act("Hangup", Channel="/nobody/")
    say.act("Hangup", Channel="/[/")
    say.act("Redirect")
    say.act("Redirect", Channel="nobody")
    say.act("Redirect", Channel="nobody", Context="far")
    say.act("Redirect", Channel="nobody", Context="far", Exten="x")
    say.act("Redirect", Channel="nobody", Context="far", Exten="x", Priority="1")
    say.act("PlayDTMF")
    say.act("PlayDTMF", Channel="nobody", Digit="1")
    say.act("Bridge")
    say.act("Bridge", Channel1="a")
    say.act("Bridge", Channel1="a", Channel2="b")
    say.act("BlindTransfer")
    say.act("BlindTransfer", Channel="a")
    say.act("BlindTransfer", Channel="a", Exten="x")
    say.act("Status", Channel="nobody")
    say.act("Status")
    say.act("CoreShowChannels")
    say.act("ModuleCheck", Module="res_agi")
    say.act("ModuleCheck", Module="nothing")


@_scenario
def variables(say: Dialogue, secret: str) -> None:
    """Global variables, with hostile values."""
    say.log_in("tests", secret, events="dialplan")
    say.act("Getvar")
    say.act("Setvar")
    say.act("Getvar", Variable="NOSUCH")
    say.act("Getvar", Variable="X", Channel="nobody")
    say.act("Setvar", Variable="X", Value="1", Channel="nobody")
    for value in (
        "",
        "a: b:c",
        'quo"te\\ back',
        "  lead and trail  ",
        "caf\udce9 \u2713",
        "x" * 990,
    ):
        say.act("Setvar", Variable="SIM", Value=value)
        say.act("Getvar", Variable="SIM")
        say.hear(Event="VarSet", since=len(say.messages) - 3)


@_scenario
def database(say: Dialogue, secret: str) -> None:
    """The database."""
    say.log_in("tests", secret)
    say.act("DBGet")
    say.act("DBGet", Family="sim")
    say.act("DBGet", Family="sim", Key="k")
    say.act("DBPut", Family="sim")
    say.act("DBPut", Family="sim", Key="k", Val="v: 1")
    say.act("DBPut", Family="sim", Key="empty")
    say.act("DBGet", Family="sim", Key="k")
    say.act("DBGetTree", Family="sim")
    say.act("DBDel", Family="sim", Key="k")
    say.act("DBDel", Family="sim", Key="k")
    say.act("DBDel", Family="sim", Key="empty")
    say.act("DBGetTree", Family="sim")
    say.say(b"Action: DBPut\r\nFamily: sim\r\nKey: k\r\nVal: v\r\n\r\n")
    say.say(b"Action: DBGet\r\nFamily: sim\r\nKey: k\r\n\r\n")
    say.act("DBDel", Family="sim", Key="k")


@_scenario
def commands(say: Dialogue, secret: str) -> None:
    """Lines of the console."""
    say.log_in("tests", secret)
    say.act("Command")
    say.act("Command", Command="foo bar")


# Calls.


def _originate(
    say: Dialogue, channel: str, number: int = 1, *, start: str = "", **headers: str | list[str]
) -> None:
    ids = {"ChannelId": f"call-{number}-a", "OtherChannelId": f"call-{number}-b"}
    where: dict[str, str] = {"Application": "Wait", "Data": "30"}
    if start:
        where = {"Context": "far", "Exten": start, "Priority": "1"}
    say.act("Originate", Channel=channel, Async="true", **ids, **where, **headers)


def _gone(say: Dialogue, *ids: str) -> None:
    for each in ids:
        say.hear(Event="Hangup", Uniqueid=each)


def _outcome(channel: str, timeout: str) -> Callable[[Dialogue, str], None]:
    def run(say: Dialogue, secret: str) -> None:
        say.log_in("tests", secret, events="call")
        _originate(say, channel, Timeout=timeout)
        response = dict(say.hear(Event="OriginateResponse"))
        if channel in {"Bogus/x", "PJSIP/nobody"}:
            return
        if response["Response"] == "Success" and "brief" not in channel:
            say.act("Hangup", Channel="call-1-a", Cause="16")
        _gone(say, "call-1-a", *(["call-1-b"] if channel.startswith("Local") else []))
        if "nobody@far/n" not in channel and "ring" not in channel:
            say.hear(Event="DialEnd")

    return run


for _channel in FAR_ENDS:
    _name = _channel.lower().removesuffix("/n").replace("/", "_").replace("@", "_")
    SCENARIOS[f"call_{_name}"] = _outcome(_channel, "400" if "ring" in _name else "5000")


@_scenario
def waits_for_the_outcome(say: Dialogue, secret: str) -> None:
    """Without Async the answer is the outcome, and nothing is heard before."""
    say.log_in("tests", secret, events="call")
    wait = {"Application": "Wait", "Data": "0.1"}
    say.act("Originate", Channel="Local/busy@far/n", **wait)
    say.act("Originate", Channel="Bogus/x", **wait)
    call = {"Channel": "Local/slow@people/n", "ChannelId": "call-1-a", "OtherChannelId": "call-1-b"}
    headers = {"Action": "Originate", "ActionID": "slow", **call, **wait, "Data": "30"}
    say.say("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")
    say.act("Ping")
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def dressed(say: Dialogue, secret: str) -> None:
    """Caller ID, account and variables of a call."""
    say.log_in("tests", secret, events="call")
    variables = ["A=1", "B=two words,C=3", 'D=a\\,b\\"c\\\\d', 'E="quoted"']
    caller_id = '"B\\"o, b" <12>'
    _originate(say, "Local/talk@far/n", Variable=variables, CallerID=caller_id, Account="acc")
    say.hear(Event="OriginateResponse")
    for name in "ABCDE":
        say.act("Getvar", Channel="call-1-a", Variable=name)
        say.act("Getvar", Channel="call-1-b", Variable=name)
    say.act("Hangup", Channel="call-1-a", Cause="21")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def id_in_use(say: Dialogue, secret: str) -> None:
    """Of two calls with the same id the second fails."""
    say.log_in("tests", secret, events="call")
    _originate(say, "Local/silent@far/n")
    say.hear(Event="OriginateResponse")
    before = len(say.messages)
    _originate(say, "Local/silent@far/n")
    say.hear(Event="OriginateResponse", since=before)
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def hung_up_while_it_rings(say: Dialogue, secret: str) -> None:
    """A call that is hung up from this side, before anybody answers."""
    say.log_in("tests", secret, events="call")
    _originate(say, "Local/ring@far/n")
    say.hear(Event="DialState")
    say.act("Hangup", Channel="call-1-a", Cause="21")
    _gone(say, "call-1-a", "call-1-b")
    say.hear(Event="DialEnd")
    say.hear(Event="OriginateResponse")
    say.act("Hangup", Channel="call-1-a")


@_scenario
def hung_up_by_pattern(say: Dialogue, secret: str) -> None:
    """Every channel that fits is hung up; here it is in the dialplan."""
    say.log_in("tests", secret, events="call")
    _originate(say, "Local/silent@far/n", start="silent")
    say.hear(Event="OriginateResponse")
    say.act("Hangup", Channel="/^Local/silent@far-.*;1$/", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def shown(say: Dialogue, secret: str) -> None:
    """The lists of a call that is up."""
    say.log_in("tests", secret, events="call")
    _originate(say, "Local/silent@far/n", Variable=["A=1"], CallerID="Ann <34>")
    say.hear(Event="OriginateResponse")
    say.act("CoreShowChannels")
    say.act("Status", Channel="call-1-a", Variables="A,NOSUCH")
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def keys(say: Dialogue, secret: str) -> None:
    """A key that is played to a channel."""
    say.log_in("tests", secret, events="call,dtmf")
    _originate(say, "Local/talk@far/n")
    say.hear(Event="OriginateResponse")
    say.act("PlayDTMF", Channel="call-1-a", Digit="5", Duration="200", Receive="true")
    say.hear(Event="DTMFEnd")
    say.act("PlayDTMF", Channel="call-1-a")
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def redirected(say: Dialogue, secret: str) -> None:
    """A call goes on elsewhere in the dialplan."""
    say.log_in("tests", secret, events="call")
    _originate(say, "Local/silent@far/n")
    say.hear(Event="OriginateResponse")
    say.act("Redirect", Channel="call-1-a", Context="far", Exten="silent", Priority="1")
    say.act("Redirect", Channel="call-1-a", Context="far", Exten="silent")
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")


@_scenario
def bridged(say: Dialogue, secret: str) -> None:
    """Two calls are connected; when one ends the bridge does."""
    say.log_in("tests", secret, events="call")
    for number in (1, 2):
        _originate(say, "Local/silent@far/n", number)
        say.hear(Event="OriginateResponse", Uniqueid=f"call-{number}-a")
        say.hear(Event="Newstate", Uniqueid=f"call-{number}-a")
    say.act("Bridge", Channel1="call-1-a", Channel2="call-2-a")
    say.hear(Event="BridgeEnter", Uniqueid="call-2-a")
    say.act("BlindTransfer", Channel="call-1-b", Exten="silent", Context="far")
    say.act("Hangup", Channel="call-1-a", Cause="16")
    _gone(say, "call-1-a", "call-1-b")
    say.hear(Event="BridgeDestroy")
    say.act("Hangup", Channel="call-2-a", Cause="16")
    _gone(say, "call-2-a", "call-2-b")
