"""Where a manager connects to, who logs in, and how patient it is.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pystrix.ami._keepalive import Keepalive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pystrix.ami._login import Credentials
    from pystrix.ami._message import Event

__all__ = ["Target", "peer_of"]


def peer_of(host: str, port: int) -> str:
    """Write a place for messages: ``192.0.2.1:5038``, ``[2001:db8::1]:5038``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True)
class Target:
    """Where to connect to, and how. All times are seconds.

    Raises:
        ValueError: If the times of the keepalive are not positive.
    """

    host: str
    port: int
    context: Any
    """The SSLContext to speak TLS with; None for plain TCP."""
    server_hostname: str | None
    """The name that the certificate must have; None for `host`."""
    credentials: Credentials
    event_classes: Mapping[str, type[Event]]
    connect_timeout: float
    boot_timeout: float
    offline_timeout: float
    keepalive: float | None
    keepalive_timeout: float

    def __post_init__(self) -> None:
        self.new_keepalive()

    def new_keepalive(self) -> Keepalive | None:
        """Make what watches over a connection, if anything is to."""
        if self.keepalive is None:
            return None
        return Keepalive(self.keepalive, self.keepalive_timeout)
