"""The manager on asyncio: what it does that threads do not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from pystrix.ami import Event, Manager, ManagerAuthError, ManagerError, aio
from pystrix.ami._aggregate import Aggregate
from tests.agi.peers import TIMEOUT
from tests.ami.looping import PING, made, numbers, online, refuse, run, until

if TYPE_CHECKING:
    from tests.ami.servers import ScriptedServer


def test_connects_once(server: ScriptedServer) -> None:
    """And not before; nor again."""

    async def main() -> None:
        manager = made(server)
        with pytest.raises(ManagerError, match="has not been connected yet"):
            await manager.send(PING)
        await manager.close()
        with pytest.raises(ManagerError, match="once"):
            await manager.connect()
        async with online(server) as (manager, _):
            with pytest.raises(ManagerError, match="once"):
                await manager.connect()
            assert manager.is_connected()

    run(main())


def test_wait_closed(server: ScriptedServer) -> None:
    """It returns when the manager is closed, and raises what a login is refused with."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            waiting = asyncio.create_task(manager.wait_closed())
            await asyncio.sleep(0)
        await waiting
        async with online(server) as (manager, peer):
            peer.close()
            again = await asyncio.to_thread(server.accept)
            waiting = asyncio.create_task(manager.wait_closed())
            await asyncio.to_thread(refuse, again)
            with pytest.raises(ManagerAuthError):
                await waiting

    run(main())


def test_a_callback_is_cancelled(server: ScriptedServer) -> None:
    """The end of the manager ends a callback that waits; what is queued is dropped."""

    async def main() -> None:
        seen: list[str] = []
        begun = asyncio.Event()

        async def wait(event: Event, _: aio.Manager) -> None:
            begun.set()
            try:
                await asyncio.sleep(TIMEOUT)
            finally:
                seen.append(event["N"])

        async with online(server) as (manager, peer):
            manager.register_callback("X", wait)
            numbers(peer, "X", 3)
            await begun.wait()
        assert seen == ["0"]

    run(main())


@pytest.mark.parametrize("how", ["twice", "cancelled"])
def test_closing_lets_a_callback_clean_up(server: ScriptedServer, how: str) -> None:
    """It is cancelled, and once, also when closing is cancelled or done again."""

    async def main() -> None:
        done: list[str] = []
        begun, cleaning, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def wait(*_: object) -> None:
            begun.set()
            try:
                await asyncio.sleep(TIMEOUT)
            finally:
                cleaning.set()
                await go_on.wait()
                done.append("cleaned up")

        async with online(server) as (manager, peer):
            manager.register_callback("X", wait)
            numbers(peer, "X", 1)
            await begun.wait()
            closing = asyncio.create_task(manager.close())
            if how == "cancelled":
                await asyncio.sleep(0)
                closing.cancel()
            await cleaning.wait()
            again = asyncio.create_task(manager.close())
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.wait([closing, again])
            assert closing.cancelled() is (how == "cancelled")
            assert done == ["cleaned up"]

    run(main())


def test_a_callback_closes(server: ScriptedServer) -> None:
    """It does not wait for itself."""

    async def main() -> None:
        seen: list[bool] = []

        async def close(_: Event, manager: aio.Manager) -> None:
            await manager.close()
            seen.append(manager.is_connected())

        async with online(server) as (manager, peer):
            manager.register_callback("X", close)
            numbers(peer, "X", 2)
            await manager.wait_closed()
            await until(lambda: seen)
        assert seen == [False]

    run(main())


def test_aggregates_are_refused(server: ScriptedServer) -> None:
    """There are none here."""
    with pytest.raises(ValueError, match="no aggregates on asyncio"):
        made(server).register_callback(Aggregate, lambda *_: None)


def test_both_managers_have_the_same_methods() -> None:
    """What one has the other has, but for what only 1.x had, and what only asyncio needs."""

    def public(manager: type) -> set[str]:
        return {name for name in dir(manager) if not name.startswith("_")}

    only_threads = {"disconnect", "get_connection", "monitor_connection", "send_action"}
    assert public(Manager) - public(aio.Manager) == only_threads
    assert public(aio.Manager) - public(Manager) == {"events"}


def test_closed_behind_its_loop(server: ScriptedServer) -> None:
    """A manager whose loop has ended has ended with it, and can be closed on another one."""
    managers: list[aio.Manager] = []

    async def main() -> None:
        async with online(server) as (manager, peer):
            managers.append(manager)
            heard = asyncio.Event()
            manager.register_callback("Hangup", lambda *_: heard.set())
            peer.message("Event: Hangup")
            await heard.wait()

    run(main())
    run(managers[0].close())
