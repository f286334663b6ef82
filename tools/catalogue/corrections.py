"""What the documentation says of parameters that a live Asterisk 22 does not."""

from __future__ import annotations

from typing import Final

__all__ = ["CHOICES", "DEFAULTS", "FAMILIES", "REQUIRED", "WAITS"]

REQUIRED: Final = frozenset(
    {
        "BlindTransfer.Exten",
        "CoreShowChannelMap.Channel",
        "Filter.Filter",
        "MixMonitorMute.Direction",
        "MixMonitorMute.State",
    }
)
"""Parameters that Asterisk needs though the documentation does not say so."""

DEFAULTS: Final = {"Challenge.AuthType": '"MD5"', "Filter.Operation": '"Add"'}
"""What is sent if nothing is said, where Asterisk knows but one value and needs it."""

CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "Filter.MatchCriteria": (),  # a pattern
    "MixMonitorMute.Direction": ("read", "write", "both"),
    "UpdateConfig.Action-000000": (),
}
"""The values of parameters and fields, where the documentation lists none or others."""

FAMILIES: Final[dict[str, str]] = {
    "Action-000000": "changes",
    "Header1": "headers",
    "UnitAmount(0)": "unit_amounts",
    "UnitType(0)": "unit_types",
}
"""Parameters that stand for any number of headers, and their names."""

LEFT_OUT: Final = frozenset(
    {
        "ActionID",  # every action has one
        "Cat-000000",  # parts of a change
        "HeaderN",
        "Line-000000",
        "Match-000000",
        "Options-000000",
        "Value-000000",
        "Var-000000",
    }
)
"""Parameters that belong to another, or to every action."""

WAITS: Final[dict[str, tuple[str, ...]]] = {
    "Originate": (
        "if not async_:",
        "    ringing = 30.0 if timeout is None else timeout / 1000",
        "    self.timeout: float = ringing + self.timeout",
    ),
    "WaitEvent": ("self.timeout: float = 1e9 if timeout < 0 else timeout + self.timeout",),
}
"""How long the answer may take, where Asterisk waits before it gives one."""
