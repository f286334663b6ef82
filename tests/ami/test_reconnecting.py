"""What a manager knows of its connections: what is held back, the gap, when to try again."""

from __future__ import annotations

import pytest

from pystrix.ami import (
    Backoff,
    Event,
    Gap,
    ManagerAuthError,
    ManagerOverflowError,
    ManagerSocketError,
    Response,
)
from pystrix.ami._reconnecting import Reconnecting
from pystrix.ami.events import FullyBooted, Shutdown

BROKEN = ManagerSocketError("the line broke")
BACKOFF = Backoff()
BOOTED = FullyBooted({"Status": "Fully Booted"})


def state(
    backoff: Backoff | None = BACKOFF, patience: Backoff | None = BACKOFF, capacity: int = 3
) -> Reconnecting:
    """Make one that draws the longest wait."""
    return Reconnecting("peer", backoff, patience, capacity, lambda: 1.0)


def event(number: int) -> Event:
    """Make an event."""
    return Event({"Event": "X", "N": number})


def online(connections: Reconnecting, now: float = 100.0) -> None:
    """Bring up a connection."""
    connections.begin()
    connections.logged_in(now)
    connections.established()
    connections.release()


def test_held_back_at_first() -> None:
    """What comes before the first connection is ready is handed on then, in order, with no gap."""
    connections = state()
    connections.begin()
    assert connections.hear([event(1)]) == []
    connections.logged_in(100.0)
    connections.established()
    assert connections.hear([event(2)]) == []
    assert connections.release() == [event(1), event(2)]
    assert connections.hear([event(3)]) == [event(3)]
    assert connections.number == 1


def test_a_gap() -> None:
    """From what was heard last to when the next login was accepted; then what was held back."""
    connections = state()
    online(connections)
    assert not connections.in_gap
    assert connections.lost(200.0, 190.0, BROKEN) == 0.5
    assert connections.in_gap
    connections.begin()
    connections.hear([BOOTED, event(1)])
    connections.logged_in(201.0)
    connections.established()
    hook = object()
    gap, *held = connections.release([], {hook: 1})
    assert held == [BOOTED, event(1)]
    assert isinstance(gap, Gap)
    assert (gap.from_.timestamp(), gap.until.timestamp()) == (190.0, 201.0)
    assert (gap.connection, gap.peer, gap.reason) == (1, "peer", "the line broke")
    assert (gap.failure, gap.channels, gap.results, gap.dropped) == (BROKEN, [], {hook: 1}, 0)
    assert not connections.in_gap
    assert connections.number == 2


def test_several_tries_are_one_gap() -> None:
    """Tries that fail, and a connection lost before it was told of, make the gap longer."""
    connections = state()
    online(connections)
    connections.lost(200.0, 190.0, BROKEN)
    connections.begin()
    connections.lost(201.0, 201.0, ManagerSocketError("refused"))
    connections.begin()
    connections.hear([event(1)])
    connections.logged_in(202.0)
    connections.established()
    connections.lost(203.0, 202.5, ManagerSocketError("again"))
    connections.begin()
    connections.logged_in(204.0)
    connections.established()
    (gap,) = connections.release()  # what only a lost connection held is lost with it
    assert isinstance(gap, Gap)
    assert (gap.from_.timestamp(), gap.until.timestamp()) == (190.0, 204.0)
    assert (gap.connection, gap.failure, gap.channels) == (1, BROKEN, None)


def test_no_gap_before_the_first() -> None:
    """Tries before there was a connection are none."""
    connections = state()
    connections.begin()
    assert connections.lost(1.0, 1.0, BROKEN) == 0.5
    assert not connections.in_gap
    connections.begin()
    connections.logged_in(2.0)
    connections.established()
    assert connections.release() == []


