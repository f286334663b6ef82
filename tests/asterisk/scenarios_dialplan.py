"""The sessions that are played on both: what the dialplan's variables and applications do."""

from __future__ import annotations

from typing import Final

from tests.asterisk.scenario import HANGUP_LINE, press, scenario

LONG: Final = "demo-congrats"  # half a minute
STATUS: Final = "CHANNEL STATUS"
HEARD: Final = "GET VARIABLE BACKGROUNDSTATUS"
READ: Final = ("GET VARIABLE R", "GET VARIABLE READSTATUS")
CAUSE: Final = "GET VARIABLE HANGUPCAUSE"
PRIORITY: Final = "GET VARIABLE PRIORITY"


def _read(*names: str) -> tuple[str, ...]:
    return tuple(f"GET VARIABLE {name}" for name in names)


def _callers(*names: str) -> tuple[str, ...]:
    return _read(*(f"CALLERID({name})" for name in names))


PARTS: Final = _callers(
    *("ani", "pres", "ton", "ANI2", "tns", "num-pres", "name-pres", "num-valid", "name-valid"),
    *("ani-num", "ani-name", "dnid-num-plan", "dnid", "rdnis", "num-plan", "tag", "subaddr"),
    *("name-charset", "ani-num-pres", "redirecting"),
)

