"""Messages: lines as Asterisk sends them, and what is read of them."""

from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pystrix.ami import EVENT_GENERIC, RESPONSE_GENERIC, Event, Message, Response, _message
from pystrix.ami._fields import Text
from pystrix.ami._message import events_by_name, make_success, match_success, read_message
from pystrix.ami._processed import CONVERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

PING = b"Response: Success\r\nActionID: 2\r\nPing: Pong\r\nTimestamp: 1795377038.240886\r\n"
HANGUP = (
    b"Event: Hangup\r\nPrivilege: call,all\r\nChannel: Local/x@y-00000001;1\r\nCause: 16\r\n"
    b"ChanVariable: A=1\r\nAccountCode: \r\nChanVariable: B=2\r\n"
)

Pairs = list[tuple[str, str]]

FOLLOWS = b"Response: Follows\r\nPrivilege: Command\r\n"
FOLLOWS_HEADERS = [("Response", "Follows"), ("Privilege", "Command")]

VALUES: list[tuple[bytes, str]] = [
    (b": c\r\n", "c"),
    (b": c\n", "c"),
    (b": c", "c"),
    (b": \r\n", ""),
    (b":\r\n", ""),
    (b":c\r\n", "c"),
    (b":c: d\r\n", "c: d"),
    (b":  c  \r\n", " c  "),
    (b": x: y:z\r\n", "x: y:z"),
    (b": a\rb\r\n", "a\rb"),
    (b": a\r\r\n", "a\r"),
    (b": a\x0b\x1c\xc2\x85\xe2\x80\xa8b\r\n", "a\x0b\x1c\x85\u2028b"),
    (b": caf\xc3\xa9\xff\r\n", "café\udcff"),
]
"""What stands behind the name of a header, and the value it is."""

READ: list[tuple[bytes, Pairs, list[str]]] = [
    (b"Event: A\nB: c\n", [("Event", "A"), ("B", "c")], []),
    (b"Event: A\r\nB: 1\r\nB: 2\r\n", [("Event", "A"), ("B", "1"), ("B", "2")], []),
    # Values with line breaks.
    (b"Event: A\r\nB: l1\nl2\r\n", [("Event", "A"), ("B", "l1\nl2")], ["l2"]),
    (
        b"Event: A\r\nB: l1\r\nl2\nl3\rx\r\nC: d\r\n",
        [("Event", "A"), ("B", "l1\r\nl2\nl3\rx"), ("C", "d")],
        ["l2", "l3\rx"],
    ),
    (b"Event: A\r\nB: x\r\n: y\r\n", [("Event", "A"), ("B", "x\r\n: y")], [": y"]),
    (b"Event: A\r\nB: x\r\n\ry\r\n", [("Event", "A"), ("B", "x\r\n\ry")], ["\ry"]),
    (b"Event: A\r\nB: l1\nC: d\r\n", [("Event", "A"), ("B", "l1"), ("C", "d")], []),
    # A CR before the end of a line, be it the last one or not.
    (b"Event: A\nB: c\r\r\nD: e\r\r\n", [("Event", "A"), ("B", "c\r"), ("D", "e\r")], []),
    (b"Event: A\r\nB: c\r\nd\r\r\n", [("Event", "A"), ("B", "c\r\nd\r")], ["d\r"]),
    # The first line is whole.
    (b"Event: A\r\nfree\r\nB: c\r\n", [("Event", "A"), ("B", "c")], ["free"]),
    (b"free\r\nEvent: A\r\n", [("Event", "A")], ["free"]),
    # The output of commands.
    (
        b"Response: Success\r\nOutput: a\r\nOutput: \r\nOutput:  b \r\n",
        [("Response", "Success"), ("Output", "a"), ("Output", ""), ("Output", " b ")],
        ["a", "", " b "],
    ),
    (
        FOLLOWS + b"ActionID: 1\r\na\nb: c\n\n d \n--END COMMAND--\r\n",
        [*FOLLOWS_HEADERS, ("ActionID", "1")],
        ["a", "b: c", "", " d "],
    ),
    (FOLLOWS + b"Privilege: x\nlast--END COMMAND--\r\n", FOLLOWS_HEADERS, ["Privilege: x", "last"]),
    (FOLLOWS + b"--END COMMAND--\r\n", FOLLOWS_HEADERS, []),
    (b"Response: Follows\r\n", [("Response", "Follows")], []),
    # What does not say what it is.
    (b"A: b\r\n", [("A", "b"), ("Event", EVENT_GENERIC)], []),
    (b"ActionID: 7\r\n", [("ActionID", "7"), ("Response", RESPONSE_GENERIC)], []),
    (b"", [("Event", EVENT_GENERIC)], [""]),
]
"""Lines, the headers they are, and the data."""


