"""An Asterisk for tests of calls: with SIP on loopback, transfers and conferences."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.asterisk.server import Asterisk

if TYPE_CHECKING:
    from tests.asterisk.provision import Installation

CONFIG: Final = Path(__file__).with_name("config_calls")
MORE: Final = "_more.conf"
"""The end of the names of what goes behind a file that every Asterisk of the tests has."""


class TelephonyAsterisk(Asterisk):
    """A running Asterisk that has telephones; a context manager.

    Args:
        installation: Which Asterisk.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self.sip_port = free_udp_port()
        """Its port for SIP."""
        self.telephone_port = free_udp_port()
        """Where it looks for the telephone, ``PJSIP/telephone``."""

    def _configure(self) -> None:
        super()._configure()
        folder = self.folder / "etc"
        ports = {"%SIP_PORT%": self.sip_port, "%TELEPHONE_PORT%": self.telephone_port}
        for template in CONFIG.iterdir():
            text = template.read_text(encoding="utf-8")
            for name, port in ports.items():
                text = text.replace(name, str(port))
            target = folder / template.name
            if template.name.endswith(MORE):
                target = folder / template.name.replace(MORE, ".conf")
                text = target.read_text(encoding="utf-8") + text
            target.write_text(text, encoding="utf-8")


def free_udp_port() -> int:
    """Find a UDP port of loopback that nobody uses."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
