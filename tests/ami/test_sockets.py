"""What the kernel is told about sockets."""

from __future__ import annotations

import math
import socket
from typing import TYPE_CHECKING

import pytest

from pystrix.ami._sockets import keep_alive

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    """Give a socket."""
    with socket.socket() as made:
        yield made


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the kernel cannot be told when")
@pytest.mark.parametrize(
    ("interval", "timeout", "idle", "between"),
    [(30, 9, 30, 3), (0.1, 0.1, 1, 1), (math.inf, math.inf, 32767, 32767)],
)
def test_when(tcp: socket.socket, interval: float, timeout: float, idle: int, between: int) -> None:
    """It asks after the interval, three times within the timeout; whole seconds, not too many."""
    keep_alive(tcp, interval, timeout)
    assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == idle
    assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == between
    assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3


def test_where_it_cannot_be_told(tcp: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it asks when it wants."""
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
        monkeypatch.delattr(socket, name, raising=False)
    keep_alive(tcp, 30, 10)
    assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
