"""Responses with typed fields."""

from __future__ import annotations

import pytest

from pystrix.ami import Response, responses
from pystrix.ami.responses import AvailableAction, ConfigCategory

TEXTS: list[tuple[type[Response], list[str], dict[str, object]]] = [
    (responses.ChallengeResponse, ["Challenge: 874066429"], {"challenge": "874066429"}),
    (
        responses.CommandResponse,
        ["Output: a: b", "Output: ", "Output:   c "],
        {"output": ["a: b", "", "  c "]},
    ),
    (
        responses.CoreSettingsResponse,
        [
            "AMIversion: 11.0.0",
            "AsteriskVersion: 22.10.1",
            "SystemName: ",
            "CoreMaxCalls: 0",
            "CoreMaxLoadAvg: 0.000000",
            "CoreRunUser: ",
            "CoreRunGroup: ",
            "CoreMaxFilehandles: 0",
            "CoreRealTimeEnabled: No",
            "CoreCDRenabled: Yes",
            "CoreHTTPenabled: No",
        ],
        {
            "ami_version": "11.0.0",
            "asterisk_version": "22.10.1",
            "system_name": "",
            "core_max_calls": 0,
            "core_max_load_avg": 0.0,
            "core_run_user": "",
            "core_run_group": "",
            "core_max_filehandles": 0,
            "core_real_time_enabled": False,
            "core_cdr_enabled": True,
            "core_http_enabled": False,
        },
    ),
    (
        responses.CoreStatusResponse,
        [
            "CoreStartupDate: 2026-11-25",
            "CoreStartupTime: 19:04:56",
            "CoreReloadDate: 2026-11-25",
            "CoreReloadTime: 19:04:56",
            "CoreCurrentCalls: 1",
            "CoreProcessedCalls: 2",
        ],
        {
            "core_startup_date": "2026-11-25",
            "core_startup_time": "19:04:56",
            "core_reload_date": "2026-11-25",
            "core_reload_time": "19:04:56",
            "core_current_calls": 1,
            "core_processed_calls": 2,
        },
    ),
    (responses.EventsResponse, ["Events: On"], {"events": "On"}),
    (
        responses.ExtensionStateResponse,
        ["Exten: 100", "Context: c", "Hint: Custom:x", "Status: -1", "StatusText: Unknown"],
        {
            "exten": "100",
            "context": "c",
            "hint": "Custom:x",
            "status": -1,
            "status_text": "Unknown",
        },
    ),
    (
        responses.GetConfigJSONResponse,
        ['JSON: {"general":{},"q":{"a":"b"}}'],
        {"json": '{"general":{},"q":{"a":"b"}}', "config": {"general": {}, "q": {"a": "b"}}},
    ),
    (responses.GetvarResponse, ["Variable: V", "Value: x"], {"variable": "V", "value": "x"}),
    (
        responses.ListCategoriesResponse,
        ["Category-000000: general", "Category-000001: q: 1"],
        {"categories": ["general", "q: 1"]},
    ),
    (responses.ListCategoriesResponse, ["Error: no categories found"], {"categories": []}),
    (
        responses.ListCommandsResponse,
        [
            "Ping: Keepalive command.  (Priv: <none>)",
            "Getvar: Gets a channel variable or function value.  (Priv: call,reporting,all)",
        ],
        {
            "commands": {
                "Ping": AvailableAction("Keepalive command.", ()),
                "Getvar": AvailableAction(
                    "Gets a channel variable or function value.", ("call", "reporting")
                ),
            }
        },
    ),
    (
        responses.MailboxCountResponse,
        ["Mailbox: 1@default", "UrgMessages: 1", "NewMessages: 2", "OldMessages: 3"],
        {"mailbox": "1@default", "urgent_messages": 1, "new_messages": 2, "old_messages": 3},
    ),
    (
        responses.MailboxStatusResponse,
        ["Mailbox: 1@default", "Waiting: 1"],
        {"mailbox": "1@default", "waiting": True},
    ),
    (responses.MixMonitorResponse, ["MixMonitorID: 0x7f"], {"mix_monitor_id": "0x7f"}),
    (responses.ModuleCheckResponse, ["Version: "], {"version": ""}),
    (
        responses.PingResponse,
        ["Ping: Pong", "Timestamp: 1795377038.240886"],
        {"ping": "Pong", "timestamp": 1795377038.240886},
    ),
    (
        responses.PresenceStateResponse,
        ["State: away", "Subtype: lunch", "PresenceMessage: back at 2"],
        {"state": "away", "subtype": "lunch", "presence_message": "back at 2"},
    ),
    (
        responses.QueueRuleResponse,
        ["RuleList: a", "Rule: 30,+3,10", "Rule: 60,-1,0", "RuleList: b"],
        {"rule_lists": ["a", "b"], "rules": {"a": ["30,+3,10", "60,-1,0"], "b": []}},
    ),
    (responses.QueueRuleResponse, ["Rule: 30,+3,10"], {"rule_lists": [], "rules": {}}),
]


@pytest.mark.parametrize(("kind", "lines", "expected"), TEXTS)
def test_fields(kind: type[Response], lines: list[str], expected: dict[str, object]) -> None:
    """Each field of each response reads what Asterisk sends."""
    answer = kind(["Response: Success", "ActionID: 1", *lines])
    assert {name: getattr(answer, name) for name in expected} == expected
    assert set(kind.fields()) <= set(expected)


def test_every_response_is_tested() -> None:
    """The table of this file has every class."""
    tested = {kind.__name__ for kind, _, _ in TEXTS}
    named = {name for name in responses.__all__ if name.endswith("Response")}
    assert tested | {"GetConfigResponse"} == named


CONFIG = responses.GetConfigResponse(
    [
        "Response: Success",
        "Category-000000: general",
        "Line-000000-000000: enabled=yes",
        "Line-000000-000001: permit=a=b",
        "Category-000001: base",
        "IsTemplate-000001: 1",
        "Line-000001-000000: x=",
        "Category-000002: base",
        "IsTemplate-000002: 0",
        "Templates-000002: base,other",
    ]
)


def test_config_categories() -> None:
    """The categories keep their lines, in order; names may repeat."""
    assert CONFIG.categories == [
        ConfigCategory("general", [("enabled", "yes"), ("permit", "a=b")], False, []),
        ConfigCategory("base", [("x", "")], True, []),
        ConfigCategory("base", [], False, ["base", "other"]),
    ]


def test_config_lines() -> None:
    """The lines of all categories, as for pystrix 1.x."""
    assert list(CONFIG.get_lines()) == ["enabled=yes", "permit=a=b", "x="]


def test_config_line_without_a_category() -> None:
    """A line of a category that was not announced is not lost."""
    answer = responses.GetConfigResponse(["Response: Success", "Line-000003-000000: a=b"])
    assert answer.categories == [ConfigCategory("", [("a", "b")], False, [])]


def test_no_json() -> None:
    """What is no JSON is an error."""
    with pytest.raises(ValueError, match="Expecting value"):
        _ = responses.GetConfigJSONResponse({"JSON": "x"}).config


def test_the_old_output_of_a_command() -> None:
    """Asterisk before 14 sends it without headers."""
    lines = ["Response: Follows", "Privilege: Command", "a: b", "", " c ", "--END COMMAND--"]
    response = responses.CommandResponse(lines)
    assert response.output == ["a: b", "", " c "]
    response.output.clear()
    assert response.data == ["a: b", "", " c "]
    refused = ["Response: Error", "Message: No command provided"]
    assert responses.CommandResponse(refused).output == []
