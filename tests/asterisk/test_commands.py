"""Every AGI command on a live call, in each of its outcomes that can be provoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGIAppError,
    AGIDBError,
    AGIDeadChannelError,
    AGIInvalidCommandError,
    AGIUsageError,
    Command,
    core,
)

if TYPE_CHECKING:
    from pystrix.agi import FastAGI
    from tests.asterisk.calls import Call
    from tests.asterisk.conftest import Caller
    from tests.asterisk.server import Asterisk

PROMPT = "demo-congrats"  # half a minute long
BEEP = "beep"  # 3,520 samples
NO_FILE = "no-such-file"


def press(agi: FastAGI, call: Call, action: Any, digits: str) -> Any:
    """Execute an action during which the caller presses keys."""
    with call.during(action.command.partition('"')[0].strip(), lambda: call.press(digits)):
        return agi.execute(action)


def test_answer_status_noop(caller: Caller) -> None:
    """ANSWER, CHANNEL STATUS, NOOP, VERBOSE, ASYNCAGI BREAK."""

    def script(agi: FastAGI, call: Call) -> None:
        for action in (core.Answer(), core.Noop(), core.AsyncAGIBreak()):
            assert agi.execute(action).items["result"].value == "0"
        assert agi.execute(core.Verbose("hello world", 1)).items["result"].value == "1"
        assert agi.execute(core.ChannelStatus()) == core.CHANNEL_UP
        assert agi.execute(core.ChannelStatus(call.far_channel)) == core.CHANNEL_UP
        assert agi.execute(core.ChannelStatus("no-such-channel")) == -1

    assert caller.run(script)[1] == ("SUCCESS", "agi,run,3")


def test_hangup(caller: Caller) -> None:
    """HANGUP of a channel that is not there, and of the own one."""

    def script(agi: FastAGI, call: Call) -> None:
        with pytest.raises(AGIAppError):
            agi.execute(core.Hangup("no-such-channel"))
        assert not agi.hung_up
        agi.execute(core.Hangup())
        with pytest.raises(AGIDeadChannelError):
            agi.execute(core.ChannelStatus())
        assert agi.hung_up
        assert agi.execute(core.GetVariable("CHANNEL")) == call.channel

    assert caller.run(script)[1] == ("HANGUP", "agi,h,2")


def test_stream_file(caller: Caller) -> None:
    """STREAM FILE: played out, cut short, begun later, no file."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.StreamFile(BEEP, escape_digits=("1", 2))) is None
        digit, offset = press(agi, call, core.StreamFile(PROMPT, "0123456789*#ABCD"), "C")
        assert digit == "C"
        assert 0 < offset < 240_000
        digit, later = press(agi, call, core.StreamFile(PROMPT, "1", sample_offset=80_000), "1")
        assert digit == "1"
        assert later > 80_000
        with pytest.raises(AGIAppError, match=NO_FILE):
            agi.execute(core.StreamFile(NO_FILE))
        assert not agi.hung_up

    assert caller.run(script)[1].status == "FAILURE"  # a missing file counts, with the call alive


def test_control_stream_file(caller: Caller) -> None:
    """CONTROL STREAM FILE: played out, stopped, skipped, begun later, no file."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.ControlStreamFile(BEEP)) is None
        assert press(agi, call, core.ControlStreamFile(PROMPT, "5"), "5") == "5"
        later = core.ControlStreamFile(PROMPT, "5", sample_offset=80_000)
        assert press(agi, call, later, "5") == "5"
        assert int(agi.execute(core.GetVariable("CPLAYBACKOFFSET")) or 0) > 10_000
        skipping = core.ControlStreamFile(PROMPT, "5", forward="1", rewind="2", skip=9_000)
        assert press(agi, call, skipping, "15") == "5"
        assert int(agi.execute(core.GetVariable("CPLAYBACKOFFSET")) or 0) > 8_000
        with pytest.raises(AGIAppError):
            agi.execute(core.ControlStreamFile(NO_FILE))

    caller.run(script)


def test_get_data(caller: Caller) -> None:
    """GET DATA: enough keys, ended by #, timed out, no key, no file."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        assert press(agi, call, core.GetData(PROMPT, 5000, 3), "012") == ("012", False)
        assert press(agi, call, core.GetData(PROMPT, 5000), "1*D#") == ("1*D", False)
        assert press(agi, call, core.GetData(PROMPT, 5000), "#") == ("", False)
        assert press(agi, call, core.GetData("", 700), "42") == ("42", True)
        assert agi.execute(core.GetData(BEEP, 100)) == ("", True)
        with pytest.raises(AGIAppError, match=NO_FILE):
            agi.execute(core.GetData(NO_FILE))

    assert caller.run(script)[1].status == "SUCCESS"


