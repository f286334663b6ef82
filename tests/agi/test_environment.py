"""The environment of a call: blocks as a live Asterisk sent them, and what is read out of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pystrix.agi import Environment

FULL = (
    b"agi_network: yes\n"
    b"agi_network_script: menu?lang=en\n"
    b"agi_request: agi://127.0.0.1/menu?lang=en\n"
    b"agi_channel: Local/silent@far-00000024;1\n"
    b"agi_language: en\n"
    b"agi_type: Local\n"
    b"agi_uniqueid: 1795381749.72\n"
    b"agi_version: 22.10.1+dfsg+~cs6.17.60671434-1\n"
    b"agi_callerid: +493012\n"
    b'agi_calleridname: Zo\xc3\xab "Q" O\'Brien, (x)\n'
    b"agi_callingpres: 0\n"
    b"agi_callingani2: 0\n"
    b"agi_callington: 0\n"
    b"agi_callingtns: 0\n"
    b"agi_dnid: unknown\n"
    b"agi_rdnis: unknown\n"
    b"agi_context: agi\n"
    b"agi_extension: run\n"
    b"agi_priority: 2\n"
    b"agi_enhanced: 0.0\n"
    b"agi_accountcode: \n"
    b"agi_threadid: 140632443107008\n"
    b"agi_arg_1: first\n"
    b"agi_arg_2: second arg"
)

PROPERTIES: dict[str, tuple[str, object]] = {
    "request": ("agi_request", "agi://127.0.0.1/menu?lang=en"),
    "channel": ("agi_channel", "Local/silent@far-00000024;1"),
    "channel_type": ("agi_type", "Local"),
    "unique_id": ("agi_uniqueid", "1795381749.72"),
    "language": ("agi_language", "en"),
    "version": ("agi_version", "22.10.1+dfsg+~cs6.17.60671434-1"),
    "calling_presentation": ("agi_callingpres", 0),
    "calling_ani2": ("agi_callingani2", 0),
    "calling_type_of_number": ("agi_callington", 0),
    "calling_transit_network": ("agi_callingtns", 0),
    "context": ("agi_context", "agi"),
    "extension": ("agi_extension", "run"),
    "priority": ("agi_priority", 2),
    "enhanced": ("agi_enhanced", False),
    "account_code": ("agi_accountcode", ""),
    "thread_id": ("agi_threadid", 140632443107008),
}
"""What Asterisk always sends: by property, its variable and its value in the full block."""

OPTIONAL: dict[str, tuple[str, object]] = {
    "caller_id": ("agi_callerid", "+493012"),
    "caller_id_name": ("agi_calleridname", 'Zoë "Q" O\'Brien, (x)'),
    "dnid": ("agi_dnid", None),
    "rdnis": ("agi_rdnis", None),
}
"""What may be unknown."""

DERIVED = {
    "network_script": "menu?lang=en",
    "path": "menu",
    "query": {"lang": ["en"]},
    "arguments": ("first", "second arg"),
}
NUMBERS = [name for name, (_, value) in PROPERTIES.items() if type(value) is int]


def read(name: str, environment: Environment) -> Any:
    """Read a property by its name."""
    return getattr(environment, name)


def test_every_property_is_tested() -> None:
    """The tables of this file know every public property."""
    public = {name for name in vars(Environment) if not name.startswith("_")} - {"parse", "ignored"}
    assert public == PROPERTIES.keys() | OPTIONAL.keys() | DERIVED.keys()


@pytest.mark.parametrize("name", [*PROPERTIES, *OPTIONAL, *DERIVED])
def test_full_block(name: str) -> None:
    """Each property gives its variable, with its type."""
    expected = DERIVED[name] if name in DERIVED else (PROPERTIES | OPTIONAL)[name][1]
    value = read(name, Environment.parse(FULL))
    assert value == expected
    assert type(value) is type(expected)


def test_full_block_as_a_mapping() -> None:
    """The names are as sent and in that order, and nothing is ignored."""
    environment = Environment.parse(FULL)
    assert [f"{name}: {value}" for name, value in environment.items()] == FULL.decode().split("\n")
    assert environment.ignored == ()


def test_block_without_anything() -> None:
    """Without variables there is no path, query, argument or caller id, and no error in that."""
    environment = Environment.parse(b"")
    assert dict(environment) == {}
    assert environment.ignored == ()
    assert environment.network_script is None
    assert environment.path == "/"
    assert environment.query == {}
    assert environment.arguments == ()
    for name in OPTIONAL:
        assert read(name, environment) is None


@pytest.mark.parametrize("name", PROPERTIES)
def test_missing(name: str) -> None:
    """A variable that Asterisk did not send is a KeyError of its name."""
    with pytest.raises(KeyError, match=PROPERTIES[name][0]):
        read(name, Environment({}))


@pytest.mark.parametrize("name", OPTIONAL)
def test_unknown(name: str) -> None:
    """Asterisk's "unknown" is None; the variable itself stays as sent; only that word is it."""
    variable = OPTIONAL[name][0]
    environment = Environment({variable: "unknown"})
    assert read(name, environment) is None
    assert environment[variable] == "unknown"
    for value in ("", "Unknown", "unknown ", "anonymous", "0"):
        assert read(name, Environment({variable: value})) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["", "x", "1.5", "unknown"])
