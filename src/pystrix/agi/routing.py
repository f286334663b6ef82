"""Which handler serves which script.

Pure. The table is replaced, never changed in place, so a server may read it while another thread
registers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pystrix.agi.environment import Environment

__all__ = ["Request", "Resolution", "Router"]

H = TypeVar("H")


class Request(NamedTuple):
    """What a call asks for."""

    args: tuple[str, ...]
    """The arguments behind the URL in the dialplan."""
    kwargs: Mapping[str, list[str]]
    """The query of the URL: each name with its values."""
    match: re.Match[str] | None
    """How the path matched the handler's pattern; None for the fallback."""
    path: str
    """The path of the URL, without its host and query."""

    @classmethod
    def of(cls, environment: Environment, match: re.Match[str] | None) -> Request:
        """Make the request of a call with this environment."""
        return cls(environment.arguments, environment.query, match, environment.path)


class Resolution(NamedTuple, Generic[H]):
    """A handler and how the path matched its pattern."""

    handler: H
    match: re.Match[str] | None


class _Route(NamedTuple, Generic[H]):
    pattern: re.Pattern[str]
    whole: bool  # whether the pattern must match the whole path, not only its beginning
    handler: H


class Router(Generic[H]):
    """A table of patterns and handlers; the first pattern that matches wins."""

    def __init__(self) -> None:
        self._routes: tuple[_Route[H], ...] = ()
        self._fallback: H | None = None

    def register(self, pattern: str | re.Pattern[str], handler: H, *, whole: bool = False) -> bool:
        """Add a handler behind those that are there.

        Args:
            pattern: A regular expression for the path.
            handler: The handler.
            whole: Whether it must match the whole path; otherwise its beginning is enough.

        Returns:
            False, and nothing is added, if an equal pattern is there already.

        Raises:
            ValueError: If `pattern` is not a regular expression.
            TypeError: If it is one for bytes.
        """
        compiled = _compile(pattern)
        if any(route.pattern == compiled for route in self._routes):
            return False
        self._routes = (*self._routes, _Route(compiled, whole, handler))
        return True

    def set_fallback(self, handler: H | None) -> None:
        """Set the handler of paths that nothing matches; None for none."""
        self._fallback = handler

    def unregister(self, pattern: str | re.Pattern[str]) -> None:
        """Remove the handler of an equal pattern, if there is one.

        Raises:
            ValueError: If `pattern` is not a regular expression.
            TypeError: If it is one for bytes.
        """
        compiled = _compile(pattern)
        self._routes = tuple(route for route in self._routes if route.pattern != compiled)

    def clear(self) -> None:
        """Remove all handlers but the fallback."""
        self._routes = ()

    def resolve(self, path: str) -> Resolution[H | None]:
        """Find the handler of a path: the first match, or the fallback with no match."""
        for route in self._routes:
            find = route.pattern.fullmatch if route.whole else route.pattern.match
            if (match := find(path)) is not None:
                return Resolution(route.handler, match)
        return Resolution(self._fallback, None)


def _compile(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {pattern!r}: {error}") from error
    if not isinstance(cast("object", compiled.pattern), str):
        raise TypeError(f"paths are str, so a pattern for bytes matches none: {pattern!r}")
    return compiled
