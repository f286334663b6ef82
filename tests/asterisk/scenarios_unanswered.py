"""The sessions that are played on both, on a channel that nobody has answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.asterisk.scenario import HANGUP_LINE, HangUp, Pause, during, press, scenario

if TYPE_CHECKING:
    from tests.asterisk.scenario import Scenario, Steps

LONG: Final = "demo-congrats"  # half a minute
STATUS: Final = "CHANNEL STATUS"
PLAYED: Final = "GET VARIABLE PLAYBACKSTATUS"
HEARD: Final = "GET VARIABLE BACKGROUNDSTATUS"
READ: Final = ("GET VARIABLE R", "GET VARIABLE READSTATUS")
CAUSE: Final = "GET VARIABLE HANGUPCAUSE"


def ringing(name: str, *steps: Steps, **options: Any) -> Scenario:
    """Make a scenario on a channel that rings."""
    return scenario(f"unanswered: {name}", *steps, answered=False, **options)


UNANSWERED: Final = (
    *(
        ringing(f"{line}, {far}", line, STATUS, "ANSWER", STATUS, far=far)
        for far in ("silent", "talk")
        for line in (
            *("ANSWER", "EXEC Answer", "EXEC Playback beep", "EXEC Playback no"),
            *("EXEC Background beep", "EXEC Background no", "EXEC Read R,,1,,1,0.4"),
        )
    ),
    ringing(
        "Playback",
        *("EXEC Playback beep,noanswer", STATUS, PLAYED, "EXEC Playback beep,skip", STATUS, PLAYED),
        *("EXEC Playback beep,skip&noanswer", STATUS, "EXEC Playback no,skip", PLAYED, STATUS),
        *("EXEC Playback no,NoAnswer", PLAYED, STATUS, "EXEC Playback beep", STATUS, PLAYED),
        *("EXEC Playback beep,skip", PLAYED),
    ),
    ringing(
        "Background",
        *("EXEC Background beep,n", STATUS, HEARD, "EXEC Background beep,s", STATUS, HEARD),
        *("EXEC Background no,n", HEARD, STATUS, "EXEC Background no&beep,n", HEARD),
        *("EXEC Background beep&no,n", HEARD, "EXEC Background no", HEARD, STATUS),
    ),
    ringing(
        "Read",
        *("EXEC Read R,beep,2,s", STATUS, *READ, "EXEC Read R,beep,1,n,1,0.4", STATUS, *READ),
        *("EXEC Read R,no,1,n,1,0.4", STATUS, *READ, "EXEC Read R,beep,2,,1,0.4", STATUS, *READ),
        *("EXEC Read R,beep,2,s,1,0.4", *READ),
    ),
    ringing("keys while it answers", press("EXEC Read R,beep,2", "12", 0.1), *READ, STATUS),
    ringing("key while Background answers", press(f"EXEC Background {LONG}", "1", 0.1), STATUS),
    ringing("hang-up while it answers", during("ANSWER", Pause(0.2), HangUp()), HANGUP_LINE),
    *(
        ringing(
            f"hang-up while {name} answers",
            during(f"EXEC {name}", Pause(0.2), HangUp()),
            HANGUP_LINE,
        )
        for name in ("Answer", f"Playback {LONG}", f"Background {LONG}", f"Read R,{LONG}")
    ),
    *(
        ringing(f"{name}{data}", f"EXEC {name}{data}", HANGUP_LINE, CAUSE, STATUS)
        for name in ("Busy", "Congestion")
        for data in ("", " 5")
    ),
    ringing(
        "others",
        *("EXEC WaitExten 0.3", STATUS, "EXEC SayDigits 1", STATUS, "EXEC Wait 0.3", STATUS),
        *("EXEC Ringing", STATUS, "EXEC Progress", STATUS, "EXEC PlayTones 440", STATUS),
        *("EXEC MusicOnHold default,1", STATUS, "EXEC Dial Local/ring@far,1", STATUS),
        *("EXEC SendDTMF 1", STATUS),
    ),
    ringing(
        "files",
        *('STREAM FILE beep ""', STATUS, "GET DATA beep 300", "GET OPTION beep 1 300", STATUS),
        *('SAY DIGITS 1 ""', 'CONTROL STREAM FILE beep ""', STATUS, "WAIT FOR DIGIT 200"),
        *('RECORD FILE u-a wav "#" 300', STATUS, "GOSUB subs s 1 a", "RECEIVE TEXT 100"),
        *("SEND TEXT x", STATUS, "ANSWER", STATUS),
    ),
    ringing("keys", press("WAIT FOR DIGIT 1000", "1"), press("GET DATA beep 1000 2", "12")),
    ringing("Echo", press("EXEC Echo", "1#"), STATUS),
    ringing("hang-up", HangUp(), HANGUP_LINE, CAUSE),
    ringing(
        "hang-up in a prompt", during(f'STREAM FILE {LONG} ""', Pause(0.3), HangUp()), HANGUP_LINE
    ),
    ringing("HANGUP", "HANGUP", HANGUP_LINE, CAUSE),
    ringing("EXEC Hangup", "EXEC Hangup 17", HANGUP_LINE, CAUSE),
    ringing("a caller", caller_id=("Zo\xeb", "4711")),
)
"""Sessions whose application may answer."""
