"""The conversation of a call in AsyncAGI, without a manager."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.agi import Command, core, errors
from pystrix.agi._action import RawAction
from pystrix.agi._asyncagi_protocol import (
    MAX_COMMAND,
    READ_LIMIT,
    AsyncAGIEnvironment,
    AsyncAGIProtocol,
    Result,
    visible_environment,
)
from pystrix.agi._protocol import State
from tests.agi.switch import encode, environment

if TYPE_CHECKING:
    from pystrix.agi import Action

STOP = ("ControlPlayback", {"Control": "stop"})
KEY = ("PlayDTMF", {"Digit": "#", "Receive": "true"})
BLOCK = environment("PJSIP/a-1", "17.1")


class Pipe:
    """The pipe in which Asterisk writes replies and reads them back."""

    def __init__(self) -> None:
        self.data = b""

    def read(self, reply: bytes = b"") -> Result:
        """Write a reply and read what is there, at most so much."""
        self.data += reply
        piece, self.data = self.data[:READ_LIMIT], self.data[READ_LIMIT:]
        return Result.of(encode(piece))


class Conversation:
    """A protocol and Asterisk's end of it.

    Args:
        arguments: The arguments in the dialplan.
        limits: For the protocol.
    """

    def __init__(self, *arguments: str, **limits: int) -> None:
        self.protocol = AsyncAGIProtocol("peer", **limits)
        self.pipe = Pipe()
        self.sent: list[bytes] = []
        block = environment("PJSIP/a-1", "17.1", arguments)
        self.protocol.receive_data(self.pipe.read(block))
        self.answer()

    def answer(self, *replies: bytes, lines: bytes = b"") -> None:
        """Answer what is sent, until nothing is; echoes answer themselves."""
        answers = list(replies)
        while lines := lines or self.protocol.data_to_send():
            for line in lines.splitlines():
                self.sent.append(line)
                echo = re.fullmatch(rb'GET FULL VARIABLE "([0-9a-f]{16}(-\d+)?)"', line)
                reply = b"200 result=1 (" + echo[1] + b")\n" if echo else answers.pop(0)
                self.protocol.receive_data(self.pipe.read(reply))
            lines = b""
        assert not answers, "not all replies were asked for"

    def run(self, action: Action[Any], *replies: bytes) -> Any:
        """Execute an action."""
        self.answer(*replies, lines=self.protocol.send_action(action))
        assert self.protocol.state is not State.WAITING, "the reply is not complete"
        return action.process_response(self.protocol.response())


# Commands and replies.


def test_whole_replies() -> None:
    """What Asterisk sends at once is read at once, whatever it holds."""
    talk = Conversation("x")
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n200 result=0\n(b))\n") == (
        "a)\n200 result=0\n(b)"
    )
    assert talk.run(core.GetVariable("A"), b"200 result=1 (" + b"v" * 800 + b")\n") == "v" * 800
    assert talk.run(core.GetVariable("A"), b"200 result=1 ()\n") == ""
    assert talk.run(core.GetVariable("A"), b"200 result=0\n") is None
    assert talk.run(core.Gosub("c", "e"), b"100 result=0 Trying...\n200 result=0 Gosub complete\n")
    assert talk.run(core.Exec("SMS"), b"200 result=1\n520-Usage\nx\n520 End\n") == "1"
    assert talk.run(core.Exec("SMS"), b"200 result=1\n") == "1"
    with pytest.raises(errors.AGIInvalidCommandError):
        talk.run(Command("FOO"), b"510 Invalid or unknown command\n")
    with pytest.raises(errors.AGIUsageError, match="the usage"):
        talk.run(Command("FOO"), b"520-Invalid\nthe usage\n520 End\n")
    assert len(talk.sent) == 9, "no echoes"


@pytest.mark.parametrize("reply", [b"noise\n", b"\n", b"520-Usage\nwithout end\n", b"HANGUP\n"])
def test_no_reply(reply: bytes) -> None:
    """What is no reply is an error of that command; the next one is in step."""
    talk = Conversation("x")
    with pytest.raises(errors.AGIUnknownError, match="NOOP"):
        talk.run(core.Noop(), reply)
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_lines_in_front() -> None:
    """What somebody else's command left in the pipe is skipped."""
    talk = Conversation("x")
    talk.pipe.data = b"rest)\n"
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


