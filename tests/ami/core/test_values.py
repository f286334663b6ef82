"""Variables, the database, states and configuration files under their names of pystrix 1.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.ami import core, events
from tests.ami.sending import headers_of, lines_of

if TYPE_CHECKING:
    from pystrix.ami import Action

SENT: list[tuple[Action[Any], set[str]]] = [
    (core.CreateConfig("f.conf"), {"Filename: f.conf"}),
    (core.DBDel("f", "k"), {"Family: f", "Key: k"}),
    (core.DBDelTree("f"), {"Family: f"}),
    (core.DBDelTree("f", "k"), {"Family: f", "Key: k"}),
    (core.DBGet("f", "k"), {"Family: f", "Key: k"}),
    (core.DBPut("f", "k", 5), {"Family: f", "Key: k", "Val: 5"}),
    (core.ExtensionState("e", "c"), {"Exten: e", "Context: c"}),
    (core.GetConfig("f.conf"), {"Filename: f.conf"}),
    (core.Getvar("v"), {"Variable: v"}),
    (core.Getvar("v", "ch"), {"Variable: v", "Channel: ch"}),
    (core.Setvar("v", 5), {"Variable: v", "Value: 5"}),
    (core.Setvar("v", "", "ch"), {"Variable: v", "Value: ", "Channel: ch"}),
    (
        core.UpdateConfig("a", "b", [], False),
        {"SrcFilename: a", "DstFilename: b", "Reload: false"},
    ),
    (
        core.UpdateConfig("a", "b", [], "res_agi"),
        {"SrcFilename: a", "DstFilename: b", "Reload: res_agi"},
    ),
]


@pytest.mark.parametrize(("action", "sent"), SENT, ids=lambda value: getattr(value, "name", ""))
def test_lines(action: Action[Any], sent: set[str]) -> None:
    """Each action sends these lines and no other."""
    assert headers_of(action) == sent


def test_changes() -> None:
    """The changes of a file are counted, and keep their order."""
    changes = [("Update", "c", "var", "val", "old"), ("NewCat", "d", None, None, None)]
    assert lines_of(core.UpdateConfig("a", "b", changes)) == [
        "Action: UpdateConfig",
        "SrcFilename: a",
        "DstFilename: b",
        "Reload: true",
        "Action-000000: Update",
        "Cat-000000: c",
        "Var-000000: var",
        "Value-000000: val",
        "Match-000000: old",
        "Action-000001: NewCat",
        "Cat-000001: d",
    ]


def test_dbget_awaits_its_value() -> None:
    """A synchronous DBGet waits for the value, and for the event behind it."""
    classes = core.DBGet("f", "k").get_synchronous_classes()
    assert classes == ((), (events.DBGetResponse,), (events.DBGetComplete,))


def test_values_are_not_stripped() -> None:
    """A value comes back as it was set, blanks included."""
    block = b"Response: Success\r\nVariable: V\r\nValue:   padded  \r\n"
    answer = core.Getvar("V").RESPONSE.from_wire(block)
    assert answer["Value"] == "  padded  "
    assert getattr(answer, "value", None) == "  padded  "
