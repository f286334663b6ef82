"""The names of pystrix 1.x: all are there, and the lines of each action are tested."""

from __future__ import annotations

from pystrix.ami import Action, core
from tests.ami.core import test_calls, test_queues, test_removed, test_session, test_values

NAMES = """
    AbsoluteTimeout AGI Bridge Challenge ChangeMonitor Command CoreShowChannels CreateConfig DBDel
    DBDelTree DBGet DBPut Events ExtensionState GetConfig Getvar Hangup ListCategories ListCommands
    LocalOptimizeAway Login Logoff MailboxCount MailboxStatus MixMonitorMute ModuleCheck ModuleLoad
    Monitor MuteAudio Originate_Application Originate_Context Park ParkedCalls PauseMonitor Ping
    PlayDTMF QueueAdd QueueLog QueuePause QueuePenalty QueueReload QueueRemove QueueStatus
    QueueSummary Redirect Reload SendText SetCDRUserField Setvar SIPnotify SIPpeers SIPqualify
    SIPshowpeer SIPshowregistry Status StopMonitor UnpauseMonitor UpdateConfig UserEvent
    VoicemailUsersList
"""
TABLES = (test_calls, test_queues, test_removed, test_session, test_values)


def test_names() -> None:
    """The actions of 1.x are there, and no other."""
    kinds = {name: getattr(core, name) for name in core.__all__}
    found = {name for name, kind in kinds.items() if isinstance(kind, type)}
    assert found - {"ManagerAuthError", "ManagerError"} == set(NAMES.split())
    assert all(issubclass(kinds[name], Action) for name in NAMES.split())


def test_lines_are_tested() -> None:
    """A table of these tests has the lines of each action."""
    tested = {type(action).__name__ for table in TABLES for action, _ in table.SENT}
    assert tested == set(NAMES.split())
