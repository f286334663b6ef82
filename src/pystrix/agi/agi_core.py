"""The names that pystrix 1.x had in this module, for programs that define actions of their own."""

from pystrix.agi._action import RawAction as _Action
from pystrix.agi._session import Session as _AGI  # noqa: N814 - its name in 1.x
from pystrix.agi._wire import Response, ValueData, quote
from pystrix.agi._wire import Response as _Response
from pystrix.agi._wire import ValueData as _ValueData
from pystrix.agi.errors import (
    AGIAppError,
    AGIDeadChannelError,
    AGIError,
    AGIException,
    AGIHangup,
    AGIInvalidCommandError,
    AGINoResultError,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AGIUnknownError,
    AGIUsageError,
)

__all__ = [
    "_AGI",
    "AGIAppError",
    "AGIDeadChannelError",
    "AGIError",
    "AGIException",
    "AGIHangup",
    "AGIInvalidCommandError",
    "AGINoResultError",
    "AGIResultHangup",
    "AGISIGHUPHangup",
    "AGISIGPIPEHangup",
    "AGIUnknownError",
    "AGIUsageError",
    "Response",
    "ValueData",
    "_Action",
    "_Response",
    "_ValueData",
    "quote",
]
