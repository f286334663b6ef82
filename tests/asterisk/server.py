"""Starts an Asterisk of its own for the tests, on a port of its own, and stops it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.asterisk.ami import AMI
from tests.asterisk.provision import proc_mounted

if TYPE_CHECKING:
    from typing import Self

    from tests.asterisk.provision import Installation

CONFIG: Final = Path(__file__).with_name("config")
BOOT_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0


class Asterisk:
    """A running Asterisk; a context manager.

    Args:
        installation: Which Asterisk.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._exits = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.ami: AMI
        """Its manager interface."""
        self.folder: Path
        """Where its files are, as this process sees them."""
        self.inside: str
        """Where they are as Asterisk sees them."""

    def __enter__(self) -> Self:
        with self._exits:  # undo all if any step fails
            self._start()
            self._exits = self._exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def _start(self) -> None:
        root = self._installation.root
        temporary = root / "tmp"
        self.folder = Path(tempfile.mkdtemp(prefix="pystrix-", dir=temporary))
        self._exits.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.inside = f"/{self.folder.relative_to(root)}"
        ami_port = _free_port()
        self._configure(ami_port)
        if root != Path("/"):
            self._exits.enter_context(proc_mounted(root))
        output = self._exits.enter_context((self.folder / "output").open("wb"))
        self._process = subprocess.Popen(
            [*self._installation.command, "-C", f"{self.inside}/etc/asterisk.conf", "-f"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        self._exits.callback(self._stop)
        self.ami = self._exits.enter_context(self._connect(ami_port))

    def _configure(self, ami_port: int) -> None:
        names = ("etc", "lib", "agi", "spool", "run", "log")
        values: dict[str, object] = {name: f"{self.inside}/{name}" for name in names}
        for name in names:
            (self.folder / name).mkdir()
        values["modules"] = self._installation.modules
        values["data"] = self._installation.data
        values["ami_port"] = ami_port
        for template in CONFIG.iterdir():
            text = template.read_text(encoding="utf-8")
            if template.name in ("asterisk.conf", "manager.conf"):
                text = text.format_map(values)
            (self.folder / "etc" / template.name).write_text(text, encoding="utf-8")

    def _connect(self, port: int) -> AMI:
        """Log in as soon as it listens, and wait until it is fully booted."""
        deadline = time.monotonic() + BOOT_SECONDS
        ami: AMI | None = None
        while ami is None:
            try:
                ami = AMI(port)
            except OSError as error:
                # It says nothing before its manager listens: all that can be done is to try again.
                if self._process is None or self._process.poll() is not None:
                    raise RuntimeError(f"Asterisk ended: {self.log_tail()}") from error
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Asterisk does not listen: {self.log_tail()}") from error
                time.sleep(0.05)
        ami.wait_event(lambda event: event.get("Event") == "FullyBooted", BOOT_SECONDS)
        return ami

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def command(self, line: str) -> list[str]:
        """Run a line of its console and give what it prints."""
        return self.ami.action("Command", Command=line).getall("Output")

    def log_tail(self, lines: int = 15) -> str:
        """Give the end of its log."""
        texts: list[str] = []
        for name in ("output", "log/full"):
            with contextlib.suppress(FileNotFoundError):
                texts += (self.folder / name).read_text(errors="replace").splitlines()
        return "\n".join(texts[-lines:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
