"""Replays: what is equal, and each way to differ; the command and the function."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIResultHangup, FastAGIServer, aio, core
from pystrix.testing import Transcript, TranscriptError, place_call, replay
from tests.agi.peers import environment
from tests.cli.servers import begin_when_greeted, fastagi, nobody, peer, read_to_end, run

if TYPE_CHECKING:
    from collections.abc import Callable


def menu(agi: Any) -> None:
    """Play, and say which key was pressed; tidy up after a hang-up."""
    agi.execute(core.Answer())
    try:
        while pressed := agi.execute(core.StreamFile("demo-thanks", escape_digits="123")):
            agi.execute(core.SayDigits(pressed.digit))
    except AGIResultHangup:
        agi.execute(core.Verbose(f"gone: {agi.hung_up}"))


async def async_menu(agi: Any) -> None:
    """The same on asyncio."""
    await agi.execute(core.Answer())
    try:
        while pressed := await agi.execute(core.StreamFile("demo-thanks", escape_digits="123")):
            await agi.execute(core.SayDigits(pressed.digit))
    except AGIResultHangup:
        await agi.execute(core.Verbose(f"gone: {agi.hung_up}"))


PROGRAM = """
import sys
from pystrix.agi import AGI
sys.path.insert(0, {folder!r})
from tests.cli.test_replay import menu
with AGI() as agi:
    menu(agi)
"""

ASKING = """
import signal
import sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
while sys.stdin.readline().strip():
    pass
for command in {commands!r}:
    print(command, flush=True)
    sys.stdin.readline()
"""

CALLERS = ["", "1", "2,3", "w1,h"]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("handler", [menu, async_menu])
def test_simulated_calls_are_equal(handler: Callable[[Any], Any], caller: str) -> None:
    """What was recorded of a handler is what it does."""
    transcript = place_call(handler, caller=caller).transcript
    assert replay(transcript, handler) == []
    # Nothing is held back: the text of it is the same.
    assert replay(Transcript.parse(str(transcript)), handler) == []


def test_the_colour_does_not_matter() -> None:
    """Threads and asyncio send the same."""
    assert replay(place_call(menu, caller="1").transcript, async_menu) == []


@pytest.mark.parametrize("caller", CALLERS)
def test_server(caller: str) -> None:
    """A server behind its URL."""
    with fastagi(menu) as url:
        transcript = place_call(url, caller=caller).transcript
        assert replay(transcript, url) == []
        assert replay(transcript, menu) == []


def test_server_objects() -> None:
    """The handler of a server, found by the environment or by `script`."""
    transcript = place_call(menu, caller="1").transcript
    with FastAGIServer(port=0) as server:
        server.script(r"pay/\d+")(menu)
        assert replay(transcript, server, script="pay/42") == []
        found = replay(transcript, server, script="other")
        assert (
            found[0] == """the handler raised ValueError("the server has no handler for 'other'")"""
        )
        block = "".join(f">> {line!r}\n" for line in environment("pay/7").splitlines(keepends=True))
        bare = str(transcript).partition(">> b'\\n'\n")[2]
        assert replay(Transcript.parse(block + bare), server) == []


def test_asyncio_server_object() -> None:
    """The same on asyncio."""

    async def main() -> aio.FastAGIServer:
        async with aio.FastAGIServer(port=0) as server:
            server.script("menu")(async_menu)
            return server

    server = asyncio.run(main())
    assert replay(place_call(async_menu, caller="1").transcript, server, script="menu") == []


@pytest.mark.parametrize("caller", ["1", "w1,h"])
def test_program(tmp_path: Path, caller: str) -> None:
    """A program, which is told of a hang-up by SIGHUP."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(folder=str(Path(__file__).parents[2])))
    command = [sys.executable, str(path)]
    transcript = place_call(command, caller=caller).transcript
    assert replay(transcript, command) == []


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("goes_on", [True, False])
def test_program_that_asks_about_a_hangup(
    tmp_path: Path, *, asks: bool, recorded: bool, goes_on: bool
) -> None:
    """Whether SIGHUP or the next command is faster makes no difference."""
    question = "<< b'CHANNEL STATUS\\n'\n>> b'511 dead\\n'\n" if recorded else ""
    more = "<< b'NOOP\\n'\n>> b'200 result=0\\n'\n" if goes_on else ""
    transcript = Transcript.parse(
        "<< b'WAIT FOR DIGIT -1\\n'\n# +1.000 caller hangs up\n>> b'200 result=-1\\n'\n"
        + question
        + more
    )
    commands = ["WAIT FOR DIGIT -1", *["CHANNEL STATUS"] * asks, *["NOOP"] * goes_on]
    path = tmp_path / "program.py"
    path.write_text(ASKING.format(commands=commands))
    assert replay(transcript, [sys.executable, str(path)]) == []


