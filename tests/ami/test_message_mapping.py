"""Messages as mappings: any operations in any order, and names that somebody makes up."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from pystrix.ami import EVENT_GENERIC, RESPONSE_GENERIC, Event, Message, Response, _message
from pystrix.ami._message import make_success, match_success, read_message

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs = list[tuple[str, str]]

KELVIN = "\N{KELVIN SIGN}"
"""What is a k in lower case, and no letter of ASCII."""


class Kind(Response):
    """A response of a kind of its own."""


class Named(Event):
    """An event of a class of its own."""


class Model:
    """A message as a list of headers, and nothing that is quick.

    Args:
        pairs: The headers.
        kinds: The headers that name it, the first one first.
    """

    def __init__(self, pairs: Pairs, kinds: tuple[str, str]) -> None:
        self.pairs = pairs.copy()
        self.kinds = kinds

    def all(self, name: str) -> list[str]:
        """Give the values of a header."""
        return [value for each, value in self.pairs if each.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Give the first value of a header."""
        return next(iter(self.all(name)), None)

    def set(self, name: str, value: str) -> None:
        """Set a header where its first value stands, or as the last one."""
        place = next((i for i, p in enumerate(self.pairs) if p[0].lower() == name.lower()), None)
        if place is None:
            self.pairs.append((name, value))
            return
        spelled = self.pairs[place][0]
        behind = self.pairs[place + 1 :]
        self.pairs[place:] = [(spelled, value)]
        self.pairs += [pair for pair in behind if pair[0].lower() != name.lower()]

    def delete(self, name: str) -> None:
        """Delete a header."""
        self.pairs = [pair for pair in self.pairs if pair[0].lower() != name.lower()]

    def as_dict(self) -> dict[str, str]:
        """Give the first value of each header by the name it came with first."""
        known: dict[str, str] = {}
        for name, _ in self.pairs:
            known.setdefault(name.lower(), name)
        return {name: cast("str", self.get(name)) for name in known.values()}

    @property
    def name(self) -> str:
        """The name of the message."""
        kind, other = self.kinds
        return self.get(kind) or self.get(other) or ""


NAMES = ["A", "a", "Key", "kEY", f"{KELVIN}ey", "B c", "Event", "Response", "ActionID", "é"]
VALUES = ["", "1", " x ", "a: b", "Error", "Other", "é\udcff"]

headers = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=6)
operations = st.lists(
    st.tuples(
        st.sampled_from(["get", "set", "delete", "pop", "copy", "deep", "pickle", "kind", "read"]),
        st.integers(0, 3),
        st.sampled_from(NAMES),
        st.sampled_from(VALUES),
    ),
    max_size=12,
)


def to_block(pairs: Pairs) -> bytes:
    """Write headers as Asterisk does."""
    text = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return text.encode("utf-8", "surrogateescape")


def find(block: bytes) -> Response:
    """Make a response as it is made of what was found at once."""
    found = match_success(block + b"\r\n")
    if found is None:
        return Response.from_wire(block)
    return make_success(Response, block, found[1].decode("utf-8", "surrogateescape"))


MAKE: dict[str, tuple[Pairs, Callable[[bytes], Message]]] = {
    "event": ([("Event", "Hangup")], lambda block: read_message(block, {})),
    "labelled event": (
        [("Event", "Hangup"), ("ActionID", "1")],
        lambda block: read_message(block, {}),
    ),
    "response": ([("Response", "Success")], lambda block: read_message(block, {})),
    "success": ([("Response", "Success"), ("ActionID", "1")], find),
    "anything": ([], lambda block: read_message(block, {})),
    "wire": ([], Event.from_wire),
    "by hand": ([], lambda block: Response([block.decode("utf-8", "surrogateescape")])),
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deep": copy.deepcopy,
    "pickle": lambda message: pickle.loads(pickle.dumps(message)),  # noqa: S301 - our own
    "kind": lambda message: message.as_kind(Kind if isinstance(message, Response) else Named),
}


def check(message: Message, model: Model) -> None:
    """Compare all that a message says with what it should say."""
    assert message.all_items() == model.pairs
    assert message.copy() == dict(message.items()) == model.as_dict()
    assert list(message) == list(model.as_dict())
    assert len(message) == len(model.as_dict())
    for name in NAMES:
        assert message.get(name) == model.get(name)
        assert message.get_all(name) == model.all(name)
        assert (name in message) is (model.get(name) is not None)
    check_head(message, model)
    if isinstance(message, Event):
        assert message.process()[0].keys() == model.as_dict().keys()


