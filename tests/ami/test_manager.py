"""The manager on threads, against a server that says what a test tells it to."""

from __future__ import annotations

import gc
import logging
import queue
import socket
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import (
    Action,
    AnyAction,
    AnyListAction,
    Backoff,
    Event,
    Manager,
    ManagerActionError,
    ManagerAuthError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
    ManagerTimeoutError,
    Message,
    Response,
)
from pystrix.ami import manager as module
from pystrix.ami._aggregate import Aggregate
from pystrix.ami._message import events_by_name
from pystrix.ami._reconnector import monitor
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads, records
from tests.ami.managers import AT_ONCE, LOGIN, admit, return_to
from tests.ami.servers import Peer, ScriptedServer, trusting
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    from tests.ami.conftest import Connect

PING = AnyAction("Ping")
LIST = ("Response: Success", "EventList: start")

EventClasses = tuple[type[Event], ...]


class Hangup(Event):
    """An event without an ActionID."""

    NAME: ClassVar[str] = "Hangup"


class Status(Event):
    """An item."""

    NAME: ClassVar[str] = "Status"


class StatusComplete(Event):
    """What ends the list."""

    NAME: ClassVar[str] = "StatusComplete"


class Status_Aggregate(Aggregate):  # noqa: N801 - as 1.x names them
    """The list as one event."""

    _name: ClassVar[str] = "Status_Aggregate"
    _aggregation_members: ClassVar[EventClasses] = (Status,)
    _aggregation_finalisers: ClassVar[EventClasses] = (StatusComplete,)
    _count_header: ClassVar[str] = "ListItems"


