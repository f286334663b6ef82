"""What kind of value each header holds: a number, a flag, a time, a text.

The documentation has no types. These tables follow the format strings of Asterisk and what a live
one sent. A header that stands in none of them is a text.
"""

from __future__ import annotations

from typing import Final

__all__ = ["field_kind", "parameter_kind"]

_BY_KIND: Final[dict[str, str]] = {
    "EscapedText": "CallerIDName ConnectedLineName",
    "Flag": """
        AcceptMultipleSdpAnswers Active Admin AggregateMwi AllowOverlap AllowReload
        AllowSubscribe AllowTransfer AllowUnauthenticatedOptions AllowWildcardCerts
        AsymmetricRtpCodec AttachMessage AuthRejectionPermanent AuthenticateQualify
        BindRtpToMediaAddress BridgeSuspended Bundle CallOperator CanMarkUrgent CanReview DND
        DeleteMessage DirectMedia DisableDirectMediaOnNat DtlsAutoGenerateCert Dynamic Enabled
        Encryption EndMarked EndMarkedAny ErrorCorrectionMode FaxDetect FollowEarlyMediaFork
        ForceAvp ForceRport FullState G726NonStandard IceSupport Ignore183WithoutSdp InCall
        InbandProgress IsExternal LocalOptimization Locked MarkedUser
        MediaEncryptionOptimistic MediaUseReceivedTransport MohPassthrough Muted
        MwiSubscribeReplacesUnsolicited NotifyEarlyInuseRinging OneTouchRecording Paused
        PreferredCodecOnly PruneOnBoot Qualify2xxOnly ReferBlindProgress RemoveExisting
        RemoveUnavailable RequireClientCert ResourceDisplayName Restart RewriteContact Ringinuse
        RpidImmediate RtcpMux RtpIpv6 RtpSymmetric SayCID SayEnvelope SendAoc SendConnectedLine
        SendDiversion SendHistoryInfo SendPai SendRpid SrtpTag32 SrvLookups Success
        SupportOutbound SupportPath SuppressMohOnSendonly SuppressQ850ReasonHeaders
        SymmetricTransport T38BindUdptlToMediaAddress T38Udptl T38UdptlIpv6 T38UdptlNat Talking
        TalkingStatus TcpKeepaliveEnable Trunk TrustConnectedLine TrustIdInbound TrustIdOutbound
        Up UseAvpf UsePtime UserEqPhone UsingPassword VerifyClient VerifyServer WaitMarked
        Waiting Webrtc
    """,
    "Integer": """
        Abandoned ActiveChannels AnsweredTime AppLine Available BillableSeconds
        BridgeNumChannels BridgePriority bpviol CRC CallStarted Callers Calls CallsTaken
        Callgroup Cause ChannelState Completed CompletedFAXes ContactsRegistered Cos CosAudio
        CosVideo Count CurrentSessions DAHDISpan DChannel DataRate DefaultExpiration
        DeviceStateBusyAt DtlsRekey Duration DurationMs EventVersion Expiration ExpirationTime
        FailedFAXes FatalRetryInterval FaxDetectTimeout ForbiddenRetryInterval HoldTime Holdtime
        IPport IRQ Items LastCall LastPause LastReload ListContexts ListExtensions ListItems
        ListPriorities LoggedIn LoggedInTime LoginTime Logintime LongestHoldTime Marked Max
        MaxAudioStreams MaxContacts MaxMessageCount MaxMessageLength MaxRandomInitialDelay
        MaxRetries MaxVideoStreams MaximumExpiration MinimumExpiration New NewMessageCount
        NewMessages NextReg NonceLifetime NotRegistered NotificationBatchInterval Old
        OldMessageCount OldMessages OriginalPosition PageNumber PagesReceived PagesTransmitted
        ParkingDuration ParkingSpace ParkingTimeout Parties Penalty Pickupgroup Position
        Priority QualifyFrequency Reason ReceiveAttempts Refresh RegExpire Registered
        ReportCount ReportXCumulativeLost ReportXFractionLost ReportXHighestSequence
        ReportXIAJitter ReportXLSR ReportXSequenceNumberCycles ReservedSessions ResultCode
        RetryInterval RingTime RtpKeepalive RtpPortEnd RtpPortStart RtpTimeout RtpTimeoutHold
        SayDurationMinimum Seconds SentOctets SentPackets SentRTP ServiceLevel SessionNumber
        SignallingCode StartSpace StopSpace SubMinExpiry T38UdptlMaxdatagram TalkTime
        TcpKeepaliveIdleTime TcpKeepaliveIntervalTime TcpKeepaliveProbeCount TechCause
        TimeToHangup TimersMinSe TimersSessExpires Timeout TosAudio TosVideo Total TotalBadLines
        TotalContacts TransmitAttempts Uptime UserNumber Wait WebsocketWriteTimeout Weight
        Wrapuptime
    """,
    "Number": """
        QualifyTimeout RTT ReportXDLSR SentNTP ServicelevelPerf ServicelevelPerf2 VolumeGain
    """,
    "SparseInteger": "PagesTransferred RoundtripUsec TransferRate",
    "Timestamp": "AnswerTime EndTime EventTV EventTime SessionTV StartTime",
    "Duration": "Activity",
    "PaddedNumber": "MES",
    "Variables": "ChanVariable",
}
_KINDS: Final = {header: kind for kind, names in _BY_KIND.items() for header in names.split()}
_KINDS_IN: Final[dict[tuple[str, str], str]] = {
    ("AgentComplete", "Reason"): "Text",
    ("AsyncAGIExec", "Result"): "EncodedText",
    ("AsyncAGIStart", "Env"): "EncodedText",
    ("CoreShowChannel", "Duration"): "Duration",
    ("DAHDIShowChannels", "DAHDIChannel"): "Integer",
    ("DAHDIShowStatus", "Span"): "Integer",
    ("DNDState", "Status"): "Flag",
    ("ExtensionStatus", "Status"): "Integer",
    ("ListDialplan", "Priority"): "Text",
    ("LogChannel", "Reason"): "Text",
    ("MeetmeList", "Muted"): "Text",
    ("MeetmeList", "Talking"): "Text",
    ("MeetmeMute", "Status"): "Flag",
    ("MeetmeTalkRequest", "Status"): "Flag",
    ("MeetmeTalking", "Status"): "Flag",
    ("MixMonitorMute", "State"): "Flag",
    ("OutboundRegistrationDetail", "Line"): "Flag",
    ("PJSIPMaintenanceStatus", "Status"): "Flag",
    ("PRIShowSpans", "Span"): "Integer",
    ("PeerStatus", "Cause"): "Text",
    ("QueueMember", "Status"): "Integer",
    ("QueueMemberStatus", "Status"): "Integer",
    ("Registry", "Cause"): "Text",
    ("Reload", "Status"): "Integer",
    ("ResourceListDetail", "Event"): "SecondText",  # the first is the name of the event
    ("Status", "Variable"): "Variables",
    ("VarSet", "Value"): "EscapedText",
    ("VoicemailBoxDetail", "Duration"): "Integer",
}


