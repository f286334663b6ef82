"""What a program that Asterisk started does with its process: descriptors, signal, last words.

Asterisk talks to it on standard input and output, and tells a hang-up by the signal SIGHUP, which
ends a process that does not handle it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

from pystrix.agi.errors import is_hangup

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

_LOGGER = logging.getLogger("pystrix.agi")

AUDIO: Final = 3
"""The descriptor with the caller's audio, in a program started by EAGI."""

_STDIN, _STDOUT, _STDERR = range(3)


def take_descriptors() -> tuple[int, int]:
    """Move Asterisk's lines away from standard input and output, where anybody may read and write.

    From then on what is printed goes to standard error, reading standard input gives its end, and
    programs that are started inherit neither line.

    Returns:
        The descriptors to read from and to write to.
    """
    # Not below the descriptor of the audio: it may be closed, and would be mistaken for it.
    reader, writer = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, AUDIO + 1) for each in (0, 1))
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, _STDIN)
    os.dup2(null if sys.__stderr__ is None else _STDERR, _STDOUT)
    os.close(null)
    return reader, writer


def on_hangup_signal(callback: Callable[[], object]) -> None:
    """Call a function at each SIGHUP, before whatever handles it already.

    The function runs in the main thread between any two steps of it: it may set and send, but
    take no lock. The handler stays for good: without one the signal ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        _LOGGER.warning(
            "AGI is made outside the main thread, where Python handles no signals: unless the "
            "program handles SIGHUP itself, a hang-up ends it"
        )
        return
    previous = signal.getsignal(signal.SIGHUP)

    def handle(number: int, frame: FrameType | None) -> None:
        callback()
        if callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGHUP, handle)


def log_to_stderr() -> None:
    """Have warnings of the library written to standard error, unless the program sets up `logging`.

    An `AGIHangup` that ends the program is such a warning, without a traceback; the exit status
    stays 1, which means nothing to Asterisk after a hang-up. Idempotent.
    """
    # As a part of other programs the library is silent until logging is set up.
    logger = logging.getLogger("pystrix")
    for handler in list(logger.handlers):
        if isinstance(handler, logging.NullHandler):
            logger.removeHandler(handler)
    if not isinstance(sys.excepthook, _HangupHook):
        sys.excepthook = _HangupHook(sys.excepthook)


class _HangupHook:
    """What is called with the exception that ends the program."""

    def __init__(self, previous: Callable[..., object]) -> None:
        self._previous = previous

    def __call__(
        self,
        exc_type: type[BaseException],
        exc: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        if is_hangup(exc):
            _LOGGER.warning("%s", exc)
        else:
            self._previous(exc_type, exc, traceback)
