"""Streams of events and callbacks on asyncio: queues of their own, bounded; nobody waits."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pystrix.ami import (
    Event,
    Gap,
    ManagerError,
    ManagerOverflowError,
    ManagerSocketError,
    aio,
    events,
)
from pystrix.ami._async_events import SLICE, Mailbox, deliver
from pystrix.ami._async_socket import CHUNK
from tests.agi.peers import records
from tests.ami.looping import PING, PONG, made, numbers, online, ping, run, until
from tests.ami.managers import return_to

if TYPE_CHECKING:
    from tests.ami.servers import ScriptedServer


class Mine(Event):
    """An event of the program's own."""

    NAME: ClassVar[str] = "Mine"


def test_streams_by_class_and_name(server: ScriptedServer) -> None:
    """Each gets what it asks for, in order, and in the class it asks for."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with (
                manager.events() as everything,
                manager.events(Event) as all_events,
                manager.events(events.Hangup) as hangups,
                manager.events("hangup", Mine) as mixed,
                manager.events(events.Hangup, events.Newchannel) as two,
                manager.events(events.Hangup, events.Newchannel, Mine) as three,
            ):
                peer.message("Event: Newchannel", "Channel: a")
                peer.message("Event: Mine", "X: 1")
                peer.message("Response: Success")
                peer.message("Event: Hangup", "Cause: 16")
                await ping(manager, peer)
                streams = everything, all_events, hangups, mixed, two, three
                assert [each.waiting for each in streams] == [3, 3, 1, 2, 2, 3]
                assert (await anext(hangups)).cause == 16
                mine = await anext(mixed)
                assert (type(mine), mine["X"]) == (Mine, "1")
                assert [(await anext(two)).name for _ in range(2)] == ["Newchannel", "Hangup"]
                found = [await anext(everything) for _ in range(3)]
                assert [type(event) for event in found] == [events.Newchannel, Event, events.Hangup]

    run(main())


def test_streams_of_gaps(server: ScriptedServer) -> None:
    """What Asterisk was made to send under that name is an event like any, and no gap."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with manager.events(Gap) as gaps, manager.events("Gap") as named:
                peer.message("Event: Gap", "From: x")
                await ping(manager, peer)
                assert (gaps.waiting, named.waiting) == (0, 1)
                assert type(await anext(named)) is Event

    run(main())


@pytest.mark.parametrize("kind", ["", None, 3, int, b"Hangup", type("Nameless", (Event,), {})])
def test_kinds_that_are_none(server: ScriptedServer, kind: Any) -> None:
    """What is neither the name nor the class of an event is refused."""
    manager = made(server)
    with pytest.raises(ValueError, match="by the name or the class"):
        manager.events(kind)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"overflow": "disconnect"}, "'drop' or 'raise'"), ({"queue_size": 0}, "at least one")],
)
def test_options_that_are_none(server: ScriptedServer, options: dict[str, Any], match: str) -> None:
    """So are policies and sizes."""
    with pytest.raises(ValueError, match=match):
        made(server).events(**options)


def test_a_stream_waits(server: ScriptedServer) -> None:
    """It wakes when an event comes, and ends with its block."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            seen: list[str] = []

            async def watch() -> None:
                async with manager.events("X") as stream:
                    async for event in stream:
                        seen.append(event["N"])
                        if len(seen) == 3:
                            break

            watching = asyncio.create_task(watch())
            for number in range(4):
                numbers(peer, "X", 1, number)
                await ping(manager, peer)
            await watching
            assert seen == ["0", "1", "2"]
            assert not manager._streams

    run(main())


def test_a_closed_stream(server: ScriptedServer) -> None:
    """It gives nothing more, also to who waits for it."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            stream = manager.events("X")
            waiting = asyncio.create_task(anext(stream, None))
            await asyncio.sleep(0)
            stream.close()
            stream.close()
            assert await waiting is None
            numbers(peer, "X", 1)
            await ping(manager, peer)
            assert await anext(stream, None) is None

    run(main())


def test_a_stream_that_nobody_holds(server: ScriptedServer) -> None:
    """It ends, too."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            numbers(peer, "X", 1)
            async for event in manager.events("X"):
                assert event["N"] == "0"
                break
            gc.collect()
            numbers(peer, "X", 1)
            await ping(manager, peer)
            with manager.events("X"):
                assert len(manager._streams._kinds) == 1

    run(main())


def test_several_tasks_share_a_stream(server: ScriptedServer) -> None:
    """Each event goes to one of them; one that is cancelled loses none."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            seen: list[str] = []

            async def work(stream: aio.EventStream[Event]) -> None:
                async for event in stream:
                    seen.append(event["N"])
                    await asyncio.sleep(0)

            with manager.events("X") as stream:
                workers = [asyncio.create_task(work(stream)) for _ in range(3)]
                await asyncio.sleep(0)
                workers[0].cancel()
                numbers(peer, "X", 5)
                await until(lambda: len(seen) == 5)
                assert sorted(seen) == ["0", "1", "2", "3", "4"]
            await asyncio.wait(workers)

    run(main())


