"""Transcripts: text that is read, written and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pystrix.testing import Command, Heard, HungUp, Key, Note, Transcript, TranscriptError
from pystrix.testing.record import Sent
from pystrix.testing.transcript import Line
from tests.testing.recordings import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from pystrix.testing.record import Entry

TEXT = """\
# (environment block)
<< b'ANSWER\\n'
>> b'200 result=0\\n'
# +0.500 caller presses 5
# +1.250
<< b'GET VARIABLE X\\n'
>> b'200 result=1 (\\xc3\\xab)\\n'
# a remark
"""

LINES = (
    Line("#", text="(environment block)"),
    Line("<<", b"ANSWER\n"),
    Line(">>", b"200 result=0\n"),
    Line("#", text="caller presses 5", time=0.5),
    Line("<<", b"GET VARIABLE X\n", time=1.25),
    Line(">>", b"200 result=1 (\xc3\xab)\n", time=1.25),
    Line("#", text="a remark", time=1.25),
)


def test_what_asterisk_sends_by_itself() -> None:
    """Environment, HANGUP lines and what else Asterisk did stand where they came."""
    entries: list[Entry] = [
        Command(0.0, b"WAIT FOR DIGIT -1", (), b"200 result=-1\n", 1.0, 2),
        HungUp(1.0, "caller"),
    ]
    sent = [
        Sent(0.0, 0, b"agi_network: yes\n\n"),
        Sent(1.0, 2, b"HANGUP\n"),
        Sent(1.0, 2, remark="Asterisk closes"),
    ]
    assert str(Transcript.of_timeline(entries, sent)) == (
        "# +0.000\n"
        ">> b'agi_network: yes\\n'\n"
        ">> b'\\n'\n"
        "<< b'WAIT FOR DIGIT -1\\n'\n"
        "# +1.000 caller hangs up\n"
        ">> b'200 result=-1\\n'\n"
        ">> b'HANGUP\\n'\n"
        "# Asterisk closes\n"
    )


def test_text() -> None:
    """Reading and writing."""
    assert Transcript.parse(TEXT) == Transcript(LINES)
    assert str(Transcript(LINES)) == TEXT
    assert Transcript.parse(TEXT.replace("\n", "\r\n")) == Transcript(LINES)
    assert Transcript.parse("\n  \n") == Transcript()
    assert str(Transcript()) == ""


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("b''", b""),
        ('b"it\'s"', b"it's"),
        ("b'v'*5", b"vvvvv"),
        ("b'a' + b'v'*3 + b'z\\n'", b"avvvz\n"),
        ("(b'a' + b'b')*2", b"abab"),
        ("b'a' b'b'", b"ab"),
        ("b'a'*0", b""),
        ("b''*4000000", b""),
    ],
)
def test_bytes(text: str, data: bytes) -> None:
    """Expressions of bytes, and no others."""
    assert Transcript.parse(f"<< {text}\n").lines == (Line("<<", data),)


@pytest.mark.parametrize(
    "text",
    [
        "'text'",
        "1",
        "b'a' - b'b'",
        "b'a' * -1",
        "2 * b'a'",
        "b'a' * 1.5",
        "b'v'*4000001",
        "b''*4000001",
        "b'v'*2000*2001",
        "__import__('os')",
        "b'a'.upper()",
        "b'open",
        "",
        "b'a'; b'b'",
        "b'a'\0",
        "b'é'",
        "(" * 500 + "b'a'",
        " + ".join(["b'a'"] * 20_000),
    ],
)
def test_no_bytes(text: str) -> None:
    """Anything else is refused, by its line."""
    with pytest.raises(TranscriptError, match="line 2 holds no bytes of Python"):
        Transcript.parse(f"\n>> {text}\n")


@pytest.mark.parametrize("text", ["hello", "<<b'x'", " >> b'x'", ">>", "* +1.0"])
def test_no_line(text: str) -> None:
    """A line of another kind is refused, by its number."""
    with pytest.raises(TranscriptError, match="line 2 is no line of a transcript"):
        Transcript.parse(f"# x\n{text}\n")


def test_load(tmp_path: Path) -> None:
    """Files."""
    path = tmp_path / "a.txt"
    path.write_text(TEXT, "utf-8")
    assert Transcript.load(path) == Transcript(LINES)
    with pytest.raises(FileNotFoundError):
        Transcript.load(tmp_path / "none.txt")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_recorded_round_trip(path: Path) -> None:
    """The recorded sessions can be written and read again."""
    transcript = Transcript.load(path)
    assert transcript.exchanged
    assert Transcript.parse(str(transcript)) == transcript


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda text: not text.startswith("+")
)
TIMES = st.integers(0, 10**7).map(lambda milliseconds: milliseconds / 1000)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Draw any transcript whose times, from some line on, do not end."""
    lines: list[Line] = []
    time: float | None = None
    for _ in range(draw(st.integers(0, 12))):
        if draw(st.booleans()):
            time = draw(TIMES)
        if draw(st.booleans()):
            lines.append(Line("#", text=draw(WORDS), time=time))
        else:
            lines.append(Line(draw(st.sampled_from(["<<", ">>"])), draw(st.binary()), time=time))
    return Transcript(tuple(lines))


