"""The keyboard of a terminal as that of a telephone, and Ctrl-C as one more key."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import termios
import tty
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

    from pystrix.testing.channel import Channel

DIGITS: Final = "0123456789*#ABCD"

# The arrow up is ESC [ A, and no key A.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?")


class Keyboard:
    """A terminal that gives each key at once, and shows none. A context: it is always restored.

    Args:
        fileno: The descriptor of the terminal.
    """

    def __init__(self, fileno: int) -> None:
        self._fileno = fileno
        self._before: list[Any] = []
        self._on_continue: Any = None

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._fileno)
        # The shell sets the terminal to its own liking when Ctrl-Z has stopped the program.
        self._on_continue = signal.signal(signal.SIGCONT, self._listen)
        self._listen()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGCONT, self._on_continue)
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._fileno, termios.TCSAFLUSH, self._before)

    def _listen(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        with contextlib.suppress(termios.error):  # the terminal is gone, which reading tells
            tty.setcbreak(self._fileno)

    def fileno(self) -> int:
        """Give the descriptor."""
        return self._fileno

    def press(self, channel: Channel) -> bool:
        """Press on a telephone what was typed; tell whether the terminal is still there."""
        try:
            data = os.read(self._fileno, 1024)
        except OSError:  # it is gone
            data = b""
        for key in _ESCAPES.sub("", data.decode("ascii", "replace")).upper():
            if key == "H":
                channel.hang_up()
            elif key in DIGITS and not channel.hung_up:
                channel.press(key)
        return bool(data)


class Interruption:
    """Makes the first Ctrl-C something to select on; the next ends the program. A context.

    SIGTERM ends the program, too, but not without what stands in ``finally``.
    """

    def __init__(self) -> None:
        self.came = False
        """Whether there was one."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        # A signal that comes just before a select begins runs its handler only behind it; what is
        # written here is seen by the select.
        self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = {
            signal.SIGINT: signal.signal(signal.SIGINT, self._interrupt),
            signal.SIGTERM: signal.signal(signal.SIGTERM, _end),
        }
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup_before, warn_on_full_buffer=False)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Give the descriptor that can be read once it came."""
        return self._reader

    def clear(self) -> None:
        """Read it, so that it is not seen again."""
        os.read(self._reader, 64)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
