"""What Asterisk says of the call before the first command: the ``agi_*`` block.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pystrix.agi._wire import decode, parse_number

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Environment"]

_UNKNOWN = "unknown"
_SCRIPT = b"\nagi_network_script:"


class Environment(Mapping[str, str]):
    """The ``agi_*`` variables as Asterisk sent them, read-only, with typed properties.

    Keys are as sent (``environment["agi_channel"]``); values keep their blanks, and bytes that
    are not UTF-8 as surrogate escapes. Of a name that is sent twice the first counts: Asterisk
    sends each once, and a line feed in dialplan data can forge others. A property raises
    `KeyError` if Asterisk did not send its variable and `ValueError` if it is not of its type.

    Args:
        variables: The variables by name.
    """

    __slots__ = ("_arguments", "_block", "_ignored", "_parsed", "_parts", "_query")

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._begin(b"", dict(variables))

    def _begin(self, block: bytes, parsed: dict[str, str] | None) -> None:
        self._block = block
        self._parsed = parsed  # None until somebody looks
        self._ignored: tuple[str, ...] = ()
        self._parts: tuple[str, str, str] | None = None  # these until somebody asks
        self._query: dict[str, list[str]] | None = None
        self._arguments: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, block: bytes) -> Self:
        """Read a block: one ``name: value`` a line, without the empty line at its end.

        It is taken apart when somebody looks; most calls need only their script's path.
        """
        environment = cls.__new__(cls)
        environment._begin(b"\n%b\n" % block, None)
        return environment

    @property
    def _variables(self) -> dict[str, str]:
        if self._parsed is None:
            self._parsed = {}
            ignored: list[str] = []
            for line in decode(self._block[1:-1]).split("\n"):
                name, colon, value = line.partition(":")
                if colon and name.startswith("agi_") and name not in self._parsed:
                    self._parsed[name] = value.removeprefix(" ")
                elif line:
                    ignored.append(line)
            self._ignored = tuple(ignored)
        return self._parsed

    @property
    def ignored(self) -> tuple[str, ...]:
        """Lines of the block that are no variable, or a name sent before.

        A line feed in the dialplan's data makes such.
        """
        _ = self._variables  # taken apart now, if not before
        return self._ignored

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __repr__(self) -> str:
        return f"Environment({self._variables!r})"

    def _known(self, name: str) -> str | None:
        value = self._variables.get(name, _UNKNOWN)
        return None if value == _UNKNOWN else value

    def _int(self, name: str) -> int:
        value = self._variables[name]
        try:
            return parse_number(value)
        except ValueError:
            raise ValueError(f"{name} is not a number: {value!r}") from None

    @property
    def request(self) -> str:
        """The URL or script name exactly as in the dialplan."""
        return self._variables["agi_request"]

    @property
    def network_script(self) -> str | None:
        """What follows the host in the URL, query included; None if nothing does."""
        if self._parsed is not None:
            return self._parsed.get("agi_network_script")
        start = self._block.find(_SCRIPT)
        if start < 0:
            return None
        start += len(_SCRIPT)
        return decode(self._block[start : self._block.index(b"\n", start)]).removeprefix(" ")

    @property
    def _target(self) -> tuple[str, str, str]:
        """The network script in three parts: its path, the ``?``, the query."""
        if self._parts is None:
            self._parts = (self.network_script or "/").partition("?")
        return self._parts

    @property
    def path(self) -> str:
        """The network script up to its ``?``; ``"/"`` if there is none."""
        return self._target[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query of the network script: each name with its values, blank ones dropped."""
        if self._query is None:
            self._query = _parse_query(self._target[2])
        return self._query

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments behind the URL in the dialplan, in order; empty ones are kept."""
        if self._arguments is None:
            found: list[str] = []
            if self._parsed is not None or b"\nagi_arg_1:" in self._block:
                while (value := self._variables.get(f"agi_arg_{len(found) + 1}")) is not None:
                    found.append(value)
            self._arguments = tuple(found)
        return self._arguments

    @property
    def channel(self) -> str:
        """The name of the channel: ``PJSIP/alice-00000001``."""
        return self._variables["agi_channel"]

    @property
    def channel_type(self) -> str:
        """The channel technology: ``PJSIP``, ``Local``, ..."""
        return self._variables["agi_type"]

    @property
    def unique_id(self) -> str:
        """The unique id of the channel: ``1795378777.0``."""
        return self._variables["agi_uniqueid"]

    @property
    def language(self) -> str:
        """The language of the channel: ``en``."""
        return self._variables["agi_language"]

    @property
    def version(self) -> str:
        """The version of Asterisk."""
        return self._variables["agi_version"]

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
        return self._variables["agi_context"]

    @property
    def extension(self) -> str:
        """The extension in that context."""
        return self._variables["agi_extension"]

    @property
    def priority(self) -> int:
        """The priority in that extension."""
        return self._int("agi_priority")

    @property
    def enhanced(self) -> bool:
        """Whether audio comes along (EAGI)."""
        return self._variables["agi_enhanced"] == "1.0"

    @property
    def account_code(self) -> str:
        """The account code of the channel; ``""`` when it has none."""
        return self._variables["agi_accountcode"]

    @property
    def thread_id(self) -> int:
        """The number of Asterisk's thread that runs the channel."""
        return self._int("agi_threadid")


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


def is_as_sent(block: bytes) -> bool:
    """Tell whether a block is as Asterisk makes it; a line feed in the dialplan's data shows."""
    lines = block.count(b"\n")
    return (
        block[:4] == b"agi_"
        and block.count(b"\nagi_") == lines
        and block.rfind(b"\nagi_threadid:") > 0  # before the arguments it is the last
    )
