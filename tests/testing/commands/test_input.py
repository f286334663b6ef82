"""Collecting digits."""

from __future__ import annotations

import pytest

from pystrix.testing import Key, Sounds
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

SOUNDS = Sounds({"ask": 1.0, "long": 20.0}, others=None)

NO_PROMPT: list[tuple[str, str, bytes, float]] = [
    ("WAIT FOR DIGIT 500", "", ok("0"), 0.5),
    ("WAIT FOR DIGIT 0", "", ok("0"), 0.0),
    ("WAIT FOR DIGIT 3000x", "", ok("0"), 3.0),
    ("WAIT FOR DIGIT -1", "w30,1", ok("49"), 30.5),
    ("WAIT FOR DIGIT 3000", "0", ok("48"), 0.5),
    ("WAIT FOR DIGIT 3000", "9", ok("57"), 0.5),
    ("WAIT FOR DIGIT 3000", "*", ok("42"), 0.5),
    ("WAIT FOR DIGIT 3000", "#", ok("35"), 0.5),
    ("WAIT FOR DIGIT 3000", "D", ok("68"), 0.5),
    ("WAIT FOR DIGIT 3000", "w1,h", ok("-1") + HANGUP, 1.0),
    ("WAIT FOR DIGIT soon", "", USAGE, 0.0),
    ("WAIT FOR DIGIT", "", USAGE, 0.0),
    ("WAIT FOR DIGIT 1 2", "", USAGE, 0.0),
    ('GET DATA "" 800', "", ok(" (timeout)"), 0.8),
    ('GET DATA ""', "", ok(" (timeout)"), 6.0),
    ('GET DATA "" 0', "", ok(" (timeout)"), 6.0),
    ('GET DATA "" abc', "", ok(" (timeout)"), 6.0),
    ('GET DATA ""', "1", ok("1 (timeout)"), 2.5),
    ('GET DATA "" 600 4', "56", ok("56 (timeout)"), 1.35),
    ('GET DATA "" 2000 4', "#", ok(""), 0.5),
    ('GET DATA "" 2000 1', "*", ok("*"), 0.5),
    ('GET DATA "" 2000 4', "12#", ok("12"), 1.0),
    ('GET DATA "" 1500 4', "1234", ok("1234"), 1.25),
    ('GET DATA "" 1500 5', "*1*", ok("*1* (timeout)"), 2.5),
    ('GET DATA "" 1500 5', "007#", ok("007"), 1.25),
    ('GET DATA "" -1', "w60,1,w60,#", ok("1"), 121.0),
    ('GET DATA "" 300 0', "", ok("-1"), 0.0),
    ('GET DATA "" 300 -1', "", ok(" (timeout)"), 0.3),
    ('GET DATA "" 5000 4', "12,w1,h", ok("-1") + HANGUP, 1.75),
    ("GET DATA", "", USAGE, 0.0),
    ('GET DATA "" 300 2 and more', "", ok(" (timeout)"), 0.3),
]


@pytest.mark.parametrize(
    ("line", "caller", "reply", "seconds"), NO_PROMPT, ids=[f"{r[0]} {r[1]}" for r in NO_PROMPT]
)
def test_digits(line: str, caller: str, reply: bytes, seconds: float) -> None:
    """Each way of waiting, with what the caller does."""
    answer = ask(line, caller=caller)
    assert (answer.reply, answer.seconds) == (reply, seconds)
    assert not answer.heard
    assert not answer.channel.failed


