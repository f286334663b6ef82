"""The catalogue against a live server with all its modules: names, fields, lists, events."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from pystrix.ami import (
    Action,
    AnyAction,
    Event,
    EventList,
    FieldValueError,
    ListAction,
    Manager,
    ManagerActionError,
    MissingFieldError,
    Response,
    actions,
    app_confbridge,
    core,
    events,
)
from pystrix.ami.actions import ConfigChange
from tests.asterisk.complete import CompleteAsterisk
from tools.catalogue.__main__ import DOCUMENTATION, FOLDERS, find_differences, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pystrix.ami import Message
    from tests.asterisk.provision import Installation
    from tests.asterisk.server import Asterisk

GENERATED_FOR: Final = "22"
SECONDS: Final = 20.0
EVERY: Final = {"event", "privilege", "actionid", "systemname", "timestamp", "sequencenumber"}
"""Headers that any event may have."""
ARGUMENTS: Final[dict[str, tuple[object, ...]]] = {
    "BridgeInfo": ("no-bridge",),
    "ConfbridgeList": ("room",),
    "CoreShowChannelMap": ("Local/nobody",),
    "DBGet": ("family", "key"),
    "HangupMatching": ("^Local/nobody",),
    "MWIGet": ("/.*/",),
    "PJSIPShowEndpoint": ("nobody",),
    "VoicemailBoxSummary": ("default", "1234"),
    "VoicemailUserStatus": ("default", "1234"),
}
FILLED: Final = {
    "Agents",
    "BridgeTechnologyList",
    "DBGet",
    "DBGetTree",
    "DeviceStateList",
    "ExtensionStateList",
    "IAXpeerlist",
    "PJSIPShowAors",
    "PJSIPShowAuths",
    "PJSIPShowContacts",
    "PJSIPShowEndpoint",
    "PJSIPShowEndpoints",
    "PJSIPShowRegistrationInboundContactStatuses",
    "PJSIPShowRegistrationsInbound",
    "PJSIPShowRegistrationsOutbound",
    "PJSIPShowResourceLists",
    "Parkinglots",
    "QueueStatus",
    "QueueSummary",
    "ShowDialPlan",
    "VoicemailUserStatus",
    "VoicemailUsersList",
}
"""Lists that have items without any call, by the configuration of the tests."""
REFUSED: Final = {"BridgeInfo", "ConfbridgeList", "ConfbridgeListRooms", "CoreShowChannelMap"}
"""Lists of something that is not there."""
LISTS: Final = sorted(
    name
    for name in actions.__all__
    if isinstance(kind := getattr(actions, name), type) and issubclass(kind, ListAction)
)


def is_of_the_catalogue(asterisk: Asterisk) -> bool:
    """Tell whether the catalogue was made for the version of a server."""
    return asterisk.version.partition(".")[0] == GENERATED_FOR


@pytest.fixture(scope="module")
def complete(live_asterisk: Asterisk) -> Iterator[CompleteAsterisk]:
    """Give a server with all modules."""
    with CompleteAsterisk(live_asterisk._installation) as asterisk:
        yield asterisk


class Recorder:
    """Hears all events; a callback."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards what follows
        self.heard: list[Event] = []

    def __call__(self, event: Any, manager: Manager) -> None:
        """Keep an event."""
        del manager
        with self._changed:
            self.heard.append(event)
            self._changed.notify_all()

    def wait(self, name: str, **headers: str) -> Event:
        """Give the first event of a name with certain headers, waiting for it."""

        def found() -> Event | None:
            wanted = headers.items()
            return next(
                (x for x in self.heard if x == name and wanted <= dict(x).items()),
                None,
            )

        with self._changed:
            event = self._changed.wait_for(found, SECONDS)
        assert event is not None, f"no {name} with {headers}"
        return event


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    """Give what hears all events of the module's manager."""
    return Recorder()


@pytest.fixture(scope="module")
def manager(complete: CompleteAsterisk, recorder: Recorder) -> Iterator[Manager]:
    """Give a manager that is logged in, and whose events are recorded."""
    with Manager() as manager:
        manager.register_callback("", recorder)
        manager.connect("127.0.0.1", complete.ami_port, 20)
        manager.send_action(core.Login("tests", complete.ami_secret))
        manager.send(actions.DBPut("family", "key", val="value"))
        recorder.wait("SuccessfulAuth", AccountID="self")  # its own registration
        yield manager


