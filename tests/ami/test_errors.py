"""The exceptions of AMI: one tree, and what they carry."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest

from pystrix import ami
from pystrix.ami import Response, errors
from pystrix.ami.calls import CallEnd, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

TREE: dict[str, tuple[str, ...]] = {
    "Error": ("Exception",),
    "ManagerError": ("Error",),
    "ManagerActionError": ("ManagerError",),
    "ManagerAuthError": ("ManagerActionError",),
    "ManagerPermissionError": ("ManagerActionError",),
    "ManagerUnknownActionError": ("ManagerActionError",),
    "ManagerListLimitError": ("ManagerError",),
    "ManagerOverflowError": ("ManagerError",),
    "ManagerTimeoutError": ("ManagerError", "TimeoutError"),
    "ManagerSocketError": ("Error",),
    "ManagerConnectionLostError": ("ManagerSocketError",),
    "ManagerProtocolError": ("ManagerSocketError",),
    "ManagerBannerError": ("ManagerProtocolError",),
    "ManagerHostError": ("ManagerSocketError",),
    "ManagerMessageLimitError": ("ManagerProtocolError",),
    "CallError": ("Error",),
    "CallFailedError": ("CallError",),
    "CallLostError": ("CallError",),
    "CallTimeoutError": ("CallError", "TimeoutError"),
    "FieldError": ("Error",),
    "MissingFieldError": ("FieldError", "AttributeError"),
    "FieldValueError": ("FieldError", "ValueError"),
}
BUILTIN = {"TimeoutError", "AttributeError", "ValueError"}


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
    """The tree in the module's docstring shows every class below its base."""
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"[ │├└─]*(\w*Error|Exception)\b", line):
            indent = found.start(1)
            while above and above[-1][0] >= indent:
                above.pop()
            if above:
                drawn[found[1]] = above[-1][1]
            above.append((indent, found[1]))
    assert drawn == {name: bases[0] for name, bases in TREE.items()}


@pytest.mark.parametrize("name", TREE)
def test_where_they_are(name: str) -> None:
    """Every exception is in `pystrix.ami`; it shows its own name and has a docstring."""
    kind = getattr(ami, name)
    assert kind is getattr(errors, name)
    assert kind.__name__ == name
    assert kind.__doc__


def test_action_error() -> None:
    """It carries the answer."""
    response = Response(["Response: Error", "Message: No such channel"])
    error = errors.ManagerAuthError("refused", response)
    assert str(error) == "refused"
    assert error.response is response
    assert errors.ManagerActionError().response is None


@pytest.mark.parametrize("kind", [errors.ManagerTimeoutError, errors.ManagerConnectionLostError])
@pytest.mark.parametrize("sent", [True, False])
def test_sent(
    kind: type[errors.ManagerTimeoutError | errors.ManagerConnectionLostError], sent: bool
) -> None:
    """It says whether the action may have reached Asterisk."""
    error = kind("too late", sent=sent)
    assert str(error) == "too late"
    assert error.sent is sent


def test_limits() -> None:
    """The errors of a limit name it and carry it."""
    message = errors.ManagerMessageLimitError(4711)
    assert message.limit == 4711
    assert "4711" in str(message)
    items = errors.ManagerListLimitError("Status", 4711)
    assert items.limit == 4711
    assert "Status has more than 4711" in str(items)


def test_banner() -> None:
    """A foreign greeting is in the error."""
    error = errors.ManagerBannerError("220 smtp ready")
    assert error.banner == "220 smtp ready"
    assert "220 smtp ready" in str(error)


def test_call() -> None:
    """A call that failed says how."""
    end = CallEnd(17, "User busy", 2.0, 0.0)
    error = errors.CallFailedError("busy", Outcome.BUSY, 5, end)
    assert (error.outcome, error.reason, error.end) == (Outcome.BUSY, 5, end)
    assert errors.CallFailedError("busy", Outcome.BUSY).end is None


RESPONSE = Response(["Response: Error", "Message: No such channel"])
ERRORS: list[errors.Error] = [
    errors.Error("x"),
    errors.ManagerAuthError("refused", RESPONSE),
    errors.ManagerListLimitError("Status", 5),
    errors.ManagerOverflowError(5),
    errors.ManagerTimeoutError("too late", sent=True),
    errors.ManagerConnectionLostError("gone", sent=False),
    errors.ManagerBannerError("220 smtp ready"),
    errors.ManagerMessageLimitError(5),
    errors.CallFailedError("busy", Outcome.BUSY, 5, CallEnd(17, "User busy", 2.0, 0.0)),
    errors.CallTimeoutError("too late"),
    errors.MissingFieldError("gone", "Cause"),
    errors.FieldValueError("odd", "Cause"),
]
"""Of every kind of constructor one."""


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301
)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_copies(again: Callable[[Any], Any], error: errors.Error) -> None:
    """An error can be carried to another process, with all that it says."""
    twin = again(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert vars(twin) == vars(error)


def test_field() -> None:
    """The errors of a field name its header."""
    assert errors.MissingFieldError("gone", "Cause").header == "Cause"
    assert errors.FieldValueError("odd", "Cause").header == "Cause"
