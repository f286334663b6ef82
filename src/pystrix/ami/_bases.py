"""Bases of actions whose answer is neither a response alone nor a list.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from pystrix.ami._action import Action
from pystrix.ami._message import Event, Response
from pystrix.ami.errors import ManagerActionError, ManagerAuthError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EventAction", "LoginAction"]

EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)


class EventAction(Action[EventT_co]):
    """Base of the actions that one event answers, behind a response that says little."""

    EVENT: ClassVar[type[Event]] = Event
    """The class of that event."""

    def expects_events(self, response: Response) -> bool:  # noqa: ARG002
        """Expect the event."""
        return True

    def accepts_event(self, event: Event) -> bool:
        """Tell whether an event is the one."""
        return event == self.EVENT.NAME

    def is_last_event(self, event: Event) -> bool:
        """Tell whether an event is the one."""
        return event == self.EVENT.NAME

    def process_events(self, response: Response, events: Sequence[Event]) -> EventT_co:  # noqa: ARG002
        """Give the event."""
        return cast("EventT_co", events[-1])


class LoginAction(Action[Response]):
    """Base of Login."""

    def failure(self, response: Response) -> ManagerActionError:
        """Make the error of a login that was refused."""
        return ManagerAuthError(f"Asterisk refused the login: {response.message}", response)
