"""One action on its way: what was sent, and what of the answer has come.

Pure. `AMIProtocol` fills it; a manager waits for it and takes its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol

from pystrix.ami._action import Action, T_co

if TYPE_CHECKING:
    from collections.abc import Callable

    from pystrix.ami._message import Event, Response

__all__ = ["Collector", "Exchange", "ResponseOnly", "seconds_for"]


def seconds_for(action: Action[Any], timeout: float | None) -> float:
    """Give the seconds that the answer of an action may take.

    Args:
        action: The action.
        timeout: What the caller says; None for the action's own.

    Raises:
        TypeError: If it is no action.
        ValueError: If the timeout is not a number: no clock ever reaches it.
    """
    if not isinstance(action, Action):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"what is sent is an Action, actions.Ping() or AnyAction('Ping'), not {action!r}"
        )
    seconds = action.timeout if timeout is None else timeout
    if seconds != seconds:  # noqa: PLR0124 - not a number, without a call
        raise ValueError(f"the timeout of {action.name} is seconds, not {seconds!r}")
    return seconds


class Collector(Protocol):
    """What says which events belong to an answer. An `Action` is one."""

    @property
    def watches(self) -> bool:
        """Whether events without an ActionID are to be shown to `owns_event`."""
        ...

    def expects_events(self, response: Response) -> bool:
        """Tell whether events belong to the answer."""
        ...

    def accepts_event(self, event: Event) -> bool:
        """Tell whether an event with the ActionID of the request belongs to the answer."""
        ...

    def owns_event(self, event: Event) -> bool:
        """Tell whether an event without an ActionID belongs to the answer."""
        ...

    def is_last_event(self, event: Event) -> bool:
        """Take an event that belongs to the answer; tell whether it is complete."""
        ...


class ResponseOnly:
    """The collector of a request whose events, if it has any, are for everybody."""

    watches = False

    def expects_events(self, response: Response) -> bool:  # noqa: ARG002
        """Expect none."""
        return False

    def accepts_event(self, event: Event) -> bool:  # noqa: ARG002
        """Accept none."""
        return False

    owns_event = accepts_event
    is_last_event = accepts_event


class Exchange(Generic[T_co]):
    """One action and its answer.

    Args:
        action: The action.
        action_id: The ActionID it is sent with.
        collector: What says which events belong to the answer.
        on_done: Called with the exchange when it is done, from within the protocol's
            `receive_data`, `receive_eof` or `close`; it must not call the protocol.
    """

    __slots__ = (
        "action",
        "action_id",
        "collector",
        "done",
        "error",
        "events",
        "on_done",
        "response",
        "sent",
        "success",
    )

    def __init__(
        self,
        action: Action[T_co],
        action_id: str,
        collector: Collector,
        on_done: Callable[[Exchange[Any]], object] | None,
    ) -> None:
        self.action: Action[T_co] = action
        self.action_id: str = action_id
        self.collector: Collector = collector
        self.on_done: Callable[[Exchange[Any]], object] | None = on_done
        self.sent: bool = False
        """Whether its bytes have been taken to be sent. Until then Asterisk surely has none."""
        self.response: Response | None = None
        """The response; None until it came."""
        self.success: bool = False
        """Whether the response says that the action worked."""
        self.events: list[Event] = []
        """The events that belong to the answer, in order."""
        self.error: Exception | None = None
        """Why there will be no answer, or no whole one."""
        self.done: bool = False
        """Whether the answer is complete, or will never be."""

    def take(self, response: Response) -> bool:
        """Take the response; tell whether the action worked."""
        self.response = response
        self.success = response.success
        return self.success

    def result(self) -> T_co:
        """Give the result of the action, once `done`.

        Raises:
            ManagerActionError: If Asterisk answered with an error, or without the list asked for.
            ManagerConnectionLostError: If the connection ended before the answer was complete.
            ManagerListLimitError: If a list has no end.
            RuntimeError: If it is not `done`.
        """
        if self.error is not None:
            raise self.error
        response = self.response
        if response is None:
            raise RuntimeError(f"{self!r} has no answer yet")
        if not self.success:
            raise self.action.failure(response)
        return self.action.process_events(response, self.events)

    def finish(self, error: Exception | None = None) -> None:
        """Note that the answer is complete, or why it will never be."""
        self.error = error
        self.done = True
        on_done = self.on_done
        if on_done is not None:
            on_done(self)

    def __repr__(self) -> str:
        state = "done" if self.done else "sent" if self.sent else "not sent"
        return f"<Exchange {self.action_id}: {self.action.name}, {state}>"
