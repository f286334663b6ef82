"""AGI over standard input and output: a program that Asterisk starts for each call.

For programs that are started once and serve many calls see `pystrix.agi.fastagi`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pystrix.agi._process import (
    AUDIO,
    log_to_stderr,
    on_hangup_signal,
    take_descriptors,
)
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._session import Session
from pystrix.agi._streams import PipeStream
from pystrix.agi._watcher import HangupWatcher
from pystrix.agi.audio import AudioFormat, AudioStream, find_format

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["AGI", "EAGI"]


class AGI(Session):
    """The call for which Asterisk started this program, by ``AGI(program)``.

    Made once, early, in the main thread. It takes standard input and output for itself: from then
    on ``print()`` writes to standard error, reading standard input gives its end, and programs
    that are started inherit neither. It handles SIGHUP, by which Asterisk tells a hang-up: the
    next command raises `AGISIGHUPHangup`, unless another `AGIHangup` was raised already; later
    ones are sent, for some work on a dead channel. An `AGIHangup` that ends the program is one
    line in the log. The exit status tells the dialplan: 0 is AGISTATUS=SUCCESS, any other FAILURE.

    A context manager, which closes the session.

    Args:
        debug: Whether to log every line at level DEBUG.
        descriptors: Two descriptors to read from and write to, instead of 0 and 1; the process is
            then left as it is, and SIGHUP too. They are closed with the session.

    Raises:
        AGIProtocolError: If what comes is no environment: Asterisk did not start the program.
        AGISIGPIPEHangup: If standard input ends before the environment is complete.
    """

    def __init__(self, debug: bool = False, *, descriptors: tuple[int, int] | None = None) -> None:
        reader, writer = descriptors or take_descriptors()
        self._hangup_watcher = HangupWatcher()
        super().__init__(
            PipeStream(reader, writer, "Asterisk"),
            AGIProtocol(),
            debug=debug,
            watcher=self._hangup_watcher,
        )
        if descriptors is None:
            on_hangup_signal(self._signalled)
            log_to_stderr()
        try:
            self._read_environment()
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Do what is to be done before the program gets the session."""

    def _signalled(self) -> None:
        """Note the hang-up; in a signal handler, so nothing is locked."""
        self._protocol.receive_signal()
        self._hangup_watcher.nudge()

    def close(self) -> None:
        """End the session; a command that waits in another thread raises. Idempotent.

        Callbacks for a hang-up are not called any more. The dialplan goes on when the program
        ends.
        """
        super().close()
        self._hangup_watcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
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
        RuntimeError: If the program was started by ``AGI()``, which gives no audio.
        ValueError: If the format of the audio is not known.
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
        self._format = audio_format
        self._audio_descriptor = descriptors[2] if descriptors else AUDIO
        self._audio: AudioStream | None = None
        super().__init__(debug, descriptors=descriptors and descriptors[:2])

    @property
    def audio(self) -> AudioStream:
        """What the caller says."""
        return cast("AudioStream", self._audio)

    def _begin(self) -> None:
        form = self.execute(find_format(self.environment, self._format))
        self._audio = AudioStream(self._audio_descriptor, form)
        self.on_hangup(self._audio.end)

    def close(self) -> None:
        """End the session and the audio: see `AGI.close`."""
        super().close()
        if self._audio is not None:
            self._audio.close()
