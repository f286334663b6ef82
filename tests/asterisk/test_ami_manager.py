"""The manager on threads against the live server."""

from __future__ import annotations

import base64
import hashlib
import logging
import queue
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    AnyAction,
    Event,
    Manager,
    ManagerActionError,
    ManagerAuthError,
    ManagerError,
    ManagerPermissionError,
    ManagerUnknownActionError,
    actions,
    core,
    core_events,
    events,
)
from tests.agi.peers import Background, eventually, records
from tests.asterisk.calls import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.asterisk.server import Asterisk

CHANNEL = "Local/silent@far"
HOSTILE = {
    "comma": "a,b=c",
    "quotes": '"a" "',
    "backslash": "a\\b\\\\",
    "brackets": "${X} $[1] (a) [b] {c}",
    "blanks": "a  b ",
    "percent": "%20 %",
    "colon": "a: b: c",
    "umlaut": "Zoë",
    "latin": "caf\udce9",
    "control": "a\tb\x07\x1b",
}


class Ear:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Any] = queue.Queue()

    def __call__(self, event: Any, manager: Manager) -> None:
        """Keep an event."""
        assert isinstance(manager, Manager)
        self.heard.put(event)

    def wait(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """Wait for an event that is wanted."""
        while not wanted(event := self.heard.get(timeout=SECONDS)):
            pass
        return event


@pytest.fixture
def connected(asterisk: Asterisk) -> Iterator[Manager]:
    """Give a manager that is connected, and not logged in."""
    with Manager() as manager:
        manager.connect("127.0.0.1", asterisk.ami_port)
        yield manager


@pytest.fixture
def manager(connected: Manager, asterisk: Asterisk) -> Manager:
    """Give a manager that is logged in."""
    answer = connected.send_action(core.Login("tests", asterisk.ami_secret))
    assert answer is not None
    assert answer.success
    return connected


def global_variable(manager: Manager, name: str) -> str:
    """Read a variable."""
    return manager.send(actions.Getvar(name))["Value"]


# Logging in and leaving.


def test_greeting(connected: Manager) -> None:
    """What the server says of itself."""
    info = connected.get_asterisk_info()
    assert info is not None
    assert info[0] == "Asterisk Call Manager"
    assert int(info[1].split(".")[0]) >= 5


def test_login_with_md5(connected: Manager, asterisk: Asterisk) -> None:
    """The secret is not sent."""
    answer = connected.send_action(core.Challenge())
    assert answer is not None
    challenge = answer.result["Challenge"]
    assert connected.send_action(
        core.Login("tests", asterisk.ami_secret, challenge=challenge)
    ).success  # type: ignore[union-attr] # an answer that is missing fails the test as well
    key = hashlib.md5((challenge + asterisk.ami_secret).encode()).hexdigest()  # noqa: S324 - AMI's
    assert connected.send(actions.Login("tests", auth_type="MD5", key=key)).success


def test_wrong_secret(connected: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """It is an error, and the end of the connection, noticed at once."""
    with pytest.raises(ManagerAuthError, match="Authentication failed"):
        connected.send_action(core.Login("tests", "wrong"))
    eventually(lambda: not connected.is_connected())
    assert connected.get_asterisk_info() is None
    eventually(lambda: "closed the connection" in caplog.text)


def test_not_logged_in(connected: Manager) -> None:
    """Nothing else is allowed before."""
    with pytest.raises(ManagerPermissionError, match="Asterisk refused Ping: Permission denied"):
        connected.send(actions.Ping())


def test_logoff(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    """Its answer is a success, the end behind it no surprise."""
    answer = manager.send_action(core.Logoff())
    assert answer is not None
    assert answer.success
    assert answer.response.name == "Goodbye"
    eventually(lambda: not manager.is_connected())
    assert records(caplog) == []


def descriptors(asterisk: Asterisk) -> set[str]:
    """List the sessions of the server by their descriptors."""
    lines = asterisk.command("manager show connected")[1:-1]
    return {line.split()[4] for line in lines}


def test_kicked(asterisk: Asterisk) -> None:
    """The end without a word is noticed at once, by whoever waits too."""
    before = descriptors(asterisk)
    with Manager() as manager:
        manager.connect("127.0.0.1", asterisk.ami_port)
        manager.send_action(core.Login("tests", asterisk.ami_secret))
        [descriptor] = descriptors(asterisk) - before
        asterisk.command(f"manager kick session {descriptor}")
        eventually(lambda: not manager.is_connected())
        with pytest.raises(ManagerError, match=r"cannot send Ping: .* closed the connection"):
            manager.send(actions.Ping())


# Actions.


def test_ping_costs_little(manager: Manager, asterisk: Asterisk) -> None:
    """Well under a millisecond more than a bare socket, if nothing else has the processor."""
    assert manager.send(actions.Ping())["Ping"] == "Pong"
    times = [manager.send_action(core.Ping()).time for _ in range(300)]  # type: ignore[union-attr]
    with socket.create_connection(("127.0.0.1", asterisk.ami_port)) as bare:
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bare.recv(4096)
        rounds = []
        for _ in range(300):
            started = time.perf_counter()
            bare.sendall(b"Action: Challenge\r\nAuthType: MD5\r\n\r\n")
            bare.recv(4096)
            rounds.append(time.perf_counter() - started)
    assert min(times) < min(rounds) + 0.001


def test_errors(manager: Manager) -> None:
    """What Asterisk refuses says why."""
    with pytest.raises(ManagerActionError, match="Asterisk refused Hangup: No such channel"):
        manager.send(actions.Hangup("Local/nobody"))
    with pytest.raises(ManagerUnknownActionError, match="Invalid/unknown command: Bogus"):
        manager.send(AnyAction("Bogus"))
    answer = manager.send_action(AnyAction("Bogus"))
    assert answer is not None
    assert not answer.success


def test_command(manager: Manager) -> None:
    """Every line of the output, in order and whole."""
    answer = manager.send_action(core.Command("core show version"))
    assert answer is not None
    assert answer.result.data[0].startswith("Asterisk ")
    lines = manager.send(actions.Command("core show functions")).data
    assert len(lines) > 50
    assert any(line.startswith("CALLERID ") for line in lines)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_values(manager: Manager, value: str) -> None:
    """They arrive as they are, and come back so."""
    manager.send(actions.Setvar("PYSTRIX_VALUE", value))
    assert global_variable(manager, "PYSTRIX_VALUE") == value


@pytest.mark.parametrize("value", ["line1\nline2", "a\r\nb\rc", "l1\nEvent: Fake\nActionID: x"])
def test_values_with_lines(manager: Manager, value: str) -> None:
    """A value with line breaks is the answer's, even if it looks like headers."""
    encoded = base64.b64encode(value.encode()).decode()
    response = manager.send(actions.Getvar(f"BASE64_DECODE({encoded})"))
    assert response.success
    bare = b"".join(bytes(response).partition(b"Value: ")[2:])
    assert bare == value.encode() + b"\r\n\r\n"
    if ":" not in value:
        assert response["Value"] == value


def test_refused_before_a_byte_is_sent(manager: Manager) -> None:
    """A header cannot end its line, and the connection is as before."""
    for value in ("x\r\n\r\nAction: Logoff", "x\nY: z", "\0", "x" * 1024):
        with pytest.raises(ValueError, match=r"Value|bytes"):
            manager.send(actions.Setvar("PYSTRIX_VALUE", value))
    assert manager.send(actions.Ping()).success


def test_longest_line(manager: Manager) -> None:
    """The limit of a line is Asterisk's own."""
    value = "x" * (1022 - len("Value: "))
    manager.send(actions.Setvar("PYSTRIX_VALUE", value))
    assert global_variable(manager, "PYSTRIX_VALUE") == value


def test_most_lines(manager: Manager) -> None:
    """The limit of a message is Asterisk's own."""
    fields = {f"F{number}": "x" for number in range(128 - 3)}
    assert manager.send(AnyAction("UserEvent", {"UserEvent": "Many", **fields})).success
    with pytest.raises(ValueError, match="at most 128 lines"):
        manager.send(AnyAction("UserEvent", {"UserEvent": "Many", **fields, "More": "x"}))


# Events.


def test_a_call(manager: Manager) -> None:
    """Originate, hear of it, look at it, hang it up."""
    ear, by_name = Ear(), Ear()
    manager.register_callback(core_events.Newchannel, ear)
    manager.register_callback("Hangup", by_name)
    variables = {name: value for name, value in HOSTILE.items() if name != "control"}
    answer = manager.send_action(
        core.Originate_Application(CHANNEL, "Wait", ["60"], variables=variables)
    )
    assert answer is not None
    assert answer.success
    channel = ear.wait(lambda event: event.channel.startswith(CHANNEL)).channel
    assert isinstance(channel, str)
    for name, value in variables.items():
        read = manager.send(actions.Getvar(name, channel=channel))["Value"]
        assert read == value, name
    listing = manager.send(actions.CoreShowChannels())
    assert channel in [each.channel for each in listing]
    assert listing.complete.list_items == len(listing)
    assert manager.send(actions.Status(channel=channel))[0].channel == channel
    manager.send(actions.Hangup(channel, cause=16))
    hangup = by_name.wait(lambda event: event["Channel"] == channel)
    assert isinstance(hangup, events.Hangup)
    assert hangup.cause == 16
    assert hangup.process()[0]["Cause"] == 16


def test_synchronous_list(manager: Manager) -> None:
    """As 1.x does it: the events by class and by name, and no callback."""
    ear = Ear()
    manager.register_callback("CoreShowChannelsComplete", ear)
    request = core.CoreShowChannels()
    request.synchronous = True
    answer = manager.send_action(request)
    assert answer is not None
    assert not answer.events_timeout
    assert answer.events is not None
    complete = answer.events[core_events.CoreShowChannelsComplete]
    assert answer.events["CoreShowChannelsComplete"] is complete
    assert int(complete["ListItems"]) == len(answer.events[core_events.CoreShowChannel])
    assert ear.heard.empty()


def test_aggregate(manager: Manager) -> None:
    """As 1.x does it: the single events, then all of them in one."""
    every = Ear()
    manager.register_callback("", every)
    request = core.CoreShowChannels()
    request.aggregate = True
    answer = manager.send_action(request)
    assert answer is not None
    every.wait(lambda event: event == "CoreShowChannelsComplete")
    aggregate = every.wait()
    assert aggregate == "CoreShowChannels_Aggregate"
    assert aggregate.valid
    assert aggregate.action_id == answer.action_id


def test_synchronous_hangup(manager: Manager) -> None:
    """Its event has no ActionID, and is found all the same."""
    ear = Ear()
    manager.register_callback("Newchannel", ear)
    manager.send_action(core.Originate_Application(CHANNEL, "Wait", ["60"]))
    channel = ear.wait(lambda event: event["Channel"].endswith(";1"))["Channel"]
    request = core.Hangup(channel)
    request.synchronous = True
    answer = manager.send_action(request)
    assert answer is not None
    assert not answer.events_timeout
    assert answer.events is not None
    assert answer.events["Hangup"]["Channel"] == channel


def test_actions_of_other_sessions(manager: Manager, asterisk: Asterisk) -> None:
    """Their events come with their ActionID, and belong to nobody here."""
    ear = Ear()
    manager.register_callback("UserEvent", ear)
    waiting = Background(lambda: manager.send(actions.WaitEvent(1), timeout=SECONDS))
    connection = manager.get_connection()
    assert connection is not None
    eventually(lambda: connection.outstanding == 1)
    asterisk.ami.action("UserEvent", UserEvent="Foreign", Response="Success", Event="re")
    event = ear.wait(lambda event: event["UserEvent"] == "Foreign")
    assert type(event) is events.UserEvent
    assert event.action_id
    assert event.get_all("Event") == ["UserEvent", "re"]
    waiting.result()


def test_nothing_is_lost(manager: Manager, asterisk: Asterisk) -> None:
    """Thousands of events at once come in order, all of them."""
    name = f"Storm-{time.time_ns()}"
    numbers: list[int] = []

    def count(event: Event, manager: Manager) -> None:
        assert manager.is_connected()
        if event["UserEvent"] == name:
            numbers.append(int(event["Number"]))

    manager.register_callback(events.UserEvent, count)
    with Manager() as storm:
        storm.connect("127.0.0.1", asterisk.ami_port)
        storm.send_action(core.Login("tests", asterisk.ami_secret, events=False))
        for number in range(3000):
            storm.send(AnyAction("UserEvent", {"UserEvent": name, "Number": number}))
    eventually(lambda: len(numbers) == 3000)
    assert numbers == list(range(3000))
    assert manager.events_dropped == 0


def test_no_thread_waits_for_another(manager: Manager) -> None:
    """A callback that sends actions, while others do."""
    done: queue.Queue[bool] = queue.Queue()

    def answer(event: Event, manager: Manager) -> None:
        assert event["UserEvent"]
        done.put(manager.send(actions.Ping()).success)

    manager.register_callback("UserEvent", answer)
    senders = [
        Background(lambda: [manager.send(actions.UserEvent("Busy")).success for _ in range(20)])
        for _ in range(4)
    ]
    assert all(all(sender.result()) for sender in senders)
    assert all(done.get(timeout=SECONDS) for _ in range(80))


def test_monitor(manager: Manager) -> None:
    """It pings a living server for as long as it lives."""
    thread = manager.monitor_connection(0.01)
    connection = manager.get_connection()
    assert connection is not None
    before = connection.received
    eventually(lambda: connection.received > before + 5)
    manager.disconnect()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_debug_shows_no_secret(asterisk: Asterisk, caplog: pytest.LogCaptureFixture) -> None:
    """The log of a whole session has everything else."""
    with caplog.at_level(logging.DEBUG), Manager(debug=True) as manager:
        manager.connect("127.0.0.1", asterisk.ami_port)
        manager.send_action(core.Login("tests", asterisk.ami_secret))
    assert asterisk.ami_secret not in caplog.text
    assert "Username: tests" in caplog.text
    assert "Authentication accepted" in caplog.text
