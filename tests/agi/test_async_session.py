"""A session on asyncio by itself: its turns, and the connection it is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import core
from pystrix.agi._async_session import AsyncSession
from tests.agi.peers import TIMEOUT, environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Connection:
    """Keeps what is sent."""

    is_over = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.answer: Callable[[bytes], object] = self.sent.append

    def write(self, data: bytes) -> None:
        """Take what is sent."""
        self.answer(data)

    def acknowledge(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def run(body: Callable[[AsyncSession, Connection], Awaitable[None]]) -> None:
    """Run something with a session that has its environment."""

    async def main() -> None:
        connection = Connection()
        session = AsyncSession(connection, "peer", debug=False)
        session.feed(environment())
        async with asyncio.timeout(TIMEOUT):
            await body(session, connection)

    asyncio.run(main())


async def ask(session: AsyncSession, name: str) -> asyncio.Task[Any]:
    """Begin to ask for a variable."""
    task = asyncio.create_task(session.execute(core.GetVariable(name)))
    await asyncio.sleep(0)
    return task


def asked(connection: Connection) -> list[str]:
    """Tell which variables were asked for."""
    return [data.decode().split('"')[1] for data in connection.sent]


def test_turns() -> None:
    """Commands are sent in the order of their tasks, each when the one before has its reply."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        tasks = [await ask(session, name) for name in "ABC"]
        for sent in ("A", "AB", "ABC"):
            assert asked(connection) == list(sent)
            session.feed(f"200 result=1 ({sent[-1].lower()})\n".encode())
            await tasks[len(sent) - 1]
            await asyncio.sleep(0)
        assert [task.result() for task in tasks] == ["a", "b", "c"]

    run(body)


def test_cancelled_before_its_turn() -> None:
    """Who does not wait for a turn any more is passed over."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        first, second, third = [await ask(session, name) for name in "ABC"]
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        session.feed(b"200 result=1 (a)\n")
        assert await first == "a"
        await asyncio.sleep(0)
        assert asked(connection) == ["A", "C"]
        session.feed(b"200 result=1 (c)\n")
        assert await third == "c"

    run(body)


def test_last_in_line_cancelled() -> None:
    """When nobody is left who waits, the next command is sent at once."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        first, second = [await ask(session, name) for name in "AB"]
        second.cancel()
        session.feed(b"200 result=1 (a)\n")
        assert await first == "a"
        third = await ask(session, "C")
        assert asked(connection) == ["A", "C"]
        session.feed(b"200 result=1 (c)\n")
        assert await third == "c"
        with pytest.raises(asyncio.CancelledError):
            await second

    run(body)


def test_cancelled_when_its_reply_comes() -> None:
    """The reply comes before the task takes note; what is cancelled gets no result."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        first = await ask(session, "A")
        first.cancel()
        session.feed(b"200 result=1 (a)\n")
        with pytest.raises(asyncio.CancelledError):
            await first
        second = await ask(session, "B")
        assert asked(connection) == ["A", "B"]
        session.feed(b"200 result=1 (b)\n")
        assert await second == "b"

    run(body)


@pytest.mark.parametrize("more", [False, True])
def test_cancelled_when_its_turn_has_come(more: bool) -> None:
    """A turn that comes at the moment of the cancellation goes to the next in line."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        first, second = [await ask(session, name) for name in "AB"]
        third = await ask(session, "C") if more else None
        session.feed(b"200 result=1 (a)\n")
        asyncio.get_running_loop().call_soon(second.cancel)  # behind the first, before the second
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        third = third or await ask(session, "C")
        await asyncio.sleep(0)
        assert asked(connection) == ["A", "C"]
        session.feed(b"200 result=1 (c)\n")
        assert await third == "c"

    run(body)


def test_reply_while_it_is_sent() -> None:
    """A connection may hand in the reply before the command is sent altogether."""

    async def body(session: AsyncSession, connection: Connection) -> None:
        connection.answer = lambda _: session.feed(b"200 result=1 (x)\n")
        assert await session.execute(core.GetVariable("X")) == "x"

    run(body)
