"""The call itself, and its variables."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.testing import HungUp
from tests.testing.asking import DEAD, HANGUP, INVALID, USAGE, ask, dead, ok

NAME = "SIM/caller-00000001"

GOLDEN: list[tuple[str, bytes]] = [
    ("ANSWER", ok("0")),
    ("ANSWER now please", ok("0")),
    ("CHANNEL STATUS", ok("4")),
    (f"CHANNEL STATUS {NAME}", ok("4")),
    ("CHANNEL STATUS nochan", ok("-1")),
    ("HANGUP nochan", ok("-1")),
    ("SET AUTOHANGUP 100", ok("0")),
    ("SET AUTOHANGUP 1.5", ok("0")),
    ("SET AUTOHANGUP 0", ok("0")),
    ("SET AUTOHANGUP -3", ok("0")),
    ("SET AUTOHANGUP soon", USAGE),
    ("SET AUTOHANGUP", USAGE),
    ("SET AUTOHANGUP 1 2", USAGE),
    ("SET CALLERID", ok("1")),
    ("SET CALLERID 5551234", ok("1")),
    ("GET VARIABLE NOPE", ok("0")),
    ("GET VARIABLE NOSUCHFUNC(x)", ok("0")),
    ("GET VARIABLE ${EXTEN}", ok("0")),
    ('GET VARIABLE ""', ok("0")),
    ("GET VARIABLE EXTEN", ok("1 (s)")),
    (f"GET VARIABLE {NAME}", ok("0")),
    ("GET VARIABLE", USAGE),
    ("GET VARIABLE EXTEN CHANNEL", USAGE),
    ("GET FULL VARIABLE ${EXTEN}", ok("1 (s)")),
    (f"GET FULL VARIABLE ${{EXTEN}} {NAME}", ok("1 (s)")),
    ("GET FULL VARIABLE ${EXTEN} nochan", ok("0")),
    ("GET FULL VARIABLE ${NOPE}", ok("1 ()")),
    ('GET FULL VARIABLE "plain text"', ok("1 (plain text)")),
    ('GET FULL VARIABLE ""', ok("1 ()")),
    ("SET VARIABLE X y", ok("1")),
    ("SET VARIABLE NOSUCHF(x) y", ok("1")),
    ("SET VARIABLE X", USAGE),
    ("SET VARIABLE X y z", USAGE),
    ("SET CONTEXT nowhere", ok("0")),
    ("SET EXTENSION nowhere", ok("0")),
    ("SET PRIORITY 99", ok("0")),
    ("SET PRIORITY nolabel", USAGE),
    ("ASYNCAGI BREAK", ok("0")),
    ("NOOP", ok("0")),
    ("NOOP whatever it is", ok("0")),
    ("VERBOSE hello", ok("1")),
    ('VERBOSE "hello world" 3', ok("1")),
    ("VERBOSE hello world", ok("1")),
    ("VERBOSE", USAGE),
    ("NO SUCH COMMAND", INVALID),
    ("SET", INVALID),
]


@pytest.mark.parametrize(("line", "reply"), GOLDEN, ids=[line for line, _ in GOLDEN])
def test_reply(line: str, reply: bytes) -> None:
    """Each line has its reply, at once."""
    answer = ask(line)
    assert (answer.reply, answer.seconds) == (reply, 0.0)
    assert answer.channel.place == {
        "SET CONTEXT nowhere": ("nowhere", "s", 2),
        "SET EXTENSION nowhere": ("default", "nowhere", 2),
        "SET PRIORITY 99": ("default", "s", 99),
    }.get(line, ("default", "s", 2))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("GET VARIABLE EXTEN", ok("1 (s)")),
        ("GET FULL VARIABLE ${EXTEN}", ok("1 (s)")),
        ("SET VARIABLE X 1", ok("1")),
        ("ASYNCAGI BREAK", ok("0")),
        ("NOOP", ok("0")),
        ("VERBOSE bye", ok("1")),
        ("GET VARIABLE", USAGE),
        ("FOO", INVALID),
        *(
            (line, DEAD)
            for line in (
                "ANSWER",
                "CHANNEL STATUS",
                "HANGUP",
                "SET AUTOHANGUP 1",
                "SET CALLERID 1",
                "SET CONTEXT x",
                "SET EXTENSION x",
                "SET PRIORITY 1",
                "SET PRIORITY",
            )
        ),
    ],
)
def test_dead_channel(line: str, reply: bytes) -> None:
    """Some commands work on a dead channel; 511 comes before 520, and after 510."""
    assert dead(line).reply == reply


def test_answer() -> None:
    """It is up from then on."""
    assert ask("ANSWER", "CHANNEL STATUS").reply == ok("6")
    assert ask("CHANNEL STATUS", answered=True).reply == ok("6")


@pytest.mark.parametrize("line", ["HANGUP", f"HANGUP {NAME}"])
def test_hangup(line: str) -> None:
    """The reply comes first, then the line."""
    answer = ask(line)
    assert answer.reply == ok("1") + HANGUP
    assert [e.by for e in answer.channel.timeline if isinstance(e, HungUp)] == ["application"]


def test_autohangup() -> None:
    """It ends the command that runs, or comes while nothing does."""
    answer = ask("SET AUTOHANGUP 1.5", "WAIT FOR DIGIT -1")
    assert (answer.reply, answer.seconds) == (ok("-1") + HANGUP, 1.5)
    channel = ask("SET AUTOHANGUP 1").channel
    channel.advance(0.9)
    assert channel.data_to_send() == b""
    assert channel.deadline == 1.0
    channel.advance(1.0)
    assert channel.data_to_send() == HANGUP
    assert channel.deadline is None
    assert ask("SET AUTOHANGUP 1", "SET AUTOHANGUP 0").channel.deadline is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'"\"Jo Bob\" <555>"', '"Jo Bob" <555>'),
        ("Jo <555>", '"Jo" <>'),
        ("5551234", '"" <5551234>'),
        ('""', '"" <>'),
    ],
)
def test_caller_id(text: str, shown: str) -> None:
    """The whole is one word; what follows is lost."""
    assert ask(f"SET CALLERID {text}", "GET VARIABLE CALLERID(all)").reply == ok(f"1 ({shown})")


def test_caller_id_left_alone() -> None:
    """Without a word nothing changes."""
    setup: dict[str, Any] = {"caller_id": "1", "caller_name": "A"}
    assert ask("SET CALLERID", "GET VARIABLE CALLERID(all)", **setup).reply == ok('1 ("A" <1>)')


def test_long_values() -> None:
    """GET VARIABLE cuts in the middle of a character; GET FULL VARIABLE does not cut."""
    value = "v" * 1022 + "ë!"
    assert ask("GET VARIABLE X", variables={"X": value}).reply == (
        b"200 result=1 (" + b"v" * 1022 + b"\xc3)\n"
    )
    assert ask("GET FULL VARIABLE ${X}", variables={"X": value}).reply == ok(f"1 ({value})")


def test_bytes() -> None:
    """What is not UTF-8 comes back as it is."""
    line = b'SET VARIABLE X "\xff \x80\xc3\xab"'
    assert ask(line, "GET VARIABLE X").reply == b"200 result=1 (\xff \x80\xc3\xab)\n"


@pytest.mark.parametrize(("word", "priority"), [("lab", 7), ("12", 12), ("0", 0), ("-1", 2)])
def test_priority(word: str, priority: int) -> None:
    """A label is one of the setup; what is negative changes nothing."""
    answer = ask(f"SET PRIORITY {word}", labels={"lab": 7})
    assert answer.reply == ok("0")
    assert answer.channel.place == ("default", "s", priority)
