"""Actions of the manager on threads, and the lists that pystrix 1.x makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import (
    Action,
    AnyAction,
    AnyListAction,
    Event,
    ManagerActionError,
    ManagerAuthError,
    ManagerConnectionLostError,
    ManagerTimeoutError,
    Response,
)
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.listing import (
    CLASSES,
    LIST,
    Ear,
    EventClasses,
    Hangup,
    Status,
    Status_Aggregate,
    StatusComplete,
    StatusRequest,
    finish_list,
)
from tests.ami.looping import PING

if TYPE_CHECKING:
    from tests.ami.conftest import Connect


# Actions.


def test_send(connect: Connect) -> None:
    """The response is the result; an error is raised."""
    manager, peer = connect()
    asking = Background(manager.send, AnyAction("Getvar", {"Variable": "X"}))
    request = peer.expect("Getvar", "Response: Success", "Value: a: b ")
    assert request["Variable"] == "X"
    assert asking.result()["Value"] == "a: b "
    asking = Background(manager.send, AnyAction("Getvar"))
    peer.expect("Getvar", "Response: Error", "Message: No such channel")
    with pytest.raises(ManagerActionError, match="Asterisk refused Getvar: No such channel"):
        asking.result()


def test_send_list(connect: Connect) -> None:
    """The items, and not to callbacks."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("", ear)
    asking = Background(manager.send, AnyListAction("Status"))
    request = peer.expect("Status", *LIST)
    peer.message("Event: Other")
    finish_list(peer, request, 3)
    assert [item["N"] for item in asking.result()] == ["0", "1", "2"]
    assert ear.names(1) == ["Other"]
    assert ear.heard.empty()


