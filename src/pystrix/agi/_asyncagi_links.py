"""Which call in AsyncAGI an event of AMI is for, and what the actions are that drive it.

Pure. A call is known by its channel's ``Uniqueid``, for the name may change; a result by the
``CommandId`` that its command was given, which nobody else uses. A call is over at ``AsyncAGIEnd``.
Two other signs count as well, for Asterisk says nothing of AsyncAGI when a channel is taken away
from it into a bridge: that it enters a bridge while no command runs that could have led it there,
and that it is gone.

Unless another channel has taken its place: a transfer into the call, or a SIP call that replaces
it. AsyncAGI then goes on under another name and ``Uniqueid``. What shows it is that this channel
suddenly is at the same AGI of the dialplan (``Newexten``) and no ``AsyncAGIStart`` follows, and
that the old one is gone without a cause. What was refused meanwhile, for the old name is nobody's,
is sent again to the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from typing import TYPE_CHECKING, Final, NamedTuple

from pystrix.agi._asyncagi_protocol import AsyncAGIProtocol, Result, visible_environment
from pystrix.agi._wire import decode, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START: Final = "AsyncAGIStart"
"""The event that offers a call."""

EVENTS: Final = frozenset(
    {
        "AGIExecStart",
        "AsyncAGIExec",
        "AsyncAGIEnd",
        "BridgeEnter",
        "Hangup",
        "Newexten",
        "Rename",
        "VarSet",
    }
)
"""The events that say something of a call that was offered."""

BREAK: Final = b"ASYNCAGI BREAK\n"
"""Ends AsyncAGI with AGISTATUS=SUCCESS."""

FAIL: Final = b'RECEIVE CHAR "0"\n'
"""Ends AsyncAGI with AGISTATUS=FAILURE: no character comes in no time, so it fails."""

_FAIL_TEXT: Final = decode(FAIL[:-1])

FAILED: Final = b"200 result=-1"
"""How the result of a command begins that failed."""

_STATUS: Final = "AGISTATUS"
_TRIES: Final = 5
"""How often to ask for it: it is set a moment after the end of AsyncAGI."""
_TRIES_IN_VAIN: Final = 3
"""How often, if nobody answers: by then any event that was on its way has been heard."""

_BRIDGING: Final = frozenset({b"EXEC", b"GOSUB"})
"""The first words of the commands that may lead a channel into a bridge."""


_REQUEST: Final = "agi:async"
_NO_CAUSE: Final = "0"
"""The ``Cause`` of a ``Hangup`` for which nobody hung up."""
_ARRIVALS: Final = 64
"""Channels at an AsyncAGI whose start has not come yet; it follows at once."""

_LATER: Final = frozenset({"AsyncAGIExec", "AsyncAGIEnd", "BridgeEnter", "Hangup"})
"""What no channel does before its AsyncAGI has started."""

_COMMAND_ID: Final = "CommandID"

NO_CHANNEL: Final = (" does not exist.", "No such channel", "Channel not found")
"""How the reason ends for which an action is refused when the channel is gone."""


class Request(NamedTuple):
    """An action of AMI."""

    name: str
    headers: dict[str, str]


class Orders(NamedTuple):
    """What is to be sent now that a command runs: it is to be stopped."""

    requests: list[Request]


class End(NamedTuple):
    """There will be no more results."""

    why: str
    """The reason, for messages."""
    has_status: bool = False
    """Whether Asterisk sets AGISTATUS now, which tells a failed command from a hang-up."""


Item = Result | Orders | End
"""What an event brings to a call."""

LEFT: Final = End("the call has left AsyncAGI: hung up, or taken elsewhere", has_status=True)
BRIDGED: Final = End("the call was taken away from AsyncAGI into a bridge")
GONE: Final = End("the call is gone")
OVERTAKEN: Final = End("the call runs another AsyncAGI by now")
_ENDS: Final = {"AsyncAGIEnd": LEFT, "BridgeEnter": BRIDGED, "Hangup": GONE}

Place = tuple[str | None, ...]
"""Where a channel is in the dialplan, and with which data."""

Settling = Generator[Request, str | None, bool]
"""Yields requests for a variable, gets its value or None, and tells whether a command failed."""


class Link:
    """One call, as the manager sees it.

    Args:
        channel: The name of its channel.
        uniqueid: The unique id of that.
        environment: The environment.
    """

    __slots__ = (
        "_running",
        "channel",
        "ended",
        "environment",
        "missed",
        "orders",
        "place",
        "protocol",
        "started",
        "status",
        "uniqueid",
    )

    def __init__(self, channel: str, uniqueid: str, environment: Result) -> None:
        self.channel: str = channel
        """The name of its channel, as far as it is known."""
        self.uniqueid: str = uniqueid
        self.environment: Result = environment
        self.protocol: AsyncAGIProtocol = AsyncAGIProtocol(channel)
        """The conversation."""
        self.ended: End | None = None
        """Why it is over; None while it is not."""
        self.status: str | None = None
        """AGISTATUS after the end, if it was told."""
        self.place: Place | None = None
        """Where it entered AsyncAGI, if that was told."""
        self.started: bool = False
        """Whether the first of the commands that are on their way runs."""
        self.orders: Orders | None = None
        """What is to be sent when it does: Asterisk may look at it only 100 ms after it came."""
        self.missed: list[Request] = []
        """What was refused because no channel had the name that was known."""
        self._running: dict[str, bytes] = {}  # the lines of commands by their ids

    @property
    def may_be_bridged(self) -> bool:
        """Whether a command runs that may lead the channel into a bridge."""
        lines = list(self._running.values())
        return any(split_words(line[:-1])[0].upper() in _BRIDGING for line in lines)

    @property
    def commands(self) -> list[str]:
        """The ids of the commands that are on their way."""
        return list(self._running)

    def add(self, command_id: str, line: bytes) -> None:
        """Note a command that is on its way."""
        self._running[command_id] = line

    def start(self, command: str) -> Orders | None:
        """Note that a command runs; give what is to be sent then."""
        orders = None
        first = next(iter(self._running.values()), b"")
        if first and first[:-1] == command.encode("utf-8", "surrogateescape"):
            self.started = True
            orders, self.orders = self.orders, None
        return orders

    def remove(self, command_id: str) -> None:
        """Forget a command whose result has come."""
        del self._running[command_id]
        self.started = False
        self.orders = None
        # What was to stop it would stop another one.
        self.missed = [request for request in self.missed if _COMMAND_ID in request.headers]

    def take_missed(self) -> Orders | None:
        """Give what is to be sent again, now that the channel has another name."""
        missed = [self.renamed(request) for request in self.missed if self.is_renamed(request)]
        if not missed:
            return None
        self.missed = []
        return Orders(missed)

    def is_renamed(self, request: Request) -> bool:
        """Tell whether a request is for a name that the channel had before."""
        return request.headers["Channel"] != self.channel

    def renamed(self, request: Request) -> Request:
        """Make the same request for the name that the channel has."""
        return Request(request.name, request.headers | {"Channel": self.channel})

    def is_at(self, channel: Mapping[str, str]) -> bool:
        """Tell whether a channel is where this one entered AsyncAGI."""
        found = visible_environment(self.environment)
        place = [found.get(f"agi_{name}") for name in ("context", "extension", "priority")]
        return place == [channel.get(name) for name in ("Context", "Exten", "Priority")]

    def settle(self) -> Settling:
        """Find out whether the last command, which answered -1, failed or the caller hung up.

        AGISTATUS tells, which Asterisk sets behind ``AsyncAGIEnd``. An event says so to those who
        may read the class ``dialplan``. It is asked for as well; but the channel may be gone by
        then, and an answer may overtake an event. What is neither FAILURE nor HANGUP is older, or
        of what the dialplan did since.
        """
        for tries in range(1, _TRIES + 1):
            value = self.status or (yield self._request_status())
            value = self.status or value
            if value in ("FAILURE", "HANGUP"):
                return value == "FAILURE"
            if value is None and tries == _TRIES_IN_VAIN:
                return False
        return True

    def _request_status(self) -> Request:
        return Request("Getvar", {"Channel": self.channel, "Variable": _STATUS})


class Links:
    """The calls of one server. Threads that share it hold a lock around each call."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(8)
        self._count = 0
        self._by_uniqueid: dict[str, Link] = {}
        self._by_command: dict[str, Link] = {}
        # The channels that have arrived at an AsyncAGI, by unique id: their names and places.
        self._arrivals: dict[str, tuple[str, Place]] = {}
        self._lost: dict[str, Link] = {}  # those that ended because the connection did

    def __len__(self) -> int:
        return len(self._by_uniqueid)

    def begin(self, event: Mapping[str, str]) -> tuple[Link, Link | None]:
        """Take an ``AsyncAGIStart``.

        Returns:
            The call; and the one with the same unique id that was not over, and is now.
        """
        uniqueid = event.get("Uniqueid", "")
        before = self._by_uniqueid.get(uniqueid)
        link = Link(event.get("Channel", ""), uniqueid, Result.of(event.get("Env", "")))
        _, link.place = self._arrivals.pop(uniqueid, ("", None))
        self._by_uniqueid[uniqueid] = link
        self._lost.pop(uniqueid, None)  # it has left AsyncAGI since
        if before is None or before.ended is not None:
            return link, None
        before.ended = OVERTAKEN
        return link, before

    def requests(self, link: Link, lines: bytes) -> list[Request]:
        """Make the actions that send commands; before them those that stop the one that runs.

        Args:
            link: The call.
            lines: One or more commands, each with its line feed.
        """
        channel = {"Channel": link.channel}
        stops = link.protocol.take_stops()
        requests = [Request(stop.name, channel | stop.headers) for stop in stops]
        if requests and not link.started:
            link.orders, requests = Orders(requests), []
        for line in lines.splitlines(keepends=True):  # none of them has a CR
            self._count += 1
            command_id = f"{self._prefix}-{self._count}"
            link.add(command_id, line)
            self._by_command[command_id] = link
            headers = {"Command": decode(line[:-1]), _COMMAND_ID: command_id}
            requests.append(Request("AGI", channel | headers))
        return requests

    def refused(self, link: Link, request: Request) -> Request | None:
        """Take note that there is no channel of the name; give what to send instead, if known."""
        if link.is_renamed(request):  # meanwhile
            return link.renamed(request)
        link.missed.append(request)  # it is gone, or will be renamed
        return None

    def take(self, event: Mapping[str, str]) -> list[tuple[Link, Item]]:
        """Take one of `EVENTS`; give the call it is for and what it brings, if there is one."""
        taken = self._take(event)
        if taken is None:
            return []
        link, item = taken
        missed = link.take_missed() if link.missed and link.ended is None else None
        return [(link, each) for each in (item, missed) if each is not None]

    def _take(self, event: Mapping[str, str]) -> tuple[Link, Item | None] | None:
        name = event["Event"]
        uniqueid = event.get("Uniqueid", "")
        if name == "Newexten":
            self._note_arrival(event, uniqueid)
            return None
        if name in _LATER:
            self._arrivals.pop(uniqueid, None)
        if name == "AsyncAGIExec":
            return self._take_result(event)
        link = self._by_uniqueid.get(uniqueid)
        if link is None:
            return None
        item: Orders | End | None = None
        match name:
            case "AGIExecStart":
                item = link.start(event.get("Command", ""))
            case "Rename":
                link.channel = event.get("Newname", link.channel)
            case "VarSet":
                if link.ended is not None and event.get("Variable") == _STATUS:
                    link.status = event.get("Value")
            case _:
                item = self._take_end(link, event)
        return link, item

    def _take_end(self, link: Link, event: Mapping[str, str]) -> End | None:
        """Take an event that ends a call, unless it does not."""
        name = event["Event"]
        if link.ended is not None:
            return None
        if name == "BridgeEnter" and link.may_be_bridged:
            return None
        if name == "Hangup" and event.get("Cause") == _NO_CAUSE and self._follow(link):
            return None
        link.ended = _ENDS[name]
        return link.ended

    def _note_arrival(self, event: Mapping[str, str], uniqueid: str) -> None:
        """Note that a channel is at an AsyncAGI of the dialplan, whose start is yet to come."""
        data = event.get("AppData", "")
        link = self._by_uniqueid.get(uniqueid)
        if data.lower().startswith(_REQUEST) and (link is None or link.ended is not None):
            place = (*map(event.get, ("Context", "Exten", "Priority")), data)
            self._arrivals[uniqueid] = event.get("Channel", ""), place
            if len(self._arrivals) > _ARRIVALS:
                del self._arrivals[next(iter(self._arrivals))]

    def _follow(self, link: Link) -> bool:
        """Follow a call whose channel is gone to the one that has taken its place, if one has."""
        for uniqueid, (channel, place) in self._arrivals.items():
            if place == link.place:
                del self._arrivals[uniqueid]
                self._move(link, channel, uniqueid)
                return True
        return False

    def _move(self, link: Link, channel: str, uniqueid: str) -> None:
        link.channel = channel
        if uniqueid != link.uniqueid and self._by_uniqueid.get(link.uniqueid) is link:
            del self._by_uniqueid[link.uniqueid]
            self._by_uniqueid[uniqueid] = link
            link.uniqueid = uniqueid

    def forget(self, link: Link) -> None:
        """Take nothing more for a call. Idempotent."""
        if self._by_uniqueid.get(link.uniqueid) is link:
            del self._by_uniqueid[link.uniqueid]
        for command_id in link.commands:
            self._by_command.pop(command_id, None)

    def lose(self, end: End) -> list[Link]:
        """End all calls, for the connection has ended; give those that were not over."""
        links = [link for link in self._by_uniqueid.values() if link.ended is None]
        # Another connection may be lost before it is known what became of those of the last one.
        self._lost |= {link.uniqueid: link for link in links}
        self._arrivals.clear()
        for link in links:
            link.ended = end
        return links

    @property
    def has_lost(self) -> bool:
        """Whether calls of the last connection may still be in AsyncAGI."""
        return bool(self._lost)

    def give_back(self, channels: Iterable[Mapping[str, str]] | None) -> list[tuple[Link, Request]]:
        """Make the actions that end the calls of the last connection as failures.

        Nobody controls them any more, and their callers would wait for ever. A channel that is
        where it was in the dialplan has not left AsyncAGI.

        Args:
            channels: The channels there are, as ``CoreShowChannels`` lists them; None if Asterisk
                did not tell.
        """
        lost, self._lost = self._lost, {}
        requests: list[tuple[Link, Request]] = []
        for channel in channels or ():
            link = lost.get(channel.get("Uniqueid", ""))
            if link is not None and link.is_at(channel):
                link.channel = channel.get("Channel", link.channel)
                headers = {"Channel": link.channel, "Command": _FAIL_TEXT}
                requests.append((link, Request("AGI", headers)))
        return requests

    def _take_result(self, event: Mapping[str, str]) -> tuple[Link, Result] | None:
        command_id = event.get("CommandId", "")
        link = self._by_command.pop(command_id, None)
        if link is None:  # of somebody else
            return None
        link.remove(command_id)
        self._move(link, event.get("Channel", link.channel), event.get("Uniqueid", link.uniqueid))
        result = Result.of(event.get("Result", ""))
        result.left = len(link.commands)
        return link, result
