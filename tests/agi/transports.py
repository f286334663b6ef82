"""Every transport on which a call can be served, started in the same way."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol

import uvloop

from pystrix.agi import FastAGIServer, aio
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi import Dialogue


class Running(Protocol):
    """A server that serves dialogues: generators of actions, which any transport can run."""

    address: tuple[Any, ...]
    server: Any

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Have scripts served by a dialogue, which gets the handler's five arguments."""
        ...

    def stop(self) -> None:
        """Shut the server down and close it; wait for the end."""
        ...


class Threads:
    """The threaded server."""

    def __init__(self, **options: Any) -> None:
        self.server = FastAGIServer(port=0, daemon_threads=False, **options)
        self.address = self.server.server_address
        self._serving = Background(self.server.serve_forever)

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        def handler(agi: Any, *arguments: Any) -> None:
            agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def stop(self) -> None:
        """End it."""
        self.server.shutdown()
        self._serving.result()
        self.server.server_close()


class Asyncio:
    """The asyncio server, on a loop in a thread of its own.

    Args:
        loop_factory: Makes the loop; None for the stock one.
        options: For the server.
    """

    def __init__(
        self,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        **options: Any,
    ) -> None:
        self.server = aio.FastAGIServer(port=0, **options)
        self.address = self.server.server_address
        self._ready = threading.Event()
        self._factory = loop_factory
        self._serving = Background(self._run)
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            self.loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        async with self.server:
            self._ready.set()
            await self.server.serve_forever()

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        async def handler(agi: Any, *arguments: Any) -> None:
            await agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT)

    def stop(self) -> None:
        """End it."""
        if not self.loop.is_closed():
            asyncio.run_coroutine_threadsafe(self.server.shutdown(), self.loop)
        self._serving.result()


def uv(**options: Any) -> Asyncio:
    """Start the asyncio server on uvloop."""
    return Asyncio(uvloop.new_event_loop, **options)


ALL: dict[str, Callable[..., Running]] = {"threads": Threads, "asyncio": Asyncio, "uvloop": uv}
