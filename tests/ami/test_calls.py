"""Calls as objects, the same on threads and on asyncio, with a simulated Asterisk."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import (
    CallError,
    CallFailedError,
    CallLostError,
    CallTimeoutError,
    ManagerActionError,
    ManagerConnectionLostError,
    ManagerPermissionError,
)
from pystrix.ami.actions import Bridge
from pystrix.ami.calls import CallState, Change, ChangeKind, Outcome
from pystrix.testing.ami import AMIServer, FarEnd, Later, Refused, Silence
from tests.agi.peers import TIMEOUT, Background, eventually, records
from tests.ami.desk import WAIT, Desk
from tests.ami.managers import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def asterisk() -> Iterator[AMIServer]:
    """Give a simulated Asterisk where calls ring."""
    with AMIServer(secret="s3cret") as server:  # noqa: S106
        server.far_end_of_others = "rings"
        yield server


@pytest.fixture(params=ALL)
def desk(request: pytest.FixtureRequest, asterisk: AMIServer) -> Iterator[Desk]:
    """Give calls of each kind, with a manager that does not reconnect."""
    running = ALL[request.param](asterisk.port, reconnect=False)
    running.connect()
    yield Desk(running)
    running.stop()


@pytest.fixture(params=ALL)
def returning(request: pytest.FixtureRequest, asterisk: AMIServer) -> Iterator[Desk]:
    """Give calls of each kind, with a manager that connects again."""
    running = ALL[request.param](asterisk.port)
    running.connect()
    yield Desk(running)
    running.stop()


# Making calls.


def test_answered_and_ended(desk: Desk, asterisk: AMIServer) -> None:
    """A call from its beginning to its end."""
    call = desk.originate(caller_id="Ann <12>", variables={"A": "1,2"})
    assert call.dialled == "PJSIP/a"
    sent = asterisk.actions[-1]
    assert sent["Async"] == "true"
    assert sent["ChannelId"] == call.id
    desk.do(call.wait_until, lambda call: call.state is CallState.RINGING, TIMEOUT)
    asterisk.calls[0].answer()
    desk.do(call.answered, TIMEOUT)
    assert call.outcome is desk.do(call.decided) is Outcome.ANSWERED
    assert [channel.name for channel in call.channels] == ["PJSIP/a-00000000"]
    assert call.channel.caller_id == ("12", "Ann")
    assert list(desk.manager.calls) == [call]
    assert len(desk.manager.calls) == 1
    assert desk.do(desk.manager.calls.find, "PJSIP/a-00000000") is call
    asterisk.calls[0].hang_up(21)
    assert desk.do(call.ended, TIMEOUT)[:2] == (21, "Call Rejected")
    assert list(desk.manager.calls) == []


@pytest.mark.parametrize(
    ("act", "outcome", "cause"),
    [("busy", Outcome.BUSY, 17), ("congest", Outcome.CONGESTION, 34)],
)
def test_not_answered(
    desk: Desk, asterisk: AMIServer, act: str, outcome: Outcome, cause: int
) -> None:
    """What became of it is in the error."""
    call = desk.originate()
    getattr(asterisk.calls[0], act)()
    with pytest.raises(CallFailedError, match="PJSIP/a was not answered") as caught:
        desk.do(call.answered, TIMEOUT)
    assert (caught.value.outcome, caught.value.reason) == (outcome, 0)
    assert desk.do(call.ended, TIMEOUT).cause == cause


def test_no_such_channel(desk: Desk, asterisk: AMIServer) -> None:
    """It is over in a moment, of itself."""
    asterisk.far_end_of_others = "fails"
    call = desk.originate()
    assert desk.do(call.decided, TIMEOUT) is Outcome.FAILED
    assert desk.do(call.ended, TIMEOUT).cause is None


def test_refused(desk: Desk, asterisk: AMIServer) -> None:
    """What Asterisk refuses is an error at once, and nothing is followed."""
    asterisk.on("Originate", Refused("Extension does not exist."))
    with pytest.raises(ManagerActionError, match="Extension does not exist"):
        desk.originate(channel_id="mine")
    with pytest.raises(ValueError, match="goes to an application"):
        desk.do(desk.manager.originate, "PJSIP/a")
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        desk.originate("PJSIP/a\r\nAction: Logoff")
    assert list(desk.manager.calls) == []


@pytest.mark.parametrize("kind", ALL)
def test_not_allowed(kind: str, asterisk: AMIServer) -> None:
    """A user without the class is told so."""
    asterisk.add_user("some", "s3cret", write="call")
    running = ALL[kind](asterisk.port, username="some")
    running.connect()
    with pytest.raises(ManagerPermissionError):
        Desk(running).originate()
    running.stop()


def test_many(desk: Desk, asterisk: AMIServer) -> None:
    """Many at once, each to its end."""
    asterisk.far_end_of_others = FarEnd(talks=0.0)

    async def together() -> list[Any]:
        calls = await asyncio.gather(
            *(desk.manager.originate("PJSIP/a", **WAIT) for _ in range(200))
        )
        return [await call.ended(TIMEOUT) for call in calls]

    if desk.is_async:
        ends = desk.do(together)
    else:
        calls = [desk.originate() for _ in range(200)]
        ends = [call.ended(TIMEOUT) for call in calls]
    assert {end.cause for end in ends} == {16}
    assert not list(desk.manager.calls)


# Waiting.


def test_timeouts(desk: Desk, asterisk: AMIServer) -> None:
    """They say what did not happen; the call goes on."""
    call = desk.originate()
    for wait, what in (
        (call.decided, "decided"),
        (call.answered, "decided"),
        (call.ended, "ended"),
    ):
        with pytest.raises(CallTimeoutError, match=f"was not {what} within 0.01 s"):
            desk.do(wait, 0.01)
    with pytest.raises(CallTimeoutError, match="as was waited for"):
        desk.do(call.wait_until, lambda call: call.bridged_with, 0.01)
    asterisk.calls[0].answer()
    desk.do(call.answered, TIMEOUT)


def test_wait_until_it_is_over(desk: Desk, asterisk: AMIServer) -> None:
    """What will never be is not waited for."""
    call = desk.originate()
    asterisk.calls[0].busy()
    with pytest.raises(CallError, match="the call to PJSIP/a has ended"):
        desk.do(call.wait_until, lambda call: call.bridged_with, TIMEOUT)
    desk.do(call.wait_until, lambda call: call.outcome is Outcome.BUSY, TIMEOUT)


def test_bridged(desk: Desk, asterisk: AMIServer) -> None:
    """Who talks with whom is seen while it is so."""
    asterisk.far_end_of_others = "answers"
    one, two = desk.originate("PJSIP/a"), desk.originate("PJSIP/b")
    asterisk.actions.clear()
    desk.do(one.answered, TIMEOUT)
    desk.do(two.answered, TIMEOUT)
    desk.running.send(Bridge(one.id, two.id))
    desk.do(two.wait_until, lambda call: call.bridged_with, TIMEOUT)
    assert one.bridged_with == (two.channel,)


# Acting.


def test_hang_up(desk: Desk, asterisk: AMIServer) -> None:
    """With a cause; again it does nothing."""
    asterisk.far_end_of_others = "answers"
    call = desk.originate()
    desk.do(call.hang_up, 21)
    assert desk.do(call.ended, TIMEOUT).cause == 21
    desk.do(call.hang_up)
    assert [action["Cause"] for action in asterisk.actions if action == "Hangup"] == ["21"]


def test_hang_up_before_it_is_answered(desk: Desk, asterisk: AMIServer) -> None:
    """It was cancelled then."""
    call = desk.originate("Local/1@x/n")
    desk.do(call.hang_up)
    assert desk.do(call.decided, TIMEOUT) is Outcome.CANCELLED
    assert desk.do(call.ended, TIMEOUT).cause == 16
    assert not asterisk.channels


def test_hang_up_too_late(desk: Desk, asterisk: AMIServer) -> None:
    """When it has ended in this moment that is no error; another refusal is one."""
    call = desk.originate()
    asterisk.on("Hangup", Refused("No such channel"))
    desk.do(call.hang_up)
    asterisk.on("Hangup", Refused("Permission denied"))
    with pytest.raises(ManagerPermissionError):
        desk.do(call.hang_up)


def test_act_on_what_is_not_there_yet(
    desk: Desk, asterisk: AMIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action waits for the channel; a hang-up tries it in the end."""
    asterisk.on("Originate", "Originate successfully queued")
    monkeypatch.setattr("pystrix.ami._calling.REACH_SECONDS", 0.01)
    call = desk.originate()
    with pytest.raises(CallTimeoutError, match="was not begun"):
        desk.do(call.get_variable, "A")
    with pytest.raises(ManagerActionError, match="No such channel"):
        desk.do(call.hang_up)
    assert asterisk.actions[-1]["Channel"] == call.id


