"""Hang-ups at each point of a live call, and how each way of ending shows in the dialplan."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from pystrix.agi import (
    AGIDeadChannelError,
    AGIHangup,
    AGIResultHangup,
    AGISIGPIPEHangup,
    Dialogue,
    FastAGI,
    FastAGIServer,
    core,
)
from tests.asterisk.calls import SECONDS, Call, place_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.asterisk.conftest import Caller
    from tests.asterisk.server import Asterisk

PROMPT = "demo-congrats"


def commands(folder: str) -> list[tuple[str, Any]]:
    """Give the commands that take their time."""
    recording = core.RecordFile(f"{folder}/hangup", "gsm", "#", 9000, beep=False)
    return [
        ("STREAM FILE", core.StreamFile(PROMPT, "#")),
        ("CONTROL STREAM FILE", core.ControlStreamFile(PROMPT, "#")),
        ("WAIT FOR DIGIT", core.WaitForDigit()),
        ("GET DATA", core.GetData(PROMPT, 9000)),
        ("GET DATA", core.GetData("", 9000)),
        ("GET OPTION", core.GetOption(PROMPT, "1")),
        ("RECORD FILE", recording),
        ("SAY DIGITS", core.SayDigits("1234567890")),
        ("SAY NUMBER", core.SayNumber(123456)),
        ("SAY ALPHA", core.SayAlpha("abcdefgh")),
        ("SAY PHONETIC", core.SayPhonetic("abcdefgh")),
        ("SAY DATE", core.SayDate(0)),
        ("SAY TIME", core.SayTime(0)),
        ("SAY DATETIME", core.SayDatetime(0)),
        ("RECEIVE TEXT", core.ReceiveText(9000)),
        ("RECEIVE CHAR", core.ReceiveChar(9000)),
        ("EXEC", core.Exec("Wait", 9)),
        ("EXEC", core.Exec("Playback", PROMPT)),
        ("EXEC", core.Exec("Dial", "Local/silent@far")),
        ("EXEC", core.Exec("Dial", "Local/ring@far")),
    ]


@pytest.mark.parametrize("sighup", ["yes", "no"])
@pytest.mark.parametrize("number", range(len(commands(""))))
def test_in_a_command(caller: Caller, asterisk: Asterisk, number: int, sighup: str) -> None:
    """A hang-up in the middle of a command is AGIResultHangup, told by HANGUP or not."""
    name, action = commands(asterisk.inside)[number]

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        with call.during(name, call.hang_up), pytest.raises(AGIResultHangup):
            agi.execute(action)
        assert agi.hung_up
        with pytest.raises(AGIDeadChannelError) as caught:
            agi.execute(core.StreamFile(PROMPT))
        assert isinstance(caught.value, AGIHangup)
        assert agi.execute(core.GetVariable("EXTEN")) == "run"
        assert agi.execute(core.Exec("NoOp")) == "0"

    _, done = caller.run(script, variables={"AGISIGHUP": sighup})
    assert done == ("HANGUP", "agi,h,2")


def test_in_a_subroutine(caller: Caller) -> None:
    """A hang-up during GOSUB ends the subroutine; the next command tells."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        with call.during("GOSUB", call.hang_up):
            assert agi.execute(core.Gosub("subs", "wait")) is False
        with pytest.raises(AGIDeadChannelError):
            agi.execute(core.Answer())

    caller.run(script)


EXITING = [{"AGIEXITONHANGUP": "yes"}, {"AGIEXITONHANGUP": "yes", "AGISIGHUP": "no"}]


