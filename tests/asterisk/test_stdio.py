"""Programs that Asterisk itself starts: AGI and EAGI, on threads and on asyncio."""

from __future__ import annotations

import itertools
import shutil
import textwrap
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pystrix
from tests.agi.peers import eventually
from tests.asterisk.calls import Call, dialplan_data, place_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.asterisk.server import Asterisk

    Start = Callable[..., Call]

EXAMPLES = Path(__file__).parents[2] / "examples"
PROMPT = "demo-congrats"
LISTENING = {"far": "talk", "extension": "enhanced"}
"""Options of a call with audio: a tone of 440 Hz."""

THREADS = """
from time import sleep
from pystrix.agi import AGI, EAGI, AGIHangup, core
with {door}() as agi:
{body}
"""
ASYNCIO = """
import asyncio
from asyncio import sleep
from pystrix.agi import AGIHangup, core
from pystrix.agi.aio import AGI, EAGI
async def main():
    async with {door}() as agi:
{body}
asyncio.run(main())
"""


def threads(body: str, door: str = "AGI") -> str:
    """Make a program of a body that is written for asyncio, where only its colour is taken off."""
    plain = body.replace("await ", "").replace("async for", "for")
    return THREADS.format(door=door, body=textwrap.indent(textwrap.dedent(plain), "    "))


def asyncio(body: str, door: str = "AGI") -> str:
    """Make a program on asyncio."""
    return ASYNCIO.format(door=door, body=textwrap.indent(textwrap.dedent(body), "        "))


