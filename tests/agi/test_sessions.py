"""What a session does, the same on every transport."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGIAppError,
    AGIDeadChannelError,
    AGIHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    Dialogue,
    core,
    errors,
)
from tests.agi.peers import DEAD, TIMEOUT, eventually, records
from tests.agi.transports import ALL, demo, making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agi.transports import Running, Until

    Start = Callable[..., Running]


@pytest.fixture(params=ALL)
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Give a maker of all of each transport."""
    with making(ALL[request.param]) as make:
        yield make


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_documented_program(start: Start, chunk: int | None) -> None:
    """Both branches, however the bytes arrive."""
    running = start()
    running.register("demo", demo)
    for reply, more in ((b"200 result=0 endpos=9", None), (b"200 result=50 endpos=7", b"2 at 7")):
        peer = running.connect(chunk=chunk)
        peer.expect(b"ANSWER", b"200 result=0")
        peer.expect(b'STREAM FILE "demo-thanks" "12" "0"', reply)
        if more:
            peer.expect(b'VERBOSE "' + more + b'" "1"', b"200 result=1")
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""


def test_results_and_errors(start: Start) -> None:
    """Each reply reaches the command it belongs to, its errors included."""
    seen: list[Any] = []

    def script(agi: Any, *_: Any) -> Dialogue[None]:
        seen.append((yield core.GetVariable("X")))
        for action in (core.Answer(), core.StreamFile("none")):
            try:
                yield action
            except errors.AGIException as error:
                seen.append(type(error).__name__)
        seen.append((yield core.Exec("Dial", "x")))
        seen.append((yield core.Exec("SMS")))
        seen.append((yield core.Gosub("c", "e")))
        seen.append(agi.hung_up)
        seen.append((yield core.GetVariable("Y")))

    running = start()
    running.register(None, script)
    peer = running.connect()
    peer.send(b"noise\n")
    line = peer.line()
    while line.startswith(b"GET FULL VARIABLE"):
        peer.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")
        line = peer.line()
    peer.send(b"200 result=1 (a\nb)\n")
    if running.survives:  # else a reply comes in one piece
        peer.answer_echo()
    peer.expect(b"ANSWER", b"520-x\ny\n520 End")
    peer.expect(b'STREAM FILE "none" "" "0"', b"200 result=-1 endpos=0")
    peer.expect(b"CHANNEL STATUS", b"200 result=6")
    peer.expect(b'EXEC "Dial" "x"', b"200 result=-1")
    peer.expect(b"CHANNEL STATUS", b"200 result=6")
    peer.expect(b'EXEC "SMS"', b"200 result=1", b"520 Invalid command syntax.")
    peer.expect(b'GOSUB "c" "e" "1"', b"100 result=0 Trying...", b"200 result=0 Gosub complete")
    peer.expect(b'GET VARIABLE "Y"', b"200 result=1 (y)")
    assert peer.rest() == b""
    assert seen == ["a\nb", "AGIUsageError", "AGIAppError", "-1", "1", True, False, "y"]


HANGUPS = [
    (b"200 result=-1", [(b"CHANNEL STATUS", DEAD + b"\nHANGUP")], "AGIResultHangup"),
    (b"200 result=-1\nHANGUP", [], "AGIResultHangup"),
    (b"HANGUP\n200 result=-1", [], "AGIResultHangup"),
    (DEAD + b"\nHANGUP", [], "AGIDeadChannelError"),
]


@pytest.mark.parametrize(("reply", "more", "name"), HANGUPS)
def test_hangup_in_a_command(
    start: Start,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    reply: bytes,
    more: list[tuple[bytes, bytes]],
    name: str,
) -> None:
    """It is raised, the callbacks are called once, and what works on a dead channel works."""
    seen: list[Any] = []
    called: list[int] = []

    def script(agi: Any, *_: Any) -> Dialogue[None]:
        agi.on_hangup(lambda: called.append(1))
        try:
            yield core.WaitForDigit()
        except AGIHangup as hangup:
            seen.append(type(hangup).__name__)
        seen.append(agi.hung_up)
        try:
            seen.append((yield core.GetVariable("X")))
            yield core.Answer()
        except (AGIDeadChannelError, AGISIGPIPEHangup):
            agi.on_hangup(lambda: called.append(2))
            raise

    running = start()
    running.register(None, script)
    peer = running.connect()
    peer.expect(b'WAIT FOR DIGIT "-1"', reply)
    for line, answer in more:
        peer.expect(line, answer)
    if running.survives:
        peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
        peer.expect(b"ANSWER", DEAD)
    assert peer.rest() == b""
    assert seen == ([name, True, "x"] if running.survives else [name, True])
    assert called == [1, 2]
    eventually(lambda: records(caplog))
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert ("ANSWER" if running.survives else "left AsyncAGI") in record.getMessage()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("reset", [False, True])
def test_connection_lost(start: Start, caplog: pytest.LogCaptureFixture, reset: bool) -> None:
    """The end of the connection is a hang-up."""
    running = start()
    running.register(None, demo)
    peer = running.connect()
    assert peer.line() == b"ANSWER"
    (peer.reset if reset else peer.close)()
    eventually(lambda: any("ANSWER" in record.getMessage() for record in records(caplog)))
    assert running.connect().line() == b"ANSWER"


