"""What `Manager.send_action` gives, as in pystrix 1.x.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pystrix.ami._action import Action
    from pystrix.ami._message import Response

__all__ = ["Answer"]


class Answer(NamedTuple):
    """What `Manager.send_action` gives."""

    result: Any
    """What the action's `process_response` made; nearly always the response itself."""
    response: Response
    """The response."""
    request: Action[Any]
    """The action that was sent, the same object."""
    action_id: str
    """The ActionID it was sent with."""
    success: bool
    """Whether it worked."""
    time: float
    """The seconds it took."""
    events: dict[Any, Any] | None
    """Of a synchronous request: the events by class and by name. Else None."""
    events_timeout: bool
    """Whether a synchronous request ran out of time before all events came."""
