"""One AMI connection on threads: a socket, and who reads it.

A thread does, and sleeps in the system until something comes. A caller whose action is the only one
on its way leads meanwhile: it reads until its answer is there, for the thread would have to wake it
then, which takes longer than the reading. The thread looks away from the socket until the leader
hands over. Each can be woken by a bell of its own.
"""

from __future__ import annotations

import contextlib
import logging
import math
import select
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami._protocol import AMIProtocol, State
from pystrix.ami._target import check_name, peer_of
from pystrix.ami._wire import printable, redact
from pystrix.ami.errors import ManagerSocketError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._exchange import Collector, Exchange
    from pystrix.ami._message import Event, Response
    from pystrix.ami.errors import Error

__all__ = ["Connection", "connect"]

CHUNK: Final = 65536
"""Bytes of one read."""

LONGEST: Final = 1e6
"""Seconds of one wait for the socket; the system takes no more than some weeks."""

_LOGGER = logging.getLogger("pystrix.ami")
_READY = State.READY  # an attribute of an Enum takes ten times as long to find
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def connect(
    host: str,
    port: int,
    timeout: float,
    *,
    context: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    events: Mapping[str, type[Event]] | None = None,
) -> tuple[socket.socket, AMIProtocol]:
    """Connect, and read the greeting.

    Args:
        host: The name or address, IPv4 or IPv6.
        port: The port.
        timeout: The seconds for all of it.
        context: How to speak TLS; None for plain TCP.
        server_hostname: The name the certificate must have; None for `host`.
        events: The classes of events, see `AMIProtocol`.

    Raises:
        ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
        TypeError: If the host is no text, or the port no number.
        ValueError: If there is no such port.
    """
    deadline = time.monotonic() + timeout
    peer = peer_of(host, port)
    check_name(host, peer)
    protocol = AMIProtocol(peer, events=events)
    with contextlib.ExitStack() as undo:
        try:
            stream = undo.enter_context(socket.create_connection((host, port), timeout))
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if context is not None:
                stream.settimeout(max(deadline - time.monotonic(), 0.001))
                stream = undo.enter_context(
                    context.wrap_socket(stream, server_hostname=server_hostname or host)
                )
            while protocol.state is State.BANNER:
                stream.settimeout(max(deadline - time.monotonic(), 0.001))
                data = stream.recv(CHUNK)
                protocol.receive_data(data) if data else protocol.receive_eof()
        except TimeoutError as error:
            raise ManagerSocketError(f"{peer} did not greet within {timeout} s") from error
        except OSError as error:
            raise ManagerSocketError(f"cannot connect to {peer}: {error}") from error
        if protocol.failure is not None:
            raise protocol.failure
        stream.setblocking(False)
        undo.pop_all()
    return stream, protocol


class Bell:
    """What wakes a thread that polls it: a pair of sockets, as a poll takes nothing else."""

    def __init__(self) -> None:
        self._ringer, self.ear = socket.socketpair()
        self._ringer.setblocking(False)

    def ring(self) -> None:
        """Wake whoever polls the ear, now or later."""
        with contextlib.suppress(OSError):  # it is awake, or has ended
            self._ringer.send(b"\0")

    def hush(self) -> None:
        """Wait for a ring, and take all that there are."""
        self.ear.recv(4096)

    def close(self) -> None:
        """Give the descriptors back. Idempotent."""
        self._ringer.close()
        self.ear.close()


