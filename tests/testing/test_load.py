"""The load: figures of servers that serve, refuse, break, and say nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.agi import aio, core
from pystrix.testing import Caller
from pystrix.testing._aio import SimulatedTimeLoop
from pystrix.testing.load import Latencies, LoadResult, _Call, _Load, run_load
from tests.agi.peers import TIMEOUT
from tests.cli.servers import peer, read_to_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[..., Awaitable[None]]
    Until = Callable[[LoadResult], bool]

SWEEP = 0.05
"""How often the figures are looked at, in seconds."""


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Serve a handler, and give its URL."""
    async with aio.FastAGIServer(port=0) as server:
        server.register_script_handler(None, handler)
        task = asyncio.create_task(server.serve_forever())
        yield f"agi://127.0.0.1:{server.server_address[1]}/x"
        await server.shutdown()
        await task


@pytest.fixture(autouse=True)
def sweeps_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """See soon what has come of a load."""
    monkeypatch.setattr("pystrix.testing.load._SWEEP_SECONDS", SWEEP)


async def run_until(url: str, caller: str, until: Until, **options: Any) -> LoadResult:
    """Load a server until something is so."""
    results: list[LoadResult] = []

    def notice(result: LoadResult) -> None:
        results.append(result)
        if until(result):
            task.cancel()

    options = {"duration": TIMEOUT, "concurrency": 4} | options
    task = asyncio.create_task(run_load(url, caller, notice=notice, **options))
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert until(results[-1])
    return results[-1]


def load(handler: Handler, caller: str = "", *, until: Until, **options: Any) -> LoadResult:
    """Load a handler until something is so."""

    async def main() -> LoadResult:
        async with serving(handler) as url:
            return await run_until(url, caller, until, **options)

    return asyncio.run(main())


def load_for_a_moment(handler: Handler, **options: Any) -> LoadResult:
    """Load a handler, and do not wait for anything."""

    async def main() -> LoadResult:
        async with serving(handler) as url:
            return await run_load(url, concurrency=4, duration=0.3, **options)

    return asyncio.run(main())


def load_peer(
    function: Callable[[socket.socket], object],
    then: Callable[[], object] = lambda: None,
    until: Until = lambda result: bool(result.calls or result.errors),
    **options: Any,
) -> LoadResult:
    """Load a server of which one call is served, by a function; the end of it ends the load."""
    with peer(function) as url:
        try:
            return asyncio.run(run_until(url, "", until, concurrency=1, **options))
        finally:
            then()


def flood(connection: socket.socket, stuck: threading.Event) -> None:
    """Send long commands and read no answer, until it is stuck or nobody listens any more."""
    command = b"GET FULL VARIABLE " + b"x" * 8000 + b"\n"
    connection.settimeout(0.01)
    unsent = b""
    with contextlib.suppress(ConnectionError):
        while not stuck.is_set():
            unsent = unsent or command
            with contextlib.suppress(TimeoutError):
                unsent = unsent[connection.send(unsent) :]
    connection.settimeout(TIMEOUT)


def read_until(connection: socket.socket, end: bytes) -> None:
    """Read up to something."""
    data = b""
    while not data.endswith(end):
        data += connection.recv(65536)


async def two_commands(agi: Any, *_: object) -> None:
    """Answer and play."""
    await agi.execute(core.Answer())
    await agi.execute(core.StreamFile("demo-congrats"))


def test_closed_loop() -> None:
    """Calls follow each other; every command of a call is counted."""
    result = load(two_commands, until=lambda result: result.calls > 4)
    # Calls that were cut off have sent one command, or both.
    assert 0 <= result.commands - 2 * result.calls - result.cut_off <= result.cut_off
    assert result.cut_off + result.waiting <= 4
    assert not result.errors
    assert result.served
    assert result.call.count == result.calls
    assert result.set_up.count == result.calls + result.cut_off
    assert result.set_up.count + result.command.count == result.commands


def test_duration() -> None:
    """It lasts as long as was asked for; the last that is noticed is the end."""
    seen: list[tuple[int, float]] = []

    def notice(result: LoadResult) -> None:
        seen.append((result.calls, result.seconds))

    result = load_for_a_moment(two_commands, notice=notice)
    assert result.seconds >= 0.3
    assert seen[-1] == (result.calls, result.seconds)


def test_rate() -> None:
    """Calls begin whether others have ended or not, and not faster than was asked for."""
    began: list[float] = []

    async def waits(agi: Any, *_: object) -> None:
        began.append(time.perf_counter())
        await agi.execute(core.Answer())
        await asyncio.sleep(60)

    result = load(waits, rate=50, concurrency=50, until=lambda _: len(began) >= 10)
    assert (result.calls, result.errors) == (0, {})
    assert result.seconds >= 9 / 50


