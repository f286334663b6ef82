"""The session under its names of pystrix 1.x: the lines its actions send, and their results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import ManagerAuthError, ManagerError, Response, core, events
from pystrix.ami.responses import ListCategoriesResponse, ListCommandsResponse, PingResponse
from tests.ami.sending import headers_of, lines_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (core.Challenge(), {"AuthType: MD5"}),
    (core.Challenge(core.AUTHTYPE_MD5), {"AuthType: MD5"}),
    (core.Command("core show uptime"), {"Command: core show uptime"}),
    (core.Events("on"), {"EventMask: on"}),
    (core.Events(("call", "log")), {"EventMask: call,log"}),
    (core.Events((core.EVENTMASK_ALL, core.EVENTMASK_LOG)), {"EventMask: on"}),
    (core.Events(()), {"EventMask: off"}),
    (core.Events(mask for mask in ("call",)), {"EventMask: call"}),
    (core.ListCategories("f.conf"), {"Filename: f.conf"}),
    (core.ListCommands(), set()),
    (core.Login("u", "s"), {"Username: u", "Secret: s"}),
    (core.Login("u", "s", events=False), {"Username: u", "Secret: s", "Events: off"}),
    (
        core.Login("u", "s", challenge="123"),
        {"Username: u", "AuthType: MD5", "Key: 4e05549202ece8ef2450019692d1829e"},
    ),
    (
        core.Login("u", "s", False, "123", core.AUTHTYPE_MD5),
        {"Username: u", "AuthType: MD5", "Key: 4e05549202ece8ef2450019692d1829e", "Events: off"},
    ),
    (core.Logoff(), set()),
    (core.ModuleCheck("res_agi"), {"Module: res_agi"}),
    (core.ModuleLoad("reload"), {"LoadType: reload"}),
    (core.ModuleLoad("load", "res_agi"), {"LoadType: load", "Module: res_agi"}),
    (core.Ping(), set()),
    (core.Reload(), set()),
    (core.Reload("res_agi"), {"Module: res_agi"}),
    (core.UserEvent(UserEvent="Mine", A=1, B="x: y"), {"UserEvent: Mine", "A: 1", "B: x: y"}),
    (core.UserEvent(A=1), {"UserEvent: ", "A: 1"}),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


def test_unknown_digest() -> None:
    """A digest that Asterisk does not know is refused before anything is sent."""
    with pytest.raises(ManagerAuthError, match="no digest 'SHA1'") as caught:
        core.Login("u", "s", challenge="1", authtype="SHA1")
    assert isinstance(caught.value, ManagerError)
    assert "s" not in str(caught.value).split()


def test_refused_login() -> None:
    """A login that is refused raises, from send_action as well."""
    answer = Response({"Response": "Error", "Message": "Authentication failed"})
    with pytest.raises(ManagerAuthError, match="Authentication failed") as caught:
        core.Login("u", "s").process_response(answer)
    assert caught.value.response is answer


def test_login() -> None:
    """A login gives its response."""
    answer = Response({"Response": "Success", "Message": "Authentication accepted"})
    assert core.Login("u", "s").process_response(answer) is answer


def test_round_trip_time() -> None:
    """A ping's result says how long it took."""
    ping = core.Ping()
    before = time.monotonic()
    lines_of(ping)
    result = ping.process_response(PingResponse({"Response": "Success", "Ping": "Pong"}))
    rtt: Any = result["RTT"]
    assert 0 <= rtt <= time.monotonic() - before
    assert isinstance(rtt, float)
    assert result.ping == "Pong"


def test_commands_as_data() -> None:
    """The actions are lines of the data, too."""
    text = "Keepalive command.  (Priv: <none>)"
    answer = ListCommandsResponse({"Response": "Success", "ActionID": "1", "Ping": text})
    result = core.ListCommands().process_response(answer)
    assert result.data == [f"Ping: {text}"]
    assert list(result.commands) == ["Ping"]


def test_categories_as_data() -> None:
    """The categories are lines of the data, too."""
    answer = ListCategoriesResponse(
        {"Response": "Success", "Category-000000": "general", "Category-000001": "q1"}
    )
    result = core.ListCategories("queues.conf").process_response(answer)
    assert result.data == ["general", "q1"]


def test_user_event_awaits_itself() -> None:
    """A synchronous UserEvent waits for its own event."""
    action = core.UserEvent(UserEvent="Mine")
    assert action.get_synchronous_classes() == ((), (), (events.UserEvent,))


@pytest.mark.parametrize("name", ["Action", "ActionID", "actionid"])
def test_user_event_keeps_its_name(name: str) -> None:
    """A header that says what the action is cannot be one of the event's."""
    headers = {name: "Logoff"}
    with pytest.raises(ValueError, match="cannot have a header"):
        core.UserEvent(UserEvent="Mine", **headers)


def test_logoff_and_events_succeed() -> None:
    """What Asterisk answers to them is a success."""
    assert Response({"Response": "Goodbye"}).success
    assert Response({"Response": "Success", "Events": "On"}).success
