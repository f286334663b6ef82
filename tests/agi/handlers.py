"""Handlers of calls on threads, and a call to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.agi import FastAGI, FastAGIServer, core
from tests.agi.peers import OK

if TYPE_CHECKING:
    from tests.agi.conftest import Call


def nothing(*_: object) -> None:
    """Do nothing, as a handler."""


def noop(agi: FastAGI, *_: object) -> None:
    """Execute one command, as a handler."""
    agi.execute(core.Noop())


def assert_serves(server: FastAGIServer, call: Call, script: str | None = "demo") -> None:
    """Check that a call to a handler that executes Noop is served."""
    peer = call(server, script)
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
