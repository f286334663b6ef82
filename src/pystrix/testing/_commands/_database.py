"""Asterisk's database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pystrix.testing._running import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel


def _key(words: Sequence[str]) -> str:
    return f"{words[0]}/{words[1]}"


@command("DATABASE GET", 2, 2, dead=True)
def database_get(channel: Channel, words: Sequence[str]) -> str:
    """Give a value."""
    value = channel.values.database.get(_key(words))
    return "result=0" if value is None else f"result=1 ({value})"


@command("DATABASE PUT", 3, 3, dead=True)
def database_put(channel: Channel, words: Sequence[str]) -> str:
    """Store a value."""
    channel.values.database[_key(words)] = words[2]
    return "result=1"


@command("DATABASE DEL", 2, 2, dead=True)
def database_del(channel: Channel, words: Sequence[str]) -> str:
    """Delete a value; also one that is not there."""
    channel.values.database.pop(_key(words), None)
    return "result=1"


@command("DATABASE DELTREE", 1, 2, dead=True)
def database_deltree(channel: Channel, words: Sequence[str]) -> str:
    """Delete all values of a family or below a key; 0 is success."""
    below = _below(words)
    found = [key for key in channel.values.database if below.fullmatch(f"{key}/")]
    for key in found:
        del channel.values.database[key]
    return "result=0" if found else "result=1"


def _below(words: Sequence[str]) -> re.Pattern[str]:
    """Give the pattern of what is below: Asterisk asks SQLite with LIKE, wildcards and all."""
    if not words[0]:
        return re.compile("(?s:.*)")
    tree = re.escape("/".join(filter(None, words))).replace("%", ".*").replace("_", ".")
    return re.compile(f"{tree}/.*", re.IGNORECASE | re.DOTALL | re.ASCII)
