"""The conversation of a connection: where messages end, and how long they may be."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.ami import (
    AnyAction,
    AnyListAction,
    ManagerConnectionLostError,
    ManagerListLimitError,
    ManagerMessageLimitError,
    Message,
)
from pystrix.ami._protocol import AMIProtocol, State
from tests.ami.protocols import BANNER, HANGUP, OLD_BANNER, answer, ready, sent, text_of

if TYPE_CHECKING:
    from tests.ami.protocols import Feed

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.bin"))
FOLLOWS = b"Response: Follows\r\nPrivilege: Command\r\n"


# Framing.


@pytest.mark.parametrize(
    ("data", "blocks"),
    [
        (b"Event: A\r\n\r\nEvent: B\r\n\r\n", [b"Event: A\r\n", b"Event: B\r\n"]),
        (b"Event: A\n\nEvent: B\n\n", [b"Event: A\n", b"Event: B\n"]),
        (b"Event: A\n\r\nEvent: B\r\n\n", [b"Event: A\n", b"Event: B\r\n"]),
        (b"\r\n\n\r\nEvent: A\r\n\r\n\r\n\n\n\r\n", [b"Event: A\r\n"]),
        # A message that ends in LF: the empty line comes early, and one stray follows.
        (
            b"Response: Error\r\nMessage: No Contacts found\n\r\n\r\nEvent: B\r\n\r\n",
            [b"Response: Error\r\nMessage: No Contacts found\n", b"Event: B\r\n"],
        ),
        (b"Event: A\r\nB: x\r\r\n\r\n", [b"Event: A\r\nB: x\r\r\n"]),
        (b"Event: A\r\nB: x\r\rC: y\r\n\r\n", [b"Event: A\r\nB: x\r\rC: y\r\n"]),
        (b"\rEvent: A\r\n\r\n", [b"\rEvent: A\r\n"]),
        (b"\r\r\n\r\n", [b"\r\r\n"]),
        # A value may hold what looks like the end; a reader cannot tell.
        (
            b"Response: Success\r\nValue: a\r\n\r\nEvent: Fake\r\n\r\n",
            [b"Response: Success\r\nValue: a\r\n", b"Event: Fake\r\n"],
        ),
        # The output of a command in its old form may hold anything.
        (
            FOLLOWS + b"a\n\nb: c\n\r\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n",
            [FOLLOWS + b"a\n\nb: c\n\r\n--END COMMAND--\r\n", b"Event: A\r\n"],
        ),
        (
            b"response: follows\na--END COMMAND--\n\nEvent: A\n\n",
            [b"response: follows\na--END COMMAND--\n", b"Event: A\n"],
        ),
        (
            FOLLOWS + b"--END COMMAND-- \n--END COMMAND--\r\nx\r\n\r\n--END COMMAND--\r\n\r\n",
            [FOLLOWS + b"--END COMMAND-- \n--END COMMAND--\r\nx\r\n\r\n--END COMMAND--\r\n"],
        ),
    ],
)
def test_framing(feed: Feed, data: bytes, blocks: list[bytes]) -> None:
    """An empty line ends a message; others are skipped."""
    protocol = ready(OLD_BANNER)
    feed(protocol, data)
    assert [message._block for message in protocol.messages_received()] == blocks
    assert protocol.messages_received() == []
    assert not protocol._buffer


def plain_blocks(data: bytes) -> list[bytes]:
    """Cut a stream into messages as plainly as the rule is written."""
    blocks, block = [], b""
    for line in data.splitlines(keepends=True):
        if line in (b"\n", b"\r\n") and (block.endswith(b"\n") or not block):
            if block:
                blocks.append(block)
            block = b""
        else:
            block += line
    return blocks


def session_of(path: Path) -> bytes:
    """Give what Asterisk sent in a recorded session, with the greeting that some lack."""
    data = path.read_bytes()
    return data if data.startswith(BANNER) else BANNER + data


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_recorded_sessions(path: Path, feed: Feed) -> None:
    """Every byte of every recorded session is in a message, or an empty line between two."""
    data = session_of(path)
    protocol = AMIProtocol("peer")
    feed(protocol, data)
    messages = protocol.messages_received()
    rest = bytes(protocol._buffer)
    joined = b"".join(message._block for message in messages) + rest
    without_empty = re.sub(rb"(?<=\n)\r?\n", b"", data.removeprefix(BANNER))
    assert re.sub(rb"(?<=\n)\r?\n", b"", joined) == without_empty
    for message in messages:
        assert message.name
        assert message.name not in ("Generic Event", "Generic Response") or message.data == []
    assert not protocol.goodbye  # nobody here has asked for it


@given(st.data())
def test_any_split(data: st.DataObject) -> None:
    """However a recorded session is cut into reads, the messages are the same."""
    stream = session_of(data.draw(st.sampled_from(CORPUS)))
    whole = AMIProtocol("peer")
    whole.receive_data(stream)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=40).map(sorted))
    pieces = AMIProtocol("peer")
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        pieces.receive_data(stream[start:end])
    assert text_of(pieces.messages_received()) == text_of(whole.messages_received())
    assert pieces._buffer == whole._buffer


parts = st.sampled_from(
    [
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"Event: A",
        b"Response: Follows\r\n",
        b"x: y",
        b"a",
        b"--END COMMAND--",
        b"--END COMMAND--\r\n\r\n",
    ]
)


@given(st.lists(parts, max_size=20), st.lists(st.integers(1, 9), min_size=1))
def test_any_split_of_anything(stream: list[bytes], sizes: list[int]) -> None:
    """The same for streams that no Asterisk sends."""
    data = b"".join(stream)
    whole = ready(OLD_BANNER)
    whole.receive_data(data)
    messages = text_of(whole.messages_received())
    if b"Follows" not in data:
        assert messages == [bytes(Message.from_wire(block)) for block in plain_blocks(data)]
    pieces = ready(OLD_BANNER)
    at, turn = 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.receive_data(memoryview(data)[at : at + size])
        at, turn = at + size, turn + 1
    assert text_of(pieces.messages_received()) == messages
    assert pieces._buffer == whole._buffer


def test_no_byte_is_searched_twice() -> None:
    """A long message that arrives in small reads costs no more than its length."""
    protocol = ready()
    protocol.receive_data(b"Response: Success\r\n")
    for number in range(200):
        protocol.receive_data(b"Output: a line of a command\r\n")
        assert protocol._scanned >= len(protocol._buffer) - 20, number


@pytest.mark.timeout(60)  # where it takes hours if a piece is read again and again
@pytest.mark.parametrize(
    "rest",
    [
        b"a" + b":" * 2_000_000 + b"\r\n" + b"a\r\n" * 700_000,
        b"a" + b":" * 4_000_000,
        b"a: b\r\n" + b"\r" * 4_000_000,
        b"a: b\r\n" + b"a" * 4_000_000 + b"\r\n",
        b"a: b\r\n" + b"a\r\n" * 1_300_000,
    ],
)
def test_hostile_answers(rest: bytes) -> None:
    """Half an answer, whatever its lines look like, takes as long as its length."""
    protocol = ready()
    waiting = sent(protocol, AnyAction("Ping"))
    start = f"Response: Success\r\nActionID: {waiting.action_id}\r\n".encode()
    protocol.receive_data(start + rest)
    assert not waiting.done
    protocol.receive_data(b"\r\n\r\n")
    assert waiting.done
    assert waiting.response is not None
    assert waiting.response.name == "Success"


def test_stray_lines_take_no_memory() -> None:
    """Empty lines are skipped without a note of each."""
    protocol = ready()
    data = b"\n" * 1_000_000
    tracemalloc.start()
    try:
        protocol.receive_data(data)
        assert tracemalloc.get_traced_memory()[1] < len(data)
    finally:
        tracemalloc.stop()
    protocol.receive_data(HANGUP)
    assert protocol.messages_received() == ["Hangup"]


# Limits.


@pytest.mark.parametrize("start", [b"Event: A\r\n", b"Response: Follows\r\n"])
def test_message_limit(feed: Feed, start: bytes) -> None:
    """A message without an end ends the connection; those before it are delivered."""
    protocol = ready(OLD_BANNER, message_limit=100)
    waiting = sent(protocol, AnyAction("Ping"))
    feed(protocol, HANGUP + start + b"x" * 100)
    assert protocol.state is State.CLOSED
    assert isinstance(protocol.failure, ManagerMessageLimitError)
    assert protocol.failure.limit == 100
    assert protocol.messages_received() == ["Hangup"]
    with pytest.raises(ManagerConnectionLostError, match="longer than 100 bytes before Ping was"):
        waiting.result()
    protocol.receive_data(HANGUP)
    assert protocol.messages_received() == []


@pytest.mark.parametrize(("length", "fits"), [(100, True), (101, False)])
@pytest.mark.parametrize("start", [b"Event: A\r\nB: ", b"Response: Follows\r\n"])
def test_message_limit_is_exact(feed: Feed, start: bytes, length: int, fits: bool) -> None:
    """It counts the lines with their ends."""
    end = b"--END COMMAND--\r\n" if b"Follows" in start else b"\r\n"
    data = start + b"x" * (length - len(start) - len(end)) + end
    protocol = ready(OLD_BANNER, message_limit=100)
    feed(protocol, data + b"\r\n" + HANGUP)
    assert len(protocol.messages_received()) == (2 if fits else 0)
    assert (protocol.state is State.READY) is fits


def test_list_limit() -> None:
    """A list without an end fails its action and nothing else."""
    protocol = ready(list_limit=2)
    exchange = sent(protocol, AnyListAction("Status"))
    other = sent(protocol, AnyAction("Ping"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    for _ in range(4):
        protocol.receive_data(answer(exchange, "Event: Status"))
    with pytest.raises(ManagerListLimitError, match="Status has more than 2 items"):
        exchange.result()
    assert protocol.state is State.READY
    assert protocol.outstanding == 1
    assert protocol.messages_received() == ["Status"]  # what came behind it is for everybody
    protocol.receive_data(answer(other, "Response: Success"))
    assert other.result() == "Success"


def test_list_limit_is_exact() -> None:
    """It counts the items, not the event that closes the list."""
    protocol = ready(list_limit=2)
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    for _ in range(2):
        protocol.receive_data(answer(exchange, "Event: Status"))
    protocol.receive_data(answer(exchange, "Event: StatusComplete", "EventList: Complete"))
    assert len(exchange.result()) == 2
