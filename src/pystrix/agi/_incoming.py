"""What comes from the peer of an AGI session: its lines, within limits, until it is closed.

Pure. What the lines mean, `AGIProtocol` knows.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from pystrix.agi._limits import LINE_OVERHEAD, STRAYS_LOGGED
from pystrix.agi.errors import AGIProtocolError, AGIReplyLimitError

if TYPE_CHECKING:
    from pystrix.agi.errors import AGIException

_LOGGER = logging.getLogger("pystrix.agi")


class State(enum.Enum):
    """Where a session stands."""

    ENVIRONMENT = enum.auto()
    """The environment block is not complete."""
    READY = enum.auto()
    """An action can be sent."""
    WAITING = enum.auto()
    """The reply of an action is not complete."""
    CLOSED = enum.auto()
    """Nothing more can be sent."""


# An attribute of an Enum takes ten times as long to find.
_ENVIRONMENT, _, _, _CLOSED = State


class Incoming:
    """What has come and is not understood yet. A limit that is broken ends the session.

    Args:
        peer: Who is at the other end, for the log.
        reply_limit: Bytes allowed for one reply.
    """

    __slots__ = (
        "_buffer",
        "_failure",
        "_held",
        "_held_size",
        "_peer",
        "_reply_limit",
        "_scanned",
        "_stray_bytes",
        "_strays",
        "hung_up",
        "state",
    )

    def __init__(self, peer: object, reply_limit: int) -> None:
        self.state: State = _ENVIRONMENT
        self.hung_up: bool = False
        """Whether Asterisk told that the channel hung up, or closed the connection."""
        self._peer = peer
        self._reply_limit = reply_limit
        self._failure: AGIException | None = None
        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer known to hold no line feed
        self._held_size = 0  # bytes of the lines in _held
        self._held: list[bytes] = []  # lines of a block or of a value that goes on
        self._strays = 0
        self._stray_bytes = 0

    def _close(self, failure: AGIException | None) -> None:
        """Take no more; the failure is for who asks for more."""
        self.state = _CLOSED
        self.hung_up = True
        self._failure = failure
        self._buffer.clear()
        self._take_held()

    def _take_line(self) -> bytes | None:
        """Take the next line off the buffer; no byte is scanned twice."""
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._buffer)
            if self._scanned > self._reply_limit:
                self._close(AGIReplyLimitError(self._reply_limit))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        return line

    def _stray(self, line: bytes) -> None:
        """Skip a line that nobody asked for."""
        self._strays += 1
        self._stray_bytes += len(line)
        if self._stray_bytes > self._reply_limit:
            self._close(AGIProtocolError("the peer sends on and on what nobody asked for"))
            return
        if self._strays <= STRAYS_LOGGED:
            _LOGGER.warning("%s sent a line that is no reply, skipped: %.200r", self._peer, line)
        if self._strays == STRAYS_LOGGED:
            _LOGGER.warning("%s: further such lines are not logged", self._peer)

    def _hold(self, line: bytes) -> bool:
        """Keep a line; tell whether there was room for it."""
        self._held.append(line)
        self._held_size += len(line) + LINE_OVERHEAD
        if self._held_size > self._reply_limit:
            self._close(AGIReplyLimitError(self._reply_limit))
            return False
        return True

    def _take_held(self) -> list[bytes]:
        """Take the lines that were kept."""
        held, self._held, self._held_size = self._held, [], 0
        return held