@pytest.mark.parametrize("variables", EXITING)
@pytest.mark.parametrize(
    ("name", "action"),
    [("STREAM FILE", core.StreamFile(PROMPT)), ("EXEC", core.Exec("Wait", 9))],
)
def test_exit_on_hangup(
    caller: Caller,
    name: str,
    action: Any,
    variables: Mapping[str, str],
) -> None:
    """With AGIEXITONHANGUP the same hang-up is raised; then the connection is gone."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        with call.during(name, call.hang_up), pytest.raises(AGIResultHangup):
            agi.execute(action)
        gone = None
        while gone is None:  # until Asterisk has closed
            try:
                agi.execute(core.Noop())
            except AGISIGPIPEHangup as hangup:
                gone = hangup

    caller.run(script, variables=variables)


def test_while_the_handler_is_busy(caller: Caller) -> None:
    """A handler that waits elsewhere is told by its callback at once, in another thread."""

    def script(agi: FastAGI, call: Call) -> None:
        told = threading.Event()
        threads: list[threading.Thread] = []

        @agi.on_hangup
        def hang_up() -> None:
            threads.append(threading.current_thread())
            told.set()

        agi.execute(core.Answer())
        assert not agi.hung_up
        call.hang_up()
        assert told.wait(SECONDS)
        assert agi.hung_up
        assert threads
        assert threads[0] is not threading.current_thread()
        assert agi.execute(core.GetVariable("CHANNEL")) == call.channel
        assert len(threads) == 1

    caller.run(script)


def test_asked_for(caller: Caller, asterisk: Asterisk) -> None:
    """`hung_up` tells a hang-up between commands, without a command."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        assert not agi.hung_up
        call.hang_up()
        channel = call.channel
        asterisk.ami.wait_event(
            lambda event: event.get("Event") == "HangupRequest" and event.get("Channel") == channel
        )
        # The line is on its way: waiting for it needs no more than asking.
        deadline = threading.Event()
        while not agi.hung_up:
            assert not deadline.wait(0.01)
        with pytest.raises(AGIDeadChannelError):
            agi.execute(core.ChannelStatus())

    caller.run(script)


def test_redirect(caller: Caller) -> None:
    """A dialplan takeover looks like a hang-up; the call goes on elsewhere when the AGI ends."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        with (
            call.during("WAIT FOR DIGIT", lambda: call.redirect("elsewhere", "target")),
            pytest.raises(AGIResultHangup),
        ):
            agi.execute(core.WaitForDigit())

    assert caller.run(script)[1].place == "elsewhere,target,1"


def test_dead_channel(caller: Caller) -> None:
    """An AGI from the h extension: what needs a living channel is refused, the rest works."""

    def script(agi: FastAGI, _: Call) -> None:
        assert agi.environment.extension == "h"
        with pytest.raises(AGIDeadChannelError):
            agi.execute(core.Answer())
        assert agi.hung_up
        agi.execute(core.SetVariable("X", "1"))
        assert agi.execute(core.GetVariable("X")) == "1"
        agi.execute(core.DatabasePut("dead", "k", "v"))
        agi.execute(core.DatabaseDeltree("dead"))
        assert agi.execute(core.Exec("NoOp")) == "0"
        assert agi.execute(core.Exec("Dial", "Local/silent@far")) == "-1"
        assert agi.execute(core.SpeechDestroy()) is False
        agi.execute(core.AsyncAGIBreak())

    _, done = caller.run(script, extension="dead")
    assert done.status == "SUCCESS"


def test_failing_handler(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """A handler that fails is FAILURE for the dialplan, and a traceback in the log."""

    def handler(agi: FastAGI, *_: object) -> None:
        agi.execute(core.Answer())
        raise KeyError("of the handler")

    caller.server.register_script_handler(None, handler)
    call = caller.call("x")
    assert call.done() == ("FAILURE", "agi,run,3")
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert call.channel in record.getMessage()


def test_failing_handler_after_a_hangup(caller: Caller) -> None:
    """FAILURE stands instead of HANGUP, with the HANGUP line unread."""

    def handler(agi: FastAGI, *_: object) -> None:
        agi.execute(core.Answer())
        agi.execute(core.Hangup())
        raise KeyError

    caller.server.register_script_handler(None, handler)
    assert caller.call("x").done() == ("FAILURE", "agi,h,2")


STOPPED = [
    core.StreamFile(PROMPT, "#"),
    core.GetData(PROMPT, 9000),
    core.GetOption(PROMPT, "1"),
    core.WaitForDigit(),
]


@pytest.mark.parametrize("action", STOPPED, ids=str)
def test_time_is_up(caller: Caller, action: Any) -> None:
    """What Asterisk can stop is stopped there and then; the session is in step."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        for _attempt in range(3):
            with pytest.raises(TimeoutError):
                agi.execute(action, timeout=0.3)
            assert agi.execute(core.GetVariable("EXTEN")) == "run"
        assert agi.execute(core.ChannelStatus()) == core.CHANNEL_UP

    assert caller.run(script)[1] == ("SUCCESS", "agi,run,3")


