"""The helpers of pystrix 1.x that make numbers and truth values."""

from __future__ import annotations

from typing import Any

import pytest

from pystrix.ami.generic_transforms import (
    add_result,
    bytes_to_string,
    string_to_bytes,
    to_bool,
    to_float,
    to_int,
)

FLAGS = {"A": "Yes", "B": "no", "C": ""}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"truth_value": "Yes"}, {"A": True, "B": False, "C": False, "Z": False}),
        ({}, {"A": True, "B": True, "C": False, "Z": False}),
        ({"truth_function": lambda value: value == "no"}, {"A": False, "B": True}),
        ({"truth_value": "YES", "preprocess": str.upper}, {"A": True, "B": False}),
    ],
)
def test_to_bool(options: Any, expected: dict[str, bool]) -> None:
    """One value is true, or a function says so; what is not there is false."""
    values: dict[str, Any] = dict(FLAGS)
    to_bool(values, ("A", "B", "C", "Z"), **options)
    assert {key: values[key] for key in expected} == expected
    assert all(isinstance(value, bool) for value in values.values())


def test_to_int() -> None:
    """Numbers become numbers, all else what stands for a failure."""
    values: dict[str, Any] = {"A": "5", "B": "x", "C": "", "D": 5.5, "E": "untouched"}
    to_int(values, ("A", "B", "C", "D", "Z"), -1)
    assert values == {"A": 5, "B": -1, "C": -1, "D": 5, "Z": -1, "E": "untouched"}


def test_to_int_of_a_part() -> None:
    """A function may take the number out of a text first; if it fails, so does the number."""
    values: dict[str, Any] = {"A": "384 kbps", "B": ""}
    to_int(values, ("A", "B"), None, lambda value: value.split()[0])
    assert values == {"A": 384, "B": None}


def test_to_float() -> None:
    """Numbers become numbers, all else what stands for a failure."""
    values: dict[str, Any] = {"A": "5.5", "B": "x"}
    to_float(values, ("A", "B", "Z"), None)
    assert values == {"A": 5.5, "B": None, "Z": None}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"R": 4}, {"R": 4, "Result": "ANSWERED"}),
        ({"R": "4"}, {"R": "4"}),
        ({"R": 9}, {"R": 9}),
        ({}, {}),
    ],
)
def test_add_result(values: dict[str, Any], expected: dict[str, Any]) -> None:
    """What a value means is added, if it is known."""
    add_result(values, "R", {4: "ANSWERED"})
    assert values == expected


@pytest.mark.parametrize(("value", "expected"), [("é", b"\xc3\xa9"), (b"x", b"x"), (5, 5)])
def test_string_to_bytes(value: object, expected: object) -> None:
    """Texts are encoded, all else stays."""
    assert string_to_bytes(value) == expected


def test_string_to_bytes_in_an_encoding() -> None:
    """The encoding, and what becomes of errors, can be chosen."""
    assert string_to_bytes("é", "latin-1") == b"\xe9"
    assert string_to_bytes("\udce9", "utf-8", "surrogateescape") == b"\xe9"


@pytest.mark.parametrize(
    ("value", "expected"), [(b"\xc3\xa9", "é"), (bytearray(b"x"), "x"), ("x", "x"), (None, None)]
)
def test_bytes_to_string(value: object, expected: object) -> None:
    """Bytes are decoded, all else stays."""
    assert bytes_to_string(value) == expected


def test_bytes_to_string_in_an_encoding() -> None:
    """The encoding, and what becomes of errors, can be chosen."""
    assert bytes_to_string(b"\xe9", "latin-1") == "é"
    assert bytes_to_string(b"\xe9", errors="replace") == "�"
