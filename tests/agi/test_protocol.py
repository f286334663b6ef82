"""The conversation of a session, without a connection: bytes in, results out."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import Command, core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._limits import STRAYS_LOGGED, SURELY_WHOLE
from pystrix.agi._protocol import AGIProtocol, State
from tests.agi.peers import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pystrix.agi import Action, Response

ENVIRONMENT = b"agi_network: yes\nagi_channel: Local/x;1\n\n"
ALIVE = b"200 result=6\n"
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"  Example return code: 200 result=1 (testvariable)\n"
    b"520 End of proper usage.\n"
)
HANGUP = b"HANGUP\n"
STATUS = b"CHANNEL STATUS\n"


def ready(**limits: int) -> AGIProtocol:
    """Make a protocol that has its environment."""
    protocol = AGIProtocol("peer", **limits)
    protocol.receive_data(ENVIRONMENT)
    assert protocol.state is State.READY
    return protocol


def feed_whole(protocol: AGIProtocol, data: bytes) -> None:
    """Hand in everything at once."""
    protocol.receive_data(data)


def feed_bytes(protocol: AGIProtocol, data: bytes) -> None:
    """Hand in one byte at a time."""
    for at in range(len(data)):
        protocol.receive_data(data[at : at + 1])


@pytest.fixture(params=[feed_whole, feed_bytes], ids=["whole", "byte by byte"])
def feed(request: pytest.FixtureRequest) -> Callable[[AGIProtocol, bytes], None]:
    """Give both ways in which bytes arrive."""
    way: Callable[[AGIProtocol, bytes], None] = request.param
    return way


def echo_of(line: bytes) -> bytes:
    """Answer an echo request as Asterisk does."""
    found = re.fullmatch(rb'GET FULL VARIABLE "([^"]+)"\n', line)
    assert found, line
    return b"200 result=1 (" + found[1] + b")\n"


def run(
    protocol: AGIProtocol,
    action: Action[Any],
    *replies: bytes,
    feed: Callable[[AGIProtocol, bytes], None] = feed_whole,
    sent: list[bytes] | None = None,
) -> Any:
    """Execute an action; each line that is sent gets the next of `replies`."""
    line = protocol.send_action(action)
    answers = list(replies)
    while True:
        if line:
            if sent is not None:
                sent.append(line)
            assert line.endswith(b"\n")
            assert line.count(b"\n") == 1
            feed(protocol, echo_of(line) if line.startswith(b"GET FULL") else answers.pop(0))
        elif protocol.state is State.WAITING:
            assert answers, "the protocol waits for more"
            feed(protocol, answers.pop(0))
        else:
            break
        line = protocol.data_to_send()
    assert not answers, "the protocol did not want these"
    return action.process_response(protocol.response())


def assert_in_step(protocol: AGIProtocol) -> None:
    """Check that the next command gets its own reply."""
    assert run(protocol, core.ChannelStatus(), b"200 result=4\n") == 4
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (x)\n") == "x"


# The environment.


def test_environment(feed: Callable[[AGIProtocol, bytes], None]) -> None:
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
def test_no_environment(feed: Callable[[AGIProtocol, bytes], None], block: bytes) -> None:
    """A block without a variable is no environment."""
    protocol = AGIProtocol()
    feed(protocol, block)
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIProtocolError):
        _ = protocol.environment


def test_environment_ends_early(
    feed: Callable[[AGIProtocol, bytes], None], caplog: pytest.LogCaptureFixture
) -> None:
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
def test_environment_limit(feed: Callable[[AGIProtocol, bytes], None], end: bytes) -> None:
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


# Replies.


def test_reply(feed: Callable[[AGIProtocol, bytes], None]) -> None:
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
    feed: Callable[[AGIProtocol, bytes], None],
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


def test_provisional_reply(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """100 is not the answer."""
    protocol = ready()
    trying = b"100 result=0 Trying...\n"
    gosub = core.Gosub("subs", "s", 1)
    assert run(protocol, gosub, trying, b"200 result=0 Gosub complete\n", feed=feed) is True
    abnormal = b"200 result=0 Gosub complete (abnormal exit)\n"
    assert run(protocol, gosub, trying + abnormal, feed=feed) is False
    assert_in_step(protocol)


def test_stray_lines_before_a_reply(
    feed: Callable[[AGIProtocol, bytes], None], caplog: pytest.LogCaptureFixture
) -> None:
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


def test_stray_replies_between_commands(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """What nobody asked for is not taken for the next reply."""
    protocol = ready()
    feed(protocol, b"200 result=1 (stale)\n")
    sent: list[bytes] = []
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (x)\n", sent=sent) == "x"
    assert len(sent) == 2
    assert_in_step(protocol)


def test_stray_replies_before_the_echo(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """Getting in step skips all that comes before the echo, a HANGUP line excepted."""
    protocol = ready()
    protocol.receive_data(b"part of a li")
    echo = protocol.send_action(core.GetVariable("X"))
    feed(protocol, b"ne\n200 result=0\nHANGUP\n" + echo_of(echo))
    assert protocol.data_to_send() == b'GET VARIABLE "X"\n'
    assert protocol.hung_up
    feed(protocol, b"200 result=1 (x)\n")
    assert core.GetVariable("X").process_response(protocol.response()) == "x"


# Values.

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
def test_values(feed: Callable[[AGIProtocol, bytes], None], value: bytes) -> None:
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


def test_value_without_its_end(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """A value that never closes is what came until the echo."""
    protocol = ready()
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (abc\n", feed=feed) == "abc"
    assert_in_step(protocol)


def test_value_with_a_stray_behind() -> None:
    """Lines behind the last parenthesis do not belong to the value."""
    protocol = ready()
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (abc)\nnoise\n") == "abc"
    assert_in_step(protocol)


def test_hangup_behind_a_value(feed: Callable[[AGIProtocol, bytes], None]) -> None:
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


def test_exact_variable(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """The framing-safe read gives any value in one line."""
    protocol = ready()
    action = core.GetExactVariable("NL")
    assert protocol.send_action(action) == action.wire
    value = base64.b64encode(b'1 1 1 a)\n200 result=0\n(b) % "')
    feed(protocol, b"200 result=1 (" + value + b")\n")
    assert action.process_response(protocol.response()) == 'a)\n200 result=0\n(b) % "'


# Limits.


@pytest.mark.parametrize(
    "flood", [b"x" * 200, b"200 result=1 (" + b"x\n" * 200, b"520-" + b"x\n" * 200]
)
def test_reply_limit(feed: Callable[[AGIProtocol, bytes], None], flood: bytes) -> None:
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


def test_glued_echo(feed: Callable[[AGIProtocol, bytes], None]) -> None:
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


def test_environment_without_its_last_line(feed: Callable[[AGIProtocol, bytes], None]) -> None:
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


def test_hangup_behind_the_environment() -> None:
    """A caller who left early is known at once, without a command."""
    protocol = AGIProtocol()
    protocol.receive_data(environment("demo") + b"HANGUP\n")
    assert protocol.hung_up
    assert protocol.state is State.READY


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


# Hang-ups.


def test_hangup_line_anywhere(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """HANGUP before a reply, between commands, twice: never a reply, always noticed."""
    protocol = ready()
    feed(protocol, HANGUP)
    assert protocol.hung_up
    assert run(protocol, core.Noop(), HANGUP + b"200 result=0\n", feed=feed).code == 200
    assert_in_step(protocol)


def test_hangup_behind_a_reply(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """HANGUP behind a reply is noticed without another command."""
    protocol = ready()
    run(protocol, core.Noop(), b"200 result=0\n" + HANGUP, feed=feed)
    assert protocol.hung_up
    assert_in_step(protocol)


AMBIGUOUS: Sequence[tuple[Action[Any], bytes]] = [
    (core.StreamFile("x"), b"200 result=-1 endpos=0\n"),
    (core.WaitForDigit(), b"200 result=-1\n"),
    (core.GetData("x"), b"200 result=-1\n"),
    (core.ReceiveChar(), b"200 result=-1 (hangup)\n"),
    (core.RecordFile("x"), b"200 result=-1 (hangup) endpos=0\n"),
    (core.SpeechRecognize("x", 1), b"200 result=1 (hangup) endpos=0\n"),
    (core.Answer(), b"200 result=-1\n"),
]


@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_failure_on_a_living_channel(action: Action[Any], reply: bytes) -> None:
    """-1 is a failure of the command if the channel lives."""
    protocol = ready()
    sent: list[bytes] = []
    with pytest.raises(errors.AGIAppError) as caught:
        run(protocol, action, reply, ALIVE, sent=sent)
    assert caught.value.items["result"].value in ("-1", "1")
    assert sent[1:] == [STATUS]
    assert not protocol.hung_up
    assert_in_step(protocol)


@pytest.mark.parametrize("probe", [DEAD, HANGUP + DEAD, HANGUP + ALIVE])
@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_hangup_in_a_command(action: Action[Any], reply: bytes, probe: bytes) -> None:
    """-1 is a hang-up if the channel is dead, or HANGUP comes meanwhile."""
    protocol = ready()
    with pytest.raises(errors.AGIResultHangup) as caught:
        run(protocol, action, reply, probe)
    assert caught.value.items
    assert protocol.hung_up
    assert_in_step(protocol)


@pytest.mark.parametrize(("action", "reply"), AMBIGUOUS, ids=str)
def test_hangup_that_is_told_is_not_asked_for(action: Action[Any], reply: bytes) -> None:
    """With the HANGUP line at hand nothing more is sent."""
    for data in (HANGUP + reply, reply + HANGUP):
        protocol = ready()
        sent: list[bytes] = []
        with pytest.raises(errors.AGIResultHangup):
            run(protocol, action, data, sent=sent)
        assert len(sent) == 1
        assert_in_step(protocol)


def test_hangup_told_by_closing() -> None:
    """With AGIEXITONHANGUP Asterisk may close before it is asked what -1 was: the same hang-up."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.receive_data(b"200 result=-1 endpos=800\n")
    protocol.receive_eof()
    with pytest.raises(errors.AGIResultHangup) as caught:
        protocol.response()
    assert caught.value.items["endpos"].value == "800"
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())


