"""What managers give has the types it is documented to have; mypy checks this file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

from pystrix.ami import Event, EventList, Gap, Manager, Response, actions, aio, events, responses
from pystrix.ami.aio import EventStream

Channels = EventList[events.CoreShowChannel, events.CoreShowChannelsComplete]


def check_threads(manager: Manager) -> None:
    """Check the results of actions, and of a decorator."""
    assert_type(manager.send(actions.Ping()), responses.PingResponse)
    assert_type(manager.send(actions.Hangup("x")), Response)
    assert_type(manager.send(actions.CoreShowChannels()), Channels)

    @manager.register_resync
    def hook(manager: Manager) -> int:
        return manager.send(actions.CoreStatus()).core_current_calls

    assert_type(hook(manager), int)


async def check_asyncio(manager: aio.Manager) -> None:
    """Check the results of actions, and the events of streams."""
    assert_type(await manager.send(actions.Ping()), responses.PingResponse)
    assert_type(await manager.send(actions.CoreShowChannels()), Channels)
    assert_type(manager.events(events.Hangup), EventStream[events.Hangup])
    two = manager.events(events.Hangup, Gap)
    assert_type(two, EventStream[events.Hangup | Gap])
    three = manager.events(events.Hangup, Gap, events.Newchannel)
    assert_type(three, EventStream[events.Hangup | Gap | events.Newchannel])
    assert_type(manager.events("Hangup", Gap), EventStream[Event])
    assert_type(manager.events(), EventStream[Event])
    async for event in manager.events(events.Hangup):
        assert_type(event.cause, int)
    with manager.events(Gap) as gaps:
        assert_type(gaps, EventStream[Gap])
        gap = await anext(gaps)
        assert_type(gap.channels, Sequence[events.CoreShowChannel] | None)
        assert_type(gap.seconds, float)

    @manager.register_resync
    async def hook(manager: aio.Manager) -> int:
        return (await manager.send(actions.CoreStatus())).core_current_calls

    assert_type(await hook(manager), int)
