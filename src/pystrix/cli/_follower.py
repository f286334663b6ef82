"""Tells what is new in the timeline of a call that goes on."""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rich.text import Text

from pystrix.cli._output import plain
from pystrix.testing.record import Command, Entry, Heard, HungUp, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

What = Literal["command", "reply", "sound", "key", "end", "note"]

_STYLES: Final[dict[What, str]] = {
    "command": "bold",
    "reply": "dim",
    "sound": "green",
    "key": "yellow",
    "end": "red",
    "note": "magenta",
}
_LONGEST: Final = 400  # characters of a line that is shown


class News(NamedTuple):
    """Something that has happened."""

    time: float
    what: What
    text: str


@dataclasses.dataclass(slots=True)
class _Open:
    """An entry that is not over."""

    entry: Command | Heard
    told: int = 0
    """How many bytes of the reply were told."""


class Follower:
    """Follows a timeline.

    Args:
        timeline: A list that grows.
    """

    def __init__(self, timeline: Sequence[Entry]) -> None:
        self._timeline = timeline
        self._seen = 0
        self._open: list[_Open] = []

    def news(self) -> list[News]:
        """Give what has happened since the last time, in its order."""
        fresh: list[tuple[float, News]] = []
        while self._seen < len(self._timeline):
            entry = self._timeline[self._seen]
            fresh.append((self._seen, _beginning(entry)))
            self._seen += 1
            if isinstance(entry, Command):
                # The one before has no more replies to come.
                self._open = [each for each in self._open if not self._ended(each, fresh)]
            if isinstance(entry, Command | Heard):
                self._open.append(_Open(entry))
        self._open = [each for each in self._open if not self._ended(each, fresh, last=False)]
        # The end of an entry stands behind the last one that there was by then.
        fresh.sort(key=operator.itemgetter(0))
        return [news for _, news in fresh]

    @staticmethod
    def _ended(each: _Open, fresh: list[tuple[float, News]], *, last: bool = True) -> bool:
        """Tell how an entry went on; tell whether there is no more to come."""
        entry = each.entry
        if entry.end is None:
            return False
        if isinstance(entry, Heard):
            if not entry.whole:
                cut = News(entry.end, "sound", f"{entry.what} is cut short")
                fresh.append((entry.after - 0.6, cut))  # before the reply
            return True
        reply = entry.reply or b""
        news = [News(entry.end, "reply", plain(line)) for line in reply[each.told :].splitlines()]
        fresh += [(entry.after - 0.5, line) for line in news]
        each.told = len(reply)
        return last


def _beginning(entry: Entry) -> News:
    match entry:
        case Command():
            return News(entry.start, "command", entry.text)
        case Heard():
            return News(entry.start, "sound", f"caller hears {entry.what}")
        case Key():
            lost = "" if entry.command else ", which is lost"
            return News(entry.start, "key", f"caller presses {entry.digit}{lost}")
        case HungUp():
            return News(entry.start, "end", f"{entry.by} hangs up")
        case _:
            return News(entry.start, "note", entry.text)


def show(console: Console, news: News) -> None:
    """Show it with its place in time."""
    # A note may begin like a reply.
    text = plain(f"note: {news.text}" if news.what == "note" else news.text)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}... ({len(text)} characters)"
    indent = "" if news.what == "command" else "    "
    line = Text(f"{news.time:9.3f}  ", "cyan").append(f"{indent}{text}", _STYLES[news.what])
    console.print(line, soft_wrap=True, highlight=False)
