"""One connection after the other on asyncio: who waits for one, hooks, and the end."""

from __future__ import annotations

import asyncio
import gc
import math
from typing import Any, ClassVar

import pytest

from pystrix.ami import Gap, ManagerError, ManagerSocketError, aio
from tests.agi.peers import TIMEOUT, records
from tests.ami.looping import PING, PONG, made, online, ping, run, until
from tests.ami.managers import admit, boot, channels, return_to
from tests.ami.servers import BANNER, ScriptedServer


@pytest.mark.parametrize("closes", ["hook", "other"])
def test_closed_during_a_hook(server: ScriptedServer, closes: str) -> None:
    """A hook that waits is cancelled, also one that closes the manager itself."""

    async def main() -> None:
        begun = asyncio.Event()
        cancelled: list[bool] = []

        async def hook(manager: aio.Manager) -> None:
            begun.set()
            try:
                if closes == "hook":
                    await manager.close()
                await asyncio.sleep(TIMEOUT)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        async with online(server) as (manager, peer):
            manager.register_resync(hook)
            peer.close()
            await asyncio.to_thread(return_to, server)
            await begun.wait()
            if closes == "hook":
                await manager.wait_closed()
        assert cancelled == [True]

    run(main())


def test_a_hook_whose_connection_ends(server: ScriptedServer) -> None:
    """What it sends then fails, which is not its failure; what it gives is of no use."""

    async def main() -> None:
        calls: list[int] = []

        async def hook(manager: aio.Manager) -> int:
            calls.append(1)
            if len(calls) == 1:
                await manager.send(PING)
            if len(calls) == 2:
                connection = manager._link.connection
                assert connection is not None
                connection.close("the end", ManagerSocketError("the end"))
            return len(calls)

        async with online(server) as (manager, peer):
            manager.register_resync(hook)
            with manager.events(Gap) as gaps:
                peer.close()
                again = await asyncio.to_thread(return_to, server)
                await asyncio.to_thread(again.expect, "Ping")
                again.close()
                await asyncio.to_thread(return_to, server)
                await asyncio.to_thread(return_to, server)
                assert (await anext(gaps)).results == {hook: 3}

    run(main())


def test_a_hook_ends_with_the_connection(server: ScriptedServer) -> None:
    """One that waits for something else is cancelled when the connection is lost."""

    async def main() -> None:
        begun: list[int] = []

        async def hook(_: aio.Manager) -> int:
            begun.append(1)
            if len(begun) == 1:
                await asyncio.sleep(TIMEOUT)
            return len(begun)

        async with online(server) as (manager, peer):
            manager.register_resync(hook)
            with manager.events(Gap) as gaps:
                peer.close()
                again = await asyncio.to_thread(return_to, server)
                await until(lambda: begun)
                again.close()
                await asyncio.to_thread(return_to, server)
                assert (await anext(gaps)).results == {hook: 2}

    run(main())


def test_no_timeout(server: ScriptedServer) -> None:
    """Infinity is none, for the answer and for the connection."""

    async def main() -> None:
        async with online(server, offline_timeout=math.inf, boot_timeout=math.inf) as (
            manager,
            peer,
        ):
            asking = asyncio.create_task(manager.send(PING, timeout=math.inf))
            await asyncio.to_thread(peer.expect, "Ping", *PONG)
            await asking
            peer.close()
            await until(lambda: not manager.is_connected())
            asking = asyncio.create_task(manager.send(PING, timeout=math.inf))

            def come_back() -> None:
                peer = server.accept()
                admit(peer, booted=False)
                boot(peer)
                for _ in range(2):
                    peer.respond(peer.request(), "Response: Error", "Message: no")

            await asyncio.to_thread(come_back)
            with pytest.raises(ManagerError, match="no"):
                await asking

    run(main())


