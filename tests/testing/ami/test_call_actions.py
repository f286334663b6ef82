"""Actions that have to do with channels and calls."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pystrix.ami._wire import quote_variables
from pystrix.testing.ami import FarEnd, ReceivedAction, SimulatedAsterisk
from pystrix.testing.ami._call_actions import read_caller_id, read_variables
from tests.testing.ami.driving import Heard, Peer, names


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    """Give an Asterisk."""
    return SimulatedAsterisk()


@pytest.fixture
def peer(asterisk: SimulatedAsterisk) -> Peer:
    """Give a manager that is logged in and hears of calls and keys."""
    peer = Peer(asterisk)
    peer.act("Events", EventMask="call,dtmf")
    return peer


def originate(peer: Peer, channel: str, **headers: str | list[str]) -> list[Heard]:
    """Make a call."""
    more = {"Application": "Wait", "Data": "9", "Async": "true", "ChannelId": "a"}
    return peer.act("Originate", Channel=channel, **more, **headers)


def test_refused(peer: Peer) -> None:
    """What is wrong with an Originate is said at once."""
    assert peer.refusal("Originate") == "Channel not specified"
    assert peer.refusal("Originate", Channel="x", Timeout="y") == "Invalid timeout"
    assert peer.refusal("Originate", Channel="x", Timeout="5") == "Invalid channel"
    long = {"OtherChannelId": "ö" * 75}  # its bytes count
    assert peer.refusal("Originate", Channel="a/b", **long).startswith("Uniqueid length exceeds")


def test_answered(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """A call that is answered, with all that was asked for."""
    heard = originate(
        peer,
        "Local/100@sales",
        CallerID='"Ann" <12>',
        Account="acc",
        OtherChannelId="b",
        Variable=["A=1", "B=2"],
    )
    assert names(heard) == [
        "Success",
        "Newchannel",
        "Newchannel",
        "NewAccountCode",
        "NewCallerid",
        "NewConnectedLine",
        "NewCallerid",
        "NewAccountCode",
        "NewConnectedLine",
        "LocalBridge",
        "DialBegin",
        "Newstate",
        "Newstate",
        "DialEnd",
        "OriginateResponse",
    ]
    assert heard[0]["Message"] == "Originate successfully queued"
    assert heard[9]["LocalOptimization"] == "Yes"
    outcome = heard[-1]
    assert outcome.action_id == heard[0].action_id
    assert outcome["Response"] == "Success"
    assert outcome["Channel"] == "Local/100@sales-00000000;1"
    assert (outcome["Reason"], outcome["Uniqueid"], outcome["CallerIDName"]) == ("4", "a", "Ann")
    one, two = asterisk.channels["a"], asterisk.channels["b"]
    assert one.variables == two.variables == {"A": "1", "B": "2"}
    assert one.application == ("Wait", "9")
    assert two.account == "acc"


def test_to_an_extension(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Who answers can go into the dialplan, and leaves it when hung up."""
    place = {"Context": "far", "Exten": "5", "Priority": "2"}
    heard = peer.act("Originate", Channel="PJSIP/100@trunk", Async="1", ChannelId="a", **place)
    assert heard[-1].all_items()[5:7] == [("Context", "far"), ("Exten", "5")]
    assert asterisk.channels["a"].place == ("far", "5", "2")
    assert asterisk.channels["a"].name == "PJSIP/trunk-00000000"
    assert names(peer.act("Hangup", Channel="a", Cause="21")) == [
        "Success",
        "SoftHangupRequest",
        "Hangup",
    ]
    heard = peer.act("Originate", Channel="PJSIP/100@trunk", Async="1", ChannelId="a")
    assert asterisk.channels["a"].place == ("default", "s", "1")


