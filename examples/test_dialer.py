import asyncio

from dialer import reach

from pystrix.ami.aio import Manager
from pystrix.testing.ami import FarEnd


async def reach_somebody(server):
    async with Manager(*server.address, username=server.username, secret=server.secret) as manager:
        return await reach(manager, ["PJSIP/alice", "PJSIP/bob"], "news")


def test_bob_answers(ami_server):
    ami_server.far_ends["PJSIP/alice"] = "busy"
    ami_server.far_ends["PJSIP/bob"] = FarEnd(talks=0.1)  # seconds until bob hangs up
    assert asyncio.run(reach_somebody(ami_server)) == "PJSIP/bob"
    made = [action for action in ami_server.actions if action == "Originate"]
    assert [action["Channel"] for action in made] == ["PJSIP/alice", "PJSIP/bob"]
    assert made[0]["Data"] == "news"


def test_nobody_answers(ami_server):
    ami_server.far_end_of_others = "busy"
    assert asyncio.run(reach_somebody(ami_server)) is None
