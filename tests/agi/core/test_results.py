"""What all commands have in common: their number, refusals, and how results are read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from pystrix.agi import (
    Action,
    AGIDeadChannelError,
    AGIException,
    AGIInvalidCommandError,
    AGINoResultError,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
    core,
)
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi.core._results import Digits, Interruption, join_digits
from tests.agi.conversation import CHUNKS, DEAD, ENVIRONMENT, INVALID, USAGE, run
from tests.agi.core import (
    test_call,
    test_database,
    test_dialplan,
    test_input,
    test_playback,
    test_record,
    test_say,
    test_speech,
    test_text,
    test_variables,
)

ROWS = [
    row
    for module in (
        test_call,
        test_database,
        test_dialplan,
        test_input,
        test_playback,
        test_record,
        test_say,
        test_speech,
        test_text,
        test_variables,
    )
    for row in module.GOLDEN
]
FIRST: dict[str, Action[Any]] = {type(row.action).__name__: row.action for row in reversed(ROWS)}
ONE_OF_EACH = list(FIRST.values())

# What `agi show commands` of Asterisk 22 lists.
COMMANDS = {
    "answer",
    "asyncagi break",
    "channel status",
    "control stream file",
    "database del",
    "database deltree",
    "database get",
    "database put",
    "exec",
    "get data",
    "get full variable",
    "get option",
    "get variable",
    "gosub",
    "hangup",
    "noop",
    "receive char",
    "receive text",
    "record file",
    "say alpha",
    "say date",
    "say datetime",
    "say digits",
    "say number",
    "say phonetic",
    "say time",
    "send image",
    "send text",
    "set autohangup",
    "set callerid",
    "set context",
    "set extension",
    "set music",
    "set priority",
    "set variable",
    "speech activate grammar",
    "speech create",
    "speech deactivate grammar",
    "speech destroy",
    "speech load grammar",
    "speech recognize",
    "speech set",
    "speech unload grammar",
    "stream file",
    "tdd mode",
    "verbose",
    "wait for digit",
}


def test_every_command_of_asterisk_is_tested() -> None:
    """The golden tables have a line of each of the 47 commands, with outcomes."""
    assert len(COMMANDS) == 47
    assert {row.name for row in ROWS} == COMMANDS
    assert {row.name for row in ROWS if row.outcomes} == COMMANDS


def test_every_action_is_tested() -> None:
    """The golden tables have a row with outcomes of each class of `pystrix.agi.core`."""
    names = {
        name
        for name in core.__all__
        if inspect.isclass(kind := getattr(core, name)) and issubclass(kind, Action)
    }
    assert {type(row.action).__name__ for row in ROWS if row.outcomes} == names


def test_tables_have_no_row_twice() -> None:
    """A row that repeats another tests nothing."""
    assert len({row.action for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("action", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (INVALID, AGIInvalidCommandError),
        (DEAD, AGIDeadChannelError),
        (USAGE, AGIUsageError),
        (b"520 Invalid command syntax.  Proper usage not available.\n", AGIUsageError),
        (b"503 what\n", AGIUnknownError),
        (b"200 nothing\n", AGINoResultError),
        (b"200\n", AGINoResultError),
    ],
)
def test_refusals(
    action: Action[Any], reply: bytes, kind: type[AGIException], chunk: int | None
) -> None:
    """Every command takes what Asterisk says of commands it does not run."""
    with pytest.raises(kind) as caught:
        run(action, reply, chunk=chunk)
    assert caught.type is kind
    assert caught.value.args[0].strip()


@pytest.mark.parametrize("action", ONE_OF_EACH, ids=repr)
def test_end_of_the_connection(action: Action[Any]) -> None:
    """Every command that is cut off tells so and names itself."""
    protocol = AGIProtocol()
    protocol.receive_data(ENVIRONMENT)
    protocol.send_action(action)
    protocol.receive_data(b"200 resu")
    protocol.receive_eof()
    with pytest.raises(AGISIGPIPEHangup) as caught:
        protocol.response()
    assert action.command[:-1] in str(caught.value)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("", ""),
        ("12#", "12#"),
        ((), ""),
        (("1", 2, "*#"), "12*#"),
        ([1, "2"], "12"),
        ({5}, "5"),
        (frozenset({"#"}), "#"),
        (range(4), "0123"),
        (iter("AB"), "AB"),
    ],
    ids=repr,
)
def test_join_digits(digits: Digits, text: str) -> None:
    """Digits are a text, or any iterable of text and numbers."""
    assert join_digits(digits) == text


def test_interruption_is_a_pair() -> None:
    """The result unpacks as in 1.x."""
    assert Interruption("5", 8800) == ("5", 8800)
    assert Interruption("5", 8800)._fields == ("digit", "offset")
