"""What type checkers know of the results: each action's type is what `execute` gives.

Checked by mypy and pyright, never run.
"""

from typing import Any, Literal, assert_type

from pystrix.agi import Action, Command, FastAGI, Response, ValueData, agi_core, core


class Count(Action[int]):
    """An action of one's own."""

    def __init__(self, name: str) -> None:
        super().__init__("GET VARIABLE", name)

    def process_response(self, response: Response) -> int:
        """Give the number."""
        return int(response.items["result"].data)


class OldAction(agi_core._Action):
    """An action as for pystrix 1.x: its result is whatever it says."""


class OldNumber(agi_core._Action):
    """One with a result of its own."""

    def process_response(self, response: Response) -> int:
        """Give the number."""
        return int(response.items["result"].value)


def any_action(action: Action[int] | Action[str]) -> Action[int | str]:
    """Actions are covariant in their results."""
    return action


def own(agi: FastAGI) -> None:
    """Actions of a program."""
    assert_type(agi.execute(Count("x")), int)
    assert_type(agi.execute(any_action(Count("x"))), int | str)
    assert_type(agi.execute(Command("NOOP")), Response)
    assert_type(agi.execute(OldAction("NOOP")), Any)
    # The base says Any, and that is what `execute` sees of an old action.
    assert_type(agi.execute(OldNumber("NOOP")), Any)


def response(agi: FastAGI) -> None:
    """The parts of a reply."""
    reply = agi.execute(core.Noop())
    assert_type(reply, Response)
    assert_type(reply.items, dict[str, ValueData])
    assert_type(reply.items["result"].value, str)
    assert_type(reply.items["result"].data, str)
    assert_type(reply.code, int)
    assert_type(reply.raw, str)


def call(agi: FastAGI) -> None:
    """The call itself."""
    assert_type(agi.execute(core.Answer()), Response)
    assert_type(agi.execute(core.AsyncAGIBreak()), Response)
    assert_type(agi.execute(core.ChannelStatus()), int)
    assert_type(agi.execute(core.Hangup("Local/x")), Response)
    assert_type(agi.execute(core.SetAutohangup(1.5)), Response)
    assert_type(agi.execute(core.SetCallerid(1, "name")), Response)


def database(agi: FastAGI) -> None:
    """The database. Those without a result give None, which mypy does not let one use."""
    assert_type(agi.execute(core.DatabaseGet("f", "k")), str)
    nothing: Action[None] = core.DatabasePut("f", "k", 1)
    nothing = core.DatabaseDel("f", "k")
    nothing = core.DatabaseDeltree("f")
    agi.execute(nothing)


def dialplan(agi: FastAGI) -> None:
    """The dialplan."""
    assert_type(agi.execute(core.Exec("Dial", ("PJSIP/a", 10, None))), str)
    assert_type(agi.execute(core.Gosub("c", "e", "label")), bool)
    assert_type(agi.execute(core.Noop()), Response)
    assert_type(agi.execute(core.SetContext("c")), Response)
    assert_type(agi.execute(core.SetExtension(1)), Response)
    assert_type(agi.execute(core.SetPriority("label")), Response)
    assert_type(agi.execute(core.Verbose("text", core.LOG_WARN)), Response)


def keys(agi: FastAGI) -> None:
    """Asking for keys."""
    assert_type(agi.execute(core.GetData("f")), core.Data)
    digits, timed_out = agi.execute(core.GetData("f"))
    assert_type(digits, str)
    assert_type(timed_out, bool)
    assert_type(agi.execute(core.GetOption("f", {1, "#"})), core.Interruption | None)
    assert_type(agi.execute(core.WaitForDigit()), str | None)


def playback(agi: FastAGI) -> None:
    """Playing."""
    result = agi.execute(core.StreamFile("x", ("1", 2)))
    assert_type(result, core.Interruption | None)
    if result:
        digit, offset = result
        assert_type(digit, str)
        assert_type(offset, int)
    assert_type(agi.execute(core.ControlStreamFile("x", pause=0)), str | None)
    assert_type(agi.execute(core.SetMusic(on=True)), Response)


def record(agi: FastAGI) -> None:
    """Recording."""
    assert_type(agi.execute(core.RecordFile("x", core.FORMAT_GSM)), core.Recording)
    digit, offset, timed_out = agi.execute(core.RecordFile("x"))
    assert_type(digit, str)
    assert_type(offset, int)
    assert_type(timed_out, bool)


def say(agi: FastAGI) -> None:
    """Saying."""
    assert_type(agi.execute(core.SayAlpha("a", case="u")), str | None)
    assert_type(agi.execute(core.SayDate()), str | None)
    assert_type(agi.execute(core.SayDatetime(format="HM")), str | None)
    assert_type(agi.execute(core.SayDigits(12)), str | None)
    assert_type(agi.execute(core.SayNumber(12, gender="f")), str | None)
    assert_type(agi.execute(core.SayPhonetic("a")), str | None)
    assert_type(agi.execute(core.SayTime(0.5)), str | None)


def speech(agi: FastAGI) -> None:
    """Speech recognition."""
    assert_type(agi.execute(core.SpeechCreate()), bool)
    assert_type(agi.execute(core.SpeechDestroy()), bool)
    assert_type(agi.execute(core.SpeechSet("n", 1)), bool)
    assert_type(agi.execute(core.SpeechLoadGrammar("g", "/path")), bool)
    assert_type(agi.execute(core.SpeechUnloadGrammar("g")), bool)
    assert_type(agi.execute(core.SpeechActivateGrammar("g")), bool)
    assert_type(agi.execute(core.SpeechDeactivateGrammar("g")), bool)
    recognition = agi.execute(core.SpeechRecognize("f", 5))
    assert_type(recognition, core.SpeechRecognition)
    assert_type(recognition.outcome, Literal["speech", "digit", "timeout"])
    assert_type(recognition.candidates, tuple[core.SpeechCandidate, ...])


def text(agi: FastAGI) -> None:
    """Text and images."""
    assert_type(agi.execute(core.ReceiveChar()), core.Character | None)
    assert_type(agi.execute(core.ReceiveText()), str)
    assert_type(agi.execute(core.SendImage("x")), Response)
    assert_type(agi.execute(core.SendText("x")), Response)
    assert_type(agi.execute(core.TDDMode(core.TDD_ON)), bool)


def variables(agi: FastAGI) -> None:
    """Variables."""
    assert_type(agi.execute(core.GetVariable("X")), str | None)
    assert_type(agi.execute(core.GetFullVariable("${X}", "Local/x")), str | None)
    assert_type(agi.execute(core.GetExactVariable("X")), str | None)
    assert_type(agi.execute(core.SetVariable("X", 1)), Response)
