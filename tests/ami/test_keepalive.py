"""When a silent server is pinged, and when it is taken for gone."""

from __future__ import annotations

import math

import pytest

from pystrix.ami._keepalive import Keepalive, Step


def test_nothing_while_something_comes() -> None:
    """Whoever talks is not asked."""
    keepalive = Keepalive(30, 10)
    assert keepalive.check(100, 100, 0) == Step("nothing", 30)
    assert keepalive.check(130, 125, 0) == Step("nothing", 25)


def test_answered() -> None:
    """After the interval of silence it is asked; whatever comes is a sign of life."""
    keepalive = Keepalive(30, 10)
    assert keepalive.check(130, 100, 0) == Step("ping", 10)
    assert keepalive.check(131, 100, 0) == Step("nothing", 9)
    assert keepalive.check(140, 130.5, 0) == Step("nothing", 20.5)
    assert keepalive.check(161, 130.5, 0) == Step("ping", 10)


def test_interval_below_the_timeout() -> None:
    """It begins with the answer, however long that might have taken."""
    keepalive = Keepalive(1, 10)
    assert keepalive.check(101, 100, 0) == Step("ping", 1)
    assert keepalive.check(102, 100, 0) == Step("nothing", 1)
    assert keepalive.check(103, 102.5, 0) == Step("nothing", 0.5)
    assert keepalive.check(103.5, 102.5, 0) == Step("ping", 1)
    assert keepalive.check(113, 102.5, 0) == Step("nothing", 0.5)
    assert keepalive.check(113.5, 102.5, 0) == Step("give up", 0)


def test_gone() -> None:
    """Nothing behind a Ping for the timeout: it is gone, whatever was sent meanwhile."""
    keepalive = Keepalive(30, 10)
    assert keepalive.check(130, 100, 0).do == "ping"
    assert keepalive.check(140, 100, 3) == Step("give up", 0)


def test_not_while_an_action_is_on_its_way() -> None:
    """Asterisk says nothing while it carries one out: the kernel watches then."""
    keepalive = Keepalive(30, 10)
    assert keepalive.check(130, 100, 1) == Step("nothing", 30)
    assert keepalive.check(160, 100, 1) == Step("nothing", 30)
    assert keepalive.check(190, 100, 0) == Step("ping", 10)


@pytest.mark.parametrize(("interval", "timeout"), [(0, 1), (1, 0), (-1, 1), (1, math.nan)])
def test_refused(interval: float, timeout: float) -> None:
    """Times that are none."""
    with pytest.raises(ValueError, match="positive"):
        Keepalive(interval, timeout)