def test_send_timeout(connect: Connect) -> None:
    """An answer that does not come in time is an error, and when it comes is nobody's."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback(None, ear)
    with pytest.raises(
        ManagerTimeoutError, match=r"Ping was not answered within 0\.01 s"
    ) as caught:
        manager.send(PING, timeout=0.01)
    assert caught.value.sent
    assert isinstance(caught.value, TimeoutError)
    action = AnyAction("Slow")
    action.timeout = 0.01
    with pytest.raises(ManagerTimeoutError, match="Slow"):
        manager.send(action)
    for name in ("Ping", "Slow"):
        peer.expect(name, "Response: Success", f"For: {name}")
    assert [ear.next()["For"] for _ in range(2)] == ["Ping", "Slow"]
    connection = manager.get_connection()
    assert connection is not None
    assert connection.outstanding == 0


def test_send_action_id(connect: Connect) -> None:
    """A caller may choose it, but not one that is in use."""
    manager, peer = connect()
    asking = Background(lambda: manager.send(PING, action_id="mine"))
    request = peer.request()
    assert request["ActionID"] == "mine"
    with pytest.raises(ValueError, match="mine"):
        manager.send_action(PING, "mine")
    peer.respond(request, "Response: Success")
    assert asking.result().action_id == "mine"


def test_send_action(connect: Connect) -> None:
    """Its answer has all that 1.x documents, in that order."""
    manager, peer = connect()
    request = AnyAction("Getvar", {"Variable": "X"})
    asking = Background(lambda: manager.send_action(request, "5", Extra=("a", "b")))
    sent = peer.expect("Getvar", "Response: Success", "Value: x")
    assert sent.all_items()[:5] == [
        ("Action", "Getvar"),
        ("Variable", "X"),
        ("Extra", "a"),
        ("Extra", "b"),
        ("ActionID", "5"),
    ]
    answer = asking.result()
    assert answer._fields == (
        "result",
        "response",
        "request",
        "action_id",
        "success",
        "time",
        "events",
        "events_timeout",
    )
    assert answer.result is answer.response
    assert answer.result["Value"] == "x"
    assert answer.request is request
    assert answer.action_id == "5"
    assert answer.success is True
    assert 0 < answer.time < TIMEOUT
    assert answer.events is None
    assert answer.events_timeout is False


def test_send_action_with_a_number(connect: Connect) -> None:
    """An ActionID may be anything that has a text, as in 1.x."""
    manager, peer = connect()
    number: Any = 17
    asking = Background(manager.send_action, PING, number)
    assert peer.expect("Ping", "Response: Success")["ActionID"] == "17"
    assert asking.result().action_id == "17"


def test_send_action_error(connect: Connect) -> None:
    """An error is an answer without success."""
    manager, peer = connect()
    asking = Background(manager.send_action, PING)
    peer.expect("Ping", "Response: Error", "Message: no")
    answer = asking.result()
    assert answer.success is False
    assert answer.response.message == "no"


def test_send_action_timeout(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """None, and a warning."""
    manager, _ = connect()
    action = AnyAction("Slow")
    action.timeout = 0.01
    assert manager.send_action(action, "a\udce9") is None
    [record] = records(caplog)
    assert record.getMessage() == "Slow was not answered within 0.01 s (ActionID a\\xe9)"


def test_process_response(connect: Connect) -> None:
    """A request of 1.x may make what it likes of the response, or raise."""

    class Login(Action[Any]):
        def process_response(self, response: Response) -> Any:
            if response["Response"] == "Error":
                raise ManagerAuthError(response["Message"], response)
            response["RTT"] = 0.5
            response.success = False
            return response

    class Count(Action[int]):
        def process_response(self, response: Response) -> int:
            return int(response["Count"])

    manager, peer = connect()
    asking = Background(manager.send_action, Login("Login"))
    peer.expect("Login", "Response: Success")
    assert asking.result().result["RTT"] == 0.5
    assert asking.result().success is False
    asking = Background(manager.send_action, Login("Login"))
    peer.expect("Login", "Response: Error", "Message: Authentication failed")
    with pytest.raises(ManagerAuthError, match="Authentication failed"):
        asking.result()
    asking = Background(manager.send_action, Count("Count"))
    peer.expect("Count", "Response: Success", "Count: 3")
    assert asking.result().result == 3
    assert asking.result().success is True


def test_undecodable_bytes(connect: Connect) -> None:
    """They come and go as they are."""
    manager, peer = connect()
    asking = Background(manager.send_action, AnyAction("X", {"A": "caf\udce9"}))
    request = peer.request()
    assert request["A"].encode("utf-8", "surrogateescape") == b"caf\xe9"
    peer.send(b"Response: Success\r\nActionID: %b\r\n" % request["ActionID"].encode())
    peer.send(b"Value: caf\xe9\xff\r\n\r\n")
    assert asking.result().result["Value"] == "caf\udce9\udcff"


def test_many_threads(connect: Connect) -> None:
    """Each gets its own answer."""
    manager, peer = connect()
    answering = peer.respond_to_all(
        lambda peer, request: peer.respond(request, "Response: Success", f"N: {request['N']}")
    )

    def ask(number: int) -> bool:
        return all(
            manager.send(AnyAction("X", {"N": f"{number}-{turn}"}))["N"] == f"{number}-{turn}"
            for turn in range(50)
        )

    assert all(each.result() for each in [Background(ask, number) for number in range(8)])
    manager.close()
    answering.result()


def test_nothing_polls(connect: Connect) -> None:
    """An answer is given when it comes: the fastest of many is far below any step of a clock."""
    manager, peer = connect()
    peer.respond_to_all(lambda peer, request: peer.respond(request, "Response: Success"))
    assert min(manager.send_action(PING).time for _ in range(200)) < 0.001  # type: ignore[union-attr]


# Synchronous requests.


def test_synchronous(connect: Connect) -> None:
    """The events are in the answer, by class and name, and reach no callback."""
    manager, peer = connect(event_classes=CLASSES)
    ear = Ear()
    manager.register_callback("", ear)
    asking = Background(manager.send_action, StatusRequest(synchronous=True, aggregate=True))
    request = peer.expect("Status", *LIST)
    peer.message("Event: Status", "ActionID: of another session")
    finish_list(peer, request, 400)
    answer = asking.result()
    assert not answer.events_timeout
    assert len(answer.events[Status]) == 400
    assert answer.events["Status"] is answer.events[Status]
    assert answer.events[StatusComplete]["ListItems"] == "400"
    assert ear.next().action_id == "of another session"
    assert ear.heard.empty()


def test_synchronous_error(connect: Connect) -> None:
    """Nothing is waited for."""
    manager, peer = connect()
    asking = Background(manager.send_action, StatusRequest(synchronous=True))
    peer.expect("Status", "Response: Error", "Message: No such channel")
    answer = asking.result()
    assert not answer.success
    assert answer.events == {Status: [], "Status": [], StatusComplete: None, "StatusComplete": None}
    assert not answer.events_timeout


def test_synchronous_timeout(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """What came is given, with the word that it is not all."""
    manager, peer = connect(event_classes=CLASSES)
    marked = Ear()
    manager.register_callback("Mark", marked)

    class Seconds(float):
        """A time that begins to run when what was sent has been taken."""

        def __gt__(self, other: float) -> bool:
            marked.next()
            return super().__gt__(other)

    reading = Background(manager.send, AnyAction("Ping"))
    ping = peer.expect("Ping")
    request = StatusRequest(synchronous=True, timeout=Seconds(0.01))
    asking = Background(manager.send_action, request)
    sent = peer.expect("Status", *LIST)
    peer.respond(sent, "Event: Status")
    peer.message("Event: Mark")
    answer = asking.result()
    assert answer.success
    assert answer.events_timeout
    assert len(answer.events[Status]) == 1
    [record] = records(caplog)
    assert "Status was not followed by all its events within 0.01 s" in record.getMessage()
    ear = Ear()
    manager.register_callback("", ear)
    finish_list(peer, sent, 0)
    assert ear.names(1) == ["StatusComplete"]
    peer.respond(ping, "Response: Success")
    reading.result()


def test_synchronous_and_the_end(connect: Connect) -> None:
    """A list that the end of the connection cuts is an error."""
    manager, peer = connect()
    asking = Background(manager.send_action, StatusRequest(synchronous=True))
    peer.expect("Status", *LIST)
    peer.close()
    with pytest.raises(ManagerConnectionLostError, match="before Status was answered"):
        asking.result()


def test_synchronous_without_action_id(connect: Connect) -> None:
    """A hang-up is known by its channel; callbacks hear of it, too."""

    class HangupRequest(Action[Any]):
        watches = True
        _synchronous_events_unique: ClassVar[EventClasses] = ()
        _synchronous_events_finalising: ClassVar[EventClasses] = (Hangup,)

        def owns_event(self, event: Event) -> bool:
            return event.get("Channel") == str(self["Channel"])

    manager, peer = connect(event_classes=CLASSES)
    ear = Ear()
    manager.register_callback(Hangup, ear)
    request = HangupRequest("Hangup", {"Channel": "x"})
    request.synchronous = True
    asking = Background(manager.send_action, request)
    peer.expect("Hangup", "Response: Success")
    peer.message("Event: Hangup", "Channel: y")
    peer.message("Event: Hangup", "Channel: x")
    answer = asking.result()
    assert answer.events[Hangup]["Channel"] == "x"
    assert [ear.next()["Channel"] for _ in range(2)] == ["y", "x"]


# Aggregates.


@pytest.mark.parametrize(("announced", "valid"), [(2, True), (3, False)])
def test_aggregate(connect: Connect, announced: int, valid: bool) -> None:
    """It follows the single events, which callbacks hear as well."""
    manager, peer = connect(event_classes=CLASSES)
    every, only = Ear(), Ear()
    manager.register_callback("", every)
    manager.register_callback(Status_Aggregate, only)
    asking = Background(manager.send_action, StatusRequest(aggregate=True))
    request = peer.expect("Status", *LIST)
    answer = asking.result()
    assert answer.events is None
    finish_list(peer, request, 2, announced)
    assert every.names(4) == ["Status", "Status", "StatusComplete", "Status_Aggregate"]
    aggregate = only.next()
    assert aggregate == "Status_Aggregate"
    assert aggregate.action_id == answer.action_id
    assert aggregate.valid is valid
    assert len(aggregate[Status]) == 2


def test_aggregate_of_a_refused_request(connect: Connect) -> None:
    """Nothing is kept, nothing warns later."""
    manager, peer = connect(aggregate_timeout=0.01)
    asking = Background(manager.send_action, StatusRequest(aggregate=True))
    peer.expect("Status", "Response: Error")
    assert not asking.result().success
    assert manager._delivery.deadline is None


def test_aggregate_timeout(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """One that is not complete in time is dropped, with a warning."""
    manager, peer = connect(aggregate_timeout=0.2)
    asking = Background(manager.send_action, StatusRequest(aggregate=True))
    request = peer.expect("Status", *LIST)
    asking.result()
    eventually(lambda: records(caplog))
    assert "Status_Aggregate is dropped: not all of its events came within 0.2 s" in caplog.text
    assert manager._delivery.deadline is None
    ear = Ear()
    manager.register_callback("", ear)
    finish_list(peer, request, 0)
    assert ear.names(1) == ["StatusComplete"]


def test_aggregate_and_disconnect(connect: Connect) -> None:
    """The end of the connection is the end of its aggregates."""
    manager, peer = connect()
    asking = Background(manager.send_action, StatusRequest(aggregate=True))
    peer.expect("Status", *LIST)
    asking.result()
    assert manager._delivery.deadline is not None
    manager.disconnect()
    assert manager._delivery.deadline is None
