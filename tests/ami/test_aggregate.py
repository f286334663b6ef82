"""What 1.x makes of the events that answer an action."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from pystrix.ami import Action, Event, Response
from pystrix.ami._aggregate import Aggregate, Aggregates, EventsByClass, SynchronousEvents


class Item(Event):
    """An item of a list."""

    NAME: ClassVar[str] = "Item"


class SameItem(Event):
    """Another class for the same event."""

    NAME: ClassVar[str] = "Item"


class Once(Event):
    """An event that comes once."""

    NAME: ClassVar[str] = "Once"


class Last(Event):
    """What ends a list."""

    NAME: ClassVar[str] = "Last"


class Last2(Event):
    """What ends it, too."""

    NAME: ClassVar[str] = "Last2"


EventClasses = tuple[type[Event], ...]


class Request(Action[Any]):
    """A synchronous request."""

    _synchronous_events_unique: ClassVar[EventClasses] = (Once,)
    _synchronous_events_list: ClassVar[EventClasses] = (Item,)
    _synchronous_events_finalising: ClassVar[EventClasses] = (Last, Last2)

    def owns_event(self, event: Event) -> bool:
        """Know the events of a channel."""
        return event.get("Channel") == "mine"


class Items_Aggregate(Aggregate):  # noqa: N801 - as 1.x names them
    """An aggregate whose count is checked."""

    _name: ClassVar[str] = "Items_Aggregate"
    _aggregation_members: ClassVar[EventClasses] = (Item,)
    _aggregation_finalisers: ClassVar[EventClasses] = (Last,)
    _count_header: ClassVar[str] = "ListItems"


class Both_Aggregate(Aggregate):  # noqa: N801
    """An aggregate with two last events, whose count is not checked."""

    _name: ClassVar[str] = "Both_Aggregate"
    _aggregation_members: ClassVar[EventClasses] = (Item,)
    _aggregation_finalisers: ClassVar[EventClasses] = (Last, Last2)


def event(kind: type[Event], action_id: str = "1", **headers: str) -> Event:
    """Make an event with an ActionID."""
    return kind({"ActionID": action_id, **headers})


SUCCESS = Response({"Response": "Success"})


def test_events_by_class() -> None:
    """Under the class, any class of the same event, and the name."""
    events = EventsByClass()
    events.begin((Once,), (Item,))
    assert events == {Once: None, "Once": None, Item: [], "Item": []}
    item, once, other = Item(), Once(), Event({"Event": "Else"})
    events.put(Item, item)
    events.put(Once, once)
    events.put(Last, other)
    assert events[Item] is events["Item"] is events[SameItem]
    assert events[Item] == [item]
    assert events[Once] is events["Once"] is once
    assert events[Last] is events["Last"] is other
    for key in (Last2, "Last2", 5):
        with pytest.raises(KeyError):
            _ = events[key]


# Synchronous requests.


def test_synchronous() -> None:
    """Events fill their places until each of the last came."""
    waiting = SynchronousEvents(Request("X"))
    assert waiting.expects_events(SUCCESS)
    assert not waiting.expects_events(Response({"Response": "Error"}))
    item, once, last, last2 = (event(kind) for kind in (Item, Once, Last, Last2))
    for each in (item, once, last):
        assert waiting.accepts_event(each)
        assert not waiting.is_last_event(each)
    assert waiting.is_last_event(last2)
    assert waiting.events[Item] == [item]
    assert waiting.events["Once"] is once
    assert waiting.events[Last] is last
    assert waiting.events["Last2"] is last2


def test_synchronous_ends_with_the_list() -> None:
    """Whatever the last event is called."""
    waiting = SynchronousEvents(Request("X"))
    other = Event({"Event": "Unexpected", "EventList": "Complete"})
    assert waiting.is_last_event(other)
    assert waiting.events["Unexpected"] is other


def test_synchronous_without_last_event() -> None:
    """There is nothing to wait for."""
    assert not SynchronousEvents(Action("X")).expects_events(SUCCESS)


def test_synchronous_names_in_any_case() -> None:
    """The wire may spell a name differently."""
    waiting = SynchronousEvents(Request("X"))
    plain = Event({"Event": "ITEM"})
    assert waiting.accepts_event(plain)
    waiting.is_last_event(plain)
    assert waiting.events[Item] == [plain]


def test_synchronous_foreign_events() -> None:
    """What other sessions can raise belongs to it only if it waits for that."""
    waiting = SynchronousEvents(Request("X"))
    assert not waiting.accepts_event(Event({"Event": "UserEvent"}))
    assert waiting.accepts_event(Event({"Event": "Unknown"}))


def test_synchronous_events_without_action_id() -> None:
    """The request knows its own, among the classes it waits for."""
    request = Request("X")
    waiting = SynchronousEvents(request)
    assert not waiting.watches
    request.watches = True
    assert waiting.watches
    assert waiting.owns_event(Once({"Channel": "mine"}))
    assert not waiting.owns_event(Once({"Channel": "other"}))
    assert not waiting.owns_event(Event({"Event": "Newexten", "Channel": "mine"}))


# Aggregates.


def test_aggregate() -> None:
    """It is complete with its last event."""
    aggregate = Items_Aggregate("1")
    assert aggregate.name == "Items_Aggregate"
    assert aggregate == "Items_Aggregate"
    assert aggregate != "Item"
    assert aggregate == {Item: [], "Item": [], Last: None, "Last": None}
    assert aggregate.action_id == "1"
    item, last = event(Item), event(Last, ListItems="1")
    assert aggregate.evaluate_event(item) is False
    assert aggregate.evaluate_event(event(Item, "2")) is None
    assert aggregate.evaluate_event(event(Once)) is None
    assert aggregate.evaluate_event(last) is True
    assert aggregate[Item] == aggregate[SameItem] == aggregate["Item"] == [item]
    assert aggregate[Last] is last
    assert aggregate.valid
    assert aggregate.error_message is None
    with pytest.raises(TypeError, match="unhashable"):
        hash(aggregate)


def test_aggregate_count() -> None:
    """What came is compared with what Asterisk announced."""
    aggregate = Items_Aggregate("1")
    aggregate.evaluate_event(event(Last, ListItems="3"))
    assert not aggregate.valid
    assert aggregate.error_message == "Asterisk announced 3 items, 0 came"


@pytest.mark.parametrize("kind", [Items_Aggregate, Both_Aggregate])
def test_aggregate_without_count(kind: type[Aggregate]) -> None:
    """Nothing announced, or nothing to compare with, is no error."""
    aggregate = kind("1")
    aggregate.evaluate_event(event(Last))
    assert aggregate.valid


def test_aggregates() -> None:
    """Those of a request are built side by side, and given when complete."""
    aggregates = Aggregates()
    assert aggregates.take(event(Item)) == []
    assert aggregates.next_deadline() is None
    aggregates.begin("1", (Items_Aggregate, Both_Aggregate), 10.0)
    aggregates.begin("2", (Items_Aggregate,), 20.0)
    aggregates.begin("3", (), 5.0)
    assert aggregates.next_deadline() == 10.0
    assert aggregates.take(event(Item)) == []
    assert aggregates.take(event(Item, "9")) == []
    assert aggregates.take(Item()) == []
    assert aggregates.take(event(Last)) == ["Items_Aggregate"]
    both = aggregates.take(event(Last2))
    assert both == ["Both_Aggregate"]
    assert len(both[0][Item]) == 1
    assert aggregates.next_deadline() == 20.0
    assert aggregates.take(event(Last)) == []


def test_aggregates_end() -> None:
    """None is kept for a request that failed, was late, or lost its connection."""
    aggregates = Aggregates()
    for number in (1, 2, 3):
        aggregates.begin(str(number), (Items_Aggregate,), float(number))
    aggregates.forget("1")
    aggregates.forget("1")
    assert [late.action_id for late in aggregates.expire(2.0)] == ["2"]
    assert aggregates.expire(2.9) == []
    assert aggregates.next_deadline() == 3.0
    aggregates.clear()
    assert aggregates.next_deadline() is None
