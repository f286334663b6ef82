"""``pystrix ami events``: what is shown, gaps, and how it ends."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pystrix.ami import Event, Gap, ManagerError
from pystrix.cli.ami import events
from pystrix.cli.ami._feed import EventFeed, OverError
from pystrix.cli.ami.events import Filter
from tests.agi.peers import TIMEOUT

if TYPE_CHECKING:
    import subprocess

    from tests.cli.ami.conftest import Desk


def lines(output: str) -> list[str]:
    """Give the lines without their times."""
    return [re.sub(r"^\d\d:\d\d:\d\d\.\d{3}  ", "", line) for line in output.splitlines()]


def test_lines(desk: Desk) -> None:
    """Each event is a line."""
    running = desk.start("events", "UserEvent", "Hang*", "--count", "2")
    desk.server.send_event("UserEvent", {"UserEvent": "A", "X": "", "Y": "\x1b[2J[red]"})
    desk.server.send_event("Newchannel", {"Channel": "PJSIP/a"})
    desk.server.send_event("Hangup", {"Channel": "PJSIP/a"})
    result = running.result()
    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result.stdout) == [
        "UserEvent  UserEvent=A  Y=\\x1b[2J[red]",
        "Hangup  Channel=PJSIP/a",
    ]


def test_json(desk: Desk) -> None:
    """Each event is an object on a line of its own."""
    running = desk.start("events", "x", "--json", "--count", "2")
    desk.server.send_event("X", {"A": ["1", "2"]})
    desk.server.send_event("X", {"A": "3"})
    assert [json.loads(line) for line in running.result().stdout.splitlines()] == [
        {"Event": "X", "A": ["1", "2"]},
        {"Event": "X", "A": "3"},
    ]


def test_classes(desk: Desk) -> None:
    """Asterisk is asked for these classes, and others are not shown."""
    running = desk.start("events", "--class", "user", "--class", "cdr", "--count", "1")
    assert desk.server.wait_for_action("Login", timeout=TIMEOUT)["Events"] == "user,cdr"
    desk.server.send_event("Newchannel", {"Channel": "PJSIP/a"})
    desk.server.send_event("UserEvent", {"UserEvent": "A"})
    assert lines(running.result().stdout) == ["UserEvent  UserEvent=A"]
    assert desk.run("events", "--class", "calls").exit_code == 2


EVENT = Event(
    ["Event: Hangup", "Privilege: call,all", "Channel: PJSIP/a-1", "V: x=1", "V: y", "Empty: "]
)


@pytest.mark.parametrize(
    ("names", "classes", "headers", "fits"),
    [
        ([], [], [], True),
        (["HANGUP"], [], [], True),
        (["dial*", "hang*"], [], [], True),
        (["Hang"], [], [], False),
        ([], ["call"], [], True),
        ([], ["user", "call"], [], True),
        ([], ["user"], [], False),
        ([], [], ["channel=PJSIP/a*"], True),
        ([], [], ["Channel=PJSIP/a"], False),
        ([], [], ["Channel=pjsip/*"], False),
        ([], [], ["V=y"], True),
        ([], [], ["V=x=1"], True),
        ([], [], ["V=z"], False),
        ([], [], ["V=y", "Channel=Local/*"], False),
        ([], [], ["Empty"], True),
        ([], [], ["Empty="], True),
        ([], [], ["Other"], False),
        (["hangup"], ["call"], ["V"], True),
    ],
)
def test_filter(names: list[str], classes: list[str], headers: list[str], fits: bool) -> None:
    """What fits all that is asked for is wanted."""
    assert Filter(names, classes, headers)(EVENT) is fits


def test_event_without_a_class() -> None:
    """An event that does not say its class has none that was asked for."""
    assert not Filter([], ["call"], [])(Event({"Event": "X"}))


def show(desk: Desk, process: subprocess.Popen[str], name: str) -> str:
    """Send an event, and give the line that shows it, without its time."""
    desk.server.send_event("UserEvent", {"UserEvent": name})
    assert process.stdout is not None
    return process.stdout.readline()


def test_gap(desk: Desk) -> None:
    """A connection that is lost is made again, and what is missing is said."""
    process = desk.spawn("events", "UserEvent", "--count", "2")
    show(desk, process, "A")
    desk.server.drop()
    desk.server.wait_for_action("CoreShowChannels", timeout=TIMEOUT)
    desk.server.send_event("UserEvent", {"UserEvent": "B"})
    output, errors = process.communicate(timeout=TIMEOUT)
    gap, second = lines(output)
    assert second == "UserEvent  UserEvent=B"
    assert re.fullmatch(
        r"Gap: nothing was heard for \d\.\d s: .* closed the connection; there are 0 channels now",
        gap,
    )
    assert "closed the connection; trying again in 0." in errors
    assert process.returncode == 0


def test_gap_as_json(desk: Desk) -> None:
    """It is an event like others."""
    process = desk.spawn("events", "UserEvent", "--count", "2", "--json")
    show(desk, process, "A")
    desk.server.drop()
    desk.server.wait_for_action("CoreShowChannels", timeout=TIMEOUT)
    desk.server.send_event("UserEvent", {"UserEvent": "B"})
    gap, event = map(json.loads, process.communicate(timeout=TIMEOUT)[0].splitlines())
    assert (gap["Event"], gap["Connection"], event["UserEvent"]) == ("Gap", "1", "B")


def test_gap_in_one_line() -> None:
    """What it says, whether the channels are known or not."""
    gap = Gap.between(10.0, 12.5, ManagerError("a \x07"), connection=1, peer="x", dropped=0)
    text = "Gap: nothing was heard for 2.5 s: a \\x07"
    assert events._line(gap).plain[14:] == text
    gap.channels = []
    assert events._line(gap).plain[14:] == f"{text}; there are 0 channels now"


def test_loss_for_good(desk: Desk) -> None:
    """If Asterisk does not let us in again it is over."""
    process = desk.spawn("events", "UserEvent")
    show(desk, process, "A")
    desk.server.add_user("admin", "another")
    desk.server.drop()
    output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output) == (3, "")
    assert errors.splitlines()[-1] == "pystrix: Asterisk refused the login: Authentication failed"
    assert "Traceback" not in errors


def test_output_that_is_slow(capsys: pytest.CaptureFixture[str]) -> None:
    """What found no room is told of, behind what came before it."""
    feed = EventFeed(lambda _: True, 1)
    feed.heard([Event({"Event": "X"}), Event({"Event": "Y"})])
    feed.over()
    with pytest.raises(OverError):
        events._follow(feed, Console(), 2, as_json=True)
    assert capsys.readouterr() == (
        '{"Event": "X"}\n',
        "pystrix: 1 events are not shown: they come faster than they are taken\n",
    )


def test_ctrl_c(desk: Desk) -> None:
    """That is how it ends: without a word, and with success."""
    process = desk.spawn("events", "UserEvent")
    assert "UserEvent=A" in show(desk, process, "A")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=TIMEOUT) == ("", "")
    assert process.returncode == 0


def test_reader_that_leaves(desk: Desk) -> None:
    """When nobody reads what it prints, it ends without a word."""
    process = desk.spawn("events", "UserEvent")
    show(desk, process, "A")
    assert process.stdout is not None
    process.stdout.close()
    desk.server.send_event("UserEvent", {"UserEvent": "B"})
    assert process.wait(TIMEOUT) == 1
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_header_without_a_name(desk: Desk) -> None:
    """Nothing could ever have it."""
    result = desk.run("events", "--header", "Channel=PJSIP/*", "--header", "=x")
    assert result.exit_code == 2
    assert "no header is named: '=x'" in " ".join(result.stderr.split())
