"""Tests of `moved_from_panoramisk`, with the fixture ami_server."""

import asyncio

from moved_from_panoramisk import ask, hung_up

from pystrix.ami import events
from pystrix.ami.aio import Manager


def test_ask(ami_server, caplog):
    """The output of the console, the channels, and a hang-up that is logged."""
    caplog.set_level("INFO")
    ami_server.commands["core show uptime"] = "System uptime: 1 second"
    channel = ami_server.receive_call("PJSIP/alice", "100")

    async def main():
        async with Manager(*ami_server.address, username="admin", secret=ami_server.secret) as m:
            assert await ask(m) == (["System uptime: 1 second"], [channel.name])
            m.register_callback(events.Hangup, hung_up)
            done = asyncio.Event()
            m.register_callback(events.Hangup, lambda *_: done.set())
            channel.hang_up(16)
            await done.wait()

    asyncio.run(main())
    assert f"{channel.name} hung up, cause 16" in caplog.messages
