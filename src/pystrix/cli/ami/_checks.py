"""What `pystrix ami doctor` makes of Asterisk's answers.

Pure: text in, findings out.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pystrix.ami.responses import CoreSettingsResponse

Status = Literal["ok", "warn", "fail"]

CLOCK_SECONDS: Final = 2.0
"""How far apart two clocks may be that NTP keeps."""

FEW_FILES: Final = 1024
"""Descriptors that are soon used up: a call takes several, one of them for FastAGI."""

USES: Final[dict[str, dict[str, str]]] = {
    "read": {
        "call": "calls are followed by its events",
        "system": "it tells of the start and the end of Asterisk",
        "agi": "AsyncAGI needs it",
        "user": "it has the UserEvents of the dialplan",
    },
    "write": {
        "originate": "Originate needs it",
        "call": "Hangup, Redirect and Getvar need it",
        "agi": "AsyncAGI needs it",
        "system": "it lists the channels behind a gap, as reporting does",
    },
}
"""What pystrix uses which classes for."""

MODULES: Final[dict[str, str]] = {
    "app_stack": "the AGI command GOSUB",
    "res_speech": "the AGI commands SPEECH",
    "app_confbridge": "conferences",
    "app_mixmonitor": "MixMonitor",
    "app_queue": "queues",
    "app_userevent": "UserEvent in the dialplan",
    "app_voicemail": "voicemail",
    "chan_pjsip": "SIP telephones",
    "res_parking": "parking",
}
"""The modules that are asked for, and what they are for."""

SPOKEN: Final = (
    *(f"digits/{name}" for name in (*"0123456789", "hundred", "thousand", "oclock", "day-1")),
    "letters/a",
    "phonetic/a_p",
    "beep",
    "vm-goodbye",
)
"""Some of the core sounds: those of the AGI commands SAY and RECORD FILE, and one of voicemail."""

_SETTING: Final = re.compile(r"\s+([^:]+):+\s+(.*)")
_LANGUAGE: Final = re.compile(r"\s*Language (\S+):")
_FORMAT: Final = re.compile(r"\s*Format: (\S+)")
_MODULE: Final = re.compile(r"(\S+)\.so\s")


@dataclasses.dataclass(frozen=True)
class Finding:
    """What came of one check."""

    check: str
    """What was looked at."""
    status: Status
    text: str
    """What was found."""
    advice: str = ""
    """What to do."""


def clock(difference: float) -> Finding:
    """Judge how far Asterisk's clock is ahead of ours.

    Args:
        difference: The seconds.
    """
    text = f"Asterisk's clock is {abs(difference):.3f} s {'ahead' if difference > 0 else 'behind'}"
    if abs(difference) <= CLOCK_SECONDS:
        return Finding("clock", "ok", text)
    return Finding("clock", "warn", text, "let NTP set both clocks: times in logs do not match")


def user_classes(output: Iterable[str]) -> dict[str, list[str]]:
    """Read what ``manager show user`` says of a user: the classes of ``read`` and ``write``."""
    found: dict[str, list[str]] = {}
    for line in output:
        name, _, value = line.strip().partition(" perm: ")
        if value:
            words = [word.strip() for word in value.split(",")]
            found[name] = [word for word in words if word not in ("<none>", "all")]
    return found


def write_classes(privileges: Iterable[Sequence[str]]) -> list[str]:
    """Tell which classes a user surely has in ``write``, by the actions that it may use.

    Args:
        privileges: The classes of each of these actions, of which one is enough.
    """
    lists = [[each for each in classes if each != "all"] for classes in privileges]
    return sorted({classes[0] for classes in lists if len(classes) == 1})


def classes(direction: Literal["read", "write"], found: Sequence[str], known: str) -> Finding:
    """Judge the classes of a user.

    Args:
        direction: Whether these are the events it reads or the actions it may use.
        found: The classes.
        known: How they are known, if there may be more.
    """
    check = f"{direction} classes"
    text = ", ".join(found) or "none"
    advice = f"if you need them add to {direction} in manager.conf:"
    if known:
        text = f"{', '.join(found) or 'none is seen'} ({known})"
        advice = f"if you need them see that they are in {direction} of manager.conf:"
    missing = {name: use for name, use in USES[direction].items() if name not in found}
    if direction == "write" and "reporting" in found:
        missing.pop("system", None)
    if not missing:
        return Finding(check, "ok", text)
    needs = "; ".join(f"{name}: {use}" for name, use in missing.items())
    return Finding(check, "warn", text, f"{advice} {needs}")


def res_agi(loaded: bool | None) -> Finding:
    """Judge whether AGI is there.

    Args:
        loaded: Whether it is; None if that is not known.
    """
    if loaded:
        return Finding("res_agi", "ok", "res_agi is loaded: AGI, FastAGI and AsyncAGI work")
    if loaded is None:
        advice = "give the user system, agi or command in write"
        return Finding("res_agi", "warn", "whether res_agi is loaded cannot be seen", advice)
    advice = "'module load res_agi.so' in the console, and in modules.conf 'load = res_agi.so'"
    return Finding("res_agi", "fail", "res_agi is not loaded: there is no AGI", advice)


def module_names(output: Iterable[str]) -> list[str]:
    """Read the names of the modules that ``module show`` lists as running."""
    lines = [line for line in output if "Running" in line and "Not Running" not in line]
    return [match[1] for line in lines if (match := _MODULE.match(line))]


def modules(loaded: Mapping[str, bool], count: int | None) -> list[Finding]:
    """Judge which modules are there.

    Args:
        loaded: Whether those of `MODULES` are.
        count: How many there are of all kinds, if that is known.
    """
    if not loaded:
        advice = "give the user system or command in write"
        return [Finding("modules", "warn", "which modules are loaded cannot be seen", advice)]
    there = ", ".join(name for name in MODULES if loaded[name]) or "none"
    text = f"{there}, of those that are asked for"
    if count is not None:
        text = f"{count} are loaded; {text}"
    missing = [name for name in MODULES if not loaded[name]]
    if missing:
        text += "; not " + ", ".join(f"{name} ({MODULES[name]})" for name in missing)
    return [Finding("modules", "ok", text)]


def media(names: Sequence[str]) -> list[Finding]:
    """Judge whether sounds can be played: whether modules for files and for the time are there."""
    found: list[Finding] = []
    for check, start, use in (
        ("file formats", "format_", "no sound can be played"),
        ("timing", "res_timing_", "sounds and conferences stutter"),
    ):
        there = [name for name in names if name.startswith(start)]
        if there:
            found.append(Finding(check, "ok", ", ".join(there)))
        else:
            advice = f"load one of the modules {start}*.so in modules.conf"
            found.append(Finding(check, "warn", f"no module {start}* is loaded: {use}", advice))
    return found


def sounds(names: Iterable[str], details: Iterable[str]) -> Finding:
    """Judge whether the core sounds are there.

    Args:
        names: What ``core show sounds`` lists.
        details: What ``core show sound`` says of the digit 1.
    """
    there = {name.strip() for name in names}
    missing = [name for name in SPOKEN if name not in there]
    if missing:
        text = f"of {len(SPOKEN)} core sounds {len(missing)} are missing: {', '.join(missing[:5])}"
        if len(missing) > 5:  # noqa: PLR2004 - as many as are shown
            text += ", ..."
        advice = (
            "install the core sounds (asterisk-core-sounds-en) into the folder sounds of the data "
            "directory, and 'module reload sounds'"
        )
        return Finding("sounds", "warn", text, advice)
    lines = list(details)
    languages = sorted({match[1] for line in lines if (match := _LANGUAGE.match(line))})
    formats = sorted({match[1] for line in lines if (match := _FORMAT.match(line))})
    text = f"core sounds are there: {', '.join(languages)}, as {', '.join(formats)}"
    return Finding("sounds", "ok", text)


def unseen(check: str, what: str) -> Finding:
    """Say that something is for the console only, which the user may not use."""
    advice = "give the user command in write, or look in Asterisk's console"
    return Finding(check, "warn", f"{what} cannot be seen", advice)


def settings_of(output: Iterable[str]) -> dict[str, str]:
    """Read what ``core show settings`` prints."""
    return {match[1]: match[2].strip() for line in output if (match := _SETTING.match(line))}


def settings(core: CoreSettingsResponse, more: Mapping[str, str]) -> list[Finding]:
    """Judge the settings that matter to FastAGI.

    Args:
        core: What CoreSettings answers.
        more: What the console says, if it may be asked.
    """
    return [_limits(core, more), *_playing(more)]


def _limits(core: CoreSettingsResponse, more: Mapping[str, str]) -> Finding:
    calls, load = core.core_max_calls, core.core_max_load_avg
    files = more.get("Maximum open file handles", "")
    texts = [
        f"calls: at most {calls}" if calls else "calls: no limit",
        f"load: at most {load}" if load else "load: no limit",
    ]
    if files:
        texts.append(f"open files: {files}")
    text = "; ".join(texts)
    if files.isdecimal() and int(files) < FEW_FILES:
        advice = "raise maxfiles in asterisk.conf: each FastAGI call takes a descriptor"
        return Finding("limits", "warn", text, advice)
    if calls or load:
        advice = "calls beyond that are refused (maxcalls, maxload in asterisk.conf)"
        return Finding("limits", "warn", text, advice)
    return Finding("limits", "ok", text)


def _playing(more: Mapping[str, str]) -> list[Finding]:
    language = more.get("Default language")
    silence = more.get("Transmit silence during rec")
    found: list[Finding] = []
    if language is not None:
        text = f"{language}, for channels that have none of their own"
        found.append(Finding("language", "ok", text))
    if silence is not None:
        text = f"sent to the caller while nothing is played: {silence.lower()}"
        if silence == "Enabled":
            text += ": RECORD FILE and WAIT FOR DIGIT keep the media going"
        else:
            text += " (transmit_silence in asterisk.conf, for telephones that hang up on silence)"
        found.append(Finding("silence", "ok", text))
    return found
