"""A conversation without a connection: an action, what is sent, what Asterisk answers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pystrix.agi import Response, ValueData
from pystrix.agi._limits import SURELY_WHOLE
from pystrix.agi._protocol import AGIProtocol, State
from pystrix.agi.errors import AGIException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pystrix.agi import Action

ENVIRONMENT = b"agi_channel: Local/x\n\n"
ALIVE = b"200 result=6\n"
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"
INVALID = b"510 Invalid or unknown command\n"
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"  Example return code: 200 result=1 (testvariable)\n"
    b"520 End of proper usage.\n"
)
STATUS = b"CHANNEL STATUS\n"

CHUNKS = (None, 1)
"""Whole, and one byte at a time."""


class Row(NamedTuple):
    """A row of a golden table."""

    action: Action[Any]
    line: bytes
    """What is sent, exactly."""
    outcomes: dict[bytes, object]
    """By what Asterisk answers: the result, or the class of the exception. The channel lives."""

    @property
    def name(self) -> str:
        """The command's name: what stands before the quoted words."""
        return self.line[:-1].partition(b' "')[0].decode().lower()


class Case(NamedTuple):
    """One outcome of a row."""

    action: Action[Any]
    reply: bytes
    outcome: Any


def cases(table: Iterable[Row]) -> list[Any]:
    """Give every outcome of a table as a parameter of a test."""
    return [
        pytest.param(Case(row.action, reply, outcome), id=f"{row.name}:{reply.decode('latin-1')}")
        for row in table
        for reply, outcome in row.outcomes.items()
    ]


def run(
    action: Action[Any],
    *replies: bytes,
    chunk: int | None = None,
    sent: list[bytes] | None = None,
) -> Any:
    """Execute an action on a new session.

    Each line that is sent is answered with the next of `replies`; the echo that the session asks
    for to find the end of a value is answered by itself.

    Args:
        action: The action.
        replies: What Asterisk answers.
        chunk: How many bytes arrive at a time; None for all at once.
        sent: A list that gets the lines that were sent.
    """
    protocol = AGIProtocol()
    protocol.receive_data(ENVIRONMENT)
    line = protocol.send_action(action)
    answers = list(replies)
    while line:
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        if sent is not None:
            sent.append(line)
        echo = line.startswith(b"GET FULL VARIABLE ") and line != action.wire
        if echo:
            reply = b"200 result=1 (" + line.split(b'"')[1] + b")\n"
        else:
            assert answers, f"no answer is left for {line!r}"
            reply = answers.pop(0)
        _feed(protocol, reply, chunk)
        line = protocol.data_to_send()
    assert not answers, "these were not asked for"
    assert protocol.state is State.READY, "the reply is not complete"
    return action.process_response(protocol.response())


def _feed(protocol: AGIProtocol, data: bytes, chunk: int | None) -> None:
    size = chunk or len(data)
    for at in range(0, len(data), size):
        protocol.receive_data(data[at : at + size])


def asks_status(case: Case) -> bool:
    """Tell whether the reply may mean a hang-up, so that the session asks for the status."""
    may_be = case.reply.startswith(b"200 result=-1") or b" (hangup)" in case.reply
    return case.action.check_hangup and may_be


def assert_outcome(case: Case, chunk: int | None) -> None:
    """Check one outcome on a living channel, and on a dead one where the reply leaves it open."""
    reply = case.reply + b"\n"
    status = (ALIVE,) if asks_status(case) else ()
    sent: list[bytes] = []
    if inspect.isclass(case.outcome) and issubclass(case.outcome, AGIException):
        with pytest.raises(case.outcome) as caught:
            run(case.action, reply, *status, chunk=chunk, sent=sent)
        assert caught.type is case.outcome
        assert case.action.command[:-1] in str(caught.value)
        assert caught.value.items["result"].value in case.reply.decode()
    else:
        result = run(case.action, reply, *status, chunk=chunk, sent=sent)
        assert result == case.outcome
        assert type(result) is type(case.outcome)
    assert sent[0] == case.action.wire
    echoes = len(sent) - 1 if len(reply) > SURELY_WHOLE else 0
    assert sent[1 + echoes :] == [STATUS] * len(status)


WAYS_TO_HANG_UP = [
    pytest.param(b"HANGUP\n", (), None, id="told at once"),
    pytest.param(b"HANGUP\n", (DEAD,), 1, id="told while asking"),
    pytest.param(b"", (b"HANGUP\n" + DEAD,), None, id="told and asked"),
    pytest.param(b"", (DEAD,), None, id="asked"),
    pytest.param(b"", (DEAD,), 1, id="asked, byte by byte"),
]
"""What follows a reply of -1, the answers to what is sent then, and the bytes at a time."""


def plain(result: int) -> Response:
    """Make the reply ``200 result=N``."""
    return Response({"result": ValueData(str(result), "")}, 200, f"result={result}")
