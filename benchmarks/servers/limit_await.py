"""The limit of a coroutine for each call: it awaits a Future for each command, nothing parsed.

A BufferedProtocol: on the stock loop a Protocol allocates 256 KiB for each read.

python limit_await.py [uvloop]
"""

import asyncio
import sys

from standard_call import lines


class Call(asyncio.BufferedProtocol):
    # One for all calls: only the last bytes of what came are looked at, and at once.
    buffer = bytearray(65536)

    def __init__(self):
        self.reply = None
        self.task = None

    def connection_made(self, transport):
        self.transport = transport

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, count):
        ending = b"\n" if self.task else b"\n\n"
        if not self.buffer.endswith(ending, 0, count):
            return
        if self.task is None:
            self.task = asyncio.create_task(self.serve())
        elif self.reply and not self.reply.done():
            self.reply.set_result(None)

    def connection_lost(self, error):
        if self.reply and not self.reply.done():
            self.reply.cancel()

    async def serve(self):
        loop = asyncio.get_running_loop()
        for line in lines():
            self.reply = loop.create_future()
            self.transport.write(line)
            await self.reply
        self.transport.close()


async def main():
    server = await asyncio.get_running_loop().create_server(Call, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
