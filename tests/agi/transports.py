"""Every transport on which a call can be served, used in the same way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import uvloop

from pystrix.agi import AGI, AsyncAGIServer, FastAGIServer, aio, core
from pystrix.agi._process import _HangupHook
from pystrix.ami import Manager
from pystrix.ami import aio as ami_aio
from pystrix.ami._backoff import Backoff
from tests.agi.peers import TIMEOUT, Background, Peer, PipePeer, environment, eventually
from tests.agi.switch import Call, Switch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from pystrix.agi import Dialogue

    Condition = Callable[[], object]
    Until = Callable[[Condition], Awaitable[None]]
    Script = Callable[[Any, Until], Coroutine[Any, Any, Any]]
    """What is run with a session as if on asyncio, and a function that waits for a condition."""

    LoopFactory = Callable[[], asyncio.AbstractEventLoop] | None

T = TypeVar("T")


def demo(*_: Any) -> Dialogue[None]:
    """Do what the documented program does."""
    yield core.Answer()
    pressed = yield core.StreamFile("demo-thanks", escape_digits=("1", "2"))
    if pressed:
        digit, offset = pressed
        yield core.Verbose(f"{digit} at {offset}")
    yield core.Hangup()


def noop(*_: Any) -> Dialogue[None]:
    """Execute one command."""
    yield core.Noop()


class Running(Protocol):
    """Something that serves calls."""

    signals: bool
    """Whether a hang-up is told by a signal, rather than by a line."""
    survives: bool
    """Whether a session goes on after a hang-up, with the commands that work on a dead channel."""

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Have scripts served by a dialogue, which gets a handler's five arguments."""
        ...

    def serve(self, script: Script) -> None:
        """Have every call served by a script."""
        ...

    def connect(
        self, script: str | None = "demo", *arguments: str, chunk: int | None = None
    ) -> Any:
        """Make a call: give Asterisk's end, which has sent the environment."""
        ...

    def stop(self) -> None:
        """Have all callers leave, and wait until all has ended."""
        ...


class Server(Running, Protocol):
    """A server."""

    address: tuple[Any, ...]
    server: Any


class _Calls:
    """The peers that called a server."""

    signals = False
    survives = True
    address: tuple[Any, ...]

    def __init__(self) -> None:
        self._peers: list[Peer] = []

    def connect(
        self, script: str | None = "demo", *arguments: str, chunk: int | None = None
    ) -> Peer:
        """Call the server."""
        self._peers.append(peer := Peer.connect(self.address, chunk=chunk))
        peer.send(environment(script, arguments))
        return peer

    def leave(self) -> None:
        """Have all peers leave."""
        for peer in self._peers:
            peer.close()


class _Plain:
    """A session on a thread that looks as if it were on asyncio."""

    def __init__(self, agi: Any) -> None:
        self._agi = agi

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agi, name)

    async def execute(self, action: Any, **options: Any) -> Any:
        """Execute an action; nothing is awaited."""
        return self._agi.execute(action, **options)


def _run_plain(script: Script, agi: Any) -> None:
    """Run a script on a thread."""

    async def until(condition: Condition) -> None:
        eventually(condition)

    try:
        script(_Plain(agi), until).send(None)
    except StopIteration:
        return
    raise AssertionError("a script on a thread awaited something else")


async def _until(condition: Condition) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not condition():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.002)


