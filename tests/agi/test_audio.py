"""The caller's audio: its formats, and reading it on threads and on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import uvloop

from pystrix.agi import AudioFormat, AudioStream, Environment, aio, core
from pystrix.agi.audio import _FORMATS, Frames, find_format
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

ENHANCED = Environment({"agi_enhanced": "1.0"})
TINY = AudioFormat("tiny", 200, 4)
ONE, TWO = b"\1\2\3\4", b"\5\6\7\x08"


# Formats.

FRAMES = {
    "slin": (8000, 320),
    "slin8": (8000, 320),
    "slin12": (12000, 480),
    "slin16": (16000, 640),
    "slin24": (24000, 960),
    "slin32": (32000, 1280),
    "slin44": (44100, 1764),
    "slin48": (48000, 1920),
    "slin96": (96000, 3840),
    "slin192": (192000, 7680),
    "ulaw": (8000, 160),
    "alaw": (8000, 160),
    "gsm": (8000, 33),
    "adpcm": (8000, 80),
}


@pytest.mark.parametrize("name", FRAMES)
def test_format(name: str) -> None:
    """A frame is 20 ms of each format."""
    rate, size = FRAMES[name]
    form = AudioFormat(name, rate, size)
    assert look_up(name) == form
    assert (form.name, form.sample_rate, form.frame_bytes) == (name, rate, size)
    if name.startswith("slin"):
        assert size == rate // 50 * 2


def test_all_formats_are_tested() -> None:
    """The table above has every format."""
    assert set(_FORMATS) == set(FRAMES)


def look_up(said: str | None) -> AudioFormat:
    """Run the dialogue with what Asterisk says for the variable."""
    dialogue = find_format(ENHANCED, None)
    assert next(dialogue) == core.GetVariable("EAGI_AUDIO_FORMAT")
    with pytest.raises(StopIteration) as end:
        dialogue.send(said)
    found: AudioFormat = end.value.value
    return found


def test_no_format_is_said() -> None:
    """Without the variable, and with an empty one, Asterisk writes slin."""
    assert look_up(None) == look_up("") == AudioFormat("slin", 8000, 320)


def test_capitals() -> None:
    """Asterisk takes capitals for small letters."""
    assert look_up("SLIN16") == AudioFormat("slin16", 16000, 640)


def test_unknown_format() -> None:
    """A format with other frames is named, and what to do."""
    with pytest.raises(ValueError, match=r"'g722'.*slin16.*audio_format="):
        look_up("g722")


def test_not_enhanced() -> None:
    """A program that was started without audio is told how to get it."""
    for said in (None, TINY):
        with pytest.raises(RuntimeError, match=r"EAGI\(\)"):
            next(find_format(Environment({"agi_enhanced": "0.0"}), said))


def test_format_of_the_program() -> None:
    """What the program says is not asked for."""
    with pytest.raises(StopIteration) as end:
        next(find_format(ENHANCED, TINY))
    assert end.value.value is TINY


# Frames.


class Pipe(NamedTuple):
    """What the stream reads from, and Asterisk's end of it."""

    reader: int
    writer: int

    def send(self, data: bytes) -> None:
        """Write bytes."""
        os.write(self.writer, data)

    def end(self) -> None:
        """Write no more."""
        os.close(self.writer)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Give a pipe, whose ends are closed after the test."""
    made = Pipe(*os.pipe())
    yield made
    for each in made:
        with contextlib.suppress(OSError):  # closed by the test
            os.close(each)


def assert_closed(*filenos: int) -> None:
    """Check that descriptors are given back."""
    for fileno in filenos:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fileno)


def test_frames(pipe: Pipe) -> None:
    """A frame is given when it is whole; half a frame at the end is dropped."""
    os.set_blocking(pipe.reader, False)
    frames = Frames(pipe.reader, TINY)
    assert frames.take() is None
    for byte in ONE:
        assert frames.take() is None
        pipe.send(bytes([byte]))
    assert frames.take() == ONE
    assert frames.take() is None
    pipe.send(TWO + ONE + b"\1")
    assert [frames.take() for _ in range(3)] == [TWO, ONE, None]
    pipe.end()
    assert [frames.take() for _ in range(2)] == [b"", b""]
    frames.close()
    frames.close()
    assert frames.take() == b""
    assert_closed(pipe.reader)


# On threads.


@pytest.fixture
def audio(pipe: Pipe) -> Iterator[AudioStream]:
    """Give a stream of small frames on a thread."""
    stream = AudioStream(pipe.reader, TINY)
    yield stream
    stream.close()


def test_read(pipe: Pipe, audio: AudioStream) -> None:
    """Frames come whole, however they are cut; then the end."""
    assert audio.format is TINY
    pipe.send(ONE + TWO)
    assert audio.read() == ONE
    assert audio.read(timeout=TIMEOUT) == TWO
    reading = Background(audio.read)
    for byte in ONE:
        pipe.send(bytes([byte]))
    assert reading.result() == ONE
    pipe.send(b"\1\2")
    pipe.end()
    assert [audio.read() for _ in range(2)] == [b"", b""]


def test_read_in_time(pipe: Pipe, audio: AudioStream) -> None:
    """A frame that does not come in time loses nothing of what has come."""
    for timeout in (0.01, 0):
        with pytest.raises(TimeoutError, match=f"within {timeout} s"):
            audio.read(timeout)
    pipe.send(ONE[:3])
    with pytest.raises(TimeoutError):
        audio.read(timeout=0.01)
    pipe.send(ONE[3:])
    assert audio.read(timeout=0) == ONE


def test_iteration(pipe: Pipe, audio: AudioStream) -> None:
    """It gives every frame, and ends with the audio."""
    pipe.send(ONE + TWO + b"\1")
    pipe.end()
    assert list(audio) == [ONE, TWO]
    assert list(audio) == []


def test_end(pipe: Pipe, audio: AudioStream) -> None:
    """A reader in another thread is woken, and reads what has come."""
    reading = Background(lambda: list(audio))
    pipe.send(ONE)
    audio.end()
    audio.end()
    assert reading.result() == [ONE]
    pipe.send(TWO + b"\1")
    assert [audio.read() for _ in range(2)] == [TWO, b""]
    assert audio.read(timeout=0) == b""


def test_close_while_read(pipe: Pipe, audio: AudioStream) -> None:
    """A reader in another thread is woken before the descriptors are given back."""
    ours = (pipe.reader, audio._woken, audio._waker)
    reading = [Background(audio.read, timeout) for timeout in (None, TIMEOUT)]
    audio.close()
    audio.close()
    assert [each.result() for each in reading] == [b"", b""]
    assert_closed(*ours)
    assert audio.read() == b""
    audio.end()
    assert list(audio) == []


def test_closed_unread(pipe: Pipe, audio: AudioStream) -> None:
    """Who closes does not want what has come."""
    pipe.send(ONE)
    audio.close()
    assert audio.read() == b""


def test_two_threads(pipe: Pipe, audio: AudioStream) -> None:
    """Each frame goes to one of two readers, whole."""
    reading = [Background(lambda: list(audio)) for _ in range(2)]
    frames = [bytes([number]) * 4 for number in range(200)]
    for frame in frames:
        for byte in frame:
            pipe.send(bytes([byte]))
    pipe.end()
    assert sorted(frame for each in reading for frame in each.result()) == frames


# On asyncio.


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["stock", "uvloop"])
def run(request: pytest.FixtureRequest, pipe: Pipe) -> Callable[[Any], None]:
    """Give a function that runs a coroutine function with a stream of small frames."""

    async def main(body: Any) -> None:
        stream = aio.AudioStream(pipe.reader, TINY)
        async with asyncio.timeout(TIMEOUT):
            await body(stream)
        stream.close()

    def start(body: Callable[[aio.AudioStream], Coroutine[Any, Any, None]]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(main(body))

    return start


async def begun(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Begin a task, and return when it waits."""
    task = asyncio.create_task(coroutine)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()
    return task


async def collect(audio: aio.AudioStream) -> list[bytes]:
    """Read up to the end."""
    return [frame async for frame in audio]


def test_async_read(run: Callable[[Any], None], pipe: Pipe) -> None:
    """Frames come whole, however they are cut; then the end."""

    async def body(audio: aio.AudioStream) -> None:
        assert audio.format is TINY
        pipe.send(ONE + TWO)
        assert await audio.read() == ONE
        assert await audio.read(timeout=TIMEOUT) == TWO
        reading = await begun(audio.read())
        for byte in ONE:
            pipe.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await reading == ONE
        reading = await begun(audio.read())
        pipe.send(b"\1\2")
        pipe.end()
        assert await reading == b""
        assert await audio.read() == b""

    run(body)


def test_async_read_in_time(run: Callable[[Any], None], pipe: Pipe) -> None:
    """A frame that does not come in time loses nothing of what has come."""

    async def body(audio: aio.AudioStream) -> None:
        for timeout in (0.01, 0):
            with pytest.raises(TimeoutError):
                await audio.read(timeout)
        pipe.send(ONE[:3])
        with pytest.raises(TimeoutError):
            await audio.read(timeout=0.01)
        pipe.send(ONE[3:])
        assert await audio.read(timeout=0) == ONE

    run(body)


def test_async_iteration(run: Callable[[Any], None], pipe: Pipe) -> None:
    """It gives every frame, and ends with the audio."""

    async def body(audio: aio.AudioStream) -> None:
        pipe.send(ONE + TWO + b"\1")
        pipe.end()
        assert await collect(audio) == [ONE, TWO]
        assert await collect(audio) == []

    run(body)


def test_async_end(run: Callable[[Any], None], pipe: Pipe) -> None:
    """A task that reads is woken, and reads what has come."""

    async def body(audio: aio.AudioStream) -> None:
        reading = await begun(collect(audio))
        pipe.send(ONE)
        audio.end()
        audio.end()
        assert await reading == [ONE]
        pipe.send(TWO + b"\1")
        assert await audio.read() == TWO
        assert await audio.read() == b""

    run(body)


def test_async_close_while_read(run: Callable[[Any], None], pipe: Pipe) -> None:
    """Tasks that read are woken, and the descriptor is given back."""

    async def body(audio: aio.AudioStream) -> None:
        reading = [await begun(audio.read(timeout)) for timeout in (None, TIMEOUT)]
        audio.close()
        audio.close()
        assert [await each for each in reading] == [b"", b""]
        assert_closed(pipe.reader)
        assert await audio.read() == b""
        audio.end()
        assert await collect(audio) == []

    run(body)


def test_async_closed_unread(run: Callable[[Any], None], pipe: Pipe) -> None:
    """Who closes does not want what has come."""

    async def body(audio: aio.AudioStream) -> None:
        pipe.send(ONE)
        audio.close()
        assert await audio.read() == b""

    run(body)


def test_async_cancelled(run: Callable[[Any], None], pipe: Pipe) -> None:
    """A read that is cancelled loses no frame, not even one that comes at that moment."""

    async def body(audio: aio.AudioStream) -> None:
        for piece in (b"", ONE[:1], ONE[1:]):
            reading = await begun(audio.read())
            pipe.send(piece)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        assert await audio.read() == ONE
        reading = await begun(audio.read())
        pipe.send(TWO)
        assert await reading == TWO

    run(body)


def test_async_two_tasks(run: Callable[[Any], None], pipe: Pipe) -> None:
    """They read one after the other, and each frame goes to one of them, whole."""

    async def body(audio: aio.AudioStream) -> None:
        first, second, third = [await begun(audio.read()) for _ in range(3)]
        second.cancel()
        pipe.send(ONE)
        assert await first == ONE
        assert not third.done()
        pipe.send(TWO)
        assert await third == TWO
        reading = [await begun(collect(audio)) for _ in range(2)]
        frames = [bytes([number]) * 4 for number in range(200)]
        for frame in frames:
            for byte in frame:
                pipe.send(bytes([byte]))
                await asyncio.sleep(0)
        pipe.end()
        assert sorted(await reading[0] + await reading[1]) == frames

    run(body)
