"""The constants of `pystrix.agi.core`: channel states, audio formats, log levels, TDD modes."""

from typing import Final

__all__ = [
    "CHANNEL_ALERTING",
    "CHANNEL_BUSY",
    "CHANNEL_DIALED",
    "CHANNEL_DOWN_AVAILABLE",
    "CHANNEL_DOWN_RESERVED",
    "CHANNEL_OFFHOOK",
    "CHANNEL_REMOTE_ALERTING",
    "CHANNEL_UP",
    "FORMAT_ALAW",
    "FORMAT_G723",
    "FORMAT_G729",
    "FORMAT_GSM",
    "FORMAT_SLN",
    "FORMAT_ULAW",
    "FORMAT_VOX",
    "FORMAT_WAV",
    "LOG_CRITICAL",
    "LOG_DEBUG",
    "LOG_ERROR",
    "LOG_INFO",
    "LOG_WARN",
    "TDD_MATE",
    "TDD_OFF",
    "TDD_ON",
]

# What ChannelStatus gives.
CHANNEL_DOWN_AVAILABLE: Final = 0
CHANNEL_DOWN_RESERVED: Final = 1
CHANNEL_OFFHOOK: Final = 2
CHANNEL_DIALED: Final = 3
CHANNEL_ALERTING: Final = 4
CHANNEL_REMOTE_ALERTING: Final = 5
CHANNEL_UP: Final = 6
CHANNEL_BUSY: Final = 7

# What RecordFile writes.
FORMAT_SLN: Final = "sln"
FORMAT_G723: Final = "g723"
FORMAT_G729: Final = "g729"
FORMAT_GSM: Final = "gsm"
FORMAT_ALAW: Final = "alaw"
FORMAT_ULAW: Final = "ulaw"
FORMAT_VOX: Final = "vox"
FORMAT_WAV: Final = "wav"

# The levels of Verbose.
LOG_DEBUG: Final = 0
LOG_INFO: Final = 1
LOG_WARN: Final = 2
LOG_ERROR: Final = 3
LOG_CRITICAL: Final = 4

# The modes of TDDMode.
TDD_ON: Final = "on"
TDD_OFF: Final = "off"
TDD_MATE: Final = "mate"