@pytest.mark.parametrize("value", [b"open", b"a)\nopen"])
def test_value_without_its_end(value: bytes) -> None:
    """A value that Asterisk did not write to its end is none."""
    talk = Conversation("x")
    with pytest.raises(errors.AGITruncatedReplyError, match='GET VARIABLE "A"'):
        talk.run(core.GetVariable("A"), b"200 result=1 (" + value + b"\n")
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


@pytest.mark.parametrize("size", [1, 1007, 1008, 1009, 1010, 2032, 5000, 40_000])
def test_long_values(size: int) -> None:
    """What stays in the pipe is fetched."""
    talk = Conversation("x")
    value = "v" * size
    assert talk.run(core.GetFullVariable("${A}"), f"200 result=1 ({value})\n".encode()) == value
    assert talk.pipe.data == b""
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


@pytest.mark.parametrize("value", ["%" * 700, "ü" * 500, "v" * 2000 + "ü" * 1000])
def test_lost_ends(value: str) -> None:
    """A reply that lost some of its bytes is an error, and never a shorter value."""
    talk = Conversation("x")
    for _ in range(2):
        with pytest.raises(errors.AGITruncatedReplyError) as caught:
            talk.run(core.GetFullVariable("${A}"), f"200 result=1 ({value})\n".encode())
        assert caught.value.command == 'GET FULL VARIABLE "${A}"'
        assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


@settings(deadline=None)
@given(st.binary(max_size=4000).map(lambda data: data.replace(b"\0", b"")))
def test_never_a_shorter_value(value: bytes) -> None:
    """Any value comes whole or not at all, and the next command is in step."""
    talk = Conversation("x")
    try:
        found = talk.run(core.GetFullVariable("${A}"), b"200 result=1 (" + value + b")\n")
    except errors.AGITruncatedReplyError:
        assert len(encode(b"200 result=1 (" + value[:1100])) > 2044
    else:
        assert found == value.decode("utf-8", "surrogateescape")
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=1500), max_size=5))
def test_whatever_comes(pieces: list[bytes]) -> None:
    """Only what is documented comes out, and the session ends."""
    protocol = AsyncAGIProtocol()
    protocol.receive_data(BLOCK)
    with contextlib.suppress(errors.AGIException):
        protocol.send_action(core.GetVariable("A"))
        for piece in pieces:
            protocol.data_to_send()
            protocol.receive_data(piece)
        protocol.response()
    protocol.receive_eof()
    assert protocol.state is State.CLOSED


@settings(deadline=None)
@given(st.lists(st.binary(max_size=1500), max_size=3))
def test_whatever_comes_first(pieces: list[bytes]) -> None:
    """It is an environment, or none."""
    protocol = AsyncAGIProtocol()
    for piece in pieces:
        protocol.receive_data(piece)
        protocol.data_to_send()
    protocol.receive_eof()
    with contextlib.suppress(errors.AGIException):
        assert protocol.environment


def test_somebody_else_got_the_rest() -> None:
    """If the rest of a reply is not in the pipe any more it is an error."""
    talk = Conversation("x")
    talk.protocol.send_action(core.GetFullVariable("${A}"))
    talk.protocol.receive_data(talk.pipe.read(b"200 result=1 (" + b"v" * 1500 + b")\n"))
    talk.pipe.data = b""  # another client's command
    talk.answer()
    with pytest.raises(errors.AGITruncatedReplyError):
        talk.protocol.response()
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_reply_without_end() -> None:
    """A reply over the limit closes the session."""
    talk = Conversation("x", reply_limit=5000)
    with pytest.raises(errors.AGIReplyLimitError):
        talk.run(core.GetFullVariable("${A}"), b"200 result=1 (" + b"v" * 10_000 + b")\n")
    assert talk.protocol.state is State.CLOSED
    talk.protocol.receive_data(b"200 result=1\n")
    with pytest.raises(errors.AGIReplyLimitError):
        talk.protocol.send_action(core.Noop())