def test_actions(desk: Desk, asterisk: AMIServer) -> None:
    """Variables, keys, and a way elsewhere."""
    asterisk.far_end_of_others = "answers"
    call = desk.originate(variables={"A": 'x,"y"'})
    assert desk.do(call.get_variable, "A") == 'x,"y"'
    desk.do(call.set_variable, "B", "1")
    assert desk.do(call.get_variable, "B") == "1"
    asterisk.channels[call.id].variables["LONG"] = "x" * 2000
    with pytest.raises(CallError, match="LONG has 1023 bytes or more"):
        desk.do(call.get_variable, "LONG")
    desk.do(call.send_dtmf, "12", duration=0.08)
    keys = [action for action in asterisk.actions if action == "PlayDTMF"]
    assert [(key["Digit"], key["Duration"]) for key in keys] == [("1", "80"), ("2", "80")]
    desk.do(call.redirect, "in", "5")
    assert asterisk.channels[call.id].place == ("in", "5", "1")
    asterisk.calls[0].hang_up()
    desk.do(call.ended, TIMEOUT)
    for act in (
        lambda: call.get_variable("A"),
        lambda: call.redirect("in", "5"),
        lambda: call.send_dtmf("1"),
        lambda: call.set_variable("A", "1"),
    ):
        with pytest.raises(CallError, match="has ended"):
            desk.do(act)


