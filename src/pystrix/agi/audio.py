"""The caller's audio, which Asterisk hands to a program that it starts by EAGI.

Asterisk writes a frame every 20 ms, while it waits for a command and during STREAM FILE, GET DATA,
GET OPTION, WAIT FOR DIGIT and SAY ...; not during EXEC, GOSUB, RECORD FILE, CONTROL STREAM FILE and
RECEIVE .... Frames that are not read wait, 64 KiB of them (4 s of ``slin``); then Asterisk drops
whole frames. A caller who sends no audio gives no frames.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from pystrix.agi._streams import readable
from pystrix.agi.core import GetVariable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pystrix.agi._dialogue import Dialogue
    from pystrix.agi.environment import Environment

__all__ = ["AudioFormat", "AudioStream"]

FRAMES_PER_SECOND: Final = 50


class AudioFormat(NamedTuple):
    """How a frame of audio is written."""

    name: str
    """Asterisk's name: ``slin``, ``slin16``, ``ulaw``, ..."""
    sample_rate: int
    """Samples per second."""
    frame_bytes: int
    """Bytes in a frame, which is 20 ms. ``slin`` ... are signed, 16 bits, the low byte first."""


_SLIN_RATES: Final = (8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000)
_FORMATS: Final = {
    form.name: form
    for form in (
        AudioFormat("slin", 8000, 320),
        *(AudioFormat(f"slin{n // 1000}", n, n * 2 // FRAMES_PER_SECOND) for n in _SLIN_RATES),
        AudioFormat("ulaw", 8000, 160),
        AudioFormat("alaw", 8000, 160),
        AudioFormat("gsm", 8000, 33),
        AudioFormat("adpcm", 8000, 80),
    )
}


def find_format(environment: Environment, said: AudioFormat | None) -> Dialogue[AudioFormat]:
    """Find out, by a dialogue, which format Asterisk writes: ``EAGI_AUDIO_FORMAT`` says.

    Args:
        environment: The environment of the call.
        said: What the program says, which is taken for true.

    Raises:
        RuntimeError: If the program was started by ``AGI()``, which gives no audio.
        ValueError: If the frames of the format are not known here. Asterisk takes a name that it
            does not know for ``slin``.
    """
    if not environment.enhanced:
        raise RuntimeError("AGI() gives no audio: start the program by EAGI() in the dialplan")
    if said is not None:
        return said
    name = yield GetVariable("EAGI_AUDIO_FORMAT")
    found = _FORMATS.get((name or "slin").lower())
    if found is None:
        raise ValueError(
            f"the frames of EAGI_AUDIO_FORMAT={name!r} are not known, only those of "
            f"{', '.join(_FORMATS)}: say which format they have with audio_format="
        )
    return found


class Frames:
    """Reads whole frames from a descriptor, which may give them in pieces.

    Args:
        descriptor: The descriptor, which is closed by `close` and must not block.
        form: The format of the frames.
    """

    def __init__(self, descriptor: int, form: AudioFormat) -> None:
        self.descriptor: int = descriptor
        self._form = form
        self._piece = b""

    def take(self) -> bytes | None:
        """Read a frame that is there, ``b""`` at the end, or None if there is none yet."""
        wanted = self._form.frame_bytes
        while True:
            if self.descriptor < 0:
                return b""
            try:
                data = os.read(self.descriptor, wanted - len(self._piece))
            except BlockingIOError:
                return None
            self._piece += data
            if not data or len(self._piece) == wanted:
                frame, self._piece = self._piece, b""
                return frame if data else b""

    def close(self) -> None:
        """Give the descriptor back. Idempotent."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class AudioStream:
    """The caller's audio on threads: an iterator of frames, which ends after the hang-up.

    Thread-safe. The hang-up is known when Asterisk tells it: with the variable ``AGISIGHUP=no`` it
    does not, and only a time limit ends a `read` then.
    """

    def __init__(self, descriptor: int, form: AudioFormat) -> None:
        os.set_blocking(descriptor, False)
        self.format: AudioFormat = form
        """How the frames are written."""
        self._frames = Frames(descriptor, form)
        self._lock = threading.Lock()  # guards reading and the descriptors
        self._ended = False
        self._woken, self._waker = os.pipe()

    def read(self, timeout: float | None = None) -> bytes:
        """Wait for a frame.

        Args:
            timeout: How long, in seconds; None for as long as the call lasts.

        Returns:
            20 ms of audio, ``format.frame_bytes`` bytes; ``b""`` when the call is over.

        Raises:
            TimeoutError: If no frame came in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while True:
                ended = self._ended  # looked at first: what came before is read
                frame = self._frames.take()
                if frame is not None:
                    return frame
                if ended:
                    return b""
                if not readable(deadline, self._frames.descriptor, self._woken):
                    raise TimeoutError(f"no audio came within {timeout} s")

    def __iter__(self) -> Iterator[bytes]:
        """Give frame after frame, up to the end of the call."""
        while frame := self.read():
            yield frame

    def end(self) -> None:
        """Have `read` wait no more: when what has come is read, the audio is over. Idempotent."""
        if not self._ended:
            self._ended = True
            os.write(self._waker, b"\0")

    def close(self) -> None:
        """End the audio and give the descriptors back. Idempotent."""
        self.end()
        with self._lock:  # whoever reads is awake, and leaves
            self._frames.close()
            for name in ("_woken", "_waker"):
                fileno = getattr(self, name)
                setattr(self, name, -1)
                if fileno >= 0:
                    os.close(fileno)