def test_get_option(caller: Caller) -> None:
    """GET OPTION: a key during the file, after it, another key, no key, no file."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        digit, offset = press(agi, call, core.GetOption(PROMPT, "12"), "2")
        assert digit == "2"
        assert 0 < offset < 240_000
        assert agi.execute(core.GetOption(BEEP, "12", 100)) is None
        with pytest.raises(AGIAppError):
            agi.execute(core.GetOption(NO_FILE, "1"))

    caller.run(script)


def test_wait_for_digit(caller: Caller) -> None:
    """WAIT FOR DIGIT: each key, and none in time."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        for digit in "09*#AD":
            assert press(agi, call, core.WaitForDigit(), digit) == digit
        assert agi.execute(core.WaitForDigit(100)) is None
        assert agi.execute(core.WaitForDigit(0)) is None

    caller.run(script)


def test_receive(caller: Caller) -> None:
    """RECEIVE TEXT and RECEIVE CHAR: a text, and none in time."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        with call.during("RECEIVE TEXT", lambda: call.send_text("hello (there)")):
            assert agi.execute(core.ReceiveText(10_000)) == "hello (there)"
        with call.during("RECEIVE CHAR", lambda: call.send_text("hello")):
            assert agi.execute(core.ReceiveChar(10_000)) == ("h", False)
        with pytest.raises(AGIAppError):
            agi.execute(core.ReceiveText(100))
        with pytest.raises(AGIAppError):
            agi.execute(core.ReceiveChar(100))
        assert not agi.hung_up

    caller.run(script)


def test_send(caller: Caller) -> None:
    """SEND TEXT, SEND IMAGE, TDD MODE, SET MUSIC on a channel that shows nothing."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.SendText("hello world")).items["result"].value == "0"
        assert agi.execute(core.SendImage("x")).items["result"].value == "0"
        for mode in (core.TDD_ON, core.TDD_MATE, core.TDD_OFF):
            assert agi.execute(core.TDDMode(mode)) is False
        for action in (core.SetMusic(True), core.SetMusic(True, "default"), core.SetMusic(False)):
            assert agi.execute(action).items["result"].value == "0"

    caller.run(script)


def test_record_file(caller: Caller, asterisk: Asterisk) -> None:
    """RECORD FILE: the time, a key, a key in the beep, a path that cannot be written."""
    path = f"{asterisk.inside}/recording"

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        digit, offset, timed_out = agi.execute(
            core.RecordFile(path, core.FORMAT_WAV, "#", 1000, beep=False)
        )
        assert (digit, timed_out) == ("", True)
        assert offset > 0
        recording = core.RecordFile(path, core.FORMAT_WAV, "#5", 9000, offset, beep=False)
        digit, end, timed_out = press(agi, call, recording, "5")
        assert (digit, timed_out) == ("5", False)
        assert end > 0
        with pytest.raises(AGIAppError, match="randomerror"):
            press(agi, call, core.RecordFile(path, core.FORMAT_GSM, "5", 9000), "5")
        with pytest.raises(AGIAppError, match="writefile"):
            agi.execute(core.RecordFile("/no/such/folder/x", core.FORMAT_GSM, "#", 500, beep=False))
        assert not agi.hung_up

    caller.run(script, far="talk")
    assert (asterisk.folder / "recording.wav").exists()


def test_record_file_until_silence(caller: Caller, asterisk: Asterisk) -> None:
    """RECORD FILE ended by silence: its number is what was left of the time, not a key."""

    def script(agi: FastAGI, _: Call) -> Any:
        agi.execute(core.Answer())
        path = f"{asterisk.inside}/silence"
        return agi.execute(core.RecordFile(path, "wav", "#", 8000, beep=False, silence=1))

    (digit, offset, timed_out), _ = caller.run(script, far="quiet")
    assert (digit, timed_out) == ("", True)
    assert 0 < offset < 8 * 8000


