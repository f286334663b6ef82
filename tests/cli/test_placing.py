"""What a placed call says of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.cli._placing import rubbish
from pystrix.testing import Command, HungUp

if TYPE_CHECKING:
    from pystrix.testing.record import Entry

UNKNOWN = Command(0.0, b"GET / HTTP/1.1", ("GET",), b"510 Invalid or unknown command\n")
KNOWN = Command(0.0, b"NOOP", ("NOOP",), b"200 result=0\n")
GONE = HungUp(1.0, "caller")


@pytest.mark.parametrize(
    ("timeline", "found"),
    [
        ([], 0),
        ([GONE], 0),
        ([UNKNOWN], 1),
        ([GONE, UNKNOWN, GONE, UNKNOWN], 2),
        ([UNKNOWN, KNOWN], 0),
        ([KNOWN, UNKNOWN], 0),
    ],
)
def test_rubbish(timeline: list[Entry], found: int) -> None:
    """All commands, if none of them is one; what else happened says nothing."""
    assert len(rubbish(timeline)) == found