class StatusRequest(Action[Any]):
    """A list as 1.x asks for it."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (Status_Aggregate,)
    _synchronous_events_list: ClassVar[EventClasses] = (Status,)
    _synchronous_events_finalising: ClassVar[EventClasses] = (StatusComplete,)

    def __init__(self, **settings: Any) -> None:
        super().__init__("Status")
        vars(self).update(settings)


CLASSES = events_by_name(Hangup, Status, StatusComplete)


class Ear:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Any] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, event: Any, manager: Manager) -> None:
        """Keep an event."""
        assert isinstance(manager, Manager)
        self.threads.add(threading.current_thread().name)
        self.heard.put(event)

    def next(self) -> Any:
        """Wait for the next event."""
        return self.heard.get(timeout=TIMEOUT)

    def names(self, count: int) -> list[str]:
        """Wait for some, and give their names."""
        return [self.next().name for _ in range(count)]


def finish_list(peer: Peer, request: Message, items: int = 1, announced: int | None = None) -> None:
    """Send the items of a list and its end."""
    for number in range(items):
        peer.respond(request, "Event: Status", f"N: {number}")
    count = items if announced is None else announced
    peer.respond(request, "Event: StatusComplete", "EventList: Complete", f"ListItems: {count}")


# Connecting.


def test_no_thread_before_connect() -> None:
    """Managers that are never connected cost nothing, and need not be closed."""
    manager = Manager()
    assert library_threads() == []
    gone = weakref.ref(manager)
    del manager
    gc.collect()
    assert gone() is None


def test_not_connected() -> None:
    """What can be asked without a connection, and what cannot."""
    manager = Manager()
    assert not manager.is_connected()
    assert manager.get_asterisk_info() is None
    assert manager.get_connection() is None
    manager.disconnect()
    for use in (
        lambda: manager.send(PING),
        lambda: manager.send_action(PING),
        manager.monitor_connection,
    ):
        with pytest.raises(ManagerError, match="not connected to an Asterisk manager"):
            use()


def test_connected(connect: Connect) -> None:
    """What the greeting says, until the connection ends."""
    manager, peer = connect()
    assert manager.is_connected()
    assert manager.get_asterisk_info() == ("Asterisk Call Manager", "11.0.0")
    connection = manager.get_connection()
    assert connection is not None
    assert connection.socket.fileno() >= 0
    peer.close()
    eventually(lambda: not manager.is_connected())
    assert manager.get_asterisk_info() is None
    assert manager.get_connection() is None


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=NEEDS_IPV6), "localhost"])
def test_addresses(host: str) -> None:
    """IPv4, IPv6 and names."""
    with ScriptedServer("::1" if ":" in host else "127.0.0.1") as server, Manager() as manager:
        manager.connect(host, server.port)
        assert manager.is_connected()


def test_tls() -> None:
    """Inside TLS all is the same."""
    with ScriptedServer(tls=True) as server, Manager() as manager:
        manager.connect("localhost", server.port, ssl=trusting())
        asking = Background(manager.send, PING)
        server.accept().expect("Ping", "Response: Success")
        assert asking.result() == "Success"
        with pytest.raises(ManagerSocketError, match="certificate verify failed"):
            manager.connect("localhost", server.port, ssl=True)
        assert not manager.is_connected()


@pytest.mark.parametrize("ssl", [None, False])
def test_no_tls(server: ScriptedServer, ssl: bool | None) -> None:
    """Neither None nor False is TLS."""
    with Manager() as manager:
        manager.connect("127.0.0.1", server.port, ssl=ssl)
        assert manager.is_connected()


def test_connect_again(connect: Connect, server: ScriptedServer) -> None:
    """An existing connection is dropped; callbacks stay."""
    manager, old = connect()
    ear = Ear()
    manager.register_callback("", ear)
    manager.connect("127.0.0.1", server.port)
    assert old.rest() == b""
    server.accept().message("Event: New")
    assert ear.names(1) == ["New"]


def test_connect_fails(connect: Connect) -> None:
    """The manager can be used again afterwards."""
    manager, _ = connect()
    with ScriptedServer(banner=b"220 smtp ready\r\n") as other:
        with pytest.raises(ManagerSocketError, match="220 smtp ready"):
            manager.connect("127.0.0.1", other.port)
        assert not manager.is_connected()


def test_closed_manager(server: ScriptedServer) -> None:
    """A manager that was closed is finished."""
    manager = Manager()
    manager.close()
    manager.close()
    with pytest.raises(ManagerError, match="the manager was closed"):
        manager.connect("127.0.0.1", server.port)
    assert server.accept().rest() == b""


@pytest.mark.parametrize("which", ["pystrix-ami-reader", "pystrix-ami-events"])
def test_no_thread_left(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """When the system has no thread the connection is closed again."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == which:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    manager = Manager()
    with pytest.raises(RuntimeError, match="can't start new thread"):
        manager.connect("127.0.0.1", server.port)
    assert not manager.is_connected()
    assert server.accept().rest() == b""


def test_overflow_is_one_of_two() -> None:
    """A mistake is told at once."""
    with pytest.raises(ValueError, match="overflow is 'drop' or 'disconnect', not 'block'"):
        Manager(overflow="block")  # type: ignore[arg-type]


# The end.


