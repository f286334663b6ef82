"""The threaded server of AsyncAGI: what it does with threads, and how it is closed."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from pystrix.agi import AGISIGPIPEHangup, AsyncAGI, AsyncAGIServer, aio, core
from pystrix.agi._asyncagi_desk import Desk, Line
from pystrix.agi._asyncagi_links import LEFT, Link, Links, Request
from pystrix.agi._asyncagi_protocol import Result
from pystrix.ami import Manager, ManagerError
from pystrix.ami import aio as ami_aio
from pystrix.ami import core as ami_core
from tests.agi.peers import OK, TIMEOUT, Background, eventually, records
from tests.agi.switch import BREAK, FAIL, Switch
from tests.agi.transports import ThreadedAsyncAGI, making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agi.switch import Call


@pytest.fixture
def start() -> Iterator[Callable[..., ThreadedAsyncAGI]]:
    """Give a maker of servers."""
    with making(ThreadedAsyncAGI) as make:
        yield make


def plain(agi: Any, *_: object) -> None:
    """Execute one command."""
    agi.execute(core.Noop())


# Both colours.


def signature(function: Any) -> str:
    """Give the parameters of a function, as they are written."""
    return str(inspect.signature(function)).partition(" ->")[0]


def test_parity() -> None:
    """Both servers have the same names and parameters, and their sessions those of others."""
    for one, other in ((AsyncAGIServer, aio.AsyncAGIServer), (AsyncAGIServer, aio.FastAGIServer)):
        names = {name for name in dir(one) if not name.startswith("_")}
        others = {name for name in dir(other) if not name.startswith("_")}
        assert names - others <= {"daemon_threads"}
        assert others - names <= {"fileno"}
        for name in names & others - {"daemon_threads", "runs_coroutines"}:
            assert signature(getattr(one, name)) == signature(getattr(other, name)), name
    written = [
        signature(server.__init__).replace(".aio.", ".")
        for server in (AsyncAGIServer, aio.AsyncAGIServer)
    ]
    assert written[0] == written[1]


def test_wrong_manager() -> None:
    """It is told which one, or which server, to take."""
    with pytest.raises(TypeError, match=r"take pystrix\.agi\.aio\.AsyncAGIServer"):
        AsyncAGIServer(ami_aio.Manager("127.0.0.1", username="u", secret=""))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"take pystrix\.agi\.AsyncAGIServer"):
        aio.AsyncAGIServer(Manager())  # type: ignore[arg-type]


def test_wrong_handler(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """It is told which server runs it."""

    async def coroutine(*_: object) -> None:
        """Do nothing."""

    server = start().server
    with pytest.raises(TypeError, match=r"take a plain function, or pystrix\.agi\.aio\.AsyncAGIS"):
        server.register_script_handler("x", coroutine)


def test_script_decorator(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """A handler that takes the session alone."""
    running = start()
    server: AsyncAGIServer = running.server

    @server.script(r"pay/(\d+)")
    def pay(agi: AsyncAGI) -> None:
        assert agi.fileno() == -1
        agi.execute(core.Verbose(f"{agi.request.match and agi.request.match[1]}"))

    assert running.server.get_script_handler("pay/1")[0] is pay
    peer = running.connect("pay/42")
    peer.expect(b'VERBOSE "42" "1"', b"200 result=1")
    assert peer.rest() == b""


# Serving.


def test_handle_request(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """One call, and not that of somebody else."""
    running = start(idle=True, accept=lambda environment: environment.path != "theirs")
    running.server.register_script_handler(None, plain)
    running.server.timeout = 0.01
    running.server.handle_request()
    peers = [running.connect(path) for path in ("theirs", "x", "y")]
    running.server.timeout = TIMEOUT
    running.server.handle_request()
    peers[1].expect(b"NOOP", OK)
    assert peers[1].rest() == b""
    assert peers[0].unheard() == peers[2].unheard() == []
    running.server.handle_request()
    peers[2].expect(b"NOOP", OK)
    assert peers[2].rest() == b""


def test_refused_request(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """A call for which there is no room is one, too."""
    running = start(idle=True, max_calls=0)
    peer = running.connect()
    running.server.handle_request()
    peer.expect(FAIL, b"200 result=-1 (hangup)")


def test_serving_twice(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """Another thread cannot serve beside the one that does."""
    running = start()
    eventually(lambda: running.server._serving)
    with pytest.raises(RuntimeError, match="another thread serves already"):
        running.server.serve_forever()


def test_shutdown_in_every_order(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """Any number of times; then nobody serves."""
    running = start(idle=True)
    peer = running.connect()
    eventually(lambda: running.server._desk._offered)
    running.server.shutdown()
    running.server.shutdown()
    running.server.serve_forever()
    assert running.switch.is_over(peer.uniqueid)
    assert peer.unheard() == []


def test_shutdown_by_a_handler(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """It waits until nobody serves, not for itself."""
    running = start()

    def handler(agi: Any, *_: object) -> None:
        running.server.shutdown()
        running.server.server_close()
        agi.execute(core.Noop())

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_shutdown_by_a_signal() -> None:
    """A signal handler may call it in the thread that serves."""
    switch, manager = Switch(), Manager()
    manager.connect("127.0.0.1", switch.port)
    switch.accept()

    def kill() -> None:
        eventually(lambda: server._serving)
        os.kill(os.getpid(), signal.SIGUSR1)

    with switch, AsyncAGIServer(manager) as server:
        before = signal.signal(signal.SIGUSR1, lambda *_: server.shutdown())
        try:
            killer = Background(kill)
            server.serve_forever()
            killer.result()
        finally:
            signal.signal(signal.SIGUSR1, before)
        manager.close()


def test_no_thread(
    start: Callable[..., ThreadedAsyncAGI],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A call for which the system has no thread is ended as a failure."""
    running = start()
    running.server.register_script_handler(None, plain)

    def submit(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(running.server._pool, "submit", submit)
        peer = running.connect()
        peer.expect(FAIL, b"200 result=-1 (hangup)")
        peer.end("FAILURE")
        assert peer.rest() == b""
    assert "refused, no thread: can't start" in records(caplog)[0].getMessage()
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.rest() == b""


def test_manager_that_refuses_the_rest_of_an_environment(
    start: Callable[..., ThreadedAsyncAGI], caplog: pytest.LogCaptureFixture
) -> None:
    """There is no session then."""
    caplog.set_level("DEBUG", "pystrix")
    running = start()
    running.server.register_script_handler(None, plain)
    running.switch.refuse["AGI"] = "Permission denied"
    peer = running.connect("x", "y" * 2000)
    eventually(lambda: "not served: Asterisk refused AGI: Permission denied" in caplog.text)
    eventually(lambda: not running.server._desk._lines)
    assert peer.unheard() == []


def test_manager_that_is_not_connected() -> None:
    """Nothing waits for a connection: over another one it would be for nobody."""
    desk = Desk(Manager(reconnect=True))
    with pytest.raises(ManagerError, match="cannot send AGI: the manager is not connected"):
        desk.send(Link("", "", Result()), [Request("AGI", {})])


# A connection that the program makes again.


def lose(running: ThreadedAsyncAGI) -> Call:
    """Have a call be in AsyncAGI, and its session be lost with the connection."""
    running.server.register_script_handler(None, plain)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    running.switch.cut()
    eventually(lambda: not running._manager.is_connected())
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    return peer


def lost_calls(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what the log says of calls whose sessions were lost."""
    found = [record.getMessage() for record in records(caplog) if record.name == "pystrix.agi"]
    return [text for text in found if "lost" in text and "NOOP" not in text]


def test_manual_connection(
    start: Callable[..., ThreadedAsyncAGI], caplog: pytest.LogCaptureFixture
) -> None:
    """When it is logged in, the calls of the last one that are still there are ended."""
    running = start()
    peer = lose(running)
    running._reconnect()
    assert peer.sent() == FAIL
    eventually(lambda: lost_calls(caplog))
    assert lost_calls(caplog) == [f"{peer.channel} is ended as a failure, its session lost"]
    assert peer.unheard() == []


def test_connection_that_the_program_logs_in(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """The first event says that it is; before it nothing is asked."""
    running = start()
    peer = lose(running)
    accepting = Background(running.switch.accept)
    running._manager.connect("127.0.0.1", running.switch.port)
    accepting.result()
    heard: list[object] = []
    running._manager.register_callback(None, lambda response, _: heard.append(response))
    running.switch._peers[-1].message("Response: Success", "ActionID: too late")
    eventually(lambda: heard)
    assert running.server._desk._unsettled
    running._manager.send(ami_core.Login("u", ""))
    assert peer.sent() == FAIL
    assert peer.unheard() == []


def test_connection_that_is_dropped(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """A program that connects again, though there is a connection, loses its sessions too."""
    running = start()
    seen: list[str] = []

    def handler(agi: Any, *_: object) -> None:
        with pytest.raises(AGISIGPIPEHangup) as caught:
            agi.execute(core.Noop())
        seen.append(str(caught.value))

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    running._reconnect()
    eventually(lambda: seen)
    assert "the connection to the manager was lost: the manager disconnected" in seen[0]
    assert peer.sent() == FAIL


def test_calls_that_are_not_known(
    start: Callable[..., ThreadedAsyncAGI], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever may not ask for the channels is told that calls may stay."""
    running = start()
    peer = lose(running)
    running.switch.refuse["CoreShowChannels"] = "Permission denied"
    running._reconnect()
    eventually(lambda: lost_calls(caplog))
    (text,) = lost_calls(caplog)
    assert text.startswith("calls may stay in AsyncAGI, their sessions lost: Asterisk refused")
    assert peer.unheard() == []


# Closing.


def test_close_of_a_running_call(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """Its session ends at once, and the call is given back, whatever the handler waits for."""
    running = start(daemon_threads=True)
    assert running.server.daemon_threads
    ready, going, seen = threading.Event(), threading.Event(), threading.Event()

    def handler(agi: Any, *_: object) -> None:
        agi.execute(core.Noop())
        ready.set()
        going.wait(TIMEOUT)
        with pytest.raises(AGISIGPIPEHangup):
            agi.execute(core.Noop())
        seen.set()

    def waits(agi: Any, *_: object) -> None:
        agi.execute(core.WaitForDigit())

    running.server.register_script_handler("idle", handler)
    running.server.register_script_handler("waits", waits)
    idle, waiting = running.connect("idle"), running.connect("waits")
    idle.expect(b"NOOP", OK)
    assert waiting.line().startswith(b"WAIT FOR DIGIT")
    assert ready.wait(TIMEOUT)
    running.server.server_close()
    assert idle.line() == BREAK
    assert waiting.line() == BREAK
    going.set()
    assert seen.wait(TIMEOUT)
    eventually(lambda: not running.server._desk._lines)
    assert running._manager._taps._taps == ()
    assert idle.unheard() == waiting.unheard() == []


def test_close_waits(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """Without daemon threads it waits for the calls that run."""
    running = start(daemon_threads=True)
    running.server.daemon_threads = False
    running.server.register_script_handler(None, plain)
    peer = running.connect()
    assert peer.line() == b"NOOP"
    closing = Background(running.server.server_close)
    eventually(lambda: running.server._desk._closed)
    assert closing.thread.is_alive()
    peer.reply(OK)
    assert peer.rest() == b""
    closing.result()


def test_close_from_another_thread(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """A command that waits raises; nothing can be sent then."""
    running = start()
    sessions: list[Any] = []
    seen: list[str] = []

    def handler(agi: Any, *_: object) -> None:
        sessions.append(agi)
        try:
            agi.execute(core.WaitForDigit())
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    assert peer.line().startswith(b"WAIT FOR DIGIT")
    sessions[0].close()
    assert peer.rest() == b""
    assert "the session is closed, during WAIT FOR DIGIT" in seen[0]


def test_close_in_the_moment_of_a_command(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """It is not sent any more."""
    running = start()

    def handler(agi: Any, *_: object) -> None:
        agi._stream.interrupt()
        with pytest.raises(AGISIGPIPEHangup):
            agi.execute(core.Noop())

    running.server.register_script_handler(None, handler)
    assert running.connect().rest() == b""


def test_failure_in_the_middle_of_a_command(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """What a signal handler raises leaves the command to Asterisk; the failure waits for it."""
    running = start()

    def handler(agi: Any, *_: object) -> None:
        receive, agi._line.receive = agi._line.receive, lambda: 1 / 0
        try:
            agi.execute(core.Exec("Wait", 9))
        finally:
            agi._line.receive = receive

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    assert peer.line().startswith(b"EXEC")
    eventually(lambda: peer._commands.qsize() == 1)
    peer.reply(b"200 result=-1")
    peer.expect(FAIL, b"200 result=-1 (hangup)")
    peer.end("FAILURE")
    assert peer.rest() == b""
    assert peer.unheard() == []


# Hang-ups.


def test_callback_of_an_idle_session(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """It is called in a thread of its own, though the handler waits for something else."""
    running = start()
    called, going = threading.Event(), threading.Event()
    threads: list[str] = []

    def handler(agi: Any, *_: object) -> None:
        agi.on_hangup(lambda: threads.append(threading.current_thread().name))
        agi.on_hangup(called.set)
        going.wait(TIMEOUT)

    running.server.register_script_handler(None, handler)
    peer = running.connect()
    eventually(lambda: running.server._running)
    peer.end()
    assert called.wait(TIMEOUT)
    going.set()
    assert peer.rest() == b""
    assert threads == ["pystrix-hangup"]


def test_watching() -> None:
    """What comes is noticed once, and what came before the watching began as well."""
    noticed: list[str] = []

    class Session:
        """Notes that it is told."""

        def __init__(self, name: str) -> None:
            self._name = name

        def notice(self) -> None:
            """Note it."""
            noticed.append(self._name)

    link, _ = Links().begin({"Event": "AsyncAGIStart"})
    desk: Any = None
    line = Line(desk, link)
    early, late, never = (cast("Any", Session(name)) for name in ("early", "late", "never"))
    line.watch(early)
    assert noticed == []
    line.put(LEFT)
    line.put(LEFT)
    assert noticed == ["early"]
    line.watch(late)
    assert noticed == ["early", "late"]
    line = Line(desk, link)
    line.watch(never)
    line.forget(-1)
    line.put(LEFT)
    assert noticed == ["early", "late"]


def test_result_for_a_session_that_is_closed(start: Callable[..., ThreadedAsyncAGI]) -> None:
    """It is dropped."""
    running = start()
    running.server.register_script_handler(None, plain)
    peer = running.connect()
    peer.expect(b"NOOP", OK)
    assert peer.line() == BREAK
    eventually(lambda: running.switch.is_over(peer.uniqueid))
    peer.reply(OK)
    peer.end("SUCCESS")
    last = running.connect()
    last.expect(b"NOOP", OK)
    assert last.rest() == b""
