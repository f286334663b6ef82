"""What the values of actions become on the wire, where that is more than their text.

Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from pystrix.ami._wire import encode, quote_variable, quote_variables

__all__ = [
    "ChangeAction",
    "ConfigChange",
    "Names",
    "VariableValues",
    "config_changes",
    "extra_headers",
    "joined",
    "login_key",
    "numbered",
    "on_off",
    "one_zero",
    "variable_lines",
    "yes_no",
]

Names: TypeAlias = str | Iterable[str]
"""Names, one by one or in one text, separated by commas."""

VariableValues: TypeAlias = Mapping[str, object] | Iterable[tuple[str, object]]
"""Variables: a mapping, or pairs where a name comes more than once."""

_RESERVED: Final = frozenset({"action", "actionid", "userevent"})


ChangeAction: TypeAlias = Literal[
    "NewCat", "RenameCat", "DelCat", "EmptyCat", "Update", "Delete", "Append", "Insert"
]
"""What a change of a configuration file can be."""


class ConfigChange(NamedTuple):
    """A change of a configuration file, for `actions.UpdateConfig`.

    Which of its parts are needed depends on the action; None is not sent.
    """

    action: ChangeAction | str
    """What to do."""
    category: str
    """The category to do it in."""
    variable: str | None = None
    """The variable."""
    value: str | None = None
    """Its value; the new name for ``RenameCat``."""
    match: str | None = None
    """The value that it must have now."""
    line: int | None = None
    """The number of the line in the category, for ``Insert`` and ``Delete``."""
    options: str | None = None
    """Options: ``allowdups``, ``template``, ``inherit="a"``, ``catfilter="name=value"``."""


def yes_no(value: bool | str | None) -> str | None:
    """Give a truth value as ``yes`` or ``no``; a text and None as they are."""
    return _word(value, "yes", "no")


def on_off(value: bool | str | None) -> str | None:
    """Give a truth value as ``on`` or ``off``; a text and None as they are."""
    return _word(value, "on", "off")


def one_zero(value: bool | str | None) -> str | None:
    """Give a truth value as ``1`` or ``0``; a text and None as they are."""
    return _word(value, "1", "0")


def _word(value: bool | str | None, true: str, false: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return true if value else false


def joined(names: Names | None) -> str | None:
    """Give names in one text, separated by commas; a text and None as they are."""
    return names if names is None or isinstance(names, str) else ",".join(names)


def numbered(header: str, values: Iterable[object] | None) -> dict[str, object]:
    """Give the headers of a family that is counted.

    Args:
        header: Their name, with ``{}`` for the number.
        values: Their values, from 0 on.
    """
    return {header.format(number): value for number, value in enumerate(values or ())}


def variable_lines(values: VariableValues | None) -> list[str] | None:
    """Give the values of ``Variable`` headers as Asterisk splits them; None as it is.

    Raises:
        ValueError: If a name is empty or holds a ``=``.
        TypeError: If a value is bytes or None.
    """
    if values is None:
        return None
    if isinstance(values, Mapping):
        return quote_variables(cast("Mapping[str, object]", values))
    return [quote_variable(name, value) for name, value in values]


def config_changes(changes: Iterable[ConfigChange] | None) -> dict[str, object]:
    """Give the headers of UpdateConfig's changes."""
    names = ("Action", "Cat", "Var", "Value", "Match", "Line", "Options")
    return {
        f"{name}-{number:06d}": part
        for number, change in enumerate(changes or ())
        for name, part in zip(names, change, strict=True)
    }


def extra_headers(headers: Mapping[str, object] | None) -> Mapping[str, object]:
    """Give the headers of a UserEvent that its sender chose.

    Raises:
        ValueError: If one has the name of a header that says what the action is.
    """
    for name in headers or ():
        if name.lower() in _RESERVED:
            raise ValueError(f"a UserEvent cannot have a header {name!r}: the action needs it")
    return headers or {}


def login_key(challenge: str, secret: str) -> str:
    """Give the key of a login with MD5: the hash of what Challenge gave and the password."""
    data = encode(challenge + secret)
    return hashlib.md5(data, usedforsecurity=False).hexdigest()  # AMI has nothing better
