"""Queues and mailboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pystrix.ami import actions, events
from pystrix.ami._fields import Flag, Integer
from pystrix.ami._words import yes_no
from pystrix.ami.core._matching import is_event
from pystrix.ami.core_events import (
    QueueStatus_Aggregate,
    QueueSummary_Aggregate,
    VoicemailUsersList_Aggregate,
)
from pystrix.ami.generic_transforms import to_int
from pystrix.ami.responses import MailboxCountResponse, MailboxStatusResponse

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate
    from pystrix.ami._message import Event, Response

__all__ = [
    "MailboxCount",
    "MailboxStatus",
    "QueueAdd",
    "QueueLog",
    "QueuePause",
    "QueuePenalty",
    "QueueReload",
    "QueueRemove",
    "QueueStatus",
    "QueueSummary",
    "VoicemailUsersList",
]


class _Count(Integer):
    """A header that `process_response` may have made a number already."""

    __slots__ = ()

    def convert(self, text: object) -> int:
        return super().convert(str(text))


class _CountFlag(Flag):
    """The same of one that tells whether there is anything."""

    __slots__ = ()

    def convert(self, text: object) -> bool:
        return super().convert(str(text))


class _MailboxCountResponse(MailboxCountResponse):
    """The answer to MailboxCount, whose headers become numbers."""

    new_messages: Integer = _Count("NewMessages")
    old_messages: Integer = _Count("OldMessages")


class _MailboxStatusResponse(MailboxStatusResponse):
    """The answer to MailboxStatus, whose header becomes a number."""

    waiting: Flag = _CountFlag("Waiting")


class MailboxCount(actions.MailboxCount):
    """Ask how many messages a mailbox has: ``result["NewMessages"]``, ``["OldMessages"]``.

    Args:
        mailbox: The mailbox: ``1234@default``.
    """

    RESPONSE: ClassVar[type[Response]] = _MailboxCountResponse

    def process_response(self, response: Response) -> MailboxCountResponse:
        """Make numbers of the counts; -1 of what is none."""
        to_int(response, ("NewMessages", "OldMessages"), -1)
        return super().process_response(response)


class MailboxStatus(actions.MailboxStatus):
    """Ask whether a mailbox has new messages: ``result["Waiting"]``.

    Args:
        mailbox: The mailbox: ``1234@default``.
    """

    RESPONSE: ClassVar[type[Response]] = _MailboxStatusResponse

    def process_response(self, response: Response) -> MailboxStatusResponse:
        """Make a number of the count; -1 if it is none."""
        to_int(response, ("Waiting",), -1)
        return super().process_response(response)


class QueueAdd(actions.QueueAdd):
    """Add a member to a queue.

    Synchronous, it waits for the QueueMemberAdded of the member.

    Args:
        interface: The device of the member: ``PJSIP/alice``.
        queue: The name of the queue.
        membername: A name for the member.
        penalty: The member's penalty: who has a lower one is called first.
        paused: Whether the member begins with a pause.
    """

    watches: bool = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.QueueMemberAdded,)

    def __init__(
        self,
        interface: str,
        queue: str,
        membername: str | None = None,
        penalty: int = 0,
        paused: bool = False,
    ) -> None:
        super().__init__(queue, interface, penalty=penalty, member_name=membername or None)
        self["Paused"] = yes_no(paused)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event is that the member was added."""
        queue, interface = self["Queue"], self["Interface"]
        return is_event(event, "QueueMemberAdded", ("Queue", queue), ("Interface", interface))


class QueueLog(actions.QueueLog):
    """Write a line to the log of the queues.

    Args:
        queue: The name of the queue.
        event: The event to write.
        interface: The agent in the log.
        uniqueid: The id of the call in the log.
        message: More of it in the log.
    """

    def __init__(
        self,
        queue: str,
        event: str,
        interface: str | None = None,
        uniqueid: str | None = None,
        message: str | None = None,
    ) -> None:
        super().__init__(
            queue,
            event,
            interface=interface or None,
            uniqueid=uniqueid or None,
            message=message or None,
        )


class QueuePause(actions.QueuePause):
    """Give a member of a queue a pause, or end it.

    Args:
        interface: The device of the member.
        paused: Whether the member gets a pause.
        queue: The name of the queue; None for all of the member.
    """

    def __init__(self, interface: str, paused: bool, queue: str | None = None) -> None:
        super().__init__(interface, bool(paused), queue=queue or None)


class QueuePenalty(actions.QueuePenalty):
    """Set the penalty of a member of a queue.

    Args:
        interface: The device of the member.
        penalty: The member's penalty: who has a lower one is called first.
        queue: The name of the queue; None for all of the member.
    """

    def __init__(self, interface: str, penalty: int, queue: str | None = None) -> None:
        super().__init__(interface, penalty, queue=queue or None)


class QueueReload(actions.QueueReload):
    """Read the configuration of the queues again.

    Args:
        queue: The name of the queue; None for all.
        members: Whether the members are read again: ``yes`` or ``no``.
        rules: Whether queuerules.conf is read again.
        parameters: Whether the other settings are read again.
    """

    def __init__(
        self,
        queue: str | None = None,
        members: bool | str | None = "yes",
        rules: bool | str | None = "yes",
        parameters: bool | str | None = "yes",
    ) -> None:
        super().__init__(queue=queue or None)
        wanted = {"Members": members, "Rules": rules, "Parameters": parameters}
        words = {header: yes_no(value) for header, value in wanted.items()}
        self.update({header: word for header, word in words.items() if word})


class QueueRemove(actions.QueueRemove):
    """Remove a member from a queue.

    Synchronous, it waits for the QueueMemberRemoved of the member.

    Args:
        interface: The device of the member.
        queue: The name of the queue.
    """

    watches: bool = True
    _synchronous_events_finalising: ClassVar[tuple[type[Event], ...]] = (events.QueueMemberRemoved,)

    def __init__(self, interface: str, queue: str) -> None:
        super().__init__(queue, interface)

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event is that the member was removed."""
        queue, interface = self["Queue"], self["Interface"]
        return is_event(event, "QueueMemberRemoved", ("Queue", queue), ("Interface", interface))


class QueueStatus(actions.QueueStatus):
    """List queues with their members and callers.

    Args:
        queue: The name of the queue; None for all.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (QueueStatus_Aggregate,)

    def __init__(self, queue: str | None = None) -> None:
        super().__init__(queue=queue or None)


class QueueSummary(actions.QueueSummary):
    """List queues with their most important figures.

    Args:
        queue: The name of the queue; None for all.
    """

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (QueueSummary_Aggregate,)

    def __init__(self, queue: str | None = None) -> None:
        super().__init__(queue=queue or None)


class VoicemailUsersList(actions.VoicemailUsersList):
    """List the mailboxes and their settings."""

    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = (VoicemailUsersList_Aggregate,)
