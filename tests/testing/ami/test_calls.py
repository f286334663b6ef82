"""Calls of the simulation: what their far ends do, and what channels do."""

from __future__ import annotations

import pytest

from pystrix.testing.ami import FarEnd, SimulatedAsterisk
from pystrix.testing.ami._channels import ChannelState
from tests.testing.ami.driving import Peer, names


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    """Give an Asterisk where calls ring."""
    asterisk = SimulatedAsterisk()
    asterisk.far_end_of_others = "rings"
    return asterisk


@pytest.fixture
def peer(asterisk: SimulatedAsterisk) -> Peer:
    """Give a manager that is logged in and hears of calls and keys."""
    peer = Peer(asterisk)
    peer.act("Events", EventMask="call,dtmf")
    return peer


def test_a_far_end(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """A call rings until the test says what becomes of it, which it can say once."""
    peer.act("Originate", Channel="Local/1@x/n", Application="Wait", Async="true")
    (call,) = asterisk.calls
    assert call.dialing
    assert not call.answered
    assert repr(call) == "<SimulatedCall Local/1@x-00000000;1 dialing>"
    call.ring()
    assert peer.hear() == []
    call.answer()
    assert call.answered
    assert repr(call.channel) == "<SimulatedChannel Local/1@x-00000000;1 UP>"
    assert repr(call).endswith(" up>")
    assert names(peer.hear())[-1] == "OriginateResponse"
    for act in (call.answer, call.busy, call.congest, call.time_out, call.fail):
        with pytest.raises(RuntimeError, match="has been decided already"):
            act()
    call.hang_up(21)
    assert names(peer.hear()) == ["SoftHangupRequest", "HangupRequest", "Hangup", "Hangup"]
    assert repr(call).endswith(" over>")
    call.hang_up()
    assert peer.hear() == []


@pytest.mark.parametrize("channel", ["PJSIP/a", "Local/1@x/n"])
@pytest.mark.parametrize("how", ["busy", "congest", "time_out", "fail"])
def test_refusals(asterisk: SimulatedAsterisk, peer: Peer, channel: str, how: str) -> None:
    """Whatever becomes of it, all of its channels go, and the outcome is told once."""
    peer.act("Originate", Channel=channel, Application="Wait", Async="true")
    getattr(asterisk.calls[0], how)()
    heard = names(peer.hear())
    assert heard.count("OriginateResponse") == 1
    assert heard.count("Hangup") == (2 if channel.startswith("Local") else 1)
    assert not asterisk.channels


@pytest.mark.parametrize("half", [0, 1])
def test_hung_up_while_it_rings(asterisk: SimulatedAsterisk, peer: Peer, half: int) -> None:
    """From either side."""
    peer.act("Originate", Channel="Local/1@x/n", Application="Wait", Async="true")
    channel = asterisk.calls[0].channels[half]
    heard = names(peer.act("Hangup", Channel=channel.uniqueid, Cause="21"))
    assert heard == [
        "Success",
        "DialEnd",
        "HangupRequest",
        "OriginateResponse",
        "Hangup",
        "SoftHangupRequest",
        "Hangup",
    ]


def test_an_incoming_call(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """A call comes in, somebody else is dialled, and they talk until one hangs up."""
    caller = asterisk.receive_call("PJSIP/ann", "100", context="in", caller_id=("1", "A"))
    (new,) = peer.hear()
    assert (new["ChannelStateDesc"], new["Exten"], new["CallerIDName"]) == ("Ring", "100", "A")
    call = asterisk.dial(caller, "PJSIP/bob")
    heard = peer.hear()
    assert names(heard) == ["Newchannel", "DialBegin", "Newstate", "DialState"]
    assert heard[0]["Linkedid"] == caller.uniqueid
    assert (heard[1]["Channel"], heard[1]["DialString"]) == (caller.name, "bob")
    call.answer()
    assert names(peer.hear()) == [
        "Newstate",
        "DialEnd",
        "Newstate",
        "BridgeCreate",
        "BridgeEnter",
        "BridgeEnter",
    ]
    call.hang_up()
    assert names(peer.hear()) == [
        "HangupRequest",
        "BridgeLeave",
        "BridgeLeave",
        "BridgeDestroy",
        "SoftHangupRequest",
        "Hangup",
        "Hangup",
    ]
    assert not asterisk.channels


def test_a_dialled_call_that_nobody_takes(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """The caller stays."""
    caller = asterisk.receive_call("PJSIP/ann")
    asterisk.dial(caller, "PJSIP/bob", timeout=5.0)
    asterisk.advance(5.0)
    assert names(peer.hear())[-2:] == ["DialEnd", "Hangup"]
    asterisk.far_end_of_others = FarEnd("busy")
    asterisk.dial(caller, "Local/1@x/n")
    assert list(asterisk.channels) == [caller.uniqueid]


def test_a_caller_whom_the_dialplan_answered(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Is not answered again by who is dialled."""
    caller = asterisk.receive_call("PJSIP/ann")
    caller.set_state(ChannelState.UP)
    call = asterisk.dial(caller, "PJSIP/bob")
    peer.hear()
    call.answer()
    heard = peer.hear()
    assert names(heard)[:3] == ["Newstate", "DialEnd", "BridgeCreate"]


def test_answered_callers_talk_with_several(asterisk: SimulatedAsterisk) -> None:
    """A bridge of three lasts until two are gone."""
    one, two, three = (asterisk.receive_call(f"PJSIP/{name}") for name in "abc")
    asterisk.dial(one, "PJSIP/d").hang_up()
    call = asterisk.dial(one, "PJSIP/e")
    call.answer()
    bridge = one.bridge
    assert bridge is not None
    bridge.enter(two)
    bridge.enter(three)
    assert dict(bridge.snapshot())["BridgeTechnology"] == "softmix"
    two.hang_up()
    assert three.bridge is bridge
    assert two.bridge is None


def test_what_a_person_does(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Hold, keys, hang up."""
    caller = asterisk.receive_call("PJSIP/ann")
    peer.hear()
    caller.hold()
    caller.unhold()
    caller.press("12", 50)
    caller.hang_up(17)
    caller.hang_up()
    heard = peer.hear()
    assert names(heard) == [
        "Hold",
        "Unhold",
        "DTMFBegin",
        "DTMFEnd",
        "DTMFBegin",
        "DTMFEnd",
        "HangupRequest",
        "SoftHangupRequest",
        "Hangup",
    ]
    assert heard[-1]["Cause-txt"] == "User busy"


def test_a_timer_of_a_call_that_is_decided(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """The end of the time to ring means nothing to a call that was answered."""
    peer.act("Originate", Channel="PJSIP/a", Application="Wait", Async="true", Timeout="1000")
    asterisk.calls[0].answer()
    asterisk.advance(2.0)
    assert asterisk.calls[0].answered


def test_hang_up_all(asterisk: SimulatedAsterisk) -> None:
    """Every channel is hung up."""
    caller = asterisk.receive_call("PJSIP/ann")
    asterisk.dial(caller, "PJSIP/bob").answer()
    asterisk.hang_up_all()
    assert not asterisk.channels
