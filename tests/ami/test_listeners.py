"""What both managers offer to whoever wants to hear."""

from __future__ import annotations

import logging

import pytest

from pystrix.ami._listeners import Listeners


@pytest.fixture
def listeners() -> Listeners:
    """Give some."""
    return Listeners(logging.getLogger("pystrix.ami"))


def test_resync_hooks(listeners: Listeners) -> None:
    """They are kept in the order of registration; one registered again moves to the end."""

    def first(_: object) -> None:
        """Do nothing."""

    def second(_: object) -> None:
        """Do nothing."""

    assert listeners.register_resync(first) is first
    assert listeners.register_resync(second) is second
    assert list(listeners._hooks) == [first, second]
    listeners.register_resync(first)
    assert list(listeners._hooks) == [second, first]
    assert listeners.unregister_resync(second)
    assert not listeners.unregister_resync(second)
    assert list(listeners._hooks) == [first]
