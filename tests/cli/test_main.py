"""The command itself: help, version, and what it says without its extra."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

import pystrix
import pystrix.cli
from tests.agi.peers import TIMEOUT
from tests.cli.servers import command, run

COMMANDS = ("call", "demo", "record", "replay", "load", "ami")


def test_help() -> None:
    """Every command is there, and has help of its own."""
    result = run("--help")
    assert result.exit_code == 0
    assert "Asterisk over AMI" in " ".join(result.stdout.split())
    for name in COMMANDS:
        assert f" {name} " in result.stdout
        assert run(name, "--help").exit_code == 0


def test_no_command() -> None:
    """Nothing to do is no success."""
    assert run().exit_code == 2


def test_version() -> None:
    """The version."""
    assert run("--version").stdout == f"pystrix {pystrix.VERSION}\n"


def test_module() -> None:
    """``python -m pystrix``."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command("--version"), capture_output=True, timeout=TIMEOUT, check=True
    )
    assert done.stdout.decode() == f"pystrix {pystrix.VERSION}\n"


def test_locale_that_cannot_write() -> None:
    """What the terminal cannot show is escaped."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command("replay", __file__, "ü://x"),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra(missing: str) -> None:
    """One line says what to install; the library needs nothing."""
    program = f"import sys; sys.modules[{missing!r}] = None; import pystrix, pystrix.testing; "
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", f"{program}import pystrix.cli; pystrix.cli.main()"],
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stderr == b"pystrix: typer and rich are missing: pip install 'pystrix[cli]'\n"
    assert done.returncode == 2


def test_a_module_of_our_own_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no missing extra."""
    monkeypatch.setitem(sys.modules, "pystrix.cli.call", None)
    with pytest.raises(ModuleNotFoundError):
        pystrix.cli.main()


def test_streams_that_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard output that was replaced is left alone."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "argv", ["pystrix", "--version"])
    with pytest.raises(SystemExit) as ended:
        pystrix.cli.main()
    assert ended.value.code == 0
    assert output.getvalue() == f"pystrix {pystrix.VERSION}\n"


def test_commands_of_ami_are_imported_late() -> None:
    """A command that does not need AMI does not wait for it."""
    program = (
        "import sys, pystrix.cli; pystrix.cli.build();"
        "print(*[name for name in sys.modules if name.startswith('pystrix.ami')])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, timeout=TIMEOUT, check=True
    )
    assert done.stdout.decode().split() == []


def test_no_such_command_of_ami() -> None:
    """It is a mistake of the command line."""
    result = run("ami", "evnts")
    assert result.exit_code == 2
    assert "evnts" in result.stderr


def test_commands_of_ami() -> None:
    """The group lists them, and each has help."""
    listed = run("ami", "--help").stdout
    for name in ("events", "action", "calls", "doctor"):
        assert f" {name} " in listed
        assert f"ami {name} [OPTIONS]" in run("ami", name, "--help").stdout
    lines = run("ami", "action", "--help").stdout.splitlines()
    assert "command" not in [line.strip() for line in lines]  # paragraphs are not cut up


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- <&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    """What is started without one of the standard streams works, and says nothing."""
    words = command("ami", "action", "Ping", "--user", "x")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_closed_output() -> None:
    """A version that nobody wants to read is no failure."""
    words = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command("--version")]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        words, capture_output=True, timeout=TIMEOUT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_streams_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """By ones that take everything and give nothing."""
    monkeypatch.setattr(sys, "argv", ["pystrix", "--version"])
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit, match="0"):
        pystrix.cli.main()
    with sys.stdin as replaced, sys.stdout:
        assert replaced.read() == ""
