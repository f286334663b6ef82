"""ConfBridge under its names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import actions, app_confbridge, app_confbridge_events, events
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

BOTH = {"Conference: c", "Channel: ch"}
SENT: list[tuple[Action[Any], set[str]]] = [
    (app_confbridge.ConfbridgeKick("c", "ch"), BOTH),
    (app_confbridge.ConfbridgeList("c"), {"Conference: c"}),
    (app_confbridge.ConfbridgeListRooms(), set()),
    (app_confbridge.ConfbridgeLock("c"), {"Conference: c"}),
    (app_confbridge.ConfbridgeMoHOff("c", "ch"), BOTH),
    (app_confbridge.ConfbridgeMoHOn("c", "ch"), BOTH),
    (app_confbridge.ConfbridgeMute("c", "ch"), BOTH),
    (app_confbridge.ConfbridgePlayFile("f", "c"), {"Conference: c", "File: f"}),
    (app_confbridge.ConfbridgePlayFile("f", "c", "ch"), {*BOTH, "File: f"}),
    (app_confbridge.ConfbridgeSetSingleVideoSrc("c", "ch"), BOTH),
    (app_confbridge.ConfbridgeStartRecord("c"), {"Conference: c"}),
    (app_confbridge.ConfbridgeStartRecord("c", "f"), {"Conference: c", "RecordFile: f"}),
    (app_confbridge.ConfbridgeStopRecord("c"), {"Conference: c"}),
    (app_confbridge.ConfbridgeUnlock("c"), {"Conference: c"}),
    (app_confbridge.ConfbridgeUnmute("c", "ch"), BOTH),
]
GONE = {"ConfbridgeMoHOff", "ConfbridgeMoHOn", "ConfbridgePlayFile"}


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other, under its own name."""
    assert headers_of(action) == sent
    assert action.name == type(action).__name__


def test_names() -> None:
    """Every name is tested, and an action of the catalogue if Asterisk 22 has it."""
    assert {action.name for action, _ in SENT} == set(app_confbridge.__all__)
    for name in app_confbridge.__all__:
        kind = getattr(app_confbridge, name)
        if name in GONE:
            assert "Not in Asterisk 22" in kind.__doc__
        else:
            assert issubclass(kind, getattr(actions, name))


def test_aggregates() -> None:
    """The lists have their aggregates."""
    users, rooms = app_confbridge.ConfbridgeList("c"), app_confbridge.ConfbridgeListRooms()
    assert users.get_aggregate_classes() == (app_confbridge_events.ConfbridgeList_Aggregate,)
    assert rooms.get_aggregate_classes() == (app_confbridge_events.ConfbridgeListRooms_Aggregate,)


def test_start_record_awaits() -> None:
    """A synchronous request waits for the event of its conference."""
    action = app_confbridge.ConfbridgeStartRecord("c")
    assert action.watches
    assert action.get_synchronous_classes() == ((events.VarSet,), (), (events.ConfbridgeRecord,))
    assert action.owns_event(events.ConfbridgeRecord({"Conference": "c"}))
    assert not action.owns_event(events.ConfbridgeRecord({"Conference": "d"}))


def test_stop_record_awaits() -> None:
    """A synchronous request waits for the event of its conference."""
    action = app_confbridge.ConfbridgeStopRecord("c")
    assert action.watches
    assert action.get_synchronous_classes() == (
        (events.Hangup,),
        (),
        (events.ConfbridgeStopRecord,),
    )
    assert action.owns_event(events.ConfbridgeStopRecord({"Conference": "c"}))
    assert not action.owns_event(events.ConfbridgeRecord({"Conference": "c"}))
