"""What the caller does, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.testing import Caller, Channel, Heard, HungUp, Key, Setup, Sounds
from pystrix.testing._pilot import Pilot
from pystrix.testing.caller import GAP, REACTION, Plan
from tests.testing.asking import ask_pilot

if TYPE_CHECKING:
    from pystrix.testing.record import Entry

SOUNDS = Sounds({"a": 1.0, "b": 2.0}, others=None)
KEYS = st.text("0123456789*#ABCD", min_size=1)


def test_plan() -> None:
    """The text and the methods make the same steps."""
    built = (
        Caller().press("1").wait(2).press("42#").wait(1).heard("hello/world").wait(0.5).hang_up()
    )
    assert Caller("1,w2, 42# ,w,@hello/world,w0.5,h").steps == built.steps
    assert Caller("@ a b").steps == Caller().heard("a b").steps
    assert Caller("!4#").steps == Caller().press("4#", after=0, anyway=True).steps
    assert [*map(str, Caller("!1,h").send_text("hi").steps)] == [
        "press anyway 1",
        "hang up",
        "send text hi",
    ]
    assert Caller().steps == Caller("").steps == ()


@pytest.mark.parametrize("plan", ["x", "1,,2", ",", "w-1", "w1.", "@", "a", "hh", "1 2", "w 1"])
def test_no_plan(plan: str) -> None:
    """What is no step is refused, with what could be one."""
    with pytest.raises(ValueError, match="is nothing a caller does: keys"):
        Caller(plan)


@pytest.mark.parametrize("keys", ["", "a", "1,2", "E", "1 ", "1\n", "٣"])
def test_no_keys(keys: str) -> None:
    """Keys are those of DTMF."""
    with pytest.raises(ValueError, match="keys are 0-9"):
        Caller().press(keys)


@given(st.lists(KEYS, min_size=1))
def test_any_keys(groups: list[str]) -> None:
    """Groups of keys are read as they are."""
    assert [step.text for step in Caller(",".join(groups)).steps] == groups


def place(caller: Caller | str, *lines: str, limit: float = 100.0) -> list[Entry]:
    """Run lines with a caller; give what happened."""
    pilot = Pilot(Setup(sounds=SOUNDS), caller, limit)
    ask_pilot(pilot, *lines)
    return pilot.channel.timeline


def keys(timeline: list[Entry]) -> list[tuple[float, str, str]]:
    """Give the keys, and when they were pressed."""
    return [(round(e.start, 3), e.digit, e.command) for e in timeline if isinstance(e, Key)]


def test_keys_in_time() -> None:
    """The first after a while, the others a quarter of a second apart."""
    assert keys(place("12#", 'GET DATA "" 5000')) == [
        (REACTION, "1", "GET DATA"),
        (REACTION + GAP, "2", "GET DATA"),
        (REACTION + 2 * GAP, "#", "GET DATA"),
    ]


def test_type_ahead_and_lost_keys() -> None:
    """Who has begun a group goes on, whoever listens."""
    timeline = place("123", "WAIT FOR DIGIT 5000", 'STREAM FILE a ""', "WAIT FOR DIGIT 5000")
    assert keys(timeline) == [
        (0.5, "1", "WAIT FOR DIGIT"),
        (0.75, "2", ""),
        (1.0, "3", ""),
    ]


def test_waits_for_an_effect() -> None:
    """The caller presses only what is listened for."""
    timeline = place("5", 'STREAM FILE a ""', 'STREAM FILE b "12"', 'STREAM FILE b "5"')
    assert keys(timeline) == [(3.5, "5", "STREAM FILE")]


def test_hesitates_once() -> None:
    """Who is slow goes on hesitating when the next command follows at once."""
    caller = Caller().press("5", after=1.5)
    timeline = place(caller, 'STREAM FILE a "5"', "NOOP", 'STREAM FILE b "5"')
    assert keys(timeline) == [(1.5, "5", "STREAM FILE")]
    timeline = place("5", *["WAIT FOR DIGIT 200"] * 4)
    assert keys(timeline) == [(0.5, "5", "WAIT FOR DIGIT")]


def test_hesitates_again() -> None:
    """After a while in which the key had no effect the hesitation begins again."""
    caller = Caller().press("5", after=1.5)
    timeline = place(caller, 'STREAM FILE a "5"', 'STREAM FILE a ""', 'STREAM FILE b "5"')
    assert keys(timeline) == [(3.5, "5", "STREAM FILE")]


def test_anyway() -> None:
    """Keys without an effect: a wrong one, one that is too early, one that nobody waits for."""
    timeline = place("w0.5,!9,1", 'STREAM FILE b "12"', 'STREAM FILE a ""')
    assert keys(timeline) == [(0.5, "9", ""), (1.0, "1", "STREAM FILE")]
    timeline = place("!12", 'STREAM FILE a ""', "WAIT FOR DIGIT 300")
    assert keys(timeline) == [(0.0, "1", ""), (0.25, "2", "")]
    timeline = place(Caller().press("7", after=2, anyway=True), "WAIT FOR DIGIT 5000")
    assert keys(timeline) == [(2.0, "7", "WAIT FOR DIGIT")]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_no_time(seconds: float) -> None:
    """Nobody waits for less than nothing, or for ever."""
    with pytest.raises(ValueError, match="0 seconds or more"):
        Caller().wait(seconds)
    with pytest.raises(ValueError, match="0 seconds or more"):
        Caller().press("1", after=seconds)


@pytest.mark.parametrize(
    ("plan", "moment"),
    [
        ("@a,h", 1.0),
        ("@b,h", 3.0),
        ("@a,@b,h", 3.0),
        ("w0.5,@a,h", 1.0),  # it was being heard already
        ("w1.5,@b,h", 3.0),
        ("w0.5,w0.7,h", 1.2),
    ],
)
def test_heard(plan: str, moment: float) -> None:
    """To the end of a sound that has not ended yet."""
    timeline = place(plan, 'STREAM FILE a ""', 'STREAM FILE b ""', "WAIT FOR DIGIT 9000")
    assert [e.start for e in timeline if isinstance(e, HungUp)] == [pytest.approx(moment)]


def test_heard_once() -> None:
    """A sound that was heard is not heard again by waiting for it twice."""
    timeline = place("@a,@a,h", 'STREAM FILE a ""', 'STREAM FILE b ""', 'STREAM FILE a ""')
    assert [entry.start for entry in timeline if isinstance(entry, HungUp)] == [pytest.approx(4.0)]


def test_cut_short_is_heard() -> None:
    """A sound that ends early has been heard, too."""
    caller = Caller().press("1").heard("b").hang_up()
    timeline = place(caller, 'STREAM FILE a "1"', 'STREAM FILE b ""', "WAIT FOR DIGIT 9000")
    assert [(e.what, e.whole) for e in timeline if isinstance(e, Heard)] == [
        ("a", False),
        ("b", True),
    ]
    assert [e.start for e in timeline if isinstance(e, HungUp)] == [pytest.approx(2.5)]


def test_hang_up_ends_the_plan() -> None:
    """Nothing is done after it."""
    timeline = place("w1,h,1", "WAIT FOR DIGIT 5000")
    assert not keys(timeline)


def test_text() -> None:
    """It is sent when it is waited for."""
    channel = Channel(Setup())
    plan = Plan(Caller().send_text("hi"), channel)
    assert plan.due() is None
    channel.receive_data(b"RECEIVE TEXT 1000\n")
    assert plan.due() == 0.0
    plan.act()
    assert channel.data_to_send() == b"200 result=1 (hi)\n"
    assert plan.due() is None


def test_what_is_left() -> None:
    """The next step, for the record of a call that came to nothing."""
    channel = Channel(Setup())
    plan = Plan(Caller("12,w1.5,@a"), channel)

    def left() -> list[str]:
        return list(plan.left)

    assert left() == ["press 12", "wait 1.5", "heard a"]
    channel.receive_data(b'GET DATA "" 9000\n')
    assert plan.due() == REACTION
    channel.advance(REACTION)
    plan.act()
    assert left() == ["press 2", "wait 1.5", "heard a"]
    assert plan.due() == REACTION + GAP
    channel.advance(REACTION + GAP)
    plan.act()
    assert left() == ["wait 1.5", "heard a"]
    channel.advance(9.0)
    plan.act()
    assert left() == ["heard a"]
    assert plan.due() is None
    assert Plan(Caller(), channel).left == ()
