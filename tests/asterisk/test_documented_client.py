"""The client as programs for 1.x are written, unchanged, against the live server to its end."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import ManagerAuthError, actions
from tests.agi.peers import TIMEOUT, eventually, library_threads
from tests.asterisk.restarting import RestartingAsterisk
from tests.test_examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.asterisk.server import Asterisk


@pytest.fixture(scope="module")
def own(live_asterisk: Asterisk) -> Iterator[RestartingAsterisk]:
    """Give a server of this file alone."""
    with RestartingAsterisk(live_asterisk._installation) as asterisk:
        yield asterisk


@pytest.fixture
def program() -> ModuleType:
    """Load the program."""
    spec = importlib.util.spec_from_file_location("ami_client", EXAMPLES / "ami_client.py")
    assert spec
    assert spec.loader
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def test_from_login_to_shutdown(
    program: ModuleType, own: RestartingAsterisk, caplog: pytest.LogCaptureFixture
) -> None:
    """It hears by name, by class, of everything and of what nobody waits for; then of the end."""
    caplog.set_level(logging.INFO, "ami_client")

    def wait_for(text: str) -> None:
        eventually(lambda: any(text in message for message in caplog.messages), text)

    client: Any = program.AMIClient("127.0.0.1", own.ami_port, "tests", own.ami_secret)
    assert client.is_alive()
    for text in ("Asterisk has started: Fully Booted", "it runs for ", "event FullyBooted"):
        wait_for(text)
    late = actions.WaitEvent(1)
    late.timeout = 0.01
    assert client._manager.send_action(late) is None
    wait_for("nobody waits for this any more: {'Response': 'Success'")
    own.restart()
    assert client.over.wait(TIMEOUT)
    eventually(lambda: not client.is_alive())
    client.kill()
    assert "event Shutdown" in caplog.messages
    assert not library_threads()


def test_wrong_password(program: ModuleType, own: RestartingAsterisk) -> None:
    """It is told, and nothing is left of it."""
    with pytest.raises(ManagerAuthError, match="Authentication failed"):
        program.AMIClient("127.0.0.1", own.ami_port, "tests", "wrong")
    assert not library_threads()
