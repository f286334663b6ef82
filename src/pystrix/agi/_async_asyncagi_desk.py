"""Between a manager on asyncio and sessions in AsyncAGI: each gets what is for its call."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from pystrix.agi._async_connection import NOBODY
from pystrix.agi._asyncagi_links import (
    BREAK,
    EVENTS,
    FAIL,
    FAILED,
    NO_CHANNEL,
    OVERTAKEN,
    START,
    End,
    Item,
    Link,
    Links,
    Orders,
    Request,
)
from pystrix.agi._asyncagi_protocol import SEND_SECONDS
from pystrix.ami._action import AnyAction
from pystrix.ami._gap import Gap
from pystrix.ami.errors import Error, ManagerActionError, ManagerError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from pystrix.agi._async_connection import Receiver
    from pystrix.ami.aio import Manager

_LOGGER = logging.getLogger("pystrix.agi")


class Line:
    """What a session has instead of a connection: the results of one call, as they come.

    Args:
        desk: Where it belongs.
        link: The call.
    """

    def __init__(self, desk: Desk, link: Link) -> None:
        self._receiver: Receiver = NOBODY
        self.is_over: bool = False
        self.peer: str = link.channel
        self.link = link
        self._desk = desk
        self._kept = False  # whether the call stays in AsyncAGI when this is closed
        self._closed = False
        self._outbox: deque[Request] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._failing: asyncio.Future[bytes] | None = None

    def put(self, item: Item) -> None:
        """Take what came."""
        if isinstance(item, Orders):
            self._post(item.requests)
        elif not isinstance(item, End):
            if self._failing is None:
                self._receiver.feed(item)
            elif not item.left:  # else it is of an earlier command
                _resolve(self._failing, item)
        elif item.has_status and self.link.protocol.may_have_failed:
            self._desk.start(self._settle(item))
        else:
            self._end(item.why)

    async def _settle(self, end: End) -> None:
        self._end(end.why, failed=await self._desk.settle(self.link))

    def _end(self, why: str, *, failed: bool = False) -> None:
        self.is_over = True
        self._outbox.clear()
        if self._sender is not None:
            self._sender.cancel()  # it may wait for another connection
        if self._failing is not None:
            _resolve(self._failing, b"")
        self.link.protocol.note_end(why, failed=failed)
        self._receiver.feed_eof()

    # The connection.

    def deliver_to(self, receiver: Receiver) -> None:
        """Let somebody get from now on what comes."""
        self._receiver = receiver

    def write(self, data: bytes) -> None:
        """Send commands."""
        self._post(self._desk.requests(self.link, data))

    def _post(self, requests: list[Request]) -> None:
        self._outbox += requests
        if self._sender is None:
            self._sender = self._desk.start(self._send())
            self._sender.add_done_callback(self._sent)

    async def _send(self) -> None:
        while self._outbox:
            await self._desk.send(self.link, self._outbox.popleft())

    def _sent(self, sender: asyncio.Task[None]) -> None:
        """See what became of what was sent: all of it, or the manager did not take it."""
        self._sender = None
        error = None if sender.cancelled() else sender.exception()
        if error is not None:
            if self._closed:
                _LOGGER.warning("%s is not given back to the dialplan: %s", self.peer, error)
            elif self._failing is not None:
                _LOGGER.warning("%s is not ended as a failure: %s", self.peer, error)
            self._end(str(error))
        if self._outbox:  # it came in this moment
            self._post([])
        elif self._closed:
            self._desk.release(self.link)

    def acknowledge(self) -> None:
        """Do nothing: AMI needs no acknowledgement."""

    def close(self) -> None:
        """Give the call back to the dialplan, unless it is to stay. Idempotent."""
        if self._closed:
            return
        self._closed = self.is_over = True
        self._receiver = NOBODY
        if not self._kept and self._can_be_ended:
            self.write(BREAK)
        if self._sender is None:
            self._desk.release(self.link)

    # For the server.

    @property
    def _can_be_ended(self) -> bool:
        return self.link.ended is None and not self.link.protocol.leaving

    def keep(self) -> None:
        """Leave the call in AsyncAGI when this is closed."""
        self._kept = True

    async def fail(self, timeout: float) -> None:
        """End AsyncAGI as a failure; a command that runs ends first.

        Args:
            timeout: How long to wait for that, in seconds.
        """
        if self._closed or self._kept or not self._can_be_ended:
            return
        self._kept = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                result = b" "
                while result and not result.startswith(FAILED):  # the caller may send a text
                    self._failing = asyncio.get_running_loop().create_future()
                    self.write(FAIL)
                    result = await self._failing


class Desk:
    """The calls of one server, and the way to its manager, which it taps. Not thread-safe.

    Args:
        manager: The manager.
    """

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._links = Links()
        self._lines: dict[Link, Line] = {}
        self._offered: deque[Line] = deque()  # nobody has taken them yet
        self._waiter: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()  # the loop does not hold them
        self._stopped = False
        self._closed = False
        manager.tap(self)

    # The tap.

    def heard(self, messages: Sequence[Any]) -> None:
        """Take what came of the events that say something of calls."""
        for message in messages:
            name = message.name
            if name in EVENTS:
                for link, item in self._links.take(message):
                    self._hand(link, item)
            elif name == START:
                self._offer(message)
            elif isinstance(message, Gap):
                for link, request in self._links.give_back(message.channels):
                    self.start(self._end_lost(link, request))

    def lost(self, why: str) -> None:
        """End all calls: they cannot be controlled over another connection."""
        end = End(f"the connection to the manager was lost: {why}")
        for link in self._links.lose(end):
            self._hand(link, end)

    def _hand(self, link: Link, item: Item) -> None:
        line = self._lines.get(link)
        if line is None:  # closed by whom another one has just told of its end
            return
        if line in self._offered:  # too late
            self._offered.remove(line)
            self.release(link)
        else:
            line.put(item)

    def _offer(self, event: Any) -> None:  # noqa: ANN401 - an event
        link, before = self._links.begin(event)
        if before is not None:
            self._hand(before, OVERTAKEN)
        if self._stopped:
            self._links.forget(link)
        else:
            self._lines[link] = line = Line(self, link)
            self._offered.append(line)
            self._wake()

    async def _end_lost(self, link: Link, request: Request) -> None:
        """End a call of the last connection that nobody controls any more."""
        try:
            await self.send(link, request)
        except Error as error:
            _LOGGER.warning("%s stays in AsyncAGI, its session lost: %s", link.channel, error)
        else:
            _LOGGER.warning("%s is ended as a failure, its session lost", link.channel)

    # For lines.

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until it ends."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def requests(self, link: Link, data: bytes) -> list[Request]:
        """Make the actions that send commands."""
        return self._links.requests(link, data)

    async def send(self, link: Link, request: Request) -> None:
        """Send an action. It is no error if the channel is gone: an event says so, too.

        Raises:
            Error: If the manager does not take it.
        """
        following: Request | None = request
        while following is not None:
            following = await self._send(link, following)

    async def _send(self, link: Link, request: Request) -> Request | None:
        """Send an action; give what to send instead, if the channel has another name by now."""
        try:
            await self._ask(request, timeout=SEND_SECONDS)
        except ManagerActionError as error:
            if not str(error).endswith(NO_CHANNEL):
                raise
            return self._links.refused(link, request)
        return None

    async def _ask(self, request: Request, *, timeout: float | None = None) -> Any:  # noqa: ANN401
        if not self._manager.is_connected():  # another connection is not waited for
            raise ManagerError(f"cannot send {request.name}: the manager is not connected")
        return await self._manager.send(AnyAction(request.name, request.headers), timeout=timeout)

    async def settle(self, link: Link) -> bool:
        """Find out whether the last command failed, rather than that the caller hung up."""
        settling = link.settle()
        try:
            request = next(settling)
            while True:
                value = None
                try:
                    value = (await self._ask(request)).get("Value")
                except Error as error:
                    _LOGGER.debug("%s: AGISTATUS is not known: %s", link.channel, error)
                request = settling.send(value)
        except StopIteration as end:
            return bool(end.value)

    def release(self, link: Link) -> None:
        """Forget a call. Idempotent."""
        self._links.forget(link)
        self._lines.pop(link, None)
        self._untap()

    # For the server.

    async def next(self) -> Line | None:
        """Wait for a call that is offered; None if it is stopped."""
        while not self._offered and not self._stopped:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._offered.popleft() if self._offered else None

    def stop(self) -> None:
        """Take no calls any more; those that are offered are left alone. Idempotent."""
        self._stopped = True
        while self._offered:
            self.release(self._offered.popleft().link)
        self._wake()

    def close(self) -> None:
        """Take no calls any more, and hear no more when the last one is over. Idempotent."""
        self.stop()
        self._closed = True
        self._untap()

    async def drain(self) -> None:
        """Wait until all that is on its way has been sent."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _untap(self) -> None:
        if self._closed and not self._lines:
            self._manager.untap(self)


def _resolve(future: asyncio.Future[bytes], result: bytes) -> None:
    if not future.done():
        future.set_result(result)