class Connection:
    """A connection that was greeted, and the thread that reads it when no caller does.

    Everything but `start` and `abandon` is thread-safe.

    Args:
        stream: The socket, not blocking. It is closed when the thread ends.
        protocol: The conversation.
        on_messages: Called by whoever reads with the connection and what came for no action in
            particular, in order.
        on_closed: Called in the thread when all is over, with the connection, once.
        debug: Whether to log every message at level DEBUG.
    """

    def __init__(
        self,
        stream: socket.socket,
        protocol: AMIProtocol,
        on_messages: Callable[[Connection, list[Event | Response]], None],
        on_closed: Callable[[Connection], None],
        *,
        debug: bool = False,
        logger: logging.Logger = _LOGGER,
    ) -> None:
        self.socket: socket.socket = stream
        self._tls = stream if isinstance(stream, ssl.SSLSocket) else None
        self._protocol = protocol
        self._on_messages = on_messages
        self._on_closed = on_closed
        self._debug = debug
        self._logger = logger
        # Guards the protocol, the socket (TLS cannot read and write at once) and the next eight.
        self._lock = threading.Lock()
        self._leader: int | None = None  # the thread of the caller that reads, if one does
        self._handing_on = False  # whether `on_messages` is called
        self._unsent = b""
        self._writing = 0  # the event of poll that lets the thread go on sending
        self._watched = select.POLLIN  # what of the socket wakes the thread
        self._taking = False  # from before a read until all of it is in the protocol
        self._received = 0
        self._failure: Error | None = None
        self.heard: float = time.monotonic()
        """When something was read last, by the clock that is never set."""
        self._bell, self._leaders_bell = Bell(), Bell()
        # Only an epoll can be told while the thread sleeps in it to look away from the socket.
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._poll = self._epoll or select.poll()  # the thread's
        self._poll.register(self._bell.ear, select.POLLIN)
        self._poll.register(stream, select.POLLIN)
        self._leaders_poll = self._make_leaders_poll()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pystrix-ami-reader", daemon=True)

    # What a manager asks.

    def is_alive(self) -> bool:
        """Tell whether actions can be sent."""
        return self._protocol.state is _READY

    @property
    def asterisk_info(self) -> tuple[str, str] | None:
        """What the greeting says."""
        return self._protocol.asterisk_info

    @property
    def failure(self) -> Error | None:
        """Why the connection ended, if this side did not want it so."""
        return self._failure or self._protocol.failure

    @property
    def goodbye(self) -> bool:
        """Whether Asterisk said Goodbye."""
        return self._protocol.goodbye

    @property
    def outstanding(self) -> int:
        """How many actions wait for their answer."""
        with self._lock:
            return self._protocol.outstanding

    @property
    def received(self) -> int:
        """How many times something was read: whether the peer gives signs of life."""
        return self._received

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: If the system has no thread left; the connection is closed then.
        """
        try:
            self._thread.start()
        except RuntimeError:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Close a connection whose thread never starts."""
        self._release()
        self._over.set()

    def forsake(self) -> None:
        """Give the descriptors back and nothing else, in the child of a fork."""
        for each in (self.socket, self._bell, self._leaders_bell, self._epoll):
            if each is not None:
                each.close()

    def request(
        self,
        action: Action[T_co],
        action_id: str | None = None,
        *,
        timeout: float,
        headers: Mapping[str, object] | None = None,
        collector: Collector | None = None,
        on_begin: Callable[[Exchange[T_co]], object] | None = None,
    ) -> Exchange[T_co]:
        """Send an action and wait for its answer.

        Args:
            action: The action.
            action_id: The ActionID to use.
            timeout: The seconds to wait.
            headers: Headers to send beside those of the action.
            collector: What says which events belong to the answer.
            on_begin: Called before a byte is sent.

        Returns:
            The exchange. If it is not ``done`` the time was over, and it is given up.

        Raises:
            ManagerError: If there is no connection any more.
            ValueError: If Asterisk could not take the action.
            TypeError: If the value of a header is bytes or None.
        """
        exchange: Exchange[T_co] | None = None
        leads = nested = False
        try:
            with self._lock:
                # A handler of a signal may run in the midst of the reading of its own thread.
                nested = self._leader == threading.get_ident()
                may_lead = self._may_lead()
                exchange = self._protocol.send_action(
                    action, action_id, headers=headers, collector=collector
                )
                if on_begin is not None:
                    on_begin(exchange)
                self._flush()
                leads = may_lead and not exchange.done
                if leads:
                    self._leader = threading.get_ident()
                    self._watch(led=True)
            if leads:
                self._lead(exchange, timeout, self._leaders_poll)
            elif nested:
                self._lead(exchange, timeout, self._make_leaders_poll())
            else:
                self._follow(exchange, timeout)
        except BaseException as error:
            self._look_for_damage(error)
            raise
        else:
            return exchange
        finally:
            if leads and self._leader == threading.get_ident():
                with self._lock:
                    self._hand_over()
            if nested:
                self._leaders_bell.ring()  # what it waited for may be there
            if exchange is not None and not exchange.done:
                with self._lock:
                    self._protocol.give_up(exchange)

    def close(self, reason: str, failure: Error | None = None) -> None:
        """End the connection; the thread ends soon after. Idempotent.

        Args:
            reason: What those that wait for an answer are told.
            failure: If this is no wish of the user's, what it is.
        """
        with self._lock:
            if self.is_alive():
                self._failure = failure
            self._protocol.close(reason)
        self._wake()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until all is over, the last callback of the connection included; tell whether.

        False at once in the thread and, from a handler of a signal, in that of a caller who reads,
        for they cannot wait for themselves.
        """
        if threading.get_ident() in (self._leader, self._thread.ident):
            return False
        return self._over.wait(timeout)

    def wait_over(self, timeout: float | None = None) -> bool:
        """Wait as `wait_closed` does, and raise why it is over.

        Raises:
            Error: Why, if this side did not want it so.
        """
        over = self.wait_closed(timeout)
        if over and self.failure is not None and not self.goodbye:
            raise self.failure
        return over

    # Sending; the lock is held.

    def _flush(self) -> None:
        """Send what can be sent now; the thread sends the rest."""
        while data := self._unsent or self._take():
            try:
                sent = self.socket.send(data)
            except _WOULD_BLOCK as error:
                self._unsent = data
                # TLS may have to read before it can write.
                self._writing = 0 if isinstance(error, ssl.SSLWantReadError) else select.POLLOUT
                self._wake()
                return
            except OSError as error:
                self._logger.debug("%s: cannot send: %s", self._protocol.peer, error)
                while self._receive():  # its last words may be on this side already
                    pass
                self._protocol.receive_eof()
                self._wake()
                return
            self._unsent = data[sent:]
        self._writing = 0

    def _take(self) -> bytes:
        """Take what is to be sent next; not before, for until then it can be given up."""
        data = self._protocol.data_to_send()
        if data and self._debug:
            self._logger.debug("%s < %s", self._protocol.peer, redact(data).rstrip())
        return data

    def _wake(self) -> None:
        """Have all who read look what is new."""
        self._bell.ring()
        if self._leader is not None:
            self._leaders_bell.ring()

    # A caller that waits.

    def _make_leaders_poll(self) -> select.poll:
        poll = select.poll()
        poll.register(self._leaders_bell.ear, select.POLLIN)
        poll.register(self.socket, select.POLLIN)
        return poll

    def _may_lead(self) -> bool:
        """Tell whether the next action is alone, and nothing of before waits to be handed on.

        Else its answer could be given before. The lock is held.
        """
        protocol = self._protocol
        return (
            self._leader is None
            and protocol.is_idle()
            and not (self._handing_on or protocol.has_messages())
            and self._epoll is not None
        )

    def _lead(self, exchange: Exchange[Any], timeout: float, poll: select.poll) -> None:
        """Read until an action is answered or the time is over; then let the thread read.

        What a handler of a signal has begun, with a poll of its own, leads within another `_lead`
        of this thread: that one goes on then, and hands over.
        """
        bell = self._leaders_bell.ear.fileno()
        deadline = time.monotonic() + timeout
        while not exchange.done:
            ready = poll.poll(math.ceil(1000 * max(min(timeout, LONGEST), 0)))
            with self._lock:
                for descriptor, _ in ready:
                    if descriptor == bell:
                        self._leaders_bell.hush()
                    else:
                        self._transfer()
                news = self._protocol.has_messages()
            if news:
                try:
                    self._hand_on()
                except BaseException as error:  # one of a signal, too: what was read is lost
                    self._fail(error)
                    if not isinstance(error, Exception):
                        raise
            timeout = deadline - time.monotonic()
            if timeout <= 0:
                break
        if poll is self._leaders_poll:
            with self._lock:
                self._hand_over()

    def _hand_over(self) -> None:
        """Let the thread read. The lock is held. Idempotent, also if it was interrupted."""
        self._watch(led=False)
        if not self.is_alive():
            self._bell.ring()  # it waits for that
        self._leader = None

    def _follow(self, exchange: Exchange[Any], timeout: float) -> None:
        """Wait until whoever reads has the answer of an action, or the time is over."""
        answered = threading.Lock()
        answered.acquire()
        with self._lock:
            if exchange.done:
                return
            exchange.on_done = lambda _: answered.release()
        answered.acquire(timeout=max(min(timeout, threading.TIMEOUT_MAX), 0))

    def _hand_on(self) -> None:
        """Hand on what has come, unless somebody does: who takes this, too."""
        mine = True
        while mine:
            mine = False
            messages: list[Event | Response] = []
            try:
                with self._lock:
                    if not self._handing_on and self._protocol.has_messages():
                        mine = self._handing_on = True
                        messages = self._protocol.messages_received()
                if mine:
                    self._on_messages(self, messages)
            finally:
                if mine:
                    self._handing_on = False

    def _look_for_damage(self, error: BaseException) -> None:
        """End the connection if an error, one of a signal's handler, has torn what was read."""
        with self._lock:
            torn = self._taking and self.is_alive()
        if torn:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the connection because of an error that should not be."""
        self._logger.error("%s: the reader failed", self._protocol.peer, exc_info=error)
        failure = ManagerSocketError(f"the reader of {self._protocol.peer} failed: {error!r}")
        failure.__cause__ = error
        self.close(str(failure), failure)

    # The thread.

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - it is logged
            self._fail(error)
        finally:
            self._release()
            self._on_closed(self)
            self._over.set()

    def _read(self) -> None:
        """Move bytes until the connection ends."""
        bell = self._bell.ear.fileno()
        alive = wanted = True
        while alive:
            with self._lock:
                if wanted:
                    self._transfer()
                    if self._leader is not None:  # a moment ago there was none, or the peer left
                        self._leaders_bell.ring()
                alive = self.is_alive()
                news = self._protocol.has_messages()
                self._watch(led=self._leader is not None)
            if news:
                self._hand_on()
            if alive:
                ready = dict(self._poll.poll())
                if bell in ready:
                    self._bell.hush()
                wanted = len(ready) > (bell in ready)

    def _watch(self, *, led: bool) -> None:
        """Say what of the socket is to wake the thread. The lock is held."""
        watched = self._writing | (0 if led else select.POLLIN)
        if watched != self._watched:
            self._watched = -1  # should a signal come between
            self._poll.modify(self.socket, watched)
            self._watched = watched

    def _transfer(self) -> None:
        """Read what has come, and write what waits."""
        tls = self._tls
        more = True
        while more:
            # What TLS has read and decrypted shows in no poll.
            more = self._receive() and tls is not None and tls.pending() > 0
        if self._unsent and self.is_alive():
            self._flush()

    def _receive(self) -> bool:
        """Read once; tell whether anything came. The lock is held."""
        self._taking = True
        try:
            data = self.socket.recv(CHUNK)
        except _WOULD_BLOCK:
            self._taking = False
            return False
        except OSError as error:  # reset: an end like any
            self._logger.debug("%s: cannot read: %s", self._protocol.peer, error)
            data = b""
        if not data:
            self._protocol.receive_eof()
            self._taking = False
            return False
        if self._debug:
            self._logger.debug("%s > %s", self._protocol.peer, printable(data).rstrip())
        self._received += 1
        self.heard = time.monotonic()
        self._protocol.receive_data(data)
        self._taking = False
        return True

    def _release(self) -> None:
        with self._lock:
            self._protocol.receive_eof()
            self._wake()
        while self._is_led():  # by who polls these descriptors, and rings then
            self._bell.hush()
        self.forsake()

    def _is_led(self) -> bool:
        with self._lock:
            return self._leader is not None
