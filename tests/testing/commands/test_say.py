"""SAY ..."""

from __future__ import annotations

import pytest

from pystrix.testing import Sounds
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

ONE_SECOND = Sounds(
    {f"digits/{name}": 1.0 for name in ("1", "2", "3", "20", "hundred", "minus", "pound", "star")}
    | {f"letters/{name}": 1.0 for name in "abc"}
    | {f"phonetic/{name}_p": 1.0 for name in "abc"}
)

GOLDEN: list[tuple[str, str, float]] = [
    ('NUMBER 123 ""', "number 123", 4.0),
    ('NUMBER -2 ""', "number -2", 2.0),
    ('NUMBER 1 "" f', "number 1", 1.0),
    ('DIGITS 123 ""', "digits 123", 3.0),
    ('DIGITS 1*# ""', "digits 1*#", 3.0),
    ('DIGITS -1 ""', "digits -1", 2.0),
    ('ALPHA abc ""', "alpha abc", 3.0),
    ('ALPHA "" ""', "alpha ", 0.0),
    ('PHONETIC cab ""', "phonetic cab", 3.0),
    ('DATETIME 0 "" ""', "datetime 0", 0.0),
    ('DATETIME 0 "" "" UTC', "datetime 0", 0.0),
]


@pytest.mark.parametrize(("words", "what", "seconds"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_said(words: str, what: str, seconds: float) -> None:
    """What is said is one entry, as long as its files."""
    answer = ask(f"SAY {words}", sounds=ONE_SECOND)
    assert (answer.reply, answer.seconds) == (ok("0"), seconds)
    assert answer.heard == [(what, seconds, True)]


INTERRUPTED = (
    "NUMBER 123456",
    "DIGITS 1234567890",
    "ALPHA abcdefghij",
    "PHONETIC abcdefghij",
    "DATE 0",
    "TIME 0",
    "DATETIME 0",
)


@pytest.mark.parametrize("words", INTERRUPTED)
def test_interrupted(words: str) -> None:
    """A key of the digits, or the hang-up; other keys have no effect; lines wait."""
    assert ask(f'SAY {words} "5"', caller="5").reply == ok("53")
    assert ask(f'SAY {words} "#"', caller="w0.6,h").reply == ok("-1") + HANGUP
    assert ask(f'SAY {words} "6"', caller="5").reply == ok("0")
    channel = ask("NOOP").channel
    channel.receive_data(f'SAY {words} ""\n'.encode())
    channel.receive_data(b"GET VARIABLE EXTEN\n")
    assert channel.data_to_send() == b""
    channel.advance(60.0)
    assert channel.data_to_send() == ok("0") + ok("1 (s)")
    assert dead(f'SAY {words} ""').reply == DEAD


@pytest.mark.parametrize(
    "line",
    [
        'SAY NUMBER x ""',
        "SAY NUMBER 1",
        'SAY NUMBER 1 "" f f',
        'SAY DIGITS abc ""',
        "SAY DIGITS 1",
        'SAY ALPHA a "" x',
        "SAY ALPHA a",
        "SAY PHONETIC a",
        'SAY DATE x ""',
        "SAY DATE 0",
        'SAY TIME x ""',
        "SAY TIME 0",
        'SAY DATETIME x ""',
        "SAY DATETIME 0",
    ],
)
def test_usage(line: str) -> None:
    """What the words must be; the channel goes on."""
    answer = ask(line)
    assert (answer.reply, answer.seconds, answer.heard) == (USAGE, 0.0, [])
    assert not answer.channel.running


@pytest.mark.parametrize("case", ["a", "u", "l", "n", "U"])
def test_cases(case: str) -> None:
    """The letters whose case is said."""
    assert ask(f'SAY ALPHA ab "" {case}').reply == ok("0")


def test_moments() -> None:
    """Formats and zones change what is said."""

    def seconds(words: str) -> float:
        return ask(f"SAY DATETIME {words}").seconds

    assert seconds('0 "" Y') < seconds('0 ""')
    assert seconds('0 "" HM UTC') != seconds('82800 "" HM UTC')
    assert seconds('0 "" HM Europe/Berlin') == seconds('3600 "" HM UTC')
