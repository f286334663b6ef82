"""Values that actions take and events give, under the names of pystrix 1.x."""

from __future__ import annotations

from typing import Final

from pystrix.ami._processed import ORIGINATE_RESULTS

__all__ = [
    "AUTHTYPE_MD5",
    "EVENTMASK_ALL",
    "EVENTMASK_CALL",
    "EVENTMASK_LOG",
    "EVENTMASK_NONE",
    "EVENTMASK_SYSTEM",
    "FORMAT_ALAW",
    "FORMAT_G723",
    "FORMAT_G729",
    "FORMAT_GSM",
    "FORMAT_SLN",
    "FORMAT_ULAW",
    "FORMAT_VOX",
    "FORMAT_WAV",
    "ORIGINATE_RESULT_ANSWERED",
    "ORIGINATE_RESULT_BAD_NUMBER",
    "ORIGINATE_RESULT_BUSY",
    "ORIGINATE_RESULT_CONGESTION",
    "ORIGINATE_RESULT_INCOMPLETE",
    "ORIGINATE_RESULT_MAP",
    "ORIGINATE_RESULT_REJECT",
    "ORIGINATE_RESULT_RING_LOCAL",
    "ORIGINATE_RESULT_RING_REMOTE",
]

AUTHTYPE_MD5: Final = "MD5"
"""The only digest that Asterisk knows for logins."""

EVENTMASK_ALL: Final = "on"
EVENTMASK_NONE: Final = "off"
EVENTMASK_CALL: Final = "call"
EVENTMASK_LOG: Final = "log"
EVENTMASK_SYSTEM: Final = "system"

FORMAT_SLN: Final = "sln"
FORMAT_G723: Final = "g723"
FORMAT_G729: Final = "g729"
FORMAT_GSM: Final = "gsm"
FORMAT_ALAW: Final = "alaw"
FORMAT_ULAW: Final = "ulaw"
FORMAT_VOX: Final = "vox"
FORMAT_WAV: Final = "wav"

ORIGINATE_RESULT_BAD_NUMBER: Final = 0
ORIGINATE_RESULT_REJECT: Final = 1
ORIGINATE_RESULT_RING_LOCAL: Final = 2
ORIGINATE_RESULT_RING_REMOTE: Final = 3
ORIGINATE_RESULT_ANSWERED: Final = 4
ORIGINATE_RESULT_BUSY: Final = 5
ORIGINATE_RESULT_CONGESTION: Final = 8
ORIGINATE_RESULT_INCOMPLETE: Final = 30
ORIGINATE_RESULT_MAP: Final = ORIGINATE_RESULTS
"""What the reasons of OriginateResponse mean."""
