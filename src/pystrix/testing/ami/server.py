"""A simulated Asterisk behind a port of its own, for programs that use its manager interface.

A thread of its own moves the bytes, so that tests on threads and on asyncio use it alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from pystrix.testing.ami.asterisk import SimulatedAsterisk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType
    from typing import Self

    from pystrix.testing.ami._requests import ReceivedAction
    from pystrix.testing.ami._session import Session

__all__ = ["AMIServer"]

_CHUNK: Final = 65536


class _Guard:
    """Holds the lock of a server; whoever leaves it waits until what it did has been sent."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.thread: threading.Thread | None = None
        self.wake: Callable[[], None] = lambda: None
        self.turns = 0  # how often the thread went round
        self._entered = threading.local()

    def __enter__(self) -> None:
        self.changed.acquire()
        self._entered.depth = self._depth + 1

    def __exit__(self, *_: object) -> None:
        try:
            self._entered.depth = self._depth - 1
            thread = self.thread
            if thread is None or thread is threading.current_thread() or self._depth:
                return
            turn = self.turns
            self.wake()
            self.changed.wait_for(lambda: self.turns > turn)
        finally:
            self.changed.release()

    @property
    def _depth(self) -> int:
        return getattr(self._entered, "depth", 0)


class _Connection:
    """One connection: its socket, its session, and what could not be sent yet."""

    def __init__(self, stream: socket.socket, session: Session) -> None:
        self.stream = stream
        self.session = session
        self.unsent = b""
        self.at_end = False  # nothing more can be read