def test_result_before_the_rest() -> None:
    """Echoes are requested in batches, each result of which is waited for."""
    talk = Conversation("x")
    talk.protocol.send_action(core.GetFullVariable("${A}"))
    reply = b"200 result=1 (" + b"v" * 6000 + b")\n"
    talk.protocol.receive_data(talk.pipe.read(reply))
    batches: list[int] = []
    while lines := talk.protocol.data_to_send().splitlines():
        batches.append(len(lines))
        for line in lines:
            assert talk.protocol.data_to_send() == b""
            echo = line.split(b'"')[1]
            talk.protocol.receive_data(talk.pipe.read(b"200 result=1 (" + echo + b")\n"))
    assert batches == [1, 1, 2, 4]
    assert talk.protocol.response().raw == f"result=1 ({'v' * 6000})"


# Commands that AMI cannot carry.


@pytest.mark.parametrize("action", [core.Verbose("a\rb"), RawAction('VERBOSE "\r"')])
def test_carriage_return(action: Action[Any]) -> None:
    """A line of AMI ends at one; nothing is sent, and the session is as it was."""
    talk = Conversation("x")
    with pytest.raises(ValueError, match="a CR"):
        talk.run(action)
    assert talk.sent == []
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_length_of_a_command() -> None:
    """The longest fits into a line of AMI, with its name and its end."""
    room = MAX_COMMAND - len('VERBOSE "" "1"')
    assert len(f'Command: VERBOSE "{"v" * room}" "1"\r\n') == 1024
    talk = Conversation("x")
    talk.run(core.Verbose("v" * room), b"200 result=1\n")
    with pytest.raises(ValueError, match="at most 1013 bytes, this one has 1014"):
        talk.run(core.Verbose("v" * (room + 1)))
    assert len(talk.sent) == 1


# The environment.


def test_environment() -> None:
    """The first argument takes the place of the URL's path."""
    found = Conversation("pay/42?x=1&x=2", "one", "").protocol.environment
    assert (found.path, found.query) == ("pay/42", {"x": ["1", "2"]})
    assert found.arguments == ("one", "")
    assert found.network_script == "pay/42?x=1&x=2"
    assert found.request == "async"
    assert found["agi_arg_1"] == "pay/42?x=1&x=2"
    none = Conversation().protocol.environment
    assert (none.path, none.query, none.arguments, none.network_script) == ("/", {}, (), None)
    empty = Conversation("", "one").protocol.environment
    assert (empty.path, empty.arguments) == ("/", ("one",))


def test_environment_over_a_kibibyte() -> None:
    """Its rest is asked for."""
    talk = Conversation("x", "y" * 3000, "z")
    assert talk.protocol.environment.arguments == ("y" * 3000, "z")
    assert talk.sent
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_environment_that_was_cut() -> None:
    """One that lost some of its bytes is none."""
    talk = Conversation("x", "ü" * 1000)
    with pytest.raises(errors.AGIProtocolError, match="has cut the environment"):
        _ = talk.protocol.environment
    assert talk.protocol.state is State.CLOSED


def test_environment_without_end() -> None:
    """It has a limit."""
    talk = Conversation("x", "y" * 3000, environment_limit=2000)
    with pytest.raises(errors.AGIEnvironmentLimitError):
        _ = talk.protocol.environment


def test_environment_that_is_none() -> None:
    """What has no variables is no environment."""
    protocol = AsyncAGIProtocol()
    protocol.receive_data(b"GET / HTTP/1.1\n\n")
    assert protocol.received
    with pytest.raises(errors.AGIProtocolError, match="no AGI environment"):
        _ = protocol.environment


