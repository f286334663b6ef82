"""What one session may take of memory and log: nothing grows without bound."""

from __future__ import annotations

from typing import Final

ENVIRONMENT_LIMIT: Final = 64 * 1024
"""Bytes. Asterisk cuts application data at 8,191 bytes and sends it up to three times."""

REPLY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes. GET FULL VARIABLE knows no limit; 1.6 MB were seen in one line."""

LINE_OVERHEAD: Final = 64
"""Bytes that a line of a long reply takes beside its own."""

SURELY_WHOLE: Final = 500
"""Bytes. Asterisk writes a reply at once, so a shorter one travels in one packet."""

STRAYS_LOGGED: Final = 8
"""Lines that nobody asked for are logged up to this number in a session."""