def test_no_number(name: str, value: str) -> None:
    """What is no number is a ValueError that names the variable and the value."""
    variable = PROPERTIES[name][0]
    with pytest.raises(ValueError, match=variable) as caught:
        read(name, Environment({variable: value}))
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("name", NUMBERS)
def test_number(name: str) -> None:
    """A number is read with its sign."""
    variable = PROPERTIES[name][0]
    assert read(name, Environment({variable: "67"})) == 67
    assert read(name, Environment({variable: "-1"})) == -1


@pytest.mark.parametrize(("value", "enhanced"), [("1.0", True), ("0.0", False), ("", False)])
def test_enhanced(value: str, enhanced: bool) -> None:
    """1.0 tells that audio comes along."""
    assert Environment({"agi_enhanced": value}).enhanced is enhanced


# The URL.


@pytest.mark.parametrize(
    ("script", "path", "query"),
    [
        (b"script", "script", {}),
        (b"a/b.agi?x=1&y=%20z&q=\xc3\xa9", "a/b.agi", {"x": ["1"], "y": [" z"], "q": ["é"]}),
        (b"Upper", "Upper", {}),
        (b"", "/", {}),
        (b"?", "", {}),
        (b"?a=1", "", {"a": ["1"]}),
        (b"s?", "s", {}),
        (b"s?a", "s", {}),
        (b"s?a=&b=1&c", "s", {"b": ["1"]}),
        (b"s?a=1&b=2&a=3", "s", {"a": ["1", "3"], "b": ["2"]}),
        (b"s?a=1?b=2", "s", {"a": ["1?b=2"]}),
        (b"s?a=1;b=2", "s", {"a": ["1;b=2"]}),
        (b"s?a=b=c", "s", {"a": ["b=c"]}),
        (b"s?a=x+y", "s", {"a": ["x y"]}),
        (b"s?%61=%26%3D", "s", {"a": ["&="]}),
        (b"s?a=%C3%A9%zz%", "s", {"a": ["é%zz%"]}),
        (b"s?a=%FF", "s", {"a": ["\udcff"]}),
        (b"s?a=\xff", "s", {"a": ["\udcff"]}),
        (b"a%20b/%C3%A9?x=1", "a%20b/%C3%A9", {"x": ["1"]}),
        (b"/s?x=1", "/s", {"x": ["1"]}),
        (b"caf\xe9", "caf\udce9", {}),
    ],
)
def test_script(script: bytes, path: str, query: dict[str, list[str]]) -> None:
    """The path is the text before the query; the query is decoded, its blank values dropped."""
    environment = Environment.parse(b"agi_network_script: " + script)
    assert environment.network_script == script.decode("utf-8", "surrogateescape")
    assert environment.path == path
    assert environment.query == query
    assert environment.query is environment.query


@pytest.mark.parametrize("request_", [b"agi://127.0.0.1", b"agi://127.0.0.1/"])
def test_url_without_script(request_: bytes) -> None:
    """Without a script behind the host the path is a slash."""
    environment = Environment.parse(b"agi_network: yes\nagi_request: " + request_)
    assert environment.request == request_.decode()
    assert environment.network_script is None
    assert environment.path == "/"
    assert environment.query == {}


