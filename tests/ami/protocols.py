"""Protocols that have been greeted, what they are fed, and what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix.ami._protocol import AMIProtocol, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami import Action, Event, Response
    from pystrix.ami._exchange import Exchange

    Feed = Callable[[AMIProtocol, bytes], None]  # a way in which bytes arrive

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
OLD_BANNER = b"Asterisk Call Manager/2.10.5\r\n"
HANGUP = b"Event: Hangup\r\nChannel: x\r\n\r\n"


def ready(banner: bytes = BANNER, **options: Any) -> AMIProtocol:
    """Make a protocol that has been greeted."""
    protocol = AMIProtocol("peer", **options)
    protocol.receive_data(banner)
    assert protocol.state is State.READY
    return protocol


def feed_whole(protocol: AMIProtocol, data: bytes) -> None:
    """Hand in everything at once."""
    protocol.receive_data(data)


def feed_bytes(protocol: AMIProtocol, data: bytes) -> None:
    """Hand in one byte at a time."""
    for at in range(len(data)):
        protocol.receive_data(data[at : at + 1])


def text_of(messages: list[Event | Response]) -> list[bytes]:
    """Give the bytes of messages."""
    return [bytes(message) for message in messages]


def sent(protocol: AMIProtocol, action: Action[Any], **options: Any) -> Exchange[Any]:
    """Send an action."""
    exchange = protocol.send_action(action, **options)
    assert protocol.data_to_send()
    assert exchange.sent
    return exchange


def answer(exchange: Exchange[Any], *lines: str) -> bytes:
    """Make the answer of an action, from its first line on."""
    first, *rest = lines
    text = [first, f"ActionID: {exchange.action_id}", *rest]
    return "".join(f"{line}\r\n" for line in text).encode() + b"\r\n"
