"""The bytes of AGI: words to a line, and how Asterisk reads it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pystrix.agi._wire import (
    MAX_LINE,
    MAX_WORDS,
    _kept_line,
    check_data_digits,
    decode,
    encode_command,
    encode_raw,
    gives_value,
    is_exec,
    printable,
    quote,
    refuse_harmful,
    split_words,
    to_text,
)

TEXT = st.text(
    st.one_of(
        st.sampled_from("\"\\ \t\r\x0b\x0c\x01\x7f\x1b${}()[],;|%'=#*\udc80\udcff\u00eb\U0001f600"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"),
        st.integers(0xDC80, 0xDCFF).map(chr),
    ),
    max_size=40,
).map(lambda text: decode(text.encode("utf-8", "surrogateescape")))
"""Any text that AGI can carry. Bytes that make up UTF-8 are no surrogate escapes."""


class Told:
    """Something with a text."""

    def __str__(self) -> str:
        return 'a "b"'


class AnyCase(str):
    """A text that is equal to others."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


# Commands.


def test_texts_that_are_equal() -> None:
    """A line has the text it was made with, not another that is equal to it."""
    plain = encode_command("NOOP", ("text",))
    assert plain == b'NOOP "text"\n'
    assert encode_command("NOOP", (AnyCase("TEXT"),)) == b'NOOP "TEXT"\n'
    assert encode_command("NOOP", (AnyCase("Text"),)) == b'NOOP "Text"\n'
    assert encode_command("NOOP", (1,)) == b'NOOP "1"\n'
    assert encode_command("NOOP", (True,)) == b'NOOP "True"\n'
    assert encode_command("NOOP", (1.0,)) == b'NOOP "1.0"\n'
    assert encode_command("NOOP", (["a"],)) == b"NOOP \"['a']\"\n"
    with pytest.raises(TypeError, match="not None") as caught:
        encode_command("NOOP", (None,))
    assert caught.value.__context__ is None


def test_lines_are_kept_within_bounds() -> None:
    """A program that sends other words each time does not grow."""
    for number in range(2000):
        encode_command("NOOP", (f"word {number}",))
    kept = _kept_line.cache_info()
    assert kept.currsize == kept.maxsize


@given(TEXT)
@example("")
@example('"')
@example("\\")
@example("${EXTEN}")
@example("\t\r")
def test_quote_makes_one_word(text: str) -> None:
    """Asterisk reads a quoted value as one word, exactly as it was."""
    assert split_words(quote(text).encode("utf-8", "surrogateescape")) == [
        text.encode("utf-8", "surrogateescape")
    ]


@given(st.lists(TEXT, max_size=20))
@example(["", "", ""])
@example(["\\", '"', "\\"])
def test_command_splits_into_its_words(words: list[str]) -> None:
    """Asterisk reads the name and the words that were given, and one line."""
    line = encode_command("SET VARIABLE", words)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert [decode(word) for word in split_words(line[:-1])] == ["SET", "VARIABLE", *words]


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("", '""'),
        ("abc", '"abc"'),
        (" a b ", '" a b "'),
        ('he said "hi"', '"he said \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("${X}\t\r", '"${X}\t\r"'),
        (12, '"12"'),
        (1.5, '"1.5"'),
        (Told(), '"a \\"b\\""'),
    ],
)
def test_quote(value: object, quoted: str) -> None:
    """Quotes and backslashes are escaped, and nothing else."""
    assert quote(value) == quoted


@pytest.mark.parametrize("text", ["\n", "a\nb", "a\n", "\0", "a\0b", 'x"\nSET VARIABLE PWN "yes'])
def test_forbidden_characters(text: str) -> None:
    """No quoting carries a line feed or NUL; the text is named, whoever made the line."""
    shown = repr(text)[1:-1]
    for make in (
        lambda: quote(text),
        lambda: encode_command("NOOP", [text]),
        lambda: encode_raw(text),
        lambda: encode_raw(f"NOOP {text}"),
    ):
        with pytest.raises(ValueError) as caught:
            make()
        assert shown in str(caught.value)


@pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc"), None])
def test_what_has_no_text(value: object) -> None:
    """Bytes and None are a mistake, and named."""
    for make in (
        lambda: to_text(value),
        lambda: quote(value),
        lambda: encode_command("NOOP", [value]),
    ):
        with pytest.raises(TypeError) as caught:
            make()
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"), [("a\n", "a\n"), (5, "5"), (True, "True"), (Told(), 'a "b"')]
)
def test_to_text(value: object, text: str) -> None:
    """A str is itself, anything else its `str`."""
    assert to_text(value) == text


