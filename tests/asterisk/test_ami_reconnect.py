"""Managers of both kinds and a live Asterisk that restarts, dies, freezes and refuses."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import FastAGIServer, core
from pystrix.ami import (
    Backoff,
    Event,
    Gap,
    Manager,
    ManagerActionError,
    ManagerAuthError,
    ManagerConnectionLostError,
    ManagerError,
    ManagerPermissionError,
    actions,
    aio,
    events,
)
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads, records
from tests.ami.managers import ALL, Heard, Running
from tests.asterisk.restarting import RestartingAsterisk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.asterisk.server import Asterisk

    Start = Callable[..., Running]

SOON = Backoff(0.05, 2, 0.5)
STORMS = 10
KILLS = 20


@pytest.fixture(scope="module")
def own(live_asterisk: Asterisk) -> Iterator[RestartingAsterisk]:
    """Give a server of this file alone."""
    with RestartingAsterisk(live_asterisk._installation) as asterisk:
        yield asterisk


@pytest.fixture
def asterisk(own: RestartingAsterisk) -> RestartingAsterisk:
    """Give that server, which runs."""
    own.ensure()
    return own


@pytest.fixture(params=[name for name in ALL if name != "uvloop"])
def start(request: pytest.FixtureRequest, asterisk: RestartingAsterisk) -> Iterator[Start]:
    """Give a maker of managers of each kind, connected unless that is not wanted."""
    running: list[Running] = []

    def make(user: str = "tests", *, connect: bool = True, **options: Any) -> Running:
        secret = options.pop("secret", asterisk.ami_secret)
        options = {"reconnect": SOON, "offline_timeout": TIMEOUT, **options}
        made = ALL[request.param](asterisk.ami_port, username=user, secret=secret, **options)
        running.append(made)
        if connect:
            made.connect()
        return made

    yield make
    for each in running:
        each.stop()


def heard_by(running: Running, *kinds: Any) -> Heard:
    """Have a manager's events kept."""
    heard = Heard()
    for kind in kinds or ("",):
        running.manager.register_callback(kind, heard)
    return heard


def originate(running: Running, exten: str = "silent", **headers: Any) -> str:
    """Place a call that lasts; give the unique id of its channel."""
    uniqueid = f"call-{secrets.token_hex(8)}"
    running.send(
        actions.Originate(
            f"Local/{exten}@far/n",
            application="Wait",
            data="3600",
            async_=True,
            channel_id=uniqueid,
            **headers,
        )
    )
    return uniqueid


def test_restart(start: Start, asterisk: RestartingAsterisk) -> None:
    """A restart in the middle: the gap says so, the hook has been called, all goes on."""
    running = start()
    heard = heard_by(running, Gap, events.Shutdown, events.FullyBooted)
    hook = running.register_resync(lambda _, send: send(actions.CoreStatus()).core_current_calls)
    originate(running)
    asterisk.restart()
    seen = [heard.next()]
    while not isinstance(seen[-1], Gap):
        seen.append(heard.next())
    gap = seen[-1]
    assert gap.reason.startswith("Asterisk restarts: ")
    assert gap.channels is not None
    assert list(gap.channels) == []
    assert gap.results == {hook: 0}
    assert 0 < gap.seconds < TIMEOUT
    assert events.Shutdown.NAME in [event.name for event in seen]
    assert heard.next().name == events.FullyBooted.NAME
    assert running.send(actions.Ping()).ping == "Pong"


def test_killed(start: Start, asterisk: RestartingAsterisk) -> None:
    """It dies while it works: whoever waits is told, whoever comes later waits for the new one."""
    running = start()
    gaps = heard_by(running, Gap)
    asking = Background(running.send, actions.WaitEvent(60))
    eventually(lambda: "WaitEvent" in _outstanding(running))
    asterisk.kill()
    with pytest.raises(ManagerConnectionLostError) as caught:
        asking.result()
    assert caught.value.sent
    later = Background(running.send, actions.Ping())
    asterisk.start()
    assert later.result().ping == "Pong"
    assert gaps.next().connection == 1


def _outstanding(running: Running) -> str:
    """Name the actions that wait for an answer."""
    manager = running.manager
    if isinstance(manager, Manager):
        connection: Any = manager.get_connection()
    else:
        connection = manager._link.get_usable()
    return str(list(connection._protocol._waiting.values()))


def test_kicked_while_calls_go_on(start: Start, asterisk: RestartingAsterisk) -> None:
    """The session alone ends: the gap knows the calls that there are."""
    running = start("changing", secret=asterisk.changing_secret)
    heard = heard_by(running, Gap, events.Newchannel)
    uniqueid = originate(running)
    while heard.next().uniqueid != uniqueid:
        pass
    asterisk.kick("changing")
    event = heard.next()
    while not isinstance(event, Gap):
        event = heard.next()
    found = {channel.uniqueid: channel for channel in event.channels or ()}
    assert found[uniqueid].application == "Wait"
    running.send(actions.Hangup(found[uniqueid].channel))