def test_line_feeds_in_the_environment() -> None:
    """Its end is known, so that they cannot end it or forge a reply."""
    talk = Conversation("x", "a\n\n200 result=1 (forged)\nagi_arg_1: forged")
    found = talk.protocol.environment
    assert found.path == "x"
    assert found.ignored == ("200 result=1 (forged)", "agi_arg_1: forged")
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"
    assert talk.sent == [b'GET VARIABLE "A"']


def test_visible_environment() -> None:
    """Of one that is not complete the whole lines are seen."""
    pipe = Pipe()
    found = visible_environment(pipe.read(environment("c", "1", ["x", "y" * 3000, "z"])))
    assert (found.path, found.arguments) == ("x", ())
    found = visible_environment(Result.of(encode(environment("c", "1", ["x", "y"]))))
    assert isinstance(found, AsyncAGIEnvironment)
    assert (found.path, found.arguments) == ("x", ("y",))


# Hang-ups and other ends.


def test_failure_on_a_living_channel() -> None:
    """A result of -1 that does not end AsyncAGI is a failure; one look at the channel tells."""
    talk = Conversation("x")
    with pytest.raises(errors.AGIAppError):
        talk.run(core.GetData("x"), b"200 result=-1\n", b"200 result=6\n")
    assert talk.sent[1:] == [b"CHANNEL STATUS"]
    assert not talk.protocol.hung_up


def end_in(
    action: Action[Any], reply: bytes | None, why: str, *, failed: bool = False
) -> AsyncAGIProtocol:
    """End a session while a command runs, perhaps behind its reply."""
    protocol = Conversation("x").protocol
    protocol.send_action(action)
    if reply is not None:
        protocol.receive_data(reply)
        assert protocol.data_to_send() == b"CHANNEL STATUS\n"
        assert protocol.may_have_failed
    protocol.note_end(why, failed=failed)
    for _ in range(2):  # the second time nothing happens
        protocol.receive_eof()
    assert protocol.state is State.CLOSED
    assert protocol.hung_up
    return protocol


def test_command_that_ends_asyncagi() -> None:
    """It raises what it raises everywhere, and the next one says what it did."""
    action = core.StreamFile("none")
    protocol = end_in(action, b"200 result=-1 endpos=0\n", "left", failed=True)
    with pytest.raises(errors.AGIAppError):
        action.process_response(protocol.response())
    for _ in range(2):
        with pytest.raises(errors.AGISIGPIPEHangup, match="could not do STREAM FILE"):
            protocol.send_action(core.Noop())


def test_hangup_in_a_command() -> None:
    """It is one of the command."""
    protocol = end_in(core.StreamFile("x"), b"200 result=-1 endpos=0\n", "left")
    with pytest.raises(errors.AGIResultHangup, match="hung up during STREAM FILE"):
        protocol.response()
    with pytest.raises(errors.AGISIGPIPEHangup, match=r"^left$"):
        protocol.send_action(core.Noop())


def test_end_in_a_command() -> None:
    """A command that has no result any more says why."""
    protocol = end_in(core.StreamFile("x"), None, "the connection is lost")
    with pytest.raises(errors.AGISIGPIPEHangup, match=r"is lost, during STREAM FILE"):
        protocol.response()
    with pytest.raises(errors.AGISIGPIPEHangup, match=r"is lost, during|is lost"):
        protocol.send_action(core.Noop())


def test_end_behind_an_error() -> None:
    """The command raises its error though the end came in the same moment."""
    protocol = Conversation("x").protocol
    protocol.send_action(Command("FOO"))
    protocol.receive_data(b"510 Invalid or unknown command\n")
    protocol.note_end("left")
    protocol.receive_eof()
    with pytest.raises(errors.AGIInvalidCommandError):
        protocol.response()
    with pytest.raises(errors.AGISIGPIPEHangup, match="left"):
        protocol.send_action(core.Noop())


def test_end_between_commands() -> None:
    """It is a hang-up."""
    protocol = Conversation("x").protocol
    protocol.note_end("left")
    protocol.receive_eof()
    assert protocol.hung_up
    with pytest.raises(errors.AGISIGPIPEHangup, match=r"^left$"):
        protocol.send_action(core.Noop())


