"""Calls as objects, on threads: make them, follow them to their ends, act on them.

``manager.originate("PJSIP/alice", application="Playback", data="demo-thanks")`` gives a `Call`;
``Calls(manager)`` follows every call that Asterisk has, and `replay` those of a recording. The same
on asyncio: `pystrix.ami.aio`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from pystrix.ami import _calling
from pystrix.ami._calling import OriginateOptions
from pystrix.ami._dispatcher import Dispatcher
from pystrix.ami._recording import replay
from pystrix.ami._tracked import (
    Bridge,
    CallEnd,
    CallState,
    Change,
    ChangeKind,
    Channel,
    ChannelState,
    Outcome,
    Party,
    TrackedCall,
    Transfer,
)
from pystrix.ami._tracker import Tracker
from pystrix.ami.actions import CoreShowChannels
from pystrix.ami.errors import CallTimeoutError, ManagerActionError, ManagerSocketError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from pystrix.ami._action import Action, T_co
    from pystrix.ami._message import Event, Response
    from pystrix.ami.manager import Manager

__all__ = [
    "Bridge",
    "Call",
    "CallEnd",
    "CallState",
    "Calls",
    "Change",
    "ChangeKind",
    "Channel",
    "ChannelState",
    "OriginateOptions",
    "Outcome",
    "Party",
    "TrackedCall",
    "Transfer",
    "replay",
]

QUEUE_SIZE: Final = 10_000
"""Changes that may wait for callbacks."""

_LOGGER = logging.getLogger("pystrix.ami")


class Call(TrackedCall):
    """A call. `Calls` makes it; any number of threads may use it.

    The methods that wait raise a `CallLostError` when nothing more will be heard of the call.
    """

    def __init__(self, calls: Calls, call_id: str, now: float, clock: Callable[[], float]) -> None:
        super().__init__(call_id, now, clock)
        self._calls = calls
        self._changed: threading.Condition | None = None

    # Waiting.

    def decided(self, timeout: float | None = None) -> Outcome:
        """Wait until it is known what became of the attempt to call; give that.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it is not known in time.
            CallLostError: If it never will be.
        """
        self._wait(lambda: self.is_decided, "decided", timeout)
        if self.outcome is None:
            raise self._lost()
        return self.outcome

    def answered(self, timeout: float | None = None) -> None:
        """Wait until it is answered.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallFailedError: If it is not: busy, no answer, ...
            CallTimeoutError: If it is not answered in time.
            CallLostError: If nothing more will be heard of it.
        """
        if self.decided(timeout) is not Outcome.ANSWERED:
            raise _calling.failed(self)

    def ended(self, timeout: float | None = None) -> CallEnd:
        """Wait until all of its channels are gone; tell how it ended.

        Args:
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it does not end in time.
            CallLostError: If nothing more will be heard of it.
        """
        self._wait(lambda: self.is_over, "ended", timeout)
        if self.end is None:
            raise self._lost()
        return self.end

    def wait_until(self, condition: Callable[[Call], object], timeout: float | None = None) -> None:
        """Wait until a condition holds: ``call.wait_until(lambda call: call.bridged_with)``.

        It is asked whenever something has happened to the call, with a lock held: it must neither
        wait nor act on the call.

        Args:
            condition: The condition.
            timeout: The seconds to wait; None for ever.

        Raises:
            CallTimeoutError: If it does not hold in time.
            CallLostError: If nothing more will be heard of the call.
            CallError: If the call has ended, and it does not hold.
        """
        self._wait(lambda: self.is_over or condition(self), "as was waited for", timeout)
        if self.is_over and not condition(self):
            raise self._lost() if self.failure is not None else _calling.over(self)

    # Acting.

    def hang_up(self, cause: int = 16) -> None:
        """Hang it up; nothing happens if it has ended.

        Args:
            cause: The cause to give, as ISDN numbers it: 16 normal clearing, 17 busy, 21 rejected.

        Raises:
            ManagerError: If the manager cannot send it, or may not.
        """
        self._calls.cancel(self)
        with contextlib.suppress(CallTimeoutError):  # nothing is heard of it, but it may be there
            self._reach()
        for action in _calling.hangup(self, cause):
            try:
                self._send(action)
            except ManagerActionError as error:
                if not _calling.is_gone(self, error):
                    raise

    def redirect(self, context: str, exten: str, priority: int | str = 1) -> None:
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
        self._send(_calling.redirect(self._channel(), context, exten, priority))

    def send_dtmf(
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
        for action in _calling.dtmf(self._channel(), digits, duration, received=received):
            self._send(action)

    def get_variable(self, name: str) -> str:
        """Give the value of a variable or function of its channel; ``""`` if there is none.

        Args:
            name: The name: ``"CHANNEL(state)"``.

        Raises:
            CallError: If the call has ended, or the value is longer than Getvar gives.
            ManagerActionError: If Asterisk refuses it.
        """
        action = _calling.getvar(self._channel(), name)
        return _calling.check_value(name, self._send(action).value)

    def set_variable(self, name: str, value: str) -> None:
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
        self._send(_calling.setvar(self._channel(), name, value))

    # Private, but for `Calls`.

    def wake(self) -> None:
        """Have those that wait look again; the lock is held."""
        if self._changed is not None:
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], object], what: str, timeout: float | None) -> None:
        with self._calls.lock:
            if self._changed is None:
                self._changed = threading.Condition(self._calls.lock)
            if not self._changed.wait_for(condition, timeout):
                raise _calling.late(self, what, timeout)

    def _reach(self) -> bool:
        """Wait until there is a channel to act on; tell whether there is one."""
        seconds = _calling.REACH_SECONDS if self.originated else 0.0
        self._wait(lambda: self.channels or self.is_over, "begun", seconds)
        return bool(self.channels)

    def _channel(self) -> Self:
        if not self._reach():
            raise _calling.over(self)
        return self

    def _send(self, action: Action[T_co]) -> T_co:
        return self._calls.manager.send(action)

    def _lost(self) -> Exception:
        return self.failure or _calling.over(self)


class Calls:
    """The calls of an Asterisk, as a manager on threads hears of them. Thread-safe.

    It follows calls from the moment it is made. To know those that there are already call `start`,
    or use it as a context manager. When the connection is lost and made again the manager says
    which channels there are, and this goes on from there. Calls that have ended are forgotten.

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
        self.lock: threading.Lock = threading.Lock()
        """Guards everything of the calls; held for moments only."""
        self._tracker: Tracker[Call] = Tracker(self._make)
        self._queue_size = queue_size
        self._callbacks: tuple[Callable[[Change], object], ...] = ()
        self._starting = threading.Lock()  # held by whoever asks for the list
        self._held: list[Event | Response] | None = None  # what comes while it is on its way
        self._dispatcher: Dispatcher[Change] | None = None
        self._deadline: float | None = None  # what the dispatcher waits for
        manager.tap(self)

    # The calls.

    def start(self) -> None:
        """Ask which channels there are, so that calls that began before are known, too.

        Raises:
            ManagerError: If the manager cannot send it, or may not.
        """
        with self._starting:
            held: list[Event | Response] = []
            with self.lock:
                self._held = held
            channels: Sequence[Event] | None = None
            try:
                channels = self.manager.send(CoreShowChannels())
            finally:
                with self.lock:
                    if self._held is held:  # it is not over
                        self._held = None
                        changes = self._tracker.resync(channels) if channels is not None else []
                        self._tell(changes + self._receive(held))

    def close(self) -> None:
        """Follow no calls any more. Idempotent."""
        self.manager.untap(self)
        self.over("the calls are not followed any more")

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

    def __iter__(self) -> Iterator[Call]:
        with self.lock:
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
        with self.lock:
            return self._tracker.find(channel)

    def originate(self, channel: str, **options: Unpack[OriginateOptions]) -> Call:
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
        with self.lock:
            call = self._tracker.expect(plan)
            self._watch_time()
        try:
            self.manager.send(plan.action, action_id=plan.action_id)
        except BaseException:
            with self.lock:
                self._tracker.forget(call)
            raise
        return call

    def register_callback(self, function: Callable[[Change], object]) -> None:
        """Have a function called for everything that happens to calls.

        Functions are called one after the other, in a thread of their own. One that raises is
        logged and disturbs nobody. Registered again it moves to the end.

        Args:
            function: Called with the `Change`.
        """
        with self.lock:
            others = (each for each in self._callbacks if each != function)
            self._callbacks = (*others, function)
            self._ensure_dispatcher()

    def unregister_callback(self, function: Callable[[Change], object]) -> bool:
        """Have a function called no more; tell whether it was registered."""
        with self.lock:
            found = function in self._callbacks
            self._callbacks = tuple(each for each in self._callbacks if each != function)
        return found

    # What the manager tells.

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Take what came, in the thread that reads."""
        with self.lock:
            if self._held is not None:
                self._held += messages
            else:
                self._tell(self._receive(messages))

    def lost(self, why: str) -> None:
        """Take note that a connection has ended: there may be another, and then a `Gap`."""

    def over(self, why: str) -> None:
        """Take note that there is no connection any more, and will be none."""
        with self.lock:
            held, self._held = self._held, None
            changes = self._receive(held or ())
            self._tell(changes + self._tracker.abandon(ManagerSocketError(why)))
            dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.finish()

    def cancel(self, call: Call) -> None:
        """Take note that a call is about to be hung up from this side."""
        with self.lock:
            self._tracker.cancel(call)

    # Private; the lock is held.

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
            dropped, first = self._ensure_dispatcher().put(changes)
            self.changes_dropped += dropped
            if first:
                _LOGGER.warning("callbacks are slower than what happens to calls: some is dropped")
        self._watch_time()

    def _watch_time(self) -> None:
        """Have the thread look when something is due."""
        deadline = self._tracker.deadline
        if deadline is not None and (self._deadline is None or deadline < self._deadline):
            self._deadline = deadline
            self._ensure_dispatcher().wake()

    def _ensure_dispatcher(self) -> Dispatcher[Change]:
        if self._dispatcher is None:
            self._dispatcher = Dispatcher(self._deliver, self._queue_size, self._do_what_is_due)
            self._dispatcher.start()
        return self._dispatcher

    # Private; in the thread of the callbacks.

    def _do_what_is_due(self) -> float | None:
        with self.lock:
            self._deadline = None
            changes = self._tracker.advance()
            self._deadline = self._tracker.deadline
            self._tell(changes)
            return None if self._deadline is None else self._deadline - time.monotonic()

    def _deliver(self, change: Change) -> None:
        for function in self._callbacks:
            try:
                function(change)
            except BaseException:  # it harms nobody else, the clock of the calls least of all
                _LOGGER.exception("the callback %r failed for %s", function, change)
