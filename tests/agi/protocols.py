"""Protocols that have their environment, and what they are fed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pystrix.agi import core
from pystrix.agi._protocol import AGIProtocol, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi import Action

    Feed = Callable[[AGIProtocol, bytes], None]  # a way in which bytes arrive

ENVIRONMENT = b"agi_network: yes\nagi_channel: Local/x;1\n\n"
HANGUP = b"HANGUP\n"


def ready(**limits: int) -> AGIProtocol:
    """Make a protocol that has its environment."""
    protocol = AGIProtocol("peer", **limits)
    protocol.receive_data(ENVIRONMENT)
    assert protocol.state is State.READY
    return protocol


def feed_whole(protocol: AGIProtocol, data: bytes) -> None:
    """Hand in everything at once."""
    protocol.receive_data(data)


def feed_bytes(protocol: AGIProtocol, data: bytes) -> None:
    """Hand in one byte at a time."""
    for at in range(len(data)):
        protocol.receive_data(data[at : at + 1])


def echo_of(line: bytes) -> bytes:
    """Answer an echo request as Asterisk does."""
    found = re.fullmatch(rb'GET FULL VARIABLE "([^"]+)"\n', line)
    assert found, line
    return b"200 result=1 (" + found[1] + b")\n"


def run(
    protocol: AGIProtocol,
    action: Action[Any],
    *replies: bytes,
    feed: Feed = feed_whole,
    sent: list[bytes] | None = None,
) -> Any:
    """Execute an action; each line that is sent gets the next of `replies`."""
    line = protocol.send_action(action)
    answers = list(replies)
    while True:
        if line:
            if sent is not None:
                sent.append(line)
            assert line.endswith(b"\n")
            assert line.count(b"\n") == 1
            feed(protocol, echo_of(line) if line.startswith(b"GET FULL") else answers.pop(0))
        elif protocol.state is State.WAITING:
            assert answers, "the protocol waits for more"
            feed(protocol, answers.pop(0))
        else:
            break
        line = protocol.data_to_send()
    assert not answers, "the protocol did not want these"
    return action.process_response(protocol.response())


def assert_in_step(protocol: AGIProtocol) -> None:
    """Check that the next command gets its own reply."""
    assert run(protocol, core.ChannelStatus(), b"200 result=4\n") == 4
    assert run(protocol, core.GetVariable("X"), b"200 result=1 (x)\n") == "x"
