"""What every session knows of its call before the first command, on threads and on asyncio.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.agi.routing import Request

if TYPE_CHECKING:
    from pystrix.agi._protocol import AGIProtocol
    from pystrix.agi.environment import Environment


class CallFacts:
    """The base of the sessions: the conversation, and what it says of the call.

    Args:
        protocol: The conversation.
    """

    def __init__(self, protocol: AGIProtocol) -> None:
        self._protocol = protocol
        self._request: Request | None = None

    @property
    def environment(self) -> Environment:
        """What Asterisk said of the call: the ``agi_*`` variables, read-only, with types."""
        return self._protocol.environment

    def get_environment(self) -> dict[str, str]:
        """Give a copy of the ``agi_*`` variables as a plain dict."""
        return dict(self._protocol.environment)

    @property
    def request(self) -> Request:
        """What the call asks for: ``args``, ``kwargs``, ``match``, ``path``."""
        if self._request is None:
            self._request = Request.of(self.environment, None)
        return self._request
