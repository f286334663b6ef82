"""What only the asyncio server has: cancelling, blocks until the hang-up, tasks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import inspect
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from pystrix.agi import AGIHangup, AGIResultHangup, AGISIGPIPEHangup, FastAGIServer, aio, core
from pystrix.agi.fastagi import FastAGI
from tests.agi.peers import DEAD, Peer, environment, eventually
from tests.agi.transports import Asyncio

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterator

    Script = Callable[[aio.FastAGI], Awaitable[None]]


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["stock", "uvloop"])
def running(request: pytest.FixtureRequest) -> Iterator[Asyncio]:
    """Give a server on each loop."""
    made = Asyncio(request.param)
    yield made
    made.stop()


@pytest.fixture
def place(running: Asyncio) -> Iterator[Callable[[Script], Peer]]:
    """Give a function that calls a script."""
    peers: list[Peer] = []

    def make(script: Script) -> Peer:
        async def handler(agi: aio.FastAGI, *_: object) -> None:
            await script(agi)

        running.server.register_script_handler(None, handler)
        peers.append(Peer.connect(running.address))
        peers[-1].send(environment())
        return peers[-1]

    yield make
    for peer in peers:
        peer.close()


def answer_echo(peer: Peer) -> None:
    """Answer an echo request."""
    line = peer.line()
    assert line.startswith(b"GET FULL VARIABLE")
    peer.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")


def test_parity() -> None:
    """Both servers, and both sessions, have the same public names with the same parameters."""
    pairs = [(FastAGIServer, aio.FastAGIServer), (FastAGI, aio.FastAGI)]
    for threaded, other in pairs:
        for name, member in inspect.getmembers(threaded, inspect.isfunction):
            if name.startswith("_") and name != "__init__":
                continue
            if name in ("notice", "fileno") and threaded is FastAGI:
                continue  # of the threads that watch
            if name == "__init__" and threaded is FastAGI:
                continue  # the server makes them
            twin = getattr(other, name)
            ours = list(inspect.signature(member).parameters)
            assert list(inspect.signature(twin).parameters) == ours, name
        for name in ("environment", "request", "hung_up"):
            if threaded is FastAGI:
                assert isinstance(getattr(other, name), property)


@pytest.mark.parametrize("one", [True, False])
def test_a_loop_that_cannot_wait_for_sockets(
    one: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused, as Windows has one, and the error says what to take."""

    def add_reader(*_: object) -> None:
        raise NotImplementedError

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
        async with aio.FastAGIServer(port=0) as server:
            for _ in range(2):
                with pytest.raises(RuntimeError, match="on Windows take asyncio"):
                    await (server.handle_request() if one else server.serve_forever())

    asyncio.run(main())


def test_wrong_colour() -> None:
    """A plain function is refused, and the other server named; as the other way round."""
    aio_server, server = aio.FastAGIServer(port=0), FastAGIServer(port=0)

    def plain(*_: object) -> None: ...

    async def coroutine(*_: object) -> None: ...

    with pytest.raises(TypeError, match=r"pystrix\.agi\.FastAGIServer"):
        aio_server.register_script_handler("x", plain)
    with pytest.raises(TypeError, match=r"pystrix\.agi\.FastAGIServer"):
        aio_server.script("x")(plain)
    with pytest.raises(TypeError, match=r"pystrix\.agi\.aio\.FastAGIServer"):
        server.register_script_handler("x", coroutine)
    asyncio.run(aio_server.server_close())
    server.server_close()


def test_script_decorator(running: Asyncio) -> None:
    """A handler that takes the session alone."""

    @running.server.script(r"pay/(?P<account>\d+)")
    async def pay(agi: aio.FastAGI) -> None:
        assert agi.request.match
        await agi.execute(core.Verbose(agi.request.match["account"]))

    with Peer.connect(running.address) as peer:
        peer.send(environment("pay/42"))
        peer.expect(b'VERBOSE "42" "1"', b"200 result=1")
        assert peer.rest() == b""


def test_request_of_a_session_by_itself() -> None:
    """Without a server a session still knows its path."""

    class Transport:
        def write(self, data: bytes) -> None: ...

        def close(self) -> None: ...

    async def main() -> None:
        session = aio.FastAGI(Transport(), "peer", debug=False)  # type: ignore[arg-type]
        session.feed(environment("x?a=b"))
        assert session.request.path == "x"
        assert session.request.match is None
        session.close()
        assert session.on_hangup(print) is print

    asyncio.run(main())