def check_head(message: Message, model: Model) -> None:
    """Compare what the first lines say."""
    assert message.name == model.name
    assert message.action_id == model.get("ActionID")
    if isinstance(message, Response):
        assert message.success is (model.name.lower() not in ("error", "failure"))


def make(how: str, rest: Pairs) -> tuple[Message, Model]:
    """Make a message, and what it should be."""
    start, make_message = MAKE[how]
    pairs = [*start, *rest]
    message = make_message(to_block(pairs))
    names = {name.lower() for name, _ in pairs}
    if not names & {"event", "response"}:
        is_response = "actionid" in names
        generic = ("Response", RESPONSE_GENERIC) if is_response else ("Event", EVENT_GENERIC)
        pairs.append(generic)
    kinds = ("response", "event") if isinstance(message, Response) else ("event", "response")
    return message, Model(pairs, kinds)


@given(st.sampled_from(list(MAKE)), headers, operations)
@example("anything", [(f"{KELVIN}ey", "")], [("get", 0, "Key", "")])
@example("event", [], [("set", 0, "Event", "Other")])
@example("event", [], [("delete", 0, "Event", "")])
@example("event", [(f"{KELVIN}ey", "1"), ("Key", "Error")], [("get", 0, "Key", "")])
@example(
    "response", [("A", "1")], [("read", 0, "A", ""), ("kind", 0, "A", ""), ("delete", 0, "A", "")]
)
def test_any_operations(how: str, rest: Pairs, operations: list[tuple[str, int, str, str]]) -> None:
    """A message is what a plain list of its headers would be; so are its copies, each its own."""
    all_of_it = [make(how, rest)]
    for operation, which, name, value in operations:
        message, model = all_of_it[which % len(all_of_it)]
        if operation == "get":
            assert message.get(name, "default") == (
                "default" if model.get(name) is None else model.get(name)
            )
            assert (name in message) is (model.get(name) is not None)
        elif operation == "set":
            message[name] = value
            model.set(name, value)
        elif operation in ("delete", "pop"):
            assert message.pop(name, None) == model.get(name)
            model.delete(name)
        elif operation == "read":
            check(message, model)
        elif operation != "kind" or type(message) not in (Kind, Named):  # which it is
            twin = COPIES[operation](message)
            assert twin == message
            all_of_it.append((twin, Model(model.pairs, model.kinds)))
        check_head(message, model)
    for message, model in all_of_it:
        check(message, model)


def test_set_after_a_look_in_another_thread() -> None:
    """What is set is what is found, also if a thread looked something up while another one read."""

    class Slow(Event):
        @property
        def _looks(self) -> int:
            looks = self._counted
            if looks == 1:
                self.all_items()  # another thread, in this moment
            return looks

        @_looks.setter
        def _looks(self, looks: int) -> None:
            self._counted = looks

        _counted = 1

    event = Slow.from_wire(b"Event: A\r\nB: old\r\n")
    assert event.get("B") == "old"
    event["B"] = "new"
    assert event["B"] == "new"


# What is remembered of names.


def test_names_that_are_looked_up_are_forgotten() -> None:
    """However many names a program asks for, a few are remembered, and no long one."""
    event = read_message(b"Event: A\r\nB: c\r\n", {})
    for number in range(2 * _message._KEPT):
        assert copy.copy(event).get(f"Name{number}") is None
    assert len(_message._finders) <= _message._KEPT
    long = "x" * (_message.LONGEST + 1)
    assert event.get(long) is None
    assert long not in _message._finders
    assert read_message(f"Event: A\r\n{long}: c\r\n".encode(), {})[long] == "c"


def test_long_names_of_events_are_not_remembered() -> None:
    """A peer that makes up names of a megabyte fills no memory with them."""
    _message._name_of.cache_clear()
    for length in (_message.LONGEST, _message.LONGEST + 1, 1 << 20):
        name = "x" * length
        event = read_message(f"Event: {name}\r\nA: b\r\n".encode(), {name: Named})
        assert (type(event), event.name, event["A"]) == (Named, name, "b")
    assert _message._name_of.cache_info().currsize == 1
