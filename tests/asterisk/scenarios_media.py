"""The sessions that are played on both: files, keys, recordings, sayings, applications."""

from __future__ import annotations

import time
from typing import Final

from tests.asterisk.scenario import (
    HANGUP_LINE,
    HangUp,
    Hear,
    Pause,
    Press,
    during,
    press,
    scenario,
)

LONG: Final = "demo-congrats"  # half a minute
STATUS: Final = "CHANNEL STATUS"
PLAYED: Final = "GET VARIABLE PLAYBACKSTATUS"
CONTROLLED: Final = (
    "GET VARIABLE CPLAYBACKSTATUS",
    "GET VARIABLE CPLAYBACKOFFSET",
    "GET VARIABLE CPLAYBACKSTOPKEY",
)

FILES: Final = (
    scenario(
        "stream file",
        *('STREAM FILE beep ""', PLAYED, "STREAM FILE beep 123 1600"),
        *('STREAM FILE beep "" 1700', 'STREAM FILE beep "" 99999', 'STREAM FILE beep "" -5'),
        *('STREAM FILE beep "" x', 'STREAM FILE beep "" 3200x', 'STREAM FILE "" ""'),
    ),
    scenario("no file", PLAYED, 'STREAM FILE no ""', PLAYED, 'STREAM FILE no "" 77'),
    scenario("two files", 'STREAM FILE beep&beep ""', 'GET OPTION beep&beep "" 100'),
    *(scenario(f"stream file {key}", press(f"STREAM FILE {LONG} {key}", key)) for key in "0*#AD"),
    scenario(
        "stream file keys",
        press(f'STREAM FILE {LONG} "123" 80000', "452"),
        PLAYED,
        press('STREAM FILE beep ""', "1", 0.1),
    ),
    scenario("stream file small letter", press(f"STREAM FILE {LONG} a5", "A5")),
    scenario("key before", Press("5"), Pause(0.2), "STREAM FILE beep 5", "WAIT FOR DIGIT 200"),
    scenario("control", 'CONTROL STREAM FILE beep ""', *CONTROLLED),
    scenario("control no file", 'CONTROL STREAM FILE no "" 1 2 3 4 5', *CONTROLLED),
    scenario("control stop", press(f"CONTROL STREAM FILE {LONG} 15", "5", 0.5), *CONTROLLED),
    scenario(
        "control offset",
        press(f'CONTROL STREAM FILE {LONG} 5 3000 "" "" "" 9000', "#5"),
        *CONTROLLED,
    ),
    scenario("control far offset", 'CONTROL STREAM FILE beep 5 3000 "#" "*" 0 99999', *CONTROLLED),
    scenario("control forward", press(f"CONTROL STREAM FILE {LONG} 5", "##5"), *CONTROLLED),
    scenario("control skip", press(f"CONTROL STREAM FILE {LONG} 5 1000 1 2", "1125"), *CONTROLLED),
    scenario("control rewind", press(f"CONTROL STREAM FILE {LONG} 5", "*5", 0.5), *CONTROLLED),
    scenario("control rewind later", press(f"CONTROL STREAM FILE {LONG} 5 3000 6 4 0 9000", "45")),
    scenario("control past the end", press("CONTROL STREAM FILE beep 5", "#", 0.1), *CONTROLLED),
    scenario(
        "control past the end and stop",
        during(
            f"CONTROL STREAM FILE {LONG} 5 20000 6 4 0 15000",
            *(Pause(0.3), Press("6"), Pause(1), Press("5")),
        ),
        *CONTROLLED,
    ),
    scenario(
        "control near the end",
        press(f'CONTROL STREAM FILE {LONG} 5 28000 "#" "*" "" 1000', "#"),
    ),
    scenario(
        "control pause",
        during(
            f'CONTROL STREAM FILE {LONG} 5 3000 "#" "*" 0',
            *(Pause(0.3), Press("0"), Pause(1), Press("0"), Pause(0.3), Press("5")),
        ),
        *CONTROLLED,
    ),
    scenario(
        "control stop in a pause",
        during(
            f'CONTROL STREAM FILE {LONG} 5 3000 "#" "*" 0',
            *(Pause(0.3), Press("0"), Pause(0.3), Press("5")),
        ),
        *CONTROLLED,
    ),
    scenario(
        "control keys in a pause",
        during(
            f'CONTROL STREAM FILE {LONG} 5 3000 "#" "*" 0',
            *(Pause(0.3), Press("0"), Pause(0.3), Press("#9"), Pause(0.2), Press("05")),
        ),
        *CONTROLLED,
    ),
    scenario(
        "control hang-up in a pause",
        during(
            f'CONTROL STREAM FILE {LONG} 5 3000 "#" "*" 0',
            *(Pause(0.3), Press("0"), Pause(0.3), HangUp()),
        ),
        HANGUP_LINE,
        *CONTROLLED,
    ),
    scenario("control forward stops", press(f'CONTROL STREAM FILE {LONG} "#5"', "#5"), *CONTROLLED),
    scenario(
        "control pause stops",
        during(
            f'CONTROL STREAM FILE {LONG} "05" 3000 "#" "*" 0',
            *(Pause(0.3), Press("0"), Pause(0.3), Press("5")),
        ),
        *CONTROLLED,
    ),
    scenario("control several keys", press(f"CONTROL STREAM FILE {LONG} 5 1000 12 34", "215")),
    scenario(
        "control words",
        'CONTROL STREAM FILE beep "" x',
        'CONTROL STREAM FILE beep "" -1',
        'CONTROL STREAM FILE beep "" 0',
        'CONTROL STREAM FILE beep "" 1 "#" "*" "" x',
        'CONTROL STREAM FILE beep "" 1 "#" "*" "" -1',
        'CONTROL STREAM FILE beep "" 1 "#" "*" "" -300',
        'CONTROL STREAM FILE beep "" 1 "#" "*" "" -9000',
        'CONTROL STREAM FILE beep "" ""',
        'CONTROL STREAM FILE beep "" 1 "#" "*" "" ""',
    ),
)

