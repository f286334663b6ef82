"""What a simulated Asterisk sends: headers to bytes, and which classes may read an event.

Pure. Nothing is escaped that Asterisk does not escape: a value with a line break is written as it
is, for that is what a live one does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from pystrix.ami import actions, events
from pystrix.ami._action import Action, ListAction
from pystrix.ami._message import Event, Message
from pystrix.ami._wire import encode, to_text

__all__ = [
    "ACTIONS",
    "CLASSES",
    "Headers",
    "Pairs",
    "classes_of_event",
    "completion_of",
    "compose",
    "escape",
    "parse_classes",
    "read_mask",
    "to_pairs",
]

Pairs = list[tuple[str, str]]
Headers = Mapping[str, object] | Iterable[tuple[str, object]]
"""Headers: a mapping, where a list or tuple repeats a header, or pairs in order."""

CLASSES: Final = [
    "system",
    "call",
    "log",
    "verbose",
    "command",
    "agent",
    "user",
    "config",
    "dtmf",
    "reporting",
    "cdr",
    "dialplan",
    "originate",
    "agi",
    "cc",
    "aoc",
    "test",
    "security",
    "message",
]
"""The classes of actions and events, in the order of their bits."""

ACTIONS: Final = cast(
    "dict[str, type[Action[Any]]]",
    {
        kind.NAME.lower(): kind
        for name in actions.__all__
        if isinstance(kind := getattr(actions, name), type) and issubclass(kind, Action)
    },
)
"""The classes of the actions by their names in lower case."""

_EVERYTHING: Final = frozenset(CLASSES)
_SPECIAL = re.compile(r"[\a\b\f\n\r\t\v\\'\"?]")
_ESCAPES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
_TRUE = frozenset({"yes", "true", "y", "t", "1", "on", "all"})


def compose(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Make the bytes of a message."""
    return encode("".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n")


def to_pairs(headers: Headers) -> Pairs:
    """Make a list of the headers, each with its text.

    Raises:
        TypeError: If a value is bytes or None.
    """
    if isinstance(headers, Message):
        return headers.all_items()
    if isinstance(headers, Mapping):
        mapping = cast("Mapping[str, object]", headers)
        headers = [(name, each) for name, value in mapping.items() for each in _each(value)]
    return [(name, to_text(value)) for name, value in headers]


def _each(value: object) -> Iterable[object]:
    return cast("Iterable[object]", value) if isinstance(value, list | tuple) else (value,)


def classes_of_event(name: str) -> tuple[str, ...]:
    """Give the classes of which one must be read to get an event; none for one that is unknown."""
    return events.BY_NAME.get(name.lower(), Event).CLASSES


def completion_of(name: str) -> str:
    """Give the name of the event that ends the list of an action."""
    action = ACTIONS.get(name.lower())
    if action is not None and issubclass(action, ListAction):
        return action.COMPLETE.NAME
    return f"{name}Complete"


def parse_classes(text: str) -> frozenset[str]:
    """Read ``read`` or ``write`` of manager.conf: classes with commas between, or ``all``.

    Raises:
        ValueError: If there is no such class.
    """
    words = frozenset(word.strip() for word in text.split(",") if word.strip())
    if "all" in words:
        return _EVERYTHING
    if unknown := words - _EVERYTHING:
        raise ValueError(f"there is no class {', '.join(sorted(unknown))}; there are {CLASSES}")
    return words


def read_mask(text: str) -> frozenset[str]:
    """Read an EventMask as Asterisk does: what it does not know stands for nothing."""
    if text.isdecimal():
        bits = int(text)
        return frozenset(each for bit, each in enumerate(CLASSES) if bits & 1 << bit)
    if text.lower() in _TRUE:
        return _EVERYTHING
    words = text.split(",")
    return _EVERYTHING if "all" in words else _EVERYTHING.intersection(words)


def escape(text: str) -> str:
    """Escape a text as Asterisk does in caller IDs and in VarSet."""
    return _SPECIAL.sub(lambda match: "\\" + _ESCAPES.get(match[0], match[0]), text)
