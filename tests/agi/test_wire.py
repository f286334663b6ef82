"""The bytes of AGI: words to a line, a line to values, and the limits."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pystrix.agi._wire import (
    MAX_LINE,
    MAX_WORDS,
    ReplyLine,
    ValueData,
    _kept_line,
    check_data_digits,
    decode,
    encode_command,
    encode_raw,
    gives_value,
    has_parenthesis,
    is_exec,
    lines_of_value,
    parse_items,
    parse_number,
    parse_reply_line,
    parse_value,
    printable,
    quote,
    refuse_harmful,
    shared_reply,
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


@pytest.mark.parametrize("number", [0, 1, 35, 127])
def test_shared_replies(number: int) -> None:
    """They are what a reply is otherwise, and nobody can change them for others."""
    line = f"200 result={number}\n".encode()
    shared = shared_reply(line)
    assert shared == (parse_items(f"result={number}"), 200, f"result={number}")
    items = shared.items
    for change in (
        lambda: items.__setitem__("a", items["result"]),
        lambda: items.__delitem__("result"),
        lambda: items.__ior__({}),
        items.clear,
        items.popitem,
        lambda: items.pop("result"),
        lambda: items.setdefault("a", items["result"]),
        lambda: items.update({}),
    ):
        with pytest.raises(TypeError, match="change a copy"):
            change()
    for copied in (items.copy(), dict(items), copy.copy(items), pickle.loads(pickle.dumps(items))):  # noqa: S301 - our own
        assert type(copied) is dict
        assert copied == items
        copied.clear()
    assert items == {"result": ValueData(str(number), "")}


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


# Replies.


@pytest.mark.parametrize(
    ("line", "code", "more", "text"),
    [
        (b"200 result=0", 200, False, "result=0"),
        (b"200 result=1 (a) b", 200, False, "result=1 (a) b"),
        (b"100 result=0 Trying...", 100, False, "result=0 Trying..."),
        (b"510 Invalid or unknown command", 510, False, "Invalid or unknown command"),
        (b"511 Command Not Permitted", 511, False, "Command Not Permitted"),
        (b"520-Invalid command syntax.", 520, True, "Invalid command syntax."),
        (b"520 End of proper usage.", 520, False, "End of proper usage."),
        (b"200", 200, False, ""),
        (b"200 ", 200, False, ""),
        (b"200-", 200, True, ""),
        (b"200  result=0", 200, False, " result=0"),
        (b"200 result=1 (\xc3\xab \xff)", 200, False, "result=1 (\u00eb \udcff)"),
        (b"000 x", 0, False, "x"),
    ],
)
def test_reply_line(line: bytes, code: int, more: bool, text: str) -> None:
    """A line with a code is read whatever stands behind it."""
    assert parse_reply_line(line) == ReplyLine(code, more, text)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"20",
        b"HANGUP",
        b"noise",
        b"2000 result=0",
        b"200result=0",
        b"200\tresult=0",
        b" 200 result=0",
        b"20x result=0",
        b"-20 result=0",
        b"\xb2\xb2\xb2 result=0",
        "\u0662\u0660\u0660 result=0".encode(),
        b")",
        b"agi_channel: x",
    ],
)
def test_no_reply_line(line: bytes) -> None:
    """Any other line is no reply."""
    assert parse_reply_line(line) is None


@given(st.integers(0, 999), st.sampled_from([b" ", b"-"]), st.binary())
def test_reply_line_of_any_bytes(code: int, mark: bytes, rest: bytes) -> None:
    """Whatever stands behind a code is its text."""
    reply = parse_reply_line(b"%03d" % code + mark + rest)
    assert reply == ReplyLine(code, mark == b"-", decode(rest))


@given(st.text(), st.booleans())
@example("result", False)
@example("(", True)
@example("(a) =", True)
def test_items_of_any_text(text: str, result: bool) -> None:
    """No text is refused, and no part is made up."""
    if result:
        text = f"result={text}"
    items = parse_items(text)
    assert ("result" in items) >= result
    assert all(value in text and data in text for value, data in items.values())


def item(value: str, data: str = "") -> ValueData:
    """Make one part."""
    return ValueData(value, data)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("result=0", {"result": item("0")}),
        ("result=-1", {"result": item("-1")}),
        ("result=", {"result": item("")}),
        ("result= ", {"result": item("")}),
        ("result= (timeout)", {"result": item("", "timeout")}),
        ("result=12 (timeout)", {"result": item("12", "timeout")}),
        ("result=*1* (timeout)", {"result": item("*1*", "timeout")}),
        ("result=1 (value)", {"result": item("1", "value")}),
        ("result=1 ()", {"result": item("1")}),
        ("result=1 (a (b) c))", {"result": item("1", "a (b) c)")}),
        ("result=1 (a) b=c)", {"result": item("1", "a"), "b": item("c)")}),
        ("result=1 (abc", {"result": item("1", "abc")}),
        ("result=1 (abc) def", {"result": item("1", "abc) def")}),
        ("result=1 (a b) c=d", {"result": item("1", "a b) c=d")}),
        ("result=1 (a\nb\n)", {"result": item("1", "a\nb\n")}),
        ("result=1 ( x )", {"result": item("1", " x ")}),
        ("result=1 (\u00eb\udcff)", {"result": item("1", "\u00eb\udcff")}),
        ("result=-1 (writefile)", {"result": item("-1", "writefile")}),
        ("result=-1 (hangup)", {"result": item("-1", "hangup")}),
        ("result=0 endpos=3520", {"result": item("0"), "endpos": item("3520")}),
        ("result=-1 endpos=-1", {"result": item("-1"), "endpos": item("-1")}),
        ("result=35 (dtmf) endpos=3200", {"result": item("35", "dtmf"), "endpos": item("3200")}),
        (
            "result=1 (digit) digit=# endpos=0",
            {"result": item("1", "digit"), "digit": item("#"), "endpos": item("0")},
        ),
        (
            "result=1 (speech) endpos=0 results=0 ",
            {"result": item("1", "speech"), "endpos": item("0"), "results": item("0")},
        ),
        ("result=0 Gosub complete", {"result": item("0")}),
        ("result=0 Gosub complete (abnormal exit)", {"result": item("0")}),
        ("result=-1 Gosub label not found", {"result": item("-1")}),
        ("", {}),
        ("hello", {}),
        ("endpos=5", {}),
        ("x result=5", {}),
        ("result=0 " + "a" * 1_000_000, {"result": item("0")}),
        (
            "result=1 (speech) endpos=1 endpos=2 result=3",
            {
                "result": item("1", "speech"),
                "endpos": item("1"),
            },
        ),
    ],
)
def test_items(text: str, items: dict[str, ValueData]) -> None:
    """The parts of a reply are read by name."""
    assert parse_items(text) == items


def test_items_of_a_recognition() -> None:
    """The numbers of a recognition can be read by name."""
    items = parse_items(
        'result=1 (speech) endpos=8 results=2 score0=40 text0="yellow" grammar0=g2 '
        'score1=95 text1="hello "big" world" grammar1=g1'
    )
    assert items["result"] == ("1", "speech")
    assert {name: items[name].value for name in ("endpos", "results", "score1", "grammar1")} == {
        "endpos": "8",
        "results": "2",
        "score1": "95",
        "grammar1": "g1",
    }


@given(st.text(), st.from_regex(r"-?[0-9*#A-D]{0,5}", fullmatch=True))
@example(") (", "1")
@example("timeout) endpos=0", "1")
def test_value_in_parentheses(data: str, value: str) -> None:
    """What stands between the first and the last parenthesis is the value."""
    text = f"result={value} ({data})"
    assert parse_value(text) == {"result": ValueData(value, data)}
    assert has_parenthesis(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("result=1 (a) b=c)", "a) b=c"),
        ("result=1 (a) b=(c)", "a) b=(c"),
        ("result=1 (dtmf) endpos=3\nx)", "dtmf) endpos=3\nx"),
        ("result=1 (open", "open"),
        ("result=1 ()", ""),
        ("result=1 (\n)", "\n"),
    ],
)
def test_value(text: str, value: str) -> None:
    """A value reaches to the last parenthesis, whatever it looks like."""
    assert parse_value(text) == {"result": item("1", value)}


@pytest.mark.parametrize(
    ("text", "carries"),
    [
        ("result=1 (value)", True),
        ("result=1 ()", True),
        ("result=1 (", True),
        ("result=1 (open", True),
        ("result=1 (a) b", True),
        ("result=1 (a) b=c)", True),
        ("result=12 (timeout)", True),
        ("result= (timeout)", True),
        ("result=35 (dtmf) endpos=3200", True),
        ("result=0", False),
        ("result=", False),
        ("result= ", False),
        ("result=0 endpos=3520", False),
        ("result=0 Gosub complete (abnormal exit)", False),
        ("", False),
        ("(x)", False),
    ],
)
def test_has_parenthesis(text: str, carries: bool) -> None:
    """A parenthesis behind the result is told from one further behind."""
    assert has_parenthesis(text) is carries


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


@pytest.mark.parametrize("text", ["0", "-1", "+5", "007", "9" * 30])
def test_number(text: str) -> None:
    """Decimal numbers are read."""
    assert parse_number(text) == int(text)


@pytest.mark.parametrize("text", ["", "1_0", " 1", "1 ", "0x1", "1.0", "\u0661", "-"])
def test_no_number(text: str) -> None:
    """Nothing else is a number, whatever Python thinks of it."""
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


def test_printable() -> None:
    """What is not UTF-8 is written as an escape."""
    assert printable("zoë \udcff") == printable(b"zo\xc3\xab \xff") == "zoë \\xff"


@pytest.mark.parametrize("name", ["", "NOOP\nHANGUP", "A\tB", " NOOP", "A  B", "X1", '"NOOP"'])
def test_name_of_a_command(name: str) -> None:
    """The name of a command cannot smuggle anything in."""
    with pytest.raises(ValueError, match="name of a command"):
        encode_command(name, [])


@pytest.mark.parametrize(
    ("lines", "value", "behind"),
    [
        ([b"200 result=1 (a)"], b"200 result=1 (a)", []),
        ([b"200 result=1 (a", b"b)"], b"200 result=1 (a\nb)", []),
        ([b"200 result=1 (a", b")", b"noise"], b"200 result=1 (a\n)", [b"noise"]),
        ([b"(a)", b"200 result=0", b"(b))", b"x", b"y"], b"(a)\n200 result=0\n(b))", [b"x", b"y"]),
        ([b"200 result=1 (a", b"b"], b"200 result=1 (a\nb", []),
        ([b"200 result=1 (a", b"", b""], b"200 result=1 (a\n\n", []),
    ],
)
def test_lines_of_value(lines: list[bytes], value: bytes, behind: list[bytes]) -> None:
    """A value reaches to the last line that closes a parenthesis."""
    assert lines_of_value(lines) == (value, behind)
    assert lines_of_value(iter(lines)) == (value, behind)


@given(st.binary())
def test_decode_keeps_every_byte(data: bytes) -> None:
    """What is not UTF-8 travels as surrogate escapes and can be sent back."""
    assert decode(data).encode("utf-8", "surrogateescape") == data
