"""Calls as objects, on threads and on asyncio, with a live Asterisk."""

from __future__ import annotations

import asyncio
import queue
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Backoff, CallFailedError, ManagerActionError, actions
from pystrix.ami.calls import CallState, Change, ChangeKind, Outcome
from tests.ami.desk import Desk
from tests.ami.managers import ALL
from tests.asterisk.restarting import RestartingAsterisk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.asterisk.server import Asterisk
    from tests.asterisk.telephony import TelephonyAsterisk

SECONDS = 20.0
KINDS = [name for name in ALL if name != "uvloop"]
MANY = 500
AT_ONCE = 50
"""How many threads originate."""


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, telephony: TelephonyAsterisk) -> Iterator[Desk]:
    """Give calls of each kind, which know all that there is."""
    secret = telephony.ami_secret
    running = ALL[request.param](telephony.ami_port, username="tests", secret=secret)
    running.connect()
    desk = Desk(running)
    desk.do(desk.manager.calls.start)
    yield desk
    running.stop()


class Ear:
    """A callback that keeps what happens to one call."""

    def __init__(self, call: Any) -> None:
        self._id = call.id
        self._changes: queue.Queue[Change] = queue.Queue()

    def __call__(self, change: Change) -> None:
        """Keep a change."""
        if change.call.id == self._id:
            self._changes.put(change)

    def wait(self, kind: ChangeKind) -> Change:
        """Give the next change of a kind."""
        while True:
            change = self._changes.get(timeout=SECONDS)
            if change.kind is kind:
                return change


# Outcomes.


@pytest.mark.parametrize(
    ("channel", "outcome", "reason", "cause"),
    [
        ("PJSIP/busy@far", Outcome.BUSY, 0, 17),
        ("Local/busy@far/n", Outcome.BUSY, 5, 17),
        ("Local/congestion@people/n", Outcome.CONGESTION, 8, 34),
        ("PJSIP/ring@far", Outcome.NO_ANSWER, 3, 19),
        ("Local/ring@far/n", Outcome.NO_ANSWER, 3, 19),
        ("PJSIP/nobody@far", Outcome.FAILED, 0, 1),
        ("Local/rejecting@people/n", Outcome.FAILED, 0, 21),
        ("Local/nobody@far/n", Outcome.FAILED, 0, 0),
        ("PJSIP/nobody", Outcome.FAILED, 0, None),
        ("Nothing/x", Outcome.FAILED, 0, None),
    ],
)
def test_not_answered(
    desk: Desk, channel: str, outcome: Outcome, reason: int, cause: int | None
) -> None:
    """Each way to fail, with Asterisk's reason and the cause."""
    seconds = 0.4 if outcome is Outcome.NO_ANSWER else SECONDS
    call = desk.originate(channel, ring_timeout=seconds)
    with pytest.raises(CallFailedError, match=outcome.value) as caught:
        desk.do(call.answered, SECONDS)
    assert (caught.value.outcome, caught.value.reason) == (outcome, reason)
    assert desk.do(call.ended, SECONDS).cause == cause
    assert call.talked == 0.0


@pytest.mark.parametrize("channel", ["PJSIP/brief@far", "Local/brief@far/n"])
def test_answered_and_ended(desk: Desk, channel: str) -> None:
    """The far end answers, and hangs up soon."""
    call = desk.originate(channel)
    desk.do(call.answered, SECONDS)
    end = desk.do(call.ended, SECONDS)
    assert (call.outcome, call.reason, end.cause) == (Outcome.ANSWERED, 4, 16)
    assert 0 < end.talked <= end.duration < SECONDS
    assert call.own_channels[0].uniqueid == call.id


@pytest.mark.parametrize("channel", ["PJSIP/ring@far", "Local/ring@far/n"])
def test_cancelled(desk: Desk, channel: str) -> None:
    """A call that is hung up from this side while it rings."""
    call = desk.originate(channel)
    desk.do(call.wait_until, lambda call: call.state.value == "ringing", SECONDS)
    desk.do(call.hang_up)
    assert desk.do(call.decided, SECONDS) is Outcome.CANCELLED
    assert desk.do(call.ended, SECONDS).cause == 16