def test_frozen(start: Start, asterisk: RestartingAsterisk) -> None:
    """A machine that hangs shows by its silence; when it goes on so does the manager."""
    running = start(keepalive=0.2, keepalive_timeout=0.3, connect_timeout=0.5)
    gaps = heard_by(running, Gap)
    asterisk.freeze()
    try:
        eventually(lambda: not running.manager.is_connected())
    finally:
        asterisk.thaw()
    assert "is gone: nothing came within 0.3 s of a Ping" in gaps.next().reason
    assert running.send(actions.Ping()).ping == "Pong"


def test_waits_for_the_boot(start: Start, asterisk: RestartingAsterisk) -> None:
    """A manager that is there first waits until all modules are."""
    asterisk.kill()
    running = start(connect=False, wait_for_asterisk=True)
    connecting = Background(running.connect)
    asterisk.start()
    connecting.result()
    assert running.send(actions.ModuleCheck("res_agi")).success
    assert running.send(actions.CoreStatus()).success


def test_gracefully(start: Start, asterisk: RestartingAsterisk) -> None:
    """While calls end every action is refused; events go on, and the manager comes back."""
    running = start(keepalive=0.05, keepalive_timeout=5)
    heard = heard_by(running, Gap, events.Hangup)
    uniqueid = originate(running, "brief")
    asterisk.restart("gracefully")
    event = heard.next()
    while not isinstance(event, Gap):
        assert event.name == "Hangup"
        event = heard.next()
    # A Ping that meets the end may keep the event Shutdown, which comes last, from being read.
    assert "closed the connection" in event.reason
    assert uniqueid not in [channel.uniqueid for channel in event.channels or ()]


def test_refused_while_it_ends(start: Start, asterisk: RestartingAsterisk) -> None:
    """An action is refused in Asterisk's words; the connection stays; it can be called off."""
    running = start()
    heard = heard_by(running, events.Newchannel)
    originate(running)
    heard.next()

    def refused() -> bool:
        try:
            running.send(actions.Ping())
        except ManagerActionError as error:
            return "Asterisk is shutting down" in str(error)
        return False

    asterisk.console("core stop gracefully")
    try:
        eventually(refused)
        late = start(connect=False)
        with pytest.raises(ManagerActionError, match="Asterisk is shutting down"):
            late.connect()
        asterisk.console("core abort shutdown")
        eventually(lambda: not refused())
    finally:
        asterisk.kill()


def test_wrong_password(start: Start, asterisk: RestartingAsterisk) -> None:
    """It is told when it connects; nobody is left waiting."""
    running = start(connect=False, secret="wrong")  # noqa: S106
    with pytest.raises(ManagerAuthError, match="Authentication failed"):
        running.connect()
    assert not running.manager.is_connected()
    plain = start(auth="plain")
    assert plain.send(actions.Ping()).ping == "Pong"
    del asterisk


def test_the_password_changes(
    start: Start, asterisk: RestartingAsterisk, caplog: pytest.LogCaptureFixture
) -> None:
    """With a secret that is wrong now there is no other try, and that is said."""
    running = start("changing", secret=asterisk.changing_secret)
    asterisk.kill()
    asterisk.changing_secret = secrets.token_hex(8)
    asterisk.start()
    with pytest.raises(ManagerError, match="Authentication failed") as caught:
        running.send(actions.Ping())
    assert isinstance(caught.value.__cause__, ManagerAuthError)
    assert records(caplog)[-1].levelno == logging.ERROR


def test_few_permissions(start: Start, asterisk: RestartingAsterisk) -> None:
    """Who may do little is refused the rest; behind a loss the channels are not known."""
    running = start("few")
    heard = heard_by(running, Gap)
    with pytest.raises(ManagerPermissionError, match="Permission denied"):
        running.send(actions.Command("core show uptime"))
    assert running.send(actions.Ping()).ping == "Pong"
    asterisk.kick("few")
    gap = heard.next()
    assert gap.channels is None
    assert running.send(actions.Ping()).ping == "Pong"


def test_masked(start: Start) -> None:
    """Who wants no events is told of the start by the console."""
    running = start(event_mask="off")
    assert running.send(actions.Ping()).ping == "Pong"


def storm(send: Callable[..., Any], number: int, times: int) -> Any:
    """Begin a storm of events."""
    return send(
        actions.Originate(
            "Local/go@storm/n",
            application="Wait",
            data="60",
            async_=True,
            variable={"STORM": number, "TIMES": times, "PAUSE": 0},
        )
    )


def test_storm(start: Start) -> None:
    """Ten thousands of events as fast as Asterisk makes them: none is lost, all are in order."""
    running = start()
    counts: defaultdict[str, list[int]] = defaultdict(list)
    done = Heard()
    times = 300

    def count(event: Event, manager: object) -> None:
        if event["UserEvent"] == "Storm":
            counts[event["Storm"]].append(int(event["Count"]))
            if int(event["Count"]) == times:
                done(event, manager)

    total: list[int] = [0]

    def count_all(*_: object) -> None:
        total[0] += 1

    running.manager.register_callback("", count_all)
    running.manager.register_callback(events.UserEvent, count)
    for number in range(STORMS):
        storm(running.send, number, times)
    for _ in range(STORMS):
        done.next()
    assert counts == {str(number): list(range(1, times + 1)) for number in range(STORMS)}
    assert total[0] > 5 * STORMS * times
    assert running.manager.events_dropped == 0


