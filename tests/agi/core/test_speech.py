"""Speech recognition: lines and outcomes."""

from __future__ import annotations

import pytest

from pystrix.agi import AGIAppError, AGIResultHangup
from pystrix.agi.core import (
    SpeechActivateGrammar,
    SpeechCandidate,
    SpeechCreate,
    SpeechDeactivateGrammar,
    SpeechDestroy,
    SpeechLoadGrammar,
    SpeechRecognition,
    SpeechRecognize,
    SpeechSet,
    SpeechUnloadGrammar,
)
from tests.agi.conversation import CHUNKS, WAYS_TO_HANG_UP, Case, Row, assert_outcome, cases, run

DONE: dict[bytes, object] = {
    b"200 result=1": True,
    b"200 result=0": False,
    b"200 result=-1": AGIAppError,
    b"200 result=x": AGIAppError,
}
BIG = SpeechCandidate(95, 'hello "big" world', "g1")
YELLOW = SpeechCandidate(40, "yellow", "g2")

GOLDEN = [
    Row(SpeechCreate(), b'SPEECH CREATE ""\n', DONE),
    Row(SpeechCreate("probe-stt"), b'SPEECH CREATE "probe-stt"\n', {}),
    Row(SpeechDestroy(), b"SPEECH DESTROY\n", DONE),
    Row(SpeechSet("key", 1.5), b'SPEECH SET "key" "1.5"\n', DONE),
    Row(SpeechLoadGrammar("g1", "/a b"), b'SPEECH LOAD GRAMMAR "g1" "/a b"\n', DONE),
    Row(SpeechUnloadGrammar("g1"), b'SPEECH UNLOAD GRAMMAR "g1"\n', DONE),
    Row(SpeechActivateGrammar("g1"), b'SPEECH ACTIVATE GRAMMAR "g1"\n', DONE),
    Row(SpeechDeactivateGrammar("g1"), b'SPEECH DEACTIVATE GRAMMAR "g1"\n', DONE),
    Row(
        SpeechRecognize("demo-congrats", 5),
        b'SPEECH RECOGNIZE "demo-congrats" "5" "0"\n',
        {
            b'200 result=1 (speech) endpos=8000 results=2 score0=40 text0="yellow" grammar0=g2 '
            b'score1=95 text1="hello "big" world" grammar1=g1': SpeechRecognition(
                "speech", "", 8000, (YELLOW, BIG)
            ),
            b'200 result=1 (speech) endpos=0 results=1 score0=95 text0="hello "big" world" '
            b"grammar0=g1": SpeechRecognition("speech", "", 0, (BIG,)),
            b'200 result=1 (speech) endpos=0 results=1 score0=-1 text0="" grammar0=': (
                SpeechRecognition("speech", "", 0, (SpeechCandidate(-1, "", ""),))
            ),
            b'200 result=1 (speech) endpos=0 results=1 score0=1 text0="zo\xc3\xab\xff" '
            b"grammar0=a b": (
                SpeechRecognition("speech", "", 0, (SpeechCandidate(1, "zo\u00eb\udcff", "a b"),))
            ),
            b"200 result=1 (speech) endpos=0 results=0 ": SpeechRecognition("speech", "", 0, ()),
            b"200 result=1 (digit) digit=7 endpos=0": SpeechRecognition("digit", "7", 0, ()),
            b"200 result=1 (digit) digit=# endpos=9": SpeechRecognition("digit", "#", 9, ()),
            b"200 result=1 (timeout) endpos=0": SpeechRecognition("timeout", "", 0, ()),
            b'200 result=1 (speech) endpos=2 results=1 score0=5 text0="say endpos=7 digit=5 x'
            b' result=0" grammar0=g(2)': SpeechRecognition(
                "speech", "", 2, (SpeechCandidate(5, "say endpos=7 digit=5 x result=0", "g(2)"),)
            ),
            b"200 result=1 (speech) endpos=2 score0=x score1=5 score2=" + b"9" * 5000: (
                SpeechRecognition("speech", "", 2, ())
            ),
            b"200 result=0": AGIAppError,
            b"200 result=1 (speech)": AGIAppError,
            b"200 result=1 (other) endpos=0": AGIAppError,
        },
    ),
    Row(SpeechRecognize("beep", 5, 8000), b'SPEECH RECOGNIZE "beep" "5" "8000"\n', {}),
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


@pytest.mark.parametrize(("tail", "more", "chunk"), WAYS_TO_HANG_UP)
def test_hangup_while_listening(tail: bytes, more: tuple[bytes, ...], chunk: int | None) -> None:
    """The tag of a hang-up is a hang-up, though the result is 1."""
    reply = b"200 result=1 (hangup) endpos=0\n"
    with pytest.raises(AGIResultHangup, match="SPEECH RECOGNIZE"):
        run(SpeechRecognize("beep", 5), reply + tail, *more, chunk=chunk)
