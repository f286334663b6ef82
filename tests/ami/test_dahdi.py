"""DAHDI under its names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import actions, dahdi, dahdi_events
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (dahdi.DAHDIDNDoff("1"), {"DAHDIChannel: 1"}),
    (dahdi.DAHDIDNDon(1), {"DAHDIChannel: 1"}),
    (dahdi.DAHDIDialOffhook(1, "555"), {"DAHDIChannel: 1", "Number: 555"}),
    (dahdi.DAHDIHangup(1), {"DAHDIChannel: 1"}),
    (dahdi.DAHDIRestart(), set()),
    (dahdi.DAHDIShowChannels(), set()),
    (dahdi.DAHDIShowChannels(3), {"DAHDIChannel: 3"}),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


def test_names() -> None:
    """Every name is tested, and an action of the catalogue."""
    assert {action.name for action, _ in SENT} == set(dahdi.__all__)
    for name in dahdi.__all__:
        assert issubclass(getattr(dahdi, name), getattr(actions, name))


def test_aggregate() -> None:
    """The list has its aggregate."""
    classes = dahdi.DAHDIShowChannels().get_aggregate_classes()
    assert classes == (dahdi_events.DAHDIShowChannels_Aggregate,)
