"""A session that was recorded, as a test: the application still says what it said then."""

from pathlib import Path

from choice import choose

from pystrix.testing import Transcript, replay

HERE = Path(__file__).parent


def test_the_call_that_failed():
    transcript = Transcript.load(HERE / "choice.txt")
    assert replay(transcript, choose) == []
