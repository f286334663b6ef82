"""Calls of both kinds, used in the same way."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pystrix.ami.aio import Calls as AsyncCalls
from pystrix.ami.calls import Calls
from tests.ami.managers import Asyncio, Running

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT = {"application": "Wait", "data": "9"}


class Desk:
    """Calls of one kind, used from a test's thread as if they were on threads.

    Args:
        running: The manager.
    """

    def __init__(self, running: Running) -> None:
        self.running = running
        self.manager = running.manager
        self.is_async = isinstance(running, Asyncio)
        self.options: dict[str, Any] = {}
        """For calls that are made."""

    def make(self) -> Any:
        """Make calls that are followed apart from those of the manager."""
        return (AsyncCalls if self.is_async else Calls)(self.manager, **self.options)

    def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method, and wait for its result."""
        if not isinstance(self.running, Asyncio):
            return function(*args, **kwargs)

        async def run() -> Any:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return self.running.run(run())

    def originate(self, channel: str = "PJSIP/a", **options: Any) -> Any:
        """Make a call."""
        return self.do(self.manager.originate, channel, **{**WAIT, **options})