SAYS = [
    core.SayAlpha("abcdefghij", "5"),
    core.SayDigits("1234567890", [5]),
    core.SayNumber(123456, "5"),
    core.SayPhonetic("abcdefghij", "5"),
    core.SayDate(0, "5"),
    core.SayTime(0, "5"),
    core.SayDatetime(0, "5"),
    core.SayDatetime(0, "5", timezone="Europe/Berlin"),
]


@pytest.mark.parametrize("action", SAYS, ids=lambda action: type(action).__name__)
def test_say_cut_short(caller: Caller, action: Any) -> None:
    """SAY ...: a key cuts it short."""

    def script(agi: FastAGI, call: Call) -> Any:
        agi.execute(core.Answer())
        return press(agi, call, action, "5")

    assert caller.run(script)[0] == "5"


def test_say_to_the_end(caller: Caller) -> None:
    """SAY ...: to the end, with its options; what is no number is a usage error."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        for action in (
            core.SayAlpha("B", case="u"),
            core.SayAlpha(""),
            core.SayDigits(1),
            core.SayNumber(1, gender="f"),
            core.SayDatetime(0, "", "Y", "UTC"),
        ):
            assert agi.execute(action) is None
        for wrong in (
            core.SayDigits("abc"),
            core.SayNumber("abc"),
            core.SayAlpha("a", case="x"),
        ):
            with pytest.raises(AGIUsageError, match="Proper usage follows"):
                agi.execute(wrong)

    caller.run(script)


def test_variables(caller: Caller) -> None:
    """SET VARIABLE, GET VARIABLE, GET FULL VARIABLE: set, empty, not set, functions, long ones."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.SetVariable("V", "a (b) c) ${EXTEN}"))
        assert agi.execute(core.GetVariable("V")) == "a (b) c) ${EXTEN}"
        agi.execute(core.SetVariable("EMPTY", ""))
        assert agi.execute(core.GetVariable("EMPTY")) == ""
        assert agi.execute(core.GetVariable("NOT_SET")) is None
        assert agi.execute(core.GetVariable("CHANNEL(state)")) == "Up"
        agi.execute(core.SetVariable("CALLERID(name)", 'Zoë "Q" O\'Brien'))
        assert agi.execute(core.GetVariable("CALLERID(name)")) == 'Zoë "Q" O\'Brien'
        assert agi.execute(core.GetFullVariable("${EXTEN}@${CONTEXT}")) == "run@agi"
        assert agi.execute(core.GetFullVariable("${NOT_SET}")) == ""
        assert agi.execute(core.GetFullVariable("plain")) == "plain"
        far = call.far_channel
        assert agi.execute(core.GetFullVariable("${CHANNEL(name)}", far)) == far
        assert agi.execute(core.GetFullVariable("${CHANNEL}", "no-such")) is None
        agi.execute(core.SetVariable("LONG", "x" * 8000))
        assert agi.execute(core.GetVariable("LONG")) == "x" * 1023
        assert agi.execute(core.GetFullVariable("${LONG}")) == "x" * 8000
        assert agi.execute(core.GetExactVariable("LONG")) == "x" * 8000
        for value in HARD_TO_READ:
            agi.execute(core.SetVariable("HARD", value))
            assert agi.execute(core.GetExactVariable("HARD")) == value
            agi.execute(core.SetVariable("CALLERID(name)", value))
            # Asterisk takes the blanks off a name.
            assert agi.execute(core.GetExactVariable("CALLERID(name)")) == value.strip()
        assert agi.execute(core.GetExactVariable("NOT_SET")) == ""
        agi.execute(core.SetVariable("HARD", "a:\x1f"))
        with pytest.raises(AGIAppError, match="0x1F"):
            agi.execute(core.GetExactVariable("HARD"))

    caller.run(script)


