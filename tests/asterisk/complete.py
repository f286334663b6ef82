"""An Asterisk with all its modules, and something of every kind in its configuration."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from tests.asterisk.server import Asterisk

CONFIG: Final = Path(__file__).with_name("config_complete")
MORE: Final = "extensions_more.conf"
"""What goes behind the dialplan that every Asterisk of the tests has."""


class CompleteAsterisk(Asterisk):
    """A running Asterisk with all its modules; a context manager.

    Args:
        installation: Which Asterisk.
    """

    def _configure(self) -> None:
        super()._configure()
        folder = self.folder / "etc"
        ports = {"%SIP_PORT%": _free_udp_port(), "%IAX_PORT%": _free_udp_port()}
        for template in CONFIG.iterdir():
            text = template.read_text(encoding="utf-8")
            for name, port in ports.items():
                text = text.replace(name, str(port))
            if template.name == MORE:
                dialplan = folder / "extensions.conf"
                dialplan.write_text(dialplan.read_text(encoding="utf-8") + text, encoding="utf-8")
            else:
                (folder / template.name).write_text(text, encoding="utf-8")
        manager = folder / "manager.conf"
        text = manager.read_text(encoding="utf-8")
        manager.write_text(text.replace("[general]", "[general]\nchannelvars = COLOUR"))


def _free_udp_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