RECORDED = """\
# any remark
# +0.000
<< b'ANSWER\\n'
>> b'200 result=0\\n'
<< b'STREAM FILE "a" "" "0"\\n'
# +1.000
>> b'200 result=0 endpos=8000\\n'
<< b'STREAM FILE "b" "" "0"\\n'
# +2.000
>> b'200 result=0 endpos=8000\\n'
<< b'VERBOSE "end" "1"\\n'
>> b'200 result=1\\n'
# +2.100 server closes the socket
>> b'HANGUP\\n'
"""


def plays(*names: str, answer: bool = True, end: tuple[str, ...] = ("end",)) -> Callable[..., None]:
    """Make a handler that plays files."""

    def handler(agi: Any) -> None:
        if answer:
            agi.execute(core.Answer())
        for name in names:
            agi.execute(core.StreamFile(name))
        for text in end:
            agi.execute(core.Verbose(text))

    return handler


@pytest.mark.parametrize(
    ("handler", "differences"),
    [
        (plays("a", "b"), []),
        (
            plays("a", "c"),
            ['command 3: b\'STREAM FILE "c" "" "0"\\n\' came, not b\'STREAM FILE "b" "" "0"\\n\''],
        ),
        (plays("b"), ['command 2: b\'STREAM FILE "a" "" "0"\\n\' did not come']),
        (plays("a", "b", answer=False), ["command 1: b'ANSWER\\n' did not come"]),
        (
            plays("a", "new", "b"),
            ['command 3: b\'STREAM FILE "new" "" "0"\\n\' came, which is not in the transcript'],
        ),
        (
            plays("a", "b", end=("end", "more", "and more")),
            ['command 5: b\'VERBOSE "more" "1"\\n\' came, which is not in the transcript'],
        ),
        (plays("a", "b", end=()), ['command 4: b\'VERBOSE "end" "1"\\n\' did not come']),
        (
            plays(answer=False, end=()),
            [
                "command 1: b'ANSWER\\n' did not come",
                'command 2: b\'STREAM FILE "a" "" "0"\\n\' did not come',
                'command 3: b\'STREAM FILE "b" "" "0"\\n\' did not come',
                'command 4: b\'VERBOSE "end" "1"\\n\' did not come',
            ],
        ),
    ],
)
def test_differences(handler: Callable[..., None], differences: list[str]) -> None:
    """Every way to differ, in this process and over TCP."""
    transcript = Transcript.parse(RECORDED)
    assert replay(transcript, handler) == differences
    with fastagi(handler) as url:
        assert replay(transcript, url) == differences


def test_an_exception_is_a_difference(caplog: pytest.LogCaptureFixture) -> None:
    """What a handler raises is told, and its traceback is in the log."""

    def fails(agi: Any) -> None:
        agi.execute(core.Answer())
        raise LookupError("no such account")

    found = replay(Transcript.parse(RECORDED), fails)
    assert found[1].startswith("command 2: b'failure\\n' came, not ")
    assert found[0] == "the handler raised LookupError('no such account')"
    (record,) = (each for each in caplog.records if each.name == "pystrix.testing")
    assert record.levelno == logging.ERROR
    assert record.exc_info


