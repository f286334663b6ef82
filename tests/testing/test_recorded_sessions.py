"""Sessions that were recorded on a live Asterisk 22, against the simulated channel.

`SETUPS` says what the recorded Asterisk had, `LEFT_OUT` what cannot be simulated, and `ALLOWED`
how a reply may differ: all by name, with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from pystrix.testing import CallerLeftError, Setup, Sounds
from tests.testing.recordings import FOLDER, Outcome, Player, Reply, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from pystrix.testing import Channel

PRECISION: Final = 0.13
"""Seconds by which a live reply comes earlier or later: scheduling, and frames of 20 ms."""

FOR_EVER: Final = 3600


# What the recorded Asterisk had.


def dial(channel: Channel, data: str) -> Generator[float, None, int]:
    """Dial a far end: ``Local/<what it does>@far``."""
    destination, seconds, options = [*data.split(","), "", ""][:3]
    name = destination.removeprefix("Local/").removesuffix("@far")
    variables = channel.values.variables
    if channel.hung_up:
        return -1
    variables["DIALSTATUS"] = {"busy": "BUSY", "ring": "NOANSWER"}.get(name, "ANSWER")
    if name in ("", "nosuch"):
        variables["DIALSTATUS"] = "CHANUNAVAIL"
    elif name == "ring":
        yield float(seconds or FOR_EVER)
    elif name == "slowans":
        yield 5.515
        variables["ANSWEREDTIME"] = "5"
        return 0 if options == "g" else -1
    elif name == "silent":
        yield FOR_EVER
    return 0


def sms(channel: Channel, _data: str) -> Generator[float, None, int]:
    """Fail to send a message, which takes its time."""
    yield 10.462
    assert not channel.hung_up
    return 1


def echo_arguments(_channel: Channel, data: str) -> str | None:
    """Give ``ret-first/second``."""
    return f"ret-{data.replace(',', '/', 1)}" if data else None


def longwait(_channel: Channel, _data: str) -> Generator[float]:
    """Take a minute."""
    yield 60


IDENTITY: Final = "uid=101(asterisk) gid=101(asterisk) groups=101(asterisk),20(dialout),29(audio)\n"

RESULTS: Final = (("yellow", 40, "g2"), ('hello "big" world', 95, "g1"))


def engine(channel: Channel) -> Sequence[tuple[str, int, str]]:
    """Understand the first three times."""
    return RESULTS if channel.now < 1.5 else ()


def goto(channel: Channel, _data: str) -> None:
    """Leave for another place, which ends the session."""
    channel.hang_up_soon()
    raise CallerLeftError


SUBROUTINES: Final[dict[str, Callable[..., Any]]] = {
    "subs,goto,1": goto,
    "subs,lab,lbl": lambda _channel, _data: "fromlabel",
    "subs,longwait,1": longwait,
    "subs,s,1": echo_arguments,
}

COMMON: Final[dict[str, Any]] = {
    "sounds": Sounds(others=None),
    "context": "agi",
    "extension": "run",
    "priority": 2,
    "answered": True,
    "labels": {"lab": 1, "after": 3},
    "talks": False,
}

SETUPS: Final[dict[str, dict[str, Any]]] = {
    "database-variables": {
        "channel": "Local/silent@far-00000032;1",
        "functions": {"SHELL": lambda _text: IDENTITY},
    },
    "dead-agi-h-extension": {
        "channel": "Local/silent@far-000000db;1",
        "dead": True,
        "functions": {"CDR": {"disposition": "ANSWERED"}.get},
    },
    "exec": {"applications": {"Dial": dial, "SMS": sms}},
    "gosub": {"subroutines": SUBROUTINES},
    "hangup-during-commands": {
        # The recorded Asterisk had no music.
        "applications": {"Dial": dial, "MusicOnHold": lambda _channel, _data: 0},
        "subroutines": SUBROUTINES,
    },
    "hangup-idle": {"channel": "Local/silent@far-0000006b;1"},
    "hangup-options/0": {
        "channel": "Local/silent@far-0000006c;1",
        "variables": {"AGISIGHUP": "no"},
    },
    "hangup-options/2": {"variables": {"AGIEXITONHANGUP": "yes", "AGISIGHUP": "no"}},
    "hangup-options": {"variables": {"AGIEXITONHANGUP": "yes"}},
    "hangup-ordering": {"channel": "Local/silent@far-0000002f;1"},
    "pipelining-idle": {"channel": "Local/silent@far-00000045;1"},
    "pjsip-call": {"answered": False, "dialled": "5551234"},
    "record-file/1": {"talks": True},
    "record-file/2": {"talks": True},
    "set-context-extension-priority": {"labels": {"lab": 2, "after": 3}},
    "server-crashes": {"subroutines": SUBROUTINES},
    "stdio-eagi": {"stdio": True},
    "stdio-eagi/5": {"stdio": True, "variables": {"AGIEXITONHANGUP": "yes"}},
    "speech": {"speech_engines": {"probe-stt": engine}},
}
"""What is different from `COMMON`, by file, or by file and number of the session."""


# What is not compared.

OTHER_FILES: Final = {
    "env-args": "an environment: see test_setup.py",
    "env-full": "an environment: see test_setup.py",
    "env-newline-injection": "environments: see test_setup.py",
    "env-url-variants": "an environment: see test_setup.py",
}
"""Recordings that are compared elsewhere."""

NOT_KEPT: Final = {
    "async-basic": "AsyncAGI, whose lines are those of the manager interface",
    "async-ends": "the same",
    "async-long-result": "the same",
    "audiosocket": "its frames, which are no lines; of AGI it has EXEC AudioSocket alone",
    "usage-without-docs": "an Asterisk without its documentation, which the simulation is not",
}
"""Recordings of the same series that are not in the folder, and why."""

NOT_THERE: Final = "there is no such application in the simulation"
ARITHMETIC: Final = "$[...] is not evaluated in the simulation"
NO_PEER: Final = "no other channel exists in the simulation"
NO_GRAMMARS: Final = "the recorded engine takes no grammars"
SILENCE: Final = "silence is not detected in the simulation"

LEFT_OUT: Final[dict[str, dict[bytes, str]]] = {
    "exec": {
        b"EXEC Gosub subs,s,1(a,b)\n": NOT_THERE,
        b"EXEC ExecIf 1?Set:B\n": NOT_THERE,
    },
    "hangup-during-commands": {b"EXEC Gosub subs,longwait,1\n": NOT_THERE},
    "database-variables": {
        b'GET FULL VARIABLE "${EVAL(${EXTEN})}-$[1+2]"\n': ARITHMETIC,
        b'GET FULL VARIABLE "$[1/0]"\n': ARITHMETIC,
        b'GET FULL VARIABLE "${CHANNEL(name)}" Local/silent@far-00000032;2\n': NO_PEER,
        b'GET FULL VARIABLE "${LEN(abc)} ${STRFTIME(0,UTC,%Y)}"\n': "no function STRFTIME",
    },
    "misc-commands": {
        b"EXEC WaitForSilence 500,1,2\n": NOT_THERE,
        b"EXEC SayUnixTime\n": NOT_THERE,
        b"EXEC Transfer foo\n": NOT_THERE,
        b"EXEC AGI /nosuch\n": NOT_THERE,
        b"GET VARIABLE AGISTATUS\n": "of the AGI that was left out",
        b"CHANNEL STATUS Local/silent@far-0000003b;2\n": NO_PEER,
    },
    "pjsip-call": {
        b'GET VARIABLE "PJSIP_HEADER(read,From)"\n': "no SIP in the simulation",
        b"GET VARIABLE CHANNEL(audioreadformat)\n": "no codecs in the simulation",
        b'GET FULL VARIABLE "${HANGUPCAUSE} ${CHANNEL(rtcp,rxcount)}"\n': "no RTP",
    },
    "record-file": {
        b'RECORD FILE /tmp/r1 gsm "#" 8000 s=2\n': SILENCE,
        b'RECORD FILE /tmp/r3 wav "#" 8000 s=2\n': SILENCE,
        b'RECORD FILE /tmp/r3 wav "#" 2000 0 BEEP s=1\n': SILENCE,
        b'RECORD FILE /nodir/x/r1 gsm "#" 1000\n': "every folder can be written",
        b'RECORD FILE r1rel gsm "#" 500\n': "every folder can be written",
        b'RECORD FILE /tmp/r2 gsm "#" 1000\n': "the audio of this caller began half a second late",
        b'RECORD FILE /tmp/r2 gsm "#" 5000\n': "the audio of this caller had pauses",
    },
    "server-crashes": {
        b'GET OPTION beep "1"\n': "it crashes where there is no dialplan, which the simulation has",
    },
    "stdio-eagi": {
        b'STREAM FILE demo-congrats ""\n': "when the caller left was not recorded",
    },
    "speech": {
        b"SPEECH LOAD GRAMMAR g1 /tmp/g1\n": NO_GRAMMARS,
        b"SPEECH ACTIVATE GRAMMAR g1\n": NO_GRAMMARS,
        b"SPEECH DEACTIVATE GRAMMAR g1\n": NO_GRAMMARS,
        b"SPEECH UNLOAD GRAMMAR g1\n": NO_GRAMMARS,
        b"SPEECH RECOGNIZE beep 2\n": "the recorded engine listens to the end of the beep",
    },
}
"""Lines by file, with the reason; they are not sent, and their replies not expected."""

CUT_OFF: Final = {"server-crashes/1": "of the line that is left out"}
"""Sessions that Asterisk ends and the simulation does not, with the reason."""


class Rule(NamedTuple):
    """A difference that is allowed."""

    reason: str
    files: frozenset[str]
    number: int = 0
    """How much the last numbers of two replies may differ."""
    seconds: float = PRECISION
    """How much their times may."""

    def fits(self, recorded: Reply, reply: Reply) -> bool:
        """Tell whether two replies differ by no more than that."""
        if abs(recorded.time - reply.time) > self.seconds:
            return False
        one, two = (re.fullmatch(rb"(.*?)(\d*)(\)?\n)", each.data) for each in (recorded, reply))
        if one is None or two is None or not one[2] or not two[2]:
            return recorded.data == reply.data
        return one.group(1, 3) == two.group(1, 3) and abs(int(one[2]) - int(two[2])) <= self.number


EQUAL: Final = Rule("equal", frozenset())

ALLOWED: Final = (
    Rule(
        "a live channel notices keys and hang-ups a frame or two earlier or later",
        frozenset({"hangup-during-commands", "hangup-options", "pjsip-call", "stream-getdata"}),
        number=320,
    ),
    Rule("the same, in milliseconds", frozenset({"control-say"}), number=40),
    Rule("the recording has no times", frozenset({"framing-crlf-case-empty"}), seconds=1.0),
    Rule(
        "lines that are sent at once wait for more bytes, or do not",
        frozenset({"pipelining-idle"}),
        seconds=1.0,
    ),
    Rule("a conference is left in its time", frozenset({"hangup-during-commands"}), seconds=1.0),
    Rule("the recorded engine listens for half a second", frozenset({"speech"}), seconds=0.6),
)


def cases() -> list[Any]:
    """Give each session of each file."""
    names = sorted(path.stem.removeprefix("agi-") for path in FOLDER.glob("agi-*.txt"))
    return [
        pytest.param(name, number, id=f"{name}/{number}")
        for name in names
        if name not in OTHER_FILES
        for number, _ in enumerate(sessions(name))
    ]


def play(name: str, number: int) -> Outcome:
    """Play a session."""
    own = SETUPS.get(f"{name}/{number}", SETUPS.get(name, {}))
    setup = Setup(**{**COMMON, **own})
    return Player(setup, LEFT_OUT.get(name, ())).play(sessions(name)[number])


def rules(name: str, number: int) -> Iterator[tuple[Reply, Reply, list[Rule]]]:
    """Give the pairs of replies of a session that are not equal, with the rules that allow it."""
    outcome = play(name, number)
    for recorded, reply in zip(outcome.recorded, outcome.replies, strict=False):
        if not EQUAL.fits(recorded, reply):
            fitting = [rule for rule in ALLOWED if name in rule.files]
            yield recorded, reply, [rule for rule in fitting if rule.fits(recorded, reply)]


@pytest.mark.parametrize(("name", "number"), cases())
def test_session(name: str, number: int) -> None:
    """The simulation answers as Asterisk did, and when it did, and ends as it did."""
    outcome = play(name, number)
    for recorded, reply, allowed in rules(name, number):
        assert allowed, f"Asterisk: {recorded}\nsimulation: {reply}"
    assert [reply.data for reply in outcome.replies[len(outcome.recorded) :]] == []
    assert [reply.data for reply in outcome.recorded[len(outcome.replies) :]] == []
    assert bool(outcome.remarks) == (f"{name}/{number}" in CUT_OFF)
    assert outcome.recorded_status in (None, outcome.status)
    if outcome.recorded_place is not None:
        *seen, priority = outcome.recorded_place
        assert outcome.place[:2] == tuple(seen)
        assert outcome.place[2] <= priority


def all_lines(name: str) -> set[bytes]:
    """Give what the application sent in a file."""
    return {line.data for lines in sessions(name) for line in lines if line.kind == "<<"}


def test_not_kept_is_not_there() -> None:
    """Every recording is played, or compared elsewhere, or named with the reason."""
    names = {path.stem.removeprefix("agi-") for path in FOLDER.glob("*.txt")}
    assert not names & NOT_KEPT.keys()
    assert names >= OTHER_FILES.keys()


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out_is_there(name: str) -> None:
    """No line is left out that is not in the recording."""
    assert LEFT_OUT[name].keys() <= all_lines(name)


@pytest.mark.parametrize("rule", ALLOWED, ids=lambda rule: rule.reason)
def test_allowed_is_needed(rule: Rule) -> None:
    """No difference is allowed that is not there."""
    for name in rule.files:
        found = [rules(name, number) for number, _ in enumerate(sessions(name))]
        assert any(rule in allowed for each in found for *_, allowed in each), name
