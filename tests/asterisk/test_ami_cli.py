"""``pystrix ami`` against the live server."""

from __future__ import annotations

import json
import select
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.cli.ami._connecting import SECRET
from tests.asterisk.calls import SECONDS
from tests.cli.servers import command, run

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.asterisk.server import Asterisk

CHANNEL = "Local/silent@far"


class Shell:
    """Where the commands are run.

    Args:
        asterisk: The Asterisk.
    """

    def __init__(self, asterisk: Asterisk) -> None:
        self._options = ("--port", asterisk.ami_port, "--user", "tests")

    def run(self, name: str, *arguments: object) -> Result:
        """Run a command in this process."""
        return run("ami", name, *arguments, *self._options)

    def spawn(self, name: str, *arguments: object) -> subprocess.Popen[str]:
        """Run a command in a process of its own."""
        return subprocess.Popen(
            command("ami", name, *arguments, *self._options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(asterisk: Asterisk, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give where the commands are run; the password is in the environment."""
    monkeypatch.setenv(SECRET, asterisk.ami_secret)
    return Shell(asterisk)


def news(process: subprocess.Popen[str], **wanted: object) -> dict[str, Any]:
    """Read objects until one has these values."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if wanted.items() <= found.items():
            return found
    raise AssertionError(process.communicate())


def test_doctor(shell: Shell, asterisk: Asterisk) -> None:
    """All that it looks at is there, and is well."""
    result = shell.run("doctor", "--json")
    found = {each["check"]: each for each in json.loads(result.stdout)}
    assert (result.exit_code, result.stderr) == (0, "")
    assert {each["status"] for each in found.values()} == {"ok"}
    assert found["version"]["text"].startswith(f"Asterisk {asterisk.version}")
    assert "originate" in found["read classes"]["text"]
    assert "en, " in found["sounds"]["text"]
    assert list(found)[:5] == ["reach", "greeting", "login", "read classes", "write classes"]


def test_doctor_without_a_module(shell: Shell, asterisk: Asterisk) -> None:
    """A module that is missing is named."""
    module = "app_userevent.so"
    asterisk.ami.action("ModuleLoad", Module=module, LoadType="unload")
    try:
        result = shell.run("doctor")
    finally:
        asterisk.ami.action("ModuleLoad", Module=module, LoadType="load")
    assert "app_userevent (UserEvent in the dialplan)" in result.stdout.partition("; not ")[2]


def test_wrong_password(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused, in one line."""
    monkeypatch.setenv(SECRET, "wrong")
    result = shell.run("action", "Ping")
    assert result.exit_code == 3
    assert result.stderr == "pystrix: Asterisk refused the login: Authentication failed\n"


def test_actions(shell: Shell) -> None:
    """A response, a list, the console, an error, an action that an event answers."""
    assert "Ping: Pong" in shell.run("action", "Ping").stdout
    figures = json.loads(shell.run("action", "BridgeTechnologyList", "--json").stdout)
    assert len(figures["items"]) == int(figures["complete"]["ListItems"])
    shown = shell.run("action", "Command", "Command=core show version").stdout
    assert shown.startswith("Asterisk ")
    refused = shell.run("action", "Redirect", "Channel=none", "Exten=s", "Context=x", "Priority=1")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "pystrix: Asterisk refused Redirect: Channel does not exist: none\n",
    )
    assert "Event: WaitEventComplete" in shell.run("action", "WaitEvent", "Timeout=1").stdout


def test_events(shell: Shell) -> None:
    """What is sent is seen by who asked for it."""
    process = shell.spawn("events", "UserEvent", "--class", "user", "--header", "X=a*", "--json")
    with process:
        # It says nothing before the first event: it is asked until it has heard one.
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0.2)[0]:
            shell.run("action", "UserEvent", "UserEvent=E", "X=b")
            shell.run("action", "UserEvent", "UserEvent=E", "X=a\x1b\udcff", "Y=1", "Y=2")
        event = news(process, UserEvent="E")
        assert (event["X"], event["Y"]) == ("a\x1b\udcff", ["1", "2"])
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_calls(shell: Shell) -> None:
    """A call that is there, and its end."""
    originate = (
        "Originate",
        f"Channel={CHANNEL}",
        "Application=Wait",
        "Data=60",
        "ChannelId=cli-1",
    )
    assert shell.run("action", *originate).exit_code == 0
    assert "2 channels" in shell.run("calls", "--once").stdout
    with shell.spawn("calls", "--json") as process:
        there = news(process, change=None)["call"]
        assert (there["id"], there["state"], len(there["channels"])) == ("cli-1", "answered", 2)
        shell.run("action", "Hangup", f"Channel={there['channels'][0]['name']}")
        assert news(process, change="ended")["call"]["id"] == "cli-1"
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
