"""Events under their names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.ami import (
    Event,
    app_confbridge_events,
    app_meetme_events,
    core_events,
    dahdi_events,
    events,
)

if TYPE_CHECKING:
    from types import ModuleType

    from pystrix.ami._aggregate import Aggregate

MODULES = (core_events, dahdi_events, app_confbridge_events, app_meetme_events)
GONE = {
    "AGIExec",
    "AsyncAGI",
    "ChannelUpdate",
    "DTMF",
    "MonitorStart",
    "MonitorStop",
    "QueueMemberPaused",
}
"""Events of 1.x that Asterisk 22 does not send."""

NAMES: dict[ModuleType, str] = {
    core_events: """
        AGIExec AsyncAGI ChannelUpdate CoreShowChannel CoreShowChannelsComplete DBGetResponse DTMF
        FullyBooted Hangup HangupRequest MonitorStart MonitorStop NewAccountCode Newchannel
        Newexten Newstate OriginateResponse ParkedCall ParkedCallsComplete PeerEntry
        PeerlistComplete QueueEntry QueueMember QueueMemberAdded QueueMemberPaused
        QueueMemberRemoved QueueParams QueueStatusComplete QueueSummary QueueSummaryComplete
        RegistryEntry RegistrationsComplete Reload RTCPReceived RTCPSent Shutdown
        SoftHangupRequest Status StatusComplete UserEvent VarSet VoicemailUserEntry
        VoicemailUserEntryComplete CoreShowChannels_Aggregate ParkedCalls_Aggregate
        QueueStatus_Aggregate QueueSummary_Aggregate SIPpeers_Aggregate
        SIPshowregistry_Aggregate Status_Aggregate VoicemailUsersList_Aggregate
    """,
    dahdi_events: "DAHDIShowChannels DAHDIShowChannelsComplete DAHDIShowChannels_Aggregate",
    app_confbridge_events: """
        ConfbridgeEnd ConfbridgeJoin ConfbridgeLeave ConfbridgeList ConfbridgeListComplete
        ConfbridgeListRooms ConfbridgeListRoomsComplete ConfbridgeStart ConfbridgeTalking
        ConfbridgeList_Aggregate ConfbridgeListRooms_Aggregate
    """,
    app_meetme_events: """
        MeetmeJoin MeetmeList MeetmeListComplete MeetmeListRooms MeetmeListRoomsComplete
        MeetmeMute MeetmeList_Aggregate MeetmeListRooms_Aggregate
    """,
}

COUNTED = {
    "CoreShowChannels_Aggregate": "ListItems",
    "ParkedCalls_Aggregate": "Total",
    "QueueStatus_Aggregate": "",
    "QueueSummary_Aggregate": "",
    "SIPpeers_Aggregate": "ListItems",
    "SIPshowregistry_Aggregate": "ListItems",
    "Status_Aggregate": "Items",
    "VoicemailUsersList_Aggregate": "",
    "DAHDIShowChannels_Aggregate": "Items",
    "ConfbridgeList_Aggregate": "ListItems",
    "ConfbridgeListRooms_Aggregate": "ListItems",
    "MeetmeList_Aggregate": "ListItems",
    "MeetmeListRooms_Aggregate": "ListItems",
}
"""The header with the number of members, if 1.x checks it."""

ALL = [(module, name) for module in MODULES for name in NAMES[module].split()]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_names(module: ModuleType) -> None:
    """Each module has the names of 1.x and no other."""
    assert sorted(module.__all__) == sorted(NAMES[module].split())


@pytest.mark.parametrize(("module", "name"), ALL, ids=lambda value: str(value)[-30:])
def test_defined_once(module: ModuleType, name: str) -> None:
    """An event that Asterisk 22 has is the class of the catalogue."""
    kind = getattr(module, name)
    if name in GONE:
        assert name == kind.NAME
        assert issubclass(kind, Event)
        assert name.lower() not in events.BY_NAME
        assert kind.CLASSES
    elif not name.endswith("_Aggregate"):
        assert kind is getattr(events, name)


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, name in ALL if name.endswith("_Aggregate")],
    ids=lambda value: str(value)[-30:],
)
def test_aggregates(module: ModuleType, name: str) -> None:
    """Each aggregate has its name, its members, and the count that it is to have."""
    kind: type[Aggregate] = getattr(module, name)
    aggregate = kind("the-id")
    assert aggregate.name == name
    assert aggregate == name
    members, (last,) = kind._aggregation_members, kind._aggregation_finalisers
    header = COUNTED[name]
    item = {"ActionID": "the-id"}
    for member in members:
        assert aggregate.evaluate_event(member(item)) is False
    end = last({**item, header or "ListItems": len(members) + 1})
    assert aggregate.evaluate_event(end) is True
    assert aggregate.valid is not bool(header)
    for member in members:
        assert aggregate[member] == aggregate[member.NAME] == [member(item)]


def test_every_count_is_tested() -> None:
    """The table of this file has every aggregate."""
    assert set(COUNTED) == {name for _, name in ALL if name.endswith("_Aggregate")}
