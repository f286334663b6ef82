"""AsyncAGI on live calls: on threads, on the stock loop and on uvloop."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGIAppError,
    AGIHangup,
    AGIResultHangup,
    AGISIGPIPEHangup,
    AGITruncatedReplyError,
    core,
)
from tests.agi.peers import TIMEOUT, eventually
from tests.asterisk.asyncagi import KINDS, Outcome
from tests.asterisk.calls import SECONDS, place_call
from tests.asterisk.restarting import RestartingAsterisk
from tests.asterisk.sip import Telephone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.asterisk.server import Asterisk
    from tests.asterisk.telephony import TelephonyAsterisk

PROMPT = "demo-congrats"
GIVEN_BACK = ("SUCCESS", "agi,run,3")
FAILED = ("FAILURE", "agi,run,3")


@pytest.fixture(params=KINDS)
def start(request: pytest.FixtureRequest, asterisk: Asterisk) -> Iterator[Callable[..., Any]]:
    """Give a maker of servers of each kind."""
    running: list[Any] = []

    def make(**options: Any) -> Any:
        running.append(KINDS[request.param](asterisk, **options))
        return running[-1]

    yield make
    for each in running:
        each.stop()


@pytest.fixture
def running(start: Callable[..., Any]) -> Any:
    """Give a server of each kind."""
    return start()


async def demo(agi: Any, _: Any) -> Any:
    """Do what the documented program does."""
    await agi.execute(core.Answer())
    pressed = await agi.execute(core.StreamFile("demo-thanks", escape_digits=("1", "2")))
    await agi.execute(core.Hangup())
    return pressed


# The same as on other transports.


def test_documented_program(running: Any, asterisk: Asterisk) -> None:
    """Both branches: a key cuts the prompt short, or nobody presses one."""
    outcome = Outcome(running, asterisk, demo)
    outcome.call.runs("STREAM FILE")
    outcome.call.press("2")
    digit, offset = outcome.result()
    assert digit == "2"
    assert offset > 0
    assert outcome.call.done() == ("HANGUP", "agi,h,2")
    outcome = Outcome(running, asterisk, demo)
    assert outcome.result() is None
    assert outcome.call.done() == ("HANGUP", "agi,h,2")


def test_request(running: Any, asterisk: Asterisk) -> None:
    """The first argument is the script; all of them come as they stand in the dialplan."""

    async def script(agi: Any, _: Any) -> Any:
        await agi.execute(core.Noop())
        return agi.request, agi.environment

    arguments = ("pay/42?x=1&x=2", "one", "", 'a "b", ü ~!', " blank ")
    outcome = Outcome(running, asterisk, script, *arguments, caller_id='"Zoë" <123>')
    request, environment = outcome.result()
    assert request.path == "pay/42"
    assert request.kwargs == {"x": ["1", "2"]}
    assert request.args == arguments[1:]
    assert environment.channel == outcome.call.channel
    assert environment.unique_id == outcome.call.uniqueid
    assert (environment.caller_id_name, environment.caller_id) == ("Zoë", "123")
    assert outcome.call.done() == GIVEN_BACK


VALUES = [
    "",
    "plain",
    " a  b\t",
    'a "b" \\ c',
    "${EXTEN} $[1+1] (x)",
    "ü € 漢字",
    "\udcff\udce9",
    "%41%0A%",
    "".join(map(chr, [*range(1, 10), 11, 12, *range(14, 32), 127])),
    "v" * 900,
]


def test_values(running: Any, asterisk: Asterisk) -> None:
    """What is stored is what comes back, byte for byte."""

    async def script(agi: Any, _: Any) -> Any:
        found: list[Any] = []
        for value in VALUES:
            await agi.execute(core.SetVariable("V", value))
            found.append(await agi.execute(core.GetVariable("V")))
        return found

    assert Outcome(running, asterisk, script).result() == VALUES


def test_values_with_line_feeds(running: Any, asterisk: Asterisk) -> None:
    """A reply comes in one piece, so that its end is known."""
    value = "a)\n200 result=0\nHANGUP\n\n(b) "

    async def script(agi: Any, _: Any) -> Any:
        await agi.execute(core.SetVariable("AGIEXECFULL", 1))
        encoded = "YSkKMjAwIHJlc3VsdD0wCkhBTkdVUAoKKGIpIA=="
        await agi.execute(core.Exec("Set", f"V=${{BASE64_DECODE({encoded})}}"))
        return [
            await agi.execute(action)
            for action in (
                core.GetVariable("V"),
                core.GetFullVariable("${V}"),
                core.GetExactVariable("V"),
                core.GetVariable("EXTEN"),
            )
        ]

    outcome = Outcome(running, asterisk, script)
    assert outcome.result() == [value, value, value, "run"]
    outcome.call.gone()  # the list of channels would show the value


@pytest.mark.parametrize("text", ["v", "ü", "%"])
def test_long_values(running: Any, asterisk: Asterisk, text: str) -> None:
    """They come whole or not at all, of any length, and the session is in step."""

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.SetVariable("AGIEXECFULL", 1))
        await agi.execute(core.SetVariable("V", text * 160))
        for doubled in range(8):
            whole = text * 160 * 2**doubled
            for action in (core.GetFullVariable("${V}"), core.GetExactVariable("V")):
                try:
                    assert await agi.execute(action) == whole
                except AGITruncatedReplyError:
                    assert text != "v"
                    assert isinstance(action, core.GetFullVariable)
                    assert len(whole.encode()) > 600
                assert await agi.execute(core.GetVariable("EXTEN")) == "run"
            await agi.execute(core.Exec("Set", "V=${V}${V}"))

    Outcome(running, asterisk, script, far="talk").result()


def test_long_arguments(running: Any, asterisk: Asterisk) -> None:
    """An environment over 1 KiB is there before the handler is."""

    async def script(agi: Any, _: Any) -> Any:
        await agi.execute(core.Noop())
        return agi.request.args

    arguments = ["y" * 700, "z" * 700, "end"]
    outcome = Outcome(running, asterisk, script, "x", *arguments)
    assert outcome.result() == tuple(arguments)
    assert outcome.call.done() == GIVEN_BACK


def test_arguments_that_are_lost(running: Any, asterisk: Asterisk) -> None:
    """A call whose environment Asterisk cuts is not served: a failure for the dialplan."""
    served: list[Any] = []

    async def script(agi: Any, _: Any) -> None:
        served.append(agi)

    outcome = Outcome(running, asterisk, script, "x", "ü" * 300, "ü" * 300, "ü" * 300)
    assert outcome.call.done() == FAILED
    assert served == []


# Failures.


def test_commands_that_fail(running: Any, asterisk: Asterisk) -> None:
    """Those whose -1 does not end AsyncAGI are failures, and the session goes on."""

    async def script(agi: Any, _: Any) -> Any:
        for action in (core.Exec("NoSuchApp"), core.GetData("nosuchfile", 100)):
            with pytest.raises(AGIAppError):
                await agi.execute(action)
        assert await agi.execute(core.Exec("Return")) == "-1"
        assert not agi.hung_up
        return await agi.execute(core.GetVariable("EXTEN"))

    outcome = Outcome(running, asterisk, script)
    assert outcome.result() == "run"
    assert outcome.call.done() == GIVEN_BACK


@pytest.mark.parametrize(
    "action",
    [
        core.StreamFile("nosuchfile"),
        core.ControlStreamFile("nosuchfile"),
        core.GetOption("nosuchfile", "1", 100),
        core.RecordFile("/nosuchfolder/x", timeout=100),
        core.Gosub("nosuchcontext", "s"),
    ],
    ids=str,
)
def test_commands_that_end_asyncagi(running: Any, asterisk: Asterisk, action: Any) -> None:
    """They raise what they raise everywhere; the next one says why there is no session."""

    async def script(agi: Any, _: Any) -> None:
        with pytest.raises(AGIAppError):
            await agi.execute(action)
        with pytest.raises(AGISIGPIPEHangup, match="has ended AsyncAGI"):
            await agi.execute(core.Noop())
        assert agi.hung_up

    outcome = Outcome(running, asterisk, script)
    outcome.result()
    assert outcome.call.done() == FAILED


def test_failing_handler(running: Any, asterisk: Asterisk) -> None:
    """A handler that fails is FAILURE for the dialplan."""

    async def fail(agi: Any, _: Any) -> None:
        await agi.execute(core.Noop())
        raise KeyError

    running.serve(None, fail)
    assert place_call(asterisk, "agi:async").done() == FAILED


# Hang-ups.


def test_hangup_in_a_command(running: Any, asterisk: Asterisk) -> None:
    """It is told from a failure, and it is the end: there is no dead channel to work on."""

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.Answer())
        with pytest.raises(AGIResultHangup):
            await agi.execute(core.StreamFile(PROMPT))
        assert agi.hung_up
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.GetVariable("EXTEN"))

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("STREAM FILE")
    outcome.call.hang_up()
    outcome.result()
    assert outcome.call.done() == ("HANGUP", "agi,h,2")


def test_hangup_while_the_handler_waits(running: Any, asterisk: Asterisk) -> None:
    """Its callback is called at once."""

    async def script(agi: Any, until: Any) -> None:
        called: list[float] = []
        agi.on_hangup(lambda: called.append(time.monotonic()))
        await agi.execute(core.Verbose("waiting"))
        await until(lambda: called)
        assert agi.hung_up

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("VERBOSE")
    outcome.call.hang_up()
    outcome.result()
    assert outcome.call.done().status == "HANGUP"


def test_redirect(running: Any, asterisk: Asterisk) -> None:
    """A takeover by the dialplan looks like a hang-up; the call goes on elsewhere."""

    async def script(agi: Any, _: Any) -> None:
        with pytest.raises(AGIHangup):
            await agi.execute(core.StreamFile(PROMPT))

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("STREAM FILE")
    outcome.call.redirect("elsewhere", "run")
    outcome.result()
    assert outcome.call.done().place == "elsewhere,run,1"


def test_call_that_is_taken_into_a_bridge(running: Any, asterisk: Asterisk) -> None:
    """Asterisk says nothing of AsyncAGI then, and the command never has a result."""

    async def script(agi: Any, _: Any) -> Any:
        with pytest.raises(AGISIGPIPEHangup) as caught:
            await agi.execute(core.WaitForDigit())
        return str(caught.value)

    outcome = Outcome(running, asterisk, script)
    outcome.call.runs("WAIT FOR DIGIT")
    other = place_call(asterisk, "agi:async,nobody")
    other.wait_event("AsyncAGIStart")
    asterisk.ami.action("Bridge", Channel1=outcome.call.channel, Channel2=other.channel)
    assert "into a bridge" in outcome.result()


@pytest.mark.parametrize("meanwhile", ["nothing", "a command", "commands"])
@pytest.mark.parametrize("kind", KINDS)
def test_call_that_is_replaced(telephony: TelephonyAsterisk, kind: str, meanwhile: str) -> None:
    """A telephone that takes the place of another goes on in the same session."""
    telephony.command("dialplan add extension asyncagi,1,AGI,agi:async into far replace")
    replaced = threading.Event()
    ready = threading.Event()
    names: list[str] = []
    ended = threading.Event()

    async def script(agi: Any, until: Any) -> None:
        await agi.execute(core.Answer())
        names.append(await agi.execute(core.GetVariable("CHANNEL")))
        ready.set()
        if meanwhile == "a command":
            await agi.execute(core.WaitForDigit(2000))
        while meanwhile == "commands" and not replaced.is_set():
            await agi.execute(core.Noop())
        await until(replaced.is_set)
        assert not agi.hung_up
        names.append(await agi.execute(core.GetVariable("CHANNEL")))
        ended.set()

    running = KINDS[kind](telephony)
    try:
        running.serve(None, script)
        with Telephone(telephony.sip_port) as first, Telephone(telephony.sip_port) as second:
            dialog = first.call("asyncagi")
            assert ready.wait(SECONDS)
            second.call("asyncagi", dialog)
            telephony.ami.wait_event(
                lambda event: event.get("Event") == "Hangup" and event.get("Channel") == names[0]
            )
            replaced.set()
            assert ended.wait(SECONDS)
    finally:
        running.stop()
    assert len(set(names)) == 2


def test_dial(running: Any, asterisk: Asterisk) -> None:
    """A bridge that a command leads to is none of these."""

    async def script(agi: Any, _: Any) -> Any:
        dialled = await agi.execute(core.Exec("Dial", ("Local/brief@far", 5, "g")))
        return dialled, await agi.execute(core.GetVariable("DIALSTATUS"))

    outcome = Outcome(running, asterisk, script)
    assert outcome.result() == ("0", "ANSWER")
    assert outcome.call.done() == GIVEN_BACK


def test_dead_channel(running: Any, asterisk: Asterisk) -> None:
    """AsyncAGI ends at once on a channel that was hung up."""

    async def script(agi: Any, _: Any) -> None:
        with pytest.raises(AGIHangup):
            await agi.execute(core.Noop())

    outcome = Outcome(running, asterisk, script, extension="dead")
    outcome.call.wait_event("AsyncAGIEnd")
    eventually(lambda: not running.server._desk._lines)


# Cancelling.


STOPPED = [
    core.StreamFile(PROMPT),
    core.GetData(PROMPT),
    core.WaitForDigit(),
    core.GetOption(PROMPT, "12", 9000),
    core.ControlStreamFile(PROMPT),
]


@pytest.mark.parametrize("seconds", [0.02, 0.4])
def test_cancelled_commands(running: Any, asterisk: Asterisk, seconds: float) -> None:
    """A time limit stops them there and then; nothing of that reaches the next command."""

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.Answer())
        for action in STOPPED:
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                await agi.execute(action, timeout=seconds)
            assert time.monotonic() - began < seconds + 2
            assert await agi.execute(core.WaitForDigit(200)) is None
            assert await agi.execute(core.GetVariable("EXTEN")) == "run"

    outcome = Outcome(running, asterisk, script, far="talk")
    outcome.result()
    assert outcome.call.done() == GIVEN_BACK


def test_command_that_cannot_be_cancelled(running: Any, asterisk: Asterisk) -> None:
    """The session is left; the call is given back when the command has ended."""

    async def script(agi: Any, _: Any) -> None:
        with pytest.raises(TimeoutError):
            await agi.execute(core.Exec("Wait", 1), timeout=0.3)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    outcome = Outcome(running, asterisk, script)
    outcome.result()
    assert outcome.call.done() == GIVEN_BACK


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_value_that_the_pipe_cannot_hold(
    kind: str, live_asterisk: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk waits for itself; a time limit ends the session, and Bridge frees the caller."""
    monkeypatch.setattr("pystrix.agi._asyncagi_protocol.PATIENCE_SECONDS", 1.0)

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.SetVariable("AGIEXECFULL", 1))
        await agi.execute(core.SetVariable("V", "v" * 512))
        for _ in range(7):
            await agi.execute(core.Exec("Set", "V=${V}${V}"))
        assert await agi.execute(core.GetFullVariable("${LEN(${V})}")) == "65536"
        with pytest.raises(TimeoutError):
            await agi.execute(core.GetFullVariable("${V}"), timeout=1)
        with pytest.raises(AGISIGPIPEHangup):
            await agi.execute(core.Noop())

    with RestartingAsterisk(live_asterisk._installation) as asterisk:
        running = KINDS[kind](asterisk)
        try:
            outcome = Outcome(running, asterisk, script, far="talk")
            outcome.result()
            running.close()  # the other call is nobody's
            channel = outcome.call.channel
            other = place_call(asterisk, "agi:async,nobody")
            other.wait_event("AsyncAGIStart")
            asterisk.ami.action("Bridge", Channel1=channel, Channel2=other.channel)
            asterisk.ami.action("Hangup", Channel=channel)
            outcome.call.gone()
        finally:
            running.stop()
            asterisk.kill()


