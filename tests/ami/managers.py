"""Both managers, used in the same way: what one does the other does."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any, Protocol

import uvloop

from pystrix.ami import Backoff, Manager, aio
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pystrix.ami import Action, Event, Message
    from tests.ami.servers import Peer, ScriptedServer

    LoopFactory = Callable[[], asyncio.AbstractEventLoop] | None

AT_ONCE = Backoff(0, 1, 0)
"""No waits."""

LOGIN: dict[str, Any] = {"username": "admin", "secret": "s3cret"}
CONNECT = {"ssl", "server_hostname", "auth", "event_mask", "boot_timeout", "wait_for_asterisk"}
"""What the threaded manager is told when it connects."""


class Running(Protocol):
    """A manager, from a test's thread."""

    manager: Any

    def connect(self) -> None:
        """Connect, and wait until that is done."""
        ...

    def send(self, action: Action[Any], **options: Any) -> Any:
        """Send an action, and wait for the result."""
        ...

    def register_resync(self, hook: Callable[[Any, Callable[..., Any]], Any]) -> object:
        """Register a hook, which gets the manager and a function to send an action with.

        Returns:
            What is registered.
        """
        ...

    def wait_closed(self) -> object:
        """Wait until it has no connection, and will have none."""
        ...

    def close(self) -> None:
        """Close it."""
        ...

    def stop(self) -> None:
        """Close it, and what it ran on."""
        ...


class Threads:
    """The threaded manager.

    Args:
        port: Where to connect to.
        options: For the manager.
    """

    def __init__(self, port: int, **options: Any) -> None:
        self._port = port
        self._options = LOGIN | {key: value for key, value in options.items() if key in CONNECT}
        self._options |= {key: options.pop(key) for key in list(LOGIN) if key in options}
        self._host = options.pop("host", "127.0.0.1")
        self._timeout = options.pop("connect_timeout", TIMEOUT)
        rest = {key: value for key, value in options.items() if key not in CONNECT}
        self.manager = Manager(**{"reconnect": AT_ONCE, **rest})

    def connect(self) -> None:
        """Connect."""
        self.manager.connect(self._host, self._port, self._timeout, **self._options)

    def send(self, action: Action[Any], **options: Any) -> Any:
        """Send an action."""
        return self.manager.send(action, **options)

    def register_resync(self, hook: Callable[[Any, Callable[..., Any]], Any]) -> object:
        """Register a hook."""
        return self.manager.register_resync(lambda manager: hook(manager, manager.send))

    def wait_closed(self) -> object:
        """Wait for the end."""
        return self.manager.wait_closed()

    def close(self) -> None:
        """Close it."""
        self.manager.close()

    stop = close


class Asyncio:
    """The asyncio manager, on a loop in a thread of its own.

    Args:
        port: Where to connect to.
        loop_factory: Makes the loop; None for the stock one.
        options: For the manager.
    """

    def __init__(self, port: int, loop_factory: LoopFactory = None, **options: Any) -> None:
        self._factory = loop_factory
        self._ready = threading.Event()
        defaults = {"reconnect": AT_ONCE, "host": "127.0.0.1", "connect_timeout": TIMEOUT}
        options = {**defaults, **LOGIN, **options}
        self.manager = aio.Manager(port=port, **options)
        self._running = Background(self._run)
        assert self._ready.wait(TIMEOUT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._factory) as runner:
            self.loop = runner.get_loop()
            runner.run(self._main())

    async def _main(self) -> None:
        self._end = asyncio.Event()
        self._ready.set()
        await self._end.wait()
        await self.manager.close()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT)

    def connect(self) -> None:
        """Connect."""
        self.run(self.manager.connect())

    def send(self, action: Action[Any], **options: Any) -> Any:
        """Send an action."""
        return self.run(self.manager.send(action, **options))

    def register_resync(self, hook: Callable[[Any, Callable[..., Any]], Any]) -> object:
        """Register a hook, which runs on a thread: it looks as it does on threads."""

        async def on_thread(manager: Any) -> Any:
            return await asyncio.to_thread(hook, manager, self.send)

        return self.manager.register_resync(on_thread)

    def wait_closed(self) -> object:
        """Wait for the end."""
        return self.run(self.manager.wait_closed())

    def close(self) -> None:
        """Close it."""
        self.run(self.manager.close())

    def stop(self) -> None:
        """Close it, and the loop."""
        self.loop.call_soon_threadsafe(self._end.set)
        self._running.result()


def uv(port: int, **options: Any) -> Asyncio:
    """Start the asyncio manager on uvloop."""
    return Asyncio(port, uvloop.new_event_loop, **options)


ALL: dict[str, Callable[..., Running]] = {"threads": Threads, "asyncio": Asyncio, "uvloop": uv}


class Heard:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()

    def __call__(self, event: Event, manager: object) -> object:  # noqa: ARG002
        """Keep an event."""
        self._events.put(event)
        return None

    def next(self) -> Any:
        """Give the next, waiting for it."""
        return self._events.get(timeout=TIMEOUT)

    def names(self, count: int) -> list[str]:
        """Give the names of the next."""
        return [self.next().name for _ in range(count)]

    @property
    def empty(self) -> bool:
        """Whether all were given."""
        return self._events.empty()


def admit(peer: Peer, *, booted: bool = True) -> None:
    """Let a manager log in, which has been told that Asterisk has started, or never was."""
    peer.expect("Challenge", "Response: Success", "Challenge: 874066429")
    peer.expect("Login", "Response: Success", "Message: Authentication accepted")
    if booted:
        boot(peer)
    peer.expect("Ping", "Response: Success", "Ping: Pong")


def boot(peer: Peer) -> None:
    """Tell that Asterisk has started."""
    peer.message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted")


def channels(peer: Peer, *names: str) -> None:
    """Answer the question for the channels there are."""
    list_channels(peer, peer.expect("CoreShowChannels"), *names)


def list_channels(peer: Peer, request: Message, *names: str) -> None:
    """Answer a request for the channels there are."""
    peer.respond(request, "Response: Success", "EventList: start")
    for name in names:
        peer.respond(request, "Event: CoreShowChannel", f"Channel: {name}")
    peer.respond(request, "Event: CoreShowChannelsComplete", "EventList: Complete")


def return_to(server: ScriptedServer, *names: str) -> Peer:
    """Let a manager come back, and tell it of channels; give Asterisk's new end."""
    peer = server.accept()
    admit(peer)
    channels(peer, *names)
    return peer
