"""What a simulated call is like before it begins."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlencode

from pystrix.testing.sounds import Sounds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

VERSION = "22.10.1"
"""The Asterisk that the simulation is held against."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """The call as the dialplan hands it over, and what the simulated Asterisk has."""

    script: str = ""
    """Path and query of the URL: ``"pay/42?lang=en"``; the program's path for one on stdio."""
    query: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """A query to add to the script: ``{"lang": "en"}``."""
    arguments: Sequence[str] = ()
    """The arguments of the dialplan behind the URL."""
    host: str = "127.0.0.1"
    """The host in the URL, with a port if it has one."""
    stdio: bool = False
    """Whether it is a program that Asterisk starts, rather than a server."""

    caller_id: str = "unknown"
    """The caller's number."""
    caller_name: str = "unknown"
    """The caller's name."""
    dialled: str = "unknown"
    """The number that the caller dialled (DNID)."""
    channel: str = "SIM/caller-00000001"
    """The name of the channel."""
    unique_id: str = "1700000000.1"
    """Its unique id."""
    context: str = "default"
    """The context of the dialplan."""
    extension: str = "s"
    """The extension."""
    priority: int = 1
    """The priority."""
    language: str = "en"
    """The language of the channel."""
    account_code: str = ""
    """The account code."""

    variables: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Channel variables. AGISIGHUP, AGIEXITONHANGUP and AGIEXECFULL have their effect."""
    functions: Mapping[str, Callable[[str], str | None]] = dataclasses.field(
        default_factory=dict[str, "Callable[[str], str | None]"]
    )
    """Functions of the dialplan to read, by name: each gets the text in its parentheses."""
    applications: Mapping[str, Callable[..., Any]] = dataclasses.field(
        default_factory=dict[str, "Callable[..., Any]"]
    )
    """Applications for EXEC, by name: see `pystrix.testing.Channel.application`."""
    database: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    """Asterisk's database, ``{"family/key": value}``; calls that share the dict share it."""
    subroutines: Mapping[str, Callable[..., Any]] = dataclasses.field(
        default_factory=dict[str, "Callable[..., Any]"]
    )
    """Subroutines for GOSUB, by ``"context,extension,priority"``: as applications, but what they
    return is the text of GOSUB_RETVAL."""
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    """The labels of priorities that SET PRIORITY and Goto may use."""
    speech_engines: Mapping[str, Callable[..., Sequence[tuple[str, int, str]]]] = dataclasses.field(
        default_factory=dict[str, "Callable[..., Sequence[tuple[str, int, str]]]"]
    )
    """Speech engines by name: each is asked at SPEECH RECOGNIZE, with the channel, what the caller
    says: ``(text, score, grammar)`` of each result, none for silence."""
    sounds: Sounds = dataclasses.field(default_factory=Sounds)
    """The sound files."""
    answered: bool = False
    """Whether the dialplan has answered."""
    dead: bool = False
    """Whether the caller is gone already, as in the extension ``h``: nothing tells of a hang-up."""
    folders: Collection[str] | None = None
    """The folders that RECORD FILE can write to, as they stand in its names; None for all. That of
    the sounds, where names without a folder go, is always there."""
    talks: bool = True
    """Whether the caller's telephone sends audio, which RECORD FILE counts."""
    epoch: float = 1_700_000_000.0
    """The time of day when the call begins, in seconds since 1970."""

    @property
    def url(self) -> str:
        """The URL as in the dialplan; the program for one on stdio."""
        if self.stdio:
            return self.script
        return f"agi://{self.host}/{self.request}" if self.request else f"agi://{self.host}"

    @property
    def request(self) -> str:
        """Script and query."""
        query = urlencode(self.query)
        return f"{self.script}{'&' if '?' in self.script else '?'}{query}" if query else self.script

    def environment(self) -> bytes:
        """Give the block that Asterisk sends first, with its empty line."""
        lines: list[tuple[str, object]] = []
        if not self.stdio:
            lines.append(("network", "yes"))
            if self.request:
                lines.append(("network_script", self.request))
        unknown = self.caller_id == "unknown"
        lines += [
            ("request", self.url),
            ("channel", self.channel),
            ("language", self.language),
            ("type", self.channel.partition("/")[0]),
            ("uniqueid", self.unique_id),
            ("version", VERSION),
            ("callerid", self.caller_id),
            ("calleridname", self.caller_name),
            ("callingpres", 67 if unknown else 0),
            ("callingani2", 0),
            ("callington", 0),
            ("callingtns", 0),
            ("dnid", self.dialled),
            ("rdnis", "unknown"),
            ("context", self.context),
            ("extension", self.extension),
            ("priority", self.priority),
            ("enhanced", "0.0"),
            ("accountcode", self.account_code),
            ("threadid", 140000000000000),
            *((f"arg_{number}", text) for number, text in enumerate(self.arguments, 1)),
        ]
        block = "".join(f"agi_{name}: {value}\n" for name, value in lines)
        return f"{block}\n".encode("utf-8", "surrogateescape")


class SetupOptions(TypedDict, total=False):
    """The attributes of `Setup` that are keywords of `place_call`."""

    query: Mapping[str, str]
    arguments: Sequence[str]
    caller_id: str
    caller_name: str
    dialled: str
    channel: str
    unique_id: str
    context: str
    extension: str
    priority: int
    language: str
    account_code: str
    variables: Mapping[str, str]
    functions: Mapping[str, Callable[[str], str | None]]
    applications: Mapping[str, Callable[..., Any]]
    database: dict[str, str]
    subroutines: Mapping[str, Callable[..., Any]]
    labels: Mapping[str, int]
    speech_engines: Mapping[str, Callable[..., Sequence[tuple[str, int, str]]]]
    sounds: Sounds
    answered: bool
    dead: bool
    folders: Collection[str] | None
    talks: bool
    epoch: float
