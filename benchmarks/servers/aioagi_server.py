"""aioagi-ik: prints its port, and serves the standard call.

The backlog is ours, as for the others.

python aioagi_server.py [uvloop]
"""

import asyncio
import socket
import sys

from aioagi.app import AGIApplication
from aioagi.runner import AGISite
from aiohttp.web_runner import AppRunner


async def demo(request):
    caller = request.headers["agi_callerid"]
    await request.agi.answer()
    await request.agi.stream_file("demo-thanks", escape_digits=("1", "2"))
    for number in range(4):
        await request.agi.set_variable(f"V{number}", caller)
        await request.agi.get_variable(f"V{number}")
    await request.agi.hangup()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


async def main():
    application = AGIApplication()
    application.router.add_route("*", "/demo", demo)
    runner = AppRunner(application)
    await runner.setup()
    port = free_port()  # it does not tell the one that it gets
    await AGISite(runner, "127.0.0.1", port, backlog=4096).start()
    print(port, flush=True)
    await asyncio.Event().wait()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
