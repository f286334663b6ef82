"""The thread that notices hang-ups of idle sessions."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pystrix.agi import _watcher
from pystrix.agi._watcher import HangupWatcher
from tests.agi.peers import TIMEOUT, Background, eventually, library_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Watchers = Callable[..., HangupWatcher]
    Sessions = Callable[[], Any]


class Idle:
    """What the watcher sees of a session."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.polls: list[threading.Thread] = []
        self.polled = threading.Semaphore(0)
        self.closed = False

    def fileno(self) -> int:
        """Give the descriptor."""
        return self.ours.fileno()

    def notice(self) -> None:
        """Note it, and take what has come."""
        self.polls.append(threading.current_thread())
        self.ours.setblocking(False)
        self.ours.recv(100)
        self.polled.release()

    def hangup(self) -> None:
        """Have something come."""
        self.theirs.send(b"x")

    def close(self) -> None:
        """End it."""
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def watchers() -> Iterator[Watchers]:
    """Give a maker of watchers, which have ended after the test."""
    made: list[HangupWatcher] = []

    def make(**options: float) -> HangupWatcher:
        made.append(HangupWatcher(**options))
        return made[-1]

    make.made = made  # type: ignore[attr-defined]
    yield make
    for watcher in made:
        watcher.close()
        watcher.join()


@pytest.fixture
def idle(watchers: Watchers) -> Iterator[Sessions]:
    """Give a maker of idle sessions, which are forgotten and closed after the test."""
    made: list[Idle] = []

    def make() -> Idle:
        made.append(Idle())
        return made[-1]

    yield make
    for each in made:
        for watcher in watchers.made:  # type: ignore[attr-defined]
            watcher.forget(each.ours.fileno())
        each.close()


def test_no_thread_without_wishes(watchers: Watchers, idle: Sessions) -> None:
    """The thread runs only once there is something to watch."""
    watcher = watchers()
    watcher.forget(3)
    watcher.forget(-1)
    session = idle()
    session.close()
    watcher.watch(session)  # closed: nothing to watch
    watcher.join()
    assert library_threads() == []
    watcher.watch(idle())
    (thread,) = library_threads()
    assert thread.name == "pystrix-hangup-watcher"
    assert thread.daemon


def test_polls_once(watchers: Watchers, idle: Sessions) -> None:
    """A session is polled once for each time it asks to be watched."""
    watcher = watchers()
    one, two = idle(), idle()
    watcher.watch(one)
    watcher.watch(one)
    watcher.watch(two)
    two.hangup()
    assert two.polled.acquire(timeout=TIMEOUT)  # so both wishes about the other were heard
    one.hangup()
    assert one.polled.acquire(timeout=TIMEOUT)
    one.hangup()
    watcher.watch(two)
    two.hangup()
    assert two.polled.acquire(timeout=TIMEOUT)
    assert len(one.polls) == 1
    watcher.watch(one)
    assert one.polled.acquire(timeout=TIMEOUT)
    assert len(one.polls) == 2
    assert len(two.polls) == 2
    assert {thread.name for thread in one.polls} == {"pystrix-hangup-watcher"}


def test_what_came_before(watchers: Watchers, idle: Sessions) -> None:
    """What came before the wish is noticed as well, the end too."""
    watcher = watchers()
    one, two = idle(), idle()
    one.hangup()
    two.theirs.close()
    watcher.watch(one)
    watcher.watch(two)
    assert one.polled.acquire(timeout=TIMEOUT)
    assert two.polled.acquire(timeout=TIMEOUT)


def test_forget(watchers: Watchers, idle: Sessions) -> None:
    """What is forgotten is not polled."""
    watcher = watchers()
    forgotten, other = idle(), idle()
    watcher.watch(forgotten)
    watcher.watch(other)
    watcher.forget(forgotten.fileno())
    watcher.forget(forgotten.fileno())
    eventually(lambda: not watcher._wishes)
    forgotten.hangup()
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)
    watcher.close()
    watcher.join()
    assert forgotten.polls == []


def test_close_ends_the_thread(watchers: Watchers, idle: Sessions) -> None:
    """After close the thread ends as soon as nothing is watched."""
    watcher = watchers()
    session = idle()
    watcher.watch(session)
    (thread,) = library_threads()
    watcher.close()
    watcher.close()
    joining = Background(watcher.join)
    session.hangup()
    joining.result()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert len(session.polls) == 1


