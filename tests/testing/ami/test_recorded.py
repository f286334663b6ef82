"""Recorded sessions of a live Asterisk, asked again of the simulated one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from pystrix.testing import Transcript
from pystrix.testing.ami import SimulatedAsterisk
from tests.testing.recordings import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN: Final = re.compile(
    rb"Action: (?:ListCommands|WaitEvent|Filter|LoggerRotate|GetConfig)\r"  # not simulated
    rb"|Variable: (?:CHANNEL\(state\)|EPOCH|MATH\(1\+2,i\))\r"  # no functions
)
"""Requests that the simulation answers otherwise."""
LOGGED_IN: Final = ("request-limits", "userevent")
"""Sessions that begin behind a login."""
SESSIONS: Final = ("permissions", "request-limits", "userevent", "values-and-injection")


def exchanges(name: str) -> Iterator[tuple[bytes, bytes]]:
    """Give each part that was sent, with what came then."""
    sent = came = b""
    for line in Transcript.load(FOLDER / f"ami-{name}.txt").lines:
        if line.kind == "<<" and came:
            yield sent, came
            sent = came = b""
        if line.kind == "<<":
            sent += line.data
        elif line.kind == ">>":
            came += line.data
    yield sent, came


def normalised(data: bytes) -> bytes:
    """Take out the time of day, and the security events that are not simulated."""
    data = re.sub(rb"(Timestamp|Uptime|LastReload): [\d.]+", rb"\1: 0", data)
    return re.sub(rb"Event: SuccessfulAuth\r\n.*?\r\n\r\n", b"", data, flags=re.DOTALL)


@pytest.mark.parametrize("name", SESSIONS)
def test_recorded(name: str) -> None:
    """The simulation answers what a live Asterisk answered."""
    asterisk = SimulatedAsterisk("admin", "s3cret")
    asterisk.add_user("ro", "ropass", read="system,call", write="")
    session = asterisk.open_session()
    if name in LOGGED_IN:
        session.user, session.mask = asterisk.users["admin"], frozenset({"user"})
        session.data_to_send()
    asked = 0
    for sent, came in exchanges(name):
        session.receive_data(sent)
        got = session.data_to_send()
        if not UNKNOWN.search(sent):
            asked += 1
            assert normalised(got) == normalised(came), sent
    assert asked > 0
