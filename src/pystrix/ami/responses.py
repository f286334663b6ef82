"""What some actions are answered with: responses with typed fields.

An action that stands not here is answered by a plain `Response`. Of every response the headers can
be read by name, too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from pystrix.ami._fields import Choice, Flag, Integer, Number, Text, Texts
from pystrix.ami._message import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pystrix.ami._message import Message

__all__ = [
    "AvailableAction",
    "ChallengeResponse",
    "CommandResponse",
    "ConfigCategory",
    "CoreSettingsResponse",
    "CoreStatusResponse",
    "EventsResponse",
    "ExtensionStateResponse",
    "GetConfigJSONResponse",
    "GetConfigResponse",
    "GetvarResponse",
    "ListCategoriesResponse",
    "ListCommandsResponse",
    "MailboxCountResponse",
    "MailboxStatusResponse",
    "MixMonitorResponse",
    "ModuleCheckResponse",
    "PingResponse",
    "PresenceStateResponse",
    "QueueRuleResponse",
]

_COMMAND: Final = re.compile(r"(.*?)\s*\(Priv: (.*)\)", re.DOTALL)
_CATEGORY: Final = re.compile(r"category-(\d+)", re.IGNORECASE)
_CONFIG: Final = re.compile(r"(category|istemplate|templates|line)-(\d+)(?:-\d+)?", re.IGNORECASE)


class ChallengeResponse(Response):
    """The answer to Challenge."""

    challenge: Text = Text("Challenge")
    """The challenge; the same for every Challenge of a connection."""


class _Output(Texts):
    """The lines of a command's output; Asterisk before 14 sends them without headers."""

    __slots__ = ()

    def read(self, message: Message) -> list[str]:
        return super().read(message) or message.data.copy()


class CommandResponse(Response):
    """The answer to Command."""

    output: Texts = _Output("Output")
    """The lines of the output, with the blanks they begin and end with."""


class CoreSettingsResponse(Response):
    """The answer to CoreSettings."""

    ami_version: Text = Text("AMIversion")
    """The version of AMI: ``11.0.0``."""
    asterisk_version: Text = Text("AsteriskVersion")
    """The version of Asterisk: ``22.10.1``, and what its packager put behind."""
    system_name: Text = Text("SystemName")
    """The name of the system; empty if it has none."""
    core_max_calls: Integer = Integer("CoreMaxCalls")
    """How many calls there may be; 0 for any number."""
    core_max_load_avg: Number = Number("CoreMaxLoadAvg")
    """Up to which load new calls are taken; 0 for any."""
    core_run_user: Text = Text("CoreRunUser")
    """The user that Asterisk was told to run as."""
    core_run_group: Text = Text("CoreRunGroup")
    """The group that Asterisk was told to run as."""
    core_max_filehandles: Integer = Integer("CoreMaxFilehandles")
    """How many files may be open; 0 for what the system says."""
    core_real_time_enabled: Flag = Flag("CoreRealTimeEnabled")
    """Whether configuration can come from a database."""
    core_cdr_enabled: Flag = Flag("CoreCDRenabled")
    """Whether records of calls are made."""
    core_http_enabled: Flag = Flag("CoreHTTPenabled")
    """Whether the HTTP server runs."""


class CoreStatusResponse(Response):
    """The answer to CoreStatus. Dates and times are by the clock of Asterisk's machine."""

    core_startup_date: Text = Text("CoreStartupDate")
    """The date of its start: ``2026-11-25``."""
    core_startup_time: Text = Text("CoreStartupTime")
    """The time of its start: ``19:04:56``."""
    core_reload_date: Text = Text("CoreReloadDate")
    """The date of the last reload."""
    core_reload_time: Text = Text("CoreReloadTime")
    """The time of the last reload."""
    core_current_calls: Integer = Integer("CoreCurrentCalls")
    """How many calls there are."""
    core_processed_calls: Integer = Integer("CoreProcessedCalls")
    """How many calls there were."""


class EventsResponse(Response):
    """The answer to Events."""

    events: Choice = Choice("Events", "On", "Off")
    """Whether any events come now. ``Off`` also answers names that Asterisk does not know."""


class ExtensionStateResponse(Response):
    """The answer to ExtensionState."""

    exten: Text = Text("Exten")
    """The extension."""
    context: Text = Text("Context")
    """Its context."""
    hint: Text = Text("Hint")
    """The devices behind it; empty if it has no hint."""
    status: Integer = Integer("Status")
    """The number of the state; -1 if it has no hint."""
    status_text: Text = Text("StatusText")
    """The state in words."""


class ConfigCategory(NamedTuple):
    """A category of a configuration file."""

    name: str
    """Its name; several may have the same."""
    lines: list[tuple[str, str]]
    """Its variables and their values, in order."""
    is_template: bool
    """Whether it is a template."""
    templates: list[str]
    """The templates it inherits from."""


