#!/usr/bin/env python3
"""An AGI program on asyncio: plays music while it waits for an answer from elsewhere.

The dialplan, in extensions.conf:

    exten => 100,1,AGI(/opt/ivr/asyncio_program.py)
"""

import asyncio

from pystrix.agi import aio, core


async def look_up(number):
    """Stands for a database or another server, which may take its time."""
    await asyncio.sleep(0.5)
    return f"account of {number}"


async def main():
    async with aio.AGI() as agi:
        await agi.execute(core.Answer())
        await agi.execute(core.SetMusic(True))
        found = "nobody waits for it"
        async with agi.until_hangup():  # the look-up stops at once when the caller hangs up
            found = await look_up(agi.environment.caller_id)
            await agi.execute(core.SetMusic(False))
        await agi.execute(core.SetVariable("ACCOUNT", found))  # works after a hang-up, too


asyncio.run(main())
