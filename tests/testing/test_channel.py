"""The simulated channel: bytes in, bytes out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pystrix.testing import Channel, Command, HungUp, Key, Note, Setup, Sounds
from pystrix.testing._commands import COMMANDS
from tests.testing.asking import DEAD, HANGUP, INVALID, USAGE, USAGE_END, ok

if TYPE_CHECKING:
    from collections.abc import Iterable

EXTEN = b"GET VARIABLE EXTEN\n"
SETUP = Setup(sounds=Sounds({"a": 1.0}, others=None), extension="7")


def channel(*pieces: bytes, setup: Setup = SETUP) -> Channel:
    """Make a channel that got these pieces."""
    made = Channel(setup)
    for piece in pieces:
        made.receive_data(piece)
    return made


def test_start() -> None:
    """The environment comes first."""
    made = Channel(SETUP)
    assert not made.has_data
    made.start()
    assert made.has_data
    assert made.data_to_send() == SETUP.environment()
    assert made.data_to_send() == b""
    assert (made.now, made.closed, made.status, made.deadline) == (0.0, False, None, None)


# Lines.

FRAMING = [
    (b"  NOOP\n", ok("0")),
    (b"NOOP   \n", ok("0")),
    (b"nOoP\n", ok("0")),
    (b"\tNOOP\n", ok("0")),
    (b"GET  VARIABLE   EXTEN\n", ok("1 (7)")),
    (b'"GET" "VARIABLE" EXTEN\n', ok("1 (7)")),
    (b'"GET VARIABLE" EXTEN\n', INVALID),
    (b"get variable exten\n", ok("0")),
    (b"NOOP\r\n", INVALID),
    (b"GET VARIABLE EXTEN\r\n", ok("0")),
    (b"\n", INVALID),
    (b"\r\n", INVALID),
    (b" \n", INVALID),
    (b"#\n", INVALID),
    (b"GET / HTTP/1.1\n", INVALID),
    (b"\xff\xfe\n", INVALID),
]


@pytest.mark.parametrize(("line", "reply"), FRAMING)
def test_framing(line: bytes, reply: bytes) -> None:
    """Letter case, blanks, quotes, and what is no line."""
    assert channel(line).data_to_send() == reply


def test_lines_in_pieces() -> None:
    """A line runs when it is whole."""
    made = channel(b"GET VARI", b"ABLE EX")
    assert made.data_to_send() == b""
    made.receive_data(b"TEN\nNO")
    assert made.data_to_send() == ok("1 (7)")
    made.receive_data(b"OP\n")
    assert made.data_to_send() == ok("0")


def test_several_lines_at_once() -> None:
    """Only the first runs, until more bytes come."""
    made = channel(b"NOOP\n" + EXTEN + b"NOOP 1\nNOOP 2\n")
    assert made.data_to_send() == ok("0")
    made.receive_data(EXTEN)
    assert made.data_to_send() == ok("1 (7)") + ok("0") * 2 + ok("1 (7)")


def test_words() -> None:
    """Those that are too many are dropped; in quotes they abort Asterisk itself."""
    for count in (126, 200):
        assert channel(b"NOOP" + b" a" * count + b"\n").data_to_send() == ok("0")
    assert channel(b"NOOP" + b' "a"' * 127 + b"\n").data_to_send() == ok("0")
    made = channel(b"NOOP" + b' "a"' * 128 + b"\n")
    assert (made.closed, made.status, made.data_to_send()) == (True, "ABORTED", ok("0"))
    (note,) = [entry for entry in made.timeline if isinstance(entry, Note)]
    assert note.text == "129 words in a command, the last in quotes: Asterisk aborted"


@pytest.mark.parametrize(
    ("half", "rest", "reply"), [(b"NOO", b"P\n", "0"), (b"ANS", b"WER\n", "0")]
)
def test_hang_up_in_a_line(half: bytes, rest: bytes, reply: str) -> None:
    """Asterisk notices nothing before it has the rest, and then answers first."""
    made = channel(half)
    made.hang_up()
    assert (made.hung_up, made.data_to_send()) == (True, b"")
    made.receive_data(rest)
    assert made.data_to_send() == ok(reply) + HANGUP
    made.receive_data(b"ANSWER\n")
    assert made.data_to_send() == DEAD


def test_hang_up_in_a_line_that_takes_time() -> None:
    """The command ends at once."""
    made = channel(b"EXEC Wai")
    made.hang_up()
    made.receive_data(b"t 5\n")
    assert made.data_to_send() == ok("-1") + HANGUP
    assert not made.running


def test_hang_up_in_a_line_that_never_ends() -> None:
    """The end of all is an end as well."""
    made = channel(b"NOO")
    made.hang_up()
    made.receive_eof()
    assert made.data_to_send() == b"510 Invalid or unknown command\n" + HANGUP * 2
    assert (made.closed, made.status) == (True, "HANGUP")


def test_what_asterisk_sends_by_itself() -> None:
    """Environment, HANGUP lines, signals and the end, for the transcript."""
    made = Channel(dataclasses.replace(SETUP, variables={"AGIEXITONHANGUP": "yes"}))
    made.start()
    made.receive_data(b"NOOP\n")
    made.hang_up()
    assert [(each.after, each.data, each.remark) for each in made.sent] == [
        (0, SETUP.environment(), ""),
        (2, HANGUP, ""),
        (2, HANGUP, ""),
        (2, b"", "Asterisk closes"),
    ]
    made = Channel(dataclasses.replace(SETUP, stdio=True))
    made.hang_up()
    assert [each.remark for each in made.sent] == ["Asterisk sends SIGHUP"]
    made.receive_eof()  # nobody reads what is sent then
    assert (len(made.sent), made.signals) == (1, 1)
    for stdio in (True, False):
        made = Channel(dataclasses.replace(SETUP, stdio=stdio), recording=False)
        made.start()
        made.hang_up()
        assert made.sent == []


def test_long_line() -> None:
    """What is beyond the buffer is another command."""
    made = channel(b'SET VARIABLE Q "' + b"v" * 8175 + b'SET VARIABLE EVIL 1"\n', EXTEN)
    assert made.data_to_send() == ok("1") * 2 + ok("1 (7)")
    assert made.values.variables == {"Q": "v" * 8175, "EVIL": "1"}
    made = channel(b"NOOP " + b"v" * 20_000, b"\n", EXTEN, EXTEN)
    assert made.data_to_send().count(b"\n") == 5


# Commands that take time.


def test_stopped_and_waiting_lines() -> None:
    """A line stops what can be stopped; what cannot is waited for, and one line then runs."""
    made = channel(b'STREAM FILE a ""\n', EXTEN)
    assert made.data_to_send() == ok("1 (7)")
    made = channel(b"EXEC Wait 1\n", EXTEN, b"NOOP\n" + EXTEN)
    assert (made.data_to_send(), made.command, made.running) == (b"", "EXEC", True)
    made.advance(1.0)
    assert made.data_to_send() == ok("0") + ok("1 (7)")
    assert (made.command, made.running) == ("", False)


def test_half_a_line() -> None:
    """Any byte stops what can be stopped; what was sent is a line when it is whole."""
    made = channel(b'STREAM FILE a ""\n', b"NO")
    assert not made.running
    assert made.data_to_send() == b""
    made.receive_data(b"OP\n")
    assert made.data_to_send() == ok("0")


def test_time() -> None:
    """It goes forward only; what is due happens at its moment."""
    made = channel(b'STREAM FILE a ""\n')
    assert made.deadline == 1.0
    made.advance(0.5)
    made.advance(0.25)
    assert (made.now, made.has_data) == (0.5, False)
    made.advance(9.0)
    assert made.now == 9.0
    assert made.deadline is None
    (command,) = [entry for entry in made.timeline if isinstance(entry, Command)]
    assert (command.start, command.end, command.reply) == (0.0, 1.0, ok("0 endpos=8000"))


@pytest.mark.parametrize("line", [b"WAIT FOR DIGIT x\n", b'SAY NUMBER x ""\n', b"GET VARIABLE\n"])
def test_usage(line: bytes) -> None:
    """A refused command is over; the next one has its reply."""
    made = channel(line)
    assert not made.running
    data = made.data_to_send()
    assert data.startswith(USAGE)
    assert data.endswith(USAGE_END)
    made.receive_data(EXTEN)
    assert made.data_to_send() == ok("1 (7)")


# The caller.


def test_keys() -> None:
    """A key is taken, or lost; both are in the record."""
    made = channel()
    assert not made.press("1")
    made.receive_data(b'STREAM FILE a "5"\n')
    assert made.listening == "5"
    assert not made.press("1")
    assert made.press("5")
    assert made.data_to_send() == ok("53 endpos=0")
    assert [(e.digit, e.command) for e in made.timeline if isinstance(e, Key)] == [
        ("1", ""),
        ("1", ""),
        ("5", "STREAM FILE"),
    ]


def test_text_to_nobody() -> None:
    """A text is lost where no command runs."""
    made = channel()
    made.send_text("x")
    assert not made.has_data


@pytest.mark.parametrize(
    ("variables", "idle", "during"),
    [
        ({}, HANGUP, ok("-1") + HANGUP),
        ({"AGISIGHUP": "no"}, b"", ok("-1")),
        ({"AGISIGHUP": "yes"}, HANGUP, ok("-1") + HANGUP),
        ({"AGIEXITONHANGUP": "yes"}, HANGUP * 2, ok("-1") + HANGUP * 2),
        ({"AGIEXITONHANGUP": "yes", "AGISIGHUP": "0"}, b"", ok("-1")),
    ],
)
def test_hang_up(variables: dict[str, str], idle: bytes, during: bytes) -> None:
    """The line comes once, or as the variables say; a command has its reply before."""
    closes = "AGIEXITONHANGUP" in variables
    for pieces, expected in (((), idle), ((b"WAIT FOR DIGIT -1\n",), during)):
        made = channel(*pieces, setup=Setup(variables=variables))
        made.hang_up()
        made.hang_up("somebody else")
        assert made.data_to_send() == expected
        assert made.closed == closes
        assert [e.by for e in made.timeline if isinstance(e, HungUp)] == ["caller"]
        if not closes:
            made.receive_data(b"ANSWER\n")
            assert made.data_to_send() == DEAD
            made.receive_data(b"EXEC Wait 1\n")
            made.advance(9.0)
            assert made.data_to_send() == ok("0")
            made.receive_eof()
        assert made.status == "HANGUP"


def test_hang_up_on_stdio() -> None:
    """A program gets signals."""
    made = channel(setup=Setup(stdio=True))
    made.hang_up()
    assert (made.signals, made.data_to_send()) == (1, b"")
    made = channel(setup=Setup(stdio=True, variables={"AGIEXITONHANGUP": "yes"}))
    made.hang_up()
    assert (made.signals, made.closed) == (2, True)
    made = channel(setup=Setup(stdio=True, variables={"AGISIGHUP": "no"}))
    made.hang_up()
    assert (made.signals, made.closed) == (0, False)
    made.receive_eof()
    assert (made.data_to_send(), made.status) == (b"", "HANGUP")


def test_hang_up_by_the_application() -> None:
    """The reply comes before the line, which comes once."""
    made = channel(b"EXEC Hangup\n")
    assert made.data_to_send() == ok("-1") + HANGUP
    made = channel(b"HANGUP\n")
    assert made.data_to_send() == ok("1") + HANGUP
    made.receive_data(b"HANGUP\n")
    assert made.data_to_send() == DEAD


# The end.


@pytest.mark.parametrize(
    ("pieces", "hangs_up", "status"),
    [
        ((), False, "SUCCESS"),
        ((b"ANSWER\n",), False, "SUCCESS"),
        ((b"ANSWER\n",), True, "HANGUP"),
        ((b'STREAM FILE none ""\n',), False, "FAILURE"),
        ((b"GET DATA none\n",), False, "SUCCESS"),
        ((b"EXEC NoSuchApp\n",), False, "SUCCESS"),
        ((b"failure\n",), False, "FAILURE"),
        ((b"FAILURE of some kind\n",), True, "FAILURE"),
        ((b'STREAM FILE a ""\n',), False, "SUCCESS"),
    ],
)
def test_status(pieces: tuple[bytes, ...], *, hangs_up: bool, status: str) -> None:
    """AGISTATUS, by what happened."""
    made = channel()
    if hangs_up:
        made.hang_up()
    for piece in pieces:
        made.receive_data(piece)
    made.data_to_send()
    made.receive_eof()
    made.receive_eof()
    assert (made.closed, made.status) == (True, status)
    assert made.data_to_send() == (HANGUP if not pieces or b"ail" not in pieces[0].lower() else b"")
    made.receive_data(b"NOOP\n")
    made.hang_up()
    assert made.data_to_send() == b""
    assert made.deadline is None


def test_end_with_lines_that_wait() -> None:
    """What came before the end is executed, also a last line without its line feed."""
    made = channel(b"NOOP\n" + EXTEN + b"SET VARIABLE A b")
    made.receive_eof()
    assert made.data_to_send() == ok("0") + ok("1 (7)") + ok("1") + HANGUP
    assert made.values.variables == {"A": "b"}


def test_end_during_a_command() -> None:
    """It is noticed at once, or when the command is over."""
    made = channel(b"WAIT FOR DIGIT -1\n")
    made.receive_eof()
    assert (made.closed, made.data_to_send()) == (True, ok("1") + HANGUP)
    made = channel(b"EXEC Wait 3\n")
    made.receive_eof()
    assert not made.closed
    made.advance(3.0)
    assert (made.closed, made.now, made.data_to_send()) == (True, 3.0, ok("0") + HANGUP)


def test_silent_end() -> None:
    """AGISIGHUP=no: no line at the end either."""
    made = channel(setup=Setup(variables={"AGISIGHUP": "no"}))
    made.receive_eof()
    assert made.data_to_send() == b""


def test_no_recording() -> None:
    """Without a record all else is the same."""
    made = Channel(SETUP, recording=False)
    for piece in (b'STREAM FILE a "5"\n', EXTEN, b"SEND TEXT x\n"):
        made.receive_data(piece)
    made.press("1")
    made.note("nothing")
    made.hang_up()
    assert made.data_to_send() == ok("1 (7)") + ok("0") + HANGUP
    assert made.timeline == []


# Any bytes.

ACTS = st.sampled_from(["advance", "press", "text", "hang up", "eof"])
LINES = [" ".join(name).encode() for name in COMMANDS]
WORDS = st.sampled_from(
    [b"", b'""', b"a", b"1", b"-1", b"2000", b'"x y"', b"${EXTEN}", b"CALLERID(all)", b"s", b"NoOp"]
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Draw a line that is nearly right, or anything."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=40)) + b"\n"
    words = [draw(st.sampled_from(LINES)), *draw(st.lists(WORDS, max_size=6))]
    return b" ".join(words) + b"\n"


def drive(pieces: Iterable[bytes | str]) -> Channel:
    """Send and do; nothing may raise, and all is over in the end."""
    made = Channel(SETUP)
    made.start()
    for piece in pieces:
        if isinstance(piece, bytes):
            made.receive_data(piece)
        elif piece == "press":
            made.press("1")
        elif piece == "text":
            made.send_text("hello")
        elif piece == "hang up":
            made.hang_up()
        elif piece == "eof":
            made.receive_eof()
        else:
            made.advance(made.now + 1.5)
        made.data_to_send()
    made.hang_up()
    made.receive_eof()
    for _ in range(len(made.timeline) + 10):
        if (deadline := made.deadline) is not None:
            made.advance(deadline)
    return made


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(lines(), st.binary(max_size=20), ACTS), max_size=25))
@example([b"EXEC Echo\n", "hang up", b"EXEC Echo\n"])
@example(["hang up", b"EXEC Milliwatt\n"])
def test_anything(pieces: list[bytes | str]) -> None:
    """Whatever is sent and done, nothing raises, and the session ends."""
    made = drive(pieces)
    assert made.closed
    assert made.status in {"SUCCESS", "FAILURE", "HANGUP", "ABORTED"}


@settings(max_examples=150, deadline=None)
@given(st.lists(lines(), max_size=8), st.data())
def test_pieces_make_no_difference(whole: list[bytes], data: st.DataObject) -> None:
    """A line that comes in pieces is the same line."""
    one, two = (Channel(dataclasses.replace(SETUP, database={})) for _ in range(2))
    for line in (each.replace(b"\0", b"") for each in whole):  # which hides what comes with it
        parts = [part + b"\n" for part in line[:-1].split(b"\n")]
        for part in parts:
            cut = data.draw(st.integers(0, len(part)))
            one.receive_data(part)
            two.receive_data(part[:cut])
            two.receive_data(part[cut:])
            assert one.data_to_send() == two.data_to_send()
            one.advance(one.now + 1.0)
            two.advance(two.now + 1.0)
            assert one.data_to_send() == two.data_to_send()
    assert one.timeline == two.timeline