@pytest.fixture(params=[threads, asyncio], ids=["threads", "asyncio"])
def make(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Give what makes a program of each colour."""
    maker: Callable[..., str] = request.param
    return maker


@pytest.fixture
def start(asterisk: Asterisk) -> Start:
    """Give a function that has Asterisk start a program: an example, or a source text."""
    library = asterisk.agi_bin / "pystrix"
    if not library.exists():  # a program finds what lies beside it
        shutil.copytree(Path(pystrix.__file__).parent, library)
    numbers = itertools.count(1)

    def place(program: str | Path, *arguments: str, **options: Any) -> Call:
        text = program.read_text("utf-8") if isinstance(program, Path) else program
        text = text.removeprefix("#!/usr/bin/env python3\n")
        file = asterisk.agi_bin / f"program{next(numbers)}.py"
        file.write_text(f"#!{asterisk.python}\n{text}", encoding="utf-8")
        file.chmod(0o755)
        return place_call(asterisk, dialplan_data(file.name, *arguments), **options)

    return place


def said(asterisk: Asterisk) -> str:
    """Give what the programs wrote to standard error so far, which is Asterisk's."""
    return (asterisk.folder / "output").read_text(errors="replace")


def verbose(call: Call) -> str:
    """Wait for a text that a program tells by VERBOSE."""
    return call.runs("VERBOSE").split('"')[1]


def is_whole(path: Path) -> bool:
    """Tell whether a WAV file was closed: then its head counts all that is in it."""
    with wave.open(str(path)) as file:
        frames: int = file.getnframes()
    return frames > 160 and path.stat().st_size == 44 + 2 * frames


# The examples.


def test_documented_program(start: Start) -> None:
    """A key cuts the prompt short; then the program hangs up."""
    call = start(EXAMPLES / "agi_program.py")
    call.runs("STREAM FILE")
    call.press("2")
    words = verbose(call).split()
    assert words[:3] == ["2", "at", "sample"]
    assert int(words[3]) > 0
    assert call.done() == ("HANGUP", "agi,h,2")


def test_documented_program_played_out(start: Start) -> None:
    """The prompt plays to its end."""
    assert start(EXAMPLES / "agi_program.py").done() == ("HANGUP", "agi,h,2")


def test_asyncio_program(start: Start) -> None:
    """Music plays until the answer is there."""
    call = start(EXAMPLES / "asyncio_program.py", caller_id="100")
    assert call.runs("SET VARIABLE") == 'SET VARIABLE "ACCOUNT" "account of 100"'
    assert call.done() == ("SUCCESS", "agi,run,3")


def test_asyncio_program_left(start: Start) -> None:
    """The look-up stops at the hang-up, and the code behind it runs."""
    call = start(EXAMPLES / "asyncio_program.py")
    call.runs("SET MUSIC")
    call.hang_up()
    assert call.runs("SET VARIABLE") == 'SET VARIABLE "ACCOUNT" "nobody waits for it"'
    assert call.done() == ("HANGUP", "agi,h,2")


@pytest.mark.parametrize("leaves", [False, True])
def test_eagi_program(start: Start, asterisk: Asterisk, leaves: bool) -> None:
    """It keeps what the far end plays, a tone, up to a key or the hang-up."""
    name = f"note-{leaves}.wav"
    call = start(EXAMPLES / "eagi_program.py", f"{asterisk.inside}/{name}", **LISTENING)
    call.runs("WAIT FOR DIGIT")
    if leaves:
        call.hang_up()
        eventually(lambda: is_whole(asterisk.folder / name))  # Asterisk does not wait for its end
    else:
        call.press("1")
        assert call.runs("SET VARIABLE").endswith(f'{name}"')
        assert call.done() == ("SUCCESS", "agi,enhanced,2")
    with wave.open(str(asterisk.folder / name)) as file:
        assert file.getframerate() == 8000
        count = file.getnframes()
        samples = memoryview(file.readframes(count)).cast("h")
    assert count >= 0.4 * 8000  # the beep takes 0.44 s
    rises = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
    assert rises / (count / 8000) == pytest.approx(440, rel=0.1)


# A hang-up.


def test_hangup_in_a_command(start: Start, make: Callable[..., str]) -> None:
    """The command that runs raises; no second exception comes for the signal."""
    call = start(
        make(f"""
        try:
            await agi.execute(core.StreamFile("{PROMPT}"))
        except AGIHangup as hangup:
            await sleep(0.05)
            await agi.execute(core.Verbose(f"{{type(hangup).__name__}} {{agi.hung_up}}"))
        """)
    )
    call.runs("STREAM FILE")
    call.hang_up()
    assert verbose(call) == "AGIResultHangup True"
    assert call.done() == ("HANGUP", "agi,h,2")


BETWEEN = """
called = []
agi.on_hangup(lambda: called.append(1))
await agi.execute(core.Noop())
while not called:
    await sleep(0.01)
for _ in range(2):
    try:
        said = await agi.execute(core.GetVariable("EXTEN"))
    except AGIHangup as hangup:
        said = type(hangup).__name__
    called.append(said)
await agi.execute(core.Verbose(f"{called}"))
"""


def test_hangup_between_commands(start: Start, make: Callable[..., str]) -> None:
    """The callback is called; the next command raises, once, and later ones are sent."""
    call = start(make(BETWEEN))
    call.runs("NOOP")
    call.hang_up()
    assert verbose(call) == "[1, 'AGISIGHUPHangup', 'run']"
    assert call.done() == ("HANGUP", "agi,h,2")


def test_hangup_while_the_program_waits(start: Start) -> None:
    """A block on asyncio is cancelled."""
    call = start(
        asyncio("""
        async with agi.until_hangup():
            await agi.execute(core.Noop())
            await sleep(60)
        await agi.execute(core.Verbose(f"{agi.hung_up}"))
        """)
    )
    call.runs("NOOP")
    call.hang_up()
    assert verbose(call) == "True"
    assert call.done() == ("HANGUP", "agi,h,2")


def test_hangup_that_is_not_caught(
    start: Start, make: Callable[..., str], asterisk: Asterisk
) -> None:
    """It is one line, without a traceback."""
    before = len(said(asterisk))
    call = start(
        make(f"""
        import logging
        logging.basicConfig(format="%(levelname)s %(message)s")
        await agi.execute(core.StreamFile("{PROMPT}"))
        """)
    )
    call.runs("STREAM FILE")
    call.hang_up()
    assert call.done() == ("HANGUP", "agi,h,2")
    # Asterisk does not wait for the end of a program after a hang-up.
    eventually(lambda: said(asterisk)[before:].endswith("\n"))
    line = f'WARNING the call was hung up during STREAM FILE "{PROMPT}" "" "0"\n'
    assert said(asterisk)[before:] == line


def test_hangup_that_is_not_signalled(start: Start, make: Callable[..., str]) -> None:
    """With AGISIGHUP=no it is known when a command finds a dead channel."""
    call = start(
        make("""
        await agi.execute(core.Noop())
        while True:
            try:
                await agi.execute(core.ChannelStatus())
            except AGIHangup as hangup:
                await agi.execute(core.Verbose(f"{type(hangup).__name__} {agi.hung_up}"))
                break
        """),
        variables={"AGISIGHUP": "no"},
    )
    call.runs("NOOP")
    call.hang_up()
    assert verbose(call) == "AGIDeadChannelError True"


def test_hangup_that_ends_the_session(
    start: Start, make: Callable[..., str], asterisk: Asterisk
) -> None:
    """With AGIEXITONHANGUP=yes Asterisk closes its ends as well."""
    file = asterisk.folder / f"seen-{make.__name__}"
    call = start(
        make(f"""
        seen = []
        try:
            await agi.execute(core.StreamFile("{PROMPT}"))
        except AGIHangup as hangup:
            seen.append(type(hangup).__name__)
        while len(seen) < 2:
            try:
                await agi.execute(core.Noop())
            except AGIHangup as hangup:
                seen.append(type(hangup).__name__)
        open("{asterisk.inside}/{file.name}", "w").write(" ".join(seen))
        """),
        variables={"AGIEXITONHANGUP": "yes"},
    )
    call.runs("STREAM FILE")
    call.hang_up()
    assert call.done() == ("HANGUP", "agi,h,2")
    eventually(lambda: file.exists() and file.read_text())
    assert file.read_text() == "AGIResultHangup AGISIGPIPEHangup"


# The process.


@pytest.mark.parametrize(
    ("body", "status"),
    [("await agi.execute(core.Noop())", "SUCCESS"), ("raise KeyError(1)", "FAILURE")],
)
def test_exit_status(
    start: Start, make: Callable[..., str], asterisk: Asterisk, body: str, status: str
) -> None:
    """The dialplan sees how the program ended."""
    before = len(said(asterisk))
    assert start(make(body)).done() == (status, "agi,run,3")
    assert ("KeyError: 1" in said(asterisk)[before:]) is (status == "FAILURE")


def test_prints_do_not_reach_asterisk(
    start: Start, make: Callable[..., str], asterisk: Asterisk
) -> None:
    """Neither those of the program nor those of what it starts; the session is in step."""
    call = start(
        make("""
        import os, sys
        print("ANSWER")
        sys.stdout.flush()
        os.system("echo EXEC Hangup; cat")
        os.write(1, b"HANGUP\\n")
        await agi.execute(core.Verbose(repr(await agi.execute(core.GetVariable("EXTEN")))))
        """)
    )
    assert verbose(call) == "'run'"
    assert call.done() == ("SUCCESS", "agi,run,3")
    assert "EXEC Hangup" in said(asterisk)


def test_arguments(start: Start, make: Callable[..., str]) -> None:
    """They come in the environment, and as the arguments of the program."""
    call = start(
        make("""
        import sys
        same = list(agi.request.args) == sys.argv[1:]
        await agi.execute(core.Verbose(f"{same} {agi.request.args}"))
        """),
        "two words",
        "q,z",
        "",
    )
    assert verbose(call) == "True ('two words', 'q,z', '')"


# The audio.

LISTEN = """
await agi.execute(core.Answer())
frames = [await agi.audio.read() for _ in range(10)]
sizes = {len(frame) for frame in frames}
await agi.execute(core.Verbose(f"{agi.audio.format.name} {sizes} {agi.environment.enhanced}"))
count = 0
async for frame in agi.audio:
    count += 1
    if count == 5:
        await agi.execute(core.Noop())
# After the last frame the hang-up is known.
open("{path}", "w").write(f"{count >= 5} {agi.hung_up}")
"""


@pytest.mark.parametrize(
    ("name", "size"), [("", 320), ("ulaw", 160), ("SLIN16", 640), ("slin192", 7680), ("gsm", 33)]
)
def test_audio(
    start: Start, make: Callable[..., str], asterisk: Asterisk, name: str, size: int
) -> None:
    """Frames come in the format that the dialplan asked for, up to the hang-up."""
    path = f"heard-{make.__name__}-{name}"
    variables = {"EAGI_AUDIO_FORMAT": name} if name else {}
    body = LISTEN.replace("{path}", f"{asterisk.inside}/{path}")
    call = start(make(body, "EAGI"), variables=variables, **LISTENING)
    assert verbose(call) == f"{(name or 'slin').lower()} {{{size}}} True"
    call.runs("NOOP")
    call.hang_up()
    assert call.done().status == "HANGUP"
    file = asterisk.folder / path
    eventually(lambda: file.exists() and file.read_text())
    assert file.read_text() == "True True"


@pytest.mark.parametrize(
    ("extension", "variables", "text"),
    [
        ("run", {}, "RuntimeError: AGI() gives no audio"),
        ("enhanced", {"EAGI_AUDIO_FORMAT": "nosuch"}, "EAGI_AUDIO_FORMAT='nosuch' are not known"),
    ],
)
def test_no_audio(
    start: Start,
    make: Callable[..., str],
    asterisk: Asterisk,
    extension: str,
    variables: dict[str, str],
    text: str,
) -> None:
    """A program that cannot have its audio says why, and the dialplan sees that it failed."""
    call = start(make("pass", "EAGI"), extension=extension, variables=variables, far="talk")
    assert call.done().status == "FAILURE"
    assert text in said(asterisk)
