"""The conversation of a connection: answers of several events, and actions that fail at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import Action, AnyAction, AnyListAction, Event, EventList, ManagerActionError
from pystrix.ami._aggregate import SynchronousEvents
from pystrix.ami._exchange import ResponseOnly
from pystrix.ami._message import events_by_name
from tests.ami.protocols import HANGUP, answer, ready, sent

if TYPE_CHECKING:
    from tests.ami.protocols import Feed


# Lists.


@pytest.mark.parametrize("start", ["start", "Start"])
def test_list(feed: Feed, start: str) -> None:
    """Items and what closes the list are known by ActionID and EventList, not by name."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("FAXSessions"))
    feed(protocol, answer(exchange, "Response: Success", f"EventList: {start}"))
    assert not exchange.done
    feed(protocol, answer(exchange, "Event: Anything", "N: 1") + HANGUP)
    feed(protocol, b"Event: Anything\r\nActionID: other\r\n\r\n")
    feed(protocol, answer(exchange, "Event: Else", "N: 2"))
    feed(protocol, answer(exchange, "Event: Whatever", "EventList: Complete"))
    result = exchange.result()
    assert isinstance(result, EventList)
    assert [item["N"] for item in result] == ["1", "2"]
    assert result.complete == "Whatever"
    assert protocol.messages_received() == ["Hangup", "Anything"]
    assert protocol.outstanding == 0


def test_list_refused() -> None:
    """An error has no list."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Error", "Message: No such channel"))
    with pytest.raises(ManagerActionError, match="No such channel"):
        exchange.result()
    assert protocol.outstanding == 0


def test_list_of_a_plain_action() -> None:
    """Events that a request did not ask for are for everybody."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"), collector=ResponseOnly())
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    assert exchange.done
    protocol.receive_data(answer(exchange, "Event: Status"))
    assert protocol.messages_received() == ["Status"]


def test_foreign_event_in_a_list() -> None:
    """A UserEvent of another session does not close our list."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    protocol.receive_data(answer(exchange, "Event: UserEvent", "EventList: Complete"))
    assert not exchange.done
    assert protocol.messages_received() == ["UserEvent"]


def test_second_response_in_a_list() -> None:
    """Only the first answers."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    protocol.receive_data(answer(exchange, "Response: Success", "X: 2"))
    assert protocol.messages_received() == ["Success"]
    assert exchange.response is not None
    assert "X" not in exchange.response


class Joined(Event):
    """An event without an ActionID."""

    NAME: ClassVar[str] = "Joined"


class Join(Action[Any]):
    """A synchronous request whose event has no ActionID."""

    watches = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (Joined,)

    def owns_event(self, event: Event) -> bool:
        """Know it by its channel."""
        return event["Channel"] == str(self["Channel"])


def test_event_without_action_id() -> None:
    """A request that watches gets it, and so does everybody."""
    protocol = ready(events=events_by_name(Joined))
    request = Join("Join", {"Channel": "x"})
    collector = SynchronousEvents(request)
    exchange = sent(protocol, request, collector=collector)
    protocol.receive_data(b"Event: Joined\r\nChannel: x\r\n\r\n")  # before the answer: another
    protocol.receive_data(answer(exchange, "Response: Success"))
    protocol.receive_data(b"Event: Joined\r\nChannel: y\r\n\r\n")
    assert not exchange.done
    protocol.receive_data(b"Event: Joined\r\nChannel: x\r\n\r\n")
    assert exchange.done
    assert collector.events[Joined]["Channel"] == "x"
    assert len(protocol.messages_received()) == 3
    assert protocol.outstanding == 0


def test_watching_is_given_up() -> None:
    """A request that was given up watches no more."""
    protocol = ready()
    request = Join("Join", {"Channel": "x"})
    exchange = sent(protocol, request, collector=SynchronousEvents(request))
    protocol.receive_data(answer(exchange, "Response: Success"))
    protocol.give_up(exchange)
    assert protocol._watching == []


# Programs that fail.


def fail(*_: object) -> bool:
    """Raise an error that no one expects."""
    raise ZeroDivisionError("a mistake in a program")


@pytest.mark.parametrize("method", ["expects_events", "accepts_event", "is_last_event"])
def test_failing_action(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The mistake of an action reaches who sent it, and nobody else."""
    protocol = ready()
    action = AnyListAction("Status")
    monkeypatch.setattr(action, method, fail)
    exchange, other = sent(protocol, action), sent(protocol, AnyAction("Ping"))
    protocol.receive_data(
        answer(exchange, "Response: Success", "EventList: start")
        + answer(exchange, "Event: Status")
        + answer(other, "Response: Success")
    )
    with pytest.raises(ZeroDivisionError):
        exchange.result()
    assert other.done
    assert protocol.outstanding == 0


def test_failing_watcher() -> None:
    """The same for an event without an ActionID."""
    protocol = ready(events=events_by_name(Joined))
    request = Join("Join", {"Channel": "x"})
    exchange = sent(protocol, request, collector=SynchronousEvents(request))
    protocol.receive_data(answer(exchange, "Response: Success") + b"Event: Joined\r\n\r\n")
    with pytest.raises(KeyError):
        exchange.result()
    assert protocol.messages_received() == ["Joined"]
