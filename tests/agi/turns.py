"""A loop that does something in one of its turns: a scenario is run again for each of them.

A future is done or cancelled at once, but the task that awaits it takes note a turn later. What
happens in between is seldom thought of, so it is tried in every turn, before and behind all else
that the turn does.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from pystrix.testing._aio import SimulatedTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Where(NamedTuple):
    """When something is done."""

    turn: int
    first: bool
    """Whether before all else in the turn, or behind it."""


class TurnLoop(SimulatedTimeLoop):
    """A loop that does what is planned for one of its turns."""

    def __init__(self) -> None:
        super().__init__(patience=0)
        self.complaints: list[Any] = []
        """What the loop would have logged."""
        self.set_exception_handler(lambda _, context: self.complaints.append(context))
        self.plans: list[tuple[Where, Callable[[], object]]] = []
        self.turn = -1  # of those since `begin`
        self._counting = False

    def begin(self) -> None:
        """Count turns from here."""
        self._counting = True

    def _process_events(self, event_list: Any) -> None:
        super()._process_events(event_list)  # type: ignore[misc]
        if self._counting:
            self.turn += 1
            for where, action in self.plans:
                if where.turn == self.turn:
                    handle = asyncio.Handle(action, (), self)
                    ready: Any = self._ready  # type: ignore[attr-defined]
                    ready.appendleft(handle) if where.first else ready.append(handle)

    @property
    def is_late(self) -> bool:
        """Whether what is planned was not done any more."""
        return any(where.turn > self.turn for where, _ in self.plans)


def run_in(loop: TurnLoop, main: Coroutine[Any, Any, None]) -> None:
    """Run something on a loop, and check that it leaves nothing behind."""
    try:
        task = loop.create_task(main)
        loop.run_until_complete(task)
        for _ in range(3):
            loop.run_until_complete(asyncio.sleep(0))
        assert not (left := asyncio.all_tasks(loop)), left
        assert not loop.complaints, loop.complaints
    finally:
        for each in asyncio.all_tasks(loop):
            each.cancel()
        loop.close()


def in_every_turn(run: Callable[[Where], bool]) -> int:
    """Run something for every turn, until it says that it ended before; tell how often."""
    count = 0
    for turn in itertools.count():
        late = False
        for first in (True, False):
            count += 1
            try:
                late = run(Where(turn, first)) or late
            except BaseException as error:
                error.add_note(f"{turn=}, {first=}")
                raise
        if late:
            return count
    raise AssertionError


class _Begun(asyncio.Future[Any]):
    """A task that was over when it was made; some loops give it a name."""

    def set_name(self, name: object) -> None:
        """Need none."""


def begun_at_once(name: str) -> Callable[..., Any]:
    """Make a task factory that runs one coroutine function when its task is made.

    As `asyncio.eager_task_factory` does from Python 3.12 on. The coroutine must not wait.
    """

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        if coroutine.__name__ != name:
            return asyncio.Task(coroutine, loop=loop, **options)
        made = _Begun(loop=loop)
        try:
            coroutine.send(None)
        except StopIteration:
            made.set_result(None)
        return made

    return make
