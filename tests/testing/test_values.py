"""Variables, functions and the database."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pystrix.testing import Channel, Note, Setup
from pystrix.testing._values import Values, is_false, is_true


def values(**setup: Any) -> Values:
    """Make the values of a call, whose database is its own."""
    return Channel(Setup(**{**setup, "database": dict(setup.get("database", {}))})).values


CALL: dict[str, Any] = {
    "caller_id": "42",
    "caller_name": 'Bob "B"',
    "dialled": "5551234",
    "channel": "PJSIP/alice-00000001",
    "unique_id": "1.5",
    "language": "de",
    "account_code": "acc",
    "context": "agi",
    "extension": "run",
    "priority": 7,
    "variables": {"X": "value", "EMPTY": "", "EXTEN2": "run"},
    "database": {"fam/k": "v", "fam/e": ""},
}

READ: list[tuple[str, str | None]] = [
    ("X", "value"),
    ("x", None),
    ("EMPTY", ""),
    ("NOPE", None),
    ("", None),
    ("${X}", None),
    ("CHANNEL", "PJSIP/alice-00000001"),
    ("EXTEN", "run"),
    ("CONTEXT", "agi"),
    ("PRIORITY", "7"),
    ("UNIQUEID", "1.5"),
    ("EPOCH", "1700000000"),
    ("HANGUPCAUSE", "0"),
    ("CALLINGPRES", "0"),
    ("CALLINGANI2", "0"),
    ("CALLINGTON", "0"),
    ("CALLINGTNS", "0"),
    ("SYSTEMNAME", ""),
    ("CALLERID(ani)", "42"),
    ("CALLERID(ANI-num)", "42"),
    ("CALLERID(pres)", "allowed_not_screened"),
    ("CALLERID(num-pres)", "allowed_not_screened"),
    ("CALLERID(ton)", "0"),
    ("CALLERID(ANI2)", "0"),
    ("CALLERID(num-valid)", "1"),
    ("CALLERID(name-charset)", "iso8859-1"),
    ("DB(fam)", None),
    ("DB_EXISTS(fam)", None),
    ("DB_DELETE(fam)", None),
    ("DB_DELETE(fam/k)", "v"),
    ("DB_DELETE(fam/none)", ""),
    ("DB_KEYS(fam)", "e,k"),
    ("DB_KEYS()", "fam"),
    ("DB_KEYS(none)", ""),
    ("TOUPPER(Zoë)", "ZOë"),
    ("TOLOWER(ZOË)", "zoË"),
    ("CALLERID(num)", "42"),
    ("CALLERID(number)", "42"),
    ("CALLERID(name)", 'Bob "B"'),
    ("CALLERID(all)", '"Bob "B"" <42>'),
    ("CALLERID(dnid)", "5551234"),
    ("CALLERID(nosuch)", ""),
    ("CHANNEL(name)", "PJSIP/alice-00000001"),
    ("CHANNEL(state)", "Ring"),
    ("CHANNEL(language)", "de"),
    ("CHANNEL(channeltype)", "PJSIP"),
    ("CHANNEL(accountcode)", "acc"),
    ("CHANNEL(uniqueid)", "1.5"),
    ("CHANNEL(nosuch)", None),
    ("GLOBAL(X)", ""),
    ("GLOBAL(NOPE)", ""),
    ("DB(fam/k)", "v"),
    ("DB(/fam/k)", "v"),
    ("DB(fam/e)", ""),
    ("DB(fam/none)", ""),
    ("DB_EXISTS(fam/k)", "1"),
    ("DB_EXISTS(fam/none)", "0"),
    ("LEN(abc)", "3"),
    ("LEN(zoë)", "4"),
    ("LEN()", "0"),
    ("TOUPPER(aBc)", "ABC"),
    ("TOLOWER(aBc)", "abc"),
    ("URIENCODE(a b/ë)", "a%20b%2F%C3%AB"),
    ("URIDECODE(a%20b%C3%AB)", "a bë"),
    ("BASE64_ENCODE(zoë)", "em/Dqw=="),
    ("BASE64_DECODE(YQpiCmM=)", "a\nb\nc"),
    ("BASE64_DECODE(=)", ""),
    ("BASE64_DECODE(x)", ""),
    ("EXISTS(x)", "1"),
    ("EXISTS()", "0"),
    ("ISNULL(x)", "0"),
    ("ISNULL()", "1"),
    ("NOSUCHFUNC(x)", None),
    ("(x)", None),
    ("a b(c)", None),
]


@pytest.mark.parametrize(("name", "value"), READ, ids=[name for name, _ in READ])
def test_get(name: str, value: str | None) -> None:
    """What each variable and function gives; None where it is not set."""
    assert values(**CALL).get(name) == value


def test_nobody() -> None:
    """What is not known is empty."""
    known = values()
    assert known.get("CALLERID(all)") == '"" <>'
    assert known.get("CALLERID(num)") == known.get("CALLERID(name)") == ""


def test_time_and_state() -> None:
    """The clock and the state of the channel are those of the call."""
    channel = Channel(Setup(epoch=100.0))
    channel.advance(2.5)
    channel.receive_data(b"ANSWER\n")
    assert channel.values.get("EPOCH") == "102"
    assert channel.values.get("CHANNEL(state)") == "Up"


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("A", "A"),
        ("_A", "A"),
        ("__A", "A"),
        ("a b", "a b"),
        ("X=Y", "X=Y"),
        ("GLOBAL(G)", "G"),
        ("CALLERID(ani)", "CALLERID(ani-num)"),
        ("CALLERID(pres)", "CALLERID(pres)"),
        ("GLOBAL(G)", "GLOBAL(G)"),
        ("CALLERID(num)", "CALLERID(num)"),
        ("CALLERID(number)", "CALLERID(num)"),
        ("CALLERID(name)", "CALLERID(name)"),
        ("CALLERID(rdnis)", "CALLERID(rdnis)"),
        ("CHANNEL(language)", "CHANNEL(language)"),
        ("CHANNEL(musicclass)", "CHANNEL(musicclass)"),
        ("DB(fam/x)", "DB(fam/x)"),
    ],
)
def test_set(name: str, reads: str) -> None:
    """What was set can be read."""
    known = values()
    known.set(name, "new")
    assert known.get(reads) == "new"


@pytest.mark.parametrize("name", ["EXTEN", "CHANNEL", "EPOCH", "CALLINGPRES"])
def test_own_values_stay(name: str) -> None:
    """No variable hides what Asterisk itself knows."""
    known = values(**{**CALL, "variables": {name: "given"}})
    before = known.get(name)
    known.set(name, "mine")
    assert known.get(name) == before != "mine"


def test_globals() -> None:
    """A channel's variable hides a global one of its name."""
    known = values()
    known.set("GLOBAL(G)", "all")
    assert known.get("G") == "all"
    known.set("G", "one")
    assert (known.get("G"), known.get("GLOBAL(G)")) == ("one", "all")


