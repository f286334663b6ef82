"""What the servers of AsyncAGI do, the same on threads and on asyncio."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGIAppError,
    AGIHangup,
    AGIResultHangup,
    AGISIGPIPEHangup,
    AGITruncatedReplyError,
    Dialogue,
    core,
)
from tests.agi.peers import OK, TIMEOUT, Background, eventually, records
from tests.agi.switch import BREAK, FAIL
from tests.agi.transports import SWITCHED, demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pystrix.agi import Action, Environment
    from tests.agi.transports import Until

    Start = Callable[..., Any]


@pytest.fixture(params=SWITCHED)
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Give a maker of servers of each kind."""
    running: list[Any] = []

    def make(**options: Any) -> Any:
        running.append(SWITCHED[request.param](**options))
        return running[-1]

    yield make
    for each in running:
        each.stop()


def noop(*_: Any) -> Dialogue[None]:
    """Execute one command."""
    yield core.Noop()


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what the AGI part of the library logged at level WARNING and above."""
    found = [record for record in records(caplog) if record.name == "pystrix.agi"]
    return [record.getMessage() for record in found]


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


# Which calls are served.


def test_handler_arguments(start: Start) -> None:
    """The first argument is the script; the others are arguments."""
    seen: list[Any] = []

    def look(agi: Any, args: Any, kwargs: Any, match: Any, path: str) -> Dialogue[None]:
        seen.append((args, kwargs, match.group(1), path, agi.request.path))
        seen.append((agi.environment.channel, agi.environment["agi_arg_1"]))
        yield core.Noop()

    running = start()
    running.register(r"pay/(\d+)", look)
    peer = running.connect("pay/42?x=1", "one", "")
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert seen == [
        (("one", ""), {"x": ["1"]}, "42", "pay/42", "pay/42"),
        (peer.channel, "pay/42?x=1"),
    ]


def test_call_that_nobody_takes(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is left alone, for another server may take it; the log says so."""
    running = start()
    running.register("known", noop)
    peer = running.connect("unknown")
    eventually(lambda: messages(caplog))
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []
    assert messages(caplog) == [
        f"AsyncAGI, channel {peer.channel}: no handler for the script 'unknown'"
    ]


def test_call_that_nobody_takes_is_given_back(start: Start) -> None:
    """If that is wanted."""
    running = start(leave_unknown=False)
    running.register("known", noop)
    assert running.connect("unknown").rest() == b""


