"""Calls people until one answers, and plays a message: asyncio."""

import asyncio
import logging
import os

from pystrix.ami import CallFailedError
from pystrix.ami.aio import Manager

log = logging.getLogger(__name__)


async def reach(manager, channels, message):
    """Give who heard the message, None if nobody did."""
    for channel in channels:
        call = await manager.originate(
            channel, application="Playback", data=message, ring_timeout=20
        )
        try:
            await call.answered()
        except CallFailedError as error:
            log.info("%s: %s", channel, error.outcome.value)  # busy, no answer, ...
            continue
        end = await call.ended()
        log.info("%s listened for %.0f s, cause %s", channel, end.talked, end.cause)
        return channel
    return None


async def main():
    async with Manager("127.0.0.1", username="dialer", secret=os.environ["AMI_SECRET"]) as manager:
        await reach(manager, ["PJSIP/alice", "PJSIP/bob"], "demo-thanks")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