class Threads(_Calls):
    """The threaded server."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.server = FastAGIServer(port=0, daemon_threads=False, **options)
        self.address = self.server.server_address
        self._serving = Background(self.server.serve_forever)

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        def handler(agi: Any, *arguments: Any) -> None:
            agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def serve(self, script: Script) -> None:
        """Register a script."""
        self.server.register_script_handler(None, lambda agi, *_: _run_plain(script, agi))

    def stop(self) -> None:
        """End it."""
        self.leave()
        self.server.shutdown()
        self._serving.result()
        self.server.server_close()


class Asyncio(_Calls):
    """The asyncio server, on a loop in a thread of its own.

    Args:
        loop_factory: Makes the loop; None for the stock one.
        options: For the server.
    """

    def __init__(self, loop_factory: LoopFactory = None, **options: Any) -> None:
        super().__init__()
        self.server = aio.FastAGIServer(port=0, **options)
        self.address = self.server.server_address
        self._ready = threading.Event()
        self._factory = loop_factory
        self._serving = Background(self._run)
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            self.loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        async with self.server:
            self._ready.set()
            await self.server.serve_forever()

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        async def handler(agi: Any, *arguments: Any) -> None:
            await agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def serve(self, script: Script) -> None:
        """Register a script."""

        async def handler(agi: Any, *_: Any) -> None:
            await script(agi, _until)

        self.server.register_script_handler(None, handler)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT)

    def stop(self) -> None:
        """End it."""
        self.leave()
        if not self.loop.is_closed():
            asyncio.run_coroutine_threadsafe(self.server.shutdown(), self.loop)
        self._serving.result()


def _log_error(_: object, error: BaseException, __: object) -> None:
    logging.getLogger("pystrix.tests").error("a program failed", exc_info=error)


class Stdio:
    """Programs over two pipes, each in a thread instead of a process."""

    signals = True
    survives = True

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._dialogues: dict[Any, Callable[..., Dialogue[Any]]] = {}
        self._script: Script | None = None
        self._peers: list[PipePeer] = []
        self._programs: list[Background] = []

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Have a program be a dialogue."""
        self._dialogues[pattern] = dialogue

    def serve(self, script: Script) -> None:
        """Have every program be a script."""
        self._script = script

    def connect(
        self, script: str | None = "demo", *arguments: str, chunk: int | None = None
    ) -> PipePeer:
        """Start a program."""
        self._peers.append(peer := PipePeer(chunk=chunk))
        peer.send(environment(script, arguments))
        self._programs.append(Background(self._start, peer, script))
        return peer

    def stop(self) -> None:
        """Wait until all programs have ended."""
        for peer in self._peers:
            peer.close()
        for program in self._programs:
            program.result()

    def _start(self, peer: PipePeer, script: str | None) -> None:
        """Run a program, and end it as a process ends."""
        try:
            self._main(peer, script)
        except BaseException as error:  # noqa: BLE001 - it is told as the interpreter would
            _HangupHook(_log_error)(type(error), error, None)

    def _dialogue(self, agi: Any, script: str | None) -> Dialogue[Any]:
        """Begin the dialogue of a script."""
        found = self._dialogues.get(script) or self._dialogues[None]
        return found(agi, agi.request.args, {}, None, script)

    def _main(self, peer: PipePeer, script: str | None) -> None:
        with AGI(descriptors=peer.program_ends, **self._options) as agi:
            peer.signal = agi._signalled
            if self._script is not None:
                _run_plain(self._script, agi)
            else:
                agi.execute(self._dialogue(agi, script))


class AsyncStdio(Stdio):
    """The same on asyncio, each on a loop of its own.

    Args:
        loop_factory: Makes the loop; None for the stock one.
        options: For the sessions.
    """

    def __init__(self, loop_factory: LoopFactory = None, **options: Any) -> None:
        super().__init__(**options)
        self._factory = loop_factory

    def _main(self, peer: PipePeer, script: str | None) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            runner.run(self._run(peer, script))

    async def _run(self, peer: PipePeer, script: str | None) -> None:
        async with aio.AGI(descriptors=peer.program_ends, **self._options) as agi:
            peer.signal = agi._signalled
            if self._script is not None:
                await self._script(agi, _until)
            else:
                await agi.execute(self._dialogue(agi, script))


def uv(**options: Any) -> Asyncio:
    """Start the asyncio server on uvloop."""
    return Asyncio(uvloop.new_event_loop, **options)


def uv_stdio(**options: Any) -> AsyncStdio:
    """Start programs on uvloop."""
    return AsyncStdio(uvloop.new_event_loop, **options)


class _Switched:
    """Calls in AsyncAGI, over a manager."""

    signals = False
    survives = False
    server: Any

    def __init__(self) -> None:
        self.switch = Switch()
        self.switch.is_over = lambda uniqueid: uniqueid not in self._served()
        self._manager: Any
        self._stopped = False

    def _served(self) -> list[str]:
        """Give the unique ids of the calls that the server knows."""
        return [link.uniqueid for link in list(self.server._desk._lines)]

    def _reconnect(self) -> None:
        """Connect the manager again."""
        raise NotImplementedError

    def connect(
        self, script: str | None = "demo", *arguments: str, chunk: int | None = None
    ) -> Call:
        """Make a call."""
        if not self._manager.is_connected():
            self._reconnect()
        return self.switch.call(*([] if script is None else [script]), *arguments, chunk=chunk)

    def leave(self) -> None:
        """Have all calls be gone."""
        with contextlib.suppress(OSError):  # the manager has left
            for call in self.switch.calls.values():
                call.close()