def test_moments_of_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many calls begin in a second."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(time, "perf_counter", loop.time)
        began: list[float] = []

        async def connect() -> None:
            began.append(loop.time())

        load = _Load("agi://127.0.0.1", Caller(), 1000, 20.0, 10.0, {})
        monkeypatch.setattr(load, "_connect", connect)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10.01):
                await load._make_calls()
        return began

    with asyncio.Runner(loop_factory=lambda: SimulatedTimeLoop(TIMEOUT)) as runner:
        began = runner.run(main())
    assert began == pytest.approx([number / 20 for number in range(201)])


def test_no_room_at_this_rate() -> None:
    """Callers for whom there is no room are counted."""

    async def waits(agi: Any, *_: object) -> None:
        await agi.execute(core.Answer())
        await asyncio.sleep(60)

    result = load(
        waits,
        rate=50,
        concurrency=2,
        until=lambda result: result.errors["no room at this rate"] > 1 and result.commands == 2,
    )
    assert result.calls == 0
    assert (result.cut_off, result.commands) == (2, 2)
    assert result.served


def test_keys() -> None:
    """A caller with a plan."""
    pressed: set[str] = set()

    async def asks(agi: Any, *_: object) -> None:
        pressed.add((await agi.execute(core.GetData("enter", max_digits=3))).digits)

    load(asks, "123", until=lambda result: result.calls > 0)
    assert pressed == {"123"}


def test_failures() -> None:
    """Handlers that fail are no calls that were served."""

    async def fails(agi: Any, *_: object) -> None:
        await agi.execute(core.Answer())
        raise LookupError

    result = load(fails, until=lambda result: result.errors["AGISTATUS=FAILURE"] > 0)
    assert result.calls == 0
    assert not result.served


def test_silence() -> None:
    """A server that says nothing is left."""

    async def silent(agi: Any, *_: object) -> None:  # noqa: ARG001
        await asyncio.sleep(60)

    result = load(
        silent, patience=0.1, until=lambda result: result.errors["no command in time"] >= 4
    )
    assert (result.calls, result.commands) == (0, 0)


def test_silence_to_the_end() -> None:
    """Who has not said anything by the end has not served."""

    async def silent(agi: Any, *_: object) -> None:  # noqa: ARG001
        await asyncio.sleep(60)

    result = load_for_a_moment(silent)
    assert (result.waiting, result.cut_off, result.calls) == (4, 0, 0)
    assert not result.errors
    assert not result.served


def test_nothing_comes() -> None:
    """A server that closes at once."""

    async def leaves(agi: Any, *_: object) -> None:
        pass

    result = load(leaves, until=lambda result: result.errors["no command came"] > 0)
    assert result.calls == 0


