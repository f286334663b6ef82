"""RECORD FILE."""

from __future__ import annotations

import pytest

from pystrix.testing import Sounds
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

SOUNDS = Sounds({"beep": 0.4}, others=None)

GOLDEN: list[tuple[str, str, bytes, float, float | None]] = [
    ('r wav "#" 700', "", ok("0 (timeout) endpos=5600"), 0.7, 0.7),
    ('r wav "#" 5000', "#", ok("35 (dtmf) endpos=2400"), 0.5, 0.3),
    ('r wav "0123456789#*" -1', "w10,5", ok("53 (dtmf) endpos=82400"), 10.5, 10.3),
    ('r wav "" 500', "5", ok("0 (timeout) endpos=4000"), 0.5, 0.5),
    ('r wav "#" 0', "", ok("0 (timeout) endpos=0"), 0.0, 0.0),
    ('r wav "#" 500 1000', "", ok("0 (timeout) endpos=4000"), 0.5, 0.5),
    ('r wav "#" 500 BEEP', "", ok("0 (timeout) endpos=4000"), 0.9, 0.5),
    ('r wav "#" 500 beep', "", ok("0 (timeout) endpos=4000"), 0.9, 0.5),
    ('r wav "#" 500 0 BEEP s=1', "", ok("0 (timeout) endpos=4000"), 0.9, 0.5),
    ('r wav "#" 500 s=1', "", ok("0 (timeout) endpos=4000"), 0.5, 0.5),
    ('r wav "5" 5000', "w2,h", ok("-1 (hangup) endpos=16000") + HANGUP, 2.0, 2.0),
    ('r wav "5" 5000 BEEP', "w0.2,h", ok("-1 (randomerror) endpos=0") + HANGUP, 0.2, None),
    ('r wav "5" 5000 BEEP', "w1,5", ok("53 (dtmf) endpos=7200"), 1.5, 0.9),
    ('r nosuchfmt "#" 1000', "", ok("-1 (writefile)"), 0.0, None),
]


@pytest.mark.parametrize(
    ("words", "caller", "reply", "seconds", "length"),
    GOLDEN,
    ids=[f"{row[0]} {row[1]}" for row in GOLDEN],
)
def test_record_file(
    words: str, caller: str, reply: bytes, seconds: float, length: float | None
) -> None:
    """The time, a key, which is cut off, the hang-up; what was recorded is kept."""
    answer = ask(f"RECORD FILE {words}", caller=caller, sounds=SOUNDS)
    assert (answer.reply, answer.seconds) == (reply, seconds)
    kept = {name: round(each, 3) for name, each in answer.channel.recordings.items()}
    assert kept == ({} if length is None else {"r.wav": length})
    assert answer.channel.failed == (b"writefile" in reply)


def test_offset() -> None:
    """What is recorded is put there, but never behind the end; what is behind it is gone."""
    first = 'RECORD FILE r wav "#" 600'
    for offset, end in ((99999, 6400), (1600, 3200), (0, 1600)):
        answer = ask(first, f'RECORD FILE r wav "#" 200 {offset}')
        assert answer.reply == ok(f"0 (timeout) endpos={end}")
        assert answer.channel.recordings == {"r.wav": end / 8000}
    answer = ask(first, 'RECORD FILE r wav "#" 0 700')
    assert answer.reply == ok("0 (timeout) endpos=700")
    assert answer.channel.recordings == {"r.wav": 0.6}
    assert ask('RECORD FILE r sln16 "#" 100', 'RECORD FILE r sln16 "#" 100 9999').reply == ok(
        "0 (timeout) endpos=3200"
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [
        *(("r", True), ("./r", True), ("/srv/r", True), ("/srv/./r", True), ("/srv/x/r", False)),
        *(("/r", False), ("x/r", False), ("../r", False)),
    ],
)
def test_folders(name: str, written: bool) -> None:
    """If the setup says which there are, a file in another cannot be written."""
    answer = ask(f'RECORD FILE {name} wav "#" 100', folders=["/srv"])
    assert answer.reply == ok("0 (timeout) endpos=800" if written else "-1 (writefile)")
    assert answer.channel.failed != written
    assert ask(f'RECORD FILE {name} wav "#" 100').reply == ok("0 (timeout) endpos=800")


def test_key_in_the_beep() -> None:
    """Nothing is recorded."""
    sounds = Sounds({"beep": 1.0}, others=None)
    answer = ask('RECORD FILE r wav "5" 5000 BEEP', caller="5", sounds=sounds)
    assert answer.reply == ok("53 (randomerror) endpos=0")
    assert answer.heard == [("beep", 0.5, False)]
    assert not answer.channel.recordings


def test_caller_without_audio() -> None:
    """There is a recording, of nothing."""
    answer = ask('RECORD FILE r gsm "#" 700', talks=False)
    assert (answer.reply, answer.seconds) == (ok("0 (timeout) endpos=0"), 0.7)
    assert answer.channel.recordings == {"r.gsm": 0.0}


def test_no_beep() -> None:
    """An Asterisk without the sound does not beep."""
    answer = ask('RECORD FILE r gsm "#" 700 BEEP', sounds=Sounds({"beep": 0.0}, others=None))
    assert answer.seconds == 0.7


def test_usage() -> None:
    """The time is needed, as a number; on a dead channel nothing is."""
    for line in ('RECORD FILE r gsm "#"', 'RECORD FILE r gsm "#" long'):
        answer = ask(line)
        assert answer.reply == USAGE
        assert not answer.channel.running
        assert dead(line).reply == DEAD