def check_fields(message: Message, *, whole: bool) -> None:
    """Check that each field of a message reads what came, and, if `whole`, that all are known."""
    fields = type(message).fields()
    for name in fields:
        with contextlib.suppress(MissingFieldError):
            try:
                getattr(message, name)
            except FieldValueError as error:
                pytest.fail(f"{error} in {message!r}")
    if whole:
        known = {field.header.lower() for field in fields.values()} | EVERY
        known |= {"eventlist", "listitems"}
        came = {re.sub(r"^report\d+", "report{}", header.lower()) for header in message}
        assert came <= known, f"{message.name} has headers that are not known: {came - known}"


# The generator.


def test_generated(live_asterisk: Asterisk) -> None:
    """The catalogue is what the generator makes of this Asterisk's documentation."""
    if not is_of_the_catalogue(live_asterisk):
        pytest.skip(f"the catalogue is made from Asterisk {GENERATED_FOR}'s documentation")
    installation = live_asterisk._installation
    assert find_differences(documentation_of(installation)) == []


def test_differences_are_told(live_asterisk: Asterisk, tmp_path: Path) -> None:
    """A file that is changed, missing or not of the catalogue is told."""
    documentation = documentation_of(live_asterisk._installation)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    write_files(documentation, tmp_path)
    assert find_differences(documentation, tmp_path) == []
    (tmp_path / "events" / "_surplus.py").write_text("")
    (tmp_path / "events" / "_calls.py").unlink()
    with (tmp_path / "actions" / "_calls.py").open("a") as file:
        file.write("\n")
    found = find_differences(documentation, tmp_path)
    assert found == ["actions/_calls.py", "events/_calls.py", "events/_surplus.py"]
    write_files(documentation, tmp_path)
    assert find_differences(documentation, tmp_path) == []


def documentation_of(installation: Installation) -> Path:
    """Find the documentation of an Asterisk."""
    return installation.root / installation.data.lstrip("/") / DOCUMENTATION


# Names.


def test_actions_of_the_server(manager: Manager, complete: CompleteAsterisk) -> None:
    """Every action that the server has is in the catalogue, with the classes that may use it."""
    if not is_of_the_catalogue(complete):
        pytest.skip(f"the catalogue is that of Asterisk {GENERATED_FOR}")
    commands = manager.send(actions.ListCommands()).commands
    assert len(commands) > 120
    assert {name for name in commands if not hasattr(actions, name)} == set()
    classes = {name: getattr(actions, name).CLASSES for name in commands}
    assert classes == {name: command.classes for name, command in commands.items()}


def test_console_lists_the_same(manager: Manager) -> None:
    """The console knows no action that ListCommands does not."""
    commands = manager.send(actions.ListCommands()).commands
    lines = manager.send(actions.Command("manager show commands")).output
    shown = {line.split()[0] for line in lines if re.match(r"  [A-Z]\w+ +\S", line)} - {"Action"}
    # The console cuts long names.
    assert all(any(name.startswith(one) for name in commands) for one in shown)
    assert len(shown) == len(commands)


def test_events_of_the_server(manager: Manager, complete: CompleteAsterisk) -> None:
    """Every event that the server documents is in the catalogue."""
    if not is_of_the_catalogue(complete):
        pytest.skip(f"the catalogue is that of Asterisk {GENERATED_FOR}")
    lines = manager.send(actions.Command("manager show events")).output
    shown = {name for line in lines[2:] for name in line.split() if name != "-"}
    shown = {name for name in shown if re.fullmatch(r"[A-Z][\w-]+", name)}
    assert {name for name in shown if name.lower() not in events.BY_NAME} == set()
    assert len(shown) == 171


# Lists.


@pytest.mark.parametrize("name", LISTS)
def test_list(name: str, manager: Manager, complete: CompleteAsterisk) -> None:
    """Each list comes with items of its classes, whose fields all read."""
    kind = getattr(actions, name)
    if kind.NAME not in manager.send(actions.ListCommands()).commands:
        pytest.skip(f"this Asterisk has no module with {kind.NAME}")
    action: ListAction[Event, Event] = kind(*ARGUMENTS.get(name, ()))
    if name in REFUSED:
        with pytest.raises(ManagerActionError):
            manager.send(action)
        return
    result = manager.send(action)
    assert isinstance(result, EventList)
    assert type(result.complete) is kind.COMPLETE
    assert {type(item) for item in result} <= set(kind.ITEMS)
    if name in FILLED:
        assert len(result) > 0
    for message in (*result, result.complete):
        check_fields(message, whole=is_of_the_catalogue(complete))


