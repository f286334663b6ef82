"""``python -m tools.cost [--write | --count]``: README of the benchmarks says more."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.cost.baseline import compare, measure, read_baseline, version, write_baseline
from tools.cost.counting import Cost

ROOT: Final = Path(__file__).parents[2]
PYTHONS: Final = ("3.11", "3.12", "3.13")
"""The versions that the baseline is kept for."""


def find_python(wanted: str) -> str | None:
    """Find a Python by its version, here, on the path or among pyenv's; None if there is none."""
    if wanted == version():
        return sys.executable
    folder = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = [str(path) for path in sorted(folder.glob(f"{wanted}.*/bin/python"))]
    on_path = shutil.which(f"python{wanted}")
    for python in [*found, *([on_path] if on_path else [])]:
        if subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0:  # noqa: S603
            return python
    return None


def measure_with(python: str) -> dict[str, Cost]:
    """Count with another Python; the library needs nothing but the sources."""
    output = subprocess.run(  # noqa: S603
        [python, "-m", "tools.cost", "--count"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        capture_output=True,
    ).stdout
    return {name: Cost(**cost) for name, cost in json.loads(output).items()}


def renew() -> None:
    """Write the counts of every Python that is at hand."""
    costs: dict[str, dict[str, Cost]] = {}
    for wanted in PYTHONS:
        python = find_python(wanted)
        if python is None:
            sys.stderr.write(f"Python {wanted} is not at hand: its counts stay as they are\n")
        else:
            costs[wanted] = measure_with(python)
    write_baseline(costs)


def main() -> int:
    """Count, and compare or write; tell whether all is as it was."""
    parser = argparse.ArgumentParser(prog="python -m tools.cost", description=__doc__)
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--write", action="store_true", help="renew the baseline, of each Python")
    asked.add_argument("--count", action="store_true", help="print the counts, as JSON")
    options = parser.parse_args()
    if options.write:
        renew()
        return 0
    now = measure()
    if options.count:
        sys.stdout.write(json.dumps({name: cost._asdict() for name, cost in now.items()}))
        return 0
    before = read_baseline().get(version())
    sys.stdout.write(f"{'Python ' + version():26} opcodes  C calls\n")
    for name, cost in now.items():
        sys.stdout.write(f"{name:26} {cost.opcodes:7g} {cost.c_calls:8g}\n")
    if before is None:
        sys.stdout.write("measured, not compared: the baseline has no counts of this Python\n")
        return 0
    differences = compare(now, before)
    sys.stdout.writelines(f"{difference}\n" for difference in differences)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