def test_end_before_the_environment_is_complete() -> None:
    """There is none then."""
    protocol = AsyncAGIProtocol()
    protocol.receive_data(Pipe().read(environment("c", "1", ["x" * 2000])))
    assert protocol.state is State.ENVIRONMENT
    protocol.note_end("left")
    protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup, match="left"):
        _ = protocol.environment


def test_closing() -> None:
    """Who closes it has not been hung up."""
    protocol = Conversation("x").protocol
    protocol.close()
    assert not protocol.hung_up
    with pytest.raises(errors.AGISIGPIPEHangup, match="the session is closed"):
        protocol.send_action(core.Noop())


LEAVING: list[tuple[Action[Any], bytes, bool]] = [
    (core.AsyncAGIBreak(), b"200 result=0\n", True),
    (RawAction('"asyncagi" break'), b"200 result=0\n", True),
    (core.Hangup(), b"200 result=1\n", True),
    (core.Hangup("PJSIP/a-1"), b"200 result=1\n", True),
    (core.Hangup("PJSIP/b-1"), b"200 result=1\n", False),
    (Command("HANGUP", "PJSIP/b-1"), b"200 result=-1\n", False),
    (core.Noop(), b"200 result=0\n", False),
]


@pytest.mark.parametrize(("action", "reply", "leaves"), LEAVING, ids=str)
def test_commands_that_leave(action: Action[Any], reply: bytes, leaves: bool) -> None:
    """After these nothing else is to end AsyncAGI."""
    talk = Conversation("x")
    more = [b"200 result=6\n"] if b"-1" in reply else []
    talk.run(action, reply, *more)
    assert talk.protocol.leaving == leaves


def test_break_is_no_hangup() -> None:
    """The call goes on in the dialplan."""
    talk = Conversation("x")
    talk.run(core.AsyncAGIBreak(), b"200 result=0\n")
    talk.protocol.note_end("left")
    talk.protocol.receive_eof()
    assert not talk.protocol.hung_up
    with pytest.raises(errors.AGISIGPIPEHangup, match="gave the call back"):
        talk.protocol.send_action(core.Noop())


def test_hangup_is_one() -> None:
    """It is known at once."""
    talk = Conversation("x")
    talk.run(core.Hangup(), b"200 result=1\n")
    assert talk.protocol.hung_up
    talk.protocol.note_end("left")
    talk.protocol.receive_eof()
    assert talk.protocol.hung_up


# Cancelling.

STOPPED: list[tuple[Action[Any], list[Any], bytes]] = [
    (core.StreamFile("x"), [STOP], b'EXEC "Wait" "0.02"'),
    (core.ControlStreamFile("x"), [STOP], b'EXEC "Wait" "0.02"'),
    (core.WaitForDigit(), [STOP], b'EXEC "Wait" "0.02"'),
    (core.GetOption("x", "1"), [STOP, STOP], b'EXEC "Wait" "0.02"'),
    (core.GetData("x"), [KEY], b'EXEC "Wait" "0.2"'),
    (RawAction('stream "file" x ""'), [STOP], b'EXEC "Wait" "0.02"'),
]


@pytest.mark.parametrize(("action", "stops", "barrier"), STOPPED, ids=str)
def test_command_that_can_be_stopped(action: Action[Any], stops: list[Any], barrier: bytes) -> None:
    """It is; what comes of it, and of a stop that came too late, is dropped."""
    talk = Conversation("x")
    assert talk.protocol.send_action(action) == action.wire
    assert talk.protocol.cancel()
    assert list(talk.protocol.take_stops()) == stops
    assert talk.protocol.take_stops() == ()
    first, second = talk.protocol.data_to_send().splitlines()
    assert first == barrier
    for reply in (b"200 result=-1\n", b"200 result=0\n"):
        talk.protocol.receive_data(reply)
    assert talk.protocol.data_to_send() == b""
    echo = second.split(b'"')[1]
    talk.protocol.receive_data(b"200 result=1 (" + echo + b")\n")
    assert talk.protocol.state is State.READY
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_command_that_cannot_be_stopped() -> None:
    """The session has to be left."""
    talk = Conversation("x")
    talk.protocol.send_action(core.Exec("Dial", "x"))
    assert not talk.protocol.cancel()
    assert talk.protocol.take_stops() == ()


