"""panoramisk: prints its port, and serves the standard call.

Its commands are texts, so the handler quotes. The backlog is ours: start_server's 100 would cost
it connections in a burst.

python panoramisk_server.py [uvloop]
"""

import asyncio
import sys

from panoramisk.fast_agi import Application


async def demo(request):
    caller = request.headers["agi_callerid"]
    await request.send_command("ANSWER")
    await request.send_command('STREAM FILE "demo-thanks" "12" "0"')
    for number in range(4):
        await request.send_command(f'SET VARIABLE "V{number}" "{caller}"')
        await request.send_command(f'GET VARIABLE "V{number}"')
    await request.send_command("HANGUP")


async def main():
    application = Application(loop=asyncio.get_running_loop())
    application.add_route("demo?x=1", demo)  # the whole script, query included, is its route
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