class ThreadedAsyncAGI(_Switched):
    """The threaded server of AsyncAGI.

    Args:
        idle: Whether it does not serve yet.
        reconnect: Whether its manager connects again.
        options: For the server.
    """

    def __init__(self, *, idle: bool = False, reconnect: bool = False, **options: Any) -> None:
        super().__init__()
        self._manager = Manager(reconnect=Backoff(first=0.01) if reconnect else False)
        self._reconnects = reconnect
        accepting = Background(self.switch.accept)
        self._manager.connect("127.0.0.1", self.switch.port, username="u", auth="plain")
        accepting.result()
        self.server = AsyncAGIServer(self._manager, **{"daemon_threads": False, **options})
        self._serving: Background | None = None
        if not idle:
            self.begin()

    def begin(self) -> None:
        """Begin to serve."""
        self._serving = Background(self.server.serve_forever)

    def shutdown(self) -> None:
        """Stop taking calls."""
        self.server.shutdown()

    def _reconnect(self) -> None:
        if self._reconnects:
            self.switch.accept()
            eventually(self._manager.is_connected)
            return
        accepting = Background(self.switch.accept)
        self._manager.connect("127.0.0.1", self.switch.port, username="u", auth="plain")
        accepting.result()

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        def handler(agi: Any, *arguments: Any) -> None:
            agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def serve(self, script: Script) -> None:
        """Register a script."""
        self.server.register_script_handler(None, lambda agi, *_: _run_plain(script, agi))

    def stop(self) -> None:
        """End it."""
        if self._stopped:
            return
        self._stopped = True
        with self.switch:
            self.leave()
            self.server.shutdown()
            if self._serving is not None:
                self._serving.result()
            self.server.server_close()
            self._manager.close()


class AsyncioAsyncAGI(_Switched):
    """The asyncio server of AsyncAGI, on a loop in a thread of its own.

    Args:
        loop_factory: Makes the loop; None for the stock one.
        idle: Whether it does not serve yet.
        options: For the server.
    """

    def __init__(
        self,
        loop_factory: LoopFactory = None,
        *,
        idle: bool = False,
        reconnect: bool = True,  # noqa: ARG002 - it always does
        **options: Any,
    ) -> None:
        super().__init__()
        self._options = options
        self._begun = threading.Event()
        if not idle:
            self.begin()
        self._ready = threading.Event()
        self._factory = loop_factory
        self._serving = Background(self._run)
        self.switch.accept()
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            self.loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        backoff = Backoff(first=0.01)
        self._manager = ami_aio.Manager(
            "127.0.0.1", self.switch.port, username="u", secret="", auth="plain", reconnect=backoff
        )
        async with self._manager:
            self.server = aio.AsyncAGIServer(self._manager, **self._options)
            async with self.server:
                self._ready.set()
                await asyncio.to_thread(self._begun.wait, TIMEOUT)
                await self.server.serve_forever()

    def begin(self) -> None:
        """Begin to serve."""
        self._begun.set()

    def shutdown(self) -> None:
        """Stop taking calls."""
        self.run(self.server.shutdown())

    def _reconnect(self) -> None:
        self.switch.accept()
        eventually(self._manager.is_connected)

    def register(self, pattern: Any, dialogue: Callable[..., Dialogue[Any]]) -> None:
        """Register a dialogue."""

        async def handler(agi: Any, *arguments: Any) -> None:
            await agi.execute(dialogue(agi, *arguments))

        self.server.register_script_handler(pattern, handler)

    def serve(self, script: Script) -> None:
        """Register a script."""

        async def handler(agi: Any, *_: Any) -> None:
            await script(agi, _until)

        self.server.register_script_handler(None, handler)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT)

    def stop(self) -> None:
        """End it."""
        if self._stopped:
            return
        self._stopped = True
        self.begin()
        with self.switch:
            self.leave()
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self.loop.call_soon_threadsafe(self.server._desk.stop)
            self._serving.result()


def uv_asyncagi(**options: Any) -> AsyncioAsyncAGI:
    """Start the asyncio server of AsyncAGI on uvloop."""
    return AsyncioAsyncAGI(uvloop.new_event_loop, **options)


SERVERS: dict[str, Callable[..., Server]] = {"threads": Threads, "asyncio": Asyncio, "uvloop": uv}
PROGRAMS: dict[str, Callable[..., Running]] = {
    "stdio": Stdio,
    "stdio-asyncio": AsyncStdio,
    "stdio-uvloop": uv_stdio,
}
SWITCHED: dict[str, Callable[..., Any]] = {
    "asyncagi": ThreadedAsyncAGI,
    "asyncagi-asyncio": AsyncioAsyncAGI,
    "asyncagi-uvloop": uv_asyncagi,
}
ALL: dict[str, Callable[..., Running]] = {**SERVERS, **PROGRAMS, **SWITCHED}


@contextlib.contextmanager
def making(kind: Callable[..., T]) -> Iterator[Callable[..., T]]:
    """Give a maker of one kind; all that it made is stopped when the block ends."""
    running: list[Any] = []

    def make(**options: Any) -> T:
        running.append(made := kind(**options))
        return made

    yield make
    for each in running:
        each.stop()
