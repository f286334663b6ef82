"""The catalogue of events: every field of every class reads its header."""

from __future__ import annotations

import ast
import inspect
import itertools
import keyword
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from pystrix.ami import Event, FieldValueError, MissingFieldError, events
from pystrix.ami._fields import (
    Choice,
    Duration,
    EncodedText,
    EscapedText,
    Field,
    Flag,
    Integer,
    Number,
    Text,
    Variables,
)
from pystrix.ami._message import read_message
from pystrix.ami._special_fields import (
    Numbered,
    PaddedNumber,
    SecondText,
    SparseInteger,
    Timestamp,
)

NAMES = sorted(set(events.__all__) - {"BY_NAME"})
KINDS: dict[str, type[Event]] = {name: getattr(events, name) for name in NAMES}
BASES = {name for name, kind in KINDS.items() if not kind.NAME}
CLASSES = {
    "agent",
    "agi",
    "aoc",
    "call",
    "cdr",
    "dialplan",
    "dtmf",
    "reporting",
    "security",
    "system",
    "user",
}
SAMPLES: dict[type[Field[Any]], tuple[str, object, str]] = {
    Choice: ("other", "other", ""),
    Duration: ("01:00:01", 3601, "soon"),
    EncodedText: ("a%20b%0A", "a b\n", ""),
    EscapedText: ('a\\"b', 'a"b', ""),
    Flag: ("Yes", True, "perhaps"),
    Integer: ("-5", -5, "five"),
    Number: ("0.5", 0.5, "half"),
    PaddedNumber: (" 0.5", 0.5, "half"),
    SparseInteger: ("5", 5, "five"),
    Text: ("any", "any", ""),
    Timestamp: (
        "2026-11-25T19:16:31+0000",
        datetime(2026, 11, 25, 19, 16, 31, tzinfo=UTC),
        "never",
    ),
    Variables: ("A=b=c", {"A": "b=c"}, ""),
}
"""Of each kind of field: a text, its value, and a text that is none."""
FIELDS = [(name, attribute) for name, kind in KINDS.items() for attribute in vars(kind)]
FIELDS = [
    (name, field)
    for name, field in FIELDS
    if isinstance(value := vars(KINDS[name])[field], Field) and not isinstance(value, SecondText)
]


def test_every_event() -> None:
    """There are the 171 events of the documentation, and 59 that it does not have."""
    assert len(events.BY_NAME) == 230
    assert len(KINDS) - len(BASES) == 230
    assert "newexten" in events.BY_NAME
    assert events.Newexten.NAME == "Newexten"
    assert all(name.endswith("Event") for name in BASES)


@pytest.mark.parametrize("name", sorted(set(NAMES) - BASES))
def test_registry(name: str) -> None:
    """An event becomes its class, however its name is written."""
    kind = KINDS[name]
    assert re.sub("[^A-Za-z]", "", kind.NAME) == name
    assert events.BY_NAME[kind.NAME.lower()] is kind
    for wire in (kind.NAME, kind.NAME.upper(), kind.NAME.lower()):
        message = read_message(f"Event: {wire}\r\nA: b\r\n".encode(), events.BY_NAME)
        assert type(message) is kind
        assert message == kind.NAME


def test_unknown() -> None:
    """An event that nobody knows is an event."""
    message = read_message(b"Event: Surprise\r\nA: b\r\n", events.BY_NAME)
    assert type(message) is Event
    assert message["A"] == "b"


