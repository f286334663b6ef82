"""What every server has: its scripts, and what it logs of a call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.agi import AGIProtocolError, AGIResultHangup, AGISIGPIPEHangup, Environment
from pystrix.agi._protocol import AGIProtocol
from pystrix.agi._scripts import Scripts, log_end, log_stranger

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = Environment({"agi_network_script": "x/1", "agi_channel": "Local/\udcff"})


class Plain(Scripts):
    """Those of a server on threads."""

    _coroutines: ClassVar[bool] = False
    _twin: ClassVar[str] = "pystrix.agi.aio.FastAGIServer"


class Coroutines(Scripts):
    """Those of a server on asyncio."""

    _coroutines: ClassVar[bool] = True
    _twin: ClassVar[str] = "pystrix.agi.FastAGIServer"


def plain(*_: object) -> None:
    """Do nothing."""


async def coroutine(*_: object) -> None:
    """Do nothing."""


class Callable1:
    """An object whose call is a coroutine."""

    async def __call__(self, *_: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("scripts", "right", "wrong", "other"),
    [
        (Plain, plain, coroutine, r"pystrix\.agi\.aio\.FastAGIServer"),
        (Plain, plain, Callable1(), r"pystrix\.agi\.aio\.FastAGIServer"),
        (Coroutines, coroutine, plain, r"pystrix\.agi\.FastAGIServer"),
        (Coroutines, Callable1(), plain, r"pystrix\.agi\.FastAGIServer"),
    ],
)
def test_colour(
    scripts: type[Scripts], right: Callable[..., Any], wrong: Callable[..., Any], other: str
) -> None:
    """The wrong colour is refused, and the server that takes it is named."""
    table = scripts()
    for register in (lambda h: table.register_script_handler("x", h), table.script("y")):
        with pytest.raises(TypeError, match=other):
            register(wrong)
        register(right)
    assert table.get_script_handler("x")[0] is right


def test_find(caplog: pytest.LogCaptureFixture) -> None:
    """A call finds its handler and its request; without one it is a warning."""
    table = Plain()
    assert table._find(CALL, "peer") is None
    assert "x/1" in caplog.text
    table.register_script_handler(r"x/(\d)", plain)
    found = table._find(CALL, "peer")
    assert found
    assert found[0].function is plain
    assert found[1].match
    assert found[1].match[1] == "1"


@pytest.mark.parametrize(
    ("error", "received", "level"),
    [
        (AGIProtocolError("rubbish"), b"x", logging.WARNING),
        (TimeoutError(), b"", logging.WARNING),
        (AGISIGPIPEHangup("gone"), b"x", logging.WARNING),
        (AGISIGPIPEHangup("gone"), b"", logging.DEBUG),
    ],
)
def test_strangers(
    caplog: pytest.LogCaptureFixture, error: BaseException, received: bytes, level: int
) -> None:
    """Each has one line that names the peer; a probe is worth one for debugging only."""
    caplog.set_level(logging.DEBUG, "pystrix")
    protocol = AGIProtocol()
    if received:
        protocol.receive_data(received)
    log_stranger("1.2.3.4:5", protocol, error, 10)
    (record,) = caplog.records
    assert record.levelno == level
    assert "1.2.3.4:5" in record.getMessage()


def test_end(caplog: pytest.LogCaptureFixture) -> None:
    """A hang-up is a warning and no failure; anything else is an error with its traceback."""
    assert log_end("peer", CALL, AGIResultHangup("gone")) is False
    assert log_end("peer", CALL, KeyError("x")) is True
    hangup, failure = caplog.records
    assert (hangup.levelno, hangup.exc_info) == (logging.WARNING, None)
    assert failure.levelno == logging.ERROR
    assert failure.exc_info
    assert all("Local/\\xff" in record.getMessage() for record in caplog.records)
