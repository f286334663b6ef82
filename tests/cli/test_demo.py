"""``pystrix demo``: what it tells of three calls."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pystrix.cli import demo_program
from tests.agi.peers import TIMEOUT, Background
from tests.cli.servers import read_to_end, run

if TYPE_CHECKING:
    import pytest


def test_three_calls() -> None:
    """What is told of three callers."""
    result = run("demo")
    assert result.exit_code == 0
    assert result.stderr == ""
    scenes = result.stdout.split("\n\n")
    assert len(scenes) == 3
    listens, presses, other = scenes
    assert "A caller who listens to the end: AGI(agi://127.0.0.1:" in listens
    assert "    5.520      200 result=0 endpos=44160\n    5.520  HANGUP\n" in listens
    assert "VERBOSE" not in listens
    assert "A caller who presses 1 during the prompt" in presses
    assert "    1.500      caller presses 1\n    1.500      demo-thanks is cut short\n" in presses
    assert '    1.500  VERBOSE "1 at sample 12000" "1"\n' in presses
    for scene in (listens, presses):
        assert scene.endswith("back in the dialplan: AGISTATUS=HANGUP")
    first, *rest = other.splitlines()
    assert first.startswith("A script that no pattern matches goes to the fallback: AGI(agi://")
    assert first.endswith("/other)")
    assert rest == ["    0.000  back in the dialplan: AGISTATUS=SUCCESS"]


def test_what_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that speaks no AGI: one line for each call, and the exit status says it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT)

        def babble() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"220 ESMTP\n")
                    connection.shutdown(socket.SHUT_WR)
                    read_to_end(connection)

        babbling = Background(babble)
        monkeypatch.setattr(demo_program.DemoServer, "address", server.getsockname())
        result = run("demo")
        babbling.result()
    assert result.exit_code == 3
    assert result.stderr == "pystrix: this is no FastAGI server: it sends 220 ESMTP\n" * 3
