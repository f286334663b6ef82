"""The asyncio server: prints its port, and serves the standard call.

python benchmarks/servers/aio.py [uvloop]
"""

import asyncio
import sys

from pystrix.agi import aio, core


async def demo(agi, args, kwargs, match, path):
    await agi.execute(core.Answer())
    await agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    for number in range(4):
        await agi.execute(core.SetVariable(f"V{number}", "value"))
        await agi.execute(core.GetVariable(f"V{number}"))
    await agi.execute(core.Hangup())


async def main():
    server = aio.FastAGIServer(port=0)
    server.register_script_handler("demo", demo)
    print(server.server_address[1], flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
