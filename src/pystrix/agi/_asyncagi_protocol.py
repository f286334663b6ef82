"""The conversation of a call in AsyncAGI: what Asterisk read of each reply in, commands out.

Pure. It is that of `AGIProtocol`, but that Asterisk sends each reply in one piece: it writes the
reply into a pipe of its own, reads that once, and sends what it read, percent-encoded, in one
event of AMI. So a value with line feeds has an end, and nothing comes that nobody asked for. But
both steps have a limit. Asterisk reads 1,024 bytes: the rest stays in the pipe, and comes in front
of the next reply. And it sends 2,047 encoded bytes: the rest is lost.

So if a reply may have been cut, echoes of our own are requested (a GET FULL VARIABLE of plain
text), until the last of them stands at the end of what was read. Then the pipe is empty, and the
reply is all before the echoes: whole, if only the first limit was hit. If it was the second, the
command raises `AGITruncatedReplyError`; the session is in step all the same.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

from pystrix.agi._limits import ENVIRONMENT_LIMIT, REPLY_LIMIT
from pystrix.agi._protocol import OK, AGIProtocol, State
from pystrix.agi._wire import (
    Response,
    decode,
    encode_command,
    lines_of_value,
    parse_value,
    printable,
    split_words,
)
from pystrix.agi.environment import Environment, is_as_sent
from pystrix.agi.errors import (
    AGIEnvironmentLimitError,
    AGIException,
    AGIProtocolError,
    AGIReplyLimitError,
    AGISIGPIPEHangup,
    AGITruncatedReplyError,
    AGIUnknownError,
)

if TYPE_CHECKING:
    from typing import Self

    from pystrix.agi._action import Action

MAX_COMMAND: Final = 1013
"""Bytes of a command. A line of AMI has 1,024, with ``Command: `` and its end."""

READ_LIMIT: Final = 1024
"""Bytes that Asterisk reads of a reply. The rest comes in front of the next one."""

ENCODED_LIMIT: Final = 2047
"""Bytes that Asterisk sends of what it read, percent-encoded. The rest is lost."""

PEER: Final = "AsyncAGI"
"""Who is at the other end, for the log."""

SEND_SECONDS: Final = 30.0
"""How long Asterisk may take to queue a command; an action that takes its time delays it."""

ECHOES_AT_ONCE: Final = 16
"""Echoes that are requested at once. Each takes up to 1,024 bytes out of the pipe."""

_ESCAPE: Final = 3  # bytes; Asterisk sends no part of one
_READY, _WAITING, _ENVIRONMENT, _CLOSED = (
    State.READY,
    State.WAITING,
    State.ENVIRONMENT,
    State.CLOSED,
)


class Result(bytes):
    """What Asterisk read of its pipe at once, decoded."""

    lost: bool
    """Whether Asterisk may have lost its end."""
    left: int = 0
    """How many commands were on their way behind the one whose result it is."""

    @classmethod
    def of(cls, encoded: str) -> Self:
        """Decode the ``Result`` or ``Env`` of an event."""
        data = encoded.encode("utf-8", "surrogateescape")
        result = cls(unquote_to_bytes(data))
        result.lost = len(data) > ENCODED_LIMIT - _ESCAPE
        return result

    @property
    def whole(self) -> bool:
        """Whether it is surely all that Asterisk had to say."""
        return len(self) < READ_LIMIT and not self.lost and self.endswith(b"\n")


class Stop(NamedTuple):
    """An action of AMI that stops a command."""

    name: str
    """Its name; the channel is one of its headers."""
    headers: dict[str, str]
    """Its other headers."""


class _Stopping(NamedTuple):
    """How a command is stopped."""

    stops: tuple[Stop, ...]
    barrier: bytes  # reads what of them came too late, and would stop the next command


# AsyncAGI runs one command after the other and does not look at the next one meanwhile. What does
# reach a command that plays or listens are frames of its channel. EXEC Wait reads all that are
# there; after a key Asterisk holds others back, for up to 145 ms.
_STOP: Final = Stop("ControlPlayback", {"Control": "stop"})
_KEY: Final = Stop("PlayDTMF", {"Digit": "#", "Receive": "true"})
_WAIT: Final = encode_command("EXEC", ("Wait", "0.02"))
_STOPPINGS: Final = {
    b"STREAM FILE": _Stopping((_STOP,), _WAIT),
    b"CONTROL STREAM": _Stopping((_STOP,), _WAIT),
    b"WAIT FOR": _Stopping((_STOP,), _WAIT),
    b"GET OPTION": _Stopping((_STOP, _STOP), _WAIT),  # the prompt, and the waiting behind it
    # Each stop would only be a digit.
    b"GET DATA": _Stopping((_KEY,), encode_command("EXEC", ("Wait", "0.2"))),
}


# Their replies may be more than the pipe holds from which Asterisk reads them.
_OF_ANY_SIZE: Final = frozenset({b"GET VARIABLE", b"GET FULL", b"DATABASE GET"})
PATIENCE_SECONDS: Final = 10.0
"""How long such a reply may take when nobody waits for it any more: 100 ms and the dialplan's."""