def test_cancelled_prompt(place: Callable[[Script], Peer]) -> None:
    """A time limit around a prompt stops it, and the session goes on."""

    async def script(agi: aio.FastAGI) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await agi.execute(core.StreamFile("x"))
        await agi.execute(core.Verbose("on"))

    peer = place(script)
    assert peer.line() == b'STREAM FILE "x" "" "0"'
    answer_echo(peer)
    peer.expect(b'VERBOSE "on" "1"', b"200 result=1")
    assert peer.rest() == b""


def test_cancelled_twice(place: Callable[[Script], Peer]) -> None:
    """Who cancels again, while a prompt is being stopped, closes the session."""
    raised: list[type[BaseException]] = []

    async def script(agi: aio.FastAGI) -> None:
        task = asyncio.create_task(agi.execute(core.StreamFile("x")))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.sleep(0.02)
        task.cancel()
        for action in (task, agi.execute(core.Noop())):
            try:
                await action
            except (asyncio.CancelledError, AGIHangup) as error:
                raised.append(type(error))

    peer = place(script)
    assert peer.line() == b'STREAM FILE "x" "" "0"'
    peer.rest()
    eventually(lambda: raised == [asyncio.CancelledError, AGISIGPIPEHangup])


def test_cancelled_when_it_had_just_ended(place: Callable[[Script], Peer]) -> None:
    """A command whose reply has come needs no stopping."""

    async def script(agi: aio.FastAGI) -> None:
        task = asyncio.create_task(agi.execute(core.StreamFile("x")))
        agi.on_hangup(task.cancel)  # at the moment when the reply is there
        with pytest.raises(asyncio.CancelledError):
            await task
        await agi.execute(core.Verbose("on"))

    peer = place(script)
    peer.expect(b'STREAM FILE "x" "" "0"', b"200 result=0 endpos=1\nHANGUP")
    peer.expect(b'VERBOSE "on" "1"', b"200 result=1")
    assert peer.rest() == b""


def test_tasks_take_turns(place: Callable[[Script], Peer]) -> None:
    """Commands of several tasks run one after the other."""

    async def script(agi: aio.FastAGI) -> None:
        async with asyncio.TaskGroup() as group:
            for name in "ABC":
                group.create_task(agi.execute(core.GetVariable(name)))

    peer = place(script)
    for name in (b"A", b"B", b"C"):
        peer.expect(b'GET VARIABLE "' + name + b'"', b"200 result=1 (x)")
    assert peer.rest() == b""


@pytest.mark.parametrize("how", ["HANGUP", "close"])
def test_until_hangup(place: Callable[[Script], Peer], how: str) -> None:
    """A block that waits elsewhere ends at once; the code behind it runs."""
    seen: list[Any] = []

    async def script(agi: aio.FastAGI) -> None:
        await agi.execute(core.Noop())
        async with agi.until_hangup():
            await asyncio.sleep(60)
            seen.append("never")
        seen.append(agi.hung_up)
        async with agi.until_hangup():  # hung up already
            await asyncio.sleep(60)
            seen.append("never")
        async with agi.until_hangup():
            seen.append("without waiting")
        await asyncio.sleep(0)
        try:
            seen.append(await agi.execute(core.GetVariable("X")))
        except AGISIGPIPEHangup:
            seen.append("x")

    peer = place(script)
    peer.expect(b"NOOP", b"200 result=0")
    if how == "HANGUP":
        peer.hangup()
        peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        assert peer.rest() == b""
    else:
        peer.close()
    eventually(lambda: seen == [True, "without waiting", "x"])


def test_until_hangup_in_a_command(place: Callable[[Script], Peer]) -> None:
    """A hang-up that a command in the block tells ends it in the same way."""
    seen: list[Any] = []

    async def script(agi: aio.FastAGI) -> None:
        for action in (core.WaitForDigit(), core.Answer()):
            async with agi.until_hangup():
                await agi.execute(action)
                seen.append("never")
            seen.append(agi.hung_up)

    peer = place(script)
    peer.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1")
    peer.expect(b"CHANNEL STATUS", DEAD)
    peer.expect(b"ANSWER", DEAD)
    assert peer.rest() == b""
    assert seen == [True, True]


