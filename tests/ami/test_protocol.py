"""The conversation of a connection, without a socket: bytes in, messages and answers out."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.ami import (
    Action,
    AnyAction,
    AnyListAction,
    Event,
    EventList,
    ManagerActionError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerListLimitError,
    ManagerMessageLimitError,
    ManagerSocketError,
    Message,
    Response,
)
from pystrix.ami._aggregate import SynchronousEvents
from pystrix.ami._exchange import Exchange, ResponseOnly
from pystrix.ami._fields import Text
from pystrix.ami._message import events_by_name
from pystrix.ami._protocol import AMIProtocol, State

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.bin"))
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
OLD_BANNER = b"Asterisk Call Manager/2.10.5\r\n"
FOLLOWS = b"Response: Follows\r\nPrivilege: Command\r\n"
HANGUP = b"Event: Hangup\r\nChannel: x\r\n\r\n"


def ready(banner: bytes = BANNER, **options: Any) -> AMIProtocol:
    """Make a protocol that has been greeted."""
    protocol = AMIProtocol("peer", **options)
    protocol.receive_data(banner)
    assert protocol.state is State.READY
    return protocol


def feed_whole(protocol: AMIProtocol, data: bytes) -> None:
    """Hand in everything at once."""
    protocol.receive_data(data)


def feed_bytes(protocol: AMIProtocol, data: bytes) -> None:
    """Hand in one byte at a time."""
    for at in range(len(data)):
        protocol.receive_data(data[at : at + 1])


@pytest.fixture(params=[feed_whole, feed_bytes], ids=["whole", "byte by byte"])
def feed(request: pytest.FixtureRequest) -> Callable[[AMIProtocol, bytes], None]:
    """Give both ways in which bytes arrive."""
    way: Callable[[AMIProtocol, bytes], None] = request.param
    return way


def text_of(messages: list[Event | Response]) -> list[bytes]:
    """Give the bytes of messages."""
    return [bytes(message) for message in messages]


def sent(protocol: AMIProtocol, action: Action[Any], **options: Any) -> Exchange[Any]:
    """Send an action."""
    exchange = protocol.send_action(action, **options)
    assert protocol.data_to_send()
    assert exchange.sent
    return exchange


def answer(exchange: Exchange[Any], *lines: str) -> bytes:
    """Make the answer of an action, from its first line on."""
    first, *rest = lines
    text = [first, f"ActionID: {exchange.action_id}", *rest]
    return "".join(f"{line}\r\n" for line in text).encode() + b"\r\n"


# The greeting.


def test_banner(feed: Callable[[AMIProtocol, bytes], None]) -> None:
    """It is a line, and no message; what follows it is one."""
    protocol = AMIProtocol("peer")
    assert protocol.state is State.BANNER
    assert protocol.asterisk_info is None
    feed(protocol, BANNER[:-1])
    assert protocol.state.name == "BANNER"
    feed(protocol, b"\n" + HANGUP)
    assert protocol.state.name == "READY"
    assert protocol.banner == "Asterisk Call Manager/11.0.0"
    assert protocol.asterisk_info == ("Asterisk Call Manager", "11.0.0")
    assert protocol.messages_received() == ["Hangup"]


@pytest.mark.parametrize(
    ("data", "banner"),
    [
        (b"220 smtp ready\r\n", "220 smtp ready"),
        (b"SSH-2.0-OpenSSH_9.2", "SSH-2.0-OpenSSH_9.2"),
        (b"\r\n", ""),
        (b"Asterisk Call Manager\r\n", "Asterisk Call Manager"),
        (b"\x15\x03\x03\xff", "\x15\x03\x03\\xff"),
    ],
)
def test_foreign_banner(data: bytes, banner: str) -> None:
    """A peer that greets as something else is named, and refused."""
    protocol = AMIProtocol("peer")
    protocol.receive_data(data)
    assert protocol.state is State.CLOSED
    assert isinstance(protocol.failure, ManagerBannerError)
    assert protocol.failure.banner == banner


def test_foreign_banner_byte_by_byte() -> None:
    """The first byte that does not fit is enough."""
    protocol = AMIProtocol("peer")
    feed_bytes(protocol, b"Asterisk 22\r\n")
    assert isinstance(protocol.failure, ManagerBannerError)
    assert protocol.failure.banner == "Asterisk 2"


def test_banner_without_end(feed: Callable[[AMIProtocol, bytes], None]) -> None:
    """A greeting has a limit."""
    protocol = AMIProtocol("peer")
    feed(protocol, b"Asterisk Call Manager/".ljust(255, b"1"))
    assert protocol.state is State.BANNER
    feed(protocol, b"1")
    assert isinstance(protocol.failure, ManagerBannerError)
    assert len(protocol.failure.banner) == 256


def test_no_banner() -> None:
    """A peer that leaves without a word is explained."""
    protocol = AMIProtocol("10.0.0.1:5038")
    protocol.receive_eof()
    assert type(protocol.failure) is ManagerSocketError
    assert "10.0.0.1:5038 closed the connection without a greeting" in str(protocol.failure)


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
def test_framing(
    feed: Callable[[AMIProtocol, bytes], None], data: bytes, blocks: list[bytes]
) -> None:
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
def test_recorded_sessions(path: Path, feed: Callable[[AMIProtocol, bytes], None]) -> None:
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


# Limits.


@pytest.mark.parametrize("start", [b"Event: A\r\n", b"Response: Follows\r\n"])
def test_message_limit(feed: Callable[[AMIProtocol, bytes], None], start: bytes) -> None:
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
def test_message_limit_is_exact(
    feed: Callable[[AMIProtocol, bytes], None], start: bytes, length: int, fits: bool
) -> None:
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


# Sending.


def test_sending() -> None:
    """The bytes wait until they are taken, all in one."""
    protocol = ready()
    assert protocol.data_to_send() == b""
    first = protocol.send_action(AnyAction("Ping"), "one")
    second = protocol.send_action(AnyAction("Events"), "two", headers={"EventMask": "off"})
    assert not first.sent
    assert protocol.outstanding == 2
    assert protocol.data_to_send() == (
        b"Action: Ping\r\nActionID: one\r\n\r\n"
        b"Action: Events\r\nEventMask: off\r\nActionID: two\r\n\r\n"
    )
    assert first.sent
    assert second.sent
    assert protocol.data_to_send() == b""


def test_fresh_action_ids() -> None:
    """Each is new, and cannot be guessed from another."""
    protocol = ready()
    ids = [protocol.send_action(AnyAction("Ping")).action_id for _ in range(200)]
    assert len(set(ids)) == 200
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    assert len({each[:8] for each in ids}) == 200
    assert len({each[8:] for each in ids}) == 200


def test_action_id_in_use() -> None:
    """Two actions that wait never share one; afterwards it is free."""
    protocol = ready()
    first = sent(protocol, AnyListAction("Status"), action_id="mine")
    with pytest.raises(ValueError, match="the ActionID 'mine' is empty, or another action waits"):
        protocol.send_action(AnyAction("Ping"), "mine")
    protocol.receive_data(answer(first, "Response: Success", "EventList: start"))
    with pytest.raises(ValueError, match="mine"):
        protocol.send_action(AnyAction("Ping", {"ActionID": "mine"}))
    protocol.receive_data(answer(first, "Event: StatusComplete", "EventList: Complete"))
    sent(protocol, AnyAction("Ping"), action_id="mine")
    with pytest.raises(ValueError, match="empty"):
        protocol.send_action(AnyAction("Ping"), "")


def test_refused_actions_leave_nothing() -> None:
    """What cannot be sent is neither sent nor kept."""
    protocol = ready()
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        protocol.send_action(AnyAction("X", {"A": "\n"}))
    with pytest.raises(ValueError, match="at most 1022 bytes"):
        protocol.send_action(AnyAction("X", {"A": "x" * 1024}))
    with pytest.raises(TypeError):
        protocol.send_action(AnyAction("X"), headers={"A": None})
    assert protocol.outstanding == 0
    assert protocol.data_to_send() == b""


def test_own_build_request() -> None:
    """A subclass may make the text; it is checked like any."""

    class Own(Action[Any]):
        text = "Action: Own\r\nActionID: {}\r\n\r\n"

        def build_request(
            self, action_id: str | None, id_generator: Callable[[], str], **kwargs: object
        ) -> tuple[str, str]:
            assert not kwargs
            used = action_id or id_generator()
            return self.text.format(used), used

    protocol = ready()
    action = Own("Own")
    exchange = protocol.send_action(action)
    assert protocol.data_to_send() == b"Action: Own\r\nActionID: %b\r\n\r\n" % (
        exchange.action_id.encode()
    )
    action.text = "Action: Own\r\n\r\nAction: Logoff\r\n\r\n"
    with pytest.raises(ValueError, match="one empty line at the end"):
        protocol.send_action(action)


def test_sending_needs_a_connection() -> None:
    """Neither before the greeting nor after the end."""
    protocol = AMIProtocol("10.0.0.1:5038")
    with pytest.raises(ManagerError, match=r"cannot send Ping: not connected to 10\.0\.0\.1"):
        protocol.send_action(AnyAction("Ping"))
    protocol.receive_data(BANNER)
    protocol.send_action(AnyAction("Ping"))
    protocol.close()
    assert protocol.data_to_send() == b""
    with pytest.raises(ManagerError, match="not connected"):
        protocol.send_action(AnyAction("Ping"))


# Answers.


def test_pairing(feed: Callable[[AMIProtocol, bytes], None]) -> None:
    """Answers find their actions by ActionID, whatever their order."""
    protocol = ready()
    first, second = sent(protocol, AnyAction("A")), sent(protocol, AnyAction("B"))
    feed(protocol, answer(second, "Response: Success", "X: 2"))
    assert second.done
    assert not first.done
    feed(protocol, HANGUP + answer(first, "Response: Error", "Message: no"))
    assert second.result()["X"] == "2"
    with pytest.raises(ManagerActionError, match="no"):
        first.result()
    assert protocol.messages_received() == ["Hangup"]
    assert protocol.outstanding == 0


def test_action_ids_are_exact() -> None:
    """An ActionID comes back byte for byte; one that differs is another."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("A"), action_id="caf\udce9 x ")
    protocol.receive_data(b"Response: Success\r\nActionID: caf\xe9 x\r\n\r\n")
    assert not exchange.done
    protocol.receive_data(b"Response: Success\r\nActionID: caf\xe9 x \r\n\r\n")
    assert exchange.done
    assert len(protocol.messages_received()) == 1


