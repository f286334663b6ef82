"""What a simulated Asterisk reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.testing.ami import ReceivedAction
from pystrix.testing.ami._requests import Request, RequestReader

TOO_LONG = "Failed to parse message: line too long"
TOO_MANY = "Too many lines in message or allocation failure"


def read(*pieces: bytes) -> list[Request]:
    """Read bytes."""
    reader = RequestReader()
    return [request for piece in pieces for request in reader.receive_data(piece)]


GOLDEN: list[tuple[bytes, list[list[tuple[str, str]]]]] = [
    (b"Action: Ping\r\n\r\n", [[("Action", "Ping")]]),
    (b"Action:Ping\n\n", [[("Action", "Ping")]]),
    (b"Action: \t Ping \r\n\r\n", [[("Action", "Ping ")]]),
    (b"\r\nno colon\r\nA: b: c\r\n\r\n", [[], [("A", "b: c")]]),
    (b"A: cr\r\r\nB: a\rb\r\n\r\n", [[("A", "cr\r"), ("B", "a\rb")]]),
    (b"A: b\0c\r\n\0\r\n", [[("A", "b")]]),
    (b"A: caf\xe9 \xe2\x9c\x93\r\n\r\n", [[("A", "caf\udce9 \u2713")]]),
    (b"A: 1\r\nA: 2\r\n\r\nB: 3\r\n", [[("A", "1"), ("A", "2")]]),
]


@pytest.mark.parametrize(("data", "expected"), GOLDEN)
def test_golden(data: bytes, expected: list[list[tuple[str, str]]]) -> None:
    """Messages, whole and byte by byte."""
    assert [request.action.all_items() for request in read(data)] == expected
    single = [data[i : i + 1] for i in range(len(data))]
    assert read(*single) == read(data)


@pytest.mark.parametrize(
    ("size", "errors"),
    [
        (1024, [""]),
        (1025, [TOO_LONG, ""]),
        (1026, [TOO_LONG]),
        (2047, [TOO_LONG]),
        (2048, [TOO_LONG, ""]),
        (2049, [TOO_LONG]),
    ],
)
def test_long_lines(size: int, errors: list[str]) -> None:
    """Of a line that is too long the last byte stays, which may be half of its end."""
    data = b"ActionID: x\r\nA: " + b"x" * (size - 5) + b"\r\n\r\n"
    requests = read(data)
    assert [request.error for request in requests] == errors
    assert requests[0].action.action_id == "x"
    single = [data[i : i + 1] for i in range(len(data))]
    assert read(*single) == requests


@pytest.mark.parametrize(("lines", "error"), [(128, ""), (129, TOO_MANY), (500, TOO_MANY)])
def test_many_lines(lines: int, error: str) -> None:
    """What is behind the 128th line is not read."""
    (request,) = read(b"A: 1\r\n" * (lines - 1) + b"ActionID: x\r\n\r\n")
    assert request.error == error
    assert request.action.action_id == ("" if error else "x")


@settings(deadline=None)
@given(st.binary(), st.integers(1, 50))
def test_any_bytes_in_any_pieces(data: bytes, size: int) -> None:
    """Any bytes are read, and the pieces they come in do not matter."""
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert read(*pieces) == read(data)


def test_a_mapping() -> None:
    """An action is a mapping of its headers, the first of each name."""
    action = ReceivedAction(["Action: ", "ACTION: Ping", "actionid: 7", "A: 1", "a: 2", "nothing"])
    assert action.name == "Ping"
    assert action.action_id == "7"
    assert action["a"] == "1"
    assert action.get_all("A") == ["1", "2"]
    assert list(action) == ["Action", "actionid", "A"]
    assert len(action) == 3
    assert "ActionID" in action
    assert 1 not in action  # type: ignore[comparison-overlap]
    assert dict(action) == {"Action": "", "actionid": "7", "A": "1"}
    assert repr(action).startswith("<ReceivedAction [('Action', '')")
    with pytest.raises(KeyError):
        action["B"]


def test_equality() -> None:
    """An action is equal to its name, and to another with the same headers."""
    action = ReceivedAction(["Action: Ping"])
    assert action == "ping"
    assert action == ReceivedAction(["Action: Ping"])
    assert action != ReceivedAction(["Action: Ping", "A: 1"])
    assert action != 3
    assert ReceivedAction([]).name == ""
    assert ReceivedAction([]).action_id == ""
