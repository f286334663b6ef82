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
PACKAGES: Final = ("asterisk", "asterisk-core-sounds-en-gsm", "python3")
HOST_PACKAGES: Final = ("debootstrap", "debian-archive-keyring")
HOW_TO: Final = "install Asterisk 18 or later, or run as root on Debian, where the tests make one"
MODULES: Final = (
    "usr/lib/asterisk/modules",
    "usr/lib/*/asterisk/modules",
    "usr/lib64/asterisk/modules",
    "usr/local/lib*/asterisk/modules",
)
PYTHON: Final = "usr/bin/python3"
DATA: Final = ("usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk")


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
    version: str
    """Its version, such as ``22.10.1``."""

    @property
    def python(self) -> str:
        """A Python that AGI programs can run in, inside `root`."""
        return sys.executable if self.root == Path("/") else f"/{PYTHON}"

    @property
    def command(self) -> list[str]:
        """The beginning of the command that starts it."""
        return _command(self.root)


def find_or_provision() -> Installation:
    """Give the machine's Asterisk, or the one in the cache, which is made if need be.

    Raises:
        UnavailableError: If neither is possible.
    """
    return _native() or _cached()


def _native() -> Installation | None:
    version = _version(Path("/"))
    if version is None or int(version.partition(".")[0]) < OLDEST:
        return None
    return _installation(Path("/"), version)


def _command(root: Path) -> list[str]:
    if root != Path("/"):
        return ["chroot", str(root), "/usr/sbin/asterisk"]
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    return [shutil.which("asterisk", path=path) or "asterisk"]


def _version(root: Path) -> str | None:
    """Give the version of the Asterisk in a folder, None if none is there that runs."""
    with contextlib.suppress(OSError):
        command = [*_command(root), "-V"]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        if found := re.match(r"Asterisk (?:certified[/-])?(\d+(?:\.\d+)*)", said):
            return found[1]
    return None


def _installation(root: Path, version: str) -> Installation:
    """Find an installation's folders: where its own asterisk.conf says, or the usual ones."""
    said: dict[str, str] = {}
    with contextlib.suppress(OSError):  # only root and its own user may read it on Debian
        text = (root / "etc/asterisk/asterisk.conf").read_text(encoding="utf-8", errors="replace")
        said.update(re.findall(r"^\s*(ast\w+dir)\s*=>?\s*(\S+)", text, re.MULTILINE))
    modules = _folder(root, said.get("astmoddir"), MODULES, "res_agi.so")
    data = _folder(root, said.get("astdatadir"), DATA, "documentation")
    return Installation(root, modules, data, version)


def _folder(root: Path, said: str | None, usual: Sequence[str], holds: str) -> str:
    for pattern in (*([said.lstrip("/")] if said else []), *usual):
        for folder in sorted(root.glob(pattern)):
            if (folder / holds).exists():
                return f"/{folder.relative_to(root)}"
    raise UnavailableError(f"an Asterisk without {holds} in {', '.join(usual)}: {HOW_TO}")


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
        version = _version(root)
        if version is None or not (root / PYTHON).exists():
            _build(cache, root, lock.fileno())
            version = _version(root)
    if version is None:
        raise UnavailableError(f"the Asterisk in {root} does not start; remove that folder")
    return _installation(root, version)


def _build(cache: Path, root: Path, lock: int) -> None:
    """Make the folder under another name, and rename it when it is whole.

    The commands keep the lock open: if this process is killed, others wait until they end.
    """
    half = cache / "unfinished"
    log = cache / "provision.log"
    for folder in (half, root):
        _remove(folder)
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
                pass_fds=(lock,),
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            )

        try:
            if shutil.which("debootstrap") is None or _keyring() is None:
                run("apt-get", "update")
                run("apt-get", "install", "-y", "--no-install-recommends", *HOST_PACKAGES)
            mirror = _mirror()
            run(*_debootstrap(half, mirror))
            _prepare(half, mirror)
            with _proc_mounted(half):
                chroot = ("chroot", str(half), "apt-get", "-o", "Acquire::Check-Valid-Until=false")
                run(*chroot, "update")
                run(*chroot, "install", "-y", "--no-install-recommends", *PACKAGES)
                run("chroot", str(half), "/usr/sbin/asterisk", "-V")
            shutil.rmtree(half / "var/cache/apt/archives", ignore_errors=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UnavailableError(
                f"could not make an Asterisk ({error}; see {log}): {HOW_TO}"
            ) from error
    half.rename(root)


def _remove(folder: Path) -> None:
    """Remove what an interrupted run left, with what it may have mounted."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    for target in sorted((line.split()[1] for line in mounts), reverse=True):
        if Path(target).is_relative_to(folder.resolve()):
            _unmount(Path(target))
    if folder.exists():
        shutil.rmtree(folder)


def _prepare(half: Path, mirror: str) -> None:
    """Keep packages from starting daemons, and let apt reach the mirror."""
    policy = half / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    certificates = Path("etc/ssl/certs/ca-certificates.crt")
    if mirror.startswith("https:") and ("/" / certificates).exists():
        (half / certificates).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/" / certificates, half / certificates)


def _mirror() -> str:
    """Give the mirror of Debian that the machine's apt uses, or else Debian's own."""
    command = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"^https?://\S+/debian(?=/?$)", said, re.MULTILINE)
    return found[0] if found else MIRROR


def _keyring() -> Path | None:
    found = sorted(Path("/usr/share/keyrings").glob("debian-archive-keyring.[gp]*"))
    return found[0] if found else None


def _debootstrap(target: Path, mirror: str) -> Sequence[str]:
    """Give the command that makes a small Debian; it fails if a signature cannot be verified.

    The machine's debootstrap may be too old to know the suite, whose script is that of sid.
    """
    keyring = _keyring()
    if keyring is None:
        raise FileNotFoundError("no debian-archive-keyring")
    options = ("--variant=minbase", f"--keyring={keyring}")
    script = "/usr/share/debootstrap/scripts/sid"
    return ("debootstrap", *options, SUITE, str(target), mirror, script)


@contextlib.contextmanager
def _proc_mounted(root: Path) -> Generator[None]:
    """Have /proc in a folder for a while, unless it is there; where mounting is forbidden, not."""
    if not (root / "proc/self").exists():
        command = ["mount", "-t", "proc", "proc", str(root / "proc")]
        subprocess.run(command, capture_output=True, check=False)
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
    sys.stdout.write(f"Asterisk {installation.version} is in {installation.root}\n")