def test_the_first_action_id_counts() -> None:
    """What a caller put into a value does not redirect an answer."""
    protocol = ready()
    first, second = sent(protocol, AnyAction("A")), sent(protocol, AnyAction("B"))
    protocol.receive_data(answer(first, "Response: Success", f"ActionID: {second.action_id}"))
    assert first.done
    assert not second.done


def test_event_with_response_header() -> None:
    """OriginateResponse is an event, even with the ActionID of an action that waits."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("Originate"))
    protocol.receive_data(answer(exchange, "Event: OriginateResponse", "Response: Success"))
    assert not exchange.done
    assert protocol.messages_received() == ["OriginateResponse"]


def test_on_done() -> None:
    """Whoever waits is told, once."""
    protocol = ready()
    told: list[str] = []
    exchange = sent(protocol, AnyAction("A"), on_done=lambda done: told.append(done.action_id))
    protocol.receive_data(answer(exchange, "Response: Success") * 2)
    assert told == [exchange.action_id]
    protocol.close()
    assert told == [exchange.action_id]


def test_response_of_another_layout() -> None:
    """A class may have slots of its own."""

    class Slotted(Response):
        __slots__ = ("value",)

    class Ask(Action[Slotted]):
        RESPONSE: ClassVar[type[Response]] = Slotted

    protocol = ready()
    exchange = protocol.send_action(Ask("Ask"), "1")
    protocol.receive_data(b"Response: Success\r\nActionID: 1\r\nValue: 5\r\n\r\n")
    assert exchange.error is None
    assert type(exchange.response) is Slotted
    assert exchange.response["Value"] == "5"


def test_typed_response() -> None:
    """An action names the class of its response."""

    class Value(Response):
        value = Text("Value")

    class Getvar(Action[Value]):
        RESPONSE: ClassVar[type[Response]] = Value

    protocol = ready()
    exchange = sent(protocol, Getvar("Getvar"))
    protocol.receive_data(answer(exchange, "Response: Success", "Value: x"))
    assert exchange.result().value == "x"


# What belongs to no action.


def test_orphans(caplog: pytest.LogCaptureFixture) -> None:
    """Responses that nobody waits for are handed out; without an ActionID they are logged."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("A"))
    with caplog.at_level(logging.WARNING):
        protocol.receive_data(b"Response: Error\r\nActionID: other\r\n\r\n")
        assert caplog.messages == []
        protocol.receive_data(b"Response: Error\r\nMessage: Missing action in request\r\n\r\n")
    assert len(caplog.messages) == 1
    assert "peer: a response to no action" in caplog.text
    assert "Missing action in request" in caplog.text
    assert not exchange.done
    assert protocol.messages_received() == ["Error", "Error"]


