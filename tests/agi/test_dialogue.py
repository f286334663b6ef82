"""Dialogues: generators of actions, without a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import AGIAppError, Dialogue, core
from pystrix.agi._dialogue import Steps, run

if TYPE_CHECKING:
    from collections.abc import Generator

    from pystrix.agi import Action

ANSWER, NOOP, DIGIT = core.Answer(), core.Noop(), core.WaitForDigit(1000)


def ask() -> Dialogue[str]:
    """Ask until a key is pressed; a failure counts as none."""
    yield ANSWER
    while True:
        try:
            digit = yield DIGIT
        except AGIAppError:
            digit = None
        if digit:
            return str(digit)


def ask_twice() -> Dialogue[tuple[str, str]]:
    """Run a dialogue within a dialogue."""
    first = yield from ask()
    second = yield from ask()
    return first, second


def nothing() -> Dialogue[int]:
    """End before it begins."""
    return 7
    yield NOOP


def test_steps() -> None:
    """Each result leads to the next action, and the last to the result."""
    steps = Steps(ask())
    assert steps.begin() == ANSWER
    assert steps.answer(None) == DIGIT
    assert steps.answer(None) == DIGIT
    assert steps.fail(AGIAppError("x")) == DIGIT
    assert steps.answer("5") is None
    assert steps.result == "5"


def test_no_action() -> None:
    """A dialogue may end without an action."""
    steps = Steps(nothing())
    assert steps.begin() is None
    assert steps.result == 7


def test_error_that_is_not_caught() -> None:
    """What the dialogue does not catch leaves it."""
    steps = Steps(ask())
    steps.begin()
    with pytest.raises(ZeroDivisionError):
        steps.fail(ZeroDivisionError())


def test_run() -> None:
    """Actions are executed in their order; what they raise is raised in the dialogue."""
    executed: list[Action[Any]] = []
    answers: list[Any] = [None, None, AGIAppError("x"), "1", None, "2"]

    def execute(action: Action[Any]) -> object:
        executed.append(action)
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    assert run(ask_twice(), execute) == ("1", "2")
    assert executed == [ANSWER, DIGIT, DIGIT, DIGIT, ANSWER, DIGIT]


def test_run_ends_with_what_is_raised() -> None:
    """An exception ends the dialogue, whose clean-up runs."""
    cleaned: list[bool] = []

    def careful() -> Generator[Action[Any], Any, None]:
        try:
            yield NOOP
        finally:
            cleaned.append(True)

    def execute(_: Action[Any]) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(careful(), execute)
    assert cleaned == [True]


@pytest.mark.parametrize("item", [None, "NOOP", nothing()])
def test_what_is_no_action(item: Any) -> None:
    """It is an error where it is yielded, and the dialogue may go on."""
    errors: list[str] = []

    def dialogue() -> Generator[Any, Any, str]:
        try:
            yield item
        except TypeError as error:
            errors.append(str(error))
        yield NOOP
        return "done"

    assert run(dialogue(), lambda _: None) == "done"
    assert len(errors) == 1
    assert "a dialogue yields actions" in errors[0]
    with pytest.raises(TypeError, match="yield from"):
        run((each for each in [item]), lambda _: None)