VALUES: Final = (
    scenario(
        "variables of Asterisk's own",
        *(
            (f"SET VARIABLE {name} mine", f"GET VARIABLE {name}", f"GET FULL VARIABLE ${{{name}}}")
            for name in (
                *("EXTEN", "CONTEXT", "CHANNEL", "UNIQUEID", "PRIORITY", "HANGUPCAUSE"),
                *("CALLINGPRES", "CALLINGANI2", "CALLINGTON", "CALLINGTNS", "SYSTEMNAME"),
                *("LANGUAGE", "CALLERID", "LINKEDID", "DNID", "CHANNELSTATE", "exten"),
            )
        ),
        *("EXEC Set EXTEN=x", "SET VARIABLE GLOBAL(EXTEN) y"),
        *_read("EXTEN", "GLOBAL(EXTEN)"),
        *("SET VARIABLE EPOCH 5", "GET FULL VARIABLE ${LEN(${EPOCH})}"),
    ),
    scenario(
        "globals",
        *("SET VARIABLE GLOBAL(GG) a", "GET VARIABLE GG", "SET VARIABLE GG b"),
        *_read("GG", "GLOBAL(GG)", "GLOBAL(GGX)"),
    ),
    scenario(
        "parts of no caller",
        *PARTS,
        *("SET VARIABLE CALLERID(ani) 9", *_callers("ani"), "SET VARIABLE CALLERID(num) 5"),
        *(*_callers("ani", "pres", "num-valid", "name-valid"), "GET VARIABLE CALLINGPRES"),
    ),
    scenario(
        "parts of a caller that is set",
        *("SET CALLERID 777", *_callers("ani", "pres", "num-valid", "name-valid", "all")),
        *('SET CALLERID "Jo"', *_callers("pres", "num-valid", "name-valid", "all")),
    ),
    scenario(
        "parts of a name that is set",
        *("SET CALLERID Jo", *_callers("ani", "pres", "num-valid", "name-valid", "all")),
        *("SET VARIABLE CALLERID(name) Ann", *_callers("name-valid", "all")),
    ),
    scenario(
        "parts of a caller that is no more",
        *("SET VARIABLE CALLERID(num) 5", 'SET VARIABLE CALLERID(num) ""'),
        *_callers("pres", "num-valid", "name-valid", "all"),
        *('SET VARIABLE CALLERID(name) ""', *_callers("pres", "name-valid")),
    ),
    scenario(
        "parts of a caller",
        *PARTS,
        *("SET CALLERID 777", *_callers("ani", "num", "pres", "num-pres", "name-valid")),
        caller_id=("Bob", "4711"),
    ),
    scenario(
        "database functions",
        *("DATABASE PUT df a one", "DATABASE PUT df b/c 2", "DATABASE PUT df b/d 3"),
        *_read("DB_KEYS(df)", "DB_KEYS(df/b)", "DB_KEYS(dfno)", "DB_KEYS(df/a)", "DB_RESULT"),
        *_read("DB_EXISTS(df/a)", "DB_RESULT", "DB_EXISTS(df/no)", "DB_RESULT", "DB(df/b/c)"),
        *_read("DB_RESULT", "DB(df/no)", "DB_RESULT", "DB_DELETE(df/a)", "DB_RESULT"),
        *(*_read("DB_DELETE(df/a)", "DB_RESULT"), "DATABASE GET df a"),
        *("SET VARIABLE DB_DELETE(df/b/c) x", "DATABASE GET df b/c"),
        *_read("DB(df)", "DB_EXISTS(df)", "DB_DELETE(df)"),
        *("DATABASE DELTREE df",),
    ),
    scenario(
        "tree without a key",
        *("DATABASE PUT dt x 1", 'DATABASE DELTREE dt ""', "DATABASE GET dt x"),
        'DATABASE DELTREE dt ""',
    ),
    scenario(
        "parentheses in a value",
        *(
            (
                f'SET VARIABLE V "{value}"',
                "GET FULL VARIABLE ${BASE64_ENCODE(${V})}",
                "GET FULL VARIABLE ${LEN(${V})}",
                "GET FULL VARIABLE ${URIENCODE(${V})}",
            )
            for value in ("):", "a):1", "a)", "(:", "x)y:2", "a:)1", ") :1", ":1", "a(b:1")
        ),
    ),
    scenario(
        "characters in a URI",
        *(f'GET FULL VARIABLE "${{URIENCODE(a{each}b)}}"' for each in "!#%&'()*+,-./;<=>?@[]^_`|~"),
    ),
    scenario("letters", *_read("TOUPPER(Zo\xeb)", "TOLOWER(ZO\xcb)")),
    scenario(
        "more words than there is room for",
        *("NOOP" + " x" * count for count in (126, 127, 128, 140, 400)),
        *("NOOP" + ' "x"' * count for count in (126, 127)),
        *("SET VARIABLE A b" + " x" * 200, "GET VARIABLE A", "VERBOSE" + " x" * 130),
        "NOOP" + " x" * 130 + ' "y"',
    ),
    scenario(
        "names of files",
        *(
            f'STREAM FILE {name} ""'
            for name in (
                *("./beep", "en/beep", "de/beep", "../sounds/beep", "././beep", "./en/beep"),
                *("en/./beep", "//beep", "beep.gsm", "en/digits/1", "digits/../beep", "digits//1"),
                *("digits/en/1", "BEEP", "/beep"),
            )
        ),
        *("GET DATA en/beep 100", "GET DATA ./beep 100", "GET OPTION ./beep 1 100"),
    ),
    scenario(
        "record in folders",  # of Asterisk's side
        *(
            f'RECORD FILE {name} wav "#" 100'
            for name in (
                *("/nodir/f-a", "nodir/y/f-a", "/usr/f-a", "./f-a", "/f-a", "/var/f/f-a", "en/f-a"),
                *("/usr/no/f-a", "../f-a/b"),
            )
        ),
    ),
    scenario(
        "record behind the end",
        *('RECORD FILE f-b wav "#" 600', 'RECORD FILE f-b wav "#" 200 99999'),
        *('RECORD FILE f-b wav "#" 200 99999', 'RECORD FILE f-b wav "#" 200 1600'),
        *('RECORD FILE f-b wav "#" 200 99999', 'RECORD FILE f-b sln "#" 600 800'),
        *('RECORD FILE f-b sln "#" 200 99999', 'RECORD FILE f-b gsm "#" 600'),
        'RECORD FILE f-b gsm "#" 200 99999',
        far="talk",
    ),
    scenario(
        "record nothing behind the end",
        *('RECORD FILE f-c wav "#" 300', 'RECORD FILE f-c wav "#" 200 99999'),
        'RECORD FILE f-c ulaw "#" 200 500',
    ),
)

