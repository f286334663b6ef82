"""Starts an Asterisk of its own for the tests, with a port and folders of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.asterisk.ami import AMI, AMIError

if TYPE_CHECKING:
    from typing import Self

    from tests.asterisk.provision import Installation

CONFIG: Final = Path(__file__).with_name("config")
FOLDERS: Final = ("agi", "data", "etc", "lib", "log", "run", "spool")
BOOT_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
PORTS: Final = 3
"""How many ports to try: between choosing one and using it another program may take it."""


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
        self.ami_port: int
        """Where that listens, on loopback; the user is ``tests``."""
        self.ami_secret = secrets.token_hex(8)
        """The password of that user."""
        self.folder: Path
        """Where its files are, as this process sees them."""
        self.inside: str
        """Where they are as Asterisk sees them."""
        self.version = installation.version
        """Its version, such as ``22.10.1``."""
        self.python = installation.python
        """A Python for AGI programs, as Asterisk sees it."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:  # undo all if any step fails
            self._start(exits)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @property
    def sounds_directory(self) -> Path:
        """Where RECORD FILE writes names without a folder, as this process sees it."""
        return self.folder / "data" / "sounds"

    @property
    def spool_directory(self) -> Path:
        """Its spool, as this process sees it."""
        return self.folder / "spool"

    @property
    def agi_bin(self) -> Path:
        """Where it looks for AGI programs, as this process sees it."""
        return self.folder / "agi"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def command(self, line: str) -> list[str]:
        """Run a line of its console and give what it prints."""
        return self.ami.action("Command", Command=line).getall("Output")

    def log_tail(self, lines: int = 20) -> str:
        """Give the end of its log."""
        texts: list[str] = []
        for name in ("output", "log/full"):
            with contextlib.suppress(FileNotFoundError):
                texts += (self.folder / name).read_text(errors="replace").splitlines()
        return "\n".join(texts[-lines:])

    def _start(self, exits: contextlib.ExitStack) -> None:
        root = self._installation.root
        temporary = tempfile.gettempdir() if root == Path("/") else root / "tmp"
        self.folder = Path(tempfile.mkdtemp(prefix="pystrix-", dir=temporary)).resolve()
        exits.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.inside = f"/{self.folder.relative_to(root.resolve())}"
        self._make_folders()
        for attempt in range(1, PORTS + 1):
            self.ami_port = _free_port()
            self._configure()
            self._run()
            try:
                self.ami = self._connect()
            except (AMIError, ConnectionResetError):
                self._stop()
                if attempt == PORTS:
                    raise
            except BaseException:
                self._stop()
                raise
            else:
                break
        exits.callback(self._stop)
        exits.callback(self.ami.close)

    def _make_folders(self) -> None:
        for name in FOLDERS:
            (self.folder / name).mkdir()
        # A folder of data of its own, so that what is recorded goes with it.
        root, data = self._installation.root, self._installation.data
        (self.sounds_directory).mkdir()
        for kind, own in (("", self.folder / "data"), ("sounds", self.sounds_directory)):
            for entry in (root / data.lstrip("/") / kind).glob("*"):
                if entry.name not in ("sounds", "agi-bin"):
                    (own / entry.name).symlink_to(Path(data, kind, entry.name))

    def _configure(self) -> None:
        values = {name: f"{self.inside}/{name}" for name in FOLDERS}
        values["modules"] = self._installation.modules
        values["ami_port"] = str(self.ami_port)
        values["secret"] = self.ami_secret
        for template in CONFIG.iterdir():
            text = template.read_text(encoding="utf-8")
            if template.name in ("asterisk.conf", "manager.conf"):
                text = text.format_map(values)
            (self.folder / "etc" / template.name).write_text(text, encoding="utf-8")

    def _run(self) -> None:
        command = [*self._installation.command, "-C", f"{self.inside}/etc/asterisk.conf", "-f"]
        if shutil.which("setpriv"):  # so that it does not outlive a test run that was killed
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )

    def _connect(self) -> AMI:
        """Log in as soon as it listens, and wait until it is fully booted."""
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                ami = AMI(self.ami_port, self.ami_secret, self._post_mortem)
            except ConnectionRefusedError as error:
                # It says nothing before it listens: all that can be done is to try again.
                if not self.alive:
                    raise RuntimeError(f"Asterisk ended: {self.log_tail()}") from error
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Asterisk does not listen: {self.log_tail()}") from error
                time.sleep(0.02)
            else:
                ami.wait_event(lambda event: event.get("Event") == "FullyBooted", BOOT_SECONDS)
                return ami

    def _post_mortem(self) -> str:
        """Say why the connection ended."""
        process = self._process
        assert process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)  # it may be about to end
        return f"exit status {process.returncode}, and its log ends with\n{self.log_tail()}"

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
