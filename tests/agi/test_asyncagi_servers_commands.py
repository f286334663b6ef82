"""Commands in AsyncAGI that fail or are stopped, the same on threads and on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGIAppError,
    AGIResultHangup,
    AGISIGPIPEHangup,
    AGITruncatedReplyError,
    Dialogue,
    core,
)
from tests.agi.peers import OK, TIMEOUT, eventually
from tests.agi.switch import BREAK

if TYPE_CHECKING:
    from tests.agi.conftest import StartAsyncAGI
    from tests.agi.transports import Until


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
    start_asyncagi: StartAsyncAGI,
    statuses: list[str],
    tells: bool,
    refused: str | None,
    kind: type[Exception],
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

    running = start_asyncagi()
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


def test_answer_that_overtakes_the_end(start_asyncagi: StartAsyncAGI) -> None:
    """That there is no such channel may be said before it is told why; that is waited for."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("nosuch")
        except AGIAppError:
            seen.append("failed")

    running = start_asyncagi()
    running.register(None, script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    del running.switch.calls[peer.channel]
    peer.reply(b"200 result=-1 endpos=0")
    eventually(lambda: peer.channel in running.switch.missed)
    peer.end("FAILURE")
    assert peer.rest() == b""
    eventually(lambda: seen)


def test_reply_that_was_cut(start_asyncagi: StartAsyncAGI) -> None:
    """A value comes whole or not at all, and the session goes on."""
    seen: list[Any] = []

    def script(*_: Any) -> Dialogue[None]:
        seen.append((yield core.GetFullVariable("${A}")))
        try:
            yield core.GetFullVariable("${B}")
        except AGITruncatedReplyError as error:
            seen.append(error.command)
        seen.append((yield core.GetVariable("EXTEN")))

    running = start_asyncagi()
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


def test_command_that_ami_cannot_carry(start_asyncagi: StartAsyncAGI) -> None:
    """It is the caller's mistake, and nothing is sent."""

    def script(*_: Any) -> Dialogue[None]:
        for text in ("v" * 1100, "a\rb"):
            with pytest.raises(ValueError, match="AMI"):
                yield core.Verbose(text)
        yield core.Noop()

    running = start_asyncagi()
    running.register(None, script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


# Commands that are stopped.


def test_stop_of_a_command_that_waits(start_asyncagi: StartAsyncAGI) -> None:
    """Asterisk may not have begun a command when its time is over: it is stopped when it has."""

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.GetData("x"), timeout=0.02)
        await agi.execute(core.Noop())

    running = start_asyncagi()
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


def test_stop_of_a_command_that_runs(start_asyncagi: StartAsyncAGI) -> None:
    """It is stopped at once."""

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.StreamFile("x"), timeout=0.2)
        await agi.execute(core.Noop())

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    assert peer.line().startswith(b"STREAM FILE")
    peer.stopped()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_reply_that_never_comes(
    start_asyncagi: StartAsyncAGI, monkeypatch: pytest.MonkeyPatch
) -> None:
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

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    assert peer.line() == b'GET FULL VARIABLE "${V}"'
    eventually(lambda: seen)
    assert peer.rest() == b""
    assert peer.unheard() == []


def test_stop_that_is_refused(start_asyncagi: StartAsyncAGI) -> None:
    """The session is left, for the command may run for ever."""
    seen: list[str] = []

    async def script(agi: Any, _: Until) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.WaitForDigit(), timeout=0.1)
        try:
            await agi.execute(core.Noop())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running = start_asyncagi()
    running.serve(script)
    running.switch.refuse["ControlPlayback"] = "Permission denied"
    peer = running.connect()
    assert peer.line().startswith(b"WAIT FOR DIGIT")
    eventually(lambda: seen)
    assert "refused ControlPlayback: Permission denied" in seen[0]
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert BREAK in peer.unheard()


def test_call_that_is_replaced(start_asyncagi: StartAsyncAGI) -> None:
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

    running = start_asyncagi()
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
