"""Which callbacks hear of what."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import pytest

from pystrix.ami import Event, Gap, Response
from pystrix.ami._aggregate import Aggregate
from pystrix.ami._callbacks import Callbacks


class Hangup(Event):
    """An event."""

    NAME: ClassVar[str] = "Hangup"


class Status_Aggregate(Aggregate):  # noqa: N801 - as 1.x names them
    """An aggregate."""

    _name: ClassVar[str] = "Status_Aggregate"


def one(event: object, manager: object) -> None:
    """Do nothing."""


def two(event: object, manager: object) -> None:
    """Do nothing, either."""


def three(event: object, manager: object) -> None:
    """Do nothing at all."""


def test_names_and_classes() -> None:
    """A class is its name; case does not matter."""
    callbacks = Callbacks()
    callbacks.register(Hangup, one)
    callbacks.register("hangup", two)
    callbacks.register(Status_Aggregate, three)
    assert callbacks.find("Hangup") == (one, two)
    assert callbacks.find("HANGUP") == (one, two)
    assert callbacks.find("Status_Aggregate") == (three,)
    assert callbacks.find("HangupRequest") == ()
    assert callbacks.find(None) == ()


def test_every_event() -> None:
    """The empty name, and the class of every event, hear all but responses."""
    callbacks = Callbacks()
    callbacks.register("", one)
    callbacks.register("Hangup", two)
    callbacks.register(Event, three)
    callbacks.register(None, two)
    assert callbacks.find("Hangup") == (one, two, three)
    assert callbacks.find("Anything") == (one, three)
    assert callbacks.find(None) == (two,)


def test_gaps() -> None:
    """The class hears of gaps, not of what Asterisk was made to send under that name."""
    callbacks = Callbacks()
    heard: list[object] = []

    def hear(event: object, _: object) -> None:
        heard.append(event)

    callbacks.register(Gap, hear)
    callbacks.register(Gap, hear)
    callbacks.register("Gap", one)
    (function, other) = callbacks.find("Gap")
    assert other is one
    assert repr(function) == repr(hear)
    gap = Gap()
    for event in (Event(["Event: Gap"]), gap):
        function(event, None)
    assert heard == [gap]
    assert callbacks.unregister(Gap, hear)
    assert callbacks.find("Gap") == (one,)


def test_again() -> None:
    """A pair that is registered again moves to the end, and is called once."""
    callbacks = Callbacks()
    for function in (one, two, one):
        callbacks.register("Hangup", function)
    assert callbacks.find("Hangup") == (two, one)
    callbacks.register("", two)
    assert callbacks.find("Hangup") == (two, one, two)


def test_unregister() -> None:
    """Exactly the pair goes."""
    callbacks = Callbacks()
    callbacks.register("Hangup", one)
    callbacks.register("", one)
    callbacks.register(None, one)
    assert not callbacks.unregister("Hangup", two)
    assert not callbacks.unregister("Newchannel", one)
    assert callbacks.unregister(Hangup, one)
    assert not callbacks.unregister(Hangup, one)
    assert callbacks.find("Hangup") == (one,)
    assert callbacks.unregister("", one)
    assert callbacks.unregister(None, one)
    assert callbacks.find("Hangup") == callbacks.find(None) == ()


def test_bound_methods() -> None:
    """They are equal though each look makes a new one."""

    class Program:
        def hear(self, event: object, manager: object) -> None:
            """Do nothing."""

    program = Program()
    callbacks = Callbacks()
    callbacks.register("Hangup", program.hear)
    callbacks.register("Hangup", program.hear)
    assert callbacks.find("Hangup") == (program.hear,)
    assert callbacks.unregister("Hangup", program.hear)


@pytest.mark.parametrize("event", [Response, 5, b"Hangup", int, Hangup()])
def test_nothing_else(event: object) -> None:
    """What no callback can hear of is refused."""
    callbacks = Callbacks()
    with pytest.raises(ValueError, match="callbacks are registered for"):
        callbacks.register(cast("Any", event), one)
    with pytest.raises(ValueError, match="callbacks are registered for"):
        callbacks.unregister(cast("Any", event), one)