# Servers.


def test_two_servers(start: Callable[..., Any], asterisk: Asterisk) -> None:
    """Each call is served by the one that accepts it, and once."""
    served: list[str] = []
    for name in ("one", "two"):
        server = start(accept=lambda environment, name=name: environment.arguments == (name,))

        async def script(agi: Any, _: Any, name: str = name) -> None:
            await agi.execute(core.Noop())
            served.append(name + agi.request.args[0])

        server.serve(None, script)
    calls = [place_call(asterisk, f"agi:async,x,{name}") for name in ("one", "two") * 5]
    assert [call.done() for call in calls] == [GIVEN_BACK] * 10
    assert sorted(served) == ["oneone"] * 5 + ["twotwo"] * 5


def test_call_that_nobody_takes(running: Any, asterisk: Asterisk) -> None:
    """It is left alone, until a server takes the next AsyncAGI of the channel."""

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.Noop())

    running.serve("known", script)
    call = place_call(asterisk, "agi:async,unknown")
    call.wait_event("AsyncAGIStart")
    assert place_call(asterisk, "agi:async,known").done() == GIVEN_BACK
    with pytest.raises(TimeoutError):
        call.wait_event("AsyncAGIEnd", 0.3)


def test_close(running: Any, asterisk: Asterisk) -> None:
    """The calls that run are given back to the dialplan."""

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.Exec("Wait", 1))
        await agi.execute(core.StreamFile(PROMPT))

    running.serve(None, script)
    calls = [place_call(asterisk, "agi:async") for _ in range(3)]
    for call in calls:
        call.runs("EXEC")
    running.close()
    assert [call.done() for call in calls] == [GIVEN_BACK] * 3