@pytest.mark.parametrize("fill", ["v", "\u00eb", "\udcff"])
def test_longest_line(fill: str) -> None:
    """8,191 bytes with the line feed go, one more does not; bytes count, not characters."""
    size = len(fill.encode("utf-8", "surrogateescape"))
    room = MAX_LINE - len(b'NOOP ""\n')
    text = fill * (room // size) + "x" * (room % size)
    line = encode_command("NOOP", [text])
    assert len(line) == 8191
    assert encode_raw(line[:-1].decode("utf-8", "surrogateescape")) == line
    with pytest.raises(ValueError, match="8191"):
        encode_command("NOOP", [text + "x"])
    with pytest.raises(ValueError, match="8191"):
        encode_raw(f'NOOP "{text}x"')


def test_escapes_count_for_the_longest_line() -> None:
    """What escaping adds counts."""
    room = MAX_LINE - len(b'NOOP ""\n')
    assert len(encode_command("NOOP", ['"' * (room // 2)])) <= MAX_LINE
    with pytest.raises(ValueError, match="8190"):
        encode_command("NOOP", ['"' * (room // 2 + 1)])


@pytest.mark.parametrize("name", ["NOOP", "GET VARIABLE", "SPEECH LOAD GRAMMAR"])
def test_most_words(name: str) -> None:
    """127 words go, 128 do not; those of the name count."""
    words = ["w"] * (MAX_WORDS - len(name.split()))
    line = encode_command(name, words)
    assert len(split_words(line[:-1])) == 127
    assert encode_raw(decode(line[:-1])) == line
    with pytest.raises(ValueError, match="128"):
        encode_command(name, [*words, "w"])
    with pytest.raises(ValueError, match="128"):
        encode_raw(decode(line[:-1]) + " w")


@pytest.mark.parametrize("code", [0xD800, 0xDC00, 0xDC7F, 0xDD00, 0xDFFF])
def test_lone_surrogates(code: int) -> None:
    """A surrogate that stands for no byte is a ValueError."""
    with pytest.raises(ValueError):
        encode_command("NOOP", [chr(code)])
    with pytest.raises(ValueError):
        encode_raw(f"NOOP {chr(code)}")


@pytest.mark.parametrize(
    "line",
    [
        "NOOP",
        "  NOOP",
        "\tnoop ",
        'SET VARIABLE Q "a b"',
        'SET VARIABLE Q "unterminated',
        "a\\",
        "é",
    ],
)
def test_raw_line_stays_as_it_is(line: str) -> None:
    """A line that somebody else made is sent byte by byte."""
    assert encode_raw(line) == line.encode() + b"\n"


@pytest.mark.parametrize("line", ["", " ", "\t \t", "\\"])
def test_raw_line_without_words(line: str) -> None:
    """A line without a word is no command."""
    with pytest.raises(ValueError):
        encode_raw(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET OPTION",
        "GET OPTION beep",
        'GET OPTION beep "12"',
        'get option beep "12"',
        'Get Option "a b" ""',
        '"GET" "OPTION" beep 12',
        '  G\\ET\t"OPT"ION  beep  12  ',
    ],
)
def test_get_option_without_timeout(line: str) -> None:
    """GET OPTION without a timeout is refused, however it is written."""
    with pytest.raises(ValueError, match="timeout"):
        encode_raw(line)


@pytest.mark.parametrize(
    "digits", ["1025", "01025", "+1025", "1025x", '"1025"', "10\\25", "9" * 30]
)
def test_get_data_for_too_many_digits(digits: str) -> None:
    """GET DATA beyond Asterisk's buffer is refused, however it is written."""
    for name in ("GET DATA", "get data", '"Get" "Data"'):
        with pytest.raises(ValueError, match=r"1025|9{30}"):
            encode_raw(f"{name} beep 2000 {digits}")


@pytest.mark.parametrize(
    "line",
    [
        'GET OPTION beep "12" 500',
        'GET OPTION beep "" 0',
        '"GET OPTION" beep 12',
        "GET DATA beep",
        "GET DATA beep 2000",
        "GET DATA beep 2000 1024",
        "GET DATA beep 2000 -1",
        "GET DATA beep 2000 x1025",
        "GET DATA beep 9999",
        "GET VARIABLE OPTION",
        "GET",
        "NOOP GET OPTION",
    ],
)
def test_harmless(line: str) -> None:
    """What is not one of the two harmful commands goes."""
    assert encode_raw(line) == line.encode() + b"\n"


def test_refuse_harmful_takes_words() -> None:
    """It judges the words, in any letter case."""
    refuse_harmful([])
    refuse_harmful([b"GET", b"OPTION", b"f", b"", b"0"])
    with pytest.raises(ValueError):
        refuse_harmful([b"get", b"Option", b"f", b""])


def test_check_data_digits() -> None:
    """1,024 digits go, one more does not."""
    check_data_digits(1024)
    with pytest.raises(ValueError, match="1025"):
        check_data_digits(1025)


@pytest.mark.parametrize("name", ["", "NOOP\nHANGUP", "A\tB", " NOOP", "A  B", "X1", '"NOOP"'])
def test_name_of_a_command(name: str) -> None:
    """The name of a command cannot smuggle anything in."""
    with pytest.raises(ValueError, match="name of a command"):
        encode_command(name, [])


@pytest.mark.parametrize(
    ("line", "executes", "value"),
    [
        (b'EXEC "SMS" "q"\n', True, False),
        (b"exec\tSMS\n", True, False),
        (b' "EXEC" SMS\n', True, False),
        (b"EXECUTE X\n", False, False),
        (b'GET VARIABLE "X"\n', False, True),
        (b'get "full" VARIABLE X\n', False, True),
        (b'DATABASE GET "f" "k"\n', False, True),
        (b"RECEIVE TEXT 5\n", False, True),
        (b'SET VARIABLE "X" "GET VARIABLE"\n', False, False),
        (b'GET DATA "x"\n', False, False),
        (b"NOOP\n", False, False),
    ],
)
def test_kinds_of_commands(line: bytes, executes: bool, value: bool) -> None:
    """EXEC, and the commands that ask for a value, are known however they are written."""
    assert is_exec(line) is executes
    assert gives_value(line) is value


# What each quoting form stores, as recorded on a live Asterisk: the line's end behind
# "SET VARIABLE Q", and the words Asterisk reads there. It refused those that are not one word.


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b"abc", [b"abc"]),
        (b'"abc"', [b"abc"]),
        (b'"a b"', [b"a b"]),
        (b"a\\ b", [b"a b"]),
        (b'""', [b""]),
        (b"''", [b"''"]),
        (b"'a b'", [b"'a", b"b'"]),
        (b'"a\\"b"', [b'a"b']),
        (b'a\\"b', [b'a"b']),
        (b'"a\\\\b"', [b"a\\b"]),
        (b"a\\\\b", [b"a\\b"]),
        (b"a\\nb", [b"anb"]),
        (b'"a\tb"', [b"a\tb"]),
        (b"a\tb", [b"a", b"b"]),
        (b"a\\\tb", [b"a\tb"]),
        (b'"a"b"c d"', [b"abc d"]),
        (b'a"b c"d', [b"ab cd"]),
        (b'"unterminated x', [b"unterminated x"]),
        (b"trailing\\", [b"trailing"]),
        (b'"x\\', [b"x"]),
        (b'"\xc3\xa9\xff\xfe"', [b"\xc3\xa9\xff\xfe"]),
        (b'"a,b;c|d"', [b"a,b;c|d"]),
        (b'"${EXTEN}$[1+1]"', [b"${EXTEN}$[1+1]"]),
        (b'"  lead and trail  "', [b"  lead and trail  "]),
        (b"   x   ", [b"x"]),
        (b'"a\x01\x7f\x1bb"', [b"a\x01\x7f\x1bb"]),
        (b'"a\rb"', [b"a\rb"]),
        (b"x\r", [b"x\r"]),
        (b'"a\x0bb\x0c"', [b"a\x0bb\x0c"]),
        (b"\xa0x", [b"\xa0x"]),
        (b'"a%20b\\tc"', [b"a%20btc"]),
        (b'"(paren)"', [b"(paren)"]),
        (b'"a\\', [b"a"]),
        (b'\\"', [b'"']),
        (b'"\\"\\""', [b'""']),
        (b'"a" "b"', [b"a", b"b"]),
        (b"a=b", [b"a=b"]),
        (b'a""b', [b"ab"]),
        (b'"" ""', [b"", b""]),
        (b"", []),
        (b" \t ", []),
    ],
)
def test_split_words(written: bytes, words: list[bytes]) -> None:
    """Words are split as Asterisk splits them."""
    assert split_words(b"SET VARIABLE Q " + written) == [b"SET", b"VARIABLE", b"Q", *words]
    assert split_words(written) == words


@given(st.binary(max_size=60))
def test_split_words_takes_any_bytes(line: bytes) -> None:
    """No bytes are refused, and none are made up."""
    rest = list(line)
    for byte in b"".join(split_words(line)):
        del rest[: rest.index(byte) + 1]


# Texts.


def test_printable() -> None:
    """What is not UTF-8 is written as an escape."""
    assert printable("zoë \udcff") == printable(b"zo\xc3\xab \xff") == "zoë \\xff"


@given(st.binary())
def test_decode_keeps_every_byte(data: bytes) -> None:
    """What is not UTF-8 travels as surrogate escapes and can be sent back."""
    assert decode(data).encode("utf-8", "surrogateescape") == data
