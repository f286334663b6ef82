"""Recorded sessions, with the simulation as their server."""

from __future__ import annotations

import pytest

from pystrix.testing import Transcript
from pystrix.testing.ami import SimulatedAsterisk
from tests.testing.ami.driving import Peer, names
from tests.testing.recordings import FOLDER


def replayed(text: str) -> SimulatedAsterisk:
    """Give an Asterisk that replays a transcript."""
    asterisk = SimulatedAsterisk()
    asterisk.replay(Transcript.parse(text))
    return asterisk


WHOLE = r"""
# a session
>> b'Asterisk Call Manager/5.0\r\n'
<< b'Action: Login\r\n'
<< b'Username: admin\r\n'
<< b'Secret: s3cret\r\n'
<< b'\r\n'
>> b'Response: Success\r\n'
>> b'Message: Authentication accepted\r\n'
>> b'\r\n'
>> b'Event: First\r\n'
>> b'\r\n'
<< b'Action: Originate\r\n'
<< b'ActionID: o1\r\n'
<< b'ChannelId: chan\r\n'
<< b'Channel: a/b\r\n'
<< b'\r\n'
>> b'Event: Before\r\n'
>> b'\r\n'
>> b'Response: Success\r\n'
>> b'ActionID: o1\r\n'
>> b'\r\n'
>> b'Event: Newchannel\r\n'
>> b'Uniqueid: chan;2\r\n'
>> b'\r\n'
<< b'Action: Logoff\r\n'
<< b'\r\n'
>> b'Event: Late\r\n'
>> b'\r\n'
>> b'Response: Goodbye\r\n'
>> b'\r\n'
# [1.0s] server closed the connection (EOF)
"""


def test_whole() -> None:
    """Each part comes behind its action, with the ids of today."""
    asterisk = replayed(WHOLE)
    peer = Peer(asterisk, "")
    assert peer.banner == b"Asterisk Call Manager/5.0\r\n"
    answer, first = peer.act("Login", Username="admin", Secret="x")  # noqa: S106
    assert answer.action_id == "n1"
    assert first == "First"
    assert asterisk.differences == [
        "Originate with [('Action', 'Originate'), ('Channel', 'a/b')] did not come",
        "Logoff with [('Action', 'Logoff')] did not come",
    ]
    before, answer, new = peer.act("Originate", Channel="a/b", ChannelId="mine")
    assert before == "Before"
    assert answer.action_id == "n2"
    assert new["Uniqueid"] == "mine;2"
    assert peer.answer("Logoff").action_id == "n3"
    assert peer.session.closed
    assert asterisk.differences == []


def test_differences() -> None:
    """What is not in the transcript is answered as always, and noted."""
    asterisk = replayed(WHOLE)
    peer = Peer(asterisk, "")
    peer.act("Login", Username="root", Secret="x")  # noqa: S106
    assert peer.answer("Ping")["Ping"] == "Pong"
    assert peer.refusal("Bogus").startswith("Invalid/unknown")
    peer.act("Originate", Channel="a/c")
    peer.act("Logoff")
    login, bogus, originate = asterisk.differences
    assert login == (
        "Login came with [('Action', 'Login'), ('Username', 'root')], "
        "not [('Action', 'Login'), ('Username', 'admin')]"
    )
    assert bogus == "Bogus with [('Action', 'Bogus')] came, which is not in the transcript"
    assert originate.startswith("Originate came with")


def test_behind_a_login() -> None:
    """A transcript without a greeting begins when somebody has logged in."""
    asterisk = replayed(
        r"""
>> b'Event: Own\r\n'
>> b'\r\n'
<< b'Action: Ping\r\n'
<< b'\r\n'
>> b'Response: Pong\r\n'
>> b'\r\n'
"""
    )
    peer = Peer(asterisk, "")
    assert peer.banner == b"Asterisk Call Manager/11.0.0\r\n"
    assert peer.refusal("Ping") == "Permission denied"
    heard = peer.act("Login", Username="admin", Secret="secret")  # noqa: S106
    assert names(heard) == ["Success", "FullyBooted", "Own"]
    assert names(peer.act("Ping")) == ["Pong"]
    assert peer.answer("Ping")["Ping"] == "Pong"
    assert asterisk.differences == []


def test_several_connections() -> None:
    """Each gets its own part, and the last one goes on."""
    path = FOLDER / "ami-disconnects.txt"
    asterisk = SimulatedAsterisk()
    asterisk.replay(Transcript.load(path))
    first = Peer(asterisk, "")
    first.act("Login", Username="admin", Secret="x", Events="off")  # noqa: S106
    assert names(first.act("Ping")) == ["Success"]
    assert first.session.closed
    for _ in range(2):
        second = Peer(asterisk, "")
        heard = second.act("Login", Username="admin", Secret="x")  # noqa: S106
        assert names(heard) == ["Success", "FullyBooted", "SuccessfulAuth"]
        assert second.session.closed
    assert asterisk.differences == []


def test_empty() -> None:
    """A transcript of nothing is a session like any."""
    asterisk = replayed("# nothing\n")
    assert Peer(asterisk).answer("Ping")["Ping"] == "Pong"


def test_cut() -> None:
    """A stream that was cut in the middle of a message is cut there again."""
    asterisk = SimulatedAsterisk()
    asterisk.replay(Transcript.load(FOLDER / "ami-slow-reader-cut.txt"))
    peer = Peer(asterisk, "")
    peer.say(b"Action: Login\r\nUsername: admin\r\nSecret: secret\r\n\r\n")
    assert peer.session.data_to_send().endswith(b"\r\nChannelStateDesc")
    assert peer.session.closed


RECORDINGS = sorted(path.stem for path in FOLDER.glob("ami-*.txt"))


GREETING = b"Asterisk Call Manager/"
LOGIN = b"Action: Login\r\nUsername: admin\r\nSecret: secret\r\nEvents: off\r\n\r\n"


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recording(name: str) -> None:
    """A manager that says what was said then hears what was heard then."""
    asterisk = SimulatedAsterisk()
    transcript = Transcript.load(FOLDER / f"{name}.txt")
    asterisk.replay(transcript)
    peer: Peer | None = None
    expected, heard = b"", b""
    for kind, data in transcript.exchanged:
        if peer is None or data.startswith(GREETING):
            peer = Peer(asterisk, "")
            heard += peer.banner
            if not data.startswith(GREETING):
                peer.say(LOGIN)
                heard = peer.session.data_to_send().partition(b"accepted\r\n\r\n")[2]
        if kind == "<<":
            peer.say(data)
            heard += peer.session.data_to_send()
        else:
            expected += data
    assert heard == expected
    assert asterisk.differences == []
