"""The names that pystrix 1.x had in this module, for programs that define requests of their own."""

from pystrix.ami._action import Action as _Request
from pystrix.ami._aggregate import Aggregate as _Aggregate
from pystrix.ami._message import EVENT_GENERIC, RESPONSE_GENERIC
from pystrix.ami._message import Event as _Event
from pystrix.ami._message import Message as _Message
from pystrix.ami._message import Message as _MessageTemplate
from pystrix.ami.errors import Error, ManagerError, ManagerSocketError
from pystrix.ami.manager import Answer as _Response
from pystrix.ami.manager import Manager

KEY_ACTION = "Action"
"""The header that names an action."""
KEY_ACTIONID = "ActionID"
"""The header that an action and its answer have in common."""
KEY_EVENT = "Event"
"""The header that names an event."""
KEY_RESPONSE = "Response"
"""The header that names a response."""

__all__ = [
    "EVENT_GENERIC",
    "KEY_ACTION",
    "KEY_ACTIONID",
    "KEY_EVENT",
    "KEY_RESPONSE",
    "RESPONSE_GENERIC",
    "Error",
    "Manager",
    "ManagerError",
    "ManagerSocketError",
    "_Aggregate",
    "_Event",
    "_Message",
    "_MessageTemplate",
    "_Request",
    "_Response",
]
