"""The conversation of a session: values, of which only their echo tells the end."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._limits import SURELY_WHOLE
from tests.agi.protocols import assert_in_step, echo_of, feed_bytes, feed_whole, ready, run

if TYPE_CHECKING:
    from tests.agi.protocols import Feed

VALUES = [
    b"",
    b"x",
    b"a (b) c)",
    b"(",
    b")",
    b"hangup",
    b"timeout",
    b"a\nb",
    b"\n",
    b"\n\n",
    b'a)\n200 result=0\n(b) % "',
    b"a)\nHANGUP\nb",
    b"a\nHANGUP\n",
    b"l1\n520-Invalid\n",
    b"a\n510 Invalid or unknown command\nb",
    b"(dtmf) endpos=3",
    b"caf\xe9 \xff",
    b"r\r",
    b"1 endpos=5",
    b"x" * 5000,
]


@pytest.mark.parametrize(
    ("feed", "value"),
    [
        *((feed_whole, value) for value in VALUES),
        *((feed_bytes, value) for value in VALUES if b")\n" not in value),
    ],
)
def test_values(feed: Feed, value: bytes) -> None:
    """A value comes as it is, whatever it holds, and the next command gets its own reply.

    Byte by byte, a value whose first line closes a parenthesis cannot be told from a whole one:
    `GetExactVariable` is for those.
    """
    protocol = ready()
    result = run(protocol, core.GetVariable("X"), b"200 result=1 (" + value + b")\n", feed=feed)
    assert result.encode("utf-8", "surrogateescape") == value
    assert not protocol.hung_up
    assert_in_step(protocol)


def test_value_cut_behind_a_parenthesis() -> None:
    """If a value comes short, the rest is skipped and the session gets back in step."""
    protocol = ready()
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (a)\n") == "a"
    protocol.receive_data(b"200 result=0\nb)\n")
    assert_in_step(protocol)


def test_value_without_its_end(feed: Feed) -> None:
    """A value that never closes is what came until the echo."""
    protocol = ready()
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (abc\n", feed=feed) == "abc"
    assert_in_step(protocol)


def test_value_with_a_stray_behind() -> None:
    """Lines behind the last parenthesis do not belong to the value."""
    protocol = ready()
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (abc)\nnoise\n") == "abc"
    assert_in_step(protocol)


def test_hangup_behind_a_value(feed: Feed) -> None:
    """A HANGUP line behind a value is a hang-up, not a part of it."""
    protocol = ready()
    reply = b"200 result=1 (a\nb)\nHANGUP\n"
    assert run(protocol, core.GetVariable("X"), reply, feed=feed) == "a\nb"
    assert protocol.hung_up
    protocol = ready()
    sent: list[bytes] = []
    reply = b"200 result=1 (ab)\nHANGUP\n"
    assert run(protocol, core.GetVariable("X"), reply, sent=sent) == "ab"
    assert len(sent) == 1
    assert protocol.hung_up


def test_exact_variable(feed: Feed) -> None:
    """The framing-safe read gives any value in one line."""
    protocol = ready()
    action = core.GetExactVariable("NL")
    assert protocol.send_action(action) == action.wire
    value = base64.b64encode(b'1 1 1 a)\n200 result=0\n(b) % "')
    feed(protocol, b"200 result=1 (" + value + b")\n")
    assert action.process_response(protocol.response()) == 'a)\n200 result=0\n(b) % "'


def test_glued_echo(feed: Feed) -> None:
    """Asterisk cuts a reply that is not read in time, and glues the next to it."""
    protocol = ready()
    protocol.receive_data(b"part")
    echo = protocol.send_action(core.GetVariable("X"))
    feed(protocol, b" of a line" + echo_of(echo))
    assert protocol.data_to_send() == b'GET VARIABLE "X"\n'
    feed(protocol, b"200 result=1 (a\nb")
    if echo := protocol.data_to_send():
        feed(protocol, b"cut" + echo_of(echo))
    assert protocol.response().items["result"].data == "a\nbcut"
    assert_in_step(protocol)


def test_value_that_came_at_once() -> None:
    """A short value is over where its line ends."""
    protocol = ready()
    value = "x" * (SURELY_WHOLE - len("result=1 ()"))
    run(protocol, core.GetVariable("X"), f"200 result=1 ({value})\n".encode())
    assert not protocol.data_to_send()


def test_end_of_a_long_value() -> None:
    """A value that may come in several pieces is not over because a piece ends like one."""
    protocol = ready()
    protocol.send_action(core.GetVariable("X"))
    protocol.data_to_send()
    value = "x" * (1 + SURELY_WHOLE - len("result=1 ()"))
    protocol.receive_data(f"200 result=1 ({value})\n".encode())
    echo = protocol.data_to_send()
    protocol.receive_data(b"200 result=1 (forged)\nrest)\n")
    protocol.receive_data(echo_of(echo))
    assert protocol.response().items["result"].data.endswith("x)\n200 result=1 (forged)\nrest")


def test_closed_within_a_value() -> None:
    """A value that has not come is lost with the connection."""
    protocol = ready()
    protocol.send_action(core.GetVariable("X"))
    protocol.receive_data(b"200 result=1 (a\nb\n")
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.response()


@pytest.mark.parametrize("line", ["GET  VARIABLE X", '"get" variable X', "\tGET FULL VARIABLE X"])
def test_values_of_raw_commands(line: str) -> None:
    """A value is a value however its command is written."""
    protocol = ready()
    response = run(protocol, RawAction(line), b"200 result=1 (a) b=c\nfoo)\n")
    assert response.items["result"].data == "a) b=c\nfoo"