PROMPTS: list[tuple[str, str, bytes, float, list[tuple[str, float, bool]]]] = [
    ("GET DATA ask 800", "", ok(" (timeout)"), 1.8, [("ask", 1.0, True)]),
    ("GET DATA ask 1500 4", "1", ok("1 (timeout)"), 2.0, [("ask", 0.5, False)]),
    ("GET DATA ask 1500 1", "1", ok("1"), 0.5, [("ask", 0.5, False)]),
    ("GET DATA ask", "#", ok(""), 0.5, [("ask", 0.5, False)]),
    ("GET DATA ask", "w1,2", ok("2 (timeout)"), 3.5, [("ask", 1.0, True)]),
    ("GET DATA long 1 1", "w0.3,h", ok("-1") + HANGUP, 0.3, [("long", 0.3, False)]),
    ("GET DATA nosuchfile 800", "", ok("-1"), 0.0, []),
    ('GET OPTION ask "12" 500', "", ok("0 endpos=8000"), 1.5, [("ask", 1.0, True)]),
    ('GET OPTION ask "12"', "", ok("0 endpos=8000"), 6.0, [("ask", 1.0, True)]),
    ('GET OPTION ask "12" 3000', "1", ok("49 endpos=4000"), 0.5, [("ask", 0.5, False)]),
    ('GET OPTION ask "12" 3000', "w1,2", ok("50 endpos=8000"), 1.5, [("ask", 1.0, True)]),
    ('GET OPTION ask "12" 3000', "w1,9", ok("0 endpos=8000"), 1.5, [("ask", 1.0, True)]),
    ('GET OPTION ask "" 3000', "w1,1", ok("0 endpos=8000"), 1.5, [("ask", 1.0, True)]),
    ('GET OPTION long "1" 1', "w0.3,h", ok("-1 endpos=2400") + HANGUP, 0.3, [("long", 0.3, False)]),
    ('GET OPTION ask "12" soon', "", ok("0 endpos=8000"), 1.0, [("ask", 1.0, True)]),
    ('GET OPTION ask "1" 3000', "w2,h", ok("0 endpos=8000") + HANGUP, 2.0, [("ask", 1.0, True)]),
]


@pytest.mark.parametrize(
    ("line", "caller", "reply", "seconds", "heard"),
    PROMPTS,
    ids=[f"{row[0]} {row[1]}" for row in PROMPTS],
)
def test_prompt(
    line: str, caller: str, reply: bytes, seconds: float, heard: list[tuple[str, float, bool]]
) -> None:
    """A key cuts the prompt short."""
    answer = ask(line, caller=caller, sounds=SOUNDS)
    assert (answer.reply, answer.seconds, answer.heard) == (reply, seconds, heard)
    assert not answer.channel.failed


def test_get_option_without_file() -> None:
    """It fails the session, which GET DATA does not."""
    answer = ask("GET OPTION nosuchfile 12 500", sounds=SOUNDS)
    assert answer.reply == ok("-1 endpos=0")
    assert answer.channel.failed


@pytest.mark.parametrize("line", ["GET OPTION a", "GET OPTION a 1 2 3"])
def test_get_option_usage(line: str) -> None:
    """File and keys are needed."""
    answer = ask(line)
    assert answer.reply == USAGE
    assert not answer.channel.running


def test_other_keys_do_not_stop_an_option() -> None:
    """They are lost while the file is played."""
    answer = ask('GET OPTION long "1" 3000', caller="w1,1", sounds=SOUNDS)
    channel = answer.channel
    channel.receive_data(b'GET OPTION long "1" 3000\n')
    assert not channel.press("9")
    assert channel.running
    assert [(e.digit, e.command) for e in channel.timeline if isinstance(e, Key)] == [
        ("1", "GET OPTION"),
        ("9", ""),
    ]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("WAIT FOR DIGIT 3000", ok("1")),
        ("GET DATA ask 3000 4", b""),
        ('GET DATA "" 3000 4', b""),
        ('GET OPTION ask "1" 3000', b""),
        ('GET OPTION short "1" 3000', ok("0 endpos=0")),
    ],
)
def test_stopped_by_a_line(line: str, first: bytes) -> None:
    """Another line stops it; what waits for a key has a reply then, what plays has none."""
    sounds = Sounds({"ask": 9.0, "short": 0.0}, others=None)
    channel = ask("NOOP", sounds=sounds).channel
    channel.receive_data(line.encode() + b"\n")
    channel.advance(1.0)
    channel.receive_data(b"GET VARIABLE EXTEN\n")
    assert channel.data_to_send() == first + ok("1 (s)")
    assert not channel.running


def test_dead_channel() -> None:
    """None of them works."""
    for line in ("WAIT FOR DIGIT 1", "GET DATA ask", "GET OPTION ask 1 1"):
        assert dead(line).reply == DEAD
