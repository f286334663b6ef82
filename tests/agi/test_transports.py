"""What a session and a server do, the same on every transport."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIAppError, AGIDeadChannelError, AGIHangup, Dialogue, core, errors
from tests.agi.peers import DEAD, Peer, environment, eventually
from tests.agi.transports import ALL, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Running]
    Connect = Callable[..., Peer]


@pytest.fixture(params=ALL, ids=str)
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Give a maker of servers of each transport."""
    running: list[Running] = []

    def make(**options: Any) -> Running:
        running.append(ALL[request.param](**options))
        return running[-1]

    yield make
    for each in running:
        each.stop()


@pytest.fixture
def connect(start: Start) -> Iterator[Connect]:
    """Give a maker of peers, which leave before the servers stop."""
    assert start is not None
    peers: list[Peer] = []

    def make(
        running: Running, script: str | None = "demo", *arguments: str, chunk: int | None = None
    ) -> Peer:
        peer = Peer.connect(running.address, chunk=chunk)
        peers.append(peer)
        peer.send(environment(script, arguments))
        return peer

    yield make
    for peer in peers:
        peer.close()


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Give what the library logged at level WARNING and above."""
    return [
        record
        for record in caplog.records
        if record.name.startswith("pystrix") and record.levelno >= logging.WARNING
    ]


def demo(*_: Any) -> Dialogue[None]:
    """Do what the documented program does."""
    yield core.Answer()
    pressed = yield core.StreamFile("demo-thanks", escape_digits=("1", "2"))
    if pressed:
        digit, offset = pressed
        yield core.Verbose(f"{digit} at {offset}")
    yield core.Hangup()


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_documented_program(start: Start, connect: Connect, chunk: int | None) -> None:
    """Both branches, however the bytes arrive."""
    running = start()
    running.register("demo", demo)
    for reply, more in ((b"200 result=0 endpos=9", None), (b"200 result=50 endpos=7", b"2 at 7")):
        peer = connect(running, chunk=chunk)
        peer.expect(b"ANSWER", b"200 result=0")
        peer.expect(b'STREAM FILE "demo-thanks" "12" "0"', reply)
        if more:
            peer.expect(b'VERBOSE "' + more + b'" "1"', b"200 result=1")
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""


def test_handler_arguments(start: Start, connect: Connect) -> None:
    """The five arguments, and the request of the session."""
    seen: list[Any] = []

    def look(agi: Any, args: Any, kwargs: Any, match: Any, path: str) -> Dialogue[None]:
        seen.append((args, kwargs, match.group(1), path, agi.request.path, agi.environment.channel))
        seen.append(agi.get_environment()["agi_extension"])
        yield core.Noop()

    running = start()
    running.register(r"pay/(\d+)", look)
    peer = connect(running, "pay/42?x=1&x=2&y=%20", "one", "")
    peer.expect(b"NOOP", b"200 result=0")
    assert peer.rest() == b""
    query = {"x": ["1", "2"], "y": [" "]}
    channel = "PJSIP/alice-00000001"
    assert seen == [(("one", ""), query, "42", "pay/42", "pay/42", channel), "5551234"]


def test_fallback_and_no_handler(
    start: Start, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """The fallback does nothing; without one it is a warning."""
    running = start()
    assert connect(running, "x").rest() == b""
    eventually(lambda: records(caplog))
    assert "no handler" in records(caplog)[0].getMessage()

    def nothing(*_: Any) -> Dialogue[None]:
        return
        yield core.Noop()

    running.register(None, nothing)
    assert connect(running, "x").rest() == b""


def test_results_and_errors(start: Start, connect: Connect) -> None:
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
    peer = connect(running)
    peer.send(b"noise\n")
    line = peer.line()
    while line.startswith(b"GET FULL VARIABLE"):
        peer.reply(b"200 result=1 (" + line.split(b'"')[1] + b")")
        line = peer.line()
    peer.send(b"200 result=1 (a\nb)\n")
    echo = peer.line()
    peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
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
    (b"200 result=-1", [(b"CHANNEL STATUS", DEAD)], "AGIResultHangup"),
    (b"200 result=-1\nHANGUP", [], "AGIResultHangup"),
    (b"HANGUP\n200 result=-1", [], "AGIResultHangup"),
    (DEAD, [], "AGIDeadChannelError"),
]


@pytest.mark.parametrize(("reply", "more", "name"), HANGUPS)
def test_hangup_in_a_command(
    start: Start,
    connect: Connect,
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
        seen.append((yield core.GetVariable("X")))
        try:
            yield core.Answer()
        except AGIDeadChannelError:
            agi.on_hangup(lambda: called.append(2))
            raise

    running = start()
    running.register(None, script)
    peer = connect(running)
    peer.expect(b'WAIT FOR DIGIT "-1"', reply)
    for line, answer in more:
        peer.expect(line, answer)
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    peer.expect(b"ANSWER", DEAD)
    assert peer.rest() == b""
    assert seen == [name, True, "x"]
    assert called == [1, 2]
    (record,) = records(caplog)
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert "PJSIP/alice-00000001" in record.getMessage()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("reset", [False, True])
def test_connection_lost(
    start: Start, connect: Connect, caplog: pytest.LogCaptureFixture, reset: bool
) -> None:
    """The end of the connection is a hang-up."""
    running = start()
    running.register(None, demo)
    peer = connect(running)
    assert peer.line() == b"ANSWER"
    (peer.reset if reset else peer.close)()
    eventually(lambda: records(caplog))
    assert "ANSWER" in records(caplog)[0].getMessage()
    assert connect(running).line() == b"ANSWER"


def test_failing_handler(start: Start, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """The failure line is the last, the traceback is in the log, and the server serves on."""

    def fail(*_: Any) -> Dialogue[None]:
        yield core.Answer()
        raise ZeroDivisionError

    running = start()
    running.register("fail", fail)
    running.register("demo", demo)
    other = connect(running)
    peer = connect(running, "fail")
    peer.expect(b"ANSWER", b"200 result=0\nHANGUP")
    assert peer.line() == b"failure"
    peer.close()
    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert "PJSIP/alice-00000001" in record.getMessage()
    other.expect(b"ANSWER", b"200 result=0")
    assert other.line().startswith(b"STREAM FILE")


def test_error_that_is_caught(start: Start, connect: Connect) -> None:
    """What a dialogue catches does not end it."""

    def script(*_: Any) -> Dialogue[None]:
        try:
            yield core.Exec("NoSuch")
        except AGIAppError:
            yield core.Verbose("caught")

    running = start()
    running.register(None, script)
    peer = connect(running)
    peer.expect(b'EXEC "NoSuch"', b"200 result=-2")
    peer.expect(b'VERBOSE "caught" "1"', b"200 result=1")
    assert peer.rest() == b""


STRANGERS = [
    (b"agi_network: yes\n", "left in the middle"),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n", "dropped"),
    (b"x" * 100_000, "65536"),
    (b"\0\xff\n\n", "dropped"),
]


@pytest.mark.parametrize(("data", "text"), STRANGERS, ids=["half", "http", "large", "binary"])
def test_strangers(start: Start, caplog: pytest.LogCaptureFixture, data: bytes, text: str) -> None:
    """Whoever does not send an environment is dropped, with one line that names the peer."""
    running = start()
    running.register(None, demo)
    with Peer.connect(running.address) as peer:
        name = "{}:{}".format(*peer.socket.getsockname()[:2])
        with contextlib.suppress(OSError):  # it may have hung up on us already
            peer.send(data)
            peer.half_close()
            peer.rest()
    eventually(lambda: records(caplog))
    (record,) = records(caplog)
    assert text in record.getMessage()
    assert name in record.getMessage()


def test_probe(start: Start, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A peer that connects and leaves is worth a line for debugging only."""
    caplog.set_level(logging.DEBUG, "pystrix")
    running = start()
    running.register(None, demo)
    Peer.connect(running.address).close()
    eventually(lambda: "connected and left" in caplog.text)
    assert records(caplog) == []
    assert connect(running).line() == b"ANSWER"


