"""The worked example of a dialogue: without a connection, and on each transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIResultHangup, core
from tests.agi.transports import ALL
from tests.test_examples import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agi.transports import Running

NEW = core.GetData("vm-newpassword", timeout=5000, max_digits=4)
AGAIN = core.GetData("vm-reenterpassword", timeout=5000, max_digits=4)
WRONG = core.StreamFile("vm-invalid-password")


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the example, without its server."""
    monkeypatch.setattr("pystrix.agi.FastAGIServer", _NoServer)
    return load("new_pin")


class _NoServer:
    def script(self, pattern: str) -> Any:
        return lambda handler: (pattern, handler)[1]


def test_second_try(example: Any) -> None:
    """The second entry differs, then it is the same."""
    dialogue = example.new_pin()
    assert next(dialogue) == core.GetData("vm-newpassword", timeout=5000, max_digits=4)
    assert dialogue.send(("4711", False)) == AGAIN
    assert dialogue.send(("4712", False)) == WRONG
    assert dialogue.send(None) == NEW
    assert dialogue.send(("4711", False)) == AGAIN
    assert dialogue.send(("4711", False)) == core.StreamFile("vm-passchanged")
    with pytest.raises(StopIteration, match="4711"):
        dialogue.send(None)


def test_three_tries(example: Any) -> None:
    """Too few digits, or too slow: there is no second entry, and after three tries no PIN."""
    dialogue = example.new_pin()
    assert next(dialogue) == NEW
    for entered in (("12", True), ("", True)):
        assert dialogue.send(entered) == WRONG
        assert dialogue.send(None) == NEW
    assert dialogue.send(("123", False)) == WRONG
    with pytest.raises(StopIteration) as end:
        dialogue.send(None)
    assert end.value.value is None


def test_hangup(example: Any) -> None:
    """A hang-up ends it."""
    dialogue = example.new_pin()
    assert next(dialogue) == NEW
    with pytest.raises(AGIResultHangup):
        dialogue.throw(AGIResultHangup())


@pytest.fixture(params=ALL)
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Give each transport."""
    made = ALL[request.param]()
    yield made
    made.stop()


def test_on_each_transport(example: Any, running: Running) -> None:
    """The same dialogue, without a change."""
    seen: list[str] = []

    def script(*_: Any) -> Any:
        seen.append((yield from example.new_pin()))

    running.register(None, script)
    peer = running.connect("x")
    peer.expect(NEW.command.encode()[:-1], b"200 result=4711")
    peer.expect(AGAIN.command.encode()[:-1], b"200 result=4711")
    peer.expect(b'STREAM FILE "vm-passchanged" "" "0"', b"200 result=0 endpos=9")
    assert peer.rest() == b""
    peer.close()
    assert seen == ["4711"]
