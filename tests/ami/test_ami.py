"""The names that programs of 1.x reach."""

from __future__ import annotations

from typing import Any

from pystrix import ami
from pystrix.ami import ami as module
from pystrix.ami import core


def test_names() -> None:
    """Each stands for what it is called now."""
    assert module._Request is ami.Action
    assert module._Message is module._MessageTemplate is ami.Message
    assert module._Event is ami.Event
    assert module._Response is ami.Answer
    assert module.Manager is ami.Manager
    assert module._Aggregate.__name__ == "Aggregate"


def test_constants() -> None:
    """They are the same in both places."""
    for name, value in {
        "EVENT_GENERIC": "Generic Event",
        "RESPONSE_GENERIC": "Generic Response",
        "KEY_ACTION": "Action",
        "KEY_ACTIONID": "ActionID",
        "KEY_EVENT": "Event",
        "KEY_RESPONSE": "Response",
    }.items():
        assert getattr(ami, name) == getattr(module, name) == value


def test_a_request_as_1x_makes_it() -> None:
    """Positional, with headers set afterwards."""
    request: module._Request[Any] = module._Request("Ping")
    request["X"] = ("a", "b")
    text, action_id = request.build_request(None, lambda: "id")
    assert text == "Action: Ping\r\nX: a\r\nX: b\r\nActionID: id\r\n\r\n"
    assert action_id == "id"


def test_errors_of_core() -> None:
    """The module of the actions has the errors that 1.x has there."""
    assert core.ManagerError is ami.ManagerError
    assert issubclass(core.ManagerAuthError, core.ManagerError)
