"""The sessions that are played on both: hang-ups, second lines, ends."""

from __future__ import annotations

from typing import Final

from tests.asterisk.scenario import (
    END,
    HANGUP_LINE,
    Close,
    HalfClose,
    HangUp,
    Hear,
    Pause,
    Press,
    Send,
    Text,
    during,
    scenario,
)

LONG: Final = "demo-congrats"  # half a minute
STATUS: Final = "CHANNEL STATUS"

DURING: Final = (
    f'STREAM FILE {LONG} "#"',
    f'STREAM FILE {LONG} "#" 80000',
    f'CONTROL STREAM FILE {LONG} "#"',
    f"GET OPTION {LONG} 1 3000",
    "GET OPTION beep 1 3000",
    "WAIT FOR DIGIT 5000",
    "WAIT FOR DIGIT -1",
    f"GET DATA {LONG} 5000 4",
    'GET DATA "" 5000 4',
    'RECORD FILE h-a wav "#" 5000',
    'RECORD FILE h-b wav "#" 5000 BEEP',
    "RECEIVE CHAR 5000",
    "RECEIVE TEXT 5000",
    'SAY ALPHA abcdef "#"',
    'SAY DATE 9 "#"',
    'SAY DATETIME 9 "#"',
    'SAY DIGITS 123456 "#"',
    'SAY NUMBER 123456 "#"',
    'SAY PHONETIC abcdef "#"',
    'SAY TIME 9 "#"',
    "EXEC Wait 5",
    f"EXEC Playback {LONG}",
    f"EXEC Background {LONG}",
    "EXEC Echo",
    "EXEC Milliwatt",
    f"EXEC Read R,{LONG}",
    "EXEC WaitExten 5",
    "EXEC SendDTMF 111111111",
    "EXEC SayDigits 123456",
    "EXEC Dial Local/ring@far",
    "EXEC Busy",
    "GOSUB subs wait 1",
)

WHERE: Final = "GET FULL VARIABLE ${CONTEXT},${EXTEN},${PRIORITY}"

HANG_UPS: Final = (
    *(
        scenario(
            f"hang-up in {line}", during(line, Pause(0.6), HangUp()), HANGUP_LINE, STATUS, "NOOP"
        )
        for line in DURING
    ),
    scenario(
        "hang-up in the beep",
        during("RECORD FILE h-c wav 5 5000 BEEP", Pause(0.2), HangUp()),
        HANGUP_LINE,
    ),
    scenario("hang-up in data", during('GET DATA "" 5000', Press("12"), HangUp()), HANGUP_LINE),
    scenario("hang-up of who says nothing", HangUp(), HANGUP_LINE),
    scenario("cause of a hang-up", HangUp(), HANGUP_LINE, "GET VARIABLE HANGUPCAUSE"),
    scenario(
        "hang-up, no signal", HangUp(), Pause(0.3), "NOOP", STATUS, variables={"AGISIGHUP": "no"}
    ),
    scenario(
        "hang-up in a command, no signal",
        during(f'STREAM FILE {LONG} ""', Pause(0.3), HangUp()),
        Pause(0.2),
        STATUS,
        variables={"AGISIGHUP": "0"},
    ),
    scenario("hang-up ends", HangUp(), END, variables={"AGIEXITONHANGUP": "yes"}),
    scenario(
        "hang-up ends a command",
        *(Send(b"EXEC Wait 5\n"), Pause(0.3), HangUp(), END),
        variables={"AGIEXITONHANGUP": "1"},
    ),
    scenario(
        "hang-up ends, no signal",
        *(HangUp(), END),
        variables={"AGIEXITONHANGUP": "yes", "AGISIGHUP": "false"},
    ),
    scenario("HANGUP ends", Send(b"HANGUP\n"), END, variables={"AGIEXITONHANGUP": "yes"}),
    scenario(
        "hang-up does not end", HangUp(), HANGUP_LINE, "NOOP", variables={"AGIEXITONHANGUP": "no"}
    ),
    scenario("signal set later", "SET VARIABLE AGISIGHUP no", HangUp(), HANGUP_LINE, "NOOP"),
    scenario("failure after a hang-up", HangUp(), HANGUP_LINE, Send(b"failure\n"), END),
    scenario("failed command and hang-up", 'STREAM FILE no ""', HangUp(), HANGUP_LINE),
    scenario("half-close after a hang-up", HangUp(), HANGUP_LINE, HalfClose(), END),
)

