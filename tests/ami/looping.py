"""Tests on an event loop: a manager that is connected, and Asterisk's end of the connection."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from pystrix.ami import AnyAction, aio
from tests.agi.peers import TIMEOUT
from tests.ami.managers import AT_ONCE, LOGIN, admit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from tests.ami.servers import Peer, ScriptedServer

T = TypeVar("T")
DEFAULTS: dict[str, Any] = {"reconnect": AT_ONCE, "connect_timeout": TIMEOUT}
PING = AnyAction("Ping")
PONG = "Response: Success", "Ping: Pong"


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test on a loop; it must end, and leave no task."""

    async def bounded() -> T:
        async with asyncio.timeout(TIMEOUT):
            result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    return asyncio.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so that nothing announces."""
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def made(server: ScriptedServer, **options: Any) -> aio.Manager:
    """Make a manager."""
    return aio.Manager("127.0.0.1", server.port, **{**DEFAULTS, **LOGIN, **options})


@contextlib.asynccontextmanager
async def online(server: ScriptedServer, **options: Any) -> AsyncIterator[tuple[aio.Manager, Peer]]:
    """Connect a manager; give it and Asterisk's end."""

    def welcome() -> Peer:
        peer = server.accept()
        admit(peer)
        return peer

    manager = made(server, **options)
    welcoming = asyncio.create_task(asyncio.to_thread(welcome))
    async with manager:
        yield manager, await welcoming


async def ping(manager: aio.Manager, peer: Peer) -> None:
    """Send a Ping, and answer it: all that was sent before has been read then."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(manager.send(PING))
        tasks.create_task(asyncio.to_thread(peer.expect, "Ping", *PONG))


def numbers(peer: Peer, name: str, count: int, start: int = 0) -> None:
    """Send events that are numbered."""
    text = "".join(f"Event: {name}\r\nN: {start + n}\r\n\r\n" for n in range(count))
    peer.send(text.encode())


def refuse(peer: Peer) -> None:
    """Refuse a login."""
    peer.expect("Challenge", "Response: Success", "Challenge: 1")
    peer.expect("Login", "Response: Error", "Message: Authentication failed")
