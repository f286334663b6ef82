"""The table of handlers of the FastAGI server on threads."""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGI, core
from tests.agi.handlers import assert_serves, noop, nothing
from tests.agi.peers import records

if TYPE_CHECKING:
    from tests.agi.conftest import Call, Serve

pytestmark = pytest.mark.usefixtures("log")


def test_routing_rules(serve: Serve, call: Call) -> None:
    """A pattern matches the beginning of the path; the first that matches wins."""
    server = serve()

    def named(name: str) -> Any:
        return lambda agi, *_: agi.execute(core.Verbose(name))

    server.register_script_handler("demo", named("first"))
    server.register_script_handler(re.compile("demolition"), named("second"))
    server.register_script_handler("x", named("third"))
    server.register_script_handler(None, named("fallback"))
    for script, name in [
        ("demo", b"first"),
        ("demolition", b"first"),
        ("x?demo", b"third"),
        ("a/demo", b"fallback"),
        (None, b"fallback"),
    ]:
        peer = call(server, script)
        peer.expect(b'VERBOSE "' + name + b'" "1"', b"200 result=1")
        assert peer.rest() == b""


def test_duplicate_pattern(serve: Serve, log: pytest.LogCaptureFixture) -> None:
    """Of two equal patterns the first handler stays, and the second is warned of."""
    server = serve()
    server.register_script_handler("demo", noop)
    server.register_script_handler(re.compile("demo"), nothing)
    assert server.get_script_handler("demo")[0] is noop
    (record,) = records(log, logging.INFO)
    assert record.levelno == logging.WARNING
    assert "demo" in record.getMessage()
    assert "nothing" in record.getMessage()
    server.register_script_handler(re.compile("demo", re.IGNORECASE), nothing)
    assert server.get_script_handler("DEMO")[0] is nothing
    assert len(records(log, logging.INFO)) == 1


def test_table_of_handlers(serve: Serve) -> None:
    """Handlers can be looked up and removed, the fallback only by None."""
    server = serve()
    assert server.get_script_handler("demo") == (None, None)
    server.register_script_handler("a", noop)
    server.register_script_handler("b", noop)
    server.register_script_handler(None, nothing)
    handler, match = server.get_script_handler("axe")
    assert handler is noop
    assert match is not None
    assert match[0] == "a"
    server.unregister_script_handler(re.compile("a"))
    server.unregister_script_handler("a")
    server.unregister_script_handler("unknown")
    assert server.get_script_handler("axe") == (nothing, None)
    assert server.get_script_handler("b")[0] is noop
    server.clear_script_handlers()
    assert server.get_script_handler("b") == (nothing, None)
    server.register_script_handler(None, None)
    assert server.get_script_handler("b") == (None, None)


def test_registration_while_serving(serve: Serve, call: Call) -> None:
    """Handlers come and go while calls are served, from handlers too."""
    server = serve()

    def handler(agi: FastAGI, *_: object) -> None:
        server.register_script_handler("late", noop)
        agi.execute(core.Noop())

    server.register_script_handler("demo", handler)
    assert_serves(server, call)
    assert_serves(server, call, "late")
    server.clear_script_handlers()
    assert call(server, "late").rest() == b""


def test_script_decorator(serve: Serve, call: Call) -> None:
    """A decorated handler takes the session alone; its pattern is for the whole path."""
    server = serve()
    seen: list[tuple[Any, ...]] = []

    @server.script(r"pay/(?P<order>\d+)")
    def pay(agi: FastAGI) -> None:
        seen.append((*agi.request, agi.request.match))
        agi.execute(core.Noop())

    assert callable(pay)
    assert server.get_script_handler("pay/1")[0] is pay
    assert_serves(server, call, "pay/17?a=b")
    assert call(server, "pay/17x").rest() == b""
    ((args, kwargs, match, path, _),) = seen
    assert (args, kwargs, path) == ((), {"a": ["b"]}, "pay/17")
    assert match["order"] == "17"


async def _coroutine(*_: object) -> None: ...


class _AsyncCallable:
    async def __call__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [_coroutine, _AsyncCallable(), functools.partial(_coroutine), "demo", 7],
    ids=["coroutine function", "async object", "partial", "text", "number"],
)
def test_handlers_that_are_none(serve: Serve, handler: Any) -> None:
    """What is no function, or a coroutine function, is refused at registration."""
    server = serve()
    with pytest.raises(TypeError):
        server.register_script_handler("demo", handler)
    with pytest.raises(TypeError):
        server.register_script_handler(None, handler)
    with pytest.raises(TypeError):
        server.script("demo")(handler)
    assert server.get_script_handler("demo") == (None, None)


def test_no_handler_for_a_pattern(serve: Serve) -> None:
    """None stands for no fallback, and for nothing else."""
    server = serve()
    with pytest.raises(TypeError):
        server.register_script_handler("demo", None)


def test_bad_pattern(serve: Serve) -> None:
    """What is no regular expression is refused at registration."""
    server = serve()
    with pytest.raises(ValueError, match="regular expression"):
        server.register_script_handler("(", noop)
    with pytest.raises(ValueError, match="regular expression"):
        server.script("(")(nothing)
    assert server.get_script_handler("(") == (None, None)
