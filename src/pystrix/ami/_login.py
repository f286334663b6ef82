"""How a manager begins a session: log in, and wait until Asterisk has started.

Pure: generators of actions, which each manager runs in its own way.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from pystrix.ami._action import Action, AnyAction
from pystrix.ami._bases import LoginAction
from pystrix.ami._wire import encode, encode_request
from pystrix.ami._words import Names, joined
from pystrix.ami.errors import (
    ManagerActionError,
    ManagerAuthError,
    ManagerHostError,
    ManagerTimeoutError,
)

if TYPE_CHECKING:
    from pystrix.ami._message import Response

__all__ = ["BOOTED", "Credentials", "Opening", "await_start", "is_final", "log_in"]

_LOGGER = logging.getLogger("pystrix.ami")

BOOTED: Final = "FullyBooted"
"""The event that says Asterisk has started."""

# What a login is refused with for a while only. Asterisk delays "Authentication failed", and means
# by it a wrong secret, an unknown user, and an address that is not allowed.
_PASSING: Final = frozenset({"Asterisk is shutting down", "Login Already In Use"})

Auth = Literal["MD5", "plain"]
Opening = Generator["Action[Any] | None", Any, None]
"""Yields actions, and gets their results or errors; yields None to be called when BOOTED came."""


@dataclass(frozen=True)
class Credentials:
    """Who logs in, and how.

    Raises:
        ValueError: If `auth` is nothing that Asterisk knows, or it could not take a value.
    """

    username: str
    """The user of manager.conf."""
    secret: str = field(repr=False)
    """The password."""
    auth: Auth
    """Whether the secret is sent as it is, or hashed with a challenge."""
    event_mask: Names | None = None
    """The classes of events to get; None for all that the user may read."""

    def __post_init__(self) -> None:
        if self.auth not in ("MD5", "plain"):
            raise ValueError(f"auth is 'MD5' or 'plain', not {self.auth!r}")
        encode_request(self.login().build_request("", str)[0])
        encode(self.secret)

    def login(self, challenge: str | None = None) -> Action[Response]:
        """Make the action, for MD5 with the answer to `Challenge`."""
        headers: dict[str, object] = {"Username": self.username}
        if self.auth == "MD5":
            text = encode(f"{challenge}{self.secret}")
            digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
            headers |= {"AuthType": "MD5", "Key": digest}
        else:
            headers["Secret"] = self.secret
        return LoginAction("Login", {**headers, "Events": joined(self.event_mask)})


class Booting(Protocol):
    """What is known of Asterisk's start."""

    @property
    def booted(self) -> bool:
        """Whether `BOOTED` came on this connection."""
        ...

    @property
    def tells_boot(self) -> bool:
        """Whether it ever came, so that it will come again."""
        ...


def log_in(credentials: Credentials) -> Opening:
    """Log in.

    Raises:
        ManagerAuthError: If the login is refused.
        ManagerActionError: If Asterisk is about to end.
    """
    challenge: str | None = None
    if credentials.auth == "MD5":
        response: Response = yield AnyAction("Challenge", {"AuthType": "MD5"})
        challenge = response.get("Challenge", "")
    yield credentials.login(challenge)


def await_start(booting: Booting, timeout: float) -> Opening:
    """Wait until Asterisk has started.

    Asterisk takes logins long before it has loaded its modules. When it is done it sends
    `FullyBooted`, and sends it behind the answer of a login, too; but only to those who may read
    the class system and did not mask it. To anyone else the console says so, if they may use it.

    Args:
        booting: What is known of Asterisk's start.
        timeout: The seconds that it may take.

    Raises:
        ManagerActionError: If Asterisk is about to end.
    """
    yield AnyAction("Ping")  # its answer comes behind what belongs to the login
    if booting.booted:
        return
    try:
        if booting.tells_boot:
            yield None
        else:
            yield from _ask_console(timeout)
    except ManagerTimeoutError:
        _LOGGER.warning("Asterisk has not started within %s s: going on without", timeout)


def _ask_console(timeout: float) -> Opening:
    """Let the console wait, which answers when Asterisk has started."""
    action = AnyAction("Command", {"Command": "core waitfullybooted"})
    action.timeout = timeout
    try:
        yield action
    except ManagerActionError as error:
        if _is_passing(error):
            raise
        _LOGGER.debug("whether Asterisk has started is not known: %s", error)


def is_final(error: Exception) -> bool:
    """Tell whether it is no use to try again: the user, the secret or the host's name is wrong."""
    if isinstance(error, ManagerAuthError):
        return not _is_passing(error)
    return isinstance(error, ManagerHostError)


def _is_passing(error: ManagerActionError) -> bool:
    return error.response is not None and error.response.message in _PASSING