@pytest.mark.parametrize(("name", "attribute"), FIELDS)
def test_field(name: str, attribute: str) -> None:
    """Each field reads its header, misses it, and refuses what does not fit, alone."""
    kind = KINDS[name]
    field: Field[Any] = vars(kind)[attribute]
    inner: Any = field.field if isinstance(field, Numbered) else type(field)
    text, value, wrong = SAMPLES[inner]
    header = field.header.format(0)
    event = kind({header: text})
    expected: object = [value] if isinstance(field, Numbered) else value
    assert getattr(event, attribute) == expected
    if isinstance(field, Numbered | Variables):
        assert getattr(kind(), attribute) == type(expected)()
    else:
        with pytest.raises(MissingFieldError):
            getattr(kind(), attribute)
    if wrong:
        with pytest.raises(FieldValueError, match=header):
            getattr(kind({header: wrong}), attribute)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_fields(name: str) -> None:
    """No field hides what every message has, and none reads what another does."""
    fields = KINDS[name].fields()
    assert not [x for x in fields if hasattr(Event, x) or keyword.iskeyword(x)]
    headers = [field.header.lower() for field in fields.values()]
    assert len(set(headers)) == len(headers)
    assert all(field.attribute == attribute for attribute, field in fields.items())


@pytest.mark.parametrize("name", NAMES)
def test_documented(name: str) -> None:
    """Each says what it tells, and each field what it is."""
    text = inspect.getdoc(KINDS[name]) or ""
    assert re.match(r"[A-Z].*\.$", text.splitlines()[0])
    body = ast.parse(inspect.getsource(KINDS[name])).body[0]
    assert isinstance(body, ast.ClassDef)
    for node, after in itertools.pairwise([*body.body, ast.Pass()]):
        assert not isinstance(node, ast.Assign)
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call):
            assert isinstance(after, ast.Expr), ast.unparse(node)
            assert re.match(r"[A-Z0-9`].*\.$", ast.literal_eval(after.value))


@pytest.mark.parametrize("name", sorted(set(NAMES) - BASES))
def test_classes(name: str) -> None:
    """An event has one class, of those that Asterisk has; what answers an action has none."""
    classes = KINDS[name].CLASSES
    assert len(classes) <= 1
    assert set(classes) <= CLASSES
    if name.endswith("Complete") and name != "AgentComplete":
        assert classes == ()


def test_bases() -> None:
    """An event is of the base whose headers it has."""
    assert issubclass(events.DialBegin, events.ChannelEvent)
    assert issubclass(events.DialBegin, events.DestChannelEvent)
    assert issubclass(events.BridgeEnter, events.BridgeEvent)
    assert issubclass(events.SuccessfulAuth, events.SecurityEvent)
    assert issubclass(events.StatusComplete, events.ListEndEvent)
    assert not issubclass(events.Reload, events.ChannelEvent)


def test_choices() -> None:
    """The values that Asterisk documents are known; any other is given, too."""
    assert "Ringing" in events.Newstate.channel_state_desc.choices
    event = events.Newstate({"ChannelStateDesc": "Musing"})
    assert event.channel_state_desc == "Musing"


def test_repeated_headers() -> None:
    """All variables are given, of the channel they belong to."""
    event = events.DialBegin(
        [
            "Event: DialBegin",
            "ChanVariable: A=1",
            "ChanVariable: B=2=3",
            "DestChanVariable: A=4",
        ]
    )
    assert event.chan_variable == {"A": "1", "B": "2=3"}
    assert event.dest_chan_variable == {"A": "4"}


def test_reports() -> None:
    """The blocks of an RTCP report are lists, one value for each block."""
    event = events.RTCPSent(
        {
            "ReportCount": 2,
            "Report0SourceSSRC": "0x7212df81",
            "Report0IAJitter": "1",
            "Report0DLSR": "4.9990",
            "Report1SourceSSRC": "0x1",
            "Report1IAJitter": "2",
            "Report1DLSR": "0.0",
        }
    )
    assert event.report_source_ssrc == ["0x7212df81", "0x1"]
    assert event.report_ia_jitter == [1, 2]
    assert event.report_dlsr == [4.999, 0.0]


def test_event_package() -> None:
    """The event package of a resource list is not the name of the event."""
    lines = ["Event: ResourceListDetail", "ObjectName: l", "Event: presence"]
    event = events.ResourceListDetail(lines)
    assert event.name == "ResourceListDetail"
    assert event.event == "presence"
