"""What a run has to say of its machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.figures import Machine

ROOT = Path(__file__).parents[1]


def describe() -> Machine:
    """Describe this machine."""
    processors = _read("/proc/cpuinfo")
    return {
        "processor": processor(processors) or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "virtual": is_virtual(processors),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": platform.release(),
        "system": _system(),
        "somaxconn": int(_read("/proc/sys/net/core/somaxconn")),
    }


def processor(text: str) -> str | None:
    """Find the processor's name in ``/proc/cpuinfo``; ARM has none there."""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else None


def is_virtual(text: str) -> bool:
    """Tell from ``/proc/cpuinfo`` whether this is a virtual machine, whose neighbours disturb."""
    found = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE)
    return found is not None


def busy_ticks(text: str) -> int:
    """Find in ``/proc/stat`` the time that programs took on all cores, in ticks."""
    user, nice, system = text.partition("\n")[0].split()[1:4]
    return int(user) + int(nice) + int(system)


class Others:
    """How much of the machine something else uses, from when this is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = _others_seconds()

    def share(self) -> float:
        """Give the share of all cores that was used until now, from 0 to 1."""
        most = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return max(0.0, (_others_seconds() - self._busy) / most)


def _others_seconds() -> float:
    """Give the processor time of all programs but this one and those that it started."""
    all_of_them = busy_ticks(_read("/proc/stat")) / os.sysconf("SC_CLK_TCK")
    used = os.times()
    return all_of_them - (used.user + used.system + used.children_user + used.children_system)


def commit() -> str:
    """Name the state of the sources: a commit, with ``-dirty`` if files are changed."""
    try:
        return subprocess.check_output(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"],
            text=True,
            stderr=subprocess.DEVNULL,
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # an unpacked archive


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "Linux"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="ascii")