def test_calls_of_others(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """They are left alone without a word."""

    def is_ours(environment: Environment) -> bool:
        if environment.path == "broken":
            raise ZeroDivisionError
        return environment.context == "sip" and environment.arguments[:1] == ("ours",)

    running = start(accept=is_ours)
    running.register(None, noop)
    running.switch.event("DialBegin", "Uniqueid: 1.1")
    theirs = running.connect("x", "theirs")
    broken = running.connect("broken", "ours")
    ours = running.connect("x", "ours", "y" * 2000)
    ours.answer_echo()
    ours.answer_echo()
    ours.expect(b"NOOP", OK)
    assert ours.rest() == b""
    assert theirs.unheard() == broken.unheard() == []
    assert messages(caplog) == [f"AsyncAGI, channel {broken.channel}: accept failed, left alone"]
    assert not any(line.uniqueid == theirs.uniqueid for line in running.server._desk._lines)


def test_long_environment(start: Start) -> None:
    """All of it is there before the handler is called."""
    seen: list[Any] = []

    def look(_: Any, args: Any, *__: Any) -> Dialogue[None]:
        seen.append(args)
        yield core.Noop()

    running = start()
    running.register("x", look)
    peer = running.connect("x", "y" * 5000, "z")
    for _ in range(1 + 1 + 2 + 4):
        peer.answer_echo()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert seen == [("y" * 5000, "z")]


def test_environment_that_was_cut(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The call is not served, which is a failure for the dialplan."""
    running = start()
    running.register(None, noop)
    peer = running.connect("x", "ü" * 800)
    peer.answer_echo()
    peer.answer_echo()
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert "not served: Asterisk has cut the environment" in messages(caplog)[0]


def test_hangup_before_the_environment_is_complete(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is called, and nothing is worth a line."""
    running = start()
    running.register(None, noop)
    peer = running.connect("x", "y" * 2000)
    assert peer.line().startswith(b"GET FULL VARIABLE")
    peer.hangup()
    assert peer.rest() == b""
    assert messages(caplog) == []


def test_max_calls(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A call beyond the limit is ended as a failure; after the end of another there is room."""
    running = start(max_calls=1)
    running.register(None, noop)
    first = running.connect()
    assert first.line() == b"NOOP"
    refused = running.connect()
    refused.expect(FAIL, b"200 result=-1 (hangup)")
    refused.end("FAILURE")
    assert refused.rest() == b""
    first.reply(OK)
    assert first.rest() == b""
    last = running.connect()
    last.expect(b"NOOP", OK)
    assert last.rest() == b""
    assert messages(caplog) == [
        f"AsyncAGI, channel {refused.channel}: refused, 1 calls are served already"
    ]


def test_many_calls_at_once(start: Start) -> None:
    """Two hundred calls at a time."""
    running = start()
    running.register(None, demo)
    peers = [running.connect() for _ in range(200)]
    for peer in peers:
        peer.expect(b"ANSWER", OK)
    for peer in peers:
        assert peer.line().startswith(b"STREAM FILE")
        peer.reply(b"200 result=0 endpos=1")
    for peer in peers:
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""
        assert peer.unheard() == []


# How a call ends.


def test_failing_handler(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The dialplan sees FAILURE; a text that the caller sends at that moment is no obstacle."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Noop()
        raise ZeroDivisionError

    running = start()
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


def test_failure_that_ends_the_call(start: Start) -> None:
    """The end may come before the result, or instead of it."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Noop()
        raise ZeroDivisionError

    running = start()
    running.register(None, fail)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.line() == FAIL
    peer.end("FAILURE")
    assert peer.rest() == b""


@pytest.mark.parametrize("left", ["hung up", "own break", "own hang-up"])
def test_failure_of_a_call_that_has_left(start: Start, left: str) -> None:
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

    running = start()
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


def test_failure_of_a_session_that_is_closed(start: Start) -> None:
    """Its call has been given back already; what could not be stopped ends first."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Exec("Wait", 9), timeout=0.02)

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'EXEC "Wait" "9"'
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_channel_that_is_gone(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is neither given back nor ended, and that is no news."""
    hold: list[bool] = []

    async def script(agi: Any, until: Until) -> None:
        await agi.execute(core.Noop())
        await until(lambda: hold)
        if hold[0]:
            raise ZeroDivisionError

    running = start()
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


def test_failure_behind_a_command(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the call when the command that runs has ended."""
    for module in ("asyncagi", "_async_asyncagi"):
        monkeypatch.setattr(f"pystrix.agi.{module}.FAILURE_SECONDS", 0.05)

    sent: list[bytes] = []

    async def script(agi: Any, until: Until) -> None:
        run_beside(agi, core.Exec("Wait", 9))
        await until(lambda: sent)
        raise ZeroDivisionError

    running = start()
    running.serve(script)
    peer = running.connect()
    sent.append(peer.line())
    assert peer.line() == FAIL
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []


def test_failure_when_a_command_has_ended(start: Start) -> None:
    """The result of that command is not taken for the failure."""
    sent: list[bytes] = []

    async def script(agi: Any, until: Until) -> None:
        run_beside(agi, core.Exec("Wait", 9))
        await until(lambda: sent)
        raise ZeroDivisionError

    running = start()
    running.serve(script)
    peer = running.connect()
    sent.append(peer.line())
    eventually(lambda: peer._commands.qsize() == 1)
    peer.reply(b"200 result=-1")
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert set(peer.unheard()) <= {b"CHANNEL STATUS"}  # of who executed the command


def test_session_that_the_handler_closes(start: Start) -> None:
    """The call is given back at once, and once."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Noop())
        agi.close()
        agi.close()
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    running = start()
    running.serve(script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_hangup_that_ends_a_handler(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is one warning, which names the call."""
    running = start()
    running.register(None, demo)
    peer = running.connect()
    peer.expect(b"ANSWER", b"200 result=-1\nHANGUP")
    assert peer.rest() == b""
    eventually(lambda: messages(caplog))
    assert messages(caplog) == [
        f"AsyncAGI, channel {peer.channel}: the call was hung up during ANSWER"
    ]


@pytest.mark.parametrize("sign", ["BridgeEnter", "Hangup"])
def test_call_that_is_taken_away(start: Start, sign: str) -> None:
    """Asterisk says nothing of AsyncAGI then, and answers no more."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("x")
        except AGIHangup as hangup:
            seen.append(str(hangup))

    running = start()
    running.register(None, script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    peer.event(sign)
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []
    why = "was taken away" if sign == "BridgeEnter" else "is gone"
    assert why in seen[0]
    assert "during STREAM FILE" in seen[0]


def test_next_asyncagi(start: Start) -> None:
    """A channel that runs another AsyncAGI has left the one before."""
    running = start()
    running.register(None, noop)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    peer.start(["x"])
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


# Commands that fail.

STATUSES = [
    ("told", ["FAILURE"], True, None, AGIAppError),
    ("asked", ["", "FAILURE"], False, None, AGIAppError),
    ("hung up, told", ["HANGUP"], True, None, AGIResultHangup),
    ("hung up, asked", ["HANGUP"], False, None, AGIResultHangup),
    ("not known", ["FAILURE"], False, "Permission denied", AGIResultHangup),
]


@pytest.mark.parametrize(
    ("statuses", "tells", "refused", "kind"),
    [each[1:] for each in STATUSES],
    ids=[each[0] for each in STATUSES],
)
def test_command_that_fails_and_ends_the_session(
    start: Start, statuses: list[str], tells: bool, refused: str | None, kind: type[Exception]
) -> None:
    """AGISTATUS tells that from a hang-up; the next command says why there is no session."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("nosuch")
        except kind:
            seen.append("failed")
        try:
            yield core.Noop()
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running = start()
    running.register(None, script)
    running.switch.tells_status = tells
    if refused:
        running.switch.refuse["Getvar"] = refused
    peer = running.connect()
    peer.expect(b'STREAM FILE "nosuch" "" "0"', b"200 result=-1 endpos=0")
    assert peer.line() == b"CHANNEL STATUS"
    peer.end(*statuses)
    assert peer.rest() == b""
    eventually(lambda: len(seen) == 2)
    failed = kind is AGIAppError
    assert ("could not do STREAM FILE" if failed else "has left AsyncAGI") in seen[1]


def test_answer_that_overtakes_the_end(start: Start) -> None:
    """That there is no such channel may be said before it is told why; that is waited for."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("nosuch")
        except AGIAppError:
            seen.append("failed")

    running = start()
    running.register(None, script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    del running.switch.calls[peer.channel]
    peer.reply(b"200 result=-1 endpos=0")
    eventually(lambda: peer.channel in running.switch.missed)
    peer.end("FAILURE")
    assert peer.rest() == b""
    eventually(lambda: seen)


def test_reply_that_was_cut(start: Start) -> None:
    """A value comes whole or not at all, and the session goes on."""
    seen: list[Any] = []

    def script(*_: Any) -> Dialogue[None]:
        seen.append((yield core.GetFullVariable("${A}")))
        try:
            yield core.GetFullVariable("${B}")
        except AGITruncatedReplyError as error:
            seen.append(error.command)
        seen.append((yield core.GetVariable("EXTEN")))

    running = start()
    running.register(None, script)
    peer = running.connect()
    peer.expect(b'GET FULL VARIABLE "${A}"', b"200 result=1 (" + b"v" * 5000 + b")")
    for _ in range(1 + 1 + 2 + 4):
        peer.answer_echo()
    peer.expect(b'GET FULL VARIABLE "${B}"', b"200 result=1 (" + b"%" * 900 + b")")
    peer.answer_echo()
    peer.expect(b'GET VARIABLE "EXTEN"', b"200 result=1 (run)")
    assert peer.rest() == b""
    assert seen == ["v" * 5000, 'GET FULL VARIABLE "${B}"', "run"]


def test_command_that_ami_cannot_carry(start: Start) -> None:
    """It is the caller's mistake, and nothing is sent."""

    def script(*_: Any) -> Dialogue[None]:
        for text in ("v" * 1100, "a\rb"):
            with pytest.raises(ValueError, match="AMI"):
                yield core.Verbose(text)
        yield core.Noop()

    running = start()
    running.register(None, script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


# Commands that are stopped.


def test_stop_of_a_command_that_waits(start: Start) -> None:
    """Asterisk may not have begun a command when its time is over: it is stopped when it has."""

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.GetData("x"), timeout=0.02)
        await agi.execute(core.Noop())

    running = start()
    running.serve(script)
    peer = running.connect()
    eventually(lambda: peer._commands.qsize() == 3)
    assert peer.stops.empty()
    assert peer.line().startswith(b"GET DATA")
    assert peer.stops.get(timeout=TIMEOUT)["Digit"] == "#"
    peer.reply(b"200 result=")
    peer.expect(b'EXEC "Wait" "0.2"', OK)
    peer.answer_echo()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_stop_of_a_command_that_runs(start: Start) -> None:
    """It is stopped at once."""

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.StreamFile("x"), timeout=0.2)
        await agi.execute(core.Noop())

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    peer.stopped()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_reply_that_never_comes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that the pipe of Asterisk cannot hold: with a time limit that ends the session."""
    monkeypatch.setattr("pystrix.agi._asyncagi_protocol.PATIENCE_SECONDS", 0.02)
    seen: list[str] = []

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.GetFullVariable("${V}"), timeout=0.02)
        try:
            await agi.execute(core.Noop())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running = start()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'GET FULL VARIABLE "${V}"'
    eventually(lambda: seen)
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_stop_that_is_refused(start: Start) -> None:
    """The session is left, for the command may run for ever."""
    seen: list[str] = []

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.WaitForDigit(), timeout=0.1)
        try:
            await agi.execute(core.Noop())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running = start()
    running.serve(script)
    running.switch.refuse["ControlPlayback"] = "Permission denied"
    peer = running.connect()
    assert peer.line().startswith(b"WAIT FOR DIGIT")
    eventually(lambda: seen)
    assert "refused ControlPlayback: Permission denied" in seen[0]
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert BREAK in peer.unheard()


def test_call_that_is_replaced(start: Start) -> None:
    """The session goes on with the channel that has taken the place of its own."""
    hold: list[bool] = []

    async def script(agi: Any, until: Until) -> None:
        await agi.execute(core.Noop())
        await until(lambda: hold)
        await agi.execute(core.Answer())
        await agi.execute(core.Noop())

    def arrive(channel: str, uniqueid: str) -> None:
        place = ("Context: sip", "Exten: 5551234", "Priority: 1", "AppData: agi:async")
        running.switch.event("Newexten", f"Channel: {channel}", f"Uniqueid: {uniqueid}", *place)

    running = start()
    running.serve(script)
    arrive("PJSIP/alice-00000001", "178.1")
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    old = peer.channel, peer.uniqueid
    del running.switch.calls[peer.channel]
    peer.channel, peer.uniqueid = "PJSIP/bob-00000002", "178.2"
    running.switch.calls[peer.channel] = peer
    hold.append(True)
    eventually(lambda: old[0] in running.switch.missed)
    arrive(peer.channel, peer.uniqueid)
    running.switch.event("Hangup", f"Channel: {old[0]}", f"Uniqueid: {old[1]}", "Cause: 0")
    peer.expect(b"ANSWER", OK)
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert peer.unheard() == []


# The manager.


def test_manager_that_may_not(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """The error says what Asterisk said, and so does the log of the call that stays."""
    running = start()
    running.register(None, noop)
    running.switch.refuse["AGI"] = "Permission denied"
    peer = running.connect()
    eventually(lambda: len(messages(caplog)) == 2)
    first, second = messages(caplog)
    assert "Asterisk refused AGI: Permission denied, during NOOP" in first
    assert second.startswith(f"{peer.channel} is not given back to the dialplan: Asterisk refused")


def test_failure_that_cannot_be_told(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is a line in the log."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Noop())
        running.switch.refuse["AGI"] = "Permission denied"
        raise ZeroDivisionError

    running = start()
    running.serve(script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert "is not ended as a failure: Asterisk refused AGI" in messages(caplog)[-1]


def test_connection_lost(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Every session is told, and says so; calls that come over a new one are served."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("x")
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))
            raise

    running = start()
    running.register(None, script)
    peers = [running.connect() for _ in range(3)]
    for peer in peers:
        assert peer.line().startswith(b"STREAM FILE")
    running.switch.cut()
    eventually(lambda: len(messages(caplog)) == 3)
    assert len(seen) == 3
    assert all("the connection to the manager was lost: " in text for text in seen)
    assert all("during STREAM FILE" in text for text in seen)
    for peer in peers:
        eventually(lambda: all(running.switch.is_over(peer.uniqueid) for peer in peers))
        assert peer.unheard() == []
    last = running.connect()
    assert last.line().startswith(b"STREAM FILE")
    last.reply(b"200 result=0 endpos=0")
    assert last.rest() == b""
    assert all(set(peer.unheard()) <= {FAIL} for peer in peers), "nothing is sent again"


def test_calls_of_a_connection_that_was_lost(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that are still in AsyncAGI are ended as failures, when there is a new connection."""
    running = start(reconnect=True)
    running.register(None, demo)
    peers = [running.connect() for _ in range(3)]
    for peer in peers:
        peer.expect(b"ANSWER", OK)
        assert peer.line().startswith(b"STREAM FILE")
    peers[1].priority = 2  # it has left AsyncAGI meanwhile
    del running.switch.calls[peers[2].channel]
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    last = running.connect()
    last.expect(b"ANSWER", b"200 result=-1\nHANGUP")
    assert peers[0].sent() == FAIL
    text = f"{peers[0].channel} is ended as a failure, its session lost"
    eventually(lambda: text in messages(caplog))
    assert peers[0].unheard() == peers[1].unheard() == peers[2].unheard() == []


def test_call_that_cannot_be_ended(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """It is a line in the log."""
    running = start(reconnect=True)
    running.register(None, noop)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    running.switch.refuse["AGI"] = "Permission denied"
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    running._reconnect()
    text = f"{peer.channel} stays in AsyncAGI, its session lost: Asterisk refused AGI"
    eventually(lambda: any(line.startswith(text) for line in messages(caplog)))


def test_gap_without_calls(start: Start) -> None:
    """There is nothing to be done about it, and calls are served again."""
    running = start(reconnect=True)
    running.register(None, noop)
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_event_that_looks_like_a_gap(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody made Asterisk send it: it is none."""
    running = start(reconnect=True)
    running.register(None, noop)
    running.switch.event("Gap", "Uniqueid: 1.1")
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert messages(caplog) == []


# Serving.


def test_calls_that_wait(start: Start) -> None:
    """Those that come while nobody serves are served then, if they are still there."""
    running = start(idle=True)
    running.register(None, noop)
    gone, waits = running.connect(), running.connect()
    gone.end()
    lines = running.server._desk._offered
    eventually(lambda: [line.link.uniqueid for line in lines] == [waits.uniqueid])
    running.begin()
    waits.expect(b"NOOP", OK)
    assert waits.rest() == b""
    assert gone.unheard() == []


def test_shutdown(start: Start) -> None:
    """After it calls are left alone; those that run go on, and are heard to their end."""
    running = start(daemon_threads=False)
    running.register(None, noop)
    first = running.connect()
    assert first.line() == b"NOOP"
    running.shutdown()
    late = running.connect()
    first.reply(OK)
    assert first.sent() == BREAK
    running.stop()
    assert late.unheard() == []