def test_list_of_nothing(manager: Manager) -> None:
    """Where Asterisk calls an empty list an error, it is one."""
    with pytest.raises(ManagerActionError, match="not"):
        manager.send(actions.DBGet("no", "key"))


def test_console_answers_what_no_action_does(manager: Manager) -> None:
    """Instead of IAXnetstats, which Asterisk does not answer, the console does."""
    assert manager.send(actions.Command("iax2 show netstats")).output


# Responses.


def test_responses(manager: Manager) -> None:
    """Typed responses read what Asterisk answers."""
    settings = manager.send(actions.CoreSettings())
    assert settings.asterisk_version[:2].isdecimal()
    assert settings.core_cdr_enabled is True
    status = manager.send(actions.CoreStatus())
    answers: list[Response] = [
        settings,
        status,
        manager.send(actions.Challenge()),
        manager.send(actions.Events("on")),
        manager.send(actions.ExtensionState("100", "more")),
        manager.send(actions.Getvar("GLOBAL(X)")),
        manager.send(actions.MailboxCount("1234@default")),
        manager.send(actions.MailboxStatus("1234@default")),
        manager.send(actions.ModuleCheck("res_agi")),
        manager.send(actions.PresenceState("CustomPresence:alice")),
        manager.send(actions.Ping()),
    ]
    for answer in answers:
        check_fields(answer, whole=False)
    assert manager.send(actions.QueueRule()).rules == {"patience": ["30,+3,10"]}
    stats = manager.send(actions.FAXStats())
    assert stats.current_sessions == 0


def test_configuration(manager: Manager) -> None:
    """A file is changed, and read in each of the ways there are."""
    manager.send(actions.CreateConfig("made.conf"))
    templates = 'catfilter="TEMPLATES=include"'
    changes = [
        ConfigChange("NewCat", "base", options="template"),
        ConfigChange("Append", "base", "colour", "red,green", options=templates),
        ConfigChange("NewCat", "one", options='inherit="base"'),
        ConfigChange("Append", "one", "size", "a=b"),
    ]
    manager.send(actions.UpdateConfig("made.conf", "made.conf", changes=changes))
    result = manager.send(actions.GetConfig("made.conf", filter_="TEMPLATES=include"))
    assert [category.name for category in result.categories] == ["base", "one"]
    base, one = result.categories
    assert (base.lines, base.is_template) == ([("colour", "red,green")], True)
    assert ("size", "a=b") in one.lines
    assert one.templates == ["base"]
    assert "size=a=b" in list(manager.send(core.GetConfig("made.conf")).get_lines())
    assert manager.send(actions.ListCategories("made.conf")).categories == ["one"]
    assert manager.send(actions.GetConfigJSON("made.conf")).config["one"]["size"] == "a=b"
    changes = [ConfigChange("Update", "one", "size", "c", match="a=b")]
    manager.send(core.UpdateConfig("made.conf", "made.conf", changes, False))
    assert ("size", "c") in manager.send(actions.GetConfig("made.conf")).categories[-1].lines


# Synchronous requests, as of pystrix 1.x.


def synchronous(manager: Manager, request: Action[Any]) -> dict[Any, Any]:
    """Send a synchronous request, which must not run out of time; give its events."""
    request.synchronous = True
    answer = manager.send_action(request)
    assert answer is not None
    assert answer.success, answer.response
    assert answer.events_timeout is False
    assert answer.time < request.timeout
    assert answer.events is not None
    return answer.events


def test_synchronous_requests(manager: Manager) -> None:
    """Each hears its event, though most events have no ActionID."""
    device = "Local/silent@far"
    added = synchronous(manager, core.QueueAdd(device, "sales", "Dora", 2, True))
    assert added[events.QueueMemberAdded]["MemberName"] == "Dora"
    removed = synchronous(manager, core.QueueRemove(device, "sales"))
    assert removed["QueueMemberRemoved"]["Interface"] == device
    read = synchronous(manager, core.DBGet("family", "key"))
    assert [event["Val"] for event in read["DBGetResponse"]] == ["value"]
    sent = synchronous(manager, core.UserEvent(UserEvent="Mine", A="1"))
    assert sent[events.UserEvent]["A"] == "1"


