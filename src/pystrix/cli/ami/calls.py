"""``pystrix ami calls``: the calls that Asterisk has, as a table that follows them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pystrix.ami import Gap, Manager
from pystrix.ami.calls import Calls, CallState
from pystrix.cli._output import complain, plain
from pystrix.cli.ami._connecting import (
    Access,
    DebugOption,
    HostOption,
    JSONOption,
    PortOption,
    SecretFileOption,
    TLSCAOption,
    TLSOption,
    UserOption,
    ending,
    log_in,
    log_lines,
)
from pystrix.cli.ami._feed import Feed, OverError, reason_of_end
from pystrix.cli.ami._showing import to_json, to_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pystrix.ami import Event, Response
    from pystrix.ami.calls import Call, Change, Channel, Party, TrackedCall

QUEUE_SIZE: Final = 50_000
"""Changes that may wait for a slow output."""

MASK: Final = ("system", "call")
"""The classes of the events that tell of calls, and of the end of Asterisk."""

TICK: Final = 1.0
"""Seconds after which the table shows how time goes by."""

PAUSE: Final = 0.1
"""Seconds between two pictures of the table: nobody sees more."""

AROUND: Final = 6
"""Lines of the table that are no calls."""

_STYLES: Final = {
    CallState.DIALING: "dim",
    CallState.RINGING: "yellow",
    CallState.ANSWERED: "green",
    CallState.ENDED: "red",
}


def calls(
    user: UserOption,
    once: Annotated[
        bool, typer.Option("--once", help="Print the calls there are now, and end.")
    ] = False,
    as_json: JSONOption = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    tls: TLSOption = False,
    tls_ca: TLSCAOption = None,
    secret_file: SecretFileOption = None,
    debug: DebugOption = False,
) -> None:
    """Show the calls that Asterisk has: a table that follows them, until Ctrl-C.

    Without a terminal that can draw it is printed once. With --json it is one object for each call
    there is, and then, without --once, one for each change of a call; after a loss of the
    connection there is one that says from when to when nothing was heard.

    The user has to read the class call, and to write system or reporting.

    The exit status is 0 after Ctrl-C and with --once, 1 if the user may not see calls, 2 if the
    command line is wrong, 3 if Asterisk cannot be reached or refuses the login.
    """
    access = Access.of(
        host, port, user, tls=tls, tls_ca=tls_ca, secret_file=secret_file, debug=debug
    )
    console = Console(highlight=False)
    with (
        ending(access, interrupted=0),
        log_lines(access, logging.WARNING),
        Manager(debug, reconnect=not once) as manager,
    ):
        watch = Watch(manager, access)
        log_in(manager, access, MASK)
        try:
            with watch.calls:
                if as_json:
                    watch.print_json(once=once)
                elif once or not console.is_terminal or console.is_dumb_terminal:
                    console.print(watch.table())
                else:
                    watch.show(console)
        except OverError:
            raise reason_of_end(manager) from None


class Watch:
    """The calls of an Asterisk, and what happens to them. A tap of its manager.

    Args:
        manager: A manager that is not connected yet.
        access: Where it connects to.
    """

    def __init__(self, manager: Manager, access: Access) -> None:
        self.calls: Calls = Calls(manager, queue_size=QUEUE_SIZE)
        """The calls."""
        self._access = access
        self._lines: Feed[dict[str, Any]] = Feed(QUEUE_SIZE)
        self._offline = ""
        manager.tap(self)

    # What the manager and the calls tell, in their threads.

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Take note that the connection is back."""
        for each in messages:
            if isinstance(each, Gap):
                self._offline = ""
                self._lines.put({"change": "gap", "gap": to_object(each)}, urgent=True)

    def lost(self, why: str) -> None:
        """Take note that the connection is lost."""
        self._offline = why

    def over(self, why: str) -> None:
        """Take note that there will be no connection."""
        self._lines.over(why)

    def _changed(self, change: Change) -> None:
        with self.calls.lock:
            call = describe(change.call)
        self._lines.put({"change": change.kind.value, "call": call})

    # What is shown.

    def print_json(self, *, once: bool) -> None:
        """Print the calls there are, and what happens to them unless it is to be once.

        Raises:
            OverError: If nothing more will come.
        """
        if not once:
            self.calls.register_callback(self._changed)
        for call in self._now():
            typer.echo(to_json({"change": None, "call": call}))
        while not once:
            news = self._lines.take()
            for line in news.things:
                typer.echo(to_json(line))
            self._tell_dropped(news.dropped)

    def show(self, console: Console) -> None:
        """Show the table, and keep it up to date.

        Raises:
            OverError: If nothing more will come.
        """
        self.calls.register_callback(self._changed)
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(self.table(max(console.height - AROUND, 1)), refresh=True)
                time.sleep(PAUSE)
                self._lines.take(TICK)

    def table(self, limit: int | None = None) -> Table:
        """Make the table of the calls there are.

        Args:
            limit: How many to show at most; None for all.
        """
        now = self._now()
        channels = sum(len(call["channels"]) for call in now)
        title = f"{self._access.host}: {len(now)} calls, {channels} channels"
        if self._offline:
            title += f" when the connection was lost: {self._offline}"
        table = Table(title=Text(plain(title)), title_justify="left", expand=True)
        for name in ("State", "From", "To", "With", "Channels"):
            table.add_column(name, overflow="fold")
        for name in ("Lasts", "Talks"):
            table.add_column(name, justify="right", no_wrap=True)
        for call in now[:limit]:
            table.add_row(*_cells(call))
        if limit is not None and len(now) > limit:
            table.caption = Text(f"and {len(now) - limit} more")
        return table

    def _now(self) -> list[dict[str, Any]]:
        there: Iterable[Call] = list(self.calls)
        with self.calls.lock:
            return [describe(call) for call in there]

    def _tell_dropped(self, count: int) -> None:
        if count:
            complain(f"{count} changes are not shown: they come faster than they are taken")


