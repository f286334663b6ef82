"""How messages are shown."""

from __future__ import annotations

import json

from pystrix.ami import Event, Message
from pystrix.cli.ami._showing import block, one_line, to_json, to_object


def test_object() -> None:
    """Names as they came first, values as they are, a list of those that are repeated."""
    message = Message(["Event: X", "A: 1", "Empty: ", "a: 2", "B: one", "two"])
    assert to_object(message) == {"Event": "X", "A": ["1", "2"], "Empty": "", "B": "one\r\ntwo"}


def test_json() -> None:
    """One line of ASCII, from which the bytes can be had again."""
    message = Message.from_wire(b"Event: X\r\nA: \xff\x1b\xc2\x9b\r\n")
    text = to_json(to_object(message))
    assert text == '{"Event": "X", "A": "\\udcff\\u001b\\u009b"}'
    assert json.loads(text)["A"].encode("utf-8", "surrogateescape") == b"\xff\x1b\xc2\x9b"


def test_one_line() -> None:
    """The name and what has a value; what stands there for each event is left out."""
    event = Event(["Event: Ha\x1bng", "Privilege: call,all", "A: [red]", "Empty: ", "B: x", "y"])
    assert one_line(event).plain == "Ha\\x1bng  A=[red]  B=x\\r\\ny"


def test_block() -> None:
    """A line for each header, but for those that are hidden."""
    message = Message(["Event: X", "ActionID: 1", "A: 1", "a: ", "B\x07: x", "y"])
    assert block(message, "actionid").plain == "Event: X\nA: 1\na: \nB\\x07: x\\r\\ny"
