"""EXEC and GOSUB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.testing import CallerLeftError
from tests.testing.asking import DEAD, HANGUP, USAGE, USAGE_END, ask, dead, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pystrix.testing import Channel

TRYING = b"100 result=0 Trying...\n"
COMPLETE = ok("0 Gosub complete")
ABNORMAL = ok("0 Gosub complete (abnormal exit)")
MISSING = ok("-1 Gosub label not found")


def application(function: Callable[..., Any]) -> dict[str, Any]:
    """Make the setup of an application of that name."""
    return {"applications": {"Mine": function}}


def notes(channel: Channel, data: str) -> None:
    """Keep the data."""
    channel.values.variables["DATA"] = data


def takes_time(channel: Channel, data: str) -> Generator[float, None, int]:
    """Take two seconds."""
    yield 1
    channel.values.variables["HALF"] = data
    yield 1
    return 7


def cleans_up(channel: Channel, _data: str) -> Generator[float, None, str]:
    """Take a second after the hang-up."""
    try:
        yield 10
    except CallerLeftError:
        channel.values.variables["CLEANED"] = "yes"
        yield 1
    return "9"


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("EXEC Mine", ""),
        ("EXEC mine x", "x"),
        ("EXEC MINE a b", "a"),
        ('EXEC Mine "a b"', "a b"),
        ('EXEC Mine "\\"q, x\\" \\\\ y"', '"q, x" \\ y'),
        ("EXEC Mine ${EXTEN}", "${EXTEN}"),
    ],
)
def test_data(line: str, data: str) -> None:
    """The first word behind the name, in any letter case of the name."""
    answer = ask(line, **application(notes))
    assert answer.reply == ok("0")
    assert answer.channel.values.variables["DATA"] == data


@pytest.mark.parametrize(("full", "data"), [("1", "s"), ("yes", "s"), ("0", "${EXTEN}")])
def test_exec_full(full: str, data: str) -> None:
    """AGIEXECFULL has variables replaced."""
    line = f"SET VARIABLE AGIEXECFULL {full}"
    answer = ask(line, "EXEC Mine ${EXTEN}", "GET VARIABLE DATA", **application(notes))
    assert answer.reply == ok(f"1 ({data})")


def test_generator() -> None:
    """What it yields are seconds."""
    answer = ask("EXEC Mine x", **application(takes_time))
    assert (answer.reply, answer.seconds) == (ok("7"), 2.0)
    answer = ask("EXEC Mine x", caller="w1.5,h", **application(takes_time))
    assert (answer.reply, answer.seconds) == (ok("-1") + HANGUP, 1.5)
    assert answer.channel.values.variables["HALF"] == "x"


def test_cleaning_up() -> None:
    """It may catch the error, and take its time."""
    answer = ask("EXEC Mine", caller="w2,h", **application(cleans_up))
    assert (answer.reply, answer.seconds) == (ok("9") + HANGUP, 3.0)
    assert answer.channel.values.variables["CLEANED"] == "yes"


def test_on_a_dead_channel() -> None:
    """Applications run, and time passes, as on a live one; GOSUB does not."""
    answer = dead("EXEC Mine x", **application(takes_time))
    assert (answer.reply, answer.seconds) == (ok("7"), 2.0)
    assert dead("EXEC NoOp").reply == ok("0")
    assert dead("EXEC NoSuchApp").reply == ok("-2")
    assert dead("GOSUB a b 1").reply == DEAD


def test_no_application() -> None:
    """-2, and the session does not fail for it."""
    answer = ask("EXEC NoSuchApp x")
    assert answer.reply == ok("-2")
    assert not answer.channel.failed
    assert ask("EXEC").reply == USAGE


def test_own_before_ours() -> None:
    """An application of the setup is taken before one of the simulation."""
    answer = ask("EXEC playback welcome", applications={"Playback": lambda _channel, _data: 3})
    assert (answer.reply, answer.heard) == (ok("3"), [])


@pytest.mark.parametrize(("result", "shown"), [(None, "0"), (-1, "-1"), (12, "12"), (0, "0")])
def test_codes(result: int | None, shown: str) -> None:
    """What it returns is the result."""
    answer = ask("EXEC Mine", **application(lambda _channel, _data: result))
    assert answer.reply == ok(shown)
    assert not answer.channel.failed


def test_code_one() -> None:
    """Asterisk takes it for its own, and sends a usage behind it."""
    channel = ask("EXEC Mine", **application(lambda _channel, _data: 1)).channel
    channel.receive_data(b"EXEC Mine\n")
    data = channel.data_to_send()
    assert data.startswith(ok("1") + USAGE)
    assert data.endswith(USAGE_END)


def test_left_at_once() -> None:
    """A plain function that raises the error ends as one whose caller left."""

    def leaves(_channel: Channel, _data: str) -> None:
        raise CallerLeftError

    assert ask("EXEC Mine", **application(leaves)).reply == ok("-1")
    answer = ask("GOSUB a b 1", subroutines={"a,b,1": leaves})
    assert answer.reply == TRYING + ABNORMAL


def test_not_stopped() -> None:
    """Lines that come meanwhile wait."""
    channel = ask("NOOP", **application(takes_time)).channel
    channel.receive_data(b"EXEC Mine x\n")
    channel.receive_data(b"GET VARIABLE HALF\n")
    assert channel.data_to_send() == b""
    channel.advance(2.0)
    assert channel.data_to_send() == ok("7") + ok("1 (x)")


def test_its_own_error() -> None:
    """An exception of an application is the test's to see."""

    def breaks(_channel: Channel, _data: str) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        ask("EXEC Mine", **application(breaks))


SUBROUTINES: dict[str, Callable[..., Any]] = {
    "subs,s,1": lambda _channel, data: f"ret-{data}",
    "subs,s,lbl": lambda _channel, _data: None,
    "subs,slow,1": takes_time,
}


@pytest.mark.parametrize(
    ("words", "reply", "value"),
    [
        ("subs s 1", TRYING + COMPLETE, "ret-"),
        ("subs s 1 a,b", TRYING + COMPLETE, "ret-a,b"),
        ('subs s 1 "a b,c d"', TRYING + COMPLETE, "ret-a b,c d"),
        ("subs s 1 a b", USAGE, None),
        ("subs s lbl", TRYING + COMPLETE, ""),
        ("subs slow 1", TRYING + COMPLETE, "7"),
        ("subs nosuch 1", MISSING, None),
        ("subs s nolabel", MISSING, None),
        ("nosuch s 1", MISSING, None),
        ("subs s 99", MISSING, None),
        ("subs s", USAGE, None),
    ],
)
def test_gosub(words: str, reply: bytes, value: str | None) -> None:
    """Two lines; what the subroutine returns is in a variable; without it the session fails."""
    answer = ask(f"GOSUB {words}", subroutines=SUBROUTINES)
    assert answer.reply == reply
    assert answer.channel.values.variables.get("GOSUB_RETVAL") == value
    assert answer.channel.failed == (reply == MISSING)


def test_gosub_hung_up() -> None:
    """The first line comes at once, the second when it ends."""
    channel = ask("NOOP", subroutines=SUBROUTINES).channel
    channel.receive_data(b"GOSUB subs slow 1\n")
    assert channel.data_to_send() == TRYING
    channel.advance(0.5)
    channel.hang_up()
    assert channel.data_to_send() == ABNORMAL + HANGUP
    assert not channel.failed
