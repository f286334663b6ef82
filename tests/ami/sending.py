"""What tests of actions share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pystrix.ami import Action


def lines_of(action: Action[Any]) -> list[str]:
    """Give the lines that an action sends, without its ActionID."""
    text, action_id = action.build_request("the-id", str)
    assert action_id == "the-id"
    *lines, last, empty, end = text.split("\r\n")
    assert (last, empty, end) == ("ActionID: the-id", "", "")
    return lines


def headers_of(action: Action[Any]) -> set[str]:
    """Give the headers that an action sends, as lines, without its name and ActionID."""
    first, *rest = lines_of(action)
    assert first == f"Action: {action.name}"
    assert len(set(rest)) == len(rest)
    return set(rest)
