"""A value that a caller chose may hold what looks like messages: what these must not do.

Asterisk escapes no line breaks in most values, so that a reader cannot tell.
"""

from __future__ import annotations

import pytest

from pystrix.ami import AnyAction
from tests.ami.protocols import BANNER, HANGUP, OLD_BANNER, ready


def value(counterfeit: bytes) -> bytes:
    """Give an event with a value that holds a message."""
    return b"Event: Newexten\r\nAppData: x\r\n\r\n" + counterfeit + b"\r\n\r\n"


def test_goodbye() -> None:
    """Only the answer to an action of ours makes the end of a connection no surprise."""
    protocol = ready()
    protocol.receive_data(value(b"Response: Goodbye"))
    protocol.receive_data(value(b"Response: Goodbye\r\nActionID: 1"))
    assert not protocol.goodbye
    protocol.send_action(AnyAction("Logoff"), "1")
    protocol.receive_data(b"Response: Goodbye\r\nActionID: 1\r\n\r\n")
    assert protocol.goodbye


def test_the_old_output_of_a_command() -> None:
    """An Asterisk that sends output as headers does not stop the others until an end comes."""
    protocol = ready()
    protocol.receive_data(value(b"Response: Follows") + HANGUP)
    assert protocol.messages_received() == ["Newexten", "Follows", "Hangup"]


@pytest.mark.parametrize(
    ("banner", "is_old"),
    [
        (BANNER, False),
        (b"Asterisk Call Manager/3.0.0\r\n", False),
        (OLD_BANNER, True),
        (b"Asterisk Call Manager/1.1\n", True),
        (b"Asterisk Call Manager/\r\n", True),
        (b"Asterisk Call Manager/\xb2.0\r\n", True),
        (b"Asterisk Call Manager/x\r\n", True),
    ],
)
def test_which_asterisk_is_old(banner: bytes, is_old: bool) -> None:
    """The greeting says it; if it does not, output is taken in its old form as well."""
    protocol = ready(banner)
    protocol.receive_data(b"Response: Follows\r\na\n\nb\n--END COMMAND--\r\n\r\n" + HANGUP)
    names = ["Follows", "Hangup"] if is_old else ["Follows", "Generic Event", "Hangup"]
    assert protocol.messages_received() == names