DIGITS: Final = (
    *(scenario(f"digit {key}", press("WAIT FOR DIGIT 3000", key)) for key in "0159*#ABCD"),
    scenario(
        "no digit",
        *("WAIT FOR DIGIT 400", "WAIT FOR DIGIT 0", "WAIT FOR DIGIT x", "WAIT FOR DIGIT 40x"),
        'WAIT FOR DIGIT ""',
    ),
    scenario("digit for ever", press("WAIT FOR DIGIT -1", "7", 1)),
    scenario("digits", press("WAIT FOR DIGIT 3000", "12"), Pause(0.2), "WAIT FOR DIGIT 300"),
    scenario("data ends", press("GET DATA beep 3000", "12#")),
    scenario("data ends without a digit", press('GET DATA "" 3000', "#")),
    scenario("data is full", press('GET DATA "" 3000 3', "012")),
    scenario("data is full of #", press('GET DATA "" 3000 2', "1#")),
    scenario("data one", press('GET DATA "" 3000 1', "5")),
    scenario("data keys", press('GET DATA "" 3000', "*1*AD#")),
    scenario("data times out", press('GET DATA "" 600', "12")),
    scenario("data none", "GET DATA beep 300", 'GET DATA "" 300', "GET DATA beep 300 2"),
    scenario("data in the prompt", press(f"GET DATA {LONG} 3000 2", "12")),
    scenario("data # in the prompt", press(f"GET DATA {LONG} 3000 2", "#")),
    scenario("data in the prompt times out", press(f"GET DATA {LONG} 500", "1")),
    scenario("data after the prompt", press("GET DATA beep 1000 2", "12", 0.9)),
    scenario("data default times", 'GET DATA ""'),
    scenario("data default time of the next", press("GET DATA beep", "1")),
    scenario("data zero", press('GET DATA "" 0 9', "1")),
    scenario("data what is no number", press('GET DATA "" x 2', "12")),
    scenario(
        "data no limit", during('GET DATA "" -1 2', Pause(0.3), Press("1"), Pause(3), Press("2"))
    ),
    scenario(
        "data no file",
        "GET DATA no",
        "GET DATA no 1000 2",
        "GET DATA beep 1000 0",
        "GET DATA beep 9 x",
    ),
    scenario("data less than none", 'GET DATA "" 300 -1'),
    scenario("data many words", 'GET DATA "" 200 1 2 3'),
    scenario(
        "data too many",
        press('GET DATA "" 1000 2', "123"),
        Pause(0.2),
        'GET DATA "" 400',
    ),
    scenario(
        "data slowly",
        during('GET DATA "" 800', *(Pause(0.6), Press("1"), Pause(0.6), Press("2"))),
    ),
    scenario("option", press(f"GET OPTION {LONG} 12 1000", "2")),
    scenario("option other key", press("GET OPTION beep 12 700", "3", 0.1)),
    scenario("option later", press("GET OPTION beep 12 2000", "2", 0.8)),
    scenario("option other key later", press("GET OPTION beep 12 2000", "3", 0.8)),
    scenario("option none", "GET OPTION beep 12 300", 'GET OPTION beep "" 300'),
    scenario("option times", "GET OPTION beep 12 0", "GET OPTION beep 12 x"),
    scenario("option for ever", press("GET OPTION beep 12 -1", "1", 1)),
    scenario("option without a time", "GET OPTION beep 12"),
    scenario("option no file", "GET OPTION no 12 300", 'GET OPTION "" 12 300'),
)