def test_given_up() -> None:
    """Nothing is kept of an action that was given up; its answer is handed out."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.give_up(exchange)
    protocol.give_up(exchange)
    assert protocol.outstanding == 0
    protocol.receive_data(
        answer(exchange, "Response: Success", "EventList: start")
        + answer(exchange, "Event: Status")
        + answer(exchange, "Event: StatusComplete", "EventList: Complete")
    )
    assert protocol.messages_received() == ["Success", "Status", "StatusComplete"]
    assert not exchange.done


def test_given_up_before_it_was_sent() -> None:
    """It is not sent at all."""
    protocol = ready()
    first = protocol.send_action(AnyAction("A"), "a")
    protocol.send_action(AnyAction("B"), "b")
    protocol.give_up(first)
    assert protocol.data_to_send() == b"Action: B\r\nActionID: b\r\n\r\n"
    assert not first.sent


def test_given_up_in_the_middle_of_a_list() -> None:
    """The rest of its list is for everybody."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    protocol.receive_data(answer(exchange, "Event: Status"))
    protocol.give_up(exchange)
    protocol.receive_data(answer(exchange, "Event: Status", "X: 2"))
    assert [message["X"] for message in protocol.messages_received()] == ["2"]
    assert protocol.outstanding == 0


def test_given_up_does_not_touch_a_namesake() -> None:
    """Who uses an ActionID again is not forgotten in place of the first."""
    protocol = ready()
    first = sent(protocol, AnyAction("A"), action_id="x")
    protocol.receive_data(answer(first, "Response: Success"))
    second = sent(protocol, AnyAction("A"), action_id="x")
    protocol.give_up(first)
    protocol.receive_data(answer(second, "Response: Success"))
    assert second.done


