"""Serves calls over the connection of a manager, so that nothing has to connect to the program.

The dialplan, in extensions.conf:

    exten => 100,1,Set(TIMEOUT(absolute)=600)
     same => n,AGI(agi:async,survey/en?questions=2)

The user, in manager.conf:

    [surveys]
    secret = ...
    read = agi,call,dialplan
    write = agi,call,reporting
"""

import asyncio
import logging
import os

from pystrix.agi import aio, core
from pystrix.ami.aio import Manager

manager = Manager("127.0.0.1", username="surveys", secret=os.environ.get("AMI_SECRET", ""))
server = aio.AsyncAGIServer(manager)


@server.script(r"survey/(?P<language>\w+)")
async def survey(agi):
    await agi.execute(core.Answer())
    await agi.execute(core.SetVariable("CHANNEL(language)", agi.request.match["language"]))
    async with agi.until_hangup():
        for number in range(1, int(agi.request.kwargs["questions"][0]) + 1):
            answer, _ = await agi.execute(core.GetData(f"survey-{number}", max_digits=1))
            await agi.execute(core.SetVariable(f"ANSWER_{number}", answer))
        await agi.execute(core.StreamFile("vm-goodbye"))


async def main():
    async with manager, server:
        await server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
