"""Who may use which action, as ``ListCommands`` of a live Asterisk 22 says.

MeetMe, MWI and XMPP were not at hand: theirs are what Asterisk's source registers them with.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PRIVILEGES"]

_BY_CLASSES: Final[dict[tuple[str, ...], str]] = {
    (): """
        BridgeDestroy BridgeInfo BridgeKick BridgeList BridgeTechnologyList
        BridgeTechnologySuspend BridgeTechnologyUnsuspend Challenge DAHDIDNDoff DAHDIDNDon
        DAHDIDialOffhook DAHDIHangup DAHDIRestart DAHDIShowChannels DAHDIShowStatus
        DAHDITransfer Events ListCommands Login Logoff PRIDebugFileUnset PRIDebugSet
        PRIShowSpans Ping QueueChangePriorityCaller QueueReload QueueReset QueueRule
        QueueStatus QueueSummary QueueWithdrawCaller WaitEvent
    """,
    ("agent",): """
        AgentLogoff Agents QueueAdd QueueLog QueueMemberRingInUse QueuePause QueuePenalty
        QueueRemove
    """,
    ("agi",): """
        AGI
    """,
    ("aoc",): """
        AOCMessage
    """,
    ("call",): """
        Atxfer BlindTransfer Bridge CancelAtxfer ConfbridgeKick ConfbridgeLock
        ConfbridgeMute ConfbridgeSetSingleVideoSrc ConfbridgeUnlock ConfbridgeUnmute
        ControlPlayback FAXSession FAXSessions MWIDelete MWIUpdate MeetmeMute MeetmeUnmute
        Park ParkedCalls Parkinglots PlayDTMF PlayMF Redirect SendFlash SendText Setvar
    """,
    ("command",): """
        Command
    """,
    ("config",): """
        CreateConfig ListCategories UpdateConfig
    """,
    ("message",): """
        MessageSend
    """,
    ("originate",): """
        Originate
    """,
    ("reporting",): """
        ConfbridgeList ConfbridgeListRooms FAXStats MeetmeList MeetmeListRooms
    """,
    ("system",): """
        ConfbridgeStartRecord ConfbridgeStopRecord DBDel DBDelTree DBPut
        DialplanExtensionAdd DialplanExtensionRemove Filter JabberSend MixMonitor
        ModuleCheck ModuleLoad MuteAudio PJSIPNotify PJSIPSetMaintenance PJSIPShowAors
        PJSIPShowAuths PJSIPShowContacts PJSIPShowEndpoint PJSIPShowEndpoints
        PJSIPShowRegistrationInboundContactStatuses PJSIPShowRegistrationsInbound
        PJSIPShowResourceLists PJSIPShowSubscriptionsInbound PJSIPShowSubscriptionsOutbound
        PRIDebugFileSet SorceryMemoryCacheExpire SorceryMemoryCacheExpireObject
        SorceryMemoryCachePopulate SorceryMemoryCacheStale SorceryMemoryCacheStaleObject
    """,
    ("user",): """
        UserEvent VoicemailForward VoicemailMove VoicemailRefresh VoicemailRemove
    """,
    ("call", "reporting"): """
        DeviceStateList ExtensionState ExtensionStateList Getvar MWIGet MailboxCount
        MailboxStatus PresenceState PresenceStateList VoicemailBoxSummary
        VoicemailUserStatus VoicemailUsersList
    """,
    ("config", "reporting"): """
        ShowDialPlan
    """,
    ("system", "call"): """
        AbsoluteTimeout Hangup LocalOptimizeAway MixMonitorMute PJSIPHangup StopMixMonitor
    """,
    ("system", "config"): """
        GetConfig GetConfigJSON Reload
    """,
    ("system", "reporting"): """
        CoreSettings CoreShowChannelMap CoreShowChannels CoreStatus DBGet DBGetTree
        IAXnetstats IAXpeerlist IAXpeers IAXregistry LoggerRotate PJSIPQualify PJSIPRegister
        PJSIPShowMaintenance PJSIPShowRegistrationsOutbound PJSIPUnregister
    """,
    ("system", "call", "reporting"): """
        Status
    """,
}

PRIVILEGES: Final[dict[str, tuple[str, ...]]] = {
    name: classes for classes, names in _BY_CLASSES.items() for name in names.split()
}
"""By the name of the action: the classes of which a user's ``write`` must have one."""
