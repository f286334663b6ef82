"""Texts, images and the TDD mode."""

from __future__ import annotations

import pytest

from pystrix.testing import Caller, Note
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

LINES: list[tuple[str, bytes]] = [
    ("SEND TEXT hello", ok("0")),
    ('SEND TEXT "hello world"', ok("0")),
    ('SEND TEXT ""', ok("0")),
    ("SEND TEXT", USAGE),
    ("SEND IMAGE foo", ok("0")),
    ("SEND IMAGE", USAGE),
    *((f"TDD MODE {word}", ok("0")) for word in ("on", "off", "mate", "tdd", "bogus")),
    ("TDD MODE", USAGE),
    ("RECEIVE CHAR", USAGE),
    ("RECEIVE CHAR soon", ok("-1 (hangup)")),
    ("RECEIVE TEXT", USAGE),
    ("RECEIVE TEXT soon", ok("-1")),
]


@pytest.mark.parametrize(("line", "reply"), LINES, ids=[line for line, _ in LINES])
def test_reply(line: str, reply: bytes) -> None:
    """Each line has its reply, at once; none works on a dead channel."""
    answer = ask(line)
    assert (answer.reply, answer.seconds) == (reply, 0.0)
    assert dead(line).reply == DEAD


@pytest.mark.parametrize(
    ("line", "text", "reply"),
    [
        ("RECEIVE TEXT 3000", "hello (there)", ok("1 (hello (there))")),
        ("RECEIVE TEXT -1", "ë", ok("1 (ë)")),
        ("RECEIVE CHAR 3000", "hello", ok("104")),
        ("RECEIVE CHAR 3000", "ë", ok("195")),
    ],
)
def test_received(line: str, text: str, reply: bytes) -> None:
    """The text, or the code of its first byte."""
    answer = ask(line, caller=Caller().wait(1).send_text(text))
    assert (answer.reply, answer.seconds) == (reply, 1.0)
    assert not answer.channel.failed


@pytest.mark.parametrize(
    ("line", "caller", "reply", "seconds", "failed"),
    [
        ("RECEIVE TEXT 300", "", ok("-1"), 0.3, False),
        ("RECEIVE CHAR 300", "", ok("-1 (hangup)"), 0.3, True),
        ("RECEIVE TEXT 3000", "w1,h", ok("-1") + HANGUP, 1.0, False),
        ("RECEIVE CHAR 3000", "w1,h", ok("-1 (hangup)") + HANGUP, 1.0, False),
    ],
)
def test_nothing_received(
    line: str, caller: str, reply: bytes, seconds: float, failed: bool
) -> None:
    """The end of the time and the hang-up look the same; RECEIVE CHAR then fails the session."""
    answer = ask(line, caller=caller)
    assert (answer.reply, answer.seconds, answer.channel.failed) == (reply, seconds, failed)


def test_keys_and_texts() -> None:
    """A key is no text, and a text no key; a text at no time is lost."""
    caller = Caller().send_text("late").wait(0)
    assert ask("RECEIVE TEXT 300", caller="w0.1,1").reply == ok("-1")
    answer = ask("WAIT FOR DIGIT 300", caller=caller)
    assert answer.reply == ok("0")
    answer.channel.send_text("to nobody")
    assert answer.channel.data_to_send() == b""
    ringing = ask("RECEIVE TEXT 300").channel
    ringing.receive_data(b"WAIT FOR DIGIT 300\n")
    ringing.send_text("while it waits for a key")
    assert ringing.running


def test_sent_text_is_noted() -> None:
    """It is in the record."""
    (note,) = [e for e in ask('SEND TEXT "hi"').channel.timeline if isinstance(e, Note)]
    assert note.text == "the application sends the text 'hi'"
