"""``pystrix ami action``: what is sent, what is shown, and how it ends."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from pystrix.ami import Event, Manager, ManagerActionError
from pystrix.testing.ami import ListAnswer, Refused, Silence
from tests.agi.peers import TIMEOUT

if TYPE_CHECKING:
    import pytest

    from tests.cli.ami.conftest import Desk


def test_response(desk: Desk) -> None:
    """The headers of the answer, but the ActionID, which nobody asked for."""
    desk.server.on("Hangup", {"Message": "Channel Hungup"})
    result = desk.run("action", "hangup", "Channel=PJSIP/a=b", "Cause=16")
    assert result.stderr == ""
    assert result.stdout.splitlines() == ["Response: Success", "Message: Channel Hungup"]
    assert result.exit_code == 0
    action = desk.server.wait_for_action("hangup", timeout=TIMEOUT)
    assert (action["Channel"], action["Cause"]) == ("PJSIP/a=b", "16")


def test_no_events_are_asked_for(desk: Desk) -> None:
    """Nobody would see them."""
    desk.run("action", "Ping")
    assert desk.server.wait_for_action("Login", timeout=TIMEOUT)["Events"] == "off"


def test_repeated_headers(desk: Desk) -> None:
    """A header that is given twice is sent twice, however it is spelled."""
    desk.server.on("Originate", "Originate successfully queued")
    desk.run("action", "Originate", "Variable=A=1", "Channel=Local/a@b", "variable=B=2,3", "Data=")
    action = desk.server.wait_for_action("Originate", timeout=TIMEOUT)
    assert action.get_all("Variable") == ["A=1", "B=2,3"]
    assert action["Data"] == ""


def test_list(desk: Desk) -> None:
    """Every item of a list, and what ends it."""
    items = [Event({"Event": "ParkedCall", "Space": "701"}), Event({"Event": "ParkedCall"})]
    desk.server.on("ParkedCalls", ListAnswer(items, totals={"Total": 2}))
    result = desk.run("action", "ParkedCalls")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Response: Success",
        "Message: List will follow",
        "",
        "Event: ParkedCall",
        "Space: 701",
        "",
        "Event: ParkedCall",
        "",
        "Event: ParkedCallsComplete",
        "ListItems: 2",
        "Total: 2",
    ]


def test_list_as_json(desk: Desk) -> None:
    """One object, in which a header that is repeated is a list."""
    desk.server.on("X", ListAnswer([Event(["Event: I", "A: 1", "B: [red]", "a: 2"])], "End"))
    figures = json.loads(desk.run("action", "X", "ActionID=7", "--json").stdout)
    assert figures == {
        "success": True,
        "response": {
            "Response": "Success",
            "ActionID": "7",
            "EventList": "start",
            "Message": "List will follow",
        },
        "items": [{"Event": "I", "ActionID": "7", "A": ["1", "2"], "B": "[red]"}],
        "complete": {"Event": "End", "ActionID": "7", "EventList": "Complete", "ListItems": "1"},
    }


def test_event_that_belongs_to_the_answer(desk: Desk) -> None:
    """An answer that is an event, though no list says so."""
    desk.server.on("FAXStats", "FAX Statistics will follow")
    running = desk.start("action", "FAXStats", "ActionID=9", "--json")
    desk.server.wait_for_action("FAXStats", timeout=TIMEOUT)
    desk.server.send_raw(b"Event: FAXStats\r\nActionID: 9\r\nCompletedFAXes: 3\r\n\r\n")
    figures = json.loads(running.result().stdout)
    assert figures["items"] == []
    assert figures["complete"] == {"Event": "FAXStats", "ActionID": "9", "CompletedFAXes": "3"}


def test_response_as_json(desk: Desk) -> None:
    """Without a list items and complete are null."""
    figures = json.loads(desk.run("action", "Ping", "--json").stdout)
    assert figures["response"]["Ping"] == "Pong"
    assert (figures["success"], figures["items"], figures["complete"]) == (True, None, None)


def test_output_of_a_command(desk: Desk) -> None:
    """Of the console the output alone, line by line."""
    desk.server.commands["core show x"] = "one\n  two: [bold]2[/bold]\n\x1b[31mred\n"
    result = desk.run("action", "command", "Command=core show x")
    assert result.stdout == "one\n  two: [bold]2[/bold]\n\\x1b[31mred\n"


def test_refused(desk: Desk) -> None:
    """What Asterisk refuses is shown as well, and is a status of its own."""
    desk.server.on("Redirect", Refused("Channel does not exist: \x07x"))
    result = desk.run("action", "Redirect", "Channel=x")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "Response: Error"
    assert result.stderr == ("pystrix: Asterisk refused Redirect: Channel does not exist: \\x07x\n")
    figures = json.loads(desk.run("action", "Redirect", "--json").stdout)
    assert (figures["success"], figures["response"]["Response"]) == (False, "Error")


def test_refused_command(desk: Desk) -> None:
    """The console's complaint is what is shown."""
    result = desk.run("action", "Command", "Command=nope")
    assert result.exit_code == 1
    assert result.stdout.startswith("No such command 'nope'")
    assert desk.run("action", "Command").stdout.splitlines()[0] == "Response: Error"


