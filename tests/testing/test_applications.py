"""The applications of the dialplan that EXEC finds."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.testing import Caller, Sounds
from pystrix.testing._applications import APPLICATIONS
from tests.testing.asking import HANGUP, ask, dead, ok

SOUNDS = Sounds({"a": 1.0, "b": 2.0, "long": 600.0, "digits/1": 1.0, "digits/2": 1.0}, others=None)

# What is sent, what the caller does, the result, the seconds, and variables then.
Row = tuple[str, str, str, float, dict[str, str]]

GOLDEN: list[Row] = [
    ("Wait 0.3", "", "0", 0.3, {}),
    ("Wait", "", "0", 0.0, {}),
    ("Wait 5", "w0.6,h", "-1", 0.6, {}),
    ("WaitExten 1", "", "0", 1.0, {}),
    ("WaitExten", "", "0", 10.0, {}),
    ("WaitExten 3", "w0.1,1", "49", 0.6, {}),
    ("WaitExten 10", "w0.6,h", "-1", 0.6, {}),
    ("Playback a", "", "0", 1.0, {"PLAYBACKSTATUS": "SUCCESS"}),
    ("Playback a&b", "", "0", 3.0, {"PLAYBACKSTATUS": "SUCCESS"}),
    ("Playback a&nosuch&b", "", "0", 3.0, {}),
    ("Playback nosuch", "", "0", 0.0, {"PLAYBACKSTATUS": "FAILED"}),
    ("Playback long", "w0.6,h", "-1", 0.6, {}),
    ("Playback long,noanswer", "w0.6,h", "-1", 0.6, {}),
    ("Background a", "", "0", 1.0, {}),
    ("Background long", "w0.1,1", "49", 0.6, {}),
    ("Background long", "#", "35", 0.5, {}),
    ("Background long", "w0.6,h", "-1", 0.6, {}),
    ("Background a&b", "w1,1", "49", 1.5, {}),
    ("Read R,a,1,,1,1", "", "0", 2.0, {"R": "", "READSTATUS": "TIMEOUT"}),
    ("Read R,a,2", "12", "0", 0.75, {"R": "12", "READSTATUS": "OK"}),
    ("Read R,,4", "12#", "0", 1.0, {"R": "12", "READSTATUS": "OK"}),
    ("Read R,long", "w0.6,h", "0", 0.6, {"R": "", "READSTATUS": "HANGUP"}),
    ("Read R,a&b,1", "w1,5", "0", 1.5, {"R": "5", "READSTATUS": "OK"}),
    ("Read R,a,1,,2,1", "w2.5,5", "0", 3.0, {"R": "5", "READSTATUS": "OK"}),
    ("Echo", "#", "0", 0.5, {}),
    ("Echo", "w0.6,h", "-1", 0.6, {}),
    ("Milliwatt", "w0.6,h", "-1", 0.6, {}),
    ("ConfBridge 1", "w0.6,h", "0", 0.6, {}),
    ("WaitExten 0", "", "0", 10.0, {}),
    ("Background nosuch&a", "", "0", 0.0, {"BACKGROUNDSTATUS": "FAILED"}),
    ("Background a&nosuch&a", "", "0", 1.0, {"BACKGROUNDSTATUS": "FAILED"}),
    ("Background a", "", "0", 1.0, {"BACKGROUNDSTATUS": "SUCCESS"}),
    ("Background a,s", "", "0", 0.0, {"BACKGROUNDSTATUS": "SUCCESS"}),
    ("Background a,n", "", "0", 1.0, {}),
    ("Playback a,skip", "", "0", 0.0, {"PLAYBACKSTATUS": "SUCCESS"}),
    ("Playback a,noanswer", "", "0", 1.0, {"PLAYBACKSTATUS": "SUCCESS"}),
    ("Read R,a,1,s", "", "0", 0.0, {"R": "", "READSTATUS": "SKIPPED"}),
    ("Read R,a,1,n,1,1", "", "0", 2.0, {"READSTATUS": "TIMEOUT"}),
    ("Read R,nosuch,1", "", "0", 0.0, {"R": "", "READSTATUS": "ERROR"}),
    ("Read R,,2,,2,1", "#", "0", 1.5, {"R": "", "READSTATUS": "TIMEOUT"}),
    ("Read R,,2,,1,1", "#", "0", 0.5, {"R": "", "READSTATUS": "OK"}),
    ("MusicOnHold x,1.9", "", "0", 1.0, {}),
    ("MSet B=1\\\\,2,C=3", "", "0", 0.0, {"B": "1,2", "C": "3"}),
    ('MSet "B=\\"1,2\\",C,D=a=b"', "", "0", 0.0, {"B": "1,2", "D": "a=b"}),
    ("SendDTMF 1111111111111111111", "w0.6,h", "-1", 0.6, {}),
    ("SayDigits 12", "", "0", 2.0, {}),
    ("SayDigits 12", "w0.6,h", "-1", 0.6, {}),
    ("SayNumber 2", "", "0", 1.0, {}),
    ("SayAlpha 12", "", "0", 2.0, {}),
    ("SayPhonetic 1", "", "0", 1.0, {}),
    ("NoOp hi", "", "0", 0.0, {}),
    ("Log NOTICE,x", "", "0", 0.0, {}),
    ("Verbose 1,hello", "", "0", 0.0, {}),
    ("UserEvent foo,a:b", "", "0", 0.0, {}),
    ("Progress", "", "0", 0.0, {}),
    ("Ringing", "", "0", 0.0, {}),
    ("StopMixMonitor", "", "0", 0.0, {}),
    ("SendText hi", "", "0", 0.0, {}),
    ("Return", "", "-1", 0.0, {}),
    ("GotoIf 1?nolabel", "", "-1", 0.0, {}),
    ("Incomplete", "", "12", 0.0, {}),
    ("Set A=b", "", "0", 0.0, {"A": "b"}),
    ('Set A1="q,uo,te"', "", "0", 0.0, {"A1": "q,uo,te"}),
    ("Set A3=a\\,b", "", "0", 0.0, {"A3": "a,b"}),
    ('"Set" "A2=\\"quoted, x\\" y"', "", "0", 0.0, {"A2": '"quoted, x" y'}),
    ("MSet B1=1,B2=2", "", "0", 0.0, {"B1": "1", "B2": "2"}),
    ("Dial", "", "0", 0.0, {"DIALSTATUS": "CHANUNAVAIL"}),
    ("Dial Local/ring@far,1", "", "0", 1.0, {"DIALSTATUS": "NOANSWER"}),
    ("Dial Local/ring@far", "w0.6,h", "-1", 0.6, {"DIALSTATUS": "CANCEL"}),
]


@pytest.mark.parametrize(
    ("line", "caller", "result", "seconds", "variables"),
    GOLDEN,
    ids=[f"{row[0]} {row[1]}" for row in GOLDEN],
)
def test_application(
    line: str, caller: str, result: str, seconds: float, variables: dict[str, str]
) -> None:
    """Each has its result, its time, and leaves its variables."""
    answer = ask(f"EXEC {line}", caller=caller, sounds=SOUNDS)
    hung_up = HANGUP if caller.endswith("h") else b""
    assert (answer.reply, answer.seconds) == (ok(result) + hung_up, seconds)
    assert variables.items() <= answer.channel.values.variables.items()
    assert not answer.channel.failed


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("Playback a&b", [("a", 1.0, True), ("b", 2.0, True)]),
        ("Background a", [("a", 1.0, True)]),
        ("SayDigits 12", [("digits 12", 2.0, True)]),
        ("SayNumber 2", [("number 2", 1.0, True)]),
        ("Read R,a,1,,1,1", [("a", 1.0, True)]),
    ],
)
def test_heard(line: str, heard: list[tuple[str, float, bool]]) -> None:
    """What the caller hears."""
    assert ask(f"EXEC {line}", sounds=SOUNDS).heard == heard


@pytest.mark.parametrize(
    ("line", "result", "seconds"),
    [
        ("NoOp x", "0", 0.0),
        ("Wait 1", "0", 1.0),
        ("Playback a", "0", 0.0),
        ("Dial Local/silent@far", "-1", 0.0),
    ],
)
def test_dead_channel(line: str, result: str, seconds: float) -> None:
    """They can be called; only Wait still takes its time."""
    answer = dead(f"EXEC {line}", sounds=SOUNDS)
    assert (answer.reply, answer.seconds) == (ok(result), seconds)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_all_end_on_a_dead_channel(name: str) -> None:
    """None lasts for ever where nobody is."""
    assert dead(f"EXEC {name}").reply.startswith(b"200 result=")


@pytest.mark.parametrize("name", APPLICATIONS)
def test_all_end_when_the_caller_leaves(name: str) -> None:
    """None lasts longer than the call, whatever its data."""
    for data in ("", "x", "1", ",,", "x,y,z,1,2,3,4", "=", "&&"):
        answer = ask(f'EXEC {name} "{data}"', caller="w30,h", labels={"x": 1})
        assert answer.reply.startswith(b"200 result=")
        assert answer.channel.now <= 120


def test_answer() -> None:
    """Answer answers, and what plays, unless it is told not to."""
    assert ask("EXEC Answer", "CHANNEL STATUS").reply == ok("6")
    assert ask("EXEC Playback a", "CHANNEL STATUS", sounds=SOUNDS).reply == ok("6")
    assert ask("EXEC Background a", "CHANNEL STATUS", sounds=SOUNDS).reply == ok("6")
    assert ask("EXEC Read R,a,1,,1,1", "CHANNEL STATUS", sounds=SOUNDS).reply == ok("6")


@pytest.mark.parametrize("options", [",noanswer", ",skip"])
def test_no_answer(options: str) -> None:
    """An option keeps the call as it is."""
    assert ask(f"EXEC Playback a{options}", "CHANNEL STATUS", sounds=SOUNDS).reply == ok("4")


# What is sent, what the caller does, the result, the seconds, what was heard.
SLOW: list[tuple[str, str, str, float, list[str]]] = [
    ("ANSWER", "", "0", 0.5, []),
    ("ANSWER", "w0.2,h", "-1", 0.2, []),
    ("EXEC Answer", "", "0", 0.5, []),
    ("EXEC Answer", "w0.2,h", "-1", 0.2, []),
    ("EXEC Playback a", "", "0", 1.5, ["a"]),
    ("EXEC Playback a", "w0.2,h", "-1", 0.2, []),
    ("EXEC Background a", "", "0", 1.5, ["a"]),
    ("EXEC Background a", "w0.2,h", "-1", 0.2, []),
    ("EXEC Read R,a,1,,1,1", "", "0", 2.5, ["a"]),
    ("EXEC Read R,a,1,,1,1", "w0.2,h", "0", 0.2, []),
]


@pytest.mark.parametrize(("line", "caller", "result", "seconds", "heard"), SLOW)
def test_answer_of_who_says_nothing(
    line: str, caller: str, result: str, seconds: float, heard: list[str]
) -> None:
    """It waits half a second for the caller's audio."""
    answer = ask(line, caller=caller, sounds=SOUNDS, talks=False)
    hung_up = HANGUP if caller else b""
    assert (answer.reply, answer.seconds) == (ok(result) + hung_up, seconds)
    assert [what for what, *_ in answer.heard] == heard


