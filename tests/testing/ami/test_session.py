"""One connection to a simulated Asterisk."""

from __future__ import annotations

import hashlib

import pytest

from pystrix.ami._message import Event
from pystrix.testing.ami import Later, ReceivedAction, Refused, Silence, SimulatedAsterisk
from tests.testing.ami.driving import Peer, names


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    """Give an Asterisk."""
    return SimulatedAsterisk()


def test_greeting(asterisk: SimulatedAsterisk) -> None:
    """A connection is greeted."""
    assert Peer(asterisk, "").banner == b"Asterisk Call Manager/11.0.0\r\n"
    asterisk.ami_version = "2.10.4"
    assert Peer(asterisk, "").banner == b"Asterisk Call Manager/2.10.4\r\n"


def test_login(asterisk: SimulatedAsterisk) -> None:
    """Nothing works before it, everything after."""
    peer = Peer(asterisk, "")
    assert peer.refusal("Ping") == "Permission denied"
    assert peer.refusal("Bogus") == "Permission denied"
    answer, booted = peer.act("Login", Username="ADMIN", Secret="secret")  # noqa: S106
    assert answer["Message"] == "Authentication accepted"
    assert booted == "FullyBooted"
    assert peer.answer("Ping")["Ping"] == "Pong"
    assert peer.answer("Login", Username="x")["Message"] == "Already authenticated"


def test_refused_login(asterisk: SimulatedAsterisk) -> None:
    """A wrong secret is refused after a while, and the connection is closed."""
    asterisk.login_delay = 1.0
    peer = Peer(asterisk, "")
    assert peer.act("Login", Username="admin", Secret="wrong") == []  # noqa: S106
    asterisk.advance(0.9)
    assert peer.hear() == []
    assert not peer.session.closed
    asterisk.advance(1.0)
    assert [each["Message"] for each in peer.hear()] == ["Authentication failed"]
    assert peer.session.closed
    peer.say(b"Action: Ping\r\n\r\n")
    assert peer.hear() == []


@pytest.mark.parametrize("headers", [{}, {"Username": "nobody"}, {"AuthType": "SHA1", "Key": "x"}])
def test_other_refused_logins(asterisk: SimulatedAsterisk, headers: dict[str, str]) -> None:
    """No user, an unknown one, an unknown kind of secret."""
    peer = Peer(asterisk, "")
    peer.act("Login", **headers)
    asterisk.advance(0)
    assert [each["Message"] for each in peer.hear()] == ["Authentication failed"]


def test_md5(asterisk: SimulatedAsterisk) -> None:
    """The challenge of a connection stays, and its digest logs in."""
    peer = Peer(asterisk, "")
    assert peer.refusal("Challenge") == "Must specify AuthType"
    challenge = peer.answer("Challenge", AuthType="MD5")["Challenge"]
    assert peer.answer("Challenge", AuthType="md5")["Challenge"] == challenge
    key = hashlib.md5(f"{challenge}secret".encode(), usedforsecurity=False).hexdigest()
    assert peer.answer("Login", Username="admin", AuthType="MD5", Key=key)["Response"] == "Success"


def test_logoff(asterisk: SimulatedAsterisk) -> None:
    """What is behind it is dropped."""
    peer = Peer(asterisk)
    peer.say(b"Action: Logoff\r\n\r\nAction: Ping\r\n\r\n")
    (goodbye,) = peer.hear()
    assert dict(goodbye) == {"Response": "Goodbye", "Message": "Thanks for all the fish."}
    assert peer.session.closed
    other = Peer(asterisk)
    assert other.answer("Logoff").action_id == "n3"


