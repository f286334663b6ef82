"""The asyncio server on live calls, on the stock loop and on uvloop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from pystrix.agi import AGIResultHangup, aio, core
from tests.agi.transports import Asyncio
from tests.asterisk.calls import SECONDS, Call, place_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.asterisk.server import Asterisk

    Script = Callable[[aio.FastAGI], Awaitable[Any]]

PROMPT = "demo-congrats"


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["stock", "uvloop"])
def running(request: pytest.FixtureRequest) -> Iterator[Asyncio]:
    """Give a server on each loop."""
    made = Asyncio(request.param)
    yield made
    made.stop()


class Outcome:
    """What a script on the loop gave, asked for by the test."""

    def __init__(self, running: Asyncio, asterisk: Asterisk, script: Script) -> None:
        self._ended = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None

        async def handler(agi: aio.FastAGI, *_: object) -> None:
            try:
                self._result = await script(agi)
            except BaseException as error:  # noqa: BLE001 - the test raises it again
                self._error = error
            finally:
                self._ended.set()

        running.server.register_script_handler(None, handler)
        self.call: Call = place_call(asterisk, f"agi://127.0.0.1:{running.address[1]}/x")

    def result(self) -> Any:
        """Wait for the end, and give the result."""
        assert self._ended.wait(SECONDS)
        if self._error is not None:
            raise self._error
        return self._result


async def demo(agi: aio.FastAGI) -> object:
    """Do what the documented program does."""
    await agi.execute(core.Answer())
    pressed = await agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    await agi.execute(core.Hangup())
    return pressed


def test_documented_program(running: Asyncio, asterisk: Asterisk) -> None:
    """A key cuts the prompt short."""
    outcome = Outcome(running, asterisk, demo)
    outcome.call.runs("STREAM FILE")
    outcome.call.press("2")
    digit, offset = outcome.result()
    assert digit == "2"
    assert offset > 0
    assert outcome.call.done() == ("HANGUP", "agi,h,2")


def test_cancelled_prompt(running: Asyncio, asterisk: Asterisk) -> None:
    """A time limit around a command stops it there and then; the session is in step."""

    async def script(agi: aio.FastAGI) -> None:
        await agi.execute(core.Answer())
        for action in (core.StreamFile(PROMPT), core.GetData(PROMPT), core.WaitForDigit()):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await agi.execute(action)
            assert await agi.execute(core.GetVariable("EXTEN")) == "run"

    outcome = Outcome(running, asterisk, script)
    outcome.result()
    assert outcome.call.done() == ("SUCCESS", "agi,run,3")


def test_hangup_in_a_command(running: Asyncio, asterisk: Asterisk) -> None:
    """A hang-up in the middle of a command."""

    async def script(agi: aio.FastAGI) -> None:
        await agi.execute(core.Answer())
        with pytest.raises(AGIResultHangup):
            await agi.execute(core.StreamFile(PROMPT))
        assert await agi.execute(core.GetVariable("EXTEN")) == "run"

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("STREAM FILE")
    outcome.call.hang_up()
    outcome.result()
    assert outcome.call.done().status == "HANGUP"


def test_hangup_while_the_handler_waits(running: Asyncio, asterisk: Asterisk) -> None:
    """A block that waits elsewhere ends; the clean-up behind it works."""

    async def script(agi: aio.FastAGI) -> object:
        await agi.execute(core.Answer())
        async with agi.until_hangup():
            await agi.execute(core.Verbose("waiting"))
            await asyncio.sleep(60)
        return await agi.execute(core.GetVariable("CHANNEL"))

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("VERBOSE")
    outcome.call.hang_up()
    assert outcome.result() == outcome.call.channel


def test_failing_handler(running: Asyncio, asterisk: Asterisk) -> None:
    """A handler that fails is FAILURE for the dialplan."""

    async def fail(*_: object) -> None:
        raise KeyError

    running.server.register_script_handler(None, fail)
    call = place_call(asterisk, f"agi://127.0.0.1:{running.address[1]}/x")
    assert call.done() == ("FAILURE", "agi,run,3")


def test_many_calls(running: Asyncio, asterisk: Asterisk) -> None:
    """Two hundred live calls at the same time."""
    count = 200
    held: list[aio.FastAGI] = []
    together = asyncio.Event()

    async def handler(agi: aio.FastAGI, *_: object) -> None:
        await agi.execute(core.Answer())
        held.append(agi)
        if len(held) == count:
            together.set()
        await together.wait()
        assert await agi.execute(core.GetVariable("EXTEN")) == "run"

    running.server.register_script_handler(None, handler)
    url = f"agi://127.0.0.1:{running.address[1]}/x"
    calls = [place_call(asterisk, url) for _ in range(count)]
    assert [call.done() for call in calls] == [("SUCCESS", "agi,run,3")] * count
    assert len({agi.environment.channel for agi in held}) == count