@pytest.mark.parametrize(("block", "pairs", "data"), READ)
def test_read(block: bytes, pairs: Pairs, data: list[str]) -> None:
    """Lines are read as Asterisk means them."""
    message = Message.from_wire(block)
    assert message.all_items() == pairs
    assert message.data == data


@pytest.mark.parametrize(("behind", "value"), VALUES)
def test_values(behind: bytes, value: str) -> None:
    """A value is what stands behind the colon and one blank."""
    message = Message.from_wire(b"Event: A\r\nB" + behind)
    assert message.all_items() == [("Event", "A"), ("B", value)]
    assert message.data == []


# Headers that are looked up without reading the others.

LINES = st.lists(
    st.sampled_from(
        [
            b"Event: A",
            b"event: a",
            b"Response: Success",
            b"Response: Follows",
            b"ActionID: 1",
            b"ACTIONID: 2",
            b"ActionID:3",
            b"ActionID:  4 ",
            b"Value: x: y",
            b"Value: a\r",
            b"Value:",
            b"Value",
            b": Value",
            b"A: Value: z",
            b"\xff: caf\xc3\xa9\xff",
            b"Output: o",
            b"",
        ]
    ),
    max_size=6,
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r\r\n"])
NAMES = [
    "Event",
    "RESPONSE",
    "actionid",
    "ActionID",
    "Value",
    "A",
    "A: Value",
    "\xff",
    "o",
    "",
    "\n",
]


@given(LINES, st.lists(ENDS, min_size=6, max_size=6), st.booleans())
def test_look_up(lines: list[bytes], ends: list[bytes], whole: bool) -> None:
    """Each header is what it is when all are read first, whatever the others are."""
    block = b"".join(line + end for line, end in zip(lines, ends, strict=False))
    if not whole:
        block = block.removesuffix(b"\n").removesuffix(b"\r")
    read = Message.from_wire(block)
    read.all_items()
    for name in NAMES:
        looked = Message.from_wire(block)
        assert looked.get(name) == read.get(name)
        assert (name in looked) == (name in read)
        assert looked.action_id == read.action_id


@pytest.mark.parametrize(("block", "pairs", "data"), READ)
def test_look_up_first(block: bytes, pairs: Pairs, data: list[str]) -> None:
    """A header that is asked for before anything has been read is the same."""
    for name, value in dict(reversed(pairs)).items():
        assert Message.from_wire(block)[name] == value
    assert Message.from_wire(block).get("None") is None
    assert Message.from_wire(block).data == data


def test_copy() -> None:
    """The headers as a dict: of each name the first, spelled as there, in order."""
    message = Message.from_wire(HANGUP)
    repeated = Message.from_wire(HANGUP + b"CAUSE: 17\r\nX: y\r\n")
    for each in (message, repeated):
        assert list(each.copy().items()) == list(dict(each).items())
    assert repeated.copy()["Cause"] == "16"
    assert repeated.copy()["ChanVariable"] == "A=1"
    assert "CAUSE" not in repeated.copy()
    assert Message.from_wire(PING).copy()["Ping"] == "Pong"


def test_many_looks() -> None:
    """Who looks at many headers has all of them read, once."""
    message = Message.from_wire(HANGUP)
    for name in ("Event", "Cause", "cause", "None", "Channel", "Privilege"):
        assert (message.get(name) is None) == (name == "None")
    assert message.get("None", 7) == 7
    assert message._parsed


# Which kind it is.


@pytest.mark.parametrize(
    ("block", "kind", "name"),
    [
        (PING, Response, "Success"),
        (HANGUP, Event, "Hangup"),
        (b"Event: OriginateResponse\r\nResponse: Failure\r\n", Event, "OriginateResponse"),
        (b"Response: Success\r\nValue: x\r\nEvent: Fake\r\n", Response, "Success"),
        (b"Event: Real\r\nEvent: Fake\r\n", Event, "Real"),
        (b"event: Odd\r\n", Event, "Odd"),
        (b"Event:Odd\r\n", Event, "Odd"),
        (b"RESPONSE: Success\r\n", Response, "Success"),
        (b"Privilege: x\r\nEvent: Late\r\nResponse: y\r\n", Event, "Late"),
        (b"Privilege: x\r\nResponse: Late\r\nEvent: y\r\n", Response, "Late"),
        (b"Event: \r\nResponse: x\r\n", Event, "x"),
        (b"ActionID: 7\r\n", Response, RESPONSE_GENERIC),
        (b"Foo: bar\r\n", Event, EVENT_GENERIC),
        (b"Event: Last", Event, "Last"),
        (b"no header at all", Event, EVENT_GENERIC),
    ],
)
def test_kind(block: bytes, kind: type[Message], name: str) -> None:
    """Whichever of Event and Response comes first decides."""
    message = read_message(block, {})
    assert type(message) is kind
    assert message.name == name
    assert message == name
    _ = message.all_items()
    assert message.name == name  # also when it has been read


class Hangup(Event):
    """A class for one event."""

    NAME: ClassVar[str] = "Hangup"
    channel = Text("Channel")


def test_classes() -> None:
    """An event is of the class for its name, in any case; others are plain."""
    classes = events_by_name(Hangup)
    assert classes == {"hangup": Hangup}
    assert type(read_message(HANGUP, classes)) is Hangup
    assert type(read_message(b"Event: HANGUP\r\n", classes)) is Hangup
    assert type(read_message(b"EVENT: Hangup\r\n", classes)) is Hangup
    assert type(read_message(b"Event: HangupRequest\r\n", classes)) is Event


def test_an_event_names_no_class_of_ours() -> None:
    """Names that Python knows are nothing special."""
    for name in ("re", "Event", "Message", "__class__"):
        assert type(read_message(f"Event: {name}\r\n".encode(), events_by_name(Hangup))) is Event


def test_name_without_header() -> None:
    """A message whose only kind is empty has no name."""
    assert Event.from_wire(b"event: \r\n").name == ""
    assert Response.from_wire(b"Response: \r\n").name == ""


# The mapping.


def test_mapping() -> None:
    """Names without regard to case, the first of repeats, in order."""
    event = Event.from_wire(HANGUP)
    assert event["channel"] == event["CHANNEL"] == "Local/x@y-00000001;1"
    assert event["ChanVariable"] == "A=1"
    assert event.get_all("chanvariable") == ["A=1", "B=2"]
    assert event.get_all("Nothing") == []
    assert event.get("Nothing") is None
    assert event.get("Nothing", "x") == "x"
    assert list(event) == ["Event", "Privilege", "Channel", "Cause", "ChanVariable", "AccountCode"]
    assert len(event) == 6
    assert "CAUSE" in event
    assert "Nothing" not in event
    assert cast("object", 5) not in list(event)
    assert not event.__contains__(5)
    assert event.headers is event
    assert event.copy() == dict(event.items())
    assert type(event.copy()) is dict
    with pytest.raises(KeyError, match="Nothing"):
        _ = event["Nothing"]


def test_spelling_of_repeats() -> None:
    """A header goes by the name it came with first."""
    event = Event(["Event: A", "Foo: 1", "FOO: 2", "bar: 3"])
    assert list(event.items()) == [("Event", "A"), ("Foo", "1"), ("bar", "3")]


def test_setting() -> None:
    """Setting a header replaces its repeats where the first stood."""
    event = Event.from_wire(HANGUP)
    event["chanvariable"] = "C=3"
    assert event.get_all("ChanVariable") == ["C=3"]
    assert [name for name, _ in event.all_items()][-2:] == ["ChanVariable", "AccountCode"]
    event["New"] = "x"
    assert event["new"] == "x"
    event["RTT"] = 0.5
    assert event.get("RTT") == cast("Any", 0.5)
    assert event.all_items()[-2:] == [("New", "x"), ("RTT", 0.5)]


def test_deleting() -> None:
    """Deleting a header deletes its repeats."""
    event = Event.from_wire(HANGUP)
    del event["CHANVARIABLE"]
    assert "ChanVariable" not in event
    assert event.get_all("ChanVariable") == []
    assert event.pop("cause") == "16"
    with pytest.raises(KeyError, match="Cause"):
        del event["Cause"]
    event["Empty"] = cast("Any", None)
    del event["Empty"]
    assert "Empty" not in event
    assert event.get_all("Empty") == []


def test_items_are_a_copy() -> None:
    """What is given away can be changed."""
    event = Event.from_wire(HANGUP)
    event.all_items().clear()
    assert len(event.all_items()) == 7


def test_data_can_be_set() -> None:
    """Programs of 1.x put lines there."""
    response = Response.from_wire(PING)
    assert response.data == []
    response.data = ["a"]
    assert response.data == ["a"]
    response.data.append("b")
    assert response.data == ["a", "b"]


def test_equality() -> None:
    """With names, mappings and messages."""
    event = Event.from_wire(HANGUP)
    assert event == "Hangup"
    assert event == "HANGUP"
    assert event != "Hang"
    assert event == Event.from_wire(HANGUP.replace(b"\r\n", b"\n"))
    assert event != Event.from_wire(HANGUP.replace(b"B=2", b"B=3"))
    assert event == event.copy()
    assert event != {"Event": "Hangup"}
    assert event != 5
    with pytest.raises(TypeError, match="unhashable"):
        hash(event)


def test_raw() -> None:
    """The lines and the bytes as they came."""
    event = Event.from_wire(HANGUP)
    assert event.raw == HANGUP.decode().splitlines()
    assert Event.from_wire(b"Event: A\nB: c\r").raw == ["Event: A", "B: c"]
    assert bytes(event) == HANGUP + b"\r\n"
    assert bytes(Event.from_wire(b"Event: A")) == b"Event: A\r\n\r\n"


def test_repr() -> None:
    """It shows the class and every header."""
    assert repr(Hangup({"Cause": 16})) == "<Hangup [('Event', 'Hangup'), ('Cause', '16')]>"


def through_pickle(message: object) -> Any:
    """Pickle and unpickle."""
    return pickle.loads(pickle.dumps(message))  # noqa: S301 - our own


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, through_pickle])
@pytest.mark.parametrize("parsed", [True, False])
def test_copies(again: Callable[[Any], Any], parsed: bool) -> None:
    """A message can be copied and pickled, read or not."""
    event = Hangup.from_wire(HANGUP)
    if parsed:
        assert event["Cause"] == "16"
    twin = again(event)
    assert type(twin) is Hangup
    assert twin == event
    assert bytes(twin) == bytes(event)