def test_command_that_ends_soon() -> None:
    """It is waited for."""
    talk = Conversation("x")
    talk.protocol.send_action(core.GetVariable("A"))
    assert talk.protocol.cancel()
    assert talk.protocol.data_to_send() == b""
    talk.protocol.receive_data(b"200 result=1 (a)\n")
    assert talk.protocol.state is State.READY


def test_failure_that_nobody_waits_for() -> None:
    """What a command raises that was given up is not raised by the next one."""
    talk = Conversation("x")
    talk.protocol.send_action(core.GetVariable("A"))
    assert talk.protocol.cancel()
    talk.protocol.receive_data(b"510 Invalid or unknown command\n")
    talk.protocol.send_action(core.StreamFile("x"))
    talk.protocol.note_end("gone")
    talk.protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup, match="gone"):
        talk.protocol.response()


@pytest.mark.parametrize("action", [core.StreamFile("x"), core.GetFullVariable("${A}")])
def test_command_that_has_ended(action: Action[Any]) -> None:
    """What is asked because of its reply is waited for, the rest of it as well."""
    talk = Conversation("x")
    talk.protocol.send_action(action)
    failed = isinstance(action, core.StreamFile)
    reply = b"200 result=-1\n" if failed else b"200 result=1 (" + b"v" * 3000 + b")\n"
    talk.protocol.receive_data(talk.pipe.read(reply))
    assert talk.protocol.cancel()
    assert talk.protocol.take_stops() == ()
    talk.answer(*([b"200 result=6\n"] if failed else []))
    assert talk.protocol.state is State.READY
    assert talk.run(core.GetVariable("A"), b"200 result=1 (a)\n") == "a"


def test_end_while_it_is_stopped() -> None:
    """The session is over."""
    talk = Conversation("x")
    talk.protocol.send_action(core.StreamFile("x"))
    talk.protocol.cancel()
    talk.protocol.note_end("left")
    talk.protocol.receive_eof()
    with pytest.raises(errors.AGISIGPIPEHangup, match="left, during STREAM FILE"):
        talk.protocol.response()


def test_result() -> None:
    """It is decoded, and tells whether it may not be all."""
    cases: list[tuple[str, bytes, bool, bool]] = [
        ("200%20result%3D0%0A", b"200 result=0\n", False, True),
        ("a%C3%BC%FF%", b"a\xc3\xbc\xff%", False, False),
        ("a" * 1024, b"a" * 1024, False, False),
        ("%25" * 681 + "%0A", b"%" * 681 + b"\n", True, False),
        ("%25" * 680 + "aa%0A", b"%" * 680 + b"aa\n", True, False),
        ("%25" * 680 + "a%0A", b"%" * 680 + b"a\n", False, True),
        ("caf\udce9", b"caf\xe9", False, False),
    ]
    for encoded, data, lost, whole in cases:
        result = Result.of(encoded)
        assert (bytes(result), result.lost, result.whole) == (data, lost, whole)


ENCODED: list[tuple[bytes, str]] = [
    (
        bytes(range(1, 48)),
        (
            "%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14%15%16%17%18"
            "%19%1A%1B%1C%1D%1E%1F%20!%22%23%24%25%26'()*%2B%2C-.%2F"
        ),
    ),
    (b":;<=>?@[\\]^_`{|}~\x7f", "%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~%7F"),
]


@pytest.mark.parametrize(("data", "encoded"), ENCODED)
def test_the_tests_encode_as_asterisk_does(data: bytes, encoded: str) -> None:
    """What a live one made of these bytes."""
    assert encode(data) == encoded
    assert Result.of(encoded) == data
