"""Texts, images and the TDD mode, which no telephone of the simulation has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.testing._parts import fail, listen, number_or
from pystrix.testing._running import Kind, Running, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pystrix.testing.channel import Channel


@command("RECEIVE CHAR", 1, 1)
def receive_char(channel: Channel, words: Sequence[str]) -> Running:
    """Wait for a text, and give the code of its first byte."""
    event = yield from listen(channel, _until(channel, words[0]), texts=True)
    if event.kind is Kind.TEXT and event.text:
        return f"result={event.text.encode('utf-8', 'surrogateescape')[0]}"
    return fail(channel, "result=-1 (hangup)")


@command("RECEIVE TEXT", 1, 1)
def receive_text(channel: Channel, words: Sequence[str]) -> Running:
    """Wait for a text."""
    event = yield from listen(channel, _until(channel, words[0]), texts=True)
    return f"result=1 ({event.text})" if event.kind is Kind.TEXT else "result=-1"


def _until(channel: Channel, text: str) -> float | None:
    milliseconds = number_or(text, 0)
    return None if milliseconds < 0 else channel.now + milliseconds / 1000


@command("SEND TEXT", 1, 1)
def send_text(channel: Channel, words: Sequence[str]) -> str:
    """Send a text to the caller."""
    channel.note(f"the application sends the text {words[0]!r}")
    return "result=0"


@command("SEND IMAGE", 1, 1)
def send_image(_channel: Channel, _words: Sequence[str]) -> str:
    """Send an image."""
    return "result=0"


@command("TDD MODE", 1, 1)
def tdd_mode(_channel: Channel, _words: Sequence[str]) -> str:
    """Set the mode; the channel cannot."""
    return "result=0"
