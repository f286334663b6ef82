"""The constants have the values of 1.x."""

from __future__ import annotations

import pytest

from pystrix.agi import core
from pystrix.agi.core import constants

VALUES: dict[str, object] = {
    "CHANNEL_DOWN_AVAILABLE": 0,
    "CHANNEL_DOWN_RESERVED": 1,
    "CHANNEL_OFFHOOK": 2,
    "CHANNEL_DIALED": 3,
    "CHANNEL_ALERTING": 4,
    "CHANNEL_REMOTE_ALERTING": 5,
    "CHANNEL_UP": 6,
    "CHANNEL_BUSY": 7,
    "FORMAT_SLN": "sln",
    "FORMAT_G723": "g723",
    "FORMAT_G729": "g729",
    "FORMAT_GSM": "gsm",
    "FORMAT_ALAW": "alaw",
    "FORMAT_ULAW": "ulaw",
    "FORMAT_VOX": "vox",
    "FORMAT_WAV": "wav",
    "LOG_DEBUG": 0,
    "LOG_INFO": 1,
    "LOG_WARN": 2,
    "LOG_ERROR": 3,
    "LOG_CRITICAL": 4,
    "TDD_ON": "on",
    "TDD_OFF": "off",
    "TDD_MATE": "mate",
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name: str) -> None:
    """Each constant has its value, and is in `pystrix.agi.core`."""
    assert getattr(constants, name) == VALUES[name]
    assert getattr(core, name) == VALUES[name]
    assert type(getattr(core, name)) is type(VALUES[name])


def test_there_are_no_others() -> None:
    """The table above is complete."""
    assert set(constants.__all__) == VALUES.keys()
    assert {name for name in vars(constants) if name.isupper()} == VALUES.keys()
