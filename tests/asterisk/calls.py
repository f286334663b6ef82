"""Calls on Local channels: one side runs the AGI, the other is a person who does as told."""

from __future__ import annotations

import base64
import contextlib
import functools
import logging
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from tests.asterisk.ami import AMI, Message
    from tests.asterisk.server import Asterisk

SECONDS: Final = 20.0
CLEAN_UP_SECONDS: Final = 5.0
PIECE: Final = 900  # bytes; a line of the manager interface has 1024
PIECES: Final = 9  # as many as the dialplan puts together

_log = logging.getLogger(__name__)


class Done(NamedTuple):
    """How the AGI of a call ended."""

    status: str
    """AGISTATUS."""
    place: str
    """Where the dialplan went on: ``context,extension,priority``."""


class Call:
    """A call. The methods are what the caller does."""

    def __init__(self, ami: AMI, uniqueid: str) -> None:
        self._ami = ami
        self.uniqueid = uniqueid
        """The unique id of the channel that runs the AGI."""

    @functools.cached_property
    def channel(self) -> str:
        """The channel that runs the AGI."""
        return self.wait_event("Newchannel").get("Channel") or ""

    @property
    def far_channel(self) -> str:
        """The channel of the person."""
        return f"{self.channel[:-1]}{'1' if self.channel.endswith('2') else '2'}"

    @contextlib.contextmanager
    def during(self, command: str, act: Callable[[], object]) -> Generator[None]:
        """Have `act` done as soon as the next command of this name runs.

        For the handler, which sends the command inside; others wait with `runs`.
        """
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
        return lambda event: (
            event.get("Event") == "AGIExecStart"
            and event.get("Uniqueid") == self.uniqueid
            and (event.get("Command") or "").startswith(command)
        )

    def wait_event(
        self, name: str, seconds: float = SECONDS, *, since: int = 0, **headers: str
    ) -> Message:
        """Give the first event with this name and headers of the channel that runs the AGI."""
        return self._ami.wait_event(
            lambda event: (
                event.get("Event") == name
                and event.get("Uniqueid") == self.uniqueid
                and all(event.get(header) == value for header, value in headers.items())
            ),
            seconds,
            since=since,
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

    def set_variable(self, name: str, value: str) -> None:
        """Set a variable of the channel that runs the AGI."""
        self._ami.action("Setvar", Channel=self.channel, Variable=name, Value=value)

    def done(self, nth: int = 0) -> Done:
        """Wait until the AGI has ended and tell how; `nth` passes over earlier reports."""
        event = self.wait_event("UserEvent", since=nth, UserEvent="AGIDone")
        return Done(event.get("AGIStatus") or "", event.get("Place") or "")

    def gone(self, seconds: float = SECONDS) -> Message:
        """Wait until the channel that ran the AGI is gone."""
        return self.wait_event("Hangup", seconds)


def dialplan_data(url: str, *args: str) -> str:
    """Write a URL and arguments as the data of the dialplan's AGI."""
    return ",".join([url, *(re.sub(r'([\\",()\[\]])', r"\\\1", argument) for argument in args)])


def place_call(
    asterisk: Asterisk,
    agi_data: str,
    *,
    far: str = "silent",
    extension: str = "run",
    variables: Mapping[str, str] | None = None,
    caller_id: str | None = None,
    dialplan: bool = True,
    answered: bool = True,
) -> Call:
    """Call the AGI: ``AGI(agi_data)`` runs in the dialplan as soon as the far end answers.

    A call that is not answered comes from the far end instead, which does what it does once it is
    answered.

    Args:
        asterisk: The server.
        agi_data: URL and arguments, as in the dialplan: see `dialplan_data`.
        far: What the other person does, an extension of the context ``far``.
        extension: The extension of the context ``agi`` that runs it.
        variables: Variables of the channel.
        caller_id: The caller id.
        dialplan: False to run the AGI on a channel without dialplan, where nothing reports.
        answered: False for a channel that rings until the AGI answers.
    """
    uniqueid = f"call-{uuid.uuid4().hex}"
    values = dict(variables or {})
    headers: dict[str, str | list[str]] = {
        "Channel": f"Local/{far}@far/n",
        "ChannelId": uniqueid,
        "OtherChannelId": f"{uniqueid}-far",
        "Async": "true",
    }
    if dialplan:
        values |= _data_variables(agi_data)
        headers |= {"Context": "agi", "Exten": extension, "Priority": "1"}
    else:
        headers |= {"Application": "AGI", "Data": agi_data}
    if not answered:
        headers |= {
            "Channel": f"Local/{extension}@agi/n",
            "ChannelId": f"far-{uniqueid}",  # an id may not begin with the other's
            "OtherChannelId": uniqueid,
            "Context": "far",
            "Exten": far,
        }
    # Within Variable a comma separates.
    headers["Variable"] = [f"{name}={_escaped(value)}" for name, value in values.items()]
    if caller_id is not None:
        headers["CallerID"] = caller_id
    asterisk.ami.action("Originate", **headers)
    return Call(asterisk.ami, uniqueid)


def _data_variables(data: str) -> dict[str, str]:
    """Give the variables from which the dialplan makes the data of its AGI."""
    encoded = data.encode(errors="surrogateescape")
    if b"\n" in encoded or b"\r" in encoded:
        return {"AGI_DATA_BASE64": base64.b64encode(encoded).decode()}
    pieces = list(_pieces(encoded))
    assert len(pieces) <= PIECES, "more than the dialplan puts together"
    return {f"AGI_DATA_{number}": piece for number, piece in enumerate(pieces, 1)}


def _pieces(data: bytes) -> Iterator[str]:
    """Cut data into pieces that fit a line when they are escaped."""
    start = size = 0
    for end, byte in enumerate(data):
        size += 1 + (byte in b'\\",')
        if size > PIECE:
            yield data[start:end].decode(errors="surrogateescape")
            start, size = end, 2
    yield data[start:].decode(errors="surrogateescape")


def _escaped(value: str) -> str:
    return re.sub(r'([\\",])', r"\\\1", value)


@contextlib.contextmanager
def hang_up_leftovers(asterisk: Asterisk) -> Generator[None]:
    """Hang up all channels at the end, and wait until they are gone.

    A channel whose AGI server keeps its connection cannot go: that is logged.
    """
    try:
        yield
    finally:
        if asterisk.alive:
            _hang_up_all(asterisk)


def _hang_up_all(asterisk: Asterisk) -> None:
    lines = asterisk.command("core show channels concise")
    left = [line.split("!") for line in lines if "!" in line]
    asterisk.command("channel request hangup all")
    for name, *_, uniqueid in left:
        try:
            Call(asterisk.ami, uniqueid).gone(CLEAN_UP_SECONDS)
        except TimeoutError:
            _log.warning("%s is still there", name)