# Arguments.


def test_arguments_as_recorded() -> None:
    """Arguments keep order, blanks, commas, colons; empty ones are kept."""
    environment = Environment.parse(
        b"agi_arg_1: a:b\n"
        b"agi_arg_2: quoted, comma\n"
        b"agi_arg_3: \n"
        b"agi_arg_4: ,esc\n"
        b"agi_arg_5: it's\n"
        b"agi_arg_6: \xc3\xbcn\xc3\xaf\n"
        b"agi_arg_7:   sp  \n"
        b"agi_arg_8: (p,q)\n"
        b"agi_arg_9: x: y\n"
        b"agi_arg_10: "
    )
    expected = ("a:b", "quoted, comma", "", ",esc", "it's", "ünï", "  sp  ", "(p,q)", "x: y", "")
    assert environment.arguments == expected
    assert environment.arguments is environment.arguments


def test_as_many_arguments_as_asterisk_sends() -> None:
    """127 arguments are in the order of their numbers, not of their names."""
    block = "\n".join(f"agi_arg_{n}: a{n}" for n in range(1, 128))
    assert Environment.parse(block.encode()).arguments == tuple(f"a{n}" for n in range(1, 128))


def test_arguments_end_at_a_gap() -> None:
    """What does not follow in number is no argument, but stays a variable."""
    environment = Environment.parse(b"agi_arg_1: a\nagi_arg_3: c\nagi_arg_x: d\nagi_arg_0: e")
    assert environment.arguments == ("a",)
    assert environment["agi_arg_3"] == "c"


# Values and lines of all kinds.


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"agi_x: v", "v"),
        (b"agi_x: ", ""),
        (b"agi_x:", ""),
        (b"agi_x:v", "v"),
        (b"agi_x:  v  ", " v  "),
        (b"agi_x: \tv\r", "\tv\r"),
        (b"agi_x: a: b: ", "a: b: "),
        (b"agi_x: J\xfcrgen \xff", "J\udcfcrgen \udcff"),
        (b"agi_x: cut \xc3", "cut \udcc3"),
        (b"agi_x: \xe6\x97\xa5\x85\xc2\x85\x0b\x0c\x1c", "日\udc85\x85\x0b\x0c\x1c"),
        (b"agi_x: \0", "\0"),
    ],
)
def test_value(line: bytes, value: str) -> None:
    """A value is what follows the colon and its blank, byte by byte."""
    environment = Environment.parse(line)
    assert dict(environment) == {"agi_x": value}
    assert environment.ignored == ()


@pytest.mark.parametrize(
    ("block", "variables", "ignored"),
    [
        (
            b"agi_arg_1: line1\nagi_fake: injected\nline3\nagi_arg_2: next",
            {"agi_arg_1": "line1", "agi_fake": "injected", "agi_arg_2": "next"},
            ("line3",),
        ),
        (
            b"agi_channel: genuine\nagi_arg_1: a\nagi_channel: forged\nagi_channel: again",
            {"agi_channel": "genuine", "agi_arg_1": "a"},
            ("agi_channel: forged", "agi_channel: again"),
        ),
        (b"GET / HTTP/1.1\nHost: x", {}, ("GET / HTTP/1.1", "Host: x")),
        (b"AGI_CHANNEL: x\n agi_channel: y", {}, ("AGI_CHANNEL: x", " agi_channel: y")),
        (b"agi_channel\n:\n: x", {}, ("agi_channel", ":", ": x")),
        (b"agi_x: 1\n\nagi_y: 2", {"agi_x": "1", "agi_y": "2"}, ()),
        (b"\xff\xfe\nagi_x: 1", {"agi_x": "1"}, ("\udcff\udcfe",)),
        (b"agi_arg_1: cr\rcr\r", {"agi_arg_1": "cr\rcr\r"}, ()),
    ],
)
def test_lines_that_are_no_variable(
    block: bytes, variables: dict[str, str], ignored: tuple[str, ...]
) -> None:
    """Of a name the first counts; the rest, and lines that are none, are kept apart."""
    environment = Environment.parse(block)
    assert dict(environment) == variables
    assert environment.ignored == ignored


