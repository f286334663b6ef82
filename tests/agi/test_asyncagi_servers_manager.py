"""What a manager may not, or loses, and the calls in AsyncAGI: on threads and on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix.agi import AGISIGPIPEHangup, Dialogue, core
from tests.agi.peers import OK, eventually, messages
from tests.agi.switch import FAIL
from tests.agi.transports import demo, noop

if TYPE_CHECKING:
    import pytest

    from tests.agi.conftest import StartAsyncAGI
    from tests.agi.transports import Until


def test_manager_that_may_not(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """The error says what Asterisk said, and so does the log of the call that stays."""
    running = start_asyncagi()
    running.register(None, noop)
    running.switch.refuse["AGI"] = "Permission denied"
    peer = running.connect()
    eventually(lambda: len(messages(caplog)) == 2)
    first, second = messages(caplog)
    assert "Asterisk refused AGI: Permission denied, during NOOP" in first
    assert second.startswith(f"{peer.channel} is not given back to the dialplan: Asterisk refused")


def test_failure_that_cannot_be_told(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a line in the log."""

    async def script(agi: Any, _: Until) -> None:
        await agi.execute(core.Noop())
        running.switch.refuse["AGI"] = "Permission denied"
        raise ZeroDivisionError

    running = start_asyncagi()
    running.serve(script)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert "is not ended as a failure: Asterisk refused AGI" in messages(caplog)[-1]


def test_connection_lost(start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture) -> None:
    """Every session is told, and says so; calls that come over a new one are served."""
    seen: list[str] = []

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.StreamFile("x")
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))
            raise

    running = start_asyncagi()
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
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that are still in AsyncAGI are ended as failures, when there is a new connection."""
    running = start_asyncagi(reconnect=True)
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


def test_call_that_cannot_be_ended(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a line in the log."""
    running = start_asyncagi(reconnect=True)
    running.register(None, noop)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    running.switch.refuse["AGI"] = "Permission denied"
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    running._reconnect()
    text = f"{peer.channel} stays in AsyncAGI, its session lost: Asterisk refused AGI"
    eventually(lambda: any(line.startswith(text) for line in messages(caplog)))


def test_gap_without_calls(start_asyncagi: StartAsyncAGI) -> None:
    """There is nothing to be done about it, and calls are served again."""
    running = start_asyncagi(reconnect=True)
    running.register(None, noop)
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_event_that_looks_like_a_gap(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody made Asterisk send it: it is none."""
    running = start_asyncagi(reconnect=True)
    running.register(None, noop)
    running.switch.event("Gap", "Uniqueid: 1.1")
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert messages(caplog) == []
