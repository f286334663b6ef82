"""What managers are in the child of a fork."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import AnyAction, Manager, ManagerError, _forks
from tests.agi.peers import TIMEOUT, Background
from tests.ami.managers import AT_ONCE, LOGIN, admit, return_to

if TYPE_CHECKING:
    from tests.ami.servers import Peer, ScriptedServer

PING = AnyAction("Ping")
PONG = ("Response: Success", "Ping: Pong")


def connected(server: ScriptedServer, *, keeps: bool) -> tuple[Manager, Peer]:
    """Connect a manager."""
    manager = Manager(reconnect=AT_ONCE if keeps else False)
    options: dict[str, Any] = LOGIN if keeps else {}
    connecting = Background(lambda: manager.connect("127.0.0.1", server.port, **options))
    peer = server.accept()
    if keeps:
        admit(peer)
    connecting.result()
    return manager, peer


def check(manager: Manager) -> None:
    """See that a manager has no connection, and does nothing with the parent's."""
    assert not manager.is_connected()
    with pytest.raises(ManagerError, match="cannot send Ping: not connected"):
        manager.send(PING)
    manager.close()


@pytest.mark.parametrize("keeps", [False, True])
def test_child(server: ScriptedServer, *, keeps: bool) -> None:
    """It has no connection, and waits for no thread; that of the parent goes on."""
    manager, peer = connected(server, keeps=keeps)
    child = os.fork()
    if child == 0:  # says by its exit how it went
        try:
            check(manager)
        except BaseException:  # noqa: BLE001 - it would go on as a second run of the tests
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    asking = Background(manager.send, PING)
    peer.expect("Ping", *PONG)
    asking.result()
    manager.close()


@pytest.mark.parametrize("keeps", [False, True])
def test_it_lets_go(server: ScriptedServer, *, keeps: bool) -> None:
    """The same in this process, where the descriptors that are closed are the only ones."""
    manager, peer = connected(server, keeps=keeps)
    never = Manager()
    kept = manager._kept
    connection = manager.get_connection()
    assert connection is not None
    with connection._bell.ear.dup(), connection._bell._ringer.dup() as ringer:
        _forks._tell()
        check(manager)
        check(never)
        ringer.send(b"\0")  # to the thread, which lives here and which closing does not wake
        connection._thread.join(TIMEOUT)
    if kept is not None:  # its threads live here
        return_to(server)
        kept.reconnector.stop()
    peer.close()
