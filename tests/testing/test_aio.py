"""Handlers for asyncio on the simulated channel, and the loop whose time is simulated."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIHangup, AGISIGPIPEHangup, core
from pystrix.testing import (
    CallerLeftError,
    EndlessCallError,
    Heard,
    Setup,
    SilentApplicationError,
    Sounds,
    place_call,
)
from pystrix.testing import _aio as simulated
from pystrix.testing import _pilot as pilots
from pystrix.testing._aio import SimulatedConnection, SimulatedTimeLoop
from pystrix.testing._pilot import Pilot

if TYPE_CHECKING:
    from collections.abc import Generator

    from pystrix.agi.aio import FastAGI
    from pystrix.testing import Channel

LONG = Sounds({"long": 600.0, "short": 1.0})
DEAD = {"AGIEXITONHANGUP": "yes"}


def running_loop() -> SimulatedTimeLoop:
    """Give the loop that runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedTimeLoop)
    return loop


def on_loop(main: Any) -> Any:
    """Run a coroutine function on a loop with simulated time."""
    with asyncio.Runner(loop_factory=lambda: SimulatedTimeLoop(5.0)) as runner:
        return runner.run(main())


# The loop.


def test_time_jumps() -> None:
    """Timers come in their order, at once."""
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, asyncio.get_running_loop().time()))

    async def main() -> None:
        await asyncio.gather(sleeper("b", 86_400), sleeper("a", 3600), sleeper("c", 86_400.5))

    began = time.monotonic()
    on_loop(main)
    assert seen == [("a", 3600), ("b", 86_400), ("c", 86_400.5)]
    assert time.monotonic() - began < 5


def test_threads_take_no_time() -> None:
    """While a thread works, no timer comes."""

    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(0.001):
            results = await asyncio.gather(
                asyncio.to_thread(time.sleep, 0.05), asyncio.to_thread(sum, (1, 2))
            )
        await asyncio.sleep(1.0)
        return loop.time(), results[1]

    assert on_loop(main) == (1.0, 3)


def test_waiting_for_ever() -> None:
    """What does not come does not hang the test."""

    async def main() -> None:
        await asyncio.Event().wait()

    with (
        pytest.raises(SilentApplicationError, match="does not come"),
        asyncio.Runner(loop_factory=lambda: SimulatedTimeLoop(0.01)) as runner,
    ):
        runner.run(main())


# The connection.


class Ears:
    """A receiver that keeps what it gets."""

    peer = "ears"

    def __init__(self) -> None:
        self.data = b""
        self.over = 0

    def feed(self, data: bytes) -> None:
        """Keep it."""
        self.data += data

    def feed_eof(self) -> None:
        """Keep that it is over."""
        self.over += 1


def test_connection() -> None:
    """The clock of the channel is that of the loop."""

    async def main() -> None:
        pilot = Pilot(Setup(), "w3,5")
        pilot.channel.start()
        await asyncio.sleep(100)
        connection, ears = SimulatedConnection(pilot, running_loop()), Ears()
        connection.open(ears)
        assert not ears.data
        await asyncio.sleep(0)
        assert ears.data == Setup().environment()
        await asyncio.sleep(1)
        connection.write(b"WAIT FOR DIGIT 9000\n")
        assert pilot.channel.now == 1.0
        await asyncio.sleep(2.6)
        assert ears.data.endswith(b"\n200 result=53\n")
        connection.close()
        connection.close()
        connection.write(b"NOOP\n")
        assert pilot.channel.now == pytest.approx(3.6)
        assert pilot.channel.status == "SUCCESS"
        await asyncio.sleep(1)
        assert (connection.is_over, ears.over) == (True, 0)

    on_loop(main)


def test_connection_that_asterisk_closes() -> None:
    """The receiver is told; writing has no effect then."""

    async def main() -> None:
        pilot = Pilot(Setup(variables=DEAD), "w1,h")
        connection, ears = SimulatedConnection(pilot, running_loop()), Ears()
        connection.open(ears)
        connection.write(b"WAIT FOR DIGIT -1\n")
        await asyncio.sleep(2)
        assert ears.data == b"200 result=-1\nHANGUP\nHANGUP\n"
        assert (ears.over, connection.is_over, pilot.channel.now) == (1, True, 1.0)
        connection.write(b"NOOP\n")
        connection.close()

    on_loop(main)