def test_a_failure_that_was_recorded_is_equal() -> None:
    """A handler that fails as it did."""

    def fails(agi: Any) -> None:
        agi.execute(core.Answer())
        raise LookupError("no such account")

    transcript = Transcript.parse("<< b'ANSWER\\n'\n>> b'200 result=0\\n'\n<< b'failure\\n'\n")
    assert replay(transcript, fails) == ["the handler raised LookupError('no such account')"]
    with fastagi(fails) as url:
        assert replay(transcript, url) == []


def test_silence_is_a_difference() -> None:
    """A server that says nothing where it said something."""
    with peer(read_to_end) as url:
        found = replay(Transcript.parse(RECORDED), url, patience=0.2)
    assert len(found) == 5
    assert found[0] == "the application has said nothing for 0.2 seconds"


def test_a_server_that_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a difference if the transcript says that it left, and none otherwise."""
    begin_when_greeted(monkeypatch)

    def stays(connection: socket.socket) -> None:
        connection.sendall(b"NOOP\n")
        read_to_end(connection)

    text = "<< b'NOOP\\n'\n>> b'200 result=0\\n'\n"
    with peer(stays) as url:
        assert replay(Transcript.parse(text), url, patience=0.2) == []
    with peer(stays) as url:
        found = replay(Transcript.parse(f"{text}# the application closes\n"), url, patience=0.2)
    assert found == ["the application has said nothing for 0.2 seconds"]


def test_asterisk_closes() -> None:
    """Where Asterisk closed it closes, and the rest is not waited for."""

    def stays(connection: socket.socket) -> None:
        connection.sendall(b"NOOP\n")
        sent.append(read_to_end(connection))

    sent: list[bytes] = []
    text = "<< b'NOOP\\n'\n>> b'200 result=0\\n'\n# +0.100 Asterisk closes\n"
    with peer(stays) as url:
        assert replay(Transcript.parse(text), url, patience=1000) == []
    assert sent[0].endswith(b"\n200 result=0\n")


def test_environment_of_the_transcript() -> None:
    """It is sent as it stands there; otherwise one is made."""
    told: list[Any] = []

    def tells(agi: Any) -> None:
        told.append(agi.environment["agi_callerid"])

    block = "".join(f">> {line!r}\n" for line in environment().splitlines(keepends=True))
    assert replay(Transcript.parse(block), tells) == []
    assert replay(Transcript(), tells, caller_id="77") == []
    assert told == ["+493012", "77"]


def test_lines_in_pieces() -> None:
    """A line may stand in several parts, and the last need not be whole."""

    def pieces(connection: socket.socket) -> None:
        connection.sendall(b"NO")
        connection.sendall(b"OP\nAN")
        connection.sendall(b"SWER")
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)

    text = "<< b'NOO'\n<< b'P\\n'\n>> b'200 result=0\\n'\n<< b'ANSWER'\n"
    with peer(pieces) as url:
        assert replay(Transcript.parse(text), url) == []
    with peer(pieces) as url:
        found = replay(Transcript.parse(text.replace("ANSWER", "ANSWER\\n")), url)
    assert found == ["command 2: b'ANSWER' came, not b'ANSWER\\n'"]


def test_time_passes_as_recorded() -> None:
    """Asterisk takes the time it took, on the handler's clock: who gives up earlier differs."""

    def patient(seconds: float) -> Callable[[Any], Any]:
        async def handler(agi: Any) -> None:
            try:
                async with asyncio.timeout(seconds):
                    await agi.execute(core.WaitForDigit(-1))
            except TimeoutError:
                await agi.execute(core.Verbose("too late"))

        return handler

    transcript = place_call(patient(5), caller="w2,1").transcript
    assert replay(transcript, patient(5)) == []
    assert len(replay(transcript, patient(1))) > 0


