"""Who hears of what: what both managers offer to programs for that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pystrix.ami._callbacks import Callback, Callbacks, EventKey
from pystrix.ami._taps import Tap, Taps

if TYPE_CHECKING:
    import logging

__all__ = ["Listeners", "Resync"]

Resync = Callable[[Any], object]
"""Called with the manager when the connection was lost and there is a new one."""
HookT = TypeVar("HookT", bound=Resync)


class Listeners:
    """The callbacks, resync hooks and taps of a manager. Thread-safe.

    Args:
        logger: Where to log.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._registering = threading.Lock()  # guards the three below
        self._callbacks = Callbacks()
        self._hooks: tuple[Resync, ...] = ()
        self._taps = Taps(logger)

    def register_callback(self, event: EventKey, function: Callback) -> None:
        """Have a function called for events: ``function(event, manager)``.

        Functions are called one after the other, in the order of registration; on asyncio they may
        be coroutine functions, which are awaited before the next is called. One that raises is
        logged and disturbs nobody; one that takes its time delays the others, not the answers of
        actions.

        Args:
            event: The class of an event or aggregate, or its exact name; ``""`` for every event and
                aggregate; None for responses that nobody waits for. There are aggregates with
                `send_action` only.
            function: The function. Registered again for the same it moves to the end.

        Raises:
            ValueError: If `event` is none of these.
        """
        with self._registering:
            self._callbacks.register(event, function)

    def unregister_callback(self, event: EventKey, function: Callback) -> bool:
        """Have a function called no more; tell whether it was registered.

        Raises:
            ValueError: If `event` is nothing that functions are registered for.
        """
        with self._registering:
            return self._callbacks.unregister(event, function)

    def register_resync(self, hook: HookT) -> HookT:
        """Have a function called when the connection was lost and there is a new one.

        ``hook(manager)`` can send actions; on asyncio it may be a coroutine function. Hooks are
        called one after the other, on threads in the one that connects. Events are held back until
        all have returned, so that none may wait for one. What it returns is in
        ``gap.results[hook]``. One that raises is logged. If the new connection is lost as well it
        is called again for the next; on asyncio it is cancelled before.

        Args:
            hook: The function. Registered again it moves to the end.

        Returns:
            The function, so that this serves as a decorator.
        """
        with self._registering:
            self._hooks = (*self._without(hook), hook)
        return hook

    def unregister_resync(self, hook: Resync) -> bool:
        """Have a function called no more; tell whether it was registered."""
        with self._registering:
            found = hook in self._hooks
            self._hooks = self._without(hook)
        return found

    def tap(self, tap: Tap) -> None:
        """Tell an object all that comes, where it is read, and when a connection ends.

        It is for what must hear of everything at once, whatever callbacks do. Idempotent.

        Args:
            tap: Has ``heard(messages)`` and ``lost(why)``, plain functions which must not wait, for
                the answer of an action neither; ``over(why)``, if it has that, is called when there
                will be no connection any more.
        """
        with self._registering:
            self._taps.add(tap)

    def untap(self, tap: Tap) -> None:
        """Tell an object nothing more. Idempotent."""
        with self._registering:
            self._taps.remove(tap)

    def _without(self, hook: Resync) -> tuple[Resync, ...]:
        return tuple(each for each in self._hooks if each != hook)
