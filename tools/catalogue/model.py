"""The catalogue: what the documentation says, put right and put in words of our own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tools.catalogue import (
    glossary_of_fields,
    glossary_of_parameters,
    glossary_of_pjsip,
    summaries_of_actions,
    summaries_of_events,
)
from tools.catalogue.answers import BASES, LISTS, RESPONSES, UNSOLICITED
from tools.catalogue.corrections import CHOICES, DEFAULTS, FAMILIES, LEFT_OUT, REQUIRED, WAITS
from tools.catalogue.documentation import ActionEntry, EventEntry, Parameter
from tools.catalogue.kinds import field_kind, parameter_kind
from tools.catalogue.names import attribute_name, class_name, parameter_name
from tools.catalogue.privileges import PRIVILEGES
from tools.catalogue.topics import find_topic
from tools.catalogue.undocumented import (
    CLASSES,
    EVENTS,
    EXTRA_HEADERS,
    LIST_HEADERS,
    RENAMED,
    WIRE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.catalogue.documentation import Documentation

__all__ = ["ActionClass", "Argument", "Catalogue", "EventClass", "FieldLine"]

_CHANNEL: Final = tuple(glossary_of_fields.CHANNEL)
_BRIDGE: Final = tuple(glossary_of_fields.BRIDGE)
_GROUPS: Final[dict[str, tuple[str, str, str]]] = {
    "AorEvent": ("pjsip", "AorList", "An event that describes a PJSIP address of record."),
    "AuthEvent": ("pjsip", "AuthList", "An event that describes a PJSIP authentication."),
    "ListEndEvent": ("shared", "AorListComplete", "The end of a list that answers an action."),
    "ParkingEvent": ("parking", "", "An event of a parked call."),
    "QueueMemberEvent": ("queues", "QueueMemberStatus", "An event of a member of a queue."),
    "SecurityEvent": ("security", "InvalidAccountID", "An event of somebody who comes in."),
    "VoicemailUserEvent": (
        "voicemail",
        "VoicemailUserEntry",
        "An event that describes a mailbox.",
    ),
}
"""Bases of events that share headers: their topic, the event whose headers they are, a summary."""

_HOMES: Final[dict[str, str]] = {
    "From": "bridges",
    "Orig": "calls",
    "OrigTransferer": "calls",
    "Parkee": "parking",
    "Parker": "parking",
    "Retriever": "parking",
    "Second": "calls",
    "SecondTransferer": "calls",
    "Source": "channels",
    "Spyee": "media",
    "Spyer": "media",
    "Target": "calls",
    "To": "bridges",
    "TransferTarget": "calls",
    "Transferee": "calls",
    "Transferer": "calls",
}
"""The topics of the channels and bridges that only its events describe, by their prefixes."""

_FAMILY_KINDS: Final = {"Action-000000": "changes", "Header1": "headers"}
_PARKING: Final = (
    "ParkerDialString",
    "Parkinglot",
    "ParkingSpace",
    "ParkingTimeout",
    "ParkingDuration",
)


@dataclass(frozen=True)
class FieldLine:
    """A field of an event."""

    attribute: str
    header: str
    kind: str
    choices: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class EventClass:
    """The class of an event, or a base of several."""

    name: str
    """The name of the class."""
    wire: str
    """The name of the event; ``""`` for a base."""
    topic: str
    bases: tuple[str, ...]
    classes: tuple[str, ...]
    fields: tuple[FieldLine, ...]
    summary: str
    note: str = ""


@dataclass(frozen=True)
class Argument:
    """A parameter of an action."""

    name: str
    header: str
    kind: str
    required: bool
    default: str
    choices: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class ActionClass:
    """The class of an action."""

    name: str
    wire: str
    topic: str
    classes: tuple[str, ...]
    arguments: tuple[Argument, ...]
    items: tuple[str, ...]
    complete: str
    response: str
    base: str
    waits: tuple[str, ...]
    summary: str
    note: str


class Catalogue:
    """All classes.

    Args:
        documentation: What Asterisk documents.

    Raises:
        KeyError: If a name stands in none of the tables: a summary, a meaning, a topic is missing.
    """

    def __init__(self, documentation: Documentation) -> None:
        lists = {
            entry.name: (entry.items, entry.complete)
            for entry in documentation.actions.values()
            if entry.complete
        }
        self._lists = {**lists, **LISTS}
        self._answers = {name for items, last in self._lists.values() for name in (*items, last)}
        self._answers |= {"FAXSession", "FAXStats", "WaitEventComplete", "ChannelHungup"}
        self._answers |= {"ChannelsHungupListComplete"}
        entries = [*documentation.events.values(), *documentation.inner_events.values()]
        entries += [_undocumented(name) for name in EVENTS if name not in documentation.events]
        self._entries = {entry.name: _complete(entry) for entry in entries}
        self.bases = [*self._snapshot_bases(), *self._group_bases()]
        """The bases of events."""
        self.events = [self._event(entry) for _, entry in sorted(self._entries.items())]
        """The classes of events."""
        self.actions = [self._action(entry) for _, entry in sorted(documentation.actions.items())]
        """The classes of actions."""
        self.actions.append(self._hangup_matching(documentation.actions["Hangup"]))

    def _snapshot_bases(self) -> list[EventClass]:
        prefixes = {prefix for entry in self._entries.values() for prefix in entry.channels}
        bridges = {
            parameter.name.removesuffix("BridgeUniqueid")
            for entry in self._entries.values()
            for parameter in entry.parameters
            if parameter.name.endswith("BridgeUniqueid") and _has_bridge(entry, parameter.name)
        }
        return [
            *(self._channel_base(prefix) for prefix in sorted(prefixes)),
            *(self._bridge_base(prefix) for prefix in sorted(bridges)),
        ]

    def _channel_base(self, prefix: str) -> EventClass:
        who = glossary_of_fields.CHANNELS[prefix]
        state = next(
            parameter
            for entry in self._entries.values()
            for parameter in entry.parameters
            if parameter.name == "ChannelStateDesc"
        )
        choices = {state.name: state.values}
        fields = [
            _field("", name, _sentence(meaning.format(who)), prefix, choices.get(name, ()))
            for name, meaning in glossary_of_fields.CHANNEL.items()
        ]
        summary = f"An event that describes {who}."
        topic = _HOMES.get(prefix, "shared")
        return EventClass(
            f"{prefix}ChannelEvent", "", topic, ("Event",), (), tuple(fields), summary
        )

    def _bridge_base(self, prefix: str) -> EventClass:
        which = glossary_of_fields.BRIDGES[prefix]
        fields = [
            _field("", name, _sentence(meaning.format(which)), prefix)
            for name, meaning in glossary_of_fields.BRIDGE.items()
        ]
        summary = f"An event that describes {which}."
        topic = _HOMES.get(prefix, "shared")
        return EventClass(f"{prefix}BridgeEvent", "", topic, ("Event",), (), tuple(fields), summary)

    def _group_bases(self) -> list[EventClass]:
        bases: list[EventClass] = []
        for name, (topic, example, summary) in _GROUPS.items():
            headers = {p.name: p for p in self._group(name)}
            fields = tuple(_documented_field(example, p) for p in headers.values())
            bases.append(EventClass(name, "", topic, ("Event",), (), fields, summary))
        return bases

    def _group(self, name: str) -> tuple[Parameter, ...]:
        """Give the headers of a group."""
        if name == "ListEndEvent":
            return tuple(map(Parameter, LIST_HEADERS))
        if name == "ParkingEvent":
            return tuple(map(Parameter, _PARKING))
        return self._entries[_GROUPS[name][1]].parameters

    def _event(self, entry: EventEntry) -> EventClass:
        bases: list[str] = [f"{prefix}ChannelEvent" for prefix in entry.channels]
        taken = {prefix + name for prefix in entry.channels for name in _CHANNEL}
        names = {parameter.name for parameter in entry.parameters}
        for prefix in glossary_of_fields.BRIDGES:
            headers = {prefix + name for name in _BRIDGE}
            if headers <= names:
                bases.append(f"{prefix}BridgeEvent")
                taken |= headers
        for group in _GROUPS:
            headers = {parameter.name for parameter in self._group(group)}
            if headers <= names - taken:
                bases.append(group)
                taken |= headers
        wire = RENAMED.get(entry.name, entry.name)
        is_answer = entry.name in self._answers - UNSOLICITED
        own = [parameter for parameter in entry.parameters if parameter.name not in taken]
        return EventClass(
            class_name(wire),
            wire,
            find_topic(entry.name, entry.module),
            tuple(bases) or ("Event",),
            () if is_answer else (CLASSES.get(entry.name, entry.event_class),),
            tuple(_documented_field(entry.name, parameter) for parameter in own),
            summaries_of_events.SUMMARIES[entry.name],
            summaries_of_events.NOTES.get(entry.name, ""),
        )

    def _action(self, entry: ActionEntry) -> ActionClass:
        items, complete = self._lists.get(entry.name, ((), ""))
        return ActionClass(
            class_name(entry.name),
            entry.name,
            find_topic(entry.name, entry.module),
            PRIVILEGES[entry.name],
            _arguments(entry),
            tuple(class_name(RENAMED.get(name, name)) for name in items),
            class_name(complete),
            RESPONSES.get(entry.name, ""),
            BASES.get(entry.name, ""),
            WAITS.get(entry.name, ()),
            summaries_of_actions.SUMMARIES[entry.name],
            summaries_of_actions.NOTES.get(entry.name, ""),
        )

    def _hangup_matching(self, hangup: ActionEntry) -> ActionClass:
        """Make the other half of Hangup, which Asterisk answers with a list."""
        action = self._action(hangup)
        channel, cause = action.arguments
        pattern = dataclasses.replace(
            channel,
            name="pattern",
            kind="pattern",
            meaning="A regular expression for the names of the channels, without slashes.",
        )
        return dataclasses.replace(
            action,
            name="HangupMatching",
            arguments=(pattern, cause),
            items=("ChannelHungup",),
            complete="ChannelsHungupListComplete",
            summary="Hang up every channel whose name matches.",
            note="On the wire it is ``Hangup`` with a pattern in slashes.",
        )


def _undocumented(name: str) -> EventEntry:
    module, headers = EVENTS[name]
    if headers == ("bridge_snapshot",):
        headers = _BRIDGE
    event_class = "reporting" if name == "TestEvent" else ""
    return EventEntry(name, module, event_class, tuple(map(Parameter, headers)))


def _complete(entry: EventEntry) -> EventEntry:
    """Add the headers that the documentation leaves out, and give them their names on the wire."""
    parameters = [
        dataclasses.replace(
            parameter, name=WIRE.get(f"{entry.name}.{parameter.name}", parameter.name)
        )
        for parameter in entry.parameters
        if parameter.name != "ActionID"
    ]
    known = {parameter.name for parameter in parameters}
    extra = [name for name in EXTRA_HEADERS.get(entry.name, ()) if name not in known]
    return dataclasses.replace(entry, parameters=(*parameters, *map(Parameter, extra)))


def _has_bridge(entry: EventEntry, uniqueid: str) -> bool:
    prefix = uniqueid.removesuffix("BridgeUniqueid")
    return {prefix + name for name in _BRIDGE} <= {parameter.name for parameter in entry.parameters}


def _field(
    event: str, header: str, meaning: str, prefix: str = "", choices: tuple[str, ...] = ()
) -> FieldLine:
    kind = field_kind(event, header)
    if kind == "Text" and choices:
        kind = "Choice"
    if header.startswith("ReportX"):
        kind = f"Numbered {kind}"
    return FieldLine(
        attribute_name(prefix + header.replace("ReportX", "Report")),
        prefix + header,
        kind,
        choices if kind == "Choice" else (),
        meaning,
    )


def _documented_field(event: str, parameter: Parameter) -> FieldLine:
    key = f"{event}.{parameter.name}"
    meaning = _meaning(
        key,
        parameter.name,
        {**glossary_of_fields.FIELDS_IN, **glossary_of_pjsip.FIELDS_IN},
        glossary_of_pjsip.FIELDS if _is_pjsip(event) else glossary_of_fields.FIELDS,
        glossary_of_fields.FIELDS,
        glossary_of_pjsip.FIELDS,
    )
    choices = CHOICES.get(key, parameter.values)
    return _field(event, parameter.name, meaning, choices=choices)


def _is_pjsip(event: str) -> bool:
    return event.endswith(("Detail", "List")) and event != "VoicemailBoxDetail"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _meaning(key: str, name: str, *glossaries: Mapping[str, str]) -> str:
    for glossary in glossaries:
        if found := glossary.get(key) or glossary.get(name):
            return _sentence(found)
    raise KeyError(f"no glossary says what {key} means")


def _arguments(entry: ActionEntry) -> tuple[Argument, ...]:
    """Give the parameters of an action, those it needs first."""
    arguments = [_argument(entry.name, p) for p in entry.parameters if p.name not in LEFT_OUT]
    return tuple(sorted(arguments, key=lambda argument: not argument.required))


def _argument(action: str, parameter: Parameter) -> Argument:
    key = f"{action}.{parameter.name}"
    kind = parameter_kind(action, parameter.name)
    choices = CHOICES.get(key, parameter.values)
    return Argument(
        FAMILIES.get(parameter.name) or parameter_name(parameter.name),
        parameter.name,
        _FAMILY_KINDS.get(parameter.name, kind),
        (parameter.required or key in REQUIRED) and key not in DEFAULTS,
        DEFAULTS.get(key, "None"),
        choices if kind in ("text", "text_or_integer") else (),
        _meaning(
            key,
            parameter.name,
            glossary_of_parameters.PARAMETERS_IN,
            glossary_of_parameters.PARAMETERS,
        ),
    )