@given(transcripts())
def test_round_trip(transcript: Transcript) -> None:
    """What is written is read again."""
    assert Transcript.parse(str(transcript)) == transcript


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text is a transcript, or is refused."""
    try:
        transcript = Transcript.parse(text)
    except TranscriptError:
        return
    assert isinstance(str(transcript), str)


@given(st.lists(st.text(), max_size=6), st.floats(0, 1e6))
def test_timeline_round_trip(texts: list[str], start: float) -> None:
    """Whatever a remark or a sound is called, its transcript can be written and read again."""
    timeline: list[Entry] = [Note(start, f"x{text}") for text in texts]
    timeline.extend(Heard(start + 1, text, start + 2, after=9) for text in texts)
    transcript = Transcript.of_timeline(timeline)
    assert Transcript.parse(str(transcript)) == transcript
    str(transcript).encode("utf-8")


def test_of_timeline() -> None:
    """Each entry in its place: a reply stands behind what happened before it came."""
    timeline: list[Entry] = [
        Command(0.0, b"STREAM FILE a 1", ("STREAM", "FILE", "a", "1"), b"200 result=49\n", 1.0, 3),
        Heard(0.0, "a", 1.0, whole=False, after=3),
        Key(1.0, "1", "STREAM FILE"),
        Key(1.25, "2"),
        Command(1.3, b"GET VARIABLE X", (), b"200 result=1 (a\r\nb)\n", 1.3, 5),
        Heard(2.0, "b", 3.0, whole=True, after=6),
        Heard(3.0, "c"),
        Command(3.0, b"WAIT FOR DIGIT 1", ()),
        HungUp(4.0, "caller"),
        Note(5.0, "the end"),
        Command(5.0, b"NOOP", (), b"200 result=0", 5.0, 11),
    ]
    assert str(Transcript.of_timeline(timeline)) == (
        "# +0.000\n"
        "<< b'STREAM FILE a 1\\n'\n"
        "# caller hears a\n"
        "# +1.000 caller presses 1\n"
        "# a is cut short\n"
        ">> b'200 result=49\\n'\n"
        "# +1.250 caller presses 2, which is lost\n"
        "# +1.300\n"
        "<< b'GET VARIABLE X\\n'\n"
        ">> b'200 result=1 (a\\r\\n'\n"
        ">> b'b)\\n'\n"
        "# +2.000 caller hears b\n"
        "# +3.000 caller hears c\n"
        "<< b'WAIT FOR DIGIT 1\\n'\n"
        "# +4.000 caller hangs up\n"
        "# +5.000 the end\n"
        "<< b'NOOP\\n'\n"
        ">> b'200 result=0'\n"
    )


def test_differences() -> None:
    """Line by line, without times and remarks."""
    one = Transcript.parse(TEXT)
    assert one.differences(Transcript.parse(TEXT.replace("+1.250", "+9.000"))) == []
    two = Transcript.parse(TEXT.replace("ANSWER", "NOOP") + "<< b'X\\n'\n")
    assert one.differences(two) == [
        r"line 1: << b'ANSWER\n' here, << b'NOOP\n' there",
        r"<< b'X\n' only there",
    ]
    assert two.differences(one)[1:] == [r"<< b'X\n' only here"]
