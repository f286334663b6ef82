"""The counts that were, and how far those of now are from them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.cost.counting import Cost, count
from tools.cost.loops import LOOPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BASELINE", "RENEW", "TOLERANCE", "compare", "measure", "read_baseline", "version"]

BASELINE: Final = Path(__file__).with_name("baseline.json")
TOLERANCE: Final = 0.03
"""By how much of itself a count may grow or shrink."""
RENEW: Final = "python -m tools.cost --write"

Costs = dict[str, Cost]


def version() -> str:
    """Give the version of Python whose counts can be compared: ``"3.11"``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def measure(loops: Mapping[str, tuple[Callable[[], None], int, int]] = LOOPS) -> Costs:
    """Count what one unit of each loop takes now."""
    return {name: count(turn, turns, units) for name, (turn, turns, units) in loops.items()}


def read_baseline(path: Path = BASELINE) -> dict[str, Costs]:
    """Read the counts that were, by version of Python."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        python: {name: Cost(**cost) for name, cost in costs.items()}
        for python, costs in found.items()
    }


def write_baseline(costs: Mapping[str, Costs], path: Path = BASELINE) -> None:
    """Put counts into the file; those of other versions stay."""
    known = read_baseline(path) if path.exists() else {}
    known.update(costs)
    found = {
        python: {name: cost._asdict() for name, cost in known[python].items()}
        for python in sorted(known)
    }
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def compare(now: Costs, before: Costs, tolerance: float = TOLERANCE) -> list[str]:
    """Tell what differs by more than it may, a sentence for each.

    A loop that has become cheaper is told as well: what was won is to be kept.
    """
    if now.keys() != before.keys():
        return [f"the loops are not those of the baseline; renew it: {RENEW}"]
    found: list[str] = []
    for name, costs in now.items():
        for what, cost, old in zip(Cost._fields, costs, before[name], strict=True):
            change = cost / old - 1
            if abs(change) > tolerance:
                found.append(
                    f"{name}: {cost:g} {what.replace('_', ' ')}, {change:+.1%} from {old:g}; "
                    f"if that is meant, renew the baseline: {RENEW}"
                )
    return found
