"""The conversation of a connection, without a socket: bytes in, messages and answers out."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import (
    Action,
    AnyAction,
    AnyListAction,
    ManagerActionError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerSocketError,
    Response,
)
from pystrix.ami._fields import Text
from pystrix.ami._protocol import AMIProtocol, State
from tests.ami.protocols import BANNER, HANGUP, answer, feed_bytes, ready, sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ami.protocols import Feed


# The greeting.


def test_banner(feed: Feed) -> None:
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


def test_banner_without_end(feed: Feed) -> None:
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


@pytest.mark.parametrize("kind", [None, dict, "Response"])
@pytest.mark.parametrize("answered", ["Response: Success", "Response: Error"])
def test_no_class_of_responses(feed: Feed, kind: Any, answered: str) -> None:
    """An action whose answer cannot be made fails alone."""

    class Broken(Action[Any]):
        RESPONSE = kind

    protocol = ready()
    broken, other = sent(protocol, Broken("X")), sent(protocol, AnyAction("Y"))
    feed(protocol, answer(broken, answered, "A: b") + answer(other, "Response: Success", "A: b"))
    with pytest.raises((AttributeError, TypeError)):
        broken.result()
    assert other.result() == "Success"
    assert protocol.state is State.READY


def test_class_of_responses_that_is_not_there() -> None:
    """An action that cannot say the class of its answer fails alone, with what it raised."""

    class Broken(Action[Any]):
        @property
        def RESPONSE(self) -> type[Response]:  # type: ignore[override] # noqa: N802
            raise LookupError("which class?")

    protocol = ready()
    broken, other = sent(protocol, Broken("X")), sent(protocol, AnyAction("Y"))
    both = [answer(each, "Response: Success", "A: b") for each in (broken, other)]
    protocol.receive_data(b"".join(both))
    with pytest.raises(LookupError, match="which class"):
        broken.result()
    assert other.result() == "Success"


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


def test_pairing(feed: Feed) -> None:
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