class AMIServer(SimulatedAsterisk):
    """A simulated Asterisk that managers connect to, on loopback. A context manager.

    What a test does with it has been sent when the call returns. ``async with`` works, too: it
    runs in a thread of its own either way.

    Args:
        username: A user, who may do everything.
        secret: The password.
        host: Where it listens.
        port: Its port; 0 for one that is free.
        login_delay: The seconds before a wrong login is refused: 1 on a live Asterisk.
    """

    def __init__(
        self,
        username: str = "admin",
        secret: str = "secret",  # noqa: S107 - of a simulation
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login_delay: float = 0.0,
    ) -> None:
        self._guard = _Guard()
        super().__init__(username, secret, login_delay=login_delay, guard=self._guard)
        self.username = username
        """The user that may do everything."""
        self.secret = secret
        """The password of that user."""
        self.host = host
        """Where it listens."""
        self.port: int = port
        """Its port, once it was started."""
        self._began = 0.0
        self._stopping = False
        self._listener: socket.socket | None = None
        self._connections: list[_Connection] = []
        self._watchers: list[Callable[[], object]] = []
        self._reserved: socket.socket  # the port, whether it listens or not
        self._selector: selectors.BaseSelector
        self._waker: socket.socket
        self._sleeper: socket.socket

    # Its beginning and end.

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port."""
        return self.host, self.port

    def start(self) -> None:
        """Listen, in a thread of its own.

        Raises:
            OSError: If the port is in use.
        """
        self._reserve()
        self._selector = selectors.DefaultSelector()
        self._waker, self._sleeper = socket.socketpair()
        self._waker.setblocking(False)
        self._sleeper.setblocking(False)
        self._selector.register(self._sleeper, selectors.EVENT_READ)
        thread = threading.Thread(target=self._run, name="pystrix-testing-ami", daemon=True)
        self._began, self._stopping = time.monotonic() - self.now, False
        self._reconcile()
        self._guard.wake, self._guard.thread = self._wake, thread
        thread.start()

    def close(self) -> None:
        """Close every connection and the port. Idempotent."""
        thread = self._guard.thread
        if thread is None:
            return
        with self._guard.changed:
            self._stopping = True
            self._wake()
        thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if exc is None and self.failures:
            raise self.failures[0]

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    # What a test waits for.

    def wait_for_action(self, name: str, count: int = 1, timeout: float = 5.0) -> ReceivedAction:
        """Wait until an action was received.

        Args:
            name: Its name.
            count: How many of that name: 2 waits for the second since the server was made.
            timeout: The seconds to wait.

        Returns:
            The action.

        Raises:
            TimeoutError: If it does not come.
        """
        came = threading.Event()
        with self._watching(came.set):
            deadline = time.monotonic() + timeout
            while (action := self._find(name, count)) is None:
                if not came.wait(max(deadline - time.monotonic(), 0)):
                    raise self._absence(name, count, timeout)
                came.clear()
        return action

    async def action_came(self, name: str, count: int = 1, timeout: float = 5.0) -> ReceivedAction:
        """Wait as `wait_for_action` does, on asyncio."""
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        with self._watching(lambda: loop.call_soon_threadsafe(came.set)):
            try:
                return await asyncio.wait_for(self._found(came, name, count), timeout)
            except TimeoutError:
                raise self._absence(name, count, timeout) from None

    async def _found(self, came: asyncio.Event, name: str, count: int) -> ReceivedAction:
        while (action := self._find(name, count)) is None:
            await came.wait()
            came.clear()
        return action

    def note_action(self, action: ReceivedAction) -> None:
        """Note that an action was received."""
        super().note_action(action)
        for watcher in self._watchers:
            watcher()

    @contextlib.contextmanager
    def _watching(self, watcher: Callable[[], object]) -> Generator[None]:
        with self._guard.changed:
            self._watchers.append(watcher)
        try:
            yield
        finally:
            with self._guard.changed:
                self._watchers.remove(watcher)

    def _find(self, name: str, count: int) -> ReceivedAction | None:
        with self._guard.changed:
            found = (each for each in self.actions if each == name)
            return next(itertools.islice(found, count - 1, None), None)

    def _absence(self, name: str, count: int, timeout: float) -> TimeoutError:
        with self._guard.changed:
            names = [each.name for each in self.actions]
        return TimeoutError(f"{count} x {name} did not come within {timeout} s, but {names}")

    # The thread.

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it will wake
            self._waker.send(b"\0")

    def _run(self) -> None:
        ready: set[object] = set()
        while not self._stopping:
            with self._guard.changed:
                self._turn(ready)
                self._guard.turns += 1
                self._guard.changed.notify_all()
                due = self.deadline
                wait = None if due is None else max(due - self._elapsed(), 0)
            ready = {key.fileobj for key, _ in self._selector.select(wait)}
        with self._guard.changed:
            self._guard.thread = None  # nobody waits for it any more
            for connection in self._connections.copy():
                self._forget(connection)
            self.listening = False
            self._reconcile()
            self._reserved.close()
            self._selector.close()
            self._waker.close()
            self._sleeper.close()
            self._guard.turns += 1
            self._guard.changed.notify_all()

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _turn(self, ready: set[object]) -> None:
        """Move what can be moved."""
        if self._sleeper in ready:
            self._sleeper.recv(_CHUNK)
        if self._listener is not None and self._listener in ready:
            self._accept(self._listener)
        for connection in self._connections:
            if connection.stream in ready and not connection.at_end:
                self._read(connection)
        self.advance(self._elapsed())
        for connection in self._connections.copy():
            self._write(connection)
        self._reconcile()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # who wanted to connect has left already
            stream, _ = listener.accept()
            stream.setblocking(False)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(_Connection(stream, self.open_session()))
            self._selector.register(stream, selectors.EVENT_READ)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.stream.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:  # it broke: an end like any
            data = b""
        if data:
            connection.session.receive_data(data)
        else:
            connection.at_end = True
            connection.session.receive_eof()

    def _write(self, connection: _Connection) -> None:
        """Send what can be sent; close what is over."""
        connection.unsent += connection.session.data_to_send()
        if connection.unsent:
            try:
                sent = connection.stream.send(connection.unsent)
                connection.unsent = connection.unsent[sent:]
            except BlockingIOError:
                pass
            except OSError:  # nobody is there to read it
                connection.unsent = b""
                connection.session.close()
        if connection.session.closed and not connection.unsent:
            self._forget(connection)
            return
        reads = 0 if connection.at_end else selectors.EVENT_READ
        writes = selectors.EVENT_WRITE if connection.unsent else 0
        self._watch(connection.stream, reads | writes)

    def _watch(self, stream: socket.socket, events: int) -> None:
        """Have the selector look for something, or for nothing."""
        known = stream in self._selector.get_map()
        if known and events:
            self._selector.modify(stream, events)
        elif known:
            self._selector.unregister(stream)
        elif events:
            self._selector.register(stream, events)

    def _forget(self, connection: _Connection) -> None:
        self._watch(connection.stream, 0)
        connection.session.close()
        connection.stream.close()
        self._connections.remove(connection)
        self.forget_session(connection.session)

    def _reconcile(self) -> None:
        """Listen, or keep the port without listening."""
        if self.listening == (self._listener is not None):
            return
        if self._listener is None:
            self._reserved.listen()
            self._reserved.setblocking(False)
            self._listener = self._reserved
            self._watch(self._listener, selectors.EVENT_READ)
        else:
            self._watch(self._listener, 0)
            self._listener.close()
            self._listener = None
            self._reserve()

    def _reserve(self) -> None:
        """Bind the port; who connects is refused until it listens."""
        with contextlib.ExitStack() as undo:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            reserved = undo.enter_context(socket.socket(family))
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind((self.host, self.port))
            undo.pop_all()
        self._reserved = reserved
        self.port = reserved.getsockname()[1]
