"""The conversation of a session, without a connection: the environment, and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import Command, core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._limits import STRAYS_LOGGED
from pystrix.agi._protocol import AGIProtocol, State
from tests.agi.conversation import ALIVE, DEAD, USAGE
from tests.agi.peers import environment
from tests.agi.protocols import ENVIRONMENT, assert_in_step, echo_of, ready, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.agi import Action, Response
    from tests.agi.protocols import Feed


# The environment.


def test_environment(feed: Feed) -> None:
    """The block ends with its empty line; then commands can be sent."""
    protocol = AGIProtocol("peer")
    feed(protocol, ENVIRONMENT[:-1])
    assert protocol.state.name == "ENVIRONMENT"
    with pytest.raises(errors.AGISIGPIPEHangup):
        _ = protocol.environment
    with pytest.raises(RuntimeError):
        protocol.send_action(core.Noop())
    feed(protocol, b"\n")
    assert protocol.state is State.READY
    assert protocol.environment == {"agi_network": "yes", "agi_channel": "Local/x;1"}


@pytest.mark.parametrize("block", [b"\n", b"GET / HTTP/1.1\nHost: x\n\n", b"\0\xff\n\n"])
def test_no_environment(feed: Feed, block: bytes) -> None:
    """A block without a variable is no environment."""
    protocol = AGIProtocol()
    feed(protocol, block)
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIProtocolError):
        _ = protocol.environment


def test_environment_ends_early(feed: Feed, caplog: pytest.LogCaptureFixture) -> None:
    """A line feed in the dialplan's data can end the block early: the rest is skipped."""
    protocol = AGIProtocol("peer")
    feed(protocol, b"agi_channel: c\nagi_arg_1: a\n\nagi_after: z\nagi_arg_2: b\n\n")
    assert protocol.environment.arguments == ("a",)
    sent: list[bytes] = []
    assert run(protocol, core.Noop(), b"200 result=0\n", sent=sent).code == 200
    assert [line.split()[0] for line in sent] == [b"GET", b"NOOP"]
    assert "agi_after" in caplog.text


def test_environment_with_forged_lines(caplog: pytest.LogCaptureFixture) -> None:
    """Lines that are no variable, or repeat one, are told of in one line of the log."""
    protocol = AGIProtocol("1.2.3.4:5")
    protocol.receive_data(b"agi_channel: c\nagi_arg_1: l1\nbare\nagi_channel: forged\n\n")
    assert protocol.environment.channel == "c"
    (record,) = caplog.records
    assert "1.2.3.4:5" in record.getMessage()
    assert "bare" in record.getMessage()


@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_environment_limit(feed: Feed, end: bytes) -> None:
    """A block over its limit closes the session."""
    protocol = AGIProtocol(environment_limit=64)
    feed(protocol, b"agi_channel: " + b"x" * 64 + end)
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIEnvironmentLimitError) as caught:
        _ = protocol.environment
    assert caught.value.limit == 64
    with pytest.raises(errors.AGIEnvironmentLimitError):
        protocol.send_action(core.Noop())


def test_environment_at_its_limit() -> None:
    """A block of exactly its limit passes."""
    protocol = AGIProtocol(environment_limit=len(ENVIRONMENT) - 2)
    protocol.receive_data(ENVIRONMENT)
    assert protocol.state is State.READY


def test_leaves_before_the_environment_ends() -> None:
    """An end of file in the block is a lost connection; `received` tells a probe."""
    protocol = AGIProtocol()
    protocol.receive_eof()
    assert not protocol.received
    protocol = AGIProtocol()
    protocol.receive_data(b"agi_network: yes\n")
    protocol.receive_eof()
    assert protocol.received
    with pytest.raises(errors.AGISIGPIPEHangup):
        _ = protocol.environment


def test_environment_without_its_last_line(feed: Feed) -> None:
    """A block that ends before Asterisk's last line was ended early: the rest is skipped."""
    protocol = AGIProtocol("peer")
    feed(protocol, b"agi_request: x\nagi_calleridname: x\n\n")
    echo = protocol.send_action(core.GetVariable("X"))
    feed(protocol, b"200 result=1 (forged)\nagi_threadid: 5\n\n" + echo_of(echo))
    assert protocol.data_to_send() == b'GET VARIABLE "X"\n'
    feed(protocol, b"200 result=1 (x)\n")
    assert protocol.response().items["result"].data == "x"
    whole = AGIProtocol("peer")
    feed(whole, b"agi_request: x\nagi_threadid: 5\n\n")
    assert whole.send_action(core.Noop()) == b"NOOP\n"


def test_what_may_go_on() -> None:
    """Arguments may go on, unasked; replies do not."""
    assert not ready().may_have_more
    protocol = AGIProtocol()
    protocol.receive_data(environment("demo", ["one"]))
    assert protocol.may_have_more
    run(protocol, core.Noop(), b"200 result=0\n")
    assert not protocol.may_have_more


def test_hangup_behind_the_environment() -> None:
    """A caller who left early is known at once, without a command."""
    protocol = AGIProtocol()
    protocol.receive_data(environment("demo") + b"HANGUP\n")
    assert protocol.hung_up
    assert protocol.state is State.READY


# Replies.


def test_reply(feed: Feed) -> None:
    """A reply is the answer to its command."""
    protocol = ready()
    assert run(protocol, core.Answer(), b"200 result=0\n", feed=feed).items["result"].value == "0"
    assert_in_step(protocol)


def test_one_command_at_a_time() -> None:
    """A second command before the reply of the first is never sent."""
    protocol = ready()
    assert protocol.send_action(core.Noop()) == b"NOOP\n"
    with pytest.raises(RuntimeError):
        assert protocol.send_action(core.Noop()) == b""


