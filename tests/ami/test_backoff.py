"""The waits between tries."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.ami import Backoff

BACKOFF = Backoff(first=0.5, factor=2.0, maximum=30.0)


@pytest.mark.parametrize(
    ("tries", "limit"),
    [(0, 0.5), (1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (100, 30.0), (100_000, 30.0)],
)
def test_limits(tries: int, limit: float) -> None:
    """They double up to the maximum, however many there were."""
    assert BACKOFF.limit(tries) == limit


def test_full_jitter() -> None:
    """A wait is any part of its limit."""
    assert BACKOFF.delay(3, lambda: 0.0) == 0.0
    assert BACKOFF.delay(3, lambda: 0.25) == 1.0
    assert BACKOFF.delay(3, lambda: 1.0) == 4.0
    assert len({BACKOFF.delay(3) for _ in range(20)}) > 1


@given(
    tries=st.integers(0, 10**6),
    first=st.floats(0, 100),
    more=st.floats(0, 1e6),
    factor=st.floats(1, 1e9),
)
def test_every_wait_is_within_bounds(tries: int, first: float, more: float, factor: float) -> None:
    """No wait is negative, longer than the maximum, or no number."""
    backoff = Backoff(first, factor, first + more)
    assert 0 <= backoff.delay(tries) <= backoff.maximum
    assert backoff.limit(tries) <= backoff.limit(tries + 1)


@pytest.mark.parametrize(
    "options",
    [
        {"first": -1},
        {"first": 31},
        {"factor": 0.5},
        {"factor": math.inf},
        {"maximum": math.inf},
        {"first": math.nan},
        {"maximum": math.nan},
    ],
)
def test_refused(options: dict[str, Any]) -> None:
    """What could not be a wait is refused, and shown."""
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        Backoff(**options)


def test_a_value() -> None:
    """It can be shared: nothing of it changes."""
    assert Backoff() == Backoff(first=0.5, factor=2.0, maximum=30.0)
    with pytest.raises(AttributeError):
        Backoff().first = 1  # type: ignore[misc]