def test_cancelled_prompts_are_equal() -> None:
    """The random text by which a session gets in step differs each time, and is equal."""

    async def cancels(agi: Any) -> None:
        try:
            async with asyncio.timeout(1):
                await agi.execute(core.StreamFile("demo-congrats"))
        except TimeoutError:
            await agi.execute(core.Verbose("enough"))

    transcript = place_call(cancels).transcript
    assert any(b"GET FULL VARIABLE" in data for _, data in transcript.exchanged)
    assert replay(transcript, cancels) == []
    # Where none was recorded it is one command too many.
    found = replay(Transcript.parse('<< b\'STREAM FILE "demo-congrats" "" "0"\\n\'\n'), cancels)
    assert len(found) == 1
    assert "GET FULL VARIABLE" in found[0]
    text = '<< b\'STREAM FILE "demo-congrats" "" "0"\\n\'\n<< b\'NOOP\\n\'\n'
    found = replay(Transcript.parse(text), cancels)
    assert len(found) == 1
    assert "GET FULL VARIABLE" in found[0]
    # And one behind a command that is left out is found.
    text = str(transcript).replace("<< b'GET FULL", "<< b'NOOP\\n'\n<< b'GET FULL")
    assert replay(Transcript.parse(text), cancels) == ["command 2: b'NOOP\\n' did not come"]


def test_application_that_does_not_wait() -> None:
    """Who sends before Asterisk has answered gets the answers at once."""

    def hurries(connection: socket.socket) -> None:
        connection.sendall(b"EXEC Wait 5\nNOOP\n")
        connection.shutdown(socket.SHUT_WR)
        got.append(read_to_end(connection))

    got: list[bytes] = []
    text = (
        "<< b'EXEC Wait 5\\n'\n# +5.000\n>> b'200 result=0\\n'\n"
        "<< b'NOOP\\n'\n>> b'200 result=0\\n'\n"
    )
    with peer(hurries) as url:
        assert replay(Transcript.parse(text), url) == []
    assert got[0].endswith(b"\n\n200 result=0\n200 result=0\n")


def test_application_that_waits_for_nothing() -> None:
    """A handler that waits where the transcript ends is told that Asterisk has left."""

    async def waits(agi: Any) -> None:
        await agi.execute(core.Answer())

    assert replay(Transcript.parse("<< b'ANSWER\\n'\n"), waits) == []


def test_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asterisk takes its time with a server, if asked to."""
    begin_when_greeted(monkeypatch)

    def stays(connection: socket.socket) -> None:
        connection.sendall(b"EXEC Wait 1\n")
        read_to_end(connection)

    text = "# +0.000\n<< b'EXEC Wait 1\\n'\n# +0.200 EOF from Asterisk\n"
    with peer(stays) as url:
        began = time.monotonic()
        assert replay(Transcript.parse(text), url, real_time=True) == []
        assert time.monotonic() - began >= 0.2


def test_files(tmp_path: Path) -> None:
    """A transcript may be a file."""
    path = tmp_path / "t.txt"
    path.write_text(RECORDED)
    assert replay(path, plays("a", "b")) == []
    path.write_text("rubbish")
    with pytest.raises(TranscriptError):
        replay(path, plays())
    with pytest.raises(FileNotFoundError):
        replay(tmp_path / "none", plays())
    with pytest.raises(ValueError, match="not the URL"):
        replay(Transcript(), "http://x")


# The command.


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Give the file of a transcript."""
    path = tmp_path / "recorded.txt"
    path.write_text(RECORDED)
    return path


def test_command_without_difference(recorded: Path) -> None:
    """Exit status 0."""
    with fastagi(plays("a", "b")) as url:
        result = run("replay", recorded, url)
    assert result.exit_code == 0
    assert result.stdout == "no difference\n"


