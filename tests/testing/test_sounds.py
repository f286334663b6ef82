"""The sound files of the simulation, and how long they play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.testing import Sounds
from pystrix.testing.sounds import core_sounds

if TYPE_CHECKING:
    from pathlib import Path


def test_core_set() -> None:
    """The English core set is always there, with the lengths that were measured."""
    assert len(core_sounds()) == 568
    assert all(frames > 0 for name, frames in core_sounds().items() if "silence/0" not in name)
    assert Sounds(others=None).frames("beep") == 22  # 3520 samples


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("mine", 75),
        ("beep", 5),
        ("unknown", 100),
        ("tiny", 0),
        ("negative", 0),
        ("", None),
        ("beep&beep", None),
    ],
)
def test_frames(name: str, frames: int | None) -> None:
    """Names of one's own come first; all others have a length, but what is no name."""
    sounds = Sounds({"mine": 1.5, "beep": 0.1, "tiny": 0.001, "negative": -1})
    assert sounds.frames(name) == frames


def test_no_others() -> None:
    """A name that is spelled wrong can be made to fail."""
    strict = Sounds({"mine": 1.0}, others=None)
    assert strict.frames("mina") is None
    assert strict.total(["mine", "mina", "beep"]) == 50 + 22
    assert Sounds(others=0.5).frames("mina") == 25


def test_folder(tmp_path: Path) -> None:
    """Files by the lengths of their formats, folders in their names; the first folder wins."""
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "digits").mkdir(parents=True)
    two.mkdir()
    (one / "a.gsm").write_bytes(b"x" * 33 * 50)
    (one / "b.wav").write_bytes(b"x" * (44 + 320 * 10))
    (one / "short.wav").write_bytes(b"x")
    (one / "digits" / "1.ulaw").write_bytes(b"x" * 160 * 7)
    (one / "two.dots.sln16").write_bytes(b"x" * 640)
    (one / "readme.txt").write_text("x")
    (one / "mp3.mp3").write_bytes(b"x" * 10_000)
    (two / "a.alaw").write_bytes(b"x" * 160)
    (two / "c.g729").write_bytes(b"x" * 20 * 3)
    sounds = Sounds.folder(one, str(two))
    names = ("a", "b", "short", "digits/1", "two.dots", "c")
    assert [sounds.frames(name) for name in names] == [50, 10, 0, 7, 1, 3]
    assert sounds.frames("readme") is sounds.frames("mp3") is sounds.frames("mine") is None


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is told."""
    with pytest.raises(FileNotFoundError, match="no folder of sounds"):
        Sounds.folder(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        *(("beep", 22), ("./beep", 22), ("en/beep", 22), ("./en/./beep", 22)),
        *(("digits/../beep", 22), ("digits//1", 46), ("en/digits/1", 46)),
        *(("//beep", None), ("/beep", None), ("../beep", None), ("de/beep", None), (".", None)),
    ],
)
def test_names(name: str, frames: int | None) -> None:
    """A file has more than one name."""
    assert Sounds(others=None).frames(name) == frames
