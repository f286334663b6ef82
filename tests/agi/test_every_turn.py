"""A session on asyncio that is disturbed in every turn of the loop: see `tests.agi.turns`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIHangup, core
from pystrix.agi._async_session import AsyncSession
from tests.agi.peers import environment
from tests.agi.turns import TurnLoop, Where, in_every_turn, run_in

if TYPE_CHECKING:
    from collections.abc import Callable


class Asterisk:
    """A connection whose other end answers two turns later."""

    def __init__(self, loop: TurnLoop) -> None:
        self.is_over = False
        self.session: AsyncSession
        self._loop = loop

    def write(self, data: bytes) -> None:
        """Take commands, and reply to each."""
        for line in data.splitlines():
            name = line.split(b'"')[1]
            self.later(b"200 result=1 (" + name + b")\n")

    def later(self, reply: bytes, turns: int = 2) -> None:
        """Send a reply after some turns."""
        if turns:
            self._loop.call_soon(self.later, reply, turns - 1)
        elif not self.is_over:
            self.session.feed(reply)

    def acknowledge(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Say no more."""
        self.is_over = True


async def script(session: AsyncSession, seen: list[str]) -> None:
    """Use a session in a block, as a handler does."""
    async with session.until_hangup():
        assert await session.execute(core.GetVariable("A"), timeout=10) == "A"
        await asyncio.sleep(0)
    seen.append("behind")
    for _ in range(3):
        await asyncio.sleep(0)
    seen.append("over")


def disturbed(where: Where, *kinds: str) -> bool:
    """Run a session that is disturbed in one turn; tell whether it had ended before."""
    loop = TurnLoop()
    asterisk = Asterisk(loop)
    session = asterisk.session = AsyncSession(asterisk, "peer", debug=False)
    tasks: list[asyncio.Task[Any]] = []
    done: list[str] = []
    seen: list[str] = []
    disturb: dict[str, Callable[[], object]] = {
        "cancel": lambda: done.append("cancel") if tasks[0].cancel() else None,
        "close": session.close,
        "hang up": lambda: session.feed(b"HANGUP\n"),
        "leave": session.feed_eof,
        "time": lambda: loop.jump(1000),
    }

    async def main() -> None:
        session.feed(environment())
        loop.begin()
        tasks.append(loop.create_task(script(session, seen)))
        tasks.append(loop.create_task(session.execute(core.GetVariable("B"))))
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        first, second = tasks
        if "cancel" in done:
            assert first.cancelled()
        elif error := first.exception():
            assert isinstance(error, TimeoutError)
            assert "time" in kinds
        else:
            assert seen == ["behind", "over"]
        if error := second.exception():
            assert isinstance(error, AGIHangup)
            assert {"close", "leave"} & {*kinds}
        else:
            assert second.result() == "B"
        assert not session._busy
        assert not session._turns
        assert not session._blocks
        if not {"close", "leave"} & {*kinds}:
            assert await session.execute(core.GetVariable("Z")) == "Z"

    wheres = (where, where._replace(first=False))  # a second one comes behind all else
    loop.plans = [(each, disturb[kind]) for each, kind in zip(wheres, kinds, strict=False)]
    run_in(loop, main())
    return loop.is_late


SINGLE = [("cancel",), ("close",), ("hang up",), ("leave",), ("time",)]
PAIRS = [("hang up", "cancel"), ("close", "cancel"), ("leave", "cancel")]


@pytest.mark.parametrize("kinds", [*SINGLE, *PAIRS], ids=str)
def test_session(kinds: tuple[str, ...]) -> None:
    """Who is disturbed ends as he should, and everybody else goes on."""
    assert in_every_turn(lambda where: disturbed(where, *kinds)) > 10