def test_presentation() -> None:
    """A caller whose number or name was set is known, even if it is none."""
    known = values()
    assert (known.get("CALLERID(pres)"), known.get("CALLINGPRES")) == ("unavailable", "67")
    known.set("CALLERID(num)", "")
    assert (known.get("CALLERID(pres)"), known.get("CALLINGPRES")) == ("allowed_not_screened", "0")
    assert (known.get("CALLERID(num-valid)"), known.get("CALLERID(name-valid)")) == ("1", "0")


def test_database_result() -> None:
    """What was found last is kept."""
    known = values(database={"f/a": "one", "f/b": "two"})
    known.get("DB_EXISTS(f/a)")
    assert known.get("DB_RESULT") == "one"
    known.get("DB(f/none)")
    assert known.get("DB_RESULT") == "one"
    known.get("DB(f/b)")
    assert known.get("DB_RESULT") == "two"
    known.set("DB_DELETE(f/b)", "x")
    known.get("DB_DELETE(f/b)")
    assert (known.get("DB_RESULT"), known.database) == ("", {"f/a": "one"})


def test_missing_functions_are_noted() -> None:
    """Once, with what to do."""
    channel = Channel(Setup())
    for _ in range(2):
        channel.values.get("MD5(x)")
        channel.values.expand("${CUT(a,-,1)}")
        channel.values.set("MATH(x)", "1")
        channel.values.get("(x)")
    notes = [entry.text for entry in channel.timeline if isinstance(entry, Note)]
    assert len(notes) == 3
    assert notes[0] == (
        "the simulation has no function MD5: give it one with functions={'MD5': ...}"
    )


def test_what_is_no_text() -> None:
    """It is refused when it is given, not when it is sent."""
    number: Any = 5
    with pytest.raises(TypeError, match="X is 5: what Asterisk keeps is text, so give a str"):
        values(variables={"X": number})
    with pytest.raises(TypeError, match="f/k is 5"):
        values(database={"f/k": number})
    known = values(functions={"F": lambda _text: number})
    with pytest.raises(TypeError, match="F is 5"):
        known.get("F(x)")


def test_set_what_is_not_there() -> None:
    """A function that does not exist takes anything, and keeps nothing."""
    known = values()
    known.set("NOSUCHF(x)", "y")
    known.set("(x)", "y")
    assert known.get("NOSUCHF(x)") is None
    assert known.variables == {}


def test_inherited() -> None:
    """The marks are no part of the name."""
    known = values()
    known.set("__INH", "v")
    assert known.get("__INH") is None


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ('"Jo Bob" <555>', "Jo Bob", "555"),
        ("Jo Bob <555>", "Jo Bob", "555"),
        ('  "Jo"<555>  ', "Jo", "555"),
        ('"Zoë \\"Q\\"" <+49 30 12>', 'Zoë "Q"', "+493012"),
        ("<555>", "", "555"),
        ("555", "", "555"),
        ("+49 (30) 12", "", "+493012"),
        ("Jo", "Jo", ""),
        ('"Jo"', "Jo", ""),
        ("", "", ""),
    ],
)
def test_caller_id(text: str, name: str, number: str) -> None:
    """Name and number out of one text."""
    known = values(caller_id="1", caller_name="A")
    known.set("CALLERID(all)", text)
    assert (known.get("CALLERID(name)"), known.get("CALLERID(num)")) == (name, number)


