"""``pystrix ami action``: sends one action, and shows what Asterisk answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from rich.console import Console

from pystrix.ami import Action, Event, Manager, ManagerActionError, Response, actions
from pystrix.ami._bases import EventAction
from pystrix.cli._output import FAILED, complain, plain
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
from pystrix.cli.ami._showing import block, to_json, to_object

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN: Final = ("actionid", "eventlist")
_COMMAND: Final = "command"


class Reply(NamedTuple):
    """What answers an action."""

    response: Response
    events: Sequence[Event] | None = None
    """The events behind it, the last of which ends them; None if there are none to come."""
    refused: str = ""
    """Why Asterisk refused, if it did."""


class Asked(Action[Reply]):
    """An action by its name, and whatever answers it: a response, a list, an event behind it.

    Args:
        name: The name of the action.
        headers: Its headers, each with all its values.
    """

    def __init__(self, name: str, headers: dict[str, list[str]]) -> None:
        super().__init__(name, {n: v[0] if len(v) == 1 else v for n, v in headers.items()})
        self._last = _LAST_EVENTS.get(name.lower(), "")

    def expects_events(self, response: Response) -> bool:
        """Tell whether events belong to the answer."""
        return bool(self._last) or response.opens_list

    def is_last_event(self, event: Event) -> bool:
        """Tell whether an event ends the answer."""
        return event == self._last if self._last else super().is_last_event(event)

    def process_events(self, response: Response, events: Sequence[Event]) -> Reply:
        """Give all of it."""
        return Reply(response, events or None)


_LAST_EVENTS: Final = {
    kind.NAME.lower(): kind.EVENT.NAME
    for kind in vars(actions).values()
    if isinstance(kind, type) and issubclass(kind, EventAction)
}
"""What ends the answers that are neither a response alone nor a list that says so."""


def action(
    name: Annotated[str, typer.Argument(help="The name of the action.")],
    user: UserOption,
    headers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="Its headers; one may be repeated."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="The seconds that the answer may take.")
    ] = 60.0,
    as_json: JSONOption = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    tls: TLSOption = False,
    tls_ca: TLSCAOption = None,
    secret_file: SecretFileOption = None,
    debug: DebugOption = False,
) -> None:
    """Send an action, and print what Asterisk answers.

    Values are sent as they are. Of a list every item is printed, of a console command
    ("action Command 'Command=core show uptime'") the output alone. With --json it is one object:
    success, response, items and complete, which are null where there is no list.

    The exit status is 0 if Asterisk did it, 1 if it refused or did not answer in time, 2 if the
    command line is wrong, 3 if it cannot be reached or refuses the login, 130 after Ctrl-C.
    """
    if not name:
        raise typer.BadParameter("an action has a name")
    asked = Asked(name, _pairs(headers or []))
    access = Access.of(
        host, port, user, tls=tls, tls_ca=tls_ca, secret_file=secret_file, debug=debug
    )
    reply = _ask(access, asked, timeout)
    if as_json:
        typer.echo(to_json(_figures(reply)))
    else:
        _print(name, reply)
    if reply.refused:
        complain(access.redact(reply.refused))
        raise typer.Exit(FAILED)


def _ask(access: Access, asked: Asked, timeout: float) -> Reply:
    # What fails is raised, so that nothing is said twice.
    with ending(access), log_lines(access, logging.CRITICAL), Manager(access.debug) as manager:
        log_in(manager, access, "off")
        try:
            return manager.send(asked, timeout=timeout)
        except ManagerActionError as error:
            if error.response is None:
                raise
            return Reply(error.response, refused=str(error))


def _pairs(words: list[str]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"not NAME=VALUE: {word!r}")
        if name.lower() == "action":
            raise typer.BadParameter("the name of the action is the first argument")
        if name.lower() == "actionid" and name.lower() in spelled:
            raise typer.BadParameter("an action has one ActionID")
        headers.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return headers


def _figures(reply: Reply) -> dict[str, Any]:
    """Give the answer as JSON takes it."""
    events = reply.events
    return {
        "success": not reply.refused,
        "response": to_object(reply.response),
        "items": None if events is None else [to_object(item) for item in events[:-1]],
        "complete": None if events is None else to_object(events[-1]),
    }


def _print(name: str, reply: Reply) -> None:
    if name.lower() == _COMMAND and reply.response.data:
        for line in reply.response.data:
            typer.echo(plain(line))
        return
    console = Console(highlight=False)
    console.print(block(reply.response, *_HIDDEN), soft_wrap=True)
    for event in reply.events or ():
        console.print()
        console.print(block(event, *_HIDDEN), soft_wrap=True)
