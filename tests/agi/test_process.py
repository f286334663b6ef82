"""Programs that Asterisk starts: their descriptors, the signal, how they end."""

from __future__ import annotations

import contextlib
import os
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from tests.agi.peers import DEAD, environment
from tests.agi.programs import KINDS, LOG, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Program]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Give each kind of program."""
    name: str = request.param
    return name


@pytest.fixture
def started() -> Iterator[list[Program]]:
    """Give a list of programs, which are ended after the test."""
    programs: list[Program] = []
    yield programs
    for each in programs:
        each.close()


@pytest.fixture
def start(kind: str, started: list[Program]) -> Start:
    """Give a function that starts a program of a body."""

    def make(body: str, *, before: str = "", door: str = "AGI", **options: Any) -> Program:
        text = KINDS[kind](body, before=f"{LOG}\n{textwrap.dedent(before)}", door=door)
        started.append(Program(text, **options))
        return started[-1]

    return make


# Descriptors.


def test_nothing_stray_touches_the_session(start: Start) -> None:
    """What is printed goes to standard error, a child's output too; standard input is empty."""
    program = start(
        """
        print("printed")
        sys.stdout.write("written\\n")
        sys.stdout.flush()
        os.write(1, b"low\\n")
        subprocess.run(["echo", "child"], check=True)
        assert subprocess.run(["cat"], check=True, capture_output=True).stdout == b""
        try:
            input()
        except EOFError:
            await agi.execute(core.Verbose("no input"))
        assert os.read(0, 1) == b""
        await agi.execute(core.Verbose("last"))
        """
    )
    program.at("no input")
    program.at("last")
    assert program.end().split() == ["printed", "written", "low", "child"]


def test_children_inherit_neither_line(start: Start) -> None:
    """A child that lives on keeps no end of the session open."""
    program = start(
        """
        child = subprocess.Popen(["sleep", "60"], close_fds=False, stderr=subprocess.DEVNULL)
        await agi.execute(core.Verbose(str(child.pid)))
        """
    )
    child = int(program.said())
    program.goes_on()
    assert program.rest() == b""
    os.kill(child, 9)
    program.end()


def test_log(start: Start) -> None:
    """The log goes to standard error, whenever it was set up."""
    program = start('logging.warning("one"); await agi.execute(core.Noop())')
    program.expect(b"NOOP", b"200 result=0")
    assert program.end() == "WARNING one\n"
    program = start(
        f"""
        for handler in list(logging.root.handlers):
            logging.root.removeHandler(handler)
        {LOG}
        logging.warning("two")
        """
    )
    assert program.end() == "WARNING two\n"


def test_printed_before(start: Start) -> None:
    """What is still buffered when the session is made goes to standard error."""
    program = start('print("after"); await agi.execute(core.Noop())', before='print("before")')
    program.expect(b"NOOP", b"200 result=0")
    assert program.end() == "before\nafter\n"


@pytest.mark.parametrize("kind", ["threads", "asyncio"])  # libuv itself aborts then
def test_without_standard_error(start: Start) -> None:
    """A program without it works, and what is printed goes nowhere."""
    program = start(
        """
        print("x" * 10_000, flush=True)
        subprocess.run(["echo", "child"], check=True)
        await agi.execute(core.Verbose(str(sys.stderr)))
        agi.on_hangup(lambda: None)
        """,
        prepare="os.close(2)",
    )
    program.at("None")
    assert program.end() == ""


def test_audio(start: Start) -> None:
    """The caller's audio comes on descriptor 3, up to the hang-up."""
    reader, writer = os.pipe()
    program = start(
        """
        frame = await agi.audio.read()
        await agi.execute(core.Verbose(f"{agi.audio.format.name} {len(frame)} {frame[:1]}"))
        seen = []
        async for frame in agi.audio:
            seen.append(len(frame))
        print(seen, agi.hung_up)
        """,
        door="EAGI",
        audio=reader,
        prologue=environment().replace(b"agi_enhanced: 0.0", b"agi_enhanced: 1.0"),
    )
    program.expect(b'GET VARIABLE "EAGI_AUDIO_FORMAT"', b"200 result=1 (slin16)")
    os.write(writer, b"A" * 640)
    assert program.said() == "slin16 640 b'A'"
    os.write(writer, b"A" * 640 * 2)
    program.hangup()
    program.goes_on()
    assert program.end() == "[640, 640] True\n"
    os.close(reader)
    os.close(writer)


def test_audio_where_there_is_none(start: Start) -> None:
    """A program that was started by AGI() cannot be an EAGI, even if a descriptor 3 is there."""
    program = start("pass", door="EAGI")
    assert "start the program by EAGI() in the dialplan" in program.end(1)


