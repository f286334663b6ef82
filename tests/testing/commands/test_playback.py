"""Playing files."""

from __future__ import annotations

import pytest

from pystrix.testing import Caller, Sounds
from tests.testing.asking import DEAD, HANGUP, USAGE, ask, dead, ok

SOUNDS = Sounds({"tone": 2.0, "long": 20.0}, others=None)

STREAMS: list[tuple[str, str, bytes, float, str | None]] = [
    ('tone ""', "", ok("0 endpos=16000"), 2.0, "SUCCESS"),
    ('tone "#"', "", ok("0 endpos=16000"), 2.0, "SUCCESS"),
    ('tone "" 8000', "", ok("0 endpos=16000"), 1.0, "SUCCESS"),
    ('tone "" 99999999', "", ok("0 endpos=16000"), 0.0, "SUCCESS"),
    ('tone "" -5', "", ok("0 endpos=16000"), 2.0, "SUCCESS"),
    ('tone "5"', "w1,5", ok("53 endpos=12000"), 1.5, "FAILED"),
    ('tone "#*" 8000', "#", ok("35 endpos=12000"), 0.5, "FAILED"),
    ('tone "ABCD"', "A", ok("65 endpos=4000"), 0.5, "FAILED"),
    ('tone "1"', "w0.7,h", ok("-1 endpos=5600") + HANGUP, 0.7, "FAILED"),
    ('nosuchfile ""', "", ok("-1 endpos=0"), 0.0, None),
    ('nosuchfile "" 800', "", ok("-1 endpos=800"), 0.0, None),
    ('tone&tone ""', "", ok("-1 endpos=0"), 0.0, None),
    ('"" ""', "", ok("-1 endpos=0"), 0.0, None),
]


@pytest.mark.parametrize(
    ("words", "caller", "reply", "seconds", "status"), STREAMS, ids=[row[0] for row in STREAMS]
)
def test_stream_file(
    words: str, caller: str, reply: bytes, seconds: float, status: str | None
) -> None:
    """The end, a key, the hang-up, and files that are not there; endpos counts samples."""
    answer = ask(f"STREAM FILE {words}", caller=caller, sounds=SOUNDS)
    assert (answer.reply, answer.seconds) == (reply, seconds)
    assert answer.channel.values.variables.get("PLAYBACKSTATUS") == status
    assert [what for what, _, _ in answer.heard] == (
        [] if b"result=-1 e" in reply and not seconds else ["tone"]
    )
    assert answer.channel.failed == (status is None)


def test_stream_file_stopped() -> None:
    """Another line stops it, and it has no reply."""
    channel = ask("NOOP", sounds=SOUNDS).channel
    channel.receive_data(b'STREAM FILE tone ""\n')
    channel.advance(0.5)
    channel.receive_data(b"NOOP\n")
    assert channel.data_to_send() == ok("0")


CONTROLS: list[tuple[str, str, bytes, float, str, str, str | None]] = [
    ('tone ""', "", ok("0 endpos=-1"), 2.0, "SUCCESS", "-1", None),
    ('nosuchfile ""', "", ok("-1 endpos=-1"), 0.0, "ERROR", "-1", None),
    ('long "1"', "w1,1", ok("49 endpos=1500"), 1.5, "USERSTOPPED", "1500", "1"),
    ('long "1" 3000 # * 0 2000', "1", ok("49 endpos=2500"), 0.5, "USERSTOPPED", "2500", "1"),
    ('tone "" 3000 # * "" 99999', "", ok("0 endpos=-1"), 0.0, "SUCCESS", "-1", None),
    ('tone "" 3000 # * "" -500', "", ok("0 endpos=-1"), 0.5, "SUCCESS", "-1", None),
    ('long "1"', "#,1", ok("49 endpos=4000"), 1.0, "USERSTOPPED", "4000", "1"),
    ('long "1"', "w5,*,1", ok("49 endpos=3000"), 6.0, "USERSTOPPED", "3000", "1"),
    ('long "1"', "*,1", ok("49 endpos=500"), 1.0, "USERSTOPPED", "500", "1"),
    ('long "1" 1000 9 7', "9,9,7,1", ok("49 endpos=3000"), 2.0, "USERSTOPPED", "3000", "1"),
    ('long "1" 60000', "#,w1,#,1", ok("49 endpos=500"), 2.5, "USERSTOPPED", "500", "1"),
    ('long "1" 3000 # * 0', "0,w9,0,1", ok("49 endpos=1000"), 10.5, "USERSTOPPED", "1000", "1"),
    ('long "1" 3000 # * 0', "0,w9,1", ok("49 endpos=500"), 10.0, "USERSTOPPED", "500", "1"),
    ('long "1" 3000 # * 0', "0,w9,h", ok("-1 endpos=500") + HANGUP, 9.5, "ERROR", "500", None),
    ('long "1"', "w0.6,h", ok("-1 endpos=600") + HANGUP, 0.6, "ERROR", "600", None),
]


