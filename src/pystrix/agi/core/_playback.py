"""Play: sound files and music on hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.agi._action import Acknowledged
from pystrix.agi._wire import encode_command, to_text
from pystrix.agi.core._results import (
    DigitAction,
    Digits,
    Interruption,
    PlainAction,
    join_digits,
    optional,
)

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["ControlStreamFile", "SetMusic", "StreamFile"]

_SAMPLES_PER_MS = 8


class StreamFile(PlainAction["Interruption | None"]):
    """Play a sound file; a key may cut it short.

    Asterisk: STREAM FILE. One file; ``a&b`` is not known to it.

    Args:
        filename: The file, without its format: ``"demo-thanks"``.
        escape_digits: The keys that stop it.
        sample_offset: Where to begin, in samples at 8 kHz.

    Returns:
        None if it played to its end, else ``(digit, offset)``: the key, and where the file stood
        in samples at 8 kHz.

    Raises:
        AGIAppError: If there is no such file.
    """

    def __init__(
        self, filename: object, escape_digits: Digits = "", sample_offset: int = 0
    ) -> None:
        offset = to_text(sample_offset)
        self.wire: bytes = encode_command(
            "STREAM FILE", (filename, join_digits(escape_digits), offset)
        )

    def process_response(self, response: Response) -> Interruption | None:
        """Give the key that stopped the file, None if it played to its end."""
        return self.interruption(response)


class ControlStreamFile(DigitAction):
    """Play a sound file in which the caller can skip, go back and pause.

    Asterisk: CONTROL STREAM FILE. It cannot be stopped from the session.

    Args:
        filename: The file, without its format.
        escape_digits: The keys that stop it.
        sample_offset: Where to begin, in samples at 8 kHz; Asterisk counts it in whole ms.
        forward: The key that skips ahead; ``""`` for Asterisk's default, ``#``.
        rewind: The key that goes back; ``""`` for Asterisk's default, ``*``.
        pause: The key that pauses and resumes; ``""`` for none.
        skip: How far the caller skips at a time, in ms.

    Returns:
        None if it played to its end, else the key that stopped it. Where it stood is in the
        variable CPLAYBACKOFFSET, in ms.

    Raises:
        AGIAppError: If there is no such file.
    """

    def __init__(
        self,
        filename: object,
        escape_digits: Digits = "",
        sample_offset: int = 0,
        forward: str | int = "",
        rewind: str | int = "",
        pause: str | int = "",
        *,
        skip: int = 3000,
    ) -> None:
        self.wire: bytes = encode_command(
            "CONTROL STREAM FILE",
            (
                filename,
                join_digits(escape_digits),
                skip,
                forward,
                rewind,
                pause,
                sample_offset // _SAMPLES_PER_MS,
            ),
        )


class SetMusic(Acknowledged):
    """Turn music on hold on or off.

    Asterisk: SET MUSIC. It is not told whether the class exists.

    Args:
        on: Whether it is to play.
        moh_class: The class of music; None for the channel's own.

    Returns:
        The reply.
    """

    def __init__(self, on: bool, moh_class: str | None = None) -> None:
        self.wire: bytes = encode_command(
            "SET MUSIC", ("on" if on else "off", *optional(moh_class))
        )