def test_synchronous_agi(manager: Manager, recorder: Recorder) -> None:
    """An AGI command gives its result."""
    uniqueid = originate(manager, "silent@far", "AGI", "agi:async")
    started = recorder.wait("AsyncAGIStart", Uniqueid=uniqueid)
    assert isinstance(started, events.AsyncAGIStart)
    assert "\nagi_uniqueid: " in started.env
    for command_id in ("the-id", None):
        answer = synchronous(manager, core.AGI(started.channel, "CHANNEL STATUS", command_id))
        assert answer[events.AsyncAGIExec].result == "200 result=6\n"
    answer = synchronous(manager, core.Hangup(started.channel))
    assert answer[events.Hangup].uniqueid == uniqueid


# Events.


def originate(manager: Manager, extension: str, application: str, data: str = "") -> str:
    """Make a call of a Local channel to an application; give the name of the near half."""
    uniqueid = f"test-{extension}-{time.monotonic_ns()}"
    manager.send(
        actions.Originate(
            f"Local/{extension}",
            application=application,
            data=data,
            async_=True,
            channel_id=uniqueid,
            variable={"COLOUR": "deep, red"},
        )
    )
    return uniqueid


def test_storm(manager: Manager, recorder: Recorder, complete: CompleteAsterisk) -> None:
    """Of all that calls can do, every event is of its class, and no field is lost."""
    spoken = originate(manager, "talk@far", "Echo")
    channel = recorder.wait("Newchannel", Uniqueid=spoken)["Channel"]
    recorder.wait("OriginateResponse", Uniqueid=spoken)
    play(manager, recorder, channel)
    park(manager, recorder, channel)
    waiting = originate(manager, "queue@more", "Wait", "60")
    recorder.wait("AgentConnect")
    for member in ("Local/talk@far",):
        manager.send(actions.QueuePause(member, True, reason="lunch"))
        manager.send(actions.QueueMemberRingInUse(member, False))
        manager.send(actions.QueuePenalty(member, 3))
    left = originate(manager, "queue@more", "Wait", "60")
    recorder.wait("QueueCallerJoin", Linkedid=left)
    confer(manager, recorder)
    originate(manager, "agent@more", "Wait", "60")
    recorder.wait("AgentLogin")
    originate(manager, "talk@far", "ChanSpy", "Local/talk")
    recorder.wait("ChanSpyStart")
    originate(manager, "voicemail@more", "Wait", "60")
    manager.send(actions.Originate("PJSIP/loop", application="Wait", data="60", async_=True))
    recorder.wait("RTCPReceived")
    change_states(manager, recorder)
    hung_up = manager.send(actions.HangupMatching(".*"))
    assert len(hung_up) > 8
    recorder.wait("Hangup", Uniqueid=waiting)
    recorder.wait("Hangup", Uniqueid=left)
    recorder.wait("QueueCallerAbandon")
    recorder.wait("Cdr")
    check_events(recorder.heard, whole=is_of_the_catalogue(complete))


def play(manager: Manager, recorder: Recorder, channel: str) -> None:
    """Have a channel hear, send and record things."""
    manager.send(actions.MixMonitor(channel, file="storm.wav", options="i(ID)"))
    manager.send(actions.MixMonitorMute(channel, "both", True))
    recorder.wait("MixMonitorMute")
    manager.send(actions.StopMixMonitor(channel))
    manager.send(actions.MuteAudio(channel, "in", True))
    manager.send(actions.MuteAudio(channel, "in", False))
    manager.send(actions.PlayDTMF(channel, "5", duration=100, receive=True))
    manager.send(actions.SendFlash(channel, receive=True))
    recorder.wait("DTMFEnd")
    recorder.wait("Flash")
    manager.send(actions.SendText(channel, "text"))
    for variable, value in (
        ("CHANNEL(hangup_handler_push)", "subs,s,1"),
        ("CHANNEL(accountcode)", "account"),
        ("CALLERID(name)", 'Zoë "Z"'),
        ("TALK_DETECT(set)", ""),
        ("LINES", "plain"),
    ):
        manager.send(actions.Setvar(variable, value, channel=channel))
    named = recorder.wait("NewCallerid")
    assert isinstance(named, events.NewCallerid)
    assert named.caller_id_name == 'Zoë "Z"'
    originate(manager, "talk@far", "MusicOnHold", "default,1")
    recorder.wait("MusicOnHoldStop")