def test_not_started_by_asterisk(start: Start) -> None:
    """What comes is no environment, or nothing: it ends, and says why."""
    program = start("pass", prologue=b"hello\n\n")
    assert "AGIProtocolError" in program.end(1)
    program = start("pass", prologue=b"")
    program.half_close()
    assert program.end(1).count("\n") == 1


# The signal.


def test_hangup_while_the_program_waits(start: Start) -> None:
    """The callback is called at once; the next command raises; later ones are sent."""
    program = start(
        """
        told = Event()
        agi.on_hangup(told.set)
        await agi.execute(core.Verbose("waits"))
        await told.wait()
        assert agi.hung_up
        try:
            await agi.execute(core.Verbose("never"))
        except AGISIGHUPHangup:
            await agi.execute(core.Verbose("raised"))
        await agi.execute(core.Verbose("last"))
        """
    )
    program.at("waits")
    program.hangup()
    program.at("raised")
    program.at("last")
    assert program.end() == ""


@pytest.mark.parametrize("kind", ["threads"])  # on asyncio callbacks are plain functions
def test_command_in_the_callback(start: Start) -> None:
    """Who has been told by the callback may send commands in it."""
    program = start(
        """
        done = Event()
        @agi.on_hangup
        def clean():
            agi.execute(core.Verbose("cleaned"))
            done.set()
        agi.execute(core.Verbose("waits"))
        done.wait()
        """
    )
    program.at("waits")
    program.hangup()
    program.at("cleaned")
    assert program.end() == ""


def test_hangup_without_callback(start: Start) -> None:
    """A program that only asks is told as well."""
    program = start(
        """
        await agi.execute(core.Verbose("first"))
        await agi.execute(core.Verbose(str(agi.hung_up)))
        """
    )
    assert program.said() == "first"
    program.hangup()
    program.goes_on()
    assert "AGISIGHUPHangup" not in program.end(1)


def test_hangup_before_the_session(start: Start) -> None:
    """A caller who leaves before the environment is read: the first command raises."""
    program = start(
        """
        try:
            await agi.execute(core.Verbose("never"))
        except AGISIGHUPHangup:
            agi.on_hangup(lambda: print("called", agi.hung_up))
            await agi.execute(core.Verbose("raised"))
        """,
        before="""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        class Telling(AGI):
            async def __aenter__(self):
                os.kill(os.getpid(), signal.SIGHUP)
                return await super().__aenter__()
            def _read_environment(self):
                os.kill(os.getpid(), signal.SIGHUP)
                super()._read_environment()
        """,
        door="Telling",
    )
    program.at("raised")
    assert program.end() == "called True\n"


@pytest.mark.parametrize("first", ["reply", "signal"])
def test_hangup_in_a_command(start: Start, first: str) -> None:
    """The command tells it; neither the signal nor another one is told after that."""
    program = start(
        """
        called = []
        agi.on_hangup(lambda: called.append(1))
        try:
            await agi.execute(core.WaitForDigit())
        except AGIResultHangup:
            await agi.execute(core.Verbose("raised"))
        await agi.execute(core.Verbose(str(called)))
        """
    )
    assert program.line() == b'WAIT FOR DIGIT "-1"'
    if first == "signal":
        program.hangup()
    else:
        program.reply(b"200 result=-1")
        program.expect(b"CHANNEL STATUS", DEAD)
        assert program.said() == "raised"
        program.hangup()
        program.goes_on()
        program.at("[1]")
        assert program.end() == ""
        return
    program.reply(b"200 result=-1")
    line = program.line()
    if line == b"CHANNEL STATUS":  # the signal took its time
        program.reply(DEAD)
        line = program.line()
    assert line.startswith(b'VERBOSE "raised"')
    program.goes_on()
    program.at("[1]")
    assert program.end() == ""


@pytest.mark.parametrize("previous", ["a function", "SIG_IGN", "SIG_DFL"])
def test_handler_of_the_program(start: Start, previous: str) -> None:
    """A handler that is there already is called as well; without one the program lives on."""
    handler = "lambda *_: print('previous')" if previous == "a function" else f"signal.{previous}"
    program = start(
        """
        told = Event()
        agi.on_hangup(told.set)
        await agi.execute(core.Verbose("waits"))
        await told.wait()
        await agi.execute(core.Noop())
        """,
        before=f"signal.signal(signal.SIGHUP, {handler})",
    )
    program.at("waits")
    program.hangup()
    lines = program.end(1).splitlines()
    printed = ["previous"] if previous == "a function" else []
    assert sorted(lines) == ["WARNING the call was hung up", *printed]


