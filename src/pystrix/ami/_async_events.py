"""From the reader of a connection to those who want its events, on an event loop.

The reader never waits: every consumer has a queue of its own, which is bounded.
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast

from pystrix.ami._callbacks import exact
from pystrix.ami._gap import Gap
from pystrix.ami._message import Event, Response
from pystrix.ami.errors import ManagerOverflowError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

__all__ = ["EventStream", "Mailbox", "Streams", "deliver"]

EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)

Message = Event | Response
Overflow = Literal["drop", "raise"]

SLICE: Final = 0.01
"""For how many seconds callbacks run before the loop gets its turn. That is some thousands of cheap
ones, and more than it reads then: else the reader would always win, and the queue run full."""


class Mailbox:
    """A bounded queue that is filled without waiting.

    Args:
        size: How many messages it holds.
        full: Called when there is no room, with whether that is so for the first time since the
            queue was half empty.
    """

    __slots__ = (
        "_burst",
        "_ended",
        "_error",
        "_full",
        "_loop",
        "_queue",
        "_size",
        "_waiters",
        "dropped",
    )

    def __init__(self, size: int, full: Callable[[Mailbox, bool], None]) -> None:
        if size < 1:
            raise ValueError(f"a queue holds at least one event, not {size!r}")
        self.dropped: int = 0
        """How many messages found no room."""
        self._size = size
        self._full = full
        self._queue: deque[Message] = deque()
        self._burst = False
        self._ended = False
        self._error: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Queue a message, if there is room."""
        queue = self._queue
        if self._ended:
            return
        if len(queue) >= self._size:
            if isinstance(message, Gap):  # whoever must know of it gets it
                queue[-1] = message
            self.dropped += 1
            first, self._burst = not self._burst, True
            self._full(self, first)
            return
        queue.append(message)
        if self._burst and len(queue) <= self._size // 2:
            self._burst = False
        if self._waiters:
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Take nothing more; who has got what is queued is told. Idempotent."""
        if not self._ended:
            self._ended, self._error = True, error
            while self._waiters:
                self._wake()

    def abandon(self) -> None:
        """Take nothing more, and forget what is queued. Idempotent."""
        self.end()
        self._queue.clear()

    @property
    def ended(self) -> bool:
        """Whether it takes nothing more."""
        return self._ended

    async def get(self) -> Message | None:
        """Give the next message; None when there is none any more.

        Raises:
            Exception: The one that ended it.
        """
        queue = self._queue
        while not queue:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            await self._news()
        return queue.popleft()

    async def _news(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        future = self._loop.create_future()
        self._waiters.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future in self._waiters:
                self._waiters.remove(future)
            elif self._queue and not future.cancelled():  # it was told, and another one must be
                self._wake()
            raise

    def _wake(self) -> None:
        """Tell one of those who wait; not who was cancelled and has not taken note of it yet."""
        while self._waiters:
            future = self._waiters.popleft()
            if not future.done():
                future.set_result(None)
                return


class EventStream(Generic[EventT_co]):
    """Events as they come: an asynchronous iterator, made by `Manager.events`.

    It has a queue of its own. Use it as a context manager, so that it ends with the block; one that
    nobody holds any more ends as well. Several tasks may share it: each event goes to one of them.

    When the manager is closed the iteration ends; when its connection is lost for good it raises
    why, behind the events that came before.
    """

    def __init__(self, mailbox: Mailbox, forget: Callable[[Mailbox], object]) -> None:
        self._mailbox = mailbox
        self._forget = forget
        # In whichever thread that is: the streams forget it when they see it next.
        weakref.finalize(self, mailbox.abandon).atexit = False

    @property
    def dropped(self) -> int:
        """How many events found no room in the queue."""
        return self._mailbox.dropped

    @property
    def waiting(self) -> int:
        """How many events are in the queue."""
        return len(self._mailbox)

    def close(self) -> None:
        """End it, and drop what is queued. Idempotent."""
        self._mailbox.abandon()
        self._forget(self._mailbox)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EventT_co:
        event = await self._mailbox.get()
        if event is None:
            raise StopAsyncIteration
        return cast("EventT_co", event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


Kinds = dict[str, "type[Event] | None"]
"""The names of wanted events in lower case, and the class they are to be of."""


class Streams:
    """Which streams want which events.

    Args:
        logger: Where to log.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._kinds: dict[Mailbox, Kinds] = {}
        self._by_name: dict[str, tuple[tuple[Mailbox, type[Event] | None], ...]] = {}
        self._universal: tuple[tuple[Mailbox, type[Event] | None], ...] = ()

    def open(
        self, kinds: Iterable[str | type[Event]], size: int, overflow: Overflow
    ) -> EventStream[Any]:
        """Make a stream.

        Args:
            kinds: The classes or names of the wanted events; none for all.
            size: How many events wait for it.
            overflow: What becomes of those that find no room.

        Raises:
            ValueError: If a kind is none, or there is no such policy.
        """
        if overflow not in ("drop", "raise"):
            raise ValueError(f"overflow is 'drop' or 'raise', not {overflow!r}")
        wanted: Kinds = {}
        for kind in kinds:
            name = _name_of(kind)
            wanted[name] = kind if isinstance(kind, type) and name else None
        for abandoned in [each for each in self._kinds if each.ended]:
            self._forget(abandoned)
        mailbox = Mailbox(size, self._log_full if overflow == "drop" else self._end_full)
        self._kinds[mailbox] = wanted or {"": None}
        self._sort()
        return EventStream(mailbox, self._forget)

    def put(self, event: Event, name: str) -> None:
        """Give an event to those who want it.

        Args:
            event: The event.
            name: Its name.
        """
        for mailbox, kind in self._by_name.get(name.lower(), self._universal):
            if kind is None or isinstance(event, kind):
                mailbox.put(event)
            elif not issubclass(kind, Gap):  # a class of the program's own
                mailbox.put(event.as_kind(kind))

    def end(self, error: Exception | None) -> None:
        """End all streams."""
        for mailbox in list(self._kinds):
            mailbox.end(error)
            self._forget(mailbox)

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def _forget(self, mailbox: Mailbox) -> None:
        if self._kinds.pop(mailbox, None) is not None:
            self._sort()

    def _sort(self) -> None:
        names = {name for kinds in self._kinds.values() for name in kinds}
        self._universal = tuple((box, None) for box, kinds in self._kinds.items() if "" in kinds)
        self._by_name = {
            name: tuple(
                (box, kinds.get(name))
                for box, kinds in self._kinds.items()
                if name in kinds or "" in kinds
            )
            for name in names
            if name
        }

    def _log_full(self, mailbox: Mailbox, first: bool) -> None:
        if first:
            self._logger.warning(
                "a stream is slower than its events: %d wait, others are dropped (%d by now)",
                len(mailbox),
                mailbox.dropped,
            )

    def _end_full(self, mailbox: Mailbox, first: bool) -> None:  # noqa: ARG002
        mailbox.end(ManagerOverflowError(len(mailbox)))
        self._forget(mailbox)


