"""The sessions that are played on a live Asterisk and on the simulated one: all but media."""

from __future__ import annotations

from typing import Final

from tests.asterisk.scenario import (
    HANGUP_LINE,
    HangUp,
    Hear,
    Pause,
    Scenario,
    Send,
    Text,
    during,
    scenario,
)
from tests.asterisk.scenarios_dialplan import DIALPLAN
from tests.asterisk.scenarios_ends import AND_ENDS
from tests.asterisk.scenarios_media import MEDIA
from tests.asterisk.scenarios_unanswered import UNANSWERED

NAMES: Final = (
    *("ANSWER", "ASYNCAGI BREAK", "CHANNEL STATUS", "CONTROL STREAM FILE", "DATABASE DEL"),
    *("DATABASE DELTREE", "DATABASE GET", "DATABASE PUT", "EXEC", "GET DATA", "GET FULL VARIABLE"),
    *("GET OPTION", "GET VARIABLE", "GOSUB", "HANGUP", "NOOP", "RECEIVE CHAR", "RECEIVE TEXT"),
    *("RECORD FILE", "SAY ALPHA", "SAY DATE", "SAY DATETIME", "SAY DIGITS", "SAY NUMBER"),
    *("SAY PHONETIC", "SAY TIME", "SEND IMAGE", "SEND TEXT", "SET AUTOHANGUP", "SET CALLERID"),
    *("SET CONTEXT", "SET EXTENSION", "SET MUSIC", "SET PRIORITY", "SET VARIABLE"),
    *("SPEECH ACTIVATE GRAMMAR", "SPEECH CREATE", "SPEECH DEACTIVATE GRAMMAR", "SPEECH DESTROY"),
    *("SPEECH LOAD GRAMMAR", "SPEECH RECOGNIZE", "SPEECH SET", "SPEECH UNLOAD GRAMMAR"),
    *("STREAM FILE", "TDD MODE", "VERBOSE", "WAIT FOR DIGIT"),
)
"""All commands of Asterisk 22."""

LONG: Final = "demo-congrats"  # half a minute
STATUS: Final = "CHANNEL STATUS"
BACK: Final = ("SET CONTEXT agi", "SET EXTENSION run", "SET PRIORITY 3")


def _word_counts(name: str) -> Scenario:
    """Send a command with each number of words."""
    word = "0" if name == "SET AUTOHANGUP" else "1"
    lines = [f"{name}{f' {word}' * count}" for count in range(12)]
    if name == "HANGUP":
        lines = lines[1:]
    after = BACK if name.startswith("SET ") else ()
    local = name in ("SAY DATE", "SAY TIME", "SAY DATETIME")
    return scenario(f"words of {name}", *lines, *after, local_time=local)


def _dead(name: str) -> tuple[str, str]:
    return name, f"{name} 1 1"


WORDS: Final = (
    *map(_word_counts, NAMES),
    scenario("dead", HangUp(), HANGUP_LINE, *map(_dead, NAMES), "nonsense", ""),
    scenario(
        "splitting",
        "SET VARIABLE A x",
        "set variable a y",
        "  \t NoOp",
        '"SET" "VARIABLE" "A" "z"',
        '"SET VARIABLE" A z',
        "GET VARIABLE A",
        "GET VARIABLE a",
        *(
            (f"SET VARIABLE A {word}", "GET VARIABLE A")
            for word in (
                *("pl\\ain", 'a"b c"d', '"a\\"b"', "a\\ b", "'a", '"open', "tail\\", '""', '"" x'),
                *('"a"b', "a\tb", '"a\tb"', "\\", '"\\\\n"', "${EXTEN}", "caf\xe9", "\x01", "a\r"),
                '"' + "x" * 3000 + '"',
            )
        ),
        "",
        "   ",
        "\t",
        '""',
        "\r",
        "NOOP\r",
        "SET",
        "SAY",
        "SPEECH",
        "GET / HTTP/1.1",
        "gosubx",
        "NOOPE",
        'ANSWER "',
        "SET VARIABLE A \udcff\udcfe",
        "GET VARIABLE A",
        "NOOP" + " x" * 120,
    ),
    scenario("longest line", "NOOP " + "x" * 8185),
    scenario(
        "one byte too long", during("NOOP " + "x" * 8186, Pause(0.3)), Send(b"NOOP\n"), Hear(2)
    ),
    scenario(
        "injected by length",
        during("SET VARIABLE Q " + "x" * 8176 + "SET VARIABLE EVIL 1", Pause(0.3)),
        "GET VARIABLE EVIL",
        Hear(1),
        "GET VARIABLE EVIL",
        "GET FULL VARIABLE ${LEN(${Q})}",
    ),
    scenario("line in two", Send(b"NOO"), Pause(0.1), Send(b"P\n"), Hear(1)),
    scenario(
        "injected by line feed",
        Send(b'SET VARIABLE Q "one\nSET VARIABLE EVIL 1\ntwo"\n'),
        Pause(0.3),
        Send(b"NOOP\n"),
        Hear(4),
        "GET VARIABLE Q",
        "GET VARIABLE EVIL",
    ),
)

