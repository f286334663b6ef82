"""Dialogues: a generator of actions is executed like an action.

Pure. A dialogue yields actions, gets their results, and returns its own; what an action raises is
raised at its ``yield``. It knows nothing of connections, so a test can answer it by hand.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pystrix.agi._action import Action

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Dialogue", "Steps", "run"]

T = TypeVar("T")

Dialogue = Generator[Action[Any], Any, T]
"""A generator of actions with the result T."""


class Steps(Generic[T]):
    """A dialogue on its way: which action comes next, and the result at its end.

    Args:
        dialogue: The generator, not begun.
    """

    result: T
    """What the dialogue returned, once there is no next action."""

    def __init__(self, dialogue: Dialogue[T]) -> None:
        self._dialogue = dialogue

    def begin(self) -> Action[Any] | None:
        """Give the first action; None if there is none."""
        return self._step(lambda: next(self._dialogue))

    def answer(self, result: object) -> Action[Any] | None:
        """Hand in the result of an action; give the next, or None at the end."""
        return self._step(lambda: self._dialogue.send(result))

    def fail(self, error: BaseException) -> Action[Any] | None:
        """Hand in what an action raised; give the next, or None at the end."""
        return self._step(lambda: self._dialogue.throw(error))

    def _step(self, step: Callable[[], Action[Any]]) -> Action[Any] | None:
        try:
            action = step()
            while not _is_action(action):
                # Where it was yielded, so that its line stands in the traceback.
                action = self._dialogue.throw(
                    TypeError(
                        f"a dialogue yields actions, not {action!r}; "
                        "it takes another dialogue in by `yield from`"
                    )
                )
        except StopIteration as end:
            self.result = end.value
            return None
        return action


def _is_action(item: object) -> bool:
    return isinstance(item, Action)


def run(dialogue: Dialogue[T], execute: Callable[[Action[Any]], object]) -> T:
    """Run a dialogue to its end.

    Args:
        dialogue: The generator.
        execute: Executes an action.

    Returns:
        What the dialogue returns.

    Raises:
        BaseException: What an action raises and the dialogue does not catch.
    """
    steps = Steps(dialogue)
    action = steps.begin()
    while action is not None:
        try:
            result = execute(action)
        except BaseException as error:  # noqa: BLE001 - it is the dialogue's to handle
            action = steps.fail(error)
        else:
            action = steps.answer(result)
    return steps.result
