"""What is remembered of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.ami._calling import plan_originate
from pystrix.ami._ledger import number_in, seconds_in
from pystrix.ami._tracked import Outcome
from pystrix.testing.ami import FarEnd, SimulatedAsterisk
from tests.ami.tracking import Following
from tests.testing.ami.driving import Peer

if TYPE_CHECKING:
    from pystrix.ami._tracked import TrackedCall


@pytest.mark.parametrize(
    ("text", "expected"), [("00:01:02", 62.0), ("100:00:00", 360000.0), ("", 0.0), ("a:b", 0.0)]
)
def test_seconds(text: str, expected: float) -> None:
    """Durations as Asterisk writes them."""
    assert seconds_in(text) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [("16", 16), ("007", 7), ("", None), ("-1", None), ("1.5", None), ("²", None), ("٣", None)],
)
def test_numbers(text: str, number: int | None) -> None:
    """Numbers as Asterisk writes them; anything else is none, however long."""
    assert number_in(text) == number
    assert number_in(text.ljust(5000, "1")) is None


def bytes_of(call: TrackedCall) -> bytes:
    """Give the Originate of a call."""
    plan = plan_originate(call.dialled, {"application": "Wait", "channel_id": call.id})
    return plan.action.build_request(call.action_id, str)[0].encode()


def test_memory() -> None:
    """After any number of calls nothing is remembered."""
    following, asterisk = Following(), SimulatedAsterisk()
    peer = Peer(asterisk)
    asterisk.far_ends |= {"a/busy": "busy", "a/no": "fails", "Local/x@y": FarEnd("fails")}
    for number in range(20):
        for name in ("a/busy", "a/no", "a/yes", "Local/x@y", "Local/z@y/n"):
            call = following.originate(name, f"{name}{number}", f"{name}{number}")
            peer.say(bytes_of(call))
            following.hear(*peer.hear())
        asterisk.hang_up_all()
        following.hear(*peer.hear())
        following.pass_time(100.0)
        assert following.is_empty
    assert {call.outcome for call in following.calls.values()} == {
        Outcome.BUSY,
        Outcome.FAILED,
        Outcome.ANSWERED,
    }
