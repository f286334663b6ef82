"""Channel variables, the functions of the dialplan that are commonly read, and the database."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from pystrix.agi._wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.testing.channel import Channel

_MOST_OF_A_URI: Final = 4095
_TRUE: Final = frozenset({"yes", "true", "y", "t", "1", "on"})
_FALSE: Final = frozenset({"no", "false", "n", "f", "0", "off"})
_FUNCTION = re.compile(r"([A-Za-z_0-9]+)\((.*)\)?", re.DOTALL)
_SLICE = re.compile(r":\s*([+-]?\d+)(?::\s*([+-]?\d+))?")


def is_true(value: str) -> bool:
    """Tell whether a value is one of Asterisk's words for yes."""
    return value.lower() in _TRUE


def is_false(value: str) -> bool:
    """Tell whether a value is one of Asterisk's words for no."""
    return value.lower() in _FALSE


class Values:
    """What GET VARIABLE and SET VARIABLE reach.

    Args:
        channel: The channel.
    """

    def __init__(self, channel: Channel) -> None:
        setup = channel.setup
        self._channel = channel
        self.variables: dict[str, str] = dict(setup.variables)
        """The channel's variables."""
        self.database: dict[str, str] = setup.database
        """Asterisk's database, ``{"family/key": value}``."""
        unknown = "unknown"
        self.caller_id: dict[str, str] = {
            "num": "" if setup.caller_id == unknown else setup.caller_id,
            "name": "" if setup.caller_name == unknown else setup.caller_name,
            "dnid": "" if setup.dialled == unknown else setup.dialled,
            "rdnis": "",
        }
        """The parts of CALLERID that can be set."""
        self._written: dict[str, str] = {}  # functions that were set: CHANNEL(musicclass) ...

    def get(self, name: str) -> str | None:
        """Give a variable or function, None if it is not set."""
        found = self.variables.get(name)
        if found is not None:
            return found
        if "(" in name:
            return self._function(name)
        return self._builtin(name)

    def set(self, name: str, value: str) -> None:
        """Set a variable or function; one or two ``_`` in front make it inherited."""
        if "(" not in name:
            self.variables[_bare(name)] = value
            return
        function, argument = _split(name)
        if function == "CALLERID" and argument.lower() in ("num", "number"):
            self.caller_id["num"] = value
        elif function == "CALLERID" and argument.lower() == "all":
            self.set_caller_id(value)
        elif function == "CALLERID":
            self.caller_id[argument.lower()] = value
        elif function == "GLOBAL":
            self.variables[argument] = value
        elif function == "DB":
            self.database[argument.strip("/")] = value
        elif function in ("CHANNEL", *self._channel.setup.functions):
            self._written[f"{function}({argument})"] = value

    def set_caller_id(self, text: str) -> None:
        """Set name and number from ``"name" <number>``."""
        match = re.fullmatch(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<]*?))\s*(?:<([^>]*)>)?\s*', text)
        name, bare, number = match.groups() if match else (None, text, None)
        if name is None and number is None and bare and re.fullmatch(r"[+\d*#()\- ]+", bare):
            bare, number = "", bare
        self.caller_id["name"] = re.sub(r"\\(.)", r"\1", name) if name is not None else bare or ""
        self.caller_id["num"] = re.sub(r"[ ()]|(?<=.)-(?=.)", "", number or "")

    def expand(self, text: str) -> str:
        """Replace ``${...}`` in a text, from the innermost outward."""
        out: list[str] = []
        position = 0
        while (start := text.find("${", position)) >= 0:
            end = _closing(text, start + 2)
            out.append(text[position:start])
            out.append(self._reference(text[start + 2 : end]))
            position = end + 1
        return "".join(out) + text[position:]

    def _reference(self, inside: str) -> str:
        name, slice_of = _split_slice(self.expand(inside))
        value = _bytes(self.get(name) or "")
        match = _SLICE.match(slice_of)
        if match is not None:
            value = value[int(match[1]) :]
            if match[2] is not None:
                value = value[: int(match[2])]
        return decode(value)

    def _builtin(self, name: str) -> str | None:
        channel, setup = self._channel, self._channel.setup
        return {
            "CHANNEL": setup.channel,
            "EXTEN": channel.place[1],
            "CONTEXT": channel.place[0],
            "PRIORITY": str(channel.place[2] - 1),
            "UNIQUEID": setup.unique_id,
            "EPOCH": str(int(setup.epoch + channel.now)),
            "HANGUPCAUSE": "0",
        }.get(name)

    def _function(self, name: str) -> str | None:
        function, argument = _split(name)
        own = self._channel.setup.functions.get(function)
        if own is not None:
            written = self._written.get(f"{function}({argument})")
            return own(argument) if written is None else written
        reader = _FUNCTIONS.get(function)
        return reader(self, argument) if reader else None

    def of_channel(self, item: str) -> str | None:
        """Give an item of CHANNEL."""
        setup = self._channel.setup
        items = {
            "name": setup.channel,
            "language": setup.language,
            "state": "Up" if self._channel.up else "Ring",
            "channeltype": setup.channel.partition("/")[0],
            "uniqueid": setup.unique_id,
            "accountcode": setup.account_code,
            "musicclass": "",
            "context": setup.context,
            "exten": setup.extension,
            "hangupsource": "",
            "linkedid": setup.unique_id,
        }
        return self._written.get(f"CHANNEL({item})", items.get(item.lower()))

    def of_caller(self, item: str) -> str | None:
        """Give an item of CALLERID."""
        item = {"number": "num"}.get(item.lower(), item.lower())
        if item == "all":
            return f'"{self.caller_id["name"]}" <{self.caller_id["num"]}>'
        return self.caller_id.get(item, "")


