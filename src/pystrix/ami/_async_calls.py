"""Calls as objects, on asyncio: what `pystrix.ami.calls` is on threads."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from pystrix.ami import _calling
from pystrix.ami._tracked import CallEnd, Change, Outcome, TrackedCall
from pystrix.ami._tracker import Tracker
from pystrix.ami.actions import CoreShowChannels
from pystrix.ami.calls import QUEUE_SIZE
from pystrix.ami.errors import CallTimeoutError, ManagerActionError, ManagerSocketError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._calling import OriginateOptions
    from pystrix.ami._message import Event, Response
    from pystrix.ami.aio import Manager

__all__ = ["Call", "Calls"]

_LOGGER = logging.getLogger("pystrix.ami")


class Call(TrackedCall):
    """A call. `Calls` makes it; use it on the loop of the manager.

    The methods that wait raise a `CallLostError` when nothing more will be heard of the call. All
    of them can be cancelled, which does nothing to the call.
    """

    def __init__(self, calls: Calls, call_id: str, now: float, clock: Callable[[], float]) -> None:
        super().__init__(call_id, now, clock)
        self._calls = calls
        self._waiters: list[asyncio.Future[None]] = []

    # Waiting.

    async def decided(self, timeout: float | None = None) -> Outcome:
        """Wait until it is known what became of the attempt to call; give that.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it is not known in time.
            CallLostError: If it never will be.
        """
        await self._wait(lambda: self.is_decided, "decided", timeout)
        if self.outcome is None:
            raise self._lost()
        return self.outcome

    async def answered(self, timeout: float | None = None) -> None:
        """Wait until it is answered.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallFailedError: If it is not: busy, no answer, ...
            CallTimeoutError: If it is not answered in time.
            CallLostError: If nothing more will be heard of it.
        """
        if await self.decided(timeout) is not Outcome.ANSWERED:
            raise _calling.failed(self)

    async def ended(self, timeout: float | None = None) -> CallEnd:
        """Wait until all of its channels are gone; tell how it ended.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it does not end in time.
            CallLostError: If nothing more will be heard of it.
        """
        await self._wait(lambda: self.is_over, "ended", timeout)
        if self.end is None:
            raise self._lost()
        return self.end

    async def wait_until(
        self, condition: Callable[[Call], object], timeout: float | None = None
    ) -> None:
        """Wait until a condition holds: ``await call.wait_until(lambda call: call.bridged_with)``.

        It is asked whenever something has happened to the call.

        Args:
            condition: The condition, a plain function.
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it does not hold in time.
            CallLostError: If nothing more will be heard of the call.
            CallError: If the call has ended, and it does not hold.
        """
        await self._wait(lambda: self.is_over or condition(self), "as was waited for", timeout)
        if self.is_over and not condition(self):
            raise self._lost() if self.failure is not None else _calling.over(self)

    # Acting.

    async def hang_up(self, cause: int = 16) -> None:
        """Hang it up; nothing happens if it has ended.

        Args:
            cause: The cause to give, as ISDN numbers it: 16 normal clearing, 17 busy, 21 rejected.

        Raises:
            ManagerError: If the manager cannot send it, or may not.
        """
        self._calls.cancel(self)
        with contextlib.suppress(CallTimeoutError):  # nothing is heard of it, but it may be there
            await self._reach()
        for action in _calling.hangup(self, cause):
            try:
                await self._send(action)
            except ManagerActionError as error:
                if not _calling.is_gone(self, error):
                    raise

    async def redirect(self, context: str, exten: str, priority: int | str = 1) -> None:
        """Send its channel elsewhere in the dialplan.

        Asterisk does not say whether that place exists: if not, the channel hangs up.

        Args:
            context: The context.
            exten: The extension there.
            priority: The step of the extension, a number or a label.

        Raises:
            CallError: If the call has ended.
            ManagerActionError: If Asterisk refuses it.
        """
        await self._send(_calling.redirect(await self._channel(), context, exten, priority))

    async def send_dtmf(
        self, digits: str, *, duration: float | None = None, received: bool = False
    ) -> None:
        r"""Play keys to the one at its end, one after the other.

        Args:
            digits: Of 0 to 9, \*, #, A to D.
            duration: The seconds of each; None for Asterisk's own.
            received: Whether it is as if the one at its end had pressed them, instead.

        Raises:
            ValueError: If one is no key.
            CallError: If the call has ended.
            ManagerActionError: If Asterisk refuses it.
        """
        for action in _calling.dtmf(await self._channel(), digits, duration, received=received):
            await self._send(action)

    async def get_variable(self, name: str) -> str:
        """Give the value of a variable or function of its channel; ``""`` if there is none.

        Args:
            name: The name: ``"CHANNEL(state)"``.

        Raises:
            CallError: If the call has ended, or the value is longer than Getvar gives.
            ManagerActionError: If Asterisk refuses it.
        """
        response = await self._send(_calling.getvar(await self._channel(), name))
        return _calling.check_value(name, response.value)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a variable or function of its channel.

        Args:
            name: The name.
            value: The value.

        Raises:
            ValueError: If AMI cannot carry the value: line breaks, NUL, blanks or control
                characters at its beginning.
            CallError: If the call has ended.
            ManagerActionError: If Asterisk refuses it.
        """
        await self._send(_calling.setvar(await self._channel(), name, value))

    # Private, but for `Calls`.

    def wake(self) -> None:
        """Have those that wait look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(
        self, condition: Callable[[], object], what: str, timeout: float | None
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.append(waiter)
                    try:
                        await waiter
                    finally:
                        if waiter in self._waiters:
                            self._waiters.remove(waiter)
        except TimeoutError:
            if condition():  # in the same moment
                return
            raise _calling.late(self, what, timeout) from None

    async def _reach(self) -> bool:
        """Wait until there is a channel to act on; tell whether there is one."""
        seconds = _calling.REACH_SECONDS if self.originated else 0.0
        await self._wait(lambda: self.channels or self.is_over, "begun", seconds)
        return bool(self.channels)

    async def _channel(self) -> Self:
        if not await self._reach():
            raise _calling.over(self)
        return self

    async def _send(self, action: Action[T_co]) -> T_co:
        return await self._calls.manager.send(action)

    def _lost(self) -> Exception:
        return self.failure or _calling.over(self)


class Calls:
    """The calls of an Asterisk, as a manager on asyncio hears of them.

    It follows calls from the moment it is made. To know those that there are already call `start`,
    or use it with ``async with``. When the connection is lost and made again the manager says which
    channels there are, and this goes on from there. Calls that have ended are forgotten.

    Iterating over it gives the calls that there are.

    Args:
        manager: The manager. Its user has to read the class ``call``.
        queue_size: How many changes may wait for callbacks; more are dropped, and counted in
            `changes_dropped`.
    """

    def __init__(self, manager: Manager, *, queue_size: int = QUEUE_SIZE) -> None:
        self.manager = manager
        """The manager."""
        self.changes_dropped: int = 0
        """How many changes found no room in the queue to the callbacks."""
        self._tracker: Tracker[Call] = Tracker(self._make)
        self._queue_size = queue_size
        self._callbacks: tuple[Callable[[Change], object], ...] = ()
        self._queue: deque[Change] = deque()
        self._full = False
        self._delivering: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()  # held by whoever asks for the list
        self._held: list[Event | Response] | None = None  # what comes while it is on its way
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None  # what the timer waits for
        manager.tap(self)

    # The calls.

    async def start(self) -> None:
        """Ask which channels there are, so that calls that began before are known, too.

        Raises:
            ManagerError: If the manager cannot send it, or may not.
        """
        async with self._starting:
            held: list[Event | Response] = []
            self._held = held
            channels: Sequence[Event] | None = None
            try:
                channels = await self.manager.send(CoreShowChannels())
            finally:
                if self._held is held:  # it is not over
                    self._held = None
                    changes = self._tracker.resync(channels) if channels is not None else []
                    self._tell(changes + self._receive(held))

    async def close(self) -> None:
        """Follow no calls any more. Idempotent."""
        self.manager.untap(self)
        self.over("the calls are not followed any more")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._tracker.calls.values()))

    def __len__(self) -> int:
        return len(self._tracker.calls)

    def find(self, channel: str) -> Call | None:
        """Find the call of a channel.

        Args:
            channel: The Uniqueid of the channel, or its name.

        Returns:
            The call; None if there is no such channel.
        """
        return self._tracker.find(channel)

    async def originate(self, channel: str, **options: Unpack[OriginateOptions]) -> Call:
        """Make a call; give it as soon as Asterisk has taken it, before anything rings.

        Args:
            channel: What to call: ``"PJSIP/alice"``.
            options: What with: see `OriginateOptions`.

        Raises:
            ManagerActionError: If Asterisk refuses it: no such extension, not allowed, ...
            ManagerError: If the manager cannot send it.
            ManagerConnectionLostError: If the connection ends before Asterisk has answered.
            ValueError: If Asterisk could not take it, or an option is wrong.
            TypeError: If the value of a variable is bytes or None.
        """
        plan = _calling.plan_originate(channel, options)
        call = self._tracker.expect(plan)
        self._watch_time()
        try:
            await self.manager.send(plan.action, action_id=plan.action_id)
        except BaseException:
            self._tracker.forget(call)
            raise
        return call

    def register_callback(self, function: Callable[[Change], object]) -> None:
        """Have a function called for everything that happens to calls.

        Functions are called one after the other; they may be coroutine functions, which are awaited
        before the next is called. One that raises is logged and disturbs nobody. Registered again
        it moves to the end.

        Args:
            function: Called with the `Change`.
        """
        others = (each for each in self._callbacks if each != function)
        self._callbacks = (*others, function)

    def unregister_callback(self, function: Callable[[Change], object]) -> bool:
        """Have a function called no more; tell whether it was registered."""
        found = function in self._callbacks
        self._callbacks = tuple(each for each in self._callbacks if each != function)
        return found

    # What the manager tells.

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Take what came, in the moment it is read."""
        if self._held is not None:
            self._held += messages
        else:
            self._tell(self._receive(messages))

    def lost(self, why: str) -> None:
        """Take note that a connection has ended: there may be another, and then a `Gap`."""

    def over(self, why: str) -> None:
        """Take note that there is no connection any more, and will be none."""
        held, self._held = self._held, None
        changes = self._receive(held or ())
        self._tell(changes + self._tracker.abandon(ManagerSocketError(why)))

    def cancel(self, call: Call) -> None:
        """Take note that a call is about to be hung up from this side."""
        self._tracker.cancel(call)

    # Private.

    def _make(self, call_id: str, now: float, clock: Callable[[], float]) -> Call:
        return Call(self, call_id, now, clock)

    def _receive(self, messages: Sequence[Event | Response]) -> list[Change]:
        receive = self._tracker.receive
        return [change for message in messages for change in receive(message)]

    def _tell(self, changes: list[Change]) -> None:
        """Tell those that wait, and the callbacks."""
        calls: dict[Any, None] = dict.fromkeys(change.call for change in changes)
        for call in calls:
            call.wake()
        if self._callbacks and changes:
            self._put(changes)
        self._watch_time()

    def _put(self, changes: list[Change]) -> None:
        room = max(self._queue_size - len(self._queue), 0)
        self._queue.extend(changes[:room])
        dropped = max(len(changes) - room, 0)
        if dropped and not self._full:
            _LOGGER.warning("callbacks are slower than what happens to calls: some is dropped")
        self.changes_dropped += dropped
        # It is the same lack of room, and said once, until half of the queue is free.
        self._full = dropped > 0 or (self._full and len(self._queue) > self._queue_size // 2)
        if self._delivering is None or self._delivering.done():
            self._delivering = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        while self._queue:
            change = self._queue.popleft()
            for function in self._callbacks:
                try:
                    result = function(change)
                    if inspect.isawaitable(result):
                        await result
                except (Exception, SystemExit, asyncio.CancelledError) as error:
                    if task.cancelling() and isinstance(error, asyncio.CancelledError):
                        raise  # of the loop; any other is the function's own failure
                    _LOGGER.exception("the callback %r failed for %s", function, change)

    def _watch_time(self) -> None:
        """Have the loop look when something is due."""
        deadline = self._tracker.deadline
        if deadline == self._deadline:
            return
        self._deadline = deadline
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            seconds = deadline - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(seconds, self._do_what_is_due)

    def _do_what_is_due(self) -> None:
        self._deadline = None
        self._tell(self._tracker.advance())
