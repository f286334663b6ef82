"""The loops that are counted. They use what a program could use, and nothing private."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, cast

from pystrix.agi import FastAGI, core
from pystrix.agi._protocol import AGIProtocol
from pystrix.ami import actions
from pystrix.ami._protocol import AMIProtocol
from pystrix.ami.events import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from pystrix.agi._action import Action

__all__ = ["LOOPS", "READ_TOGETHER"]

ENVIRONMENT: Final = (
    b"agi_network: yes\nagi_network_script: demo?x=1\nagi_request: agi://127.0.0.1/demo?x=1\n"
    b"agi_channel: PJSIP/alice-00000001\nagi_language: en\nagi_type: PJSIP\n"
    b"agi_uniqueid: 1795378777.0\nagi_version: 22.10.1\nagi_callerid: 493012\n"
    b"agi_calleridname: Alice\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"
    b"agi_callingtns: 0\nagi_dnid: 5551234\nagi_rdnis: unknown\nagi_context: sip\n"
    b"agi_extension: 5551234\nagi_priority: 1\nagi_enhanced: 0.0\nagi_accountcode: \n"
    b"agi_threadid: 139857114666688\n\n"
)
REPLIES: Final = (
    b"200 result=0\n",
    b"200 result=0 endpos=3520\n",
    *(b"200 result=1\n", b"200 result=1 (value)\n") * 4,
    b"200 result=1\n",
)
GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
PONG: Final = (
    b"Response: Success\r\nActionID: %b\r\nPing: Pong\r\nTimestamp: 1795378944.123456\r\n\r\n"
)
EVENT: Final = (
    b"Event: Newexten\r\nPrivilege: dialplan,all\r\nChannel: PJSIP/alice-00000001\r\n"
    b"ChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: 4930120\r\nCallerIDName: Alice\r\n"
    b"ConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nLanguage: en\r\n"
    b"AccountCode: \r\nContext: default\r\nExten: 100\r\nPriority: 1\r\n"
    b"Uniqueid: 1795378944.2\r\nLinkedid: 1795378944.2\r\nExtension: 100\r\n"
    b"Application: Set\r\nAppData: A=1\r\n\r\n"
)
READ_TOGETHER: Final = 32
"""Events of one read."""


def standard_call() -> Sequence[Action[object]]:
    """Make the eleven commands of the call that the benchmarks serve."""
    variables = [
        action
        for number in range(4)
        for action in (core.SetVariable(f"V{number}", "value"), core.GetVariable(f"V{number}"))
    ]
    play = core.StreamFile("demo-thanks", escape_digits=("1", "2"))
    return [core.Answer(), play, *variables, core.Hangup()]


def agi_protocol() -> None:
    """Have the standard call with the protocol alone."""
    protocol = AGIProtocol()
    protocol.receive_data(ENVIRONMENT)
    for action, reply in zip(standard_call(), REPLIES, strict=True):
        protocol.send_action(action)
        protocol.data_to_send()
        protocol.receive_data(reply)
        action.process_response(protocol.response())


class Replies:
    """A file that gives one reply with each read."""

    def __init__(self) -> None:
        self.readline = iter((ENVIRONMENT, *REPLIES)).__next__


def agi_session() -> None:
    """Have the standard call with a session."""
    agi = FastAGI(cast("BinaryIO", Replies()), io.BytesIO())
    for action in standard_call():
        agi.execute(action)


def _manager() -> AMIProtocol:
    protocol = AMIProtocol(events=BY_NAME)
    protocol.receive_data(GREETING)
    return protocol


_asking, _listening = _manager(), _manager()


def ami_action() -> None:
    """Send a Ping, and take its answer."""
    exchange = _asking.send_action(actions.Ping())
    _asking.data_to_send()
    _asking.receive_data(PONG % exchange.action_id.encode())
    exchange.result()


def ami_events() -> None:
    """Read events, and nothing of them but their names."""
    _listening.receive_data(EVENT * READ_TOGETHER)
    for event in _listening.messages_received():
        assert event.name == "Newexten"  # noqa: S101


def ami_header() -> None:
    """Read events, and look at one header of each."""
    _listening.receive_data(EVENT * READ_TOGETHER)
    for event in _listening.messages_received():
        assert event["Uniqueid"] == "1795378944.2"  # noqa: S101


def ami_headers() -> None:
    """Read events, and all the headers of each."""
    _listening.receive_data(EVENT * READ_TOGETHER)
    for event in _listening.messages_received():
        assert len(event) == 19  # noqa: S101, PLR2004


LOOPS: Final[dict[str, tuple[Callable[[], None], int, int]]] = {
    "FastAGI command, protocol": (agi_protocol, 32, len(REPLIES)),
    "FastAGI command, session": (agi_session, 32, len(REPLIES)),
    "AMI action": (ami_action, 128, 1),
    "AMI event, name": (ami_events, 8, READ_TOGETHER),
    "AMI event, one header": (ami_header, 8, READ_TOGETHER),
    "AMI event, all headers": (ami_headers, 8, READ_TOGETHER),
}
"""What is counted, how many turns of it (a multiple of what is made in stock), units of a turn.

A FastAGI command has its share of the environment and of the end of the call.
"""
