"""Which handler serves which script."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from pystrix.agi import Environment, Request
from pystrix.agi.routing import Resolution, Router


def handler_of(router: Router[str], path: str) -> str | None:
    """Find the handler of a path."""
    return router.resolve(path).handler


def test_empty_router() -> None:
    """Without handlers there is none, and no match."""
    assert Router[str]().resolve("x") == (None, None)


def test_beginning_of_the_path() -> None:
    """A pattern matches the beginning of a path, as in 1.x, and only that."""
    router: Router[str] = Router()
    assert router.register("demo", "demo")
    assert handler_of(router, "demo") == "demo"
    assert handler_of(router, "demolition") == "demo"
    assert handler_of(router, "a/demo") is None
    assert handler_of(router, "Demo") is None
    assert handler_of(router, "") is None


def test_whole_path() -> None:
    """With `whole` the pattern must match to the end."""
    router: Router[str] = Router()
    assert router.register("demo|demolition", "demo", whole=True)
    assert handler_of(router, "demo") == "demo"
    assert handler_of(router, "demolition") == "demo"
    assert handler_of(router, "demo2") is None
    assert handler_of(router, "demo\n") is None


def test_first_match_wins() -> None:
    """Patterns are tried in the order they were registered in, whole or not."""
    router: Router[str] = Router()
    router.register("a", "whole", whole=True)
    router.register("ab", "first")
    router.register("a", "ignored")
    router.register(".", "last")
    assert [handler_of(router, path) for path in ("a", "abc", "ax", "b", "")] == [
        "whole",
        "first",
        "last",
        "last",
        None,
    ]


def test_match_has_the_groups() -> None:
    """The match tells how the path matched."""
    router: Router[str] = Router()
    router.register(re.compile(r"PAY/(?P<account>\d+)", re.IGNORECASE), "pay")
    handler, match = router.resolve("pay/42/x")
    assert handler == "pay"
    assert match is not None
    assert match["account"] == "42"
    assert match.string == "pay/42/x"


def test_equal_pattern_is_not_added() -> None:
    """A second handler of an equal pattern is refused: False, and the first stays."""
    router: Router[str] = Router()
    assert router.register("demo", "first") is True
    assert router.register("demo", "second") is False
    assert router.register(re.compile("demo"), "third") is False
    assert router.register("demo", "fourth", whole=True) is False
    assert handler_of(router, "demo") == "first"
    assert router.register(re.compile("demo", re.IGNORECASE), "fifth") is True
    assert handler_of(router, "DEMO") == "fifth"


def test_fallback() -> None:
    """The fallback gets what nothing matches, with no match; None removes it."""
    router: Router[str] = Router()
    router.register("a", "a")
    router.set_fallback("fallback")
    assert router.resolve("b") == Resolution("fallback", None)
    assert handler_of(router, "a") == "a"
    router.set_fallback("other")
    assert handler_of(router, "b") == "other"
    router.set_fallback(None)
    assert router.resolve("b") == (None, None)


def test_unregister() -> None:
    """An equal pattern is removed, however it is given; an unknown one is no error."""
    router: Router[str] = Router()
    router.register("a", "a")
    router.register(re.compile("b"), "b")
    router.register("c", "c")
    router.unregister(re.compile("a"))
    router.unregister("b")
    router.unregister("unknown")
    router.unregister(re.compile("c", re.IGNORECASE))
    assert [handler_of(router, path) for path in "abc"] == [None, None, "c"]
    assert router.register("a", "again") is True
    assert handler_of(router, "a") == "again"


def test_clear_keeps_the_fallback() -> None:
    """All handlers go but the fallback."""
    router: Router[str] = Router()
    router.register("a", "a")
    router.register("b", "b")
    router.set_fallback("fallback")
    router.clear()
    assert [handler_of(router, path) for path in "ab"] == ["fallback"] * 2


def test_register_takes_no_effect_on_a_table_that_is_read() -> None:
    """A table is replaced, never changed: who reads it sees one state."""
    router: Router[str] = Router()
    router.register("a", "a")
    before = router._routes
    router.register("b", "b")
    router.unregister("a")
    router.clear()
    assert [route.handler for route in before] == ["a"]


@pytest.mark.parametrize("pattern", ["(", "[a", "a**", "(?P<1>x)"])
def test_no_pattern(pattern: str) -> None:
    """What is no regular expression is a ValueError that names it."""
    router: Router[str] = Router()
    with pytest.raises(ValueError, match=re.escape(repr(pattern))) as caught:
        router.register(pattern, "x")
    assert isinstance(caught.value.__cause__, re.error)
    assert handler_of(router, pattern) is None


def test_falsy_handler_is_a_handler() -> None:
    """A handler counts whatever its truth value."""
    router: Router[str] = Router()
    router.register("a", "")
    router.set_fallback("fallback")
    handler, match = router.resolve("a")
    assert handler == ""
    assert match is not None


# Requests.


def test_request_of_an_environment() -> None:
    """A request is what a handler of 1.x gets: args, kwargs, match, path."""
    environment = Environment(
        {"agi_network_script": "pay/7?a=1&a=2&b=", "agi_arg_1": "x", "agi_arg_2": ""}
    )
    match = re.match("pay", "pay/7")
    request = Request.of(environment, match)
    assert request.args == ("x", "")
    assert request.kwargs == {"a": ["1", "2"]}
    assert request.match is match
    assert request.path == "pay/7"
    assert tuple(request) == (("x", ""), {"a": ["1", "2"]}, match, "pay/7")


def test_request_without_a_script() -> None:
    """A call without a script asks for the path ``/``."""
    assert Request.of(Environment({}), None) == ((), {}, None, "/")


def test_pattern_for_bytes() -> None:
    """Paths are text, so a pattern for bytes is a mistake, told at once."""
    router: Router[str] = Router()
    for wrong in (b"x", re.compile(b"x")):
        with pytest.raises(TypeError, match="bytes"):
            router.register(cast("Any", wrong), "handler")
        with pytest.raises(TypeError, match="bytes"):
            router.unregister(cast("Any", wrong))
    with pytest.raises(ValueError, match="regular expression"):
        router.register("a{99999999999}", "handler")
    with pytest.raises(ValueError, match="regular expression"):
        router.unregister("(")
