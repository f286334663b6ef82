"""The conversation of a session: how much a peer may send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.agi import core, errors
from pystrix.agi._protocol import State
from tests.agi.protocols import echo_of, ready

if TYPE_CHECKING:
    from tests.agi.protocols import Feed


@pytest.mark.parametrize(
    "flood", [b"x" * 200, b"200 result=1 (" + b"x\n" * 200, b"520-" + b"x\n" * 200]
)
def test_reply_limit(feed: Feed, flood: bytes) -> None:
    """A reply over its limit closes the session with an error of its own."""
    protocol = ready(reply_limit=100)
    protocol.send_action(core.GetVariable("X"))
    feed(protocol, flood)
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIReplyLimitError) as caught:
        protocol.response()
    assert caught.value.limit == 100
    protocol.receive_data(b"200 result=0\n")
    assert protocol.state is State.CLOSED


def test_limit_between_commands() -> None:
    """The limit holds while no command is awaited, too."""
    protocol = ready(reply_limit=100)
    protocol.receive_data(b"x" * 200)
    with pytest.raises(errors.AGIReplyLimitError):
        protocol.send_action(core.Noop())


def test_no_byte_is_scanned_twice() -> None:
    """A long line in many small pieces costs time in proportion to its length."""
    protocol = ready()
    protocol.send_action(core.GetFullVariable("${X}"))
    protocol.receive_data(b"200 result=1 (")
    for _ in range(20_000):
        protocol.receive_data(b"x" * 50)
        assert protocol._scanned == len(protocol._buffer)
    protocol.receive_data(b")\n")
    protocol.receive_data(echo_of(protocol.data_to_send()))
    assert len(protocol.response().items["result"].data) == 1_000_000


def test_flood_of_strays() -> None:
    """A peer that sends what nobody asked for, on and on, is closed; a reply before counts."""
    protocol = ready(reply_limit=100)
    protocol.send_action(core.Noop())
    protocol.receive_data(b"200 result=0\n" + b"x\n" * 200)
    assert protocol.state is State.CLOSED
    assert protocol.response().code == 200
    with pytest.raises(errors.AGIProtocolError):
        protocol.send_action(core.Noop())


def test_flood_behind_a_value() -> None:
    """The same behind a value, and while the session gets back in step."""
    protocol = ready(reply_limit=400)
    protocol.send_action(core.GetVariable("X"))
    protocol.receive_data(b"200 result=1 (a\n")
    protocol.receive_data(b"b)\n" + b"y" * 100 + b"\n" + echo_of(protocol.data_to_send()))
    assert protocol.response().items["result"].data == "a\nb"
    protocol.receive_data(b"stray\n")
    echo = echo_of(protocol.send_action(core.Noop()))
    protocol.receive_data(b"z" * 350 + echo)
    assert protocol.state is State.CLOSED
    assert protocol.data_to_send() == b""
    with pytest.raises(errors.AGIProtocolError):
        protocol.response()


def test_strays_behind_a_value_over_the_limit() -> None:
    """Closed while the lines behind a value are dropped, the session stays closed."""
    protocol = ready(reply_limit=600)
    protocol.receive_data(b"w" * 500 + b"\n")
    echo = echo_of(protocol.send_action(core.GetVariable("X")))
    protocol.receive_data(echo)
    assert protocol.data_to_send() == b'GET VARIABLE "X"\n'
    protocol.receive_data(b"200 result=1 (a)\n" + b"y" * 200 + b"\n")
    protocol.receive_data(echo_of(protocol.data_to_send()))
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIProtocolError):
        protocol.response()


def test_usage_block_over_the_limit() -> None:
    """A usage block whose last line is over the limit does not bring the session back."""
    protocol = ready(reply_limit=200)
    protocol.send_action(core.Noop())
    protocol.receive_data(b"520-x\n520 " + b"y" * 180 + b"\n")
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIReplyLimitError):
        protocol.response()


@pytest.mark.parametrize("first", [b"200 result=1 (x\n", b"520-x\n"])
def test_first_line_over_the_limit(first: bytes) -> None:
    """A line that alone is over the limit closes the session, with nothing more to send."""
    protocol = ready(reply_limit=60)
    protocol.send_action(core.GetVariable("X"))
    protocol.data_to_send()
    protocol.receive_data(first)
    assert protocol.state is State.CLOSED
    assert protocol.data_to_send() == b""


def test_glued_echo_over_the_limit() -> None:
    """The end of a value that is glued to the echo counts for the limit as well."""
    protocol = ready(reply_limit=300)
    protocol.send_action(core.GetVariable("X"))
    protocol.receive_data(b"200 result=1 (a\n")
    protocol.receive_data(b"y" * 250 + echo_of(protocol.data_to_send()))
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIReplyLimitError):
        protocol.response()
