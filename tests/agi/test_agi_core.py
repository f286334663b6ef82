"""The names of pystrix 1.x in `pystrix.agi.agi_core`."""

from __future__ import annotations

import pytest

from pystrix import agi
from pystrix.agi import agi_core

ERRORS = [
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
]


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    """The exceptions are those of `pystrix.agi`: one `except` catches both."""
    assert getattr(agi_core, name) is getattr(agi, name)
    assert name in agi_core.__all__


def test_every_promised_name_is_listed() -> None:
    """Nothing but these names, and `_AGI`, `_Action`, `_Response`, `_ValueData`, `quote`."""
    others = {"_AGI", "_Action", "_Response", "_ValueData", "Response", "ValueData", "quote"}
    assert set(agi_core.__all__) == others | set(ERRORS)


def test_reply_unpacks_in_the_order_of_1x() -> None:
    """A reply is ``(items, code, raw)``, a part ``(value, data)``."""
    part = agi_core._ValueData("1", "text")
    reply = agi_core._Response({"result": part}, 200, "result=1 (text)")
    items, code, raw = reply
    assert (items["result"].value, items["result"].data) == ("1", "text") == tuple(part)
    assert (code, raw) == (200, "result=1 (text)")
    assert reply._fields == ("items", "code", "raw")
    assert agi_core._Response is agi_core.Response is agi.Response
    assert agi_core._ValueData is agi_core.ValueData is agi.ValueData


def test_session_class() -> None:
    """`_AGI` is what every session derives from."""
    assert issubclass(agi.FastAGI, agi_core._AGI)
    assert callable(agi_core._AGI.execute)
    assert callable(agi_core._AGI.get_environment)


def test_quote_escapes() -> None:
    """`quote` puts a value into double quotes, as in 1.x, and escapes what stands in it."""
    assert agi_core.quote("a b") == '"a b"'
    assert agi_core.quote(5) == '"5"'
    assert agi_core.quote('a"b\\') == '"a\\"b\\\\"'


def test_action() -> None:
    """`_Action` joins what it gets, leaves None out, and gives the reply as it came."""
    action = agi_core._Action("SET VARIABLE", agi_core.quote("a b"), None, 1)
    assert action.command == 'SET VARIABLE "a b" 1\n'
    assert action.check_hangup is True
    assert isinstance(action, agi.Action)
    reply = agi_core.Response({"result": agi_core.ValueData("-1", "")}, 200, "result=-1")
    assert action.process_response(reply) is reply
