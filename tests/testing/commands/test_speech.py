"""Speech recognition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.testing import Sounds
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing import Channel

CREATE = "SPEECH CREATE ears"
COMMANDS = (
    "SPEECH SET key value",
    "SPEECH LOAD GRAMMAR g /g",
    "SPEECH UNLOAD GRAMMAR g",
    "SPEECH ACTIVATE GRAMMAR g",
    "SPEECH DEACTIVATE GRAMMAR g",
    "SPEECH DESTROY",
)


def engine(*said: tuple[str, int, str]) -> dict[str, Any]:
    """Make the setup of an engine that understands this."""

    def ears(_channel: Channel) -> Sequence[tuple[str, int, str]]:
        return said

    return {"speech_engines": {"ears": ears}, "sounds": Sounds({"ask": 1.0}, others=None)}


@pytest.mark.parametrize("line", [CREATE, *COMMANDS, "SPEECH RECOGNIZE ask 3"])
def test_no_engine(line: str) -> None:
    """All say that there is none."""
    answer = ask(line)
    assert (answer.reply, answer.seconds) == (ok("0"), 0.0)


@pytest.mark.parametrize("line", COMMANDS)
def test_done(line: str) -> None:
    """With one, all are done."""
    assert ask(CREATE, line, **engine()).reply == ok("1")


def test_one_engine() -> None:
    """A session has one; it can be destroyed once."""
    assert ask(CREATE, **engine()).reply == ok("1")
    assert ask(CREATE, CREATE, **engine()).reply == ok("0")
    assert ask(CREATE, "SPEECH DESTROY", "SPEECH DESTROY", **engine()).reply == ok("0")
    assert ask(CREATE, "SPEECH DESTROY", CREATE, **engine()).reply == ok("1")
    assert ask("SPEECH CREATE nose", **engine()).reply == ok("0")


@pytest.mark.parametrize(
    ("said", "caller", "reply", "seconds"),
    [
        ((), "", ok("1 (timeout) endpos=0"), 4.0),
        ((), "7", ok("1 (digit) digit=7 endpos=0"), 0.5),
        ((), "w2,*", ok("1 (digit) digit=* endpos=0"), 2.5),
        ((), "w0.5,h", ok("1 (hangup) endpos=0") + HANGUP, 0.5),
        ((), "w2,h", ok("1 (hangup) endpos=0") + HANGUP, 2.0),
        (
            (("yes", 90, "g"),),
            "",
            ok('1 (speech) endpos=0 results=1 score0=90 text0="yes" grammar0=g'),
            0.0,
        ),
        (
            (("yellow", 40, "g2"), ('hello "big" world', 95, "g1")),
            "",
            ok(
                '1 (speech) endpos=0 results=2 score0=40 text0="yellow" grammar0=g2 '
                'score1=95 text1="hello "big" world" grammar1=g1'
            ),
            0.0,
        ),
    ],
)
def test_recognize(
    said: tuple[tuple[str, int, str], ...], caller: str, reply: bytes, seconds: float
) -> None:
    """What is said, a key, the hang-up, or nothing within its time."""
    answer = ask(CREATE, "SPEECH RECOGNIZE ask 3", caller=caller, **engine(*said))
    assert (answer.reply, answer.seconds) == (reply, seconds)


def test_usage() -> None:
    """Prompt and time are needed."""
    for line in ("SPEECH RECOGNIZE", "SPEECH RECOGNIZE ask", "SPEECH SET a"):
        assert ask(CREATE, line, **engine()).reply == USAGE


def test_dead_channel() -> None:
    """What gives memory back works, nothing else."""
    assert [dead(line).reply for line in COMMANDS] == [DEAD, DEAD, ok("0"), DEAD, DEAD, ok("0")]
    assert dead("SPEECH RECOGNIZE ask 3").reply == DEAD