def test_a_copy_is_its_own() -> None:
    """What is set in a copy does not show in what it was made of."""
    event = Hangup.from_wire(HANGUP)
    twin = copy.copy(event)
    twin["Cause"] = "17"
    twin.data.append("x")
    del twin["Channel"]
    again = copy.copy(twin)
    again["Cause"] = "18"
    again.data.append("y")
    assert event == Event.from_wire(HANGUP)
    assert (twin["Cause"], twin.data, "Channel" in twin) == ("17", ["x"], False)


def test_read_by_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that reads a message while another one does sees all of it, and nothing twice."""
    message = Message.from_wire(b"Foo: bar\r\n")
    read = _message._read
    seen: list[Pairs] = []

    class Slow(Pairs):
        def __getitem__(self, index: Any) -> Any:
            seen.append(message.all_items())  # another thread, in this moment
            return super().__getitem__(index)

    def read_slowly(block: bytes) -> tuple[Pairs, list[str]]:
        monkeypatch.setattr(_message, "_read", read)
        pairs, data = read(block)
        return Slow(pairs), data

    monkeypatch.setattr(_message, "_read", read_slowly)
    seen.append(message.all_items())
    seen.append(message.all_items())
    assert seen == [[("Foo", "bar"), ("Event", EVENT_GENERIC)]] * 3


# Messages made by hand.


def test_made_of_lines() -> None:
    """Of lines with or without their ends, as 1.x's tests make them."""
    message = Message(["Response: Follows", "raw output line without a colon"])
    assert message["Response"] == "Follows"
    assert message.data == ["raw output line without a colon"]
    assert Message(["Response: Follows\r\n", "payload\n\r\n"]).data == ["payload"]
    sticky = Message(["Response: Follows", "first data line", "Looks: like-a-header"])
    assert sticky.data == ["first data line", "Looks: like-a-header"]
    assert "Looks" not in sticky
    assert Message(["Event: Hangup", "Response: Success"]).name == "Hangup"
    assert Message(["Foo: bar"])["Event"] == EVENT_GENERIC
    assert Message().name == EVENT_GENERIC