def test_watch_after_close(watchers: Watchers, idle: Sessions) -> None:
    """A call that outlives its server is watched all the same."""
    watcher = watchers()
    watcher.close()
    session = idle()
    watcher.watch(session)
    session.hangup()
    assert session.polled.acquire(timeout=TIMEOUT)
    watcher.join()
    assert len(session.polls) == 1


def test_join_in_the_thread(watchers: Watchers, idle: Sessions) -> None:
    """A callback may close the server: the thread does not wait for itself."""
    watcher = watchers()
    session = idle()
    done = threading.Event()

    def notice() -> None:
        watcher.close()
        watcher.join()
        done.set()

    session.notice = notice
    watcher.watch(session)
    session.hangup()
    assert done.wait(TIMEOUT)


def test_idle_thread_ends(watchers: Watchers, idle: Sessions) -> None:
    """A thread with nothing to watch ends after a time; the next wish starts another."""
    watcher = watchers(idle_seconds=0.01)
    threads = []
    for _ in range(3):
        session = idle()
        watcher.watch(session)
        session.hangup()
        assert session.polled.acquire(timeout=TIMEOUT)
        (thread,) = session.polls
        thread.join(TIMEOUT)
        assert not thread.is_alive()
        threads.append(thread)
    assert len(set(threads)) == 3


def test_watched_sessions_keep_the_thread(watchers: Watchers, idle: Sessions) -> None:
    """While a session is watched the thread stays, though others come and go."""
    watcher = watchers(idle_seconds=0)
    long = idle()
    watcher.watch(long)
    (thread,) = library_threads()
    for _ in range(50):
        short = idle()
        watcher.watch(short)
        watcher.forget(short.fileno())
        short.close()
    long.hangup()
    assert long.polled.acquire(timeout=TIMEOUT)
    assert long.polls == [thread]


def test_no_wish_is_lost(watchers: Watchers, idle: Sessions) -> None:
    """A wish that comes at the very moment when the thread ends is fulfilled."""
    watcher = watchers(idle_seconds=0)
    for _ in range(300):
        session = idle()
        session.hangup()
        watcher.watch(session)
        assert session.polled.acquire(timeout=TIMEOUT)
        session.close()


def test_wish_in_the_last_moment(watchers: Watchers, idle: Sessions) -> None:
    """The thread goes on if a wish comes when it has found nothing to watch."""
    watcher = watchers(idle_seconds=0)
    first, second = idle(), idle()
    second.hangup()
    end = watcher._end

    def end_later() -> bool:
        watcher.watch(second)
        watcher._end = end  # type: ignore[method-assign]
        return end()

    watcher._end = end_later  # type: ignore[method-assign]
    first.hangup()
    watcher.watch(first)
    assert second.polled.acquire(timeout=TIMEOUT)
    assert first.polls == second.polls


def test_descriptor_is_used_again(watchers: Watchers, idle: Sessions) -> None:
    """A new session with the descriptor of an old one is the one that is polled."""
    watcher = watchers()
    other = idle()
    watcher.watch(other)
    old, new = idle(), idle()
    watcher.watch(old)
    eventually(lambda: not watcher._wishes)
    number = old.fileno()
    watcher.forget(number)
    os.dup2(new.fileno(), number)
    old.fileno = lambda: -1
    new.fileno = lambda: number
    watcher.watch(new)
    new.hangup()
    assert new.polled.acquire(timeout=TIMEOUT)
    assert old.polls == []
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)


def test_descriptor_of_a_closed_session(watchers: Watchers, idle: Sessions) -> None:
    """A session that is closed before its wish is read is let alone."""
    watcher = watchers()
    closed, in_between, other = idle(), idle(), idle()
    watcher.watch(other)
    eventually(lambda: not watcher._wishes)
    asked = iter([closed.fileno()])
    closed.fileno = lambda: next(asked, -1)  # closed after it asked
    number = os.dup(in_between.fileno())
    os.close(number)
    in_between.fileno = lambda: number  # closed, but does not know it yet
    watcher.watch(closed)
    watcher.watch(in_between)
    eventually(lambda: not watcher._wishes)
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)
    watcher.close()
    watcher.join()
    assert closed.polls == in_between.polls == []


