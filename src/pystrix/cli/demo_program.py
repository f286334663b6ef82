"""The documented program: plays a prompt that the keys 1 and 2 can cut short."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from pystrix.agi import FastAGI, FastAGIServer, core

if TYPE_CHECKING:
    from collections.abc import Mapping


class DemoServer(threading.Thread):
    """Serves calls in a thread of its own, on a free port."""

    def __init__(self) -> None:
        super().__init__(name="demo", daemon=True)
        self._server = FastAGIServer(port=0)
        self._server.register_script_handler(re.compile("demo"), self._demo_handler)
        self._server.register_script_handler(None, self._noop_handler)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address
        return host, port

    def _demo_handler(
        self,
        agi: FastAGI,
        _args: tuple[str, ...],
        _kwargs: Mapping[str, list[str]],
        _match: re.Match[str] | None,
        _path: str,
    ) -> None:
        agi.execute(core.Answer())
        response = agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
        if response:  # a key cut the prompt short
            dtmf_character, offset = response
            agi.execute(core.Verbose(f"{dtmf_character} at sample {offset}"))
        agi.execute(core.Hangup())

    def _noop_handler(self, *_: object) -> None:
        """Do nothing: the call goes back to the dialplan."""

    def run(self) -> None:
        """Serve until `shutdown`."""
        self._server.serve_forever()

    def shutdown(self) -> None:
        """Stop, and close the port."""
        self._server.server_close()
