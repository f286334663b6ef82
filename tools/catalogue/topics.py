"""Which file each action and event stands in.

By name first, then by the module that Asterisk documents it in.
"""

from __future__ import annotations

from typing import Final

__all__ = ["TOPICS", "Topic", "find_topic"]

Topic = tuple[str, str, str]
"""What it is about; the modules of Asterisk; names of actions and events."""

TOPICS: Final[dict[str, Topic]] = {
    "agi": ("AGI over AMI", "res_agi", ""),
    "aoc": ("Advice of charge: what calls cost", "", "AOC-D AOC-E AOC-S AOCMessage"),
    "bridges": (
        "Bridges: channels that are connected",
        "",
        """
        Bridge BridgeCreate BridgeDestroy BridgeEnter BridgeInfo BridgeInfoChannel
        BridgeInfoComplete BridgeKick BridgeLeave BridgeList BridgeListComplete BridgeListItem
        BridgeMerge BridgeTechnologyList BridgeTechnologyListComplete BridgeTechnologyListItem
        BridgeTechnologySuspend BridgeTechnologyUnsuspend BridgeVideoSourceUpdate
        """,
    ),
    "calls": (
        "Calls: dialing, transfers, picking up",
        "",
        """
        Atxfer AttendedTransfer BlindTransfer CancelAtxfer DialBegin DialEnd DialState Originate
        OriginateResponse Pickup Redirect
        """,
    ),
    "channels": (
        "Channels: how they begin, change and end",
        "",
        """
        AbsoluteTimeout ChannelHungup ChannelsHungupListComplete CoreShowChannel
        CoreShowChannelMap CoreShowChannelMapComplete CoreShowChannels CoreShowChannelsComplete
        Hangup HangupHandlerPop HangupHandlerPush HangupHandlerRun HangupMatching HangupRequest
        Hold LocalBridge LocalOptimizationBegin LocalOptimizationEnd LocalOptimizeAway
        NewAccountCode NewCallerid NewConnectedLine Newchannel Newstate Rename SoftHangupRequest
        Status StatusComplete Unhold
        """,
    ),
    "conferences": (
        "Conferences: ConfBridge and MeetMe",
        "app_confbridge confbridge_manager app_meetme",
        "",
    ),
    "configuration": (
        "Configuration files",
        "",
        "CreateConfig GetConfig GetConfigJSON ListCategories UpdateConfig",
    ),
    "dahdi": ("DAHDI and ISDN", "chan_dahdi sig_pri", ""),
    "database": (
        "Asterisk's database",
        "",
        """
        DBDel DBDelTree DBGet DBGetComplete DBGetResponse DBGetTree DBGetTreeComplete
        DBGetTreeResponse DBPut
        """,
    ),
    "dialplan": (
        "The dialplan and its variables",
        "pbx_config app_stack func_global",
        """
        Getvar ListDialplan NewExten Setvar ShowDialPlan ShowDialPlanComplete UserEvent VarSet
        """,
    ),
    "fax": ("Faxes", "res_fax", "FAXStatus ReceiveFAX SendFAX"),
    "iax": ("IAX2", "chan_iax2", ""),
    "media": (
        "What is heard: digits, playback, recording, music, quality",
        "app_controlplayback app_mf app_mixmonitor app_senddtmf res_mutestream",
        """
        ChanSpyStart ChanSpyStop ChannelTalkingStart ChannelTalkingStop DTMFBegin DTMFEnd Flash
        MusicOnHoldStart MusicOnHoldStop RTCPReceived RTCPSent Wink
        """,
    ),
    "messages": ("Text messages", "res_xmpp", "MessageSend SendText"),
    "parking": ("Parked calls", "parking_manager", ""),
    "pjsip": (
        "PJSIP: registrations, contacts, subscriptions and more",
        """
        chan_pjsip res_pjsip res_pjsip_maintenance res_pjsip_notify
        res_pjsip_outbound_registration res_pjsip_pubsub res_pjsip_registrar
        """,
        "ContactStatus PeerStatus Registry",
    ),
    "pjsip_endpoints": (
        "PJSIP: endpoints and what belongs to them",
        "",
        """
        EndpointDetail EndpointDetailComplete EndpointList EndpointListComplete IdentifyDetail
        PJSIPShowEndpoint PJSIPShowEndpoints TransportDetail
        """,
    ),
    "queues": ("Queues and agents", "app_queue app_agent_pool", "AgentLogin AgentLogoff"),
    "records": ("Records of calls: CDR and CEL", "cdr_manager cel_manager", ""),
    "security": (
        "Security: who came in, and who was refused",
        "",
        """
        AuthMethodNotAllowed ChallengeResponseFailed ChallengeSent FailedACL InvalidAccountID
        InvalidPassword InvalidTransport LoadAverageLimit MemoryLimit RequestBadFormat
        RequestNotAllowed RequestNotSupported SessionLimit SuccessfulAuth UnexpectedAddress
        """,
    ),
    "session": (
        "The session itself: logging in, what comes, whether Asterisk is there",
        "",
        """
        Challenge Events Filter ListCommands Login Logoff Ping WaitEvent WaitEventComplete
        """,
    ),
    "sorcery": ("Caches of configuration objects", "res_sorcery_memory_cache", ""),
    "states": (
        "States of devices, extensions and people",
        "res_manager_devicestate res_manager_presencestate",
        """
        DeviceStateChange DeviceStateListComplete ExtensionState ExtensionStateList
        ExtensionStateListComplete ExtensionStatus PresenceState PresenceStateChange
        PresenceStateListComplete PresenceStatus
        """,
    ),
    "system": (
        "Asterisk as a whole: its start and end, its modules and logs",
        "",
        """
        Command CoreSettings CoreStatus DeadlockStart FullyBooted Load LogChannel LoggerRotate
        ModuleCheck ModuleLoad Reload Shutdown TestEvent Unload
        """,
    ),
    "voicemail": (
        "Mailboxes and their messages",
        "app_voicemail app_minivm res_mwi_external_ami",
        "MailboxCount MailboxStatus MessageWaiting VoicemailPasswordChange",
    ),
}

_BY_NAME: Final = {name: topic for topic, (_, _, names) in TOPICS.items() for name in names.split()}
_BY_MODULE: Final = {
    module: topic for topic, (_, modules, _) in TOPICS.items() for module in modules.split()
}


def find_topic(name: str, module: str) -> str:
    """Give the topic of an action or event.

    Raises:
        KeyError: If no topic has it.
    """
    return _BY_NAME.get(name) or _BY_MODULE[module]