def test_time_is_up_at_the_end_of_a_prompt(caller: Caller) -> None:
    """A prompt that ends at the very moment when its time is up leaves the session in step."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        for attempt in range(12):  # the beep takes 0.44 s
            with contextlib.suppress(TimeoutError):
                agi.execute(core.StreamFile("beep"), timeout=0.435 + attempt / 1000)
            assert agi.execute(core.GetVariable("EXTEN")) == "run"

    caller.run(script)


def test_dialogue(caller: Caller) -> None:
    """A dialogue runs like a command."""

    def ask(call: Call) -> Dialogue[str]:
        yield core.Answer()
        with call.during("GET DATA", lambda: call.press("42#")):
            digits, _ = yield core.GetData(PROMPT)
        yield core.SetVariable("DIGITS", digits)
        return cast("str", digits)

    def script(agi: FastAGI, call: Call) -> None:
        assert agi.execute(ask(call)) == "42"
        assert agi.execute(core.GetVariable("DIGITS")) == "42"

    caller.run(script)


def test_refused(asterisk: Asterisk) -> None:
    """A call beyond the limit is FAILURE for the dialplan, at once; the others go on."""
    with FastAGIServer(port=0, daemon_threads=False, max_calls=1) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        busy, may_end = threading.Event(), threading.Event()

        def handler(*_: object) -> None:
            busy.set()
            assert may_end.wait(SECONDS)

        server.register_script_handler(None, handler)
        url = f"agi://127.0.0.1:{server.server_address[1]}/x"
        first = place_call(asterisk, url)
        assert busy.wait(SECONDS)
        assert place_call(asterisk, url).done() == ("FAILURE", "agi,run,3")
        may_end.set()
        assert first.done().status == "SUCCESS"
        server.shutdown()
        serving.join()


def test_no_handler(caller: Caller) -> None:
    """A script that nobody serves goes back to the dialplan."""
    assert caller.call("x").done().status == "SUCCESS"


def test_environment(caller: Caller) -> None:
    """The environment of a live call, typed."""

    def script(agi: FastAGI, call: Call) -> None:
        environment = agi.environment
        assert environment.channel == call.channel
        assert environment.caller_id == "4930"
        assert environment.caller_id_name == "Zoë Q"
        assert environment.rdnis is None
        assert (environment.context, environment.extension, environment.priority) == (
            "agi",
            "run",
            2,
        )
        assert environment.enhanced is False
        assert environment.channel_type == "Local"
        assert environment.ignored == ()

    caller.run(script, caller_id='"Zoë Q" <4930>')


def test_arguments_and_query(caller: Caller) -> None:
    """Arguments and query of the dialplan reach the handler."""
    seen: list[Any] = []

    def handler(_: FastAGI, args: Any, kwargs: Any, match: Any, path: str) -> None:
        seen.append((args, kwargs, match.groups(), path))

    caller.server.register_script_handler(r"pay/(\d+)", handler)
    caller.call("pay/42?x=1&x=2&y=%20z&blank=", arguments=',one,,"th,ree",').done()
    assert seen == [(("one", "", "th,ree", ""), {"x": ["1", "2"], "y": [" z"]}, ("42",), "pay/42")]
