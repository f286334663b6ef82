"""What a parameter of each kind is in Python: its type, and how its header is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.catalogue.model import Argument

__all__ = ["annotation", "expression", "words_needed"]

_TYPES: Final = {
    "changes": "Iterable[ConfigChange]",
    "flag": "bool",
    "flag_or_text": "bool | str",
    "headers": "Mapping[str, object]",
    "integer": "int",
    "list": "Names",
    "number": "float",
    "numbered": "Iterable[int]",
    "on_off": "bool",
    "one_zero": "bool",
    "pattern": "str",
    "text": "str",
    "text_or_integer": "int | str",
    "variables": "VariableValues",
    "yes_no": "bool",
}
_EXPRESSIONS: Final = {
    "changes": "**config_changes({name})",
    "headers": "**extra_headers({name})",
    "list": '"{header}": joined({name})',
    "numbered": '**numbered("{family}", {name})',
    "on_off": '"{header}": on_off({name})',
    "one_zero": '"{header}": one_zero({name})',
    "pattern": '"{header}": f"/{{{name}}}/"',
    "variables": '"{header}": variable_lines({name})',
    "yes_no": '"{header}": yes_no({name})',
}
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "changes": ("ConfigChange", "config_changes"),
    "headers": ("extra_headers",),
    "list": ("Names", "joined"),
    "numbered": ("numbered",),
    "on_off": ("on_off",),
    "one_zero": ("one_zero",),
    "variables": ("VariableValues", "variable_lines"),
    "yes_no": ("yes_no",),
}


def annotation(argument: Argument) -> str:
    """Give the type of a parameter."""
    kind = _TYPES[argument.kind]
    if not argument.choices:
        return kind
    literal = ", ".join(f'"{choice}"' for choice in argument.choices)
    return f"Literal[{literal}] | {kind}"


def expression(argument: Argument) -> str:
    """Give what makes the headers of a parameter, as it stands in a dict."""
    made = _EXPRESSIONS.get(argument.kind, '"{header}": {name}')
    family = argument.header.replace("(0)", "({})")
    return made.format(header=argument.header, name=argument.name, family=family)


def words_needed(arguments: Iterable[Argument]) -> set[str]:
    """Give what the parameters need of `pystrix.ami._words`."""
    return {word for argument in arguments for word in _WORDS.get(argument.kind, ())}
