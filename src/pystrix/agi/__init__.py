"""AGI: programs that answer and control calls.

`FastAGIServer` takes calls from Asterisk and hands each to a handler as a `FastAGI` session;
``agi.execute(action)`` runs one of the commands of `pystrix.agi.core`.
"""

from pystrix.agi import agi_core as agi_core
from pystrix.agi import core as core
from pystrix.agi._action import Action, Command
from pystrix.agi._dialogue import Dialogue
from pystrix.agi._wire import Response, ValueData
from pystrix.agi.environment import Environment
from pystrix.agi.errors import (
    AGIAppError,
    AGIDBError,
    AGIDeadChannelError,
    AGIEnvironmentLimitError,
    AGIError,
    AGIException,
    AGIHangup,
    AGIInvalidCommandError,
    AGINoResultError,
    AGIProtocolError,
    AGIReplyLimitError,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
)
from pystrix.agi.fastagi import FastAGI, FastAGIServer
from pystrix.agi.routing import Request

__all__ = [
    "AGIAppError",
    "AGIDBError",
    "AGIDeadChannelError",
    "AGIEnvironmentLimitError",
    "AGIError",
    "AGIException",
    "AGIHangup",
    "AGIInvalidCommandError",
    "AGINoResultError",
    "AGIProtocolError",
    "AGIReplyLimitError",
    "AGIResultHangup",
    "AGISIGHUPHangup",
    "AGISIGPIPEHangup",
    "AGIUnknownError",
    "AGIUsageError",
    "Action",
    "Command",
    "Dialogue",
    "Environment",
    "FastAGI",
    "FastAGIServer",
    "Request",
    "Response",
    "ValueData",
    "agi_core",
    "core",
]
