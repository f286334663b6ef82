"""What the tests of managers talk to: a server that says what a test tells it to."""

from __future__ import annotations

import queue
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pystrix.ami import Message
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
CERTIFICATE: Final = Path(__file__).with_name("certificate.pem")


def trusting() -> ssl.SSLContext:
    """Give a client's context that trusts the certificate of the tests."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class Peer:
    """Asterisk's end of one connection.

    Args:
        connection: The connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""
        connection.settimeout(TIMEOUT)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def message(self, *lines: str) -> None:
        """Send a message."""
        self.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode())

    def request(self) -> Message:
        """Read the next request; its lines must be as Asterisk wants them."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.socket.recv(65536)
            assert data, f"the connection ended after {self._buffer!r}"
            self._buffer += data
        block, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return Message.from_wire(block)

    def respond(self, request: Message, *lines: str) -> None:
        """Send the answer to a request, or an event with its ActionID."""
        first, *rest = lines
        self.message(first, f"ActionID: {request['ActionID']}", *rest)

    def expect(self, name: str, *lines: str) -> Message:
        """Read a request, which must be this action, and answer it if there are lines."""
        request = self.request()
        assert request["Action"] == name
        if lines:
            self.respond(request, *lines)
        return request

    def respond_to_all(self, respond: Callable[[Peer, Message], None]) -> Background:
        """Answer every request in a thread, until the other side leaves."""

        def run() -> None:
            while True:
                try:
                    request = self.request()
                except (AssertionError, OSError):
                    return
                respond(self, request)

        return Background(run)

    def rest(self) -> bytes:
        """Read to the end of the connection; bytes of ours left unread reset it."""
        data, self._buffer = self._buffer, b""
        try:
            while more := self.socket.recv(65536):
                data += more
        except ConnectionResetError:
            pass
        return data

    def reset(self) -> None:
        """Break the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Leave."""
        self.socket.close()


class ScriptedServer:
    """A server that greets whoever connects; a test then speaks for it. A context manager.

    Args:
        host: Where to listen.
        banner: What to greet with.
        tls: Whether to speak TLS.
    """

    def __init__(
        self, host: str = "127.0.0.1", *, banner: bytes = BANNER, tls: bool = False
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._banner = banner
        self._context: ssl.SSLContext | None = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATE)
        self._peers: queue.Queue[Peer] = queue.Queue()
        self._accepted: list[Peer] = []
        self._thread = threading.Thread(target=self._accept, name="test-server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def accept(self) -> Peer:
        """Give the next connection, which has been greeted."""
        return self._peers.get(timeout=TIMEOUT)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(TIMEOUT)
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                connection.sendall(self._banner)
            except OSError:  # who connected has left
                connection.close()
                continue
            peer = Peer(connection)
            self._accepted.append(peer)
            self._peers.put(peer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(TIMEOUT)
        for peer in self._accepted:
            peer.close()