def test_key_while_it_answers() -> None:
    """It counts, and the prompt is not played."""
    caller = Caller().press("1", after=0.1)
    answer = ask("EXEC Background a", caller=caller, sounds=SOUNDS, talks=False)
    assert (answer.reply, answer.seconds, answer.heard) == (ok("49"), 0.1, [])
    caller = Caller().press("12", after=0.1)
    answer = ask("EXEC Read R,a,2", caller=caller, sounds=SOUNDS, talks=False)
    assert (answer.seconds, answer.heard) == (0.35, [])
    assert answer.channel.values.variables["R"] == "12"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Hangup", "16"),
        ("Hangup 17", "17"),
        ("Hangup CALL_REJECTED", "21"),
        ("Hangup nonsense", "16"),
        ("Busy 5", "17"),
        ("Congestion", "34"),
    ],
)
def test_cause(line: str, cause: str) -> None:
    """The application hangs up, and says why; Busy and Congestion if it was not answered."""
    answer = ask(f"EXEC {line}", "GET VARIABLE HANGUPCAUSE")
    assert answer.reply == ok(f"1 ({cause})")
    assert answer.channel.hung_up


@pytest.mark.parametrize(
    ("line", "caller", "seconds"),
    [("Busy 1", "", 1.0), ("Congestion 1", "", 1.0), ("Busy", "w0.6,h", 0.6)],
)
def test_busy(line: str, caller: str, seconds: float) -> None:
    """A call that was answered hears a tone, and goes on."""
    answer = ask(f"EXEC {line}", caller=caller, answered=True)
    assert (answer.reply, answer.seconds) == (ok("-1") + (HANGUP if caller else b""), seconds)
    assert answer.channel.hung_up == bool(caller)


