"""A session on threads with its peer, and what it is told."""

from __future__ import annotations

import socket
import threading
from typing import Any

from pystrix.agi import core
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._session import Session
from pystrix.agi._streams import SocketStream
from tests.agi.peers import Background, Peer, environment


class Rig:
    """A session with its peer.

    Args:
        options: For the session.
        limits: For its protocol.
    """

    def __init__(self, options: dict[str, Any], limits: dict[str, int]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.peer = Peer.connect(listener.getsockname())
            connection, _ = listener.accept()
        protocol = AGIProtocol("the peer", **limits)
        protocol.receive_data(environment("demo?a=b", ["one"]))
        self.session = Session(SocketStream(connection, "the peer"), protocol, **options)

    def dead(self) -> None:
        """Check that a living channel is needed no more, and the others still work."""
        reading = Background(self.session.execute, core.GetVariable("X"))
        self.peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        assert reading.result() == "x"

    def close(self) -> None:
        """End it."""
        self.session.close()
        self.peer.close()


def execute(rig: Rig, action: Any, line: bytes, *replies: bytes) -> Any:
    """Execute an action, to which the peer replies."""
    running = Background(rig.session.execute, action)
    rig.peer.expect(line, *replies)
    return running.result()


class Hangups:
    """A callback that notes the threads it is called in."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.called = threading.Event()

    def __call__(self) -> None:
        """Note the thread."""
        self.threads.append(threading.current_thread())
        self.called.set()
