"""The event that says from when to when nothing was heard."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from pystrix.ami import Event, FieldValueError, Gap, ManagerSocketError, MissingFieldError
from pystrix.ami._gap import log_gap

FAILURE = ManagerSocketError("the line\nbroke")


def gap() -> Gap:
    """Make one of a second and a half."""
    return Gap.between(
        1_700_000_000.25,
        1_700_000_001.75,
        FAILURE,
        connection=3,
        peer="192.0.2.1:5038",
        dropped=7,
    )


def test_fields() -> None:
    """It says what a manager knows."""
    event = gap()
    assert event.from_ == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
    assert event.until == datetime(2023, 11, 14, 22, 13, 21, 750_000, tzinfo=UTC)
    assert event.seconds == 1.5
    assert event.reason == "the line broke"
    assert (event.connection, event.peer, event.dropped) == (3, "192.0.2.1:5038", 7)
    assert event.failure is FAILURE
    assert event.channels is None
    assert event.results == {}


def test_an_event_like_any() -> None:
    """It has headers, and a name."""
    event = gap()
    assert isinstance(event, Event)
    assert event.name == Gap.NAME == "Gap"
    assert event == "gap"
    assert event["Until"] == "2023-11-14T22:13:21.750000+00:00"
    assert bytes(event).startswith(b"Event: Gap\r\nFrom: 2023-11-14T22:13:20.250000+00:00\r\n")


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    """A gap is said, with its length."""
    logger = logging.getLogger("pystrix.ami")
    log_gap([], logger)
    log_gap([Event({"Event": "X"})], logger)
    log_gap([gap()], logger)
    assert [record.message for record in caplog.records] == [
        "connected to 192.0.2.1:5038 again: nothing was heard for 1.5 s"
    ]


def test_a_counterfeit() -> None:
    """An event of that name from the wire is harmless: it knows nothing."""
    event = Event.from_wire(b"Event: Gap\r\nFrom: yesterday\r\n").as_kind(Gap)
    with pytest.raises(MissingFieldError):
        _ = event.until
    with pytest.raises(FieldValueError, match="yesterday"):
        _ = event.from_
    assert event.failure is None
    assert event.channels is None