SECOND: Final = (
    *(
        scenario(
            f"second line in {line}",
            during(line, Pause(0.3), Send(b"GET VARIABLE EXTEN\n"), replies=replies),
            "NOOP",
        )
        for line, replies in (
            (f'STREAM FILE {LONG} ""', 1),
            (f"GET DATA {LONG} 3000 4", 1),
            ('GET DATA "" 3000 4', 1),
            (f"GET OPTION {LONG} 1 3000", 1),
            ("WAIT FOR DIGIT 3000", 2),
            ("WAIT FOR DIGIT -1", 2),
            ('SAY ALPHA abc ""', 2),
            ('SAY DIGITS 12 ""', 2),
            ('SAY NUMBER 12 ""', 2),
            ('SAY PHONETIC a ""', 2),
            ('SAY TIME 9 ""', 2),
            ('CONTROL STREAM FILE beep ""', 2),
            ('RECORD FILE p-a wav "#" 800', 2),
            ("EXEC Wait 1", 2),
            ("EXEC Playback beep", 2),
            ("EXEC WaitExten 1", 2),
            ("RECEIVE TEXT 800", 2),
            ("RECEIVE CHAR 800", 2),
        )
    ),
    scenario(
        "second line later in GET OPTION",
        during("GET OPTION beep 1 3000", Pause(0.8), Send(b"NOOP\n"), replies=2),
        STATUS,
    ),
    scenario(
        "cancelled",
        during(f'STREAM FILE {LONG} ""', Pause(0.3), Send(b"#\n")),
        "NOOP",
        during('GET DATA "" 3000', Pause(0.1), Press("12"), Pause(0.2), Send(b"#\n")),
        'GET DATA "" 300',
    ),
    scenario(
        "hung up by the second",
        Send(f'STREAM FILE {LONG} ""\n'.encode()),
        Pause(0.3),
        "HANGUP",
        HANGUP_LINE,
    ),
    scenario(
        "two lines while idle",
        Send(b"NOOP\nGET VARIABLE EXTEN\n"),
        Pause(0.3),
        Send(b"NOOP x\n"),
        Hear(3),
    ),
    scenario(
        "four lines while idle",
        Send(b"SET VARIABLE A 1\nSET VARIABLE A 2\nSET VARIABLE A 3\nGET VARIABLE A\n"),
        *(Pause(0.3), Send(b"NOOP\n"), Hear(5)),
    ),
    *(
        scenario(
            f"line {size} bytes behind",
            Send(b"NOOP " + b"x" * (size - 6) + b"\nGET VARIABLE EXTEN\n"),
            *(Pause(0.3), Send(b"NOOP\n"), Hear(3)),
        )
        for size in (2040, 2048, 4000, 4096)
    ),
    scenario(
        "a piece of a line behind",
        Send(b"NOOP\nGET VARIABLE EXT"),
        *(Pause(0.2), Send(b"EN\n"), Hear(2)),
    ),
    scenario(
        "two lines in a prompt",
        Send(f'STREAM FILE {LONG} ""\n'.encode()),
        *(Pause(0.3), Send(b"GET VARIABLE EXTEN\nNOOP\n"), Pause(0.3), Send(b"GET VARIABLE NO\n")),
        *(Pause(0.3), Send(b"NOOP\n"), Hear(4)),
    ),
    scenario(
        "two lines in a wait",
        Send(b"EXEC Wait 0.6\n"),
        *(Pause(0.3), Send(b"GET VARIABLE EXTEN\nNOOP\n"), Pause(0.6), Send(b"GET VARIABLE NO\n")),
        Hear(4),
    ),
    scenario(
        "two lines one by one in a wait",
        Send(b"EXEC Wait 0.8\n"),
        *(Pause(0.2), Send(b"GET VARIABLE EXTEN\n"), Pause(0.2), Send(b"GET VARIABLE NO\n")),
        *(Pause(0.8), Send(b"NOOP\n"), Hear(4)),
    ),
    scenario(
        "prompt and a line at once",
        Send(b'STREAM FILE beep ""\nGET VARIABLE EXTEN\n'),
        *(Pause(0.8), Send(b"NOOP\n"), Hear(3)),
    ),
    scenario(
        "prompt behind a line",
        Send(b'NOOP\nSTREAM FILE beep ""\n'),
        *(Pause(0.3), Send(b"GET VARIABLE EXTEN\n"), Hear(2), "NOOP"),
    ),
)

