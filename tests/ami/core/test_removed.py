"""Actions of pystrix 1.x that Asterisk 22 does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Response, actions, core, core_events
from pystrix.ami.core import _removed
from tests.ami.sending import headers_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (core.ChangeMonitor("ch", "f"), {"Channel: ch", "File: f"}),
    (core.Monitor("ch", "f"), {"Channel: ch", "File: f", "Format: wav", "Mix: true"}),
    (
        core.Monitor("ch", "f", core.FORMAT_GSM, False),
        {"Channel: ch", "File: f", "Format: gsm", "Mix: false"},
    ),
    (core.PauseMonitor("ch"), {"Channel: ch"}),
    (core.StopMonitor("ch"), {"Channel: ch"}),
    (core.UnpauseMonitor("ch"), {"Channel: ch"}),
    (core.SetCDRUserField("ch", "f"), {"Channel: ch", "UserField: f"}),
    (core.SIPnotify("p"), {"Channel: p"}),
    (
        core.SIPnotify("p", {"Event": "a,b", "X": 1}),
        {"Channel: p", "Variable: Event=a\\,b", "Variable: X=1"},
    ),
    (core.SIPpeers(), set()),
    (core.SIPqualify("p"), {"Peer: p"}),
    (core.SIPshowpeer("p"), {"Peer: p"}),
    (core.SIPshowregistry(), set()),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


@pytest.mark.parametrize("name", _removed.__all__)
def test_marked(name: str) -> None:
    """Each says that Asterisk 22 does not have it, and the catalogue has it not."""
    assert "Not in Asterisk 22" in getattr(core, name).__doc__
    assert not hasattr(actions, name)


def test_lists() -> None:
    """The lists have their classes."""
    peers, registry = core.SIPpeers(), core.SIPshowregistry()
    assert peers.get_aggregate_classes() == (core_events.SIPpeers_Aggregate,)
    assert registry.get_aggregate_classes() == (core_events.SIPshowregistry_Aggregate,)
    assert peers.get_synchronous_classes() == (
        (),
        (core_events.PeerEntry,),
        (core_events.PeerlistComplete,),
    )
    assert registry.get_synchronous_classes() == (
        (),
        (core_events.RegistryEntry,),
        (core_events.RegistrationsComplete,),
    )


def test_peer() -> None:
    """What is known of a peer becomes truth values and numbers; nothing is made up."""
    answer = Response(
        {
            "Response": "Success",
            "ACL": "Y",
            "SIP-CanReinvite": "N",
            "SIP-AuthInsecure": "yes",
            "Address-Port": "5060",
            "MaxCallBR": "384 kbps",
            "RegExpire": "",
            "Status": "OK (1 ms)",
        }
    )
    assert dict(core.SIPshowpeer("p").process_response(answer)) == {
        "Response": "Success",
        "ACL": True,
        "SIP-CanReinvite": False,
        "SIP-AuthInsecure": True,
        "Address-Port": 5060,
        "MaxCallBR": 384,
        "RegExpire": -1,
        "Status": "OK (1 ms)",
    }