def test_hostile_bytes(desk: Desk) -> None:
    """Nothing that is sent moves the cursor, or is taken for markup."""
    block = b"Response: Success\r\nActionID: 1\r\nX: \xff\x1b[2J [red]\r\nmore\x9b\r\n\r\n"
    desk.server.on("Getvar", Silence())
    running = desk.start("action", "Getvar", "ActionID=1")
    desk.server.wait_for_action("Getvar", timeout=TIMEOUT)
    desk.server.send_raw(block)
    assert running.result().stdout.splitlines() == [
        "Response: Success",
        "X: \\xff\\x1b[2J [red]\\r\\nmore\\x9b",
    ]


def test_no_answer(desk: Desk) -> None:
    """Asterisk has so long, and no longer."""
    desk.server.on("Getvar", Silence())
    result = desk.run("action", "Getvar", "--timeout", "0.1")
    assert result.exit_code == 1
    assert result.stderr == "pystrix: Getvar was not answered within 0.1 s\n"


def test_connection_that_is_lost(desk: Desk) -> None:
    """A connection that ends before the answer."""
    desk.server.on("Getvar", Silence())
    running = desk.start("action", "Getvar")
    desk.server.wait_for_action("Getvar", timeout=TIMEOUT)
    desk.server.drop()
    result = running.result()
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert "closed the connection" in result.stderr


def test_usage(desk: Desk) -> None:
    """What is no action is not sent."""
    for words in (["Channel"], ["=x"], ["action=Ping"], ["ActionID=1", "actionid=2"]):
        result = desk.run("action", "Ping", *words)
        assert result.exit_code == 2
    assert not desk.server.actions
    result = desk.run("action", "Ping", "X=one\ntwo")
    assert result.exit_code == 2
    assert result.stderr == (
        "pystrix: AMI cannot carry CR, LF or NUL in a value, and X is 'one\\ntwo'\n"
    )


def test_interrupted(desk: Desk) -> None:
    """Ctrl-C ends it, with the status of that, and without a word."""
    desk.server.on("Getvar", Silence())
    process = desk.spawn("action", "Getvar")
    desk.server.wait_for_action("Getvar", timeout=TIMEOUT)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=TIMEOUT) == ("", "")
    assert process.returncode == 130


def test_error_without_an_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could say what was refused."""

    def send(*_: object, **__: object) -> None:
        raise ManagerActionError("refused")

    monkeypatch.setattr(Manager, "send", send)
    result = desk.run("action", "Ping")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "pystrix: refused\n")


def test_no_name(desk: Desk) -> None:
    """Asterisk is not even asked."""
    assert desk.run("action", "").exit_code == 2
    assert not desk.server.actions