HARD_TO_READ = ["):", "a):1", "a(b):c:d", ")(:)", "a,b):c", " :x ", "${X}):", "1):2:3", "1 1 1 ):"]
NASTY = ["l1\nl2", "a)\nb", 'a)\n200 result=0\n(b) % "', "x\n", "\n", "a)\nHANGUP\nb", "510 x\n)"]


@pytest.mark.parametrize("value", NASTY)
def test_values_with_line_feeds(caller: Caller, value: str) -> None:
    """A value with line feeds comes whole, and the next command gets its own reply."""
    import base64  # noqa: PLC0415

    encoded = base64.b64encode(value.encode()).decode()

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.SetVariable("AGIEXECFULL", "yes"))
        agi.execute(core.Exec("Set", f"NASTY=${{BASE64_DECODE({encoded})}}"))
        assert agi.execute(core.GetVariable("NASTY")) == value
        assert agi.execute(core.GetFullVariable("${NASTY}")) == value
        assert agi.execute(core.GetExactVariable("NASTY")) == value
        assert agi.execute(core.GetVariable("EXTEN")) == "run"
        assert not agi.hung_up

    caller.run(script)


def test_database(caller: Caller) -> None:
    """DATABASE PUT, GET, DEL, DELTREE, whose answer is inverted."""

    def script(agi: FastAGI, _: Call) -> None:
        for key, value in {"k": "v", "empty": "", "sub/k": "a (b) c", "u": "zoë"}.items():
            agi.execute(core.DatabasePut("family", key, value))
            assert agi.execute(core.DatabaseGet("family", key)) == value
        with pytest.raises(AGIDBError):
            agi.execute(core.DatabaseGet("family", "missing"))
        agi.execute(core.DatabaseDel("family", "k"))
        agi.execute(core.DatabaseDel("family", "k"))  # nothing there is no error to Asterisk
        agi.execute(core.DatabaseDeltree("family", "sub"))
        with pytest.raises(AGIDBError):
            agi.execute(core.DatabaseGet("family", "sub/k"))
        agi.execute(core.DatabaseDeltree("family"))
        with pytest.raises(AGIDBError):
            agi.execute(core.DatabaseDeltree("family"))

    caller.run(script)


def test_exec(caller: Caller) -> None:
    """EXEC: done, no such application, a failure, a key, an application's own data."""

    def script(agi: FastAGI, call: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.Exec("NoOp")) == "0"
        with pytest.raises(AGIAppError, match="NoSuchApplication"):
            agi.execute(core.Exec("NoSuchApplication", "x"))
        assert agi.execute(core.Exec("Set", 'A="quoted, x" y')) == "0"
        assert agi.execute(core.GetVariable("A")) == '"quoted, x" y'
        assert agi.execute(core.Exec("MSet", ["A=0", 'B="x,y"', None])) == "0"
        assert agi.execute(core.GetVariable("B")) == "x,y"
        assert agi.execute(core.Exec("Return")) == "-1"
        assert agi.execute(core.Exec("Incomplete")) == "12"
        assert press(agi, call, core.Exec("WaitExten", 9), "1") == "49"
        assert not agi.hung_up

    assert caller.run(script)[1].status == "SUCCESS"


def test_exec_dial(caller: Caller) -> None:
    """EXEC Dial: busy, and a callee who hangs up first, which is not a hang-up of the call."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.Exec("Dial", ["Local/busy@far", 5])) == "0"
        assert agi.execute(core.GetVariable("DIALSTATUS")) == "BUSY"
        assert agi.execute(core.Exec("Dial", "Local/brief@far,5")) == "-1"
        assert agi.execute(core.GetVariable("DIALSTATUS")) == "ANSWER"
        assert agi.execute(core.ChannelStatus()) == core.CHANNEL_UP
        assert not agi.hung_up

    assert caller.run(script)[1].status == "SUCCESS"


def test_exec_with_a_result_of_1(caller: Caller) -> None:
    """EXEC of an application with the code 1: the usage block behind it is read with it."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.Exec("SMS", "q")) == "1"  # after some ten seconds
        assert agi.execute(core.GetVariable("EXTEN")) == "run"

    caller.run(script, far="quiet")