def test_command_with_differences(recorded: Path) -> None:
    """The first, then the others; exit status 1."""
    with fastagi(plays("a", "c", end=("\x1b", "x"))) as url:
        result = run("replay", recorded, url)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        (
            """the first difference: command 3: b'STREAM FILE "c" "" "0"\\n' came, not """
            """b'STREAM FILE "b" "" "0"\\n'"""
        ),
        '    command 4: b\'VERBOSE "\\x1b" "1"\\n\' came, not b\'VERBOSE "end" "1"\\n\'',
        '    command 5: b\'VERBOSE "x" "1"\\n\' came, which is not in the transcript',
    ]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a module in the current folder."""
    name = f"module_of_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(
        """
from pystrix.agi import FastAGIServer, core

class House:
    @staticmethod
    def handler(agi):
        agi.execute(core.Answer())
        agi.execute(core.StreamFile("a"))
        agi.execute(core.StreamFile("b"))
        agi.execute(core.Verbose("end"))

def make():
    with FastAGIServer(port=0) as server:
        server.script("house")(House.handler)
        return server

server = make()
"""
    )
    (tmp_path / f"{name}_broken.py").write_text("raise OSError(98, 'Address already in use')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_command_with_a_module(recorded: Path, module: str) -> None:
    """A handler or a server of a module in the current folder."""
    assert run("replay", recorded, "--server", f"{module}:House.handler").exit_code == 0
    option = ("--server", f"{module}:server")
    assert run("replay", recorded, *option, "--script", "house").exit_code == 0
    assert run("replay", recorded, *option).exit_code == 1


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("{}:nothing", "AttributeError: module '{}' has no attribute 'nothing'"),
        ("{}_missing:x", "ModuleNotFoundError: No module named '{}_missing'"),
        ("{}_broken:x", "OSError: [Errno 98] Address already in use"),
    ],
)
def test_command_with_no_such_module(recorded: Path, module: str, server: str, why: str) -> None:
    """What cannot be loaded: one line, exit status 2."""
    server = server.format(module)
    result = run("replay", recorded, "--server", server)
    assert result.exit_code == 2
    assert result.stderr == f"pystrix: cannot load {server}: {why.format(module)}\n"


@pytest.mark.parametrize(("server", "kind"), [("{}", "module"), ("{}:House.__name__", "str")])
def test_command_with_something_else(recorded: Path, module: str, server: str, kind: str) -> None:
    """What is there, and can be no application: one line, exit status 2."""
    server = server.format(module)
    result = run("replay", recorded, "--server", server)
    assert result.exit_code == 2
    assert result.stderr == (f"pystrix: {server} is no server and no handler, but of type {kind}\n")


def test_command_unreachable(recorded: Path) -> None:
    """Nobody listens there."""
    with nobody() as url:
        result = run("replay", recorded, url)
    assert result.exit_code == 3
    assert result.stderr == f"pystrix: cannot reach {url}: Connection refused\n"


def test_command_cannot_read(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transcript that cannot be read: one line, exit status 2."""

    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Transcript, "load", denied)
    result = run("replay", recorded, "agi://x/")
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr


def test_command_usage(recorded: Path, tmp_path: Path) -> None:
    """A command line that is wrong."""
    assert run("replay", recorded).exit_code == 2
    assert run("replay", recorded, "agi://x/", "--server", "a:b").exit_code == 2
    assert run("replay", recorded, "http://x/").exit_code == 2
    assert run("replay", tmp_path / "none", "agi://x/").exit_code == 2
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert run("replay", tmp_path / "bytes", "agi://x/").exit_code == 2
    (tmp_path / "rubbish").write_text("rubbish")
    result = run("replay", tmp_path / "rubbish", "agi://x/")
    assert result.exit_code == 2
    assert "line 1 is no line of a transcript: 'rubbish'" in result.stderr
