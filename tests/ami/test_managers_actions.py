"""Actions and callbacks of a manager, the same on threads and on asyncio."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    AnyAction,
    AnyListAction,
    Event,
    ManagerActionError,
    ManagerConnectionLostError,
    ManagerTimeoutError,
    actions,
    events,
)
from tests.agi.peers import Background, records
from tests.ami.looping import PING, PONG
from tests.ami.managers import Heard, Running, channels

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ami.conftest import Start
    from tests.ami.servers import Peer


# Actions.


def test_results(online: Callable[..., tuple[Running, Peer]]) -> None:
    """A response, a list, an error."""
    running, peer = online()
    asking = Background(running.send, actions.Ping())
    peer.expect("Ping", *PONG, "Timestamp: 1795377038.240886")
    assert asking.result().timestamp == 1795377038.240886
    asking = Background(running.send, actions.CoreShowChannels())
    channels(peer, "Local/a", "Local/b")
    found = asking.result()
    assert [channel.channel for channel in found] == ["Local/a", "Local/b"]
    assert isinstance(found[0], events.CoreShowChannel)
    asking = Background(running.send, AnyAction("Hangup", {"Channel": "x"}))
    peer.expect("Hangup", "Response: Error", "Message: No such channel")
    with pytest.raises(ManagerActionError, match="No such channel"):
        asking.result()
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        running.send(AnyAction("Ping", {"X": "a\r\nAction: Logoff"}))


def test_many_at_once(online: Callable[..., tuple[Running, Peer]]) -> None:
    """Answers find their actions, whatever the order."""
    running, peer = online()
    asking = [Background(running.send, AnyAction("Ping", {"N": n})) for n in range(20)]
    requests = [peer.expect("Ping") for _ in asking]
    for request in reversed(requests):
        peer.respond(request, "Response: Success", f"N: {request['N']}")
    assert [each.result()["N"] for each in asking] == [str(n) for n in range(20)]


def test_late(online: Callable[..., tuple[Running, Peer]]) -> None:
    """No answer in time: it says that it was sent; the late answer is for those that want it."""
    running, peer = online()
    late = Heard()
    running.manager.register_callback(None, late)
    asking = Background(lambda: running.send(PING, timeout=0.05, action_id="mine"))
    request = peer.expect("Ping")
    with pytest.raises(ManagerTimeoutError, match=r"within 0\.05 s") as caught:
        asking.result()
    assert caught.value.sent
    peer.respond(request, *PONG)
    assert late.next().action_id == "mine"
    action = AnyAction("Ping")
    action.timeout = 0.0
    with pytest.raises(ManagerTimeoutError):
        running.send(action)


def test_no_time_at_all(online: Callable[..., tuple[Running, Peer]]) -> None:
    """A timeout that is no number is refused: neither a lock nor a loop could wait for it."""
    running, peer = online()
    with pytest.raises(ValueError, match="the timeout of Ping is seconds, not nan"):
        running.send(PING, timeout=float("nan"))
    asking = Background(running.send, PING)
    peer.expect("Ping", *PONG)
    asking.result()


@pytest.mark.parametrize("pattern", ["*", "Dial*"])
def test_no_patterns(start: Start, pattern: str) -> None:
    """A pattern would be a name that no event has."""
    manager = start(5038).manager
    with pytest.raises(ValueError, match=re.escape(f"exact, and {pattern!r} is none")):
        manager.register_callback(pattern, lambda *_: None)
    if hasattr(manager, "events"):
        with pytest.raises(ValueError, match="names of events are exact"):
            manager.events(pattern)


@pytest.mark.parametrize("given", ["Ping", {"Action": "Ping"}, actions.Ping])
def test_no_action(online: Callable[..., tuple[Running, Peer]], given: Any) -> None:
    """Its name, its headers or its class are none, and the error says what is."""
    running, _ = online()
    with pytest.raises(TypeError, match=r"what is sent is an Action, actions.Ping\(\) or"):
        running.send(given)


def test_a_list_that_is_cut(online: Callable[..., tuple[Running, Peer]]) -> None:
    """It fails at once when the connection ends."""
    running, peer = online(reconnect=False)
    asking = Background(running.send, AnyListAction("Status"))
    request = peer.expect("Status", "Response: Success", "EventList: start")
    peer.respond(request, "Event: Status")
    peer.close()
    with pytest.raises(ManagerConnectionLostError) as caught:
        asking.result()
    assert caught.value.sent


def test_no_list(online: Callable[..., tuple[Running, Peer]]) -> None:
    """An answer without a list is an error for whoever asked for one, and no more."""
    running, peer = online()
    for action in (AnyListAction("Ping"), PING):
        asking = Background(running.send, action)
        peer.expect("Ping", *PONG)
        if action is PING:
            assert asking.result()["Ping"] == "Pong"
        else:
            with pytest.raises(ManagerActionError, match="answered Ping without a list"):
                asking.result()


# Callbacks.


def test_callbacks(
    online: Callable[..., tuple[Running, Peer]], caplog: pytest.LogCaptureFixture
) -> None:
    """By class, name, all, and for responses to nobody; in order; one that fails harms nobody."""
    running, peer = online()
    everything, hangups, named, responses = Heard(), Heard(), Heard(), Heard()
    manager = running.manager

    def broken(event: Event, _: object) -> None:
        raise LookupError(event.name)

    manager.register_callback("", everything)
    manager.register_callback(events.Hangup, broken)
    manager.register_callback(events.Hangup, hangups)
    manager.register_callback("userevent", named)
    manager.register_callback(None, responses)
    peer.message("Event: Hangup", "Cause: 16")
    peer.message("Event: UserEvent", "UserEvent: Mine")
    peer.message("Response: Success", "ActionID: theirs")
    peer.message("Event: Nobody")
    assert everything.names(3) == ["Hangup", "UserEvent", "Nobody"]
    assert hangups.next().cause == 16
    assert named.next()["UserEvent"] == "Mine"
    assert responses.next().action_id == "theirs"
    assert [bool(record.exc_info) for record in records(caplog)] == [True]
    assert manager.unregister_callback("", everything)
    assert not manager.unregister_callback("", everything)
    peer.message("Event: Hangup", "Cause: 17")
    assert hangups.next().cause == 17
    assert everything.empty
    for wrong in (1, b"x", int):
        with pytest.raises(ValueError, match="callbacks are registered for"):
            manager.register_callback(wrong, everything)
