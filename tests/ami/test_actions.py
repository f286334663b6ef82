"""The catalogue of actions: every class can be made, and sends what it is given."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    Action,
    Event,
    EventList,
    ListAction,
    ManagerActionError,
    Response,
    actions,
    events,
    responses,
)
from pystrix.ami._bases import EventAction
from pystrix.ami.actions import ConfigChange
from tests.ami.sending import headers_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted(set(actions.__all__) - {"ConfigChange"})
SAMPLES: dict[str, tuple[object, set[str]]] = {
    "bool": (True, {"true"}),
    "bool|str": (False, {"false"}),
    "float": (1.5, {"1.5"}),
    "int": (7, {"7"}),
    "int|str": (7, {"7"}),
    "str": ("text", {"text"}),
    "Iterable[int]": ([5, 6], {"5", "6"}),
    "Names": (["a", "b"], {"a,b"}),
    "VariableValues": ({"A": "1,2"}, {"A=1\\,2"}),
}
"""A value of each type, and what it is on the wire."""
WORDS = {
    "MixMonitorMute.state": {"1"},
    "MuteAudio.state": {"on"},
    "PJSIPSetMaintenance.state": {"on"},
    "QueueReload.members": {"yes"},
    "QueueReload.parameters": {"yes"},
    "QueueReload.rules": {"yes"},
}
"""Truth values that Asterisk wants in other words."""
BY_HAND = {"UpdateConfig.changes", "UserEvent.headers", "HangupMatching.pattern"}


def class_of(name: str) -> Any:
    """Give the class of an action."""
    return getattr(actions, name)


def parameters_of(name: str) -> Iterator[tuple[inspect.Parameter, object, set[str]]]:
    """Give each parameter of an action, a value for it, and what that is on the wire."""
    for parameter in list(inspect.signature(class_of(name).__init__).parameters.values())[1:]:
        key = f"{name}.{parameter.name}"
        if key in BY_HAND and parameter.default is not parameter.empty:
            continue
        if key in BY_HAND:
            yield parameter, "text", {"/text/"}
            continue
        annotation = parameter.annotation.removesuffix(" | None").replace(" | ", "|")
        choices = re.match(r"Literal\[(.*?)\]\|", annotation, re.DOTALL)
        if choices:
            choice = re.findall(r"[\"'](.*?)[\"']", choices[1])[-1]
            yield parameter, choice, {choice}
        else:
            value, words = SAMPLES[annotation]
            yield parameter, value, WORDS.get(key, words)


def test_every_action() -> None:
    """There are the 154 actions of Asterisk 22, and one of our own over Hangup."""
    assert len({class_of(name).NAME for name in NAMES}) == 154
    assert {name for name in NAMES if name != class_of(name).NAME} == {"HangupMatching"}
    assert actions.HangupMatching.NAME == "Hangup"


@pytest.mark.parametrize("name", NAMES)
def test_required(name: str) -> None:
    """With what it needs alone an action sends that alone."""
    required = [
        (value, words)
        for parameter, value, words in parameters_of(name)
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    action = class_of(name)(*(value for value, _ in required))
    assert action.name == class_of(name).NAME
    sent = {line.partition(": ")[2] for line in headers_of(action)}
    defaults = {"Challenge": {"MD5"}, "Filter": {"Add"}}.get(name, set[str]())
    assert sent == {word for _, words in required for word in words} | defaults


@pytest.mark.parametrize("name", NAMES)
def test_all(name: str) -> None:
    """With all that it can have an action sends all of it, each value in its header."""
    given = {parameter.name: (value, words) for parameter, value, words in parameters_of(name)}
    action = class_of(name)(**{key: value for key, (value, _) in given.items()})
    lines = lines_of(action)[1:]
    sent = [line.partition(": ") for line in lines]
    for key, (_, words) in given.items():
        for word in words:
            matching = [header for header, _, value in sent if value == word]
            names = {re.sub(r"[^a-z0-9]", "", header.lower()) for header in matching}
            wanted = key.replace("_", "").replace("pattern", "channel")
            aliases = {"bridgeuniqueid": {"bridgeuniqueid"}, "usernumber": {"usernum"}}
            families = {"unitamounts": {"unitamount0", "unitamount1"}}
            families["unittypes"] = {"unittype0", "unittype1"}
            expected = {wanted} | aliases.get(wanted, set()) | families.get(wanted, set())
            assert names & expected, (key, word, matching)
    assert len(lines) == sum(len(words) for _, words in given.values())


@pytest.mark.parametrize("name", NAMES)
def test_documented(name: str) -> None:
    """Each says what it does, and what each parameter is."""
    text = inspect.getdoc(class_of(name)) or ""
    assert re.match(r"[A-Z].*\.$", text.splitlines()[0])
    described = re.findall(r"^    (\w+): .", text, re.MULTILINE)
    assert described == list(inspect.signature(class_of(name).__init__).parameters)[1:]


@pytest.mark.parametrize("name", NAMES)
def test_answer(name: str) -> None:
    """Each knows what kind of response answers it, and what events do."""
    kind = class_of(name)
    assert issubclass(kind.RESPONSE, Response)
    if kind.RESPONSE is not Response:
        assert kind.RESPONSE is getattr(responses, f"{name}Response")
    if issubclass(kind, ListAction):
        assert kind.ITEMS
        for event in (*kind.ITEMS, kind.COMPLETE):
            assert event is getattr(events, event.__name__)
            assert event.NAME
    if issubclass(kind, EventAction):
        assert kind.EVENT is getattr(events, kind.EVENT.__name__)
    assert set(kind.CLASSES) <= {
        "system",
        "call",
        "agent",
        "user",
        "config",
        "command",
        "reporting",
        "originate",
        "agi",
        "aoc",
        "message",
    }


def test_responses_are_used() -> None:
    """Every class of responses answers an action."""
    used = {class_of(name).RESPONSE.__name__ for name in NAMES} - {"Response"}
    assert used == {name for name in responses.__all__ if name.endswith("Response")}


def test_lists() -> None:
    """As many actions as that are answered with a list."""
    lists = {name for name in NAMES if issubclass(class_of(name), ListAction)}
    assert len(lists) == 45
    assert {"QueueStatus", "Status", "PJSIPShowEndpoint", "HangupMatching"} <= lists


def test_list_of_several_kinds() -> None:
    """The items of a list of several kinds can be told apart."""
    answer = Response({"Response": "Success", "EventList": "start"})
    items: list[Event] = [
        events.QueueParams({"Queue": "q"}),
        events.QueueMember({"Queue": "q", "Name": "Alice"}),
        events.QueueStatusComplete({"EventList": "Complete", "ListItems": 2}),
    ]
    result = actions.QueueStatus().process_events(answer, items)
    assert isinstance(result, EventList)
    assert [member.name_ for member in result.of(events.QueueMember)] == ["Alice"]
    assert result.complete.list_items == 2


def test_changes() -> None:
    """The changes of a configuration file, counted."""
    action = actions.UpdateConfig("a", "b", changes=[ConfigChange("NewCat", "c")])
    assert headers_of(action) == {
        "SrcFilename: a",
        "DstFilename: b",
        "Action-000000: NewCat",
        "Cat-000000: c",
    }


def test_user_event() -> None:
    """A UserEvent has headers of its sender's choice, in their order."""
    action = actions.UserEvent("Mine", headers={"B": "x: y", "A": 1, "Empty": ""})
    assert lines_of(action) == [
        "Action: UserEvent",
        "UserEvent: Mine",
        "B: x: y",
        "A: 1",
        "Empty: ",
    ]