# Lists.


@pytest.mark.parametrize("start", ["start", "Start"])
def test_list(feed: Callable[[AMIProtocol, bytes], None], start: str) -> None:
    """Items and what closes the list are known by ActionID and EventList, not by name."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("FAXSessions"))
    feed(protocol, answer(exchange, "Response: Success", f"EventList: {start}"))
    assert not exchange.done
    feed(protocol, answer(exchange, "Event: Anything", "N: 1") + HANGUP)
    feed(protocol, b"Event: Anything\r\nActionID: other\r\n\r\n")
    feed(protocol, answer(exchange, "Event: Else", "N: 2"))
    feed(protocol, answer(exchange, "Event: Whatever", "EventList: Complete"))
    result = exchange.result()
    assert isinstance(result, EventList)
    assert [item["N"] for item in result] == ["1", "2"]
    assert result.complete == "Whatever"
    assert protocol.messages_received() == ["Hangup", "Anything"]
    assert protocol.outstanding == 0


def test_list_refused() -> None:
    """An error has no list."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Error", "Message: No such channel"))
    with pytest.raises(ManagerActionError, match="No such channel"):
        exchange.result()
    assert protocol.outstanding == 0


def test_list_of_a_plain_action() -> None:
    """Events that a request did not ask for are for everybody."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"), collector=ResponseOnly())
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    assert exchange.done
    protocol.receive_data(answer(exchange, "Event: Status"))
    assert protocol.messages_received() == ["Status"]


def test_foreign_event_in_a_list() -> None:
    """A UserEvent of another session does not close our list."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    protocol.receive_data(answer(exchange, "Event: UserEvent", "EventList: Complete"))
    assert not exchange.done
    assert protocol.messages_received() == ["UserEvent"]


def test_second_response_in_a_list() -> None:
    """Only the first answers."""
    protocol = ready()
    exchange = sent(protocol, AnyListAction("Status"))
    protocol.receive_data(answer(exchange, "Response: Success", "EventList: start"))
    protocol.receive_data(answer(exchange, "Response: Success", "X: 2"))
    assert protocol.messages_received() == ["Success"]
    assert exchange.response is not None
    assert "X" not in exchange.response


class Joined(Event):
    """An event without an ActionID."""

    NAME: ClassVar[str] = "Joined"


class Join(Action[Any]):
    """A synchronous request whose event has no ActionID."""

    watches = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (Joined,)

    def owns_event(self, event: Event) -> bool:
        """Know it by its channel."""
        return event["Channel"] == str(self["Channel"])


