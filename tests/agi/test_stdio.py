"""Programs that Asterisk starts, on threads: the session over two descriptors."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import (
    AGI,
    EAGI,
    AGIProtocolError,
    AGIResultHangup,
    AGISIGHUPHangup,
    AGISIGPIPEHangup,
    AudioFormat,
    core,
)
from tests.agi.peers import TIMEOUT, Background, PipePeer, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., AGI]

AUDIO_ENVIRONMENT = environment("demo").replace(b"agi_enhanced: 0.0", b"agi_enhanced: 1.0")
FRAME = b"A" * 320


@pytest.fixture
def peer() -> Iterator[PipePeer]:
    """Give Asterisk's end."""
    with PipePeer() as made:
        yield made


@pytest.fixture
def make(peer: PipePeer) -> Iterator[Make]:
    """Give a maker of the session, which is closed after the test."""
    made: list[AGI] = []

    def start(*arguments: str, **options: Any) -> AGI:
        peer.send(environment("program", arguments))
        made.append(AGI(descriptors=peer.program_ends, **options))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def audio() -> Iterator[tuple[int, int]]:
    """Give a pipe for audio, whose ends are closed after the test."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)
    with contextlib.suppress(OSError):  # closed with the session
        os.close(reader)


def assert_closed(*filenos: int) -> None:
    """Check that descriptors are given back."""
    for fileno in filenos:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fileno)


def test_session(peer: PipePeer, make: Make) -> None:
    """It knows its call, executes commands and dialogues, and leaves the process as it is."""
    before = (signal.getsignal(signal.SIGHUP), sys.excepthook, os.fstat(0), os.fstat(1))
    agi = make("one", "")
    assert agi.environment.channel == "PJSIP/alice-00000001"
    assert agi.request.args == ("one", "")
    answering = Background(agi.execute, core.Answer())
    peer.expect(b"ANSWER", b"200 result=0")
    answering.result()

    def dialogue() -> Any:
        return (yield core.GetVariable("X"))

    asking = Background(agi.execute, dialogue())
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert asking.result() == "x"
    assert not agi.hung_up
    assert (signal.getsignal(signal.SIGHUP), sys.excepthook, os.fstat(0), os.fstat(1)) == before


def test_environment_in_pieces() -> None:
    """It is waited for."""
    with PipePeer(chunk=1) as peer:
        making = Background(lambda: AGI(descriptors=peer.program_ends))
        peer.send(environment())
        with making.result() as agi:
            assert agi.environment.extension == "5551234"


def test_block(peer: PipePeer) -> None:
    """``with`` closes the descriptors, however it is left."""
    peer.send(environment())
    agi = AGI(descriptors=peer.program_ends)
    with pytest.raises(ZeroDivisionError), agi as entered:
        raise ZeroDivisionError(entered is agi)
    assert_closed(*peer.program_ends)
    assert agi.closed
    assert agi.hung_up is False
    agi.close()
    with pytest.raises(AGISIGPIPEHangup):
        agi.execute(core.Noop())
    assert peer.rest() == b""


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n\n\n", b"\n", b"x" * 100_000])
def test_no_environment(peer: PipePeer, sent: bytes) -> None:
    """Who is not started by Asterisk is told, and the descriptors are given back."""
    sending = Background(peer.send, sent)
    with pytest.raises(AGIProtocolError):
        AGI(descriptors=peer.program_ends)
    assert_closed(*peer.program_ends)
    try:
        sending.result()
    except BrokenPipeError:
        assert len(sent) > 65_536


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\n"])
def test_end_of_the_environment(peer: PipePeer, sent: bytes) -> None:
    """Asterisk left before it was complete."""
    peer.send(sent)
    peer.half_close()
    with pytest.raises(AGISIGPIPEHangup):
        AGI(descriptors=peer.program_ends)
    assert_closed(*peer.program_ends)


def test_descriptor_that_cannot_be_read() -> None:
    """That is the end of the environment."""
    folder = os.open(os.curdir, os.O_RDONLY)
    reader, writer = os.pipe()
    with pytest.raises(AGISIGPIPEHangup):
        AGI(descriptors=(folder, writer))
    assert_closed(folder, writer)
    os.close(reader)


def test_asterisk_leaves(peer: PipePeer, make: Make) -> None:
    """The end of its lines ends the command that waits, and all that follow."""
    agi = make()
    waiting = Background(agi.execute, core.WaitForDigit())
    assert peer.line() == b'WAIT FOR DIGIT "-1"'
    peer.half_close()
    with pytest.raises(AGISIGPIPEHangup, match="WAIT FOR DIGIT"):
        waiting.result()
    with pytest.raises(AGISIGPIPEHangup):
        agi.execute(core.Noop())
    assert agi.hung_up


def test_asterisk_leaves_an_idle_session(peer: PipePeer, make: Make) -> None:
    """The callback is called, by a thread of the library."""
    agi = make()
    called = threading.Event()
    threads: list[str] = []

    @agi.on_hangup
    def note() -> None:
        threads.append(threading.current_thread().name)
        called.set()

    peer.half_close()
    assert called.wait(TIMEOUT)
    assert agi.hung_up
    assert threads == ["pystrix-hangup"]


def test_asterisk_reads_no_more(peer: PipePeer, make: Make) -> None:
    """Writing to nobody is a hang-up."""
    agi = make()
    peer.stop_reading()
    with pytest.raises(AGISIGPIPEHangup):
        agi.execute(core.Noop())


def test_signal_while_idle(peer: PipePeer, make: Make) -> None:
    """It is noticed once; a command of the callback is sent, the next of others raises."""
    agi = make()
    called: list[object] = []
    done = threading.Event()

    @agi.on_hangup
    def note() -> None:
        called.append(agi.execute(core.GetVariable("X")))
        done.set()

    agi._signalled()
    agi._signalled()
    peer.expect(b'GET VARIABLE "X"', b"200 result=1 (x)")
    assert done.wait(TIMEOUT)
    assert agi.hung_up
    with pytest.raises(AGISIGHUPHangup):
        agi.execute(core.Noop())
    last = Background(agi.execute, core.Noop())
    peer.expect(b"NOOP", b"200 result=0")
    last.result()
    assert called == ["x"]


def test_signal_without_callbacks(peer: PipePeer, make: Make) -> None:
    """The session knows; a callback that is given later is called at once."""
    agi = make()
    agi._signalled()
    assert agi.hung_up
    called: list[bool] = []
    agi.on_hangup(lambda: called.append(agi.hung_up))
    assert called == [True]
    assert peer is not None


def test_signal_while_the_callback_is_given(make: Make) -> None:
    """A signal between the look and the watching is not lost."""
    agi = make()
    watch = agi._hangup_watcher.watch
    called: list[bool] = []

    def signalled(session: Any) -> None:
        agi._signalled()  # nothing is watched yet
        watch(session)

    agi._hangup_watcher.watch = signalled  # type: ignore[method-assign]
    agi.on_hangup(lambda: called.append(True))
    eventually(lambda: called == [True])


def test_signal_during_a_command(peer: PipePeer, make: Make) -> None:
    """Its -1 is the hang-up, without a question; nothing is raised again."""
    agi = make()
    called: list[bool] = []
    agi.on_hangup(lambda: called.append(True))
    waiting = Background(agi.execute, core.StreamFile("x"))
    assert peer.line().startswith(b"STREAM FILE")
    agi._signalled()
    peer.reply(b"200 result=-1 endpos=1")
    with pytest.raises(AGIResultHangup):
        waiting.result()
    last = Background(agi.execute, core.Noop())
    peer.expect(b"NOOP", b"200 result=0")
    last.result()
    assert called == [True]


def test_signal_after_close(make: Make) -> None:
    """It does nothing."""
    agi = make()
    called: list[bool] = []
    agi.on_hangup(lambda: called.append(True))
    agi.close()
    agi._signalled()
    agi._signalled()
    assert called == []


def test_close_in_another_thread(peer: PipePeer, make: Make) -> None:
    """A command that waits is ended, and the descriptors are given back."""
    agi = make()
    waiting = Background(agi.execute, core.WaitForDigit())
    assert peer.line() == b'WAIT FOR DIGIT "-1"'
    agi.close()
    with pytest.raises(AGISIGPIPEHangup):
        waiting.result()
    assert_closed(*peer.program_ends)
    agi.close()
    assert peer.rest() == b""


def test_time_limit(peer: PipePeer, make: Make) -> None:
    """What Asterisk does not stop closes the session."""
    agi = make()
    with pytest.raises(TimeoutError):
        agi.execute(core.Exec("Wait", 9), timeout=0.01)
    assert peer.rest() == b'EXEC "Wait" "9"\n'
    with pytest.raises(AGISIGPIPEHangup):
        agi.execute(core.Noop())


def test_debug(peer: PipePeer, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Every line is logged."""
    caplog.set_level("DEBUG", "pystrix")
    agi = make(debug=True)
    executing = Background(agi.execute, core.Noop())
    peer.expect(b"NOOP", b"200 result=0")
    executing.result()
    assert "Asterisk << b'NOOP" in caplog.text
    assert "Asterisk >> b'200 result=0" in caplog.text


