"""How the commands connect: the options, the secret that no argument holds, and what goes wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import ssl
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pystrix.ami import Error, ManagerAuthError, ManagerSocketError
from pystrix.cli._output import FAILED, INTERRUPTED, UNREACHABLE, USAGE, complain, fail, reason

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pystrix.ami import Manager

SECRET: Final = "PYSTRIX_AMI_SECRET"  # noqa: S105 - the name of a variable
"""The variable of the environment that holds the password."""

PORT: Final = 5038
TLS_PORT: Final = 5039
LONGEST_SECRET: Final = 4096
"""Bytes that are read of a file at most: nobody has a longer password."""

_LOGGER: Final = logging.getLogger("pystrix.ami")

HostOption = Annotated[
    str, typer.Option("--host", envvar="PYSTRIX_AMI_HOST", help="The machine of Asterisk.")
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        envvar="PYSTRIX_AMI_PORT",
        min=1,
        max=65535,
        help=f"The port of AMI: {PORT}, with TLS {TLS_PORT}.",
        show_default=False,
    ),
]
UserOption = Annotated[
    str, typer.Option("--user", envvar="PYSTRIX_AMI_USER", help="The user of manager.conf.")
]
TLSOption = Annotated[bool, typer.Option("--tls", help="Speak TLS.")]
TLSCAOption = Annotated[
    Path | None,
    typer.Option(
        "--tls-ca",
        exists=True,
        dir_okay=False,
        help="Speak TLS, and trust the certificates of this file.",
    ),
]
SecretFileOption = Annotated[
    Path | None,
    typer.Option(
        "--secret-file",
        exists=True,
        dir_okay=False,
        help=f"A file whose first line is the password. Else it is ${SECRET}, or asked for.",
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Log what is sent and received, without secrets.")
]
JSONOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclasses.dataclass(frozen=True)
class Access:
    """Where to connect to, and as whom."""

    host: str
    port: int
    username: str
    secret: str = dataclasses.field(repr=False)
    context: ssl.SSLContext | None = None
    """How to speak TLS; None for plain TCP."""
    debug: bool = False
    """Whether to log everything."""

    @classmethod
    def of(
        cls,
        host: str,
        port: int | None,
        user: str,
        *,
        tls: bool,
        tls_ca: Path | None,
        secret_file: Path | None,
        debug: bool,
    ) -> Access:
        """Make it of the options.

        Raises:
            typer.BadParameter: If one of them is wrong, or there is no password.
            typer.Exit: If the prompt for the password was interrupted.
        """
        _check_host(host)
        context = _context(tls_ca) if tls or tls_ca is not None else None
        if port is None:
            port = PORT if context is None else TLS_PORT
        return cls(host, port, user, _secret(user, host, secret_file), context, debug)

    def redact(self, text: str) -> str:
        """Take the password out of a text."""
        return text.replace(self.secret, "***")


def _check_host(host: str) -> None:
    try:
        if host.encode("idna"):
            return
    except UnicodeError:
        pass
    raise typer.BadParameter(f"not the name of a machine: {host!r}", param_hint="--host")


def _context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except ssl.SSLError:
        text = f"there are no certificates in {authority}"
    except OSError as error:
        text = f"cannot read {authority}: {reason(error)}"
    raise typer.BadParameter(text, param_hint="--tls-ca")


def _secret(user: str, host: str, file: Path | None) -> str:
    if file is not None:
        return _secret_of(file)
    if secret := os.environ.get(SECRET):
        return secret
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            f"there is no password: set {SECRET}, or give --secret-file", param_hint="--secret-file"
        )
    try:
        answer: str = typer.prompt(f"password of {user} at {host}", hide_input=True, err=True)
    except typer.Abort:
        raise typer.Exit(INTERRUPTED) from None
    return answer


def _secret_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & stat.S_IROTH:
                complain(f"everybody on this machine can read {file}: chmod 600 {file}")
            line = opened.readline(LONGEST_SECRET)
    except OSError as error:
        text = f"cannot read {file}: {reason(error)}"
        raise typer.BadParameter(text, param_hint="--secret-file") from None
    secret = line.removesuffix(b"\n").removesuffix(b"\r")
    if not secret:
        text = f"the first line of {file} is empty"
        raise typer.BadParameter(text, param_hint="--secret-file")
    return secret.decode("utf-8", "surrogateescape")


class _Lines(logging.Handler):
    """Writes what the library logs to standard error, a line for each record."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        complain(self._access.redact(text))


@contextlib.contextmanager
def log_lines(access: Access, level: int) -> Generator[None]:
    """Have what the library logs on standard error, from a level on; with ``debug`` all of it."""
    handler = _Lines(access)
    before = _LOGGER.level, _LOGGER.propagate
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG if access.debug else level)
    _LOGGER.propagate = False
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(before[0])
        _LOGGER.propagate = before[1]


@contextlib.contextmanager
def ending(access: Access, interrupted: int = INTERRUPTED) -> Generator[None]:
    """End the command with one line and a status for what goes wrong.

    Args:
        access: Whose password is in no line.
        interrupted: The exit status after Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(interrupted) from None
    except (ManagerSocketError, ManagerAuthError) as error:
        fail(access.redact(str(error)), UNREACHABLE)
    except Error as error:
        fail(access.redact(str(error)), FAILED)
    except (ValueError, TypeError) as error:
        fail(access.redact(str(error)), USAGE)


def log_in(manager: Manager, access: Access, event_mask: Sequence[str] | None = None) -> None:
    """Connect, log in, and wait until Asterisk has started.

    Raises:
        ManagerAuthError: If Asterisk refuses the login.
        ManagerSocketError: If there is no connection, or the peer is no Asterisk manager.
    """
    manager.connect(
        access.host,
        access.port,
        ssl=access.context,
        username=access.username,
        secret=access.secret,
        event_mask=event_mask,
    )
