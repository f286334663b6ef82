"""Calls of a recording: what was heard once, followed again.

Pure: no connection, and no time passes but the recording's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from pystrix.ami._protocol import AMIProtocol
from pystrix.ami._tracked import Change, TrackedCall
from pystrix.ami._tracker import Tracker
from pystrix.ami.events import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pystrix.ami._message import Event, Response

__all__ = ["Recording", "replay"]

BEHIND: Final = 60.0
"""Seconds that pass behind the end, so that all is decided that can be."""

_GREETING: Final = b"Asterisk Call Manager/"


class _Line(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def time(self) -> float | None: ...


@runtime_checkable
class Recording(Protocol):
    """What a `pystrix.testing.Transcript` is."""

    @property
    def lines(self) -> Sequence[_Line]:
        """Its lines: ``>>`` from Asterisk, with bytes and a moment."""
        ...


def replay(
    recording: Recording | Iterable[Event | Response],
    on_change: Callable[[Change], object] = lambda _: None,
) -> list[TrackedCall]:
    """Follow the calls of a recording.

    Args:
        recording: A transcript, whose times count, or messages, which take no time.
        on_change: Called with everything that happens to calls, in order.

    Returns:
        Every call, in the order in which they began. Those that have not ended are as they were
        at the end.
    """
    now = 0.0
    tracker = Tracker(TrackedCall, lambda: now)
    calls: dict[TrackedCall, None] = {}

    def tell(changes: Iterable[Change]) -> None:
        for change in changes:
            calls.setdefault(change.call)
            on_change(change)

    for moment, message in _messages(recording):
        while (due := tracker.deadline) is not None and due <= moment:
            now = due
            tell(tracker.advance())
        now = moment
        tell(tracker.receive(message))
    now += BEHIND
    tell(tracker.advance())
    return list(calls)


def _messages(
    recording: Recording | Iterable[Event | Response],
) -> Iterable[tuple[float, Event | Response]]:
    if not isinstance(recording, Recording):
        for message in recording:
            yield 0.0, message
        return
    protocol = AMIProtocol(events=BY_NAME)
    protocol.receive_data(_GREETING + b"\n")
    moment = 0.0
    for line in recording.lines:
        moment = moment if line.time is None else line.time
        if line.kind == ">>" and not line.data.startswith(_GREETING):
            protocol.receive_data(line.data)
            for message in protocol.messages_received():
                yield moment, message
