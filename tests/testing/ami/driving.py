"""Drives a simulated Asterisk without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pystrix.ami._message import Event, Response, events_by_name, read_message

if TYPE_CHECKING:
    from pystrix.testing.ami import SimulatedAsterisk

Heard = Event | Response


class Peer:
    """A manager of a simulated Asterisk.

    Args:
        asterisk: The Asterisk.
        name: Who logs in; ``""`` for nobody.
    """

    def __init__(self, asterisk: SimulatedAsterisk, name: str = "admin") -> None:
        self.asterisk = asterisk
        self.session = asterisk.open_session()
        self.banner = self.session.data_to_send()
        self._numbers = 0
        if name:
            secret = asterisk.users[name].secret
            self.act("Login", Username=name, Secret=secret, Events="off")
            self.act("Events", EventMask="on")

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.session.receive_data(data)

    def hear(self) -> list[Heard]:
        """Take what came."""
        blocks = self.session.data_to_send().split(b"\r\n\r\n")
        known = events_by_name()
        return [read_message(block + b"\r\n", known) for block in blocks if block.strip()]

    def act(self, name: str, **headers: str | list[str]) -> list[Heard]:
        """Send an action; give what came then, the answer first."""
        self._numbers += 1
        pairs = [("Action", name), ("ActionID", f"n{self._numbers}")]
        for header, value in headers.items():
            pairs += [(header, each) for each in (value if isinstance(value, list) else [value])]
        text = "".join(f"{header}: {value}\r\n" for header, value in pairs)
        self.say(f"{text}\r\n".encode(errors="surrogateescape"))
        return self.hear()

    def answer(self, name: str, **headers: str | list[str]) -> Heard:
        """Send an action; give the answer."""
        return next(each for each in self.act(name, **headers) if isinstance(each, Response))

    def refusal(self, name: str, **headers: str | list[str]) -> str:
        """Send an action that is refused; give what Asterisk says."""
        answer = self.answer(name, **headers)
        assert answer["Response"] == "Error"
        return answer["Message"].strip()


def names(messages: list[Heard]) -> list[str]:
    """Give the names of events and the kinds of responses."""
    return [message.name for message in messages]
