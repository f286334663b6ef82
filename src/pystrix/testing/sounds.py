"""The sound files that a simulated Asterisk has, and how long each plays."""

from __future__ import annotations

import functools
import posixpath
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FRAME: Final = 0.02
"""Seconds. Asterisk plays and counts in frames of 20 ms."""

SAMPLES_A_FRAME: Final = 160

_UNKNOWN_SECONDS: Final = 2.0
# Bytes of 20 ms in the formats whose length says how long they play.
_BYTES_A_FRAME: Final = {
    "gsm": 33,
    "ulaw": 160,
    "alaw": 160,
    "sln": 320,
    "slin": 320,
    "sln16": 640,
    "g729": 20,
    "wav": 320,
}
_WAV_HEADER: Final = 44


class Sounds:
    """The sound files of a simulated Asterisk.

    The 568 of Asterisk's English core set are always there, with the length they have.

    Args:
        seconds: The length of others by name, in seconds.
        others: The length of all that are not named, in seconds; None if there are no others, so
            that a name that is spelled wrong fails as it would on Asterisk.
    """

    def __init__(
        self, seconds: Mapping[str, float] | None = None, *, others: float | None = _UNKNOWN_SECONDS
    ) -> None:
        self._frames = {name: _to_frames(length) for name, length in (seconds or {}).items()}
        self._others = None if others is None else _to_frames(others)

    @classmethod
    def folder(cls, *folders: str | Path) -> Sounds:
        """Make the sounds of folders, a ``sounds/en`` of Asterisk for instance; no others exist.

        Args:
            folders: Where they are; folders in them are part of the names.

        Raises:
            FileNotFoundError: If there is no such folder.
        """
        seconds: dict[str, float] = {}
        for folder in map(Path, folders):
            if not folder.is_dir():
                raise FileNotFoundError(f"no folder of sounds: {folder}")
            for path in sorted(folder.rglob("*")):
                size = _BYTES_A_FRAME.get(path.suffix[1:])
                if size is not None:
                    header = _WAV_HEADER if path.suffix == ".wav" else 0
                    name = path.relative_to(folder).with_suffix("").as_posix()
                    seconds.setdefault(name, (path.stat().st_size - header) / size * FRAME)
        return cls(seconds, others=None)

    def frames(self, name: str) -> int | None:
        """Give the length of a sound in frames of 20 ms, None if there is no such sound."""
        if not name or "&" in name:
            return None
        for each in (name, _plain(name)):
            frames = self._frames.get(each, core_sounds().get(each))
            if frames is not None:
                return frames
        return self._others

    def total(self, names: Iterable[str]) -> int:
        """Give the length of several in frames; those that do not exist take none."""
        return sum(self.frames(name) or 0 for name in names)


def _plain(name: str) -> str:
    """Give the name of the same file in the folder of English sounds, which is looked through."""
    return name if name.startswith("/") else posixpath.normpath(name).removeprefix("en/")


@functools.cache
def core_sounds() -> Mapping[str, int]:
    """Give the length of the sounds of the English core set, in frames."""
    text = resources.files("pystrix.testing").joinpath("core_sounds.txt").read_text("ascii")
    return {name: int(frames) for name, frames in map(str.split, text.splitlines())}


def _to_frames(seconds: float) -> int:
    return max(0, round(seconds / FRAME))