def test_functions_of_the_setup() -> None:
    """They come before those of the simulation, and can be written."""
    known = values(functions={"LEN": lambda text: f"<{text}>", "NONE": lambda _text: None})
    assert known.get("LEN(a(b))") == "<a(b)>"
    assert known.get("NONE(x)") is None
    known.set("NONE(x)", "written")
    assert known.get("NONE(x)") == "written"
    assert known.get("NONE(y)") is None


EXPANDED: list[tuple[str, str]] = [
    ("plain text", "plain text"),
    ("", ""),
    ("${X}", "value"),
    ("${NOPE}", ""),
    ("a${X}b${X}c", "avaluebvaluec"),
    ("${EXTEN2} and ${EXTEN}", "run and run"),
    ("${${NAME}}", "value"),
    ("${LEN(${X})}", "5"),
    ("${TOUPPER(${X})}!", "VALUE!"),
    ("${EVAL(${EXTEN})}", "run"),
    ("${X:1}", "alue"),
    ("${X:1:2}", "al"),
    ("${X:-2}", "ue"),
    ("${X:-3:2}", "lu"),
    ("${X:0:3}", "val"),
    ("${X:9}", ""),
    ("${FIELDQTY(X,l)}", "2"),
    ("${FIELDQTY(X,z)}", "1"),
    ("${FIELDQTY(NO,z)}", "0"),
    ("${STRREPLACE(X,l,xy)}", "vaxyue"),
    ("${STRREPLACE(X,l)}", "vaue"),
    ("${STRREPLACE(X,,z)}", ""),
    ("${FIELDQTY(X)}", "1"),
    ("${X::2}", "value"),
    ("${X:-}", "value"),
    ("${X:1:-}", "alue"),
    ("${X: 1: 2}", "al"),
    ("${X:1:-1}", "alu"),
    ("${TOUPPER(${X}):1:2}", "AL"),
    ("${TOUPPER(abc):1}", "BC"),
    ("${DB(fam/k)}", "v"),
    ("${NOSUCHFUNC(1)}", ""),
    ("${CALLERID(all)}", '"Bob "B"" <42>'),
    ("${X", "value"),
    ("${LEN(x)y}", "1"),
    ("${LEN(x):0)}", "1"),
    ("${TOUPPER(x)y:1}", ""),
    ("${LEN(x", "1"),
    ("${URIENCODE(a(b)!:/)}", "a(b)!%3A%2F"),
    ("$X {X} $", "$X {X} $"),
    ("${BASE64_ENCODE(a b)}", "YSBi"),
]


@pytest.mark.parametrize(("text", "expanded"), EXPANDED, ids=[text for text, _ in EXPANDED])
def test_expand(text: str, expanded: str) -> None:
    """Variables, functions and parts of them, from the innermost outward."""
    call = {**CALL, "variables": {**CALL["variables"], "NAME": "X"}}
    assert values(**call).expand(text) == expanded


def test_parts_are_of_bytes() -> None:
    """A part may begin or end in the middle of a character."""
    known = values(variables={"X": "zoë!"})
    assert known.expand("${X:3}").encode("utf-8", "surrogateescape") == b"\xab!"


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever is expanded, read or written, nothing raises."""
    known = values(variables={"X": text})
    known.expand(text)
    known.expand(f"${{{text}}}")
    known.get(text)
    known.get(f"CALLERID({text})")
    known.set(text, text)
    known.set(f"CALLERID({text})", text)
    known.set_caller_id(text)
    assert known.get("NOPE()") is None


@given(st.binary())
def test_exact_values(data: bytes) -> None:
    """A value read by BASE64_ENCODE is what it was, unless it looks like the end and a part."""
    text = data.decode("utf-8", "surrogateescape")
    assume(")" not in text.rpartition(":")[0])
    known = values(variables={"X": text})
    encoded = known.expand("${BASE64_ENCODE(${X})}")
    assert known.get(f"BASE64_DECODE({encoded})") == text


@pytest.mark.parametrize("word", ["yes", "TRUE", "y", "t", "1", "on"])
def test_true(word: str) -> None:
    """Asterisk's words for yes."""
    assert is_true(word)
    assert not is_false(word)


@pytest.mark.parametrize("word", ["no", "False", "n", "f", "0", "OFF"])
def test_false(word: str) -> None:
    """Asterisk's words for no; anything else is neither."""
    assert is_false(word)
    assert not is_true(word)
    assert not is_true("maybe")
    assert not is_false("maybe")