def test_exec_on_a_living_channel() -> None:
    """EXEC's -1 on a living channel is its result: the callee of a Dial hung up."""
    protocol = ready()
    assert run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n", ALIVE) == "-1"
    with pytest.raises(errors.AGIResultHangup):
        run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n", DEAD)


def test_exec_on_a_dead_channel() -> None:
    """After a hang-up EXEC's -1 is its result again: nothing is asked."""
    protocol = ready()
    protocol.receive_data(HANGUP)
    assert run(protocol, core.Exec("Dial", "x"), b"200 result=-1\n") == "-1"


@pytest.mark.parametrize(
    "action", [core.Exec("SMS", "q"), Command("EXEC", "SMS"), RawAction("exec", "SMS")], ids=str
)
def test_exec_with_the_code_of_usage(
    feed: Callable[[AGIProtocol, bytes], None], action: Action[Any]
) -> None:
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


def test_ambiguous_commands_by_name() -> None:
    """A command without a class gets its -1, unless it was a hang-up."""
    protocol = ready()
    command = Command("SOME THING", "x")
    assert run(protocol, command, b"200 result=-1\n", ALIVE).items["result"].value == "-1"
    with pytest.raises(errors.AGIResultHangup):
        run(protocol, command, b"200 result=-1\n", DEAD)


