"""What an action is answered with: what a script gives, made into messages.

Pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pystrix.ami._message import Event, Message
from pystrix.testing.ami._messages import Headers, Pairs, completion_of, compose, to_pairs

if TYPE_CHECKING:
    from pystrix.testing.ami._requests import ReceivedAction

__all__ = ["Answer", "Later", "ListAnswer", "Refused", "Script", "Silence", "answer_bytes"]


class Refused(Exception):  # noqa: N818 - what an action is, returned as often as raised
    """An action is answered with ``Response: Error``. Return it or raise it.

    Args:
        message: What Asterisk says.
        headers: More headers of the answer.
    """

    def __init__(self, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.message = message
        """What Asterisk says."""
        self.headers: Pairs = to_pairs(headers)
        """More headers of the answer."""


class Silence:
    """An action is not answered. Return an instance."""


@dataclasses.dataclass(frozen=True)
class Later:
    """An action is answered later; until then the session does nothing else, as in Asterisk."""

    seconds: float
    """How much later."""
    answer: Answer = None
    """The answer."""


@dataclasses.dataclass(frozen=True)
class ListAnswer:
    """An action is answered with a list of events. A plain list does where no more is to be said.

    The ActionID is put into each of them.
    """

    items: Sequence[Event]
    """The items."""
    complete: str = ""
    """The name of the event behind them; ``""`` for the usual one."""
    message: str = "List will follow"
    """What Asterisk says before them."""
    totals: Headers = ()
    """More headers of the event behind them."""


Answer: TypeAlias = (
    Mapping[str, object]
    | Message
    | Sequence[Event]
    | ListAnswer
    | Later
    | Refused
    | Silence
    | str
    | None
)
"""What a script gives: headers of a success (with a ``Response`` of its own if it says so); a whole
message; items of a list; a ``Message`` as str; None for a success that says nothing."""

Script: TypeAlias = Callable[["ReceivedAction"], Answer]
"""Answers an action. ``NotImplemented`` leaves it to the simulation."""


def answer_bytes(action: ReceivedAction, answer: Answer) -> bytes:
    """Make the messages that answer an action.

    Raises:
        TypeError: If it is no answer.
    """
    if isinstance(answer, str):
        answer = {"Message": answer}
    match answer:
        case Silence():
            return b""
        case Refused():
            return _response(action, "Error", [("Message", answer.message), *answer.headers])
        case ListAnswer():
            return _list(action, answer)
        case Mapping() | None:
            return _whole(action, {} if answer is None else answer)
        case list() | tuple() if _are_events(answer):
            return _list(action, ListAnswer(answer))
        case _:
            raise TypeError(f"{answer!r} is no answer to {action.name}")


def _are_events(items: Sequence[object]) -> bool:
    return all(isinstance(item, Event) for item in items)


def _whole(action: ReceivedAction, headers: Mapping[str, object]) -> bytes:
    pairs = to_pairs(headers)
    kind = next((value for name, value in pairs if name.lower() == "response"), "Success")
    skipped = ("response", "actionid")
    return _response(action, kind, [pair for pair in pairs if pair[0].lower() not in skipped])


def _response(action: ReceivedAction, kind: str, pairs: Pairs) -> bytes:
    return compose([("Response", kind), *_action_id(action), *pairs])


def _list(action: ReceivedAction, answer: ListAnswer) -> bytes:
    start = _response(action, "Success", [("EventList", "start"), ("Message", answer.message)])
    items = b"".join(_item(action, item) for item in answer.items)
    end: Iterable[tuple[str, str]] = [
        ("Event", answer.complete or completion_of(action.name)),
        *_action_id(action),
        ("EventList", "Complete"),
        ("ListItems", str(len(answer.items))),
        *to_pairs(answer.totals),
    ]
    return start + items + compose(end)


def _item(action: ReceivedAction, item: Event) -> bytes:
    """Make an item; its ActionID stands where it has one, else it is the second header."""
    pairs = item.all_items()
    place = next((i for i, pair in enumerate(pairs) if pair[0].lower() == "actionid"), None)
    if place is None:
        return compose([*pairs[:1], *_action_id(action), *pairs[1:]])
    return compose([*pairs[:place], *_action_id(action), *pairs[place + 1 :]])


def _action_id(action: ReceivedAction) -> Pairs:
    return [("ActionID", action.action_id)] if action.action_id else []
