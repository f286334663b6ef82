"""The examples of calls run, and their tests do, as a user runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.test_examples import EXAMPLES, load
from tests.testing.recordings import FOLDER

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(("name", "tests"), [("dialer", 2), ("switchboard", 2)])
def test_with_its_tests(pytester: pytest.Pytester, name: str, tests: int) -> None:
    """An example and its tests, in a folder of their own, with the plugin."""
    for file in (f"{name}.py", f"test_{name}.py"):
        shutil.copy(EXAMPLES / file, Path(pytester.path))
    pytester.runpytest_subprocess().assert_outcomes(passed=tests)


def test_recorded_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """What became of the calls of a recording."""
    load("recorded_calls").main(FOLDER / "ami-calls-sip-outcomes.txt")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("busy: busy, 0.0 s, CallEnd(cause=17")
    assert any(line.startswith("brief: answered, 0.7 s") for line in lines)