def test_until_hangup_without_one(place: Callable[[Script], Peer]) -> None:
    """Without a hang-up the block is as if it were not there, its exceptions included."""

    async def script(agi: aio.FastAGI) -> None:
        async with agi.until_hangup():
            await agi.execute(core.Noop())
        with pytest.raises(ZeroDivisionError):
            async with agi.until_hangup():
                raise ZeroDivisionError
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), agi.until_hangup():
                await asyncio.sleep(60)
        await agi.execute(core.Noop())

    peer = place(script)
    peer.expect(b"NOOP", b"200 result=0")
    peer.expect(b"NOOP", b"200 result=0")
    assert peer.rest() == b""


def test_failing_callback(
    place: Callable[[Script], Peer], caplog: pytest.LogCaptureFixture
) -> None:
    """A callback that fails is logged, and the others are called."""
    called: list[int] = []

    async def script(agi: aio.FastAGI) -> None:
        @agi.on_hangup
        def fail() -> None:
            raise ZeroDivisionError

        agi.on_hangup(lambda: called.append(1))
        with pytest.raises(AGIResultHangup):
            await agi.execute(core.WaitForDigit())

    peer = place(script)
    peer.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1\nHANGUP")
    assert peer.rest() == b""
    assert called == [1]
    assert "callback failed" in caplog.text


def test_close_in_the_handler(place: Callable[[Script], Peer]) -> None:
    """A session that its handler closes takes no command, and calls nobody back."""
    seen: list[Any] = []

    async def script(agi: aio.FastAGI) -> None:
        agi.on_hangup(lambda: seen.append("never"))
        agi.close()
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())
        seen.append("closed")

    assert place(script).rest() == b""
    eventually(lambda: seen == ["closed"])


def test_failing_after_the_end(
    place: Callable[[Script], Peer], caplog: pytest.LogCaptureFixture
) -> None:
    """A handler that fails when the connection is gone is logged all the same."""

    async def script(agi: aio.FastAGI) -> None:
        try:
            await agi.execute(core.Noop())
        finally:
            raise ZeroDivisionError

    peer = place(script)
    assert peer.line() == b"NOOP"
    peer.close()
    eventually(lambda: "ZeroDivisionError" in caplog.text)


def test_failing_before_a_silent_peer(running: Asyncio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that does not close after the failure line is not waited for for ever."""
    monkeypatch.setattr(aio, "FAILURE_SECONDS", 0.02)

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    running.server.register_script_handler(None, fail)
    with Peer.connect(running.address) as peer:
        peer.send(environment())
        assert peer.line() == b"failure"
        assert peer.rest() == b""
        eventually(lambda: not running.server._number_of_calls())


def serve(body: Callable[[aio.FastAGIServer], Awaitable[None]], **options: Any) -> None:
    """Run something with a server on the stock loop."""

    async def main() -> None:
        async with aio.FastAGIServer(port=0, **options) as server:
            await body(server)

    asyncio.run(main())


async def hold(agi: aio.FastAGI, *_: object) -> None:
    """Wait for a key."""
    await agi.execute(core.WaitForDigit())


async def connect(server: aio.FastAGIServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Call a server."""
    reader, writer = await asyncio.open_connection(*server.server_address)
    writer.write(environment())
    return reader, writer


def test_shutdown_in_every_order() -> None:
    """Before serving, twice, from a handler, from the task that serves."""

    async def before(server: aio.FastAGIServer) -> None:
        await server.shutdown()
        await server.shutdown()
        await server.serve_forever()

    async def in_a_handler(server: aio.FastAGIServer) -> None:
        async def stop(*_: object) -> None:
            await server.shutdown()

        server.register_script_handler(None, stop)
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        reader, writer = await connect(server)
        assert await reader.read() == b""
        writer.close()
        await serving
        with pytest.raises(OSError):
            await asyncio.open_connection(*server.server_address)

    async def twice(server: aio.FastAGIServer) -> None:
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="serves already"):
            await server.serve_forever()
        await server.shutdown()
        assert serving.done()

    for body in (before, in_a_handler, twice):
        serve(body)


