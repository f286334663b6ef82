"""Programs that Asterisk starts, on asyncio: the session over two descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from pystrix.agi import (
    AGI,
    EAGI,
    AGIProtocolError,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AudioFormat,
    AudioStream,
    aio,
    core,
)
from tests.agi.peers import TIMEOUT, Background, PipePeer, environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from pathlib import Path

    Run = Callable[[Coroutine[Any, Any, Any]], Any]

AUDIO_ENVIRONMENT = environment("demo").replace(b"agi_enhanced: 0.0", b"agi_enhanced: 1.0")
FRAME = b"A" * 320


@pytest.fixture
def peer() -> Iterator[PipePeer]:
    """Give Asterisk's end."""
    with PipePeer() as made:
        yield made


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["stock", "uvloop"])
def run(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, peer: PipePeer
) -> Iterator[Run]:
    """Give a function that runs a coroutine on each loop.

    Afterwards the descriptors of the session are closed, and the loop has nothing to complain of.
    """

    async def in_time(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async with asyncio.timeout(TIMEOUT):
            return await coroutine

    def start(coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            with asyncio.Runner(loop_factory=request.param) as runner:
                return runner.run(in_time(coroutine))
        finally:
            assert_closed(*peer.program_ends)

    yield start
    records = caplog.get_records("call")
    assert [record for record in records if record.name == "asyncio"] == []


@pytest.fixture
def audio() -> Iterator[tuple[int, int]]:
    """Give a pipe for audio, whose ends are closed after the test."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)
    with contextlib.suppress(OSError):  # closed with the session
        os.close(reader)


def assert_closed(*filenos: int) -> None:
    """Check that descriptors are given back."""
    for fileno in filenos:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fileno)


async def begun(awaitable: Awaitable[Any]) -> asyncio.Task[Any]:
    """Begin a task, and return when it waits."""
    task = asyncio.ensure_future(awaitable)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def session(peer: PipePeer, body: Callable[[aio.AGI], Awaitable[Any]], **options: Any) -> Any:
    """Do something with a session."""
    peer.send(environment("program", ("one", "")))
    async with aio.AGI(descriptors=peer.program_ends, **options) as agi:
        result = await body(agi)
    assert_closed(*peer.program_ends)
    return result


async def enter(peer: PipePeer) -> str:
    """Begin a session; give the extension."""
    async with aio.AGI(descriptors=peer.program_ends) as agi:
        return agi.environment.extension


def test_parity() -> None:
    """The programs have the same names as those on threads, with the same parameters."""
    for ours, other in ((aio.AGI, AGI), (aio.EAGI, EAGI), (aio.AudioStream, AudioStream)):
        for name, member in inspect.getmembers(other, inspect.isfunction):
            if name not in ("notice", "fileno") and (name == "__init__" or name[0] != "_"):
                parameters = list(inspect.signature(member).parameters)
                assert list(inspect.signature(getattr(ours, name)).parameters) == parameters, name
    for name in ("environment", "request", "hung_up", "audio"):
        assert isinstance(getattr(aio.EAGI, name), property)


def test_session(run: Run, peer: PipePeer) -> None:
    """It knows its call, executes commands and dialogues, and leaves the process as it is."""
    before = (signal.getsignal(signal.SIGHUP), sys.excepthook, os.fstat(0), os.fstat(1))

    def dialogue() -> Any:
        return (yield core.GetVariable("X"))

    async def body(agi: aio.AGI) -> None:
        assert agi.environment.channel == "PJSIP/alice-00000001"
        assert agi.request.args == ("one", "")
        await agi.execute(core.Answer())
        assert await agi.execute(dialogue()) == "x"
        assert not agi.hung_up
        now = (signal.getsignal(signal.SIGHUP), sys.excepthook, os.fstat(0), os.fstat(1))
        assert now == before

    running = Background(run, session(peer, body))
    peer.expect(b"ANSWER", b"200 result=0")
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    running.result()
    assert peer.rest() == b""


def test_environment_in_pieces(run: Run, peer: PipePeer) -> None:
    """It is waited for."""
    running = Background(run, enter(peer))
    for byte in environment():
        peer.send(bytes([byte]))
    assert running.result() == "5551234"


def test_error_in_the_block(run: Run, peer: PipePeer) -> None:
    """The descriptors are closed, however it is left."""

    async def body(_: aio.AGI) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(session(peer, body))
    assert peer.rest() == b""


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n\n\n", b"\n", b"x" * 70_000])
def test_no_environment(run: Run, peer: PipePeer, sent: bytes) -> None:
    """Who is not started by Asterisk is told, and the descriptors are given back."""
    sending = Background(peer.send, sent)
    with pytest.raises(AGIProtocolError):
        run(enter(peer))
    with contextlib.suppress(BrokenPipeError):  # more than a pipe holds
        sending.result()


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\n"])
def test_end_of_the_environment(run: Run, peer: PipePeer, sent: bytes) -> None:
    """Asterisk left before it was complete."""
    peer.send(sent)
    peer.half_close()
    with pytest.raises(AGISIGPIPEHangup):
        run(enter(peer))


@pytest.mark.parametrize("steps", range(8))
def test_cancelled_before_the_environment(run: Run, peer: PipePeer, steps: int) -> None:
    """Who does not want to wait for it has the descriptors given back, at whichever step."""

    async def main() -> None:
        entering = asyncio.create_task(enter(peer))
        for _ in range(1 + steps):
            await asyncio.sleep(0)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering

    run(main())


def test_regular_file(peer: PipePeer, tmp_path: Path) -> None:
    """A loop cannot wait for a file, and the error says so."""
    path = tmp_path / "recorded"
    path.write_bytes(environment())
    reader, writer = peer.program_ends
    os.close(reader)
    reader = os.open(path, os.O_RDWR)

    async def main() -> None:
        async with aio.AGI(descriptors=(reader, writer)):
            pass

    with pytest.raises(ValueError, match="cannot wait for a file"):
        asyncio.run(main())
    assert_closed(reader, writer)


def test_asterisk_leaves(run: Run, peer: PipePeer) -> None:
    """The end of its lines ends the command that waits, and all that follow."""

    async def body(agi: aio.AGI) -> None:
        with pytest.raises(AGISIGPIPEHangup, match="WAIT FOR DIGIT"):
            await agi.execute(core.WaitForDigit())
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())
        assert agi.hung_up

    running = Background(run, session(peer, body))
    assert peer.line() == b'WAIT FOR DIGIT "-1"'
    peer.half_close()
    running.result()


@pytest.mark.parametrize("how", ["half_close", "close"])
def test_asterisk_leaves_an_idle_session(run: Run, peer: PipePeer, how: str) -> None:
    """The callback is called at once."""

    async def body(agi: aio.AGI) -> None:
        called = asyncio.Event()
        agi.on_hangup(called.set)
        getattr(peer, how)()
        await called.wait()
        assert agi.hung_up
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    run(session(peer, body))


def test_signal_while_idle(run: Run, peer: PipePeer) -> None:
    """It is noticed once; the next command raises; later ones are sent."""

    async def body(agi: aio.AGI) -> list[bool]:
        called: list[bool] = []
        told = asyncio.Event()
        agi.on_hangup(lambda: called.append(agi.hung_up))
        agi.on_hangup(told.set)
        agi._signalled()
        agi._signalled()
        assert agi.hung_up
        assert called == []  # the rest is done by the loop
        await told.wait()
        with pytest.raises(AGISIGHUPHangup):
            await agi.execute(core.Noop())
        await agi.execute(core.Noop())
        return called

    running = Background(run, session(peer, body))
    peer.expect(b"NOOP", b"200 result=0")
    assert running.result() == [True]


def test_signal_before_the_block(run: Run, peer: PipePeer) -> None:
    """It is not lost; a callback that is given later is called at once."""
    peer.send(environment())

    async def main() -> None:
        called: list[bool] = []
        agi = aio.AGI(descriptors=peer.program_ends)
        agi._signalled()
        async with agi:
            assert agi.hung_up
            agi.on_hangup(lambda: called.append(True))
            assert called == [True]
            with pytest.raises(AGISIGHUPHangup):
                await agi.execute(core.Noop())

    run(main())


def test_signal_when_the_loop_is_closed(run: Run, peer: PipePeer) -> None:
    """It does nothing."""
    sessions: list[aio.AGI] = []

    async def body(agi: aio.AGI) -> None:
        sessions.append(agi)

    run(session(peer, body))
    sessions[0]._signalled()


def test_signal_ends_a_block(run: Run, peer: PipePeer) -> None:
    """A block up to the hang-up ends; who has been told by it sends the next command."""

    async def body(agi: aio.AGI) -> None:
        async with agi.until_hangup():
            asyncio.get_running_loop().call_soon(agi._signalled)
            await asyncio.sleep(TIMEOUT)
        assert agi.hung_up
        await agi.execute(core.Noop())

    running = Background(run, session(peer, body))
    peer.expect(b"NOOP", b"200 result=0")
    running.result()


def test_signal_during_a_command(run: Run, peer: PipePeer) -> None:
    """Its -1 is the hang-up, without a question; nothing is raised again."""
    sessions: list[aio.AGI] = []

    async def body(agi: aio.AGI) -> None:
        sessions.append(agi)
        with pytest.raises(AGIResultHangup):
            await agi.execute(core.StreamFile("x"))
        await agi.execute(core.Noop())

    running = Background(run, session(peer, body))
    assert peer.line().startswith(b"STREAM FILE")
    sessions[0]._signalled()
    peer.reply(b"200 result=-1 endpos=1")
    peer.expect(b"NOOP", b"200 result=0")
    running.result()


def test_close_in_another_task(run: Run, peer: PipePeer) -> None:
    """A command that waits is ended."""

    async def body(agi: aio.AGI) -> None:
        waiting = await begun(agi.execute(core.WaitForDigit()))
        agi.close()
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await waiting
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    run(session(peer, body))
    assert peer.rest() == b'WAIT FOR DIGIT "-1"\n'


def test_close(run: Run, peer: PipePeer) -> None:
    """It ends the session at once, as often as it is asked for."""

    async def body(agi: aio.AGI) -> None:
        waiting = await begun(agi.execute(core.WaitForDigit()))
        agi.close()
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await waiting

    run(session(peer, body))


def test_time_limit(run: Run, peer: PipePeer) -> None:
    """What Asterisk does not stop closes the session."""

    async def body(agi: aio.AGI) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.Exec("Wait", 9), timeout=0.01)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    run(session(peer, body))
    assert peer.rest() == b'EXEC "Wait" "9"\n'


def test_cancelled_in_the_block(run: Run, peer: PipePeer) -> None:
    """The descriptors are closed, and the cancellation goes on."""

    async def body(agi: aio.AGI) -> None:
        await agi.execute(core.Exec("Wait", 9))

    async def main() -> None:
        running = await begun(session(peer, body))
        assert await asyncio.to_thread(peer.line) == b'EXEC "Wait" "9"'
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(main())
    assert peer.rest() == b""


def fill(peer: PipePeer) -> None:
    """Fill the pipe that the program writes to."""
    os.set_blocking(peer.stdout, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(peer.stdout, b"x" * 4096)


def test_asterisk_does_not_read_for_a_while(run: Run, peer: PipePeer) -> None:
    """What cannot be sent is sent as soon as it can, in its order."""

    async def body(agi: aio.AGI) -> None:
        fill(peer)
        task = await begun(agi.execute(core.WaitForDigit()))
        task.cancel()  # another line waits behind the first
        await asyncio.sleep(0)
        line = await asyncio.to_thread(peer.line)
        assert line.lstrip(b"x") == b'WAIT FOR DIGIT "-1"'
        echo = await asyncio.to_thread(peer.line)
        peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
        with pytest.raises(asyncio.CancelledError):
            await task

    run(session(peer, body))


def test_asterisk_does_not_read(run: Run, peer: PipePeer) -> None:
    """Leaving does not wait for it, and drops what it did not take."""

    async def body(agi: aio.AGI) -> None:
        fill(peer)
        task = await begun(agi.execute(core.Noop()))
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await task

    run(session(peer, body))
    assert b"NOOP" not in peer.rest()


def test_debug(run: Run, peer: PipePeer, caplog: pytest.LogCaptureFixture) -> None:
    """Every line is logged."""
    caplog.set_level("DEBUG", "pystrix")

    async def body(agi: aio.AGI) -> None:
        await agi.execute(core.Noop())

    running = Background(run, session(peer, body, debug=True))
    peer.expect(b"NOOP", b"200 result=0")
    running.result()
    assert "Asterisk << b'NOOP" in caplog.text
    assert "Asterisk >> b'200 result=0" in caplog.text


# EAGI.


async def enhanced(
    peer: PipePeer,
    audio: tuple[int, int],
    body: Callable[[aio.EAGI], Awaitable[Any]],
    **options: Any,
) -> Any:
    """Do something with a session with audio."""
    peer.send(AUDIO_ENVIRONMENT)
    async with aio.EAGI(descriptors=(*peer.program_ends, audio[0]), **options) as agi:
        return await body(agi)


async def nothing(_: aio.EAGI) -> None:
    """Do nothing."""


def test_audio(run: Run, peer: PipePeer, audio: tuple[int, int]) -> None:
    """Frames come; after the hang-up those that came before, and the end."""

    async def body(agi: aio.EAGI) -> None:
        assert agi.audio.format.name == "slin"
        os.write(audio[1], FRAME)
        assert await agi.audio.read(TIMEOUT) == FRAME

        async def collect() -> list[bytes]:
            return [frame async for frame in agi.audio]

        reading = await begun(collect())
        os.write(audio[1], FRAME * 2)
        agi._signalled()
        assert await reading == [FRAME, FRAME]

    running = Background(run, enhanced(peer, audio, body))
    peer.expect(b'GET VARIABLE "EAGI_AUDIO_FORMAT"', b"200 result=0")
    running.result()
    assert_closed(audio[0])


def test_audio_of_a_format(run: Run, peer: PipePeer, audio: tuple[int, int]) -> None:
    """What the program says is not asked for."""
    form = AudioFormat("g722", 16000, 160)

    async def body(agi: aio.EAGI) -> None:
        assert agi.audio.format is form
        agi.close()
        assert await agi.audio.read() == b""

    run(enhanced(peer, audio, body, audio_format=form))
    assert peer.rest() == b""


def test_audio_of_an_unknown_format(run: Run, peer: PipePeer, audio: tuple[int, int]) -> None:
    """The program is told, and the descriptors of the session are given back."""
    running = Background(run, enhanced(peer, audio, nothing))
    peer.expect(b'GET VARIABLE "EAGI_AUDIO_FORMAT"', b"200 result=1 (g722)")
    with pytest.raises(ValueError, match="g722"):
        running.result()


def test_audio_where_there_is_none(run: Run, peer: PipePeer, audio: tuple[int, int]) -> None:
    """A program that was started by AGI() is told how to get it."""
    peer.send(environment())

    async def main() -> None:
        async with aio.EAGI(descriptors=(*peer.program_ends, audio[0])):
            pass

    with pytest.raises(RuntimeError, match=r"EAGI\(\)"):
        run(main())


def test_end_while_the_format_is_asked_for(
    run: Run, peer: PipePeer, audio: tuple[int, int]
) -> None:
    """It is raised, and the descriptors of the session are given back."""
    running = Background(run, enhanced(peer, audio, nothing))
    assert peer.line().startswith(b"GET VARIABLE")
    peer.half_close()
    with pytest.raises(AGISIGPIPEHangup):
        running.result()
