"""AMI: watch and steer the whole of Asterisk."""

from pystrix.ami import actions as actions
from pystrix.ami import ami as ami
from pystrix.ami import app_confbridge as app_confbridge
from pystrix.ami import app_confbridge_events as app_confbridge_events
from pystrix.ami import app_meetme as app_meetme
from pystrix.ami import app_meetme_events as app_meetme_events
from pystrix.ami import core as core
from pystrix.ami import core_events as core_events
from pystrix.ami import dahdi as dahdi
from pystrix.ami import dahdi_events as dahdi_events
from pystrix.ami import events as events
from pystrix.ami import generic_transforms as generic_transforms
from pystrix.ami._action import Action, AnyAction, AnyListAction, EventList, ListAction
from pystrix.ami._backoff import Backoff
from pystrix.ami._gap import Gap
from pystrix.ami._message import EVENT_GENERIC, RESPONSE_GENERIC, Event, Message, Response
from pystrix.ami.ami import KEY_ACTION, KEY_ACTIONID, KEY_EVENT, KEY_RESPONSE
from pystrix.ami.errors import (
    CallError,
    CallFailedError,
    CallLostError,
    CallTimeoutError,
    Error,
    FieldError,
    FieldValueError,
    ManagerActionError,
    ManagerAuthError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerHostError,
    ManagerListLimitError,
    ManagerMessageLimitError,
    ManagerOverflowError,
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
    "Backoff",
    "CallError",
    "CallFailedError",
    "CallLostError",
    "CallTimeoutError",
    "Error",
    "Event",
    "EventList",
    "FieldError",
    "FieldValueError",
    "Gap",
    "ListAction",
    "Manager",
    "ManagerActionError",
    "ManagerAuthError",
    "ManagerBannerError",
    "ManagerConnectionLostError",
    "ManagerError",
    "ManagerHostError",
    "ManagerListLimitError",
    "ManagerMessageLimitError",
    "ManagerOverflowError",
    "ManagerPermissionError",
    "ManagerProtocolError",
    "ManagerSocketError",
    "ManagerTimeoutError",
    "ManagerUnknownActionError",
    "Message",
    "MissingFieldError",
    "Response",
    "actions",
    "ami",
    "app_confbridge",
    "app_confbridge_events",
    "app_meetme",
    "app_meetme_events",
    "core",
    "core_events",
    "dahdi",
    "dahdi_events",
    "events",
    "generic_transforms",
]
