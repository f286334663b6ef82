"""Every value that a command line can carry arrives at the live server as it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pystrix.agi import core
from pystrix.agi._wire import MAX_LINE

if TYPE_CHECKING:
    from pystrix.agi import FastAGI
    from tests.asterisk.calls import Call
    from tests.asterisk.conftest import Caller

VALUES = [
    *(chr(code) for code in range(1, 256) if chr(code) != "\n"),
    *(f"a{chr(code)}b" for code in range(1, 128) if chr(code) != "\n"),
    "",
    " ",
    "  both ends  ",
    '"',
    '""',
    '\\"',
    "\\\\",
    "trailing\\",
    'he said "hi" there',
    "back\\slash",
    "'single'",
    "a\tb",
    "a\rb\r",
    "${EXTEN} $[1+2] ${CHANNEL(name)}",
    "a,b|c;d&e",
    "(x) [y] {z}",
    "日本語 zoë 🎉",
    "caf\udce9 \udcff",
    "failure",
    "x" * 900,
]


def test_each_character(caller: Caller) -> None:
    """Each character, alone and inside a word; quotes, backslashes, tabs, UTF-8, other bytes."""

    def script(agi: FastAGI, _: Call) -> None:
        for value in VALUES:
            agi.execute(core.SetVariable("Q", value))
            assert agi.execute(core.GetExactVariable("Q")) == value
            assert agi.execute(core.GetVariable("Q")) == value

    assert caller.run(script)[1].status == "SUCCESS"


def test_any_text(caller: Caller) -> None:
    """Any text, and in any place of a command."""
    texts = st.text(
        st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=200
    )

    def script(agi: FastAGI, _: Call) -> None:
        @settings(
            max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(texts)
        def stored(text: str) -> None:
            agi.execute(core.DatabasePut("quoting", "key", text))
            assert agi.execute(core.DatabaseGet("quoting", "key")) == text

        stored()
        agi.execute(core.DatabaseDeltree("quoting"))

    assert caller.run(script)[1].status == "SUCCESS"


def test_limits(caller: Caller) -> None:
    """The longest line runs as one command; a longer one is refused before a byte is sent."""

    def script(agi: FastAGI, _: Call) -> None:
        room = MAX_LINE - len(core.SetVariable("Q", "").wire)
        agi.execute(core.SetVariable("Q", "x" * room))
        assert agi.execute(core.GetFullVariable("${LEN(${Q})}")) == str(room)
        with pytest.raises(ValueError, match="8190"):
            agi.execute(core.SetVariable("Q", "x" * (room + 1)))
        for forbidden in ("\n", "\0", "\nSET VARIABLE EVIL 1"):
            with pytest.raises(ValueError, match="line feed"):
                core.SetVariable("Q", forbidden)
        assert agi.execute(core.GetVariable("EVIL")) is None

    assert caller.run(script)[1].status == "SUCCESS"