def park(manager: Manager, recorder: Recorder, channel: str) -> None:
    """Park a channel, take it back, and transfer it."""
    manager.send(actions.Park(channel))
    parked = recorder.wait("ParkedCall")
    (listed,) = manager.send(actions.ParkedCalls())
    assert listed.parkee_channel == channel
    check_fields(listed, whole=True)
    space = f"default,{parked['ParkingSpace']}"
    retriever = originate(manager, "quiet@far", "ParkedCall", space)
    recorder.wait("UnParkedCall")
    bridge = recorder.wait("BridgeEnter", Uniqueid=retriever)
    members = manager.send(actions.BridgeInfo(bridge["BridgeUniqueid"]))
    assert {type(member) for member in members} == {events.BridgeInfoChannel}
    assert members.complete.bridge_num_channels == len(members)
    connected = manager.send(actions.CoreShowChannelMap(channel))
    assert connected[0].channel == channel
    for message in (*members, members.complete, *connected, *manager.send(actions.BridgeList())):
        check_fields(message, whole=True)
    manager.send(actions.BlindTransfer(bridge["Channel"], "talk", context="far"))
    recorder.wait("BlindTransfer")


def confer(manager: Manager, recorder: Recorder) -> None:
    """Hold a conference."""
    member = originate(manager, "conference@more", "Wait", "60")
    recorder.wait("ConfbridgeJoin", Linkedid=member)
    manager.send(actions.ConfbridgeMute("room", "all"))
    manager.send(actions.ConfbridgeUnmute("room", "all"))
    recorder.wait("ConfbridgeUnmute")
    for request in (
        app_confbridge.ConfbridgeStartRecord("room"),
        app_confbridge.ConfbridgeStopRecord("room"),
    ):
        request.synchronous = True
        answer = manager.send_action(request)
        assert answer is not None
        assert answer.success
        assert not answer.events_timeout
    rooms = manager.send(actions.ConfbridgeListRooms())
    assert rooms[0].parties == 1
    for message in (*rooms, *manager.send(actions.ConfbridgeList("room"))):
        check_fields(message, whole=True)


def change_states(manager: Manager, recorder: Recorder) -> None:
    """Change the states of devices, modules and more."""
    for variable, value in (
        ("DEVICE_STATE(Custom:lamp)", "INUSE"),
        ("PRESENCE_STATE(CustomPresence:alice)", "away,lunch,back at 2"),
    ):
        manager.send(actions.Setvar(variable, value))
    recorder.wait("ExtensionStatus")
    recorder.wait("PresenceStatus")
    presences = manager.send(actions.PresenceStateList())
    assert [presence.subtype for presence in presences] == ["lunch"]
    manager.send(actions.ModuleLoad("unload", module="app_if.so"))
    manager.send(actions.ModuleLoad("load", module="app_if.so"))
    recorder.wait("Unload")
    manager.send(actions.Reload(module="res_parking"))
    recorder.wait("Reload")
    manager.send(actions.PJSIPSetMaintenance("nobody", True))
    maintained = manager.send(actions.PJSIPShowMaintenance())
    assert [(one.endpoint, one.status) for one in maintained] == [("nobody", True)]
    manager.send(actions.PJSIPSetMaintenance("nobody", False))
    headers = {"A": "x: y", "Empty": ""}
    manager.send(actions.UserEvent("Mine", headers=headers))
    mine = recorder.wait("UserEvent", UserEvent="Mine")
    assert (mine["A"], mine["Empty"]) == ("x: y", "")
    with pytest.raises(ManagerActionError):
        manager.send(AnyAction("NoSuchAction"))
    for message in (*presences, *maintained, *manager.send(actions.Status(all_variables=True))):
        check_fields(message, whole=True)
    variables = [one.variable for one in manager.send(actions.Status(all_variables=True))]
    assert any(one.get("COLOUR") == "deep, red" for one in variables)


def check_events(heard: list[Event], *, whole: bool) -> None:
    """Check that events are of their classes and that no field is lost."""
    kinds = {event.name for event in heard}
    assert len(kinds) > 70, sorted(kinds)
    for event in heard:
        name = event.name
        if name in ("UserEvent", "TestEvent", "OriginateResponse"):  # with headers of any name
            check_fields(event, whole=False)
            continue
        if whole:
            assert type(event) is events.BY_NAME.get(name.lower()), f"{name} is not known"
            classes = event.get("Privilege", "").split(",")
            assert not classes[0] or (classes[0].lower(),) == type(event).CLASSES, event
        check_fields(event, whole=whole)


def test_hangup_of_nothing(manager: Manager) -> None:
    """A pattern that fits no channel hangs up none."""
    assert len(manager.send(actions.HangupMatching("^Nobody/"))) == 0
