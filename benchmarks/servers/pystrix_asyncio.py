"""Our server on asyncio: prints its port, and serves the standard call.

python pystrix_asyncio.py [stock|uvloop] [processes]
"""

import asyncio
import os
import sys

from pystrix.agi import aio, core


async def demo(agi, args, kwargs, match, path):
    caller = agi.environment["agi_callerid"]
    await agi.execute(core.Answer())
    await agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    for number in range(4):
        await agi.execute(core.SetVariable(f"V{number}", caller))
        await agi.execute(core.GetVariable(f"V{number}"))
    await agi.execute(core.Hangup())


async def serve(server):
    server.register_script_handler("demo", demo)
    await server.serve_forever()


def listen(processes):
    """Listen once for each process, before anybody hears of the port."""
    first = aio.FastAGIServer(port=0, reuse_port=processes > 1)
    port = first.server_address[1]
    others = [aio.FastAGIServer(port=port, reuse_port=True) for _ in range(processes - 1)]
    return [first, *others]


def keep_one(servers):
    """Fork a process for each server but the first; give the one that is this process's."""
    own = servers[0]
    for server in servers[1:]:
        if os.fork() == 0:
            own = server
            break
    for server in servers:
        if server is not own:
            server.socket.close()
    return own


if __name__ == "__main__":
    loop = sys.argv[1] if len(sys.argv) > 1 else "stock"
    servers = listen(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    server = keep_one(servers)
    if server is servers[0]:
        print(server.server_address[1], flush=True)
    if loop == "uvloop":
        import uvloop

        uvloop.run(serve(server))
    else:
        asyncio.run(serve(server))
