"""How calls in AsyncAGI end, the same on threads and on asyncio."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIHangup, AGISIGPIPEHangup, Dialogue, core
from tests.agi.peers import OK, Background, eventually, messages, records
from tests.agi.switch import BREAK, FAIL
from tests.agi.transports import demo, noop

if TYPE_CHECKING:
    from pystrix.agi import Action
    from tests.agi.conftest import StartAsyncAGI
    from tests.agi.transports import Until


def run_beside(agi: Any, action: Action[Any]) -> None:
    """Execute an action beside the handler; the session ends before it does."""

    def run() -> None:
        with pytest.raises(AGISIGPIPEHangup):
            agi._agi.execute(action)

    async def run_on_loop() -> None:
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(action)

    if hasattr(agi, "_agi"):
        Background(run)
    else:
        agi.kept = asyncio.ensure_future(run_on_loop())


def test_failing_handler(start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture) -> None:
    """The dialplan sees FAILURE; a text that the caller sends at that moment is no obstacle."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Noop()
        raise ZeroDivisionError

    running = start_asyncagi()
    running.register(None, fail)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    peer.expect(FAIL, b"200 result=104")
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert peer.unheard() == []
    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert peer.channel in record.getMessage()


def test_failure_that_ends_the_call(start_asyncagi: StartAsyncAGI) -> None:
    """The end may come before the result, or instead of it."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Noop()
        raise ZeroDivisionError

    running = start_asyncagi()
    running.register(None, fail)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.line() == FAIL
    peer.end("FAILURE")
    assert peer.rest() == b""


@pytest.mark.parametrize("left", ["hung up", "own break", "own hang-up"])
def test_failure_of_a_call_that_has_left(start_asyncagi: StartAsyncAGI, left: str) -> None:
    """There is nothing to be said to it."""

    async def script(agi: Any, until: Until) -> None:
        if left == "own break":
            await agi.execute(core.AsyncAGIBreak())
        elif left == "own hang-up":
            await agi.execute(core.Hangup())
        else:
            await agi.execute(core.Noop())
            await until(lambda: agi.hung_up)
        raise ZeroDivisionError

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    if left == "hung up":
        peer.expect(b"NOOP", OK)
        peer.end()
    elif left == "own hang-up":
        peer.expect(b"HANGUP", b"200 result=1")
    else:
        peer.expect(BREAK, OK)
        peer.end("SUCCESS")
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_failure_of_a_session_that_is_closed(start_asyncagi: StartAsyncAGI) -> None:
    """Its call has been given back already; what could not be stopped ends first."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Exec("Wait", 9), timeout=0.02)

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'EXEC "Wait" "9"'
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_channel_that_is_gone(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is neither given back nor ended, and that is no news."""
    hold: list[bool] = []

    async def script(agi: Any, until: Until) -> None:
        await agi.execute(core.Noop())
        await until(lambda: hold)
        if hold[0]:
            raise ZeroDivisionError

    running = start_asyncagi()
    running.serve(script)
    for fails in (False, True):
        hold.clear()
        peer = running.connect()
        peer.expect(b"NOOP", OK)
        del running.switch.calls[peer.channel]
        hold.append(fails)
        eventually(lambda: peer.channel in running.switch.missed)  # noqa: B023
        peer.event("Hangup")
        assert peer.unheard() == []
    eventually(lambda: not running.server._desk._lines)
    assert not any("is not" in line for line in messages(caplog))


def test_failure_behind_a_command(
    start_asyncagi: StartAsyncAGI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the call when the command that runs has ended."""
    for module in ("asyncagi", "_async_asyncagi"):
        monkeypatch.setattr(f"pystrix.agi.{module}.FAILURE_SECONDS", 0.05)

    sent: list[bytes] = []

    async def script(agi: Any, until: Until) -> None:
        run_beside(agi, core.Exec("Wait", 9))
        await until(lambda: sent)
        raise ZeroDivisionError

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    sent.append(peer.line())
    assert peer.line() == FAIL
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []


def test_failure_when_a_command_has_ended(start_asyncagi: StartAsyncAGI) -> None:
    """The result of that command is not taken for the failure."""
    sent: list[bytes] = []

    async def script(agi: Any, until: Until) -> None:
        run_beside(agi, core.Exec("Wait", 9))
        await until(lambda: sent)
        raise ZeroDivisionError

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    sent.append(peer.line())
    eventually(lambda: peer._commands.qsize() == 1)
    peer.reply(b"200 result=-1")
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert set(peer.unheard()) <= {b"CHANNEL STATUS"}  # of who executed the command


def test_session_that_the_handler_closes(start_asyncagi: StartAsyncAGI) -> None:
    """The call is given back at once, and once."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Noop())
        agi.close()
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_hangup_that_ends_a_handler(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one warning, which names the call."""
    running = start_asyncagi()
    running.register(None, demo)
    peer = running.connect()
    peer.expect(b"ANSWER", b"200 result=-1\nHANGUP")
    assert peer.rest() == b""
    eventually(lambda: messages(caplog))
    assert messages(caplog) == [
        f"AsyncAGI, channel {peer.channel}: the call was hung up during ANSWER"
    ]


@pytest.mark.parametrize("sign", ["BridgeEnter", "Hangup"])
def test_call_that_is_taken_away(start_asyncagi: StartAsyncAGI, sign: str) -> None:
    """Asterisk says nothing of AsyncAGI then, and answers no more."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("x")
        except AGIHangup as hangup:
            seen.append(str(hangup))

    running = start_asyncagi()
    running.register(None, script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    peer.event(sign)
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []
    why = "was taken away" if sign == "BridgeEnter" else "is gone"
    assert why in seen[0]
    assert "during STREAM FILE" in seen[0]


def test_next_asyncagi(start_asyncagi: StartAsyncAGI) -> None:
    """A channel that runs another AsyncAGI has left the one before."""
    running = start_asyncagi()
    running.register(None, noop)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    peer.start(["x"])
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