@pytest.mark.parametrize("number", range(50))
def test_moments_between_the_ticks(number: int) -> None:
    """A moment that no float holds is reached all the same."""

    async def main() -> float:
        await asyncio.sleep(1000 / 3 + number / 7)
        pilot = Pilot(Setup(), f"w{number}.{number:02}1,h")
        connection = SimulatedConnection(pilot, running_loop())
        connection.open(Ears())
        await asyncio.sleep(100)
        connection.close()
        assert pilot.channel.hung_up
        return pilot.channel.now

    assert on_loop(main) == pytest.approx(100)


# Handlers.


def test_session() -> None:
    """It is a session as any other; what waits on the loop takes time."""
    seen: list[object] = []

    async def handler(agi: FastAGI) -> None:
        seen.extend([agi.environment["agi_callerid"], agi.request.path, agi.hung_up])
        await agi.execute(core.Answer())
        await asyncio.sleep(10)
        seen.append(await agi.execute(core.StreamFile("long", escape_digits="12")))

    record = place_call(handler, "menu", "2", caller_id="42", sounds=LONG)
    assert seen == ["42", "menu", False, ("2", 4000)]
    assert (record.status, record.keys, record.duration) == ("SUCCESS", "2", 10.5)


@pytest.mark.parametrize("options", [{}, {"variables": DEAD}, {"variables": {"AGISIGHUP": "no"}}])
@pytest.mark.parametrize("moment", ["h", "w0,h", "w30,h"])
def test_hang_up(moment: str, options: dict[str, Any]) -> None:
    """In a prompt, at any moment, it is raised; callbacks are called once."""
    told: list[str] = []
    after: list[object] = []

    async def handler(agi: FastAGI) -> None:
        agi.on_hangup(lambda: told.append("hung up"))
        try:
            await agi.execute(core.StreamFile("long"))
        except AGIHangup:
            told.append("raised")
            assert agi.hung_up
            try:
                after.append(await agi.execute(core.GetVariable("EXTEN")))
            except AGISIGPIPEHangup:
                after.append(None)
            raise

    record = place_call(handler, "", moment, sounds=LONG, **options)
    assert sorted(told) == ["hung up", "raised"]
    assert after == [None if options.get("variables") == DEAD else "s"]
    assert isinstance(record.error, AGIHangup)
    assert (record.status, record.hung_up_by) == ("HANGUP", "caller")


def test_until_hangup() -> None:
    """The block ends with the caller, whatever it waits for; dead commands then work."""
    seen: list[object] = []

    async def handler(agi: FastAGI) -> None:
        async with agi.until_hangup():
            await asyncio.Event().wait()
        seen.append(asyncio.get_running_loop().time())
        await agi.execute(core.SetVariable("X", "1"))

    record = place_call(handler, "", "w7,h")
    assert seen == [7.0]
    assert (record.status, record.variables, record.error) == ("HANGUP", {"X": "1"}, None)


def test_limit_while_idle() -> None:
    """The caller's patience ends, also while no command runs, and with a longer plan."""

    async def handler(agi: FastAGI) -> None:
        async with agi.until_hangup():
            await asyncio.Event().wait()

    for plan in ("", "w700,h", "@never"):
        record = place_call(handler, "", plan, limit=600.0)
        assert record.hung_up_by == "caller, who is tired of waiting"
        assert record.duration == 600.0


def test_handler_that_waits_for_ever() -> None:
    """It is ended, with what it has to clean up; the error says why."""
    cleaned: list[bool] = []

    async def handler(_agi: FastAGI) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    with pytest.raises(SilentApplicationError):
        place_call(handler, patience=0.01)
    assert cleaned == [True]


def test_two_tasks() -> None:
    """A task can work while a prompt is played."""
    seen: list[str] = []

    async def work() -> None:
        for number in range(3):
            await asyncio.sleep(1)
            seen.append(f"work {number}")

    async def handler(agi: FastAGI) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await agi.execute(core.WaitForDigit(2500))
            seen.append("silence")

    record = place_call(handler)
    assert seen == ["work 0", "work 1", "silence", "work 2"]
    assert record.duration == 3.0


@pytest.mark.parametrize("limit", ["asyncio", "execute"])
def test_timeout(limit: str) -> None:
    """A prompt is stopped to the moment, and the session can be used on."""
    seen: list[object] = []

    async def play(agi: FastAGI) -> None:
        if limit == "execute":
            await agi.execute(core.StreamFile("long"), timeout=5)
        async with asyncio.timeout(5):
            await agi.execute(core.StreamFile("long"))

    async def handler(agi: FastAGI) -> None:
        with pytest.raises(TimeoutError):
            await play(agi)
        seen.append(asyncio.get_running_loop().time())
        seen.append(await agi.execute(core.GetVariable("EXTEN")))

    record = place_call(handler, sounds=LONG)
    assert seen == [5.0, "s"]
    assert record.duration == 5.0
    assert [entry.end for entry in record.timeline if isinstance(entry, Heard)] == [5.0]


