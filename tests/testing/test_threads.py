"""Handlers for threads on the simulated channel."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIHangup, AGISIGPIPEHangup, FastAGI, core, errors
from pystrix.testing import EndlessCallError, Setup, Sounds, place_call
from pystrix.testing import _pilot as pilots
from pystrix.testing._pilot import Pilot
from pystrix.testing._threads import SimulatedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pystrix.testing import Channel

LONG = Sounds({"long": 600.0, "short": 1.0})
DEAD = {"AGIEXITONHANGUP": "yes"}


def test_stream() -> None:
    """To wait is to let time pass."""
    pilot = Pilot(Setup(), "w3,5")
    stream = SimulatedStream(pilot)
    assert stream.fileno() == -1
    assert stream.receive_now() is None
    stream.send(b"WAIT FOR DIGIT -1\n")
    assert stream.receive_before(time.monotonic() + 1.0) is None
    assert pilot.channel.now == pytest.approx(1.0, abs=0.2)
    assert stream.receive_before(time.monotonic() - 1.0) is None
    assert stream.receive_before(time.monotonic() + 9.0) == b"200 result=53\n"
    stream.acknowledge()
    stream.send(b"NOOP\n")
    assert stream.receive() == b"200 result=0\n"
    stream.send(b"NOOP\n")
    assert stream.receive_now() == b"200 result=0\n"
    stream.interrupt()
    stream.close()
    assert stream.receive_now() == b"HANGUP\n"
    assert stream.receive_now() == stream.receive() == b""
    assert stream.receive_before(time.monotonic() + 9.0) == b""
    with pytest.raises(BrokenPipeError):
        stream.send(b"NOOP\n")
    stream.send_last(b"failure\n")
    assert pilot.channel.status == "SUCCESS"


def test_session() -> None:
    """It is a session as any other."""
    seen: list[object] = []

    def handler(agi: FastAGI) -> None:
        seen.extend([agi.environment["agi_callerid"], agi.request.path, agi.hung_up])
        agi.execute(core.Answer())
        seen.append(agi.execute(core.StreamFile("long", escape_digits="12")))
        seen.append(agi.execute(core.GetVariable("EXTEN")))

    record = place_call(handler, "menu", "2", caller_id="42", sounds=LONG)
    assert seen == ["42", "menu", False, ("2", 4000), "s"]
    assert (record.status, record.keys, record.duration) == ("SUCCESS", "2", 0.5)


@pytest.mark.parametrize("options", [{}, {"variables": DEAD}, {"variables": {"AGISIGHUP": "no"}}])
@pytest.mark.parametrize("moment", ["h", "w0,h", "w30,h"])
def test_hang_up(moment: str, options: dict[str, Any]) -> None:
    """In a prompt, at any moment, it is raised; callbacks are called once."""
    told: list[str] = []
    after: list[object] = []

    def handler(agi: FastAGI) -> None:
        agi.on_hangup(lambda: told.append("hung up"))
        try:
            agi.execute(core.StreamFile("long"))
        except AGIHangup:
            told.append("raised")
            assert agi.hung_up
            try:
                after.append(agi.execute(core.GetVariable("EXTEN")))
            except AGISIGPIPEHangup:
                after.append(None)
            raise

    record = place_call(handler, "", moment, sounds=LONG, **options)
    assert sorted(told) == ["hung up", "raised"]
    assert after == [None if options.get("variables") == DEAD else "s"]
    assert isinstance(record.error, AGIHangup)
    assert (record.status, record.hung_up_by) == ("HANGUP", "caller")


def test_idle_hang_up() -> None:
    """A caller who leaves at once is noticed by whoever asks."""

    def handler(agi: FastAGI) -> None:
        while not agi.hung_up:
            agi.execute(core.WaitForDigit(1000))

    record = place_call(handler, "", "w2.5,h")
    assert record.status == "HANGUP"
    assert record.duration == 2.5


@pytest.mark.parametrize(
    ("action", "usable"),
    [
        (core.StreamFile("long"), True),
        (core.GetData("long"), True),
        (core.WaitForDigit(60_000), True),
        (core.Exec("Wait", "60"), False),
        (core.RecordFile("r", timeout=60_000), False),
    ],
)
def test_timeout(action: core.StreamFile, *, usable: bool) -> None:
    """A prompt is stopped, and the session can be used on; what cannot be stopped ends it."""
    seen: list[object] = []

    def handler(agi: FastAGI) -> None:
        with pytest.raises(TimeoutError):
            agi.execute(action, timeout=5.0)
        try:
            seen.append(agi.execute(core.GetVariable("EXTEN")))
        except errors.AGISIGPIPEHangup:
            seen.append(None)

    record = place_call(handler, sounds=LONG)
    assert seen == ["s" if usable else None]
    if usable:
        assert record.duration == pytest.approx(5.0, abs=0.5)


def test_timeout_that_is_not_needed() -> None:
    """What ends in time has its result."""

    def handler(agi: FastAGI) -> None:
        assert agi.execute(core.StreamFile("short"), timeout=60.0) is None

    assert place_call(handler, sounds=LONG).duration == 1.0


def test_failure() -> None:
    """An exception is a failure for the dialplan, also after the hang-up."""

    def handler(agi: FastAGI) -> None:
        try:
            agi.execute(core.WaitForDigit(-1))
        finally:
            raise LookupError("mine")

    for caller, status in (("", "FAILURE"), ("h", "FAILURE"), ("5", "FAILURE")):
        record = place_call(handler, "", caller, catch=True)
        assert isinstance(record.error, LookupError)
        assert record.status == status
    record = place_call(handler, "", "h", catch=True, variables=DEAD)
    assert isinstance(record.error, LookupError)
    assert record.status == "HANGUP"


def test_failure_behind_the_end() -> None:
    """Whoever closes the session has ended it."""

    def handler(agi: FastAGI) -> None:
        agi.close()
        raise LookupError

    record = place_call(handler, catch=True)
    assert (type(record.error), record.status) == (LookupError, "SUCCESS")


def test_callback_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, as by a server."""

    def callback() -> None:
        raise LookupError

    def handler(agi: FastAGI) -> None:
        agi.on_hangup(callback)
        agi.execute(core.WaitForDigit(-1))

    with caplog.at_level(logging.ERROR):
        record = place_call(handler, "", "h")
    assert record.status == "HANGUP"
    assert "a hang-up callback failed" in caplog.text