def test_event_without_action_id() -> None:
    """A request that watches gets it, and so does everybody."""
    protocol = ready(events=events_by_name(Joined))
    request = Join("Join", {"Channel": "x"})
    collector = SynchronousEvents(request)
    exchange = sent(protocol, request, collector=collector)
    protocol.receive_data(b"Event: Joined\r\nChannel: x\r\n\r\n")  # before the answer: another
    protocol.receive_data(answer(exchange, "Response: Success"))
    protocol.receive_data(b"Event: Joined\r\nChannel: y\r\n\r\n")
    assert not exchange.done
    protocol.receive_data(b"Event: Joined\r\nChannel: x\r\n\r\n")
    assert exchange.done
    assert collector.events[Joined]["Channel"] == "x"
    assert len(protocol.messages_received()) == 3
    assert protocol.outstanding == 0


def test_watching_is_given_up() -> None:
    """A request that was given up watches no more."""
    protocol = ready()
    request = Join("Join", {"Channel": "x"})
    exchange = sent(protocol, request, collector=SynchronousEvents(request))
    protocol.receive_data(answer(exchange, "Response: Success"))
    protocol.give_up(exchange)
    assert protocol._watching == []


# Programs that fail.


def fail(*_: object) -> bool:
    """Raise an error that no one expects."""
    raise ZeroDivisionError("a mistake in a program")


@pytest.mark.parametrize("method", ["expects_events", "accepts_event", "is_last_event"])
def test_failing_action(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The mistake of an action reaches who sent it, and nobody else."""
    protocol = ready()
    action = AnyListAction("Status")
    monkeypatch.setattr(action, method, fail)
    exchange, other = sent(protocol, action), sent(protocol, AnyAction("Ping"))
    protocol.receive_data(
        answer(exchange, "Response: Success", "EventList: start")
        + answer(exchange, "Event: Status")
        + answer(other, "Response: Success")
    )
    with pytest.raises(ZeroDivisionError):
        exchange.result()
    assert other.done
    assert protocol.outstanding == 0


def test_failing_watcher() -> None:
    """The same for an event without an ActionID."""
    protocol = ready(events=events_by_name(Joined))
    request = Join("Join", {"Channel": "x"})
    exchange = sent(protocol, request, collector=SynchronousEvents(request))
    protocol.receive_data(answer(exchange, "Response: Success") + b"Event: Joined\r\n\r\n")
    with pytest.raises(KeyError):
        exchange.result()
    assert protocol.messages_received() == ["Joined"]


# The end.


def test_eof() -> None:
    """Every action that waits fails, and knows whether it was sent."""
    protocol = ready()
    plain = sent(protocol, AnyAction("Ping"))
    listing = sent(protocol, AnyListAction("Status"))
    unsent = protocol.send_action(AnyAction("Originate"))
    protocol.receive_data(answer(listing, "Response: Success", "EventList: start"))
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert type(protocol.failure) is ManagerSocketError
    for exchange, was_sent, text in (
        (plain, True, "peer closed the connection before Ping was answered"),
        (listing, True, "peer closed the connection before Status was answered"),
        (unsent, False, "peer closed the connection before Originate was sent"),
    ):
        with pytest.raises(ManagerConnectionLostError) as caught:
            exchange.result()
        assert str(caught.value) == text
        assert caught.value.sent is was_sent
        assert caught.value.__cause__ is protocol.failure
    assert protocol.outstanding == 0
    assert protocol.data_to_send() == b""
    protocol.receive_eof()
    protocol.close()
    assert type(protocol.failure) is ManagerSocketError


def test_eof_in_a_message() -> None:
    """A message that is cut is lost, and the error says so."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("Ping"))
    protocol.receive_data(answer(exchange, "Response: Success")[:-2])
    protocol.receive_eof()
    assert "in the middle of a message" in str(protocol.failure)
    with pytest.raises(ManagerConnectionLostError, match="in the middle of a message"):
        exchange.result()
    assert protocol.messages_received() == []


def test_close() -> None:
    """From this side it is no failure."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("Ping"))
    protocol.close("the manager was closed")
    assert protocol.failure is None
    with pytest.raises(ManagerConnectionLostError, match="the manager was closed before Ping"):
        exchange.result()
    protocol.receive_eof()
    assert protocol.failure is None


def test_goodbye() -> None:
    """After a Goodbye the end is no surprise."""
    protocol = ready()
    exchange = sent(protocol, AnyAction("Logoff"))
    assert not protocol.goodbye
    protocol.receive_data(answer(exchange, "Response: Goodbye", "Message: Thanks"))
    assert protocol.goodbye
    assert exchange.result().success