REFUSALS: Sequence[tuple[bytes, type[errors.AGIException], str]] = [
    (b"510 Invalid or unknown command\n", errors.AGIInvalidCommandError, "NOOP"),
    (DEAD, errors.AGIDeadChannelError, "NOOP"),
    (USAGE, errors.AGIUsageError, "Example return code"),
    (
        b"520 Invalid command syntax.  Proper usage not available.\n",
        errors.AGIUsageError,
        "not available",
    ),
    (b"555 What is this\n", errors.AGIUnknownError, "555"),
    (b"404\n", errors.AGIUnknownError, "404"),
    (b"555-Not a block\n", errors.AGIUnknownError, "Not a block"),
    (b"200 OK\n", errors.AGINoResultError, "OK"),
    (b"200\n", errors.AGINoResultError, "''"),
]


@pytest.mark.parametrize(("reply", "error", "text"), REFUSALS)
def test_refusals(
    feed: Feed,
    reply: bytes,
    error: type[errors.AGIException],
    text: str,
) -> None:
    """Each code is its exception, and the next command gets its own reply."""
    protocol = ready()
    with pytest.raises(error, match=text):
        run(protocol, core.Noop(), reply, feed=feed)
    assert protocol.hung_up == (error is errors.AGIDeadChannelError)
    assert_in_step(protocol)


def test_provisional_reply(feed: Feed) -> None:
    """100 is not the answer."""
    protocol = ready()
    trying = b"100 result=0 Trying...\n"
    gosub = core.Gosub("subs", "s", 1)
    assert run(protocol, gosub, trying, b"200 result=0 Gosub complete\n", feed=feed) is True
    abnormal = b"200 result=0 Gosub complete (abnormal exit)\n"
    assert run(protocol, gosub, trying + abnormal, feed=feed) is False
    assert_in_step(protocol)


def test_stray_lines_before_a_reply(feed: Feed, caplog: pytest.LogCaptureFixture) -> None:
    """Lines that are no reply are logged with the peer, and skipped."""
    protocol = ready()
    assert run(protocol, core.ChannelStatus(), b"noise\n\nHANGUP\r\n20\n", ALIVE, feed=feed) == 6
    assert len(caplog.records) == 4
    assert all("peer" in record.getMessage() for record in caplog.records)
    assert not protocol.hung_up
    assert_in_step(protocol)


def test_stray_lines_are_not_logged_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """A peer cannot fill the log."""
    protocol = ready()
    run(protocol, core.Noop(), b"noise\n" * 1000 + b"200 result=0\n")
    assert len(caplog.records) == STRAYS_LOGGED + 1


def test_stray_replies_between_commands(feed: Feed) -> None:
    """What nobody asked for is not taken for the next reply."""
    protocol = ready()
    feed(protocol, b"200 result=1 (stale)\n")
    sent: list[bytes] = []
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (x)\n", sent=sent) == "x"
    assert len(sent) == 2
    assert_in_step(protocol)


def test_stray_replies_before_the_echo(feed: Feed) -> None:
    """Getting in step skips all that comes before the echo, a HANGUP line excepted."""
    protocol = ready()
    protocol.receive_data(b"part of a li")
    echo = protocol.send_action(core.GetVariable("X"))
    feed(protocol, b"ne\n200 result=0\nHANGUP\n" + echo_of(echo))
    assert protocol.data_to_send() == b'GET VARIABLE "X"\n'
    assert protocol.hung_up
    feed(protocol, b"200 result=1 (x)\n")
    assert core.GetVariable("X").process_response(protocol.response()) == "x"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        (core.GetVariable("X"), b"200 result=1 (a\nb)\nHANGUP\nHANGUP\n"),
        (core.Exec("SMS"), b"200 result=1\n520-Inv"),
    ],
)
def test_closed_behind_a_reply(action: Action[Any], data: bytes) -> None:
    """A reply that has come counts, though the connection closes before it is rounded off."""
    protocol = ready()
    protocol.send_action(action)
    protocol.receive_data(data)
    protocol.receive_eof()
    assert action.process_response(protocol.response()) in ("a\nb", "1")
    assert protocol.state is State.CLOSED


def test_error_of_an_action_leaves_the_session_in_step() -> None:
    """What `process_response` raises reaches the caller, and the session goes on."""

    class Failing(RawAction):
        def process_response(self, response: Response) -> None:
            raise ZeroDivisionError(response)

    protocol = ready()
    with pytest.raises(ZeroDivisionError):
        run(protocol, Failing("NOOP"), b"200 result=0\n")
    assert_in_step(protocol)


# The result of EXEC that says usage.


@pytest.mark.parametrize(
    "action", [core.Exec("SMS", "q"), Command("EXEC", "SMS"), RawAction("exec", "SMS")], ids=str
)
def test_exec_with_the_code_of_usage(feed: Feed, action: Action[Any]) -> None:
    """A result of exactly 1 is followed by a usage block, whichever door EXEC came through."""
    protocol = ready()
    for usage in (USAGE, b"520 Invalid command syntax.  Proper usage not available.\n"):
        result = run(protocol, action, b"200 result=1\n", usage, feed=feed)
        assert result == "1" or result.items["result"].value == "1"
        assert_in_step(protocol)


def test_exec_with_the_code_of_usage_and_another_reply() -> None:
    """Should something else follow, the session gets back in step."""
    protocol = ready()
    assert run(protocol, core.Exec("SMS"), b"200 result=1\n", b"200 result=0\n") == "1"
    assert_in_step(protocol)


def test_other_commands_with_result_1_have_one_reply() -> None:
    """Only EXEC has the usage block."""
    protocol = ready()
    run(protocol, core.SetVariable("EXEC ", "x"), b"200 result=1\n")
    assert_in_step(protocol)
