"""Reads the actions and events that Asterisk documents in its ``core-en_US.xml``.

The file holds ``xi:include`` elements that Asterisk leaves to its readers, and short forms for the
headers of a channel and of a bridge. Here they are expanded. Only names are kept: of headers, of
the values they may have, of events that answer an action.
"""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["ActionEntry", "Documentation", "EventEntry", "Parameter"]

_INCLUDE: Final = "{http://www.w3.org/2001/XInclude}include"
_STEP: Final = re.compile(r"(\w+)((?:\[[^\]]*\])*)")
_IS: Final = re.compile(r"\[@(\w+)\s*=\s*'([^']*)'\]")
_CONTAINS: Final = re.compile(r"\[contains\(@(\w+),\s*'([^']*)'\)\]")
_PROSE: Final = re.compile(r"(?:/node\(\)|/para\[\d+\])$")

# What the stylesheet beside the file makes of channel_snapshot and bridge_snapshot.
_CHANNEL_STATES: Final = (
    "Down",
    "Rsrvd",
    "OffHook",
    "Dialing",
    "Ring",
    "Ringing",
    "Up",
    "Busy",
    "Dialing Offhook",
    "Pre-ring",
    "Unknown",
)
_CHANNEL: Final = (
    "Channel",
    "ChannelState",
    "ChannelStateDesc",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "Language",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
)
_BRIDGE: Final = (
    "BridgeUniqueid",
    "BridgeType",
    "BridgeTechnology",
    "BridgeCreator",
    "BridgeName",
    "BridgeNumChannels",
    "BridgeVideoSourceMode",
    "BridgeVideoSource",
)


@dataclass(frozen=True)
class Parameter:
    """A header of an action or event."""

    name: str
    required: bool = False
    values: tuple[str, ...] = ()
    """The values that the documentation lists; Asterisk may know more."""


@dataclass(frozen=True)
class ActionEntry:
    """An action."""

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    items: tuple[str, ...] = ()
    """The events that its list holds, as far as documented."""
    complete: str = ""
    """The event that ends its list, if documented."""


@dataclass(frozen=True)
class EventEntry:
    """An event."""

    name: str
    module: str
    event_class: str
    """Who may read it: ``call``."""
    parameters: tuple[Parameter, ...]
    channels: tuple[str, ...] = ()
    """The prefixes of the channels it describes; ``""`` for a channel without one."""


EntryT = TypeVar("EntryT", bound=ActionEntry | EventEntry)


class Documentation:
    """What the file says of AMI.

    Args:
        path: The file.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has an include of an unknown form.
    """

    def __init__(self, path: Path) -> None:
        self._root = ET.parse(path).getroot()  # noqa: S314 - a file of the machine's own Asterisk
        self.actions: dict[str, ActionEntry] = {}
        """The actions by name."""
        self.events: dict[str, EventEntry] = {}
        """The events by name."""
        self.inner_events: dict[str, EventEntry] = {}
        """Those that are only described where an action is."""
        for element in self._root.iterfind("managerEvent"):
            _add(self.events, self._event(element))
        for element in self._root.iterfind("manager"):
            _add(self.actions, self._action(element))

    def _action(self, element: ET.Element) -> ActionEntry:
        parameters = _unique(self._parameters(element.find("syntax")))
        items: tuple[str, ...] = ()
        complete = ""
        responses = element.find("responses")
        if responses is not None:
            items = self._events_in(responses.find("list-elements"))
            complete = "".join(self._events_in(responses))
        name, module = element.get("name", ""), element.get("module", "")
        return ActionEntry(name, module, parameters, items, complete)

    def _events_in(self, parent: ET.Element | None) -> tuple[str, ...]:
        """Give the names of the events that stand, or are included, directly in an element."""
        names: list[str] = []
        for child in parent if parent is not None else ():
            if child.tag == _INCLUDE:
                names += (found.get("name", "") for found in self._find(child))
            elif child.tag == "managerEvent":
                event = self._event(child)
                self.inner_events.setdefault(event.name, event)
                names.append(event.name)
        return tuple(names)

    def _event(self, element: ET.Element) -> EventEntry:
        parameters: list[Parameter] = []
        channels: list[str] = []
        classes: list[str] = []
        for instance in element.iterfind("managerEventInstance"):
            classes.append(instance.get("class", "").removeprefix("EVENT_FLAG_").lower())
            parameters += self._parameters(instance.find("syntax"))
            found = instance.iterfind("syntax/channel_snapshot")
            channels += [snapshot.get("prefix", "") for snapshot in found]
        return EventEntry(
            element.get("name", ""),
            element.get("module", ""),
            classes[0],
            _unique(parameters),
            tuple(dict.fromkeys(channels)),
        )

    def _parameters(self, syntax: ET.Element | None) -> Iterator[Parameter]:
        for child in syntax if syntax is not None else ():
            prefix = child.get("prefix", "")
            if child.tag == "parameter":
                yield self._parameter(child)
            elif child.tag == "channel_snapshot":
                for name in _CHANNEL:
                    values = _CHANNEL_STATES if name == "ChannelStateDesc" else ()
                    yield Parameter(prefix + name, values=values)
            elif child.tag == "bridge_snapshot":
                yield from (Parameter(prefix + name) for name in _BRIDGE)
            elif child.tag == _INCLUDE:
                yield from map(self._parameter, self._find(child))

    def _parameter(self, element: ET.Element) -> Parameter:
        lists = element.findall("enumlist")
        for include in element.iterfind(_INCLUDE):
            lists += (found for found in self._find(include) if found.tag == "enumlist")
        values = [enum.get("name", "") for each in lists for enum in each.iterfind("enum")]
        required = element.get("required") in ("true", "yes", "1")
        return Parameter(element.get("name", ""), required, tuple(values))

    def _find(self, include: ET.Element) -> list[ET.Element]:
        """Find the elements that an include stands for; prose is none."""
        pointer = include.get("xpointer", "")
        path = pointer.removeprefix("xpointer(").removesuffix(")").strip("/")
        if _PROSE.search(path):
            return []
        steps = _STEP.findall(path)
        found = [self._root]
        for tag, conditions in steps[1:]:
            found = [x for parent in found for x in parent if x.tag == tag and _fits(x, conditions)]
        if not found:
            raise ValueError(f"an include that leads nowhere: {pointer}")
        return found


def _fits(element: ET.Element, conditions: str) -> bool:
    return all(element.get(name) == value for name, value in _IS.findall(conditions)) and all(
        value in element.get(name, "") for name, value in _CONTAINS.findall(conditions)
    )


def _unique(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Keep the first of those with the same name."""
    found: dict[str, Parameter] = {}
    for parameter in parameters:
        found.setdefault(parameter.name, parameter)
    return tuple(found.values())


def _add(entries: dict[str, EntryT], entry: EntryT) -> None:
    """Add an entry, or what it says to the one that is there: modules may document the same."""
    known = entries.setdefault(entry.name, entry)
    parameters = _unique((*known.parameters, *entry.parameters))
    entries[entry.name] = dataclasses.replace(known, parameters=parameters)