def test_connection_lost(running: Any, asterisk: Asterisk) -> None:
    """Sessions are told at once; their calls fail when there is a new connection."""
    seen: list[str] = []

    async def script(agi: Any, _: Any) -> None:
        try:
            await agi.execute(core.StreamFile(PROMPT))
        except AGISIGPIPEHangup as hangup:
            seen.append(str(hangup))
            raise

    async def short(agi: Any, _: Any) -> None:
        await agi.execute(core.Noop())

    running.serve("long", script)
    running.serve("short", short)
    calls = [place_call(asterisk, "agi:async,long") for _ in range(3)]
    for call in calls:
        call.runs("STREAM FILE")
    running.cut()
    eventually(lambda: len(seen) == 3)
    assert all("was lost" in text for text in seen)
    eventually(running.manager.is_connected)
    assert place_call(asterisk, "agi:async,short").done() == GIVEN_BACK
    for call in calls:  # the prompt is not stopped by that: it has to end first
        asterisk.ami.action("ControlPlayback", Channel=call.channel, Control="stop")
    assert [call.done() for call in calls] == [FAILED] * 3


def test_many_calls(running: Any, asterisk: Asterisk) -> None:
    """Two hundred live calls at the same time."""
    count = 200
    held: list[Any] = []
    all_there = threading.Event()

    async def script(agi: Any, _: Any) -> None:
        await agi.execute(core.Answer())
        held.append(agi)
        if len(held) == count:
            all_there.set()
        if hasattr(agi, "_agi"):  # on a thread
            assert all_there.wait(TIMEOUT)
        else:
            assert await asyncio.to_thread(all_there.wait, TIMEOUT)
        assert await agi.execute(core.GetVariable("EXTEN")) == "run"

    running.serve(None, script)
    calls = [place_call(asterisk, "agi:async") for _ in range(count)]
    assert [call.done() for call in calls] == [GIVEN_BACK] * count
    assert len({agi.environment.channel for agi in held}) == count
