"""Fields that few messages have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import pytest

from pystrix.ami import Event, FieldValueError, MissingFieldError
from pystrix.ami._fields import Integer, Number
from pystrix.ami._special_fields import (
    Numbered,
    PaddedNumber,
    SecondText,
    SparseInteger,
    Timestamp,
)


class Sample(Event):
    """An event with one field of each kind."""

    NAME: ClassVar[str] = "Sample"
    time = Timestamp("Time")
    sparse = SparseInteger("Sparse")
    padded = PaddedNumber("Padded")
    blocks = Numbered("Report{}LSR", Integer)
    package = SecondText("Event")


def test_timestamp_with_a_zone() -> None:
    """A time with a zone knows it."""
    event = Sample({"Time": "2026-11-25T19:16:31.792+0000"})
    assert event.time == datetime(2026, 11, 25, 19, 16, 31, 792_000, tzinfo=UTC)


def test_timestamp_without_a_zone() -> None:
    """A time by Asterisk's clock has no zone."""
    event = Sample({"Time": "2026-11-25 19:16:31"})
    assert event.time == datetime(2026, 11, 25, 19, 16, 31)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["yesterday", "12:00", "1795634191"])
def test_no_timestamp(text: str) -> None:
    """What is no time is an error of this field."""
    with pytest.raises(FieldValueError, match="Time of Sample is"):
        _ = Sample({"Time": text}).time


def test_empty_timestamp() -> None:
    """An empty time is one that is not set."""
    with pytest.raises(MissingFieldError, match="without a value for Time"):
        _ = Sample({"Time": ""}).time
    assert getattr(Sample({"Time": ""}), "time", None) is None
    assert getattr(Sample(), "time", None) is None


def test_sparse_integer() -> None:
    """A number may be missing in words."""
    assert Sample({"Sparse": "436"}).sparse == 436
    assert not hasattr(Sample({"Sparse": "N/A"}), "sparse")
    assert not hasattr(Sample({"Sparse": ""}), "sparse")
    assert not hasattr(Sample(), "sparse")
    with pytest.raises(FieldValueError, match="not a whole number"):
        _ = Sample({"Sparse": "fast"}).sparse


def test_padded_number() -> None:
    """Blanks in front do not harm."""
    assert Sample(["Event: Sample", "Padded:  0.5"]).padded == 0.5
    assert Sample({"Padded": "88.1"}).padded == 88.1
    with pytest.raises(FieldValueError, match="not a number"):
        _ = Sample({"Padded": "good"}).padded


def test_numbered() -> None:
    """A family is read from 0 on, up to the first that is missing."""
    event = Sample({"Report0LSR": "5", "Report1LSR": "6", "Report3LSR": "7"})
    assert event.blocks == [5, 6]
    assert Sample().blocks == []
    with pytest.raises(FieldValueError, match="Report1LSR of Sample"):
        _ = Sample({"Report0LSR": "5", "Report1LSR": "x"}).blocks


def test_conversions() -> None:
    """Each field converts a text by itself."""
    assert Sample.blocks.convert("5") == [5]
    assert Numbered("A{}", Number).convert("0.5") == [0.5]
    assert Sample.sparse.convert("5") == 5


def test_second_text() -> None:
    """Of two headers of a name it is the second."""
    assert Sample(["Event: Sample", "Event: presence"]).package == "presence"
    with pytest.raises(MissingFieldError, match="without a second Event"):
        _ = Sample().package


def test_names_that_are_no_text() -> None:
    """An error can be written to any log, whatever the event is called."""
    event = Event(["Event: caf\udce9", "Empty: "])
    for field in (SecondText("Empty"), Timestamp("Empty")):
        with pytest.raises(MissingFieldError, match=r"^caf\\xe9 came without") as caught:
            field.read(event)
        assert str(caught.value).isascii()
