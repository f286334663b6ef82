"""Variables: lines and outcomes."""

from __future__ import annotations

import base64

import pytest

from pystrix.agi import AGIAppError
from pystrix.agi.core import GetExactVariable, GetFullVariable, GetVariable, SetVariable
from tests.agi.conversation import CHUNKS, Case, Row, assert_outcome, cases, plain, run

VALUE: dict[bytes, object] = {
    b"200 result=1 (value)": "value",
    b"200 result=1 ()": "",
    b"200 result=0": None,
    b"200 result=1 ((paren))": "(paren)",
    b"200 result=1 (a (b) c))": "a (b) c)",
    b"200 result=1 (a) b=c)": "a) b=c",
    b"200 result=1 (()": "(",
    b"200 result=1 ())": ")",
    b'200 result=1 ("" <>)': '"" <>',
    b"200 result=1 (  lead and trail  )": "  lead and trail  ",
    b"200 result=1 (a\tb\rc\\n)": "a\tb\rc\\n",
    b"200 result=1 (zo\xc3\xab \xe6\x97\xa5)": "zo\u00eb \u65e5",
    b"200 result=1 (cut \xc3)": "cut \udcc3",
    b"200 result=1 (caf\xe9)": "caf\udce9",
    b"200 result=1 (hangup)": "hangup",
    b"200 result=1 (timeout) endpos=0)": "timeout) endpos=0",
    b"200 result=1 (200 result=0)": "200 result=0",
    b"200 result=1 (HANGUP)": "HANGUP",
    b"200 result=1 (" + b"v" * 8000 + b")": "v" * 8000,
}


def exact(text: str) -> bytes:
    """Make the reply to an exact read."""
    encoded = base64.b64encode(text.encode("utf-8", "surrogateescape"))
    return b"200 result=1 (" + encoded + b")"


GOLDEN = [
    Row(GetVariable("EXTEN"), b'GET VARIABLE "EXTEN"\n', VALUE),
    Row(GetVariable('F("a b")'), b'GET VARIABLE "F(\\"a b\\")"\n', {}),
    Row(GetFullVariable("${EXTEN} x"), b'GET FULL VARIABLE "${EXTEN} x"\n', VALUE),
    Row(GetFullVariable("${X}", "Local/a;2"), b'GET FULL VARIABLE "${X}" "Local/a;2"\n', {}),
    Row(
        GetExactVariable("X"),
        b'GET FULL VARIABLE "${BASE64_ENCODE(${LEN(x)} ${FIELDQTY(X,:)} ${FIELDQTY(X,\x1f)} '
        b'${STRREPLACE(X,:,\x1f)})}"\n',
        {
            exact("1 1 1 a\nb\nc"): "a\nb\nc",
            exact("1 1 1 \udcff"): "\udcff",
            exact("1 0 0 "): "",
            exact("1 1 1  a "): " a ",
            exact("1 3 1 )\x1f(\x1f"): "):(:",
            exact("1 1 2 a\x1fb"): "a\x1fb",
            exact("1 2 2 a\x1fb\x1fc"): AGIAppError,  # both
            exact("   "): AGIAppError,  # no module func_strings
            exact("1   "): AGIAppError,
            b"200 result=1 ()": AGIAppError,  # no function BASE64_ENCODE
            b"200 result=0": None,
            b"200 result=1 (a)": AGIAppError,
            b"200 result=1 (****)": AGIAppError,
            b"200 result=1 (\xc3\xab)": AGIAppError,
        },
    ),
    Row(
        GetExactVariable("SHELL(ls)", "Local/a;2"),
        b'GET FULL VARIABLE "${BASE64_ENCODE(${LEN(x)} 1 0 ${STRREPLACE(SHELL(ls),:,\x1f)})}" '
        b'"Local/a;2"\n',
        {exact("1 1 0 a\x1fb\n"): "a:b\n", exact("1 1 0 "): ""},
    ),
    Row(
        SetVariable("Q", 'he said "hi" \\ there'),
        b'SET VARIABLE "Q" "he said \\"hi\\" \\\\ there"\n',
        {b"200 result=1": plain(1)},
    ),
    Row(SetVariable("Q", ""), b'SET VARIABLE "Q" ""\n', {}),
    Row(SetVariable("Q", 3.5), b'SET VARIABLE "Q" "3.5"\n', {}),
    Row(SetVariable("__Q", "${X},\t\r|;"), b'SET VARIABLE "__Q" "${X},\t\r|;"\n', {}),
    Row(SetVariable("Q", "\u00eb\udcff"), b'SET VARIABLE "Q" "\xc3\xab\xff"\n', {}),
]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: repr(row.action))
def test_line(row: Row) -> None:
    """Each action sends exactly its line."""
    assert row.action.wire == row.line


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("case", cases(GOLDEN))
def test_outcome(case: Case, chunk: int | None) -> None:
    """Each reply gives its result, however it arrives."""
    assert_outcome(case, chunk)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "value",
    [
        "l1\nl2",
        "\n",
        "a\n\nb\n",
        "x\nHANGUP\ny",
        "520-a\n520 b",
        "200 result=1 (",
    ],
)
@pytest.mark.parametrize("action", [GetVariable("X"), GetFullVariable("${X}")], ids=repr)
def test_value_of_several_lines(
    action: GetVariable | GetFullVariable, value: str, chunk: int | None
) -> None:
    """A value with line feeds arrives as it is, whatever its lines look like."""
    assert run(action, f"200 result=1 ({value})\n".encode(), chunk=chunk) == value


def test_value_whose_first_line_closes() -> None:
    """A value goes on behind a closing parenthesis when more bytes stand there."""
    value = "a)\n200 result=0\n(b) % "
    assert run(GetFullVariable("${X}"), f"200 result=1 ({value})\n".encode()) == value


@pytest.mark.parametrize("reply", [b"200 result=1 (hangup)\n", b"200 result=-1\n"])
@pytest.mark.parametrize("action", [GetVariable("X"), GetFullVariable("${X}")], ids=repr)
def test_no_value_is_a_hangup(action: GetVariable | GetFullVariable, reply: bytes) -> None:
    """Reading works on a dead channel: no reply is worth a question."""
    sent: list[bytes] = []
    assert run(action, reply, sent=sent) == ("hangup" if b"(" in reply else None)
    assert sent == [action.wire]


@pytest.mark.parametrize("name", ["a\nb", "a\0b"])
def test_name_that_cannot_be_sent(name: str) -> None:
    """A line feed or NUL is refused in every argument."""
    for make in (
        lambda: GetVariable(name),
        lambda: GetFullVariable(name),
        lambda: GetFullVariable("${X}", name),
        lambda: GetExactVariable(name),
        lambda: SetVariable(name, "v"),
        lambda: SetVariable("Q", name),
    ):
        with pytest.raises(ValueError, match="line feed"):
            make()


def test_exact_error_names_what_came() -> None:
    """The error of an answer that is no base64 names it."""
    with pytest.raises(AGIAppError, match=r"\*\*\*\*") as caught:
        run(GetExactVariable("X"), b"200 result=1 (****)\n")
    assert caught.value.items["result"].data == "****"
