"""A connection on threads without a manager, for the tests of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix.ami import AnyAction, Event, Response
from pystrix.ami._connection import Connection, connect
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from tests.ami.servers import ScriptedServer

PING = AnyAction("Ping")


class Heard:
    """What a connection handed out."""

    def __init__(self) -> None:
        self.messages: list[Event | Response] = []
        self.closed: list[Connection] = []

    def hear(self, connection: Connection, messages: list[Event | Response]) -> None:
        """Note messages."""
        assert isinstance(connection, Connection)
        self.messages += messages


class Link:
    """A connection and Asterisk's end of it."""

    def __init__(self, server: ScriptedServer, *, debug: bool = False, **options: Any) -> None:
        self.heard = Heard()
        stream, protocol = connect("localhost", server.port, TIMEOUT, **options)
        self.connection = Connection(
            stream, protocol, self.heard.hear, self.heard.closed.append, debug=debug
        )
        self.peer = server.accept()

    def request(self, action: AnyAction = PING, **options: Any) -> Background:
        """Send an action in a thread."""
        return Background(lambda: self.connection.request(action, timeout=TIMEOUT, **options))