def test_end_is_noticed_at_once(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever waits is told, callbacks hear what came before, the log says it once."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("", ear)
    asking = Background(manager.send_action, PING)
    peer.request()
    peer.message("Event: Shutdown")
    peer.close()
    with pytest.raises(ManagerConnectionLostError, match="before Ping was answered") as caught:
        asking.result()
    assert caught.value.sent
    assert ear.names(1) == ["Shutdown"]
    eventually(lambda: not library_threads())
    assert [record.getMessage() for record in records(caplog)] == [str(caught.value.__cause__)]


def test_goodbye(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The end after a Logoff is no warning."""
    manager, peer = connect()
    asking = Background(manager.send_action, AnyAction("Logoff"))
    peer.expect("Logoff", "Response: Goodbye", "Message: Thanks for all the fish.")
    peer.close()
    answer = asking.result()
    assert answer.success
    eventually(lambda: not manager.is_connected())
    eventually(lambda: not library_threads())
    assert records(caplog) == []


def test_disconnect(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """At once, also on a quiet connection; whoever waits is told."""
    manager, peer = connect()
    asking = Background(manager.send, PING)
    peer.request()
    manager.disconnect()
    manager.disconnect()
    with pytest.raises(ManagerConnectionLostError, match="the manager disconnected before Ping"):
        asking.result()
    assert not manager.is_connected()
    assert peer.rest() == b""
    assert records(caplog) == []


@pytest.mark.parametrize("reconnect", [False, AT_ONCE])
def test_wait_closed(server: ScriptedServer, reconnect: Backoff | bool) -> None:
    """It can have a time limit, and is at once where nothing is to wait for."""
    told: list[bool] = []
    with Manager(reconnect=reconnect) as manager:
        assert manager.wait_closed()
        manager.register_resync(lambda manager: told.append(manager.wait_closed()))
        connecting = Background(lambda: manager.connect("127.0.0.1", server.port, **LOGIN))
        peer = server.accept()
        admit(peer)
        connecting.result()
        assert not manager.wait_closed(0)
        assert not manager.wait_closed(0.001)
        if reconnect:
            peer.close()
            gaps: queue.Queue[Event] = queue.Queue()
            manager.register_callback("Gap", lambda gap, _: gaps.put(gap))
            return_to(server)
            gaps.get(timeout=TIMEOUT)
            assert told == [False]
        waiting = Background(manager.wait_closed)
        manager.disconnect()
        assert waiting.result()
    assert manager.wait_closed()


def test_wait_closed_without_a_login(connect: Connect) -> None:
    """It gives what a Logoff or `disconnect` ends, and raises what the peer does."""
    manager, peer = connect()
    assert not manager.wait_closed(0)
    waiting = Background(manager.wait_closed)
    peer.close()
    with pytest.raises(ManagerSocketError, match="closed the connection"):
        waiting.result()
    with pytest.raises(ManagerError, match=r"cannot send Ping: .* closed the connection"):
        manager.send(PING)
    manager.disconnect()
    assert manager.wait_closed()


def test_idle_connections_live(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit of connecting is none for the silence afterwards."""
    manager = Manager()
    made = socket.create_connection(("127.0.0.1", server.port))
    peer = server.accept()  # it has greeted: nothing takes time any more
    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", lambda *_: made)
        manager.connect("127.0.0.1", server.port, timeout=0.05)
    connection = manager.get_connection()
    assert connection is not None
    assert not connection.wait_closed(0.1)
    asking = Background(manager.send, PING)
    peer.expect("Ping", "Response: Success")
    assert asking.result().success
    manager.close()


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


# Callbacks.


def test_callbacks(connect: Connect) -> None:
    """By class, by name, for all; in the order of registration, in a thread of their own."""
    manager, peer = connect(event_classes=CLASSES)
    order: list[str] = []
    last = Ear()
    manager.register_callback(Hangup, lambda *_: order.append("class"))
    manager.register_callback("", lambda *_: order.append("every"))
    manager.register_callback("Hangup", lambda *_: order.append("name"))
    manager.register_callback("Newchannel", lambda *_: order.append("other"))
    manager.register_callback("Hangup", last)
    peer.message("Event: Hangup", "Cause: 16")
    event = last.next()
    assert type(event) is Hangup
    assert event["Cause"] == "16"
    assert order == ["class", "every", "name"]
    assert last.threads == {"pystrix-ami-events"}
    assert manager.unregister_callback("Hangup", last)
    assert not manager.unregister_callback("Hangup", last)


def test_orphans(connect: Connect) -> None:
    """Responses that nobody waits for go to the callbacks for None, and to no other."""
    manager, peer = connect()
    orphans, every = Ear(), Ear()
    manager.register_callback(None, orphans)
    manager.register_callback("", every)
    peer.message("Response: Success", "ActionID: nobody")
    peer.message("Event: X")
    assert orphans.next().action_id == "nobody"
    assert every.names(1) == ["X"]


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_failing_callback(
    connect: Connect, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """It is logged, and disturbs nobody."""

    def fail(*_: object) -> None:
        raise error("a mistake in a program")

    manager, peer = connect()
    ear = Ear()
    manager.register_callback("", fail)
    manager.register_callback("", ear)
    peer.message("Event: X")
    peer.message("Event: Y")
    assert ear.names(2) == ["X", "Y"]
    manager.close()
    assert len(records(caplog)) == 2
    assert "failed for X" in caplog.text
    assert "a mistake in a program" in caplog.text


def test_actions_in_a_callback(connect: Connect) -> None:
    """Plain and synchronous ones work there as anywhere."""
    manager, peer = connect(event_classes=CLASSES)
    results: queue.Queue[Any] = queue.Queue()

    def hear(event: Event, manager: Manager) -> None:
        assert event
        results.put(manager.send(PING))
        results.put(manager.send_action(StatusRequest(synchronous=True)))

    manager.register_callback("Go", hear)
    peer.message("Event: Go")
    peer.expect("Ping", "Response: Success")
    finish_list(peer, peer.expect("Status", *LIST), 3)
    assert results.get(timeout=TIMEOUT).success
    assert len(results.get(timeout=TIMEOUT).events[Status]) == 3


@pytest.mark.parametrize("how", ["close", "disconnect"])
def test_close_in_a_callback(connect: Connect, how: str) -> None:
    """It does not wait for itself; nothing more is delivered."""
    manager, peer = connect()
    done = threading.Event()
    heard: list[str] = []

    def hear(event: Event, manager: Manager) -> None:
        heard.append(event.name)
        getattr(manager, how)()
        done.set()

    manager.register_callback("", hear)
    peer.send(b"Event: A\r\n\r\nEvent: B\r\n\r\n")
    assert done.wait(TIMEOUT)
    eventually(lambda: not library_threads())
    assert heard == ["A"]
    assert peer.rest() == b""


def test_connect_in_a_callback(connect: Connect, server: ScriptedServer) -> None:
    """A program may connect again when it hears of the end."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("Shutdown", lambda *_: manager.connect("127.0.0.1", server.port))
    manager.register_callback("Back", ear)
    peer.message("Event: Shutdown")
    server.accept().message("Event: Back")
    assert ear.names(1) == ["Back"]
    assert manager.is_connected()


def test_close_waits_for_the_callback(connect: Connect) -> None:
    """When `close` returns no callback runs."""
    manager, peer = connect()
    entered, leave, left = threading.Event(), threading.Event(), threading.Event()

    def hear(*_: object) -> None:
        entered.set()
        assert leave.wait(TIMEOUT)
        left.set()

    manager.register_callback("", hear)
    peer.message("Event: X")
    assert entered.wait(TIMEOUT)
    closing = Background(manager.close)
    eventually(lambda: not manager.is_connected())
    leave.set()
    closing.result()
    assert left.is_set()


# Events that find no room.


class Slow:
    """A callback that waits until it may go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.heard: list[str] = []

    def __call__(self, event: Event, manager: Manager) -> None:
        """Wait, and keep the event."""
        assert isinstance(manager, Manager)
        self.entered.set()
        assert self.go_on.wait(TIMEOUT)
        self.heard.append(event["N"])


def test_overflow_drops(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Events beyond the queue are counted and logged once; answers come as ever."""
    manager, peer = connect(queue_size=10)
    slow = Slow()
    manager.register_callback("", slow)
    peer.message("Event: X", "N: first")
    assert slow.entered.wait(TIMEOUT)
    for number in range(30):
        peer.message("Event: X", f"N: {number}")
    asking = Background(manager.send, PING)
    peer.expect("Ping", "Response: Success")
    assert asking.result().success
    eventually(lambda: manager.events_dropped == 20)
    peer.message("Event: X", "N: late")
    eventually(lambda: manager.events_dropped == 21)
    slow.go_on.set()
    eventually(lambda: len(slow.heard) == 11)
    assert slow.heard == ["first", *map(str, range(10))]
    assert manager.is_connected()
    [record] = records(caplog)
    assert "the callbacks are slower than the events: 10 wait, others are dropped" in (
        record.getMessage()
    )


def test_overflow_disconnects(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """If the user wants so the connection ends; what was queued is delivered."""
    manager, peer = connect(queue_size=10, overflow="disconnect")
    slow = Slow()
    manager.register_callback("", slow)
    asking = Background(manager.send, PING)
    peer.request()
    peer.send(b"".join(b"Event: X\r\nN: %d\r\n\r\n" % number for number in range(30)))
    with pytest.raises(ManagerConnectionLostError, match="faster than they are taken: 10 wait"):
        asking.result()
    assert not manager.is_connected()
    assert manager.events_dropped > 0
    slow.go_on.set()
    eventually(lambda: not library_threads())
    assert slow.heard == [str(number) for number in range(len(slow.heard))]
    assert len(slow.heard) >= 10
    assert [record.levelno for record in records(caplog)] == [logging.WARNING]


# Watching over the connection.


def test_monitor(connect: Connect) -> None:
    """It pings, and ends with the connection."""
    manager, peer = connect()
    thread = manager.monitor_connection(0.001)
    for _ in range(3):
        peer.expect("Ping", "Response: Success")
    assert thread.is_alive()
    assert thread.daemon
    manager.disconnect()
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_monitor_of_a_silent_server(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A server that does not answer is left."""
    manager, peer = connect()
    thread = manager.monitor_connection(0.001, timeout=0.05)
    thread.join(TIMEOUT)
    assert not manager.is_connected()
    assert peer.expect("Ping")
    assert "nothing came within 0.05 s of a Ping" in caplog.text


def test_monitor_hears_events(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends anything lives, even if it does not answer yet."""
    manager, peer = connect()
    ear = Ear()
    manager.register_callback("X", ear)
    connection = manager.get_connection()
    assert connection is not None
    request = connection.request
    pings: list[Any] = []

    def ask(*arguments: Any, timeout: float, **options: Any) -> Any:
        assert timeout == module.PING_SECONDS
        if len(pings) == 3:
            return request(*arguments, timeout=timeout, **options)
        exchange = request(*arguments, timeout=0, **options)
        peer.expect("Ping")
        peer.message("Event: X")
        pings.append(ear.next())
        return exchange

    monkeypatch.setattr(connection, "request", ask)
    manager.monitor_connection(0.001)
    eventually(lambda: len(pings) >= 3)
    assert manager.is_connected()


def test_monitor_of_a_busy_server(connect: Connect) -> None:
    """While another action waits for its answer the silence means nothing."""
    manager, peer = connect()
    originate = Background(lambda: manager.send(AnyAction("Originate"), timeout=TIMEOUT))
    request = peer.expect("Originate")
    manager.monitor_connection(0.001, timeout=0.02)
    for _ in range(3):
        peer.expect("Ping")
    assert manager.is_connected()
    peer.respond(request, "Response: Success")
    assert originate.result().success


def test_monitor_loses_a_race(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that ends right before a Ping is no error."""
    manager, _ = connect()
    connection = manager.get_connection()
    assert connection is not None
    manager.disconnect()
    monkeypatch.setattr(connection, "wait_closed", lambda _: False)
    monitor(connection, 0, 0)


# The log.


def test_own_logger(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """A program may give its own; in debugging every message is there, secrets are not."""
    with Manager(debug=True, logger=logging.getLogger("program")) as manager:
        manager.connect("127.0.0.1", server.port)
        peer = server.accept()
        with caplog.at_level(logging.DEBUG, "program"):
            asking = Background(manager.send, AnyAction("Login", {"Secret": "hush"}))
            peer.expect("Login", "Response: Success")
            asking.result()
    assert {record.name for record in caplog.records} == {"program"}
    assert "Secret: ***" in caplog.text
    assert "hush" not in caplog.text


def test_defaults() -> None:
    """They are what the documentation says."""
    assert module.QUEUE_SIZE == 50_000
    assert module.PING_SECONDS == 5.0
    started = time.monotonic()
    Manager(True, None, 5, 5).close()
    assert time.monotonic() - started < TIMEOUT