def test_nothing_behind_the_end() -> None:
    """A mailbox that has ended takes nothing more."""
    mailbox = Mailbox(5, lambda *_: None)
    mailbox.end()
    mailbox.put(Event({"Event": "X"}))
    assert len(mailbox) == 0


@pytest.mark.parametrize("others", [0, 1])
def test_cancelled_when_told(others: int) -> None:
    """Who is cancelled in the moment of the news passes it on, and takes nothing away."""

    async def main() -> None:
        mailbox = Mailbox(5, lambda *_: None)
        waiting = [asyncio.create_task(mailbox.get()) for _ in range(1 + others)]
        await asyncio.sleep(0)
        event = Event({"Event": "X"})
        mailbox.put(event)
        waiting[0].cancel()
        done, _ = await asyncio.wait(waiting)
        assert [task.result() for task in done if not task.cancelled()] == [event] * others
        assert len(mailbox) == 1 - others

    run(main())


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("ended", [False, True])
def test_told_when_cancelled(others: int, ended: bool) -> None:
    """News in the moment in which one is cancelled are for the others."""

    async def main() -> None:
        mailbox = Mailbox(5, lambda *_: None)
        waiting = [asyncio.create_task(mailbox.get()) for _ in range(1 + others)]
        await asyncio.sleep(0)
        event = Event({"Event": "X"})
        waiting[0].cancel()
        mailbox.put(event)
        if ended:
            mailbox.end()
        await asyncio.wait(waiting)
        assert waiting[0].cancelled()
        assert [task.result() for task in waiting[1:]] == [event] * others
        assert len(mailbox) == 1 - others

    run(main())


def test_cancelled_in_the_turn_of_an_event(server: ScriptedServer) -> None:
    """The connection does not mind who went away in the moment in which an event came."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with manager.events("X") as stream:
                waiting = asyncio.create_task(anext(stream))
                cancelled = asyncio.Event()

                def route(messages: list[Any]) -> None:
                    waiting.cancel()
                    manager._route(messages)
                    cancelled.set()

                manager._link._on_messages = route
                numbers(peer, "X", 1)
                await cancelled.wait()
                await asyncio.wait([waiting])
                assert waiting.cancelled()
                assert (await anext(stream))["N"] == "0"
                assert manager.is_connected()

    run(main())


def test_a_slow_stream_drops(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """Its queue is bounded; what is lost is counted, and said once for each burst."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with manager.events("X", queue_size=10) as slow, manager.events("X") as fast:
                numbers(peer, "X", 30)
                await ping(manager, peer)
                assert (slow.waiting, slow.dropped) == (10, 20)
                assert (fast.waiting, fast.dropped) == (30, 0)
                assert [(await anext(slow))["N"] for _ in range(10)] == [str(n) for n in range(10)]
                numbers(peer, "X", 1, 30)
                await ping(manager, peer)
                numbers(peer, "X", 11, 31)
                await ping(manager, peer)
                assert slow.dropped == 22

    run(main())
    said = [record.message for record in records(caplog)]
    assert said == [
        "a stream is slower than its events: 10 wait, others are dropped (1 by now)",
        "a stream is slower than its events: 10 wait, others are dropped (21 by now)",
    ]


def test_a_slow_stream_raises(server: ScriptedServer) -> None:
    """If asked for, behind what came before; the others go on."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            slow = manager.events("X", queue_size=2, overflow="raise")
            numbers(peer, "X", 4)
            await ping(manager, peer)
            assert [(await anext(slow))["N"] for _ in range(2)] == ["0", "1"]
            for _ in range(2):
                with pytest.raises(ManagerOverflowError) as caught:
                    await anext(slow)
                assert caught.value.size == 2
            assert manager.is_connected()

    run(main())


def test_streams_stay(server: ScriptedServer) -> None:
    """Behind a loss they go on, with the gap in its place, also in a queue that is full."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            with (
                manager.events() as everything,
                manager.events(Gap) as gaps,
                manager.events("X", Gap, queue_size=2) as full,
                manager.events("X") as other,
            ):
                numbers(peer, "X", 2)
                await ping(manager, peer)
                peer.close()
                again = await asyncio.to_thread(return_to, server, "Local/a")
                gap = await anext(gaps)
                assert [channel.channel for channel in gap.channels or ()] == ["Local/a"]
                numbers(again, "X", 1, 2)
                await ping(manager, again)
                names = [(await anext(everything)).name for _ in range(5)]
                assert names == ["X", "X", "Gap", "FullyBooted", "X"]
                assert [(await anext(full)).name for _ in range(2)] == ["X", "Gap"]
                assert full.dropped == 2
                assert other.waiting == 3

    run(main())


