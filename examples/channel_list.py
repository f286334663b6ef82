"""Knows which channels there are, whatever becomes of the connection: asyncio."""

import asyncio
import logging
import os

from pystrix.ami import Gap, actions, aio, events

log = logging.getLogger(__name__)


async def follow(manager, channels):
    """Keep a dict of the channels, by unique id, as they come and go."""
    with manager.events(events.Newchannel, events.Hangup, Gap) as stream:
        for channel in await manager.send(actions.CoreShowChannels()):
            channels[channel.uniqueid] = channel.channel
        async for event in stream:
            if isinstance(event, events.Newchannel):
                channels[event.uniqueid] = event.channel
            elif isinstance(event, events.Hangup):
                channels.pop(event.uniqueid, None)
            else:  # a gap: what we knew may be wrong, but it says what there is
                log.warning("heard nothing for %.1f s: %s", event.seconds, event.reason)
                channels.clear()
                channels.update(
                    (channel.uniqueid, channel.channel) for channel in event.channels or ()
                )


async def main():
    channels = {}
    async with aio.Manager(
        "127.0.0.1", username="watcher", secret=os.environ["AMI_SECRET"], wait_for_asterisk=True
    ) as manager:
        await follow(manager, channels)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