def describe(call: TrackedCall) -> dict[str, Any]:
    """Give what is known of a call as JSON takes it."""
    channel = call.channel
    return {
        "id": call.id,
        "state": call.state.value,
        "outcome": None if call.outcome is None else call.outcome.value,
        "from": None if channel is None else _party(channel.caller_id),
        "to": None if channel is None else _destination(call, channel),
        "with": [other.name for other in call.bridged_with],
        "on_hold": call.on_hold,
        "channels": [_channel(each) for each in call.channels],
        "duration": round(call.duration, 3),
        "talked": round(call.talked, 3),
        "cause": None if call.end is None else call.end.cause,
        "cause_text": None if call.end is None else call.end.cause_text,
    }


def _party(party: Party) -> dict[str, str]:
    return {"number": party.number, "name": party.name}


def _destination(call: TrackedCall, channel: Channel) -> str:
    """Tell what was called: what was dialled, who was, or where in the dialplan it is."""
    others = (each for each in call.channels if each.dialed_by is channel)
    dialled = next((each.caller_id.number or each.name for each in others), "")
    return call.dialled or dialled or f"{channel.exten}@{channel.context}"


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "uniqueid": channel.uniqueid,
        "state": channel.state.name.lower().replace("_", " "),
        "on_hold": channel.on_hold,
    }


def _cells(call: dict[str, Any]) -> list[Text]:
    state = CallState(call["state"])
    party = call["from"] or {"number": "", "name": ""}
    words = (
        f"{party['number']} {party['name']}".strip(),
        call["to"] or "",
        ", ".join(call["with"]),
        ", ".join(channel["name"] for channel in call["channels"]),
        _clock(call["duration"]),
        _clock(call["talked"]) if call["talked"] else "",
    )
    text = f"{state.value}, on hold" if call["on_hold"] else state.value
    return [Text(text, _STYLES[state]), *(Text(plain(word)) for word in words)]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
