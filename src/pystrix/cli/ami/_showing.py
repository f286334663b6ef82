"""How messages are shown: as JSON, as lines, as a block of headers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from pystrix.cli._output import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pystrix.ami import Message

HIDDEN: Final = frozenset({"event", "privilege", "timestamp", "eventlist", "actionid"})
"""The headers that say nothing about what happened, or are shown elsewhere."""


def to_object(message: Message) -> dict[str, str | list[str]]:
    """Give a message as JSON takes it: a header that is repeated is a list."""
    return {
        name: values[0] if len(values := message.get_all(name)) == 1 else values for name in message
    }


def to_json(value: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    """Make one line of JSON, in ASCII: bytes that are not UTF-8 are lone surrogates."""
    return json.dumps(value)


def one_line(message: Message) -> Text:
    """Show an event in one line: its name, and every header that has a value."""
    line = Text(plain(message.name), "bold")
    for name, value in _shown(message):
        if value:
            line.append(f"  {plain(name)}=", "dim").append(plain(value))
    return line


def block(message: Message, *hidden: str) -> Text:
    """Show a message with one line for each header.

    Args:
        message: The message.
        hidden: Headers to leave out, in lower case.
    """
    lines = [
        Text(f"{plain(name)}: ", "dim").append(plain(value), "none")
        for name, value in message.all_items()
        if name.lower() not in hidden
    ]
    return Text("\n").join(lines)


def _shown(message: Message) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in message.all_items() if name.lower() not in HIDDEN)
