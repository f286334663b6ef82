"""The pytest plugin, in a pytest of its own, as a user has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]

HANDLER = """
from pystrix.agi import core

def handler(agi):
    agi.execute(core.Answer())
    agi.execute(core.StreamFile("welcome", escape_digits="1"))
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Give a function that runs a test file; the plugin is found by its entry point."""

    def run_tests(text: str) -> pytest.RunResult:
        pytester.makepyfile(HANDLER + text)
        return pytester.runpytest_subprocess()

    return run_tests


def test_passes(run: Callable[[str], pytest.RunResult]) -> None:
    """The fixture is there, and gives the record."""
    result = run("""
def test_call(place_call):
    record = place_call(handler, "x", "1")
    assert record.keys == "1"
    assert place_call(handler).heard == ["welcome"]
""")
    result.assert_outcomes(passed=1)


def test_failure_shows_the_transcripts(run: Callable[[str], pytest.RunResult]) -> None:
    """Of all calls of the test, in order."""
    result = run("""
def test_call(place_call):
    place_call(handler)
    record = place_call(handler, "", "1")
    assert record.heard == ["goodbye"]
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*transcript of call 1*",
            "# caller hears welcome",
            "*transcript of call 2*",
            "*caller presses 1",
            "*AGISTATUS=SUCCESS",
        ]
    )


def test_exception_of_the_handler(run: Callable[[str], pytest.RunResult]) -> None:
    """It is raised, with the transcript up to there; with catch it is in the record."""
    result = run("""
def broken(agi):
    agi.execute(core.Answer())
    raise LookupError("no such account")

def test_raised(place_call):
    place_call(broken)

def test_caught(place_call):
    record = place_call(broken, catch=True)
    assert isinstance(record.error, LookupError)
    assert record.status == "FAILURE"
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*LookupError: no such account", "*transcript of call 1*"])


def test_failure_of_a_fixture(run: Callable[[str], pytest.RunResult]) -> None:
    """A call that a fixture places is shown as well; the middle of a long one is left out."""
    result = run("""
import pytest

@pytest.fixture
def greeted(place_call):
    def handler(agi):
        for _ in range(1000):
            agi.execute(core.Noop())
    assert place_call(handler).keys == "5"

def test_call(greeted):
    pass
""")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*transcript of call 1*", "# (1* lines left out)"])


def test_other_failures(run: Callable[[str], pytest.RunResult]) -> None:
    """A test that places no call fails as ever."""
    result = run("""
def test_nothing():
    assert False
""")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*transcript*")


def test_ami_server(run: Callable[[str], pytest.RunResult]) -> None:
    """The fixture listens; a test that fails shows what was exchanged."""
    result = run("""
import socket

def test_passes(ami_server):
    with socket.create_connection(ami_server.address) as stream:
        assert stream.recv(100) == b"Asterisk Call Manager/11.0.0\\r\\n"

def test_fails(ami_server):
    with socket.create_connection(ami_server.address) as stream:
        stream.sendall(b"Action: Ping\\r\\n\\r\\n")
        ami_server.wait_for_action("Login", timeout=0.1)
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*transcript of the AMI server*", "<< b'Action: Ping*"])
