"""Which files say something in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.testing import _english as english
from pystrix.testing.sounds import FRAME, Sounds, core_sounds
from tests.testing.recordings import sessions

CORE = Sounds(others=None)


def names(text: str, folder: str = "digits") -> list[str]:
    """Put the folder before each word."""
    return [f"{folder}/{word}" for word in text.split()]


NUMBERS = {
    0: "0",
    7: "7",
    12: "12",
    20: "20",
    21: "20 1",
    100: "1 hundred",
    123: "1 hundred 20 3",
    1000: "1 thousand",
    1001: "1 thousand 1",
    123_456: "1 hundred 20 3 thousand 4 hundred 50 6",
    1_000_000: "1 million",
    2_000_000_013: "2 billion 13",
    -7: "minus 7",
}


@pytest.mark.parametrize(("value", "text"), NUMBERS.items())
def test_number(value: int, text: str) -> None:
    """Whole numbers."""
    assert english.number(value) == names(text)


@given(st.integers(-(2**31), 2**31 - 1))
def test_any_number(value: int) -> None:
    """Whatever the number, there is a file for each part of it."""
    assert all(name in core_sounds() for name in english.number(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [("123", "1 2 3"), ("1*#", "1 star pound"), ("-12", "minus 1 2"), ("1x2", "1 2"), ("", "")],
)
def test_digits(text: str, said: str) -> None:
    """Digits, one by one."""
    assert english.digits(text) == names(said)


def test_letters() -> None:
    """Letters, digits and signs have files; of the rest nothing is known."""
    assert english.alpha("aB1-") == ["letters/a", "letters/b", "digits/1", "letters/dash"]
    assert english.phonetic("aB1") == ["phonetic/a_p", "phonetic/b_p", "digits/1"]
    everything = "abcdefghijklmnopqrstuvwxyz0123456789!@$*-.=+/ "
    assert [name for name in english.alpha(everything) if name not in core_sounds()] == []
    assert english.alpha("é") == ["letters/ascii233"]


@pytest.mark.parametrize(
    ("day", "said"), [(1, "h-1"), (12, "h-12"), (20, "h-20"), (21, "20 h-1"), (30, "h-30")]
)
def test_ordinal(day: int, said: str) -> None:
    """The numbers of days."""
    assert english.ordinal(day) == names(said)


# Thursday, 1 January 1970, 00:00:00; Saturday, 5 July 2008, 15:07:09.
EPOCH, LATER = 0, 1_215_270_429

MOMENTS: list[tuple[int, str, str, str]] = [
    (EPOCH, "A", "", "day-4"),
    (EPOCH, "a", "", "day-4"),
    (EPOCH, "B", "", "mon-0"),
    (LATER, "b", "", "mon-6"),
    (LATER, "h", "", "mon-6"),
    (LATER, "d", "", "h-5"),
    (LATER, "e", "", "h-5"),
    (LATER, "m", "", "h-7"),
    (LATER, "I", "", "3"),
    (EPOCH, "l", "", "12"),
    (LATER, "k", "", "15"),
    (LATER, "H", "Europe/Berlin", "17"),
    (LATER, "p", "", "p-m"),
    (EPOCH, "P", "", "a-m"),
    (LATER, "M", "", "oh 7"),
    (LATER + 600, "N", "", "17"),
    (LATER, "S", "", "oh 9"),
    (LATER, "Y", "", "2 thousand 8"),
    (1_000_000_000, "Y", "", "2 thousand 1"),
    (946_684_800, "Y", "", "2 thousand"),
    (LATER, "", "", ""),
    (LATER, "?!", "", ""),
    (LATER, "S", "no/such/zone", "oh 9"),
    (LATER, "S", "../etc", "oh 9"),
]


@pytest.mark.parametrize(("seconds", "form", "zone", "said"), MOMENTS)
def test_moment(seconds: int, form: str, zone: str, said: str) -> None:
    """Each letter of a format."""
    assert english.moment(seconds, form, zone) == names(said)


def test_files_in_formats() -> None:
    """A name in quotes is a file of its own; the closing one may be missing."""
    assert english.moment(LATER, "'hello'k'bye") == ["hello", "digits/15", "bye"]


def test_letters_of_several() -> None:
    """Some letters stand for a whole date or time."""
    assert english.moment(LATER, "R") == names("15 oh 7")


DAYS = [
    (0.0, "today"),
    (0.9, "today"),
    (1.0, "tomorrow"),
    (-0.1, "yesterday"),
    (2.5, "day-1"),
    (-3.0, "day-3"),
    (6.5, "day-5 h-11 mon-6"),
    (-6.5, "day-6 20 h-8 mon-5"),
    (90.0, "h-3 mon-9"),
    (-90.0, "h-6 mon-3"),
    (365.0, "h-5 mon-6 2 thousand 9"),
    (-365.0, "h-6 mon-6 2 thousand 7"),
]


@pytest.mark.parametrize(("days", "said"), DAYS)
@pytest.mark.parametrize("letter", "Qq")
def test_days_by_distance(days: float, said: str, letter: str) -> None:
    """A day is said by how far away it is."""
    start = LATER // 86400 * 86400
    seconds = start + int(days * 86400)
    assert english.moment(seconds, letter, now=LATER) == names(said)


YEARS = (1900, 1905, 1970, 1999, 2000, 2010, 2099, 2100)


@pytest.mark.parametrize("year", YEARS)
def test_years_have_files(year: int) -> None:
    """Each part of a year is a file."""
    seconds = (year - 1970) * 31_556_952 + 86_400 * 100
    assert all(name in core_sounds() for name in english.moment(seconds, "Y"))


@given(st.integers(-(2**31), 2**32), st.text(max_size=8), st.sampled_from(["", "UTC", "x"]))
def test_any_moment(seconds: int, form: str, zone: str) -> None:
    """Any moment and format say something or nothing."""
    assert isinstance(english.moment(seconds, form, zone), list)


SAID = {
    b'SAY NUMBER 12 ""\n': english.number(12),
    b'SAY NUMBER -7 ""\n': english.number(-7),
    b'SAY DIGITS 123 ""\n': english.digits("123"),
    b'SAY DIGITS 1*# ""\n': english.digits("1*#"),
    b'SAY PHONETIC ab ""\n': english.phonetic("ab"),
    b'SAY NUMBER 123 "6"\n': english.number(123),
}


@pytest.mark.parametrize("line", SAID)
def test_as_long_as_recorded(line: bytes) -> None:
    """A live Asterisk took as long."""
    (lines,) = sessions("control-say")
    at = [each.data for each in lines].index(line)
    reply = next(each for each in lines[at:] if each.kind == ">>")
    took = (reply.time or 0.0) - (lines[at].time or 0.0)
    assert CORE.total(SAID[line]) * FRAME == pytest.approx(took, abs=0.1)