@pytest.mark.parametrize("channel", ["PJSIP/talk@far", "Local/talk@far/n"])
def test_hung_up_at_once(desk: Desk, channel: str) -> None:
    """However early the hang-up comes, it hits."""
    call = desk.originate(channel)
    desk.do(call.hang_up)
    assert desk.do(call.decided, SECONDS) in (Outcome.CANCELLED, Outcome.ANSWERED)
    desk.do(call.ended, SECONDS)


@pytest.mark.parametrize("channel", ["PJSIP/talk@far", "Local/talk@far/n"])
def test_hung_up_with_a_cause(desk: Desk, channel: str) -> None:
    """The cause is what was given."""
    call = desk.originate(channel)
    desk.do(call.answered, SECONDS)
    desk.do(call.hang_up, 21)
    assert desk.do(call.ended, SECONDS)[:2] == (21, "Call Rejected")
    desk.do(call.hang_up)


def test_refused(desk: Desk) -> None:
    """What Asterisk refuses is an error at once, in its words."""
    with pytest.raises(ManagerActionError, match="Invalid channel"):
        desk.originate("nonsense")
    with pytest.raises(ManagerActionError, match="Extension does not exist"):
        desk.do(desk.manager.originate, "Local/talk@far/n", exten="nowhere", context="far")


def test_an_id_in_use(desk: Desk) -> None:
    """Of two calls with the same id Asterisk makes one."""
    call = desk.originate("Local/ring@far/n")
    desk.do(call.wait_until, lambda call: call.state is CallState.RINGING, SECONDS)
    other = Desk(desk.running).make()
    again = desk.do(other.originate, "Local/talk@far/n", application="Wait", channel_id=call.id)
    assert desk.do(again.decided, SECONDS) is Outcome.FAILED
    desk.do(other.close)
    assert not call.is_over


# What is done with calls.


def test_variables(desk: Desk) -> None:
    """Any value arrives as it is."""
    values = {"A": 'x,"y" \\z', "B": "${CHANNEL} $[1+1]", "C": "café %20"}
    call = desk.originate("Local/talk@far/n", variables=values)
    desk.do(call.answered, SECONDS)
    assert {name: desk.do(call.get_variable, name) for name in values} == values
    desk.do(call.set_variable, "D", 'a\\b"c,d')
    assert desk.do(call.get_variable, "D") == 'a\\b"c,d'
    assert desk.do(call.get_variable, "CHANNEL(state)") == "Up"
    assert desk.do(call.get_variable, "NOSUCH") == ""


def test_keys(desk: Desk, telephony: TelephonyAsterisk) -> None:
    """The far end hears them."""
    call = desk.originate("Local/quiet@far/n")
    desk.do(call.answered, SECONDS)
    desk.do(call.send_dtmf, "1#", duration=0.1)
    for digit in "1#":
        telephony.ami.wait_event(
            lambda event, digit=digit: (  # type: ignore[misc]
                event.get("Event") == "DTMFEnd"
                and event.get("Linkedid") == call.id
                and event.get("Digit") == digit
            )
        )


def test_redirected_and_bridged(desk: Desk) -> None:
    """A call goes elsewhere, where somebody else is called who talks with it."""
    call = desk.originate("PJSIP/talk@far")
    desk.do(call.answered, SECONDS)
    desk.do(call.redirect, "people", "forwarding")
    desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    (other,) = call.bridged_with
    assert other.name.startswith("Local/talk@far-")
    assert other.dialed_by is call.channel
    assert other in call.channels
    desk.do(call.redirect, "far", "silent")
    desk.do(call.wait_until, lambda call: len(call.channels) == 1, SECONDS)
    assert call.bridged_with == ()