@pytest.mark.timeout(300)
def test_killed_again_and_again(start: Start, asterisk: RestartingAsterisk) -> None:
    """It dies in the middle of a storm, over and over: a gap each time, and nothing is left."""
    running = start(connect_timeout=1)
    heard = Heard()
    running.manager.register_callback(events.UserEvent, heard)
    running.manager.register_callback(Gap, heard)
    running.register_resync(lambda _, send: send(actions.CoreStatus()))
    running.send(actions.UserEvent("First"))
    heard.next()
    before = resources(running)
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with contextlib.suppress(ManagerConnectionLostError):
                running.send(actions.Ping())

    asking = [Background(ask) for _ in range(3)]
    for number in range(1, KILLS + 1):
        storm(running.send, number, 1_000_000)
        counts = [heard_count(heard.next(), number) for _ in range(500)]
        asterisk.kill()
        asterisk.start()
        while not isinstance(event := heard.next(), Gap):
            counts.append(heard_count(event, number))
        assert counts == list(range(1, len(counts) + 1)), "one is missing"
        assert event.connection == number
        assert event.channels is not None
        assert list(event.channels) == []
        assert len(event.results) == 1
    over.set()
    for each in asking:
        each.result()
    assert running.manager.events_dropped == 0
    eventually(lambda: resources(running) == before, "what the lost connections used is left")


def heard_count(event: Event, number: int) -> int:
    """Give the count of an event of a storm."""
    assert event["Storm"] == str(number)
    return int(event["Count"])


def resources(running: Running) -> tuple[int, int, int]:
    """Count the descriptors of this process, the threads of the library, and the tasks."""
    loop = getattr(running, "loop", None)
    tasks = 0
    if loop is not None:
        tasks = asyncio.run_coroutine_threadsafe(_count_tasks(), loop).result(TIMEOUT)
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), len(library_threads()), tasks


async def _count_tasks() -> int:
    return len(asyncio.all_tasks())


def test_slow_consumer(asterisk: RestartingAsterisk, caplog: pytest.LogCaptureFixture) -> None:
    """A stream that nobody empties loses what finds no room, and says how many; others do not."""

    async def main() -> None:
        async with aio.Manager(
            "127.0.0.1", asterisk.ami_port, username="tests", secret=asterisk.ami_secret
        ) as manager:
            slow = manager.events("UserEvent", queue_size=50)
            failing = manager.events("UserEvent", queue_size=50, overflow="raise")
            with manager.events(events.UserEvent) as storms:
                await storm(manager.send, 1, 500)
                async with asyncio.timeout(TIMEOUT):
                    found = [int((await anext(storms))["Count"]) for _ in range(500)]
            assert found == list(range(1, 501))
            assert (slow.waiting, slow.dropped) == (50, 450)
            assert failing.waiting == 50
            assert manager.is_connected()

    asyncio.run(main())
    assert len(records(caplog)) == 1
    assert "a stream is slower than its events" in caplog.text


def test_slow_callback(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does a callback that takes its time keep anybody from reading."""
    running = start(queue_size=50)
    loop = getattr(running, "loop", None)
    go_on = Heard()

    def slow(*_: object) -> Any:
        wait = go_on.next
        return loop.run_in_executor(None, wait) if loop else wait()

    running.manager.register_callback("UserEvent", slow)
    counted = Heard()
    running.manager.register_callback("Hangup", counted)
    storm(running.send, 1, 500)
    eventually(lambda: running.manager.events_dropped >= 400)
    assert running.send(actions.Ping()).ping == "Pong"
    for _ in range(60):
        go_on(Event(), None)
    assert "the callbacks are slower than the events: 50 wait" in caplog.text


def test_with_a_fastagi_server(start: Start, asterisk: RestartingAsterisk) -> None:
    """Both in one process: the manager places a call, the server takes it."""
    running = start()
    heard = heard_by(running, events.UserEvent, events.VarSet)
    with FastAGIServer(port=0) as server:

        @server.script("greet")
        def greet(agi: Any) -> None:
            agi.execute(core.Answer())
            agi.execute(core.SetVariable("GREETED", agi.environment.unique_id))

        serving = Background(server.serve_forever)
        uniqueid = originate_agi(running, server.server_address[1])
        event = heard.next()
        while not (event.name == "VarSet" and event.get("Variable") == "GREETED"):
            event = heard.next()
        assert (event["Uniqueid"], event["Value"]) == (uniqueid, uniqueid)
        server.shutdown()
        serving.result()
    assert asterisk.alive


def originate_agi(running: Running, port: int) -> str:
    """Place a call to a FastAGI server; give the unique id of the channel that it serves."""
    uniqueid = f"call-{secrets.token_hex(8)}"
    running.send(
        actions.Originate(
            "Local/silent@far/n",
            application="AGI",
            data=f"agi://127.0.0.1:{port}/greet",
            async_=True,
            channel_id=uniqueid,
        )
    )
    return uniqueid
