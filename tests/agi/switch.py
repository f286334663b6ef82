"""An Asterisk whose calls are in AsyncAGI, seen from a manager: a test speaks for the calls."""

from __future__ import annotations

import queue
import socket
import threading
import urllib.parse
from typing import TYPE_CHECKING, Final

from pystrix.agi._asyncagi_protocol import ENCODED_LIMIT, READ_LIMIT
from tests.agi.peers import TIMEOUT, Background, eventually
from tests.ami.servers import Peer, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from pystrix.ami import Message

BREAK: Final = b"ASYNCAGI BREAK"
FAIL: Final = b'RECEIVE CHAR "0"'
UNESCAPED: Final = "!'()*~"
"""What Asterisk does not escape, beside letters, digits and ``-._``, which nobody does."""


def environment(
    channel: str, uniqueid: str, arguments: Sequence[str] = (), context: str = "sip"
) -> bytes:
    """Make an environment block as Asterisk 22 sends it."""
    lines = [
        "agi_request: async",
        f"agi_channel: {channel}",
        "agi_language: en",
        "agi_type: PJSIP",
        f"agi_uniqueid: {uniqueid}",
        "agi_version: 22.10.1",
        "agi_callerid: +493012",
        "agi_calleridname: Zoë O'Brien",
        "agi_callingpres: 0",
        "agi_callingani2: 0",
        "agi_callington: 0",
        "agi_callingtns: 0",
        "agi_dnid: 5551234",
        "agi_rdnis: unknown",
        f"agi_context: {context}",
        "agi_extension: 5551234",
        "agi_priority: 1",
        "agi_enhanced: 0.0",
        "agi_accountcode: ",
        "agi_threadid: 139857114666688",
    ]
    lines += [f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape") + b"\n"


def encode(data: bytes) -> str:
    """Encode what was read as Asterisk does, as much of it as it sends."""
    text = ""
    for byte in data:
        part = urllib.parse.quote(bytes([byte]), safe=UNESCAPED)
        if len(text) + len(part) > ENCODED_LIMIT:
            break
        text += part
    return text


class Switch:
    """The manager interface, and the calls; a context manager.

    Args:
        is_over: Tells whether the server under test is done with the call of a unique id.
    """

    def __init__(self) -> None:
        self.is_over: Callable[[str], bool] = lambda _: True
        """Tells whether the server under test is done with the call of a unique id."""
        self.refuse: dict[str, str] = {}
        """What actions are refused with, by their names."""
        self.context = "sip"
        """Where in the dialplan the next calls are."""
        self.tells_status = True
        """Whether the manager may hear of AGISTATUS."""
        self.calls: dict[str, Call] = {}
        """The calls by channel."""
        self.missed: list[str] = []
        """The channels that were asked for and are not there."""
        self._server = ScriptedServer()
        self._lock = threading.Lock()  # guards what is sent
        self._peers: list[Peer] = []
        self._threads: list[Background] = []
        self._count = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def accept(self) -> None:
        """Take the next connection."""
        self._peers.append(peer := self._server.accept())
        self._threads.append(peer.respond_to_all(self._respond))

    def cut(self) -> None:
        """Break the connection."""
        self._peers[-1].socket.shutdown(socket.SHUT_RDWR)

    def event(self, name: str, *lines: str, chunk: int | None = None) -> None:
        """Send an event, in pieces of so many bytes."""
        text = "".join(f"{line}\r\n" for line in (f"Event: {name}", *lines, ""))
        data = text.encode("utf-8", "surrogateescape")
        size = chunk or len(data)
        with self._lock:
            for at in range(0, len(data), size):
                self._peers[-1].send(data[at : at + size])

    def call(self, *arguments: str, chunk: int | None = None, channel: str | None = None) -> Call:
        """Make a call that is in AsyncAGI."""
        self._count += 1
        made = Call(self, channel or f"PJSIP/alice-{self._count:08}", f"178.{self._count}", chunk)
        self.calls[made.channel] = made
        made.start(arguments)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.__exit__(exc_type, exc, traceback)
        for thread in self._threads:
            thread.result()

    def _respond(self, peer: Peer, request: Message) -> None:
        action = request["Action"]
        lines = ["Response: Success"]
        call = self.calls.get(request.get("Channel", ""))
        if action in self.refuse:
            lines = ["Response: Error", f"Message: {self.refuse[action]}"]
        elif action == "CoreShowChannels":
            lines.append("EventList: start")
        elif "Channel" in request and call is None:
            self.missed.append(request["Channel"])
            lines = ["Response: Error", f"Message: Channel {request['Channel']} does not exist."]
        elif action == "Getvar" and call is not None:
            lines += ["Variable: AGISTATUS", f"Value: {call.status()}"]
        with self._lock:
            peer.respond(request, *lines)
            if action == "Login":
                peer.message("Event: FullyBooted", "Status: Fully Booted")
            elif action == "CoreShowChannels" and lines[0] != "Response: Error":
                for each in list(self.calls.values()):  # a test may make one meanwhile
                    place = ("Context: sip", "Exten: 5551234", f"Priority: {each.priority}")
                    own = (f"Channel: {each.channel}", f"Uniqueid: {each.uniqueid}")
                    peer.respond(request, "Event: CoreShowChannel", *own, *place)
                complete = ("Event: CoreShowChannelsComplete", "EventList: Complete")
                peer.respond(request, *complete, f"ListItems: {len(self.calls)}")
        if call is not None and action not in self.refuse:
            call.take(request)


class Call:
    """One call. It looks like the peers of other transports."""

    def __init__(self, switch: Switch, channel: str, uniqueid: str, chunk: int | None) -> None:
        self.channel = channel
        self.uniqueid = uniqueid
        self.priority = 1
        """Where it is in the dialplan."""
        self.statuses = ["HANGUP"]
        """What AGISTATUS is when it is asked for, one after the other; the last one stays."""
        self.stops: queue.Queue[Message] = queue.Queue()
        """The actions that were to stop a command."""
        self._switch = switch
        self._chunk = chunk
        self._commands: queue.Queue[tuple[bytes, str | None]] = queue.Queue()
        self._running: tuple[bytes, str | None] | None = None
        self._pipe = b""
        self._ended = False

    # What comes from the manager.

    def take(self, request: Message) -> None:
        """Take an action."""
        if request["Action"] == "AGI":
            command = request["Command"].encode("utf-8", "surrogateescape")
            self._commands.put((command, request.get("CommandID")))
        elif request["Action"] != "Getvar":
            self.stops.put(request)

    def status(self) -> str:
        """Tell AGISTATUS."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    # What happens to it.

    def event(self, name: str, *lines: str) -> None:
        """Send an event of its channel."""
        own = (f"Channel: {self.channel}", f"Uniqueid: {self.uniqueid}")
        self._switch.event(name, *own, *lines, chunk=self._chunk)

    def start(self, arguments: Sequence[str]) -> None:
        """Enter AsyncAGI."""
        self._pipe = environment(self.channel, self.uniqueid, arguments, self._switch.context)
        self.event("AsyncAGIStart", f"Env: {encode(self._read())}")

    def end(self, *statuses: str) -> None:
        """Leave AsyncAGI; what AGISTATUS is when it is asked for, one after the other."""
        self._ended = True
        self.statuses = list(statuses) or ["HANGUP"]
        self.event("AsyncAGIEnd")
        if self._switch.tells_status:
            self.event("VarSet", "Variable: AGISTATUS", f"Value: {self.statuses[-1]}")

    def hangup(self) -> None:
        """Hang up."""
        self.end()

    def reset(self) -> None:
        """Break the connection of the manager."""
        self._ended = True
        self._switch.cut()

    def close(self) -> None:
        """Be gone, without a word of AsyncAGI."""
        if not self._ended:
            self._ended = True
            self.event("Hangup", "Cause: 16")

    # The commands.

    def line(self) -> bytes:
        """Begin the next command."""
        self._running = self._commands.get(timeout=TIMEOUT)
        command = self._running[0].decode("utf-8", "surrogateescape")
        self.event("AGIExecStart", "CommandId: 1026254274", f"Command: {command}")
        return self._running[0]

    def sent(self) -> bytes:
        """Give the next command, and do not begin it."""
        return self._commands.get(timeout=TIMEOUT)[0]

    def send(self, data: bytes) -> None:
        """Write to the pipe, and end the command that runs."""
        self._pipe += data
        if self._running is None:
            return
        command, command_id = self._running
        self._running = None
        lines = [f"Result: {encode(self._read())}"]
        self.event("AsyncAGIExec", *lines, *([f"CommandId: {command_id}"] if command_id else []))
        if command == b"HANGUP" and data == b"200 result=1\n":
            self.end()

    def reply(self, line: bytes) -> None:
        """Answer the command that runs; a line HANGUP beside it is a hang-up behind it."""
        lines = line.split(b"\n")
        self.send(b"".join(line + b"\n" for line in lines if line != b"HANGUP"))
        if b"HANGUP" in lines:
            self.hangup()

    def expect(self, line: bytes, *replies: bytes) -> None:
        """Begin a command, which must be this one, and answer it."""
        got = self.line()
        assert got == line, f"got {got!r}, not {line!r}"
        if replies:
            self.reply(b"\n".join(replies))

    def answer_echo(self) -> None:
        """Answer a request for an echo."""
        line = self.line()
        assert line.startswith(b"GET FULL VARIABLE"), line
        self.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")

    def stopped(self, reply: bytes = b"200 result=0 endpos=160", wait: str = "0.02") -> None:
        """Stop the command that runs, as was asked."""
        self.stops.get(timeout=TIMEOUT)
        self.reply(reply)
        self.expect(f'EXEC "Wait" "{wait}"'.encode(), b"200 result=0")
        self.answer_echo()

    def rest(self) -> bytes:
        """Wait until the server is done with it; give what it sent beside ASYNCAGI BREAK."""
        if not self._ended:
            line = self.line()
            if line != BREAK:
                return line
            self.reply(b"200 result=0")
            self.end("SUCCESS")
        eventually(lambda: self._switch.is_over(self.uniqueid), "the end of the call")
        return b""

    def unheard(self) -> list[bytes]:
        """Give the commands that were sent and never run."""
        return [self._commands.get()[0] for _ in range(self._commands.qsize())]

    def _read(self) -> bytes:
        data, self._pipe = self._pipe[:READ_LIMIT], self._pipe[READ_LIMIT:]
        return data
