"""What the errors of AGI and of AMI have in common: they can be copied and pickled.

Pure.
"""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["reduce_error"]

ErrorT = TypeVar("ErrorT", bound=Exception)


def reduce_error(error: Exception) -> tuple[Any, ...]:
    """Give what an error is made again of, for its `__reduce__`.

    Python would call its class with the message, and some classes want other things than that.
    """
    return _remake, (type(error), error.args), error.__dict__.copy()


def _remake(kind: type[ErrorT], args: tuple[object, ...]) -> ErrorT:
    error = kind.__new__(kind, *args)
    error.args = args
    return error
