"""``pystrix ami calls``: the calls there are, and what happens to them."""

from __future__ import annotations

import io
import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from pystrix.ami import Manager
from pystrix.ami._tracked import TrackedCall
from pystrix.cli.ami import calls
from pystrix.cli.ami._connecting import Access
from pystrix.cli.ami._feed import Feed, OverError
from pystrix.cli.ami.calls import Watch, describe
from tests.agi.peers import TIMEOUT, eventually

if TYPE_CHECKING:
    from tests.cli.ami.conftest import Desk


def cells(output: str, row: int = 0) -> list[str]:
    """Give the cells of a row of a table."""
    rows = [line for line in output.splitlines() if line.startswith("│")]
    return [cell.strip() for cell in rows[row].strip("│").split("│")]


def objects(output: str) -> list[dict[str, Any]]:
    """Give what was printed as JSON."""
    return [json.loads(line) for line in output.splitlines()]


def test_once(desk: Desk) -> None:
    """A table of what there is; without a terminal, too."""
    caller = desk.server.receive_call("PJSIP/alice", caller_id=("201", "Al\x1b[31m [red]"))
    desk.server.dial(caller, "PJSIP/bob")
    for words in (["--once"], []):
        result = desk.run("calls", *words)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("127.0.0.1: 1 calls, 2 channels")
        state, party, to, other, channels, lasts, _ = cells(result.stdout)
        assert state == "answered"
        assert party == "201 Al\\x1b[31m [red]"
        assert to == "s@default"
        assert other.startswith("PJSIP/bob-")
        assert channels.startswith("PJSIP/alice-")
        assert re.fullmatch(r"0:00:0\d", lasts)


def test_once_as_json(desk: Desk) -> None:
    """An object for each call."""
    caller = desk.server.receive_call("PJSIP/alice", caller_id=("201", "Al"))
    (line,) = objects(desk.run("calls", "--once", "--json").stdout)
    assert line["change"] is None
    call = line["call"]
    assert (call["id"], call["from"]) == (caller.uniqueid, {"number": "201", "name": "Al"})
    assert [each["uniqueid"] for each in call["channels"]] == [caller.uniqueid]


def test_nothing_there(desk: Desk) -> None:
    """No calls are no error."""
    assert desk.run("calls", "--once").stdout.startswith("127.0.0.1: 0 calls, 0 channels")
    assert desk.run("calls", "--once", "--json").stdout == ""


def test_user_who_may_not(desk: Desk) -> None:
    """Who may not ask for the channels sees no calls."""
    desk.server.add_user("little", "secret", write="call")
    result = desk.run("calls", user="little")
    assert result.exit_code == 1
    assert result.stderr == "pystrix: Asterisk refused CoreShowChannels: Permission denied\n"


def test_changes(desk: Desk) -> None:
    """What there is, what happens, and where something is missing."""
    before = desk.server.receive_call("PJSIP/alice")
    process = desk.spawn("calls", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["call"]["id"] == before.uniqueid
    call = desk.server.receive_call("PJSIP/carol")
    assert json.loads(process.stdout.readline())["change"] == "started"
    while json.loads(line := process.stdout.readline())["change"] != "channel added":
        pass
    assert json.loads(line)["call"]["id"] == call.uniqueid
    desk.server.drop()
    while (news := json.loads(process.stdout.readline()))["change"] != "gap":
        pass
    assert news["gap"]["Event"] == "Gap"
    call.hang_up()
    while (news := json.loads(process.stdout.readline()))["change"] != "ended":
        pass
    assert (news["call"]["id"], news["call"]["cause"]) == (call.uniqueid, 16)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=TIMEOUT)[0] == ""
    assert process.returncode == 0


class Screen(io.StringIO):
    """What a terminal shows."""

    def __init__(self) -> None:
        super().__init__()
        self.console = Console(
            file=self, force_terminal=True, width=160, height=8, _environ={"TERM": "xterm"}
        )

    def expect(self, pattern: str) -> None:
        """Wait until it shows a text."""
        eventually(lambda: re.search(pattern, self.getvalue()))


def test_table_that_follows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal it is drawn again, as high as there is room for."""
    screen = Screen()
    monkeypatch.setattr(calls, "Console", lambda **_: screen.console)
    running = desk.start("calls")
    screen.expect("127.0.0.1: 0 calls, 0 channels")
    for name in ("a", "b", "c"):
        desk.server.receive_call(f"PJSIP/{name}")
    screen.expect("(?s)127.0.0.1: 3 calls, 3 channels.*and 1 more")
    desk.server.refuse_connections()
    desk.server.drop()
    screen.expect("127.0.0.1: 3 calls, 3 channels when the connection was lost: 127.0.0.1:")
    desk.server.hang_up_all()
    desk.server.accept_connections()
    screen.expect("127.0.0.1: 0 calls, 0 channels(?!.*lost)")
    desk.server.add_user("admin", "another")
    desk.server.drop()
    assert running.result().exit_code == 3


def test_ctrl_c(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the table, and leaves the cursor as it was."""
    screen = Screen()
    monkeypatch.setattr(calls, "Console", lambda **_: screen.console)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    result = desk.run("calls")
    assert (result.exit_code, result.output) == (0, "")
    assert screen.getvalue().endswith("\x1b[?25h")


def test_changes_that_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """What finds no room is told of."""
    access = Access("h", 1, "u", "s")
    with Manager() as manager:
        watch = Watch(manager, access)
        watch._lines = Feed(1)
        watch._lines.put({"change": "one"}, {"change": "two"})
        watch.over("it is over")
        with pytest.raises(OverError):
            watch.print_json(once=False)
        watch.calls.close()
    assert capsys.readouterr() == (
        '{"change": "one"}\n',
        "pystrix: 1 changes are not shown: they come faster than they are taken\n",
    )


def test_call_of_which_nothing_was_heard() -> None:
    """A call that this program began has no channel at first."""
    call = TrackedCall("1", 0.0, lambda: 3725.5)
    call.dialled = "PJSIP/alice"
    call.originated = True
    figures = describe(call)
    assert (figures["from"], figures["to"], figures["duration"]) == (None, None, 3725.5)
    assert [cell.plain for cell in calls._cells(figures)] == [
        *("dialing", "", "", "", "", "1:02:05", "")
    ]


def test_call_that_is_held(desk: Desk) -> None:
    """Who is on hold is seen in the state."""
    caller = desk.server.receive_call("PJSIP/alice", "100", context="office")
    desk.server.dial(caller, "PJSIP/bob")
    process = desk.spawn("calls", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    caller.hold()
    while (news := json.loads(process.stdout.readline()))["change"] != "held":
        pass
    assert news["call"]["on_hold"]
    assert calls._cells(news["call"])[0].plain == "answered, on hold"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)


def test_loss_for_good(desk: Desk) -> None:
    """If Asterisk does not let us in again it is over."""
    desk.server.receive_call("PJSIP/alice")
    process = desk.spawn("calls", "--json")
    assert process.stdout is not None
    process.stdout.readline()
    desk.server.add_user("admin", "another")
    desk.server.drop()
    _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 3
    assert errors.splitlines()[-1] == "pystrix: Asterisk refused the login: Authentication failed"