IN_A_LINE: Final = (
    *(
        scenario(f"NUL {name}", Send(data), Pause(0.3), Send(after), Hear(1), "GET VARIABLE A")
        for name, data, after in (
            ("in a line", b"SET VARIABLE A x\0y\n", b"NOOP\n"),
            ("before a line", b"\0NOOP\n", b"NOOP\n"),
            ("and the rest later", b"SET VARIABLE A x\0", b"yy\n"),
            ("in half a line", b"SET VARIABLE A x\0z", b"yy\n"),
        )
    ),
    scenario(
        "NUL in a line before another",
        Send(b"SET VARIABLE A x\0y\nNOOP\n"),
        *(Hear(1), "GET VARIABLE A"),
    ),
    scenario(
        "NUL in a line behind another",
        Send(b"NOOP\nSET VARIABLE A x\0y\n"),
        *(Hear(1), Pause(0.3), Send(b"Q\n"), Hear(1), "GET VARIABLE A"),
    ),
    scenario("NUL and the end", Send(b"SET VARIABLE A x\0y\n"), Pause(0.3), HalfClose(), END),
    scenario("only NUL and the end", Send(b"\0\n"), Pause(0.3), HalfClose(), END),
    scenario(
        "hang-up behind NUL",
        *(Send(b"SET VARIABLE A x\0y\n"), Pause(0.3), HangUp(), Pause(0.3), Send(b"z\n")),
        *(Hear(1), HANGUP_LINE, "GET VARIABLE A"),
    ),
    *(
        scenario(
            f"hang-up in the line {half}-{rest}",
            *(Send(half.encode()), Pause(0.3), HangUp(), Pause(0.3), Send(f"{rest}\n".encode())),
            *(Hear(1), HANGUP_LINE, STATUS),
        )
        for half, rest in (
            *(("NOO", "P"), ("ANS", "WER"), ("SAY DIG", 'ITS 123456 ""'), ("EXEC Wa", "it 5")),
            ("GET DATA", f" {LONG} 3000"),
        )
    ),
    scenario(
        "hang-up in a line and the end",
        *(Send(b"NOO"), Pause(0.3), HangUp(), Pause(0.3), HalfClose(), END),
    ),
    scenario(
        "autohangup in a line",
        *("SET AUTOHANGUP 0.5", Send(b"NOO"), Pause(1), Send(b"P\n"), Hear(1)),
        *(HANGUP_LINE, STATUS),
    ),
    scenario(
        "hang-up in a line ends",
        *(Send(b"NOO"), Pause(0.3), HangUp(), Pause(0.3), Send(b"P\n"), END),
        variables={"AGIEXITONHANGUP": "yes"},
    ),
    scenario(
        "hang-up in a line behind a prompt",
        *(Send(f'STREAM FILE {LONG} ""\n'.encode()), Pause(0.3), Send(b"NOO"), Pause(0.2)),
        *(HangUp(), Pause(0.3), Send(b"P\n"), Hear(1), HANGUP_LINE),
    ),
)