def test_refused() -> None:
    """Nobody listens there; it is not called as fast as it refuses."""
    refused = "cannot connect: Connection refused"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"agi://127.0.0.1:{probe.getsockname()[1]}"
        until = lambda result: result.errors[refused] >= 4  # noqa: E731
        result = asyncio.run(run_until(url, "", until, concurrency=2))
    assert set(result.errors) == {refused}
    assert result.seconds >= SWEEP * (result.errors[refused] // 2 - 1)


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
        result = asyncio.run(run_until(url, "", lambda result: bool(result.errors), concurrency=1))
    assert set(result.errors) == {"cannot connect: no answer"}


def test_reset() -> None:
    """A server whose connections break."""

    def reset(connection: socket.socket) -> None:
        read_until(connection, b"\n\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    result = load_peer(reset)
    assert result.calls == 0
    assert result.errors["the connection broke"] == 1


def test_pieces() -> None:
    """What counts is lines, however they come; those behind the end are run, too."""

    def pieces(connection: socket.socket) -> None:
        read_until(connection, b"\n\n")
        connection.sendall(b"NO")
        connection.sendall(b"OP\nNOOP\nNOO")
        read_until(connection, b"200 result=0\n")
        connection.sendall(b"P\nNOOP\n")
        connection.shutdown(socket.SHUT_WR)
        answers.append(read_to_end(connection))

    answers: list[bytes] = []
    result = load_peer(pieces)
    assert (result.calls, result.commands) == (1, 4)
    assert result.set_up.count == 1
    assert answers == [b"200 result=0\n" * 3 + b"HANGUP\n"]


def test_pipelined_commands_that_take_time() -> None:
    """They are run one after the other, in no time."""

    def pushes(connection: socket.socket) -> None:
        read_until(connection, b"\n\n")
        connection.sendall(b"EXEC Wait 5\nEXEC Wait 5\n")
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)

    result = load_peer(pushes)
    assert (result.calls, result.commands) == (1, 2)


@pytest.mark.parametrize("stays", [False, True])
def test_no_agi(stays: bool) -> None:
    """A server of another protocol has served nobody, whether it closes or not."""
    answered, over = threading.Event(), threading.Event()

    def web(connection: socket.socket) -> None:
        read_until(connection, b"\n\n")
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        read_until(connection, b"510 Invalid or unknown command\n")
        answered.set()
        if stays:
            over.wait(TIMEOUT)

    result = load_peer(
        web,
        then=over.set,
        until=lambda result: answered.is_set() if stays else bool(result.errors),
    )
    assert result.errors["the server speaks no AGI"] == 1
    assert not result.served


def test_flood_of_rubbish() -> None:
    """It is not listened to for long."""

    def babbles(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"\xff\xfe\n" * 100)

    result = load_peer(babbles)
    assert result.errors["the server speaks no AGI"] == 1
    assert not result.served


def test_command_that_asterisk_does_not_survive() -> None:
    """A call in which Asterisk aborts was not served."""

    def harms(connection: socket.socket) -> None:
        read_until(connection, b"\n\n")
        connection.sendall(b"NOOP\n")
        read_until(connection, b"200 result=0\n")
        connection.sendall(b"NOOP" + b' "x"' * 200 + b"\n")
        read_to_end(connection)

    result = load_peer(harms)
    assert result.errors["a command at which Asterisk aborts"] == 1
    assert result.calls == 0


def test_server_that_does_not_read() -> None:
    """It is not listened to meanwhile, so that nothing piles up, and given up in the end."""
    result = load_peer(lambda connection: flood(connection, threading.Event()), patience=0.5)
    assert result.errors == {"the server does not read": 1}


def test_server_that_reads_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets all answers."""
    stuck = threading.Event()
    pause = _Call.pause_writing

    def pause_writing(call: _Call) -> None:
        pause(call)
        stuck.set()

    monkeypatch.setattr(_Call, "pause_writing", pause_writing)

    def late(connection: socket.socket) -> None:
        flood(connection, stuck)
        connection.shutdown(socket.SHUT_WR)
        answers.append(read_to_end(connection))

    answers: list[bytes] = []
    result = load_peer(late, patience=TIMEOUT)
    assert result.calls == 1
    # The last command is cut off somewhere.
    assert 0 <= result.commands - answers[0].count(b"200 result=1 (x") <= 1
    assert result.commands > 100


def test_endless_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that does not end is ended."""
    monkeypatch.setattr("pystrix.testing._pilot.MOST_COMMANDS", 20)

    async def goes_on(agi: Any, *_: object) -> None:
        while True:
            await agi.execute(core.Noop())

    result = load(goes_on, until=lambda result: result.errors["the call does not end"] > 0)
    assert result.calls == 0


def test_application_that_fails() -> None:
    """What the applications of the setup raise ends the load."""

    def fails(*_: object) -> None:
        raise LookupError("what a mistake")

    async def executes(agi: Any, *_: object) -> None:
        await agi.execute(core.Exec("Own"))

    with pytest.raises(LookupError, match="what a mistake"):
        load(executes, applications={"Own": fails}, until=lambda _: False)


def test_cancelled() -> None:
    """Who cancels the load has been given all figures."""

    async def main() -> LoadResult:
        results: list[LoadResult] = []

        def notice(result: LoadResult) -> None:
            results.append(result)
            if result.calls:
                task.cancel()

        async with serving(two_commands) as url:
            task = asyncio.create_task(run_load(url, duration=TIMEOUT, notice=notice))
            with pytest.raises(asyncio.CancelledError):
                await task
        return results[-1]

    result = asyncio.run(main())
    assert result.calls
    assert result.set_up.count == result.calls + result.cut_off


def test_connected_at_the_end() -> None:
    """A connection that is made while the load ends is closed, and counted."""

    async def main() -> LoadResult:
        async with serving(two_commands) as url:
            load = _Load(url, Caller(), 1, None, 10.0, {})
            load.over = True
            load._dialing = 1
            await load._loop.create_connection(lambda: _Call(load, 0.0), load.host, load.port)
        return load.result

    result = asyncio.run(main())
    assert (result.waiting, result.set_up.count) == (1, 0)


def test_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is none, and one that nobody has."""
    with pytest.raises(OSError, match="there is no such address"):
        asyncio.run(run_load("agi://a..b"))

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror, match="Name or service not known"):
        asyncio.run(run_load("agi://example.invalid"))


@pytest.mark.parametrize("addresses", [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")])
def test_host_with_several_addresses(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, str]
) -> None:
    """The first that takes the call is it."""
    real = socket.getaddrinfo

    def two(host: str, *arguments: Any, **options: Any) -> list[Any]:
        assert host == "here"
        return [found for each in addresses for found in real(each, *arguments, **options)]

    async def main() -> LoadResult:
        async with serving(two_commands) as url:
            with monkeypatch.context() as patch:
                patch.setattr(socket, "getaddrinfo", two)
                here = url.replace("127.0.0.1", "here")
                return await run_until(here, "", lambda result: result.calls > 0)

    result = asyncio.run(main())
    assert not result.errors


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
