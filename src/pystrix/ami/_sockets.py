"""What both managers tell the kernel about their sockets."""

from __future__ import annotations

import socket
from typing import Final

__all__ = ["keep_alive"]

PROBES: Final = 3
"""How often the kernel asks before it takes the peer's machine for gone."""

LONGEST: Final = 32767
"""Seconds; Linux takes no more."""


def keep_alive(connected: socket.socket, interval: float, timeout: float) -> None:
    """Have the kernel notice that the peer's machine is gone, where it can be told when.

    Args:
        connected: The socket.
        interval: After how many seconds of silence to ask.
        timeout: The seconds that the answer may take.
    """
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": interval, "TCP_KEEPINTVL": timeout / PROBES, "TCP_KEEPCNT": PROBES}
    for name, value in options.items():
        if hasattr(socket, name):
            whole = max(round(min(value, LONGEST)), 1)
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), whole)
