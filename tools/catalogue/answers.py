"""What the documentation leaves out of the answers to actions.

Seen on a live Asterisk 22; of modules that it did not have, read in their format strings.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BASES", "LISTS", "RESPONSES", "UNSOLICITED"]

LISTS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "Agents": (("Agents",), "AgentsComplete"),
    "BridgeList": (("BridgeListItem",), "BridgeListComplete"),
    "BridgeTechnologyList": (("BridgeTechnologyListItem",), "BridgeTechnologyListComplete"),
    "ConfbridgeList": (("ConfbridgeList",), "ConfbridgeListComplete"),
    "ConfbridgeListRooms": (("ConfbridgeListRooms",), "ConfbridgeListRoomsComplete"),
    "CoreShowChannelMap": (("CoreShowChannelMap",), "CoreShowChannelMapComplete"),
    "DAHDIShowChannels": (("DAHDIShowChannels",), "DAHDIShowChannelsComplete"),
    "DAHDIShowStatus": (("DAHDIShowStatus",), "DAHDIShowStatusComplete"),
    "DBGet": (("DBGetResponse",), "DBGetComplete"),
    "DBGetTree": (("DBGetTreeResponse",), "DBGetTreeComplete"),
    "FAXSessions": (("FAXSessionsEntry",), "FAXSessionsComplete"),
    "IAXpeerlist": (("PeerEntry",), "PeerlistComplete"),
    "IAXpeers": (("PeerEntry",), "PeerlistComplete"),
    "IAXregistry": (("RegistryEntry",), "RegistrationsComplete"),
    "MWIGet": (("MWIGet",), "MWIGetComplete"),
    "MeetmeList": (("MeetmeList",), "MeetmeListComplete"),
    "MeetmeListRooms": (("MeetmeListRooms",), "MeetmeListRoomsComplete"),
    "PJSIPShowMaintenance": (("PJSIPMaintenanceStatus",), "PJSIPMaintenanceStatusComplete"),
    "PJSIPShowRegistrationInboundContactStatuses": (
        ("ContactStatusDetail",),
        "ContactStatusDetailComplete",
    ),
    "PJSIPShowRegistrationsInbound": (
        ("InboundRegistrationDetail",),
        "InboundRegistrationDetailComplete",
    ),
    "PJSIPShowRegistrationsOutbound": (
        ("OutboundRegistrationDetail", "AuthDetail"),
        "OutboundRegistrationDetailComplete",
    ),
    "PJSIPShowResourceLists": (("ResourceListDetail",), "ResourceListDetailComplete"),
    "PJSIPShowSubscriptionsInbound": (
        ("InboundSubscriptionDetail",),
        "InboundSubscriptionDetailComplete",
    ),
    "PJSIPShowSubscriptionsOutbound": (
        ("OutboundSubscriptionDetail",),
        "OutboundSubscriptionDetailComplete",
    ),
    "PRIShowSpans": (("PRIShowSpans",), "PRIShowSpansComplete"),
    "ParkedCalls": (("ParkedCall",), "ParkedCallsComplete"),
    "Parkinglots": (("Parkinglot",), "ParkinglotsComplete"),
    "QueueStatus": (("QueueParams", "QueueMember", "QueueEntry"), "QueueStatusComplete"),
    "QueueSummary": (("QueueSummary",), "QueueSummaryComplete"),
    "ShowDialPlan": (("ListDialplan",), "ShowDialPlanComplete"),
    "VoicemailBoxSummary": (("VoicemailBoxDetail",), "VoicemailBoxDetailComplete"),
    "VoicemailUserStatus": (("VoicemailUserDetail",), "VoicemailUserDetailComplete"),
    "VoicemailUsersList": (("VoicemailUserEntry",), "VoicemailUserEntryComplete"),
}
"""The items of a list and the event that ends it, where ``<responses>`` does not say it."""

UNSOLICITED: Final = frozenset(
    {
        "DeviceStateChange",
        "ExtensionStatus",
        "PJSIPMaintenanceStatus",
        "ParkedCall",
        "PresenceStateChange",
    }
)
"""Items of lists that also come by themselves. The others pass every mask: they have no class."""

RESPONSES: Final[dict[str, str]] = {
    name: f"{name}Response"
    for name in (
        "Challenge",
        "Command",
        "CoreSettings",
        "CoreStatus",
        "Events",
        "ExtensionState",
        "GetConfig",
        "GetConfigJSON",
        "Getvar",
        "ListCategories",
        "ListCommands",
        "MailboxCount",
        "MailboxStatus",
        "MixMonitor",
        "ModuleCheck",
        "Ping",
        "PresenceState",
        "QueueRule",
    )
}
"""The classes of `pystrix.ami.responses` that answer actions."""

BASES: Final[dict[str, str]] = {
    "FAXSession": "EventAction[events.FAXSession]",
    "FAXStats": "EventAction[events.FAXStats]",
    "Login": "LoginAction",
    "WaitEvent": "EventAction[events.WaitEventComplete]",
}
"""The classes of `pystrix.ami._bases` that actions with answers of their own derive from."""
