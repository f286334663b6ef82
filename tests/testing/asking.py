"""One command on a simulated channel: what comes back, when, and what the caller hears."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pystrix.testing import Channel, Heard, Setup
from pystrix.testing._pilot import Pilot

if TYPE_CHECKING:
    from pystrix.testing import Caller

INVALID = b"510 Invalid or unknown command\n"
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"
HANGUP = b"HANGUP\n"
USAGE = b"520-Invalid command syntax.  Proper usage follows:\n"
USAGE_END = b"520 End of proper usage.\n"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of a command."""

    reply: bytes
    """All that Asterisk sent; of a usage only the first line."""
    seconds: float
    """How long it took."""
    channel: Channel

    @property
    def heard(self) -> list[tuple[str, float, bool]]:
        """What the caller heard, for how long, and whether that was all of it."""
        return [
            (entry.what, round((entry.end or 0.0) - entry.start, 3), entry.whole)
            for entry in self.channel.timeline
            if isinstance(entry, Heard)
        ]


def without_usage(data: bytes) -> bytes:
    """Leave out the text of a usage, which is our own."""
    head, mark, rest = data.partition(USAGE)
    return head + mark + rest.partition(USAGE_END)[2]


def ask(
    *lines: str | bytes, caller: Caller | str = "", limit: float = 600.0, **setup: Any
) -> Answer:
    """Send lines, each when the last is answered; give what came of the last one."""
    pilot = Pilot(Setup(**setup), caller, limit)
    return ask_pilot(pilot, *lines)


def ask_pilot(pilot: Pilot, *lines: str | bytes) -> Answer:
    """Send lines to a channel that has a caller."""
    channel = pilot.channel
    data, began = b"", channel.now
    for line in lines:
        channel.data_to_send()
        began = channel.now
        pilot.receive_data((line.encode() if isinstance(line, str) else line) + b"\n")
        pilot.run()
        while channel.running:
            pilot.advance(pilot.next_moment() or channel.now)
        data = channel.data_to_send()
    return Answer(without_usage(data), round(channel.now - began, 3), channel)


def dead(*lines: str | bytes, **setup: Any) -> Answer:
    """Send lines after the caller has hung up."""
    pilot = Pilot(Setup(**setup), "")
    pilot.channel.hang_up()
    return ask_pilot(pilot, *lines)


def ok(text: str) -> bytes:
    """Give a reply of 200."""
    return f"200 result={text}\n".encode()
