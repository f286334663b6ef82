"""What is new in the timeline of a call, as it grows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pystrix.cli._follower import Follower, News, show
from pystrix.testing import Command, Heard, HungUp, Key, Note

if TYPE_CHECKING:
    from pystrix.testing.record import Entry


def texts(follower: Follower) -> list[str]:
    """Give what is new."""
    return [news.text for news in follower.news()]


def test_a_command_as_it_goes_on() -> None:
    """It is told when it comes, its reply when that does, and each only once."""
    command = Command(1.0, b"NOOP", ("NOOP",))
    timeline: list[Entry] = [command]
    follower = Follower(timeline)
    assert follower.news() == [News(1.0, "command", "NOOP")]
    assert follower.news() == []
    command.reply, command.end, command.after = b"200 result=0\n", 2.0, 1
    assert follower.news() == [News(2.0, "reply", "200 result=0")]
    assert follower.news() == []


def test_a_reply_that_goes_on() -> None:
    """More lines of it may come until the next command does."""
    gosub = Command(0.0, b"GOSUB", ("GOSUB",), b"100 Trying\n", 0.0, 1)
    timeline: list[Entry] = [gosub]
    follower = Follower(timeline)
    assert texts(follower) == ["GOSUB", "100 Trying"]
    gosub.reply = b"100 Trying\n200 result=0\n"
    timeline.append(Command(1.0, b"NOOP", ("NOOP",)))
    assert texts(follower) == ["200 result=0", "NOOP"]
    gosub.reply += b"too late\n"
    assert texts(follower) == []


@pytest.mark.parametrize("whole", [True, False])
def test_a_sound(whole: bool) -> None:
    """Only one that is cut short has an end to tell of, and it stands before the reply."""
    play = Command(0.0, b"STREAM FILE", ("STREAM", "FILE"), b"200 result=49\n", 0.5, 3)
    sound = Heard(0.0, "demo", 0.5, whole=whole, after=3)
    follower = Follower([play, sound, Key(0.5, "1", "STREAM FILE")])
    assert texts(follower) == [
        "STREAM FILE",
        "caller hears demo",
        "caller presses 1",
        *([] if whole else ["demo is cut short"]),
        "200 result=49",
    ]


def test_what_has_no_end() -> None:
    """Keys that nobody takes, hang-ups and remarks."""
    follower = Follower([Key(0.0, "#"), Note(1.0, "nothing happens"), HungUp(2.0, "caller")])
    assert follower.news() == [
        News(0.0, "key", "caller presses #, which is lost"),
        News(1.0, "note", "nothing happens"),
        News(2.0, "end", "caller hangs up"),
    ]


@pytest.mark.parametrize(
    ("news", "line"),
    [
        (News(1.5, "command", "NOOP"), "    1.500  NOOP\n"),
        (News(1.5, "reply", "200 result=0"), "    1.500      200 result=0\n"),
        (News(1.5, "note", "200 result=0"), "    1.500      note: 200 result=0\n"),
        (News(1.5, "command", "a\x1b[b"), "    1.500  a\\x1b[b\n"),
        (News(0, "reply", "x" * 401), f"    0.000      {'x' * 400}... (401 characters)\n"),
    ],
)
def test_show(news: News, line: str) -> None:
    """One line, with its place in time; a note is no reply, and markup is text."""
    output = io.StringIO()
    show(Console(file=output, width=20), news)
    assert output.getvalue() == line
