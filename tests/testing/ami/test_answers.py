"""What a script gives, as messages."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami._message import Event, Response
from pystrix.testing.ami import Later, ListAnswer, ReceivedAction, Refused, Silence
from pystrix.testing.ami._answers import Answer, answer_bytes

ACTION = ReceivedAction(["Action: QueueStatus", "ActionID: 7"])
NAMELESS = ReceivedAction(["Action: QueueStatus"])

GOLDEN: list[tuple[Answer, bytes]] = [
    (None, b"Response: Success\r\nActionID: 7\r\n\r\n"),
    ("Done", b"Response: Success\r\nActionID: 7\r\nMessage: Done\r\n\r\n"),
    ({"A": 1, "B": [2, 3]}, b"Response: Success\r\nActionID: 7\r\nA: 1\r\nB: 2\r\nB: 3\r\n\r\n"),
    ({"Response": "Goodbye"}, b"Response: Goodbye\r\nActionID: 7\r\n\r\n"),
    (
        Response(["Response: Error", "ActionID: 9", "Message: no"]),
        b"Response: Error\r\nActionID: 7\r\nMessage: no\r\n\r\n",
    ),
    (
        Refused("no", {"Output": "why"}),
        b"Response: Error\r\nActionID: 7\r\nMessage: no\r\nOutput: why\r\n\r\n",
    ),
    (Silence(), b""),
    (
        [
            Event(["Event: QueueParams", "Queue: a"]),
            Event(["Event: X", "Y: 1", "ActionID: ", "Z: 2"]),
        ],
        (
            b"Response: Success\r\nActionID: 7\r\nEventList: start\r\n"
            b"Message: List will follow\r\n\r\n"
            b"Event: QueueParams\r\nActionID: 7\r\nQueue: a\r\n\r\n"
            b"Event: X\r\nY: 1\r\nActionID: 7\r\nZ: 2\r\n\r\n"
            b"Event: QueueStatusComplete\r\nActionID: 7\r\n"
            b"EventList: Complete\r\nListItems: 2\r\n\r\n"
        ),
    ),
    (
        ListAnswer((), "TheEnd", "It follows", {"Total": 5}),
        (
            b"Response: Success\r\nActionID: 7\r\nEventList: start\r\nMessage: It follows\r\n\r\n"
            b"Event: TheEnd\r\nActionID: 7\r\nEventList: Complete\r\nListItems: 0\r\n"
            b"Total: 5\r\n\r\n"
        ),
    ),
]


@pytest.mark.parametrize(("answer", "expected"), GOLDEN)
def test_golden(answer: Answer, expected: bytes) -> None:
    """Answers of every kind, with and without an ActionID."""
    assert answer_bytes(ACTION, answer) == expected
    assert answer_bytes(NAMELESS, answer) == expected.replace(b"ActionID: 7\r\n", b"")


@pytest.mark.parametrize("answer", [3, ["x"], Later(1.0), object()])
def test_no_answers(answer: Any) -> None:
    """What is no answer is refused."""
    with pytest.raises(TypeError, match="is no answer to QueueStatus"):
        answer_bytes(ACTION, answer)
