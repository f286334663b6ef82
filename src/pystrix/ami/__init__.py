"""AMI: watch and steer the whole of Asterisk."""

from pystrix.ami import ami as ami
from pystrix.ami._action import Action, AnyAction, AnyListAction, EventList, ListAction
from pystrix.ami._message import EVENT_GENERIC, RESPONSE_GENERIC, Event, Message, Response
from pystrix.ami.ami import KEY_ACTION, KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE
from pystrix.ami.errors import (
    Error,
    FieldError,
    FieldValueError,
    ManagerActionError,
    ManagerAuthError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerListLimitError,
    ManagerMessageLimitError,
    ManagerPermissionError,
    ManagerProtocolError,
    ManagerSocketError,
    ManagerTimeoutError,
    ManagerUnknownActionError,
    MissingFieldError,
)
from pystrix.ami.manager import Answer, Manager

__all__ = [
    "EVENT_GENERIC",
    "KEY_ACTION",
    "KEY_ACTIONID",
    "KEY_EVENT",
    "KEY_RESPONSE",
    "RESPONSE_GENERIC",
    "Action",
    "Answer",
    "AnyAction",
    "AnyListAction",
    "Error",
    "Event",
    "EventList",
    "FieldError",
    "FieldValueError",
    "ListAction",
    "Manager",
    "ManagerActionError",
    "ManagerAuthError",
    "ManagerBannerError",
    "ManagerConnectionLostError",
    "ManagerError",
    "ManagerListLimitError",
    "ManagerMessageLimitError",
    "ManagerPermissionError",
    "ManagerProtocolError",
    "ManagerSocketError",
    "ManagerTimeoutError",
    "ManagerUnknownActionError",
    "Message",
    "MissingFieldError",
    "Response",
    "ami",
]