def test_made_of_headers() -> None:
    """Of a mapping; an event of a class need not be named."""
    event = Hangup({"Channel": "x", "Cause": 16})
    assert event.name == "Hangup"
    assert bytes(event) == b"Event: Hangup\r\nChannel: x\r\nCause: 16\r\n\r\n"
    assert Hangup({"event": "Other"}).name == "Other"
    assert Event({"Channel": "x"}).name == EVENT_GENERIC
    assert Response({"Response": "Success"}).success


# Responses.


@pytest.mark.parametrize(
    ("kind", "success"),
    [
        ("Success", True),
        ("Follows", True),
        ("Goodbye", True),
        ("Pong", True),
        ("Events On", True),
        ("Error", False),
        ("error", False),
        ("Failure", False),
    ],
)
def test_success(kind: str, success: bool) -> None:
    """Only an error is one; a program may say otherwise."""
    response = Response({"Response": kind})
    assert response.success is success
    response.success = not success
    assert response.success is not success


@pytest.mark.parametrize("block", [PING, PING.replace(b"Success", b"Odd")])
def test_head_follows_the_headers(block: bytes) -> None:
    """What was read of the first lines is forgotten when a header is set or deleted."""
    for message in (read_message(block, {}), make_success(Response, PING, "7")):
        message["Response"] = "Error"
        message["ActionID"] = "new"
        assert (message.name, message.action_id) == ("Error", "new")
        assert not cast("Response", message).success
        del message["ActionID"]
        assert message.action_id is None


