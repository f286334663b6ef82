"""What the doctor makes of answers."""

from __future__ import annotations

import pytest

from pystrix.ami.responses import CoreSettingsResponse
from pystrix.cli.ami import _checks as checks
from pystrix.cli.ami._checks import Finding


@pytest.mark.parametrize(
    ("difference", "status", "text"),
    [
        (0.0004, "ok", "0.000 s ahead"),
        (-2.0, "ok", "2.000 s behind"),
        (2.001, "warn", "2.001 s ahead"),
        (-86400.0, "warn", "86400.000 s behind"),
    ],
)
def test_clock(difference: float, status: str, text: str) -> None:
    """Clocks that differ."""
    finding = checks.clock(difference)
    assert (finding.status, finding.text) == (status, f"Asterisk's clock is {text}")
    assert bool(finding.advice) is (status != "ok")


def test_user_classes() -> None:
    """As ``manager show user`` prints them."""
    output = [
        "",
        "          username: tests",
        "         read perm: system,call,all",
        "        write perm: <none>",
        "   displayconnects: yes",
    ]
    assert checks.user_classes(output) == {"read": ["system", "call"], "write": []}
    assert checks.user_classes(["There is no manager called x"]) == {}


def test_write_classes() -> None:
    """Only actions with one class tell one for sure."""
    privileges = [("system", "call"), ("user",), (), ("agi",), ("user", "all")]
    assert checks.write_classes(privileges) == ["agi", "user"]


def test_classes() -> None:
    """What is missing is said with what it is for."""
    assert checks.classes("read", ["call", "system", "agi", "user"], "") == Finding(
        "read classes", "ok", "call, system, agi, user"
    )
    finding = checks.classes("read", [], "so far")
    assert (finding.status, finding.text) == ("warn", "none is seen (so far)")
    assert "see that they are in read of manager.conf: call: calls are" in finding.advice
    finding = checks.classes("read", [], "")
    assert (finding.status, finding.text) == ("warn", "none")
    assert "add to read in manager.conf: call: calls are followed by its events" in finding.advice
    assert checks.classes("write", ["originate", "call", "agi", "reporting"], "").status == "ok"
    assert "system: " in checks.classes("write", ["originate", "call", "agi"], "").advice


@pytest.mark.parametrize(("loaded", "status"), [(True, "ok"), (False, "fail"), (None, "warn")])
def test_res_agi(loaded: bool | None, status: str) -> None:
    """Loaded, not loaded, not known."""
    assert checks.res_agi(loaded).status == status


def test_module_names() -> None:
    """Those that run."""
    output = [
        "Module                         Description     Use Count  Status      Support Level",
        "app_x.so                       X               0          Running              core",
        "app_y.so                       Y               0          Not Running          core",
        "2 modules loaded",
    ]
    assert checks.module_names(output) == ["app_x"]


def test_modules() -> None:
    """What is there, and what is not and would be good for."""
    loaded = dict.fromkeys(checks.MODULES, True)
    (finding,) = checks.modules(loaded, 90)
    assert finding.text.startswith("90 are loaded; app_stack, ")
    assert "; not" not in finding.text
    (finding,) = checks.modules(dict.fromkeys(checks.MODULES, False), None)
    assert finding.text.startswith("none, of those that are asked for; not app_stack (the AGI ")
    (finding,) = checks.modules({}, None)
    assert finding.status == "warn"


def test_media() -> None:
    """Without formats and clocks nothing can be played."""
    assert [each.status for each in checks.media(["format_gsm", "res_timing_timerfd"])] == [
        "ok"
    ] * 2
    assert [each.status for each in checks.media(["res_format_x"])] == ["warn"] * 2


def test_sounds() -> None:
    """All that are looked for, some, none."""
    details = ["Indexed Information for digits/1:", "  Language en:", "    Format: gsm"]
    finding = checks.sounds([f"{name} " for name in checks.SPOKEN], details)
    assert finding == Finding("sounds", "ok", "core sounds are there: en, as gsm")
    finding = checks.sounds(checks.SPOKEN[1:], details)
    assert finding.text == f"of {len(checks.SPOKEN)} core sounds 1 are missing: digits/0"
    finding = checks.sounds([], [])
    assert finding.status == "warn"
    assert finding.text.endswith("digits/4, ...")


def core(**headers: object) -> CoreSettingsResponse:
    """Make an answer to CoreSettings."""
    given = {"CoreMaxCalls": 0, "CoreMaxLoadAvg": "0.000000", **headers}
    return CoreSettingsResponse({"Response": "Success", **given})


def test_settings() -> None:
    """As ``core show settings`` prints them."""
    output = ["PBX Core settings", "  Maximum calls:      Not set", "  Min DTMF duration::    80"]
    assert checks.settings_of(output) == {"Maximum calls": "Not set", "Min DTMF duration": "80"}


def test_limits() -> None:
    """Limits are worth a warning, and so are few files."""
    (finding,) = checks.settings(core(), {})
    assert finding == Finding("limits", "ok", "calls: no limit; load: no limit")
    (finding,) = checks.settings(core(CoreMaxCalls=10, CoreMaxLoadAvg="1.5"), {})
    assert (finding.status, finding.text) == ("warn", "calls: at most 10; load: at most 1.5")
    (finding,) = checks.settings(core(), {"Maximum open file handles": "256"})
    assert (finding.status, finding.text[-15:]) == ("warn", "open files: 256")
    (finding,) = checks.settings(core(), {"Maximum open file handles": "Not set"})
    assert finding.status == "ok"


@pytest.mark.parametrize("silence", ["Enabled", "Disabled"])
def test_playing(silence: str) -> None:
    """What is known of language and silence."""
    more = {"Default language": "de", "Transmit silence during rec": silence}
    _, language, sent = checks.settings(core(), more)
    assert language.text.startswith("de, ")
    assert sent.text.startswith(f"sent to the caller while nothing is played: {silence.lower()}")