# All calls.


def test_start(desk: Desk, asterisk: AMIServer) -> None:
    """Calls that there were before are known, and what happens while the list is on its way."""
    caller = asterisk.receive_call("PJSIP/ann", "100")
    asterisk.dial(caller, "PJSIP/bob").answer()
    calls = desk.make()

    @asterisk.on("CoreShowChannels")
    def slow(_: object) -> Any:
        other = asterisk.receive_call("PJSIP/zoe")
        asterisk.after(0.0, other.hang_up)
        return NotImplemented

    assert slow is not None
    desk.do(calls.start)
    ann = desk.do(calls.find, caller.uniqueid)
    assert [channel.name for channel in ann.channels] == [
        "PJSIP/ann-00000000",
        "PJSIP/bob-00000001",
    ]
    desk.do(ann.wait_until, lambda call: call.bridged_with, TIMEOUT)
    assert desk.do(calls.find, "PJSIP/nobody") is None
    eventually(lambda: len(calls) == 1)
    desk.do(ann.hang_up)
    assert desk.do(ann.ended, TIMEOUT).cause == 16
    desk.do(calls.close)
    desk.do(calls.close)


def test_start_twice_at_once(desk: Desk, asterisk: AMIServer) -> None:
    """One list comes after the other, and nothing of what happens meanwhile is lost."""
    calls = desk.make()
    second: list[Background] = []

    @asterisk.on("CoreShowChannels")
    def slow(_: object) -> Any:
        if not second:
            second.append(Background(lambda: desk.do(calls.start)))
        asterisk.receive_call("PJSIP/zoe")
        return NotImplemented

    assert slow is not None
    desk.do(calls.start)
    second[0].result()
    eventually(lambda: len(calls) == 2)
    desk.do(calls.close)


