"""The asyncio server of AsyncAGI: cancelling, tasks, and how it is closed."""

from __future__ import annotations

import asyncio
import queue
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGISIGPIPEHangup, aio, core
from pystrix.agi._async_asyncagi import AsyncAGI
from pystrix.agi._async_asyncagi_desk import Desk
from pystrix.agi._asyncagi_links import Link, Request
from pystrix.agi._asyncagi_protocol import Result
from pystrix.ami import ManagerError
from pystrix.ami.aio import Manager
from tests.agi.peers import OK, TIMEOUT, eventually, records
from tests.agi.switch import BREAK, FAIL
from tests.agi.transports import AsyncioAsyncAGI, making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agi.switch import Call


@pytest.fixture
def start() -> Iterator[Callable[..., AsyncioAsyncAGI]]:
    """Give a maker of servers."""
    with making(AsyncioAsyncAGI) as make:
        yield make


async def plain(agi: Any, *_: object) -> None:
    """Execute one command."""
    await agi.execute(core.Noop())


def test_wrong_handler(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """It is told which server runs it."""
    with pytest.raises(TypeError, match=r"`async def`, or take pystrix\.agi\.AsyncAGIServer"):
        start().server.register_script_handler("x", lambda *_: None)


def test_script_decorator(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """A handler that takes the session alone."""
    running = start()
    server: aio.AsyncAGIServer = running.server

    @server.script(r"pay/(\d+)")
    async def pay(agi: Any) -> None:
        await agi.execute(core.Verbose(agi.request.match[1]))

    peer = running.connect("pay/42")
    peer.expect(b'VERBOSE "42" "1"', b"200 result=1")
    assert peer.rest() == b""


def test_handle_request(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """One call, and not that of somebody else."""
    running = start(idle=True, accept=lambda environment: environment.path != "theirs")
    running.server.register_script_handler(None, plain)
    running.server.timeout = 0.01
    running.run(running.server.handle_request())
    peers = [running.connect(path) for path in ("theirs", "x", "y")]
    running.server.timeout = TIMEOUT
    running.run(running.server.handle_request())
    peers[1].expect(b"NOOP", OK)
    assert peers[1].rest() == b""
    assert peers[0].unheard() == peers[2].unheard() == []
    running.run(running.server.handle_request())
    peers[2].expect(b"NOOP", OK)
    assert peers[2].rest() == b""


def test_refused_request(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """A call for which there is no room is one, too."""
    running = start(idle=True, max_calls=0)
    peer = running.connect()
    running.run(running.server.handle_request())
    peer.expect(FAIL, b"200 result=-1 (hangup)")


def test_serving_twice(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """Another task cannot serve beside the one that does."""
    running = start()
    eventually(lambda: running.server._serving)
    with pytest.raises(RuntimeError, match="another task serves already"):
        running.run(running.server.serve_forever())


def test_shutdown_in_every_order(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """Any number of times; then nobody serves."""
    running = start(idle=True)
    peer = running.connect()
    eventually(lambda: running.server._desk._offered)
    for _ in range(2):
        running.run(running.server.shutdown())
    running.run(running.server.serve_forever())
    assert running.switch.is_over(peer.uniqueid)
    assert peer.unheard() == []


def test_shutdown_by_a_handler(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """It waits until nobody serves, not for itself, nor for the task that served."""
    running = start(daemon_threads=False)

    async def handler(agi: Any, *_: object) -> None:
        await running.server.shutdown()
        await running.server.server_close()
        await agi.execute(core.Noop())

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.sent() == BREAK


def test_close_cancels(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """The calls that run are given back; a command that cannot be stopped ends first."""
    running = start()
    ended: list[str] = []

    async def handler(agi: Any, *_: object) -> None:
        try:
            await agi.execute(core.Exec("Wait", 9))
        finally:
            ended.append(agi.environment.channel)

    running.server.register_script_handler(None, handler)
    peers = [running.connect() for _ in range(2)]
    for peer in peers:
        assert peer.line().startswith(b"EXEC")
    running.run(running.server.server_close())
    assert [peer.sent() for peer in peers] == [BREAK, BREAK]
    assert sorted(ended) == [peer.channel for peer in peers]
    assert running._manager._taps._taps == ()


def test_close_before_a_call_has_begun(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """It is given back as well."""
    running = start(idle=True)
    running.server.register_script_handler(None, plain)
    peer = running.connect()
    eventually(lambda: running.server._desk._offered)

    async def close() -> None:
        running.server._begin(running.server._desk._offered.popleft())
        await running.server.server_close()

    running.run(close())
    assert peer.sent() == BREAK


def test_until_hangup(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """A block ends, and the code behind it runs, where no command works any more."""
    running = start()
    seen: list[str] = []

    async def handler(agi: Any, *_: object) -> None:
        async with agi.until_hangup():
            await agi.execute(core.Noop())
            await asyncio.sleep(TIMEOUT)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.GetVariable("X"))
        seen.append("behind")

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    peer.end()
    assert peer.rest() == b""
    assert seen == ["behind"]


def test_cancelled_before_it_was_sent(start: Callable[..., AsyncioAsyncAGI]) -> None:
    """What is on its way is sent in order."""
    running = start()

    async def handler(agi: Any, *_: object) -> None:
        task = asyncio.ensure_future(agi.execute(core.StreamFile("x")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await agi.execute(core.Noop())

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    peer.stopped()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_lost_while_a_command_is_sent(
    start: Callable[..., AsyncioAsyncAGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not sent over the next connection, where nobody would know its result."""
    running = start()
    seen: list[str] = []
    waiting: list[Any] = []
    send = running._manager.send

    async def wait(action: Any, **options: Any) -> Any:
        if action.name == "AGI" and action["Command"] == "NOOP":
            waiting.append(action)
            await asyncio.Event().wait()  # as while there is no connection
        return await send(action, **options)

    async def handler(agi: Any, *_: object) -> None:
        try:
            await agi.execute(core.Noop())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running.server.register_script_handler(None, handler)
    monkeypatch.setattr(running._manager, "send", wait)
    peer = running.connect()
    eventually(lambda: waiting)
    running.switch.cut()
    eventually(lambda: seen)
    assert "the connection to the manager was lost" in seen[0]
    eventually(lambda: not running.server._desk._tasks)
    assert peer.unheard() == []


def test_manager_that_is_not_connected() -> None:
    """Nothing waits for a connection: over another one it would be for nobody."""

    async def send() -> None:
        desk = Desk(Manager("127.0.0.1", username="u", secret=""))
        await desk.send(Link("", "", Result()), Request("AGI", {}))

    with pytest.raises(ManagerError, match="cannot send AGI: the manager is not connected"):
        asyncio.run(send())


def test_failure_in_vain(
    start: Callable[..., AsyncioAsyncAGI], caplog: pytest.LogCaptureFixture
) -> None:
    """A handler that fails when the connection is lost has nobody to tell."""
    running = start()

    async def handler(agi: Any, *_: object) -> None:
        await agi.execute(core.Noop())
        raise ZeroDivisionError

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.line() == FAIL
    running.switch.cut()
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert any("failed" in record.getMessage() for record in records(caplog))


def test_end_in_the_moment_it_is_taken(
    start: Callable[..., AsyncioAsyncAGI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is told, though it did not receive yet when the end came."""
    made: queue.Queue[Call] = queue.Queue()
    seen: list[str] = []
    handshake = AsyncAGI.handshake

    async def late(call: AsyncAGI) -> None:
        peer = await asyncio.to_thread(made.get, timeout=TIMEOUT)
        peer.end()
        while not call._line.is_over:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        await handshake(call)

    async def handler(agi: Any, *_: object) -> None:
        try:
            await agi.execute(core.Noop())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    monkeypatch.setattr(AsyncAGI, "handshake", late)
    running = start()
    running.server.register_script_handler(None, handler)
    peer = running.connect()
    made.put(peer)
    eventually(lambda: seen)
    assert "has left AsyncAGI" in seen[0]
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []
