"""AGI over standard input and output on asyncio: a program that Asterisk starts for each call."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, cast

from pystrix.agi._async_connection import PipeConnection
from pystrix.agi._async_session import AsyncSession
from pystrix.agi._process import (
    AUDIO,
    log_to_stderr,
    on_hangup_signal,
    take_descriptors,
)
from pystrix.agi._protocol import State
from pystrix.agi.audio import AudioFormat, Frames, find_format

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType
    from typing import Self

__all__ = ["AGI", "EAGI", "AudioStream"]


class AGI(AsyncSession):
    """The call for which Asterisk started this program, by ``AGI(program)``.

    ``async with AGI() as agi: ...``, once, early, in the main thread. What it does to the process
    is told at `pystrix.agi.AGI`.

    Args:
        debug: Whether to log every line at level DEBUG.
        descriptors: Two descriptors to read from and write to, instead of 0 and 1; the process is
            then left as it is, and SIGHUP too. They are closed with the session.

    Raises:
        AGIProtocolError: By ``async with``, if what comes is no environment: Asterisk did not
            start the program.
        AGISIGPIPEHangup: By ``async with``, if standard input ends before it is complete.
        ValueError: By ``async with``, if standard input is a file, which asyncio cannot wait for.
    """

    def __init__(self, debug: bool = False, *, descriptors: tuple[int, int] | None = None) -> None:
        self._pipes = PipeConnection(*(descriptors or take_descriptors()))
        super().__init__(self._pipes, "Asterisk", debug=debug)
        if descriptors is None:
            on_hangup_signal(self._signalled)
            log_to_stderr()

    def _signalled(self) -> None:
        """Note the hang-up; in a signal handler, so the rest is left to the loop."""
        self._protocol.receive_signal()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed already
                self._loop.call_soon_threadsafe(self.feed, b"")

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            self._pipes.open(self, self._loop)
            await self._wait(State.ENVIRONMENT)
            await self._begin()
        except BaseException:
            self.close()
            raise
        return self

    async def _begin(self) -> None:
        """Do what is to be done before the program gets the session."""
        _ = self.environment  # raises if there is none

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class EAGI(AGI):
    """The same with the caller's audio, for a program started by ``EAGI(program)``.

    Args:
        debug: Whether to log every line at level DEBUG.
        audio_format: How the frames are written, if they are of a format that is not known here.
            Otherwise Asterisk is asked, for the channel variable ``EAGI_AUDIO_FORMAT``.
        descriptors: Three descriptors instead of 0, 1 and 3: see `AGI`.

    Raises:
        RuntimeError: By ``async with``, if the program was started by ``AGI()``: there is no audio.
        ValueError: By ``async with``, if the format of the audio is not known.
        AGIProtocolError: As for `AGI`.
        AGISIGPIPEHangup: As for `AGI`.
    """

    def __init__(
        self,
        debug: bool = False,
        *,
        audio_format: AudioFormat | None = None,
        descriptors: tuple[int, int, int] | None = None,
    ) -> None:
        super().__init__(debug, descriptors=descriptors and descriptors[:2])
        self._format = audio_format
        self._audio_descriptor = descriptors[2] if descriptors else AUDIO
        self._audio: AudioStream | None = None

    @property
    def audio(self) -> AudioStream:
        """What the caller says; there within ``async with``."""
        return cast("AudioStream", self._audio)

    async def _begin(self) -> None:
        form = await self.execute(find_format(self.environment, self._format))
        self._audio = AudioStream(self._audio_descriptor, form)
        self.on_hangup(self._audio.end)

    def close(self) -> None:
        """End the session and the audio. Idempotent."""
        super().close()
        if self._audio is not None:
            self._audio.close()


class AudioStream:
    """The caller's audio on asyncio: an iterator of frames, which ends after the hang-up.

    Frames of several tasks are read one after the other. The hang-up is known when Asterisk tells
    it: with the variable ``AGISIGHUP=no`` it does not, and only a time limit ends a `read` then.
    """

    def __init__(self, descriptor: int, form: AudioFormat) -> None:
        os.set_blocking(descriptor, False)
        self.format: AudioFormat = form
        """How the frames are written."""
        self._frames = Frames(descriptor, form)
        self._lock = asyncio.Lock()
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None

    async def read(self, timeout: float | None = None) -> bytes:
        """Wait for a frame; it can be cancelled, and no frame is lost.

        Args:
            timeout: How long, in seconds; None for as long as the call lasts.

        Returns:
            20 ms of audio, ``format.frame_bytes`` bytes; ``b""`` when the call is over.

        Raises:
            TimeoutError: If no frame came in time.
        """
        async with asyncio.timeout(timeout), self._lock:
            while (frame := self._frames.take()) is None:
                if self._ended:
                    return b""
                await self._ready()
        return frame

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give frame after frame, up to the end of the call."""
        while frame := await self.read():
            yield frame

    def end(self) -> None:
        """Have `read` wait no more: when what has come is read, the audio is over. Idempotent."""
        self._ended = True
        self._wake()

    def close(self) -> None:
        """End the audio and give the descriptor back. Idempotent."""
        self.end()
        self._frames.close()

    async def _ready(self) -> None:
        """Wait until there may be bytes, or the end."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._waiter.get_loop().add_reader(self._frames.descriptor, self._wake)
        try:
            await self._waiter
        finally:
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.get_loop().remove_reader(self._frames.descriptor)
            if not waiter.done():
                waiter.set_result(None)
