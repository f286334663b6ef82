"""The clock of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.testing import Caller, CallerLeftError, EndlessCallError, HungUp, Note, Setup
from pystrix.testing import _pilot as pilots
from pystrix.testing import channel as channels
from pystrix.testing._pilot import Pilot
from pystrix.testing._remote import LivePilot
from tests.testing.asking import HANGUP, ok

if TYPE_CHECKING:
    from collections.abc import Generator

    from pystrix.testing import Channel

TIRED = "caller, who is tired of waiting"


def ends(pilot: Pilot) -> tuple[list[tuple[float, str]], list[str]]:
    """Give who hung up and when, and the remarks."""
    timeline = pilot.channel.timeline
    return (
        [(entry.start, entry.by) for entry in timeline if isinstance(entry, HungUp)],
        [entry.text for entry in timeline if isinstance(entry, Note)],
    )


def test_run() -> None:
    """Time passes up to the reply, and no further."""
    pilot = Pilot(Setup(), "w1,5")
    assert not pilot.run()
    pilot.receive_data(b"WAIT FOR DIGIT 9000\n")
    assert not pilot.run(1.25)
    assert pilot.channel.now == 1.25
    assert pilot.run()
    assert pilot.channel.now == 1.5
    assert pilot.run()
    assert pilot.channel.data_to_send() == ok("53")


def test_run_without_a_moment() -> None:
    """Time can pass where nothing happens by itself."""
    pilot = Pilot(Setup(), "")
    assert pilot.next_moment() is None
    assert not pilot.run(7.0)
    assert pilot.channel.now == 7.0


@pytest.mark.parametrize(
    ("caller", "line", "moment", "notes"),
    [
        ("", b"WAIT FOR DIGIT -1\n", 0.0, ["nothing happens"]),
        ("@never", b"WAIT FOR DIGIT -1\n", 0.0, ["nothing happens; still to do: heard never"]),
        (
            "w700",
            b"WAIT FOR DIGIT -1\n",
            600.0,
            ["the call lasts too long; still to do: wait 700"],
        ),
        ("", b"WAIT FOR DIGIT 700000\n", 600.0, ["the call lasts too long"]),
        ("1", b'GET DATA "" -1\n', 0.5, ["nothing happens"]),
        ("w1,h", b"WAIT FOR DIGIT -1\n", 1.0, []),
    ],
)
def test_patience(caller: str, line: bytes, moment: float, notes: list[str]) -> None:
    """Who waits for nothing need not wait; who waits for something does so up to the limit."""
    pilot = Pilot(Setup(), caller, 600.0)
    pilot.receive_data(line)
    assert pilot.run()
    assert pilot.channel.data_to_send() == ok("-1") + HANGUP
    by = "caller" if not notes else TIRED
    assert ends(pilot) == ([(moment, by)], notes)
    assert pilot.next_moment() is None


def test_idle() -> None:
    """While no command runs, only the plan and Asterisk make moments."""
    pilot = Pilot(Setup(), "w3,h", limit=1.0)
    assert pilot.next_moment() == 3.0
    pilot.receive_data(b"SET AUTOHANGUP 2\n")
    assert pilot.next_moment() == 2.0
    assert Pilot(Setup(), "w3").next_moment() == 3.0
    assert Pilot(Setup(), Caller().press("1")).next_moment() is None


def test_finish() -> None:
    """The record is of a call that is over."""
    pilot = Pilot(Setup(database={"a/b": "c"}), "w1,h")
    pilot.receive_data(b"ANSWER\n")
    pilot.receive_data(b"SET VARIABLE X 1\n")
    record = pilot.finish()
    assert (record.status, record.hung_up_by, record.duration) == ("SUCCESS", None, 0.0)
    assert (record.answered, record.variables, record.database) == (True, {"X": "1"}, {"a/b": "c"})
    assert pilot.channel.closed
    assert pilot.next_moment() is None
    assert pilot.finish() == record


@pytest.mark.parametrize(
    ("line", "caller", "duration", "status"),
    [
        (b'STREAM FILE x ""\n', "w1,h", 0.0, "SUCCESS"),
        (b"EXEC Wait 5\n", "", 5.0, "SUCCESS"),
        (b"EXEC Wait 5\n", "w1,h", 1.0, "HANGUP"),
        (b"EXEC Milliwatt\n", "", 0.0, "HANGUP"),
        (b"SAY DIGITS 1 1\n", "1", 0.5, "SUCCESS"),
    ],
)
def test_finish_during_a_command(line: bytes, caller: str, duration: float, status: str) -> None:
    """Asterisk notices at once, or when the command ends."""
    pilot = Pilot(Setup(), caller)
    pilot.receive_data(line)
    record = pilot.finish()
    assert (record.duration, record.status) == (duration, status)


def test_endless_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that sends and sends is stopped."""
    monkeypatch.setattr(pilots, "MOST_COMMANDS", 10)
    pilot = Pilot(Setup(), "")
    for _ in range(10):
        pilot.receive_data(b"NOOP\n")
    with pytest.raises(EndlessCallError, match="sent 10 commands"):
        pilot.receive_data(b"NOOP\n")
    assert pilot.channel.closed