def test_eof(feed: Callable[[AGIProtocol, bytes], None]) -> None:
    """The end of the connection ends the command that waits, and all that follow."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    feed(protocol, b"200 result=")
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup, match="STREAM FILE"):
        protocol.response()
    protocol.receive_eof()
    assert protocol.hung_up
    assert protocol.data_to_send() == b""
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.send_action(core.Noop())
    with pytest.raises(errors.AGISIGPIPEHangup):
        protocol.response()


def test_eof_between_commands() -> None:
    """The end of the connection between commands is a hang-up."""
    protocol = ready()
    protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.hung_up


def test_error_of_an_action_leaves_the_session_in_step() -> None:
    """What `process_response` raises reaches the caller, and the session goes on."""

    class Failing(RawAction):
        def process_response(self, response: Response) -> None:
            raise ZeroDivisionError(response)

    protocol = ready()
    with pytest.raises(ZeroDivisionError):
        run(protocol, Failing("NOOP"), b"200 result=0\n")
    assert_in_step(protocol)


def test_glued_echo_over_the_limit() -> None:
    """The end of a value that is glued to the echo counts for the limit as well."""
    protocol = ready(reply_limit=300)
    protocol.send_action(core.GetVariable("X"))
    protocol.receive_data(b"200 result=1 (a\n")
    protocol.receive_data(b"y" * 250 + echo_of(protocol.data_to_send()))
    assert protocol.state is State.CLOSED
    with pytest.raises(errors.AGIReplyLimitError):
        protocol.response()


# Cancelling.

STOPPED = [core.StreamFile("x"), core.GetData("x"), core.GetOption("x", "1"), core.WaitForDigit()]
AWAITED = [core.SayDigits(123), core.Answer(), core.GetVariable("X"), Command("SOME THING")]
ENDLESS = [
    core.Exec("Dial", "x"),
    core.Gosub("c", "e"),
    core.RecordFile("x"),
    core.ControlStreamFile("x"),
    core.ReceiveText(),
    core.ReceiveChar(),
    core.SpeechRecognize("x", 1),
    RawAction("exec Wait 9"),
]


@pytest.mark.parametrize(
    "before", [b"", b"200 result=1\n", b"200 result=0 endpos=5\n", b"200 result=-1\nHANGUP\n"]
)
@pytest.mark.parametrize("action", STOPPED, ids=str)
def test_cancel_what_can_be_stopped(
    feed: Callable[[AGIProtocol, bytes], None], action: Action[Any], before: bytes
) -> None:
    """Whatever it still answers is dropped, and the session is in step."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert protocol.cancel()
    echo = echo_of(protocol.data_to_send())
    feed(protocol, before)
    assert protocol.state is State.WAITING
    feed(protocol, echo)
    assert protocol.state.name == "READY"
    assert protocol.hung_up == (b"HANGUP" in before)
    assert_in_step(protocol)


