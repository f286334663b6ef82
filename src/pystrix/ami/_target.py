"""Where a manager connects to, who logs in, and how patient it is.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami._keepalive import Keepalive
from pystrix.ami.errors import ManagerHostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pystrix.ami._login import Credentials
    from pystrix.ami._message import Event

__all__ = ["Target", "check_name", "peer_of"]

LAST_PORT: Final = 65535


def peer_of(host: str, port: int) -> str:
    """Write a place for messages: ``192.0.2.1:5038``, ``[2001:db8::1]:5038``.

    Raises:
        TypeError: If the host is no text, or the port no number.
        ValueError: If there is no such port: the kernel would take another one for it.
    """
    _refuse_others(host, str, "the host is a name or an address, a str")
    _refuse_others(port, int, "the port is a number, an int")
    if not 1 <= port <= LAST_PORT:
        raise ValueError(f"there are the ports 1 to {LAST_PORT}, not {port}")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _refuse_others(value: object, kind: type, wanted: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{wanted}, not {value!r}")


def check_name(host: str, peer: object) -> None:
    """Refuse what can be nobody's name.

    The system's resolver ends a name at NUL, and would find another machine.

    Raises:
        ManagerHostError: If it is so.
    """
    why = "" if host else "it is empty"
    if "\0" in host:
        why = "it has a NUL"
    try:
        host.encode("idna")
    except UnicodeError as error:
        why = str(error)
    if why:
        raise ManagerHostError(f"cannot connect to {peer!r}: no host name: {why}")


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
