"""The queue between the threads that read and the one that prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pystrix.ami import Event, Gap, Manager, ManagerAuthError, ManagerError, Response
from pystrix.cli.ami._feed import EventFeed, Feed, News, OverError, reason_of_end
from tests.agi.peers import Background

if TYPE_CHECKING:
    from pystrix.testing.ami import AMIServer


def numbered(*numbers: int) -> list[Event]:
    """Make events."""
    return [Event({"Event": "X", "N": number}) for number in numbers]


def test_what_is_wanted() -> None:
    """Events that are wanted, in order; gaps always; responses never."""
    feed = EventFeed(lambda event: event["N"] != "1", 10)
    gap = Gap({"Reason": "x"})
    one, two, three = numbered(1, 2, 3)
    feed.heard([Response(["Response: Success"]), one])
    feed.heard([two, gap, three])
    feed.lost("no news")
    assert feed.take() == News([two, gap, three], 0)
    assert feed.take(0) == News([], 0)


def test_overflow() -> None:
    """What finds no room is counted; a gap is not lost."""
    feed = EventFeed(lambda _: True, 2)
    one, two, three, four = numbered(1, 2, 3, 4)
    gap = Gap({"Reason": "x"})
    feed.heard([one, two, three, gap, four])
    assert feed.take() == News([one, two, gap], 2)
    feed.heard([three])
    assert feed.take() == News([three], 0)


def test_who_waits_is_told() -> None:
    """Of what comes, and of the end behind it."""
    feed: Feed[int] = Feed(2)
    waiting = Background(feed.take)
    feed.put(1)
    assert waiting.result() == News([1], 0)
    waiting = Background(feed.take)
    feed.over("why")
    with pytest.raises(OverError):
        waiting.result()


def test_end() -> None:
    """What came before the end is given before it."""
    feed: Feed[int] = Feed(1)
    feed.put(1, 2)
    feed.over()
    assert feed.take() == News([1], 1)
    with pytest.raises(OverError):
        feed.take()


def test_reason_of_the_end(server: AMIServer) -> None:
    """Why there is no connection."""
    with Manager(reconnect=True) as manager:
        feed = EventFeed(lambda _: False, 1)
        manager.tap(feed)
        manager.connect(*server.address, username="admin", secret=server.secret)
        assert str(reason_of_end(manager)) == "the manager has ended"  # it has not, though
        server.add_user("admin", "another")
        server.drop()
        with pytest.raises(OverError):
            feed.take()
        assert isinstance(reason_of_end(manager), ManagerAuthError)
    assert isinstance(reason_of_end(manager), ManagerError)