def test_two_calls_bridged(desk: Desk) -> None:
    """Two calls stay two, and know of each other."""
    one, two = desk.originate("PJSIP/talk@far"), desk.originate("Local/talk@far/n")
    for call in (one, two):
        desk.do(call.answered, SECONDS)
    desk.running.send(actions.Bridge(one.id, two.id))
    for call in (one, two):
        desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    assert one.bridged_with == (two.channel,)
    assert two.bridged_with == (one.channel,)
    desk.do(one.hang_up)
    desk.do(one.ended, SECONDS)
    desk.do(two.wait_until, lambda call: call.is_over or not call.bridged_with, SECONDS)


def test_conference(desk: Desk) -> None:
    """Everybody in it is heard of, as they come and go."""
    where = {"exten": "conference", "context": "people"}
    calls = [desk.do(desk.manager.originate, "PJSIP/talk@far", **where) for _ in range(3)]
    for call in calls:
        desk.do(call.wait_until, lambda call: len(call.bridged_with) == 2, SECONDS)
    desk.do(calls[0].hang_up)
    for call in calls[1:]:
        desk.do(call.wait_until, lambda call: len(call.bridged_with) == 1, SECONDS)
    for call in calls:  # else the conference would keep its own channels
        desk.do(call.hang_up)
        desk.do(call.ended, SECONDS)


def test_optimized_away(desk: Desk) -> None:
    """The Local channels that the call began with go away, and the call goes on without them."""
    where = {"exten": "optimizing", "context": "people"}
    call = desk.do(desk.manager.originate, "Local/optimizing@people", **where)
    desk.do(call.wait_until, lambda call: call.first and call.first.ended_at, SECONDS)
    assert call.outcome is Outcome.ANSWERED
    assert not call.is_over
    talks = "Local/talk@far-"
    desk.do(call.wait_until, lambda call: call.channel.name.startswith(talks), SECONDS)
    desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    desk.do(call.hang_up)
    assert desk.do(call.ended, SECONDS).talked > 0


def test_blind_transfer(desk: Desk) -> None:
    """Who transfers is gone, and the call goes on."""
    call = desk.do(desk.manager.originate, "PJSIP/talk@far", exten="forwarding", context="people")
    desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    transferer, (transferee,) = call.channel, call.bridged_with
    desk.running.send(actions.BlindTransfer(call.id, "1", context="people"))
    desk.do(call.wait_until, lambda call: call.transfers and call.first.ended_at, SECONDS)
    (transfer,) = call.transfers
    assert transfer == ("blind", "Success", transferer.name, transferee.name, "1@people")
    assert call.channel is transferee
    desk.do(call.hang_up)
    desk.do(call.ended, SECONDS)


def test_attended_transfer(desk: Desk) -> None:
    """Hold, a second call, and both connected."""
    call = desk.do(desk.manager.originate, "PJSIP/talk@far", exten="forwarding", context="people")
    desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    (transferee,) = call.bridged_with
    ear = Ear(call)
    desk.do(desk.manager.calls.register_callback, ear)
    desk.running.send(actions.Atxfer(call.id, "1", context="people"))
    assert ear.wait(ChangeKind.HELD).channel is call.channel
    alone = ((), (transferee,))
    desk.do(call.wait_until, lambda call: call.bridged_with not in alone, SECONDS)
    (target,) = call.bridged_with
    desk.do(call.wait_until, lambda call: not call.on_hold, SECONDS)
    desk.running.send(actions.Hangup(call.id))
    ear.wait(ChangeKind.TRANSFERRED)
    (transfer,) = call.transfers
    assert transfer[:2] == ("attended", "Success")
    assert transfer[3:] == (transferee.name, target.name)
    desk.do(call.wait_until, lambda call: call.first.ended_at, SECONDS)
    desk.do(call.wait_until, lambda _: target in transferee.bridged_with, SECONDS)
    desk.do(call.hang_up)
    desk.do(call.ended, SECONDS)


def test_calls_that_were_there(desk: Desk) -> None:
    """They are known with their bridges, once that is asked."""
    call = desk.do(desk.manager.originate, "PJSIP/talk@far", exten="forwarding", context="people")
    desk.do(call.wait_until, lambda call: call.bridged_with, SECONDS)
    other = Desk(desk.running).make()
    desk.do(other.start)
    same = desk.do(other.find, call.id)
    assert same is not call
    assert same.channel.name == call.channel.name
    assert {each.name for each in same.channels} == {each.name for each in call.channels}
    assert [each.name for each in same.bridged_with] == [each.name for each in call.bridged_with]
    desk.do(call.hang_up)
    assert desk.do(same.ended, SECONDS).cause == 16
    desk.do(other.close)