class AsyncAGIEnvironment(Environment):
    """The ``agi_*`` variables of a call in AsyncAGI, which has no URL.

    The first argument takes the place of what stands behind the host of one: ``AGI(agi:async,
    pay/42?x=1,one)`` has the path ``pay/42``, the query ``x=1`` and the argument ``one``. Without
    arguments the path is ``/``.
    """

    __slots__ = ()

    @property
    def network_script(self) -> str | None:
        """The first argument; None if there is none."""
        return self._value("agi_arg_1")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments behind the first, in order; empty ones are kept."""
        return super().arguments[1:]


def visible_environment(result: Result) -> AsyncAGIEnvironment:
    """Make an environment of the lines that came whole, though others may follow."""
    return AsyncAGIEnvironment.parse(result[: result.rfind(b"\n") + 1].rstrip(b"\n"))


class AsyncAGIProtocol(AGIProtocol):
    """One session in AsyncAGI without its manager.

    Each `receive_data` takes the whole of one `Result`, the first that of the environment; when the
    call has left AsyncAGI or the manager is gone, `note_end` says why, and `receive_eof` follows.
    `data_to_send` gives whole lines, perhaps several, each of which has a result; before them the
    actions of `take_stops` are to be sent. The environment may have to be asked for as well, so
    that there is data to send before the state leaves ENVIRONMENT.
    """

    __slots__ = (
        "_awaited",
        "_echoed",
        "_failed",
        "_leaves",
        "_pieces",
        "_size",
        "_stops",
        "_untaken",
        "_why",
    )

    state: State
    hung_up: bool

    def __init__(
        self,
        peer: object = "Asterisk",
        *,
        environment_limit: int = ENVIRONMENT_LIMIT,
        reply_limit: int = REPLY_LIMIT,
    ) -> None:
        super().__init__(peer, environment_limit=environment_limit, reply_limit=reply_limit)
        self._pieces: list[Result] = []  # of a reply that was cut
        self._size = 0  # bytes of them
        self._echoed: list[bytes] = []  # the replies of the echoes that were requested for it
        self._awaited = 0  # echoes whose result is to come
        self._stops: tuple[Stop, ...] = ()
        self._leaves = ""  # why the call leaves AsyncAGI, if it does by a command of the handler
        self._why = ""
        self._failed = False
        self._untaken: AGIException | None = None  # what the last command is to raise

    # Public: what a session asks for and hands in.

    @property
    def leaving(self) -> bool:
        """Whether a command of the handler has ended AsyncAGI, or is about to."""
        return bool(self._leaves)

    @property
    def may_have_failed(self) -> bool:
        """Whether a command has answered -1, and it is not known yet whether that is a hang-up."""
        return self._on_reply is AGIProtocol._settled

    def send_action(self, action: Action[Any], *, told: bool = False) -> bytes:
        """Begin an action: see `AGIProtocol.send_action`.

        Raises:
            ValueError: If AMI cannot carry the command: it has a CR, or more than `MAX_COMMAND`
                bytes.
        """
        line = action.wire
        if len(line) - 1 > MAX_COMMAND:
            raise ValueError(
                f"AMI takes AGI commands of at most {MAX_COMMAND} bytes, this one has "
                f"{len(line) - 1}: {printable(line[:60])!r}..."
            )
        if b"\r" in line:
            raise ValueError(f"AMI cannot carry a CR in an AGI command: {printable(line[:-1])!r}")
        line = super().send_action(action, told=told)
        self._untaken = None  # of a command that was given up
        return line

    def receive_data(self, data: bytes) -> None:
        """Hand in one result. Then send `data_to_send` and look at the state."""
        self.received = True
        result = data if isinstance(data, Result) else _as_result(data)
        if self._pieces:
            self._piece(result)
        elif self.state not in (_ENVIRONMENT, _WAITING):
            return
        elif self._on_line is AGIProtocol._cancelled_line:  # who cares for its reply
            super().receive_data(result)
        elif result.whole:
            self._take(result)
        else:
            self._hold_piece(result)
            self._request_echoes()

    def cancel(self) -> bool:
        """Give up the action that waits: see `AGIProtocol.cancel`.

        What stops it is in `take_stops`.
        """
        if self._pieces:  # it has ended, the rest of its reply is on its way
            return True
        stopping = _STOPPINGS.get(_name(self._line))
        if stopping is None or self._on_line is not None or self._on_reply is not None:
            return super().cancel()
        self._stops = stopping.stops
        self._request_echo(AGIProtocol._cancelled_line)
        self._out = stopping.barrier + self._out
        return True

    @property
    def patience(self) -> float | None:
        """For how many seconds to go on after `cancel`: see `AGIProtocol.patience`.

        A value of 64 KiB and more never comes, for Asterisk waits for itself then.
        """
        return PATIENCE_SECONDS if _name(self._line) in _OF_ANY_SIZE else None

    def response(self) -> Response:
        """Give the reply to the last action: see `AGIProtocol.response`."""
        if self._untaken is not None:  # the end may have come in the same moment
            self._failure, self._untaken = self._untaken, None
        return super().response()

    def take_stops(self) -> tuple[Stop, ...]:
        """Take the actions that are to be sent before `data_to_send`, mostly none."""
        stops, self._stops = self._stops, ()
        return stops

    def note_end(self, why: str, *, failed: bool = False) -> None:
        """Say why there will be no more results; `receive_eof` then ends the session.

        Args:
            why: The reason, for messages.
            failed: Whether Asterisk has ended it because the last command failed.
        """
        self._why = why
        self._failed = failed

    def receive_eof(self) -> None:
        """Tell that there will be no more results. Idempotent."""
        if self.state is _CLOSED:
            return
        hung_up = self.hung_up
        why = self._leaves or self._why or "the session is closed"
        failure: AGIException = AGISIGPIPEHangup(why)
        if self.may_have_failed and self._failed:
            self.state = _READY  # the reply stands
            why = f"Asterisk has ended AsyncAGI, for it could not do {self._command()}"
        elif self.may_have_failed:
            failure = self._hangup_during()
        elif self.state is _WAITING:
            failure = AGISIGPIPEHangup(f"{why}, during {self._command()}")
        self._why = why
        self._pieces.clear()
        self._close(failure)
        if self._leaves:  # by a command of our own; a HANGUP has set it by now
            self.hung_up = hung_up

    def _raise_failure(self, otherwise: str) -> NoReturn:
        super()._raise_failure(self._why or otherwise)

    def _fail(self, error: AGIException) -> None:
        super()._fail(error)
        self._untaken = error

    # Private: results that are whole.

    def _take(self, data: bytes) -> None:
        """Take all that Asterisk had to say."""
        if self.state is _ENVIRONMENT:
            self._read_block(data)
            return
        super().receive_data(data)
        if self.state is _WAITING and not self._out:
            self._end_reply(data)
        if self.state is _READY and self._response is not None:
            self._note_leaving()

    def _read_block(self, data: bytes) -> None:
        """Read the environment, whose end is known: line feeds of the dialplan do not end it."""
        block = data.removesuffix(b"\n").removesuffix(b"\n")
        if len(block) > self._environment_limit:
            self._close(AGIEnvironmentLimitError(self._environment_limit))
            return
        environment = AsyncAGIEnvironment.parse(block)
        if not is_as_sent(block) and not self._accept(environment):
            return
        self._out_of_step = False
        self._environment = environment
        self.state = _READY

    def _value(self, line: bytes, text: str) -> None:
        """Take the first line of a reply with a value; the others are here as well."""
        whole = (line + b"\n" + bytes(self._buffer)).removesuffix(b"\n")
        self._buffer.clear()
        self._scanned = 0
        value, strays = lines_of_value(whole.split(b"\n"))
        if strays or not value.endswith(b")"):
            self._fail(AGITruncatedReplyError(self._command()))
            return
        text = decode(value[4:])
        self._answered(Response(parse_value(text), OK, text))

    def _end_reply(self, data: bytes) -> None:
        """End a reply that seems to go on, which it does not."""
        after_exec = self._on_reply is AGIProtocol._usage_after_exec
        self._forget_reply()
        if after_exec:  # the usage block behind it is not there
            self.state = _READY
        else:
            self._fail(AGIUnknownError(f"no reply: {printable(data):.200} ({self._command()})"))

    def _forget_reply(self) -> None:
        self._on_line = self._on_reply = None
        self._take_held()
        self._buffer.clear()
        self._scanned = 0

    def _note_leaving(self) -> None:
        """See whether the command that was carried out ends AsyncAGI."""
        words = split_words(self._line[:-1])
        name = words[0].upper()
        if name == b"ASYNCAGI":
            self._leaves = "ASYNCAGI BREAK gave the call back to the dialplan"
        elif name == b"HANGUP" and self._response and self._response.raw == "result=1":
            channel = self.environment.get("agi_channel", "").encode("utf-8", "surrogateescape")
            if words[1:] in ([], [channel]):
                self._leaves = "HANGUP has hung up the call"
                self.hung_up = True

    # Private: results that were cut.

    def _hold_piece(self, piece: Result) -> None:
        self._pieces.append(piece)
        self._size += len(piece)

    def _request_echoes(self) -> None:
        """Request echoes, twice as many each time: so much is in the pipe at least."""
        for _ in range(max(1, min(len(self._echoed), ECHOES_AT_ONCE))):
            token = secrets.token_hex(8)
            self._echoed.append(f"200 result=1 ({token})\n".encode())
            self._out += encode_command("GET FULL VARIABLE", (token,))
            self._awaited += 1

    def _piece(self, piece: Result) -> None:
        """Take the result of an echo: the rest of the reply, with the echo at its end at last."""
        self._hold_piece(piece)
        self._awaited -= 1
        if self._size > self._reply_limit:
            self._close(AGIReplyLimitError(self._reply_limit))
        elif self._awaited:
            return
        elif piece.endswith(self._echoed[-1]):
            self._put_together()
        else:
            self._request_echoes()

    def _put_together(self) -> None:
        """Take the reply that came in pieces, if all of it came."""
        lost = any(piece.lost for piece in self._pieces)
        data, echoes = b"".join(self._pieces), b"".join(self._echoed)
        self._pieces.clear()
        self._echoed.clear()
        self._size = 0
        reply = data.removesuffix(echoes)
        if not lost and len(reply) < len(data) and reply.endswith(b"\n"):
            self._take(reply)
        elif self.state is _ENVIRONMENT:
            self._close(
                AGIProtocolError(
                    f"Asterisk has cut the environment: of each KiB AsyncAGI sends {ENCODED_LIMIT} "
                    "bytes, percent-encoded"
                )
            )
        else:
            self._forget_reply()
            self._fail(AGITruncatedReplyError(self._command()))


def _as_result(data: bytes) -> Result:
    """Take bytes for a result that nothing was lost of."""
    result = Result(data)
    result.lost = False
    return result


def _name(line: bytes) -> bytes:
    """Give the first two words of a command."""
    return b" ".join(split_words(line[:-1])[:2]).upper()
