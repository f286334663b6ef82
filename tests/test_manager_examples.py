"""The examples of managers and their tests run, as a user runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.test_examples import EXAMPLES

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("name", ["channel_list", "queue_members", "moved_from_panoramisk"])
def test_with_its_test(pytester: pytest.Pytester, name: str) -> None:
    """An example and its test, in a folder of their own, with the plugin."""
    for file in (f"{name}.py", f"test_{name}.py"):
        shutil.copy(EXAMPLES / file, Path(pytester.path))
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_program_of_pystrix_1(pytester: pytest.Pytester) -> None:
    """What was written for 1.x, and its tests."""
    for file in ("pystrix1_manager.py", "test_pystrix1_manager.py"):
        shutil.copy(EXAMPLES / file, Path(pytester.path))
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
