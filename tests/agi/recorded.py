"""Sessions in AsyncAGI that were recorded with a live Asterisk 22.

A line begins with ``<<`` if it was sent: a command, or the name of an action of AMI that stopped
one; with ``>>`` if it is an event of the call, whose other headers are left out. Commands are
counted from 1, and that is their ``CommandId``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "corpus" / "asyncagi"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))

_TOKEN = re.compile(rb'GET FULL VARIABLE "([0-9a-f]{16}(?:-\d+)?)"')


class Sent(NamedTuple):
    """A command, or an action that stops one."""

    command: bytes | str


def read(name: str) -> list[Sent | dict[str, str]]:
    """Read a session; events are dicts of their headers."""
    return list(_read((FOLDER / f"{name}.txt").read_text("utf-8")))


def tokens(session: list[Sent | dict[str, str]]) -> list[bytes]:
    """Give the texts of the echoes that were requested, in order."""
    commands = [each.command for each in session if isinstance(each, Sent)]
    found = (_TOKEN.fullmatch(each) for each in commands if isinstance(each, bytes))
    return [match[1] for match in found if match]


def _read(text: str) -> Iterator[Sent | dict[str, str]]:
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if not rest.startswith(("b'", 'b"')):
            yield Sent(rest)
            continue
        data: bytes = ast.literal_eval(rest)
        if mark == "<<":
            yield Sent(data)
        else:
            lines = data.decode("utf-8", "surrogateescape").split("\r\n")
            yield dict(each.split(": ", 1) for each in lines if each)
