"""How calls, blocks and servers end on an event loop: what goes on at the same time included."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from pystrix.agi import aio, core
from tests.agi.peers import TIMEOUT, environment
from tests.agi.turns import begun_at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Body = Callable[["Served"], Awaitable[None]]
    Run = Callable[..., list[Any]]

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A server that serves, and what calls it."""

    def __init__(self, server: aio.FastAGIServer) -> None:
        self.server = server
        self._writers: list[asyncio.StreamWriter] = []

    def handle(self, script: Callable[[aio.FastAGI], Awaitable[object]]) -> None:
        """Have a script handle all calls."""

        async def handler(agi: aio.FastAGI, *_: object) -> None:
            await script(agi)

        self.server.register_script_handler(None, handler)

    async def connect(self, data: bytes = b"") -> Stream:
        """Connect, and send something."""
        reader, writer = await asyncio.open_connection(*self.server.server_address)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    def close(self) -> None:
        """Close what was connected."""
        for writer in self._writers:
            writer.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["stock", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Give a function that runs something with a server on each loop.

    It gives what the loop's exception handler got, which is nothing as long as all is well.
    """

    def run_body(body: Body, *, serving: bool = True, **options: Any) -> list[Any]:
        problems: list[Any] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: problems.append(context)
            )
            async with asyncio.timeout(TIMEOUT), aio.FastAGIServer(port=0, **options) as server:
                served = Served(server)
                task = asyncio.create_task(server.serve_forever()) if serving else None
                await body(served)
                served.close()
                if task is not None:
                    await server.shutdown()
                    await task

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(main())
        return problems

    return run_body


def test_block_of_a_closed_session(run: Run) -> None:
    """A command that had to close the session ends the block; one that begins then ends at once."""
    seen: list[Any] = []

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            async with agi.until_hangup():
                try:
                    await agi.execute(core.Exec("Wait", 9), timeout=0.01)
                except TimeoutError:
                    seen.append("in time")
                await asyncio.sleep(60)
                seen.append("never")
            async with agi.until_hangup():
                await asyncio.sleep(60)
                seen.append("never")
            seen.append(agi.hung_up)

        served.handle(script)
        reader, _ = await served.connect(environment())
        assert await reader.readline() == b'EXEC "Wait" "9"\n'
        assert await reader.read() == b""

    assert run(body) == []
    assert [item for item in seen if item != "in time"] == [False]


@pytest.mark.parametrize("before", [True, False], ids=["hung up before", "hung up within"])
def test_blocks_within_each_other(run: Run, before: bool) -> None:
    """Both end."""
    seen: list[Any] = []

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            await agi.execute(core.Noop())
            async with agi.until_hangup():
                async with agi.until_hangup():
                    seen.append("inner")
                    inside.set()
                    await asyncio.sleep(60)
                    seen.append("never")
                await asyncio.sleep(60)
                seen.append("never")
            await asyncio.sleep(0)
            seen.append("behind")

        inside = asyncio.Event()
        served.handle(script)
        reader, writer = await served.connect(environment())
        assert await reader.readline() == b"NOOP\n"
        if before:
            writer.write(b"200 result=0\nHANGUP\n")
        else:
            writer.write(b"200 result=0\n")
            await inside.wait()
            writer.write(b"HANGUP\n")
        assert await reader.read() == b""

    assert run(body) == []
    assert seen == ["inner", "behind"]


def test_inner_block_with_a_command(run: Run) -> None:
    """A hang-up that a command of the inner block tells ends the outer one, too."""
    seen: list[Any] = []

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            async with agi.until_hangup():
                async with agi.until_hangup():
                    await agi.execute(core.WaitForDigit())
                    seen.append("never")
                await asyncio.sleep(60)
                seen.append("never")
            seen.append("behind")

        served.handle(script)
        reader, writer = await served.connect(environment())
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        writer.write(b"200 result=-1\nHANGUP\n")
        assert await reader.read() == b""

    assert run(body) == []
    assert seen == ["behind"]


@pytest.mark.parametrize("block", [True, False])
def test_hangup_in_a_task_group(run: Run, caplog: pytest.LogCaptureFixture, block: bool) -> None:
    """A group of hang-ups is one: it ends the block, and is a warning without one."""
    seen: list[Any] = []

    async def group(agi: aio.FastAGI) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(agi.execute(core.StreamFile("a")))
            tasks.create_task(asyncio.sleep(60))

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            if block:
                async with agi.until_hangup():
                    await group(agi)
                seen.append("behind")
            else:
                await group(agi)

        served.handle(script)
        reader, writer = await served.connect(environment())
        assert await reader.readline() == b'STREAM FILE "a" "" "0"\n'
        writer.write(b"200 result=-1 endpos=0\nHANGUP\n")
        assert await reader.read() == b""

    assert run(body) == []
    assert seen == (["behind"] if block else [])
    assert [record.levelname for record in caplog.records] == ([] if block else ["WARNING"])


@pytest.mark.parametrize("daemon", [True, False])
def test_who_has_said_nothing_when_the_server_closes(run: Run, daemon: bool) -> None:
    """They are let go: their calls do not begin any more."""
    begun: list[int] = []

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            begun.append(1)
            try:
                await agi.execute(core.WaitForDigit())
            except asyncio.CancelledError:
                await late.wait()
                raise

        late = asyncio.Event()
        served.handle(script)
        reader, writer = await served.connect(environment())
        silent, silent_writer = await served.connect(b"agi_network: yes\n")
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        while served.server._number_of_calls() < 2:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        closing = asyncio.create_task(served.server.server_close())
        assert await silent.read() == b""
        silent_writer.write(environment())
        assert not closing.done()
        late.set()
        if not daemon:
            writer.write(b"200 result=0\n")
        await closing

    assert run(body, daemon_threads=daemon) == []
    assert begun == [1]


@pytest.mark.parametrize("daemon", [True, False])
def test_shutdown_in_a_handler(run: Run, daemon: bool) -> None:
    """It waits for the serving to end, not for what its task does then: wait for the handler."""

    async def body(served: Served) -> None:
        async def script(_: aio.FastAGI) -> None:
            await server.shutdown()
            ended.set()

        async def serve() -> None:
            async with server:
                await server.serve_forever()

        server, ended = served.server, asyncio.Event()
        served.handle(script)
        serving = asyncio.create_task(serve())
        await served.connect(environment())
        await serving
        assert daemon or ended.is_set()

    assert run(body, serving=False, daemon_threads=daemon) == []


@pytest.mark.parametrize("daemon", [True, False])
def test_two_handlers_close_the_server(run: Run, daemon: bool) -> None:
    """They do not wait for each other."""

    async def body(served: Served) -> None:
        async def script(_: aio.FastAGI) -> None:
            await both.wait()
            await served.server.server_close()

        both = asyncio.Barrier(2)
        served.handle(script)
        callers = [await served.connect(environment()) for _ in range(2)]
        for reader, _ in callers:
            assert await reader.read() == b""

    assert run(body, daemon_threads=daemon) == []


def test_no_room(run: Run) -> None:
    """Calls beyond the limit are refused, and that is all."""

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            await agi.execute(core.WaitForDigit())

        served.handle(script)
        reader, _ = await served.connect(environment())
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        for _ in range(3):
            refused, _ = await served.connect(environment())
            assert await refused.read() == b"failure\n"

    assert run(body, max_calls=1) == []


def test_cancelled_by_itself(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A CancelledError that nobody sent is a failure like any other."""

    async def body(served: Served) -> None:
        async def script(_: aio.FastAGI) -> None:
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task

        served.handle(script)
        reader, _ = await served.connect(environment())
        assert await reader.read() == b"failure\n"

    assert run(body) == []
    assert "CancelledError" in caplog.text


def test_one_request(run: Run) -> None:
    """However many wait, one is served; and one that has no room is not it."""

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            await agi.execute(core.WaitForDigit())

        served.handle(script)
        server = served.server
        server.timeout = 0.01
        await server.handle_request()
        server.timeout = None
        callers = [await served.connect(environment()) for _ in range(4)]
        for number in range(1, 3):
            await server.handle_request()
            assert server._number_of_calls() == number
        for reader, _ in callers[:2]:
            assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        handling = asyncio.create_task(server.handle_request())
        await handling
        server._max_calls = 3
        handling = asyncio.create_task(server.handle_request())
        assert await callers[3][0].read() == b"failure\n"
        assert not handling.done()
        await server.shutdown()
        await handling

    assert run(body, serving=False) == []


def test_accepted_in_the_last_moment() -> None:
    """A loop may tell of a connection when the server is closed: nobody will serve it."""

    class Connection:
        closed = False

        def write(self, data: bytes) -> None: ...

        def close(self) -> None:
            self.closed = True

    async def main() -> None:
        connection: Any = Connection()
        async with aio.FastAGIServer(port=0) as server:
            server._loop = asyncio.get_running_loop()
        server._connected(connection, "late")
        assert connection.closed
        assert not server._number_of_calls()

    asyncio.run(main())


@pytest.mark.parametrize("command", [True, False])
def test_block_and_task_cancelled_at_once(run: Run, command: bool) -> None:
    """The cancellation of somebody else goes on behind the block, though both come as one."""
    seen: list[str] = []

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            agi.close()
            task = asyncio.current_task()
            assert task is not None
            async with agi.until_hangup():
                task.cancel()
                if command:
                    await asyncio.shield(agi.execute(core.Noop()))
            seen.append("behind")
            await asyncio.sleep(0)
            seen.append("never")

        served.handle(script)
        reader, _ = await served.connect(environment())
        assert await reader.read() == b""
        await served.server.server_close()

    assert run(body) == []
    assert seen == ([] if command else ["behind"])


def test_closing_is_cancelled(run: Run) -> None:
    """A call that had not begun is forgotten, one that takes its time is still waited for."""

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            try:
                await agi.execute(core.WaitForDigit())
            finally:
                await late.wait()

        late, server = asyncio.Event(), served.server
        served.handle(script)
        reader, _ = await served.connect(environment())
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        await served.connect()
        while not server._strangers:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        await server.shutdown()
        closing = asyncio.create_task(server.server_close())
        (stranger,) = server._strangers
        stranger.feed(environment())
        server._begin(stranger)
        await asyncio.sleep(0)
        assert server._number_of_calls() == 2
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert server._number_of_calls() == 1
        assert server._timer is None
        closing = asyncio.create_task(server.server_close())
        await asyncio.sleep(0)
        assert not closing.done()
        late.set()
        await closing

    assert run(body) == []


def test_request_beside_another(run: Run) -> None:
    """It is refused, and the first one still takes one call and no more."""

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            await agi.execute(core.WaitForDigit())

        served.handle(script)
        server = served.server
        handling = asyncio.create_task(server.handle_request())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task serves already"):
            await server.handle_request()
        for _ in range(2):
            await served.connect(environment())
        await handling
        assert server._number_of_calls() == 1

    assert run(body, serving=False) == []


def test_served_again_while_descriptors_are_waited_for(run: Run) -> None:
    """What waits for them finds another time of serving, which accepts already."""

    async def body(served: Served) -> None:
        async def script(agi: aio.FastAGI) -> None:
            await agi.execute(core.Answer())

        served.handle(script)
        await asyncio.sleep(0)
        served.server._start_accepting()  # as a timer of the time before does
        reader, _ = await served.connect(environment())
        assert await reader.readline() == b"ANSWER\n"

    assert run(body) == []


def test_task_that_begins_at_once() -> None:
    """A loop may begin tasks when they are made, and a call may be over then."""

    async def main() -> None:
        async def handler(*_: object) -> None: ...

        asyncio.get_running_loop().set_task_factory(begun_at_once("_handle"))
        async with asyncio.timeout(TIMEOUT), aio.FastAGIServer(port=0, max_calls=1) as server:
            server.register_script_handler(None, handler)
            serving = asyncio.create_task(server.serve_forever())
            for _ in range(2):
                reader, writer = await asyncio.open_connection(*server.server_address)
                writer.write(environment())
                assert await reader.read() == b""
                writer.close()
            assert not server._number_of_calls()
            await server.shutdown()
            await serving

    asyncio.run(main())
