"""AGI: programs that answer and control calls.

`FastAGIServer` takes calls from Asterisk and hands each to a handler as a `FastAGI` session;
``agi.execute(action)`` runs one of the commands of `pystrix.agi.core`. `AGI` is the same for a
program that Asterisk starts; `EAGI` gives it the caller's audio.
"""

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
    AGIUnknownError,
    AGIUsageError,
)
from pystrix.agi.fastagi import FastAGI, FastAGIServer
from pystrix.agi.routing import Request
from pystrix.agi.stdio import AGI, EAGI

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
    "AGIUnknownError",
    "AGIUsageError",
    "Action",
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
