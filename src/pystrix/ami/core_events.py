"""Events of Asterisk's core under the names of pystrix 1.x.

An event that Asterisk 22 has is the class of `pystrix.ami.events`. The others are here: Asterisk
sent them once, and sends others in their place.
"""

from __future__ import annotations

from typing import ClassVar

from pystrix.ami._aggregate import Aggregate
from pystrix.ami._message import Event
from pystrix.ami.events import (
    CoreShowChannel,
    CoreShowChannelsComplete,
    DBGetResponse,
    FullyBooted,
    Hangup,
    HangupRequest,
    NewAccountCode,
    Newchannel,
    Newexten,
    Newstate,
    OriginateResponse,
    ParkedCall,
    ParkedCallsComplete,
    PeerEntry,
    PeerlistComplete,
    QueueEntry,
    QueueMember,
    QueueMemberAdded,
    QueueMemberRemoved,
    QueueParams,
    QueueStatusComplete,
    QueueSummary,
    QueueSummaryComplete,
    RegistrationsComplete,
    RegistryEntry,
    Reload,
    RTCPReceived,
    RTCPSent,
    Shutdown,
    SoftHangupRequest,
    Status,
    StatusComplete,
    UserEvent,
    VarSet,
    VoicemailUserEntry,
    VoicemailUserEntryComplete,
)

__all__ = [
    "DTMF",
    "AGIExec",
    "AsyncAGI",
    "ChannelUpdate",
    "CoreShowChannel",
    "CoreShowChannelsComplete",
    "CoreShowChannels_Aggregate",
    "DBGetResponse",
    "FullyBooted",
    "Hangup",
    "HangupRequest",
    "MonitorStart",
    "MonitorStop",
    "NewAccountCode",
    "Newchannel",
    "Newexten",
    "Newstate",
    "OriginateResponse",
    "ParkedCall",
    "ParkedCallsComplete",
    "ParkedCalls_Aggregate",
    "PeerEntry",
    "PeerlistComplete",
    "QueueEntry",
    "QueueMember",
    "QueueMemberAdded",
    "QueueMemberPaused",
    "QueueMemberRemoved",
    "QueueParams",
    "QueueStatusComplete",
    "QueueStatus_Aggregate",
    "QueueSummary",
    "QueueSummaryComplete",
    "QueueSummary_Aggregate",
    "RTCPReceived",
    "RTCPSent",
    "RegistrationsComplete",
    "RegistryEntry",
    "Reload",
    "SIPpeers_Aggregate",
    "SIPshowregistry_Aggregate",
    "Shutdown",
    "SoftHangupRequest",
    "Status",
    "StatusComplete",
    "Status_Aggregate",
    "UserEvent",
    "VarSet",
    "VoicemailUserEntry",
    "VoicemailUserEntryComplete",
    "VoicemailUsersList_Aggregate",
]

# Events that Asterisk does not send any more.


class AGIExec(Event):
    """An AGI command began or ended; now `AGIExecStart` and `AGIExecEnd`."""

    NAME: ClassVar[str] = "AGIExec"
    CLASSES: ClassVar[tuple[str, ...]] = ("agi",)


class AsyncAGI(Event):
    """AsyncAGI; now `AsyncAGIStart`, `AsyncAGIExec` and `AsyncAGIEnd`."""

    NAME: ClassVar[str] = "AsyncAGI"
    CLASSES: ClassVar[tuple[str, ...]] = ("agi",)


class ChannelUpdate(Event):
    """A channel learned more of itself; nothing takes its place."""

    NAME: ClassVar[str] = "ChannelUpdate"
    CLASSES: ClassVar[tuple[str, ...]] = ("system",)


class DTMF(Event):
    """A DTMF digit; now `DTMFBegin` and `DTMFEnd`."""

    NAME: ClassVar[str] = "DTMF"
    CLASSES: ClassVar[tuple[str, ...]] = ("dtmf",)


class MonitorStart(Event):
    """A channel is recorded; now `MixMonitorStart`."""

    NAME: ClassVar[str] = "MonitorStart"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)


class MonitorStop(Event):
    """A channel is recorded no more; now `MixMonitorStop`."""

    NAME: ClassVar[str] = "MonitorStop"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)


class QueueMemberPaused(Event):
    """A member of a queue began a pause, or ended it; now `QueueMemberPause`."""

    NAME: ClassVar[str] = "QueueMemberPaused"
    CLASSES: ClassVar[tuple[str, ...]] = ("agent",)


# Aggregates.


class CoreShowChannels_Aggregate(Aggregate):  # noqa: N801 - the names are of pystrix 1.x
    """What answers CoreShowChannels."""

    _name: ClassVar[str] = "CoreShowChannels_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (CoreShowChannel,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (CoreShowChannelsComplete,)
    _count_header: ClassVar[str] = "ListItems"


class ParkedCalls_Aggregate(Aggregate):  # noqa: N801
    """What answers ParkedCalls."""

    _name: ClassVar[str] = "ParkedCalls_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (ParkedCall,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (ParkedCallsComplete,)
    _count_header: ClassVar[str] = "Total"


class QueueStatus_Aggregate(Aggregate):  # noqa: N801
    """What answers QueueStatus."""

    _name: ClassVar[str] = "QueueStatus_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (QueueParams, QueueMember, QueueEntry)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (QueueStatusComplete,)


class QueueSummary_Aggregate(Aggregate):  # noqa: N801
    """What answers QueueSummary."""

    _name: ClassVar[str] = "QueueSummary_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (QueueSummary,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (QueueSummaryComplete,)


class SIPpeers_Aggregate(Aggregate):  # noqa: N801
    """What answers SIPpeers."""

    _name: ClassVar[str] = "SIPpeers_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (PeerEntry,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (PeerlistComplete,)
    _count_header: ClassVar[str] = "ListItems"


class SIPshowregistry_Aggregate(Aggregate):  # noqa: N801
    """What answers SIPshowregistry."""

    _name: ClassVar[str] = "SIPshowregistry_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (RegistryEntry,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (RegistrationsComplete,)
    _count_header: ClassVar[str] = "ListItems"


class Status_Aggregate(Aggregate):  # noqa: N801
    """What answers Status."""

    _name: ClassVar[str] = "Status_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (Status,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (StatusComplete,)
    _count_header: ClassVar[str] = "Items"


class VoicemailUsersList_Aggregate(Aggregate):  # noqa: N801
    """What answers VoicemailUsersList."""

    _name: ClassVar[str] = "VoicemailUsersList_Aggregate"
    _aggregation_members: ClassVar[tuple[type[Event], ...]] = (VoicemailUserEntry,)
    _aggregation_finalisers: ClassVar[tuple[type[Event], ...]] = (VoicemailUserEntryComplete,)
