"""How calls of the FastAGI server on threads end: by a handler, a failure, or a hang-up."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import FastAGI, core, errors
from tests.agi.handlers import assert_serves, noop, nothing
from tests.agi.peers import OK, records

if TYPE_CHECKING:
    from tests.agi.conftest import Call, Serve

pytestmark = pytest.mark.usefixtures("log")


def test_handler_that_does_nothing(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """When the handler returns, the connection closes without a byte and without a word."""
    server = serve()
    server.register_script_handler(None, nothing)
    assert call(server).rest() == b""
    serve.end()
    assert records(log, logging.INFO) == []


def test_no_handler(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A script that nobody serves is closed and logged once."""
    server = serve()
    assert call(server, "a/b?c=d").rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert "no handler for the script 'a/b'" in record.getMessage()


def test_uncaught_hangup(
    serve: Serve,
    call: Call,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A hang-up that the handler lets pass is one warning, and no traceback."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    assert peer.line() == b"NOOP"
    peer.close()
    assert_serves(server, call)
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "PJSIP/alice-00000001" in record.getMessage()
    assert capfd.readouterr().err == ""


def test_uncaught_dead_channel(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A 511 is a hang-up too: no failure for the dialplan."""
    server = serve()
    server.register_script_handler(None, noop)
    peer = call(server)
    peer.hangup()
    peer.expect(b"NOOP", b"511 Command Not Permitted on a dead channel or intercept routine")
    assert peer.rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("oh"), SystemExit(3), KeyboardInterrupt(), errors.AGIAppError("oh")],
    ids=lambda error: type(error).__name__,
)
def test_failing_handler(
    serve: Serve,
    call: Call,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
) -> None:
    """Any other exception is logged with its traceback, and the dialplan sees a failure."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        agi.execute(core.Noop())
        raise error

    server.register_script_handler("bad", handler)
    server.register_script_handler(None, noop)
    peer = call(server, "bad")
    peer.expect(b"NOOP", OK)
    assert peer.line() == b"failure"
    peer.hangup()  # as Asterisk does at the end
    peer.half_close()
    assert peer.rest() == b""
    assert_serves(server, call)
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert "PJSIP/alice-00000001" in record.getMessage()
    assert "'bad'" in record.getMessage()
    assert capfd.readouterr().err == ""


def test_failing_handler_of_a_closed_session(
    serve: Serve, call: Call, log: pytest.LogCaptureFixture
) -> None:
    """A handler that fails after it closed its session is logged like any other."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        agi.close()
        raise ZeroDivisionError

    server.register_script_handler(None, handler)
    assert call(server).rest() == b""
    serve.end()
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.ERROR


def test_caught_hangup(serve: Serve, call: Call, log: pytest.LogCaptureFixture) -> None:
    """A hang-up that the handler catches is its own business."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        with pytest.raises(errors.AGIHangup):
            agi.execute(core.Noop())

    server.register_script_handler(None, handler)
    peer = call(server)
    assert peer.line() == b"NOOP"
    peer.close()
    serve.end()
    assert records(log, logging.INFO) == []
