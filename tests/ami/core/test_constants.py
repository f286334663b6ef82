"""The constants of pystrix 1.x."""

from __future__ import annotations

import pytest

from pystrix.ami import core


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTHTYPE_MD5", "MD5"),
        ("EVENTMASK_ALL", "on"),
        ("EVENTMASK_CALL", "call"),
        ("EVENTMASK_LOG", "log"),
        ("EVENTMASK_NONE", "off"),
        ("EVENTMASK_SYSTEM", "system"),
        ("FORMAT_ALAW", "alaw"),
        ("FORMAT_G723", "g723"),
        ("FORMAT_G729", "g729"),
        ("FORMAT_GSM", "gsm"),
        ("FORMAT_SLN", "sln"),
        ("FORMAT_ULAW", "ulaw"),
        ("FORMAT_VOX", "vox"),
        ("FORMAT_WAV", "wav"),
        ("ORIGINATE_RESULT_ANSWERED", 4),
        ("ORIGINATE_RESULT_BAD_NUMBER", 0),
        ("ORIGINATE_RESULT_BUSY", 5),
        ("ORIGINATE_RESULT_CONGESTION", 8),
        ("ORIGINATE_RESULT_INCOMPLETE", 30),
        ("ORIGINATE_RESULT_REJECT", 1),
        ("ORIGINATE_RESULT_RING_LOCAL", 2),
        ("ORIGINATE_RESULT_RING_REMOTE", 3),
    ],
)
def test_value(name: str, value: object) -> None:
    """Each has the value that programs compare with."""
    assert getattr(core, name) == value
    assert name in core.__all__


def test_results() -> None:
    """What the reasons mean."""
    assert core.ORIGINATE_RESULT_MAP == {
        0: "BAD_NUMBER",
        1: "REJECTED",
        2: "RINGING",
        3: "RINGING",
        4: "ANSWERED",
        5: "BUSY",
        8: "CONGESTION",
        30: "INCOMPLETE",
    }