def _name_of(kind: object) -> str:
    """Give the name of an event in lower case, ``""`` for any.

    Raises:
        ValueError: If it is neither the name nor the class of one.
    """
    if kind is Event:
        return ""
    name: object = kind
    if isinstance(kind, type) and issubclass(kind, Event):
        name = kind.NAME
    if isinstance(name, str) and name:
        return exact(name)
    raise ValueError(f"events are chosen by the name or the class of one, not by {kind!r}")


async def deliver(
    mailbox: Mailbox,
    find: Callable[[str | None], Iterable[Callable[[Any, Any], object]]],
    manager: object,
    logger: logging.Logger,
) -> None:
    """Call the callbacks for what is put into a mailbox, until that ends.

    Args:
        mailbox: The mailbox.
        find: Gives the callbacks for the name of an event, and for None those for responses.
        manager: What callbacks are called with, beside the message.
        logger: Where failures are logged.
    """
    task = asyncio.current_task()
    until = monotonic() + SLICE
    while (message := await mailbox.get()) is not None:
        if monotonic() > until:
            await asyncio.sleep(0)
            until = monotonic() + SLICE
        for function in find(None if isinstance(message, Response) else message.name):
            try:
                result = function(message, manager)
                if inspect.isawaitable(result):
                    await result
            except asyncio.CancelledError:
                if task is not None and task.cancelling():
                    raise
                logger.exception("the callback %r failed for %s", function, message.name)
            except (Exception, SystemExit):  # it harms nobody else
                logger.exception("the callback %r failed for %s", function, message.name)
