"""What a manager sends: bytes to the actions that Asterisk makes of them.

Pure. The limits are `pystrix.ami._wire`'s. Behind them stand the habits of a live Asterisk 22: of a
repeated header the first counts, blanks and control characters behind the colon are dropped, a line
without a colon is ignored, NUL ends a line early, and of a line that is too long all but its last
byte is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from pystrix.ami._wire import MAX_LINE, MAX_LINES, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ReceivedAction", "Request", "RequestReader"]

_SKIPPED: Final = "".join(map(chr, range(1, 33)))
_TOO_LONG: Final = "Failed to parse message: line too long"
_TOO_MANY: Final = "Too many lines in message or allocation failure"


class ReceivedAction(Mapping[str, str]):
    """An action that a simulated Asterisk received: a mapping of its headers.

    Names are compared without regard to case; of a repeated header ``action[name]`` is the first,
    as for Asterisk. Equal to its name: ``action == "Originate"``.

    Args:
        lines: Its lines, without their ends.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        pairs = (line.partition(":") for line in lines)
        self._pairs = [(name, text.lstrip(_SKIPPED)) for name, colon, text in pairs if colon]
        self._first = {name.lower(): value for name, value in self._pairs[::-1]}

    @property
    def name(self) -> str:
        """The name of the action, as it was written; ``""`` if there is none."""
        return next((value for value in self.get_all("Action") if value), "")

    @property
    def action_id(self) -> str:
        """The ActionID, ``""`` if there is none."""
        return self._first.get("actionid", "")

    def get_all(self, name: str) -> list[str]:
        """Give every value of a header, in order."""
        return [value for header, value in self._pairs if header.lower() == name.lower()]

    def all_items(self) -> list[tuple[str, str]]:
        """Give every header with its value, repeats too, in order."""
        return self._pairs.copy()

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    def __iter__(self) -> Iterator[str]:
        spelled: dict[str, str] = {}
        for name, _ in self._pairs:
            spelled.setdefault(name.lower(), name)
        return iter(spelled.values())

    def __len__(self) -> int:
        return len(self._first)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    def __eq__(self, other: object) -> bool:
        """Compare with the name of an action, or with another action."""
        if isinstance(other, str):
            return self.name.lower() == other.lower()
        if isinstance(other, ReceivedAction):
            return self._pairs == other._pairs
        return NotImplemented

    __hash__ = None  # type: ignore[assignment] # equal to its name in any case of the letters

    def __repr__(self) -> str:
        return f"<ReceivedAction {self._pairs!r}>"


class Request(NamedTuple):
    """A message of a manager."""

    action: ReceivedAction
    """What it says, as far as Asterisk keeps it."""
    error: str
    """Why Asterisk does not take it; ``""`` if it does."""


class RequestReader:
    """Makes requests of bytes, in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._error = ""

    def receive_data(self, data: bytes) -> list[Request]:
        """Take bytes; give the requests that are whole now."""
        buffer = self._buffer
        buffer += data
        requests: list[Request] = []
        start = 0
        while True:
            end = buffer.find(b"\n", start, start + MAX_LINE)
            if end >= 0:
                line = bytes(buffer[start:end]).removesuffix(b"\r").partition(b"\0")[0]
                start = end + 1
                if line:
                    self._take(decode(line))
                else:
                    requests.append(Request(ReceivedAction(self._lines), self._error))
                    self._lines, self._error = [], ""
            elif len(buffer) - start >= MAX_LINE:
                self._error = self._error or _TOO_LONG
                start += MAX_LINE - 1
            else:
                break
        del buffer[:start]
        return requests

    def _take(self, line: str) -> None:
        if len(self._lines) < MAX_LINES:
            self._lines.append(line)
        else:
            self._error = _TOO_MANY
