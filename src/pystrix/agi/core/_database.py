"""Asterisk's own database: families of keys. All commands work on a dead channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.agi._action import Action, T_co
from pystrix.agi._wire import encode_command
from pystrix.agi.core._results import optional
from pystrix.agi.errors import AGIDBError

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["DatabaseDel", "DatabaseDeltree", "DatabaseGet", "DatabasePut"]


class _DatabaseAction(Action[T_co]):
    """Base of the commands of the database, which say by a 1 or 0 whether they worked."""

    # A value may read "hangup", and no number stands for a hang-up.
    check_hangup: ClassVar[bool] = False

    def _check(self, response: Response, success: str) -> None:
        result = response.items["result"].value
        if result != success:
            raise AGIDBError(f"{self} gave {result}", response.items)


class DatabaseGet(_DatabaseAction[str]):
    """Read a key.

    Asterisk: DATABASE GET.

    Args:
        family: The family.
        key: The key.

    Returns:
        The value.

    Raises:
        AGIDBError: If there is no such key.
    """

    def __init__(self, family: object, key: object) -> None:
        self.wire: bytes = encode_command("DATABASE GET", (family, key))

    def process_response(self, response: Response) -> str:
        """Give the value."""
        self._check(response, "1")
        return response.items["result"].data


class DatabasePut(_DatabaseAction[None]):
    """Write a key.

    Asterisk: DATABASE PUT.

    Args:
        family: The family.
        key: The key.
        value: The value.

    Raises:
        AGIDBError: If it cannot be written.
    """

    def __init__(self, family: object, key: object, value: object) -> None:
        self.wire: bytes = encode_command("DATABASE PUT", (family, key, value))

    def process_response(self, response: Response) -> None:
        """Check that it was written."""
        self._check(response, "1")


class DatabaseDel(_DatabaseAction[None]):
    """Delete a key.

    Asterisk: DATABASE DEL. A key that does not exist is no error to it.

    Args:
        family: The family.
        key: The key.

    Raises:
        AGIDBError: If it cannot be deleted.
    """

    def __init__(self, family: object, key: object) -> None:
        self.wire: bytes = encode_command("DATABASE DEL", (family, key))

    def process_response(self, response: Response) -> None:
        """Check that it was deleted."""
        self._check(response, "1")


class DatabaseDeltree(_DatabaseAction[None]):
    """Delete a family, or the keys of it below a point.

    Asterisk: DATABASE DELTREE, whose answer is the inverse of all others: 0 for a success.

    Args:
        family: The family; not empty, for that would delete the whole database.
        keytree: The beginning of the keys, up to a ``/``; None for the whole family.

    Raises:
        ValueError: If `family` is empty.
        AGIDBError: If there was nothing to delete, or it cannot be deleted.
    """

    def __init__(self, family: object, keytree: object = None) -> None:
        self.wire: bytes = encode_command("DATABASE DELTREE", (family, *optional(keytree)))

    def process_response(self, response: Response) -> None:
        """Check that something was deleted."""
        self._check(response, "0")