@pytest.mark.parametrize(
    ("far_end", "kind", "expected"),
    [
        ("busy", "PJSIP/x", ("0", "17")),
        ("busy", "Local/x@y/n", ("5", "0")),
        ("congestion", "PJSIP/x", ("0", "34")),
        ("congestion", "Local/x@y/n", ("8", "0")),
        ("no answer", "PJSIP/x", ("3", "19")),
        ("no answer", "Local/x@y/n", ("3", "19")),
        ("fails", "Local/x@y/n", ("0", "0")),
        (FarEnd("fails", cause=21), "Local/x@y/n", ("0", "21")),
        (FarEnd("fails", cause=1), "PJSIP/x", ("0", "1")),
        (FarEnd("busy", reason=5), "PJSIP/x", ("5", "17")),
    ],
)
def test_not_answered(
    asterisk: SimulatedAsterisk,
    peer: Peer,
    far_end: FarEnd | str,
    kind: str,
    expected: tuple[str, str],
) -> None:
    """Each way to fail has its Reason and cause."""
    asterisk.far_ends[kind] = far_end  # type: ignore[assignment] # of the parametrisation
    heard = originate(peer, kind)
    (outcome,) = (each for each in heard if each == "OriginateResponse")
    assert outcome["Response"] == "Failure"
    assert outcome["Channel"] == kind
    assert outcome["Uniqueid"] == "a"
    (end,) = (each for each in heard if each == "Hangup" and each["Uniqueid"] == "a")
    assert (outcome["Reason"], end["Cause"]) == expected
    assert not asterisk.channels


