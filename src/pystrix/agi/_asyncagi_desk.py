"""Between a manager on threads and sessions in AsyncAGI: each gets what is for its call."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

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
from pystrix.agi._asyncagi_protocol import SEND_SECONDS, Result
from pystrix.ami._action import AnyAction, AnyListAction
from pystrix.ami._gap import Gap
from pystrix.ami._message import Event
from pystrix.ami.errors import Error, ManagerActionError, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pystrix.agi._session import Session
    from pystrix.ami import Manager

_LOGGER = logging.getLogger("pystrix.agi")


class Line:
    """What a session has instead of a connection: the results of one call, as they come.

    It is the session's `Stream`, and its `Watcher` as well.

    Args:
        desk: Where it belongs.
        link: The call.
    """

    def __init__(self, desk: Desk, link: Link) -> None:
        self.peer: str = link.channel
        self.link = link
        self._desk = desk
        self._inbox: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._kept = False  # whether the call stays in AsyncAGI when this is closed
        self._closed = False
        self._interrupted = False
        self._lock = threading.Lock()  # guards _watching and _closed
        self._watching: Session | None = None

    # In the thread that reads from the manager.

    def put(self, item: Item) -> None:
        """Take what came; never waits."""
        self._inbox.put(item)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            session, self._watching = self._watching, None
        if session is not None:
            session.notice()

    # The watcher.

    def watch(self, session: Session) -> None:
        """Call ``session.notice()`` once when something comes, or is there."""
        with self._lock:
            self._watching = session
        if not self._inbox.empty():
            self._tell()

    def forget(self, fileno: int) -> None:  # noqa: ARG002 - there is one session only
        """Watch no more."""
        with self._lock:
            self._watching = None

    # The stream.

    def fileno(self) -> int:
        """Give none."""
        return -1

    def receive(self) -> bytes:
        """Wait for a result; ``b""`` at the end."""
        while (data := self._take(self._inbox.get())) is None:
            pass
        return data

    def receive_before(self, deadline: float) -> bytes | None:
        """Wait for a result until a moment of `time.monotonic`; None if it passes."""
        data = None
        with contextlib.suppress(queue.Empty):
            while data is None:
                data = self._take(self._inbox.get(timeout=max(0.0, deadline - time.monotonic())))
        return data

    def receive_now(self) -> bytes | None:
        """Give a result that is there, ``b""`` at the end, None if nothing is."""
        return self.receive_before(0)

    def _take(self, item: Item | None) -> bytes | None:
        if self._interrupted or item is None:
            raise BrokenPipeError("closed by this program")
        if isinstance(item, Orders):
            self._request(item.requests)
            return None
        if not isinstance(item, End):
            return item
        self._inbox.put(item)  # it is the end for whoever asks again, too
        protocol = self.link.protocol
        unclear = item.has_status and protocol.may_have_failed
        protocol.note_end(item.why, failed=unclear and self._desk.settle(self.link))
        return b""

    def send(self, data: bytes) -> None:
        """Send commands."""
        if self._interrupted:
            raise BrokenPipeError("closed by this program")
        if self.link.ended is None:  # else that is what comes next
            self._request(self._desk.requests(self.link, data))

    def _request(self, requests: list[Request]) -> None:
        try:
            self._desk.send(self.link, requests)
        except Error as error:
            self.link.protocol.note_end(str(error))
            raise BrokenPipeError(str(error)) from error

    def acknowledge(self) -> None:
        """Do nothing: Asterisk waits for nobody."""

    def interrupt(self) -> None:
        """End whoever waits in `receive`. Idempotent."""
        self._interrupted = True
        self._inbox.put(None)

    def close(self) -> None:
        """Give the call back to the dialplan, unless it is to stay. Idempotent, thread-safe."""
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        if not self._kept and self._can_be_ended:
            try:
                self._desk.send(self.link, self._desk.requests(self.link, BREAK))
            except Error as error:
                _LOGGER.warning("%s is not given back to the dialplan: %s", self.peer, error)
        self._desk.release(self.link)

    # For the server.

    @property
    def _can_be_ended(self) -> bool:
        return self.link.ended is None and not self.link.protocol.leaving

    def keep(self) -> None:
        """Leave the call in AsyncAGI when this is closed."""
        self._kept = True

    def fail(self, deadline: float | None) -> None:
        """End AsyncAGI as a failure; a command that runs ends first.

        Args:
            deadline: How long to wait for that, a moment of `time.monotonic`; None for not at all.
        """
        if self._closed or self._kept or not self._can_be_ended:
            return
        self._kept = True
        try:
            self._desk.send(self.link, self._desk.requests(self.link, FAIL))
            while deadline is not None and (result := self.receive_before(deadline)):
                of_earlier = isinstance(result, Result) and result.left
                if not of_earlier and result.startswith(FAILED):
                    return
                if not of_earlier:  # a text had come
                    self._desk.send(self.link, self._desk.requests(self.link, FAIL))
        except (Error, BrokenPipeError) as error:  # the connection, or this program ends
            _LOGGER.warning("%s is not ended as a failure: %s", self.peer, error)


class Desk:
    """The calls of one server, and the way to its manager, which it taps. Thread-safe.

    Args:
        manager: The manager.
    """

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        # Guards the six below. A signal handler may stop the thread that holds it.
        self._news = threading.Condition(threading.RLock())
        self._links = Links()
        self._lines: dict[Link, Line] = {}
        self._offered: deque[Line] = deque()  # nobody has taken them yet
        self._stopped = False
        self._closed = False
        self._unsettled = False  # whether calls of the last connection are to be ended
        manager.tap(self)

    # The tap; in the thread that reads.

    def heard(self, messages: Sequence[Any]) -> None:
        """Take what came of the events that say something of calls."""
        if self._unsettled:
            self._settle_lost(messages)
        for message in messages:
            name = message.name
            if name in EVENTS:
                with self._news:
                    taken = [(self._lines[link], item) for link, item in self._links.take(message)]
                for line, item in taken:
                    self._hand(line, item)
            elif name == START:
                self._offer(message)

    def lost(self, why: str) -> None:
        """End all calls: they cannot be controlled over another connection."""
        end = End(f"the connection to the manager was lost: {why}")
        with self._news:
            lines = [self._lines[link] for link in self._links.lose(end)]
            self._unsettled = self._links.has_lost
        for line in lines:
            self._hand(line, end)

    def _hand(self, line: Line, item: Item) -> None:
        with self._news:
            if line in self._offered and isinstance(item, End):  # too late
                self._offered.remove(line)
                self.release(line.link)
                return
        line.put(item)

    def _offer(self, event: Any) -> None:  # noqa: ANN401 - an event
        with self._news:
            link, before = self._links.begin(event)
            overtaken = before and self._lines[before]
            if self._stopped:
                self._links.forget(link)
            else:
                self._lines[link] = line = Line(self, link)
                self._offered.append(line)
                self._news.notify_all()
        if overtaken:
            self._hand(overtaken, OVERTAKEN)

    def _settle_lost(self, messages: Sequence[Any]) -> None:
        """End the calls of the last connection that nobody controls any more; in a thread.

        A manager that connects again by itself says what channels there are before anything else.
        One that was connected again by the program has to be asked, once it is logged in: no event
        comes before.
        """
        gap = next((message for message in messages if isinstance(message, Gap)), None)
        if messages and gap is None and not any(isinstance(each, Event) for each in messages):
            return
        self._unsettled = False
        threading.Thread(
            target=self._give_back, args=[gap], name="pystrix-asyncagi-gap", daemon=True
        ).start()

    def _give_back(self, gap: Gap | None) -> None:
        try:
            channels = self._ask_for_channels() if gap is None else gap.channels
        except Error as error:
            _LOGGER.warning("calls may stay in AsyncAGI, their sessions lost: %s", error)
            channels = None
        with self._news:
            requests = self._links.give_back(channels)
        for link, request in requests:
            try:
                self.send(link, [request])
            except Error as error:
                _LOGGER.warning("%s stays in AsyncAGI, its session lost: %s", link.channel, error)
            else:
                _LOGGER.warning("%s is ended as a failure, its session lost", link.channel)

    def _ask_for_channels(self) -> Sequence[Mapping[str, str]]:
        action: AnyListAction = AnyListAction("CoreShowChannels")
        return cast("Sequence[Mapping[str, str]]", self._manager.send(action))

    # For lines.

    def requests(self, link: Link, data: bytes) -> list[Request]:
        """Make the actions that send commands."""
        with self._news:
            return self._links.requests(link, data)

    def send(self, link: Link, requests: list[Request]) -> None:
        """Send actions. It is no error if the channel is gone: an event says so, too.

        Raises:
            Error: If the manager does not take them.
        """
        for request in requests:
            following: Request | None = request
            while following is not None:
                following = self._send(link, following)

    def _send(self, link: Link, request: Request) -> Request | None:
        """Send an action; give what to send instead, if the channel has another name by now."""
        if not self._manager.is_connected():  # another connection is not waited for
            raise ManagerError(f"cannot send {request.name}: the manager is not connected")
        try:
            self._manager.send(AnyAction(request.name, request.headers), timeout=SEND_SECONDS)
        except ManagerActionError as error:
            if not str(error).endswith(NO_CHANNEL):
                raise
            with self._news:
                return self._links.refused(link, request)
        return None

    def settle(self, link: Link) -> bool:
        """Find out whether the last command failed, rather than that the caller hung up."""
        settling = link.settle()
        try:
            request = next(settling)
            while True:
                value = None
                try:
                    action = AnyAction(request.name, request.headers)
                    value = self._manager.send(action).get("Value")
                except Error as error:
                    _LOGGER.debug("%s: AGISTATUS is not known: %s", link.channel, error)
                request = settling.send(value)
        except StopIteration as end:
            return bool(end.value)

    def release(self, link: Link) -> None:
        """Forget a call. Idempotent."""
        with self._news:
            self._links.forget(link)
            self._lines.pop(link, None)
        self._untap()

    # For the server.

    def next(self, timeout: float | None) -> Line | None:
        """Wait for a call that is offered; None if none comes in time, or it is stopped."""
        with self._news:
            self._news.wait_for(lambda: self._offered or self._stopped, timeout)
            return self._offered.popleft() if self._offered else None

    def stop(self) -> None:
        """Take no calls any more; those that are offered are left alone. Idempotent."""
        with self._news:
            self._stopped = True
            offered = list(self._offered)
            self._offered.clear()
            self._news.notify_all()
        for line in offered:
            self.release(line.link)

    def close(self) -> None:
        """Take no calls any more, and hear no more when the last one is over. Idempotent."""
        self.stop()
        with self._news:
            self._closed = True
        self._untap()

    def _untap(self) -> None:
        with self._news:
            over = self._closed and not self._lines
        if over:
            self._manager.untap(self)