def test_error_that_is_caught(start: Start) -> None:
    """What a dialogue catches does not end it."""

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.Exec("NoSuch")
        except AGIAppError:
            yield core.Verbose("caught")

    running = start()
    running.register(None, script)
    peer = running.connect()
    peer.expect(b'EXEC "NoSuch"', b"200 result=-2")
    peer.expect(b'VERBOSE "caught" "1"', b"200 result=1")
    assert peer.rest() == b""


def test_debug_log(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """With debug=True every line is logged."""
    caplog.set_level(logging.DEBUG, "pystrix")
    running = start(debug=True)
    running.register(None, demo)
    peer = running.connect()
    peer.expect(b"ANSWER", b"200 result=0")
    assert peer.line().startswith(b"STREAM FILE")
    peer.reply(b"200 result=-1")
    assert peer.line() == b"CHANNEL STATUS"
    assert "<< b'ANSWER" in caplog.text
    assert ">> b'200 result=0" in caplog.text
    assert "<< b'CHANNEL STATUS" in caplog.text, "which is of the session itself"


def test_time_limit(start: Start) -> None:
    """A prompt over its time is stopped; what Asterisk does not stop closes the session."""
    seen: list[str] = []

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.StreamFile("x"), timeout=0.02)
        seen.append(await agi.execute(core.GetVariable("X"), timeout=TIMEOUT))
        with pytest.raises(TimeoutError):
            await agi.execute(core.Exec("Wait", 9), timeout=0.02)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())
        seen.append("closed")

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'STREAM FILE "x" "" "0"'
    peer.stopped()
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert peer.line() == b'EXEC "Wait" "9"'
    assert peer.rest() == b""
    eventually(lambda: seen == ["x", "closed"])


def test_time_limit_of_a_dialogue(start: Start) -> None:
    """It is told where it waits; what it does then to clean up has no limit."""
    seen: list[str] = []

    def dialogue(prompt: str) -> Dialogue[str]:
        try:
            yield core.StreamFile(prompt)
        except TimeoutError:
            return "too slow"
        finally:
            seen.append((yield core.Exec("StopMixMonitor")))
        yield core.StreamFile("never")
        return "never"

    async def script(agi: Any, _: Until) -> None:
        seen.append(await agi.execute(dialogue("x"), timeout=0.02))

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'STREAM FILE "x" "" "0"'
    peer.stopped()
    peer.expect(b'EXEC "StopMixMonitor"', b"200 result=0")
    assert peer.rest() == b""
    eventually(lambda: seen == ["0", "too slow"])


def test_callback_of_a_closed_session(start: Start) -> None:
    """Nobody is told any more, whether he asked before or asks now."""
    called: list[str] = []
    over: list[bool] = []

    async def script(agi: Any, _: Until) -> None:
        agi.on_hangup(lambda: called.append("before"))
        agi.close()
        agi.on_hangup(lambda: called.append("after"))
        over.append(agi.hung_up)

    running = start()
    running.serve(script)
    assert running.connect().rest() == b""
    eventually(lambda: over == [False])  # the call goes on in the dialplan
    assert called == []


@pytest.mark.parametrize("noticed", ["by its callback", "when asked", "without callbacks"])
def test_hangup_between_commands(start: Start, noticed: str) -> None:
    """It is noticed while the handler does something else, and told once."""
    called: list[bool] = []
    seen: list[Any] = []

    async def script(agi: Any, until: Until) -> None:
        if noticed != "without callbacks":
            agi.on_hangup(lambda: called.append(agi.hung_up))
        await agi.execute(core.Noop())
        assert not agi.hung_up
        await agi.execute(core.Verbose("waits"))
        await until(lambda: called if noticed == "by its callback" else agi.hung_up)
        for _ in range(3):
            try:
                seen.append(await agi.execute(core.GetVariable("X")))
            except AGIHangup as hangup:
                seen.append(type(hangup).__name__)
        assert agi.hung_up
        agi.on_hangup(lambda: seen.append("late"))

    running = start()
    running.serve(script)
    peer = running.connect()
    peer.expect(b"NOOP", b"200 result=0")
    peer.expect(b'VERBOSE "waits" "1"', b"200 result=1")
    peer.hangup()
    for _ in range((2 if running.signals else 3) if running.survives else 0):
        peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert peer.rest() == b""
    results = ["AGISIGHUPHangup" if running.signals else "x", "x", "x"]
    assert seen == [*(results if running.survives else ["AGISIGPIPEHangup"] * 3), "late"]
    assert called == ([] if noticed == "without callbacks" else [True])


def test_hangup_with_a_reply(start: Start) -> None:
    """A command that the hang-up does not touch has its result; the callback is called once."""
    called: list[bool] = []
    seen: list[Any] = []

    async def script(agi: Any, until: Until) -> None:
        agi.on_hangup(lambda: called.append(agi.hung_up))
        seen.append(await agi.execute(core.GetVariable("X")))
        await until(lambda: called)
        with contextlib.suppress(AGISIGHUPHangup, AGISIGPIPEHangup):
            await agi.execute(core.Noop())
        with pytest.raises((AGIDeadChannelError, AGISIGPIPEHangup)):
            await agi.execute(core.Answer())

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'GET VARIABLE "X"'
    if running.survives:
        peer.hangup()
        peer.reply(b"200 result=1 (x)")
        if not running.signals:
            peer.expect(b"NOOP", b"200 result=0")
        peer.expect(b"ANSWER", DEAD)
    else:
        peer.reply(b"200 result=1 (x)\nHANGUP")
    assert peer.rest() == b""
    assert (seen, called) == (["x"], [True])
