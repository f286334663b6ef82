"""What the protocols cost, held against what they cost before; and that more would be found out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.cost.__main__ import PYTHONS, find_python
from tools.cost.baseline import (
    BASELINE,
    RENEW,
    compare,
    measure,
    read_baseline,
    version,
    write_baseline,
)
from tools.cost.counting import Cost, count
from tools.cost.loops import LOOPS

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
Costs = dict[str, Cost]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the tool as a person does, where nothing else traces what is counted."""
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tools.cost", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_cost() -> None:
    """Nothing has become dearer, or cheaper without a word of it."""
    ran = run()
    assert not ran.returncode, ran.stdout + ran.stderr
    if version() not in read_baseline():
        pytest.skip(f"measured, not compared: the baseline has no Python {version()}")


def test_baseline() -> None:
    """It has every version that it is kept for, and every loop."""
    known = read_baseline()
    assert set(known) == set(PYTHONS)
    assert all(costs.keys() == LOOPS.keys() for costs in known.values())
    assert all(min(cost) > 0 for costs in known.values() for cost in costs.values())


def test_the_same_every_time() -> None:
    """Two runs count the same."""
    first, second = run("--count"), run("--count")
    assert not first.returncode, first.stderr
    assert first.stdout == second.stdout
    assert json.loads(first.stdout).keys() == LOOPS.keys()


def work(more: int) -> Callable[[], None]:
    """Make a loop that does something, and more of it."""

    def turn() -> None:
        for _ in range(100 + more):
            len("")

    return turn


def test_a_slower_loop_is_found_out() -> None:
    """Bytecode and calls that came in addition are told, with the loop and by how much."""
    before = measure({"this": (work(0), 4, 1), "other": (work(0), 4, 1)})
    now = measure({"this": (work(20), 4, 1), "other": (work(0), 4, 1)})
    assert not compare(before, before)
    found = compare(now, before)
    assert len(found) == 2
    assert all(each.startswith("this: ") and RENEW in each for each in found)
    assert " opcodes, +" in found[0]
    assert " c calls, +" in found[1]


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_slower_protocol_is_found_out(name: str) -> None:
    """A few steps more in any of the loops are too many: a call for each unit."""
    turn, turns, units = LOOPS[name]

    def slower() -> None:
        for _ in range(units):
            work(-90)()
        turn()

    before = {name: count(turn, turns, units)}
    now = {name: count(slower, turns, units)}
    assert compare(now, before)


def test_a_cheaper_loop_is_told() -> None:
    """What was won is to be kept."""
    assert "-50.0% from 100" in compare({"a": Cost(50, 10)}, {"a": Cost(100, 10)})[0]
    assert not compare({"a": Cost(98, 10)}, {"a": Cost(100, 10)})


def test_other_loops() -> None:
    """A baseline of other loops is to be renewed."""
    assert RENEW in compare({"a": Cost(1, 1)}, {"b": Cost(1, 1)})[0]


def test_write(tmp_path: Path) -> None:
    """What is written is read again; other versions stay as they are."""
    path = tmp_path / "baseline.json"
    write_baseline({"3.11": {"a": Cost(1.5, 2)}, "3.12": {"a": Cost(1, 1)}}, path)
    write_baseline({"3.12": {"a": Cost(3, 4)}}, path)
    assert read_baseline(path) == {"3.11": {"a": Cost(1.5, 2)}, "3.12": {"a": Cost(3, 4)}}


def test_pythons() -> None:
    """The running one is at hand, and one that nobody has is not."""
    assert find_python(version()) == sys.executable
    assert find_python("2.0") is None
    assert BASELINE.exists()
