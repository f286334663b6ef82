"""``pystrix ami doctor``: what it sees of an Asterisk, and of one that is not there."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import Manager, ManagerSocketError
from pystrix.cli.ami import _checks as checks
from pystrix.cli.ami._connecting import SECRET, Access
from pystrix.cli.ami.doctor import Examination, _is_here, unreachable
from pystrix.testing.ami import Refused
from tests.agi.peers import Background
from tests.ami.servers import CERTIFICATE, ScriptedServer
from tests.cli.servers import nobody, run

if TYPE_CHECKING:
    from typer.testing import Result

    from pystrix.testing.ami import AMIServer
    from tests.cli.ami.conftest import Desk

USER = """
          username: {name}
            secret: <Set>
         read perm: {read}
        write perm: {write}
"""
MODULES = """Module                         Description  Use Count  Status      Support Level
res_agi.so                     AGI                  1          Running              core
app_stack.so                   Gosub                1          Running              core
app_queue.so                   Queues               0          Not Running          core
format_gsm.so                  GSM                  0          Running              core
4 modules loaded
"""
SETTINGS = """
PBX Core settings
-----------------
  Version:                     22.10.1
  Maximum calls:               Not set
  Maximum open file handles:   20000
  Default language:            de
  Transmit silence during rec: Enabled
"""


def furnish(server: AMIServer) -> None:
    """Give an Asterisk a console."""
    everything = ",".join((*checks.USES["read"], *checks.USES["write"]))
    server.commands.update(
        {
            "manager show user admin": USER.format(name="admin", read=everything, write=everything),
            "module show": MODULES,
            "core show sounds": "\n".join(("Available audio files:", *checks.SPOKEN)),
            "core show sound digits/1": "  Language en:\n    Format: gsm\n    Format: wav\n",
            "core show settings": SETTINGS,
        }
    )


def found(result: Result) -> dict[str, tuple[str, str]]:
    """Give the lines by what was looked at; what to do stands below."""
    lines: dict[str, tuple[str, str]] = {}
    check = ""
    for line in result.stdout.splitlines():
        if line.startswith(" "):
            status, text = lines[check]
            lines[check] = status, f"{text}: {line.strip()}"
        else:
            check = line[6:19].strip()
            lines[check] = line[:4].strip(), line[21:]
    return lines


def test_all_is_well(desk: Desk) -> None:
    """Every line is ok but the one for what is not there."""
    furnish(desk.server)
    result = desk.run("doctor")
    lines = found(result)
    assert lines.pop("timing")[0] == "warn"
    assert {status for status, _ in lines.values()} == {"ok"}
    assert lines["greeting"] == ("ok", "Asterisk Call Manager 11.0.0")
    assert lines["login"] == ("ok", "as admin")
    assert lines["version"] == ("ok", "Asterisk 22.10.1, AMI 11.0.0")
    assert lines["sounds"] == ("ok", "core sounds are there: en, as gsm, wav")
    assert (result.exit_code, result.stderr) == (0, "")


def test_json(desk: Desk) -> None:
    """The same for a program."""
    furnish(desk.server)
    figures = json.loads(desk.run("doctor", "--json").stdout)
    assert figures[0] == {
        "check": "reach",
        "status": "ok",
        "text": f"127.0.0.1, port {desk.server.port}",
        "advice": None,
    }
    assert {"clock", "limits", "language"} < {each["check"] for each in figures}


def test_user_who_may_little(desk: Desk) -> None:
    """What the console would tell is not seen, and what to grant is said."""
    desk.server.modules |= {"app_stack"}
    desk.server.add_user("little", "secret", read="system", write="system")
    lines = found(desk.run("doctor", user="little"))
    status, text = lines["read classes"]
    assert status == "warn"
    assert text.startswith("system (others are seen only with command in write)")
    assert "agi: AsyncAGI needs it" in text
    assert lines["write classes"][1].startswith("system (perhaps others)")
    assert lines["res_agi"][0] == "ok"
    assert lines["modules"][1].startswith("app_stack, of those")
    assert lines["sounds"][1].startswith("which sounds there are cannot be seen")
    assert "language" not in lines


def test_user_who_may_nothing(desk: Desk) -> None:
    """Then there is not much to be seen, and nothing that fails."""
    desk.server.add_user("nobody", "secret", read="", write="")
    result = desk.run("doctor", user="nobody")
    lines = found(result)
    assert lines["read classes"][1].startswith("none is seen (others")
    assert lines["res_agi"][0] == "warn"
    assert lines["modules"][1].startswith("which modules are loaded cannot be seen")
    assert lines["settings"][1].startswith("the settings cannot be seen")
    assert result.exit_code == 0


def test_no_agi(desk: Desk) -> None:
    """Without res_agi nothing works, and that is what the status says."""
    desk.server.modules.clear()
    result = desk.run("doctor")
    assert found(result)["res_agi"][0] == "fail"
    assert result.exit_code == 1


def test_event_of_a_login(desk: Desk) -> None:
    """What comes behind a login tells what is read, even if the console tells nothing."""

    def ping(_: object) -> Any:
        desk.server.send_event("SuccessfulAuth", {"Service": "AMI"})
        return NotImplemented

    desk.server.on("Ping", ping)
    assert found(desk.run("doctor"))["read classes"][1].startswith("security, system (others")


def test_clock(desk: Desk) -> None:
    """A clock that is wrong, and one that is not told."""
    desk.server.on("Ping", {"Ping": "Pong", "Timestamp": "1000000.5"})
    assert found(desk.run("doctor"))["clock"][0] == "warn"
    desk.server.on("Ping", {"Ping": "Pong"})
    assert found(desk.run("doctor"))["clock"][1] == "this Asterisk does not tell its time"


def test_wrong_password(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reached is said, and what may be wrong."""
    monkeypatch.setenv(SECRET, "wrong")
    result = desk.run("doctor")
    lines = found(result)
    assert (lines["greeting"][0], lines["login"][0]) == ("ok", "fail")
    assert "permit, deny and acl" in lines["login"][1]
    assert result.exit_code == 3


