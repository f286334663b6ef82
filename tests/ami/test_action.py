"""Actions: the bytes of a request, and what its answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from pystrix.ami import (
    Action,
    AnyAction,
    AnyListAction,
    Event,
    EventList,
    ListAction,
    ManagerActionError,
    ManagerPermissionError,
    ManagerUnknownActionError,
    Response,
)
from pystrix.ami._aggregate import Aggregate
from pystrix.ami._fields import Integer, Text

if TYPE_CHECKING:
    from collections.abc import Callable


class Channel(Event):
    """An item of a list."""

    NAME: ClassVar[str] = "Channel"
    channel = Text("Channel")


class Other(Event):
    """Another item of a list."""

    NAME: ClassVar[str] = "Other"


class Complete(Event):
    """What ends a list."""

    NAME: ClassVar[str] = "Complete"
    list_items = Integer("ListItems")


class Channels(ListAction[Channel | Other, Complete]):
    """An action with a list."""

    NAME: ClassVar[str] = "Channels"
    ITEMS: ClassVar[tuple[type[Event], ...]] = (Channel, Other)
    COMPLETE: ClassVar[type[Event]] = Complete

    def __init__(self, channel: str | None = None) -> None:
        super().__init__(self.NAME, {"Channel": channel})


class Old(Action[Any]):
    """An action as programs for 1.x define them."""

    def __init__(self, value: object) -> None:
        Action.__init__(self, "Old")
        self["Value"] = value


def build(action: Action[Any], action_id: str | None = None, **headers: object) -> str:
    """Give the text of a request, whose fresh ActionID is "new"."""
    text, used = action.build_request(action_id, lambda: "new", **headers)
    assert f"ActionID: {used}\r\n" in text
    return text.removesuffix("\r\n\r\n").replace("\r\n", "|")


REQUESTS: list[tuple[Callable[[], Action[Any]], str]] = [
    (lambda: AnyAction("Ping"), "Action: Ping|ActionID: new"),
    (lambda: Old("x"), "Action: Old|Value: x|ActionID: new"),
    (lambda: Old(5), "Action: Old|Value: 5|ActionID: new"),
    (lambda: Old(("a", "b")), "Action: Old|Value: a|Value: b|ActionID: new"),
    (lambda: Old(["a", 1]), "Action: Old|Value: a|Value: 1|ActionID: new"),
    (lambda: Old({"a"}), "Action: Old|Value: a|ActionID: new"),
    (lambda: Old(frozenset({"a"})), "Action: Old|Value: a|ActionID: new"),
    (lambda: Old(()), "Action: Old|ActionID: new"),
    (Channels, "Action: Channels|ActionID: new"),
    (lambda: Channels("x"), "Action: Channels|Channel: x|ActionID: new"),
    (lambda: AnyAction("X", {"A": None, "B": 0, "C": ""}), "Action: X|B: 0|C: |ActionID: new"),
    (lambda: AnyAction("X", {"ActionID": "mine"}), "Action: X|ActionID: mine"),
    (lambda: AnyAction("X", {"actionid": 5, "B": 1}), "Action: X|B: 1|ActionID: 5"),
]


@pytest.mark.parametrize(("make", "text"), REQUESTS)
def test_requests(make: Callable[[], Action[Any]], text: str) -> None:
    """Action first, the headers in order, ActionID last."""
    assert build(make()) == text


def test_action_id() -> None:
    """That of the caller wins, then that among the headers."""
    action = AnyAction("X", {"ActionID": "mine"})
    assert build(action, "caller") == "Action: X|ActionID: caller"
    assert build(action, ActionID="keyword") == "Action: X|ActionID: mine"
    assert build(AnyAction("X"), ActionID="keyword") == "Action: X|ActionID: keyword"
    assert build(AnyAction("X"), "caller", ActionID="keyword") == "Action: X|ActionID: caller"
    assert action == {"Action": "X", "ActionID": "mine"}
    # A number, as programs without types may give it, is what comes back: its text.
    assert action.build_request(cast("Any", 5), lambda: "new") == (
        "Action: X\r\nActionID: 5\r\n\r\n",
        "5",
    )


def test_keywords_are_headers() -> None:
    """They follow those of the action, which does not change."""
    action = Old("x")
    assert build(action, Value="y", More=(1, 2)) == (
        "Action: Old|Value: x|Value: y|More: 1|More: 2|ActionID: new"
    )
    assert action == {"Action": "Old", "Value": "x"}


def test_a_dict() -> None:
    """As in 1.x an action is a dict until it is sent."""
    action = Old("x")
    assert isinstance(action, dict)
    assert action.name == action["Action"] == "Old"
    action["Action"] = "Renamed"
    del action["Value"]
    assert build(action) == "Action: Renamed|ActionID: new"


@pytest.mark.parametrize("value", [None, b"x", ["a", None]])
def test_no_text(value: object) -> None:
    """None and bytes are refused, not written as Python writes them."""
    with pytest.raises(TypeError):
        build(Old(value))


@pytest.mark.parametrize("value", ["a\nb", "a\r", "\0", " a"])
def test_refused(value: str) -> None:
    """What Asterisk would not take as it is, is refused."""
    with pytest.raises(ValueError, match="Value is"):
        build(Old(value))
    with pytest.raises(ValueError, match="ActionID is"):
        build(AnyAction("X"), value)


def test_repr_shows_no_secret() -> None:
    """It names the action only."""
    assert repr(AnyAction("Login", {"Secret": "hush"})) == "<AnyAction: Login>"


# Answers.


def test_plain_action() -> None:
    """The response is the result; events are nobody's."""
    action = AnyAction("X")
    response = Response({"Response": "Success", "EventList": "start"})
    assert action.process_response(response) is response
    assert action.process_events(response, []) is response
    assert not action.expects_events(response)
    assert not action.watches
    assert not action.owns_event(Event())
    assert action.RESPONSE is Response
    assert (action.synchronous, action.aggregate, action.timeout) == (False, False, 5.0)


