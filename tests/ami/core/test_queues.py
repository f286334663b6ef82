"""Queues and mailboxes under their names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Event, Response, core, core_events, events
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

ALL = {"Members: yes", "Rules: yes", "Parameters: yes"}
SENT: list[tuple[Action[Any], set[str]]] = [
    (core.MailboxCount("1234@default"), {"Mailbox: 1234@default"}),
    (core.MailboxStatus("1234@default"), {"Mailbox: 1234@default"}),
    (core.QueueAdd("i", "q"), {"Queue: q", "Interface: i", "Penalty: 0", "Paused: no"}),
    (
        core.QueueAdd("i", "q", "m", 3, True),
        {"Queue: q", "Interface: i", "Penalty: 3", "Paused: yes", "MemberName: m"},
    ),
    (core.QueueLog("q", "e"), {"Queue: q", "Event: e"}),
    (
        core.QueueLog("q", "e", "i", "u", "m"),
        {"Queue: q", "Event: e", "Interface: i", "Uniqueid: u", "Message: m"},
    ),
    (core.QueuePause("i", True), {"Interface: i", "Paused: true"}),
    (core.QueuePause("i", False, "q"), {"Interface: i", "Paused: false", "Queue: q"}),
    (core.QueuePenalty("i", 2), {"Interface: i", "Penalty: 2"}),
    (core.QueuePenalty("i", 2, "q"), {"Interface: i", "Penalty: 2", "Queue: q"}),
    (core.QueueReload(), ALL),
    (core.QueueReload("q"), {"Queue: q", *ALL}),
    (core.QueueReload("q", None, "", False), {"Queue: q", "Parameters: no"}),
    (core.QueueReload(members="no"), {"Members: no", "Rules: yes", "Parameters: yes"}),
    (core.QueueRemove("i", "q"), {"Queue: q", "Interface: i"}),
    (core.QueueStatus(), set()),
    (core.QueueStatus("q"), {"Queue: q"}),
    (core.QueueSummary(), set()),
    (core.QueueSummary("q"), {"Queue: q"}),
    (core.VoicemailUsersList(), set()),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


@pytest.mark.parametrize(
    ("action", "event"),
    [
        (core.QueueAdd("i", "q"), events.QueueMemberAdded({"Queue": "q", "Interface": "i"})),
        (core.QueueRemove("i", "q"), events.QueueMemberRemoved({"Queue": "q", "Interface": "i"})),
    ],
)
def test_events_of_an_action(action: Action[Any], event: Event) -> None:
    """A synchronous request knows its event, and no other, though it has no ActionID."""
    assert action.watches
    assert action.owns_event(event)
    assert action.get_synchronous_classes() == ((), (), (type(event),))
    event["Interface"] = "other"
    assert not action.owns_event(event)
    assert not action.owns_event(events.QueueMemberPause({"Queue": "q", "Interface": "i"}))


@pytest.mark.parametrize(
    ("action", "aggregate"),
    [
        (core.QueueStatus(), core_events.QueueStatus_Aggregate),
        (core.QueueSummary(), core_events.QueueSummary_Aggregate),
        (core.VoicemailUsersList(), core_events.VoicemailUsersList_Aggregate),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_aggregates(action: Action[Any], aggregate: object) -> None:
    """A list has its aggregate."""
    assert action.get_aggregate_classes() == (aggregate,)


def test_mailbox_count() -> None:
    """The counts are numbers, -1 if they are none; the typed fields read them still."""
    action = core.MailboxCount("1234")
    lines = {"Response": "Success", "NewMessages": "3", "OldMessages": "x", "UrgMessages": "1"}
    result: Any = action.process_response(action.RESPONSE(lines))
    assert (result["NewMessages"], result["OldMessages"]) == (3, -1)
    assert (result.new_messages, result.old_messages, result.urgent_messages) == (3, -1, 1)


def test_mailbox_status() -> None:
    """Whether messages wait is a number, -1 if it is none; the typed field reads it still."""
    action = core.MailboxStatus("1234")
    result: Any = action.process_response(action.RESPONSE({"Waiting": "1"}))
    assert result["Waiting"] == 1
    assert result.waiting is True
    result = action.process_response(Response({"Response": "Error"}))
    assert result["Waiting"] == -1
