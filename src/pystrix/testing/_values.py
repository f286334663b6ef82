"""Channel variables, the functions of the dialplan that are commonly read, and the database."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from pystrix.agi._wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.testing.channel import Channel

_MOST_OF_A_URI: Final = 4095
_TRUE: Final = frozenset({"yes", "true", "y", "t", "1", "on"})
_FALSE: Final = frozenset({"no", "false", "n", "f", "0", "off"})
_BUILTINS: Final = frozenset(
    {
        *("CHANNEL", "EXTEN", "CONTEXT", "PRIORITY", "UNIQUEID", "EPOCH", "HANGUPCAUSE"),
        *("CALLINGPRES", "CALLINGANI2", "CALLINGTON", "CALLINGTNS", "SYSTEMNAME"),
    }
)
"""Names whose value no variable hides."""
_PRESENTATIONS: Final[dict[str | None, int]] = {"unavailable": 67}
_SAME_ITEMS: Final = {"number": "num", "ani-num": "ani"}
_CALLER_ITEMS: Final = {
    **dict.fromkeys(("ton", "ani2", "num-plan", "dnid-num-plan"), "0"),
    **dict.fromkeys(("num-pres", "name-pres", "ani-num-pres"), "allowed_not_screened"),
    "name-charset": "iso8859-1",
}
_FUNCTION = re.compile(r"([A-Za-z_0-9]+)\((.*)", re.DOTALL)
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
        for name, value in (*self.variables.items(), *setup.database.items()):
            _text(name, value)
        self.globals: dict[str, str] = {}
        """The global variables."""
        self.database: dict[str, str] = setup.database
        """Asterisk's database, ``{"family/key": value}``."""
        unknown = "unknown"
        self.caller_id: dict[str, str] = {
            "num": "" if setup.caller_id == unknown else setup.caller_id,
            "name": "" if setup.caller_name == unknown else setup.caller_name,
            "dnid": "" if setup.dialled == unknown else setup.dialled,
            "rdnis": "",
            "ani": "" if setup.caller_id == unknown else setup.caller_id,
            "num-valid": str(int(setup.caller_id != unknown)),
            "name-valid": str(int(setup.caller_name != unknown)),
        }
        """The parts of CALLERID that can be set."""
        self._noted: set[str] = set()  # functions that are missing
        self._written: dict[str, str] = {}  # functions that were set: CHANNEL(musicclass) ...

    def get(self, name: str) -> str | None:
        """Give a variable or function, None if it is not set."""
        if "(" in name:
            return self._function(name)
        for values in (self._builtins() if name in _BUILTINS else {}, self.variables, self.globals):
            if name in values:
                return values[name]
        return None

    def set(self, name: str, value: str) -> None:
        """Set a variable or function; one or two ``_`` in front make it inherited."""
        if "(" not in name:
            self.variables[_bare(name)] = value
            return
        function, argument = _split(name)
        if function == "CALLERID" and argument.lower() == "all":
            self.set_caller_id(value)
        elif function == "CALLERID":
            self._set_caller(argument.lower(), value)
        elif function == "GLOBAL":
            self.globals[argument] = value
        elif function == "DB_DELETE":
            self.database.pop(argument.strip("/"), None)
        elif function == "DB":
            self.database[argument.strip("/")] = value
        elif function in ("CHANNEL", *self._channel.setup.functions):
            self._written[f"{function}({argument})"] = value
        else:
            self._missing(function)

    def set_caller_id(self, text: str) -> None:
        """Set name and number from ``"name" <number>``."""
        match = re.fullmatch(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<]*?))\s*(?:<([^>]*)>)?\s*', text)
        name, bare, number = match.groups() if match else (None, text, None)
        if name is None and number is None and bare and re.fullmatch(r"[+\d*#()\- ]+", bare):
            bare, number = "", bare
        name = re.sub(r"\\(.)", r"\1", name) if name is not None else bare or ""
        self._set_caller("name", name)
        self._set_caller("num", re.sub(r"[ ()]|(?<=.)-(?=.)", "", number or ""))

    def _set_caller(self, item: str, value: str) -> None:
        item = _SAME_ITEMS.get(item, item)
        self.caller_id[item] = value
        if item in ("num", "name"):
            self.caller_id[f"{item}-valid"] = "1"

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

    def _builtins(self) -> dict[str, str]:
        channel, setup = self._channel, self._channel.setup
        pres = self.of_caller("pres")
        return {
            "CHANNEL": setup.channel,
            "EXTEN": channel.place[1],
            "CONTEXT": channel.place[0],
            "PRIORITY": str(channel.place[2] - 1),
            "UNIQUEID": setup.unique_id,
            "EPOCH": str(int(setup.epoch + channel.now)),
            "HANGUPCAUSE": str(channel.cause),
            "CALLINGPRES": str(_PRESENTATIONS.get(pres, 0)),
            "CALLINGANI2": "0",
            "CALLINGTON": "0",
            "CALLINGTNS": "0",
            "SYSTEMNAME": "",
        }

    def _function(self, name: str) -> str | None:
        function, argument = _split(name)
        own = self._channel.setup.functions.get(function)
        if own is not None:
            written = self._written.get(f"{function}({argument})")
            return _text(function, own(argument)) if written is None else written
        reader = _FUNCTIONS.get(function)
        if reader is None:
            self._missing(function)
            return None
        return reader(self, argument)

    def _missing(self, function: str) -> None:
        """Note, once, that there is no such function."""
        if function and function not in self._noted:
            self._noted.add(function)
            self._channel.note(
                f"the simulation has no function {function}: "
                f"give it one with functions={{{function!r}: ...}}"
            )

    def count_fields(self, text: str) -> str:
        """Count the fields of a variable, by its name and what is between them."""
        name, between = (*text.rsplit(",", 1), "-")[:2]
        value = self._named(name)
        return str(value.count(between) + 1 if value and between else 0)

    def replaced(self, text: str) -> str:
        """Give a variable, by its name, with a text in place of another."""
        name, find, replace = (*text.rsplit(",", 2), "", "")[:3]
        return self._named(name).replace(find, replace) if find else ""

    def _named(self, name: str) -> str:
        """Give what ``${name}`` is."""
        return self._reference(name)

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
        item = item.lower()
        item = _SAME_ITEMS.get(item, item)
        parts = self.caller_id
        if item == "all":
            return f'"{parts["name"]}" <{parts["num"]}>'
        if item == "pres" and "pres" not in parts:
            known = "1" in (parts["num-valid"], parts["name-valid"])
            return "allowed_not_screened" if known else "unavailable"
        return parts.get(item, _CALLER_ITEMS.get(item, ""))

    def database_value(self, key: str) -> str | None:
        """Give what DB gives; it, and only what is there, is left in DB_RESULT."""
        family, key = _key(key)
        if not key:
            return None
        value = self.database.get(f"{family}/{key}")
        if value is not None:
            self.variables["DB_RESULT"] = value
        return value or ""

    def database_has(self, key: str) -> str | None:
        """Give what DB_EXISTS gives."""
        family, key = _key(key)
        if not key:
            return None
        self.database_value(f"{family}/{key}")
        return str(int(f"{family}/{key}" in self.database))

    def database_delete(self, key: str) -> str | None:
        """Give what DB_DELETE gives: what was there."""
        family, key = _key(key)
        if not key:
            return None
        value = self.variables["DB_RESULT"] = self.database.pop(f"{family}/{key}", "")
        return value

    def database_keys(self, below: str) -> str:
        """Give what DB_KEYS gives: the next parts of the keys that are below one."""
        start = f"{below.strip('/')}/".lstrip("/")
        found = {
            key[len(start) :].partition("/")[0] for key in self.database if key.startswith(start)
        }
        return ",".join(sorted(found))


