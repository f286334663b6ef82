"""Lists channels, asks the console, and follows calls: a program that was on panoramisk."""

import asyncio
import logging
import os

from pystrix.ami import ManagerActionError, actions, events
from pystrix.ami.aio import Manager

log = logging.getLogger(__name__)


async def hung_up(event, manager):
    """Say why a channel is gone."""
    log.info("%s hung up, cause %d", event.channel, event.cause)


async def ask(manager):
    """Give how long Asterisk has been up, and the channels there are."""
    try:
        uptime = (await manager.send(actions.Command("core show uptime"))).output
    except ManagerActionError as error:  # the user's classes in manager.conf do not allow it
        log.warning("%s", error)
        uptime = []
    return uptime, [channel.channel for channel in await manager.send(actions.CoreShowChannels())]


async def main():
    async with Manager("127.0.0.1", username="watcher", secret=os.environ["AMI_SECRET"]) as manager:
        manager.register_callback(events.Hangup, hung_up)
        log.info("up for %s, with the channels %s", *await ask(manager))
        await manager.wait_closed()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