@pytest.mark.parametrize("action", AWAITED, ids=str)
def test_cancel_what_ends_soon(action: Action[Any]) -> None:
    """It is waited for."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert protocol.cancel()
    assert protocol.data_to_send() == b""
    protocol.receive_data(b"200 result=0\n")
    assert protocol.state is State.READY
    assert_in_step(protocol)


@pytest.mark.parametrize("action", ENDLESS, ids=str)
def test_cancel_what_may_run_for_ever(action: Action[Any]) -> None:
    """It cannot be cancelled."""
    protocol = ready()
    protocol.send_action(action)
    protocol.data_to_send()
    assert not protocol.cancel()
    assert protocol.state is State.WAITING


def test_cancel_while_a_hangup_is_settled() -> None:
    """What is asked already is waited for."""
    protocol = ready()
    protocol.send_action(core.StreamFile("x"))
    protocol.data_to_send()
    protocol.receive_data(b"200 result=-1 endpos=0\n")
    assert protocol.data_to_send() == STATUS
    assert protocol.cancel()
    assert protocol.data_to_send() == b""
    protocol.receive_data(ALIVE)
    assert_in_step(protocol)


def test_cancel_before_it_is_sent() -> None:
    """A command that waits for the session to get in step is not sent any more."""
    protocol = ready()
    protocol.receive_data(b"stray\n")
    echo = echo_of(protocol.send_action(core.StreamFile("x")))
    assert protocol.cancel()
    protocol.receive_data(echo)
    assert protocol.state is State.READY
    assert protocol.data_to_send() == b""
    assert_in_step(protocol)
