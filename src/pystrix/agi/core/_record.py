"""Record what the caller says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pystrix.agi._wire import encode_command
from pystrix.agi.core._results import Digits, PlainAction, join_digits
from pystrix.agi.core.constants import FORMAT_WAV

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["RecordFile", "Recording"]


class Recording(NamedTuple):
    """How a recording ended."""

    digit: str
    """The key that ended it, or ``""``."""
    offset: int
    """Where the file stands (endpos), in samples at 8 kHz."""
    timed_out: bool
    """Whether time or silence ended it."""


class RecordFile(PlainAction[Recording]):
    """Record to a file until a key, silence, or the time ends it.

    Asterisk: RECORD FILE. It cannot be stopped from the session.

    Args:
        filename: The file, without its format, on Asterisk's machine.
        format: Its format, one of ``FORMAT_...``.
        escape_digits: The keys that end it.
        timeout: The longest time, in ms; -1 for no limit.
        sample_offset: Where to go on in an existing file, in samples at 8 kHz.
        beep: Whether to beep first.
        silence: The seconds of silence that end it, a whole number; None for no such end.

    Returns:
        ``(digit, offset, timed_out)``.

    Raises:
        ValueError: If `silence` is not a whole number: Asterisk would read ``0.5`` as 0, for never.
        AGIAppError: If the file cannot be written, or a key was pressed during the beep
            (Asterisk then records nothing).
        AGIResultHangup: If the caller hung up; what was said until then is recorded.
    """

    def __init__(
        self,
        filename: object,
        format: str = FORMAT_WAV,  # noqa: A002 - the name is promised by the 1.x API
        escape_digits: Digits = "",
        timeout: int = -1,
        sample_offset: int = 0,
        beep: bool = True,
        silence: int | None = None,
    ) -> None:
        extra = ["beep"] if beep else []
        if silence is not None:
            if silence != int(silence):
                raise ValueError(f"RECORD FILE takes whole seconds of silence, not {silence}")
            silence = int(silence)
            extra.append(f"s={silence}")
        digits = join_digits(escape_digits)
        self.wire: bytes = encode_command(
            "RECORD FILE", (filename, format, digits, timeout, sample_offset, *extra)
        )

    def process_response(self, response: Response) -> Recording:
        """Give the end of the recording.

        The tag decides: behind ``(timeout)`` the number is what was left of the time, in ms.
        """
        tag = response.items["result"].data
        if tag == "dtmf":
            return Recording(self.digit(response) or "", self.endpos(response), timed_out=False)
        if tag == "timeout":
            return Recording("", self.endpos(response), timed_out=True)
        raise self.failed(response, tag)