APPLICATIONS: Final = (
    scenario(
        "Read again after #",
        press("EXEC Read R,beep,2,,2,1", "#"),
        *READ,
        press("EXEC Read R", "#"),
    ),
    scenario("Read after # at the last time", press("EXEC Read R,beep,2,,1,1", "#"), *READ),
    scenario("Read # twice", press("EXEC Read R,,2,,2,2", "##"), *READ),
    scenario("Read a digit and #", press("EXEC Read R,beep,3,,2,1", "1#"), *READ),
    scenario("Read a digit only", press("EXEC Read R,,3,,2,0.6", "1"), *READ),
    scenario(
        "Read what is not there",
        *("EXEC Read R,no,1,,1,0.3", *READ, "EXEC Read R,no&beep,1,,1,0.3", *READ),
        *("EXEC Read R,beep&no,1,,1,0.3", *READ, "EXEC Read R,no,1,,2,0.3", *READ),
    ),
    scenario("WaitExten 0", "EXEC WaitExten 0"),
    scenario(
        "Background of several",
        *(
            (f"EXEC Background {files}", HEARD)
            for files in ("no&beep", "beep&no", "beep&no&beep", "no", "beep", "beep&beep,n")
        ),
    ),
    scenario("Background and a key", press(f"EXEC Background {LONG}", "1"), HEARD),
    scenario(
        "MSet",
        *(
            (f"EXEC MSet {data}", "GET VARIABLE B", "GET VARIABLE C")
            for data in (
                *("B=1\\,2,C=3", '"B=\\"1,2\\",C=3"', 'B="1,2",C=4', '"B=1\\\\,2,C=5"'),
                *('"B= 1 , C = 6"', "B", '"B=x=y,__C=1"', '"B=a\\\\b"', '"B=x,,C=7"', '"B=x,C"'),
                *("B=,C=", '"B=\\"open,C=8"', '"B=a\\\\"'),
            )
        ),
        "EXEC MSet",
    ),
    scenario("Goto +1", "EXEC Goto +1", PRIORITY, "EXEC Goto +1", PRIORITY),
    scenario("Goto an extension and on", "EXEC Goto target,1", "EXEC Goto +2"),
    scenario("Goto an extension and a step", "EXEC Goto target,+1"),
    scenario("Goto back", "EXEC Goto target,4", PRIORITY, "EXEC Goto -1", PRIORITY),
    scenario("Goto a blank", 'EXEC Goto " 3"', "EXEC Goto 3x"),
    scenario("Goto 0", "EXEC Goto 0", PRIORITY),
    scenario("Goto with gaps", "EXEC Goto elsewhere,,2", "EXEC Goto ,target,2"),
    scenario("GotoIf +1", "EXEC GotoIf 1?+1"),
    *(
        scenario(f"Hangup {cause}", f"EXEC Hangup {cause}", HANGUP_LINE, CAUSE)
        for cause in (
            *("17", "21", "x", "busy", "USER_BUSY", "CALL_REJECTED", "NO_ANSWER", "UNALLOCATED"),
            *("NORMAL_CLEARING", "NO_USER_RESPONSE", "NORMAL_CIRCUIT_CONGESTION", '""'),
        )
    ),
    scenario("Busy and its cause", "EXEC Busy 0.4", CAUSE, "EXEC Congestion 0.4", CAUSE, STATUS),
    scenario("MusicOnHold for a while", "EXEC MusicOnHold default,1.9"),
)

DIALPLAN: Final = (*VALUES, *APPLICATIONS)
"""Sessions about what the dialplan has."""
