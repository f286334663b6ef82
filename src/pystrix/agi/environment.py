"""What Asterisk says of the call before the first command: the ``agi_*`` block.

Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pystrix.agi._wire import decode, parse_number

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Environment"]

_UNKNOWN = "unknown"
_OWN_END = b"\nagi_threadid:"
_NOTHING: Mapping[str, str] = {}


class Environment(Mapping[str, str]):
    """The ``agi_*`` variables as Asterisk sent them, read-only, with typed properties.

    Keys are as sent (``environment["agi_channel"]``); values keep their blanks, and bytes that
    are not UTF-8 as surrogate escapes. Of a name that is sent twice the first counts: Asterisk
    sends each once, and a line feed in dialplan data can forge others. A property raises
    `KeyError` if Asterisk did not send its variable and `ValueError` if it is not of its type.

    Args:
        variables: The variables by name.
    """

    __slots__ = ("_arguments", "_block", "_ignored", "_parsed", "_query", "_target")

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._parsed: dict[str, str] | None = dict(variables)
        self._block = b""  # what it is parsed from, with a line feed in front and behind
        self._ignored: tuple[str, ...] = ()
        # These until somebody asks: the script's path, ``?``, and query; what is made of it.
        self._target: tuple[str, str, str] | None = None
        self._query: dict[str, list[str]] | None = None
        self._arguments: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, block: bytes) -> Self:
        """Read a block: one ``name: value`` a line, without the empty line at its end.

        It is taken apart when somebody looks at more than a few variables.
        """
        environment = cls(_NOTHING)
        environment._block = b"\n%b\n" % block
        environment._parsed = None
        if ends_without_arguments(block):
            environment._arguments = ()
        return environment

    @property
    def _variables(self) -> dict[str, str]:
        if self._parsed is None:
            self._parsed = {}
            ignored: list[str] = []
            for line in decode(self._block[1:-1]).split("\n"):
                name, colon, value = line.partition(":")
                if colon and name[:4] == "agi_" and name not in self._parsed:
                    self._parsed[name] = value.removeprefix(" ")
                elif line:
                    ignored.append(line)
            self._ignored = tuple(ignored)
        return self._parsed

    def _value(self, name: str) -> str | None:
        """Give the value of a variable without taking the whole block apart."""
        if self._parsed is not None or (begin := _line_begin(name)) is None:
            return self._variables.get(name)
        block = self._block
        at = block.find(begin)
        if at < 0:
            return None
        at += len(begin)
        return decode(block[at : block.index(b"\n", at)]).removeprefix(" ")

    @property
    def ignored(self) -> tuple[str, ...]:
        """Lines of the block that are no variable, or a name sent before.

        A line feed in the dialplan's data makes such.
        """
        _ = self._variables  # taken apart now, if not before
        return self._ignored

    def __getitem__(self, name: str) -> str:
        value = self._value(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __repr__(self) -> str:
        return f"Environment({self._variables!r})"

    def _known(self, name: str) -> str | None:
        value = self._value(name)
        return None if value == _UNKNOWN else value

    def _int(self, name: str) -> int:
        value = self[name]
        try:
            return parse_number(value)
        except ValueError:
            raise ValueError(f"{name} is not a number: {value!r}") from None

    @property
    def request(self) -> str:
        """The URL or script name exactly as in the dialplan."""
        return self["agi_request"]

    @property
    def network_script(self) -> str | None:
        """What follows the host in the URL, query included; None if nothing does."""
        return self._value("agi_network_script")

    def _script(self) -> tuple[str, str, str]:
        """Give the network script in three parts: its path, the ``?``, the query."""
        if self._target is None:
            self._target = (self.network_script or "/").partition("?")
        return self._target

    @property
    def path(self) -> str:
        """The network script up to its ``?``; ``"/"`` if there is none."""
        return self._script()[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query of the network script: each name with its values, blank ones dropped."""
        if self._query is None:
            self._query = _parse_query(self._script()[2])
        return self._query

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments behind the URL in the dialplan, in order; empty ones are kept."""
        if self._arguments is None:
            found: list[str] = []
            while (value := self._variables.get(f"agi_arg_{len(found) + 1}")) is not None:
                found.append(value)
            self._arguments = tuple(found)
        return self._arguments

    @property
    def channel(self) -> str:
        """The name of the channel: ``PJSIP/alice-00000001``."""
        return self["agi_channel"]

    @property
    def channel_type(self) -> str:
        """The channel technology: ``PJSIP``, ``Local``, ..."""
        return self["agi_type"]

    @property
    def unique_id(self) -> str:
        """The unique id of the channel: ``1795378777.0``."""
        return self["agi_uniqueid"]

    @property
    def language(self) -> str:
        """The language of the channel: ``en``."""
        return self["agi_language"]

    @property
    def version(self) -> str:
        """The version of Asterisk."""
        return self["agi_version"]

    @property
    def caller_id(self) -> str | None:
        """The number of the caller; None when unknown."""
        return self._known("agi_callerid")

    @property
    def caller_id_name(self) -> str | None:
        """The name of the caller; None when unknown."""
        return self._known("agi_calleridname")

    @property
    def calling_presentation(self) -> int:
        """The presentation of the caller id: 0 when allowed, 67 when not available."""
        return self._int("agi_callingpres")

    @property
    def calling_ani2(self) -> int:
        """The ANI 2 digits: the kind of line that calls."""
        return self._int("agi_callingani2")

    @property
    def calling_type_of_number(self) -> int:
        """The type of the caller's number (TON)."""
        return self._int("agi_callington")

    @property
    def calling_transit_network(self) -> int:
        """The transit network selector (TNS)."""
        return self._int("agi_callingtns")

    @property
    def dnid(self) -> str | None:
        """The number that was dialled; None when unknown."""
        return self._known("agi_dnid")

    @property
    def rdnis(self) -> str | None:
        """The number that redirected the call; None when unknown."""
        return self._known("agi_rdnis")

    @property
    def context(self) -> str:
        """The dialplan context that runs the AGI."""
        return self["agi_context"]

    @property
    def extension(self) -> str:
        """The extension in that context."""
        return self["agi_extension"]

    @property
    def priority(self) -> int:
        """The priority in that extension."""
        return self._int("agi_priority")

    @property
    def enhanced(self) -> bool:
        """Whether audio comes along (EAGI)."""
        return self["agi_enhanced"] == "1.0"

    @property
    def account_code(self) -> str:
        """The account code of the channel; ``""`` when it has none."""
        return self["agi_accountcode"]

    @property
    def thread_id(self) -> int:
        """The number of Asterisk's thread that runs the channel."""
        return self._int("agi_threadid")


@functools.lru_cache(maxsize=64)
def _line_begin(name: str) -> bytes | None:
    """Give how the line of a variable begins; None if no variable has that name."""
    return f"\n{name}:".encode() if name.isidentifier() and name[:4] == "agi_" else None


def _parse_query(text: str) -> dict[str, list[str]]:
    """Read a query: what `urllib.parse.parse_qs` does, in a fraction of its time."""
    query: dict[str, list[str]] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if value:
            query.setdefault(_unquote(name), []).append(_unquote(value))
    return query


def _unquote(text: str) -> str:
    if "+" in text or "%" in text:
        return unquote(text.replace("+", " "), errors="surrogateescape")
    return text


def ends_without_arguments(block: bytes) -> bool:
    """Tell whether the last line is the last of Asterisk's own, behind which arguments come."""
    return block.startswith(_OWN_END, block.rfind(b"\nagi_"))


def is_as_sent(block: bytes) -> bool:
    """Tell whether a block is as Asterisk makes it; a line feed in the dialplan's data shows."""
    lines = block.count(b"\n")
    return (
        block.startswith(b"agi_")
        and block.count(b"\nagi_") == lines
        and block.count(b":") > lines
        and (ends_without_arguments(block) or _OWN_END in block)
    )