@given(
    st.dictionaries(
        st.from_regex(r"agi_[a-z0-9_]{1,12}", fullmatch=True),
        st.binary(max_size=30).filter(lambda value: b"\n" not in value),
    )
)
@example({"agi_x": b" ", "agi_y": b""})
def test_round_trip(variables: dict[str, bytes]) -> None:
    """Whatever bytes are sent, they are there."""
    block = b"\n".join(name.encode() + b": " + value for name, value in variables.items())
    environment = Environment.parse(block)
    assert environment.ignored == ()
    assert {
        name: value.encode("utf-8", "surrogateescape") for name, value in environment.items()
    } == variables


@given(st.binary())
@example(b"agi_network_script: ?%&%=%\nagi_arg_1: x")
@example(b"agi_network_script: s?a=\xff%C3")
def test_any_block(block: bytes) -> None:
    """No block is refused; each line of it is a variable or ignored."""
    environment = Environment.parse(block)
    lines = [line for line in block.split(b"\n") if line]
    assert len(environment) + len(environment.ignored) == len(lines)
    assert all(name.startswith("agi_") for name in environment)


@given(st.text(st.characters(exclude_characters="\n")))
@example("s?a=%ud800&b=%D8%00")
def test_any_script(script: str) -> None:
    """No URL is refused; no value of a query is blank."""
    environment = Environment({"agi_network_script": script})
    assert environment.path == (script.split("?", maxsplit=1)[0] if script else "/")
    assert all(itertools.chain.from_iterable(environment.query.values()))


# A read-only mapping.


def test_mapping() -> None:
    """It is a mapping like any other."""
    environment = Environment({"agi_a": "1", "agi_b": "2"})
    assert isinstance(environment, Mapping)
    assert len(environment) == 2
    assert list(environment) == ["agi_a", "agi_b"]
    assert "agi_a" in environment
    assert "agi_c" not in environment
    assert not environment.__contains__(5)
    assert environment["agi_b"] == "2"
    assert environment.get("agi_c") is None
    assert environment.get("agi_c", "x") == "x"
    assert environment == {"agi_a": "1", "agi_b": "2"}
    assert environment == Environment({"agi_b": "2", "agi_a": "1"})
    assert environment != {"agi_a": "1"}
    assert {**environment} == {"agi_a": "1", "agi_b": "2"}
    with pytest.raises(KeyError, match="agi_c"):
        environment["agi_c"]


def test_read_only() -> None:
    """It cannot be changed, nor by the dict it was made of."""
    variables = {"agi_a": "1"}
    environment = Environment(variables)
    variables["agi_a"] = "2"
    assert environment == {"agi_a": "1"}
    for change in ("__setitem__", "__delitem__", "update", "pop", "clear", "setdefault"):
        assert not hasattr(environment, change)
    for name in (*PROPERTIES, *OPTIONAL, "network_script", "path"):
        with pytest.raises(AttributeError):
            setattr(environment, name, "x")


def test_repr_shows_the_variables() -> None:
    """A look at it shows what Asterisk sent."""
    assert repr({"agi_a": "x y"}) in repr(Environment({"agi_a": "x y"}))


@given(st.text(st.sampled_from("ab=&;+%2F0c\udcff\u00eb /?#")))
@example("a=1&a=2&b=&c&=3")
@example("a+b=%C3%AB+%ff&%3d=%26")
def test_query_as_the_library_reads_it(text: str) -> None:
    """The query is what `urllib.parse.parse_qs` makes of it."""
    environment = Environment({"agi_network_script": f"x?{text}"})
    assert environment.query == parse_qs(text, errors="surrogateescape")


@given(st.lists(st.sampled_from([b"agi_a: 1", b"agi_a:2", b"agi_b", b"b: 1", b":", b"agi_a_b: x"])))
@example([b"agi_a", b"agi_a: 1"])
def test_one_variable_is_as_in_the_whole(lines: list[bytes]) -> None:
    """A variable that is looked up alone is the one of the block that is taken apart."""
    block = b"\n".join(lines)
    whole = dict(Environment.parse(block))
    for name in ("agi_a", "agi_b", "agi_a_b", "b", "", "agi_a:", "agi_"):
        assert Environment.parse(block).get(name) == whole.get(name)