RECORD: Final = (
    scenario(
        "record",
        *('RECORD FILE r-a wav "#" 600', 'RECORD FILE r-a wav "#" 400 1000'),
        *('RECORD FILE r-a gsm "" 400', 'RECORD FILE r-a wav "#" 0', 'RECORD FILE r-a wav "#" x'),
        *('RECORD FILE r-a wav "#" 300 x', 'RECORD FILE r-a wav "#" 300 -5'),
        far="talk",
    ),
    scenario(
        "record what is not sent",
        *('RECORD FILE r-b wav "#" 400', 'RECORD FILE r-b wav "#" 400 1000'),
        'RECORD FILE r-b wav "#" 1500 s=1',
    ),
    scenario(
        "record offset",
        'RECORD FILE r-c sln "#" 500',
        'RECORD FILE r-c sln "#" 300 2000',
        far="talk",
    ),
    scenario("record a key", press('RECORD FILE r-d wav "#5" 5000', "5", 0.8), far="talk"),
    scenario("record a key for ever", press("RECORD FILE r-e gsm 5 -1", "5", 0.8), far="talk"),
    scenario("record a key unheard", press("RECORD FILE r-f wav 5 5000", "5", 0.4)),
    scenario(
        "record beep",
        'RECORD FILE r-g wav "#" 400 BEEP',
        'RECORD FILE r-g wav "#" 400 0 BEEP',
        far="talk",
    ),
    scenario("record offset and beep", 'RECORD FILE r-h wav "#" 400 800 x', far="talk"),
    scenario("record key in the beep", press("RECORD FILE r-i wav 5 5000 BEEP", "5", 0.1), STATUS),
    scenario(
        "record other key in the beep",
        press("RECORD FILE r-j wav 5 500 BEEP", "4", 0.1),
        far="talk",
    ),
    scenario("record no format", 'RECORD FILE r-k no "#" 400', 'RECORD FILE r-k no "#" 400 BEEP'),
    scenario(
        "record odd words",
        *('RECORD FILE r-n wav "#" 200 0 s=9 x', 'RECORD FILE r-n wav "#" 200 0 x=y'),
        *('RECORD FILE r-n wav "#" 200 "" ""', 'RECORD FILE r-n wav "#" 200 7x'),
    ),
    scenario("record a key at once", press("RECORD FILE r-o wav 5 5000", "5", 0), far="talk"),
    *(
        scenario(f"record {form}", f'RECORD FILE r-{form} {form} "#" 500', far="talk")
        for form in ("gsm", "wav49", "WAV", "ulaw", "alaw", "sln", "sln16", "raw", "au", "wav16")
    ),
    *(
        scenario(f"record {form}, which is not loaded", f'RECORD FILE r-{form} {form} "#" 300')
        for form in ("nonsense", "GSM", "wav|gsm", "Sln")
    ),
    scenario("record talk with a limit of silence", 'RECORD FILE r-l wav "#" 1500 s=1', far="talk"),
    scenario(
        "record hang-up",
        during('RECORD FILE r-m wav "#" 5000', Pause(0.5), HangUp()),
        HANGUP_LINE,
        far="talk",
    ),
)

