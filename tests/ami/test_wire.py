"""Headers and bytes, the limits, and the encodings inside values."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.ami import _wire

NONE = cast("Any", None)
BYTES = cast("Any", b"x")

COMPOSED: list[tuple[list[tuple[str, object]], str]] = [
    ([("Action", "Ping")], "Action: Ping\r\n\r\n"),
    ([("A", "1"), ("B", 2), ("A", 2.5)], "A: 1\r\nB: 2\r\nA: 2.5\r\n\r\n"),
    ([("A", True), ("B", False)], "A: true\r\nB: false\r\n\r\n"),
    ([("A", "")], "A: \r\n\r\n"),
    ([("A", "x: y:z  ")], "A: x: y:z  \r\n\r\n"),
    ([("Cat-000000", "a\tb\x07\x1b")], "Cat-000000: a\tb\x07\x1b\r\n\r\n"),
    ([("Two words", "Zoë\udcff\x85\u2028")], "Two words: Zoë\udcff\x85\u2028\r\n\r\n"),
]
"""Headers, and the text of the message."""


@pytest.mark.parametrize(("headers", "text"), COMPOSED)
def test_compose(headers: list[tuple[str, object]], text: str) -> None:
    """Every header is a line, whole and in order."""
    assert _wire.compose(headers) == text
    assert _wire.encode_request(text) == text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("bad", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize("where", ["x{}y", "{}", "x{}"])
def test_compose_refuses(bad: str, where: str) -> None:
    """Nothing that would end a line, or cut it, is sent."""
    value = where.format(bad)
    with pytest.raises(ValueError, match="CR, LF or NUL in a value, and B is '"):
        _wire.compose([("A", "fine"), ("B", value)])
    with pytest.raises(ValueError, match="the name of a header"):
        _wire.compose([(value, "fine")])


@pytest.mark.parametrize("value", [" x", "\tx", " ", "\x01x", "\x0bx", "\x1b", "\x1fx"])
def test_compose_refuses_blanks_in_front(value: str) -> None:
    """Asterisk would take the value without them."""
    with pytest.raises(ValueError, match="drops blanks and control characters at the start of a"):
        _wire.compose([("A", value)])
    assert _wire.compose([("A", f"\x7f{value}")]) == f"A: \x7f{value}\r\n\r\n"


@pytest.mark.parametrize("name", ["", " ", "a:b", ":", " a", "a ", "a\t", "\ta", "a\u2028\n"])
def test_compose_refuses_names(name: str) -> None:
    """A name that Asterisk would not find again is none."""
    with pytest.raises(ValueError, match="the name of a header"):
        _wire.compose([(name, "x")])


@pytest.mark.parametrize("value", [None, b"x", bytearray(b"x"), memoryview(b"x")])
def test_no_text(value: object) -> None:
    """None and bytes are not written as Python writes them."""
    with pytest.raises(TypeError, match="is a str, a number or a bool"):
        _wire.compose([("A", value)])


def test_action_line() -> None:
    """It is the line of a header like any."""
    assert _wire.action_line("Ping") == _wire.header_line("Action", "Ping") == "Action: Ping\r\n"
    with pytest.raises(ValueError, match="CR, LF or NUL in a value, and Action is"):
        _wire.action_line("Ping\r\nAction: Logoff")


def test_what_is_remembered_is_short() -> None:
    """A name that no line has room for is refused, not remembered: what is kept is bounded."""
    longest = _wire.MAX_LINE - 2
    _wire.header_line("x" * longest, "")
    _wire.action_line("x" * (longest - len("Action: ")))
    for cached, name in (
        (_wire._check_name, "x" * (longest + 1)),
        (_wire._check_name, "\u20ac" * 400),
        (_wire.action_line, "x" * longest),
        (_wire.action_line, "x" * (1 << 20)),
    ):
        before = cached.cache_info().currsize
        with pytest.raises(ValueError, match="lines of at most 1022 bytes, this one has"):
            cached(name)
        assert cached.cache_info().currsize == before
    with pytest.raises(ValueError, match="surrogates not allowed"):
        _wire.encode_request(_wire.compose([("\ud800", "x")]))


@pytest.mark.parametrize("lines", [*range(60, 70), *range(120, 135)])
def test_composed(lines: int) -> None:
    """The limits hold for what `compose` has made, too."""
    text = _wire.compose([("A", "")] * lines)
    if lines <= _wire.MAX_LINES:
        assert _wire.encode_request(text, composed=True) == text.encode()
    else:
        with pytest.raises(ValueError, match="at most 128 lines"):
            _wire.encode_request(text, composed=True)


def test_lone_surrogates() -> None:
    """A surrogate that stands for no byte is refused."""
    with pytest.raises(ValueError, match="surrogates not allowed"):
        _wire.encode_request("A: \ud800\r\n\r\n")


# Limits, as a live Asterisk draws them.


@pytest.mark.parametrize(("length", "fits"), [(1022, True), (1023, False), (2046, False)])
def test_line_limit(length: int, fits: bool) -> None:
    """A line has 1,024 bytes with its end, at most."""
    line = "Value: ".ljust(length, "x")
    if fits:
        assert len(_wire.encode_request(f"Action: X\r\n{line}\r\n\r\n")) == length + 15
        return
    with pytest.raises(ValueError, match=f"at most 1022 bytes, this one has {length}"):
        _wire.encode_request(f"Action: X\r\n{line}\r\n\r\n")


def test_line_limit_counts_bytes() -> None:
    """Characters of several bytes count as such."""
    with pytest.raises(ValueError, match="this one has 1207"):
        _wire.encode_request(f"Value: {'ö' * 600}\r\n\r\n")


@pytest.mark.parametrize(("lines", "fits"), [(128, True), (129, False)])
def test_lines_limit(lines: int, fits: bool) -> None:
    """A message has 128 lines at most."""
    text = "A: x\r\n" * lines + "\r\n"
    if fits:
        assert _wire.encode_request(text).count(b"A: x") == lines
        return
    with pytest.raises(ValueError, match="at most 128 lines in a message, this one has 129"):
        _wire.encode_request(text)


@pytest.mark.parametrize(
    "text",
    ["", "\r\n", "A: x", "A: x\r\n", "\r\nA: x\r\n\r\n", "A: x\r\n\r\nB: y\r\n\r\n", "\r\n\r\n"],
)
def test_request_has_one_empty_line(text: str) -> None:
    """Text that a program has made is one message, no more and no less."""
    with pytest.raises(ValueError, match="one empty line at the end"):
        _wire.encode_request(text)


@pytest.mark.parametrize("bad", ["\n", "\r", "\n\n", "\ry", "\0"])
def test_request_has_no_other_ends(bad: str) -> None:
    """Text that a program has made hides no second line."""
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _wire.encode_request(f"A: x{bad}\r\n\r\n")


def test_no_secret_in_errors() -> None:
    """What is refused does not show a secret."""
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        _wire.encode_request("Secret: hush\r\n")
    assert "hush" not in str(caught.value)
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        _wire.compose([("Secret", "hush\n")])
    assert "hush" not in str(caught.value)
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        _wire.compose([("Secret", " hush")])
    assert "hush" not in str(caught.value)
    with pytest.raises(TypeError, match=r"\*\*\*") as wrong:
        _wire.compose([("Secret", b"hush")])
    assert "hush" not in str(wrong.value)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters=":\r\n\0", exclude_categories=["Cs", "Z"])),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        max_size=5,
    )
)
def test_refuse_or_carry(headers: list[tuple[str, str]]) -> None:
    """A message is refused, or its lines are exactly the headers."""
    try:
        data = _wire.encode_request(_wire.compose(headers))
    except ValueError:
        return
    lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert [tuple(line.decode().split(": ", 1)) for line in lines] == headers


# Text.


def test_text_and_bytes() -> None:
    """Any byte comes back as it was."""
    data = bytes(range(256))
    assert _wire.encode(_wire.decode(data)) == data
    assert _wire.decode(b"caf\xc3\xa9 \xe9") == "café \udce9"


def test_printable() -> None:
    """What a log gets can be written to any stream of UTF-8."""
    assert _wire.printable("caf\udce9") == "caf\\xe9"
    assert _wire.printable(b"caf\xe9") == "caf\\xe9"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Action: Login\r\nSecret: a: b\r\nX: y\r\n", "Action: Login\r\nSecret: ***\r\nX: y\r\n"),
        (b"Secret: a\r\n", "Secret: ***\r\n"),
        (b"SECRET:a\r\nkey : \r\n", "SECRET: ***\r\nkey: ***\r\n"),
        (b"Key: 0123\r\n", "Key: ***\r\n"),
        (b"My-Key: 0123\r\nKeys: a\r\n", "My-Key: 0123\r\nKeys: a\r\n"),
    ],
)
def test_redact(data: bytes, text: str) -> None:
    """The log shows no secret, nor the answer to a challenge."""
    assert _wire.redact(data) == text


@pytest.mark.parametrize(
    ("block", "follows"),
    [
        (b"Response: Follows\r\nPrivilege: Command\r\n", True),
        (b"RESPONSE: FOLLOWS\nx", True),
        (b"Response: Follows", True),
        (b"Response: Followsx\r\n", False),
        (b"Response: Success\r\n", False),
    ],
)
def test_is_follows(block: bytes, follows: bool) -> None:
    """The output of a command in its old form is known by its first line."""
    assert _wire.is_follows(block) is follows


# Encodings inside values.

QUOTED = [
    ("A", "1", "A=1"),
    ("A", "", "A="),
    ("A", 5, "A=5"),
    ("A", "x,y=z", r"A=x\,y=z"),
    ("A", 'say "hi"', r"A=say \"hi\""),
    ("A", "back\\slash", r"A=back\\slash"),
    ("A", "${X} (a) [b] %20 ö '", "A=${X} (a) [b] %20 ö '"),
    ("F(a,b)", "1", r"F(a\,b)=1"),
]


@pytest.mark.parametrize(("name", "value", "text"), QUOTED)
def test_quote_variable(name: str, value: object, text: str) -> None:
    """Commas, quotes and backslashes get a backslash, nothing else does."""
    assert _wire.quote_variable(name, value) == text


def asterisk_splits(text: str) -> list[str]:
    """Split one ``Variable`` header as Asterisk does: at commas, quotes and backslashes out."""
    parts, escaped, quoted = [""], False, False
    for character in text:
        if escaped:
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


@given(st.text(min_size=1).filter(lambda name: "=" not in name), st.text())
def test_variables_arrive(name: str, value: str) -> None:
    """Asterisk reads one variable, as it was meant."""
    assert asterisk_splits(_wire.quote_variable(name, value)) == [f"{name}={value}"]


@pytest.mark.parametrize("name", ["", "a=b", "="])
def test_quote_variable_refuses(name: str) -> None:
    """A name ends at the first ``=``."""
    with pytest.raises(ValueError, match="the name of a variable"):
        _wire.quote_variable(name, "x")


def test_quote_variables() -> None:
    """Each variable is a header of its own."""
    assert _wire.quote_variables({"A": "1,2", "B": 3}) == [r"A=1\,2", "B=3"]
    with pytest.raises(TypeError):
        _wire.quote_variables({"A": None})


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"line1\r\nline2\nline3\rend", "line1\r\nline2\nline3\rend"),
        (r"quote\"back\\slash", 'quote"back\\slash'),
        (r"a\\nb", r"a\nb"),
        (r"\a\b\f\t\v\'\?", "\a\b\f\t\v'?"),
        ("plain", "plain"),
        ("end\\", "end\\"),
    ],
)
def test_unescape(escaped: str, text: str) -> None:
    """The escapes of C are undone, once."""
    assert _wire.unescape(escaped) == text


@given(st.text())
def test_unescape_undoes(text: str) -> None:
    """Whatever Asterisk escapes comes back."""
    names = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
    escaped = re.sub(
        "[\a\b\f\n\r\t\v\\\\'\"?]", lambda found: "\\" + names.get(found[0], found[0]), text
    )
    assert _wire.unescape(escaped) == text


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        ("200%20result%3D1%20(Up)%0A", "200 result=1 (Up)\n"),
        ("caf%C3%A9%E9", "café\udce9"),
        ("a+b", "a+b"),
        ("a+b%2B", "a+b+"),
        ("%zz%4", "%zz%4"),
        ("\udce9%41", "\udce9A"),
    ],
)
def test_percent_decode(encoded: str, text: str) -> None:
    """The percent signs of AsyncAGI are undone, once."""
    assert _wire.percent_decode(encoded) == text
