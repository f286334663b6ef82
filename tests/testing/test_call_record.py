"""The record of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.testing import CallRecord, Command, Heard, HungUp, Key, Note

if TYPE_CHECKING:
    from pystrix.testing.record import Entry


def record(*timeline: Entry) -> CallRecord:
    """Make a record."""
    return CallRecord(
        timeline=timeline,
        status="SUCCESS",
        place=("default", "s", 2),
        variables={},
        database={},
        recordings={},
        duration=1.0,
        answered=True,
    )


def test_nothing() -> None:
    """A call in which nothing happened."""
    empty = record()
    assert (empty.commands, empty.heard, empty.keys, empty.hung_up_by) == ([], [], "", None)
    assert empty.error is None
    assert str(empty) == "# the dialplan goes on: AGISTATUS=SUCCESS\n"


def test_parts() -> None:
    """What the timeline holds, by kind."""
    call = record(
        Command(0.0, b"STREAM FILE \xc3\xab\xff", ("STREAM", "FILE"), b"200 result=49\n", 1.0, 3),
        Heard(0.0, "welcome", 1.0, after=3),
        Key(1.0, "1", "STREAM FILE"),
        Key(1.2, "2"),
        Note(1.3, "x"),
        Key(1.4, "#", "GET DATA"),
        Heard(1.5, "welcome"),
        HungUp(2.0, "caller"),
        HungUp(3.0, "application"),
    )
    assert call.commands == ["STREAM FILE ë\\xff"]
    assert call.heard == ["welcome", "welcome"]
    assert call.keys == "1#"
    assert call.hung_up_by == "caller"
    assert call.transcript.exchanged == [
        ("<<", b"STREAM FILE \xc3\xab\xff\n"),
        (">>", b"200 result=49\n"),
    ]
    assert str(call) == f"{call.transcript}# the dialplan goes on: AGISTATUS=SUCCESS\n"