SAID: Final = (
    *(
        'ALPHA "a1 *" ""',
        'ALPHA "!@$-.=+/" ""',
        'ALPHA "?_\xeb" ""',
        'ALPHA Ab "" a',
        'ALPHA aB "" u',
    ),
    *('ALPHA aB "" L', 'ALPHA aB "" n', 'ALPHA a "" x', 'ALPHA a "" ""', 'ALPHA "" ""'),
    *('DIGITS 12 ""', 'DIGITS -1 ""', 'DIGITS 1*#x ""', 'DIGITS x ""', 'DIGITS "" ""'),
    *('NUMBER 0 ""', 'NUMBER 21 ""', 'NUMBER 105 ""', 'NUMBER -13 ""', 'NUMBER 1000000 ""'),
    *('NUMBER 2300 "" f', 'NUMBER x ""', 'NUMBER 7x ""', 'NUMBER 1000000000 ""'),
    *('NUMBER 99999999999 ""', 'PHONETIC az9 ""', 'PHONETIC "b c" ""', 'PHONETIC "" ""'),
    *('DATETIME x ""', 'DATETIME 1000000000 "" IMp GMT', 'DATETIME 9 "" IM Nowhere/None'),
    *('DATETIME 1000000000 "" HM America/New_York', 'DATETIME 1000000000 "" "" UTC'),
    *("DATETIME 9 '' \"'beep'\" UTC", 'DATE x ""', 'TIME x ""'),
)
MOMENTS: Final = (
    *((10**9, "ABdY"), (10**9, "R"), (10**9, "S"), (134 * 10**7, "dm"), (134 * 10**7, "Y")),
    *((134 * 10**7, "l"), (134 * 10**7, "IMSP"), (86400, "HM"), (9, "k"), (9, "b"), (9, "x")),
    *((9, "Y"), (9, "T"), (26 * 10**8, "Y"), (41000, "IM"), (41000, "N"), (4102444900, "Y")),
    *((9, "S"), (86400, "N"), (86400, "M"), (86400, "S"), (41000, "Q"), (41000, "q")),
    *((10, "aBe"), (-9 * 10**8, "Y"), (300, "M"), (300, "N"), (30000, "k"), (30000, "H")),
    *((86400, "I"), (10**9, "Q")),
)
TODAY: Final = int(time.time() // 86400 * 86400)
DAYS: Final = (400, 100, 20, 6.5, 5.5, 2.5, 1.5, 0.1, -0.1, -1.5, -4.5, -6.5, -20, -100, -300)
"""Some of them are said by how long ago they are."""

SAY: Final = (
    *(
        scenario(f"say {what}", f"SAY {what}")
        for what in (*SAID, *(f'DATETIME {moment} "" {form} UTC' for moment, form in MOMENTS))
    ),
    *(
        scenario(
            f"say {form} after {days} days",
            f'SAY DATETIME {TODAY + int(86400 * days)} "" {form} UTC',
        )
        for form in "Qq"
        for days in DAYS
    ),
    *(
        scenario(f"say {what}", f"SAY {what}", local_time=True)
        for what in (
            *('DATE 1000000000 ""', 'TIME 1000000000 ""', 'DATETIME 1000000000 ""'),
            *(
                'DATE 2000000000 ""',
                'TIME 86400 ""',
                'TIME 300 ""',
                'DATE -1 ""',
                'DATE 5000000000 ""',
            ),
        )
    ),
    *(
        scenario(f"say {what} until a key", press(f'SAY {what} "5*"', "4*", 0.3))
        for what in ("ALPHA abcdef", "DIGITS 123456", "NUMBER 123456", "PHONETIC abcdef")
    ),
    *(
        scenario(f"say {what} until a key", press(f"SAY {what} 5", "5", 0.3))
        for what in ("DATE 9", "TIME 9", "DATETIME 9")
    ),
)

EXEC: Final = (
    scenario(
        "applications",
        *("EXEC NoSuchApp x", "EXEC NoOp", "EXEC noop a b", 'EXEC NoOp "a b"', "EXEC Wait 0.3"),
        *(
            "EXEC Wait x",
            "EXEC Wait",
            "EXEC Wait -1",
            "EXEC Answer",
            "EXEC Progress",
            "EXEC Ringing",
        ),
        *(
            "EXEC Verbose 1,hi",
            "EXEC Incomplete",
            "EXEC Return",
            "EXEC SendText hi",
            "EXEC GotoIf 1?no",
        ),
        *("EXEC UserEvent foo,a:b", "EXEC StopMixMonitor", 'EXEC ""', "EXEC GotoIf 0?no"),
        *("EXEC Log NOTICE,x", "EXEC PlayTones 440", "EXEC StopPlayTones", "EXEC Return x"),
    ),
    scenario("EXEC Playback", "EXEC Playback beep", PLAYED, "EXEC Playback no", PLAYED),
    scenario(
        "EXEC Playback of several",
        *(
            "EXEC Playback beep&beep",
            PLAYED,
            "EXEC Playback beep&no",
            PLAYED,
            "EXEC Playback no&beep",
        ),
        *(PLAYED, "EXEC Playback", PLAYED, "EXEC Playback beep,noanswer"),
    ),
    scenario("EXEC Playback and a key", press("EXEC Playback beep", "1", 0.1)),
    scenario("EXEC Background", press(f"EXEC Background {LONG}", "1"), "EXEC Background beep"),
    scenario("EXEC Background of nothing", "EXEC Background no", "EXEC Background"),
    scenario(
        "EXEC Background option", press("EXEC Background beep,m", "1", 0.1), "EXEC WaitExten 0.3"
    ),
    scenario("EXEC WaitExten", press("EXEC WaitExten 3", "1"), "EXEC WaitExten 0.4"),
    scenario(
        "EXEC Read", press("EXEC Read R,beep,2", "12"), "GET VARIABLE R", "GET VARIABLE READSTATUS"
    ),
    scenario(
        "EXEC Read #", press("EXEC Read R", "12#"), "GET VARIABLE R", "GET VARIABLE READSTATUS"
    ),
    scenario(
        "EXEC Read nothing",
        "EXEC Read R,beep,1,,1,0.5",
        "GET VARIABLE R",
        "GET VARIABLE READSTATUS",
    ),
    scenario(
        "EXEC Read some",
        press("EXEC Read R,,3,,1,0.6", "1"),
        "GET VARIABLE R",
        "GET VARIABLE READSTATUS",
    ),
    scenario(
        "EXEC Read twice", "EXEC Read R,beep,1,,2,0.3", "GET VARIABLE READSTATUS", "EXEC Read"
    ),
    scenario(
        "EXEC Set",
        *('EXEC Set A="q,uo,te"', "GET VARIABLE A", 'EXEC Set "A=\\"quoted, x\\" \\\\ y"'),
        *(
            "GET VARIABLE A",
            "EXEC Set A=a\\,b",
            "GET VARIABLE A",
            "EXEC Set A=${EXTEN}",
            "GET VARIABLE A",
        ),
        *("EXEC Set A=", "GET VARIABLE A", "EXEC Set A", "EXEC Set CALLERID(num)=5", "EXEC Set"),
        *("GET VARIABLE CALLERID(num)", "EXEC MSet B=1,C=2", "GET VARIABLE B", "GET VARIABLE C"),
        *('EXEC Set "A=a b"', "GET VARIABLE A", 'EXEC Set "A= b "', "GET VARIABLE A"),
        'EXEC Set "A=\\"all quoted\\""',
        "GET VARIABLE A",
        'EXEC Set "A=back\\\\\\\\slash"',
        "GET VARIABLE A",
    ),
    scenario(
        "EXEC expands",
        *("SET VARIABLE AGIEXECFULL 1", "EXEC Set A=${EXTEN}", "GET VARIABLE A"),
        *("SET VARIABLE AGIEXECFULL no", "EXEC Set A=${EXTEN}", "GET VARIABLE A"),
        *("SET VARIABLE AGIEXECFULL yes", 'EXEC Set "A=${LEN(${EXTEN})} x"', "GET VARIABLE A"),
    ),
    scenario("EXEC Goto", "EXEC Goto agi,target,label"),
    scenario("EXEC Goto extension", "EXEC Goto target,2"),
    scenario("EXEC Goto priority", "EXEC Goto 3"),
    scenario("EXEC Goto label", "EXEC Goto after"),
    scenario(
        "EXEC Goto nowhere", "EXEC Goto agi,no,1", "EXEC Goto nowhere,1,1", "EXEC Goto agi,target,1"
    ),
    scenario("EXEC Goto no label", "EXEC Goto nolabel", "EXEC Goto"),
    scenario("EXEC Busy", "EXEC Busy 0.4", "EXEC Congestion 0.4"),
    scenario("EXEC SendDTMF", "EXEC SendDTMF 12", "EXEC SendDTMF 1"),
    scenario(
        "EXEC System", 'EXEC System "exit 0"', "GET VARIABLE SYSTEMSTATUS", "EXEC TrySystem true"
    ),
    scenario(
        "EXEC SayDigits",
        "EXEC SayDigits 12",
        "EXEC SayNumber 21",
        "EXEC SayAlpha a",
        "EXEC SayPhonetic a",
    ),
    scenario("EXEC Echo", press("EXEC Echo", "1#")),
    scenario(
        "EXEC Dial",
        *("EXEC Dial", "GET VARIABLE DIALSTATUS", "EXEC Dial Local/ring@far,1"),
        "GET VARIABLE DIALSTATUS",
    ),
    scenario(
        "EXEC MusicOnHold",
        "EXEC MusicOnHold default,1",
        "EXEC StartMusicOnHold",
        "EXEC StopMusicOnHold",
    ),
    scenario(
        "EXEC dead",
        HangUp(),
        HANGUP_LINE,
        *(
            "EXEC NoOp",
            "EXEC Wait 0.3",
            "EXEC Playback beep",
            "EXEC Background beep",
            "EXEC Read R",
        ),
        *("EXEC Dial Local/ring@far,1", "EXEC Set A=1", "GET VARIABLE A", "EXEC WaitExten 0.3"),
        *(
            "EXEC SayDigits 1",
            "EXEC Hangup",
            "EXEC Echo",
            "EXEC Goto agi,target,1",
            "EXEC SendDTMF 1",
        ),
    ),
    scenario(
        "gosub",
        during("GOSUB subs s 1 a,b", Hear(0)),
        *("GET VARIABLE GOSUB_RETVAL", "GOSUB subs s 1", "GET VARIABLE GOSUB_RETVAL"),
        *('GOSUB subs s 1 "a b,c d"', "GET VARIABLE GOSUB_RETVAL", "GOSUB subs lab lbl"),
        *(
            "GET VARIABLE GOSUB_RETVAL",
            "GET VARIABLE ARG1",
            "GOSUB subs s 1 a b c",
            "GET VARIABLE GOSUB_RETVAL",
        ),
    ),
    scenario(
        "gosub nowhere", "GOSUB subs no 1", "GOSUB no s 1", "GOSUB subs s 9", "GOSUB subs s no"
    ),
    scenario("gosub goes out", "GOSUB subs goto 1", "GET VARIABLE GOSUB_RETVAL", STATUS, reports=4),
    scenario("gosub hangs up", "GOSUB subs hang 1", HANGUP_LINE, STATUS),
)

MEDIA: Final = (*FILES, *DIGITS, *RECORD, *SAY, *EXEC)
