"""The load: figures of servers that serve, refuse, break, and say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.agi import aio, core
from pystrix.testing.load import Latencies, LoadResult, run_load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[..., Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve a handler, and give its URL."""
    async with aio.FastAGIServer(port=0) as server:
        server.register_script_handler(None, handler)
        task = asyncio.create_task(server.serve_forever())
        yield f"agi://127.0.0.1:{server.server_address[1]}/x"
        await server.shutdown()
        await task


def load(handler: Handler, caller: str = "", **options: Any) -> LoadResult:
    """Load a handler for a moment."""

    async def main() -> LoadResult:
        async with serving(handler) as url:
            return await run_load(url, caller, **{"duration": 0.3, "concurrency": 4} | options)

    return asyncio.run(main())


async def two_commands(agi: Any, *_: object) -> None:
    """Answer and play."""
    await agi.execute(core.Answer())
    await agi.execute(core.StreamFile("demo-congrats"))


def test_closed_loop() -> None:
    """Calls follow each other; every command of a call is counted."""
    seen: list[int] = []
    result = load(two_commands, notice=lambda so_far: seen.append(so_far.calls))
    assert result.calls > 4
    # The end of a call comes as a read of its own.
    assert result.commands == 2 * result.calls
    assert not result.errors
    assert result.call.count == result.calls
    assert result.set_up.count >= result.calls
    assert result.command.count >= result.calls
    assert result.seconds == pytest.approx(0.3, abs=0.2)
    assert seen[-1] == result.calls


def test_rate() -> None:
    """So many calls begin in a second, whether others have ended or not."""
    result = load(two_commands, rate=20, duration=0.5)
    assert 5 <= result.calls <= 12


def test_no_room_at_this_rate() -> None:
    """Callers for whom there is no room are counted."""

    async def waits(agi: Any, *_: object) -> None:
        await agi.execute(core.Answer())
        await asyncio.sleep(60)

    result = load(waits, rate=50, concurrency=2, duration=0.5)
    assert result.calls == 0
    assert result.errors["no room at this rate"] > 1


def test_keys() -> None:
    """A caller with a plan."""
    pressed: set[str] = set()

    async def asks(agi: Any, *_: object) -> None:
        pressed.add((await agi.execute(core.GetData("enter", max_digits=3))).digits)

    result = load(asks, "123")
    assert result.calls > 0
    assert pressed == {"123"}


def test_failures() -> None:
    """Handlers that fail are no calls that were served."""

    async def fails(agi: Any, *_: object) -> None:
        await agi.execute(core.Answer())
        raise LookupError

    result = load(fails)
    assert result.calls == 0
    assert result.errors["AGISTATUS=FAILURE"] > 0


def test_silence() -> None:
    """A server that says nothing is left."""

    async def silent(agi: Any, *_: object) -> None:  # noqa: ARG001
        await asyncio.sleep(60)

    result = load(silent, patience=0.2, duration=1.2)
    assert result.errors["no command in time"] >= 4


def test_nothing_comes() -> None:
    """A server that closes at once."""

    async def leaves(agi: Any, *_: object) -> None:
        pass

    result = load(leaves)
    assert result.calls == 0
    assert result.errors["no command came"] > 0


def test_refused() -> None:
    """Nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"agi://127.0.0.1:{probe.getsockname()[1]}"
        result = asyncio.run(run_load(url, concurrency=2, duration=0.7))
    assert result.errors["cannot connect: Connection refused"] == 4


def test_connect_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue of connections."""
    monkeypatch.setattr("pystrix.testing.load._CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as exits:
        address = full.getsockname()
        for _ in range(4):
            filler = exits.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        url = f"agi://127.0.0.1:{address[1]}"
        result = asyncio.run(run_load(url, concurrency=1, duration=0.3))
    assert result.errors["cannot connect: no answer"] == 1


def test_reset() -> None:
    """A server whose connections break."""

    async def main() -> LoadResult:
        def reset(_reader: Any, writer: asyncio.StreamWriter) -> None:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()

        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await run_load(f"agi://127.0.0.1:{port}", concurrency=1, duration=0.2)

    result = asyncio.run(main())
    assert result.calls == 0
    assert result.errors["the connection broke"] > 0


def test_bad_urls() -> None:
    """They are refused before anything is called."""
    with pytest.raises(ValueError, match="agi://host"):
        asyncio.run(run_load("http://x"))


@given(st.lists(st.floats(1e-7, 1e3), min_size=1))
def test_percentiles(values: list[float]) -> None:
    """They are right within five per cent, and never above the largest."""
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    for share in (1, 50, 99, 100):
        exact = sorted(values)[max(0, -(-len(values) * share // 100) - 1)]
        assert exact <= latencies.percentile(share) * 1.0001 + 1e-9
        assert latencies.percentile(share) <= max(exact * 1.05, 1.05e-6)
    assert latencies.percentile(100) == latencies.largest == max(values)
    assert sum(count for _, count in latencies.bars(8)) == len(values)
    assert len(latencies.bars(8)) <= 8


def test_no_latencies() -> None:
    """Nothing was measured."""
    assert Latencies().percentile(50) == 0.0
    assert Latencies().bars(8) == []
