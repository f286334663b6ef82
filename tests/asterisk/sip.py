"""As much of a SIP telephone as a test needs that replaces one call by another."""

from __future__ import annotations

import re
import socket
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SECONDS: Final = 15.0
LOOPBACK: Final = "127.0.0.1"


class Dialog(NamedTuple):
    """A call that was answered."""

    call_id: str
    ours: str
    """Our tag."""
    theirs: str
    """Asterisk's tag."""


class Telephone:
    """Calls an Asterisk on loopback; a context manager.

    Args:
        port: Where that listens for SIP.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(SECONDS)

    def call(self, user: str, replaced: Dialog | None = None) -> Dialog:
        """Call somebody and wait for the answer; perhaps in place of another call."""
        call_id, ours = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        _, port = self._socket.getsockname()
        body = (
            f"v=0\r\no=x 1 1 IN IP4 {LOOPBACK}\r\ns=x\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0\r\n"
        )
        more = [f"Contact: <sip:x@{LOOPBACK}:{port}>", "Content-Type: application/sdp"]
        if replaced is not None:
            tags = f"to-tag={replaced.theirs};from-tag={replaced.ours}"
            more += [f"Replaces: {replaced.call_id};{tags}", "Require: replaces"]
        common = [
            "Max-Forwards: 70",
            f"From: <sip:x@{LOOPBACK}>;tag={ours}",
            f"Call-ID: {call_id}",
        ]
        to = f"To: <sip:{user}@{LOOPBACK}>"
        self._send("INVITE", user, port, [*common, to, *more], body)
        while True:
            answer = self._socket.recv(65536).decode()
            status = re.match(r"SIP/2\.0 (\d+)", answer)
            if status is None or int(status[1]) < 200:
                continue
            tag = re.search(r"^To:.*;tag=(\S+)", answer, re.MULTILINE)
            assert tag, answer
            self._send("ACK", user, port, [*common, f"{to};tag={tag[1]}"], "")
            assert status[1] == "200", answer
            return Dialog(call_id, ours, tag[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def _send(self, method: str, user: str, port: int, headers: list[str], body: str) -> None:
        lines = [
            f"{method} sip:{user}@{LOOPBACK}:{self._port} SIP/2.0",
            f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{uuid.uuid4().hex}",
            f"CSeq: 1 {method}",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        text = "".join(f"{line}\r\n" for line in [*lines, ""]) + body
        self._socket.sendto(text.encode(), (LOOPBACK, self._port))
