"""Whatever a peer sends, only documented exceptions come out, and memory stays bounded.

The corpus is what a live Asterisk 22 sent in recorded sessions.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pystrix.agi import AGIException, AGIProtocolError, Command, core
from pystrix.agi._protocol import AGIProtocol, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pystrix.agi import Action

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent / "corpus").glob("*.bin"))]
LIMIT = 2048

ACTIONS: list[Action[Any]] = [
    core.Answer(),
    core.ChannelStatus(),
    core.ControlStreamFile("x"),
    core.DatabaseGet("f", "k"),
    core.DatabaseDeltree("f"),
    core.Exec("Dial", "x"),
    core.GetData("x"),
    core.GetExactVariable("x"),
    core.GetFullVariable("x"),
    core.GetOption("x", "1"),
    core.GetVariable("x"),
    core.Gosub("c", "e"),
    core.ReceiveChar(),
    core.ReceiveText(),
    core.RecordFile("x"),
    core.SayDigits(1),
    core.SpeechCreate(),
    core.SpeechRecognize("x", 1),
    core.StreamFile("x"),
    core.TDDMode("on"),
    core.WaitForDigit(),
    Command("EXEC", "SMS"),
    Command("NOOP"),
]

PIECES = [
    b"\n",
    b"\n\n",
    b"HANGUP\n",
    b"200 result=",
    b"200 result=1 (",
    b")\n",
    b"200 result=-1\n",
    b"520-\n",
    b"520 \n",
    b"100 ",
    b"511 dead\n",
    b"200\n",
    b"\xff\x00\r",
    b"endpos=",
    b"agi_",
    b": ",
    b"x" * 3000,
]


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Draw a damaged session, in the pieces in which it arrives."""
    data = bytearray(draw(st.sampled_from(CORPUS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["insert", "cut", "byte", "random"]))
        if kind == "insert":
            data[at:at] = draw(st.sampled_from(PIECES))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 200))]
        elif kind == "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        else:
            data[at:at] = draw(st.binary(max_size=64))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=40)))
    return [bytes(data[a:b]) for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def converse(pieces: Iterable[bytes], actions: list[Action[Any]]) -> int:
    """Run a session over what arrives; give how many actions came to an end."""
    protocol = AGIProtocol("fuzz", environment_limit=LIMIT, reply_limit=LIMIT)
    ended = 0
    pending = False
    action = actions[0]
    for number, piece in enumerate(pieces):
        protocol.receive_data(piece)
        if pending and protocol.state is not State.WAITING:
            pending = False
            ended += 1
            finish(protocol, action)
        line = protocol.data_to_send()
        if protocol.state is State.READY:
            action = actions[number % len(actions)]
            with contextlib.suppress(AGIProtocolError):  # rubbish was found behind the environment
                line = protocol.send_action(action)
            pending = protocol.state.name == "WAITING"
        assert not line or (line.endswith(b"\n") and line.count(b"\n") == 1)
        assert len(protocol._buffer) <= LIMIT + len(piece)
        assert protocol._held_size <= LIMIT
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    if pending:
        finish(protocol, action)
    with pytest.raises(AGIException):
        protocol.send_action(core.Noop())
    return ended


def finish(protocol: AGIProtocol, action: Action[Any]) -> None:
    """Take the result; any exception that is not documented fails the test."""
    try:
        action.process_response(protocol.response())
    except AGIException as error:
        str(error)


@settings(max_examples=400, deadline=None)
@given(streams(), st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=12))
def test_damaged_sessions(pieces: list[bytes], actions: list[Action[Any]]) -> None:
    """Recorded sessions, cut, damaged and put in pieces."""
    converse(pieces, actions)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(PIECES)), max_size=60))
@example([b"\n", b"200 result=1 (a)\nb\n", b"200 result=-1\n", b"HANGUP\n"])
def test_rubbish(pieces: list[bytes]) -> None:
    """Anything at all, behind an environment."""
    converse([b"agi_channel: x\n\n", *pieces], ACTIONS)


def test_recorded_sessions_in_lines() -> None:
    """The recorded sessions as they were, a line at a time, do end actions."""
    assert sum(converse(data.splitlines(keepends=True), ACTIONS) for data in CORPUS) > 100
