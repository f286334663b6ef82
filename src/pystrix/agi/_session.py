"""One call on a thread: moves the bytes of `AGIProtocol`, waits, and tells of a hang-up."""

from __future__ import annotations

import logging
import threading
import time
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from pystrix.agi._dialogue import run
from pystrix.agi._facts import CallFacts
from pystrix.agi._protocol import AGIProtocol, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.agi._action import Action
    from pystrix.agi._dialogue import Dialogue

T = TypeVar("T")
C = TypeVar("C", bound="Callable[[], object]")

READS_AT_ONCE: Final = 8

_WAITING = State.WAITING
_LOGGER = logging.getLogger("pystrix.agi")


class Stream(Protocol):
    """The connection of a session. Every method may raise OSError: the line is gone."""

    peer: str
    """Who is at the other end, for the log."""

    def fileno(self) -> int:
        """Give the descriptor that is read from, -1 if closed."""
        ...

    def receive(self) -> bytes:
        """Wait for bytes; ``b""`` at the end."""
        ...

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for bytes until a moment of `time.monotonic`; None if it passes."""
        ...

    def receive_now(self) -> bytes | None:
        """Give the bytes that are there, ``b""`` at the end, None if nothing is."""
        ...

    def send(self, data: bytes) -> None:
        """Send all of `data` in one write."""
        ...

    def acknowledge(self) -> None:
        """Have the peer know that its bytes came, for it may wait to send more."""
        ...

    def interrupt(self) -> None:
        """End the connection, and whoever waits in `receive`, where that is possible."""
        ...

    def close(self) -> None:
        """Give the descriptors back; nobody may be waiting. Idempotent."""
        ...


class Watcher(Protocol):
    """What tells a session that bytes came while it is idle."""

    def watch(self, session: Session) -> None:
        """Call ``session.notice()`` once when bytes come, unless the session is closed."""
        ...

    def forget(self, fileno: int) -> None:
        """Stop watching what has this descriptor."""
        ...


class Session(CallFacts):
    """One call: executes actions, one at a time, and knows whether the caller is still there.

    Thread-safe: actions of several threads run one after the other.
    """

    def __init__(
        self,
        stream: Stream,
        protocol: AGIProtocol,
        *,
        debug: bool = False,
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__(protocol)
        self._stream = stream
        self._debug = debug
        self._watcher = watcher
        self._watched = False
        self.closed: bool = False
        """Whether `close` was called."""
        self._lock = threading.Lock()  # guards _protocol, and reading and writing _stream
        # Lists, whose methods are atomic and which take little room when they are empty.
        self._callbacks: list[Callable[[], object]] = []
        self._telling: list[int] = []  # the threads that run callbacks

    def _read_environment(self) -> None:
        """Wait for the environment.

        Raises:
            AGIProtocolError: If what comes is none.
            AGISIGPIPEHangup: If the connection ends before it is complete.
        """
        try:
            while self._protocol.state is State.ENVIRONMENT:
                self._received(self._stream.receive())
        except OSError as error:
            self._lost(error)
        _ = self._protocol.environment  # raises if there is none

    def execute(self, action: Action[T] | Dialogue[T], *, timeout: float | None = None) -> T:
        """Send a command, wait for its reply, and give its result; or run a dialogue.

        Args:
            action: A command, of `pystrix.agi.core` for instance; or a generator that yields
                commands, gets their results, and returns its own.
            timeout: The time it may take, in seconds; None for as long as Asterisk needs: a Dial
                may take hours. When it is over, STREAM FILE, GET DATA, GET OPTION and WAIT FOR
                DIGIT are stopped, and the session can be used on. Asterisk stops nothing else:
                EXEC, GOSUB, RECORD FILE, CONTROL STREAM FILE, RECEIVE ... and SPEECH RECOGNIZE
                close the session, all others are waited for, which is soon over (SAY ... in
                seconds). A dialogue gets the `TimeoutError` at its ``yield``; what it yields then
                has no limit.

        Returns:
            The result, as the action documents it.

        Raises:
            TimeoutError: If it took longer.
            AGIHangup: If the call is over (see `pystrix.agi.errors`).
            AGIError: If Asterisk refused the command or could not carry it out.
            AGIProtocolError: If the peer does not speak AGI.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if action.__class__ is GeneratorType:
            return self._run(cast("Dialogue[T]", action), deadline)
        if TYPE_CHECKING:  # as a call it would cost as much as a part of the work
            action = cast("Action[T]", action)
        return self._execute(action, deadline)

    def _run(self, dialogue: Dialogue[T], deadline: float | None) -> T:
        left = [deadline]

        def step(action: Action[Any]) -> object:
            try:
                return self._execute(action, left[0])
            except TimeoutError:
                left[0] = None  # it has been told; its cleaning up has no limit
                raise

        return run(dialogue, step)

    def _execute(self, action: Action[T], deadline: float | None) -> T:
        protocol = self._protocol
        try:
            with self._lock:
                if protocol.may_have_more:
                    self._read_now()
                line = protocol.send_action(action, told=protocol.hung_up and self._tells())
                if not self._converse(line, deadline):
                    raise TimeoutError(f"{action} takes longer than it may")
                response = protocol.response()
        finally:
            if self.closed:
                self.close()
            elif self._callbacks:
                self._attend()
        return action.process_response(response)

    @property
    def hung_up(self) -> bool:
        """Whether the caller hung up or the connection is closed, as far as Asterisk told.

        Never waits. If no other thread executes a command, what has arrived is read first.
        """
        if self._poll():
            self._attend()
        return self._protocol.hung_up

    def on_hangup(self, callback: C) -> C:
        """Have a function called when the call is over; at once if it is.

        It is called at most once, without arguments, in the thread that notices: the one that
        executes a command or asks `hung_up`, or one of the server's own while the session is
        idle. It may execute the commands that work on a dead channel; an exception in it is
        logged. It is not called if the handler ends first, or the session is closed. Without a
        server (`FastAGI` over files) an idle session notices at its next command, or when
        `hung_up` is asked.

        Args:
            callback: The function.

        Returns:
            The function, so that this serves as a decorator.
        """
        if not self.closed:
            self._callbacks.append(callback)
            self._poll()
            self._attend()
        return callback

    def close(self) -> None:
        """End the connection; over a socket, a command that waits in another thread raises.

        Idempotent. Callbacks for a hang-up are not called any more.
        """
        self._leave()
        self._stream.interrupt()
        # A descriptor that is given back may be another call's the next moment: not while a
        # command uses it. The command closes it then.
        if self._lock.acquire(blocking=False):
            try:
                self._protocol.close()
                self._stream.close()
            finally:
                self._lock.release()

    def _leave(self) -> None:
        """Call back no more, and be watched no more."""
        self.closed = True
        self._callbacks.clear()
        if self._watched and self._watcher is not None:
            self._watcher.forget(self._stream.fileno())

    def fileno(self) -> int:
        """Give the descriptor that Asterisk's lines are read from, -1 if the session is closed."""
        return self._stream.fileno()

    def notice(self) -> None:
        """Read what has arrived; the watcher calls it, whose thread must never wait."""
        if not self._poll():
            return  # a command runs, and will see to it
        if self._protocol.hung_up and self._callbacks:
            threading.Thread(target=self._attend, name="pystrix-hangup", daemon=True).start()
        else:
            self._attend()

    def _poll(self) -> bool:
        """Read what arrived while the session was idle, unless a command runs; never waits."""
        if self.closed or not self._lock.acquire(blocking=False):
            return False
        try:
            if not self._protocol.hung_up:
                self._read_now()
        finally:
            self._lock.release()
        return True

    def _attend(self) -> None:
        """See to the callbacks: call them, or see to it that the hang-up is noticed."""
        if not self._protocol.hung_up:
            if self._callbacks and self._watcher is not None:
                self._watched = True
                self._watcher.watch(self)
            if not self._protocol.hung_up:  # a signal may have come before it was watched
                return
        while self._callbacks:
            try:
                callback = self._callbacks.pop(0)  # atomic: no callback runs twice
            except IndexError:  # another thread took it
                return
            self._telling.append(threading.get_ident())
            try:
                callback()
            except (Exception, SystemExit):  # it ends the callback and nothing else
                _LOGGER.exception("%s: a hang-up callback failed", self._stream.peer)
            finally:
                self._telling.remove(threading.get_ident())

    def _tells(self) -> bool:
        """Tell whether this thread runs a callback, and so knows of the hang-up."""
        return threading.get_ident() in self._telling

    def _converse(self, data: bytes, deadline: float | None) -> bool:
        """Send and receive until the protocol waits no more; tell whether that was in time.

        The lock is held.
        """
        protocol, stream = self._protocol, self._stream
        in_time = True
        try:
            while True:
                if data:
                    self._send(data)
                received = stream.receive() if deadline is None else stream.receive_before(deadline)
                if received is None:
                    self._give_up(again=not in_time)
                    patience = protocol.patience
                    deadline = None if patience is None else time.monotonic() + patience
                    in_time = False
                else:
                    self._received(received)
                if protocol.state is not _WAITING:
                    break
                if received is not None:
                    stream.acknowledge()
                data = protocol.data_to_send()
        except OSError as error:
            self._lost(error)
        except BaseException:  # a signal handler's: where the conversation stands is not known
            protocol.receive_eof()
            raise
        return in_time

    def _give_up(self, *, again: bool) -> None:
        """Cancel the command that runs, or leave the session."""
        if again or not self._protocol.cancel():
            self._leave()
            self._stream.interrupt()
            self._protocol.close()

    def _send(self, data: bytes) -> None:
        if self._debug:
            _LOGGER.debug("%s << %r", self._stream.peer, data)
        self._stream.send(data)

    def _received(self, data: bytes) -> None:
        if self._debug:
            _LOGGER.debug("%s >> %r", self._stream.peer, data)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()

    def _read_now(self) -> None:
        protocol = self._protocol
        try:
            for _ in range(READS_AT_ONCE):  # not for ever, whatever the peer sends
                data = self._stream.receive_now()
                if data is None or protocol.state is State.CLOSED:
                    return
                self._received(data)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        _LOGGER.debug("%s: the connection broke: %s", self._stream.peer, error)
        self._protocol.receive_eof()