def test_the_end_of_streams(server: ScriptedServer) -> None:
    """A closed manager ends them; there are no new ones."""

    async def main() -> None:
        async with online(server) as (manager, peer):
            stream = manager.events("X")
            numbers(peer, "X", 1)
            await ping(manager, peer)
        assert [event["N"] async for event in stream] == ["0"]
        with pytest.raises(ManagerError, match="closed"):
            manager.events()

    run(main())


def test_streams_say_why(server: ScriptedServer) -> None:
    """A connection that is lost for good is raised, behind what came before."""

    async def main() -> None:
        async with online(server, reconnect=False) as (manager, peer):
            stream = manager.events("X")
            numbers(peer, "X", 1)
            await ping(manager, peer)
            peer.close()
            with pytest.raises(ManagerSocketError, match="closed the connection"):
                await manager.wait_closed()
            assert (await anext(stream))["N"] == "0"
            with pytest.raises(ManagerSocketError, match="closed the connection"):
                await anext(stream)

    run(main())


def test_coroutine_functions(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """They are awaited, one after the other; they can send actions; a failure harms nobody."""

    async def main() -> None:
        seen: list[object] = []
        done = asyncio.Event()

        async def ask(_: Event, manager: aio.Manager) -> None:
            seen.append((await manager.send(PING))["Ping"])

        async def fail(event: Event, _: aio.Manager) -> None:
            raise LookupError(event.name)

        async def give_up(*_: object) -> None:
            raise asyncio.CancelledError

        def plain(event: Event, _: aio.Manager) -> None:
            seen.append(event.name)
            done.set()

        async with online(server) as (manager, peer):
            for callback in (ask, fail, give_up, plain):
                manager.register_callback("X", callback)
            numbers(peer, "X", 1)
            await asyncio.to_thread(peer.expect, "Ping", *PONG)
            await done.wait()
            assert seen == ["Pong", "X"]

    run(main())
    failures = [(record.exc_text or "").splitlines()[-1] for record in records(caplog)]
    assert [line.partition(":")[0] for line in failures] == [
        "LookupError",
        "asyncio.exceptions.CancelledError",
    ]


def test_many_callbacks_let_others_run(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue full of events for plain functions does not hold the loop up."""
    clock = itertools.count(0, SLICE / 10)
    monkeypatch.setattr("pystrix.ami._async_events.monotonic", lambda: next(clock))

    async def main() -> None:
        turns: list[int] = []
        seen: list[str] = []
        blocked = asyncio.Event()

        async def first(event: Event, _: aio.Manager) -> None:
            if event["N"] == "0":
                await blocked.wait()

        async with online(server) as (manager, peer):
            manager.register_callback("X", first)
            manager.register_callback("X", lambda event, _: seen.append(event["N"]))
            numbers(peer, "X", 1000)
            await ping(manager, peer)
            blocked.set()
            while len(seen) < 1000:
                turns.append(len(seen))
                await asyncio.sleep(0)
            assert len(turns) >= 50

    run(main())


def test_callbacks_keep_up_with_the_reader(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However much each turn of the loop brings, nothing is dropped while callbacks are cheap."""
    monkeypatch.setattr("pystrix.ami._async_events.monotonic", lambda: 0.0)
    one_read = CHUNK // len("Event: X\r\nPrivilege: call,all\r\nDevice: x\r\nState: BUSY\r\n\r\n")
    turns = 50
    heard: list[object] = []

    def overflow(mailbox: Mailbox, _: bool) -> None:
        raise AssertionError(f"{len(mailbox)} wait")

    async def main() -> None:
        mailbox = Mailbox(3 * one_read, overflow)
        logger = logging.getLogger("pystrix.ami")
        find = [lambda event, _: heard.append(event)]
        delivering = asyncio.create_task(deliver(mailbox, lambda _: find, None, logger))
        for _ in range(turns):
            for _ in range(one_read):
                mailbox.put(Mine())
            await asyncio.sleep(0)
        mailbox.end()
        await delivering

    run(main())
    assert len(heard) == turns * one_read
    assert records(caplog) == []
