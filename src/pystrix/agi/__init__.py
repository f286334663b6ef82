"""AGI: programs that answer and control calls.

`FastAGIServer` takes calls from Asterisk and hands each to a handler as a `FastAGI` session;
``agi.execute(action)`` runs one of the commands of `pystrix.agi.core`. `AGI` is the same for a
program that Asterisk starts; `EAGI` gives it the caller's audio. `AsyncAGIServer` is the same over
the connection of a manager (`pystrix.ami`).
"""

import importlib
from typing import TYPE_CHECKING

from pystrix.agi import agi as agi
from pystrix.agi import agi_core as agi_core
from pystrix.agi import core as core
from pystrix.agi._action import Action, Command
from pystrix.agi._dialogue import Dialogue
from pystrix.agi._wire import Response, ValueData
from pystrix.agi.audio import AudioFormat, AudioStream
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
    AGITruncatedReplyError,
    AGIUnknownError,
    AGIUsageError,
)
from pystrix.agi.fastagi import FastAGI, FastAGIServer
from pystrix.agi.routing import Request
from pystrix.agi.stdio import AGI, EAGI

if TYPE_CHECKING:
    from pystrix.agi.asyncagi import AsyncAGI, AsyncAGIServer

__all__ = [
    "AGI",
    "EAGI",
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
    "AGITruncatedReplyError",
    "AGIUnknownError",
    "AGIUsageError",
    "Action",
    "AsyncAGI",
    "AsyncAGIServer",
    "AudioFormat",
    "AudioStream",
    "Command",
    "Dialogue",
    "Environment",
    "FastAGI",
    "FastAGIServer",
    "Request",
    "Response",
    "ValueData",
    "agi",
    "agi_core",
    "core",
]


def __getattr__(name: str) -> object:
    # It needs the manager, for which no program waits that does not use it.
    if name in ("AsyncAGI", "AsyncAGIServer"):
        return getattr(importlib.import_module("pystrix.agi.asyncagi"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
