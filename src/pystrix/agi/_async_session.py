"""One call on an event loop: moves the bytes of `AGIProtocol`, waits, and tells of a hang-up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pystrix.agi._dialogue import Steps
from pystrix.agi._facts import CallFacts
from pystrix.agi._protocol import AGIProtocol, State
from pystrix.agi.errors import is_hangup

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pystrix.agi._action import Action
    from pystrix.agi._async_connection import Connection
    from pystrix.agi._dialogue import Dialogue
    from pystrix.agi.routing import Request

T = TypeVar("T")
C = TypeVar("C", bound="Callable[[], object]")

_ENVIRONMENT, _READY, _WAITING, _ = State
_LOGGER = logging.getLogger("pystrix.agi")


class AsyncSession(CallFacts):
    """One call: executes actions, one at a time, and knows whether the caller is still there.

    Actions of several tasks run one after the other. Not thread-safe.
    """

    def __init__(
        self, connection: Connection, peer: str, *, debug: bool, protocol: AGIProtocol | None = None
    ) -> None:
        super().__init__(protocol or AGIProtocol(peer))
        self.peer: str = peer
        """Who is at the other end, for the log."""
        self._connection = connection
        self._write = connection.write
        self._debug = debug
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None  # to look it up is a system call
        self._busy = False  # an action runs, or its turn has come
        self._turns: deque[asyncio.Future[None]] | None = None  # who waits for that, once it is
        self._waiter: asyncio.Future[None] | None = None
        self._callbacks: tuple[Callable[[], object], ...] = ()
        self._blocks: tuple[UntilHangup, ...] = ()

    def set_request(self, request: Request) -> None:
        """Say what the call asks for; the server does."""
        self._request = request

    async def execute(self, action: Action[T] | Dialogue[T], *, timeout: float | None = None) -> T:
        """Send a command, wait for its reply, and give its result; or run a dialogue.

        It can be cancelled at any point, by a time limit or a task group. Then STREAM FILE,
        GET DATA, GET OPTION and WAIT FOR DIGIT are stopped, and the session can be used on.
        Asterisk stops nothing else: EXEC, GOSUB, RECORD FILE, CONTROL STREAM FILE, RECEIVE ... and
        SPEECH RECOGNIZE close the session, all others are waited for, which is soon over (SAY ...
        in seconds). Who cancels a second time closes the session.

        Args:
            action: A command, of `pystrix.agi.core` for instance; or a generator that yields
                commands, gets their results, and returns its own.
            timeout: The time it may take, in seconds; None for as long as Asterisk needs: a Dial
                may take hours. The same as ``asyncio.timeout`` around it, but that a dialogue gets
                the `TimeoutError` at its ``yield``; what it yields then has no limit.

        Returns:
            The result, as the action documents it.

        Raises:
            TimeoutError: If it took longer.
            AGIHangup: If the call is over (see `pystrix.agi.errors`).
            AGIError: If Asterisk refused the command or could not carry it out.
            AGIProtocolError: If the peer does not speak AGI.
        """
        kind: object = type(action)
        if timeout is not None or kind is GeneratorType:
            return await self._execute_otherwise(action, timeout)
        if TYPE_CHECKING:  # as a call it would cost as much as a part of the work
            action = cast("Action[T]", action)
        if self._busy:
            await self._turn()
        self._busy = True
        protocol = self._protocol
        try:
            line = protocol.send_action(action)
            if self._debug:
                _LOGGER.debug("%s << %r", self.peer, line)
            write = self._write  # a name of its own: to call an attribute takes longer
            write(line)
            if protocol.state is _WAITING:
                waiter = self._waiter = (self._loop or self._running_loop()).create_future()
                try:
                    await waiter
                except asyncio.CancelledError:
                    await self._give_up()
                    raise
            response = protocol.response()
        finally:
            self._busy = False
            if self._turns:
                self._pass_turn()
        return action.process_response(response)

    async def _execute_otherwise(self, action: Action[T] | Dialogue[T], timeout: float | None) -> T:
        """Run a dialogue, or an action that has a time limit."""
        if isinstance(action, GeneratorType):
            return await self._run(cast("Dialogue[T]", action), timeout)
        async with asyncio.timeout(timeout):
            return await self.execute(action)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _future(self) -> asyncio.Future[None]:
        return self._running_loop().create_future()

    async def _turn(self) -> None:
        """Wait until no action runs; first come, first served."""
        if self._turns is None:
            self._turns = deque()
        turn = self._future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had come already
                self._busy = False
                self._pass_turn()
            raise

    def _pass_turn(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                self._busy = True  # nobody gets in between
                turn.set_result(None)
                return

    async def _run(self, dialogue: Dialogue[T], timeout: float | None) -> T:
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        steps = Steps(dialogue)
        action = steps.begin()
        while action is not None:
            left = None if deadline is None else deadline - loop.time()
            try:
                result = await self.execute(action, timeout=left)
            except TimeoutError as error:
                deadline = None  # it has been told; its cleaning up has no limit
                action = steps.fail(error)
            except BaseException as error:  # noqa: BLE001 - it is the dialogue's to handle
                action = steps.fail(error)
            else:
                action = steps.answer(result)
        return steps.result

    async def _wait(self, state: State) -> None:
        """Wait until the protocol leaves a state."""
        while self._protocol.state is state:
            self._waiter = self._future()
            await self._waiter

    async def _give_up(self) -> None:
        """Cancel the command that runs, or leave the session."""
        protocol = self._protocol
        if protocol.state is not State.WAITING:
            return
        if not protocol.cancel():
            self.close()
            return
        self._flush()
        try:
            async with asyncio.timeout(protocol.patience):
                await self._wait(State.WAITING)
        except TimeoutError:
            self.close()
        except asyncio.CancelledError:
            self.close()
            raise

    @property
    def hung_up(self) -> bool:
        """Whether the caller hung up or the connection is closed, as far as Asterisk told."""
        return self._protocol.hung_up

    def on_hangup(self, callback: C) -> C:
        """Have a function called when the call is over; at once if it is.

        It is called at most once, without arguments, on the loop, as soon as Asterisk tells; an
        exception in it is logged. It is not called if the handler ends first, or the session is
        closed.

        Args:
            callback: The function, not a coroutine function.

        Returns:
            The function, so that this serves as a decorator.
        """
        if not self._closed:
            self._callbacks += (callback,)
            self._tell()
        return callback

    def until_hangup(self) -> UntilHangup:
        """Make a block that is cancelled when the caller hangs up.

        ``async with agi.until_hangup(): ...`` ends at once, whatever it waits for, also by an
        `AGIHangup` of a command in it, or of tasks in a TaskGroup, and when the session is closed;
        then the code behind it runs, where the commands that work on a dead channel can be
        executed. Of blocks within each other the outer one ends.
        """
        return UntilHangup(self)

    def close(self) -> None:
        """End the session, and the command that waits in it. Idempotent."""
        self._closed = True
        self._callbacks = ()
        self._protocol.close()
        self._connection.close()
        self.feed_eof()
        self._end_blocks()

    # What the connection calls.

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        if self._debug:
            _LOGGER.debug("%s >> %r", self.peer, data)
        protocol = self._protocol
        protocol.receive_data(data)
        if protocol.state is not _READY or protocol.hung_up or (waiter := self._waiter) is None:
            self._advance()
        else:  # nearly always: it is the whole reply, for which somebody waits
            self._waiter = None
            try:  # noqa: SIM105 - that takes as long as all of this
                waiter.set_result(None)
            except asyncio.InvalidStateError:
                pass  # it is cancelled, which nobody has taken note of yet

    def feed_eof(self) -> None:
        """Take the end of the connection. Idempotent."""
        self._protocol.receive_eof()
        self._advance()

    def _advance(self) -> None:
        """Send what is to be sent, wake who waits, and tell of a hang-up."""
        protocol = self._protocol
        state = protocol.state
        if state is _WAITING:
            self._flush()
            self._connection.acknowledge()  # the rest of the reply may wait for that
        elif (waiter := self._waiter) is not None and state is not _ENVIRONMENT:
            self._waiter = None
            if not waiter.done():  # it may be cancelled, which nobody has taken note of yet
                waiter.set_result(None)
        if protocol.hung_up:
            self._tell()
            self._end_blocks()

    def _flush(self) -> None:
        if data := self._protocol.data_to_send():
            if self._debug:
                _LOGGER.debug("%s << %r", self.peer, data)
            self._write(data)

    def _end_blocks(self) -> None:
        """End the blocks of `until_hangup`."""
        if self._blocks:
            self._protocol.note_told()
            for block in self._blocks:  # those around others first
                block.end(self._blocks)

    def _tell(self) -> None:
        while self._callbacks and self._protocol.hung_up:
            callback, *others = self._callbacks
            self._callbacks = tuple(others)
            try:
                callback()
            except (Exception, SystemExit):  # it ends the callback and nothing else
                _LOGGER.exception("%s: a hang-up callback failed", self.peer)

    def _enter(self, block: UntilHangup) -> None:
        self._blocks += (block,)
        if self._protocol.hung_up or self._closed:
            self._end_blocks()

    def _leave(self, block: UntilHangup) -> None:
        self._blocks = tuple(other for other in self._blocks if other is not block)


class UntilHangup:
    """A block that is cancelled when the caller hangs up: see `AsyncSession.until_hangup`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._cancelling = 0
        self._over = False
        self._cancels = False

    async def __aenter__(self) -> Self:
        # Never None: a coroutine runs in a task.
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._cancelling = self._task.cancelling()
        self._session._enter(self)
        return self

    def end(self, blocks: tuple[UntilHangup, ...]) -> None:
        """Cancel the task, unless a block around this one does. Idempotent."""
        if not self._over:
            self._over = True
            self._cancels = not any(block._cancels for block in blocks if block._task is self._task)
            if self._cancels:
                self._task.cancel()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._session._leave(self)
        ours = is_hangup(exc) and (self._session.hung_up or self._over)
        if self._cancels:
            cancelled = isinstance(exc, asyncio.CancelledError)
            if not cancelled:
                # The block ended before the cancellation came: it comes here, not behind.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
            if self._task.uncancel() <= self._cancelling:
                ours = ours or cancelled
            elif not cancelled:
                # Somebody else has cancelled it, too, which may have come here as well.
                self._task.uncancel()
                self._task.cancel()
        return ours
