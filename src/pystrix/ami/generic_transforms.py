"""Helpers of pystrix 1.x that make numbers and truth values of the headers of an event.

Pure. They change a dict in place; programs written for 1.x use them in a `process` of their own.
New programs read the typed fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

__all__ = [
    "add_result",
    "bytes_to_string",
    "string_to_bytes",
    "to_bool",
    "to_float",
    "to_int",
]


def _unchanged(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the dict
    return value


def to_bool(
    dictionary: MutableMapping[str, Any],
    keys: Iterable[str],
    truth_value: object = None,
    truth_function: Callable[[Any], object] = bool,
    preprocess: Callable[[Any], Any] = _unchanged,
) -> None:
    """Make truth values; of a key that is not there False.

    Args:
        dictionary: The dict to change.
        keys: The keys whose values become True or False.
        truth_value: The value that means True, and no other does; None to ask `truth_function`.
        truth_function: Tells whether a value means True.
        preprocess: Called with each value first.
    """
    for key in keys:
        value = _preprocessed(dictionary, key, preprocess)
        found = truth_function(value) if truth_value is None else value == truth_value
        dictionary[key] = bool(found)


def to_int(
    dictionary: MutableMapping[str, Any],
    keys: Iterable[str],
    failure_value: object,
    preprocess: Callable[[Any], Any] = _unchanged,
) -> None:
    """Make whole numbers; of what is none, or not there, `failure_value`.

    Args:
        dictionary: The dict to change.
        keys: The keys whose values become numbers.
        failure_value: What becomes of a value that is none.
        preprocess: Called with each value first.
    """
    _convert(int, dictionary, keys, failure_value, preprocess)


def to_float(
    dictionary: MutableMapping[str, Any],
    keys: Iterable[str],
    failure_value: object,
    preprocess: Callable[[Any], Any] = _unchanged,
) -> None:
    """Make numbers with decimals; of what is none, or not there, `failure_value`.

    Args:
        dictionary: The dict to change.
        keys: The keys whose values become numbers.
        failure_value: What becomes of a value that is none.
        preprocess: Called with each value first.
    """
    _convert(float, dictionary, keys, failure_value, preprocess)


def add_result(
    dictionary: MutableMapping[str, Any], key: str, result_map: Mapping[Any, object]
) -> None:
    """Add ``Result``: what a value of the dict means, if `result_map` knows.

    Args:
        dictionary: The dict to change.
        key: The key of the value.
        result_map: What values mean.
    """
    value = dictionary.get(key)
    if value in result_map:
        dictionary["Result"] = result_map[value]


def string_to_bytes(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:  # noqa: ANN401
    """Encode a str; give anything else as it is."""
    return value.encode(encoding, errors) if isinstance(value, str) else value


def bytes_to_string(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:  # noqa: ANN401
    """Decode bytes; give anything else as it is."""
    return value.decode(encoding, errors) if isinstance(value, bytes | bytearray) else value


def _preprocessed(
    dictionary: MutableMapping[str, Any], key: str, preprocess: Callable[[Any], Any]
) -> Any:  # noqa: ANN401
    value = dictionary.get(key)
    return value if value is None else preprocess(value)


def _convert(
    number: Callable[[Any], object],
    dictionary: MutableMapping[str, Any],
    keys: Iterable[str],
    failure_value: object,
    preprocess: Callable[[Any], Any],
) -> None:
    for key in keys:
        try:
            dictionary[key] = number(_preprocessed(dictionary, key, preprocess))
        except (IndexError, TypeError, ValueError):
            dictionary[key] = failure_value
