"""The exceptions of AGI: one tree, and what they carry."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest

from pystrix import agi
from pystrix.agi import ValueData, core, errors

if TYPE_CHECKING:
    from collections.abc import Callable

TREE: dict[str, tuple[str, ...]] = {
    "AGIException": ("Exception",),
    "AGIError": ("AGIException",),
    "AGIAppError": ("AGIError",),
    "AGIDBError": ("AGIAppError",),
    "AGIDeadChannelError": ("AGIError", "AGIHangup"),
    "AGIInvalidCommandError": ("AGIError",),
    "AGIUnknownError": ("AGIError",),
    "AGIUsageError": ("AGIError",),
    "AGINoResultError": ("AGIException",),
    "AGIProtocolError": ("AGIException",),
    "AGIEnvironmentLimitError": ("AGIProtocolError",),
    "AGIReplyLimitError": ("AGIProtocolError",),
    "AGITruncatedReplyError": ("AGIException",),
    "AGIHangup": ("AGIException",),
    "AGIResultHangup": ("AGIHangup",),
    "AGISIGHUPHangup": ("AGIHangup",),
    "AGISIGPIPEHangup": ("AGIHangup",),
}


def test_the_tree_is_complete() -> None:
    """Every exception of the module is in the tree, and each has exactly its bases."""
    defined = {
        name: tuple(base.__name__ for base in kind.__bases__)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__
    }
    assert defined == TREE
    assert set(errors.__all__) == set(TREE)


def test_the_drawn_tree() -> None:
    """The tree in the module's docstring shows every class below each of its bases."""
    drawn: dict[str, set[str]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"[ │├└─]*(AGI\w+|Exception)\b", line):
            indent = found.start(1)
            while above and above[-1][0] >= indent:
                above.pop()
            if above:
                drawn.setdefault(found[1], set()).add(above[-1][1])
            above.append((indent, found[1]))
    assert drawn == {name: set(bases) for name, bases in TREE.items()}


@pytest.mark.parametrize("name", TREE)
def test_where_they_are(name: str) -> None:
    """Every exception is in `pystrix.agi`; it shows its own name and has a docstring."""
    kind = getattr(agi, name)
    assert kind is getattr(errors, name)
    assert kind.__name__ == name
    assert kind.__doc__


def test_database_error_is_in_core() -> None:
    """`AGIDBError` is where 1.x had it."""
    assert core.AGIDBError is errors.AGIDBError


def test_dead_channel_is_an_error_and_a_hangup() -> None:
    """A handler that catches either gets it."""
    for kind in (errors.AGIError, errors.AGIHangup):
        with pytest.raises(kind, match="511"):
            raise errors.AGIDeadChannelError("511")


def test_no_result_is_no_agi_error() -> None:
    """As in 1.x, a reply without a result is not an AGIError."""
    assert not issubclass(errors.AGINoResultError, errors.AGIError)
    assert not issubclass(errors.AGIProtocolError, errors.AGIError)
    assert not issubclass(errors.AGIHangup, errors.AGIError)


LIMITS = {"AGIEnvironmentLimitError", "AGIReplyLimitError"}


@pytest.mark.parametrize("name", sorted(TREE.keys() - LIMITS - {"AGITruncatedReplyError"}))
def test_items(name: str) -> None:
    """Each carries its message and a copy of the reply's parts, {} if there were none."""
    kind = getattr(errors, name)
    items = {"result": ValueData("-1", "why")}
    error = kind("what happened", items)
    assert str(error) == "what happened"
    assert error.items == items
    items.clear()
    assert error.items["result"].data == "why"
    assert kind("x").items == {}
    assert kind("x", {}).items == {}
    assert kind().items == {}
    assert str(kind()) == ""


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_limits(name: str) -> None:
    """The errors of a limit name it and carry it."""
    error = getattr(errors, name)(4711)
    assert error.limit == 4711
    assert "4711" in str(error)
    assert error.items == {}


def test_truncated_reply() -> None:
    """It names the command, and what reads longer values."""
    error = errors.AGITruncatedReplyError("GET VARIABLE X")
    assert error.command == "GET VARIABLE X"
    assert "GET VARIABLE X" in str(error)
    assert "GetExactVariable" in str(error)


ERRORS: list[errors.AGIException] = [
    errors.AGIException(),
    errors.AGIAppError("no such file", {"result": ValueData("-1", "")}),
    errors.AGIDeadChannelError("gone", {}),
    errors.AGITruncatedReplyError("GET VARIABLE V"),
    errors.AGIEnvironmentLimitError(5),
    errors.AGIReplyLimitError(5),
]
"""Of every kind of constructor one."""


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301
)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_copies(again: Callable[[Any], Any], error: errors.AGIException) -> None:
    """An error can be carried to another process, with all that it says."""
    twin = again(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)