CALL: Final = (
    scenario("no command"),
    scenario("answer", "ANSWER", "ANSWER now please", STATUS, "NOOP", "NOOP a b", "ASYNCAGI BREAK"),
    scenario("verbose", "VERBOSE hi", 'VERBOSE "hi you" 3', "VERBOSE hi 99", "VERBOSE hi x"),
    scenario("status", STATUS, "CHANNEL STATUS nobody", "CHANNEL STATUS nobody else"),
    scenario("hang up", "HANGUP nobody", STATUS, "HANGUP", HANGUP_LINE, STATUS, "NOOP"),
    scenario("EXEC Hangup", "EXEC Hangup", HANGUP_LINE, STATUS),
    scenario("autohangup", "SET AUTOHANGUP 0.5", HANGUP_LINE, STATUS),
    scenario("autohangup of a command", "SET AUTOHANGUP 1", "EXEC Wait 5", HANGUP_LINE),
    scenario("autohangup of a prompt", "SET AUTOHANGUP 1", f'STREAM FILE {LONG} ""', HANGUP_LINE),
    scenario("autohangup off", "SET AUTOHANGUP 0.5", "SET AUTOHANGUP 0", "EXEC Wait 0.8", STATUS),
    scenario("autohangups", *(f"SET AUTOHANGUP {word}" for word in ("x", "-1", "1e2", '""', "0"))),
    scenario(
        "texts and images",
        *("SEND TEXT hello", 'SEND TEXT "hello you"', 'SEND TEXT ""', "SEND IMAGE x"),
        *(f"TDD MODE {mode}" for mode in ("on", "off", "mate", "tdd", "x")),
        *(f"SET MUSIC {mode}" for mode in ("on", "ON default", "off", "x", "on x", "off")),
    ),
    scenario("receive char", during("RECEIVE CHAR 3000", Pause(0.2), Text("hi"))),
    scenario("receive text", during("RECEIVE TEXT 3000", Pause(0.2), Text("hi (you)"))),
    scenario("receive letters", during("RECEIVE TEXT 3000", Pause(0.2), Text("Zo\xeb"))),
    scenario("receive a letter", during("RECEIVE CHAR 3000", Pause(0.2), Text("\xeb"))),
    scenario("text before", Text("early"), Pause(0.2), "RECEIVE TEXT 400"),
    scenario("receive no char", "RECEIVE CHAR 400", "NOOP"),
    scenario("receive no text", "RECEIVE TEXT 400", "RECEIVE TEXT 0", "NOOP"),
    scenario("receive what is no time", "RECEIVE TEXT x", "RECEIVE CHAR x", "RECEIVE CHAR 0"),
    scenario(
        "speech without engine",
        *("SPEECH CREATE x", "SPEECH CREATE", "SPEECH SET a b", "SPEECH LOAD GRAMMAR a /b"),
        *("SPEECH UNLOAD GRAMMAR a", "SPEECH ACTIVATE GRAMMAR a", "SPEECH DEACTIVATE GRAMMAR a"),
        *("SPEECH RECOGNIZE beep 3", "SPEECH RECOGNIZE beep x", "SPEECH DESTROY"),
    ),
    scenario(
        "callers",
        *(
            (f"SET CALLERID {word}", "GET VARIABLE CALLERID(all)", "GET VARIABLE CALLERID(num)")
            for word in (
                *("5551234", '"\\"Jo Bob\\" <555>"', "Jo <555>", '""', '"Jo Bob"', '"<555>"'),
                *('"Jo Bob <555>"', '"(555) 12-34"', '"+49 30 12"', '"Jo <5 5-5>"', "x y"),
            )
        ),
        "SET CALLERID",
        "SET VARIABLE CALLERID(num) 77",
        "SET VARIABLE CALLERID(name) Zo\xeb",
        "GET VARIABLE CALLERID(all)",
        "GET VARIABLE CALLERID(name)",
        "GET VARIABLE CALLERID(number)",
        "GET VARIABLE callerid(num)",
        "GET VARIABLE CALLERID(nonsense)",
        'SET VARIABLE CALLERID(all) "Ann <1>"',
        "GET VARIABLE CALLERID(all)",
        "GET VARIABLE CALLERID(dnid)",
        "GET VARIABLE CALLERID(rdnis)",
    ),
)

