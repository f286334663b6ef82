"""Calls on asyncio: what happens in one moment, and what is left of those that wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import CallTimeoutError, aio
from tests.ami.looping import online, ping, run
from tests.ami.managers import channels

if TYPE_CHECKING:
    from tests.ami.servers import Peer, ScriptedServer

NEW = "Event: Newchannel", "Uniqueid: 1", "Linkedid: 1", "Channel: SIP/a", "ChannelState: 5"


async def originate(manager: aio.Manager, peer: Peer) -> aio.Call:
    """Make a call, of which nothing is heard yet."""
    asking = asyncio.create_task(manager.originate("SIP/a", application="Wait"))
    await asyncio.to_thread(peer.expect, "Originate", "Response: Success")
    return await asking


def test_who_gave_up_is_forgotten(server: ScriptedServer) -> None:
    """Whoever waits in vain again and again leaves nothing."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            call = await originate(manager, peer)
            for _ in range(3):
                with pytest.raises(CallTimeoutError):
                    await call.ended(0.0)
            waiting = asyncio.create_task(call.ended())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert call._waiters == []

    run(main())


def test_woken_when_cancelled(server: ScriptedServer) -> None:
    """News in the moment in which one is cancelled are for the others."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            call = await originate(manager, peer)
            asked: list[bool] = []
            waiting = [asyncio.create_task(call.wait_until(lambda _: asked)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            asked.append(True)
            call.wake()
            await waiting[1]
            assert waiting[0].cancelled()

    run(main())


def test_it_holds_in_the_last_moment(server: ScriptedServer) -> None:
    """What is so when the time is over is no failure."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            call = await originate(manager, peer)
            holds: list[bool] = []
            waiting = asyncio.create_task(call.wait_until(lambda _: holds, 0.0))
            await asyncio.sleep(0)
            holds.append(True)
            await waiting

    run(main())


@pytest.mark.parametrize("who", ["manager", "calls"])
def test_over_while_it_asks_for_the_list(server: ScriptedServer, who: str) -> None:
    """Nobody waits for the end of calls that will not be heard of any more."""

    async def main() -> None:
        async with online(server, reconnect=False) as (manager, peer):
            calls = manager.calls
            changes: list[Any] = []
            calls.register_callback(lambda change: changes.append(change.kind.name))
            starting = asyncio.create_task(calls.start())
            request = await asyncio.to_thread(peer.expect, "CoreShowChannels")
            with manager.events("Newchannel") as stream:
                peer.message(*NEW)
                await anext(stream)
            if who == "manager":
                await manager.close()
            else:
                await calls.close()
                peer.respond(request, "Response: Success", "EventList: start")
                peer.respond(request, "Event: CoreShowChannel", "Uniqueid: 2", "Channel: SIP/b")
                peer.respond(request, "Event: CoreShowChannelsComplete", "EventList: Complete")
            await asyncio.wait([starting])
            assert (starting.exception() is None) is (who == "calls")
            assert len(calls) == 0
            await asyncio.sleep(0)
            assert changes[-1] == "LOST"

    run(main())


def test_cancelled_when_it_has_begun(server: ScriptedServer) -> None:
    """A call that was heard of is followed on, whoever gave up making it."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            asking = asyncio.create_task(
                manager.originate("SIP/a", channel_id="1", application="Wait")
            )
            await asyncio.to_thread(peer.expect, "Originate")
            with manager.events("Newchannel") as stream:
                peer.message(*NEW)
                await anext(stream)
            asking.cancel()
            await asyncio.wait([asking])
            (call,) = manager.calls
            peer.message("Event: Hangup", "Uniqueid: 1", "Cause: 16")
            assert (await call.ended()).cause == 16

    run(main())


def test_start_goes_on(server: ScriptedServer) -> None:
    """What comes while the list is on its way is known behind it."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            starting = asyncio.create_task(manager.calls.start())
            await asyncio.sleep(0)
            peer.message(*NEW)
            await asyncio.to_thread(channels, peer)
            await starting
            await ping(manager, peer)
            assert [call.id for call in manager.calls] == ["1"]

    run(main())