def test_permissions(asterisk: SimulatedAsterisk) -> None:
    """One of the classes of an action is enough, and some have none."""
    asterisk.add_user("Some", "pass", read="call,user", write="call")
    peer = Peer(asterisk, "some")
    assert peer.answer("Ping")["Response"] == "Success"
    assert peer.refusal("Command", Command="x") == "Permission denied"
    assert peer.refusal("Hangup", Channel="x") == "No such channel"
    assert peer.refusal("Bogus").startswith("Invalid/unknown command: Bogus. Use")
    listed = peer.answer("ListCommands")
    assert listed["Hangup"] == "Hangup.  (Priv: system,call,all)"
    assert listed["Ping"] == "Ping.  (Priv: <none>)"
    assert "Command" not in listed


def test_events_have_classes(asterisk: SimulatedAsterisk) -> None:
    """An event goes to those who read its class and asked for it."""
    asterisk.add_user("some", "pass", read="call,user")
    asterisk.add_user("none", "pass", read="")
    some, nobody, stranger = Peer(asterisk, "some"), Peer(asterisk, "none"), Peer(asterisk, "")
    asterisk.send_event("Newchannel", {"Channel": "x"})
    asterisk.send_event("VarSet")
    asterisk.send_event("Own")
    asterisk.send_event("Own", {"Privilege": "mine,all"}, classes="user")
    asterisk.send_event(Event(["Event: Mine", "A: 1", "A: 2"]), classes="user,system")
    heard = [each.all_items() for each in some.hear()]
    assert heard == [
        [("Event", "Newchannel"), ("Privilege", "call,all"), ("Channel", "x")],
        [("Event", "Own")],
        [("Event", "Own"), ("Privilege", "mine,all")],
        [("Event", "Mine"), ("Privilege", "user,system,all"), ("A", "1"), ("A", "2")],
    ]
    assert nobody.hear() == stranger.hear() == []
    assert some.answer("Events", EventMask="user")["Events"] == "On"
    asterisk.send_event("Newchannel")
    assert some.hear() == []
    assert some.answer("Events", EventMask="off")["Events"] == "Off"
    asterisk.send_event("Own")
    assert some.hear() == []
    assert some.refusal("Events") == "Invalid event mask"


def test_events_in_login(asterisk: SimulatedAsterisk) -> None:
    """Login has a mask of its own."""
    peer = Peer(asterisk, "")
    heard = peer.act("Login", Username="admin", Secret="secret", Events="off")  # noqa: S106
    assert len(heard) == 1


def test_events_come_behind_the_answer(asterisk: SimulatedAsterisk) -> None:
    """Of the session whose action made them; the others hear at once."""
    peer, other = Peer(asterisk), Peer(asterisk)
    answer, event = peer.act("UserEvent", UserEvent="X", A=["1", ""])
    assert answer["Message"] == "Event Sent"
    assert event.all_items()[2:] == [
        ("UserEvent", "X"),
        ("ActionID", "n3"),
        ("A", "1"),
        ("A", ""),
    ]
    assert names(other.hear()) == ["UserEvent"]
    peer.say(b"Action: UserEvent\r\n\r\n")
    assert "ActionID" not in peer.hear()[1]


def test_errors_of_framing(asterisk: SimulatedAsterisk) -> None:
    """What is no request is answered, too, and no action that was received."""
    peer = Peer(asterisk)
    asterisk.actions.clear()
    peer.say(b"\r\nActionID: 1\r\n" + b"x" * 2000 + b"\r\n\r\n")
    assert [each["Message"] for each in peer.hear()] == [
        "Missing action in request",
        "Failed to parse message: line too long",
    ]
    assert not asterisk.actions


def test_half_closed(asterisk: SimulatedAsterisk) -> None:
    """What is whole when the peer ends is answered; then it is over."""
    peer = Peer(asterisk)
    asterisk.on("Ping", Later(1.0, {"Ping": "Pong"}))
    peer.say(b"Action: Ping\r\n\r\nAction: Challenge\r\n\r\nAction: Pi")
    peer.session.receive_eof()
    assert not peer.session.closed
    asterisk.advance(1.0)
    assert names(peer.hear()) == ["Success", "Error"]
    assert peer.session.closed


