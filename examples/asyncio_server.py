"""The same on asyncio: collects an account number and looks it up while the caller waits.

The dialplan, in extensions.conf:

    exten => 100,1,AGI(agi://127.0.0.1/account)
"""

import asyncio

from pystrix.agi import aio, core

server = aio.FastAGIServer("127.0.0.1", 4573)


async def look_up(number):
    """Stands for a database or another server, which may take its time."""
    await asyncio.sleep(0.01)
    return f"account {number}"


def ask_number():
    """A dialogue: runs on threads as well, and in a test without a call."""
    for _ in range(3):
        digits, _ = yield core.GetData("vm-enter-num-to-call", timeout=5000, max_digits=8)
        if digits:
            return digits
    return None


@server.script("account")
async def account(agi):
    await agi.execute(core.Answer())
    number = await agi.execute(ask_number())
    found = None
    async with agi.until_hangup():  # the look-up stops at once when the caller hangs up
        found = await look_up(number)
    await agi.execute(core.SetVariable("ACCOUNT", found or ""))  # works after a hang-up, too
    try:
        async with asyncio.timeout(3):  # three seconds of it, then on
            await agi.execute(core.StreamFile("demo-congrats"))
    except TimeoutError:
        await agi.execute(core.Verbose("that was enough"))


async def main():
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
