"""``pystrix ami doctor``: whether a program can work with an Asterisk, and what is in its way."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.text import Text

from pystrix.ami import (
    Error,
    Event,
    Manager,
    ManagerActionError,
    ManagerAuthError,
    ManagerBannerError,
    ManagerConnectionLostError,
    ManagerSocketError,
    actions,
)
from pystrix.ami._words import login_key
from pystrix.cli._output import FAILED, UNREACHABLE, plain
from pystrix.cli.ami import _checks as checks
from pystrix.cli.ami._checks import Finding
from pystrix.cli.ami._connecting import (
    Access,
    DebugOption,
    HostOption,
    JSONOption,
    PortOption,
    SecretFileOption,
    TLSCAOption,
    TLSOption,
    UserOption,
    ending,
    log_lines,
)
from pystrix.cli.ami._showing import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pystrix.ami import Response

_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_PINGS: Final = 3
_SECONDS: Final = 10.0
"""How long an action may take."""


def doctor(
    user: UserOption,
    as_json: JSONOption = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    tls: TLSOption = False,
    tls_ca: TLSCAOption = None,
    secret_file: SecretFileOption = None,
    debug: DebugOption = False,
) -> None:
    """Look whether programs can work with an Asterisk, and say what to do if not.

    It looks only: nothing is changed, no call is placed. Each line is ok, warn or fail; below it
    stands what to do. Some things only the console tells: they need "command" in the user's write.

    The exit status is 0 if nothing failed, 1 if something did, 2 if the command line is wrong, 3
    if Asterisk cannot be reached or refuses the login, 130 after Ctrl-C.
    """
    access = Access.of(
        host, port, user, tls=tls, tls_ca=tls_ca, secret_file=secret_file, debug=debug
    )
    console = Console(highlight=False)
    found: list[Finding] = []
    status = 0
    with ending(access), log_lines(access, logging.CRITICAL), Manager(debug) as manager:
        examination = Examination(manager, access)
        for finding in examination.findings():
            found.append(finding)
            if finding.status == "fail":
                status = FAILED if examination.in_session else UNREACHABLE
            if not as_json:
                _show(console, access, finding)
    if as_json:
        typer.echo(to_json([_figures(access, finding) for finding in found]))
    raise typer.Exit(status)


def _show(console: Console, access: Access, finding: Finding) -> None:
    line = Text(f"{finding.status:<4}  ", _STYLES[finding.status])
    line.append(f"{finding.check:<13}  ", "bold")
    console.print(line.append(plain(access.redact(finding.text)), "none"), soft_wrap=True)
    if finding.advice:
        console.print(
            f"{'':21}{plain(access.redact(finding.advice))}", soft_wrap=True, markup=False
        )


def _figures(access: Access, finding: Finding) -> dict[str, str | None]:
    return {
        "check": finding.check,
        "status": finding.status,
        "text": access.redact(finding.text),
        "advice": access.redact(finding.advice) or None,
    }


class Examination:
    """One look at one Asterisk.

    Args:
        manager: A manager that is not connected.
        access: Where to connect to.
    """

    def __init__(self, manager: Manager, access: Access) -> None:
        self._manager = manager
        self._access = access
        self._heard: set[str] = set()
        self.in_session: bool = False
        """Whether Asterisk let us in, and has not left."""

    def heard(self, messages: Sequence[Event | Response]) -> None:
        """Take what comes."""
        self._heard.update(each.name for each in messages if isinstance(each, Event))

    def lost(self, why: str) -> None:
        """Take note of the end, which the action on its way tells as well."""

    def findings(self) -> Generator[Finding]:
        """Look at one thing after the other."""
        self._manager.tap(self)
        try:
            yield from self._connect()
            yield from self._log_in()
            self.in_session = True
            yield from self._who_we_are()
            yield from self._what_there_is()
            yield from self._how_it_is_set()
        except ManagerConnectionLostError as error:
            self.in_session = False
            yield Finding("session", "fail", str(error), "its log says why it ended the session")
        except ManagerSocketError as error:
            yield unreachable(error, self._access)
        except ManagerAuthError as error:
            advice = (
                "check user and password, and permit, deny and acl in manager.conf: Asterisk does "
                "not say which of them it is, but its log does"
            )
            yield Finding("login", "fail", str(error), advice)
        except Error as error:
            advice = (
                "is it an Asterisk, and not about to end? 'core show uptime' in its console tells"
            )
            yield Finding("session", "fail", str(error), advice)

    def _connect(self) -> Generator[Finding]:
        access, manager = self._access, self._manager
        manager.connect(access.host, access.port, ssl=access.context)
        peer = f"{access.host}, port {access.port}"
        yield Finding("reach", "ok", f"{peer}{'' if access.context is None else ', with TLS'}")
        if (info := manager.get_asterisk_info()) is not None:  # else it has left, which comes next
            yield Finding("greeting", "ok", " ".join(info))
        if access.context is None and not _is_here(access.host):
            text = "the connection is not encrypted: all but the password can be read on its way"
            advice = "set tlsenable and tlsbindaddr in manager.conf, and use --tls"
            yield Finding("encryption", "warn", text, advice)

    def _log_in(self) -> Generator[Finding]:
        access, manager = self._access, self._manager
        if access.context is None:
            challenge = manager.send(actions.Challenge(), timeout=_SECONDS).challenge
            key = login_key(challenge, access.secret)
            login = actions.Login(access.username, auth_type="MD5", key=key)
        else:
            login = actions.Login(access.username, secret=access.secret)
        manager.send(login, timeout=_SECONDS)
        manager.send(actions.Ping(), timeout=_SECONDS)  # what belongs to the login has come then
        yield Finding("login", "ok", f"as {access.username}")

    def _who_we_are(self) -> Generator[Finding]:
        commands = self._manager.send(actions.ListCommands(), timeout=_SECONDS).commands
        output = self._console(f"manager show user {self._access.username}")
        user = checks.user_classes(output or [])
        if "read" in user:
            yield checks.classes("read", user["read"], "")
            yield checks.classes("write", user["write"], "")
            return
        signs = {"FullyBooted": "system", "SuccessfulAuth": "security"}
        read = sorted(word for name, word in signs.items() if name in self._heard)
        yield checks.classes("read", read, "others are seen only with command in write")
        privileges = [command.classes for command in commands.values()]
        yield checks.classes("write", checks.write_classes(privileges), "perhaps others")

    def _what_there_is(self) -> Generator[Finding]:
        output = self._console("module show")
        if output is not None:
            names = checks.module_names(output)
            yield checks.res_agi("res_agi" in names)
            yield from checks.modules({each: each in names for each in checks.MODULES}, len(names))
            yield from checks.media(names)
        else:
            yield checks.res_agi(self._module("res_agi"))
            loaded = {name: self._module(name) for name in checks.MODULES}
            yield from checks.modules({k: v for k, v in loaded.items() if v is not None}, None)
        listed = self._console("core show sounds")
        if listed is None:
            yield checks.unseen("sounds", "which sounds there are")
        else:
            yield checks.sounds(listed, self._console("core show sound digits/1") or [])

    def _how_it_is_set(self) -> Generator[Finding]:
        yield self._clock()
        try:
            core = self._manager.send(actions.CoreSettings(), timeout=_SECONDS)
        except ManagerActionError:
            advice = "give the user system or reporting in write"
            yield Finding("settings", "warn", "the settings cannot be seen", advice)
            return
        more = checks.settings_of(self._console("core show settings") or [])
        yield Finding("version", "ok", f"Asterisk {core.asterisk_version}, AMI {core.ami_version}")
        yield from checks.settings(core, more)

    def _clock(self) -> Finding:
        best = 1e9
        difference = 0.0
        for _ in range(_PINGS):
            before, started = time.time(), time.monotonic()
            pong = self._manager.send(actions.Ping(), timeout=_SECONDS)
            took = time.monotonic() - started
            if "Timestamp" not in pong:
                return Finding("clock", "warn", "this Asterisk does not tell its time")
            if took < best:
                best, difference = took, pong.timestamp - (before + took / 2)
        return checks.clock(difference)

    def _console(self, line: str) -> list[str] | None:
        """Run a command of the console; None if we may not, or there is no such command."""
        try:
            return self._manager.send(actions.Command(line), timeout=_SECONDS).output
        except ManagerActionError:
            return None

    def _module(self, name: str) -> bool | None:
        """Tell whether a module is loaded; None if we may not know."""
        try:
            self._manager.send(actions.ModuleCheck(name), timeout=_SECONDS)
        except ManagerActionError as error:
            told = error.response is not None and error.response.message == "Module not loaded"
            return False if told else None
        return True


def unreachable(error: ManagerSocketError, access: Access) -> Finding:
    """Say why there is no session, and what to do."""
    check = "reach"
    match error.__cause__:
        case ssl.SSLCertVerificationError():
            advice = "give who signed the certificate with --tls-ca, and as --host the name in it"
        case ssl.SSLError():
            advice = (
                f"is {access.port} the port of tlsbindaddr in manager.conf? Without --tls it is "
                "the one of port"
            )
        case socket.gaierror():
            advice = "is the name right? An address works without a name server"
        case ConnectionRefusedError():
            advice = (
                "does Asterisk run, is enabled=yes in manager.conf, and do bindaddr and port there "
                "let this machine in? 'manager show settings' in its console tells"
            )
        case _ if isinstance(error, ManagerBannerError):
            check, advice = "greeting", "is it the port of manager.conf? By default that is 5038"
        case _:
            advice = "is it the right port, with or without --tls, and no firewall in between?"
    return Finding(check, "fail", str(error), advice)


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine, by its name alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