def test_no_such_channel(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Where there is no channel there is only the outcome; an id that is in use is the same."""
    asterisk.far_end_of_others = "fails"
    heard = peer.act("Originate", Channel="PJSIP/x", Application="Wait", Async="y")
    assert names(heard) == ["Success", "OriginateResponse"]
    assert (heard[1]["Reason"], heard[1]["Uniqueid"]) == ("0", "<unknown>")
    asterisk.far_end_of_others = "answers"
    originate(peer, "PJSIP/y")
    assert names(originate(peer, "PJSIP/y")) == ["Success", "OriginateResponse"]


def test_without_action_id(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """The outcome has the ActionID of the action, if that has one."""
    peer.say(b"Action: Originate\r\nChannel: a/b\r\nAsync: true\r\nApplication: Wait\r\n\r\n")
    assert peer.hear()[-1].action_id is None
    assert asterisk.actions[-1] == "Originate"


def test_synchronous(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Without Async the answer is the outcome, and the session waits for it."""
    assert peer.answer("Originate", Channel="PJSIP/x", Application="Wait")["Message"] == (
        "Originate successfully queued"
    )
    asterisk.far_ends |= {"PJSIP/b": "busy", "PJSIP/r": "rings"}
    assert peer.refusal("Originate", Channel="PJSIP/b", Application="Wait") == "Originate failed"
    assert peer.act("Originate", Channel="PJSIP/r", Application="Wait") == []
    assert peer.act("Ping") == []
    asterisk.calls[-1].answer()
    heard = names(peer.hear())
    assert heard[0] == "Success"
    assert heard[-1] == "Success"
    assert "OriginateResponse" not in heard


def test_ring_timeout(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """It rings as long as Timeout says, in milliseconds."""
    asterisk.far_end_of_others = "rings"
    heard = originate(peer, "PJSIP/r", Timeout="1500")
    assert names(heard)[-2:] == ["Newstate", "DialState"]
    assert asterisk.deadline == 1.5
    asterisk.advance(1.5)
    outcome = next(each for each in peer.hear() if each == "OriginateResponse")
    assert outcome["Reason"] == "3"


def test_after_a_while(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """It rings, is answered, and ends by itself."""
    asterisk.far_end_of_others = FarEnd(after=2.0, talks=3.0)
    originate(peer, "PJSIP/x")
    asterisk.advance(2.0)
    assert names(peer.hear()) == ["Newstate", "DialEnd", "OriginateResponse"]
    asterisk.advance(5.0)
    assert names(peer.hear()) == ["HangupRequest", "Hangup"]


def test_hangup(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """By name, by id, by pattern; in any case once."""
    assert peer.refusal("Hangup") == "No channel specified"
    assert peer.refusal("Hangup", Channel="x") == "No such channel"
    assert peer.refusal("Hangup", Channel="/[/") == "Regex compile failed on: /[/"
    for name in "abc":
        asterisk.receive_call(f"PJSIP/{name}")
    peer.hear()
    assert names(peer.act("Hangup", Channel="pjsip/a-00000000")) == [
        "Success",
        "SoftHangupRequest",
        "Hangup",
    ]
    heard = peer.act("Hangup", Channel="/PJSIP/[bc]-/", Cause="x")
    assert names(heard)[:4] == [
        "Success",
        "ChannelHungup",
        "ChannelHungup",
        "ChannelsHungupListComplete",
    ]
    assert heard[-1]["Cause"] == "0"
    assert not asterisk.channels


def test_redirect(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """A channel goes elsewhere; one that it was bridged with is hung up."""
    headers = {"Channel": "x", "Context": "c", "Exten": "e", "Priority": "1"}
    for number, missing in enumerate(headers):
        given = dict(list(headers.items())[:number])
        assert peer.refusal("Redirect", **given) == f"{missing} not specified"
    assert peer.refusal("Redirect", **headers) == "Channel does not exist: x"
    caller = asterisk.receive_call("PJSIP/a")
    asterisk.dial(caller, "PJSIP/b")
    peer.hear()
    heard = peer.act("Redirect", **headers | {"Channel": caller.name})
    assert names(heard) == ["Success", "BridgeLeave", "BridgeLeave", "BridgeDestroy", "Hangup"]
    assert caller.place == ("c", "e", "1")
    assert not caller.gone


def test_bridge(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Two channels are bridged, out of other bridges; one goes on when the other leaves."""
    assert peer.refusal("Bridge", Channel1="x") == "Missing channel parameter in request"
    one, two = asterisk.receive_call("PJSIP/a"), asterisk.receive_call("PJSIP/b")
    unknown = peer.refusal("Bridge", Channel1=one.name, Channel2="x")
    assert unknown == "Channel2 does not exist: x"
    peer.hear()
    heard = peer.act("Bridge", Channel1=one.name, Channel2=two.name)
    assert names(heard) == ["Success", "BridgeCreate", "BridgeEnter", "BridgeEnter"]
    assert [each.get("BridgeNumChannels") for each in heard[1:]] == ["0", "1", "2"]
    assert two.linkedid == one.uniqueid
    assert one.bridge is two.bridge
    again = names(peer.act("Bridge", Channel1=one.name, Channel2=two.name))
    assert again[1:4] == ["BridgeLeave", "BridgeLeave", "BridgeDestroy"]
    two.hang_up()
    assert one.bridge is None
    assert not one.gone


def test_blind_transfer(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Whom the channel talks with goes to the extension, the channel itself is hung up."""
    assert peer.refusal("BlindTransfer") == "No channel specified"
    assert peer.refusal("BlindTransfer", Channel="x") == "No extension specified"
    refusal = peer.refusal("BlindTransfer", Channel="x", Exten="5")
    assert refusal == "Channel specified does not exist"
    caller = asterisk.receive_call("PJSIP/a")
    answer, event = peer.act("BlindTransfer", Channel=caller.name, Exten="5")[-2:]
    assert (answer["Message"], event["Result"]) == ("Transfer invalid", "Invalid")
    call = asterisk.dial(caller, "PJSIP/b")
    peer.hear()
    heard = peer.act("BlindTransfer", Channel=caller.name, Exten="5", Context="c")
    assert names(heard) == [
        "Success",
        "BlindTransfer",
        "BridgeLeave",
        "BridgeLeave",
        "BridgeDestroy",
        "SoftHangupRequest",
        "Hangup",
    ]
    assert heard[1]["TransfereeChannel"] == call.channel.name
    assert call.channel.place == ("c", "5", "1")
    assert not call.channel.gone


def test_play_dtmf(peer: Peer) -> None:
    """A key is heard at the other half, or on the channel itself."""
    assert peer.refusal("PlayDTMF") == "Channel not found"
    originate(peer, "Local/x@y/n")
    assert peer.refusal("PlayDTMF", Channel="a") == "No digit specified"
    _, begin, end = peer.act("PlayDTMF", Channel="a", Digit="55", Duration="80")
    assert (begin["Uniqueid"], end["Digit"], end["DurationMs"]) == ("a;2", "5", "80")
    _, end = peer.act("PlayDTMF", Channel="a", Digit="1", Receive="true")
    assert (end["Uniqueid"], end["DurationMs"]) == ("a", "100")


def test_lists(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """The channels that are there."""
    caller = asterisk.receive_call("PJSIP/a", "5", caller_id=("12", "Ann"))
    asterisk.dial(caller, "PJSIP/b")
    asterisk.advance(3725.0)
    peer.hear()
    start, one, _, complete = peer.act("CoreShowChannels")
    assert start["Message"] == "Channels will follow"
    assert one["Channel"] == caller.name
    assert one["Duration"] == "01:02:05"
    assert one["BridgeId"]
    assert complete["ListItems"] == "2"
    caller.variables["X"] = "1"
    _, one, complete = peer.act("Status", Channel=caller.name, Variables="X,Y")
    assert one["Seconds"] == "3725"
    assert one.get_all("Variable") == ["X=1", "Y=(null)"]
    assert complete["Items"] == "1"
    assert len(peer.act("Status")) == 4
    assert peer.refusal("Status", Channel="x") == "No such channel"
    call = asterisk.receive_call("PJSIP/c")
    assert peer.act("Status", Channel=call.name)[-2]["BridgeID"] == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Bob \\"B\\"" <12>', ("12", 'Bob "B"')),
        ("Bob <12>", ("12", "Bob")),
        ("<12>", ("12", "")),
        ("+4912*#", ("+4912*#", "")),
        ("Bob", ("", "Bob")),
        ("", ("", "")),
    ],
)
def test_caller_ids(text: str, expected: tuple[str, str]) -> None:
    """Caller IDs: number and name."""
    assert read_caller_id(text) == expected


def test_split_variables() -> None:
    """Headers are split at commas, quotes and backslashes taken out."""
    action = ReceivedAction(["Variable: A=1,B=two words", 'Variable: C="x",D=a\\,b', "Variable: E"])
    assert read_variables(action) == [
        ("A", "1"),
        ("B", "two words"),
        ("C", "x"),
        ("D", "a,b"),
        ("E", ""),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('A=(a,b),B=[c,d],C="e,f"', [("A", "(a,b)"), ("B", "[c,d]"), ("C", "e,f")]),
        ("A=(a,B=b", [("A", "(a,B=b")]),
        ("A=a)b,B=c", [("A", "a)b"), ("B", "c")]),
        ("A=\\(a,B=b", [("A", "(a"), ("B", "b")]),
        ('A="(",B=b', [("A", "(,B=b")]),
        ("A= ],,}", [("A", " ]"), ("}", "")]),
        ("A=a,,B=b,", [("A", "a"), ("B", "b")]),
        ("A=a\\", [("A", "a")]),
    ],
)
def test_commas_that_split_nothing(line: str, expected: list[tuple[str, str]]) -> None:
    """As a live Asterisk was seen to split."""
    assert read_variables(ReceivedAction([f"Variable: {line}"])) == expected


@settings(deadline=None)
@given(
    st.text(
        st.characters(exclude_characters="\r\n\0\x85\u2028\u2029", exclude_categories=["Cs"]),
        min_size=1,
    )
)
def test_quoted_variables(value: str) -> None:
    """What pystrix quotes arrives as it was."""
    (line,) = quote_variables({"A": value})
    assert read_variables(ReceivedAction([f"Variable: {line}"])) == [("A", value)]
