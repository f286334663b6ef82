"""Calls on Local channels: one side runs the AGI, the other is a person who does as told."""

from __future__ import annotations

import contextlib
import functools
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from tests.asterisk.ami import AMI, Message
    from tests.asterisk.server import Asterisk

SECONDS: Final = 20.0


class Done(NamedTuple):
    """How the AGI of a call ended."""

    status: str
    """AGISTATUS."""
    place: str
    """Where the dialplan went on: ``context,extension,priority``."""


class Call:
    """A call. The methods are what the caller does."""

    def __init__(self, ami: AMI, token: str, far: str) -> None:
        self._ami = ami
        self._token = token
        self._far = far

    @functools.cached_property
    def channel(self) -> str:
        """The channel that runs the AGI."""
        created = self._ami.wait_event(
            lambda event: (
                event.get("Event") == "VarSet"
                and event.get("Variable") == "TOKEN"
                and event.get("Value") == self._token
            ),
            SECONDS,
        )
        return created.get("Channel") or ""

    @property
    def far_channel(self) -> str:
        """The channel of the person."""
        return f"{self.channel[:-1]}2"

    @contextlib.contextmanager
    def during(self, command: str, act: Callable[[], object]) -> Generator[None]:
        """Have `act` done as soon as the next command of this name runs."""
        seen = self._ami.count(self._starts(command))

        def wait_and_act() -> None:
            self._ami.wait_event(self._starts(command), SECONDS, since=seen)
            act()

        with ThreadPoolExecutor(1) as executor:
            future = executor.submit(wait_and_act)
            yield
            future.result()

    def runs(self, command: str) -> str:
        """Wait until a command of this name runs, and give it whole."""
        event = self._ami.wait_event(self._starts(command), SECONDS)
        return event.get("Command") or ""

    def _starts(self, command: str) -> Callable[[Message], bool]:
        channel = self.channel
        return lambda event: (
            event.get("Event") == "AGIExecStart"
            and event.get("Channel") == channel
            and (event.get("Command") or "").startswith(command)
        )

    def press(self, digits: str) -> None:
        """Press keys, one after the other."""
        for digit in digits:
            self._ami.action("PlayDTMF", Channel=self.far_channel, Digit=digit, Duration="80")

    def send_text(self, text: str) -> None:
        """Send a text."""
        self._ami.action("SendText", Channel=self.far_channel, Message=text)

    def hang_up(self) -> None:
        """Hang up."""
        self._ami.action("Hangup", Channel=self.far_channel)

    def redirect(self, context: str, extension: str) -> None:
        """Have the dialplan take the call elsewhere."""
        self._ami.action(
            "Redirect", Channel=self.channel, Context=context, Exten=extension, Priority="1"
        )

    def done(self, nth: int = 0) -> Done:
        """Wait until the AGI has ended and tell how; `nth` passes over earlier reports."""
        event = self._ami.wait_event(
            lambda event: event.get("UserEvent") == "AGIDone" and event.get("Token") == self._token,
            SECONDS,
            since=nth,
        )
        return Done(event.get("AGIStatus") or "", event.get("Place") or "")


def place_call(
    asterisk: Asterisk,
    agi_data: str,
    *,
    far: str = "silent",
    extension: str = "run",
    variables: Mapping[str, str] | None = None,
    caller_id: str | None = None,
) -> Call:
    """Call the AGI: ``AGI(agi_data)`` runs in the dialplan as soon as the far end answers.

    Args:
        asterisk: The server.
        agi_data: URL and arguments, as in the dialplan.
        far: What the other person does, an extension of the context ``far``.
        extension: The extension of the context ``agi`` that runs it.
        variables: Variables of the channel.
        caller_id: The caller id.
    """
    token = uuid.uuid4().hex
    values = {"AGI_DATA": agi_data, "TOKEN": token, **(variables or {})}
    headers: dict[str, str | list[str]] = {
        "Channel": f"Local/{far}@far/n",
        "Context": "agi",
        "Exten": extension,
        "Priority": "1",
        "Async": "true",
        # Within Variable a comma separates, unless in quotes.
        "Variable": [f"{name}={_quoted(value)}" for name, value in values.items()],
    }
    if caller_id is not None:
        headers["CallerID"] = caller_id
    asterisk.ami.action("Originate", **headers)
    return Call(asterisk.ami, token, far)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(value) & set(',"\\') else value


@contextlib.contextmanager
def hang_up_leftovers(asterisk: Asterisk) -> Generator[None]:
    """Hang up all channels at the end."""
    try:
        yield
    finally:
        if asterisk.alive:
            asterisk.command("channel request hangup all")
