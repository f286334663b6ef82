"""How events without an ActionID are known."""

from __future__ import annotations

from pystrix.ami import events
from pystrix.ami.core._matching import is_event

EVENT = events.QueueMemberAdded({"Queue": "Support", "Interface": "PJSIP/alice", "Penalty": 5})


def test_matches() -> None:
    """The name and all headers must be right; the case of none matters."""
    assert is_event(EVENT, "queuememberadded")
    assert is_event(EVENT, "QueueMemberAdded", ("queue", "SUPPORT"), ("Penalty", 5))


def test_differs() -> None:
    """One that is wrong, or missing, is enough."""
    assert not is_event(EVENT, "QueueMemberRemoved", ("Queue", "Support"))
    assert not is_event(EVENT, "QueueMemberAdded", ("Queue", "Support"), ("Penalty", 6))
    assert not is_event(EVENT, "QueueMemberAdded", ("Reason", "x"))
