"""The simulated Asterisk against a live one: the same sessions on both, reply by reply."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from pystrix.testing._running import COMMANDS
from tests.asterisk.calls import hang_up_leftovers
from tests.asterisk.scenarios import NAMES, SCENARIOS
from tests.asterisk.scripted import Line, Played, Stage, name_of, simulate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.asterisk.scenario import Scenario
    from tests.asterisk.server import Asterisk

AT_ONCE: Final = 16
"""How many calls are made at a time."""
SECONDS: Final = 0.35
"""How much later or earlier a line may come than on the live server."""


class Difference(NamedTuple):
    """A number or text in a reply that need not be the same."""

    command: str
    """Behind which lines of the application, a pattern."""
    part: str
    """What: a pattern with a group."""
    within: float | None
    """How much numbers may differ, None if they need not even be numbers."""
    why: str
    """Why."""
    odd: frozenset[str] = frozenset()
    """What the live server says instead, now and then."""


DIFFERENCES: Final = (
    Difference(
        "",
        r"520-Invalid command syntax.  Proper usage follows:\n((?s:.*))520 End of proper usage.\n",
        None,
        "the usage texts are Asterisk's",
    ),
    Difference(
        r"(STREAM FILE|GET OPTION|RECORD FILE)",
        r"endpos=(\d+)",
        0.15 * 8000,
        "samples, when a key or the hang-up comes at a time that nobody knows exactly",
    ),
    Difference(
        "STREAM FILE demo-congrats",
        r"result=-1 endpos=(\d+)",
        0.15 * 8000,
        "behind 1 of 100 hang-ups Asterisk 22 says the length of the file, wherever it was",
        frozenset({"242240"}),
    ),
    Difference(
        "CONTROL STREAM FILE",
        r"endpos=(\d+)",
        150,
        "the same in ms",
    ),
    Difference(
        "GET VARIABLE CPLAYBACKOFFSET",
        r"200 result=1 \((\d+)\)",
        150,
        "the same in ms",
    ),
    Difference(
        "RECORD FILE",
        r"200 result=(\d+) \(timeout\)",
        None,
        "what is left of the time, by an uninitialised clock",
    ),
)
"""All that may differ in a reply, but for the time."""

ENVIRONMENT: Final = {
    "version": "that of the Asterisk that the tests found",
    "callingpres": "the simulation knows no presentation but that of a number, or of none",
    "threadid": "a thread of Asterisk",
}
"""The lines of the environment that may differ in their values, and why."""


@pytest.fixture(scope="module")
def live(live_asterisk: Asterisk, request: pytest.FixtureRequest) -> Mapping[str, Played]:
    """Play all scenarios that are wanted on the live server, many at a time."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    wanted = {spec.params["scenario"].name for spec in specs if spec and "scenario" in spec.params}
    together = [each for each in SCENARIOS if each.name in wanted and not each.alone]
    # The longest first.
    with hang_up_leftovers(live_asterisk), ThreadPoolExecutor(AT_ONCE) as executor:
        played = list(executor.map(lambda each: _play(live_asterisk, each), together))
    alone = [each for each in SCENARIOS if each.name in wanted and each.alone]
    return {
        **{each.name: result for each, result in zip(together, played, strict=True)},
        **{each.name: _play(live_asterisk, each) for each in alone},
    }


def _play(asterisk: Asterisk, scenario: Scenario) -> Played:
    with Stage(asterisk) as stage:
        return stage.play(scenario)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
@pytest.mark.timeout(280)
def test_scenario(scenario: Scenario, live: Mapping[str, Played]) -> None:
    """The simulated Asterisk says what the live one says, when it says it."""
    if scenario.local_time and time.timezone:
        pytest.skip("the machine's time zone is not UTC")
    played = live[scenario.name]
    simulated = simulate(scenario, played.environment)
    found = differences(played, simulated)
    assert not found, f"{found}\nlive:\n{played}\nsimulated:\n{simulated}"


def test_all_commands(live_asterisk: Asterisk) -> None:
    """The simulation has the commands of the live server, and there are scenarios of each."""
    table = "\n".join(live_asterisk.command("agi show commands"))
    known = {
        " ".join(name.split()).upper() for name in re.findall(r"(?m)^ +(?:Yes|No) +(.+?)  ", table)
    }
    assert {" ".join(words) for words in COMMANDS} == known == set(NAMES)


def differences(live: Played, simulated: Played) -> list[str]:
    """Tell what differs."""
    found = [
        f"environment: live {ours!r}, simulated {theirs!r}"
        for ours, theirs in zip_longest(live.environment, simulated.environment, fillvalue=b"")
        if ours != theirs and not name_of(ours) == name_of(theirs) in ENVIRONMENT
    ]
    command = b""
    for ours, theirs in zip(live.lines, simulated.lines, strict=False):
        if ours.said == "<<":
            command = ours.text
        found += _compare(command, ours, theirs)
    if len(live.lines) != len(simulated.lines):
        found.append(f"{len(live.lines)} lines live, {len(simulated.lines)} simulated")
    return found


def _compare(command: bytes, live: Line, simulated: Line) -> list[str]:
    if live.said != simulated.said or not _same(command, live.text, simulated.text):
        return [f"live {live.text!r}, simulated {simulated.text!r}"]
    if abs(live.at - simulated.at) > SECONDS:
        return [f"{live.text!r} live after {live.at:.3f} s, simulated after {simulated.at:.3f}"]
    return []


def _same(command: bytes, live: bytes, simulated: bytes) -> bool:
    line = command.decode(errors="surrogateescape")
    one, other = (text.decode(errors="surrogateescape") for text in (live, simulated))
    for difference in DIFFERENCES:
        pattern = re.compile(difference.part)
        if re.match(difference.command, line):
            mine, theirs = pattern.search(one), pattern.search(other)
            if mine and theirs and _close(difference, mine[1], theirs[1]):
                one, other = pattern.sub("", one), pattern.sub("", other)
    return one == other


def _close(difference: Difference, live: str, simulated: str) -> bool:
    within = difference.within
    if within is None or live in difference.odd:
        return True
    return abs(int(live) - int(simulated)) <= within