def field_kind(event: str, header: str) -> str:
    """Give the class of field that reads a header of an event."""
    known = _KINDS_IN.get((event, header)) or _KINDS.get(header)
    return known or "Text"


# Kinds of parameters; what they become stands in `parameters`.

_PARAMETERS_BY_KIND: Final[dict[str, str]] = {
    "flag": """
        AllVariables Async EarlyMedia Immediate Paused PreserveEffectiveContext Receive
        Recursive Replace RingInUse Soft
    """,
    "integer": """
        ChargingAssociationId ChargingAssociationPlan Code CurrencyAmount Duration Granularity
        NewMessages OldMessages Penalty Time
    """,
    "list": "Codecs EventMask Events Variables",
    "numbered": "UnitAmount(0) UnitType(0)",
    "text_or_integer": """
        DAHDIChannel ExtraPriority Meetme ParkingSpace Priority SessionNumber Span Usernum
    """,
    "yes_no": "Members Parameters Rules",
}
_PARAMETERS: Final = {
    header: kind for kind, names in _PARAMETERS_BY_KIND.items() for header in names.split()
}
_PARAMETERS_IN: Final[dict[tuple[str, str], str]] = {
    ("AbsoluteTimeout", "Timeout"): "number",
    ("Hangup", "Cause"): "integer",
    ("MessageSend", "Variable"): "variables",
    ("MixMonitorMute", "State"): "one_zero",
    ("MuteAudio", "State"): "on_off",
    ("Originate", "Timeout"): "integer",
    ("Originate", "Variable"): "variables",
    ("PJSIPHangup", "Cause"): "text_or_integer",
    ("PJSIPNotify", "Variable"): "variables",
    ("PJSIPSetMaintenance", "State"): "on_off",
    ("Park", "Timeout"): "integer",
    ("PRIDebugSet", "Level"): "text_or_integer",
    ("QueueChangePriorityCaller", "Priority"): "integer",
    ("SorceryMemoryCacheStaleObject", "Reload"): "flag",
    ("UpdateConfig", "Reload"): "flag_or_text",
    ("WaitEvent", "Timeout"): "integer",
}


def parameter_kind(action: str, header: str) -> str:
    """Give the kind of a parameter of an action."""
    return _PARAMETERS_IN.get((action, header)) or _PARAMETERS.get(header) or "text"
