"""How the commands connect: where the password comes from, TLS, and what goes wrong."""

from __future__ import annotations

import logging
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import typer

from pystrix.cli.ami._connecting import PORT, SECRET, TLS_PORT, Access, ending, log_lines
from tests.agi.peers import TIMEOUT, Background, eventually
from tests.ami.servers import CERTIFICATE, ScriptedServer
from tests.cli.servers import Terminal, command, nobody, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.ami.conftest import Desk


def access(**options: object) -> Access:
    """Make one of options."""
    given = {"tls": False, "tls_ca": None, "secret_file": None, "debug": False, **options}
    return Access.of("h", None, "u", **given)  # type: ignore[arg-type]


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """Give a file with the password."""
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(b"secret\r\nmore\n")
    return file


def test_secret_of_a_file(desk: Desk, secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line of a file comes before the environment."""
    monkeypatch.setenv(SECRET, "wrong")
    result = desk.run("action", "Ping", "--secret-file", secret_file)
    assert (result.exit_code, result.stderr) == (0, "")


def test_file_that_everybody_reads(desk: Desk, secret_file: Path) -> None:
    """That is worth a warning, and no more."""
    secret_file.chmod(0o604)
    result = desk.run("action", "Ping", "--secret-file", secret_file)
    assert result.exit_code == 0
    assert result.stderr == (
        f"pystrix: everybody on this machine can read {secret_file}: chmod 600 {secret_file}\n"
    )


def test_secret_that_is_not_utf_8(secret_file: Path) -> None:
    """Its bytes are kept."""
    secret_file.write_bytes(b"\xff")
    assert access(secret_file=secret_file).secret == "\udcff"  # noqa: S105


def test_file_without_a_secret(secret_file: Path) -> None:
    """An empty line is no password; what cannot be read is none either."""
    secret_file.write_bytes(b"\nsecret\n")
    with pytest.raises(typer.BadParameter, match=r"the first line of .* is empty"):
        access(secret_file=secret_file)
    with pytest.raises(typer.BadParameter, match=r"cannot read .*: Is a directory"):
        access(secret_file=secret_file.parent)


def test_no_secret(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, and without a terminal to ask at, the command line is wrong."""
    monkeypatch.delenv(SECRET)
    result = desk.run("action", "Ping")
    assert result.exit_code == 2
    assert f"there is no password: set {SECRET}" in result.stderr


def test_no_option_for_it(desk: Desk) -> None:
    """An argument could be read by everybody on the machine."""
    assert desk.run("action", "Ping", "--secret", "x").exit_code == 2


def test_prompt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal it is asked for, and not shown."""
    monkeypatch.delenv(SECRET)
    words = ("action", "Ping", "--port", desk.server.port, "--user", "admin")
    with Terminal("ami", *words) as terminal:
        assert terminal.process.stderr is not None
        asked = os.read(terminal.process.stderr.fileno(), 100).decode()
        assert asked.rstrip() == "password of admin at 127.0.0.1:"
        eventually(lambda: not terminal.restored)  # what is typed before is dropped
        terminal.type("secret\n")
        terminal.expect("Ping: Pong")
        assert terminal.end()[0] == 0
        assert "secret" not in terminal.seen


def test_prompt_that_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C there ends the command."""
    monkeypatch.delenv(SECRET)
    words = ("action", "Ping", "--port", desk.server.port, "--user", "admin")
    with Terminal("ami", *words) as terminal:
        assert terminal.process.stderr is not None
        os.read(terminal.process.stderr.fileno(), 100)
        eventually(lambda: not terminal.restored)
        terminal.type("\x03")
        assert terminal.end() == (130, "\n")
        assert terminal.restored


def test_prompt_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed is the password."""
    monkeypatch.delenv(SECRET, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: "typed")
    assert access().secret == "typed"  # noqa: S105

    def leave(*_: object, **__: object) -> str:
        raise typer.Abort

    monkeypatch.setattr(typer, "prompt", leave)
    with pytest.raises(typer.Exit) as ended:
        access()
    assert ended.value.exit_code == 130


def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way has a port of its own, if none is given."""
    monkeypatch.setenv(SECRET, "x")
    assert access().port == PORT
    assert access(tls=True).port == TLS_PORT
    assert access(tls_ca=CERTIFICATE).context is not None


def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without any is one line."""
    monkeypatch.setenv(SECRET, "x")
    file = tmp_path / "ca.pem"
    file.write_text("none")
    with pytest.raises(typer.BadParameter, match=f"there are no certificates in {file}"):
        access(tls_ca=file)
    with pytest.raises(typer.BadParameter, match=f"cannot read {tmp_path}/no: No such file"):
        access(tls_ca=tmp_path / "no")


def test_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the authority of the certificate it is TLS; without, nothing is sent."""
    monkeypatch.setenv(SECRET, "s3cret")
    with ScriptedServer("127.0.0.1", tls=True) as server:
        words = ("ami", "action", "Ping", "--port", server.port, "--user", "admin")
        result = run(*words, "--tls")
        assert result.exit_code == 3
        assert "CERTIFICATE_VERIFY_FAILED" in result.stderr
        assert result.stderr.count("\n") == 1
        running = Background(lambda: run(*words, "--host", "localhost", "--tls-ca", CERTIFICATE))
        peer = server.accept()
        request = peer.expect("Login", "Response: Success")
        assert (request["Username"], request["Secret"]) == ("admin", "s3cret")
        peer.respond_to_all(lambda peer, request: peer.respond(request, "Response: Success"))
        assert running.result().exit_code == 0


def test_redacted() -> None:
    """The password is in no text, and not in what the object shows of itself."""
    made = Access("h", 1, "u", "s3cret")
    assert made.redact("is s3cret, s3cret") == "is ***, ***"
    assert "s3cret" not in repr(made)


def test_wrong_password(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that does not show it."""
    monkeypatch.setenv(SECRET, "accepted-nowhere")
    result = desk.run("action", "Ping", "--debug")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1] == (
        "pystrix: Asterisk refused the login: Authentication failed"
    )
    assert "accepted-nowhere" not in result.output
    assert "Key: ***" in result.stderr


def test_nobody_there() -> None:
    """A machine that cannot be reached."""
    with nobody() as url:
        port = url.rpartition(":")[2].partition("/")[0]
        environment = {**os.environ, SECRET: "x"}
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command("ami", "events", "--port", port, "--user", "x"),
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr == (
        f"pystrix: cannot connect to 127.0.0.1:{port}: [Errno 111] Connection refused\n"
    )


def test_names_that_are_none(desk: Desk) -> None:
    """Names of hosts and users that cannot be."""
    for host in ("a..b", ""):
        result = desk.run("action", "Ping", "--host", host)
        assert result.exit_code == 2
        assert "not the name of a machine" in result.stderr
    result = desk.run("action", "Ping", user="a\nb")
    assert result.exit_code == 2
    assert result.stderr == (
        "pystrix: AMI cannot carry CR, LF or NUL in a value, and Username is 'a\\nb'\n"
    )


def test_log() -> None:
    """What the library logs is a line on standard error, from a level on, without the password."""
    logger = logging.getLogger("pystrix.ami")
    made = Access("h", 1, "u", "s3cret")
    before = logger.level, logger.propagate
    with log_lines(made, logging.WARNING):
        assert not logger.isEnabledFor(logging.INFO)
        assert not logger.propagate
    with log_lines(Access("h", 1, "u", "s", debug=True), logging.CRITICAL):
        assert logger.isEnabledFor(logging.DEBUG)
    assert (logger.level, logger.propagate, logger.handlers) == (*before, [])


def test_log_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback is for nobody here: its last line is."""
    logger = logging.getLogger("pystrix.ami")
    with log_lines(Access("h", 1, "u", "s3cret"), logging.WARNING):
        try:
            raise LookupError("s3cret\n")  # noqa: TRY301
        except LookupError:
            logger.exception("a hook of %s failed", "s3cret")
        logger.error("no error", exc_info=(None, None, None))
    assert capsys.readouterr().err == (
        "pystrix: a hook of *** failed: LookupError('***\\n')\npystrix: no error\n"
    )


def test_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    """It is an end like others."""
    with pytest.raises(typer.Exit) as ended, ending(Access("h", 1, "u", "s"), 7):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 7
    assert capsys.readouterr() == ("", "")
