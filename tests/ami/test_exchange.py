"""One action and its answer."""

from __future__ import annotations

import pytest

from pystrix.ami import AnyAction, Event, ManagerActionError, ManagerConnectionLostError, Response
from pystrix.ami._exchange import Exchange, ResponseOnly


def exchange() -> Exchange[Response]:
    """Make an exchange that waits."""
    action = AnyAction("X")
    return Exchange(action, "1", action, None)


def test_result() -> None:
    """It is what the action makes of the answer."""
    one = exchange()
    with pytest.raises(RuntimeError, match="no answer yet"):
        one.result()
    assert one.take(Response({"Response": "Success"}))
    one.finish()
    assert one.done
    assert one.result() is one.response


def test_failure() -> None:
    """An answer that says no is the action's error."""
    one = exchange()
    assert not one.take(Response({"Response": "Error", "Message": "No such channel"}))
    one.finish()
    with pytest.raises(ManagerActionError, match="No such channel"):
        one.result()


def test_error() -> None:
    """Without an answer it is why there is none."""
    one = exchange()
    one.finish(ManagerConnectionLostError("gone", sent=True))
    with pytest.raises(ManagerConnectionLostError, match="gone"):
        one.result()


def test_on_done() -> None:
    """Whoever waits is told, with the exchange."""
    told: list[Exchange[Response]] = []
    one = Exchange(AnyAction("X"), "1", ResponseOnly(), told.append)
    assert told == []
    one.finish()
    assert told == [one]


def test_repr() -> None:
    """It says which, and how far it is."""
    one = exchange()
    assert repr(one) == "<Exchange 1: X, not sent>"
    one.sent = True
    assert repr(one) == "<Exchange 1: X, sent>"
    one.finish()
    assert repr(one) == "<Exchange 1: X, done>"


def test_response_only() -> None:
    """No event belongs to such a request."""
    collector = ResponseOnly()
    assert not collector.watches
    assert not collector.expects_events(Response({"EventList": "start"}))
    assert not collector.accepts_event(Event())
    assert not collector.owns_event(Event())
    assert not collector.is_last_event(Event())