def test_start_that_is_refused(desk: Desk, asterisk: AMIServer) -> None:
    """It is followed all the same what begins from now on."""
    asterisk.on("CoreShowChannels", Refused("Permission denied"))
    calls = desk.make()
    with pytest.raises(ManagerPermissionError):
        desk.do(calls.start)
    asterisk.receive_call("PJSIP/ann")
    eventually(lambda: len(calls) == 1)
    desk.do(calls.close)


def test_context_manager(desk: Desk, asterisk: AMIServer) -> None:
    """It starts at the beginning, and ends at the end."""
    caller = asterisk.receive_call("PJSIP/ann")
    calls = desk.make()

    async def use() -> Any:
        async with calls as entered:
            return next(iter(entered))

    if desk.is_async:
        call = desk.do(use)
    else:
        with calls as entered:
            call = next(iter(entered))
    assert call.id == caller.uniqueid
    with pytest.raises(CallLostError, match="the calls are not followed any more"):
        desk.do(call.ended, TIMEOUT)
    with pytest.raises(CallLostError):
        desk.do(call.decided, TIMEOUT)
    with pytest.raises(CallLostError):
        desk.do(call.wait_until, lambda call: call.bridged_with, TIMEOUT)


# Callbacks.


class Ear:
    """A callback that keeps what it hears."""

    def __init__(self) -> None:
        self.changes: queue.Queue[Change] = queue.Queue()

    def __call__(self, change: Change) -> None:
        """Keep a change."""
        self.changes.put(change)

    def kinds(self, last: ChangeKind) -> list[ChangeKind]:
        """Give the kinds of changes, up to one."""
        found: list[ChangeKind] = []
        while last not in found:
            found.append(self.changes.get(timeout=TIMEOUT).kind)
        return found


@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, asyncio.CancelledError])
def test_callbacks(
    desk: Desk,
    asterisk: AMIServer,
    caplog: pytest.LogCaptureFixture,
    kind: type[BaseException],
) -> None:
    """They hear of everything, in order; one that fails harms nobody."""
    ear = Ear()

    def fail(change: Change) -> None:
        raise kind(change)

    calls = desk.manager.calls
    for function in (fail, ear, ear):
        desk.do(calls.register_callback, function)
    desk.originate()
    asterisk.calls[0].answer()
    asterisk.calls[0].hang_up()
    assert ear.kinds(ChangeKind.ENDED) == [
        ChangeKind.STARTED,
        ChangeKind.CHANNEL_ADDED,
        ChangeKind.RINGING,
        ChangeKind.ANSWERED,
        ChangeKind.DECIDED,
        ChangeKind.CHANNEL_GONE,
        ChangeKind.ENDED,
    ]
    assert ear.changes.empty()
    assert "failed for" in records(caplog)[0].getMessage()
    assert desk.do(calls.unregister_callback, ear)
    assert not desk.do(calls.unregister_callback, ear)


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_coroutine_callbacks(desk: Desk, asterisk: AMIServer) -> None:
    """On asyncio they are awaited."""
    ear = Ear()

    async def hear(change: Change) -> None:
        await asyncio.sleep(0)
        ear(change)

    desk.do(desk.manager.calls.register_callback, hear)
    desk.originate()
    assert ear.kinds(ChangeKind.RINGING)[0] is ChangeKind.STARTED
    assert asterisk.calls


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_a_cancelled_callback(desk: Desk, asterisk: AMIServer) -> None:
    """When the loop ends it ends as well."""
    begun = threading.Event()

    async def hear(_: Change) -> None:
        begun.set()
        await asyncio.Event().wait()

    calls = desk.manager.calls
    desk.do(calls.register_callback, hear)
    asterisk.receive_call("PJSIP/a")
    assert begun.wait(TIMEOUT)

    async def cancel() -> bool:
        calls._delivering.cancel()
        await asyncio.wait([calls._delivering])
        return bool(calls._delivering.cancelled())

    assert desk.do(cancel)


