"""Tests of `pystrix1_manager`, with the fixture ami_server."""

import pytest
from pystrix1_manager import Watcher

import pystrix


def test_watcher(ami_server):
    """It hears of the hang-up of a channel that it has listed."""
    channel = ami_server.receive_call("PJSIP/alice", "100")
    watcher = Watcher(*ami_server.address, ami_server.username, ami_server.secret)
    assert watcher.channels() == [channel.name]
    channel.hang_up(16)
    ami_server.end(says="Shutdown")
    assert watcher.ended.wait(5)
    assert [headers["Cause"] for headers in watcher.hangups] == [16]
    watcher.manager.close()


def test_wrong_secret(ami_server):
    """A login that is refused is raised."""
    with pytest.raises(pystrix.ami.core.ManagerAuthError):
        Watcher(*ami_server.address, ami_server.username, "wrong")
