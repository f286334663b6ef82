"""AsyncAGI on threads: calls that Asterisk offers over AMI, one thread for each."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from typing import TYPE_CHECKING, ClassVar, Final

from pystrix.agi._asyncagi_desk import Desk
from pystrix.agi._asyncagi_protocol import PEER, visible_environment
from pystrix.agi._pool import ThreadPool
from pystrix.agi._protocol import State
from pystrix.agi._scripts import Scripts, log_end, log_refused
from pystrix.agi._session import Session
from pystrix.agi.errors import AGIException, is_hangup

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    import pystrix.ami
    from pystrix.agi._asyncagi_desk import Line
    from pystrix.agi.environment import Environment
    from pystrix.agi.routing import Request

__all__ = ["AsyncAGI", "AsyncAGIServer"]

_LOGGER = logging.getLogger("pystrix.agi")

FAILURE_SECONDS: Final = 2.0
"""How long Asterisk gets to take that a handler failed."""


class AsyncAGI(Session):
    """A call in AsyncAGI; handlers get it from the server.

    It is used as any other. It has no descriptor: `fileno` gives -1.
    """

    def __init__(self, line: Line, *, debug: bool) -> None:
        super().__init__(line, line.link.protocol, debug=debug, watcher=line)
        self._line = line

    def handshake(self) -> None:
        """Read the environment, and ask for its rest if it was cut.

        Raises:
            AGIException: If it cannot be had.
        """
        try:
            self._received(self._line.link.environment)
            while self._protocol.state is State.ENVIRONMENT:
                if data := self._protocol.data_to_send():
                    self._send(data)
                self._received(self._line.receive())
        except OSError as error:
            self._lost(error)
        _ = self._protocol.environment  # raises if there is none

    def set_request(self, request: Request) -> None:
        """Say what the call asks for; the server does."""
        self._request = request

    def fail(self) -> None:
        """End the session so that the dialplan sees AGISTATUS=FAILURE; close it then."""
        self._leave()
        if self._lock.acquire(blocking=False):
            try:
                self._line.fail(time.monotonic() + FAILURE_SECONDS)
            finally:
                self._lock.release()
        else:  # another thread executes a command, and gets what comes
            self._line.fail(None)


class AsyncAGIServer(Scripts):
    """Serves the calls that run ``AGI(agi:async,script)``, over a manager's connection.

    Handlers are those of `FastAGIServer`: plain functions, each run in a thread of its call. The
    first argument in the dialplan is the script, as behind the host of a URL: with
    ``AGI(agi:async,pay/42?x=1,one)`` the path is ``pay/42``, `kwargs` is ``{"x": ["1"]}`` and
    `args` is ``("one",)``. Without arguments the path is ``/``.

    It hears of calls from the moment it is made, once the manager is connected and logged in; its
    user needs the class ``agi`` in ``read`` and ``write``. Calls that come before `serve_forever`
    wait for it. When the connection is lost, all sessions are over.

    Args:
        manager: The manager. It is used, and not closed.
        daemon_threads: Whether the program may end while calls are served; `server_close` then
            ends their sessions, which gives the calls back to the dialplan. If not, it waits for
            them.
        debug: Whether to log every command and result of every call at level DEBUG.
        accept: Tells, by its environment, whether a call is for this server; others are left
            alone. Of an environment of over 1 KiB it sees the lines that came at once. None for
            all calls.
        leave_unknown: Whether a call whose script has no handler is left alone as well, so that
            another server can take it. If not, it is given back to the dialplan.
        max_calls: The calls served at the same time; one beyond them is ended at once (the
            dialplan sees AGISTATUS=FAILURE) and logged. None for no limit.

    Raises:
        TypeError: If the manager is one for asyncio.
    """

    _coroutines: ClassVar[bool] = False
    _twin: ClassVar[str] = "pystrix.agi.aio.AsyncAGIServer"

    def __init__(
        self,
        manager: pystrix.ami.Manager,
        daemon_threads: bool = True,
        debug: bool = False,
        *,
        accept: Callable[[Environment], object] | None = None,
        leave_unknown: bool = True,
        max_calls: int | None = None,
    ) -> None:
        super().__init__()
        if inspect.iscoroutinefunction(manager.send):
            raise TypeError(
                f"{manager!r} runs on an event loop: take pystrix.agi.aio.AsyncAGIServer, or a "
                "pystrix.ami.Manager"
            )
        self.timeout: float | None = None
        """How long `handle_request` waits for a call, in seconds; None for ever."""
        self._debug = debug
        self._accept = accept
        self._leave_unknown = leave_unknown
        self._max_calls = max_calls
        self._lock = threading.Condition(threading.RLock())  # guards the three below
        self._calls = 0
        self._running: dict[threading.Thread, tuple[AsyncAGI, Line]] = {}
        self._serving: threading.Thread | None = None
        self._pool = ThreadPool("pystrix-asyncagi", daemon=daemon_threads)
        self._desk = Desk(manager)

    # Serving.

    @property
    def daemon_threads(self) -> bool:
        """Whether the program may end while calls are served; holds for threads yet to start."""
        return self._pool.daemon

    @daemon_threads.setter
    def daemon_threads(self, daemon: bool) -> None:
        self._pool.daemon = daemon

    def serve_forever(self, poll_interval: float = 0.5) -> None:  # noqa: ARG002 - see below
        """Serve calls until `shutdown`.

        Args:
            poll_interval: Not used: nothing polls. `socketserver` has it.

        Raises:
            RuntimeError: If another thread serves already.
        """
        self._serve(None, one=False)

    def handle_request(self) -> None:
        """Serve one call: wait for it, up to `timeout` seconds, and hand it to a thread.

        Raises:
            RuntimeError: If another thread serves already.
        """
        self._serve(self.timeout, one=True)

    def shutdown(self) -> None:
        """Stop taking calls; calls that run go on.

        From any thread, any number of times. Waits until `serve_forever` has returned, except in
        its own thread. Calls that come from now on, or still wait, are left alone: in AsyncAGI a
        caller waits until some server takes the call.
        """
        self._desk.stop()
        with self._lock:
            while self._serving not in (None, threading.current_thread()):
                self._lock.wait()

    def server_close(self) -> None:
        """Stop taking calls; end the sessions of those that run, or wait for them.

        See `daemon_threads`. A handler that calls it does not wait.
        """
        self.shutdown()
        self._desk.close()
        self._pool.close()
        if not self.daemon_threads:
            self._pool.join()
            return
        with self._lock:
            running = dict(self._running)
        running.pop(threading.current_thread(), None)
        for call, line in running.values():
            call.close()
            line.close()  # now: the handler's thread does it only when its command has ended

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server_close()

    def _serve(self, timeout: float | None, *, one: bool) -> None:
        with self._lock:
            if self._serving is not None:
                raise RuntimeError("another thread serves already")
            self._serving = threading.current_thread()
        try:
            while (line := self._desk.next(timeout)) is not None:
                if self._begin(line) and one:
                    return
        finally:
            with self._lock:
                self._serving = None
                self._lock.notify_all()

    # One call.

    def _begin(self, line: Line) -> bool:
        """Hand a call to a thread, if it is for this server; tell whether it is."""
        if not self._is_accepted(line):
            line.keep()
            line.close()
            return False
        with self._lock:
            room = self._max_calls is None or self._calls < self._max_calls
            if room:
                self._calls += 1
        if not room:
            log_refused(f"{PEER}, channel {line.peer}", self._max_calls)
            self._refuse(line)
            return True
        try:
            self._pool.submit(lambda: self._serve_call(line))
        except RuntimeError as error:
            _LOGGER.error("%s, channel %s: refused, no thread: %s", PEER, line.peer, error)  # noqa: TRY400
            self._refuse(line)
            self._done()
        return True

    def _is_accepted(self, line: Line) -> bool:
        if self._accept is None:
            return True
        try:
            return bool(self._accept(visible_environment(line.link.environment)))
        except Exception:
            _LOGGER.exception("%s, channel %s: accept failed, left alone", PEER, line.peer)
            return False

    def _refuse(self, line: Line) -> None:
        """End a call that is not served, without waiting for it."""
        line.fail(None)
        line.close()

    def _done(self) -> None:
        with self._lock:
            self._calls -= 1

    def _serve_call(self, line: Line) -> None:
        call = AsyncAGI(line, debug=self._debug)
        thread = threading.current_thread()
        with self._lock:
            self._running[thread] = call, line
        try:
            if self._handshake(call, line):
                self._handle(call, line)
        finally:
            # In this order: who sees the end of a call may call again at once.
            with self._lock:
                del self._running[thread]
            self._done()
            call.close()

    def _handshake(self, call: AsyncAGI, line: Line) -> bool:
        try:
            call.handshake()
        except AGIException as error:
            level = logging.DEBUG if is_hangup(error) else logging.ERROR
            _LOGGER.log(level, "%s, channel %s: not served: %s", PEER, line.peer, error)
            call.fail()
            return False
        return True

    def _handle(self, call: AsyncAGI, line: Line) -> None:
        found = self._find(call.environment, f"{PEER}, channel {line.peer}")
        if found is None:
            if self._leave_unknown:
                line.keep()
            return
        route, request = found
        call.set_request(request)
        try:
            route.call(call, request)
        except BaseException as error:  # noqa: BLE001 - it ends this call and nothing else
            if log_end(PEER, call.environment, error):
                call.fail()
