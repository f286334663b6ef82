"""An Asterisk that a test may kill and restart, with users who may do little."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from tests.asterisk.server import Asterisk

if TYPE_CHECKING:
    from tests.asterisk.provision import Installation

USERS: Final = """

[few]
secret = {secret}
read = call,user
write = call,originate

[changing]
secret = {changing}
read = all
write = all
writetimeout = 5000
"""
DIALPLAN: Final = """

; Counts, six events for each number.
[storm]
exten => go,1,Set(COUNT=0)
 same => n(again),Set(COUNT=$[${COUNT} + 1])
 same => n,UserEvent(Storm,Storm: ${STORM},Count: ${COUNT},Last: ${TIMES})
 same => n,Wait(${PAUSE})
 same => n,GotoIf($[${COUNT} < ${TIMES}]?again)
"""


class RestartingAsterisk(Asterisk):
    """A running Asterisk that can be killed, frozen and started again; a context manager.

    Args:
        installation: Which Asterisk.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self._consoles: list[subprocess.Popen[bytes]] = []
        self.changing_secret = secrets.token_hex(8)
        """The password of the user ``changing``; `start` makes a change known."""

    def __exit__(self, *_: object) -> None:
        self.ami.close()  # of several the last one
        super().__exit__()

    def kill(self) -> None:
        """Let it die on the spot."""
        process = self._process
        assert process is not None
        process.kill()
        process.wait()
        self.ami.close()
        while self._consoles:
            self._consoles.pop().wait()

    def start(self) -> None:
        """Start it again, and wait until it has started."""
        self._configure()
        self._run()
        self.ami = self._connect()

    def restart(self, how: str = "now") -> None:
        """Have it restart itself, and wait until it has started."""
        with contextlib.suppress(ConnectionError):  # it ends before it answers
            self.command(f"core restart {how}")
        self.ami.close()
        self.ami = self._connect()

    def console(self, line: str) -> None:
        """Run a line on a console of its own: one that is not answered before all is over."""
        command = [*self._installation.command, "-C", f"{self.inside}/etc/asterisk.conf"]
        self._consoles.append(
            subprocess.Popen(
                [*command, "-rx", line], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        )

    def ensure(self) -> None:
        """Start it unless it runs."""
        if not self.alive:
            self.start()

    def freeze(self) -> None:
        """Let it do nothing at all, as a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kick(self, user: str) -> None:
        """End the sessions of a user."""
        for line in self.command("manager show connected"):
            if line.split()[:1] == [user]:
                self.command(f"manager kick session {line.split()[4]}")

    def _signal(self, number: int) -> None:
        process = self._process
        assert process is not None
        process.send_signal(number)

    def _configure(self) -> None:
        super()._configure()
        users = USERS.format(secret=self.ami_secret, changing=self.changing_secret)
        for name, more in (("manager.conf", users), ("extensions.conf", DIALPLAN)):
            path = self.folder / "etc" / name
            path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
