"""Counts what a function does."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["Cost", "count"]


class Cost(NamedTuple):
    """What something takes, on average."""

    opcodes: float
    """Operations of Python's bytecode."""
    c_calls: float
    """Calls of functions that are written in C."""


class _Counter:
    """Counts while one of its contexts lasts."""

    def __init__(self) -> None:
        self.opcodes = 0
        self.c_calls = 0

    @contextlib.contextmanager
    def counting_opcodes(self) -> Iterator[None]:
        """Count operations of bytecode."""
        before = sys.gettrace()
        sys.settrace(None)
        try:
            if sys.version_info >= (3, 12):
                with _monitoring(self._note):
                    yield
            else:
                sys.settrace(self._trace)
                yield
        finally:
            sys.settrace(before)

    @contextlib.contextmanager
    def counting_calls(self) -> Iterator[None]:
        """Count calls of functions in C."""
        before = sys.getprofile()
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _note(self, *_: object) -> None:
        self.opcodes += 1

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401, ARG002
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self.opcodes += event == "opcode"
        return self._trace

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401, ARG002
        self.c_calls += event == "c_call"


if sys.version_info >= (3, 12):

    @contextlib.contextmanager
    def _monitoring(note: Callable[..., object]) -> Iterator[None]:
        """Have a function called for each operation; `sys.settrace` misses some from 3.12 on."""
        monitoring = sys.monitoring
        tool, event = monitoring.OPTIMIZER_ID, monitoring.events.INSTRUCTION
        monitoring.use_tool_id(tool, "tools.cost")
        monitoring.register_callback(tool, event, note)
        monitoring.set_events(tool, event)
        try:
            yield
        finally:
            monitoring.set_events(tool, monitoring.events.NO_EVENTS)
            monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)


def count(turn: Callable[[], object], turns: int, units: int) -> Cost:
    """Count what a function takes.

    Args:
        turn: The function; it runs in this thread alone.
        turns: How many turns are counted; as many run before, so that caches are filled.
        units: How many commands or events are in a turn: the cost is that of one.
    """
    counter, collects = _Counter(), gc.isenabled()
    gc.disable()  # what a collection finds to do depends on what ran before
    try:
        for _ in range(turns):
            turn()
        with counter.counting_opcodes():
            for _ in range(turns):
                turn()
        with counter.counting_calls():
            for _ in range(turns):
                turn()
    finally:
        if collects:
            gc.enable()
    of = turns * units
    return Cost(round(counter.opcodes / of, 1), round(counter.c_calls / of, 1))
