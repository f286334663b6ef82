"""Calls whose connection ends or comes again, the same on threads and on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import CallLostError, ManagerConnectionLostError
from pystrix.ami.calls import Outcome
from pystrix.testing.ami import AMIServer, FarEnd, Later, Silence
from tests.agi.peers import TIMEOUT, Background

if TYPE_CHECKING:
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
