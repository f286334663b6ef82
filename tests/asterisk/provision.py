"""Finds an Asterisk of version 18 or later, or makes one: Debian's, in a folder of its own.

``python -m tests.asterisk.provision`` does so and says where it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

SUITE: Final = "forky"
MIRROR: Final = "http://deb.debian.org/debian"
OLDEST: Final = 18
PACKAGES: Final = ("asterisk", "asterisk-core-sounds-en-gsm")
HOW_TO: Final = "install Asterisk 18 or later, or run as root on Debian, where the tests make one"


class UnavailableError(Exception):
    """Raised when there is no Asterisk and none can be made; says in one line how to get one."""


@dataclass(frozen=True)
class Installation:
    """An Asterisk that can be started."""

    root: Path
    """The folder it runs in by chroot; ``/`` for the machine's own."""
    modules: str
    """Its folder of modules, inside `root`."""
    data: str
    """Its folder of sounds and documentation, inside `root`."""

    @property
    def command(self) -> list[str]:
        """The beginning of the command that starts it."""
        return ["asterisk"] if self.root == Path("/") else ["chroot", str(self.root), "asterisk"]


def find_or_provision() -> Installation:
    """Give the machine's Asterisk, or the one in the cache, which is made if need be.

    Raises:
        UnavailableError: If neither is possible.
    """
    return _native() or _cached()


def _native() -> Installation | None:
    if shutil.which("asterisk") is None:
        return None
    said = subprocess.run(["asterisk", "-V"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"Asterisk (?:certified/)?(\d+)", said)
    if version is None or int(version[1]) < OLDEST:
        return None
    return _installation(Path("/"))


def _installation(root: Path) -> Installation:
    """Read where an installation has its files from its own asterisk.conf."""
    folders = {"astmoddir": "/usr/lib/asterisk/modules", "astdatadir": "/usr/share/asterisk"}
    with contextlib.suppress(FileNotFoundError):
        text = (root / "etc/asterisk/asterisk.conf").read_text(encoding="utf-8")
        folders.update(re.findall(r"^(ast\w+dir)\s*=>?\s*(\S+)", text, re.MULTILINE))
    return Installation(root, folders["astmoddir"], folders["astdatadir"])


def _cache() -> Path:
    if given := os.environ.get("PYSTRIX_ASTERISK_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pystrix" / f"asterisk-{SUITE}"


def _cached() -> Installation:
    if os.geteuid() != 0:
        raise UnavailableError(f"no asterisk on PATH, and not root: {HOW_TO}")
    if shutil.which("apt-get") is None:
        raise UnavailableError(f"no asterisk on PATH, and this is no Debian: {HOW_TO}")
    cache = _cache()
    root = cache / "root"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: one makes it, one waits
        if not root.exists():
            _build(cache, root)
    return _installation(root)


def _build(cache: Path, root: Path) -> None:
    """Make the folder under another name, and rename it when it is whole."""
    half = cache / "unfinished"
    log = cache / "provision.log"
    if half.exists():
        _unmount(half / "proc")
        shutil.rmtree(half)
    with log.open("w", encoding="utf-8") as output:

        def run(*command: str) -> None:
            output.write(f"+ {' '.join(command)}\n")
            output.flush()
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            )

        try:
            if shutil.which("debootstrap") is None:
                run("apt-get", "update")
                run("apt-get", "install", "-y", "--no-install-recommends", "debootstrap")
            run(*_debootstrap(half))
            # The package would start a daemon of its own.
            policy = half / "usr/sbin/policy-rc.d"
            policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
            policy.chmod(0o755)
            with proc_mounted(half):
                chroot = ("chroot", str(half), "apt-get", "-o", "Acquire::Check-Valid-Until=false")
                run(*chroot, "update")
                run(*chroot, "install", "-y", "--no-install-recommends", *PACKAGES)
            shutil.rmtree(half / "var/cache/apt/archives", ignore_errors=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UnavailableError(f"could not make an Asterisk ({error}): see {log}") from error
    half.rename(root)


def _debootstrap(target: Path) -> Sequence[str]:
    """Give the command that makes a small Debian.

    The machine's debootstrap may be too old to know the suite, whose script is that of sid.
    """
    keyrings = sorted(Path("/usr/share/keyrings").glob("debian-archive-keyring.[gp]*"))
    if not keyrings:
        raise FileNotFoundError("no debian-archive-keyring")
    script = "/usr/share/debootstrap/scripts/sid"
    options = ("--variant=minbase", f"--keyring={keyrings[0]}")
    return ("debootstrap", *options, SUITE, str(target), MIRROR, script)


@contextlib.contextmanager
def proc_mounted(root: Path) -> Generator[None]:
    """Have /proc in a folder for a while, unless it is there."""
    if (root / "proc/self").exists():
        yield
        return
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    try:
        yield
    finally:
        _unmount(root / "proc")


def _unmount(folder: Path) -> None:
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], check=True)


if __name__ == "__main__":
    try:
        installation = find_or_provision()
    except UnavailableError as unavailable:
        sys.exit(str(unavailable))
    sys.stdout.write(f"Asterisk is in {installation.root}\n")
