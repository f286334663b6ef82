"""The limit of a loop: a Protocol that answers each read with the next line, nothing parsed.

python limit_protocol.py [uvloop]
"""

import asyncio
import sys

from standard_call import lines


class Call(asyncio.Protocol):
    def __init__(self):
        self.lines = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.lines is None:
            if not data.endswith(b"\n\n"):
                return
            self.lines = iter(lines())
        line = next(self.lines, None)
        if line is None:
            self.transport.close()
        else:
            self.transport.write(line)


async def main():
    server = await asyncio.get_running_loop().create_server(Call, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