def test_password_that_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it would be, it is not."""
    monkeypatch.setenv(SECRET, "Authentication")
    result = desk.run("doctor", "--json")
    assert "Authentication" not in result.output
    assert "refused the login: *** failed" in result.stdout


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port at which nobody listens."""
    monkeypatch.setenv(SECRET, "x")
    with nobody() as url:
        port = re.findall(r":(\d+)/", url)[0]
        result = run("ami", "doctor", "--port", port, "--user", "x")
    assert result.exit_code == 3
    assert found(result)["reach"][0] == "fail"
    assert "does Asterisk run" in found(result)["reach"][1]


def test_no_asterisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else."""
    monkeypatch.setenv(SECRET, "x")
    with ScriptedServer(banner=b"SSH-2.0-x\x1b[2J\r\n") as server:
        result = run("ami", "doctor", "--port", server.port, "--user", "x")
    status, text = found(result)["greeting"]
    assert status == "fail"
    assert "\x1b" not in text
    assert "is it the port of manager.conf?" in text


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """One who closes without a word."""
    monkeypatch.setenv(SECRET, "x")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def leave() -> None:
            listener.accept()[0].close()

        background = Background(leave)
        port = listener.getsockname()[1]
        result = run("ami", "doctor", "--port", port, "--user", "x")
        background.result()
    status, text = found(result)["reach"]
    assert status == "fail"
    assert "closed the connection without a greeting" in text


def test_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """With TLS the password goes as it is; a certificate that nobody knows is not taken."""
    monkeypatch.setenv(SECRET, "s3cret")
    with ScriptedServer(tls=True) as server:
        words = ("ami", "doctor", "--port", server.port, "--user", "x")
        running = Background(lambda: run(*words, "--tls-ca", CERTIFICATE))
        peer = server.accept()
        login = peer.expect("Login", "Response: Error", "Message: Authentication failed")
        assert login.get("Secret") == "s3cret"
        lines = found(running.result())
        assert lines["reach"][1].endswith(", with TLS")
        assert lines["login"][0] == "fail"
        assert "--tls-ca" in found(run(*words, "--tls"))["reach"][1]
    with ScriptedServer() as server:
        lines = found(run("ami", "doctor", "--port", server.port, "--user", "x", "--tls"))
        assert "tlsbindaddr" in lines["reach"][1]


def test_name_that_nobody_knows() -> None:
    """A name without an address."""
    error = ManagerSocketError("cannot connect")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")
    finding = unreachable(error, Access("nohost", 1, "u", "s"))
    assert finding.status == "fail"
    assert "is the name right?" in finding.advice


def test_connection_that_ends(desk: Desk) -> None:
    """An Asterisk that leaves in the middle."""
    desk.server.on("ListCommands", lambda _: desk.server.drop())
    result = desk.run("doctor")
    assert result.exit_code == 3
    status, text = found(result)["session"]
    assert status == "fail"
    assert "closed the connection" in text


@pytest.mark.parametrize("answer", [{}, Refused("Not now")])
def test_no_challenge(desk: Desk, answer: Any) -> None:
    """A peer that does not answer as an Asterisk does is a finding like any other."""
    desk.server.on("Challenge", answer)
    result = desk.run("doctor", "--json")
    last = json.loads(result.stdout)[-1]
    assert (last["check"], last["status"]) == ("session", "fail")
    assert "Challenge" in last["text"]
    assert "about to end?" in last["advice"]
    assert result.exit_code == 3


def test_an_end_that_nobody_waits_for(desk: Desk) -> None:
    """What is asked next fails, and the finding says why."""
    manager = Manager()
    access = Access("127.0.0.1", desk.server.port, "admin", desk.server.secret)
    with manager:
        findings = Examination(manager, access).findings()
        assert next(findings).check == "reach"
        desk.server.drop()
        with pytest.raises(ManagerSocketError):
            manager.wait_closed()
        last = list(findings)[-1]
    assert (last.check, last.status) == ("session", "fail")
    assert "closed the connection" in last.text


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False), ("x", False)],
)
def test_where_it_is(host: str, here: bool) -> None:
    """Whether what is sent leaves this machine."""
    assert _is_here(host) is here


def test_no_encryption(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaves the machine should be encrypted."""
    monkeypatch.setattr("pystrix.cli.ami.doctor._is_here", lambda _: False)
    assert found(desk.run("doctor"))["encryption"][0] == "warn"