def test_bounded() -> None:
    """What is held back is bounded; the gap says how many are lost."""
    connections = state(capacity=3)
    online(connections)
    connections.lost(200.0, 190.0, BROKEN)
    connections.begin()
    connections.hear([event(1), event(2)])
    connections.hear([event(3), event(4)])
    connections.hear([event(5)])
    connections.logged_in(201.0)
    connections.established()
    gap, *held = connections.release()
    assert held == [event(1), event(2), event(3)]
    assert isinstance(gap, Gap)
    assert gap.dropped == 2


def test_waits_grow() -> None:
    """Each try that fails doubles the next wait; a connection that lasts ends that."""
    connections = state(Backoff(0.5, 2, 4), Backoff(0.5, 2, 4))
    waits = []
    for _ in range(5):
        connections.begin()
        waits.append(connections.lost(1.0, 1.0, BROKEN))
    assert waits == [0.5, 1.0, 2.0, 4.0, 4.0]
    online(connections, 100.0)
    assert connections.lost(103.0, 103.0, BROKEN) == 4.0, "it was lost again at once"
    online(connections, 200.0)
    assert connections.lost(204.1, 204.1, BROKEN) == 0.5, "it lasted longer than the last limit"


@pytest.mark.parametrize(
    ("failure", "wait"),
    [
        (ManagerAuthError("no", Response(["Response: Error", "Message: no"])), None),
        (
            ManagerAuthError(
                "no", Response(["Response: Error", "Message: Asterisk is shutting down"])
            ),
            0.5,
        ),
        (ManagerOverflowError(3), 0.5),
    ],
)
def test_no_use(failure: ManagerAuthError, wait: float | None) -> None:
    """A refused login is final, unless Asterisk ends."""
    connections = state()
    online(connections)
    assert connections.lost(200.0, 200.0, failure) == wait


def test_not_asked_to() -> None:
    """Without a backoff there is one connection and no other, however patient it is before."""
    connections = state(None)
    connections.begin()
    assert connections.lost(1.0, 1.0, BROKEN) == 0.5
    online(connections)
    assert connections.lost(200.0, 200.0, BROKEN) is None


def test_not_patient() -> None:
    """Without patience the first connection is tried once."""
    connections = state(BACKOFF, None)
    connections.begin()
    assert connections.lost(1.0, 1.0, BROKEN) is None


def test_start() -> None:
    """It is known for each connection whether Asterisk has started, and whether it says so."""
    connections = state()
    connections.begin()
    assert (connections.booted, connections.tells_boot) == (False, False)
    connections.hear([BOOTED])
    assert (connections.booted, connections.tells_boot) == (True, True)
    connections.begin()
    assert (connections.booted, connections.tells_boot) == (False, True)
    connections.logged_in(1)
    connections.established()
    connections.release()
    connections.hear([Event({"Event": "FullyBooted"})])
    assert connections.booted, "also without a class for it, and when events flow"


@pytest.mark.parametrize(("restart", "said"), [("True", "restarts"), ("False", "has ended")])
def test_end(restart: str, said: str) -> None:
    """What Asterisk says of its end is in the reason."""
    connections = state()
    online(connections)
    shutdown = Shutdown({"Shutdown": "Cleanly", "Restart": restart})
    assert connections.hear([event(1), shutdown]) == [event(1), shutdown]
    connections.lost(200.0, 200.0, BROKEN)
    connections.begin()
    connections.logged_in(202.0)
    connections.established()
    (gap,) = connections.release()
    assert isinstance(gap, Gap)
    assert gap.reason == f"Asterisk {said}: the line broke"
    assert gap.failure is not None
    assert gap.failure.__cause__ is BROKEN


def test_an_end_is_forgotten() -> None:
    """It was said of one connection, not of the next."""
    connections = state()
    online(connections)
    connections.hear([Shutdown({"Restart": "True"})])
    connections.lost(200.0, 200.0, BROKEN)
    online(connections)
    connections.lost(201.0, 201.0, BROKEN)
    connections.begin()
    connections.logged_in(202.0)
    connections.established()
    (gap,) = connections.release()
    assert isinstance(gap, Gap)
    assert gap.reason == "the line broke"
