"""What a simulated Asterisk writes."""

from __future__ import annotations

import pytest

from pystrix.ami._message import Event
from pystrix.ami._wire import unescape
from pystrix.testing.ami._messages import (
    CLASSES,
    classes_of_event,
    completion_of,
    compose,
    escape,
    parse_classes,
    read_mask,
    to_pairs,
)


def test_compose() -> None:
    """Values are written as they are, whatever is in them."""
    assert compose([("A", "b"), ("C", "d\r\ne\udce9")]) == b"A: b\r\nC: d\r\ne\xe9\r\n\r\n"


def test_to_pairs() -> None:
    """Headers as a mapping, where a list repeats one, as pairs, and as a message."""
    assert to_pairs({"A": 1, "B": ["x", True]}) == [("A", "1"), ("B", "x"), ("B", "true")]
    assert to_pairs([("A", 1), ("A", 2)]) == [("A", "1"), ("A", "2")]
    assert to_pairs(Event(["Event: X", "A: 1", "A: 2"])) == [
        ("Event", "X"),
        ("A", "1"),
        ("A", "2"),
    ]
    with pytest.raises(TypeError):
        to_pairs({"A": None})


def test_classes() -> None:
    """The classes of events are those of the catalogue."""
    assert classes_of_event("NEWCHANNEL") == ("call",)
    assert classes_of_event("Unheard-of") == ()


def test_completions() -> None:
    """The end of a list has the name that the catalogue says, else the usual one."""
    assert completion_of("queuestatus") == "QueueStatusComplete"
    assert completion_of("PJSIPShowEndpoints") == "EndpointListComplete"
    assert completion_of("Ping") == "PingComplete"
    assert completion_of("Bogus") == "BogusComplete"


def test_parse_classes() -> None:
    """Classes as manager.conf has them."""
    assert parse_classes("call, user") == {"call", "user"}
    assert parse_classes("all") == set(CLASSES)
    assert parse_classes("") == set()
    with pytest.raises(ValueError, match="there is no class calls"):
        parse_classes("calls")


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("on", set(CLASSES)),
        ("TRUE", set(CLASSES)),
        ("bogus,all", set(CLASSES)),
        ("off", set()),
        ("call", {"call"}),
        ("call,user", {"call", "user"}),
        ("call, user", {"call"}),
        ("CALL", set()),
        ("6", {"call", "log"}),
        ("0", set()),
    ],
)
def test_masks(mask: str, expected: set[str]) -> None:
    """Masks as Asterisk reads them."""
    assert read_mask(mask) == expected


def test_escape() -> None:
    """Escapes are what the client undoes."""
    assert escape("a\"b\\c\nd'e?") == "a\\\"b\\\\c\\nd\\'e\\?"
    text = "".join(map(chr, range(1, 300)))
    assert unescape(escape(text)) == text
