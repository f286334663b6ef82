"""Where a manager connects to."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami._login import Credentials
from pystrix.ami._target import Target, peer_of


def target(**options: Any) -> Target:
    """Make one."""
    values: dict[str, Any] = {
        "host": "::1",
        "port": 5038,
        "context": None,
        "server_hostname": None,
        "credentials": Credentials("u", "s", "plain"),
        "event_classes": {},
        "connect_timeout": 5,
        "boot_timeout": 60,
        "offline_timeout": 5,
        "keepalive": 30,
        "keepalive_timeout": 10,
    }
    return Target(**(values | options))


@pytest.mark.parametrize(
    ("host", "written"), [("192.0.2.1", "192.0.2.1:5038"), ("::1", "[::1]:5038")]
)
def test_peer(host: str, written: str) -> None:
    """It is written as in a URL."""
    assert peer_of(host, 5038) == written


def test_keepalive() -> None:
    """Each connection has its own; none if that is not wanted."""
    keepalive = target().new_keepalive()
    assert keepalive is not None
    assert (keepalive.interval, keepalive.timeout) == (30, 10)
    assert target(keepalive=None).new_keepalive() is None
    with pytest.raises(ValueError, match="positive"):
        target(keepalive=0)