def test_own_result() -> None:
    """A subclass gives what it likes."""

    class Count(Action[int]):
        def process_response(self, response: Response) -> int:
            return int(response["Count"])

    assert Count("Count").process_events(Response({"Count": "3"}), []) == 3


def test_list_action() -> None:
    """A response that opens a list has events; the result is a list."""
    action = Channels()
    assert action.expects_events(Response({"EventList": "start"}))
    assert not action.expects_events(Response({"Response": "Success"}))
    complete = Complete({"EventList": "Complete", "ListItems": "3"})
    items = [Channel({"Channel": "a"}), Other(), Channel({"Channel": "b"})]
    assert action.is_last_event(complete)
    assert not action.is_last_event(items[0])
    response = Response()
    result = action.process_events(response, [*items, complete])
    assert isinstance(result, EventList)
    assert result.response is response
    assert result.items == tuple(items)
    assert result.complete.list_items == 3
    assert list(result) == items
    assert len(result) == 3
    assert result[0] is items[0]
    assert result[1:] == tuple(items[1:])
    assert [item.channel for item in result.of(Channel)] == ["a", "b"]
    assert repr(result) == "<EventList of 3, Complete>"


def test_any_list_action() -> None:
    """A list of an action without a class."""
    result = AnyListAction("SIPpeers").process_events(Response(), [Event({"Event": "E"}), Event()])
    assert [item.name for item in result] == ["E"]


def test_no_list() -> None:
    """An answer without a list is an error that says so, and has the answer."""
    response = Response({"Response": "Success", "Ping": "Pong"})
    with pytest.raises(ManagerActionError, match=r"answered Ping without a list.*Pong") as caught:
        AnyListAction("Ping").process_events(response, [])
    assert caught.value.response is response


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("Status", True), ("Anything", True), ("UserEvent", False), ("OriginateResponse", False)],
)
def test_foreign_events(name: str, accepted: bool) -> None:
    """Events that another session can raise with our ActionID are no items."""
    assert Channels().accepts_event(Event({"Event": name})) is accepted


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("Message: No such channel", ManagerActionError, "Asterisk refused X: No such channel"),
        ("Message: Odd\n", ManagerActionError, "Asterisk refused X: Odd"),
        ("Foo: bar", ManagerActionError, "Asterisk refused X: Error"),
        ("Message: Permission denied", ManagerPermissionError, "X: Permission denied"),
        ("Message: Invalid/unknown command: X. Use ...", ManagerUnknownActionError, "X. Use ..."),
    ],
)
def test_failure(text: str, kind: type[ManagerActionError], message: str) -> None:
    """The error says what was refused and why, and carries the answer."""
    response = Response(["Response: Error", text])
    error = AnyAction("X").failure(response)
    assert type(error) is kind
    assert message in str(error)
    assert error.response is response


# What 1.x asks.


class Status_Aggregate(Aggregate):  # noqa: N801 - as 1.x names them
    """An aggregate."""


def test_classes_of_1x() -> None:
    """The private attributes of 1.x are honoured; a list action knows its own."""

    class Mine(Action[Any]):
        _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (Status_Aggregate,)
        _synchronous_events_unique: ClassVar[tuple[type[Event], ...]] = (Other,)
        _synchronous_events_list: ClassVar[tuple[type[Event], ...]] = (Channel,)
        _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (Complete,)

    action = Mine("X")
    assert action.get_aggregate_classes() == (Status_Aggregate,)
    assert action.get_synchronous_classes() == ((Other,), (Channel,), (Complete,))
    assert AnyAction("X").get_aggregate_classes() == ()
    assert AnyAction("X").get_synchronous_classes() == ((), (), ())
    assert Channels().get_synchronous_classes() == ((), (Channel, Other), (Complete,))
