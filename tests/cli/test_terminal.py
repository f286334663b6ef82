"""A terminal as a telephone: its keys, its end, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pystrix.agi import core
from pystrix.cli._placing import Placing
from pystrix.cli._terminal import Interruption, Keyboard
from pystrix.testing import Channel, Key, Setup
from pystrix.testing._remote import LivePilot
from pystrix.testing.place import parse_url
from tests.cli.servers import fastagi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pystrix.agi import FastAGI


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """Give both ends of a terminal that is nobody's."""
    master, slave = os.openpty()
    yield master, slave
    os.close(slave)


def keys_of(channel: Channel) -> str:
    """Give the keys that were pressed."""
    return "".join(entry.digit for entry in channel.timeline if isinstance(entry, Key))


def test_keys_that_are_none(pair: tuple[int, int]) -> None:
    """Arrow keys and letters are no keys of a telephone."""
    master, slave = pair
    channel = Channel(Setup())
    with Keyboard(slave) as keyboard:
        os.write(master, b"1\x1b[A2\x1bOB3\x1bx\xc3\xa4z b\x1b")
        assert keyboard.press(channel)
        assert keys_of(channel) == "123B"
        os.write(master, b"7h8")
        assert keyboard.press(channel)
    assert keys_of(channel) == "123B7"  # nobody presses after hanging up
    assert channel.hung_up
    os.close(master)


def test_terminal_that_cannot_be_read() -> None:
    """It is as gone as one that ends."""
    master, slave = os.openpty()
    keyboard = Keyboard(slave)
    with keyboard:
        os.close(slave)
        os.close(master)
        assert not keyboard.press(Channel(Setup()))


def test_terminal_that_is_gone(pair: tuple[int, int]) -> None:
    """Who closes the terminal hangs up."""
    master, slave = pair
    answered = threading.Event()

    def wait(agi: FastAGI) -> None:
        agi.execute(core.Answer())
        answered.set()
        os.close(master)
        agi.execute(core.WaitForDigit(-1))

    with fastagi(wait) as url, Keyboard(slave) as keyboard:
        pilot = LivePilot(Setup(script="x"), "")
        placing = Placing(pilot, parse_url(url)[:2], lambda _: None)
        outcome = placing.run(real_time=True, keyboard=keyboard)
    assert answered.is_set()
    assert outcome.record.hung_up_by == "caller"
    assert outcome.exit_status == 0


def test_second_interruption() -> None:
    """The first Ctrl-C can be read, the next ends the program."""
    with Interruption() as interruption:
        assert not interruption.came
        signal.raise_signal(signal.SIGINT)
        assert interruption.came
        interruption.clear()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