def test_one_after_the_other(asterisk: SimulatedAsterisk) -> None:
    """An action that takes its time holds up the next, and events."""
    peer = Peer(asterisk)
    asterisk.on("Slow", Later(2.0, "Slept"))
    peer.say(b"Action: Slow\r\n\r\nAction: Ping\r\n\r\n")
    asterisk.send_event("Own")
    asterisk.advance(1.9)
    assert peer.hear() == []
    asterisk.advance(2.0)
    slept, own, pong = peer.hear()
    assert (slept["Message"], own.name, pong["Ping"]) == ("Slept", "Own", "Pong")


def test_later_than_the_end(asterisk: SimulatedAsterisk) -> None:
    """What was to be answered later is not when the session is over."""
    peer = Peer(asterisk)
    asterisk.on("Slow", Later(2.0))
    peer.act("Slow")
    asterisk.drop()
    asterisk.advance(3.0)
    assert peer.hear() == []


def test_scripts(asterisk: SimulatedAsterisk) -> None:
    """A script answers instead of the simulation, whatever it gives."""
    peer = Peer(asterisk)

    @asterisk.on("QueueAdd")
    def queue_add(action: ReceivedAction) -> str:
        if action["Queue"] != "sales":
            raise Refused("No such queue")
        asterisk.send_event("QueueMemberAdded", {"Queue": "sales"})
        return "Added interface to queue"

    assert queue_add(ReceivedAction(["Queue: sales"])) == "Added interface to queue"
    assert names(peer.hear()) == ["QueueMemberAdded"]
    assert names(peer.act("queueadd", Queue="sales")) == ["Success", "QueueMemberAdded"]
    assert peer.refusal("QueueAdd", Queue="x") == "No such queue"
    asterisk.on("Ping", Silence())
    assert peer.act("Ping") == []
    asterisk.on("Ping", lambda _: NotImplemented)
    assert peer.answer("Ping")["Ping"] == "Pong"
    asterisk.on("Bogus", None)
    assert dict(peer.answer("Bogus")) == {"Response": "Success", "ActionID": "n7"}
    listed = peer.answer("ListCommands")
    assert listed["Bogus"] == "Bogus.  (Priv: <none>)"
    assert listed["QueueAdd"] == "QueueAdd.  (Priv: agent,all)"


def test_scripts_that_fail(asterisk: SimulatedAsterisk) -> None:
    """Their errors are kept for the test, and the program gets an answer."""
    peer = Peer(asterisk)
    asterisk.on("One", lambda action: action["Missing"])
    asterisk.on("Two", lambda _: 3)  # type: ignore[arg-type, return-value]
    asterisk.on("Three", lambda _: NotImplemented)
    assert peer.refusal("One") == "the script for One failed: KeyError('missing')"
    assert peer.refusal("Two") == "the script for Two failed: TypeError('3 is no answer to Two')"
    assert "is no answer to Three" in peer.refusal("Three")
    assert [type(error) for error in asterisk.failures] == [KeyError, TypeError, TypeError]


def test_shutting_down(asterisk: SimulatedAsterisk) -> None:
    """Every action is refused, and events go on."""
    peer, stranger = Peer(asterisk), Peer(asterisk, "")
    asterisk.begin_shutdown()
    assert peer.refusal("Ping") == "Asterisk is shutting down"
    assert stranger.refusal("Login", Username="admin") == "Asterisk is shutting down"
    asterisk.send_event("Own")
    assert names(peer.hear()) == ["Own"]


def test_frozen(asterisk: SimulatedAsterisk) -> None:
    """It reads, and does nothing until it is thawed."""
    peer = Peer(asterisk)
    asterisk.after(1.0, lambda: asterisk.send_event("Own"))
    asterisk.freeze()
    assert asterisk.deadline is None
    asterisk.advance(2.0)
    assert peer.act("Ping") == []
    assert asterisk.actions[-1] == "Ping"
    asterisk.thaw()
    assert names(peer.hear()) == ["Success"]
    asterisk.advance(2.0)
    assert names(peer.hear()) == ["Own"]
