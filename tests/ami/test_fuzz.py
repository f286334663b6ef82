"""Whatever a peer sends, only documented exceptions come out, and memory stays bounded.

The corpus is what a live Asterisk 22 sent in recorded sessions.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.ami import AnyAction, AnyListAction, Error, ManagerProtocolError
from pystrix.ami._aggregate import SynchronousEvents
from pystrix.ami._protocol import AMIProtocol, State

if TYPE_CHECKING:
    from pystrix.ami._exchange import Exchange

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent / "corpus").glob("*.bin"))]
LIMIT = 2048
BANNERS = [b"Asterisk Call Manager/11.0.0\r\n", b"Asterisk Call Manager/2.10.5\r\n"]

PIECES = [
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"Event: ",
    b"Response: Success\r\n",
    b"Response: Follows\r\n",
    b"--END COMMAND--\r\n\r\n",
    b"ActionID: a\r\n",
    b"ActionID: b\r\n",
    b"EventList: start\r\n",
    b"EventList: Complete\r\n",
    b": ",
    b"\xff\x00\x85",
    b"x" * 3000,
]


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Draw a damaged session, in the pieces in which it arrives."""
    session = draw(st.sampled_from(CORPUS))
    start = draw(st.integers(0, len(session)))
    data = bytearray(draw(st.sampled_from(BANNERS))) + session[start : start + 4000]
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["insert", "cut", "byte", "random"])):
            case "insert":
                data[at:at] = draw(st.sampled_from(PIECES))
            case "cut":
                del data[at : at + draw(st.integers(0, 50))]
            case "byte":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case _:
                data[at:at] = draw(st.binary(max_size=20))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=10)))
    return [
        bytes(data[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(streams(), st.booleans())
def test_damaged_sessions(pieces: list[bytes], given_up: bool) -> None:
    """Everything that waits is told, nothing is kept, and only documented errors come out."""
    protocol = AMIProtocol("peer", message_limit=LIMIT, list_limit=5)
    waiting: list[Exchange[Any]] = []
    for piece in pieces:
        protocol.receive_data(piece)
        for message in protocol.messages_received():
            assert isinstance(message.name, str)
            assert len(bytes(message)) <= LIMIT + 4
            assert isinstance(message.data, list)
        if protocol.state is State.READY and not waiting:
            for action_id in ("a", "b", "c"):
                action = AnyListAction("Status") if action_id == "a" else AnyAction("Ping")
                collector = SynchronousEvents(action) if action_id == "c" else None
                waiting.append(protocol.send_action(action, action_id, collector=collector))
        assert len(protocol._buffer) <= LIMIT + 2
    if given_up:
        for exchange in waiting:
            protocol.give_up(exchange)
        assert protocol.outstanding == 0
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.failure is not None
    assert isinstance(protocol.failure, Error)
    for exchange in waiting:
        assert exchange.done or given_up
        if exchange.done:
            with contextlib.suppress(Error):
                exchange.result()
    assert protocol.outstanding == 0
    assert not protocol._buffer
    assert not protocol._watching


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=10))
def test_foreign_peers(pieces: list[bytes]) -> None:
    """A peer that speaks anything else is refused with the error for that."""
    protocol = AMIProtocol("peer")
    for piece in pieces:
        protocol.receive_data(piece)
    protocol.receive_eof()
    assert protocol.failure is not None
    data = b"".join(pieces)
    known = b"Asterisk Call Manager/"
    if not (known.startswith(data) or data.startswith(known)):
        assert isinstance(protocol.failure, ManagerProtocolError)