DATA: Final = (
    scenario(
        "variables",
        *("GET VARIABLE V", "GET VARIABLE EXTEN", "GET VARIABLE CONTEXT", "GET VARIABLE PRIORITY"),
        *("GET VARIABLE CHANNEL", "GET VARIABLE UNIQUEID", "GET VARIABLE NO", "SET VARIABLE V x"),
        *("GET VARIABLE V", 'SET VARIABLE V ""', "GET VARIABLE V", "SET VARIABLE __W 1"),
        *("GET VARIABLE W", "GET VARIABLE __W", "GET VARIABLE _W", "SET VARIABLE _X 2"),
        *("GET VARIABLE X", "SET VARIABLE NoFunction(x) 1", "GET VARIABLE NoFunction(x)"),
        *("GET VARIABLE LEN(abc)", "GET VARIABLE TOUPPER(abc)", "GET VARIABLE CHANNEL(state)"),
        *("GET VARIABLE CHANNEL(language)", "GET VARIABLE CHANNEL(name)"),
        *("SET VARIABLE CHANNEL(language) de", "GET VARIABLE CHANNEL(language)"),
        *("GET VARIABLE GLOBAL(no)", "SET VARIABLE GLOBAL(G1) g", "GET VARIABLE G1"),
        *("GET VARIABLE GLOBAL(G1)", "GET VARIABLE DB(no/no)", 'GET VARIABLE ""'),
        *('SET VARIABLE "" x', "GET VARIABLE V:1", "GET VARIABLE ${V}", "GET VARIABLE HANGUPCAUSE"),
        'SET VARIABLE "a b" c',
        'GET VARIABLE "a b"',
        variables={"V": "given (here)"},
    ),
    scenario(
        "full variables",
        *("GET FULL VARIABLE text", 'GET FULL VARIABLE ""', "GET FULL VARIABLE ${NO}"),
        *(
            "GET FULL VARIABLE ${V}-${EXTEN}",
            "GET FULL VARIABLE ${V:2}",
            "GET FULL VARIABLE ${V:1:2}",
        ),
        *("GET FULL VARIABLE ${V:-2}", "GET FULL VARIABLE ${V:0:-1}", "GET FULL VARIABLE ${V:9}"),
        *("GET FULL VARIABLE ${LEN(${V})}", "GET FULL VARIABLE ${${N}}", "GET FULL VARIABLE ${V"),
        *("GET FULL VARIABLE ${V} nobody", "GET FULL VARIABLE $V", "GET FULL VARIABLE $"),
        *("GET FULL VARIABLE ${BASE64_ENCODE(${V})}", "GET FULL VARIABLE ${URIENCODE(a/b c)}"),
        'GET FULL VARIABLE "${URIENCODE(a/b c~-_.)}"',
        'GET FULL VARIABLE "${URIDECODE(a%20b)}"',
        *("GET FULL VARIABLE ${BASE64_DECODE(YWIp)}", "GET FULL VARIABLE ${TOLOWER(ABC):1}"),
        *("GET FULL VARIABLE ${EXISTS(x)}${ISNULL(x)}", "GET FULL VARIABLE ${EVAL($\\{V\\})}"),
        *("GET FULL VARIABLE ${NoFunction(1)}", "GET FULL VARIABLE ${DB_EXISTS(full/no)}"),
        *("GET FULL VARIABLE ${CALLERID(num)}", "GET FULL VARIABLE ${CHANNEL(nonsense)}"),
        *("GET VARIABLE CHANNEL(nonsense)", "GET VARIABLE CHANNEL(channeltype)"),
        variables={"V": "value", "N": "V"},
    ),
    scenario(
        "slices",
        *(
            f'GET FULL VARIABLE "${{{inside}}}"'
            for inside in (
                *(
                    "V:",
                    "V:-",
                    "V::",
                    "V::2",
                    "V:1:-",
                    "V:x",
                    "V:1x",
                    "V:1:2:3",
                    "V:-3:2",
                    "V:-9:2",
                    "V:0:0",
                ),
                *("V:1:9", "V:9:1", "V:-2:-1", "V:1:-9", ":1", "", "LEN(x):-", "LEN(${V}):0:1"),
                *(
                    "LEN(a:b):0",
                    "V: 1",
                    "V:+2",
                    "V:1:",
                    "V:1: 2",
                    "V(1):1",
                    "${N}:2",
                    "V:${LEN(ab)}",
                ),
                *(
                    "LEN(a}b)",
                    "LEN({a})",
                    "LEN((a)",
                    "LEN(a))",
                    "LEN",
                    "LEN(",
                    "LEN(a",
                    "len(a)",
                    "v",
                ),
            )
        ),
        variables={"V": "value", "N": "V"},
    ),
    scenario(
        "functions of names",
        *(
            f'GET FULL VARIABLE "${{{function}}}"'
            for function in (
                *("FIELDQTY(V,l)", "FIELDQTY(V,x)", "FIELDQTY(NO,x)", "FIELDQTY(P,:)"),
                *("FIELDQTY(CALLERID(num),1)", "STRREPLACE(V,l,xy)", "STRREPLACE(V,l,)"),
                *("STRREPLACE(V,l)", "STRREPLACE(P,:,-)", "STRREPLACE(NO,a,b)", "FIELDQTY(V)"),
                *("STRREPLACE(CALLERID(num),1,2)", "STRREPLACE(V:1:2,l,m)", "STRREPLACE(V,,m)"),
            )
        ),
        variables={"V": "value", "P": "a):b"},
        caller_id=("A", "101"),
    ),
    scenario(
        "long values",
        'SET VARIABLE L "' + "\xeb" * 1500 + '"',
        "GET VARIABLE L",
        "GET FULL VARIABLE ${L}",
        "GET FULL VARIABLE ${URIENCODE(${L})}",
        "GET FULL VARIABLE ${BASE64_ENCODE(${L})}",
        'DATABASE PUT long key "' + "v" * 3000 + '"',
        "DATABASE GET long key",
    ),
    scenario(
        "database",
        *("DATABASE GET one a", "DATABASE PUT one a 1", "DATABASE GET one a"),
        *('DATABASE PUT one b ""', "DATABASE GET one b", "DATABASE PUT one c/d 2"),
        *("DATABASE GET one c/d", "DATABASE GET one/c d", "GET VARIABLE DB(one/a)"),
        *("SET VARIABLE DB(one/e) 3", "DATABASE GET one e", "GET VARIABLE DB_EXISTS(one/e)"),
        *(
            "DATABASE DEL one a",
            "DATABASE DEL one a",
            "DATABASE GET one a",
            "DATABASE DELTREE one c",
        ),
        *("DATABASE GET one c/d", "DATABASE DELTREE one", "DATABASE DELTREE one"),
        *('DATABASE PUT one "" x', 'DATABASE GET one ""', "DATABASE DELTREE no"),
        *("DATABASE PUT one A x", "DATABASE GET one a", "DATABASE PUT oneness a 1"),
        *("DATABASE DELTREE one", "DATABASE GET oneness a", "DATABASE PUT a_c x 1"),
        *(
            "DATABASE PUT abc x 1",
            "DATABASE DELTREE a_c",
            "DATABASE GET abc x",
            "DATABASE DELTREE abc",
        ),
        *("DATABASE PUT ABC x 1", "DATABASE DELTREE abc", "DATABASE GET ABC x"),
        *("DATABASE PUT p1q x 1", "DATABASE DELTREE p% x", "DATABASE PUT deep a/b/c 1"),
        *("DATABASE DELTREE deep a/b", "DATABASE PUT deep a/b/c 1", "DATABASE DELTREE deep a/b/c"),
        *("DATABASE PUT deep a/b 1", "DATABASE DELTREE deep/a", "DATABASE DELTREE deep a/b"),
        *("DATABASE PUT \xeb \xeb \xeb", "DATABASE GET \xeb \xeb"),
    ),
    scenario(
        "the whole database",
        *('DATABASE PUT "" x 1', 'DATABASE GET "" x', "DATABASE PUT all x 1"),
        *('DATABASE DELTREE ""', "DATABASE GET all x", 'DATABASE DELTREE ""'),
        alone=True,
    ),
)

SCENARIOS: Final = (*WORDS, *CALL, *DATA, *MEDIA, *AND_ENDS, *DIALPLAN, *UNANSWERED)
"""All of them."""
