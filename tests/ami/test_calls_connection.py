"""Calls whose connection ends or comes again, the same on threads and on asyncio."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import CallLostError, ManagerConnectionLostError
from pystrix.ami.calls import Outcome
from pystrix.testing.ami import AMIServer, FarEnd, Later, Silence
from tests.agi.peers import TIMEOUT, Background, eventually

if TYPE_CHECKING:
    from tests.ami.conftest import Connect
    from tests.ami.desk import Desk


def test_lost_for_good(desk: Desk, asterisk: AMIServer) -> None:
    """Whoever waits for a call is told why."""
    call = desk.originate()
    desk.do(call.wait_until, lambda call: call.channels, TIMEOUT)
    asterisk.drop()
    with pytest.raises(CallLostError, match="closed the connection"):
        desk.do(call.ended, TIMEOUT)
    assert list(desk.manager.calls) == []


def test_closed(desk: Desk, asterisk: AMIServer) -> None:
    """So it is when the program ends it."""
    call = desk.originate()
    desk.running.close()
    with pytest.raises(CallLostError):
        desk.do(call.decided, TIMEOUT)
    assert asterisk.calls


def test_lost_while_originating(desk: Desk, asterisk: AMIServer) -> None:
    """It fails, and nothing is followed."""
    asterisk.on("Originate", Silence())

    def drop() -> None:
        asterisk.wait_for_action("Originate", timeout=TIMEOUT)
        asterisk.drop()

    background = Background(drop)
    with pytest.raises(ManagerConnectionLostError, match="before Originate was answered"):
        desk.originate()
    background.result()
    assert list(desk.manager.calls) == []


def test_reconnected(reconnecting_desk: Desk, asterisk: AMIServer) -> None:
    """What goes on is followed on, what has ended meanwhile has ended."""
    desk = reconnecting_desk
    asterisk.far_end_of_others = "answers"
    kept, over = desk.originate("PJSIP/kept"), desk.originate("PJSIP/over")
    desk.do(kept.answered, TIMEOUT)
    desk.do(over.answered, TIMEOUT)
    asterisk.refuse_connections()
    asterisk.drop()
    asterisk.calls[1].hang_up()
    asterisk.accept_connections()
    end = desk.do(over.ended, TIMEOUT)
    assert (end.cause, end.cause_text) == (None, "")
    assert over.outcome is Outcome.ANSWERED
    asterisk.calls[0].hang_up(17)
    assert desk.do(kept.ended, TIMEOUT).cause == 17


def test_restarted(reconnecting_desk: Desk, asterisk: AMIServer) -> None:
    """When Asterisk comes back without its calls they have ended."""
    desk = reconnecting_desk
    call = desk.originate()
    asterisk.end(says="Restart")
    asterisk.boot()
    assert desk.do(call.ended, TIMEOUT).cause is None
    assert desk.do(call.decided, TIMEOUT) is Outcome.UNKNOWN
    again = desk.originate()
    asterisk.calls[-1].busy()
    assert desk.do(again.decided, TIMEOUT) is Outcome.BUSY


def test_later_answers(desk: Desk, asterisk: AMIServer) -> None:
    """Events that overtake the answer to Originate are not lost."""
    asterisk.far_end_of_others = FarEnd(talks=0.0)

    @asterisk.on("Originate")
    def late(action: Any) -> Any:
        asterisk.send_event(
            "OriginateResponse",
            {
                "ActionID": action.action_id,
                "Response": "Failure",
                "Reason": 5,
                "Uniqueid": action["ChannelId"],
            },
        )
        return Later(0.05, "Originate successfully queued")

    assert late is not None
    call = desk.originate()
    assert desk.do(call.decided, TIMEOUT) is Outcome.BUSY


@pytest.mark.parametrize("who", ["manager", "calls"])
def test_over_while_it_asks_for_the_list(connect: Connect, who: str) -> None:
    """Nobody waits for the end of calls that will not be heard of any more."""
    manager, peer = connect()
    changes: list[str] = []
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    calls = manager.calls
    calls.register_callback(lambda change: changes.append(change.kind.name))
    manager.register_callback("Newchannel", lambda event, _: heard.put(event.name))
    starting = Background(calls.start)
    request = peer.expect("CoreShowChannels")
    peer.message("Event: Newchannel", "Uniqueid: 1", "Linkedid: 1", "Channel: SIP/a")
    assert heard.get(timeout=TIMEOUT) == "Newchannel"
    if who == "manager":
        manager.close()
        with pytest.raises(ManagerConnectionLostError):
            starting.result()
    else:
        calls.close()
        peer.respond(request, "Response: Success", "EventList: start")
        peer.respond(request, "Event: CoreShowChannel", "Uniqueid: 2", "Channel: SIP/b")
        peer.respond(request, "Event: CoreShowChannelsComplete", "EventList: Complete")
        starting.result()
    assert len(calls) == 0
    eventually(lambda: "LOST" in changes)
    assert changes[-1] == "LOST"