def test_repeated_variables() -> None:
    """A header of a NOTIFY may come more than once."""
    variables = [("Content", "a"), ("Content", "b, c")]
    action = actions.PJSIPNotify(endpoint="alice", variable=variables)
    assert lines_of(action)[2:] == ["Variable: Content=a", "Variable: Content=b\\, c"]


@pytest.mark.parametrize(
    ("action", "seconds"),
    [
        (actions.Originate("PJSIP/alice"), 35.0),
        (actions.Originate("PJSIP/alice", timeout=10_000), 15.0),
        (actions.Originate("PJSIP/alice", timeout=10_000, async_=True), 5.0),
        (actions.WaitEvent(60), 65.0),
        (actions.WaitEvent(-1), 1e9),
        (actions.Ping(), 5.0),
    ],
)
def test_time_to_answer(action: Action[Any], seconds: float) -> None:
    """Asterisk has as long to answer as it waits by itself, and some more."""
    assert action.timeout == seconds


def test_refusal() -> None:
    """An action that Asterisk refused is an error that knows the answer."""
    answer = Response({"Response": "Error", "Message": "No such channel"})
    error = actions.Hangup("x").failure(answer)
    assert isinstance(error, ManagerActionError)
    assert "No such channel" in str(error)


def test_values_that_asterisk_does_not_document() -> None:
    """A word that is not listed, and a truth value in other words, are sent as they are."""
    word: Any = "sideways"
    assert "Direction: sideways" in headers_of(actions.MuteAudio("ch", word, word))
    assert "State: sideways" in headers_of(actions.MuteAudio("ch", word, word))


def test_generated_files_say_so() -> None:
    """Nobody is to edit them, and none is too long."""
    for package in (actions, events):
        for path in Path(package.__file__ or "").parent.glob("*.py"):
            lines = path.read_text("utf-8").splitlines()
            assert lines[0].startswith("# Generated by tools/catalogue")
            assert len(lines) < 600