def test_response_message() -> None:
    """The text of ``Message`` without the line end that some have."""
    assert Response({"Message": "No Contacts found\n"}).message == "No Contacts found"
    assert Response().message == ""


@pytest.mark.parametrize(("text", "opens"), [("start", True), ("Start", True), ("Complete", False)])
def test_opens_list(text: str, opens: bool) -> None:
    """A list is announced in any case of letters."""
    assert Response({"EventList": text}).opens_list is opens
    assert Event({"EventList": text}).closes_list is not opens
    assert not Response().opens_list
    assert not Event().closes_list


def test_as_kind() -> None:
    """A response can be given typed fields; what was set stays."""

    class Value(Response):
        value = Text("Value")

    response = Response({"Value": "x"})
    response.success = False
    typed = response.as_kind(Value)
    assert typed.value == "x"
    assert not typed.success
    assert response.as_kind(Response) is response


# `process` of 1.x.


def test_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives copies, with what 1.x converts."""
    event = Event(["Event: Odd Name", "A: 1", "free"])
    headers, data = event.process()
    assert headers == {"Event": "Odd Name", "A": "1\r\nfree"}
    assert data == ["free"]
    headers.clear()
    data.clear()
    assert event.process() == ({"Event": "Odd Name", "A": "1\r\nfree"}, ["free"])

    def convert(headers: dict[str, Any]) -> None:
        headers["A"] = 1

    monkeypatch.setitem(CONVERSIONS, "odd name", convert)
    assert event.process()[0]["A"] == 1
    assert event["A"] == "1\r\nfree"


# Properties.

names = st.text(st.characters(exclude_characters=":\r\n", exclude_categories=["Cs"]), min_size=1)
values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(names, values)), st.sampled_from(["\r\n", "\n"]))
def test_round_trip(pairs: Pairs, end: str) -> None:
    """Headers come back as they were, repeats and order included."""
    block = "".join(f"{name}: {value}{end}" for name, value in [("Event", "X"), *pairs]).encode()
    message = read_message(block, {})
    assert message.all_items() == [("Event", "X"), *pairs]
    assert bytes(message).startswith(block)


@given(st.binary(max_size=200))
def test_any_bytes(block: bytes) -> None:
    """Anything is a message, and none of its bytes is lost."""
    message = read_message(block, {})
    assert isinstance(message.name, str)
    assert bytes(message).startswith(block)
    assert sum(len(value) for _, value in message.all_items()) <= len(block) + len(RESPONSE_GENERIC)


def slow_read(block: bytes) -> Pairs:
    """Read headers as slowly and plainly as the rules are written."""
    pairs: list[list[str]] = []
    pending = ""
    text = block.decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        body, end = (line[:-1], "\r\n") if line.endswith("\r") else (line, "\n")
        name, colon, value = body.partition(":")
        if name and colon:
            pairs.append([name, value[1:] if value[:1] == " " else value])
        elif len(pairs) > 1:
            pairs[-1][1] += pending + body
        pending = end
    return [(name, value) for name, value in pairs]


pieces = st.sampled_from(
    ["\r\n", "\n", "\r", ": ", ":", " ", "a", "B", "value", "Event: E", "\x85"]
)


@given(st.lists(pieces).map("".join))
def test_against_the_rules(text: str) -> None:
    """The fast ways of reading give what the plain rules say."""
    block = f"Event: First\r\n{text}\r\nLast: line\r\n".encode()
    read = Message.from_wire(block).all_items()
    assert read == slow_read(block.removesuffix(b"\r\n"))


@given(st.lists(pieces).map("".join), st.lists(pieces).map("".join))
def test_found_at_once(action_id: str, text: str) -> None:
    """A response that is found as a whole is what it would be if it were read."""
    assert match_success(PING + b"\r\n") is not None
    data = f"Response: Success\r\nActionID: {action_id}\r\nA: b\r\n{text}\r\n\r\n".encode()
    found = match_success(data)
    assume(found is not None)
    empty_line = re.search(rb"\n(\r?\n)", data)
    assert found is not None
    assert empty_line is not None
    assert found.end() == empty_line.end()
    block = data[: empty_line.start(1)]
    quick = make_success(Response, block, found[1].decode())
    slow = Response.from_wire(block)
    assert (quick.name, quick.action_id, quick.success) == (slow.name, slow.action_id, True)
    assert quick == slow
