"""What the values of actions become on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami._words import (
    ConfigChange,
    config_changes,
    extra_headers,
    joined,
    login_key,
    numbered,
    on_off,
    one_zero,
    variable_lines,
    yes_no,
)


@pytest.mark.parametrize(
    ("function", "true", "false"),
    [(yes_no, "yes", "no"), (on_off, "on", "off"), (one_zero, "1", "0")],
)
def test_truth_values(function: Any, true: str, false: str) -> None:
    """A truth value has a word; a text stays, though it may be false in words."""
    assert function(True) == true
    assert function(False) == false
    assert function(None) is None
    assert function("no") == "no"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("a,b", "a,b"),
        (("a", "b"), "a,b"),
        ({"a"}, "a"),
        (iter("ab"), "a,b"),
        ((), ""),
        (None, None),
    ],
)
def test_joined(names: Any, text: str | None) -> None:
    """Names stand in one text, with commas."""
    assert joined(names) == text


def test_numbered() -> None:
    """A family of headers is counted from 0 on."""
    assert numbered("UnitType({})", [5, 7]) == {"UnitType(0)": 5, "UnitType(1)": 7}
    assert numbered("UnitType({})", None) == {}


def test_variable_lines() -> None:
    """Variables are quoted as Asterisk splits them, each in a line of its own."""
    assert variable_lines({"A": "1,2", "B": 3}) == ["A=1\\,2", "B=3"]
    assert variable_lines([("Content", "a"), ("Content", "b")]) == ["Content=a", "Content=b"]
    assert variable_lines(None) is None
    with pytest.raises(ValueError, match="name of a variable"):
        variable_lines({"A=B": "1"})


def test_config_changes() -> None:
    """Changes are counted with six digits; what is None is left to be dropped."""
    changes = [
        ConfigChange("Append", "general", "a", "b=c"),
        ConfigChange("Delete", "x", line=5, options='catfilter="a=b"'),
    ]
    sent = {header: part for header, part in config_changes(changes).items() if part is not None}
    assert sent == {
        "Action-000000": "Append",
        "Cat-000000": "general",
        "Var-000000": "a",
        "Value-000000": "b=c",
        "Action-000001": "Delete",
        "Cat-000001": "x",
        "Line-000001": 5,
        "Options-000001": 'catfilter="a=b"',
    }
    assert config_changes(None) == {}


def test_extra_headers() -> None:
    """A UserEvent has any headers but those that say what the action is."""
    assert extra_headers({"A": 1}) == {"A": 1}
    assert extra_headers(None) == {}
    with pytest.raises(ValueError, match="'USEREVENT'"):
        extra_headers({"USEREVENT": "x"})


def test_login_key() -> None:
    """The key is the MD5 hash of both, in lower case; bytes that are not UTF-8 go in as such."""
    assert login_key("123", "s") == "4e05549202ece8ef2450019692d1829e"
    assert login_key("1", "\udce9") != login_key("1", "é")