def _bare(name: str) -> str:
    """Take off the marks of inheritance."""
    if name.startswith("__"):
        return name[2:]
    return name.removeprefix("_")


def _split(name: str) -> tuple[str, str]:
    match = _FUNCTION.fullmatch(name)
    if match is None:
        return "", ""
    return match[1], match[2].removesuffix(")")


def _split_slice(text: str) -> tuple[str, str]:
    """Split ``name:1:2`` at the first colon that is in no parentheses."""
    depth = 0
    for position, character in enumerate(text):
        if character == ":" and not depth:
            return text[:position], text[position:]
        depth += (character == "(") - (character == ")")
    return text, ""


def _closing(text: str, start: int) -> int:
    """Find the brace that closes the one before `start`."""
    depth = 1
    for position in range(start, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if not depth:
                return position
    return len(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _base64_decode(_values: Values, text: str) -> str:
    try:
        return decode(base64.b64decode(text, validate=False))
    except binascii.Error:
        return ""


_FUNCTIONS: Final[dict[str, Callable[[Values, str], str | None]]] = {
    "CALLERID": Values.of_caller,
    "CHANNEL": Values.of_channel,
    "GLOBAL": lambda values, text: values.variables.get(text, ""),
    "DB": lambda values, text: values.database.get(text.strip("/"), ""),
    "DB_EXISTS": lambda values, text: str(int(text.strip("/") in values.database)),
    "LEN": lambda _, text: str(len(_bytes(text))),
    "EVAL": lambda values, text: values.expand(text),
    "TOUPPER": lambda _, text: text.upper(),
    "TOLOWER": lambda _, text: text.lower(),
    "URIENCODE": lambda _, text: quote(_bytes(text), safe="")[:_MOST_OF_A_URI],
    "URIDECODE": lambda _, text: decode(
        unquote(text, errors="surrogateescape").encode("utf-8", "surrogateescape")
    ),
    "BASE64_ENCODE": lambda _, text: base64.b64encode(_bytes(text)).decode(),
    "BASE64_DECODE": _base64_decode,
    "EXISTS": lambda _, text: str(int(bool(text))),
    "ISNULL": lambda _, text: str(int(not text)),
}
