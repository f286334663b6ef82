"""Our server on asyncio: prints its port, and serves the standard call.

python pystrix_asyncio.py [uvloop] [processes]
"""

import asyncio
import os
import sys

from pystrix.agi import aio, core

LOOP = sys.argv[1] if len(sys.argv) > 1 else "stock"
PROCESSES = int(sys.argv[2]) if len(sys.argv) > 2 else 1


async def demo(agi, args, kwargs, match, path):
    caller = agi.environment["agi_callerid"]
    await agi.execute(core.Answer())
    await agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    for number in range(4):
        await agi.execute(core.SetVariable(f"V{number}", caller))
        await agi.execute(core.GetVariable(f"V{number}"))
    await agi.execute(core.Hangup())


async def main(server):
    server.register_script_handler("demo", demo)
    await server.serve_forever()


def run(server):
    if LOOP == "uvloop":
        import uvloop

        uvloop.run(main(server))
    else:
        asyncio.run(main(server))


server = aio.FastAGIServer(port=0, reuse_port=PROCESSES > 1)
port = server.server_address[1]
for _ in range(PROCESSES - 1):
    if os.fork() == 0:
        server.socket.close()
        server = aio.FastAGIServer(port=port, reuse_port=True)
        break
else:
    print(port, flush=True)
run(server)
