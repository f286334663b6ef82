"""Arguments that would be altered on their way are refused by every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from pystrix.agi import Action, Response, core
from pystrix.agi._action import RawAction

if TYPE_CHECKING:
    from collections.abc import Callable

NONE = cast("Any", None)
BYTES = cast("Any", b"12")

ALTERED: list[Callable[[], object]] = [
    lambda: core.StreamFile(NONE),
    lambda: core.StreamFile(NONE, "1"),
    lambda: core.StreamFile("x", BYTES),
    lambda: core.StreamFile("x", [BYTES]),
    lambda: core.StreamFile("x", NONE),
    lambda: core.ControlStreamFile("x", forward=NONE),
    lambda: core.GetData(NONE),
    lambda: core.GetOption(NONE, "12"),
    lambda: core.DatabaseDeltree(NONE),
    lambda: core.DatabaseDeltree(NONE, "k"),
    lambda: core.DatabasePut("f", "k", NONE),
    lambda: core.SetVariable("X", NONE),
    lambda: core.SetVariable("X", BYTES),
    lambda: core.SayNumber(NONE, "5"),
    lambda: core.SayDigits(BYTES),
    lambda: core.SetCallerid(NONE),
    lambda: core.SetCallerid(BYTES),
    lambda: core.Exec("NoOp", BYTES),
    lambda: core.Exec("NoOp", [BYTES]),
    lambda: core.GetExactVariable(BYTES),
    lambda: core.Verbose(NONE),
    lambda: RawAction("NOOP", BYTES),
]


@pytest.mark.parametrize("make", ALTERED)
def test_no_text(make: Callable[[], object]) -> None:
    """None and bytes are not text; neither is dropped, nor written as Python writes them."""
    with pytest.raises(TypeError, match="is a str or a number"):
        make()


HARMFUL: list[Callable[[], object]] = [
    lambda: core.DatabaseDeltree(""),
    lambda: core.GetData("x", max_digits=1025),
    lambda: core.GetData("x", max_digits=0),
    lambda: RawAction("DATABASE DELTREE", '""', "k"),
    lambda: core.SayDate(float("inf")),
    lambda: core.SayDate(float("nan")),
    lambda: core.SetCallerid("1>"),
    lambda: core.RecordFile("x", silence=cast("Any", 0.5)),
]


@pytest.mark.parametrize("make", HARMFUL)
def test_harmful(make: Callable[[], object]) -> None:
    """What would harm Asterisk, or mean something else to it, is a ValueError."""
    with pytest.raises(ValueError):
        make()


class Own(Action[Response]):
    """A class of one's own."""

    def process_response(self, response: Response) -> Response:
        """Give the reply."""
        return response


@pytest.mark.parametrize(
    "words",
    [
        ("NOOP\nSET VARIABLE EVIL 1",),
        ("GET OPTION", "f", "1"),
        ("get data", "f", 1, 2000),
        ("",),
        ("x\ty", "a"),
    ],
)
def test_classes_of_ones_own(words: tuple[Any, ...]) -> None:
    """They are held to the same rules."""
    with pytest.raises(ValueError):
        Own(*words)


def test_words_that_may_be_left_out() -> None:
    """Optional words at the end are left out; a given one keeps its place."""
    assert core.SayDatetime(0, "", None, None).wire == b'SAY DATETIME "0" ""\n'
    assert core.SayDatetime(0, "", "Y").wire == b'SAY DATETIME "0" "" "Y"\n'
    assert core.Hangup(None).wire == b"HANGUP\n"
    recording = core.RecordFile("x", beep=False, silence=2)
    assert recording.wire == b'RECORD FILE "x" "wav" "" "-1" "0" "s=2"\n'
