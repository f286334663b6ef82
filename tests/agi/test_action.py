"""Actions as values: equality, text, and deriving from them."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from pystrix.agi import Action, AGIAppError, Command, Response, ValueData
from pystrix.agi._action import Acknowledged, RawAction
from pystrix.agi.agi_core import _Action, quote
from pystrix.agi.core import GetData, GetOption, Noop, StreamFile, Verbose
from tests.agi.conversation import ALIVE, CHUNKS, DEAD, STATUS, USAGE, plain, run


class Count(Action[int]):
    """An action of one's own with a typed result."""

    def __init__(self, name: str, unit: str | None = None) -> None:
        units = [] if unit is None else [unit]
        super().__init__("GET VARIABLE", f"COUNT({name})", *units)

    def process_response(self, response: Response) -> int:
        """Give the number."""
        return int(response.items["result"].data)


class Shout(Acknowledged):
    """A derived acknowledgement with the line of Verbose."""

    def __init__(self, text: str) -> None:
        super().__init__("VERBOSE", text, 1)


class OldVerbose(_Action):
    """An action as a program for pystrix 1.x writes it."""

    def __init__(self, message: str, level: int | None = None) -> None:
        _Action.__init__(self, "VERBOSE", quote(message), level)


class OldStatus(_Action):
    """One that reads its reply."""

    check_hangup: ClassVar[bool] = False

    def __init__(self, channel: str | None = None) -> None:
        super().__init__("CHANNEL STATUS", channel and quote(channel))

    def process_response(self, response: Response) -> int:
        """Give the state."""
        result = response.items["result"]
        return int(result.value)


# Equality, hash, text.


def test_equal_when_class_and_line_are_equal() -> None:
    """Two actions are equal when class and line are."""
    assert StreamFile("a", ("1", 2)) == StreamFile("a", "12", 0)
    assert StreamFile("a") != StreamFile("b")
    assert Command("NOOP") == Command("NOOP")
    assert Command("NOOP") != Noop()
    assert Shout("a") != Verbose("a")
    assert Shout("a").wire == Verbose("a").wire


def test_not_equal_to_anything_else() -> None:
    """An action is not equal to its line."""
    assert Noop() != "NOOP\n"
    assert Noop() != b"NOOP\n"
    assert (Noop() == None) is False  # noqa: E711 - the operator is what is tested


def test_hash_goes_with_equality() -> None:
    """Equal actions are one key; equal lines of two classes are two."""
    assert len({StreamFile("a", "12"), StreamFile("a", (1, 2))}) == 1
    assert len({Shout("a"), Verbose("a")}) == 2


@pytest.mark.parametrize(
    ("action", "line"),
    [
        (Noop(), b"NOOP\n"),
        (Count("a"), b'GET VARIABLE "COUNT(a)"\n'),
        (Count("a", "b"), b'GET VARIABLE "COUNT(a)" "b"\n'),
        (Command("SPEECH SET", "a b", 1), b'SPEECH SET "a b" "1"\n'),
        (Command("X", "", "\udcff"), b'X "" "\xff"\n'),
        (RawAction("VERBOSE", '"a b"', 3), b'VERBOSE "a b" 3\n'),
        (RawAction("NOOP", None, None), b"NOOP\n"),
        (RawAction("NOOP a  b"), b"NOOP a  b\n"),
    ],
    ids=repr,
)
def test_line(action: Action[Any], line: bytes) -> None:
    """The line as bytes and as text; in a RawAction None leaves a word out."""
    assert action.wire == line
    assert action.command == line.decode("utf-8", "surrogateescape")


def test_repr_names_class_and_line() -> None:
    """A look at an action shows what it is and what it sends, on one line."""
    shown = repr(Count("a"))
    assert "Count" in shown
    assert 'GET VARIABLE "COUNT(a)"' in shown
    assert "\n" not in shown


def test_action_is_abstract() -> None:
    """An action must say what its reply means."""
    with pytest.raises(TypeError):
        Action("NOOP")  # type: ignore[abstract]


# Results.


@pytest.mark.parametrize("chunk", CHUNKS)
def test_action_of_ones_own(chunk: int | None) -> None:
    """A derived action gives its own result."""
    assert run(Count("a"), b"200 result=1 (42)\n", chunk=chunk) == 42


def test_error_of_ones_own_leaves_as_it_is() -> None:
    """What a derived action raises reaches the caller."""
    with pytest.raises(ValueError, match="many"):
        run(Count("a"), b"200 result=1 (many)\n")