def _key(text: str) -> tuple[str, str]:
    """Split what DB and its like take into family and key."""
    family, _, key = text.strip("/").partition("/")
    return family, key


def _text(name: str, value: object) -> Any:  # noqa: ANN401 - what it was given
    """Give what was given as a value, if it is one.

    Raises:
        TypeError: If it is none.
    """
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{name} is {value!r}: what Asterisk keeps is text, so give a str")


def _bare(name: str) -> str:
    """Take off the marks of inheritance."""
    if name.startswith("__"):
        return name[2:]
    return name.removeprefix("_")


def _split(name: str) -> tuple[str, str]:
    match = _FUNCTION.fullmatch(name)
    if match is None:
        return "", ""
    argument, closed, _ = match[2].rpartition(")")  # what is behind it is ignored
    return match[1], argument if closed else match[2]


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
    "GLOBAL": lambda values, text: values.globals.get(text, ""),
    "DB": Values.database_value,
    "DB_EXISTS": Values.database_has,
    "DB_DELETE": Values.database_delete,
    "DB_KEYS": Values.database_keys,
    "FIELDQTY": Values.count_fields,
    "STRREPLACE": Values.replaced,
    "LEN": lambda _, text: str(len(_bytes(text))),
    "EVAL": lambda values, text: values.expand(text),
    # Of ASCII alone.
    "TOUPPER": lambda _, text: decode(_bytes(text).upper()),
    "TOLOWER": lambda _, text: decode(_bytes(text).lower()),
    "URIENCODE": lambda _, text: quote(_bytes(text), safe="!'()*")[:_MOST_OF_A_URI],
    "URIDECODE": lambda _, text: decode(
        unquote(text, errors="surrogateescape").encode("utf-8", "surrogateescape")
    ),
    "BASE64_ENCODE": lambda _, text: base64.b64encode(_bytes(text)).decode(),
    "BASE64_DECODE": _base64_decode,
    "EXISTS": lambda _, text: str(int(bool(text))),
    "ISNULL": lambda _, text: str(int(not text)),
}
