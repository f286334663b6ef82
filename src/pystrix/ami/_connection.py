"""One AMI connection on threads: a socket, and who reads it.

A thread does, and sleeps in the system until something comes. A caller whose action is the only one
on its way reads until its answer is there, for the thread would have to wake it then, which takes
longer than the reading.
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


class Connection:
    """A connection that was greeted, and the thread that reads it when nobody else does.

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
        self._protocol = protocol
        self._on_messages = on_messages
        self._on_closed = on_closed
        self._debug = debug
        self._logger = logger
        self._reading = threading.Lock()  # held by whoever reads, until that is handed on
        self._leader: int | None = None  # the thread that does, if it is a caller
        # Guards the protocol, the socket (TLS cannot read and write at once) and the next five.
        self._lock = threading.Lock()
        self._unsent = b""
        self._writing = 0  # the event of poll that lets the thread go on sending
        self._watched = select.POLLIN  # what of the socket wakes the thread
        self._received = 0
        self._failure: Error | None = None
        self.heard: float = time.monotonic()
        """When something was read last, by the clock that is never set."""
        # Only an epoll can be told while the thread sleeps in it to look away from the socket.
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._waker, self._sleeper = socket.socketpair()
        self._waker.setblocking(False)
        self._poll = self._epoll or select.poll()  # the thread's
        self._leading = select.poll()  # of a caller who reads
        for poll in (self._poll, self._leading):
            poll.register(self._sleeper, select.POLLIN)
            poll.register(stream, select.POLLIN)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pystrix-ami-reader", daemon=True)

    # What a manager asks.

    @property
    def alive(self) -> bool:
        """Whether actions can be sent."""
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
        for each in (self.socket, self._waker, self._sleeper, self._epoll):
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
        with self._lock:
            alone = self._protocol.outstanding == 0
            exchange = self._protocol.send_action(
                action, action_id, headers=headers, collector=collector
            )
            if on_begin is not None:
                on_begin(exchange)
            self._flush()
            leads = alone and self._take_lead()
        try:
            if leads:
                timeout = self._lead(exchange, timeout)
            if not exchange.done:
                self._follow(exchange, timeout)
        finally:
            if not exchange.done:
                with self._lock:
                    self._protocol.give_up(exchange)
        return exchange

    def close(self, reason: str, failure: Error | None = None) -> None:
        """End the connection; the thread ends soon after. Idempotent.

        Args:
            reason: What those that wait for an answer are told.
            failure: If this is no wish of the user's, what it is.
        """
        with self._lock:
            if self.alive:
                self._failure = failure
            self._protocol.close(reason)
        self._wake()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until all is over, the last callback of the connection included; tell whether.

        False at once for who reads it, for that cannot wait for itself.
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
        with contextlib.suppress(OSError):  # it is awake, or has ended
            self._waker.send(b"\0")

    # A caller that waits.

    def _take_lead(self) -> bool:
        """Read in the place of the thread from now on, if that can be. The lock is held."""
        if self._epoll is None or self._unsent or not self.alive:
            return False
        if not self._reading.acquire(blocking=False):
            return False
        self._leader = threading.get_ident()
        self._watch()
        return True

    def _lead(self, exchange: Exchange[Any], timeout: float) -> float:
        """Read until an action is answered, the time is over, or the thread is wanted.

        Returns:
            The seconds that are left.
        """
        sleeper = self._sleeper.fileno()
        deadline = time.monotonic() + timeout
        try:
            while not exchange.done and timeout > 0:
                ready = self._leading.poll(math.ceil(1000 * min(timeout, LONGEST)))
                if sleeper in dict(ready):
                    break
                if ready:
                    try:
                        self._take_turn()
                    except BaseException as error:
                        # One of a signal, too: nobody knows then how much was taken in.
                        self._fail(error)
                        if not isinstance(error, Exception):
                            raise
                timeout = deadline - time.monotonic()
        finally:
            with self._lock:
                self._leader = None
                self._watch()
                if not self.alive:
                    self._wake()
            self._reading.release()
        return timeout

    def _follow(self, exchange: Exchange[Any], timeout: float) -> None:
        """Wait until whoever reads has the answer of an action, or the time is over."""
        answered = threading.Lock()
        answered.acquire()
        with self._lock:
            if exchange.done:
                return
            exchange.on_done = lambda _: answered.release()
        answered.acquire(timeout=max(min(timeout, threading.TIMEOUT_MAX), 0))

    # Reading; `_reading` is held.

    def _take_turn(self) -> None:
        """Read what has come, and hand it on."""
        with self._lock:
            self._transfer()
            messages = self._protocol.messages_received()
        if messages:
            self._on_messages(self, messages)

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
        sleeper = self._sleeper.fileno()
        with self._reading:
            self._take_turn()  # there may be something that came with the greeting
        while self.alive:
            with self._lock:
                self._watch()
            for descriptor, _ in self._poll.poll():
                with self._reading:
                    if descriptor == sleeper:
                        self._sleeper.recv(4096)
                    else:
                        self._take_turn()

    def _watch(self) -> None:
        """Say what of the socket is to wake the thread. The lock is held."""
        watched = 0 if self._leader else select.POLLIN | self._writing
        if watched != self._watched:
            self._watched = watched
            self._poll.modify(self.socket, watched)

    def _transfer(self) -> None:
        """Read what has come, and write what waits."""
        more = True
        while more:
            # What TLS has read and decrypted shows in no poll.
            more = (
                self._receive()
                and isinstance(self.socket, ssl.SSLSocket)
                and self.socket.pending() > 0
            )
        if self._unsent and self.alive:
            self._flush()

    def _receive(self) -> bool:
        """Read once; tell whether anything came. The lock is held."""
        try:
            data = self.socket.recv(CHUNK)
        except _WOULD_BLOCK:
            return False
        except OSError as error:  # reset: an end like any
            self._logger.debug("%s: cannot read: %s", self._protocol.peer, error)
            data = b""
        if not data:
            self._protocol.receive_eof()
            return False
        if self._debug:
            self._logger.debug("%s > %s", self._protocol.peer, printable(data).rstrip())
        self._received += 1
        self.heard = time.monotonic()
        self._protocol.receive_data(data)
        return True

    def _release(self) -> None:
        with self._reading, self._lock:
            self._protocol.receive_eof()
            self.forsake()