@pytest.mark.parametrize(
    ("words", "caller", "reply", "seconds", "status", "offset", "key"),
    CONTROLS,
    ids=[f"{row[0]} {row[1]}" for row in CONTROLS],
)
def test_control_stream_file(
    words: str, caller: str, reply: bytes, seconds: float, status: str, offset: str, key: str | None
) -> None:
    """The caller moves about; endpos counts milliseconds."""
    answer = ask(f"CONTROL STREAM FILE {words}", caller=caller, sounds=SOUNDS)
    assert (answer.reply, answer.seconds) == (reply, seconds)
    variables = answer.channel.values.variables
    assert (variables["CPLAYBACKSTATUS"], variables["CPLAYBACKOFFSET"]) == (status, offset)
    assert variables.get("CPLAYBACKSTOPKEY") == key


def test_the_key_of_before_is_forgotten() -> None:
    """A file that is played to its end leaves no key of the one before."""
    lines = ('CONTROL STREAM FILE tone "1"', 'CONTROL STREAM FILE tone ""')
    answer = ask(*lines, "GET VARIABLE CPLAYBACKSTOPKEY", caller="1", sounds=SOUNDS)
    assert answer.reply == ok("0")


def test_control_is_not_stopped() -> None:
    """Another line waits for its end."""
    channel = ask("NOOP", sounds=SOUNDS).channel
    channel.receive_data(b'CONTROL STREAM FILE tone ""\n')
    channel.receive_data(b"NOOP\n")
    assert channel.data_to_send() == b""
    channel.advance(2.0)
    assert channel.data_to_send() == ok("0 endpos=-1") + ok("0")


@pytest.mark.parametrize(
    "line",
    [
        "STREAM FILE tone",
        "STREAM FILE tone 1 2 3",
        'STREAM FILE tone "" far',
        "CONTROL STREAM FILE tone",
        'CONTROL STREAM FILE tone "" x',
        'CONTROL STREAM FILE tone "" 1 # * 0 far',
        'CONTROL STREAM FILE tone "" 1 2 3 4 5 6',
        "SET MUSIC",
    ],
)
def test_usage(line: str) -> None:
    """What the words must be; the channel goes on."""
    answer = ask(line, sounds=SOUNDS)
    assert (answer.reply, answer.seconds, answer.heard) == (USAGE, 0.0, [])
    assert not answer.channel.running


@pytest.mark.parametrize(
    "words", ["on", "ON default", "off", "bogus", "on nosuchclass", "on a b c"]
)
def test_set_music(words: str) -> None:
    """Any word is taken."""
    assert ask(f"SET MUSIC {words}").reply == ok("0")


def test_barge_in_and_lost_keys() -> None:
    """Only the keys of the command have an effect; the caller waits for one that has."""
    answer = ask('STREAM FILE tone "2"', caller=Caller().press("2", after=1.0), sounds=SOUNDS)
    assert answer.heard == [("tone", 1.0, False)]
    answer = ask('STREAM FILE tone "2"', caller="1", sounds=SOUNDS)
    assert answer.heard == [("tone", 2.0, True)]


def test_dead_channel() -> None:
    """None of them works."""
    for line in ("STREAM FILE tone 1", "CONTROL STREAM FILE tone 1", "SET MUSIC on"):
        assert dead(line).reply == DEAD
