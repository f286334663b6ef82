"""AsyncAGI on asyncio: calls that Asterisk offers over AMI, one task for each."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from pystrix.agi._async_asyncagi_desk import Desk
from pystrix.agi._async_session import AsyncSession
from pystrix.agi._asyncagi_protocol import PEER, visible_environment
from pystrix.agi._protocol import State
from pystrix.agi._scripts import Scripts, log_end, log_refused
from pystrix.agi.errors import AGIException, is_hangup

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    import pystrix.ami.aio
    from pystrix.agi._async_asyncagi_desk import Line
    from pystrix.agi._scripts import Route
    from pystrix.agi.environment import Environment
    from pystrix.agi.routing import Request

_LOGGER = logging.getLogger("pystrix.agi")

FAILURE_SECONDS: Final = 2.0
"""How long Asterisk gets to take that a handler failed."""


class AsyncAGI(AsyncSession):
    """A call in AsyncAGI; handlers get it from the server. It is used as any other."""

    def __init__(self, line: Line, *, debug: bool) -> None:
        super().__init__(line, line.peer, debug=debug, protocol=line.link.protocol)
        self._line = line

    def feed(self, data: bytes) -> None:
        """Take a result."""
        super().feed(data)
        if self._protocol.state is State.ENVIRONMENT:  # it was cut: ask for the rest
            self._flush()

    async def handshake(self) -> None:
        """Read the environment, and ask for its rest if it was cut.

        Raises:
            AGIException: If it cannot be had.
        """
        self._line.deliver_to(self)
        self.feed(self._line.link.environment)
        if self._line.is_over:  # since it was taken, when nobody received
            self.feed_eof()
        await self._wait(State.ENVIRONMENT)
        _ = self.environment  # raises if there is none

    async def fail(self) -> None:
        """End the session so that the dialplan sees AGISTATUS=FAILURE; close it then."""
        self._closed = True
        self._callbacks = ()
        await self._line.fail(FAILURE_SECONDS)


class AsyncAGIServer(Scripts):
    """Serves the calls that run ``AGI(agi:async,script)``, over a manager's connection.

    Handlers are those of `FastAGIServer`: coroutine functions, each run in a task of its call. The
    first argument in the dialplan is the script, as behind the host of a URL: with
    ``AGI(agi:async,pay/42?x=1,one)`` the path is ``pay/42``, `kwargs` is ``{"x": ["1"]}`` and
    `args` is ``("one",)``. Without arguments the path is ``/``.

    It hears of calls from the moment it is made; the manager's user needs the class ``agi`` in
    ``read`` and ``write``. Calls that come before `serve_forever` wait for it. When the connection
    is lost, all sessions are over. Not thread-safe but for the registration.

    Args:
        manager: The manager, whose loop it runs on. It is used, and not closed.
        daemon_threads: Whether `server_close` ends the calls that run by cancelling their tasks.
            If not, it waits for them.
        debug: Whether to log every command and result of every call at level DEBUG.
        accept: Tells, by its environment, whether a call is for this server; others are left
            alone. Of an environment of over 1 KiB it sees the lines that came at once. None for
            all calls.
        leave_unknown: Whether a call whose script has no handler is left alone as well, so that
            another server can take it. If not, it is given back to the dialplan.
        max_calls: The calls served at the same time; one beyond them is ended at once (the
            dialplan sees AGISTATUS=FAILURE) and logged. None for no limit.

    Raises:
        TypeError: If the manager is one for threads.
    """

    _coroutines: ClassVar[bool] = True
    _twin: ClassVar[str] = "pystrix.agi.AsyncAGIServer"

    def __init__(
        self,
        manager: pystrix.ami.aio.Manager,
        daemon_threads: bool = True,
        debug: bool = False,
        *,
        accept: Callable[[Environment], object] | None = None,
        leave_unknown: bool = True,
        max_calls: int | None = None,
    ) -> None:
        super().__init__()
        if not inspect.iscoroutinefunction(manager.send):
            raise TypeError(
                f"{manager!r} does not run on an event loop: take {self._twin}, or a "
                "pystrix.ami.aio.Manager"
            )
        self.timeout: float | None = None
        """How long `handle_request` waits for a call, in seconds; None for ever."""
        self.daemon_threads: bool = daemon_threads
        """Whether `server_close` cancels the calls that run, rather than waiting for them."""
        self._debug = debug
        self._accept = accept
        self._leave_unknown = leave_unknown
        self._max_calls = max_calls
        self._tasks: dict[Line, asyncio.Task[None]] = {}  # of the calls that are served
        self._serving: asyncio.Task[Any] | None = None
        self._idle = asyncio.Event()  # nobody serves
        self._desk = Desk(manager)

    async def serve_forever(self, poll_interval: float = 0.5) -> None:  # noqa: ARG002 - see below
        """Serve calls until `shutdown`.

        Args:
            poll_interval: Not used: nothing polls. `socketserver` has it.

        Raises:
            RuntimeError: If another task serves already.
        """
        await self._serve(None, one=False)

    async def handle_request(self) -> None:
        """Serve one call: wait for it, up to `timeout` seconds, and begin its task.

        Raises:
            RuntimeError: If another task serves already.
        """
        await self._serve(self.timeout, one=True)

    async def shutdown(self) -> None:
        """Stop taking calls; calls that run go on.

        Any number of times. Waits until `serve_forever` has returned, except in its own task.
        Calls that come from now on, or still wait, are left alone: in AsyncAGI a caller waits
        until some server takes the call.
        """
        self._desk.stop()
        if self._serving not in (None, asyncio.current_task()):
            await self._idle.wait()

    async def server_close(self) -> None:
        """Stop taking calls and end those that run: see `daemon_threads`.

        A handler that calls it waits for those that are cancelled, never for one that goes on,
        which may do the same.
        """
        await self.shutdown()
        self._desk.close()
        current = asyncio.current_task()
        running = {line: task for line, task in self._tasks.items() if task is not current}
        if self.daemon_threads:
            for task in running.values():
                task.cancel()
        elif current in self._tasks.values():
            running.clear()
        for line, task in running.items():  # some may never begin
            task.add_done_callback(functools.partial(self._done, line))
        if running:
            await asyncio.wait(running.values())
        await self._desk.drain()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.server_close()

    async def _serve(self, timeout: float | None, *, one: bool) -> None:
        if self._serving is not None:
            raise RuntimeError("another task serves already")
        self._serving = asyncio.current_task()
        self._idle.clear()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while (line := await self._desk.next()) is not None:
                        if self._begin(line) and one:
                            return
        finally:
            self._serving = None
            self._idle.set()

    # One call.

    def _begin(self, line: Line) -> bool:
        """Begin the task of a call, if it is for this server; tell whether it is."""
        if not self._is_accepted(line):
            line.keep()
            line.close()
            return False
        if self._max_calls is not None and len(self._tasks) >= self._max_calls:
            log_refused(f"{PEER}, channel {line.peer}", self._max_calls)
            self._desk.start(self._refuse(line))
            return True
        self._tasks[line] = task = asyncio.get_running_loop().create_task(self._serve_call(line))
        if task.done():  # a loop may begin a task at once
            del self._tasks[line]
        return True

    def _is_accepted(self, line: Line) -> bool:
        if self._accept is None:
            return True
        try:
            return bool(self._accept(visible_environment(line.link.environment)))
        except Exception:
            _LOGGER.exception("%s, channel %s: accept failed, left alone", PEER, line.peer)
            return False

    async def _refuse(self, line: Line) -> None:
        await line.fail(FAILURE_SECONDS)
        line.close()

    async def _serve_call(self, line: Line) -> None:
        call = AsyncAGI(line, debug=self._debug)
        try:
            if await self._handshake(call, line):
                await self._handle(call, line)
        finally:
            call.close()
            self._done(line)

    def _done(self, line: Line, _: object = None) -> None:
        self._tasks.pop(line, None)
        line.close()

    async def _handshake(self, call: AsyncAGI, line: Line) -> bool:
        try:
            await call.handshake()
        except AGIException as error:
            level = logging.DEBUG if is_hangup(error) else logging.ERROR
            _LOGGER.log(level, "%s, channel %s: not served: %s", PEER, line.peer, error)
            await call.fail()
            return False
        return True

    async def _handle(self, call: AsyncAGI, line: Line) -> None:
        found: tuple[Route, Request] | None = self._find(
            call.environment, f"{PEER}, channel {line.peer}"
        )
        if found is None:
            if self._leave_unknown:
                line.keep()
            return
        route, request = found
        call.set_request(request)
        try:
            await route.call(call, request)
        except BaseException as error:
            cancelled = cast("asyncio.Task[None]", asyncio.current_task()).cancelling()
            if cancelled and isinstance(error, asyncio.CancelledError):
                raise  # by the server: nobody's failure
            # Any other ends this call and nothing else.
            if log_end(PEER, call.environment, error):
                await call.fail()