class GetConfigResponse(Response):
    """The answer to GetConfig."""

    @property
    def categories(self) -> list[ConfigCategory]:
        """The categories, in order."""
        found: dict[str, ConfigCategory] = {}
        for header, value in self.all_items():
            match = _CONFIG.fullmatch(header)
            if match is None:
                continue
            kind, number = match[1].lower(), match[2]
            category = found.setdefault(number, ConfigCategory("", [], False, []))
            if kind == "category":
                found[number] = category._replace(name=value)
            elif kind == "istemplate":
                found[number] = category._replace(is_template=value == "1")
            elif kind == "templates":
                category.templates.extend(value.split(","))
            else:
                name, _, text = value.partition("=")
                category.lines.append((name, text))
        return list(found.values())

    def get_lines(self) -> Iterator[str]:
        """Give the lines ``name=value`` of all categories, in order, as pystrix 1.x does."""
        for header, value in self.all_items():
            if header.lower().startswith("line-"):
                yield value


class GetConfigJSONResponse(Response):
    """The answer to GetConfigJSON."""

    json: Text = Text("JSON")
    """The file as JSON."""

    @property
    def config(self) -> dict[str, Any]:
        """The categories by name: each a mapping of variables to their values.

        Of a variable that comes more than once it has the last; `GetConfigResponse` has all.

        Raises:
            ValueError: If what Asterisk sent is no JSON.
        """
        return cast("dict[str, Any]", json.loads(self.json))


class GetvarResponse(Response):
    """The answer to Getvar."""

    variable: Text = Text("Variable")
    """The variable."""
    value: Text = Text("Value")
    """Its value; empty if it is not set. Asterisk cuts it behind 1,023 bytes."""


class ListCategoriesResponse(Response):
    """The answer to ListCategories."""

    @property
    def categories(self) -> list[str]:
        """The names of the categories, in order."""
        items = self.all_items()
        return [value for header, value in items if _CATEGORY.fullmatch(header)]


class AvailableAction(NamedTuple):
    """An action that the user may use."""

    synopsis: str
    """What it does, in Asterisk's words."""
    classes: tuple[str, ...]
    """The classes of which one is enough; none if anybody may use it."""


class ListCommandsResponse(Response):
    """The answer to ListCommands."""

    @property
    def commands(self) -> dict[str, AvailableAction]:
        """The actions by name."""
        return {
            header: AvailableAction(match[1], _classes(match[2]))
            for header, value in self.all_items()
            if (match := _COMMAND.fullmatch(value))
        }


def _classes(text: str) -> tuple[str, ...]:
    names = () if text == "<none>" else text.split(",")
    return tuple(name for name in names if name != "all")


class MailboxCountResponse(Response):
    """The answer to MailboxCount."""

    mailbox: Text = Text("Mailbox")
    """The mailbox."""
    urgent_messages: Integer = Integer("UrgMessages")
    """How many urgent messages there are."""
    new_messages: Integer = Integer("NewMessages")
    """How many new messages there are."""
    old_messages: Integer = Integer("OldMessages")
    """How many old messages there are."""


class MailboxStatusResponse(Response):
    """The answer to MailboxStatus."""

    mailbox: Text = Text("Mailbox")
    """The mailbox."""
    waiting: Flag = Flag("Waiting")
    """Whether there are new messages."""


class MixMonitorResponse(Response):
    """The answer to MixMonitor."""

    mix_monitor_id: Text = Text("MixMonitorID")
    """The id of the recording; missing without the option ``i``."""


class ModuleCheckResponse(Response):
    """The answer to ModuleCheck, if the module is loaded; else it is an error."""

    version: Text = Text("Version")
    """Nothing, with the Asterisk of today."""


class PingResponse(Response):
    """The answer to Ping."""

    ping: Text = Text("Ping")
    """``Pong``."""
    timestamp: Number = Number("Timestamp")
    """The time of Asterisk's machine, in seconds since 1970."""


class PresenceStateResponse(Response):
    """The answer to PresenceState."""

    state: Text = Text("State")
    """The presence: ``available``, ``away``, ``dnd``, ..."""
    subtype: Text = Text("Subtype")
    """What kind of presence exactly; missing if not set."""
    presence_message: Text = Text("PresenceMessage")
    """The message that goes with it; missing if not set."""


class QueueRuleResponse(Response):
    """The answer to QueueRule."""

    rule_lists: Texts = Texts("RuleList")
    """The names of the rules."""

    @property
    def rules(self) -> dict[str, list[str]]:
        """The changes of each rule by its name: ``seconds,max,min``."""
        found: dict[str, list[str]] = {}
        changes: list[str] = []
        for header, value in self.all_items():
            if header.lower() == "rulelist":
                changes = found.setdefault(value, [])
            elif header.lower() == "rule":
                changes.append(value)
        return found
