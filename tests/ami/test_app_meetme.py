"""MeetMe under its names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import actions, app_meetme, app_meetme_events
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (app_meetme.MeetmeList(), set()),
    (app_meetme.MeetmeList("1"), {"Conference: 1"}),
    (app_meetme.MeetmeListRooms(), set()),
    (app_meetme.MeetmeMute(meetme="1", usernum=2), {"Meetme: 1", "Usernum: 2"}),
    (app_meetme.MeetmeUnmute("1", 2), {"Meetme: 1", "Usernum: 2"}),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


def test_names() -> None:
    """Every name is tested, and an action of the catalogue."""
    assert {action.name for action, _ in SENT} == set(app_meetme.__all__)
    for name in app_meetme.__all__:
        assert issubclass(getattr(app_meetme, name), getattr(actions, name))


def test_aggregates() -> None:
    """The lists have their aggregates."""
    users, rooms = app_meetme.MeetmeList(), app_meetme.MeetmeListRooms()
    assert users.get_aggregate_classes() == (app_meetme_events.MeetmeList_Aggregate,)
    assert rooms.get_aggregate_classes() == (app_meetme_events.MeetmeListRooms_Aggregate,)
