"""Events and headers that the documentation leaves out or calls otherwise.

Seen on a live Asterisk 22; of modules that it did not have, read in their format strings.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLASSES", "EVENTS", "EXTRA_HEADERS", "LIST_HEADERS", "RENAMED", "WIRE"]

RENAMED: Final = {"NewExten": "Newexten"}
"""Events whose name on the wire is another."""

WIRE: Final[dict[str, str]] = {
    "CEL.UserField": "Userfield",
    "QueueParams.ServiceLevelPerf": "ServicelevelPerf",
    "QueueParams.ServiceLevelPerf2": "ServicelevelPerf2",
    "TransportDetail.AsycOperations": "AsyncOperations",
}
"""Headers whose name on the wire is another."""

CLASSES: Final = {"ChannelTalkingStart": "call", "ChannelTalkingStop": "call"}
"""The classes of events whose documentation names none that exists."""

LIST_HEADERS: Final = ("EventList", "ListItems")
"""What every event that ends a list has."""

EVENTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "BridgeListComplete": ("builtin", LIST_HEADERS),
    "BridgeListItem": ("builtin", ("bridge_snapshot",)),
    "BridgeTechnologyListComplete": ("builtin", LIST_HEADERS),
    "BridgeTechnologyListItem": (
        "builtin",
        ("BridgeTechnology", "BridgeType", "BridgePriority", "BridgeSuspended"),
    ),
    "ChannelHungup": ("builtin", ("Channel",)),
    "ChannelsHungupListComplete": ("builtin", LIST_HEADERS),
    "ConfbridgeListComplete": ("app_confbridge", LIST_HEADERS),
    "ConfbridgeListRoomsComplete": ("app_confbridge", LIST_HEADERS),
    "ContactStatusDetailComplete": ("res_pjsip_registrar", LIST_HEADERS),
    "CoreShowChannelMap": ("builtin", ("Channel", "ConnectedChannel")),
    "DAHDIShowChannels": (
        "chan_dahdi",
        (
            "DAHDIChannel",
            "Channel",
            "Uniqueid",
            "AccountCode",
            "Signalling",
            "SignallingCode",
            "Context",
            "DND",
            "Alarm",
            "Description",
        ),
    ),
    "DAHDIShowChannelsComplete": ("chan_dahdi", (*LIST_HEADERS, "Items")),
    "DAHDIShowStatus": (
        "chan_dahdi",
        (
            "Span",
            "Description",
            "Alarms",
            "IRQ",
            "bpviol",
            "CRC",
            "Framing",
            "Coding",
            "Options",
            "LBO",
        ),
    ),
    "DAHDIShowStatusComplete": ("chan_dahdi", (*LIST_HEADERS, "Items")),
    "DBGetComplete": ("builtin", LIST_HEADERS),
    "DBGetResponse": ("builtin", ("Family", "Key", "Val")),
    "DBGetTreeComplete": ("builtin", LIST_HEADERS),
    "DBGetTreeResponse": ("builtin", ("Key", "Val")),
    "InboundRegistrationDetailComplete": ("res_pjsip_registrar", LIST_HEADERS),
    "InboundSubscriptionDetailComplete": ("res_pjsip_pubsub", LIST_HEADERS),
    "ListDialplan": (
        "builtin",
        (
            "Context",
            "Extension",
            "ExtensionLabel",
            "Priority",
            "Application",
            "AppData",
            "IncludeContext",
            "IgnorePattern",
            "Switch",
            "Registrar",
        ),
    ),
    "MeetmeListComplete": ("app_meetme", LIST_HEADERS),
    "MeetmeListRoomsComplete": ("app_meetme", LIST_HEADERS),
    "OutboundRegistrationDetailComplete": (
        "res_pjsip_outbound_registration",
        (*LIST_HEADERS, "Registered", "NotRegistered"),
    ),
    "OutboundSubscriptionDetailComplete": ("res_pjsip_pubsub", LIST_HEADERS),
    "PJSIPMaintenanceStatusComplete": ("res_pjsip_maintenance", LIST_HEADERS),
    "PRIShowSpans": ("chan_dahdi", ("Span", "DChannel", "Order", "Active", "Alarm", "Up")),
    "PRIShowSpansComplete": ("chan_dahdi", (*LIST_HEADERS, "Items")),
    "ParkedCallsComplete": ("parking_manager", (*LIST_HEADERS, "Total")),
    "Parkinglot": ("parking_manager", ("Name", "StartSpace", "StopSpace", "Timeout")),
    "ParkinglotsComplete": ("parking_manager", LIST_HEADERS),
    "PeerEntry": (
        "chan_iax2",
        (
            "Channeltype",
            "ObjectName",
            "ObjectUsername",
            "ChanObjectType",
            "IPaddress",
            "Mask",
            "Port",
            "IPport",
            "Dynamic",
            "Trunk",
            "Encryption",
            "Status",
            "Description",
        ),
    ),
    "PeerlistComplete": ("chan_iax2", LIST_HEADERS),
    "QueueMember": (
        "app_queue",
        (
            "Queue",
            "Name",
            "Location",
            "StateInterface",
            "Membership",
            "Penalty",
            "CallsTaken",
            "LastCall",
            "LastPause",
            "LoginTime",
            "InCall",
            "Status",
            "Paused",
            "PausedReason",
            "Wrapuptime",
        ),
    ),
    "QueueStatusComplete": ("app_queue", LIST_HEADERS),
    "QueueSummary": (
        "app_queue",
        (
            "Queue",
            "LoggedIn",
            "Available",
            "Callers",
            "HoldTime",
            "TalkTime",
            "LongestHoldTime",
        ),
    ),
    "QueueSummaryComplete": ("app_queue", LIST_HEADERS),
    "RegistrationsComplete": ("chan_iax2", LIST_HEADERS),
    "RegistryEntry": (
        "chan_iax2",
        ("Host", "DNSmanager", "Username", "Perceived", "Refresh", "State"),
    ),
    "ResourceListDetailComplete": ("res_pjsip_pubsub", LIST_HEADERS),
    "ShowDialPlanComplete": (
        "builtin",
        (*LIST_HEADERS, "ListExtensions", "ListPriorities", "ListContexts"),
    ),
    "TestEvent": ("builtin", ("Type", "State", "AppFile", "AppFunction", "AppLine")),
    "VoicemailBoxDetail": (
        "app_voicemail",
        ("Folder", "CallerID", "Date", "Duration", "Flag", "ID"),
    ),
    "VoicemailBoxDetailComplete": ("app_voicemail", LIST_HEADERS),
    "VoicemailUserDetail": ("app_voicemail", ()),
    "VoicemailUserDetailComplete": ("app_voicemail", LIST_HEADERS),
    "VoicemailUserEntry": ("app_voicemail", ()),
    "VoicemailUserEntryComplete": ("app_voicemail", LIST_HEADERS),
    "WaitEventComplete": ("builtin", ()),
}
"""Events without documentation: the module that sends them, and their headers."""

_VOICEMAIL_USER: Final = (
    "VMContext",
    "VoiceMailbox",
    "Fullname",
    "Email",
    "Pager",
    "ServerEmail",
    "FromString",
    "MailCommand",
    "Language",
    "TimeZone",
    "Callback",
    "Dialout",
    "UniqueID",
    "ExitContext",
    "SayDurationMinimum",
    "SayEnvelope",
    "SayCID",
    "AttachMessage",
    "AttachmentFormat",
    "DeleteMessage",
    "VolumeGain",
    "CanReview",
    "CanMarkUrgent",
    "CallOperator",
    "MaxMessageCount",
    "MaxMessageLength",
    "NewMessageCount",
    "OldMessageCount",
)

EXTRA_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "AgentsComplete": LIST_HEADERS,
    "BridgeInfoComplete": LIST_HEADERS,
    "CEL": ("Channel", "UserDefType", "TenantID"),
    "ConfbridgeList": ("EndMarkedAny",),
    "EndpointDetail": ("FollowRedirectMethods",),
    "FAXSessionsComplete": LIST_HEADERS,
    "LogChannel": ("Enabled", "Reason"),
    "QueueParams": ("Queue", "ServiceLevel", "Weight"),
    "RTCPReceived": ("To", "MES"),
    "RTCPSent": ("From", "MES"),
    "Rename": ("Channel", "Newname", "Uniqueid"),
    "Status": ("Variable",),
    "StatusComplete": LIST_HEADERS,
    "VoicemailUserDetail": _VOICEMAIL_USER,
    "VoicemailUserEntry": _VOICEMAIL_USER,
}
"""Headers of documented events that the documentation leaves out."""
