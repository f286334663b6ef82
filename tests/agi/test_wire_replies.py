"""The bytes of AGI: a line of a reply, and the values in it."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pystrix.agi._wire import (
    ReplyLine,
    ValueData,
    decode,
    has_parenthesis,
    lines_of_value,
    parse_items,
    parse_number,
    parse_reply_line,
    parse_value,
    shared_reply,
)


@pytest.mark.parametrize("number", [0, 1, 35, 127])
def test_shared_replies(number: int) -> None:
    """They are what a reply is otherwise, and nobody can change them for others."""
    line = f"200 result={number}\n".encode()
    shared = shared_reply(line)
    assert shared is not None
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


@pytest.mark.parametrize("text", ["0", "-1", "+5", "007", "9" * 30])
def test_number(text: str) -> None:
    """Decimal numbers are read."""
    assert parse_number(text) == int(text)


@pytest.mark.parametrize("text", ["", "1_0", " 1", "1 ", "0x1", "1.0", "\u0661", "-"])
def test_no_number(text: str) -> None:
    """Nothing else is a number, whatever Python thinks of it."""
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


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
