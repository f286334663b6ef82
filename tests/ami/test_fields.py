"""Typed fields: each type with what it takes and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import Event, FieldError, FieldValueError, MissingFieldError
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
    Texts,
    Variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES: list[tuple[Callable[[str], Field[Any]], str, object]] = [
    (Text, "as it came", "as it came"),
    (Text, "", ""),
    (Text, "<unknown>", "<unknown>"),
    (Text, "  blanks  ", "  blanks  "),
    (EscapedText, r"a\nb\"c\\d", 'a\nb"c\\d'),
    (EncodedText, "200%20result%3D1%0A", "200 result=1\n"),
    (Integer, "16", 16),
    (Integer, "-1", -1),
    (Integer, "+5", 5),
    (Number, "1.5", 1.5),
    (Number, "-3", -3.0),
    (Number, ".5", 0.5),
    (Number, "5.", 5.0),
    (Number, "1e-05", 1e-05),
    (Flag, "Yes", True),
    (Flag, "true", True),
    (Flag, "1", True),
    (Flag, "on", True),
    (Flag, "Enabled", True),
    (Flag, "No", False),
    (Flag, "FALSE", False),
    (Flag, "0", False),
    (Flag, "Off", False),
    (Flag, "Disabled", False),
    (Duration, "00:00:07", 7),
    (Duration, "100:02:03", 360123),
    (Texts, "one", ["one"]),
    (Variables, "A=b=c", {"A": "b=c"}),
    (Variables, "A", {"A": ""}),
]

REFUSED: list[tuple[Callable[[str], Field[Any]], str, str]] = [
    (Integer, "", "not a whole number"),
    (Integer, "1.5", "not a whole number"),
    (Integer, "\u0661", "not a whole number"),
    (Integer, " 1", "not a whole number"),
    (Integer, "1_0", "not a whole number"),
    (Number, "", "not a number"),
    (Number, "nan", "not a number"),
    (Number, "inf", "not a number"),
    (Number, "1.5(sec)", "not a number"),
    (Flag, "", "neither yes nor no"),
    (Flag, "perhaps", "neither yes nor no"),
    (Duration, "7", "not hours:minutes:seconds"),
    (Duration, "00:61:00", "not hours:minutes:seconds"),
]


@pytest.mark.parametrize(("field", "text", "value"), VALUES)
def test_values(field: Callable[[str], Field[Any]], text: str, value: object) -> None:
    """A text of the field's type is read."""
    read = field("X").read(Event({"Event": "E", "X": text}))
    assert read == value
    assert type(read) is type(value)
    assert field("X").convert(text) == value


@pytest.mark.parametrize(("field", "text", "why"), REFUSED)
def test_refused(field: Callable[[str], Field[Any]], text: str, why: str) -> None:
    """Any other text is an error that says which, of what, and why."""
    with pytest.raises(FieldValueError) as caught:
        field("X").read(Event({"Event": "E", "X": text}))
    assert str(caught.value) == f"X of E is {text!r}: {why}"
    assert caught.value.header == "X"
    with pytest.raises(ValueError, match=why):
        field("X").convert(text)


class Sample(Event):
    """An event with fields."""

    NAME: ClassVar[str] = "Sample"
    channel = Text("Channel")
    cause = Integer("Cause")
    state = Choice("State", "Up", "Down")
    lines = Texts("Output")
    variables = Variables("ChanVariable")


class More(Sample):
    """An event with more fields, and one in another way."""

    NAME: ClassVar[str] = "More"
    cause = Integer("Cause-New")
    extra = Flag("Extra")


def test_case_does_not_matter() -> None:
    """The header of a field is found however it is written."""
    assert Sample(["CHANNEL: x", "cause: 3"]).channel == "x"
    assert Sample(["CHANNEL: x", "cause: 3"]).cause == 3


def test_missing() -> None:
    """A header that was not sent is an AttributeError, of that field only."""
    event = Sample({"Cause": "x"})
    with pytest.raises(MissingFieldError, match="Sample came without Channel") as caught:
        _ = event.channel
    assert caught.value.header == "Channel"
    assert isinstance(caught.value, AttributeError | FieldError)
    assert getattr(event, "channel", None) is None
    assert not hasattr(event, "channel")
    with pytest.raises(FieldValueError):
        _ = event.cause
    assert event["Cause"] == "x"


def test_the_first_counts() -> None:
    """What stands further down may be data."""
    assert Sample(["Cause: 1", "Cause: 2"]).cause == 1


def test_choice() -> None:
    """A choice knows what is documented, and takes anything else."""
    assert Sample.state.choices == ("Up", "Down")
    assert Sample({"State": "Sideways"}).state == "Sideways"


def test_repeated() -> None:
    """Headers that repeat are lists and dicts, empty if they were not sent."""
    event = Sample(["Output: a", "ChanVariable: A=1", "Output: b", "ChanVariable: F(x)=2=3"])
    assert event.lines == ["a", "b"]
    assert event.variables == {"A": "1", "F(x)": "2=3"}
    assert Sample().lines == []
    assert Sample().variables == {}


def test_of_the_class() -> None:
    """The class gives the fields themselves."""
    assert isinstance(Sample.channel, Text)
    assert Sample.channel.header == "Channel"
    assert Sample.channel.attribute == "channel"
    assert repr(Sample.cause) == "<Integer Cause>"
    assert list(Sample.fields()) == ["channel", "cause", "state", "lines", "variables"]
    assert [*More.fields()] == ["channel", "cause", "state", "lines", "variables", "extra"]
    assert More.fields()["cause"].header == "Cause-New"
    assert Event.fields() == {}


def test_undecodable_values_in_errors() -> None:
    """The message of an error can be written to any log."""
    with pytest.raises(FieldValueError, match=r"\\\\xe9"):
        _ = Sample({"Cause": "\udce9"}).cause
