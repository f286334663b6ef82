"""``pystrix ami events``: what happens in Asterisk, as it happens."""

from __future__ import annotations

import fnmatch
import logging
import math
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from pystrix.ami import Gap, Manager
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
from pystrix.cli.ami._feed import EventFeed, OverError, reason_of_end
from pystrix.cli.ami._showing import one_line, to_json, to_object
from pystrix.testing.ami._messages import CLASSES

if TYPE_CHECKING:
    from pystrix.ami import Event

QUEUE_SIZE: Final = 50_000
"""Events that may wait for a slow output: a few seconds of a large system."""


def events(
    user: UserOption,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT]...", help="The events to show: Hangup, Dial*; else all."),
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="CLASS", help="Only events of this class: call; may be repeated."
        ),
    ] = None,
    headers: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            metavar="NAME=PATTERN",
            help="Only events with such a header: 'Channel=PJSIP/*'; all must hold if repeated.",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many events.", show_default=False)
    ] = None,
    as_json: JSONOption = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    tls: TLSOption = False,
    tls_ca: TLSCAOption = None,
    secret_file: SecretFileOption = None,
    debug: DebugOption = False,
) -> None:
    """Show events as they happen, until Ctrl-C.

    Each is a line: the time of this machine, its name, and the headers that have a value; with
    --json an object, in which a header that is repeated is a list. When the connection is lost it
    is made again, and an event Gap says from when to when nothing was heard.

    The exit status is 0 after Ctrl-C and after --count, 2 if the command line is wrong, 3 if
    Asterisk cannot be reached or refuses the login.
    """
    wanted = Filter(names or [], _known(classes or []), _named(headers or []))
    access = Access.of(
        host, port, user, tls=tls, tls_ca=tls_ca, secret_file=secret_file, debug=debug
    )
    feed = EventFeed(wanted, QUEUE_SIZE)
    with (
        ending(access, interrupted=0),
        log_lines(access, logging.WARNING),
        Manager(debug, reconnect=True) as manager,
    ):
        manager.tap(feed)
        log_in(manager, access, wanted.classes or None)
        try:
            _follow(feed, Console(highlight=False), count or math.inf, as_json=as_json)
        except OverError:
            raise reason_of_end(manager) from None


def _follow(feed: EventFeed, console: Console, count: float, *, as_json: bool) -> None:
    shown = 0
    while True:
        news = feed.take()
        for event in news.things:
            if as_json:
                typer.echo(to_json(to_object(event)))
            else:
                console.print(_line(event), soft_wrap=True)
            shown += not isinstance(event, Gap)
            if shown >= count:
                return
        if news.dropped:
            complain(f"{news.dropped} events are not shown: they come faster than they are taken")


def _line(event: Event) -> Text:
    now = time.time()
    clock = f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}  "
    line = Text(clock, "cyan")
    if not isinstance(event, Gap):
        return line.append_text(one_line(event))
    text = f"Gap: nothing was heard for {event.seconds:.1f} s: {plain(event.reason)}"
    if event.channels is not None:
        text += f"; there are {len(event.channels)} channels now"
    return line.append(text, "bold red")


def _known(classes: list[str]) -> list[str]:
    for name in classes:
        if name not in CLASSES:
            text = f"no class of events: {name!r}; there are {', '.join(CLASSES)}"
            raise typer.BadParameter(text, param_hint="--class")
    return classes


def _named(headers: list[str]) -> list[str]:
    for header in headers:
        if not header.partition("=")[0]:
            text = f"no header is named: {header!r}"
            raise typer.BadParameter(text, param_hint="--header")
    return headers


class Filter:
    """Which events are wanted.

    Args:
        names: Patterns for the name; one must fit, if there are any. Their case does not matter.
        classes: Classes; one must be the event's, if there are any.
        headers: ``NAME=PATTERN`` or ``NAME``; all must fit.
    """

    def __init__(self, names: list[str], classes: list[str], headers: list[str]) -> None:
        self._names = [name.lower() for name in names]
        self._headers = [each.partition("=") for each in headers]
        self.classes = classes
        """The classes."""

    def __call__(self, event: Event) -> bool:
        """Tell whether an event is wanted."""
        name = event.name.lower()
        if self._names and not any(fnmatch.fnmatchcase(name, each) for each in self._names):
            return False
        if self.classes and not self._is_of_class(event):
            return False
        return all(
            any(
                not equals or fnmatch.fnmatchcase(value, pattern) for value in event.get_all(header)
            )
            for header, equals, pattern in self._headers
        )

    def _is_of_class(self, event: Event) -> bool:
        return not set(self.classes).isdisjoint(event.get("Privilege", "").lower().split(","))
