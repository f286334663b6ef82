"""A FastAGI server for a live Asterisk: prints its port; for each line of stdin what it has done.

python benchmarks/live_server.py threads|asyncio|uvloop

``loop/10`` is a call of ten NOOP; ``loop/0`` goes on with them until stdin ends.
"""

import asyncio
import json
import sys
import threading
import time

from pystrix import agi
from pystrix.agi import aio, core

NOOP = core.Noop()


class Done:
    """What has been done."""

    def __init__(self):
        self.calls = self.commands = 0
        self.ending = False

    def tell(self):
        """Answer each line; then let endless calls end."""
        for _ in sys.stdin:
            now = time.process_time()
            print(json.dumps([self.calls, self.commands, now]), flush=True)
        self.ending = True


done = Done()


def loop(session):
    number = int(session.request.match[1])
    while not done.ending:
        for _ in range(number or 100):
            session.execute(NOOP)
        done.commands += number or 100
        if number:
            break
    done.calls += 1


async def loop_async(session):
    number = int(session.request.match[1])
    while not done.ending:
        for _ in range(number or 100):
            await session.execute(NOOP)
        done.commands += number or 100
        if number:
            break
    done.calls += 1


async def serve():
    server = aio.FastAGIServer(port=0)
    server.script(r"loop/(\d+)")(loop_async)
    print(server.server_address[1], flush=True)
    threading.Thread(target=done.tell, daemon=True).start()
    await server.serve_forever()


kind = sys.argv[1]
if kind == "threads":
    server = agi.FastAGIServer(port=0)
    server.script(r"loop/(\d+)")(loop)
    print(server.server_address[1], flush=True)
    threading.Thread(target=done.tell, daemon=True).start()
    server.serve_forever()
elif kind == "uvloop":
    import uvloop

    uvloop.run(serve())
else:
    asyncio.run(serve())