def test_cancelled_while_it_waits_for_the_connection(server: ScriptedServer) -> None:
    """Nothing is left of it."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            peer.close()
            again = await asyncio.to_thread(server.accept)
            asking = asyncio.create_task(manager.send(PING))
            await until(lambda: manager._link._waiting)
            asking.cancel()
            await asyncio.wait([asking])
            assert not manager._link._waiting
            await asyncio.to_thread(admit, again)
            await asyncio.to_thread(channels, again)
            await ping(manager, again)

    run(main())


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_ended_before_it_has_begun(server: ScriptedServer, how: str) -> None:
    """Whoever waits for it is told, though the task that connects has not run at all."""

    async def main() -> None:
        manager = made(server)
        connecting = asyncio.create_task(manager.connect())
        await asyncio.sleep(0)
        with manager.events() as stream:
            if how == "closed":
                await manager.close()
                with pytest.raises(ManagerError, match="the manager was closed"):
                    await connecting
            else:
                connecting.cancel()
                await asyncio.wait([connecting])
                assert connecting.cancelled()
            await manager.wait_closed()
            assert await anext(stream, None) is None

    run(main())


def test_lost_when_told_of_it(server: ScriptedServer) -> None:
    """Who waits for a connection goes on waiting when the new one is lost at once."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            peer.close()
            await until(lambda: not manager.is_connected())
            asking = asyncio.create_task(manager.send(PING))
            await until(lambda: manager._link._waiting)
            manager._link._tell()
            await asyncio.to_thread(return_to_ping, server)
            await asking

    def return_to_ping(server: ScriptedServer) -> None:
        peer = server.accept()
        admit(peer)
        for _ in range(2):  # the channels, and what is sent
            peer.respond(peer.request(), "Response: Success")

    run(main())


@pytest.mark.parametrize("greets", [True, False])
def test_connecting_is_cancelled(greets: bool) -> None:
    """Nothing is left of it."""

    async def main() -> None:
        with ScriptedServer(banner=BANNER if greets else b"") as server:
            manager = made(server)
            connecting = asyncio.create_task(manager.connect())
            peer = await asyncio.to_thread(server.accept)
            if greets:
                await asyncio.to_thread(peer.expect, "Challenge")
            connecting.cancel()
            await asyncio.wait([connecting])
            assert connecting.cancelled()
            assert not manager.is_connected()
            await asyncio.to_thread(peer.rest)

    run(main())


def test_a_bug_of_ours(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that nobody foresaw ends the manager, and is not lost."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            monkeypatch.setattr(manager._link._state, "lost", lambda *_: 1 // 0)
            peer.close()
            with pytest.raises(ZeroDivisionError):
                await manager.wait_closed()

    run(main())
    assert "ZeroDivisionError" in (records(caplog)[-1].exc_text or "")


def test_waits_for_the_start(server: ScriptedServer) -> None:
    """Whoever was told once that Asterisk has started waits to be told again."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with manager.events(Gap) as gaps:
                peer.close()
                again = await asyncio.to_thread(server.accept)
                await asyncio.to_thread(admit, again, booted=False)
                await until(lambda: manager._link._booted)
                boot(again)
                await asyncio.to_thread(channels, again)
                assert (await anext(gaps)).connection == 1

    run(main())


def test_a_cancelled_connect_is_not_logged(server: ScriptedServer) -> None:
    """Whoever gives up connecting hears nothing more of it, nor does the log."""

    async def main() -> None:
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        manager = made(server)
        connecting = asyncio.create_task(manager.connect())
        peer = await asyncio.to_thread(server.accept)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await asyncio.to_thread(peer.rest)
        del manager, connecting
        gc.collect()
        assert complaints == []

    run(main())


def test_a_hook_that_is_cancelled_by_itself(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What it waits for may be cancelled, which is its failure and not the manager's end."""

    async def hook(_: aio.Manager) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def main() -> None:
        async with online(server) as (manager, peer):
            manager.register_resync(hook)
            with manager.events(Gap) as gaps:
                peer.close()
                again = await asyncio.to_thread(return_to, server)
                gap = await anext(gaps)
            assert gap.results == {}
            await ping(manager, again)

    run(main())
    assert "the resync hook" in records(caplog)[-2].getMessage()


@pytest.mark.parametrize("when", ["at once", "a moment later"])
def test_taps_hear_of_every_loss(server: ScriptedServer, when: str) -> None:
    """Also if whoever closes the manager is impatient."""

    class Ear:
        told: ClassVar[list[str]] = []

        def heard(self, messages: object) -> None:
            pass

        def lost(self, why: str) -> None:
            self.told.append(why)

    async def main() -> None:
        ear = Ear()
        ear.told.clear()
        async with online(server) as (manager, _):
            manager.tap(ear)
            closing = asyncio.create_task(manager.close())
            for _ in range(2 if when == "a moment later" else 1):
                await asyncio.sleep(0)
            link: Any = manager._link
            link._task.cancel()  # as a loop does that ends
            await asyncio.gather(closing, manager.close(), manager.close())
        assert ear.told == ["the manager was closed"]

    run(main())