def test_acknowledged() -> None:
    """The reply, or an error that names the command and carries the reply."""
    assert run(Shout("a"), b"200 result=1\n") == plain(1)
    with pytest.raises(AGIAppError, match=r'VERBOSE "x y"') as caught:
        run(Shout("x y"), b"200 result=-1 (why)\n", ALIVE)
    assert caught.value.items == {"result": ValueData("-1", "why")}


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "action",
    [Command("GET VARIABLE", "X"), RawAction("GET VARIABLE", "X")],
    ids=["Command", "RawAction"],
)
def test_reply_as_it_came(action: Action[Response], chunk: int | None) -> None:
    """Command and RawAction give the reply, a failure on a living channel included."""
    reply = Response({"result": ValueData("1", "a (b)")}, 200, "result=1 (a (b))")
    assert run(action, b"200 result=1 (a (b))\n", chunk=chunk) == reply
    assert run(action, b"200 result=-1\n", ALIVE, chunk=chunk) == plain(-1)


def test_command_that_answers_with_usage() -> None:
    """The code of an application behind EXEC is understood without the class Exec, too."""
    assert run(Command("exec", "SMS"), b"200 result=1\n" + USAGE) == plain(1)
    assert run(RawAction("EXEC SMS"), b"200 result=1\n" + USAGE) == plain(1)


# Refusals.


@pytest.mark.parametrize("kind", [Command, RawAction])
def test_harmful_commands(kind: type[Command | RawAction]) -> None:
    """The raw doors refuse what can bring Asterisk down."""
    with pytest.raises(ValueError, match="timeout"):
        kind("GET OPTION", "beep", "12")
    with pytest.raises(ValueError, match="timeout"):
        kind("get option", "beep", "12")
    with pytest.raises(ValueError, match="whole database"):
        kind("DATABASE DELTREE", '""' if kind is RawAction else "")
    with pytest.raises(ValueError, match="2000"):
        kind("GET DATA", "beep", 500, 2000)
    assert kind("GET OPTION", "beep", "12", 500).command.lower().startswith("get option")
    assert kind("GET DATA", "beep", 500, 1024).command.endswith(("1024\n", '"1024"\n'))


@pytest.mark.parametrize("kind", [Command, RawAction])
@pytest.mark.parametrize("name", ["", " ", "NOOP\nHANGUP", "NOOP\0"])
def test_names_that_are_no_command(kind: type[Command | RawAction], name: str) -> None:
    """A command needs a name, in one line."""
    with pytest.raises(ValueError):
        kind(name)


@pytest.mark.parametrize("kind", [Count, Command, Shout, OldVerbose])
def test_injection(kind: type[Count | Command | Shout | OldVerbose]) -> None:
    """A line feed cannot begin another command."""
    with pytest.raises(ValueError):
        kind('x"\nSET VARIABLE PWN "yes')


@pytest.mark.parametrize("kind", [Command, RawAction])
def test_arguments_without_text(kind: type[Command | RawAction]) -> None:
    """Bytes are a mistake; they are named."""
    with pytest.raises(TypeError, match="b'abc'"):
        kind("VERBOSE", b"abc")


def test_classes_of_the_harmful_commands() -> None:
    """The classes always send what keeps Asterisk alive."""
    assert len(GetOption("f").command.split()) == 5
    with pytest.raises(ValueError):
        GetData("f", max_digits=1025)


# Programs of pystrix 1.x.


@pytest.mark.parametrize("chunk", CHUNKS)
def test_old_action(chunk: int | None) -> None:
    """An action of 1.x sends the line it put together and gives the reply."""
    action = OldVerbose('he said "hi"', 3)
    assert action.command == 'VERBOSE "he said \\"hi\\"" 3\n'
    assert run(action, b"200 result=1\n", chunk=chunk) == plain(1)
    assert OldVerbose("x").command == 'VERBOSE "x"\n'


def test_old_action_that_reads_its_reply() -> None:
    """An action of 1.x with a process_response of its own gives that result."""
    assert run(OldStatus(), b"200 result=6\n") == 6
    assert OldStatus("Local/a b").command == 'CHANNEL STATUS "Local/a b"\n'


def test_old_action_says_whether_minus_one_is_a_hangup() -> None:
    """`check_hangup` decides whether the session asks what -1 means."""
    sent: list[bytes] = []
    assert run(OldStatus("x"), b"200 result=-1\n", sent=sent) == -1
    assert sent == [b'CHANNEL STATUS "x"\n']
    sent.clear()
    with pytest.raises(Exception, match="VERBOSE") as caught:
        run(OldVerbose("x"), b"200 result=-1\n", DEAD, sent=sent)
    assert caught.typename == "AGIResultHangup"
    assert sent[1:] == [STATUS]
