"""What every FastAGI server has, threads or asyncio: its scripts, and what it logs of a call."""

from __future__ import annotations

import contextlib
import inspect
import logging
import threading
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from pystrix.agi._wire import printable
from pystrix.agi.errors import AGIProtocolError, is_hangup
from pystrix.agi.routing import Request, Router

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from pystrix.agi._protocol import AGIProtocol
    from pystrix.agi.environment import Environment

_LOGGER = logging.getLogger("pystrix.agi")

H = TypeVar("H", bound="Callable[..., object]")


class Route(NamedTuple):
    """A handler, and how it wants to be called."""

    function: Callable[..., Any]
    takes_session: bool
    """Whether it takes the session alone, rather than the five arguments."""

    def call(self, session: object, request: Request) -> Any:  # noqa: ANN401 - the handler's
        """Call it; with asyncio the result is to be awaited."""
        function, takes_session = self
        return function(session) if takes_session else function(session, *request)


class Scripts:
    """The scripts of a server. Thread-safe; they can be changed while it serves."""

    _coroutines: ClassVar[bool]
    """Whether handlers are coroutine functions."""
    _twin: ClassVar[str]
    """The server for the others, for messages."""

    def __init__(self) -> None:
        self._router: Router[Route] = Router()
        self._router_lock = threading.Lock()  # guards changes of _router

    @property
    def runs_coroutines(self) -> bool:
        """Whether handlers are coroutine functions."""
        return self._coroutines

    def register_script_handler(
        self,
        regex: str | re.Pattern[str] | None,
        handler: Callable[[Any, tuple[str, ...], Any, Any, str], object] | None,
    ) -> None:
        """Have scripts served by ``handler(agi, args, kwargs, match, path)``.

        `args` are the arguments of the dialplan as a tuple of str, `kwargs` the query of the URL
        as a dict of lists of str, `match` the match object or None, `path` the path of the URL.
        When it returns, the call goes back to the dialplan (AGISTATUS=SUCCESS); an uncaught
        `AGIHangup` is a warning in the log; any other exception is logged with its traceback, and
        the dialplan sees AGISTATUS=FAILURE.

        Args:
            regex: A pattern for the beginning of the path, tried in the order of registration;
                None for the fallback, when no pattern matches.
            handler: The function; None, with `regex` None, for no fallback.

        Raises:
            TypeError: If the handler is of the wrong colour for this server, or not callable.
            ValueError: If `regex` is not a regular expression.
        """
        if regex is None:
            route = None if handler is None else self._route(handler, takes_session=False)
            with self._router_lock:
                self._router.set_fallback(route)
            return
        self._add(regex, self._route(handler, takes_session=False), whole=False)

    def script(self, pattern: str | re.Pattern[str]) -> Callable[[H], H]:
        r"""Decorate a handler that takes the session alone: ``@server.script(r"pay/(\d+)")``.

        What `register_script_handler` passes as arguments is in ``agi.request``.

        Args:
            pattern: A regular expression for the whole path.

        Raises:
            TypeError: If the handler is of the wrong colour for this server, or not callable.
            ValueError: If `pattern` is not a regular expression.
        """

        def register(handler: H) -> H:
            self._add(pattern, self._route(handler, takes_session=True), whole=True)
            return handler

        return register

    def unregister_script_handler(self, regex: str | re.Pattern[str]) -> None:
        """Remove the handler of an equal pattern, if there is one."""
        # What is no pattern is not registered.
        with self._router_lock, contextlib.suppress(ValueError):
            self._router.unregister(regex)

    def clear_script_handlers(self) -> None:
        """Remove all handlers but the fallback."""
        with self._router_lock:
            self._router.clear()

    def get_script_handler(
        self, path: str
    ) -> tuple[Callable[..., Any] | None, re.Match[str] | None]:
        """Give the handler of a path and its match; the fallback or None, and None, without one."""
        route, match = self._router.resolve(path)
        return (route.function if route else None), match

    def _add(self, pattern: str | re.Pattern[str], route: Route, *, whole: bool) -> None:
        with self._router_lock:
            added = self._router.register(pattern, route, whole=whole)
        if not added:
            _LOGGER.warning(
                "%r is registered already: its first handler stays, %r is not used",
                pattern,
                route.function,
            )

    def _route(self, handler: Callable[..., object] | None, *, takes_session: bool) -> Route:
        if not callable(handler):
            raise TypeError(f"a handler is a function, not {handler!r}")
        coroutine = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object whose call is a coroutine
        )
        if coroutine and not self._coroutines:
            raise TypeError(
                f"{handler!r} is a coroutine function, but this server runs its handlers in "
                f"threads: take a plain function, or {self._twin}"
            )
        if self._coroutines and not coroutine:
            raise TypeError(
                f"{handler!r} is a plain function, but this server runs coroutine functions on an "
                f"event loop: make it `async def`, or take {self._twin}"
            )
        return Route(handler, takes_session)

    def _find(self, environment: Environment, peer: str) -> tuple[Route, Request] | None:
        """Find who serves a call, and what it asks for."""
        path = environment.path
        route, match = self._router.resolve(path)
        if route is None:
            _LOGGER.warning("%s: no handler for the script %r", peer, path)
            return None
        return route, Request(environment.arguments, environment.query, match, path)


def log_stranger(
    peer: str, protocol: AGIProtocol, error: BaseException, handshake_timeout: float
) -> None:
    """Log a peer that sent no whole environment; one that says nothing and leaves is a probe."""
    if isinstance(error, AGIProtocolError):
        _LOGGER.warning("%s: dropped: %s", peer, error)
    elif isinstance(error, TimeoutError):
        _LOGGER.warning("%s: dropped, no whole environment within %g s", peer, handshake_timeout)
    elif protocol.received:
        _LOGGER.warning("%s: left in the middle of its environment: %s", peer, error)
    else:
        _LOGGER.debug("%s: connected and left", peer)


def log_end(peer: str, environment: Environment, error: BaseException) -> bool:
    """Log what ended a handler; tell whether that is a failure for the dialplan."""
    channel = printable(environment.get("agi_channel", "?"))
    if is_hangup(error):
        _LOGGER.warning("%s, channel %s: %s", peer, channel, error)
        return False
    path = environment.path
    _LOGGER.error("%s, channel %s: the handler of %r failed", peer, channel, path, exc_info=error)
    return True


def log_refused(peer: str, max_calls: int | None) -> None:
    """Log a call for which there was no room."""
    _LOGGER.warning("%s: refused, %s calls are served already", peer, max_calls)