def endless(agi: FastAGI) -> None:
    """Send for ever."""
    while True:
        agi.execute(core.Noop())


def stubborn(agi: FastAGI) -> None:
    """Send for ever, whatever comes."""
    for _ in range(100):
        try:
            agi.execute(core.Noop())
        except Exception:  # noqa: BLE001, S112
            continue
    raise LookupError


@pytest.mark.parametrize("handler", [endless, stubborn])
def test_endless(monkeypatch: pytest.MonkeyPatch, handler: Callable[[FastAGI], None]) -> None:
    """A handler that never ends is ended, and that is what is told."""
    monkeypatch.setattr(pilots, "MOST_COMMANDS", 50)
    with pytest.raises(EndlessCallError):
        place_call(handler)


def test_error_that_the_handler_catches() -> None:
    """What an application of the setup raises fails the test, whatever the handler does."""

    def checks(_channel: Channel, data: str) -> None:
        assert data == "PJSIP/other"

    def handler(agi: FastAGI) -> None:
        with contextlib.suppress(Exception):
            agi.execute(core.Exec("Dial", ["PJSIP/desk"]))
        with contextlib.suppress(Exception):
            agi.execute(core.Noop())
        raise LookupError("all that came of it")

    with pytest.raises(AssertionError, match="PJSIP/desk"):
        place_call(handler, applications={"Dial": checks})
    record = place_call(handler, applications={"Dial": checks}, catch=True)
    assert isinstance(record.error, AssertionError)


@pytest.mark.parametrize("when", ["at once", "later"])
def test_error_of_an_application(when: str) -> None:
    """It is raised where the command is executed."""

    def breaks(_channel: Channel, _data: str) -> Generator[float]:
        if when == "later":
            yield 1
        raise LookupError("mine")

    def handler(agi: FastAGI) -> None:
        agi.execute(core.Exec("Breaks"))

    with pytest.raises(LookupError, match="mine"):
        place_call(handler, applications={"Breaks": breaks})


def test_tired_caller() -> None:
    """A caller who gets nothing hangs up, and the record says what was waited for."""

    def handler(agi: FastAGI) -> None:
        agi.execute(core.WaitForDigit(-1))

    record = place_call(handler, "", "@never,1")
    assert record.status == "HANGUP"
    assert "nothing happens; still to do: heard never" in str(record)
    assert record.hung_up_by == "caller, who is tired of waiting"