# Many.


def test_many(desk: Desk) -> None:
    """Hundreds at once, of which some are busy and some fail, each to its own end."""
    channels = {
        "Local/brief@far/n": (Outcome.ANSWERED, 16),
        "Local/busy@far/n": (Outcome.BUSY, 17),
        "Local/congestion@people/n": (Outcome.CONGESTION, 34),
        "Local/rejecting@people/n": (Outcome.FAILED, 21),
    }
    dialled = [channel for channel in channels for _ in range(MANY // len(channels))]
    if desk.is_async:
        found = desk.do(_all_on_asyncio, desk, dialled)
    else:
        with ThreadPoolExecutor(AT_ONCE) as executor:
            found = list(executor.map(lambda channel: _one_on_a_thread(desk, channel), dialled))
    assert Counter(found) == {
        (channel, *expected): MANY // len(channels) for channel, expected in channels.items()
    }
    desk.do(desk.manager.calls.start)
    assert len(desk.manager.calls) == 0
    assert desk.manager.calls._tracker.channels == {}


def _one_on_a_thread(desk: Desk, channel: str) -> tuple[str, Outcome, int | None]:
    call = desk.originate(channel)
    return channel, call.decided(SECONDS), call.ended(SECONDS).cause


async def _all_on_asyncio(desk: Desk, channels: list[str]) -> list[tuple[str, Outcome, int | None]]:
    async def one(channel: str) -> tuple[str, Outcome, int | None]:
        call = await desk.manager.originate(channel, application="Wait", data="9")
        return channel, await call.decided(SECONDS), (await call.ended(SECONDS)).cause

    return await asyncio.gather(*(one(channel) for channel in channels))


# Gaps.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(120)
def test_restart(kind: str, live_asterisk: Asterisk) -> None:
    """Asterisk restarts in the middle: its calls have ended, and new ones are followed."""
    with RestartingAsterisk(live_asterisk._installation) as asterisk:
        running = ALL[kind](
            asterisk.ami_port,
            username="tests",
            secret=asterisk.ami_secret,
            reconnect=Backoff(0.05, 2, 0.5),
            offline_timeout=SECONDS,
        )
        running.connect()
        desk = Desk(running)
        up, ringing = desk.originate("Local/talk@far/n"), desk.originate("Local/ring@far/n")
        desk.do(up.answered, SECONDS)
        desk.do(ringing.wait_until, lambda call: call.channels, SECONDS)
        asterisk.kill()
        asterisk.start()
        assert desk.do(up.ended, SECONDS).cause is None
        assert up.outcome is Outcome.ANSWERED
        assert desk.do(ringing.decided, SECONDS) is Outcome.UNKNOWN
        again = desk.originate("Local/brief@far/n")
        assert desk.do(again.ended, SECONDS).cause == 16
        running.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off(kind: str, telephony: TelephonyAsterisk) -> None:
    """The connection is lost while a call lasts: it is followed on."""
    secret = telephony.ami_secret
    options: dict[str, Any] = {"offline_timeout": SECONDS}
    running = ALL[kind](telephony.ami_port, username=kind, secret=secret, **options)
    running.connect()
    desk = Desk(running)
    kept, over = desk.originate("Local/talk@far/n"), desk.originate("Local/brief@far/n")
    desk.do(kept.answered, SECONDS)
    desk.do(over.answered, SECONDS)
    lines = [line.split() for line in telephony.command("manager show connected")]
    (ours,) = (line[4] for line in lines if line[:1] == [kind])
    telephony.command(f"manager kick session {ours}")
    desk.do(over.ended, SECONDS)
    desk.do(kept.hang_up, 21)
    assert desk.do(kept.ended, SECONDS).cause == 21
    running.stop()