@pytest.mark.parametrize("failure", [SystemExit, asyncio.CancelledError])
def test_callback_that_wants_to_end_it(
    desk: Desk,
    asterisk: AMIServer,
    caplog: pytest.LogCaptureFixture,
    failure: type[BaseException],
) -> None:
    """It ends nothing: all others hear of all, and what is due happens."""
    ear = Ear()

    def fail(_: Change) -> None:
        raise failure

    for function in (fail, ear):
        desk.do(desk.manager.calls.register_callback, function)
    desk.originate()
    asterisk.calls[0].answer()
    asterisk.calls[0].hang_up()
    assert len(ear.kinds(ChangeKind.ENDED)) == 7
    logged = [record.exc_info[0] for record in records(caplog) if record.exc_info]
    assert logged == [failure] * 7


@pytest.mark.parametrize("desk", ["asyncio", "uvloop"], indirect=True)
def test_callback_that_is_cancelled(desk: Desk, asterisk: AMIServer) -> None:
    """A loop that ends takes it along."""
    begun = threading.Event()

    async def wait(_: Change) -> None:
        begun.set()
        await asyncio.sleep(TIMEOUT)

    calls = desk.manager.calls
    desk.do(calls.register_callback, wait)
    desk.originate()
    assert begun.wait(TIMEOUT)
    delivering = calls._delivering
    desk.do(delivering.cancel)
    eventually(delivering.done)
    assert delivering.cancelled()
    assert asterisk.calls


def test_slow_callbacks(desk: Desk, asterisk: AMIServer, caplog: pytest.LogCaptureFixture) -> None:
    """What finds no room is dropped, counted, and said once; calls are followed all the same."""
    asterisk.far_end_of_others = "answers"
    ear, go_on = Ear(), threading.Semaphore(0)

    def block(change: Change) -> None:
        ear(change)
        assert go_on.acquire(timeout=TIMEOUT)

    async def wait(change: Change) -> None:
        ear(change)
        assert await asyncio.to_thread(go_on.acquire, timeout=TIMEOUT)

    desk.options = {"queue_size": 2}
    calls = desk.make()
    desk.do(calls.register_callback, wait if desk.is_async else block)
    try:
        asterisk.receive_call("PJSIP/a")
        ear.changes.get(timeout=TIMEOUT)
        for _ in range(5):
            asterisk.receive_call("PJSIP/b")
        eventually(lambda: len(calls) == 6)
        eventually(lambda: calls.changes_dropped)
        eventually(lambda: records(caplog))
        for number in (7, 8):  # there is room in between, but never half of it
            go_on.release(2)
            for _ in range(2):
                ear.changes.get(timeout=TIMEOUT)
            asterisk.receive_call("PJSIP/c")
            eventually(lambda: len(calls) == number)  # noqa: B023
        dropped = calls.changes_dropped
        asterisk.receive_call("PJSIP/d")
        eventually(lambda: calls.changes_dropped > dropped)
        assert len(records(caplog)) == 1
    finally:
        go_on.release(1000)
        desk.do(calls.close)


# Ends of the connection.


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


def test_reconnected(returning: Desk, asterisk: AMIServer) -> None:
    """What goes on is followed on, what has ended meanwhile has ended."""
    desk = returning
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


def test_restarted(returning: Desk, asterisk: AMIServer) -> None:
    """When Asterisk comes back without its calls they have ended."""
    desk = returning
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
