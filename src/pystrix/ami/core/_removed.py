"""Actions of pystrix 1.x that Asterisk 22 does not have: sent to it, they are unknown to it.

They went with chan_sip and Monitor in Asterisk 21, SetCDRUserField long before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami._action import Action, ListAction
from pystrix.ami._message import Response
from pystrix.ami._words import variable_lines
from pystrix.ami.core.constants import FORMAT_WAV
from pystrix.ami.core_events import (
    PeerEntry,
    PeerlistComplete,
    RegistrationsComplete,
    RegistryEntry,
    SIPpeers_Aggregate,
    SIPshowregistry_Aggregate,
)
from pystrix.ami.generic_transforms import to_bool, to_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pystrix.ami._aggregate import Aggregate
    from pystrix.ami._message import Event

__all__ = [
    "ChangeMonitor",
    "Monitor",
    "PauseMonitor",
    "SIPnotify",
    "SIPpeers",
    "SIPqualify",
    "SIPshowpeer",
    "SIPshowregistry",
    "SetCDRUserField",
    "StopMonitor",
    "UnpauseMonitor",
]


_FLAGS = (
    "ACL",
    "Dynamic",
    "MD5SecretExist",
    "SecretExist",
    "SIP-CanReinvite",
    "SIP-PromiscRedir",
    "SIP-UserPhone",
    "SIP-VideoSupport",
)
_NUMBERS = ("Address-Port", "MaxCallBR", "RegExpire")


class ChangeMonitor(Action[Response]):
    """Change the file of a recording. Not in Asterisk 22, where `actions.MixMonitor` records.

    Args:
        channel: The name of the channel.
        filename: The file.
    """

    NAME: ClassVar[str] = "ChangeMonitor"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, channel: str, filename: str) -> None:
        super().__init__(self.NAME, {"Channel": channel, "File": filename})


class Monitor(Action[Response]):
    """Begin to record a channel. Not in Asterisk 22, where `actions.MixMonitor` records.

    Args:
        channel: The name of the channel.
        filename: The file.
        format: The format of the file.
        mix: Whether both directions go into one file.
    """

    NAME: ClassVar[str] = "Monitor"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(
        self,
        channel: str,
        filename: str,
        format: str = FORMAT_WAV,  # noqa: A002 - the name is of pystrix 1.x
        mix: bool = True,
    ) -> None:
        headers = {"Channel": channel, "File": filename, "Format": format, "Mix": bool(mix)}
        super().__init__(self.NAME, headers)


class PauseMonitor(Action[Response]):
    """Pause a recording. Not in Asterisk 22, where `actions.MixMonitorMute` does.

    Args:
        channel: The name of the channel.
    """

    NAME: ClassVar[str] = "PauseMonitor"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, channel: str) -> None:
        super().__init__(self.NAME, {"Channel": channel})


class StopMonitor(Action[Response]):
    """End a recording. Not in Asterisk 22, where `actions.StopMixMonitor` does.

    Args:
        channel: The name of the channel.
    """

    NAME: ClassVar[str] = "StopMonitor"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, channel: str) -> None:
        super().__init__(self.NAME, {"Channel": channel})


class UnpauseMonitor(Action[Response]):
    """Go on with a recording. Not in Asterisk 22, where `actions.MixMonitorMute` does.

    Args:
        channel: The name of the channel.
    """

    NAME: ClassVar[str] = "UnpauseMonitor"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, channel: str) -> None:
        super().__init__(self.NAME, {"Channel": channel})


class SetCDRUserField(Action[Response]):
    """Set the user field of a record. Not in Asterisk 22: `Setvar` with ``CDR(userfield)``.

    Args:
        channel: The name of the channel.
        user_field: The field.
    """

    NAME: ClassVar[str] = "SetCDRUserField"
    CLASSES: ClassVar[tuple[str, ...]] = ("call",)

    def __init__(self, channel: str, user_field: str) -> None:
        super().__init__(self.NAME, {"Channel": channel, "UserField": user_field})


class SIPnotify(Action[Response]):
    """Send a SIP NOTIFY. Not in Asterisk 22, where `actions.PJSIPNotify` does.

    Args:
        channel: The peer.
        headers: The headers to send.
    """

    NAME: ClassVar[str] = "SIPnotify"
    CLASSES: ClassVar[tuple[str, ...]] = ("system",)

    def __init__(self, channel: str, headers: Mapping[str, object] | None = None) -> None:
        lines = variable_lines(headers)
        super().__init__(self.NAME, {"Channel": channel, "Variable": lines})


class SIPpeers(ListAction[PeerEntry, PeerlistComplete]):
    """List the SIP peers. Not in Asterisk 22, where `actions.PJSIPShowEndpoints` does."""

    NAME: ClassVar[str] = "SIPpeers"
    CLASSES: ClassVar[tuple[str, ...]] = ("system", "reporting")
    ITEMS: ClassVar[tuple[type[Event], ...]] = (PeerEntry,)
    COMPLETE: ClassVar[type[Event]] = PeerlistComplete
    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (SIPpeers_Aggregate,)

    def __init__(self) -> None:
        super().__init__(self.NAME)


class SIPqualify(Action[Response]):
    """Ask a SIP peer whether it is there. Not in Asterisk 22: `actions.PJSIPQualify`.

    Args:
        peer: The peer.
    """

    NAME: ClassVar[str] = "SIPqualify"
    CLASSES: ClassVar[tuple[str, ...]] = ("system", "reporting")

    def __init__(self, peer: str) -> None:
        super().__init__(self.NAME, {"Peer": peer})


class SIPshowpeer(Action[Response]):
    """Show a SIP peer. Not in Asterisk 22, where `actions.PJSIPShowEndpoint` does.

    Args:
        peer: The peer.
    """

    NAME: ClassVar[str] = "SIPshowpeer"
    CLASSES: ClassVar[tuple[str, ...]] = ("system", "reporting")

    def __init__(self, peer: str) -> None:
        super().__init__(self.NAME, {"Peer": peer})

    def process_response(self, response: Response) -> Response:
        """Make truth values and numbers of what came."""
        to_bool(response, _present(response, _FLAGS), truth_value="Y")
        to_bool(response, _present(response, ("SIP-AuthInsecure",)), truth_value="yes")
        to_int(response, _present(response, _NUMBERS), -1, lambda value: value.split()[0])
        return response


def _present(response: Response, headers: tuple[str, ...]) -> list[str]:
    return [header for header in headers if header in response]


class SIPshowregistry(ListAction[RegistryEntry, RegistrationsComplete]):
    """List the SIP registrations at other servers. Not in Asterisk 22.

    There `actions.PJSIPShowRegistrationsOutbound` does.
    """

    NAME: ClassVar[str] = "SIPshowregistry"
    CLASSES: ClassVar[tuple[str, ...]] = ("system", "reporting")
    ITEMS: ClassVar[tuple[type[Event], ...]] = (RegistryEntry,)
    COMPLETE: ClassVar[type[Event]] = RegistrationsComplete
    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (SIPshowregistry_Aggregate,)

    def __init__(self) -> None:
        super().__init__(self.NAME)
