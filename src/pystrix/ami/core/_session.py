"""The session itself, and Asterisk as a whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from pystrix.ami import actions, events
from pystrix.ami._words import Names, login_key
from pystrix.ami.core.constants import AUTHTYPE_MD5, EVENTMASK_ALL, EVENTMASK_NONE
from pystrix.ami.errors import ManagerAuthError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami._message import Event, Response
    from pystrix.ami.responses import (
        ListCategoriesResponse,
        ListCommandsResponse,
        PingResponse,
    )

__all__ = [
    "Challenge",
    "Events",
    "ListCategories",
    "ListCommands",
    "Login",
    "ModuleLoad",
    "Ping",
    "Reload",
    "UserEvent",
]


class Challenge(actions.Challenge):
    """Ask for the challenge of a login with MD5: ``result["Challenge"]``.

    Args:
        authtype: The digest; Asterisk knows only MD5.
    """

    def __init__(self, authtype: str = AUTHTYPE_MD5) -> None:
        super().__init__(auth_type=authtype)


class Events(actions.Events):
    """Choose which classes of events this connection gets.

    Args:
        mask: A class, or several (`EVENTMASK_ALL` among them means all); none for no events.
    """

    def __init__(self, mask: Names) -> None:
        if not isinstance(mask, str):
            masks = list(mask) or [EVENTMASK_NONE]
            mask = EVENTMASK_ALL if EVENTMASK_ALL in masks else masks
        super().__init__(mask)


class ListCategories(actions.ListCategories):
    """List the categories of a configuration file; also as lines in ``result.data``.

    Args:
        filename: The file: ``queues.conf``.
    """

    def process_response(self, response: Response) -> ListCategoriesResponse:
        """Put the categories into the data."""
        result = super().process_response(response)
        result.data = result.categories
        return result


class ListCommands(actions.ListCommands):
    """List the actions that the user may use; also as lines in ``result.data``."""

    def process_response(self, response: Response) -> ListCommandsResponse:
        """Put the actions into the data."""
        result = super().process_response(response)
        result.data = [f"{name}: {result[name]}" for name in result.commands]
        return result


class Login(actions.Login):
    """Log in.

    Args:
        username: The user of manager.conf.
        secret: The password.
        events: Whether events come.
        challenge: What `Challenge` gave, to log in without sending the password.
        authtype: The digest to use with it.

    Raises:
        ManagerAuthError: If the digest is none that Asterisk knows. From ``send_action``: if
            Asterisk refuses the login.
    """

    def __init__(
        self,
        username: str,
        secret: str,
        events: bool = True,
        challenge: str | None = None,
        authtype: str = AUTHTYPE_MD5,
    ) -> None:
        masks = None if events else EVENTMASK_NONE
        if challenge is None:
            super().__init__(username, secret=secret, events=masks)
        elif authtype == AUTHTYPE_MD5:
            key = login_key(challenge, secret)
            super().__init__(username, auth_type=authtype, key=key, events=masks)
        else:
            raise ManagerAuthError(f"Asterisk knows no digest {authtype!r}, only {AUTHTYPE_MD5}")

    def process_response(self, response: Response) -> Response:
        """Give the response.

        Raises:
            ManagerAuthError: If Asterisk refuses the login.
        """
        if not response.success:
            raise self.failure(response)
        return response


class ModuleLoad(actions.ModuleLoad):
    """Load, unload or reload a module.

    Args:
        load_type: ``load``, ``unload`` or ``reload``.
        module: The module; None for all, to reload them.
    """

    def __init__(self, load_type: str, module: str | None = None) -> None:
        super().__init__(load_type, module=module or None)


class Ping(actions.Ping):
    """Ask whether Asterisk is there; ``result["RTT"]`` is how many seconds the answer took.

    For one request at a time.
    """

    _sent: float = 0.0

    def build_request(
        self, action_id: str | None, id_generator: Callable[[], str], **kwargs: object
    ) -> tuple[str, str]:
        """Make the text that is sent, and note the time."""
        self._sent = time.monotonic()
        return super().build_request(action_id, id_generator, **kwargs)

    def process_response(self, response: Response) -> PingResponse:
        """Add the round-trip time."""
        rtt: Any = time.monotonic() - self._sent
        response["RTT"] = rtt
        return super().process_response(response)


class Reload(actions.Reload):
    """Read the configuration of a module, or of all, again.

    Args:
        module: The module; None for all.
    """

    def __init__(self, module: str | None = None) -> None:
        super().__init__(module=module or None)


class UserEvent(actions.UserEvent):
    """Send an event of one's own.

    Synchronous, it waits for the event itself.

    Args:
        kwargs: The headers of the event; ``UserEvent`` is its name.
    """

    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.UserEvent,)

    def __init__(self, **kwargs: object) -> None:
        name = str(kwargs.pop("UserEvent", ""))
        super().__init__(name, headers=kwargs)