def test_timeout_of_what_cannot_be_stopped() -> None:
    """EXEC ends the session, and goes on to its end at Asterisk."""

    async def handler(agi: FastAGI) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.Exec("Wait", "60"), timeout=5)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    assert place_call(handler).duration == 60.0


def test_failure() -> None:
    """An exception is a failure for the dialplan, also after the hang-up."""

    async def handler(agi: FastAGI) -> None:
        try:
            await agi.execute(core.WaitForDigit(-1))
        finally:
            raise LookupError("mine")

    for caller in ("", "h", "5"):
        record = place_call(handler, "", caller, catch=True)
        assert isinstance(record.error, LookupError)
        assert record.status == "FAILURE"
    record = place_call(handler, "", "h", catch=True, variables=DEAD)
    assert isinstance(record.error, LookupError)
    assert record.status == "HANGUP"


def test_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that never ends is ended."""
    monkeypatch.setattr(pilots, "MOST_COMMANDS", 50)

    async def handler(agi: FastAGI) -> None:
        while True:
            await agi.execute(core.Noop())

    with pytest.raises(EndlessCallError):
        place_call(handler)


def test_application_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one of the dialplan hang the test."""
    monkeypatch.setattr(pilots, "MOST_MOMENTS", 50)

    def endless(_channel: Channel, _data: str) -> Generator[float]:
        while True:
            try:
                yield 1
            except CallerLeftError:
                continue

    async def handler(agi: FastAGI) -> None:
        await agi.execute(core.Exec("Endless"))

    with pytest.raises(EndlessCallError):
        place_call(handler, "", "w5,h", applications={"Endless": endless})


@pytest.mark.parametrize("when", ["at once", "later"])
def test_error_of_an_application(when: str) -> None:
    """It is raised, and not lost on the loop."""

    def breaks(_channel: Channel, _data: str) -> Generator[float]:
        if when == "later":
            yield 1
        raise LookupError("mine")

    async def handler(agi: FastAGI) -> None:
        await agi.execute(core.Exec("Breaks"))

    with pytest.raises(LookupError, match="mine"):
        place_call(handler, applications={"Breaks": breaks})


@pytest.mark.parametrize("application", ["Echo", "MusicOnHold", "Milliwatt", "Dial"])
def test_dead_channel(application: str) -> None:
    """What would last for ever does not, on a dead channel."""

    async def handler(agi: FastAGI) -> None:
        async with agi.until_hangup():
            await asyncio.sleep(60)
        await agi.execute(core.Exec(application))

    assert place_call(handler, "", "w1,h").status == "HANGUP"


def test_cancelled() -> None:
    """A cancellation of one's own goes through."""

    async def handler(_agi: FastAGI) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        place_call(handler)


@pytest.mark.parametrize("seconds", [0, 1])
def test_handler_that_goes_on_and_on(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """A handler that does nothing in the call, and does not end, is ended."""
    monkeypatch.setattr(simulated, "MOST_TURNS", 5000)

    async def handler(_agi: FastAGI) -> None:
        for _ in itertools.count():
            await asyncio.sleep(seconds)

    with pytest.raises(EndlessCallError, match="asks nothing of Asterisk"):
        place_call(handler, limit=20)


def test_error_that_the_handler_catches() -> None:
    """What an application of the setup raises fails the test, whatever the handler does."""

    def checks(_channel: Channel, data: str) -> Generator[float]:
        yield 1
        assert data == "PJSIP/other"

    async def handler(agi: FastAGI) -> None:
        with contextlib.suppress(Exception):
            await agi.execute(core.Exec("Dial", ["PJSIP/desk"]))

    with pytest.raises(AssertionError, match="PJSIP/desk"):
        place_call(handler, applications={"Dial": checks})


def test_loop_that_runs_already() -> None:
    """A call within a loop is refused, with advice; in a thread it can be placed."""

    async def handler(agi: FastAGI) -> None:
        await agi.execute(core.Answer())

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"asyncio\.to_thread"):
            place_call(handler)
        assert (await asyncio.to_thread(place_call, handler)).answered

    asyncio.run(main())