def test_endless_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application of the dialplan that never ends is stopped."""
    monkeypatch.setattr(pilots, "MOST_MOMENTS", 10)

    def endless(_channel: Channel, _data: str) -> Generator[float]:
        while True:
            try:
                yield 1
            except CallerLeftError:
                continue

    pilot = Pilot(Setup(applications={"Endless": endless}), "w2,h")
    pilot.receive_data(b"EXEC Endless\n")
    record = pilot.finish()
    assert isinstance(record.error, EndlessCallError)
    assert "EXEC does not end" in str(record.error)


def test_application_that_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes on and on at one moment is stopped, too."""
    monkeypatch.setattr(channels, "MOST_STEPS", 10)

    def endless(_channel: Channel, _data: str) -> Generator[float]:
        while True:
            yield 0

    pilot = Pilot(Setup(applications={"Endless": endless}), "")
    pilot.receive_data(b"EXEC Endless\n")
    with pytest.raises(EndlessCallError, match="EXEC does not end, and takes no time"):
        pilot.run()


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_no_limit(limit: float) -> None:
    """A call takes time."""
    with pytest.raises(ValueError, match="longer than 0 seconds"):
        Pilot(Setup(), "", limit)


@pytest.mark.parametrize(
    ("caller", "undone", "notes"),
    [
        ("1", (), []),
        ("1,h", (), []),
        ("1,2,@x,h", ("press 2", "heard x", "hang up"), ["press 2, heard x, hang up"]),
    ],
)
def test_undone(caller: str, undone: tuple[str, ...], notes: list[str]) -> None:
    """What the caller still wanted to do is told, but that it wanted to leave."""
    pilot = Pilot(Setup(), caller)
    pilot.receive_data(b"WAIT FOR DIGIT -1\n")
    pilot.run()
    record = pilot.finish()
    assert record.undone == undone
    assert ends(pilot)[1] == [f"the call is over; still to do: {note}" for note in notes]


def test_nothing_after_the_end() -> None:
    """A closed session takes nothing more, and the caller does nothing more."""
    pilot = Pilot(Setup(), "1")
    pilot.receive_data(b"failure\n")
    assert pilot.channel.data_to_send() == HANGUP
    pilot.advance(5.0)
    pilot.receive_data(b"NOOP\n")
    assert pilot.channel.data_to_send() == b""
    assert pilot.finish().status == "FAILURE"


def test_others_press_for_a_plan() -> None:
    """A plan that waits for nothing hangs up where a person is waited for."""
    pilot = Pilot(Setup(), "")
    pilot.receive_data(b"WAIT FOR DIGIT -1\n")
    assert pilot.next_moment() == 0


def test_a_person_is_waited_for() -> None:
    """Nobody presses for a person, but the limit holds."""
    pilot = LivePilot(Setup(), "", limit=10)
    channel = pilot.channel
    assert pilot.next_moment() is None
    pilot.receive_data(b"WAIT FOR DIGIT 5000\n")
    assert pilot.next_moment() == 5
    pilot.advance(5)
    assert channel.data_to_send() == b"200 result=0\n"
    pilot.receive_data(b"WAIT FOR DIGIT -1\n")
    assert pilot.next_moment() == 10
    pilot.advance(10)
    ends = [entry.by for entry in channel.timeline if isinstance(entry, HungUp)]
    assert ends == ["caller, who is tired of waiting"]
    assert pilot.next_moment() is None
    channel.data_to_send()
    pilot.receive_data(b"EXEC Wait 3\n")
    assert pilot.next_moment() == 13
    pilot.advance(13)
    assert channel.data_to_send().startswith(b"200 result=0\n")
