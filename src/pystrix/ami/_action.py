"""An action: one request to Asterisk as a value, and what its answer means.

Pure. Every manager sends actions and nothing else: ``result = manager.send(action)``; the type of
the result travels in the action. A plain action gives the `Response`, a `ListAction` an `EventList`
of the events that answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from pystrix.ami._message import Event, Response
from pystrix.ami._wire import action_line, header_line, printable, to_text
from pystrix.ami.errors import (
    ManagerActionError,
    ManagerPermissionError,
    ManagerUnknownActionError,
)

if TYPE_CHECKING:
    from pystrix.ami._aggregate import Aggregate

__all__ = ["Action", "AnyAction", "AnyListAction", "EventList", "ListAction"]

T_co = TypeVar("T_co", covariant=True)
ItemT = TypeVar("ItemT", bound=Event)
CompleteT = TypeVar("CompleteT", bound=Event)
EventT = TypeVar("EventT", bound=Event)

EventClasses = tuple[type[Event], ...]

_REPEATED = (tuple, list, set, frozenset)
# Events that other sessions can raise with an ActionID of their choice: no items of our lists.
_BROADCAST = frozenset({"userevent", "originateresponse"})


class Action(dict[str, Any], Generic[T_co]):
    """One request: a dict of its headers, and the meaning of its answer.

    Derive from it to add an action: call ``super().__init__`` with the headers, and say in
    `process_response` what the answer means, if the response itself is not the result. As in
    pystrix 1.x (there `_Request`) headers can be set and read like those of any dict until it is
    sent. A value that is a tuple, list, set or frozenset becomes one line for each of its elements.

    Args:
        name: The name of the action on the wire: ``"Getvar"``.
        headers: Its headers by name; one whose value is None is left out.
    """

    NAME: ClassVar[str] = ""
    """The name of the action on the wire; ``""`` if only the instance knows it."""
    CLASSES: ClassVar[tuple[str, ...]] = ()
    """The classes (``call``, ``system``, ...) of which one must be in the user's ``write``."""
    RESPONSE: ClassVar[type[Response]] = Response
    """What kind of response answers it."""

    synchronous: bool = False
    """`send_action` of pystrix 1.x: wait for the events that answer the request, too."""
    aggregate: bool = False
    """`send_action` of pystrix 1.x: give callbacks one aggregate behind the events that answer."""
    timeout: float = 5.0
    """The seconds that Asterisk has to answer."""

    # The names by which subclasses written for pystrix 1.x say it.
    _aggregates: ClassVar[tuple[type[Aggregate], ...]] = ()
    _synchronous_events_unique: ClassVar[EventClasses] = ()
    _synchronous_events_list: ClassVar[EventClasses] = ()
    _synchronous_events_finalising: ClassVar[EventClasses] = ()

    def __init__(self, name: str, headers: Mapping[str, object] | None = None) -> None:
        self["Action"] = name
        if headers:
            self.update({key: value for key, value in headers.items() if value is not None})

    @property
    def name(self) -> str:
        """The name of the action on the wire."""
        return str(self["Action"])

    def build_request(
        self, action_id: str | None, id_generator: Callable[[], str], **kwargs: object
    ) -> tuple[str, str]:
        """Make the text that is sent.

        Args:
            action_id: The ActionID to use; None for the one among the headers, if there is one,
                else for one of `id_generator`.
            id_generator: Gives a new ActionID, of letters and digits; it is not looked at.
            kwargs: Headers to send beside those of the action.

        Returns:
            The text and the ActionID in it.

        Raises:
            ValueError: If Asterisk could not take a header as it is.
            TypeError: If a value is bytes or None.
        """
        first = self["Action"]
        lines = action_line(first) if type(first) is str else header_line("Action", first)
        for name, value in (*self.items(), *kwargs.items()) if kwargs else self.items():
            if name == "Action":
                continue
            if name.lower() == "actionid":
                action_id = str(value) if action_id is None else action_id
            elif isinstance(value, _REPEATED):
                for element in cast("Sequence[object]", value):
                    lines += header_line(name, element)
            else:
                lines += header_line(name, value)
        if action_id is None:
            action_id = id_generator()
            return f"{lines}ActionID: {action_id}\r\n\r\n", action_id
        action_id = to_text(action_id)  # what a program gave may be a number
        return f"{lines}{header_line('ActionID', action_id)}\r\n", action_id

    # The answer.

    def process_response(self, response: Response) -> T_co:
        """Make the result of an answer; as it is here, the response itself.

        `send` calls it only when the action worked, `send_action` of pystrix 1.x always.
        """
        result: Any = response
        return result  # type: ignore[no-any-return]

    def process_events(self, response: Response, events: Sequence[Event]) -> T_co:  # noqa: ARG002
        """Make the result of an answer and the events that belong to it.

        Args:
            response: The answer; the action worked.
            events: The events that `expects_events` asked for, in order.
        """
        return self.process_response(response)

    def expects_events(self, response: Response) -> bool:  # noqa: ARG002 - subclasses look at it
        """Tell whether events with the same ActionID belong to the answer."""
        return False

    def accepts_event(self, event: Event) -> bool:
        """Tell whether an event with the same ActionID belongs to the answer."""
        return event.name.lower() not in _BROADCAST

    watches: bool = False
    """Whether a synchronous request shows `owns_event` the events without an ActionID, too."""

    def owns_event(self, event: Event) -> bool:  # noqa: ARG002 - subclasses look at it
        """Tell whether an event without an ActionID answers a synchronous request (`watches`).

        Most events that an action makes have none: a hang-up is known by its channel.
        """
        return False

    def is_last_event(self, event: Event) -> bool:
        """Tell whether an event ends the answer."""
        return event.closes_list

    def failure(self, response: Response) -> ManagerActionError:
        """Make the error of an answer that says the action failed."""
        reason = response.message
        text = f"Asterisk refused {self.name}: {printable(reason or response.name)}"
        if reason == "Permission denied":
            return ManagerPermissionError(text, response)
        if reason.startswith("Invalid/unknown command"):
            return ManagerUnknownActionError(text, response)
        return ManagerActionError(text, response)

    # What pystrix 1.x asks.

    def get_aggregate_classes(self) -> tuple[type[Aggregate], ...]:
        """Give the classes of aggregates that its events make."""
        return self._aggregates

    def get_synchronous_classes(self) -> tuple[EventClasses, EventClasses, EventClasses]:
        """Give the classes of the events that answer it.

        Returns:
            Those that come once; those that come any number of times; those that come last. When
            each of the last came, the answer is complete.
        """
        return (
            self._synchronous_events_unique,
            self._synchronous_events_list,
            self._synchronous_events_finalising,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"  # not its headers: one may be a secret


class EventList(Sequence[ItemT], Generic[ItemT, CompleteT]):
    """The events that answer a `ListAction`: a sequence of its items.

    Args:
        response: The response before them.
        items: The items.
        complete: The event behind them.
    """

    def __init__(self, response: Response, items: Sequence[ItemT], complete: CompleteT) -> None:
        self.response: Response = response
        """The response before the items."""
        self.items: tuple[ItemT, ...] = tuple(items)
        """The items, in order."""
        self.complete: CompleteT = complete
        """The event behind the items; it says how many there were, and with some lists more."""

    def of(self, kind: type[EventT]) -> list[EventT]:
        """Give the items of one kind, for lists that mix several."""
        return [item for item in self.items if isinstance(item, kind)]

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ItemT, ...]: ...

    def __getitem__(self, index: int | slice) -> ItemT | tuple[ItemT, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<EventList of {len(self.items)}, {self.complete.name}>"


class ListAction(Action[EventList[ItemT, CompleteT]], Generic[ItemT, CompleteT]):
    """Base of the actions that Asterisk answers with a list of events.

    A response with ``EventList: start`` opens the list; the event with the same ActionID and
    ``EventList: Complete`` closes it, whatever its name.
    """

    ITEMS: ClassVar[EventClasses] = ()
    """The classes of its items."""
    COMPLETE: ClassVar[type[Event]] = Event
    """The class of the event behind them."""

    def expects_events(self, response: Response) -> bool:
        """Tell whether the response opens a list."""
        return response.opens_list

    def process_events(
        self, response: Response, events: Sequence[Event]
    ) -> EventList[ItemT, CompleteT]:
        """Make the list.

        Raises:
            ManagerActionError: If the answer has none.
        """
        if not events:
            raise ManagerActionError(
                f"Asterisk answered {self.name} without a list, with {response!r}; "
                "if it gives none, send it as an AnyAction",
                response,
            )
        items = cast("Sequence[ItemT]", events[:-1])
        return EventList(response, items, cast("CompleteT", events[-1]))

    def get_synchronous_classes(self) -> tuple[EventClasses, EventClasses, EventClasses]:
        """Give the classes of its items and of the event behind them."""
        unique, items, last = super().get_synchronous_classes()
        return unique, items or self.ITEMS, last or (self.COMPLETE,)


class AnyAction(Action[Response]):
    """Any action by its name: the door to those that have no class of their own.

    ``manager.send(AnyAction("SIPqualifypeer", {"Peer": "alice"}))``
    """


class AnyListAction(ListAction[Event, Event]):
    """Any action that Asterisk answers with a list of events, by its name.

    ``manager.send(AnyListAction("SIPpeers"))``
    """
