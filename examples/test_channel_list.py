import asyncio

from channel_list import follow

from pystrix.ami.aio import Manager


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)


async def lose_the_connection(server):
    channels = {}
    async with Manager(*server.address, username=server.username, secret=server.secret) as manager:
        following = asyncio.create_task(follow(manager, channels))
        call = await manager.originate("PJSIP/alice", application="Wait", data="60")
        await until(lambda: len(channels) == 1)
        server.drop()
        server.calls[0].hang_up()  # nobody hears of it
        await until(lambda: not channels)
        await call.ended()
        following.cancel()


def test_a_channel_that_ends_in_the_gap(ami_server, caplog):
    ami_server.far_ends["PJSIP/alice"] = "answers"
    asyncio.run(lose_the_connection(ami_server))
    assert "heard nothing for" in caplog.text