def test_default_time() -> None:
    """The thread of a quiet server ends after some seconds."""
    watcher = HangupWatcher()
    watcher.close()
    assert watcher._idle_seconds == _watcher.IDLE_SECONDS


def test_session_that_is_being_closed(watchers: Watchers, idle: Sessions) -> None:
    """A session that says it is closed is not watched, though its descriptor is still there."""
    watcher = watchers()
    session = idle()
    session.closed = True
    session.hangup()
    watcher.watch(session)
    assert library_threads() == []


def test_no_thread_to_be_had(
    watchers: Watchers,
    idle: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a thread it is logged, and the next wish tries again."""
    watcher = watchers()
    session = idle()
    session.hangup()

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        watcher.watch(session)
    assert "can't start new thread" in caplog.text
    watcher.watch(session)
    assert session.polled.acquire(timeout=TIMEOUT)


def test_no_thread_for_the_callbacks(
    watchers: Watchers, idle: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that gets no thread for its callbacks does not end the watcher."""
    watcher = watchers()
    session, other = idle(), idle()

    def notice() -> None:
        raise RuntimeError("can't start new thread")

    session.notice = notice
    watcher.watch(session)
    session.hangup()
    eventually(lambda: caplog.text)
    watcher.watch(other)
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)


# Signals.


class Told(Idle):
    """A session whose hang-up is told by a signal: nothing comes on its descriptor."""

    def notice(self) -> None:
        """Note it."""
        self.polls.append(threading.current_thread())
        self.polled.release()


def test_nudge(watchers: Watchers, idle: Sessions) -> None:
    """Every session that is watched is polled, once."""
    watcher = watchers()
    sessions = [Told(), Told()]
    for session in sessions:
        watcher.watch(session)  # type: ignore[arg-type]
    watcher.watch(other := idle())
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)  # the thread waits for what is watched
    watcher.nudge()
    for session in sessions:
        assert session.polled.acquire(timeout=TIMEOUT)
    watcher.nudge()
    watcher.watch(other)
    other.hangup()
    assert other.polled.acquire(timeout=TIMEOUT)
    assert [len(session.polls) for session in sessions] == [1, 1]
    for session in sessions:
        session.close()


def test_nudge_before_the_wish(watchers: Watchers) -> None:
    """A nudge that comes while nothing is watched is not lost, and never waits."""
    watcher = watchers()
    session = Told()
    watcher.nudge()
    watcher.nudge()
    assert library_threads() == []
    watcher.watch(session)  # type: ignore[arg-type]
    assert session.polled.acquire(timeout=TIMEOUT)
    session.close()


def test_nudge_again_and_again(watchers: Watchers) -> None:
    """However often it comes while nothing is watched, it never waits: a handler cannot."""
    watcher = watchers()
    for _ in range(2000):
        watcher.nudge()
    session = Told()
    watcher.watch(session)  # type: ignore[arg-type]
    assert session.polled.acquire(timeout=TIMEOUT)
    session.close()


def test_nudge_before_the_wish_is_fulfilled(watchers: Watchers) -> None:
    """A nudge between the wish and its fulfilment is not lost."""
    watcher = watchers()
    session, busy = Told(), Told()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        assert leave.wait(TIMEOUT)

    busy.notice = hold  # type: ignore[method-assign]
    watcher.watch(busy)  # type: ignore[arg-type]
    busy.hangup()
    assert entered.wait(TIMEOUT)
    watcher.watch(session)  # type: ignore[arg-type]
    watcher.nudge()
    leave.set()
    assert session.polled.acquire(timeout=TIMEOUT)
    for each in (session, busy):
        each.close()


def test_nudge_of_a_session_that_is_read(watchers: Watchers) -> None:
    """One that has bytes at the same time is polled once for both."""
    watcher = watchers()
    session = Told()
    session.hangup()
    watcher.nudge()
    watcher.watch(session)  # type: ignore[arg-type]
    assert session.polled.acquire(timeout=TIMEOUT)
    watcher.close()
    watcher.join()
    assert len(session.polls) == 1
    session.close()


def test_nudge_after_close(watchers: Watchers) -> None:
    """It does nothing."""
    watcher = watchers()
    watcher.close()
    watcher.nudge()
    watcher.nudge()
    assert library_threads() == []