def test_hangup() -> None:
    """The reply comes first, then the line, once."""
    answer = ask("EXEC Hangup")
    assert answer.reply == ok("-1") + HANGUP
    assert answer.channel.hung_up


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ("2", ("default", "s", 2)),
        ("lab", ("default", "s", 5)),
        ("9,1", ("default", "9", 1)),
        ("menu,9,3", ("menu", "9", 3)),
        ("menu,9,lab", ("menu", "9", 5)),
        ("+1", ("default", "s", 2)),
        ("-1", ("default", "s", 0)),
        ("9,+2", ("default", "9", 3)),
        ("menu,,3", ("menu", "s", 3)),
        (",,3", ("default", "s", 3)),
        ('" 3"', ("default", "s", 3)),
        ("0", ("default", "s", 0)),
    ],
)
def test_goto(data: str, place: tuple[str, str, int]) -> None:
    """It says where the dialplan goes on."""
    answer = ask(f"EXEC Goto {data}", labels={"lab": 5})
    assert answer.reply == ok("0")
    assert answer.channel.place == place


def test_system() -> None:
    """Nothing is run, and that is a success."""
    for name in ("System", "TrySystem"):
        answer = ask(f'EXEC {name} "exit 1"', "GET VARIABLE SYSTEMSTATUS")
        assert answer.reply == ok("1 (SUCCESS)")


def test_expanded() -> None:
    """AGIEXECFULL."""
    setup: dict[str, Any] = {"variables": {"AGIEXECFULL": "1", "X": "0.5"}}
    assert ask("EXEC Wait ${X}", **setup).seconds == 0.5
