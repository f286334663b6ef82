"""Servers of AsyncAGI on a live Asterisk, on threads and on asyncio, and what scripts give."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import uvloop

from pystrix.agi import AsyncAGIServer, aio
from pystrix.ami import Manager
from pystrix.ami import aio as ami_aio
from pystrix.ami._backoff import Backoff
from tests.agi.peers import TIMEOUT, Background
from tests.agi.transports import _run_plain, _until
from tests.asterisk.calls import SECONDS, Call, dialplan_data, place_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agi.transports import LoopFactory, Script
    from tests.asterisk.server import Asterisk

USER = "tests"


class Threads:
    """The threaded server, and its manager."""

    def __init__(self, asterisk: Asterisk, **options: Any) -> None:
        self.manager: Any = Manager(reconnect=Backoff(first=0.05))
        self.manager.connect(
            "127.0.0.1", asterisk.ami_port, username=USER, secret=asterisk.ami_secret
        )
        self.server: Any = AsyncAGIServer(self.manager, daemon_threads=True, **options)
        self._serving = Background(self.server.serve_forever)

    def serve(self, path: str | None, script: Script) -> None:
        """Have calls of a path served by a script."""
        self.server.register_script_handler(path, lambda agi, *_: _run_plain(script, agi))

    def cut(self) -> None:
        """Break the connection of the manager."""
        self.manager.get_connection().close("the test wants it")

    def close(self) -> None:
        """Close the server."""
        self.server.server_close()

    def stop(self) -> None:
        """End it."""
        self.close()
        self._serving.result()
        self.manager.close()


class Asyncio:
    """The asyncio server, and its manager, on a loop in a thread of its own."""

    def __init__(
        self, asterisk: Asterisk, loop_factory: LoopFactory = None, **options: Any
    ) -> None:
        self._asterisk = asterisk
        self._options = options
        self._factory = loop_factory
        self._ready = threading.Event()
        self._serving = Background(self._run)
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            self._loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        self._over = asyncio.Event()
        self.manager = ami_aio.Manager(
            "127.0.0.1",
            self._asterisk.ami_port,
            username=USER,
            secret=self._asterisk.ami_secret,
            reconnect=Backoff(first=0.05),
        )
        async with self.manager:
            self.server = aio.AsyncAGIServer(self.manager, **self._options)
            async with self.server:
                self._ready.set()
                await self.server.serve_forever()
                await self._over.wait()

    def serve(self, path: str | None, script: Script) -> None:
        """Have calls of a path served by a script."""

        async def handler(agi: Any, *_: Any) -> None:
            await script(agi, _until)

        self.server.register_script_handler(path, handler)

    def cut(self) -> None:
        """Break the connection of the manager."""
        connection: Any = self.manager._link.connection
        self._loop.call_soon_threadsafe(connection._transport.abort)

    def close(self) -> None:
        """Close the server."""
        asyncio.run_coroutine_threadsafe(self.server.server_close(), self._loop).result(SECONDS)

    def stop(self) -> None:
        """End it."""
        self.close()
        self._loop.call_soon_threadsafe(self._over.set)
        self._serving.result()


def uv(asterisk: Asterisk, **options: Any) -> Asyncio:
    """Start the asyncio server on uvloop."""
    return Asyncio(asterisk, uvloop.new_event_loop, **options)


KINDS: dict[str, Callable[..., Any]] = {"threads": Threads, "asyncio": Asyncio, "uvloop": uv}


class Outcome:
    """What a script gives, asked for by the test."""

    def __init__(
        self,
        running: Any,
        asterisk: Asterisk,
        script: Script,
        *arguments: str,
        **options: Any,
    ) -> None:
        self._ended = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None

        async def run(agi: Any, until: Any) -> None:
            try:
                self._result = await script(agi, until)
            except BaseException as error:  # noqa: BLE001 - the test raises it again
                self._error = error
            finally:
                self._ended.set()

        running.serve(None, run)
        data = dialplan_data("agi:async", *arguments)
        self.call: Call = place_call(asterisk, data, **options)

    def result(self) -> Any:
        """Wait for the end, and give the result."""
        assert self._ended.wait(SECONDS)
        if self._error is not None:
            raise self._error
        return self._result