def test_gosub(caller: Caller) -> None:
    """GOSUB: its value, a label, another way out, no such place."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        assert agi.execute(core.Gosub("subs", "s", 1, ["a b", "c d"])) is True
        assert agi.execute(core.GetVariable("GOSUB_RETVAL")) == "ret-a b/c d"
        assert agi.execute(core.Gosub("subs", "lab", "lbl")) is True
        assert agi.execute(core.GetVariable("GOSUB_RETVAL")) == "fromlabel"
        with pytest.raises(AGIAppError, match="label not found"):
            agi.execute(core.Gosub("subs", "nowhere"))
        assert agi.execute(core.Gosub("subs", "goto")) is False
        assert agi.execute(core.GetVariable("EXTEN")) == "run"

    caller.run(script)


def test_where_the_dialplan_goes_on(caller: Caller) -> None:
    """SET CONTEXT, SET EXTENSION, SET PRIORITY: where the call goes after the AGI."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.SetContext("elsewhere"))
        agi.execute(core.SetExtension("target"))
        agi.execute(core.SetPriority(1))

    assert caller.run(script)[1] == ("SUCCESS", "elsewhere,target,1")

    def script_with_label(agi: FastAGI, _: Call) -> None:
        agi.execute(core.SetExtension("target"))
        agi.execute(core.SetPriority("label"))
        with pytest.raises(AGIUsageError):
            agi.execute(core.SetPriority("no-such-label"))

    assert caller.run(script_with_label)[1] == ("SUCCESS", "agi,target,4")


CALLER_IDS = ["Jo Bob", 'a"b', "back\\slash", "x <", "zoë,x;y|z%", "", "\\", '"q" <2>', " sp "]


def test_set_callerid(caller: Caller) -> None:
    """SET CALLERID: number and name arrive as they are."""

    def script(agi: FastAGI, _: Call) -> None:
        for name in CALLER_IDS:
            agi.execute(core.SetCallerid("+4930", name))
            assert agi.execute(core.GetVariable("CALLERID(name)")) == name
            assert agi.execute(core.GetVariable("CALLERID(num)")) == "+4930"
        agi.execute(core.SetCallerid(555))
        assert agi.execute(core.GetVariable("CALLERID(num)")) == "555"
        assert agi.execute(core.GetVariable("CALLERID(name)")) == ""

    caller.run(script)


def test_set_autohangup(caller: Caller) -> None:
    """SET AUTOHANGUP: called off, and carried out."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        agi.execute(core.SetAutohangup(60))
        agi.execute(core.SetAutohangup(0))
        agi.execute(core.SetAutohangup(0.2))
        agi.execute(core.WaitForDigit())

    with pytest.raises(Exception, match="hung up during WAIT FOR DIGIT"):
        caller.run(script)


def test_speech_without_an_engine(caller: Caller) -> None:
    """SPEECH ...: without an engine all of it says no."""

    def script(agi: FastAGI, _: Call) -> None:
        agi.execute(core.Answer())
        for action in (
            core.SpeechCreate(),
            core.SpeechCreate("none"),
            core.SpeechSet("name", "value"),
            core.SpeechLoadGrammar("g", "/g"),
            core.SpeechActivateGrammar("g"),
            core.SpeechDeactivateGrammar("g"),
            core.SpeechUnloadGrammar("g"),
            core.SpeechDestroy(),
        ):
            assert agi.execute(action) is False
        with pytest.raises(AGIAppError):
            agi.execute(core.SpeechRecognize(BEEP, 1))

    caller.run(script)


def test_commands_by_name(caller: Caller) -> None:
    """Any command by its name; unknown ones and wrong arguments have their errors."""

    def script(agi: FastAGI, _: Call) -> None:
        assert agi.execute(Command("GET VARIABLE", "EXTEN")).items["result"].data == "run"
        with pytest.raises(AGIInvalidCommandError, match="NO SUCH"):
            agi.execute(Command("NO SUCH COMMAND"))
        for wrong in ("GET VARIABLE", "WAIT FOR DIGIT", "SET VARIABLE", "DATABASE PUT"):
            with pytest.raises(AGIUsageError, match="End of proper usage"):
                agi.execute(Command(wrong))
        assert agi.execute(core.GetVariable("EXTEN")) == "run"

    caller.run(script)
