"""``pystrix record``: what is recorded can be replayed; and what goes wrong."""

from __future__ import annotations

import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import FastAGI, core
from pystrix.testing import Transcript, place_call, replay
from pystrix.testing.place import parse_url
from tests.agi.peers import TIMEOUT
from tests.cli.servers import command, fastagi, nobody, run
from tests.machine import NEEDS_IPV6

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def menu(agi: FastAGI) -> None:
    """Play, and say which key was pressed."""
    agi.execute(core.Answer())
    if pressed := agi.execute(core.StreamFile("demo-thanks", escape_digits="123")):
        agi.execute(core.SayDigits(pressed.digit))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_recording_and_replay(tmp_path: Path, number: int) -> None:
    """What is recorded of a server can be replayed; a signal ends the recording."""
    folder = tmp_path / "new" / "folder"
    with fastagi(menu) as url:
        host, port, _ = parse_url(url)
        words = command(*("record", "--listen", "0", "--to", f"{host}:{port}", "--output", folder))
        with subprocess.Popen(  # noqa: S603 - our own interpreter
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith("listening on 127.0.0.1:")
            assert line.endswith(f" for {host}:{port}; Ctrl-C ends it\n")
            where = line.split()[2]
            record = place_call(f"agi://{where}/x", caller="2")
            assert record.heard == ["demo-thanks", "digits 2"]
            assert process.stdout.readline().endswith(" s\n")
            process.send_signal(number)
            output, errors = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, output, errors) == (0, "", "")
        (path,) = folder.iterdir()
        assert replay(path, url) == []
        assert replay(path, menu) == []
    transcript = Transcript.load(path)
    assert transcript.exchanged[0] == (">>", b"agi_network: yes\n")
    assert len(transcript.exchanged) > 20


def test_command_that_would_call_itself(tmp_path: Path) -> None:
    """It does not begin: exit status 2."""
    with nobody() as url:
        _, port, _ = parse_url(url)
    where = f"127.0.0.1:{port}"
    result = run("record", "--listen", where, "--to", where, "--output", tmp_path)
    assert result.exit_code == 2
    assert f"{where} is where --listen is" in result.stderr


@pytest.mark.parametrize(
    ("listen", "to"),
    [
        ("x", "h:1"),
        ("1:x", "h:1"),
        ("65536", "h:1"),
        ("", "h:1"),
        ("0", "1"),
        ("0", "h:"),
        ("0", ":1"),
        ("0", "h:99999"),
    ],
)
def test_usage(tmp_path: Path, listen: str, to: str) -> None:
    """What is no address."""
    result = run("record", "--listen", listen, "--to", to, "--output", tmp_path)
    assert result.exit_code == 2
    assert "PORT: '" in result.stderr


def test_cannot_listen(tmp_path: Path) -> None:
    """A port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("record", "--listen", port, "--to", "h:1", "--output", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"pystrix: cannot listen on {port}: ")
    assert result.stderr.count("\n") == 1


def test_cannot_write() -> None:
    """A folder that cannot be."""
    result = run("record", "--listen", "0", "--to", "h:1", "--output", "/dev/null/x")
    assert result.exit_code == 1
    assert result.stderr == "pystrix: cannot write to /dev/null/x: Not a directory\n"


@NEEDS_IPV6
def test_ipv6(tmp_path: Path) -> None:
    """Addresses of IPv6 stand in brackets."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        where = f"[::1]:{taken.getsockname()[1]}"
        result = run("record", "--listen", where, "--to", "[::1]:1", "--output", tmp_path)
    assert result.exit_code == 1


def test_nobody_is_a_server() -> None:
    """A port that is bound and does not listen refuses calls."""
    with nobody() as url, pytest.raises(ConnectionRefusedError):
        place_call(url)