def test_server_close_cancels_the_calls() -> None:
    """With daemon_threads the tasks are cancelled, and the connections closed."""
    cancelled: list[bool] = []

    async def body(server: aio.FastAGIServer) -> None:
        async def handler(agi: aio.FastAGI, *_: object) -> None:
            try:
                await hold(agi)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        server.register_script_handler(None, handler)
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        reader, writer = await connect(server)
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        _, stranger = await asyncio.open_connection(*server.server_address)
        stranger.write(b"agi_network: yes\n")
        await asyncio.to_thread(eventually, lambda: server._number_of_calls() == 2)
        await server.server_close()
        assert await reader.read() == b""
        assert cancelled == [True]
        for each in (writer, stranger):
            each.close()
        await serving

    serve(body)


def test_server_close_waits_for_the_calls() -> None:
    """Without daemon_threads it waits; a handler that calls it does not wait for itself."""

    async def body(server: aio.FastAGIServer) -> None:
        async def handler(agi: aio.FastAGI, *_: object) -> None:
            await hold(agi)
            await server.server_close()

        server.register_script_handler(None, handler)
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        reader, writer = await connect(server)
        assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
        closing = asyncio.create_task(server.server_close())
        await asyncio.sleep(0.01)
        assert not closing.done()
        writer.write(b"200 result=53\n")
        await closing
        assert await reader.read() == b""
        writer.close()
        await serving

    serve(body, daemon_threads=False)


def test_handle_request() -> None:
    """One call at a time, or none in time; the server can serve on."""

    async def body(server: aio.FastAGIServer) -> None:
        server.register_script_handler(None, hold)
        server.timeout = 0.01
        await server.handle_request()
        server.timeout = None
        for _ in range(2):
            handling = asyncio.create_task(server.handle_request())
            await asyncio.sleep(0)
            reader, writer = await connect(server)
            await handling
            assert await reader.readline() == b'WAIT FOR DIGIT "-1"\n'
            writer.write(b"200 result=53\n")
            assert await reader.read() == b""
            writer.close()

    serve(body)


def test_shared_port() -> None:
    """Two servers can share a port."""
    first = aio.FastAGIServer(port=0, reuse_port=True)
    second = FastAGIServer(port=first.server_address[1], reuse_port=True)
    second.server_close()
    asyncio.run(first.server_close())


def test_task_of_a_call_ends_with_its_session(running: Asyncio) -> None:
    """When the peers are gone, no call and no task is left."""
    running.server.register_script_handler(None, hold)
    peers = [Peer.connect(running.address) for _ in range(50)]
    for peer in peers:
        peer.send(environment())
        assert peer.line() == b'WAIT FOR DIGIT "-1"'
        (peer.reset if peer is peers[0] else peer.close)()
    eventually(lambda: not running.server._number_of_calls())
    eventually(lambda: not running.server._tasks)


def test_without_quick_acknowledgements(
    place: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that has no quick acknowledgements does without."""
    monkeypatch.setattr("pystrix.agi._streams._QUICKACK", None)

    async def script(agi: aio.FastAGI) -> None:
        assert await agi.execute(core.GetVariable("X")) == "a\nb"

    peer = place(script)
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (a\nb)")
    answer_echo(peer)
    assert peer.rest() == b""


class Exhausted:
    """A listening socket that cannot accept at first, for want of descriptors."""

    def __init__(self, listening: socket.socket, failures: int) -> None:
        self._listening = listening
        self._failures = failures

    def accept(self) -> Any:
        """Fail, or accept."""
        if self._failures:
            self._failures -= 1
            raise OSError(errno.EMFILE, "too many open files")
        return self._listening.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listening, name)


@pytest.mark.parametrize("failures", [2, 1000])
def test_no_descriptors_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failures: int
) -> None:
    """Calls wait until others have ended; it is logged, and the server can be stopped meanwhile."""
    monkeypatch.setattr(aio, "EXHAUSTED_SECONDS", 0)

    async def handler(agi: aio.FastAGI, *_: object) -> None:
        await agi.execute(core.Answer())

    async def main() -> None:
        async with aio.FastAGIServer(port=0) as server:
            server.register_script_handler(None, handler)
            monkeypatch.setattr(server, "socket", Exhausted(server.socket, failures))
            serving = asyncio.create_task(server.serve_forever())
            reader, writer = await asyncio.open_connection(*server.server_address)
            writer.write(environment())
            if failures == 2:
                assert await reader.readline() == b"ANSWER\n"
                assert caplog.text.count("too many open files") == 2
            else:
                await asyncio.to_thread(eventually, lambda: "too many open" in caplog.text)
                await server.shutdown()
                server._start_accepting()  # as what waits for descriptors will do
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()
        await serving

    asyncio.run(main())
