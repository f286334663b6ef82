"""How much of what Asterisk sends is kept until it is whole."""

from typing import Final

BANNER_LIMIT: Final = 256
"""Bytes of the greeting; Asterisk's has 29."""

MESSAGE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one message. Events have a few kilobytes; the output of a command can be long."""

LIST_LIMIT: Final = 1_000_000
"""Events of one answer."""
