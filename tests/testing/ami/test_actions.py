"""Actions that have to do with the session, variables and the database."""

from __future__ import annotations

import pytest

from pystrix.testing.ami import SimulatedAsterisk
from tests.testing.ami.driving import Peer, names


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    """Give an Asterisk."""
    return SimulatedAsterisk()


@pytest.fixture
def peer(asterisk: SimulatedAsterisk) -> Peer:
    """Give a manager that is logged in."""
    return Peer(asterisk)


def test_ping(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """It tells the time of day."""
    asterisk.epoch = 1000.0
    asterisk.advance(2.5)
    assert peer.answer("Ping")["Timestamp"] == "1002.500000"


def test_command(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """The console says what the test says."""
    asterisk.commands["one"] = "a\n b \n\n"
    asterisk.commands["two"] = lambda: "c"
    assert peer.answer("Command", Command="one").get_all("Output") == ["a", " b ", ""]
    assert peer.answer("Command", Command="two").get_all("Output") == ["c"]
    assert peer.refusal("Command") == "No command provided"
    unknown = peer.answer("Command", Command="three")
    assert unknown["Message"] == "Command output follows"
    assert unknown["Output"].startswith("No such command 'three'")


def test_core(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """It says which version it is, and since when it runs."""
    asterisk.epoch = 86400.0
    asterisk.version = "18.1.0"
    assert peer.answer("CoreSettings")["AsteriskVersion"] == "18.1.0"
    asterisk.advance(60.0)
    asterisk.boot()
    peer.act("Originate", Channel="PJSIP/a", Application="Wait", Async="true")
    status = peer.answer("CoreStatus")
    assert status["CoreStartupDate"] == "1970-01-02"
    assert status["CoreStartupTime"] == "00:01:00"
    assert status["CoreCurrentCalls"] == status["CoreProcessedCalls"] == "1"


def test_modules(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Those that the test says are loaded."""
    asterisk.modules.add("app_queue")
    assert peer.answer("ModuleCheck", Module="app_queue.so")["Response"] == "Success"
    assert peer.refusal("ModuleCheck", Module="app_dial") == "Module not loaded"
    assert peer.refusal("ModuleCheck") == "Module not loaded"


def test_variables(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Global ones, and those of channels."""
    assert peer.refusal("Getvar") == peer.refusal("Setvar") == "No variable specified"
    assert peer.answer("Getvar", Variable="X")["Value"] == ""
    answer, event = peer.act("Setvar", Variable="X", Value='a"b')
    assert answer["Message"] == "Variable Set"
    assert event["Value"] == 'a\\"b'
    assert event["Channel"] == "none"
    assert asterisk.variables == {"X": 'a"b'}
    assert peer.answer("Getvar", Variable="X")["Value"] == 'a"b'
    asterisk.variables["LONG"] = "é" * 1000
    value = peer.answer("Getvar", Variable="LONG")["Value"]
    assert len(value.encode(errors="surrogateescape")) == 1023
    call = asterisk.receive_call("PJSIP/a")
    peer.hear()
    answer, event = peer.act("Setvar", Channel=call.name, Variable="Y", Value="1")
    assert event["Channel"] == call.name
    assert peer.answer("Getvar", Channel=call.uniqueid, Variable="Y")["Value"] == "1"
    assert peer.refusal("Getvar", Channel="x", Variable="Y") == "No such channel"
    assert peer.refusal("Setvar", Channel="x", Variable="Y") == "No such channel"


def test_database(asterisk: SimulatedAsterisk, peer: Peer) -> None:
    """Entries are put, got and deleted."""
    assert peer.refusal("DBGet") == "No family specified."
    assert peer.refusal("DBDel", Family="f") == "No key specified."
    assert peer.refusal("DBPut", Family="f") == "No key specified"
    assert peer.refusal("DBGet", Family="f", Key="k") == "Database entry not found"
    assert peer.answer("DBPut", Family="f", Key="k", Val="v")["Response"] == "Success"
    assert asterisk.database == {"f/k": "v"}
    start, entry, complete = peer.act("DBGet", Family="f", Key="k")
    assert start["Message"] == "Result will follow"
    assert dict(entry) | {"ActionID": ""} == {
        "Event": "DBGetResponse",
        "Family": "f",
        "Key": "k",
        "Val": "v",
        "ActionID": "",
    }
    assert complete == "DBGetComplete"
    asterisk.database |= {"f/k/1": "", "fx/k": ""}
    found = peer.act("DBGetTree", Family="f")
    assert [each["Key"] for each in found[1:-1]] == ["/f/k", "/f/k/1"]
    assert len(peer.act("DBGetTree")) == 5
    assert names(peer.act("DBGetTree", Family="f", Key="k"))[-1] == "DBGetTreeComplete"
    assert peer.answer("DBDel", Family="f", Key="k")["Message"] == "Key deleted successfully"
    assert peer.refusal("DBDel", Family="f", Key="k") == "Database entry could not be deleted"
