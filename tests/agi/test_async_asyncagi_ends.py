"""How calls in AsyncAGI and their server end on an event loop, in one certain moment of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIHangup, aio, core
from pystrix.ami import ManagerError
from tests.agi.peers import TIMEOUT
from tests.agi.switch import encode, environment
from tests.agi.turns import begun_at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Event(dict[str, str]):
    """What the manager heard."""

    @property
    def name(self) -> str:
        """Which event it is."""
        return self["Event"]


class Manager:
    """A manager without a connection: what is sent is kept, and answered when a test says so."""

    def __init__(self) -> None:
        self.tapped: Any = None
        self.up = True
        self.sent: list[tuple[str, str]] = []
        self.ids: dict[str, str] = {}
        """The ids of the commands by the channels that they were last sent to."""
        self.answer: Callable[[], Awaitable[dict[str, str]]] | None = None
        """What answers; None for success at once."""

    def tap(self, desk: Any) -> None:
        """Tell somebody what is heard."""
        self.tapped = desk

    def untap(self, _: Any) -> None:
        """Do it no more."""
        self.tapped = None

    def is_connected(self) -> bool:
        """Tell whether there is a connection."""
        return self.up

    async def send(self, action: Any, *, timeout: float | None = None) -> dict[str, str]:  # noqa: ARG002 - as the true one
        """Send an action."""
        assert self.up, "it would wait for another connection"
        self.sent.append((action.name, action.get("Command", "")))
        if "CommandID" in action:
            self.ids[action["Channel"]] = action["CommandID"]
        return await self.answer() if self.answer else {}

    def hear(self, name: str, number: int = 1, **headers: str) -> None:
        """Hear an event of a channel."""
        own = {"Event": name, "Channel": f"PJSIP/a-{number}", "Uniqueid": f"17.{number}"}
        self.tapped.heard([Event(own | headers)])

    def call(self, number: int = 1) -> None:
        """Hear of a call."""
        block = environment(f"PJSIP/a-{number}", f"17.{number}")
        self.hear("AsyncAGIStart", number, Env=encode(block))

    def reply(self, line: bytes, number: int = 1) -> None:
        """Hear the result of the command that was last sent."""
        command_id = self.ids[f"PJSIP/a-{number}"]
        self.hear("AsyncAGIExec", number, CommandId=command_id, Result=encode(line + b"\n"))

    def lose(self) -> None:
        """Lose the connection."""
        self.up = False
        self.tapped.lost("broken")


async def settle() -> None:
    """Let all that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(body: Callable[[Any, Manager], Awaitable[None]]) -> list[Any]:
    """Run something with a server that serves; give what the loop's exception handler got."""
    problems: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context))
        manager: Any = Manager()
        async with asyncio.timeout(TIMEOUT), aio.AsyncAGIServer(manager) as server:
            serving = asyncio.create_task(server.serve_forever())
            await settle()
            await body(server, manager)
        await serving
        assert not server._tasks
        assert not server._desk._lines
        assert manager.tapped is None

    asyncio.run(main())
    return problems


def test_one_call_ends_the_other() -> None:
    """When the connection is lost, all calls are told, though one of them closes another."""
    seen: list[str] = []

    async def body(server: Any, manager: Manager) -> None:
        calls: list[Any] = []

        async def handler(agi: Any, *_: object) -> None:
            calls.append(agi)
            if len(calls) == 1:
                agi.on_hangup(lambda: calls[1].close())  # noqa: PLW0108 - it comes later
            with pytest.raises(AGIHangup):
                await agi.execute(core.Noop())
            seen.append(agi.environment.channel)

        server.register_script_handler(None, handler)
        for number in (1, 2, 3):
            manager.call(number)
        await settle()
        manager.lose()
        await settle()
        assert sorted(seen) == ["PJSIP/a-1", "PJSIP/a-2", "PJSIP/a-3"]

    assert run(body) == []


def test_lost_while_it_is_asked_why_a_call_ended() -> None:
    """Another connection is not waited for: it was a hang-up then."""
    seen: list[str] = []

    async def body(server: Any, manager: Manager) -> None:
        async def handler(agi: Any, *_: object) -> None:
            with pytest.raises(AGIHangup):
                await agi.execute(core.StreamFile("x"))
            seen.append("over")

        async def lost() -> dict[str, str]:
            manager.answer = None
            manager.lose()
            raise ManagerError("lost")

        server.register_script_handler(None, handler)
        manager.call()
        await settle()
        manager.reply(b"200 result=-1 endpos=0")
        await settle()
        manager.answer = lost
        manager.hear("AsyncAGIEnd")
        await settle()
        assert manager.sent[-1] == ("Getvar", "")
        assert seen == ["over"]

    assert run(body) == []


def test_closing_is_cancelled_before_a_call_has_begun() -> None:
    """The call is given back all the same, so that its caller does not wait for ever."""

    async def body(server: Any, manager: Manager) -> None:
        late = asyncio.Event()

        async def handler(agi: Any, *_: object) -> None:
            try:
                await agi.execute(core.Noop())
            finally:
                await asyncio.wait_for(late.wait(), 1)

        server.register_script_handler(None, handler)
        manager.call(1)
        await settle()
        manager.call(2)
        line = server._desk._offered.popleft()
        await server.shutdown()
        closing = asyncio.create_task(server.server_close())
        server._begin(line)
        await asyncio.sleep(0)
        closing.cancel()
        await settle()
        assert closing.cancelled()
        assert manager.sent[-1] == ("AGI", "ASYNCAGI BREAK")
        assert len(server._tasks) == 1
        manager.reply(b"200 result=0")
        late.set()

    assert run(body) == []


def test_task_that_begins_at_once() -> None:
    """A loop may begin tasks when they are made, and a call may be over then."""

    async def body(server: Any, manager: Manager) -> None:
        async def handler(*_: object) -> None: ...

        server.register_script_handler(None, handler)
        asyncio.get_running_loop().set_task_factory(begun_at_once("_serve_call"))
        manager.call()
        await settle()
        assert not server._tasks
        assert manager.sent == [("AGI", "ASYNCAGI BREAK")]

    assert run(body) == []