# EAGI.


def eagi(peer: PipePeer, audio: tuple[int, int], said: bytes, **options: Any) -> EAGI:
    """Make a session with audio; Asterisk says the format."""
    peer.send(AUDIO_ENVIRONMENT)
    making = Background(lambda: EAGI(descriptors=(*peer.program_ends, audio[0]), **options))
    if said:
        peer.expect(b'GET VARIABLE "EAGI_AUDIO_FORMAT"', said)
    made: EAGI = making.result()
    return made


def test_audio(peer: PipePeer, audio: tuple[int, int]) -> None:
    """Frames come; after the hang-up those that came before, and the end."""
    with eagi(peer, audio, b"200 result=0") as agi:
        assert agi.audio.format.name == "slin"
        os.write(audio[1], FRAME)
        assert agi.audio.read(TIMEOUT) == FRAME
        reading = Background(lambda: list(agi.audio))
        os.write(audio[1], FRAME * 2)
        agi._signalled()
        assert reading.result() == [FRAME, FRAME]
    assert_closed(*peer.program_ends, audio[0])


def test_audio_of_a_format(peer: PipePeer, audio: tuple[int, int]) -> None:
    """What the program says is not asked for."""
    form = AudioFormat("g722", 16000, 160)
    with eagi(peer, audio, b"", audio_format=form) as agi:
        assert agi.audio.format is form
        agi.close()
        assert agi.audio.read() == b""
    assert peer.rest() == b""


def test_audio_of_an_unknown_format(peer: PipePeer, audio: tuple[int, int]) -> None:
    """The program is told, and the descriptors of the session are given back."""
    with pytest.raises(ValueError, match="g722"):
        eagi(peer, audio, b"200 result=1 (g722)")
    assert_closed(*peer.program_ends)


def test_audio_where_there_is_none(peer: PipePeer, audio: tuple[int, int]) -> None:
    """A program that was started by AGI() is told how to get it."""
    peer.send(environment())
    with pytest.raises(RuntimeError, match=r"EAGI\(\)"):
        EAGI(descriptors=(*peer.program_ends, audio[0]))
    assert_closed(*peer.program_ends)


def test_end_while_the_format_is_asked_for(peer: PipePeer, audio: tuple[int, int]) -> None:
    """It is raised, and the descriptors of the session are given back."""
    peer.send(AUDIO_ENVIRONMENT)
    making = Background(lambda: EAGI(descriptors=(*peer.program_ends, audio[0])))
    assert peer.line().startswith(b"GET VARIABLE")
    peer.half_close()
    with pytest.raises(AGISIGPIPEHangup):
        making.result()
    assert_closed(*peer.program_ends)
