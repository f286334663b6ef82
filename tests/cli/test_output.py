"""How commands show what others sent, and say what went wrong."""

from __future__ import annotations

import errno
import socket

import pytest
import typer

from pystrix.cli._output import UNREACHABLE, fail, paragraphs, plain, reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 漢字", "Zoë 漢字"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        (b"caf\xc3\xa9 \xff", "café \\xff"),
        ("\udcff", "\\xff"),
    ],
)
def test_plain(text: str | bytes, shown: str) -> None:
    """It is one line, and nothing in it moves the cursor or turns the writing round."""
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "whatever it says"), "Connection refused"),
        (socket.gaierror(errno.EPERM, "Name or service not known"), "Name or service not known"),
        (OSError("the certificate has expired"), "the certificate has expired"),
    ],
)
def test_reason(error: OSError, why: str) -> None:
    """The system's words, but for names of hosts, whose errors are numbered otherwise."""
    assert reason(error) == why


def test_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, and the exit status."""
    with pytest.raises(typer.Exit) as ended:
        fail("cannot reach \x1b[2J\nhost")
    assert ended.value.exit_code == UNREACHABLE
    assert capsys.readouterr() == ("", "pystrix: cannot reach \\x1b[2J\\nhost\n")


def test_paragraphs() -> None:
    """A paragraph is one line, whatever its width in the source."""

    def command() -> None: ...

    assert paragraphs(command) == ""
    command.__doc__ = """Do this,
        and that.

        With
          care.
        """
    assert paragraphs(command) == "Do this, and that.\n\nWith care."