ENDS: Final = (
    scenario("half-close", HalfClose(), END),
    scenario(
        "half-close behind a prompt",
        Send(b'NOOP\nSTREAM FILE beep ""\n'),
        Pause(0.1),
        HalfClose(),
        END,
    ),
    scenario(
        "half-close behind a wait", Send(b"NOOP\nEXEC Wait 0.4\n"), Pause(0.1), HalfClose(), END
    ),
    scenario("half-close behind a line", "SET VARIABLE A 1", HalfClose(), END),
    scenario("half-close behind half a line", Send(b"SET VARIABLE A 1"), HalfClose(), END),
    scenario(
        "half-close behind lines",
        Send(b"NOOP\nGET VARIABLE EXTEN\nNOO"),
        Pause(0.1),
        HalfClose(),
        END,
    ),
    *(
        scenario(f"half-close in {line}", Send(f"{line}\n".encode()), Pause(0.3), HalfClose(), END)
        for line in (
            *(
                f'STREAM FILE {LONG} ""',
                "WAIT FOR DIGIT 3000",
                f"GET DATA {LONG} 3000",
                'GET DATA ""',
            ),
            *(f"GET OPTION {LONG} 1 3000", "EXEC Wait 1", 'SAY DIGITS 12 ""', "RECEIVE TEXT 900"),
            *('RECORD FILE e-a wav "#" 900', 'CONTROL STREAM FILE beep ""'),
        )
    ),
    *(
        scenario(f"close in {line}", Send(f"{line}\n".encode()), Pause(0.3), Close())
        for line in (
            *(
                f'STREAM FILE {LONG} ""',
                "WAIT FOR DIGIT 3000",
                f"GET DATA {LONG} 3000",
                'GET DATA ""',
            ),
            *(f"GET OPTION {LONG} 1 3000", "EXEC Wait 1", 'SAY DIGITS 12 ""', "RECEIVE TEXT 900"),
            *('RECORD FILE e-b wav "#" 900', 'CONTROL STREAM FILE beep ""'),
        )
    ),
    *(
        scenario(f"the line {line}", Send(f"{line}\n".encode()), END)
        for line in ("failure", "FAILURE", "failure now", "failures")
    ),
    scenario("no failure", " failure", '"failure"', "failur"),
    scenario("failure in a wait", Send(b"EXEC Wait 0.6\n"), Pause(0.2), Send(b"failure\n"), END),
    scenario(
        "failure in a prompt",
        Send(f'STREAM FILE {LONG} ""\n'.encode()),
        Pause(0.2),
        Send(b"failure\n"),
        END,
    ),
    *(
        scenario(f"ends after {line}", line, far="talk")
        for line in (
            *(
                'STREAM FILE no ""',
                'CONTROL STREAM FILE no ""',
                "GET OPTION no 1 1",
                "GOSUB no s 1",
            ),
            *(
                'RECORD FILE s-a no "#" 1',
                "RECEIVE CHAR 100",
                "RECEIVE TEXT 100",
                "GET DATA no",
                "EXEC No",
            ),
            *("HANGUP no", "CHANNEL STATUS no", "nonsense", "NOOP", "SAY DIGITS", "EXEC Return"),
            'RECORD FILE s-b wav "#" 100',
        )
    ),
    scenario(
        "ends after a second line", Send(f'STREAM FILE {LONG} ""\n'.encode()), Pause(0.2), "NOOP"
    ),
    scenario("on in another context", "SET CONTEXT elsewhere"),
    scenario("on at another extension", "SET EXTENSION target"),
    scenario("on at a place", "SET CONTEXT elsewhere", "SET EXTENSION target", "SET PRIORITY 1"),
    scenario(
        "the place",
        *("SET CONTEXT elsewhere", WHERE, "SET EXTENSION target", WHERE, "SET PRIORITY 2", WHERE),
        *("EXEC Goto agi,run,3", WHERE, "SET PRIORITY 0", WHERE, "SET PRIORITY 3", WHERE),
    ),
    scenario("on at a priority", "SET EXTENSION target", "SET PRIORITY 2"),
    scenario("on at a label", "SET EXTENSION target", "SET PRIORITY label"),
    scenario("on at no label", "SET PRIORITY nowhere", "SET PRIORITY -1", 'SET PRIORITY ""'),
    scenario("on at a small priority", "SET EXTENSION target", "SET PRIORITY 2x"),
    scenario("on nowhere", "SET EXTENSION nowhere"),
    scenario("on at a priority that is not there", "SET PRIORITY 99"),
    scenario("on after a hang-up", "SET EXTENSION target", HangUp(), HANGUP_LINE),
)

CALLERS: Final = (
    scenario("environment"),
    scenario("environment with a script", path="/a/b?x=1&y=%20z", arguments=("one", "", " b ")),
    scenario("environment with a caller", caller_id=("Zo\xeb O'Brien", "+493012")),
    scenario("environment with a number", caller_id=("", "5551234"), arguments=("a:b", "c: d")),
    scenario("a text between", Text("hi"), Pause(0.2), "NOOP"),
)

AND_ENDS: Final = (*HANG_UPS, *SECOND, *IN_A_LINE, *ENDS, *CALLERS)