def test_signal_after_the_session(start: Start) -> None:
    """A signal that comes when the session is closed does no harm."""
    program = start(
        'await agi.execute(core.Verbose("on"))',
        before="""
        import atexit
        atexit.register(lambda: os.kill(os.getpid(), signal.SIGHUP))
        """,
    )
    program.at("on")
    assert program.end() == ""


def test_outside_the_main_thread(kind: str, started: list[Program]) -> None:
    """It works, and is warned of."""
    body = KINDS[kind]('await agi.execute(core.Verbose("works"))')
    text = f"""
import logging, threading
{LOG}
thread = threading.Thread(target=lambda: exec({body!r}, {{}}))
thread.start()
thread.join()
"""
    started.append(program := Program(text))
    program.at("works")
    warning = program.end()
    assert warning.count("\n") == 1
    assert "outside the main thread" in warning


# The end.


def test_asterisk_left(start: Start) -> None:
    """The end of Asterisk's lines ends the command that waits, and all that follow."""
    program = start(
        """
        for _ in range(2):
            try:
                await agi.execute(core.WaitForDigit())
            except AGIHangup as error:
                print(type(error).__name__, agi.hung_up)
        """
    )
    assert program.line() == b'WAIT FOR DIGIT "-1"'
    program.half_close()
    assert program.end() == "AGISIGPIPEHangup True\n" * 2


def test_asterisk_reads_no_more(start: Start) -> None:
    """Writing to nobody is a hang-up, not the end of the process."""
    program = start(
        """
        for _ in range(2):
            try:
                await agi.execute(core.Verbose("on"))
            except AGIHangup as error:
                print(type(error).__name__)
        """
    )
    assert program.said() == "on"
    program.stop_reading()
    with contextlib.suppress(BrokenPipeError):  # asyncio notices at once, and may have ended
        program.goes_on()
    said = program.end().splitlines()
    assert said in (["AGISIGPIPEHangup"], ["AGISIGPIPEHangup"] * 2)


def test_uncaught_hangup(start: Start) -> None:
    """It is one line, without a traceback; the exit status is that of a failure."""
    program = start("await agi.execute(core.WaitForDigit())")
    program.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1")
    program.expect(b"CHANNEL STATUS", DEAD)
    said = program.end(1)
    assert said == 'WARNING the call was hung up during WAIT FOR DIGIT "-1"\n'


def test_uncaught_hangup_without_a_log(start: Start) -> None:
    """Whoever sets up no log has the line on standard error all the same."""
    program = start("await agi.execute(core.WaitForDigit())", before="logging.root.handlers = []")
    program.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1\nHANGUP")
    assert program.end(1) == 'the call was hung up during WAIT FOR DIGIT "-1"\n'


def test_uncaught_hangup_with_a_log(start: Start) -> None:
    """Whoever sets up a log of its own has the line there, and nowhere else."""
    program = start(
        "await agi.execute(core.WaitForDigit())",
        before="""
        class Handler(logging.Handler):
            def emit(self, record):
                os.write(2, f"mine: {record.levelname}\\n".encode())
        logging.root.handlers = [Handler()]
        """,
    )
    program.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1\nHANGUP")
    assert program.end(1) == "mine: WARNING\n"


def test_log_of_the_library(start: Start) -> None:
    """A handler that the program gave the library stays its only one."""
    program = start(
        "await agi.execute(core.WaitForDigit())",
        before="""
        logging.root.handlers = []
        handler = logging.StreamHandler(sys.__stderr__)
        handler.setFormatter(logging.Formatter("own: %(message)s"))
        logging.getLogger("pystrix").addHandler(handler)
        """,
    )
    program.expect(b'WAIT FOR DIGIT "-1"', b"200 result=-1\nHANGUP")
    assert program.end(1).startswith("own: the call was hung up")


def test_uncaught_exception(start: Start) -> None:
    """It has its traceback, also through a hook of the program's own."""
    program = start("raise ZeroDivisionError('mine')")
    said = program.end(1)
    assert said.startswith("Traceback")
    assert said.endswith("ZeroDivisionError: mine\n")
    program = start(
        "raise ZeroDivisionError('mine')",
        before="sys.excepthook = lambda *details: print('hook', details[1])",
    )
    assert program.end(1) == "hook mine\n"


def test_exit_status_of_the_program(start: Start) -> None:
    """It is what the program says; after its end nothing is left to be said."""
    assert start("pass").end() == ""
    assert start("sys.exit(7)").end(7) == ""


def test_one_hook_for_all_sessions(start: Start) -> None:
    """A second session in the process, of whatever use, does not log twice."""
    program = start(
        "from pystrix.agi._process import log_to_stderr\nlog_to_stderr()\nraise AGIHangup('mine')"
    )
    assert program.end(1) == "WARNING mine\n"