def test_silent_peer(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """A peer that never sends its whole environment is dropped when its time is up."""
    running = start(handshake_timeout=0.05)
    for data in (b"agi_network: yes\n", b"agi_network: yes\nagi_channel: x\n"):
        with Peer.connect(running.address) as peer:
            peer.send(data)
            assert peer.rest() == b""
    eventually(lambda: len(records(caplog)) == 2)
    assert all("0.05 s" in record.getMessage() for record in records(caplog))


def test_max_calls(start: Start, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A call beyond the limit is told at once; after the end of another there is room."""
    running = start(max_calls=1)
    running.register(None, demo)
    first = connect(running)
    assert first.line() == b"ANSWER"
    with Peer.connect(running.address) as refused:
        assert refused.rest() == b"failure\n"
    first.reply(b"200 result=-1\nHANGUP")
    assert first.rest() == b""
    assert connect(running).line() == b"ANSWER"
    assert "refused, 1 calls" in caplog.text


def test_debug_log(start: Start, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """With debug=True every line is logged."""
    caplog.set_level(logging.DEBUG, "pystrix")
    running = start(debug=True)
    running.register(None, demo)
    peer = connect(running)
    peer.expect(b"ANSWER", b"200 result=0")
    assert peer.line().startswith(b"STREAM FILE")
    assert "<< b'ANSWER" in caplog.text
    assert ">> b'200 result=0" in caplog.text


def test_time_limit(start: Start, connect: Connect) -> None:
    """A prompt over its time is stopped; the session is in step."""
    running = start()
    seen: list[str] = []
    if "aio" in type(running.server).__module__:

        async def handler(agi: Any, *_: Any) -> None:
            try:
                await agi.execute(core.StreamFile("x"), timeout=0.02)
            except TimeoutError:
                seen.append(await agi.execute(core.GetVariable("X")))
            try:
                await agi.execute(core.Exec("Wait", 9), timeout=0.02)
            except TimeoutError:
                seen.append("closed")
            await agi.execute(core.Noop())

        running.server.register_script_handler(None, handler)
    else:

        def threaded(agi: Any, *_: Any) -> None:
            try:
                agi.execute(core.StreamFile("x"), timeout=0.02)
            except TimeoutError:
                seen.append(agi.execute(core.GetVariable("X")))
            try:
                agi.execute(core.Exec("Wait", 9), timeout=0.02)
            except TimeoutError:
                seen.append("closed")
            agi.execute(core.Noop())

        running.server.register_script_handler(None, threaded)
    peer = connect(running)
    assert peer.line() == b'STREAM FILE "x" "" "0"'
    echo = peer.line()
    peer.reply(b"200 result=1 (" + echo.split(b'"')[1] + b")")
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert peer.line() == b'EXEC "Wait" "9"'
    assert peer.rest() == b""
    eventually(lambda: seen == ["x", "closed"])


def test_many_calls_at_once(start: Start, connect: Connect) -> None:
    """Two hundred calls at a time."""
    running = start()
    running.register(None, demo)
    peers = [connect(running) for _ in range(200)]
    for peer in peers:
        peer.expect(b"ANSWER", b"200 result=0")
    for peer in peers:
        assert peer.line().startswith(b"STREAM FILE")
        peer.reply(b"200 result=0 endpos=1")
    for peer in peers:
        peer.expect(b"HANGUP", b"200 result=1")
        assert peer.rest() == b""


def test_scripts_while_serving(start: Start, connect: Connect) -> None:
    """Handlers come and go while calls are served."""
    running = start()
    running.register("demo", demo)
    assert connect(running).line() == b"ANSWER"
    running.server.unregister_script_handler("demo")
    assert connect(running).rest() == b""
    running.register("demo", demo)
    assert running.server.get_script_handler("demo")[0] is not None
    running.server.clear_script_handlers()
    assert running.server.get_script_handler("demo") == (None, None)


def test_shutdown(start: Start, connect: Connect) -> None:
    """After it the port is closed."""
    running = start()
    running.register(None, demo)
    peer = connect(running)
    assert peer.line() == b"ANSWER"
    peer.close()
    assert running.server.fileno() >= 0
    running.stop()
    assert running.server.fileno() == -1
    with pytest.raises(OSError):
        Peer.connect(running.address)
