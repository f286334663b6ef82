"""What the servers of AsyncAGI do, the same on threads and on asyncio: the calls they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pystrix.agi import Dialogue, core
from tests.agi.peers import OK, eventually, messages
from tests.agi.switch import BREAK, FAIL
from tests.agi.transports import demo, noop

if TYPE_CHECKING:
    import pytest

    from pystrix.agi import Environment
    from tests.agi.conftest import StartAsyncAGI


# Which calls are served.


def test_handler_arguments(start_asyncagi: StartAsyncAGI) -> None:
    """The first argument is the script; the others are arguments."""
    seen: list[Any] = []

    def look(agi: Any, args: Any, kwargs: Any, match: Any, path: str) -> Dialogue[None]:
        seen.append((args, kwargs, match.group(1), path, agi.request.path))
        seen.append((agi.environment.channel, agi.environment["agi_arg_1"]))
        yield core.Noop()

    running = start_asyncagi()
    running.register(r"pay/(\d+)", look)
    peer = running.connect("pay/42?x=1", "one", "")
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert seen == [
        (("one", ""), {"x": ["1"]}, "42", "pay/42", "pay/42"),
        (peer.channel, "pay/42?x=1"),
    ]


def test_call_that_nobody_takes(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left alone, for another server may take it; the log says so."""
    running = start_asyncagi()
    running.register("known", noop)
    peer = running.connect("unknown")
    eventually(lambda: messages(caplog))
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    assert peer.unheard() == []
    assert messages(caplog) == [
        f"AsyncAGI, channel {peer.channel}: no handler for the script 'unknown'"
    ]


def test_call_that_nobody_takes_is_given_back(start_asyncagi: StartAsyncAGI) -> None:
    """If that is wanted."""
    running = start_asyncagi(leave_unknown=False)
    running.register("known", noop)
    assert running.connect("unknown").rest() == b""


def test_calls_of_others(start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture) -> None:
    """They are left alone without a word."""

    def is_ours(environment: Environment) -> bool:
        if environment.path == "broken":
            raise ZeroDivisionError
        return environment.context == "sip" and environment.arguments[:1] == ("ours",)

    running = start_asyncagi(accept=is_ours)
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


def test_long_environment(start_asyncagi: StartAsyncAGI) -> None:
    """All of it is there before the handler is called."""
    seen: list[Any] = []

    def look(_: Any, args: Any, *__: Any) -> Dialogue[None]:
        seen.append(args)
        yield core.Noop()

    running = start_asyncagi()
    running.register("x", look)
    peer = running.connect("x", "y" * 5000, "z")
    for _ in range(1 + 1 + 2 + 4):
        peer.answer_echo()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""
    assert seen == [("y" * 5000, "z")]


def test_environment_that_was_cut(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """The call is not served, which is a failure for the dialplan."""
    running = start_asyncagi()
    running.register(None, noop)
    peer = running.connect("x", "ü" * 800)
    peer.answer_echo()
    peer.answer_echo()
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert "not served: Asterisk has cut the environment" in messages(caplog)[0]


def test_hangup_before_the_environment_is_complete(
    start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is called, and nothing is worth a line."""
    running = start_asyncagi()
    running.register(None, noop)
    peer = running.connect("x", "y" * 2000)
    assert peer.line().startswith(b"GET FULL VARIABLE")
    peer.hangup()
    assert peer.rest() == b""
    assert messages(caplog) == []


def test_max_calls(start_asyncagi: StartAsyncAGI, caplog: pytest.LogCaptureFixture) -> None:
    """A call beyond the limit is ended as a failure; after the end of another there is room."""
    running = start_asyncagi(max_calls=1)
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


def test_many_calls_at_once(start_asyncagi: StartAsyncAGI) -> None:
    """Two hundred calls at a time."""
    running = start_asyncagi()
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


# Serving.


def test_calls_that_wait(start_asyncagi: StartAsyncAGI) -> None:
    """Those that come while nobody serves are served then, if they are still there."""
    running = start_asyncagi(idle=True)
    running.register(None, noop)
    gone, waits = running.connect(), running.connect()
    gone.end()
    lines = running.server._desk._offered
    eventually(lambda: [line.link.uniqueid for line in lines] == [waits.uniqueid])
    running.begin()
    waits.expect(b"NOOP", OK)
    assert waits.rest() == b""
    assert gone.unheard() == []


def test_shutdown(start_asyncagi: StartAsyncAGI) -> None:
    """After it calls are left alone; those that run go on, and are heard to their end."""
    running = start_asyncagi(daemon_threads=False)
    running.register(None, noop)
    first = running.connect()
    assert first.line() == b"NOOP"
    running.shutdown()
    late = running.connect()
    first.reply(OK)
    assert first.sent() == BREAK
    running.stop()
    assert late.unheard() == []
