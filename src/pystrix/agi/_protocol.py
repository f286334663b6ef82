"""The conversation of one AGI session: bytes in, the result of an action out.

Pure. A session moves bytes and waits, this module knows what they mean:

    ENVIRONMENT --(the empty line)--> READY --send_action--> WAITING --(the reply)--> READY
         any --receive_eof, or a limit--> CLOSED

What a reply line is depends on what came before it, so in the state WAITING there may be a line
handler (`_on_line`) and a reply handler (`_on_reply`) in place of the ordinary ones:

* a 200 reply of EXEC with result 1 is followed by a 520 block, for Asterisk takes the
  application's code for its own "show the usage";
* a result of -1 is a failure or a hang-up. If no HANGUP line came, one CHANNEL STATUS tells:
  511 on a dead channel;
* a value with line feeds has no end that can be seen. Asterisk sends nothing else unasked, so
  when a value does not close in its line, is longer than what surely arrives at once, or bytes
  stand behind it, an echo of our own (a GET FULL VARIABLE of plain text) is requested, and all
  before its reply is the value. In the same way the
  session gets back in step after lines that nobody asked for.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pystrix.agi._incoming import Incoming, State
from pystrix.agi._limits import ENVIRONMENT_LIMIT, REPLY_LIMIT, SURELY_WHOLE
from pystrix.agi._wire import (
    HANGUP_LINE,
    LONGEST_SHARED,
    Cancelling,
    Response,
    cancelling,
    decode,
    encode_command,
    gives_value,
    has_parenthesis,
    is_exec,
    lines_of_value,
    new_tuple,
    parse_items,
    parse_reply_line,
    parse_value,
    printable,
    shared_reply,
)
from pystrix.agi.environment import Environment, ends_without_arguments, is_as_sent
from pystrix.agi.errors import (
    AGIDeadChannelError,
    AGIEnvironmentLimitError,
    AGIException,
    AGIHangup,
    AGIInvalidCommandError,
    AGINoResultError,
    AGIProtocolError,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi._action import Action

__all__ = ["OK", "AGIProtocol", "State"]

_LOGGER = logging.getLogger("pystrix.agi")
_NOTHING_BUT_HANGUPS: Final = frozenset((HANGUP_LINE + b"\n") * n for n in range(3))
_CHANNEL_STATUS: Final = encode_command("CHANNEL STATUS", ())

# An attribute of an Enum takes ten times as long to find.
_ENVIRONMENT, _READY, _WAITING, _CLOSED = State

OK, TRYING, INVALID, DEAD, USAGE = 200, 100, 510, 511, 520


class AGIProtocol(Incoming):
    """One AGI session without its connection.

    The session that owns it sends what `send_action` gives, gives every byte it reads to
    `receive_data`, sends `data_to_send` after that whenever it is not empty, and calls
    `receive_eof` when there are no more bytes. Not thread-safe.

    Args:
        peer: Who is at the other end, for the log.
        environment_limit: Bytes allowed for the environment block.
        reply_limit: Bytes allowed for one reply.
    """

    state: State
    hung_up: bool
    _failure: AGIException | None

    __slots__ = (
        "_action",
        "_echo",
        "_echoes",
        "_environment",
        "_environment_limit",
        "_line",
        "_on_line",
        "_on_reply",
        "_out",
        "_out_of_step",
        "_response",
        "_signalled",
        "_told",
        "_was_hung_up",
        "may_have_more",
        "received",
    )

    def __init__(
        self,
        peer: object = "Asterisk",
        *,
        environment_limit: int = ENVIRONMENT_LIMIT,
        reply_limit: int = REPLY_LIMIT,
    ) -> None:
        super().__init__(peer, reply_limit)
        self.received: bool = False
        """Whether any byte came: a probe connects and leaves."""
        self.may_have_more: bool = False
        """Whether the environment, which came last, may go on. What has arrived should then be
        read before the next action is sent."""
        self._environment_limit = environment_limit
        self._environment: Environment | None = None
        self._signalled = False
        self._told = False
        self._out = b""

        self._action: Action[Any] | None = None
        self._line = b""  # of the action
        self._was_hung_up = False  # when the action was sent
        self._response: Response | None = None
        self._echo = b""  # the reply line that marks the end of a value or of strays
        self._echoes = 0
        self._out_of_step = False
        # Functions rather than bound methods, which would make a cycle with this object.
        self._on_line: Callable[[AGIProtocol, bytes], None] | None = None
        self._on_reply: Callable[[AGIProtocol, int, str], None] | None = None

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

    def send_action(self, action: Action[Any], *, told: bool = False) -> bytes:
        """Begin an action.

        Args:
            action: The action.
            told: Whether who sends it has been told of the hang-up: see `receive_signal`.

        Returns:
            The bytes that are to be sent now, in one write.

        Raises:
            AGISIGHUPHangup: If the hang-up was signalled, and nothing has raised it yet.
            AGISIGPIPEHangup: If the connection is closed.
            AGIProtocolError: If it was closed because the peer broke the protocol.
            RuntimeError: If the reply of another action is awaited.
        """
        if self._buffer:
            self._read_idle()
        if self._signalled or self.state is not _READY:
            self._refuse_action(told)
        self._action = action
        self._line = line = action.wire
        self._was_hung_up = self.hung_up
        self.may_have_more = False
        self.state = _WAITING
        if self._out_of_step:
            self._request_echo(AGIProtocol._skipped_line)
            return self.data_to_send()
        return line

    def _refuse_action(self, told: bool) -> None:
        """Raise what keeps an action from being sent, if anything does."""
        if self._signalled and not self._told and not told:
            self._told = True
            raise AGISIGHUPHangup("the call was hung up")
        if self.state is _CLOSED:
            if not isinstance(self._failure, AGIProtocolError):
                self._failure = None
            self._raise_failure("the session is closed")
        if self.state is not _READY:
            raise RuntimeError(f"cannot send an action in state {self.state.name}")

    def cancel(self) -> bool:
        """Give up the action that waits. Go on until the state leaves WAITING, and forget it.

        A command that Asterisk can stop is stopped by the line that is in `data_to_send` then;
        what it still answers is dropped, so that the session stays in step. One that ends soon is
        waited for.

        Returns:
            False, and nothing is done, if the command may run for ever: only `receive_eof` helps.
        """
        if self._on_line is AGIProtocol._skipped_line:
            self._line = b""  # it has not been sent yet
        elif self._on_line is None and self._on_reply is None:
            how = cancelling(self._line)
            if how is Cancelling.CLOSE:
                return False
            if how is Cancelling.STOP and not self._out:
                self._request_echo(AGIProtocol._cancelled_line)
        return True

    @property
    def patience(self) -> float | None:
        """For how many seconds to go on after `cancel`, before only `receive_eof` helps.

        None for as long as it takes: the command ends for sure.
        """
        return None

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

    def receive_data(self, data: bytes) -> None:
        """Hand in what was read. Then send `data_to_send` and look at the state."""
        state = self.state
        if state is _WAITING:
            if not self._buffer:
                if (
                    len(data) <= LONGEST_SHARED
                    and (shared := shared_reply(data)) is not None
                    and self._on_line is None
                    and self._on_reply is None
                ):
                    self._answered(shared)
                    return
                line, feed, rest = data.partition(b"\n")
                if feed and not rest:  # nearly always a read is one line
                    (self._on_line or AGIProtocol._reply_line)(self, line)
                    return
            self._buffer += data
            self._read_lines()
        elif state is _ENVIRONMENT:
            self.received = True
            self._buffer += data
            self._read_environment()
        elif state is _READY:
            self._buffer += data
            self._read_idle()

    def receive_eof(self) -> None:
        """Tell that the peer has closed the connection, or that it broke. Idempotent."""
        if self.state is _CLOSED:
            return
        failure: AGIException | None = None
        if self._on_line is AGIProtocol._value_line and any(x.endswith(b")") for x in self._held):
            self._end_value()
        if self.state is _WAITING:
            if self._on_reply is AGIProtocol._usage_after_exec:  # all that matters has come
                self.state = _READY
            elif self._on_reply is AGIProtocol._settled:  # AGIEXITONHANGUP: told by closing
                failure = self._hangup_during()
            else:
                failure = AGISIGPIPEHangup(f"the connection was closed during {self._command()}")
        self._close(failure)

    def close(self) -> None:
        """End the session from this side: the caller has not hung up for that. Idempotent."""
        hung_up = self.hung_up
        self.receive_eof()
        self.hung_up = hung_up

    def receive_signal(self) -> None:
        """Tell that Asterisk signalled the hang-up, by SIGHUP. Idempotent.

        The next action raises it, unless another `AGIHangup` was raised. The one that runs is not
        touched, so a signal handler may call this at any point.
        """
        self._signalled = self.hung_up = True

    def note_told(self) -> None:
        """Note that the program has been told of the hang-up: no action raises it for that."""
        self._told = True

    # Private: reading.

    def _raise_failure(self, otherwise: str) -> NoReturn:
        self._told |= self._failure is None or isinstance(self._failure, AGIHangup)
        if self._failure is None:
            raise AGISIGPIPEHangup(otherwise)
        raise self._failure.with_traceback(None)  # it may be raised many times

    def _close(self, failure: AGIException | None) -> None:
        if self.state is _WAITING:
            self._response = None  # otherwise it is whole, and waits to be taken
        self._out = b""
        super()._close(failure)

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
        block = bytes(self._buffer[:end])
        environment = Environment.parse(block)
        if len(self._buffer) == end + skip:
            self._buffer = bytearray()  # the old one would keep its room
        else:
            del self._buffer[: end + skip]
        self._scanned = 0
        if not is_as_sent(block) and not self._accept(environment):
            return
        self._environment = environment
        self.state = _READY
        # Behind the arguments, which the dialplan's data may cut short.
        self.may_have_more = not ends_without_arguments(block) and b"\nagi_arg_" in block
        if self._buffer:
            self._read_idle()  # a caller who left early: HANGUP follows at once

    def _accept(self, environment: Environment) -> bool:
        """Look closer at an environment that is not as Asterisk makes it; tell whether it is one.

        A line feed in the dialplan's data can end the block early; its rest, which may look like a
        reply, comes where the first reply is expected. Asterisk's own last line tells.
        """
        ignored = environment.ignored
        if not environment:
            self._close(AGIProtocolError("what came is no AGI environment"))
            return False
        if ignored or ("agi_request" in environment) > ("agi_threadid" in environment):
            self._out_of_step = True
        if ignored:
            _LOGGER.warning(
                "%s: %d lines of the environment are no variables or repeat one, the first: %.200r",
                self._peer,
                len(ignored),
                ignored[0],
            )
        return True

    def _read_lines(self) -> None:
        while self.state is _WAITING and (line := self._take_line()) is not None:
            (self._on_line or AGIProtocol._reply_line)(self, line)
        if self._buffer and self.state is _READY:
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

    # Private: the line handlers.

    def _reply_line(self, line: bytes) -> None:
        if line[:4] == b"200 " and self._on_reply is None:
            text = line[4:].decode("utf-8", "surrogateescape")
            if gives_value(self._line) and has_parenthesis(text):
                self._value(line, text)
            else:
                self._answered(new_tuple(Response, (parse_items(text), OK, text)))
        elif line == HANGUP_LINE:
            self.hung_up = True
        elif (reply := parse_reply_line(line)) is None:
            self._stray(line)
        elif reply.more and reply.code == USAGE:
            if self._hold(line):
                self._on_line = AGIProtocol._block_line
        elif reply.code != TRYING:
            self._reply(reply.code, reply.text)

    def _reply(self, code: int, text: str) -> None:
        handler, self._on_reply = self._on_reply, None
        if handler is not None:
            handler(self, code, text)
        elif code == OK:  # without a result
            self._answered(Response(parse_items(text), OK, text))
        else:
            self._refused(code, text)

    def _value(self, line: bytes, text: str) -> None:
        """Take the first line of a reply with a value, which may have more."""
        whole = text[-1] == ")" and len(text) <= SURELY_WHOLE
        if whole and (not self._buffer or bytes(self._buffer) in _NOTHING_BUT_HANGUPS):
            self._answered(new_tuple(Response, (parse_value(text), OK, text)))
        elif self._hold(line):
            self._request_echo(AGIProtocol._value_line)

    def _block_line(self, line: bytes) -> None:
        """Take a line of a usage block, which ends with ``520`` and a blank."""
        if self._hold(line) and line.startswith(b"520 "):
            self._on_line = None
            block = decode(b"\n".join(self._take_held()))
            self._reply(USAGE, block)

    def _request_echo(self, handler: Callable[[AGIProtocol, bytes], None]) -> None:
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
        self._on_line = None
        held = self._take_held()
        while held[-1] == HANGUP_LINE:
            self.hung_up = True
            held.pop()
        value, strays = lines_of_value(held)
        for stray in strays:
            self._stray(stray)
        if self.state is _WAITING:
            text = decode(value[4:])
            self._answered(Response(parse_value(text), OK, text))

    def _skipped_line(self, line: bytes) -> None:
        """Skip a line, up to the echo; then send the action."""
        if line.endswith(self._echo):
            self._out_of_step = False
            self._on_line = None
            self._out = self._line
            if not self._line:
                self.state = _READY
            if line != self._echo:
                self._stray(line.removesuffix(self._echo))
        elif line == HANGUP_LINE:
            self.hung_up = True
        else:
            self._stray(line)

    def _cancelled_line(self, line: bytes) -> None:
        """Drop what the cancelled command still says, up to the echo."""
        if line.endswith(self._echo):
            self._on_line = None
            self.state = _READY
        elif line == HANGUP_LINE:
            self.hung_up = True

    # Private: the reply handlers.

    def _answered(self, response: Response) -> None:
        """Take the whole reply of a command that was carried out."""
        self._response = response
        items, _, _ = response
        result = items.get("result")
        if result is None:
            said = f"a reply without a result: {response.raw!r}"
            self._fail(AGINoResultError(said, items))
            return
        value, data = result
        if value == "1" and is_exec(self._line):
            self._on_reply = AGIProtocol._usage_after_exec
        elif (value == "-1" or data == "hangup") and self._may_be_hangup():
            self._settle()
        else:
            self.state = _READY

    def _refused(self, code: int, text: str) -> None:
        said = printable(text)
        text = f"{said} ({self._command()})"
        match code:
            case 510:
                self._fail(AGIInvalidCommandError(text))
            case 511:
                self.hung_up = True
                self._fail(AGIDeadChannelError(text))
            case 520:
                self._fail(AGIUsageError(said if "\n" in said else text))
            case _:
                self._fail(AGIUnknownError(f"reply code {code}: {text}"))

    def _usage_after_exec(self, code: int, text: str) -> None:
        """Drop the usage block that follows an application's code of 1."""
        self.state = _READY
        if code != USAGE:
            self._out_of_step = True
            self._stray(f"{code} {text}".encode("utf-8", "surrogateescape"))

    def _may_be_hangup(self) -> bool:
        # A command sent on a channel already dead has its own answer, EXEC Dial's -1 for one.
        action = self._action
        return action is not None and action.check_hangup and not self._was_hung_up

    def _settle(self) -> None:
        """Find out what a result of -1 means: ask, unless HANGUP came already."""
        if self.hung_up or self._buffer.startswith(HANGUP_LINE + b"\n"):
            self._hung_up_during()
        else:
            self._out = _CHANNEL_STATUS
            self._on_reply = AGIProtocol._settled

    def _settled(self, code: int, _text: str) -> None:
        if code == DEAD or self.hung_up:
            self._hung_up_during()
        else:
            self.state = _READY

    def _hung_up_during(self) -> None:
        self.hung_up = True
        self._fail(self._hangup_during())

    def _hangup_during(self) -> AGIResultHangup:
        items = self._response.items if self._response else {}
        return AGIResultHangup(f"the call was hung up during {self._command()}", items)

    def _command(self) -> str:
        """Give the command that runs, for a message."""
        return f"{printable(self._line[:-1]):.200}"

    def _fail(self, error: AGIException) -> None:
        self.state = _READY
        self._response = None
        self._failure = error
