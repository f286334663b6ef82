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
IDLE_SECONDS = 2.0
"""How long to look whether the machine does something else."""


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
        "busy_before": round(_busy(), 2),
    }


def processor(text: str) -> str | None:
    """Find the processor's name in ``/proc/cpuinfo``; ARM has none there."""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else None


def is_virtual(text: str) -> bool:
    """Tell from ``/proc/cpuinfo`` whether this is a virtual machine, whose neighbours disturb."""
    found = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE)
    return found is not None


def busy_share(before: str, after: str) -> float:
    """Tell how much of all cores was in use between two readings of ``/proc/stat``, from 0 to 1."""
    first, second = ([int(text) for text in line.split()[1:9]] for line in (before, after))
    spent = [later - sooner for sooner, later in zip(first, second, strict=True)]
    total = sum(spent)
    resting = spent[3] + spent[4]  # idle, iowait
    return 1 - resting / total if total else 0.0


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


def _busy() -> float:
    before = _read("/proc/stat").partition("\n")[0]
    time.sleep(IDLE_SECONDS)
    return busy_share(before, _read("/proc/stat").partition("\n")[0])


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "Linux"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="ascii")
