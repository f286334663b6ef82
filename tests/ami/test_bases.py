"""Actions whose answer is neither a response alone nor a list."""

from __future__ import annotations

from pystrix.ami import Event, ManagerAuthError, Response, actions, events

STATS = events.FAXStats({"CurrentSessions": 3})
ANSWER = Response({"Response": "Success", "Message": "FAXStats event will follow"})


def test_event_action() -> None:
    """One event is the answer, and no other of the same ActionID belongs to it."""
    action = actions.FAXStats()
    assert action.expects_events(ANSWER)
    assert action.accepts_event(STATS)
    assert action.is_last_event(STATS)
    assert not action.accepts_event(Event({"Event": "UserEvent"}))
    assert not action.is_last_event(events.FAXSession())
    assert action.process_events(ANSWER, [STATS]).current_sessions == 3


def test_login_failure() -> None:
    """A refused login is an error of its own."""
    answer = Response({"Response": "Error", "Message": "Login Already In Use"})
    error = actions.Login("u").failure(answer)
    assert isinstance(error, ManagerAuthError)
    assert str(error) == "Asterisk refused the login: Login Already In Use"
    assert error.response is answer
