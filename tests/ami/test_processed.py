"""What `process` makes of the headers of events, as programs for pystrix 1.x expect."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami import Event
from pystrix.ami._processed import CONVERSIONS, ORIGINATE_RESULTS

Headers = dict[str, Any]

PROCESSED: list[tuple[str, Headers, Headers]] = [
    ("AGIExec", {"Result": "Success", "ResultCode": "200"}, {"Result": True, "ResultCode": 200}),
    ("AGIExec", {"Result": "Failure", "ResultCode": ""}, {"Result": False, "ResultCode": -1}),
    ("ConfbridgeList", {"Admin": "Yes", "MarkedUser": "No"}, {"Admin": True, "MarkedUser": False}),
    ("ConfbridgeListComplete", {"ListItems": "2"}, {"ListItems": 2}),
    (
        "ConfbridgeListRooms",
        {"Locked": "No", "Marked": "0", "Parties": "3"},
        {"Locked": False, "Marked": 0, "Parties": 3},
    ),
    ("ConfbridgeListRoomsComplete", {"ListItems": "x"}, {"ListItems": -1}),
    ("ConfbridgeTalking", {"TalkingStatus": "on"}, {"TalkingStatus": True}),
    (
        "CoreShowChannel",
        {"Duration": "01:02:03", "ChannelState": "6"},
        {"Duration": 3723, "ChannelState": 6},
    ),
    (
        "CoreShowChannel",
        {"Duration": "long", "ChannelState": "Up"},
        {"Duration": -1, "ChannelState": None},
    ),
    # Longer than Python takes a number from.
    ("CoreShowChannel", {"Duration": "9" * 5000 + ":00:00"}, {"Duration": -1}),
    ("PeerEntry", {"Status": f"OK ({'9' * 5000} ms)"}, {"Status": -1}),
    ("RTCPReceived", {"From": "host:" + "9" * 5000}, {"From": None}),
    ("StatusComplete", {"Items": "9" * 5000}, {"Items": -1}),
    ("CoreShowChannelsComplete", {"ListItems": "5"}, {"ListItems": 5}),
    (
        "DAHDIShowChannels",
        {"DND": "Enabled", "DAHDIChannel": "1", "SignallingCode": "2"},
        {"DND": True, "DAHDIChannel": 1, "SignallingCode": 2},
    ),
    ("DAHDIShowChannelsComplete", {"Items": "4"}, {"Items": 4}),
    (
        "DTMF",
        {"Begin": "Yes", "End": "No", "Direction": "Received"},
        {"Begin": True, "End": False, "Direction": "Received", "Received": True},
    ),
    ("DTMF", {"Direction": "Sent"}, {"Direction": "Sent", "Received": False}),
    ("Hangup", {"Cause": "16"}, {"Cause": 16}),
    ("Hangup", {"Cause": "normal"}, {"Cause": None}),
    (
        "MeetmeList",
        {"Talking": "Yes", "Admin": "Yes", "MarkedUser": "No", "UserNumber": "3"},
        {"Talking": True, "Admin": True, "MarkedUser": False, "UserNumber": 3},
    ),
    ("MeetmeList", {"Talking": "No"}, {"Talking": False}),
    ("MeetmeList", {"Talking": "Not monitored"}, {"Talking": None}),
    ("MeetmeListComplete", {"ListItems": "1"}, {"ListItems": 1}),
    ("MeetmeListRooms", {"Locked": "Yes", "Parties": "3"}, {"Locked": True, "Parties": 3}),
    ("MeetmeListRoomsComplete", {"ListItems": "1"}, {"ListItems": 1}),
    ("MeetmeMute", {"Status": "off"}, {"Status": False}),
    ("Newchannel", {"ChannelState": "4"}, {"ChannelState": 4}),
    ("Newstate", {"ChannelState": ""}, {"ChannelState": None}),
    ("OriginateResponse", {"Reason": "4"}, {"Reason": 4, "Result": "ANSWERED"}),
    ("OriginateResponse", {"Reason": "99"}, {"Reason": 99}),
    ("OriginateResponse", {"Reason": "no"}, {"Reason": -1}),
    ("ParkedCall", {"Timeout": "5"}, {"Timeout": 5}),
    ("ParkedCallsComplete", {"Total": "2"}, {"Total": 2}),
    (
        "PeerEntry",
        {"Status": "OK (12 ms)", "IPport": "5060", "Dynamic": "yes", "Natsupport": "no"},
        {"Status": 12, "IPport": 5060, "Dynamic": True, "Natsupport": False},
    ),
    ("PeerEntry", {"Status": "Unmonitored", "IPPort": "x"}, {"Status": -2, "IPPort": None}),
    ("PeerEntry", {"Status": "UNREACHABLE", "ACL": "yes"}, {"Status": -1, "ACL": True}),
    ("PeerlistComplete", {"ListItems": "9"}, {"ListItems": 9}),
    ("QueueEntry", {"Position": "1", "Wait": "30"}, {"Position": 1, "Wait": 30}),
    (
        "QueueMember",
        {"Paused": "1", "CallsTaken": "2", "LastCall": "0", "Penalty": "x", "Status": "2"},
        {"Paused": True, "CallsTaken": 2, "LastCall": 0, "Penalty": -1, "Status": 2},
    ),
    ("QueueMemberAdded", {"Paused": "0", "Status": "1"}, {"Paused": False, "Status": 1}),
    ("QueueMemberPaused", {"Paused": "1"}, {"Paused": True}),
    (
        "QueueParams",
        {
            "Abandoned": "1",
            "Calls": "2",
            "Completed": "3",
            "Holdtime": "4",
            "Max": "5",
            "ServiceLevel": "60",
            "ServicelevelPerf": "12.5",
            "Weight": "7",
        },
        {
            "Abandoned": 1,
            "Calls": 2,
            "Completed": 3,
            "Holdtime": 4,
            "Max": 5,
            "ServiceLevel": 60.0,
            "ServicelevelPerf": 12.5,
            "Weight": 7.0,
        },
    ),
    ("QueueSummary", {"LoggedIn": "1", "TalkTime": "2"}, {"LoggedIn": 1, "TalkTime": 2}),
    ("RegistrationsComplete", {"ListItems": "0"}, {"ListItems": 0}),
    ("RegistryEntry", {"Port": "5060", "Refresh": "105"}, {"Port": 5060, "Refresh": 105}),
    (
        "RTCPReceived",
        {"From": "1.2.3.4:500", "HighestSequence": "5", "DLSR": "1.5(sec)", "IAJitter": "x"},
        {"From": ("1.2.3.4", 500), "HighestSequence": 5, "DLSR": 1.5, "IAJitter": -1},
    ),
    ("RTCPReceived", {"From": "[::1]:500"}, {"From": ("[::1]", 500)}),
    ("RTCPReceived", {"From": "nowhere"}, {"From": None}),
    ("RTCPReceived", {"From": "host:port"}, {"From": None}),
    (
        "RTCPSent",
        {"To": "5.6.7.8:9", "Result": "Success", "SentNTP": "1.5", "SentPackets": "7"},
        {"To": ("5.6.7.8", 9), "Result": True, "SentNTP": 1.5, "SentPackets": 7},
    ),
    ("Shutdown", {"Shutdown": "Cleanly", "Restart": "True"}, {"Restart": True}),
    ("Shutdown", {"Restart": "False"}, {"Restart": False}),
    ("Status", {"Seconds": "4"}, {"Seconds": 4}),
    ("StatusComplete", {"Items": "4"}, {"Items": 4}),
    (
        "VoicemailUserEntry",
        {
            "CanReview": "Yes",
            "SayCID": "No",
            "MaxMessageCount": "100",
            "OldMessageCount": "4",
            "VolumeGain": "0.50",
        },
        {
            "CanReview": True,
            "SayCID": False,
            "MaxMessageCount": 100,
            "OldMessageCount": 4,
            "VolumeGain": 0.5,
        },
    ),
    ("VoicemailUserEntry", {"VolumeGain": "loud"}, {"VolumeGain": None}),
    ("Newexten", {"Priority": "1"}, {"Priority": "1"}),
    ("Unheard", {"Cause": "16"}, {"Cause": "16"}),
]


@pytest.mark.parametrize(("name", "came", "expected"), PROCESSED)
def test_process(name: str, came: Headers, expected: Headers) -> None:
    """Each event's headers become what they were for 1.x; nothing that did not come is there."""
    event = Event({"Event": name, **came})
    headers, data = event.process()
    assert headers == {"Event": name, **came, **expected}
    assert data == []
    assert dict(event) == {"Event": name, **came}


def test_every_conversion_is_tested() -> None:
    """The table of this file has every event with a conversion."""
    assert {name.lower() for name, _, _ in PROCESSED} >= set(CONVERSIONS)


@pytest.mark.parametrize("name", sorted(CONVERSIONS))
def test_nothing_is_made_up(name: str) -> None:
    """An event without headers stays without."""
    assert Event({"Event": name}).process() == ({"Event": name}, [])


def test_results() -> None:
    """The reasons of OriginateResponse have names."""
    assert ORIGINATE_RESULTS[5] == "BUSY"
