"""The conversation of one AGI session: bytes in, the result of an action out.

Pure. A session moves bytes and waits, this module knows what they mean:

    ENVIRONMENT --(the empty line)--> READY --send_action--> WAITING --(the reply)--> READY
         any --receive_eof, or a limit--> CLOSED

What a reply line is depends on what came before it, so the state WAITING has a line handler
(`_on_line`) and a reply handler (`_on_reply`), each exchanged by the other:

* a 200 reply of EXEC with result 1 is followed by a 520 block, for Asterisk takes the
  application's code for its own "show the usage";
* a result of -1 is a failure or a hang-up. If no HANGUP line came, one CHANNEL STATUS tells:
  511 on a dead channel;
* a value with line feeds has no end that can be seen. Asterisk sends nothing else unasked, so
  when a value does not close in its line, or bytes stand behind it, an echo of our own (a GET FULL
  VARIABLE of plain text) is requested, and all before its reply is the value. In the same way the
  session gets back in step after lines that nobody asked for.
"""

from __future__ import annotations

import enum
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pystrix.agi._wire import (
    HANGUP_LINE,
    Cancelling,
    ReplyLine,
    Response,
    cancelling,
    decode,
    encode_command,
    gives_value,
    has_parenthesis,
    is_exec,
    lines_of_value,
    parse_items,
    parse_reply_line,
    parse_value,
    printable,
)
from pystrix.agi.environment import Environment
from pystrix.agi.errors import (
    AGIDeadChannelError,
    AGIEnvironmentLimitError,
    AGIException,
    AGIInvalidCommandError,
    AGINoResultError,
    AGIProtocolError,
    AGIReplyLimitError,
    AGIResultHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi._action import Action

ENVIRONMENT_LIMIT: Final = 64 * 1024
"""Bytes. Asterisk cuts application data at 8,191 bytes and sends it up to three times."""

REPLY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes. GET FULL VARIABLE knows no limit; 1.6 MB were seen in one line."""

LINE_OVERHEAD: Final = 64
"""Bytes that a line of a long reply takes beside its own."""

STRAYS_LOGGED: Final = 8
"""Lines that nobody asked for are logged up to this number in a session."""

_LOGGER = logging.getLogger("pystrix.agi")
_NOTHING_BUT_HANGUPS: Final = frozenset((HANGUP_LINE + b"\n") * n for n in range(3))
_CHANNEL_STATUS: Final = encode_command("CHANNEL STATUS", ())

OK, TRYING, INVALID, DEAD, USAGE = 200, 100, 510, 511, 520


class State(enum.Enum):
    """Where a session stands."""

    ENVIRONMENT = enum.auto()
    """The environment block is not complete."""
    READY = enum.auto()
    """An action can be sent."""
    WAITING = enum.auto()
    """The reply of an action is not complete."""
    CLOSED = enum.auto()
    """Nothing more can be sent."""


class AGIProtocol:
    """One AGI session without its connection.

    The session that owns it sends `data_to_send` whenever it is not empty, gives every byte it
    reads to `receive_data`, and calls `receive_eof` when there are no more. Not thread-safe.

    Args:
        peer: Who is at the other end, for the log.
        environment_limit: Bytes allowed for the environment block.
        reply_limit: Bytes allowed for one reply.
    """

    def __init__(
        self,
        peer: object = "Asterisk",
        *,
        environment_limit: int = ENVIRONMENT_LIMIT,
        reply_limit: int = REPLY_LIMIT,
    ) -> None:
        self.state: State = State.ENVIRONMENT
        self.hung_up: bool = False
        """Whether Asterisk told that the channel hung up, or closed the connection."""
        self.received: bool = False
        """Whether any byte came: a probe connects and leaves."""
        self.may_have_more: bool = True
        """Whether what came last may go on, unasked: the environment, or a value. What has
        arrived should then be read before the next action is sent."""
        self._peer = peer
        self._environment_limit = environment_limit
        self._reply_limit = reply_limit
        self._environment: Environment | None = None
        self._failure: AGIException | None = None

        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer known to hold no line feed
        self._held_size = 0  # bytes of the lines in _held
        self._held: list[bytes] = []  # lines of a block or of a value that goes on
        self._out = b""

        self._check_hangup = False  # of the action
        self._line = b""  # of the action
        self._was_hung_up = False  # when the action was sent
        self._response: Response | None = None
        self._echo = b""  # the reply line that marks the end of a value or of strays
        self._echoes = 0
        self._out_of_step = False
        self._strays = 0
        self._stray_bytes = 0
        self._on_line: Callable[[bytes], None] = self._reply_line
        self._on_reply: Callable[[ReplyLine], None] = self._first_reply

    # Public: what a session asks for and hands in.

    @property
    def environment(self) -> Environment:
        """The environment of the call.

        Raises:
            AGIProtocolError: If the peer sent something else.
            AGISIGPIPEHangup: If it left before the end of the block.
        """
        if self._environment is None:
            self._raise_failure("the environment block is not complete")
        return self._environment

    def send_action(self, action: Action[Any]) -> None:
        """Begin an action; its line is in `data_to_send`.

        Raises:
            AGISIGPIPEHangup: If the connection is closed.
            AGIProtocolError: If it was closed because the peer broke the protocol.
            RuntimeError: If the reply of another action is awaited.
        """
        if self.state is not State.READY:
            if self.state is State.CLOSED:
                if not isinstance(self._failure, AGIProtocolError):
                    self._failure = None
                self._raise_failure("the session is closed")
            raise RuntimeError(f"cannot send an action in state {self.state.name}")
        line = action.to_wire()
        if self._buffer:
            self._read_idle()
        self._check_hangup = action.check_hangup
        self._line = line
        self._was_hung_up = self.hung_up
        self._failure = None
        self.may_have_more = False
        self._on_reply = self._first_reply
        self.state = State.WAITING
        if self._out_of_step:
            self._request_echo(self._skipped_line)
        else:
            self._out = line
            self._on_line = self._reply_line

    def cancel(self) -> bool:
        """Give up the action that waits. Go on until the state leaves WAITING, and forget it.

        A command that Asterisk can stop is stopped by the line that is in `data_to_send` then;
        what it still answers is dropped, so that the session stays in step. One that ends soon is
        waited for.

        Returns:
            False, and nothing is done, if the command may run for ever: only `receive_eof` helps.
        """
        if self._on_line == self._skipped_line:
            self._line = b""  # it has not been sent yet
        elif self._on_line == self._reply_line and self._on_reply == self._first_reply:
            how = cancelling(self._line)
            if how is Cancelling.CLOSE:
                return False
            if how is Cancelling.STOP and not self._out:
                self._request_echo(self._cancelled_line)
        return True

    def response(self) -> Response:
        """Give the reply to the action that was sent last, once the state left WAITING.

        The result is what the action's `process_response` makes of it.

        Raises:
            AGIException: What the reply said, or the end of the connection.
        """
        response, self._response = self._response, None
        if response is None:
            self._raise_failure("the session is closed")
        return response

    def data_to_send(self) -> bytes:
        """Take the bytes that are to be sent now, in one write; empty if there are none."""
        data = self._out
        if data:
            self._out = b""
        return data

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Hand in what was read. Then send `data_to_send` and look at the state."""
        if self.state is State.CLOSED:
            return
        self.received = True
        self._buffer += data
        if self.state is State.WAITING:
            self._read_lines()
        elif self.state is State.ENVIRONMENT:
            self._read_environment()
        else:
            self._read_idle()

    def receive_eof(self) -> None:
        """Tell that the connection is closed, from whichever side. Idempotent."""
        if self.state is State.CLOSED:
            return
        failure: AGIException = AGISIGPIPEHangup("the connection is closed")
        if self._on_line == self._value_line and any(x.endswith(b")") for x in self._held):
            self._end_value()
        if self.state is State.WAITING:
            if self._on_reply == self._usage_after_exec:  # all that matters has come
                self.state = State.READY
            elif self._on_reply == self._settled:  # AGIEXITONHANGUP: told by closing
                failure = self._hangup_during()
            else:
                failure = AGISIGPIPEHangup(f"the connection was closed during {self._command()}")
        self._close(failure)

    # Private: reading.

    def _raise_failure(self, otherwise: str) -> NoReturn:
        if self._failure is None:
            raise AGISIGPIPEHangup(otherwise)
        raise self._failure.with_traceback(None)  # it may be raised many times

    def _close(self, failure: AGIException) -> None:
        if self.state is State.WAITING:
            self._response = None  # otherwise it is whole, and waits to be taken
        self.state = State.CLOSED
        self.hung_up = True
        self._failure = failure
        self._out = b""
        self._buffer.clear()
        self._take_held()

    def _read_environment(self) -> None:
        if self._buffer.startswith(b"\n"):
            end, skip = 0, 1
        else:
            end, skip = self._buffer.find(b"\n\n", max(self._scanned - 1, 0)), 2
        if (len(self._buffer) if end < 0 else end) > self._environment_limit:
            self._close(AGIEnvironmentLimitError(self._environment_limit))
            return
        if end < 0:
            self._scanned = len(self._buffer)
            return
        environment = Environment.parse(bytes(self._buffer[:end]))
        del self._buffer[: end + skip]
        self._scanned = 0
        if not environment:
            self._close(AGIProtocolError("what came is no AGI environment"))
            return
        self._environment = environment
        self.state = State.READY
        # A line feed in the dialplan's data can end the block early; its rest, which may look like
        # a reply, comes where the first reply is expected. Asterisk's own last line tells.
        if environment.ignored or ("agi_request" in environment) > ("agi_threadid" in environment):
            self._out_of_step = True
        if ignored := environment.ignored:
            _LOGGER.warning(
                "%s: %d lines of the environment are no variables or repeat one, the first: %.200r",
                self._peer,
                len(ignored),
                ignored[0],
            )

    def _take_line(self) -> bytes | None:
        """Take the next line off the buffer; no byte is scanned twice."""
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._buffer)
            if self._scanned > self._reply_limit:
                self._close(AGIReplyLimitError(self._reply_limit))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        return line

    def _read_lines(self) -> None:
        while self.state is State.WAITING and (line := self._take_line()) is not None:
            self._on_line(line)
        if self._buffer and self.state is State.READY:
            self._read_idle()

    def _read_idle(self) -> None:
        """Read what comes between commands: the HANGUP line, or what nobody asked for."""
        while (line := self._take_line()) is not None:
            if line == HANGUP_LINE:
                self.hung_up = True
            else:
                self._stray(line)
                self._out_of_step = True
        if self._buffer and not (HANGUP_LINE + b"\n").startswith(self._buffer):
            self._out_of_step = True

    def _stray(self, line: bytes) -> None:
        self._strays += 1
        self._stray_bytes += len(line)
        if self._stray_bytes > self._reply_limit:
            self._close(AGIProtocolError("the peer sends on and on what nobody asked for"))
            return
        if self._strays <= STRAYS_LOGGED:
            _LOGGER.warning("%s sent a line that is no reply, skipped: %.200r", self._peer, line)
        if self._strays == STRAYS_LOGGED:
            _LOGGER.warning("%s: further such lines are not logged", self._peer)

    def _hold(self, line: bytes) -> bool:
        """Keep a line; tell whether there was room for it."""
        self._held.append(line)
        self._held_size += len(line) + LINE_OVERHEAD
        if self._held_size > self._reply_limit:
            self._close(AGIReplyLimitError(self._reply_limit))
            return False
        return True

    def _take_held(self) -> list[bytes]:
        held, self._held, self._held_size = self._held, [], 0
        return held

    # Private: the line handlers.

    def _reply_line(self, line: bytes) -> None:
        if line == HANGUP_LINE:
            self.hung_up = True
            return
        reply = parse_reply_line(line)
        if reply is None:
            self._stray(line)
        elif reply.code == OK and self._goes_on(reply.text):
            if self._hold(line):
                self._request_echo(self._value_line)
        elif reply.more and reply.code == USAGE:
            if self._hold(line):
                self._on_line = self._block_line
        elif reply.code != TRYING:
            self._on_reply(reply)

    def _goes_on(self, text: str) -> bool:
        """Tell whether a reply has a value that may have more lines."""
        if not has_parenthesis(text) or not gives_value(self._line):
            return False
        if text[-1] != ")":
            return True
        return bytes(self._buffer) not in _NOTHING_BUT_HANGUPS

    def _block_line(self, line: bytes) -> None:
        """Take a line of a usage block, which ends with ``520`` and a blank."""
        if self._hold(line) and line.startswith(b"520 "):
            self._on_line = self._reply_line
            block = decode(b"\n".join(self._take_held()))
            self._on_reply(ReplyLine(USAGE, more=True, text=block))

    def _request_echo(self, handler: Callable[[bytes], None]) -> None:
        self._echoes += 1
        token = f"{secrets.token_hex(8)}-{self._echoes}"
        self._echo = f"200 result=1 ({token})".encode()
        self._out = encode_command("GET FULL VARIABLE", (token,))
        self._on_line = handler

    def _value_line(self, line: bytes) -> None:
        """Take a line that may belong to a value, up to the echo."""
        # Asterisk may have cut the value short, and glued the echo to it.
        if not line.endswith(self._echo):
            self._hold(line)
        elif len(line) == len(self._echo) or self._hold(line.removesuffix(self._echo)):
            self._end_value()

    def _end_value(self) -> None:
        """Make the reply of what is held."""
        self._on_line = self._reply_line
        held = self._take_held()
        while held[-1] == HANGUP_LINE:
            self.hung_up = True
            held.pop()
        value, strays = lines_of_value(held)
        for stray in strays:
            self._stray(stray)
        if self.state is State.WAITING:
            self._on_reply(ReplyLine(OK, more=False, text=decode(value[4:])))

    def _skipped_line(self, line: bytes) -> None:
        """Skip a line, up to the echo; then send the action."""
        if line.endswith(self._echo):
            self._out_of_step = False
            self._on_line = self._reply_line
            self._out = self._line
            if not self._line:
                self.state = State.READY
            if line != self._echo:
                self._stray(line.removesuffix(self._echo))
        elif line == HANGUP_LINE:
            self.hung_up = True
        else:
            self._stray(line)

    def _cancelled_line(self, line: bytes) -> None:
        """Drop what the cancelled command still says, up to the echo."""
        if line.endswith(self._echo):
            self._on_line = self._reply_line
            self.state = State.READY
        elif line == HANGUP_LINE:
            self.hung_up = True

    # Private: the reply handlers.

    def _first_reply(self, reply: ReplyLine) -> None:
        if reply.code != OK:
            self._refused(reply)
            return
        is_value = has_parenthesis(reply.text) and gives_value(self._line)
        items = (parse_value if is_value else parse_items)(reply.text)
        self.may_have_more = is_value
        response = Response(items, OK, reply.text)
        if (result := items.get("result")) is None:
            self._finish(AGINoResultError(f"a reply without a result: {reply.text!r}", items))
        elif result.value == "1" and is_exec(self._line):
            self._response = response
            self._on_reply = self._usage_after_exec
        elif (result.value == "-1" or result.data == "hangup") and self._may_be_hangup():
            self._settle(response)
        else:
            self._finish(response)

    def _refused(self, reply: ReplyLine) -> None:
        said = printable(reply.text)
        text = f"{said} ({self._command()})"
        match reply.code:
            case 510:
                self._finish(AGIInvalidCommandError(text))
            case 511:
                self.hung_up = True
                self._finish(AGIDeadChannelError(text))
            case 520:
                self._finish(AGIUsageError(said if reply.more else text))
            case _:
                self._finish(AGIUnknownError(f"reply code {reply.code}: {text}"))

    def _usage_after_exec(self, reply: ReplyLine) -> None:
        """Drop the usage block that follows an application's code of 1."""
        self.state = State.READY
        if reply.code != USAGE:
            self._out_of_step = True
            self._stray(f"{reply.code} {reply.text}".encode("utf-8", "surrogateescape"))

    def _may_be_hangup(self) -> bool:
        # A command sent on a channel already dead has its own answer, EXEC Dial's -1 for one.
        return self._check_hangup and not self._was_hung_up

    def _settle(self, response: Response) -> None:
        """Find out what a result of -1 means: ask, unless HANGUP came already."""
        self._response = response
        if self.hung_up or self._buffer.startswith(HANGUP_LINE + b"\n"):
            self._hung_up_during()
        else:
            self._out = _CHANNEL_STATUS
            self._on_reply = self._settled

    def _settled(self, reply: ReplyLine) -> None:
        if reply.code == DEAD or self.hung_up:
            self._hung_up_during()
        else:
            self.state = State.READY

    def _hung_up_during(self) -> None:
        self.hung_up = True
        self._finish(self._hangup_during())

    def _hangup_during(self) -> AGIResultHangup:
        items = self._response.items if self._response else {}
        return AGIResultHangup(f"the call was hung up during {self._command()}", items)

    def _command(self) -> str:
        """Give the command that runs, for a message."""
        return f"{printable(self._line[:-1]):.200}"

    def _finish(self, outcome: Response | AGIException) -> None:
        self.state = State.READY
        if isinstance(outcome, Response):
            self._response = outcome
        else:
            self._response = None
            self._failure = outcome
