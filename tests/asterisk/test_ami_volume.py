"""Managers of both kinds and an Asterisk that has much to tell, for long."""

from __future__ import annotations

import os
import queue
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pystrix.ami import Event, Gap, actions, events
from tests.ami.managers import ALL
from tests.asterisk.restarting import RestartingAsterisk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.asterisk.server import Asterisk

CALLS = 30
TIMES = 1_700
"""How often each call goes round, which makes six events: together some 300,000."""
PAUSE = 0.01
"""Between two rounds, in seconds: some 10,000 events a second, if the machine can."""
WARM = TIMES // 10
"""Rounds after which there is all that is needed."""
SECONDS = 100.0
"""How long it may take: a machine that does nothing else needs 30."""
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def asterisk(live_asterisk: Asterisk) -> Iterator[RestartingAsterisk]:
    """Give a server of this file alone."""
    with RestartingAsterisk(live_asterisk._installation) as asterisk:
        yield asterisk


def resident() -> int:
    """Give the memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_half_a_minute(kind: str, asterisk: RestartingAsterisk) -> None:
    """Nothing is lost of 300,000 events, all are in order, and the memory stays as it is."""
    running = ALL[kind](asterisk.ami_port, username="tests", secret=asterisk.ami_secret)
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    rounds: Counter[str] = Counter()
    wrong: list[Event] = []
    memory: dict[int, int] = {}
    total = 0

    def count_all(*_: object) -> None:
        nonlocal total
        total += 1

    def count(event: Event, _: object) -> None:
        name = event["Storm"]
        rounds[name] += 1
        if rounds[name] != int(event["Count"]):
            wrong.append(event)
        if rounds[name] in (WARM, TIMES) and name == "0":
            memory[rounds[name]] = resident()
        if rounds[name] == TIMES:
            done.put(name)

    try:
        running.manager.register_callback("", count_all)
        running.manager.register_callback(events.UserEvent, count)
        running.manager.register_callback(Gap, lambda event, _: wrong.append(event))
        running.connect()
        for number in range(CALLS):
            running.send(
                actions.Originate(
                    "Local/go@storm/n",
                    application="Wait",
                    data="3600",
                    async_=True,
                    variable={"STORM": number, "TIMES": TIMES, "PAUSE": PAUSE},
                )
            )
        for _ in range(CALLS):
            done.get(timeout=SECONDS)
        assert running.send(actions.Ping()).ping == "Pong"
        assert wrong == []
        assert rounds == {str(number): TIMES for number in range(CALLS)}
        assert total >= 6 * CALLS * TIMES
        assert running.manager.events_dropped == 0
        assert memory[TIMES] - memory[WARM] < 32 * MEBIBYTE, "a tenth of the events is more"
    finally:
        running.stop()
